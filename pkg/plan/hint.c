/*
 * Remedies for what compilers and linkers say. The patterns are those of gcc, clang, ld.bfd and ld.lld in
 * the C locale; a pattern that does not match costs nothing but the hint.
 */
#include "plan/plan_impl.h"

#include <string.h>

#include "base/path.h"

/* The part of line between the first `before` and the next `after` (NULL: the end); empty when absent. */
static struct str between(struct str line, const char *before, const char *after)
{
	size_t nb = strlen(before), na = after ? strlen(after) : 0;

	for (size_t i = 0; i + nb <= line.n; i++) {
		if (memcmp(line.p + i, before, nb) != 0)
			continue;
		if (!after)
			return str_trim(str_skip(line, i + nb));
		for (size_t k = i + nb; k + na <= line.n; k++)
			if (memcmp(line.p + k, after, na) == 0)
				return (struct str){line.p + i + nb, k - i - nb};
		return (struct str){0};
	}
	return (struct str){0};
}

/* clang: fatal error: 'zlib.h' file not found; gcc: fatal error: zlib.h: No such file or directory */
static struct str missing_header(struct str line)
{
	struct str h = between(line, "fatal error: '", "' file not found");

	return h.n ? h : between(line, "fatal error: ", ": No such file or directory");
}

/* A header of that base name somewhere in the set: its place is the better remedy. */
static struct str elsewhere(const struct package_set *set, struct str header)
{
	for (size_t i = 0; i < set->packages.n; i++)
		for (size_t k = 0; k < set->packages.v[i]->sources.n; k++) {
			const struct str_vec *c = &set->packages.v[i]->sources.v[k]->closure;

			for (size_t j = 0; j < c->n; j++)
				if (str_eq(path_base(c->v[j]), path_base(header)))
					return c->v[j];
		}
	return (struct str){0};
}

/* Whether path is header itself, or lies at header below some folder. */
static bool ends_at(struct str path, struct str header)
{
	return str_eq(path, header) || (path.n > header.n && path.p[path.n - header.n - 1] == '/' &&
					str_eq(str_skip(path, path.n - header.n), header));
}

/* The shortest path of the main module that an include folder would make header of. */
static struct str below_some_folder(const struct package_set *set, struct str header)
{
	struct str best = {0};

	for (size_t i = 0; i < set->files.n; i++)
		if (ends_at(set->files.v[i], header) && (!best.n || set->files.v[i].n < best.n))
			best = set->files.v[i];
	return best;
}

static struct str template_of(struct arena *a, const struct package_set *set, struct str header)
{
	struct str in = str_fmt(a, "%.*s.in", STR_ARG(path_base(header)));

	for (size_t i = 0; i < set->templates.n; i++)
		if (ends_at(set->templates.v[i], in))
			return set->templates.v[i];
	return (struct str){0};
}

static void hint_header(struct arena *a, const struct package_set *set, struct str header,
			const struct plan_hint_port *port, struct buf *out)
{
	struct str below = below_some_folder(set, header), template = template_of(a, set, header);
	struct str module = below.n ? STR("") : port->module_for(port->ctx, header), near;

	if (below.n) {
		struct str dir = str_from(below.p, below.n - header.n);

		dir = dir.n ? path_clean(a, dir) : STR(".");
		buf_printf(
		    out,
		    "'%.*s' is %.*s: add %.*s to the package's `include` in cbuild.yaml, or to "
		    "`export: {include: ...}` of the package that owns it\n",
		    STR_ARG(header), STR_ARG(below), STR_ARG(dir));
		return;
	}
	if (module.n) {
		buf_printf(
		    out, "no package of this module provides <%.*s>; %.*s does: cbuild get %.*s\n",
		    STR_ARG(header), STR_ARG(module), STR_ARG(module));
		return;
	}
	if (template.n) {
		buf_printf(out,
			   "'%.*s' is what its configure script makes of %.*s: write one for your "
			   "targets and add "
			   "its folder to `include` in cbuild.yaml\n",
			   STR_ARG(header), STR_ARG(template));
		return;
	}
	near = elsewhere(set, header);
	if (near.n)
		buf_printf(out,
			   "there is a %.*s: include it by its path from the module's root or "
			   "pkg/, or add its "
			   "folder to the package's include list\n",
			   STR_ARG(near));
	else
		buf_printf(out,
			   "nothing provides '%.*s': correct the name, add the file, or require "
			   "the module that has "
			   "it (cbuild get MODULE)\n",
			   STR_ARG(header));
}

static void hint_symbol(struct str duplicate, struct str undefined, struct buf *out)
{
	if (duplicate.n)
		buf_printf(out,
			   "'%.*s' is defined twice in one program: make one of the two static, "
			   "rename it, or leave "
			   "one file out of its package\n",
			   STR_ARG(duplicate));
	if (undefined.n)
		buf_printf(out,
			   "'%.*s' is declared but no linked package defines it: include the "
			   "header of the package "
			   "that does, or require the module that has it\n",
			   STR_ARG(undefined));
}

static struct str first_of(struct str a, struct str b)
{
	return a.n ? a : b;
}

/* Many files fail for one reason: each remedy is given once, and whole. */
static void add_new_lines(struct buf *out, struct str lines)
{
	enum { HINT_BYTES_MAX = 700 }; /* what struct err's remedy holds */
	struct str line;

	while (str_line(&lines, &line)) {
		struct str known = buf_str(out), old;
		bool seen = false;

		while (!seen && str_line(&known, &old))
			seen = str_eq(old, line);
		if (!seen && out->n + line.n < HINT_BYTES_MAX)
			buf_printf(out, "%.*s\n", STR_ARG(line));
	}
}

void plan_hint(struct arena *a, const struct package_set *set, const struct action *failed,
	       const struct plan_hint_port *port, struct buf *out)
{
	struct str rest = failed->words, line;
	struct str_vec seen = {0};
	struct buf hints = {0};

	while (str_line(&rest, &line) && seen.n < 5) {
		struct str header = missing_header(line);
		struct str duplicate = first_of(between(line, "duplicate symbol: ", NULL),
						between(line, "multiple definition of `", "'"));
		struct str undefined = first_of(between(line, "undefined symbol: ", NULL),
						between(line, "undefined reference to `", "'"));
		struct str key = first_of(header, first_of(duplicate, undefined));

		if (!key.n || str_vec_has(&seen, key))
			continue;
		*vec_push(a, &seen) = key;
		if (header.n)
			hint_header(a, set, header, port, &hints);
		else
			hint_symbol(duplicate, undefined, &hints);
	}
	add_new_lines(out, buf_str(&hints));
	buf_fini(&hints);
}
