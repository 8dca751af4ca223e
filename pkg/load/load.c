/*
 * The walk: modules -> packages -> sources -> closures -> imports -> programs.
 */
#include "load/load_impl.h"

#include <stdlib.h>

#include "base/path.h"

static struct str module_root(struct loader *l, const struct module *m)
{
	if (m->main)
		return STR(".");
	if (m->cache_name.n)
		return path_join(l->a, l->o->mod_mount, m->cache_name);
	return path_rel(l->a, l->o->root, m->dir);
}

/* For messages: the main module need not have a path. */
static struct str module_label(const struct mod_tree *t)
{
	return t->module->main ? STR("this module") : t->module->path;
}

static bool find_packages(struct loader *l, struct err *e)
{
	l->module_count = l->o->list->modules.n;
	l->modules = arena_array(l->a, struct mod_tree, l->module_count);
	for (size_t i = 0; i < l->module_count; i++) {
		struct mod_tree *t = &l->modules[i];

		t->module = &l->o->list->modules.v[i];
		t->root = module_root(l, t->module);
		if (!packages_find(l, t, e))
			return err_wrap(e, "loading %.*s", STR_ARG(module_label(t)));
		if (t->module->main) {
			l->set->files = t->files;
			str_vec_sort_unique(&l->set->templates);
			str_vec_sort_unique(&l->set->recipes);
		}
	}
	sees_find(l);
	for (size_t i = 0; i < l->module_count; i++)
		if (!packages_sources(l, &l->modules[i], e))
			return err_wrap(e, "choosing sources of %.*s",
					STR_ARG(module_label(&l->modules[i])));
	return true;
}

static bool scan_sources(struct loader *l, struct source **v, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct node *node;

		if (!scan_closure(l, v[i], e))
			return false;
		node = scan_node(l, scan_module_of(l, v[i]->path), v[i]->path, e);
		if (!node)
			return false;
		v[i]->has_main = scan_has_main(v[i]->package, &node->facts);
		if (v[i]->is_test)
			v[i]->tests = node->facts.tests;
	}
	return true;
}

/*
 * A .c file that another source of the package includes is not compiled by itself, unless it is named or
 * is its header's optional inline part.
 */
static void drop_included(struct loader *l, struct package *p)
{
	struct map included = {0};
	size_t kept = 0;

	for (size_t i = 0; i < p->sources.n; i++)
		for (size_t k = 0; k < p->sources.v[i]->closure.n; k++)
			if (tree_is_source(p->sources.v[i]->closure.v[k]))
				map_put(l->a, &included, p->sources.v[i]->closure.v[k], NULL);
	if (!included.n)
		return;
	for (size_t i = 0; i < p->sources.n; i++) {
		struct source *s = p->sources.v[i];

		if (s->named || s->includes_itself || !map_get(&included, s->path))
			p->sources.v[kept++] = s;
	}
	p->sources.n = kept;
}

static int by_index(const void *a, const void *b)
{
	const struct package *const *x = a, *const *y = b;

	return ((*x)->index > (*y)->index) - ((*x)->index < (*y)->index);
}

/* Collects the owners of all sources' closures, each once, in index order. */
static void collect_imports(struct loader *l, struct package *self, struct source **v, size_t n,
			    struct package ***out, size_t *out_n)
{
	VEC(struct package *) all = {0};
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < v[i]->owners.n; k++)
			*vec_push(l->a, &all) = v[i]->owners.v[k];
	if (all.n)
		qsort(all.v, all.n, sizeof all.v[0], by_index);
	for (size_t i = 0; i < all.n; i++)
		if (all.v[i] != self && (kept == 0 || all.v[kept - 1] != all.v[i]))
			all.v[kept++] = all.v[i];
	*out = all.v;
	*out_n = kept;
}

/* Tests settle no choice: what their headers may belong to is imported, all of it. */
static void collect_choices(struct loader *l, struct package *p)
{
	for (size_t i = 0; i < p->sources.n; i++)
		for (size_t k = 0; k < p->sources.v[i]->choices.n; k++)
			packages_group_add(l->a, &p->choices, p->sources.v[i]->choices.v[k]);
	for (size_t i = 0; i < p->tests.n; i++) {
		struct source *s = p->tests.v[i];

		for (size_t k = 0; k < s->choices.n; k++)
			for (size_t j = 0; j < s->choices.v[k].n; j++)
				*vec_push(l->a, &s->owners) = s->choices.v[k].v[j];
		s->choices.n = 0;
	}
}

