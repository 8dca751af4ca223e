/*
 * Packages of a module: by convention one a folder, or as the manifest's `packages:` say. First the
 * packages are found, then, when all modules' search paths are known, their sources are chosen.
 */
#include "load/load_impl.h"

#include <string.h>

#include "base/path.h"

static struct package *package_new(struct loader *l, struct mod_tree *t, struct str name)
{
	struct package *p = arena_new(l->a, struct package);
	const struct manifest *m = t->module->manifest;

	p->index = (uint32_t)l->set->packages.n;
	p->module = t->module;
	p->name = name;
	p->std = m->std.n ? m->std : STR("gnu17");
	if (t->configs.n)
		*vec_push(l->a, &p->include) = t->configs;
	*vec_push(l->a, &l->set->packages) = p;
	return p;
}

static void flags_add(struct arena *a, struct flags *to, const struct flags *from)
{
	for (size_t i = 0; i < from->defines.n; i++)
		*vec_push(a, &to->defines) = from->defines.v[i];
	for (size_t i = 0; i < from->cflags.n; i++)
		*vec_push(a, &to->cflags) = from->cflags.v[i];
	for (size_t i = 0; i < from->ldflags.n; i++)
		*vec_push(a, &to->ldflags) = from->ldflags.v[i];
	for (size_t i = 0; i < from->libs.n; i++)
		*vec_push(a, &to->libs) = from->libs.v[i];
}

static void add_dir(struct loader *l, struct str_vec *v, struct str dir)
{
	if (!str_vec_has(v, dir))
		*vec_push(l->a, v) = dir;
}

/* Convention holds everywhere without `packages:`, else below cmd/ and pkg/ only. */
static bool conventional(const struct mod_tree *t, struct str rel)
{
	return t->module->manifest->packages.n == 0 ||
	       (t->module->main && (str_startsc(rel, "cmd/") || str_startsc(rel, "pkg/")));
}

static void find_conventional(struct loader *l, struct mod_tree *t)
{
	for (size_t i = 0; i < t->files.n; i++) {
		struct str dir = path_dir(t->files.v[i]);
		struct package *p;

		bool embedded = str_eqc(dir, "embed") && map_get(&t->made, t->files.v[i]);

		if ((!conventional(t, t->files.v[i]) && !embedded) ||
		    map_get(&t->conventional, dir))
			continue;
		t->roots |= !embedded;
		p = package_new(l, t, dir);
		p->dir = path_join(l->a, t->root, dir);
		flags_add(l->a, &p->flags, &t->module->manifest->flags);
		map_put(l->a, &t->conventional, dir, NULL)->ptr = p;
	}
}

/* Folders of a conventional module that its own and other modules' includes start from. */
static void conventional_roots(struct loader *l, struct mod_tree *t, struct str_vec *out)
{
	static const char *const names[] = {"include", "pkg", "src", "."};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct str dir = path_join(l->a, t->root, str_of(names[i]));

		if (i == 3 || tree_folder(l, dir)->names.n)
			add_dir(l, out, dir);
	}
}

static bool find_explicit(struct loader *l, struct mod_tree *t, const struct package_spec *spec,
			  struct err *e)
{
	struct package *p;

	if (!condition_holds(&spec->when, &l->o->target, &t->module->options))
		return true;
	p = package_new(l, t, spec->name);
	p->spec = spec;
	if (spec->std.n)
		p->std = spec->std;
	flags_add(l->a, &p->flags, &t->module->manifest->flags);
	flags_add(l->a, &p->flags, &spec->flags);
	flags_add(l->a, &p->export_flags, &spec->export_flags);
	for (size_t i = 0; i < spec->include.n; i++)
		add_dir(l, &p->include, path_join(l->a, t->root, spec->include.v[i]));
	for (size_t i = 0; i < spec->additions.n; i++) {
		const struct addition *add = &spec->additions.v[i];

		if (!condition_holds(&add->when, &l->o->target, &t->module->options))
			continue;
		flags_add(l->a, &p->flags, &add->flags);
		for (size_t k = 0; k < add->include.n; k++)
			add_dir(l, &p->include, path_join(l->a, t->root, add->include.v[k]));
	}
	for (size_t i = 0; i < spec->export_include.n; i++)
		add_dir(l, &t->exports, path_join(l->a, t->root, spec->export_include.v[i]));
	*vec_push(l->a, &t->explicit) = p;
	return !spec->foreign.system.n || make_foreign(l, t, p, e);
}

