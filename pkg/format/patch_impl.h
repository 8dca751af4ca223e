/* What patch.c (entries), patch_hunk.c, patch_name.c and patch_apply.c share. */
#ifndef FORMAT_PATCH_IMPL_H
#define FORMAT_PATCH_IMPL_H

#include "format/patch.h"

/* --- reading ---------------------------------------------------------------------------------- */

struct patch_reader {
	struct arena *a;
	const char *name;
	struct str rest; /* from the present line on */
	int line;	 /* its number */
	unsigned strip;
	size_t hunks;
	struct patch *out;
	struct err *e;
};

/* The line that is ahead lines behind the present one, without its newline or CRLF; empty behind the last. */
struct str patch_line_at(const struct patch_reader *r, int ahead);
/* Whether the present line begins with prefix. */
bool patch_at(const struct patch_reader *r, const char *prefix);
/* Whether the present line and the next are the names of an entry. */
bool patch_at_names(const struct patch_reader *r);
/* Makes the next line the present one. */
void patch_skip(struct patch_reader *r);
/* Takes text off the front of *s, if it is there. */
bool patch_take(struct str *s, const char *text);
/* ERR_INPUT at a line of the patch. */
bool patch_fail(struct patch_reader *r, int line, const char *msg, const char *fix);
/* The hunks that begin at the present line, into f. */
bool patch_read_hunks(struct patch_reader *r, struct patch_file *f) ATTR_MUST_USE;

/* --- hunks ------------------------------------------------------------------------------------ */

enum { PATCH_OLD = 1, PATCH_NEW = 2 };

struct patch_line {
	unsigned sides;	 /* PATCH_OLD, PATCH_NEW, or both for context */
	struct str text; /* with its newline, unless it is cut */
	bool cut;	 /* "\ No newline at end of file" follows */
	int lines;	 /* of the patch that it takes */
};

/* The next line of a hunk's body, which moves behind it; false at the end, and when its first byte is none of a hunk's. */
bool patch_line_next(struct str *rest, struct patch_line *out);
/* How many of the file's lines are before the hunk's first, as it says. */
size_t patch_lines_before(const struct patch_hunk *h);

/* --- names and text --------------------------------------------------------------------------- */

/* Text in quotes for a message: cut short, control bytes escaped. Lives in a. */
const char *patch_shown(struct arena *a, struct str text);
/* Takes a name in C's quotes off *rest, which begins with one; false when it does not end or has unknown escapes. */
bool patch_name_unquote(struct arena *a, struct str *rest, struct str *name);
/* Cuts strip parts off name. NULL, or what is wrong with it ("is absolute"). */
const char *patch_name_strip(struct str name, unsigned strip, struct str *out);
/* Whether the time behind a name ("1970-01-01 01:00:00.000000000 +0100") is the epoch. */
bool patch_stamp_is_epoch(struct str stamp);

#endif
