/*
 * cbuild mod
 */
#include "cmd.h"

#include <stdio.h>

#include "sys/file.h"

/* The build list from the cache, whatever vendor/ holds. */
static bool cached_list(struct cmd *c, bool all, struct err *e)
{
	if (c->mod_mode == MOD_AUTO)
		c->mod_mode = MOD_READONLY;
	return session_list(c, all, e);
}

static bool mod_download(struct cmd *c, struct str_vec *args, struct err *e)
{
	(void)args;
	if (!cached_list(c, true, e))
		return false;
	for (size_t i = 1; c->json && i < c->list.modules.n; i++)
		list_print_module(c, &c->list.modules.v[i], NULL, false);
	return true;
}

static bool mod_verify_verb(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct mod_opts o = session_mod_opts(c);

	(void)args;
	return mod_verify(&c->arena, &c->manifest, &o, e);
}

static bool mod_vendor_verb(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct mod_opts o = session_mod_opts(c);

	(void)args;
	return mod_vendor(&c->arena, &c->manifest, &o, e);
}

static void print_version(const struct mod_version *v, char end)
{
	printf("%.*s%s%.*s%c", STR_ARG(v->path.n ? v->path : STR(".")), v->version.n ? "@" : "",
	       STR_ARG(v->version), end);
}

static bool mod_graph_verb(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct mod_opts o = session_mod_opts(c);
	struct mod_edges edges = {0};

	(void)args;
	if (!mod_graph(&c->arena, &c->manifest, &o, &edges, e))
		return false;
	for (size_t i = 0; i < edges.n; i++) {
		print_version(&edges.v[i].from, ' ');
		print_version(&edges.v[i].to, '\n');
	}
	return true;
}

static bool print_why(struct cmd *c, const uint32_t *from, struct str path)
{
	const struct build_list *l = &c->list;
	struct str_vec chain = {0};

	printf("# %.*s\n", STR_ARG(path));
	for (size_t i = 1; i < l->modules.n; i++) {
		if (!str_eq(l->modules.v[i].path, path) || !from[i])
			continue;
		for (; i; i = from[i] - 1)
			*vec_push(&c->arena, &chain) = l->modules.v[i].path;
		*vec_push(&c->arena, &chain) = l->modules.v[0].path;
		break;
	}
	for (size_t i = 0; i < c->manifest.ports.n && !chain.n; i++)
		if (str_eq(c->manifest.ports.v[i].path, path)) {
			printf("(a port repository of cbuild.yaml)\n");
			return true;
		}
	if (!chain.n)
		printf("(the main module does not need it)\n");
	for (size_t i = chain.n; i-- > 0;)
		printf("%.*s\n", STR_ARG(chain.v[i].n ? chain.v[i] : STR(".")));
	return true;
}

/* The shortest chain of requirements to each module named. */
static bool mod_why(struct cmd *c, struct str_vec *args, struct err *e)
{
	uint32_t *from, *queue;
	size_t n = 1;

	if (!args->n) {
		err_set(e, ERR_USAGE, "why what?");
		return err_fix(e, "cbuild mod why github.com/madler/zlib");
	}
	if (!session_list(c, false, e))
		return false;
	from = arena_array(&c->arena, uint32_t, c->list.modules.n); /* index + 1 */
	queue = arena_array(&c->arena, uint32_t, c->list.modules.n);
	for (size_t i = 0; i < n; i++) {
		const struct module *m = &c->list.modules.v[queue[i]];

		for (size_t k = 0; k < m->requires.n; k++) {
			if (from[m->requires.v[k]])
				continue;
			from[m->requires.v[k]] = queue[i] + 1;
			queue[n++] = m->requires.v[k];
		}
	}
	for (size_t i = 0; i < args->n; i++)
		print_why(c, from, args->v[i]);
	return true;
}

static void print_outdated(struct cmd *c, const struct module *m, const struct mod_update *up)
{
	if (str_eq(up->version, m->version) && !up->retracted)
		return;
	if (c->json)
		list_print_module(c, m, up, false);
	else
		printf("%.*s %.*s %.*s%s\n", STR_ARG(m->path), STR_ARG(m->version),
		       STR_ARG(up->version), up->retracted ? " (retracted)" : "");
}

static bool mod_outdated(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct mod_opts o = session_mod_opts(c);
	struct mod_update *up;
	size_t n;

	(void)args;
	if (!cached_list(c, false, e))
		return false;
	n = c->list.modules.n;
	up = arena_array(&c->arena, struct mod_update, n + c->list.ports.n);
	if (!mod_updates(&c->arena, &c->manifest, &c->list, &o, up, e))
		return false;
	for (size_t i = 1; i < n; i++)
		print_outdated(c, &c->list.modules.v[i], &up[i]);
	for (size_t i = 0; i < c->list.ports.n; i++)
		print_outdated(c, &c->list.ports.v[i], &up[n + i]);
	return true;
}

static bool mod_init(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct str text;

	if (c->has_manifest) {
		err_at(e, ERR_INPUT, "cbuild.yaml", 0, 0, "is there already");
		return err_fix(e, "its `module` line says the path: change that one");
	}
	if (args->n != 1) {
		err_set(e, ERR_USAGE, "mod init wants the module's path");
		return err_fix(e, "cbuild mod init github.com/NAME/PROJECT");
	}
	text = str_fmt(&c->arena, "module: %.*s\n", STR_ARG(args->v[0]));
	return manifest_parse(&c->arena, STR("cbuild.yaml"), text, &c->manifest, e) &&
	       file_write_atomic("cbuild.yaml", text, 0644, e);
}

bool verb_mod(struct cmd *c, struct str_vec *args, struct err *e)
{
	static const struct {
		const char *name;
		bool (*run)(struct cmd *c, struct str_vec *args, struct err *e);
		bool operands;
	} commands[] = {
	    {"init", mod_init, true},
	    {"tidy", mod_tidy_verb, true},
	    {"download", mod_download, false},
	    {"verify", mod_verify_verb, false},
	    {"vendor", mod_vendor_verb, false},
	    {"graph", mod_graph_verb, false},
	    {"why", mod_why, true},
	    {"edit", mod_edit, true},
	    {"outdated", mod_outdated, false},
	};
	static const struct opt opts[] = {{0}};

	if (args->n && str_eqc(args->v[0], "proxy"))
		return mod_proxy_verb(c, args, e);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		struct str_vec rest = {0};

		if (!args->n || !str_eqc(args->v[0], commands[i].name))
			continue;
		rest = (struct str_vec){.v = args->v + 1, .n = args->n - 1, .cap = args->n - 1};
		if (commands[i].run != mod_edit && commands[i].run != mod_tidy_verb &&
		    !opt_parse(c, &rest, opts, false, e))
			return false;
		if (rest.n && !commands[i].operands)
			break;
		return session_open(c, e) && commands[i].run(c, &rest, e);
	}
	return opt_unknown_command(c, args,
				   "init, tidy, download, verify, vendor, graph, why, edit, "
				   "outdated or proxy",
				   e);
}
