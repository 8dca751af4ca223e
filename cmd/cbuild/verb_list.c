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

/* "  tls    mbedtls [mbedtls, openssl] TLS by which library (cbuild.yaml)" */
static void print_options(const struct module *m)
{
	size_t wide = 0, value_wide = 0;

	for (size_t i = 0; i < m->options.n; i++) {
		const struct option_value *o = &m->options.v[i];

		wide = o->name.n > wide ? o->name.n : wide;
		value_wide = o->value.n > value_wide ? o->value.n : value_wide;
	}
	for (size_t i = 0; i < m->options.n; i++) {
		const struct option_value *o = &m->options.v[i];
		const struct option_spec *spec = manifest_option(m->manifest, o->name);

		printf("  %-*.*s  %-*.*s", (int)wide, STR_ARG(o->name), (int)value_wide,
		       STR_ARG(o->value));
		for (size_t k = 0; k < spec->choices.n; k++)
			printf("%s%.*s%s", k ? ", " : " [", STR_ARG(spec->choices.v[k]),
			       k + 1 == spec->choices.n ? "]" : "");
		printf("%s%.*s", spec->help.n ? " " : "", STR_ARG(spec->help));
		if (m->option_by.v[i].n)
			printf(" (%.*s)", STR_ARG(m->option_by.v[i]));
		putchar('\n');
	}
}

static void add_options(struct buf *b, const struct module *m)
{
	buf_addc(b, ",\"options\":[");
	for (size_t i = 0; i < m->options.n; i++) {
		struct buf item = {0};

		buf_add_byte(&item, '{');
		add_field(&item, "name", m->options.v[i].name);
		add_field(&item, "value", m->options.v[i].value);
		add_field(&item, "by", m->option_by.v[i]);
		buf_printf(b, "%s%s}", i ? "," : "", item.p);
		buf_fini(&item);
	}
	buf_add_byte(b, ']');
}

static void add_contents(struct buf *b, const struct manifest *m)
{
	buf_addc(b, ",\"contains\":{");
	for (size_t i = 0; i < m->contains.n; i++) {
		buf_addc(b, i ? "," : "");
		buf_add_json(b, m->contains.v[i].name);
		buf_add_byte(b, ':');
		buf_add_json(b, m->contains.v[i].value);
	}
	buf_add_byte(b, '}');
}

static void add_patches(struct buf *b, const struct module *m)
{
	buf_addc(b, ",\"patches\":[");
	for (size_t i = 0; i < m->patches.n; i++) {
		struct buf item = {0};
		char hex[DIGEST_HEX + 1];

		digest_hex(&m->patches.v[i].digest, hex);
		buf_add_byte(&item, '{');
		add_field(&item, "file", m->patches.v[i].file);
		add_field(&item, "sha256", str_of(hex));
		buf_printf(b, "%s%s}", i ? "," : "", item.p);
		buf_fini(&item);
	}
	buf_add_byte(b, ']');
}

void list_print_module(const struct cmd *c, const struct module *m, const struct mod_update *up,
		       bool options)
{
	struct arena scratch = {0};
	struct str url, ref;
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
		if (options)
			print_options(m);
		return;
	}
	buf_add_byte(&b, '{');
	mod_source(&scratch, m, &url, &ref);
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
	add_field(&b, "source", url);
	add_field(&b, "ref", ref);
	add_contents(&b, m->manifest);
	add_options(&b, m);
	add_patches(&b, m);
	if (m->from_port && !m->replaced && !m->by_path.n)
		buf_printf(&b, ",\"revision\":%u", (unsigned)m->manifest->revision);
	if (m->from_port)
		add_field(&b, "port_file", m->manifest->file);
	buf_printf(&b, ",\"port\":%s,\"main\":%s}\n", m->from_port ? "true" : "false",
		   m->main ? "true" : "false");
	fwrite(b.p, 1, b.n, stdout);
	buf_fini(&b);
	arena_fini(&scratch);
}

static bool list_modules(struct cmd *c, bool updates, bool options, struct err *e)
{
	struct mod_opts o = session_mod_opts(c);
	struct mod_update *up;

	if (!session_list(c, false, e))
		return false;
	up = arena_array(&c->arena, struct mod_update, c->list.modules.n + c->list.ports.n);
	if (updates && !mod_updates(&c->arena, &c->manifest, &c->list, &o, up, e))
		return false;
	for (size_t i = 0; i < c->list.modules.n; i++)
		list_print_module(c, &c->list.modules.v[i], updates && i ? &up[i] : NULL, options);
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
	bool modules = false, updates = false, options = false;
	const struct opt opts[] = {{"-m", OPT_FLAG, &modules},
				   {"-u", OPT_FLAG, &updates},
				   {"--options", OPT_FLAG, &options},
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
	if (modules || options)
		return list_modules(c, updates, options, e);
	if (!session_patterns(c, args, e) || !build_open(&b, c, &o, e) ||
	    !load_match(&c->arena, &b.targets[0].set, args->v, args->n, &v, &n, e))
		return false;
	for (size_t i = 0; i < n; i++)
		print_package(c, v[i]);
	return true;
}
