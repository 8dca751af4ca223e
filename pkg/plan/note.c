/*
 * .note.package: what a program is made of, as the FDO package metadata note (systemd.io/ELF_PACKAGE_METADATA),
 * whose JSON has the main module's name and more than that page's keys: the modules that are linked, each with
 * its version, licence, source and sum. The text follows from the modules that are linked and from nothing else, so
 * a program is the same from two folders, an edit of a source assembles no note, and programs and profiles that
 * make the same still share their link.
 *
 * The assembler makes it, since an object needs flags of its machine that only the toolchain knows.
 */
#include "plan/plan_impl.h"

#include <stdlib.h>

#include "format/json.h"

static void put_text(struct arena *a, struct json *o, const char *key, struct str value)
{
	if (value.n)
		json_put(a, o, str_of(key), json_new_text(a, value));
}

static void put_contents(struct arena *a, struct json *o, const struct manifest *m)
{
	struct json *contents = json_new_object(a);

	for (size_t i = 0; i < m->contains.n; i++)
		json_put(a, contents, m->contains.v[i].name,
			 json_new_text(a, m->contains.v[i].value));
	if (m->contains.n)
		json_put(a, o, STR("contains"), contents);
}

/* What its port makes of it: a count of the port's changes, and the patches by their content. */
static void put_port(struct arena *a, struct json *o, const struct module *m)
{
	struct json *patches = json_new_array(a);

	/* A fork, or a folder, is not what the port makes of upstream's. */
	if (m->from_port && m->manifest->revision && !m->replaced && !m->by_path.n)
		json_put(a, o, STR("revision"), json_new_int(a, m->manifest->revision));
	for (size_t i = 0; i < m->patches.n; i++) {
		struct json *p = json_new_object(a);
		char hex[DIGEST_HEX + 1];

		digest_hex(&m->patches.v[i].digest, hex);
		put_text(a, p, "file", m->patches.v[i].file);
		put_text(a, p, "sha256", str_dup(a, str_of(hex)));
		json_add(a, patches, p);
	}
	if (m->patches.n)
		json_put(a, o, STR("patches"), patches);
}

struct json *plan_module_facts(struct arena *a, const struct module *m)
{
	struct json *o = json_new_object(a);
	struct str url, ref;

	mod_source(a, m, &url, &ref);
	put_text(a, o, "path", m->path);
	put_text(a, o, "version", m->version);
	put_text(a, o, "replaced_by", m->by_path);
	put_text(a, o, "replaced_by_version", m->by_version);
	put_text(a, o, "licence", m->manifest->licence);
	put_text(a, o, "source", url);
	put_text(a, o, "ref", ref);
	put_text(a, o, "sum", m->sum);
	put_port(a, o, m);
	put_contents(a, o, m->manifest);
	return o;
}

static int by_path(const void *x, const void *y)
{
	const struct module *const *a = x, *const *b = y;

	return str_cmp((*a)->path, (*b)->path);
}

static struct str note_json(struct plan *p, const struct program *prog, struct package *const *v,
			    size_t n)
{
	struct arena *a = p->arena;
	struct json *o = json_new_object(a), *list = json_new_array(a);
	VEC(const struct module *) modules = {0};
	struct map seen = {0};

	for (size_t i = 0; i < n; i++) {
		bool added;

		map_put(a, &seen, v[i]->module->path, &added);
		if (added && !v[i]->module->main)
			*vec_push(a, &modules) = v[i]->module;
	}
	if (modules.n)
		qsort(modules.v, modules.n, sizeof modules.v[0], by_path);
	for (size_t i = 0; i < modules.n; i++)
		json_add(a, list, plan_module_facts(a, modules.v[i]));
	put_text(a, o, "type", STR("cbuild"));
	put_text(a, o, "name", prog->package->module->path);
	put_text(a, o, "licence", prog->package->module->manifest->licence);
	put_contents(a, o, prog->package->module->manifest);
	put_text(a, o, "target", target_name(a, &p->opts.target));
	put_text(a, o, "toolchain",
		 str_fmt(a, "%.*s %.*s", STR_ARG(p->opts.tc->name), STR_ARG(p->opts.tc->version)));
	json_put(a, o, STR("modules"), list);
	return json_dump(a, o);
}

/* Owner "FDO", type 0xcafe1a7e, a text that ends with NULs and is a multiple of four long. */
static struct str note_assembly(struct arena *a, struct str json)
{
	size_t padded = (json.n + 4) / 4 * 4;
	struct buf b = {0};
	struct str out;

	buf_printf(&b,
		   "\t.section .note.package,\"a\",%%note\n\t.balign 4\n\t.long 4\n\t.long %zu\n"
		   "\t.long 0xcafe1a7e\n\t.asciz \"FDO\"\n\t.ascii ",
		   padded);
	buf_add_quoted(&b, json);
	buf_printf(&b, "\n\t.zero %zu\n\t.section .note.GNU-stack,\"\",%%progbits\n",
		   padded - json.n);
	out = str_dup(a, buf_str(&b));
	buf_fini(&b);
	return out;
}

struct action *plan_note(struct plan *p, const struct program *prog, struct package *const *v,
			 size_t n)
{
	struct arena *a = p->arena;
	struct str text = note_assembly(a, note_json(p, prog, v, n));
	struct str path = str_fmt(a, "%.*s/note/%.*s", STR_ARG(p->prefix), STR_ARG(prog->name));
	struct action *made = plan_text(p, str_fmt(a, "%.*s.s", STR_ARG(path)), text);
	struct action *x = plan_new_action(p, str_fmt(a, "note %.*s", STR_ARG(prog->name)));
	uint32_t src = action_input_from(a, x, made, 0);
	uint32_t obj = action_output(a, x, str_fmt(a, "%.*s.o", STR_ARG(path)), false);

	x->tool = p->opts.tc->compile_id;
	plan_add_words(p, x, &p->opts.tc->cc);
	action_arg(a, x, STR("-Wno-unused-command-line-argument"));
	action_arg(a, x, STR("-c"));
	action_arg(a, x, STR("-o"));
	action_arg_out(a, x, STR(""), obj);
	action_arg(a, x, STR("-x"));
	action_arg(a, x, STR("assembler"));
	action_arg_in(a, x, STR(""), src);
	return x;
}
