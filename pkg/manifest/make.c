/*
 * Readers of what makes files: generate, embed, foreign.
 */
#include <string.h>

#include "base/path.h"
#include "manifest/manifest_impl.h"

static const char *const systems[] = {"autotools", "cmake",   "command", "make",
				      "meson",	   "openssl", NULL};

/* --- words with places for paths --- */

bool generate_place(struct str word, struct generate_place *out)
{
	static const char *const names[] = {"$in", "$out"};

	*out = (struct generate_place){.text = word};
	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(names[i]), at = 0;
		uint64_t number = 0;
		struct str tail;

		while (at + n <= word.n && memcmp(word.p + at, names[i], n) != 0)
			at++;
		if (at + n > word.n)
			continue;
		tail = str_skip(word, at + n);
		if (tail.n && (!str_u64(tail, &number) || !number || number > SIZE_MAX))
			return false;
		*out = (struct generate_place){.text = str_from(word.p, at),
					       .kind = i ? PLACE_OUT : PLACE_IN,
					       .number = number};
		return true;
	}
	return true;
}

static bool place_fits(const struct generate_place *p, size_t n)
{
	if (p->kind == PLACE_NONE)
		return true;
	return p->number ? p->number <= n : n > 0 && (n == 1 || !p->text.n);
}

/* Patterns stand for as many inputs as there are files. */
static bool has_pattern(const struct str_vec *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_find(v->v[i], '*') < v->v[i].n || v->v[i].p[0] == '!')
			return true;
	return false;
}

static void check_places(struct reader *r, const struct yaml_node *v, const struct generate_spec *g)
{
	for (size_t i = 0; i < g->run.n; i++) {
		struct generate_place p;
		size_t n;

		if (!generate_place(g->run.v[i], &p) || (i == 0 && p.kind != PLACE_NONE)) {
			mistake(r, v,
				"a word ends in $in or $out, or in $in2, $out2 for one of several",
				"malformed word '%.*s' in 'run'", STR_ARG(g->run.v[i]));
			continue;
		}
		n = p.kind == PLACE_OUT ? g->out.n : has_pattern(&g->in) ? SIZE_MAX : g->in.n;
		if (!place_fits(&p, n))
			mistake(r, v,
				"$in and $out of several files stand alone; $in1 and $out1 count "
				"from 1",
				"'%.*s' in 'run' names no file", STR_ARG(g->run.v[i]));
	}
}

void read_run(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	struct str_vec *words = str_vec;
	struct str name;

	read_words(r, v, words);
	if (!words->n)
		return;
	name = words->v[0];
	if (str_startsc(name, "./"))
		name = str_skip(name, 2);
	if (!path_is_local(name) || !is_name(name, "._+~-/"))
		mistake(
		    r, v,
		    "name a program of this module, MODULE/PROGRAM of a required one, ./FILE of "
		    "this one, or a tool in PATH",
		    "malformed program name '%.*s'", STR_ARG(words->v[0]));
}

/* A file that is made; where is cbuild's own to say. */
static void each_made(struct reader *r, const struct yaml_node *v, void *out)
{
	struct str path = path_clean(r->a, v->text);

	if (!path_is_local(path) || !is_name(path, "._+-/"))
		mistake(r, v,
			"name a file or folder below the manifest's folder, without wildcards",
			"malformed '%.*s' '%.*s'", STR_ARG(r->key), STR_ARG(v->text));
	else if (str_vec_has(out, path))
		mistake(r, v, "remove one of them", "'%.*s' is given twice", STR_ARG(path));
	else
		*vec_push(r->a, (struct str_vec *)out) = path;
}

void read_made(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	read_each(r, v, each_made, str_vec);
}

static void read_generator(struct reader *r, const struct yaml_node *v, struct manifest *m)
{
	struct generate_spec g = {.pos = node_pos(v)};
	size_t before = r->mistakes;

	read_map(r, v, "generate", &g);
	if (r->mistakes != before)
		return;
	if (!g.run.n || !g.out.n) {
		mistake(r, v, "write {run: [PROGRAM, $in, $out], in: FILE, out: FILE}",
			"'generate' without '%s'", g.run.n ? "out" : "run");
		return;
	}
	check_places(r, v, &g);
	for (size_t i = 0; i < m->generate.n; i++)
		for (size_t k = 0; k < g.out.n; k++)
			if (str_vec_has(&m->generate.v[i].out, g.out.v[k]))
				mistake(r, v, "let one item make it", "'%.*s' is made twice",
					STR_ARG(g.out.v[k]));
	*vec_push(r->a, &m->generate) = g;
}

