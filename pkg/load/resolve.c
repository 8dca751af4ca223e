/*
 * What an include means: looked for in the order of a search path, by folders' listings. All packages with
 * the same folders share one search path, its answers for <name>, and what each header's own includes mean
 * for it; so a header's includes are looked up once, not once a source that reads it.
 */
#include "load/load_impl.h"

#include "base/path.h"

static bool same_list(const struct str_vec *x, const struct str_vec *y)
{
	bool same = x->n == y->n;

	for (size_t i = 0; same && i < x->n; i++)
		same = str_eq(x->v[i], y->v[i]);
	return same;
}

static struct search_path *shared_path(struct loader *l, const struct search_path *like)
{
	struct search_path *new;

	for (size_t i = 0; i < l->paths.n; i++) {
		struct search_path *p = l->paths.v[i];

		if (same_list(p->include, like->include) && same_list(p->system, like->system) &&
		    same_list(p->quote, like->quote) && str_eq(p->runtime, like->runtime))
			return p;
	}
	new = arena_new(l->a, struct search_path);
	*new = *like;
	*vec_push(l->a, &l->paths) = new;
	return new;
}

struct search_path *search_path_of(struct loader *l, const struct source *s)
{
	const struct package *p = s->package;
	struct search_path **known;

	if (!l->package_path)
		l->package_path = arena_array(l->a, struct search_path *, l->set->packages.n * 2);
	known = &l->package_path[p->index * 2 + s->is_test];
	if (!*known) {
		struct search_path like = {.include = &p->include,
					   .system = &p->system_include,
					   .quote = &p->quote_include};

		if (s->is_test)
			like.runtime = p->test_runtime;
		*known = shared_path(l, &like);
	}
	return *known;
}

static struct node *on_path(struct loader *l, struct str name, const struct str_vec *dirs,
			    struct str after)
{
	bool on = after.n == 0;

	for (size_t i = 0; i < dirs->n; i++) {
		struct node *n = on ? scan_file(l, path_join(l->a, dirs->v[i], name)) : NULL;

		if (n)
			return n;
		on = on || str_eq(dirs->v[i], after);
	}
	return NULL;
}

/* The next header of that name on the path, when it is another module's: then the path's order decides. */
static void find_twin(struct loader *l, struct search_path *p, struct str name, struct node *found)
{
	struct node *n = found;

	while (n && n->module == found->module)
		n = on_path(l, name, p->system, str_from(n->path.p, n->path.n - name.n - 1));
	if (n)
		map_put(l->a, &p->twins, name, NULL)->ptr = n;
}

/* The answer for <name> is the same for every includer, so it is remembered, hit or miss. */
static struct node *search(struct loader *l, struct search_path *p, struct str name)
{
	bool added;
	struct map_item *item = map_put(l->a, &p->headers, name, &added);
	struct node *n;

	if (!added)
		return item->ptr;
	n = on_path(l, name, p->include, STR(""));
	if (!n) {
		n = on_path(l, name, p->system, STR(""));
		if (n && path_is_local(name))
			find_twin(l, p, name, n);
	}
	if (!n && p->runtime.n)
		n = scan_file(l, path_join(l->a, p->runtime, name));
	item->ptr = n;
	return n;
}

struct node *resolve_include(struct loader *l, struct search_path *p, struct str from,
			     struct str name, enum ctok_form form, enum ctok_verb verb)
{
	struct node *n = NULL;

	if (path_is_abs(name) || !name.n)
		return NULL;
	if (verb == CTOK_INCLUDE_NEXT)
		return on_path(l, name, p->include, path_dir(from));
	if (form == CTOK_QUOTE)
		n = scan_file(l, path_join(l->a, path_dir(from), name));
	if (!n && form == CTOK_QUOTE)
		n = on_path(l, name, p->quote, STR(""));
	return n ? n : search(l, p, name);
}

void resolve_all(struct loader *l, struct search_path *p, struct node *n)
{
	size_t count = n->facts.includes.n;

	if (n->resolved_for == p)
		return;
	if (!n->resolved)
		n->resolved = arena_array(l->a, struct node *, count);
	n->resolved_for = p;
	for (size_t i = 0; i < count; i++) {
		const struct ctok_include *inc = &n->facts.includes.v[i];

		n->resolved[i] =
		    inc->dead || inc->form == CTOK_MACRO
			? NULL
			: resolve_include(l, p, n->path, inc->name, inc->form, inc->verb);
	}
}
