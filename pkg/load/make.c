/*
 * Files that are made: generate, embed and foreign. Those of a module appear as if they lay in its tree, so that
 * patterns, conventions and includes find them; in truth they are below build/OS-ARCH/gen (foreign:
 * build/OS-ARCH/foreign), in folders laid out as the module's, which the search paths shadow theirs with.
 *
 * Nothing is known about what a made file includes. So whoever reads one waits for everything that its
 * module and those it requires make; the depfile says what was read.
 */
#include "load/load_impl.h"

#include <string.h>

#include "base/path.h"
#include "sys/look.h"

struct str make_folder(struct loader *l, const struct mod_tree *t, const char *what)
{
	struct str module = t->module->main ? STR("main") : t->module->path;

	return str_fmt(l->a, "build/%.*s/%s/%.*s", STR_ARG(target_folder(l->a, &l->o->target)),
		       what, STR_ARG(module));
}

struct maker *make_new(struct loader *l, struct mod_tree *t, enum maker_kind kind)
{
	struct maker *m = arena_new(l->a, struct maker);

	m->kind = kind;
	m->module = t->module;
	m->root = t->root;
	*vec_push(l->a, &l->set->makers) = m;
	return m;
}

static bool spec_error(struct loader *l, const struct mod_tree *t, struct pos pos, struct err *e,
		       struct str what, const char *fix)
{
	err_at(e, ERR_INPUT, str_c(l->a, t->module->manifest->file), pos.line, pos.col, "%.*s",
	       STR_ARG(what));
	return err_fix(e, "%s", fix);
}

/* --- files of the tree that globs name ----------------------------------------------------------- */

struct glob_walk {
	struct loader *l;
	const struct mod_tree *t;
	const struct str_vec *globs;
	bool hidden;	     /* some glob names hidden files, or all are wanted */
	struct str_vec *out; /* relative to the module's root */
};

static bool glob_keeps(const struct glob_walk *w, struct str rel)
{
	bool keep = false;

	for (size_t i = 0; i < w->globs->n; i++) {
		struct str g = w->globs->v[i];

		if (g.p[0] == '!' && str_glob(str_skip(g, 1), rel))
			return false;
		keep = keep || (g.p[0] != '!' && str_glob(g, rel));
	}
	return keep;
}

static bool names_hidden(const struct str_vec *globs)
{
	for (size_t i = 0; i < globs->n; i++)
		if (globs->v[i].p[0] == '.' || str_containsc(globs->v[i], "/."))
			return true;
	return false;
}

/* What cbuild itself makes in the tree is in nobody's inputs. */
static bool skips(const struct glob_walk *w, struct str path, struct str name, unsigned depth)
{
	if ((name.p[0] == '.' && !w->hidden) || str_eqc(name, ".git"))
		return true;
	if (!w->t->module->main)
		return false;
	if (!depth && (str_eqc(name, "build") || str_eqc(name, "compile_commands.json")))
		return true;
	return str_eq(path_join(w->l->a, w->l->o->root, path_join(w->l->a, w->t->root, path)),
		      w->l->o->cache_dir);
}

static bool glob_walk(struct glob_walk *w, struct str rel, unsigned depth, struct err *e)
{
	enum { DEPTH_MAX = 64 };
	struct folder *f = tree_folder(w->l, path_join(w->l->a, w->t->root, rel));

	if (depth > DEPTH_MAX)
		return err_at(e, ERR_INPUT, str_c(w->l->a, rel), 0, 0,
			      "folders nest deeper than %d", DEPTH_MAX);
	if (depth && map_get(&f->names, STR("cbuild.yaml")))
		return true;
	for (size_t i = 0; i < f->names.n; i++) {
		struct str name = f->names.items[i].key, path = path_join(w->l->a, rel, name);
		uint64_t kind = f->names.items[i].num;

		if (skips(w, path, name, depth))
			continue;
		if (kind == FILE_FOLDER) {
			if (!glob_walk(w, path, depth + 1, e))
				return false;
			continue;
		}
		if (!glob_keeps(w, path) ||
		    !tree_has_file(w->l, path_join(w->l->a, w->t->root, path)))
			continue;
		if (!path_is_local(path))
			return err_at(e, ERR_INPUT, str_c(w->l->a, path), 0, 0,
				      "no file of such a name can be used");
		*vec_push(w->l->a, w->out) = path;
	}
	return true;
}

