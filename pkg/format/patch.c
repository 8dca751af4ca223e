/*
 * Parsing. Outside of hunks a line is passed over as prose unless it begins an entry ("diff --git", or "---"
 * with "+++" behind it) or belongs to something that would be lost by passing it over (the table strays). An
 * entry is read whole, its names and hunks first; settle then decides what it means and whether its parts
 * agree.
 */
#include "format/patch_impl.h"

#include <string.h>

/* A name on a line that begins with "---" or "+++". */
struct said {
	bool said, null, epoch;
	struct str path; /* stripped; p NULL for /dev/null */
};

/* An entry while it is read. */
struct section {
	struct patch_file file;
	bool git;
	struct str pair; /* behind "diff --git" */
	unsigned seen;	 /* a bit for each line of the table extended */
	struct said old, new;
	struct str moved_from, moved_to;
};

enum git_line { OLD_MODE, NEW_MODE, CREATED, DELETED, RENAME_FROM, RENAME_TO, COPY_FROM, COPY_TO };

static bool has(const struct section *s, enum git_line line)
{
	return s->seen & 1u << line;
}

/* --- lines ------------------------------------------------------------------------------------ */

struct str patch_line_at(const struct patch_reader *r, int ahead)
{
	struct str rest = r->rest, line = {"", 0};

	for (int i = 0; i <= ahead; i++)
		if (!str_line(&rest, &line))
			return STR("");
	if (str_endsc(line, "\r"))
		line.n--;
	return line;
}

bool patch_at(const struct patch_reader *r, const char *prefix)
{
	return str_startsc(patch_line_at(r, 0), prefix);
}

void patch_skip(struct patch_reader *r)
{
	r->rest = str_skip(r->rest, str_find(r->rest, '\n') + 1);
	r->line++;
}

bool patch_at_names(const struct patch_reader *r)
{
	return patch_at(r, "--- ") && str_startsc(patch_line_at(r, 1), "+++ ");
}

bool patch_fail(struct patch_reader *r, int line, const char *msg, const char *fix)
{
	err_at(r->e, ERR_INPUT, r->name, line, 0, "%s", msg);
	return err_fix(r->e, "%s", fix);
}

bool patch_take(struct str *s, const char *text)
{
	if (!str_startsc(*s, text))
		return false;
	*s = str_skip(*s, strlen(text));
	return true;
}

/* --- what is no prose ------------------------------------------------------------------------- */

static const struct {
	const char *begin, *end, *msg, *fix;
} strays[] = {
    {"@@ -", "", "this hunk belongs to no file",
     "put the lines '--- a/NAME' and '+++ b/NAME' before it"},
    {"@@@ -", "", "this is a hunk of a merge", "make the patch with `git diff FROM TO`"},
    {"diff --cc ", "", "this is the diff of a merge", "make the patch with `git diff FROM TO`"},
    {"diff --combined ", "", "this is the diff of a merge",
     "make the patch with `git diff FROM TO`"},
    {"GIT binary patch", "", "this is a binary patch", "leave binary files out of the patch"},
    {"Binary files ", " differ", "a binary file differs, which a patch cannot say",
     "leave binary files out of the patch"},
    {"Cannot display: file marked as a binary type.", "",
     "a binary file differs, which a patch cannot say", "leave binary files out of the patch"},
};

static bool refuse_stray(struct patch_reader *r)
{
	struct str line = patch_line_at(r, 0);

	for (size_t i = 0; i < sizeof strays / sizeof *strays; i++)
		if (str_startsc(line, strays[i].begin) && str_endsc(line, strays[i].end))
			return patch_fail(r, r->line, strays[i].msg, strays[i].fix);
	if (str_startsc(line, "*** ") && str_startsc(patch_line_at(r, 1), "--- ") &&
	    str_startsc(patch_line_at(r, 2), "***************"))
		return patch_fail(r, r->line, "this is a context diff",
				  "make a unified one with `diff -u`");
	return true;
}

/* --- names ------------------------------------------------------------------------------------ */

static bool bad_name(struct patch_reader *r, int line, struct str name, const char *why)
{
	err_at(r->e, ERR_INPUT, r->name, line, 0, "the name %s %s", patch_shown(r->a, name), why);
	return err_fix(r->e,
		       "names are those of files below the tree's root with %u part%s before them, "
		       "as strip says: %sDIR/NAME",
		       r->strip, r->strip == 1 ? "" : "s", r->strip ? "a/" : "");
}

static bool strip_name(struct patch_reader *r, int line, struct str raw, unsigned strip,
		       struct str *out)
{
	const char *why = patch_name_strip(raw, strip, out);