/* A folder that is misspelt would only show as headers that are missing. */
static bool folders_exist(struct loader *l, struct mod_tree *t, const struct package_spec *spec,
			  const struct str_vec *v, struct err *e)
{
	for (size_t i = 0; t->module->main && i < v->n; i++) {
		if (file_kind(str_c(l->a, path_join(l->a, t->root, v->v[i]))) == FILE_FOLDER)
			continue;
		err_at(e, ERR_INPUT, str_c(l->a, t->module->manifest->file), spec->pos.line,
		       spec->pos.col, "include folder '%.*s' of package '%.*s' does not exist",
		       STR_ARG(v->v[i]), STR_ARG(spec->name));
		return err_fix(e, "paths are relative to the folder of the manifest");
	}
	return true;
}

static bool spec_folders_exist(struct loader *l, struct mod_tree *t,
			       const struct package_spec *spec, struct err *e)
{
	for (size_t i = 0; i < spec->additions.n; i++)
		if (condition_holds(&spec->additions.v[i].when, &l->o->target,
				    &t->module->options) &&
		    !folders_exist(l, t, spec, &spec->additions.v[i].include, e))
			return false;
	return folders_exist(l, t, spec, &spec->include, e) &&
	       folders_exist(l, t, spec, &spec->export_include, e);
}

bool packages_find(struct loader *l, struct mod_tree *t, struct err *e)
{
	const struct manifest *m = t->module->manifest;

	if (!tree_walk(l, t, e) || !config_find(l, t, e) || !make_find(l, t, e))
		return false;
	for (size_t i = 0; i < m->packages.n; i++) {
		if (!spec_folders_exist(l, t, &m->packages.v[i], e))
			return false;
		if (!find_explicit(l, t, &m->packages.v[i], e))
			return false;
	}
	find_conventional(l, t);
	if (t->roots)
		conventional_roots(l, t, &t->exports);
	make_shadows(l, t, &t->exports);
	return true;
}

/* --- sources ---------------------------------------------------------------------------------- */

static bool is_pattern(struct str s)
{
	return memchr(s.p, '*', s.n) || memchr(s.p, '?', s.n) || memchr(s.p, '[', s.n);
}

/* One list of source patterns of a package: what it includes, what it excludes. */
struct choice {
	struct loader *l;
	struct mod_tree *t;
	struct package *p;
	struct str_vec excludes;
};

static bool excluded(const struct choice *c, struct str rel)
{
	for (size_t i = 0; i < c->excludes.n; i++)
		if (str_glob(c->excludes.v[i], rel))
			return true;
	return false;
}

static void add_source(struct choice *c, struct str rel, bool named)
{
	struct arena *a = c->l->a;
	struct source *s;

	for (size_t i = 0; i < c->p->sources.n; i++)
		if (str_eq(c->p->sources.v[i]->rel, rel)) {
			c->p->sources.v[i]->named |= named;
			return;
		}
	s = arena_new(a, struct source);
	s->rel = rel;
	s->made = map_ptr(&c->t->made, rel);
	s->path = s->made ? s->made->path : path_join(a, c->t->root, rel);
	s->package = c->p;
	s->kind = str_endsc(rel, ".S")	 ? SOURCE_ASM_CPP
		  : str_endsc(rel, ".s") ? SOURCE_ASM
					 : SOURCE_C;
	s->is_test = tree_is_test(rel);
	s->named = named;
	if (s->is_test)
		*vec_push(a, &c->p->tests) = s;
	else
		*vec_push(a, &c->p->sources) = s;
}

static bool choose_pattern(struct choice *c, struct str pattern, struct pos pos, struct err *e)
{
	struct arena *a = c->l->a;
	const struct manifest *m = c->t->module->manifest;
	size_t seen = 0;

	for (size_t i = 0; i < c->t->files.n; i++) {
		struct str rel = c->t->files.v[i];

		if (!tree_is_source(rel) || !str_glob(pattern, rel))
			continue;
		seen++;
		if (!excluded(c, rel) && tree_suffix_fits(rel, &c->l->o->target))
			add_source(c, rel, false);
	}
	/* One port serves many versions: a file that an older one lacks is no mistake. */
	if (seen || c->t->module->from_port)
		return true;
	err_at(e, ERR_INPUT, str_c(a, m->file), pos.line, pos.col,
	       "pattern '%.*s' of package '%.*s' matches no source", STR_ARG(pattern),
	       STR_ARG(c->p->name));
	return err_fix(
	    e, "patterns are relative to %.*s; ** crosses folders; sources end in .c, .S or .s",
	    STR_ARG(c->t->root));
}