/* The files that globs name, in order, relative to the module's root; each glob must name one. */
static bool find_files(struct loader *l, const struct mod_tree *t, const struct str_vec *globs,
		       struct pos pos, struct str_vec *out, struct err *e)
{
	struct glob_walk w = {l, t, globs, names_hidden(globs), out};

	if (!glob_walk(&w, STR("."), 0, e))
		return false;
	for (size_t i = 0; i < globs->n; i++) {
		struct str g = globs->v[i];
		bool used = g.p[0] == '!' || map_get(&t->made, g) != NULL;

		for (size_t k = 0; !used && k < out->n; k++)
			used = str_glob(g, out->v[k]);
		if (!used)
			return spec_error(
			    l, t, pos, e, str_fmt(l->a, "'%.*s' names no file", STR_ARG(g)),
			    "paths are relative to the folder of the manifest; '*' does "
			    "not mean hidden files, nor those of other modules");
	}
	str_vec_sort_unique(out);
	return true;
}

/* --- generate and embed -------------------------------------------------------------------------- */

static bool add_made(struct loader *l, struct mod_tree *t, struct maker *m, struct str rel,
		     struct pos pos, struct err *e)
{
	struct made *x = arena_new(l->a, struct made);
	struct str dir = path_dir(rel);

	*x = (struct made){.maker = m, .rel = rel, .path = path_join(l->a, t->gen, rel)};
	if (tree_has_file(l, path_join(l->a, t->root, rel)))
		return spec_error(
		    l, t, pos, e,
		    str_fmt(l->a, "'%.*s' is to be made and is there already", STR_ARG(rel)),
		    "remove the file, or give the output another name");
	*vec_push(l->a, &m->out) = x->path;
	map_put(l->a, &t->made, rel, NULL)->ptr = x;
	map_put(l->a, &l->made, x->path, NULL)->ptr = x;
	if (tree_is_source(rel) || str_endsc(rel, ".h") || str_endsc(rel, ".inc"))
		*vec_push(l->a, &t->files) = rel;
	if (str_vec_has(&t->quote, path_dir(x->path)))
		return true;
	*vec_push(l->a, &t->quote) = path_dir(x->path);
	*vec_push(l->a, &t->quote) = path_join(l->a, t->root, dir);
	return true;
}

static bool add_generator(struct loader *l, struct mod_tree *t, const struct generate_spec *g,
			  struct err *e)
{
	struct maker *m = make_new(l, t, MAKER_RUN);

	m->generate = g;
	m->dir = t->gen;
	for (size_t i = 0; i < g->out.n; i++)
		if (!add_made(l, t, m, g->out.v[i], g->pos, e))
			return false;
	return true;
}

/* Inputs in the order in which the manifest names them: made files and files by pattern. */
static bool add_inputs(struct loader *l, struct mod_tree *t, struct maker *m, struct err *e)
{
	const struct generate_spec *g = m->generate;

	for (size_t i = 0; i < g->in.n; i++) {
		const struct made *made = map_ptr(&t->made, g->in.v[i]);
		struct str_vec one = {0}, found = {0};

		if (g->in.v[i].p[0] == '!')
			continue;
		if (made) {
			*vec_push(l->a, &m->in) = made->path;
			continue;
		}
		*vec_push(l->a, &one) = g->in.v[i];
		for (size_t k = 0; k < g->in.n; k++)
			if (g->in.v[k].p[0] == '!')
				*vec_push(l->a, &one) = g->in.v[k];
		if (!find_files(l, t, &one, g->pos, &found, e))
			return false;
		for (size_t k = 0; k < found.n; k++)
			*vec_push(l->a, &m->in) = path_join(l->a, t->root, found.v[k]);
	}
	return true;
}

