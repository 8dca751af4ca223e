/*
 * cbuild.sum: one line a module version, "PATH VERSION h1:BASE64", sorted by path and version. Read
 * strictly: a damaged line could hide a missing one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "mod/mod_impl.h"

enum { SUM_FILE_BYTES_MAX = 16 << 20, HASH_CHARS = 47 };
/* Of a line, as a rule: for room. */
enum { LINE_CHARS = 80 };

struct sum_line {
	struct mod_version v;
	struct str sum;
};

static bool sum_valid(struct str s)
{
	if (s.n != HASH_CHARS || !str_startsc(s, "h1:") || s.p[HASH_CHARS - 1] != '=')
		return false;
	for (size_t i = strlen("h1:"); i + 1 < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
		      (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '+' || s.p[i] == '/'))
			return false;
	return true;
}

static struct str key_of(struct arena *a, const struct mod_version *v)
{
	return str_pair(a, v->path, ' ', v->version);
}

/* *key: the line's "PATH VERSION". All are views of the line. */
static bool parse_line(struct str line, struct sum_line *out, struct str *key)
{
	struct str rest = line;

	out->v.path = str_cut(&rest, ' ');
	out->v.version = rest.p ? str_cut(&rest, ' ') : STR("");
	out->sum = rest.p ? rest : STR("");
	*key = (struct str){line.p, out->v.path.n + 1 + out->v.version.n};
	return path_is_local(out->v.path) && semver_valid(out->v.version) && sum_valid(out->sum);
}

static bool bad_line(struct str file, int line, const char *why, struct err *e)
{
	err_at(e, ERR_INPUT, file.p, line, 1, "%s", why);
	return err_fix(
	    e, "mend the line (after a merge: keep both sides' lines), or remove the file and run "
	       "`cbuild mod tidy`, then compare what changed");
}

bool sum_parse(struct arena *a, struct str file, struct str bytes, struct sum_file *out,
	       struct err *e)
{
	struct str rest = bytes, line;

	map_reserve(a, &out->lines, out->lines.n + bytes.n / LINE_CHARS);
	for (int n = 1; str_line(&rest, &line); n++) {
		struct sum_line *s = arena_new(a, struct sum_line);
		struct map_item *it;
		struct str key;
		bool added;

		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (line.n == 0)
			continue;
		if (!parse_line(line, s, &key))
			return bad_line(file, n, "not a line of 'MODULE VERSION h1:HASH'", e);
		it = map_put(a, &out->lines, key, &added);
		if (!added && !str_eq(((struct sum_line *)it->ptr)->sum, s->sum))
			return bad_line(file, n,
					"a second, different sum for the same module version", e);
		it->ptr = s;
	}
	return true;
}

bool sum_read(struct arena *a, const struct mod_opts *o, struct sum_file *out, struct err *e)
{
	struct str path = path_join(a, o->project_dir, STR("cbuild.sum")), bytes;

	*out = (struct sum_file){0};
	for (size_t i = 0; i < o->sum_dirs.n; i++) {
		struct str other = path_join(a, o->sum_dirs.v[i], STR("cbuild.sum"));

		if (file_kind(other.p) != FILE_ABSENT &&
		    (!file_read(a, other.p, SUM_FILE_BYTES_MAX, &bytes, e) ||
		     !sum_parse(a, other, bytes, out, e)))
			return false;
	}
	if (file_kind(path.p) == FILE_ABSENT)
		return true;
	if (!file_read(a, path.p, SUM_FILE_BYTES_MAX, &out->before, e))
		return false;
	return sum_parse(a, STR("cbuild.sum"), out->before, out, e);
}

struct str sum_get(const struct sum_file *f, const struct mod_version *v)
{
	char key[1024];
	size_t n = v->path.n + 1 + v->version.n;
	const struct sum_line *s;

	if (n > sizeof key)
		return STR("");
	memcpy(key, v->path.p, v->path.n);
	key[v->path.n] = ' ';
	memcpy(key + v->path.n + 1, v->version.p, v->version.n);
	s = map_ptr(&f->lines, (struct str){key, n});
	return s ? s->sum : STR("");
}

void sum_put(struct arena *a, struct sum_file *f, const struct mod_version *v, struct str sum)
{
	struct sum_line *s = arena_new(a, struct sum_line);

	*s = (struct sum_line){*v, sum};
	map_put(a, &f->lines, key_of(a, v), NULL)->ptr = s;
	f->changed = true;
}

static int cmp_line(const void *x, const void *y)
{
	const struct sum_line *a = x, *b = y;
	int c = str_cmp(a->v.path, b->v.path);

	c = c ? c : semver_cmp(a->v.version, b->v.version);
	return c ? c : str_cmp(a->v.version, b->v.version); /* build metadata */
}

static bool versions_have(const struct mod_versions *keep, const struct mod_version *v)
{
	for (size_t i = 0; i < keep->n; i++)
		if (str_eq(keep->v[i].path, v->path) && str_eq(keep->v[i].version, v->version))
			return true;
	return false;
}

struct str sum_text(struct arena *a, const struct sum_file *f, const struct mod_versions *keep)
{
	struct sum_line *lines = arena_array(a, struct sum_line, f->lines.n);
	struct buf b = {0};
	struct str out;
	size_t n = 0;

	for (size_t i = 0; i < f->lines.n; i++) {
		const struct sum_line *s = f->lines.items[i].ptr;

		if (!keep || versions_have(keep, &s->v))
			lines[n++] = *s;
	}
	if (n)
		qsort(lines, n, sizeof *lines, cmp_line);
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%.*s %.*s %.*s\n", STR_ARG(lines[i].v.path),
			   STR_ARG(lines[i].v.version), STR_ARG(lines[i].sum));
	out = str_dup(a, buf_str(&b));
	buf_fini(&b);
	return out;
}
