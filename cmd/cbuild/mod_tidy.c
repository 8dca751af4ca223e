/*
 * cbuild mod tidy: what the sources include decides which requirements stay.
 */
#include "cmd.h"

#include "base/path.h"

/* Paths of the modules that the main module's packages import, on any of its targets. */
static bool used_modules(struct cmd *c, struct str_vec *used, struct err *e)
{
	struct target *targets;
	size_t n;

	if (!session_targets(c, &(struct str_vec){.v = &(struct str){"all", 3}, .n = 1}, &targets,
			     &n, e))
		return false;
	for (size_t t = 0; t < n; t++) {
		struct package_set set;
		struct load_opts o = {.list = &c->list,
				      .target = targets[t],
				      .mod_mount = path_join(&c->arena, c->cache_dir, STR("mod")),
				      .root = c->root,
				      .cache_dir = c->cache_dir,
				      .test_runtime = STR("build/.x/rt")};

		if (!load_packages(&c->arena, &o, &set, e))
			return false;
		for (size_t i = 0; i < set.packages.n; i++) {
			struct package *p = set.packages.v[i], **v;
			size_t count;

			if (!p->module->main)
				continue;
			load_closure(&c->arena, p, true, &v, &count);
			for (size_t k = 0; k < count; k++)
				*vec_push(&c->arena, used) = v[k]->module->path;
		}
	}
	str_vec_sort_unique(used);
	return true;
}

bool mod_tidy_verb(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct mod_opts o = session_mod_opts(c);
	struct str_vec used = {0};

	(void)args;
	o.update = true;
	return session_modules(c, true, e) && used_modules(c, &used, e) &&
	       mod_tidy(&c->arena, &used, &o, e);
}
