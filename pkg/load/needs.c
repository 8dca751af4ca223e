/*
 * What the main module's own files include that is not its own. The scan takes every branch, so this is what
 * may be needed; whether it is, the compiler knows.
 */
#include "load/load_impl.h"

#include "base/path.h"

struct needs {
	struct arena *a;
	struct loader *l;
	struct source *s;
	struct search_path *path;
	struct load_needs *out;
};

static bool on_flagged(const struct needs *w, struct str name)
{
	const struct str_vec *more = &w->s->package->flag_include;

	for (size_t i = 0; i < more->n; i++)
		if (scan_file(w->l, path_join(w->l->a, more->v[i], name)))
			return true;
	return false;
}

static void add_missing(struct needs *w, const struct node *n, struct str name)
{
	if (!name.n || path_is_abs(name) || str_vec_has(&w->out->missing, name) ||
	    on_flagged(w, name))
		return;
	*vec_push(w->a, &w->out->missing) = name;
	*vec_push(w->a, &w->out->by) = n->path;
}

static void add_direct(struct needs *w, const struct mod_tree *t)
{
	if (t->module->main || str_eq(t->root, w->l->o->test_runtime))
		return;
	for (size_t i = 0; i < w->out->direct.n; i++)
		if (w->out->direct.v[i] == t->module)
			return;
	*vec_push(w->a, &w->out->direct) = t->module;
}

static void visit(struct needs *w, struct node *n)
{
	if (!n || !n->module->module->main)
		return;
	resolve_all(w->l, w->path, n);
	for (size_t i = 0; i < n->facts.includes.n; i++) {
		const struct ctok_include *inc = &n->facts.includes.v[i];

		if (inc->dead || (inc->verb != CTOK_INCLUDE && inc->verb != CTOK_INCLUDE_NEXT))
			continue;
		if (inc->form == CTOK_MACRO)
			w->out->unknown = true;
		else if (n->resolved[i])
			add_direct(w, n->resolved[i]->module);
		else
			add_missing(w, n, inc->name);
	}
}

static bool is_run(const struct maker *m)
{
	return m->kind == MAKER_RUN && m->module->main;
}

void load_needs(struct arena *a, const struct package_set *set, struct source *s,
		struct load_needs *out)
{
	struct loader *l = set->loader;
	struct needs w = {.a = a, .l = l, .s = s, .path = search_path_of(l, s), .out = out};
	const struct str_vec *forced = &s->package->forced;

	*out = (struct load_needs){.unknown = s->made && is_run(s->made->maker)};
	for (size_t i = 0; i < s->waits.n; i++)
		out->unknown = out->unknown || is_run(s->waits.v[i]);
	visit(&w, map_ptr(&l->nodes, s->path));
	for (size_t i = 0; i < s->closure.n; i++)
		visit(&w, map_ptr(&l->nodes, s->closure.v[i]));
	for (size_t i = 0; i < forced->n; i++)
		if (!resolve_include(l, w.path, STR("x.c"), forced->v[i], CTOK_QUOTE, CTOK_INCLUDE))
			add_missing(&w, map_ptr(&l->nodes, s->path), forced->v[i]);
}

const struct module *load_exporter(const struct package_set *set, struct str header)
{
	struct loader *l = set->loader;

	for (size_t i = 0; i < l->module_count && path_is_local(header); i++) {
		const struct mod_tree *t = &l->modules[i];

		for (size_t k = 0; !t->module->main && k < t->exports.n; k++)
			if (!str_eq(t->root, l->o->test_runtime) &&
			    tree_has_file(l, path_join(l->a, t->exports.v[k], header)))
				return t->module;
	}
	return NULL;
}

const struct module *load_seen(const struct package_set *set, struct str path)
{
	struct loader *l = set->loader;
	const bool *sees = NULL;

	for (size_t i = 0; l && i < l->module_count; i++)
		if (l->modules[i].module->main)
			sees = l->modules[i].sees;
	for (size_t i = 0; sees && i < l->module_count; i++)
		if (sees[i] && !l->modules[i].module->main &&
		    str_eq(l->modules[i].module->path, path))
			return l->modules[i].module;
	return NULL;
}

static bool ends_at(struct str path, struct str header)
{
	return str_eq(path, header) || (path.n > header.n && path.p[path.n - header.n - 1] == '/' &&
					str_eq(str_skip(path, path.n - header.n), header));
}

struct str load_lies_at(const struct package_set *set, struct str header)
{
	struct str best = {0};

	for (size_t i = 0; i < set->files.n; i++)
		if (ends_at(set->files.v[i], header) && (!best.n || set->files.v[i].n < best.n))
			best = set->files.v[i];
	return best;
}