static bool add_embed(struct loader *l, struct mod_tree *t, const struct embed_spec *spec,
		      struct err *e)
{
	struct maker *header = make_new(l, t, MAKER_HEADER);
	struct maker *assembly = make_new(l, t, MAKER_ASSEMBLY);

	header->dir = assembly->dir = t->gen;
	if (!find_files(l, t, &spec->files, spec->pos, &assembly->files, e) ||
	    !add_made(l, t, header, str_fmt(l->a, "embed/%.*s.h", STR_ARG(spec->name)), spec->pos,
		      e) ||
	    !add_made(l, t, assembly, str_fmt(l->a, "embed/%.*s.s", STR_ARG(spec->name)), spec->pos,
		      e))
		return false;
	for (size_t i = 0; i < assembly->files.n; i++)
		*vec_push(l->a, &assembly->in) = path_join(l->a, t->root, assembly->files.v[i]);
	return true;
}

bool make_find(struct loader *l, struct mod_tree *t, struct err *e)
{
	const struct manifest *m = t->module->manifest;

	if (!m->generate.n && !m->embed.n)
		return true;
	t->gen = make_folder(l, t, "gen");
	for (size_t i = 0; i < m->generate.n; i++)
		if (!add_generator(l, t, &m->generate.v[i], e))
			return false;
	for (size_t i = 0; i < l->set->makers.n; i++)
		if (l->set->makers.v[i]->module == t->module &&
		    l->set->makers.v[i]->kind == MAKER_RUN &&
		    !add_inputs(l, t, l->set->makers.v[i], e))
			return false;
	for (size_t i = 0; i < m->embed.n; i++)
		if (!add_embed(l, t, &m->embed.v[i], e))
			return false;
	str_vec_sort_unique(&t->files);
	return true;
}

void make_shadows(struct loader *l, struct mod_tree *t, struct str_vec *dirs)
{
	size_t n = t->gen.n ? dirs->n : 0;

	for (size_t i = 0; i < n; i++) {
		struct str rel = path_rel(l->a, t->root, dirs->v[i]);
		struct str shadow = path_join(l->a, t->gen, rel);
		bool any = false;

		for (size_t k = 0; k < t->made.n; k++)
			any = any || path_within(rel, t->made.items[k].key);
		if (any && !str_vec_has(dirs, shadow))
			*vec_push(l->a, dirs) = shadow;
	}
}

/* --- foreign ------------------------------------------------------------------------------------- */

/* Programs that each system runs; looked up in PATH, and part of the key. */
static const struct {
	const char *system, *tools[4];
} system_tools[] = {
    {"autotools", {"make"}}, {"cmake", {"cmake", "make"}},  {"command", {NULL}},
    {"make", {"make"}},	     {"meson", {"meson", "ninja"}}, {"openssl", {"perl", "make"}},
};

static void add_tools(struct loader *l, struct maker *m, const struct foreign_spec *f)
{
	*vec_push(l->a, &m->tools) = STR("sh");
	*vec_push(l->a, &m->tools) = STR("ar");
	for (size_t i = 0; i < sizeof system_tools / sizeof system_tools[0]; i++)
		for (size_t k = 0;
		     str_eqc(f->system, system_tools[i].system) && system_tools[i].tools[k]; k++)
			*vec_push(l->a, &m->tools) = str_of(system_tools[i].tools[k]);
	for (size_t i = 0; i < f->tools.n; i++)
		*vec_push(l->a, &m->tools) = f->tools.v[i];
}

