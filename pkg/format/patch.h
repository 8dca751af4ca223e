/*
 * patch: unified diffs, parsed and applied in memory, strictly.
 *
 *     struct patch p;
 *     if (!patch_parse(&arena, "patches/fix.patch", text, 1, &p, &e)) ...
 *     for (size_t i = 0; i < p.files.n; i++) {
 *             const struct patch_file *f = &p.files.v[i];
 *
 *             before = content of f->from (nothing for PATCH_CREATE)
 *             if (!patch_apply(&arena, &p, f, before, &after, &moved, &e)) ...
 *             write after to f->to; remove f->from for PATCH_RENAME and PATCH_DELETE
 *     }
 *
 * The entries are in the patch's order and later ones build on earlier ones: a file may come twice, also under
 * the name that an earlier entry gave it. Whether what PATCH_CREATE makes exists already, and whether a
 * name leads through a link, is for the caller to see: nothing here touches the file system.
 *
 * It reads what GNU diff -u (POSIX.1-2008, diff -u), git diff (gitformat-diff, "Generating patch text with -p")
 * and quilt write:
 *
 *     Description: prose before, between and behind is passed over; "Index:" lines are prose
 *     --- a/src/x.c   1970-01-01 00:00:00.000000000 +0000       behind a tab: a time, or nothing
 *     +++ b/src/x.c
 *     @@ -1,2 +1,2 @@ heading
 *      context
 *     -old
 *     +new
 *     \ No newline at end of file
 *
 * and git's lines `diff --git`, `old mode`, `new mode`, `new file mode`, `deleted file mode`, `rename from`,
 * `rename to`, `copy from`, `copy to`, `similarity index`, `dissimilarity index`, `index`; names in C's
 * quotes too. Where tools differ:
 *
 * - Nothing is fuzzy: every context line must be there, byte for byte. A hunk that is not at its line is looked
 *   for elsewhere, nearest first and forward before back, starting at its line moved as far as the hunk before
 *   it was (as GNU patch does), and never above the end of the hunk before (as git apply does). When it is not at
 *   its line and fits in more than one other place it is refused (both tools take the nearest).
 * - A hunk with less context in front than behind that starts at line 1 must be at the file's beginning, one
 *   with less behind than in front at its end, as for patch -F0; but where it says it is, a single line of
 *   context is enough (`git diff -W`). git apply asks for the end only when there is no context behind, and for
 *   the beginning whenever a hunk starts at line 1. A hunk without old lines goes where its numbers say.
 * - `--- x.orig`, `+++ x`: the shorter name counts, when the other adds what begins with '.', '~', '-' or '_'. Other pairs
 *   of names are refused; patch would choose by what exists.
 * - A file is created or deleted when a name is /dev/null, when git's lines say so, or when a hunk says 0,0 and
 *   the time there is 1970's first second, which is how `diff -N` writes a file that does not exist.
 * - An empty line in a hunk is an empty context line, since mailers and diff --suppress-blank-empty cut the blank.
 * - Bytes of lines in hunks are content, a CR before the newline too. Other lines may end in CRLF, so a patch that
 *   is CRLF throughout applies to files that are.
 * - The new side's line number is not looked at: patches that people edited by hand have it wrong.
 */
#ifndef FORMAT_PATCH_H
#define FORMAT_PATCH_H

#include <stdbool.h>

#include "base/err.h"
#include "base/vec.h"

/* Named limits; what is beyond them is refused (ERR_INPUT). */
enum {
	PATCH_MAX_BYTES = 16 << 20,	 /* of a patch's text */
	PATCH_MAX_FILES = 10000,	 /* entries of a patch */
	PATCH_MAX_HUNKS = 100000,	 /* of a patch */
	PATCH_MAX_LINE = 1 << 28,	 /* a line number or count in a hunk's header */
	PATCH_MAX_FILE_BYTES = 64 << 20, /* of a file that is changed */
};

enum patch_kind { PATCH_CHANGE, PATCH_CREATE, PATCH_DELETE, PATCH_RENAME, PATCH_COPY };

struct patch_hunk {
	int line;		     /* of its "@@" in the patch */
	size_t old_start, old_lines; /* as written: with 0 lines it stands behind line old_start */
	size_t new_start, new_lines;
	size_t leading, trailing; /* context lines before the first and behind the last change */
	bool new_cut;		  /* its new side ends without a newline: so must the file */
	struct str body;	  /* its lines, as they stand in the patch */
};

/* One entry. Names are relative, clean (path_is_local) and below the tree's root. */
struct patch_file {
	enum patch_kind kind;
	struct str from;     /* p NULL for PATCH_CREATE; the same as to for PATCH_CHANGE */
	struct str to;	     /* p NULL for PATCH_DELETE */
	bool may_create;     /* PATCH_CHANGE of a file that is empty or not there */
	bool mode_set, exec; /* the mode that git's lines give it: 100755 (exec) or 100644 */
	int line;	     /* of its first header line in the patch */
	/* May be none, when only the name or mode changes, or the file is empty. */
	struct patch_hunk_vec VEC_BODY(struct patch_hunk) hunks;
};

struct patch {
	const char *shown_name;
	struct patch_file_vec VEC_BODY(struct patch_file) files;
};

/*
 * Parses text, without the first strip parts of each name (1 is usual: the "a" of "a/src/x.c"). *out lives in a
 * and points into text, which must live as long. ERR_INPUT with shown_name and line for everything that is
 * not understood whole: binary and context diffs, truncated hunks, names that lead out of the tree.
 * Time and memory are linear in the text.
 */
bool patch_parse(struct arena *a, const char *shown_name, struct str text, unsigned strip,
		 struct patch *out, struct err *e) ATTR_MUST_USE;

/*
 * What the entry f of p makes of before (which PATCH_CREATE does not look at). *after lives in a. *offset_lines is
 * the distance of the hunk that was found farthest from its line, 0 when all are in place. ERR_INPUT when a hunk
 * does not match, with its place in the patch and the first line that differs, or when a deletion would leave
 * something behind. Memory is linear in both, and so is time: who has hunks searched for longer is refused.
 */
bool patch_apply(struct arena *a, const struct patch *p, const struct patch_file *f,
		 struct str before, struct str *after, long *offset_lines,
		 struct err *e) ATTR_MUST_USE;

#endif
