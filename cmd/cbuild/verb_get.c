/*
 * cbuild get, cbuild mod
 */
#include "cmd.h"

#include <stdio.h>

#include "base/path.h"

bool verb_get(struct cmd *c, struct str_vec *args, struct err *e)
{
	static const struct opt opts[] = {{0}};

	if (!opt_parse(c, args, opts, false, e) || !session_open(c, e))
		return false;
	if (!args->n) {
		err_set(e, ERR_USAGE, "get what?");
		return err_fix(e, "cbuild get github.com/madler/zlib@v1.3.1");
	}
	for (size_t i = 0; i < args->n; i++) {
		struct str query = args->v[i], path = str_cut(&query, '@');
		struct mod_opts o = session_mod_opts(c);

		o.update = true;
		if (!mod_get(&c->arena, path, query.p ? query : STR("latest"), &o, e))
			return err_wrap(e, "getting %.*s", STR_ARG(args->v[i]));
	}
	return true;
}

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

static void print_graph(struct cmd *c)
{
	for (size_t i = 0; i < c->list.modules.n; i++) {
		const struct module *m = &c->list.modules.v[i];

		for (size_t k = 0; k < m->requires.n; k++) {
			const struct module *r = &c->list.modules.v[m->requires.v[k]];

			printf("%.*s%s%.*s %.*s%s%.*s\n", STR_ARG(m->path.n ? m->path : STR(".")),
			       m->version.n ? "@" : "", STR_ARG(m->version), STR_ARG(r->path),
			       r->version.n ? "@" : "", STR_ARG(r->version));
		}
	}
}

bool verb_mod(struct cmd *c, struct str_vec *args, struct err *e)
{
	static const struct opt opts[] = {{0}};
	struct str what;
	struct mod_opts o;
	struct str_vec used = {0};

	if (args->n && str_eqc(args->v[0], "proxy"))
		return mod_proxy_verb(c, args, e);
	if (!opt_parse(c, args, opts, false, e) || !session_open(c, e))
		return false;
	what = args->n == 1 ? args->v[0] : STR("");
	o = session_mod_opts(c);
	if (str_eqc(what, "tidy")) {
		o.update = true;
		return session_modules(c, true, e) && used_modules(c, &used, e) &&
		       mod_tidy(&c->arena, &used, &o, e);
	}
	if (!str_eqc(what, "download") && !str_eqc(what, "verify") && !str_eqc(what, "graph")) {
		return opt_unknown_command(c, args, "tidy, download, verify, graph or proxy", e);
	}
	if (!session_modules(c, false, e))
		return false;
	c->list.modules.n--; /* without the test runtime */
	if (str_eqc(what, "verify"))
		return mod_verify(&c->arena, &c->list, &o, e);
	if (str_eqc(what, "graph"))
		print_graph(c);
	return true;
}