static bool choose_named(struct choice *c, struct str name, struct pos pos, struct err *e)
{
	struct arena *a = c->l->a;
	struct str rel = path_clean(a, name);

	if (!map_get(&c->t->made, rel) && !tree_has_file(c->l, path_join(a, c->t->root, rel))) {
		err_at(e, ERR_INPUT, str_c(a, c->t->module->manifest->file), pos.line, pos.col,
		       "source '%.*s' of package '%.*s' does not exist", STR_ARG(name),
		       STR_ARG(c->p->name));
		return err_fix(e, "paths are relative to the folder of the manifest (%.*s)",
			       STR_ARG(c->t->root));
	}
	if (!tree_is_source(rel)) {
		err_at(e, ERR_INPUT, str_c(a, c->t->module->manifest->file), pos.line, pos.col,
		       "source '%.*s' of package '%.*s' is neither C nor assembler", STR_ARG(name),
		       STR_ARG(c->p->name));
		return err_fix(e, "sources end in .c, .S or .s; headers are found by #include, and "
				  "C++ is not compiled");
	}
	if (!excluded(c, rel))
		add_source(c, rel, true);
	return true;
}

static bool choose_list(struct choice *c, const struct str_vec *list, struct pos pos, struct err *e)
{
	struct arena *a = c->l->a;
	struct str_vec items = {0};

	for (size_t i = 0; i < list->n; i++) {
		struct str item = list->v[i];
		bool exclude = item.n && item.p[0] == '!';

		if (braces_expand(a, str_skip(item, exclude), exclude ? &c->excludes : &items))
			continue;
		err_at(e, ERR_INPUT, str_c(a, c->t->module->manifest->file), pos.line, pos.col,
		       "the braces of the sources of package '%.*s' stand for too many patterns",
		       STR_ARG(c->p->name));
		return err_fix(e, "use * or ** in place of some alternatives");
	}
	for (size_t i = 0; i < items.n; i++)
		if (!(is_pattern(items.v[i]) ? choose_pattern(c, items.v[i], pos, e)
					     : choose_named(c, items.v[i], pos, e)))
			return false;
	return true;
}

static bool choose_explicit(struct loader *l, struct mod_tree *t, struct package *p, struct err *e)
{
	struct choice c = {.l = l, .t = t, .p = p};
	const struct package_spec *spec = p->spec;

	/* Exclusions of the package hold for its additions too. */
	if (!choose_list(&c, &spec->sources, spec->sources_pos, e))
		return false;
	for (size_t i = 0; i < spec->additions.n; i++)
		if (condition_holds(&spec->additions.v[i].when, &l->o->target,
				    &t->module->options) &&
		    !choose_list(&c, &spec->additions.v[i].sources, spec->sources_pos, e))
			return false;
	return true;
}

/* What an explicit package compiles is not its folder's too. */
static void choose_conventional(struct loader *l, struct mod_tree *t)
{
	struct map taken = {0};

	for (size_t i = 0; i < t->explicit.n; i++) {
		const struct package *p = t->explicit.v[i];

		for (size_t k = 0; k < p->sources.n; k++)
			map_put(l->a, &taken, p->sources.v[k]->rel, NULL);
		for (size_t k = 0; k < p->tests.n; k++)
			map_put(l->a, &taken, p->tests.v[k]->rel, NULL);
	}
	for (size_t i = 0; i < t->files.n; i++) {
		struct package *p = map_ptr(&t->conventional, path_dir(t->files.v[i]));
		struct choice c = {.l = l, .t = t, .p = p};

		if (p && tree_is_source(t->files.v[i]) && !tree_is_fuzz(t->files.v[i]) &&
		    !map_get(&taken, t->files.v[i]) &&
		    (conventional(t, t->files.v[i]) || map_get(&t->made, t->files.v[i])) &&
		    tree_suffix_fits(t->files.v[i], &l->o->target))
			add_source(&c, t->files.v[i], false);
	}
}

static void search_path(struct loader *l, struct mod_tree *t, struct package *p)
{
	make_shadows(l, t, &p->include);
	for (size_t i = 0; i < t->exports.n; i++)
		add_dir(l, &p->include, t->exports.v[i]);
	if (t->module->manifest->embed.n)
		add_dir(l, &p->include, t->gen);
	p->quote_include = t->quote;
	sees_include(l, t, &p->system_include);
	p->sees = t->sees;
}

