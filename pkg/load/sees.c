/*
 * Whose headers a module's packages see: its own, those of the modules that it requires, and what these show,
 * which is what they require unless it is marked private. So one more requirement somewhere changes the search
 * path of those who see it and of nobody else.
 *
 * A search path does not stop "../../other/x.h"; so every folder of a module gets a number here, and a compile
 * whose depfile names a file of a module that its own does not see fails (exec's fence).
 */
#include "load/load_impl.h"

#include "base/path.h"

static void see(struct mod_tree *t, uint32_t m, uint32_t *todo, size_t *n)
{
	if (t->sees[m])
		return;
	t->sees[m] = true;
	todo[(*n)++] = m;
}

static void find_seen(struct loader *l, struct mod_tree *t)
{
	uint32_t *todo = arena_array(l->a, uint32_t, l->module_count);
	size_t n = 0;

	t->sees = arena_array(l->a, bool, l->module_count + 1);
	t->sees[t - l->modules] = true;
	t->sees[l->module_count] = true; /* what is nobody's */
	for (size_t i = 0; i < t->module->requires.n; i++)
		see(t, t->module->requires.v[i], todo, &n);
	for (size_t done = 0; done < n; done++) {
		const struct module *m = l->modules[todo[done]].module;

		for (size_t i = 0; i < m->shows.n; i++)
			see(t, m->shows.v[i], todo, &n);
	}
}

static void add_folder(struct loader *l, struct str path, size_t module)
{
	map_put(l->a, &l->set->folders, path, NULL)->num = module;
}

void sees_find(struct loader *l)
{
	static const char *const made[] = {"gen", "config", "export", "foreign"};
	struct str *names = arena_array(l->a, struct str, l->module_count + 1);

	add_folder(l, STR("build"), l->module_count);
	for (size_t i = 0; i < l->module_count; i++) {
		struct mod_tree *t = &l->modules[i];
		size_t owner = str_eq(t->root, l->o->test_runtime) ? l->module_count : i;

		names[i] = t->module->main ? STR("the main module") : t->module->path;
		find_seen(l, t);
		add_folder(l, t->root, owner);
		for (size_t k = 0; k < sizeof made / sizeof made[0]; k++)
			add_folder(l, make_folder(l, t, made[k]), owner);
	}
	l->set->folder_names = names;
}

static bool requires(const struct module *m, size_t other)
{
	for (size_t i = 0; i < m->requires.n; i++)
		if (m->requires.v[i] == other)
			return true;
	return false;
}

void sees_include(struct loader *l, const struct mod_tree *t, struct str_vec *out)
{
	for (int direct = 1; direct >= 0; direct--)
		for (size_t m = 0; m < l->module_count; m++) {
			const struct mod_tree *other = &l->modules[m];

			if (!t->sees[m] || other == t || other->module->main ||
			    requires(t->module, m) != (direct == 1))
				continue;
			for (size_t i = 0; i < other->exports.n; i++)
				if (!str_vec_has(out, other->exports.v[i]))
					*vec_push(l->a, out) = other->exports.v[i];
		}
}
