/*
 * cbuild list
 */
#include "cmd.h"

#include <stdio.h>

static void add_field(struct buf *b, const char *name, struct str value)
{
	buf_printf(b, "%s\"%s\":", b->n > 1 ? "," : "", name);
	buf_add_json(b, value);
}

void list_print_module(const struct cmd *c, const struct module *m, const struct mod_update *up)
{
	bool newer = up && !str_eq(up->version, m->version);
	struct buf b = {0};

	if (!c->json) {
		printf("%.*s%s%.*s", STR_ARG(m->path.n ? m->path : STR(".")),
		       m->version.n ? " " : "", STR_ARG(m->version));
		if (m->by_path.n)
			printf(" => %.*s %.*s", STR_ARG(m->by_path), STR_ARG(m->by_version));
		if (up && up->retracted)
			printf(" (retracted%s%.*s)", up->why.n ? ": " : "", STR_ARG(up->why));
		if (newer)
			printf(" [%.*s]", STR_ARG(up->version));
		printf("%s\n", m->from_port ? " (port)" : "");
		return;
	}
	buf_add_byte(&b, '{');
	add_field(&b, "path", m->path);
	add_field(&b, "version", m->version);
	add_field(&b, "dir", m->dir);
	add_field(&b, "sum", m->sum);
	add_field(&b, "licence", m->manifest->licence);
	if (m->by_path.n) {
		add_field(&b, "replaced_by", m->by_path);
		add_field(&b, "replaced_by_version", m->by_version);
	}
	if (newer)
		add_field(&b, "update", up->version);
	if (up && up->retracted)
		add_field(&b, "retracted", up->why);
	buf_printf(&b, ",\"port\":%s,\"main\":%s}\n", m->from_port ? "true" : "false",
		   m->main ? "true" : "false");
	fwrite(b.p, 1, b.n, stdout);
	buf_fini(&b);
}

static bool list_modules(struct cmd *c, bool updates, struct err *e)
{
	struct mod_opts o = session_mod_opts(c);
	struct mod_update *up;

	if (!session_modules(c, false, e))
		return false;
	c->list.modules.n--; /* without the test runtime */
	up = arena_array(&c->arena, struct mod_update, c->list.modules.n);
	if (updates && !mod_updates(&c->arena, &c->manifest, &c->list, &o, up, e))
		return false;
	for (size_t i = 0; i < c->list.modules.n; i++)
		list_print_module(c, &c->list.modules.v[i], updates && i ? &up[i] : NULL);
	return true;
}

static void add_names(struct buf *b, const char *name, struct package *const *v, size_t n)
{
	buf_printf(b, ",\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_add_byte(b, ',');
		buf_add_json(b, v[i]->module->main ? v[i]->name : v[i]->module->path);
	}
	buf_add_byte(b, ']');
}

static void print_package(const struct cmd *c, const struct package *p)
{
	struct buf b = {0};

	if (!c->json) {
		printf("%.*s", STR_ARG(p->name));
		for (size_t i = 0; i < p->programs.n; i++)
			printf("%s%.*s", i ? ", " : "\tprogram ", STR_ARG(p->programs.v[i].name));
		putchar('\n');
		return;
	}
	buf_add_byte(&b, '{');
	add_field(&b, "name", p->name);
	buf_addc(&b, ",\"sources\":[");
	for (size_t i = 0; i < p->sources.n; i++) {
		buf_addc(&b, i ? "," : "");
		buf_add_json(&b, p->sources.v[i]->path);
	}
	buf_addc(&b, "],\"programs\":[");
	for (size_t i = 0; i < p->programs.n; i++) {
		buf_addc(&b, i ? "," : "");
		buf_add_json(&b, p->programs.v[i].name);
	}
	buf_add_byte(&b, ']');
	add_names(&b, "imports", p->imports.v, p->imports.n);
	add_names(&b, "test_imports", p->test_imports.v, p->test_imports.n);
	buf_addc(&b, "}\n");
	fwrite(b.p, 1, b.n, stdout);
	buf_fini(&b);
}

bool verb_list(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct build_opts o = {.no_tools = true};
	bool modules = false, updates = false;
	const struct opt opts[] = {{"-m", OPT_FLAG, &modules},
				   {"-u", OPT_FLAG, &updates},
				   {"--target", OPT_LIST, &o.targets},
				   {0}};
	struct build b;
	struct package **v;
	size_t n;

	if (!opt_parse(c, args, opts, false, e) || !session_open(c, e))
		return false;
	if (updates && !modules) {
		err_set(e, ERR_USAGE, "-u goes with -m");
		return err_fix(e, "cbuild list -m -u");
	}
	if (modules)
		return list_modules(c, updates, e);
	if (!session_patterns(c, args, e) || !build_open(&b, c, &o, e) ||
	    !load_match(&c->arena, &b.targets[0].set, args->v, args->n, &v, &n, e))
		return false;
	for (size_t i = 0; i < n; i++)
		print_package(c, v[i]);
	return true;
}