bool make_foreign(struct loader *l, struct mod_tree *t, struct package *p, struct err *e)
{
	static struct str everything[] = {{"**", 2}};
	static const struct str_vec all = {.v = everything, .n = 1};
	const struct foreign_spec *f = &p->spec->foreign;
	struct maker *m = make_new(l, t, MAKER_FOREIGN);
	/* In a project's own folder they are those of editors and caches. */
	struct glob_walk w = {l, t, &all, !t->module->main, &m->in};

	m->foreign = p->spec;
	m->dir =
	    str_fmt(l->a, "%.*s/%.*s", STR_ARG(make_folder(l, t, "foreign")), STR_ARG(p->name));
	p->foreign = m;
	*vec_push(l->a, &l->foreign) = p;
	add_tools(l, m, f);
	if (!glob_walk(&w, STR("."), 0, e))
		return false;
	str_vec_sort_unique(&m->in);
	for (size_t i = 0; i < m->in.n; i++)
		m->in.v[i] = path_join(l->a, t->root, m->in.v[i]);
	for (size_t i = 0; i < f->libs.n; i++)
		*vec_push(l->a, &m->out) = path_join(l->a, m->dir, f->libs.v[i]);
	for (size_t i = 0; i < f->include.n; i++) {
		*vec_push(l->a, &m->out) = path_join(l->a, m->dir, f->include.v[i]);
		*vec_push(l->a, &t->exports) = m->out.v[m->out.n - 1];
	}
	return true;
}

/* A header below an include folder of p's foreign build that its globs name; or NULL. */
static const struct made *foreign_header(struct loader *l, struct package *p, struct str path)
{
	const struct foreign_spec *f = &p->spec->foreign;
	struct made *x;

	for (size_t i = f->libs.n; i < p->foreign->out.n; i++) {
		struct str dir = p->foreign->out.v[i];

		if (!path_within(dir, path) || path.n == dir.n)
			continue;
		for (size_t k = 0; k < f->headers.n; k++) {
			if (!str_glob(f->headers.v[k], str_skip(path, dir.n + 1)))
				continue;
			x = arena_new(l->a, struct made);
			*x = (struct made){p->foreign, path, path, p};
			map_put(l->a, &l->made, path, NULL)->ptr = x;
			return x;
		}
	}
	return NULL;
}

const struct made *make_at(struct loader *l, struct str path)
{
	const struct made *x = map_ptr(&l->made, path);

	for (size_t i = 0; !x && i < l->foreign.n; i++)
		x = foreign_header(l, l->foreign.v[i], path);
	return x;
}

/* --- who waits for whom -------------------------------------------------------------------------- */

void make_wait(struct loader *l, struct source *s, struct maker *m)
{
	for (size_t i = 0; i < s->waits.n; i++)
		if (s->waits.v[i] == m)
			return;
	*vec_push(l->a, &s->waits) = m;
}

const struct program *load_program(const struct package_set *set, const struct module *m,
				   struct str name)
{
	const struct program *found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < set->packages.n; i++) {
		const struct package *p = set->packages.v[i];

		for (size_t k = 0; str_eq(p->module->path, m->path) &&
				   str_eq(p->module->dir, m->dir) && k < p->programs.n;
		     k++) {
			if (name.n && !str_eq(p->programs.v[k].name, name))
				continue;
			found = &p->programs.v[k];
			n++;
		}
	}
	return n == 1 ? found : NULL;
}

/* Whether the program that m runs is built from s's package: then s cannot wait for m. */
static bool runs_on(struct loader *l, const struct maker *m, const struct source *s)
{
	const struct program *prog;
	struct arena scratch = {0};
	struct package **v;
	size_t n;
	bool found = false;

	if (!m->tool_program.n)
		return false;
	prog = load_program(l->set, m->tool_module, m->tool_program);
	if (!prog)
		return false;
	load_closure(&scratch, prog->package, false, &v, &n);
	for (size_t i = 0; i < n; i++)
		found = found || v[i] == s->package;
	arena_fini(&scratch);
	return found;
}

static bool may_read(const struct source *s, const struct maker *m)
{
	const struct package *p = s->package;
	bool sees = m->module == p->module;

	for (size_t i = 0; !sees && i < p->system_include.n; i++)
		for (size_t k = 0; k < m->out.n; k++)
			sees = sees || path_within(p->system_include.v[i], m->out.v[k]);
	return sees && m->kind != MAKER_ASSEMBLY;
}

static void wait_for_all(struct loader *l, struct source *s)
{
	for (size_t i = 0; i < l->set->makers.n; i++) {
		struct maker *m = l->set->makers.v[i];

		if (may_read(s, m) && (!s->made || s->made->maker != m) && !runs_on(l, m, s))
			make_wait(l, s, m);
	}
}