	return !why || bad_name(r, line, raw, why);
}

/* Takes a name in quotes, if one comes. */
static bool unquote(struct patch_reader *r, struct str *rest, struct str *name)
{
	return patch_name_unquote(r->a, rest, name) ||
	       patch_fail(r, r->line, "a name in quotes has no end, or an unknown escape",
			  "write it as git does: \\\", \\\\, \\t, \\n or three octal digits");
}

/*
 * The name ends at a tab. Without one it is the whole line of an entry of git's; elsewhere it ends at the
 * first blank, as for patch(1), since old tools put the time behind blanks.
 */
static bool read_said(struct patch_reader *r, bool git, struct said *out)
{
	struct str rest = str_skip(patch_line_at(r, 0), 4), name;
	size_t n = str_find(rest, '\t');

	if (rest.n && rest.p[0] == '"') {
		if (!unquote(r, &rest, &name))
			return false;
	} else {
		if (n == rest.n && !git)
			n = str_find(rest, ' ');
		name = str_from(rest.p, n);
		rest = str_skip(rest, n);
	}
	*out = (struct said){.said = true,
			     .null = str_eqc(name, "/dev/null"),
			     .epoch = patch_stamp_is_epoch(str_trim(rest))};
	if (!out->null && !strip_name(r, r->line, name, r->strip, &out->path))
		return false;
	patch_skip(r);
	return true;
}

static bool read_names(struct patch_reader *r, struct section *s)
{
	if (!read_said(r, s->git, &s->old) || !read_said(r, s->git, &s->new))
		return false;
	if (patch_at(r, "@@ -"))
		return true;
	return refuse_stray(r) &&
	       patch_fail(r, r->line, "no hunk follows the names of files",
			  "the patch is cut off or damaged: fetch or make it again");
}

/* --- git's lines ------------------------------------------------------------------------------ */

static bool read_mode(struct patch_reader *r, struct str value, bool *exec)
{
	*exec = str_eqc(value, "100755");
	if (*exec || str_eqc(value, "100644"))
		return true;
	err_at(r->e, ERR_INPUT, r->name, r->line, 0, "the mode %s is no regular file's",
	       patch_shown(r->a, value));
	return err_fix(r->e,
		       "leave links and submodules out of the patch: modes are 100644 and 100755");
}

static bool read_old_mode(struct patch_reader *r, struct section *s, struct str value)
{
	bool exec;

	(void)s;
	return read_mode(r, value, &exec);
}

static bool read_new_mode(struct patch_reader *r, struct section *s, struct str value)
{
	s->file.mode_set = true;
	return read_mode(r, value, &s->file.exec);
}

/* Renames and copies are said without the first part, "a/" or "b/". */
static bool read_moved(struct patch_reader *r, struct str value, struct str *out)
{
	struct str name = value;

	if (value.n && value.p[0] == '"' && !unquote(r, &value, &name))
		return false;
	return strip_name(r, r->line, name, r->strip ? r->strip - 1 : 0, out);
}

static bool read_moved_from(struct patch_reader *r, struct section *s, struct str value)
{
	return read_moved(r, value, &s->moved_from);
}

static bool read_moved_to(struct patch_reader *r, struct section *s, struct str value)
{
	return read_moved(r, value, &s->moved_to);
}

static bool read_nothing(struct patch_reader *r, struct section *s, struct str value)
{
	(void)r;
	(void)s;
	(void)value;
	return true;
}

/* "index 1234..5678 100644": the mode that does not change is there to be checked only. */
static bool read_index(struct patch_reader *r, struct section *s, struct str value)
{
	size_t n = str_find(value, ' ');

	return n == value.n || read_old_mode(r, s, str_skip(value, n + 1));
}

/* The first of them are in the order of enum git_line. */
static const struct {
	const char *prefix;
	bool (*read)(struct patch_reader *r, struct section *s, struct str value);
} extended[] = {
    {"old mode ", read_old_mode},
    {"new mode ", read_new_mode},
    {"new file mode ", read_new_mode},
    {"deleted file mode ", read_old_mode},
    {"rename from ", read_moved_from},
    {"rename to ", read_moved_to},
    {"copy from ", read_moved_from},
    {"copy to ", read_moved_to},
    {"similarity index ", read_nothing},
    {"dissimilarity index ", read_nothing},
    {"index ", read_index},
};

/* The row of the table that the present line belongs to, or their number. */
static size_t extended_row(const struct patch_reader *r)
{
	size_t i = 0;

	while (i < sizeof extended / sizeof *extended && !patch_at(r, extended[i].prefix))
		i++;
	return i;
}