void read_generate(struct reader *r, const struct yaml_node *v, void *manifest)
{
	if (v->kind == YAML_MAP) {
		read_generator(r, v, manifest);
		return;
	}
	if (v->kind == YAML_TEXT)
		mistake(r, v, "write '- {run: [PROGRAM, $in, $out], in: FILE, out: FILE}' lines",
			"'generate' must be a list of maps, not text");
	for (size_t i = 0; i < v->items.n; i++)
		read_generator(r, v->items.v[i], manifest);
}

void read_embed(struct reader *r, const struct yaml_node *v, void *manifest)
{
	struct manifest *m = manifest;

	for (size_t i = 0; want_map(r, v) && i < v->pairs.n; i++) {
		struct embed_spec *e = vec_push(r->a, &m->embed);

		r->key = e->name = v->pairs.v[i].key->text;
		e->pos = node_pos(v->pairs.v[i].key);
		if (!is_identifier(e->name))
			mistake(r, v->pairs.v[i].key,
				"it becomes part of symbols: letters, digits and _",
				"malformed name '%.*s' in 'embed'", STR_ARG(e->name));
		read_globs(r, v->pairs.v[i].value, &e->files);
		if (!e->files.n)
			mistake(r, v->pairs.v[i].key, "write globs, as in [static/**]",
				"'%.*s' in 'embed' names no files", STR_ARG(e->name));
	}
}

/* --- foreign --- */

void read_system(struct reader *r, const struct yaml_node *v, void *str)
{
	struct str fix;

	if (!want_text(r, v))
		return;
	*(struct str *)str = v->text;
	if (is_known(v->text, systems))
		return;
	fix = str_fmt(r->a, "known: %s", join_names(r->a, systems));
	mistake(r, v, fix.p, "unknown 'system' '%.*s'", STR_ARG(v->text));
}

void read_folder(struct reader *r, const struct yaml_node *v, void *str)
{
	struct str_vec one = {0};

	if (!want_text(r, v))
		return;
	read_folders(r, v, &one);
	if (one.n)
		*(struct str *)str = one.v[0];
}

static void each_program(struct reader *r, const struct yaml_node *v, void *out)
{
	if (is_name(v->text, "_.+-"))
		keep_word(r, v, out);
	else
		mistake(r, v, "write the name alone, without its folder",
			"malformed program name '%.*s'", STR_ARG(v->text));
}

void read_programs(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	read_each(r, v, each_program, str_vec);
}

void read_foreign(struct reader *r, const struct yaml_node *v, void *package)
{
	struct foreign_spec *f = &((struct package_spec *)package)->foreign;
	size_t before = r->mistakes;

	f->pos = node_pos(v);
	read_map(r, v, "foreign", f);
	if (r->mistakes != before)
		return;
	if (!f->system.n || !(f->libs.n + f->include.n))
		mistake(r, v, "write {system: cmake, libs: [libx.a], include: [include]}",
			"'foreign' without '%s'", f->system.n ? "libs" : "system");
	else if (str_eqc(f->system, "command") && !f->args.n)
		mistake(r, v, "give the command as 'args'", "'foreign' without 'args'");
}

void read_module_foreign(struct reader *r, const struct yaml_node *v, void *manifest)
{
	struct manifest *m = manifest;
	struct package_spec p = {.name = STR("foreign"), .pos = node_pos(v)};

	read_foreign(r, v, &p);
	*vec_push(r->a, &m->packages) = p;
}

void finish_foreign(struct reader *r, struct manifest *m)
{
	for (size_t i = 0; i < m->packages.n; i++) {
		struct foreign_spec *f = &m->packages.v[i].foreign;
		struct yaml_node at = {.line = f->pos.line, .col = f->pos.col};

		if (!f->include.n || f->headers.n)
			continue;
		f->headers = m->provides_headers;
		if (!f->headers.n)
			mistake(r, &at,
				"add 'headers', globs of what users include: [openssl/*.h]; they "
				"are not there yet when includes are looked up",
				"'foreign' with 'include' but without 'headers'");
	}
}