bool packages_sources(struct loader *l, struct mod_tree *t, struct err *e)
{
	for (size_t i = 0; i < t->explicit.n; i++)
		if (!choose_explicit(l, t, t->explicit.v[i], e))
			return false;
	choose_conventional(l, t);
	for (size_t i = 0; i < l->set->packages.n; i++)
		if (l->set->packages.v[i]->module == t->module)
			search_path(l, t, l->set->packages.v[i]);
	return true;
}

/* --- owners of headers ------------------------------------------------------------------------ */

static struct package *with_sources(struct mod_tree *t, struct str dir)
{
	struct package *p = map_ptr(&t->conventional, dir);

	return p && p->sources.n ? p : NULL;
}

/* A header's package by convention: its folder; from include/ also src/. */
static struct package *conventional_owner(struct loader *l, struct mod_tree *t, struct str rel)
{
	struct str dir = path_dir(rel);
	struct package *p = with_sources(t, dir);
	struct str tail;

	if (p || !(str_eqc(dir, "include") || str_startsc(dir, "include/")))
		return p;
	tail = str_skip(dir, strlen("include/"));
	p = with_sources(t, path_join(l->a, STR("src"), tail));
	if (!p && tail.n)
		p = with_sources(t, tail);
	if (!p)
		p = with_sources(t, STR("src"));
	return p ? p : with_sources(t, STR("."));
}

/* Length of the longest of dirs (relative to the module) that holds rel, plus one; 0 when none does. */
static size_t longest_within(struct loader *l, const struct str_vec *dirs, struct str rel)
{
	size_t best = 0;

	for (size_t i = 0; i < dirs->n; i++) {
		struct str dir = path_clean(l->a, dirs->v[i]);
		size_t score = str_eqc(dir, ".") ? 1 : dir.n + 1;

		if (path_within(dir, rel) && score > best)
			best = score;
	}
	return best;
}

static size_t explicit_score(struct loader *l, const struct package *p, struct str rel,
			     bool exported)
{
	size_t best;

	if (exported)
		return longest_within(l, &p->spec->export_include, rel);
	best = longest_within(l, &p->spec->include, rel);
	for (size_t i = 0; i < p->sources.n; i++) {
		struct str dir = path_dir(p->sources.v[i]->rel);

		if (str_eq(dir, path_dir(rel)) && dir.n + 1 > best)
			best = dir.n + 1;
	}
	return best;
}

static void explicit_owners(struct loader *l, struct mod_tree *t, struct node *n, struct str rel)
{
	for (int exported = 1; exported >= 0 && !n->owners.n; exported--) {
		size_t best = 0;

		for (size_t i = 0; i < t->explicit.n; i++) {
			size_t score = explicit_score(l, t->explicit.v[i], rel, exported);

			best = score > best ? score : best;
		}
		for (size_t i = 0; best && i < t->explicit.n; i++)
			if (explicit_score(l, t->explicit.v[i], rel, exported) == best)
				*vec_push(l->a, &n->owners) = t->explicit.v[i];
	}
}

/* An exported config header belongs to the packages that export others; a private one to whoever asks. */
static void config_owners(struct loader *l, struct mod_tree *t, struct node *n)
{
	const struct config_spec *spec = n->made->maker->config->spec;
	struct package *p;

	if (!spec->exported)
		return;
	for (size_t i = 0; i < t->explicit.n; i++)
		if (t->explicit.v[i]->spec->export_include.n)
			*vec_push(l->a, &n->owners) = t->explicit.v[i];
	p = n->owners.n
		? NULL
		: conventional_owner(l, t, str_fmt(l->a, "include/%.*s", STR_ARG(spec->name)));
	if (p)
		*vec_push(l->a, &n->owners) = p;
}

void packages_own(struct loader *l, struct node *n)
{
	struct str rel = n->made ? n->made->rel : path_rel(l->a, n->module->root, n->path);
	struct package *p;

	n->owners_known = true;
	if (n->made && n->made->package) {
		*vec_push(l->a, &n->owners) = n->made->package;
		return;
	}
	if (n->made && n->made->maker->kind == MAKER_CONFIG) {
		config_owners(l, n->module, n);
		return;
	}
	if (tree_is_source(rel))
		return;
	p = conventional_owner(l, n->module, rel);
	if (p)
		*vec_push(l->a, &n->owners) = p;
	else
		explicit_owners(l, n->module, n, rel);
}
