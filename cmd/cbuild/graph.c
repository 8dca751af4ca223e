/*
 * From a package set to a graph of what was asked for. Nodes keep the set's order, so that nothing
 * depends on how they were reached.
 */
#include "graph.h"

#include "base/path.h"

struct reached {
	struct arena *a;
	bool *is; /* by package index */
	VEC(struct package *) v;
};

static void reach(struct reached *r, struct package *p)
{
	if (r->is[p->index])
		return;
	r->is[p->index] = true;
	*vec_push(r->a, &r->v) = p;
}

static bool any_reached(const struct reached *r, const struct package_group *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (r->is[g->v[i]->index])
			return true;
	return false;
}

/* A header that several packages may own: whichever is needed anyway, else all (as load_closure). */
static void reach_choices(struct reached *r)
{
	for (size_t i = 0; i < r->v.n; i++)
		for (size_t k = 0; k < r->v.v[i]->choices.n; k++) {
			const struct package_group *g = &r->v.v[i]->choices.v[k];

			for (size_t j = 0; !any_reached(r, g) && j < g->n; j++)
				reach(r, g->v[j]);
		}
}

static void reach_all(struct reached *r, struct package *const *v, size_t n, bool tests)
{
	size_t done = 0;

	for (size_t i = 0; i < n; i++) {
		reach(r, v[i]);
		for (size_t k = 0; tests && k < v[i]->test_imports.n; k++)
			reach(r, v[i]->test_imports.v[k]);
	}
	while (done < r->v.n) {
		for (; done < r->v.n; done++)
			for (size_t k = 0; k < r->v.v[done]->imports.n; k++)
				reach(r, r->v.v[done]->imports.v[k]);
		reach_choices(r);
	}
}

static size_t module_packages(const struct package_set *set, const struct module *m)
{
	size_t n = 0;

	for (size_t i = 0; i < set->packages.n; i++)
		n += set->packages.v[i]->module == m;
	return n;
}

static struct str label(struct arena *a, const struct package_set *set, const struct package *p)
{
	if (p->module->main)
		return p->name;
	if (str_eqc(p->name, ".") || module_packages(set, p->module) == 1)
		return p->module->path;
	return str_fmt(a, "%.*s/%.*s", STR_ARG(p->module->path), STR_ARG(p->name));
}

static void add_edge(struct arena *a, struct graph_node *from, const uint32_t *place,
		     const struct package *to)
{
	uint32_t at = place[to->index];

	if (at == UINT32_MAX || to == from->package)
		return;
	for (size_t i = 0; i < from->to.n; i++)
		if (from->to.v[i] == at)
			return;
	*vec_push(a, &from->to) = at;
}

static void add_edges(struct arena *a, struct graph_node *node, const uint32_t *place, bool tests)
{
	const struct package *p = node->package;

	for (size_t i = 0; i < p->imports.n; i++)
		add_edge(a, node, place, p->imports.v[i]);
	for (size_t i = 0; i < p->choices.n; i++)
		for (size_t k = 0; k < p->choices.v[i].n; k++)
			add_edge(a, node, place, p->choices.v[i].v[k]);
	for (size_t i = 0; tests && i < p->test_imports.n; i++)
		add_edge(a, node, place, p->test_imports.v[i]);
}

void graph_make(struct cmd *c, const struct package_set *set, struct package *const *v, size_t n,
		bool tests, struct package_graph *out)
{
	struct arena *a = &c->arena;
	size_t all = set->packages.n;
	struct reached r = {.a = a, .is = arena_array(a, bool, all)};
	uint32_t *place = arena_array(a, uint32_t, all);

	reach_all(&r, v, n, tests);
	*out = (struct package_graph){.v = arena_array(a, struct graph_node, r.v.n)};
	for (size_t i = 0; i < all; i++) {
		struct package *p = set->packages.v[i];

		place[i] = r.is[i] ? (uint32_t)out->n : UINT32_MAX;
		if (r.is[i])
			out->v[out->n++] =
			    (struct graph_node){.package = p, .label = label(a, set, p)};
	}
	for (size_t i = 0; i < out->n; i++)
		add_edges(a, &out->v[i], place, tests && out->v[i].package->module->main);
}

bool graph_open(struct build *b, struct cmd *c, const struct build_opts *o,
		const struct str_vec *patterns, bool tests, struct package_graph *out,
		struct err *e)
{
	struct package **v;
	size_t n;

	if (!build_open(b, c, o, e))
		return false;
	if (b->target_count != 1)
		return err_set(e, ERR_USAGE, "%s wants one target", c->verb->name);
	if (!load_match(&c->arena, &b->targets[0].set, patterns->v, patterns->n, &v, &n, e))
		return false;
	graph_make(c, &b->targets[0].set, v, n, tests, out);
	return true;
}

static bool has_program(const struct package *p, struct str name)
{
	for (size_t i = 0; i < p->programs.n; i++)
		if (str_eq(p->programs.v[i].name, name))
			return true;
	return false;
}

bool graph_find(struct cmd *c, const struct package_graph *g, struct str name, uint32_t *out,
		struct err *e)
{
	struct str clean = path_clean(&c->arena, name), near;
	struct str_vec labels = {0};

	for (uint32_t i = 0; i < g->n; i++) {
		*vec_push(&c->arena, &labels) = g->v[i].label;
		*out = i;
		if (str_eq(g->v[i].label, clean))
			return true;
	}
	for (uint32_t i = 0; i < g->n; i++) {
		const struct package *p = g->v[i].package;

		*out = i;
		if (has_program(p, name) || (!p->module->main && str_eq(p->module->path, name)))
			return true;
	}
	near = str_nearest(clean, labels.v, labels.n);
	err_set(e, ERR_USAGE, "no package, program or module is named '%.*s'", STR_ARG(name));
	if (near.n)
		return err_fix(e, "did you mean '%.*s'? `cbuild graph` lists them", STR_ARG(near));
	return err_fix(e, "`cbuild graph` lists them");
}