/* --- what is run --------------------------------------------------------------------------------- */

/* A script's interpreter is what really runs. */
static void add_interpreter(struct loader *l, struct maker *m, const char *path)
{
	struct arena scratch = {0};
	struct file_map map;
	struct str text, line, word;

	if (!file_map_open(path, &map))
		return;
	text = str_from(map.p, map.n);
	if (str_startsc(text, "#!") && str_line(&text, &line)) {
		line = str_trim(str_skip(line, 2));
		word = str_cut(&line, ' ');
		if (str_eqc(path_base(word), "env"))
			word = str_cut(&line, ' ');
		if (word.n && path_search(l->a, str_c(&scratch, word), &word))
			*vec_push(l->a, &m->tools) = word;
	}
	file_map_close(&map);
	arena_fini(&scratch);
}

static bool add_tool(struct loader *l, struct maker *m, struct str name, struct pos pos,
		     struct err *e)
{
	struct str path;

	if (path_search(l->a, str_c(l->a, name), &path)) {
		*vec_push(l->a, &m->tools) = path;
		add_interpreter(l, m, path.p);
		return true;
	}
	if (l->o->no_tools)
		return true;
	err_at(e, ERR_INPUT, str_c(l->a, m->module->manifest->file), pos.line, pos.col,
	       "'%.*s' is no program %sin PATH", STR_ARG(name),
	       m->kind == MAKER_RUN ? "of this module and none " : "");
	return err_fix(e, "install it, or correct its name");
}

/* MODULE/PROGRAM or MODULE of a module that is required. */
static bool find_required(struct loader *l, struct maker *m, struct str name)
{
	for (size_t i = 0; i < l->module_count; i++) {
		const struct module *q = l->modules[i].module;
		struct str program;

		if (!q->path.n || !path_within(q->path, name))
			continue;
		program = name.n > q->path.n ? str_skip(name, q->path.n + 1) : STR("");
		if (!load_program(l->set, q, program))
			continue;
		m->tool_module = q;
		m->tool_program = load_program(l->set, q, program)->name;
		return true;
	}
	return false;
}

static bool find_runner(struct loader *l, struct maker *m, struct err *e)
{
	struct str name = m->generate->run.v[0];
	struct str file = path_join(l->a, m->root, name);

	if (str_startsc(name, "./")) {
		if (!tree_has_file(l, file))
			return spec_error(l, scan_module_of(l, file), m->generate->pos, e,
					  str_fmt(l->a, "'%.*s' does not exist", STR_ARG(name)),
					  "paths are relative to the folder of the manifest");
		*vec_push(l->a, &m->tools) = file;
		add_interpreter(l, m, file.p);
		return true;
	}
	if (load_program(l->set, m->module, name)) {
		m->tool_module = m->module;
		m->tool_program = name;
		return true;
	}
	return find_required(l, m, name) || add_tool(l, m, name, m->generate->pos, e);
}

static bool find_tools(struct loader *l, struct maker *m, struct err *e)
{
	struct str_vec names = m->tools;

	if (m->kind == MAKER_RUN)
		return find_runner(l, m, e);
	m->tools = (struct str_vec){0};
	for (size_t i = 0; i < names.n; i++)
		if (!add_tool(l, m, names.v[i], m->foreign->foreign.pos, e))
			return false;
	return true;
}

bool make_finish(struct loader *l, struct err *e)
{
	for (size_t i = 0; i < l->set->makers.n; i++)
		if (!find_tools(l, l->set->makers.v[i], e))
			return false;
	for (size_t i = 0; i < l->waiting.n; i++)
		wait_for_all(l, l->waiting.v[i]);
	return true;
}

struct maker *load_maker(const struct package_set *set, struct str path)
{
	for (size_t i = 0; i < set->makers.n; i++)
		if (str_vec_has(&set->makers.v[i]->out, path))
			return set->makers.v[i];
	return NULL;
}
