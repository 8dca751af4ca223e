/*
 * cbuild version: its own, and with -m what programs are made of, as they say themselves (.note.package).
 */
#include "cmd.h"

#include <stdio.h>

#include "format/elf.h"
#include "format/json.h"
#include "sys/look.h"

#ifndef CBUILD_VERSION
#define CBUILD_VERSION "0.1.0-dev"
#endif

struct str cbuild_version(void)
{
	return STR(CBUILD_VERSION);
}

static struct str text_of(const struct json *o, const char *key)
{
	const struct json *v = json_get(o, key);

	return v && v->kind == JSON_KIND_TEXT ? v->text : STR("");
}

/* What a program says of itself is anybody's text: no control byte of it reaches a terminal. */
static void print_text(const char *before, struct str s)
{
	if (s.n)
		fputs(before, stdout);
	for (size_t i = 0; i < s.n; i++)
		putchar((unsigned char)s.p[i] < ' ' || s.p[i] == 127 ? '?' : s.p[i]);
}

static void print_contents(const struct json *o)
{
	const struct json *contents = json_get(o, "contains");

	for (size_t i = 0; contents && contents->kind == JSON_KIND_OBJECT && i < contents->n; i++) {
		print_text("\tcontains\t", contents->keys[i]);
		if (contents->items[i]->kind == JSON_KIND_TEXT)
			print_text("\t", contents->items[i]->text);
		putchar('\n');
	}
}

static void print_port(const struct json *o)
{
	const struct json *revision = json_get(o, "revision"), *patches = json_get(o, "patches");

	if (revision && revision->kind == JSON_KIND_INT)
		printf("\trevision\t%lld\n", (long long)revision->num);
	for (size_t i = 0; patches && patches->kind == JSON_KIND_ARRAY && i < patches->n; i++) {
		print_text("\tpatch\t", text_of(patches->items[i], "file"));
		print_text("\tsha256:", text_of(patches->items[i], "sha256"));
		putchar('\n');
	}
}

/* One line each, tabs between, as `go version -m` has them. */
static void print_note(struct str file, const struct json *o)
{
	static const char *const keys[] = {"toolchain", "target"};
	static const char *const facts[] = {"version", "licence", "sum", "source", "ref"};
	const struct json *modules = json_get(o, "modules");

	printf("%.*s:", STR_ARG(file));
	print_text(" ", text_of(o, "type"));
	print_text("\n\tmod\t", text_of(o, "name"));
	print_text("\t", text_of(o, "licence"));
	putchar('\n');
	print_contents(o);
	for (size_t i = 0; modules && modules->kind == JSON_KIND_ARRAY && i < modules->n; i++) {
		print_text("\tdep\t", text_of(modules->items[i], "path"));
		for (size_t k = 0; k < sizeof facts / sizeof facts[0]; k++) {
			struct str fact = text_of(modules->items[i], facts[k]);

			print_text("\t", fact.n ? fact : STR("-"));
		}
		print_text("\n\t=>\t", text_of(modules->items[i], "replaced_by"));
		print_text("\t", text_of(modules->items[i], "replaced_by_version"));
		putchar('\n');
		print_port(modules->items[i]);
		print_contents(modules->items[i]);
	}
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (text_of(o, keys[i]).n) {
			printf("\tbuild\t%s", keys[i]);
			print_text("=", text_of(o, keys[i]));
			putchar('\n');
		}
}

static bool read_note(struct arena *a, struct str file, struct json **out, struct err *e)
{
	const char *path = str_c(a, file);
	struct elf_facts f;
	struct file_map m;
	bool ok;

	if (!file_map_open(path, &m))
		return err_at(e, ERR_IO, path, 0, 0, "it cannot be read");
	ok = elf_read(a, str_from(m.p, m.n), &f, e);
	file_map_close(&m);
	if (!ok)
		return err_wrap(e, "reading %s", path);
	if (!f.package.n) {
		err_at(e, ERR_INPUT, path, 0, 0, "it does not say what it is made of");
		return err_fix(e,
			       "programs that `cbuild build` links do; others may lack the section "
			       ".note.package");
	}
	return json_parse(a, f.package, path, out, e);
}

static bool show_file(struct cmd *c, struct str file, struct err *e)
{
	struct arena *a = &c->arena;
	struct json *note, *line;
	struct str text;

	if (!read_note(a, file, &note, e))
		return false;
	if (!c->json) {
		print_note(file, note);
		return true;
	}
	line = json_new_object(a);
	json_put(a, line, STR("file"), json_new_text(a, file));
	json_put(a, line, STR("package"), note);
	text = json_dump(a, line);
	printf("%.*s\n", STR_ARG(text));
	return true;
}

bool verb_version(struct cmd *c, struct str_vec *args, struct err *e)
{
	bool modules = false;
	const struct opt opts[] = {{"-m", OPT_FLAG, &modules}, {0}};
	struct target host = target_host();

	if (!opt_parse(c, args, opts, false, e))
		return false;
	if (!modules && args->n) {
		err_set(e, ERR_USAGE, "version takes files with -m only");
		return err_fix(e, "cbuild version -m FILE...");
	}
	if (modules && !args->n) {
		err_set(e, ERR_USAGE, "version -m wants a program's file");
		return err_fix(e, "cbuild version -m build/linux-amd64/bin/NAME");
	}
	for (size_t i = 0; i < args->n; i++)
		if (!show_file(c, args->v[i], e))
			return false;
	if (!modules)
		printf("cbuild %s %.*s\n", CBUILD_VERSION, STR_ARG(target_name(&c->arena, &host)));
	return true;
}
