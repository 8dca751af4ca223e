/*
 * Why one package imports another: the include scan's walk again, breadth first, remembering which
 * include led to each file, so the first file of the other package that it meets has the shortest chain.
 */
#include "load/load_impl.h"

struct trail {
	struct node *node;
	size_t from; /* index of the includer's trail */
	const struct ctok_include *by;
};

struct search {
	struct loader *l;
	struct source *s;
	uint32_t mark;
	VEC(struct trail) v;
	VEC(struct ctok_define) defines;
};

static void reach(struct search *w, struct node *n, size_t from, const struct ctok_include *by)
{
	if (!n || n->mark == w->mark)
		return;
	n->mark = w->mark;
	*vec_push(w->l->a, &w->v) = (struct trail){n, from, by};
}

static void visit(struct search *w, size_t at)
{
	const struct node *n = w->v.v[at].node;

	for (size_t i = 0; i < n->facts.defines.n; i++)
		*vec_push(w->l->a, &w->defines) = n->facts.defines.v[i];
	for (size_t i = 0; i < n->facts.includes.n; i++) {
		const struct ctok_include *inc = &n->facts.includes.v[i];

		if (!inc->dead && inc->form != CTOK_MACRO)
			reach(w,
			      resolve_include(w->l, search_path_of(w->l, w->s), n->path, inc->name,
					      inc->form, inc->verb),
			      at, inc);
	}
}

/* Computed includes, by what the files seen so far define. */
static void visit_computed(struct search *w, size_t at)
{
	const struct node *n = w->v.v[at].node;

	for (size_t i = 0; i < n->facts.includes.n; i++) {
		const struct ctok_include *inc = &n->facts.includes.v[i];

		for (size_t k = 0; inc->form == CTOK_MACRO && !inc->dead && k < w->defines.n; k++) {
			const struct ctok_define *d = &w->defines.v[k];

			if (str_eq(d->name, str_trim(inc->name)))
				reach(w,
				      resolve_include(w->l, search_path_of(w->l, w->s), n->path,
						      d->value, d->form, inc->verb),
				      at, inc);
		}
	}
}

static bool owned_by(struct search *w, struct node *n, const struct package *q)
{
	if (!n->owners_known)
		packages_own(w->l, n);
	for (size_t i = 0; i < n->owners.n; i++)
		if (n->owners.v[i] == q)
			return true;
	return false;
}

static struct str include_text(struct arena *a, const struct ctok_include *inc)
{
	if (inc->form == CTOK_QUOTE)
		return str_fmt(a, "\"%.*s\"", STR_ARG(inc->name));
	if (inc->form == CTOK_ANGLE)
		return str_fmt(a, "<%.*s>", STR_ARG(inc->name));
	return inc->name;
}

static void write_chain(struct arena *a, const struct search *w, size_t at,
			struct include_chain *out)
{
	size_t n = 0;

	for (size_t i = at; i; i = w->v.v[i].from)
		n++;
	out->n = n;
	out->v = arena_array(a, struct include_step, n);
	for (size_t i = at; i; i = w->v.v[i].from) {
		const struct trail *t = &w->v.v[i];

		out->v[--n] = (struct include_step){.path = w->v.v[t->from].node->path,
						    .line = t->by->line,
						    .text = include_text(a, t->by)};
	}
}

/* The chain from one source; empty when it reaches no header of q. */
static void search_source(struct arena *a, struct loader *l, struct source *s,
			  const struct package *q, struct include_chain *out)
{
	struct search w = {.l = l, .s = s, .mark = ++l->mark};
	size_t computed = 0;

	*out = (struct include_chain){0};
	reach(&w, map_ptr(&l->nodes, s->path), 0, NULL);
	for (size_t at = 0; at < w.v.n || computed < w.v.n;) {
		if (at < w.v.n && at && owned_by(&w, w.v.v[at].node, q)) {
			write_chain(a, &w, at, out);
			return;
		}
		if (at < w.v.n)
			visit(&w, at++);
		else
			visit_computed(&w, computed++);
	}
}

void load_why(struct arena *a, const struct package_set *set, const struct package *p,
	      const struct package *q, bool tests, struct include_chain *out)
{
	size_t n = p->sources.n + (tests ? p->tests.n : 0);

	*out = (struct include_chain){0};
	for (size_t i = 0; i < n; i++) {
		struct source *s =
		    i < p->sources.n ? p->sources.v[i] : p->tests.v[i - p->sources.n];
		struct include_chain found;

		search_source(a, set->loader, s, q, &found);
		if (found.n && (!out->n || found.n < out->n))
			*out = found;
	}
}
