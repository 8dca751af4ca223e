/*
 * Patterns of the command line, as the go command has them.
 */
#include "load/load_impl.h"

#include "base/path.h"

static bool names_program(const struct package *p, struct str name)
{
	for (size_t i = 0; i < p->programs.n; i++)
		if (str_eq(p->programs.v[i].name, name))
			return true;
	return false;
}

static bool has_source(const struct package *p, struct str path)
{
	for (size_t i = 0; i < p->sources.n; i++)
		if (str_eq(p->sources.v[i]->path, path))
			return true;
	for (size_t i = 0; i < p->tests.n; i++)
		if (str_eq(p->tests.v[i]->path, path))
			return true;
	return false;
}

static bool matches(struct arena *a, const struct package *p, struct str pattern)
{
	struct str tree = pattern, path;

	if (str_eqc(pattern, "...") || str_eqc(pattern, "./..."))
		return true;
	if (str_endsc(pattern, "/...")) {
		tree.n -= 4;
		return path_within(path_clean(a, tree), p->name);
	}
	path = path_clean(a, pattern);
	return str_eq(path, p->name) || names_program(p, pattern) || has_source(p, path);
}

bool load_is_aside(const struct package_set *set, const struct package *p)
{
	static const char *const own[] = {"cmd", "include", "pkg", "src"};
	bool aside = !p->spec && p->programs.n && !str_eqc(p->name, "."), has_cmd = false;

	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		aside = aside && !path_within(str_of(own[i]), p->name);
	for (size_t i = 0; aside && i < set->packages.n; i++) {
		const struct package *q = set->packages.v[i];

		has_cmd = has_cmd || (q->module == p->module && q->programs.n &&
				      path_within(STR("cmd"), q->name));
	}
	return aside && has_cmd;
}

bool load_match(struct arena *a, const struct package_set *set, const struct str *patterns,
		size_t n, struct package ***out, size_t *out_n, struct err *e)
{
	static const struct str all = {"./...", 5};
	VEC(struct package *) v = {0};
	struct map taken = {0};

	for (size_t i = 0; i < (n ? n : 1); i++) {
		struct str pattern = n ? patterns[i] : all;
		size_t hits = 0;

		for (size_t k = 0; k < set->packages.n; k++) {
			struct package *p = set->packages.v[k];
			bool added;

			if (!p->module->main || !matches(a, p, pattern))
				continue;
			hits++;
			map_put(a, &taken, str_from((const char *)&p->index, sizeof p->index),
				&added);
			if (added)
				*vec_push(a, &v) = p;
		}
		if (!hits && n) {
			err_set(e, ERR_USAGE, "pattern '%.*s' matches no package or program",
				STR_ARG(pattern));
			return err_fix(e, "`cbuild list` shows them; ./... means all");
		}
	}
	*out = v.v;
	*out_n = v.n;
	return true;
}