static bool read_extended(struct patch_reader *r, struct section *s)
{
	s->git = true;
	s->pair = str_skip(patch_line_at(r, 0), strlen("diff --git "));
	patch_skip(r);
	for (;;) {
		size_t row = extended_row(r);

		if (row == sizeof extended / sizeof *extended)
			return true;
		if (s->seen & 1u << row)
			return patch_fail(r, r->line, "this is said twice of one file",
					  "the patch is damaged: fetch or make it again");
		s->seen |= 1u << row;
		if (!extended[row].read(
			r, s, str_skip(patch_line_at(r, 0), strlen(extended[row].prefix))))
			return false;
		patch_skip(r);
	}
}

/* --- what an entry means ---------------------------------------------------------------------- */

static bool disagree(struct patch_reader *r, const struct section *s, const char *what)
{
	err_at(r->e, ERR_INPUT, r->name, s->file.line, 0, "%s", what);
	return err_fix(r->e, "the patch was damaged or edited by hand: fetch or make it again");
}

/*
 * The two names behind "diff --git", when they are equally long, as they are for a file that keeps its name.
 * git says all other names on lines of their own.
 */
static bool split_pair(struct patch_reader *r, const struct section *s, struct str *from,
		       struct str *to)
{
	struct str rest = s->pair;
	size_t half = rest.n / 2;

	if (rest.n && rest.p[0] == '"')
		return patch_name_unquote(r->a, &rest, from) && patch_take(&rest, " ") && rest.n &&
		       rest.p[0] == '"' && patch_name_unquote(r->a, &rest, to) && !rest.n;
	*from = str_from(rest.p, half);
	*to = str_skip(rest, half + 1);
	return rest.n % 2 == 1 && rest.p[half] == ' ';
}

/* The name of an entry that only "diff --git" names. */
static bool name_of_pair(struct patch_reader *r, const struct section *s, struct str *out)
{
	struct str from, to, other;

	if (!split_pair(r, s, &from, &to))
		return disagree(r, s, "it is not clear which file this line names");
	return strip_name(r, s->file.line, from, r->strip, out) &&
	       strip_name(r, s->file.line, to, r->strip, &other) &&
	       (str_eq(*out, other) ||
		disagree(r, s, "it is not clear which file this line names"));
}

/* Whether "diff --git" surely names another file. */
static bool pair_differs(struct patch_reader *r, const struct section *s, struct str name)
{
	struct str from, to, a, b;

	return split_pair(r, s, &from, &to) && !patch_name_strip(from, r->strip, &a) &&
	       !patch_name_strip(to, r->strip, &b) && str_eq(a, b) && !str_eq(a, name);
}

/* x for x.orig (x~, x-old) and x, in either order. */
static bool shorter(struct str a, struct str b, struct str *out)
{
	struct str tail;

	*out = a.n < b.n ? a : b;
	tail = str_skip(a.n < b.n ? b : a, out->n);
	return str_starts(a, *out) && str_starts(b, *out) &&
	       (!tail.n || memchr(".~-_", tail.p[0], 4)) && str_find(tail, '/') == tail.n;
}

static bool settle_moved(struct patch_reader *r, struct section *s)
{
	bool rename = has(s, RENAME_FROM) && has(s, RENAME_TO);
	bool copy = has(s, COPY_FROM) && has(s, COPY_TO);

	if (rename == copy || has(s, RENAME_FROM) != has(s, RENAME_TO) ||
	    has(s, COPY_FROM) != has(s, COPY_TO) || has(s, CREATED) || has(s, DELETED))
		return disagree(r, s, "what this entry says of a rename or copy does not agree");
	if (s->old.said &&
	    (!str_eq(s->old.path, s->moved_from) || !str_eq(s->new.path, s->moved_to)))
		return disagree(r, s, "'---' and '+++' name other files than the rename or copy");
	s->file.kind = rename ? PATCH_RENAME : PATCH_COPY;
	s->file.from = s->moved_from;
	s->file.to = s->moved_to;
	return true;
}

/* The one file that an entry names that is neither a rename nor a copy. */
static bool settle_name(struct patch_reader *r, struct section *s, struct str *name)
{
	if (!s->old.said)
		return name_of_pair(r, s, name);
	if (s->old.null && s->new.null)
		return disagree(r, s, "neither name is one of a file");
	if (s->old.null || s->new.null)
		*name = s->old.null ? s->new.path : s->old.path;
	else if (s->git ? !str_eq(s->old.path, s->new.path)
			: !shorter(s->old.path, s->new.path, name))
		return disagree(r, s, "'---' and '+++' name different files");
	else if (s->git)
		*name = s->new.path;
	if (s->git && pair_differs(r, s, *name))
		return disagree(r, s, "'diff --git' names another file than '---' and '+++'");
	return true;
}