static struct package *by_name(struct loader *l, const struct module *m, struct str name)
{
	for (size_t i = 0; i < l->set->packages.n; i++) {
		struct package *p = l->set->packages.v[i];

		if ((p->module == m && str_eq(p->name, name)) || str_eq(p->module->path, name))
			return p;
	}
	return NULL;
}

/* `uses:` names packages linked though no include says so. */
static bool add_uses(struct loader *l, struct package *p, struct err *e)
{
	for (size_t i = 0; p->spec && i < p->spec->uses.n; i++) {
		struct package *q = by_name(l, p->module, p->spec->uses.v[i]);

		if (!q) {
			err_at(e, ERR_INPUT, str_c(l->a, p->module->manifest->file),
			       p->spec->pos.line, p->spec->pos.col,
			       "package '%.*s' uses '%.*s', which is no package of this module and "
			       "no module",
			       STR_ARG(p->name), STR_ARG(p->spec->uses.v[i]));
			return err_fix(
			    e, "name a key under packages:, a folder, or a required module's path");
		}
		*vec_push(l->a, &p->imports) = q;
	}
	return true;
}

static struct str program_name(struct loader *l, const struct package *p, const struct source *s,
			       size_t mains)
{
	struct str stem = path_stem(s->rel), base;
	bool whole;

	if (p->spec && mains == 1 && p->spec->program.n)
		return p->spec->program;
	if (p->spec && mains == 1 && !str_eqc(p->name, "."))
		return path_base(p->name);
	if (!p->spec && mains == 1 && str_startsc(p->name, "cmd/"))
		return path_base(p->name);
	if (!str_eqc(stem, "main"))
		return stem;
	/* main.c is called after its folder; "src" says nothing, so the project's name is meant. */
	whole = str_eqc(p->name, ".") || str_eqc(p->name, "src");
	base = whole ? (p->module->path.n ? p->module->path : p->module->dir) : p->name;
	base = path_base(base);
	return base.n ? base : path_base(l->o->root);
}

/*
 * `program:` names one program: with another count of mains it would be ignored. In the main module only: a
 * port serves versions and archives that lack the program.
 */
static bool check_program(struct loader *l, const struct package *p, struct err *e)
{
	if (p->programs.n == 1 || !p->module->main || !p->spec || !p->spec->program.n)
		return true;
	if (!p->programs.n) {
		err_at(e, ERR_INPUT, str_c(l->a, p->module->manifest->file), p->spec->pos.line,
		       p->spec->pos.col,
		       "package '%.*s' has a program '%.*s', but no file of it defines main",
		       STR_ARG(p->name), STR_ARG(p->spec->program));
		return err_fix(e, "add the file that does to `sources`; a main that a macro spells "
				  "is not seen: write it out");
	}
	err_at(e, ERR_INPUT, str_c(l->a, p->module->manifest->file), p->spec->pos.line,
	       p->spec->pos.col,
	       "package '%.*s' names one program '%.*s', but %zu of its files define main: %.*s, "
	       "%.*s, ...",
	       STR_ARG(p->name), STR_ARG(p->spec->program), p->programs.n,
	       STR_ARG(p->programs.v[0].main->rel), STR_ARG(p->programs.v[1].main->rel));
	return err_fix(e, "leave all but one out of `sources`, or take `program` away");
}

static bool find_programs(struct loader *l, struct package *p, struct err *e)
{
	size_t mains = 0;

	for (size_t i = 0; i < p->sources.n; i++)
		mains += p->sources.v[i]->has_main;
	for (size_t i = 0; i < p->sources.n; i++) {
		struct source *s = p->sources.v[i];

		if (s->has_main)
			*vec_push(l->a, &p->programs) =
			    (struct program){program_name(l, p, s, mains), s, p};
	}
	if (!check_program(l, p, e))
		return false;
	if (mains || p->spec || !p->module->main || !str_startsc(p->name, "cmd/") ||
	    !p->sources.n || !str_eq(path_dir(p->name), STR("cmd")))
		return true;
	err_at(e, ERR_INPUT, str_c(l->a, p->name), 0, 0,
	       "no file of this program's folder defines main");
	return err_fix(
	    e, "define main in one of its files, or move the folder to pkg/ if it is a library");
}

