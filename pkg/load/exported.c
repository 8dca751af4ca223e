/*
 * Headers of the main module that only its users include: what they include in turn, the module has to require all
 * the same. Each is scanned as if it were a source of its package; nothing compiles it.
 */
#include "load/load_impl.h"

#include "base/path.h"

static void note_read(struct loader *l, const struct source *s, struct map *read)
{
	for (size_t i = 0; i < s->closure.n; i++)
		map_put(l->a, read, s->closure.v[i], NULL);
}

static void find_read(struct loader *l, struct map *read)
{
	for (size_t i = 0; i < l->set->packages.n; i++) {
		const struct package *p = l->set->packages.v[i];

		for (size_t k = 0; p->module->main && k < p->sources.n; k++)
			note_read(l, p->sources.v[k], read);
		for (size_t k = 0; p->module->main && k < p->tests.n; k++)
			note_read(l, p->tests.v[k], read);
	}
}

/* Copies of other modules (cbuild mod vendor) are none of this one's, but for folders that it names. */
static bool is_exported(const struct mod_tree *t, struct str path)
{
	const struct str vendor = STR("vendor");

	for (size_t i = 0; i < t->exports.n; i++)
		if (path_within(t->exports.v[i], path) &&
		    (!path_within(vendor, path) || path_within(vendor, t->exports.v[i])))
			return true;
	return false;
}

static struct package *package_of(struct loader *l, struct mod_tree *t, struct node *n,
				  struct str rel)
{
	if (!n->owners_known)
		packages_own(l, n);
	return n->owners.n ? n->owners.v[0] : map_ptr(&t->conventional, path_dir(rel));
}

static void add_header(struct loader *l, struct mod_tree *t, struct str rel)
{
	struct str path = path_join(l->a, t->root, rel);
	struct node *n = scan_file(l, path);
	struct package *p = n ? package_of(l, t, n, rel) : NULL;
	struct source *s;
	struct err ignored;

	if (!p)
		return;
	s = arena_new(l->a, struct source);
	*s = (struct source){.path = path, .rel = rel, .package = p};
	/* What is wrong with it is told to those who include it. */
	if (scan_closure(l, s, &ignored))
		*vec_push(l->a, &p->headers) = s;
}

void exported_find(struct loader *l)
{
	struct map read = {0};

	find_read(l, &read);
	for (size_t i = 0; i < l->module_count; i++) {
		struct mod_tree *t = &l->modules[i];

		for (size_t k = 0; t->module->main && k < t->files.n; k++) {
			struct str rel = t->files.v[k], path = path_join(l->a, t->root, rel);

			if (str_endsc(rel, ".h") && !map_get(&t->made, rel) &&
			    !map_get(&read, path) && is_exported(t, path))
				add_header(l, t, rel);
		}
	}
}