static bool is_created(const struct section *s)
{
	const struct patch_hunk *h = s->file.hunks.v;

	if (s->git || s->old.null)
		return has(s, CREATED) || s->old.null;
	return s->old.epoch && !h->old_start && !h->old_lines;
}

static bool is_deleted(const struct section *s)
{
	const struct patch_hunk *h = s->file.hunks.v;

	if (s->git || s->new.null)
		return has(s, DELETED) || s->new.null;
	return s->new.epoch && !h->new_start && !h->new_lines;
}

/* A file that is not there has no lines on that side; without a hunk it is an empty one. */
static bool settle_kind(struct patch_reader *r, struct section *s)
{
	struct patch_file *f = &s->file;
	const struct patch_hunk *h = f->hunks.v;
	bool created = is_created(s), deleted = is_deleted(s);

	if (created && deleted)
		return disagree(r, s, "the file is both created and deleted");
	if ((created && s->old.said && s->git && !s->old.null) ||
	    (deleted && s->new.said && s->git && !s->new.null))
		return disagree(r, s, "git's lines and '---' or '+++' do not agree");
	if (created && f->hunks.n && (f->hunks.n > 1 || h->old_start || h->old_lines))
		return disagree(r, s, "the file is created, but has old lines or several hunks");
	if (deleted && f->hunks.n && (f->hunks.n > 1 || h->new_start || h->new_lines))
		return disagree(r, s, "the file is deleted, but has new lines or several hunks");
	f->kind = created ? PATCH_CREATE : deleted ? PATCH_DELETE : PATCH_CHANGE;
	if (created)
		f->from = (struct str){0};
	if (deleted)
		f->to = (struct str){0};
	f->may_create =
	    f->kind == PATCH_CHANGE && f->hunks.n == 1 && !h->old_start && !h->old_lines;
	return true;
}

static bool settle(struct patch_reader *r, struct section *s)
{
	enum { MOVED = 1u << RENAME_FROM | 1u << RENAME_TO | 1u << COPY_FROM | 1u << COPY_TO };
	struct patch_file *f = &s->file;

	if (s->seen & MOVED)
		return settle_moved(r, s);
	if (!settle_name(r, s, &f->to))
		return false;
	f->from = f->to;
	if (!settle_kind(r, s))
		return false;
	if (f->kind == PATCH_CHANGE && !f->hunks.n && !f->mode_set)
		return patch_fail(r, f->line, "the entry changes nothing",
				  "the patch is cut off or damaged: fetch or make it again");
	return true;
}

static bool read_section(struct patch_reader *r)
{
	struct section s = {.file.line = r->line};

	if (r->out->files.n == PATCH_MAX_FILES)
		return patch_fail(r, r->line, "the patch has more than 10000 entries",
				  "split it into several");
	if (patch_at(r, "diff --git ") && !read_extended(r, &s))
		return false;
	if (patch_at_names(r) ? !read_names(r, &s) || !patch_read_hunks(r, &s.file)
			      : !refuse_stray(r))
		return false;
	if (!settle(r, &s))
		return false;
	*vec_push(r->a, &r->out->files) = s.file;
	return true;
}

static bool read_all(struct patch_reader *r)
{
	while (r->rest.n) {
		if (patch_at(r, "diff --git ") || patch_at_names(r)) {
			if (!read_section(r))
				return false;
		} else if (!refuse_stray(r)) {
			return false;
		} else {
			patch_skip(r);
		}
	}
	return true;
}

bool patch_parse(struct arena *a, const char *shown_name, struct str text, unsigned strip,
		 struct patch *out, struct err *e)
{
	struct patch_reader r = {.a = a,
				 .name = arena_strdup(a, shown_name, strlen(shown_name)),
				 .rest = text,
				 .line = 1,
				 .strip = strip,
				 .out = out,
				 .e = e};

	*out = (struct patch){.shown_name = r.name};
	if (text.n > PATCH_MAX_BYTES) {
		err_at(e, ERR_INPUT, r.name, 0, 0, "the patch is larger than 16 MiB");
		return err_fix(e, "split it, and leave out what generated files it changes");
	}
	if (!read_all(&r))
		return false;
	if (!out->files.n) {
		err_at(e, ERR_INPUT, r.name, 0, 0, "there is no patch in it");
		return err_fix(e, "make one with `diff -u` or `git diff`");
	}
	return true;
}