static bool unique_programs(struct loader *l, struct err *e)
{
	struct map seen = {0};

	for (size_t i = 0; i < l->set->packages.n; i++) {
		struct package *p = l->set->packages.v[i];

		for (size_t k = 0; p->module->main && k < p->programs.n; k++) {
			struct program *prog = &p->programs.v[k], *other;
			bool added;
			struct map_item *item = map_put(l->a, &seen, prog->name, &added);

			if (added) {
				item->ptr = prog;
				continue;
			}
			other = item->ptr;
			err_set(e, ERR_INPUT, "two programs are named '%.*s': %.*s and %.*s",
				STR_ARG(prog->name), STR_ARG(other->main->path),
				STR_ARG(prog->main->path));
			return err_fix(
			    e, "rename one file or folder, set `program:` of one package, or name "
			       "the packages to build in cbuild.yaml");
		}
	}
	return true;
}

static bool finish_package(struct loader *l, struct package *p, struct err *e)
{
	flags_search(l, p);
	if (!scan_sources(l, p->sources.v, p->sources.n, e))
		return false;
	if (p->module->main && l->o->test_runtime.n) {
		p->test_runtime = l->o->test_runtime;
		if (!scan_sources(l, p->tests.v, p->tests.n, e))
			return false;
	} else {
		p->tests.n = 0;
	}
	drop_included(l, p);
	collect_choices(l, p);
	collect_imports(l, p, p->sources.v, p->sources.n, &p->imports.v, &p->imports.n);
	p->imports.cap = p->imports.n;
	collect_imports(l, p, p->tests.v, p->tests.n, &p->test_imports.v, &p->test_imports.n);
	p->test_imports.cap = p->test_imports.n;
	return add_uses(l, p, e) && find_programs(l, p, e);
}

static bool load_all(struct loader *l, struct err *e)
{
	if (!find_packages(l, e))
		return false;
	for (size_t i = 0; i < l->set->packages.n; i++)
		if (!finish_package(l, l->set->packages.v[i], e))
			return false;
	if (l->o->headers)
		exported_find(l);
	return unique_programs(l, e) && make_finish(l, e);
}

bool load_packages(struct arena *a, const struct load_opts *o, struct package_set *out,
		   struct err *e)
{
	bool ok;

	struct loader *l = arena_new(a, struct loader);
	struct load_opts *own = arena_new(a, struct load_opts);

	*own = *o;
	l->a = a;
	l->o = own;
	l->set = out;
	*out = (struct package_set){.loader = l};
	ok = load_all(l, e);
	/* What else went wrong may follow from it. */
	if (l->failed.code) {
		*e = l->failed;
		ok = false;
	}
	str_vec_sort_unique(&out->denied);
	return ok;
}

/* The walk that load_closure describes. */
struct closure {
	struct arena *a;
	VEC(struct package *) v;
	struct map seen;
	size_t done; /* of v, those whose imports were followed */
};

static struct str index_key(const struct package *p)
{
	return str_from((const char *)&p->index, sizeof p->index);
}

static void reach(struct closure *c, struct package *p)
{
	bool added;

	map_put(c->a, &c->seen, index_key(p), &added);
	if (added)
		*vec_push(c->a, &c->v) = p;
}

static void follow(struct closure *c)
{
	for (; c->done < c->v.n; c->done++)
		for (size_t k = 0; k < c->v.v[c->done]->imports.n; k++)
			reach(c, c->v.v[c->done]->imports.v[k]);
}

static bool decided(struct closure *c, const struct package_group *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (map_get(&c->seen, index_key(g->v[i])))
			return true;
	return false;
}

/* Follows the first group that nothing else decided. False when there is none. */
static bool decide(struct closure *c)
{
	for (size_t i = 0; i < c->v.n; i++)
		for (size_t k = 0; k < c->v.v[i]->choices.n; k++) {
			const struct package_group *g = &c->v.v[i]->choices.v[k];

			if (decided(c, g))
				continue;
			for (size_t j = 0; j < g->n; j++)
				reach(c, g->v[j]);
			return true;
		}
	return false;
}

void load_closure(struct arena *a, struct package *p, bool test, struct package ***out, size_t *n)
{
	struct closure c = {.a = a};

	reach(&c, p);
	for (size_t k = 0; test && k < p->test_imports.n; k++)
		reach(&c, p->test_imports.v[k]);
	do
		follow(&c);
	while (decide(&c));
	*out = c.v.v;
	*n = c.v.n;
}
