/*
 * Minimal version selection: a breadth-first walk over (path, version) that keeps the greatest
 * version a path. Every version reached is walked, not the selected ones only: that is what makes
 * the outcome independent of the order, and cycles end because a node is entered once.
 */
#include <stdlib.h>

#include "mod/mod_impl.h"

struct node {
	struct mod_version v;
	size_t from; /* index of the node that required it first, or its own for a root */
};

struct walk {
	struct arena *a;
	VEC(struct node) nodes; /* in order of discovery: the queue */
	struct map known;	/* "PATH VERSION" -> anything */
	struct map best;	/* path -> index of the node with the greatest version */
};

static void consider(struct walk *w, const struct mod_version *v, size_t from)
{
	bool added;
	struct map_item *best;
	struct str key = str_fmt(w->a, "%.*s %.*s", STR_ARG(v->path), STR_ARG(v->version));

	map_put(w->a, &w->known, key, &added);
	if (!added)
		return;
	*vec_push(w->a, &w->nodes) = (struct node){*v, from};
	best = map_put(w->a, &w->best, v->path, &added);
	if (added || semver_cmp(w->nodes.v[best->num].v.version, v->version) < 0)
		best->num = w->nodes.n - 1;
}

/* Adds "required by" lines from node i up to the main module. */
static bool wrap_chain(const struct walk *w, size_t i, struct err *e)
{
	enum { CHAIN_MAX = 8 };

	for (int n = 0; w->nodes.v[i].from != i && n < CHAIN_MAX; n++) {
		i = w->nodes.v[i].from;
		err_wrap(e, "required by %.*s %.*s", STR_ARG(w->nodes.v[i].v.path),
			 STR_ARG(w->nodes.v[i].v.version));
	}
	return false;
}

static int cmp_version(const void *x, const void *y)
{
	const struct mod_version *a = x, *b = y;
	int c = str_cmp(a->path, b->path);

	c = c ? c : semver_cmp(a->version, b->version);
	return c ? c : str_cmp(a->version, b->version);
}

static void sort_versions(struct mod_versions *v)
{
	if (v->n)
		qsort(v->v, v->n, sizeof *v->v, cmp_version);
}

static void collect(struct walk *w, struct mod_versions *selected, struct mod_versions *reached)
{
	for (size_t i = 0; i < w->best.n; i++)
		*vec_push(w->a, selected) = w->nodes.v[w->best.items[i].num].v;
	sort_versions(selected);
	if (!reached)
		return;
	for (size_t i = 0; i < w->nodes.n; i++)
		*vec_push(w->a, reached) = w->nodes.v[i].v;
	sort_versions(reached);
}

bool mvs_select(struct arena *a, const struct mod_versions *roots, mvs_requires requires, void *ctx,
		struct mod_versions *selected, struct mod_versions *reached, struct err *e)
{
	struct walk w = {.a = a};

	for (size_t i = 0; i < roots->n; i++)
		consider(&w, &roots->v[i], w.nodes.n);
	for (size_t i = 0; i < w.nodes.n; i++) {
		struct mod_versions direct = {0};
		struct mod_version at = w.nodes.v[i].v;

		if (!requires(ctx, &at, &direct, e))
			return wrap_chain(&w, i, e);
		for (size_t k = 0; k < direct.n; k++)
			consider(&w, &direct.v[k], i);
	}
	collect(&w, selected, reached);
	return true;
}
