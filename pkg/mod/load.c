/*
 * The build list: minimal version selection over manifests that are fetched as they are reached,
 * then the selected ones joined to a list with indices. Every version reached has its sum checked,
 * selected or not, since its manifest took part in the choice. What the memo knows of (facts.c) is not read,
 * unless it is selected for a build.
 */
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "mod/load_impl.h"
#include "mod/source_impl.h"
#include "sys/look.h"

static struct str key_of(struct arena *a, const struct mod_version *v)
{
	return str_pair(a, v->path, ' ', v->version);
}

struct str version_in(const struct mod_versions *list, struct str path)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->v[i].path, path))
			return list->v[i].version;
	return STR("");
}

const struct replacement *replacement_of(const struct manifest *main, const struct mod_version *v)
{
	const struct replacement *any = NULL;

	for (size_t i = 0; i < main->replace.n; i++) {
		const struct replacement *r = &main->replace.v[i];

		if (!str_eq(r->path, v->path))
			continue;
		if (str_eq(r->version, v->version))
			return r;
		if (!r->version.n)
			any = r;
	}
	return any;
}

bool is_excluded(const struct manifest *main, struct str path, struct str version)
{
	for (size_t i = 0; i < main->exclude.n; i++)
		if (str_eq(main->exclude.v[i].path, path) &&
		    str_eq(main->exclude.v[i].version, version))
			return true;
	return false;
}

static bool check_identity(const struct manifest *m, const struct mod_version *v,
			   const struct module *as, struct err *e)
{
	if (!m->module.n || str_eq(m->module, v->path) || str_eq(m->module, as->path))
		return true;
	err_at(e, ERR_INPUT, m->file.p, m->module_pos.line, m->module_pos.col,
	       "this module calls itself '%.*s', but is required as '%.*s'", STR_ARG(m->module),
	       STR_ARG(v->path));
	return err_fix(e, "require it as '%.*s'", STR_ARG(m->module));
}

static bool read_manifest(struct loader *l, struct str dir, struct str shown,
			  const struct mod_version *v, struct module *m, struct err *e)
{
	struct str path = path_join(l->a, dir, STR("cbuild.yaml")), bytes;

	m->manifest = arena_new(l->a, struct manifest);
	return file_read(l->a, path.p, 0, &bytes, e) &&
	       manifest_parse(l->a, shown, bytes, m->manifest, e) &&
	       check_identity(m->manifest, v, m, e);
}

static bool load_folder(struct loader *l, const struct replacement *r, const struct mod_version *v,
			struct module *m, struct err *e)
{
	struct str dir = path_join(l->a, l->o->project_dir, r->folder);
	struct str file = path_join(l->a, dir, STR("cbuild.yaml"));

	m->replaced = true;
	m->version = STR("");
	if (file_kind(dir.p) == FILE_LINK ? !path_real(l->a, dir.p, &dir, e)
					  : file_kind(dir.p) != FILE_FOLDER) {
		err_at(e, ERR_INPUT, l->main->file.p, r->pos.line, r->pos.col,
		       "the folder '%.*s' that replaces %.*s does not exist", STR_ARG(r->folder),
		       STR_ARG(r->path));
		return err_fix(e, "correct or remove the line under `replace`");
	}
	m->dir = dir;
	if (file_kind(file.p) == FILE_REGULAR)
		return read_manifest(l, dir, path_join(l->a, r->folder, STR("cbuild.yaml")), v, m,
				     e);
	if (!port_find(l->a, l->o, v->path, &m->manifest, e))
		return false;
	m->from_port = true;
	return m->manifest != NULL || no_manifest(v, e);
}

/* ---- sums ---- */

static bool missing_sum(const struct mod_version *v, struct err *e)
{
	err_at(e, ERR_INPUT, "cbuild.sum", 0, 0, "no sum for %.*s %.*s", STR_ARG(v->path),
	       STR_ARG(v->version));
	return err_fix(e, "run `cbuild mod tidy`, and commit cbuild.sum");
}

/* Before anything is fetched: without a line and without leave to write one there is nothing to
 * check. */
static bool check_expected(const struct loader *l, const struct mod_version *v, struct err *e)
{
	return l->o->update || sum_get(l->sums, v).n || missing_sum(v, e);
}

static bool check_sum(struct loader *l, const struct mod_version *v, const struct module *m,
		      struct err *e)
{
	struct str want = sum_get(l->sums, v);

	if (!want.n)
		sum_put(l->a, l->sums, v, m->sum);
	return !want.n || str_eq(want, m->sum) || wrong_sum(v, m->sum, want, m->from_port, e);
}

/* ---- one version ---- */

static bool port_of(struct loader *l, struct str path, struct manifest **out, struct err *e)
{
	*out = NULL;
	if (!l->ports_listed && !port_paths(l->a, l->o, &l->ported, e))
		return false;
	l->ports_listed = true;
	return !map_get(&l->ported, path) || port_find(l->a, l->o, path, out, e);
}

/*
 * The port of what is fetched; a fork that has none is built as what it stands in for, from its own
 * repository.
 */
bool load_find_port(struct loader *l, const struct mod_version *v, const struct module *m,
		    struct manifest **out, struct err *e)
{
	struct manifest *port;

	if (!port_of(l, v->path, out, e))
		return false;
	if (*out || !m->by_path.n)
		return true;
	if (!port_of(l, m->path, &port, e))
		return false;
	if (!port)
		return true;
	*out = arena_new(l->a, struct manifest);
	**out = *port;
	(*out)->patches.n = 0; /* they are for upstream's tree */
	(*out)->source = (struct source_spec){
	    .pos = port->source.pos, .git = port_url(l->a, NULL, v->path), .tag = port->source.tag};
	return true;
}

/* By the memo: what is in its manifest is known from its sum alone. */
static bool load_fact(struct loader *l, const struct mod_version *v, struct module *m)
{
	m->sum = sum_get(l->sums, v);
	m->manifest = m->sum.n ? facts_get(&l->facts, v, m->sum) : NULL;
	m->brief = m->manifest != NULL;
	return m->brief;
}

/* v: what is fetched, which is m's own version or what replaces it. */
static bool load_cached(struct loader *l, const struct mod_version *v, struct module *m,
			struct err *e)
{
	struct manifest *port;
	struct fetched f;
	const struct err *failed = map_ptr(&l->failed, key_of(l->a, v));

	if (failed) {
		*e = *failed;
		return false;
	}
	if (!path_is_local(v->path) || !semver_valid(v->version)) {
		err_set(e, ERR_INPUT, "'%.*s %.*s' is no module version", STR_ARG(v->path),
			STR_ARG(v->version));
		return err_fix(e, "write HOST/PATH: vMAJOR.MINOR.PATCH");
	}
	if (!check_expected(l, v, e) || !load_find_port(l, v, m, &port, e))
		return false;
	if (!port && load_fact(l, v, m))
		return check_identity(m->manifest, v, m, e);
	if (l->stop_absent && !fetch_in_cache(l->a, l->o, &(struct ahead){.v = *v, .port = port})) {
		l->absent = true;
		return err_set(e, ERR_NET, "to be fetched");
	}
	if (!fetch_version(l->a, l->o, v, port, sum_get(l->sums, v), &f, e))
		return false;
	m->cache_name = f.cache_name;
	m->dir = f.dir;
	m->sum = f.sum;
	m->from_port = f.from_port;
	m->manifest = port;
	if (!f.from_port &&
	    !read_manifest(l, m->dir, str_fmt(l->a, "%.*s/cbuild.yaml", STR_ARG(f.cache_name)), v,
			   m, e))
		return false;
	return check_sum(l, v, m, e) && (!f.from_port || patches_apply(l->a, l->o, v, m, e));
}

static bool load_module(struct loader *l, const struct mod_version *v, struct module *m,
			struct err *e)
{
	const struct replacement *r = replacement_of(l->main, v);

	if (!r)
		return load_cached(l, v, m, e);
	if (r->folder.n)
		return load_folder(l, r, v, m, e);
	m->by_path = r->by_path;
	m->by_version = r->by_version;
	return load_cached(l, &(struct mod_version){r->by_path, r->by_version}, m, e);
}

/* A module without a port, while one that was reached names port repositories, as its own builds use them. */
static void hint_ports(struct loader *l, const struct mod_version *v, struct err *e)
{
	struct manifest *port;
	struct err ignored;

	if (e->code != ERR_INPUT || !port_of(l, v->path, &port, &ignored) || port)
		return;
	for (size_t i = 0; i < l->modules.n; i++) {
		const struct module *m = l->modules.items[i].ptr;

		for (size_t k = 0; m && k < m->manifest->ports.n; k++) {
			const struct requirement *r = &m->manifest->ports.v[k];

			if (ports_version(l->main, r->path).n)
				continue;
			err_fix(e,
				"%.*s has its ports from %.*s: take them too by `cbuild get "
				"--ports %.*s@%.*s`",
				STR_ARG(m->path), STR_ARG(r->path), STR_ARG(r->path),
				STR_ARG(r->version));
			return;
		}
	}
}

bool load_version(struct loader *l, const struct mod_version *v, struct module **out, struct err *e)
{
	bool added;
	struct map_item *it = map_put(l->a, &l->modules, key_of(l->a, v), &added);
	struct module *m;

	*out = it->ptr;
	if (!added && it->ptr)
		return true;
	m = arena_new(l->a, struct module);
	m->path = v->path;
	m->version = v->version;
	*out = m;
	if (load_module(l, v, m, e)) {
		it->ptr = m;
		return true;
	}
	hint_ports(l, v, e);
	return err_wrap(e, "loading module %.*s %.*s", STR_ARG(v->path), STR_ARG(v->version));
}

bool load_wanted(struct loader *l, const struct mod_version *v, struct ahead *out)
{
	const struct replacement *r = replacement_of(l->main, v);
	struct module m = {.path = v->path};
	struct manifest *port;
	struct err ignored;

	*out = (struct ahead){.v = *v};
	if (r && r->folder.n)
		return false;
	if (r) {
		m.by_path = r->by_path;
		out->v = (struct mod_version){r->by_path, r->by_version};
	}
	out->sum = sum_get(l->sums, &out->v);
	if (!path_is_local(out->v.path) || !semver_valid(out->v.version) ||
	    !check_expected(l, &out->v, &ignored) ||
	    !load_find_port(l, &out->v, &m, &port, &ignored))
		return false;
	if (!port && out->sum.n && facts_get(&l->facts, &out->v, out->sum))
		return false;
	out->port = port;
	return !fetch_in_cache(l->a, l->o, out);
}

/* ---- the graph ---- */

bool load_requirements(struct loader *l, const struct manifest *m, struct str self,
		       struct mod_versions *out, struct err *e)
{
	struct option_values options = {0};
	struct str_vec by = {0};

	options_values(&l->wishes, self, m, &options, &by);
	for (size_t i = 0; i < m->require.n; i++) {
		const struct requirement *r = &m->require.v[i];

		if (self.n && str_eq(r->path, self)) {
			err_at(e, ERR_INPUT, m->file.p, r->pos.line, r->pos.col,
			       "the module %.*s requires itself", STR_ARG(self));
			return err_fix(e, "remove the line");
		}
		if (l->main->module.n && str_eq(r->path, l->main->module))
			continue; /* the main module is always the one in hand */
		if (condition_options_hold(&r->when, &options) &&
		    !is_excluded(l->main, r->path, r->version))
			*vec_push(l->a, out) = (struct mod_version){r->path, r->version};
	}
	return true;
}

bool load_required(void *ctx, const struct mod_version *of, struct mod_versions *out, struct err *e)
{
	struct loader *l = ctx;
	struct module *m;

	if (!load_version(l, of, &m, e))
		return false;
	options_wish(&l->wishes, m->manifest, of->path);
	return load_requirements(l, m->manifest, of->path, out, e);
}

static int cmp_path(const void *key, const void *item)
{
	const struct str *path = key;
	const struct module *m = item;

	return str_cmp(*path, m->path);
}

static size_t list_index(const struct build_list *list, struct str path)
{
	const struct module *m = list->modules.n < 2
				     ? NULL
				     : bsearch(&path, list->modules.v + 1, list->modules.n - 1,
					       sizeof *list->modules.v, cmp_path);

	return m ? (size_t)(m - list->modules.v) : 0;
}

/* An excluded version is not taken; whatever is taken in its place is what the module requires. */
void load_link(struct arena *a, struct build_list *list)
{
	for (size_t i = 0; i < list->modules.n; i++) {
		struct module *m = &list->modules.v[i];

		for (size_t k = 0; k < m->manifest->require.n; k++) {
			const struct requirement *r = &m->manifest->require.v[k];
			size_t at = list_index(list, r->path);

			if (!at || !condition_options_hold(&r->when, &m->options))
				continue;
			*vec_push(a, &m->requires) = (uint32_t)at;
			if (!r->private)
				*vec_push(a, &m->shows) = (uint32_t)at;
		}
	}
}

static bool build_the_list(struct loader *l, const struct mod_versions *selected,
			   struct build_list *out, struct err *e)
{
	*vec_push(l->a, &out->modules) = (struct module){
	    .path = l->main->module, .dir = l->o->project_dir, .manifest = l->main, .main = true};
	for (size_t i = 0; i < selected->n; i++) {
		struct module *m = map_ptr(&l->modules, key_of(l->a, &selected->v[i]));

		*vec_push(l->a, &out->modules) = *m;
	}
	if (!options_decide(l->a, l->main, out, e))
		return false;
	load_link(l->a, out);
	return natives_check(l->a, out, e);
}

struct mod_version fetched_for(const struct module *m)
{
	return m->by_path.n ? (struct mod_version){m->by_path, m->by_version}
			    : (struct mod_version){m->path, m->version};
}

/* Is what the memo says of a module all that is wanted of it? */
static bool is_enough(struct loader *l, int mod_dir, struct module *m)
{
	const struct mod_version v = fetched_for(m);

	if (!m->brief)
		return true;
	if (!l->o->brief)
		return false;
	m->cache_name = cache_name(l->a, &v, NULL, true);
	m->dir = cache_folder(l->a, l->o, m->cache_name);
	return facts_in_cache(&l->facts, &v, mod_dir, m->cache_name);
}

/*
 * What is chosen must be in the cache, and a build needs its manifest whole. True: of some that is not so, and they
 * are as if nothing were known of them: selected again, for the same outcome or the error that it should be.
 */
static bool need_more(struct loader *l, const struct mod_versions *selected)
{
	int mod_dir = look_open(cache_folder(l->a, l->o, STR("")).p);
	bool more = false;

	for (size_t i = 0; i < selected->n; i++) {
		struct map_item *it = map_get(&l->modules, key_of(l->a, &selected->v[i]));
		struct mod_version v;

		if (is_enough(l, mod_dir, it->ptr))
			continue;
		v = fetched_for(it->ptr);
		facts_drop(&l->facts, &v);
		it->ptr = NULL;
		more = true;
	}
	look_close(mod_dir);
	return more;
}

static void note_facts(struct loader *l)
{
	for (size_t i = 0; i < l->modules.n; i++) {
		const struct module *m = l->modules.items[i].ptr;
		struct mod_version v;

		if (!m || m->brief || m->from_port || !m->cache_name.n)
			continue;
		v = fetched_for(m);
		facts_put(&l->facts, &v, m->sum, m->manifest);
	}
	facts_save(&l->facts);
}

/* Sums are of what was fetched: of a replaced version, what replaces it; of a folder none. */
static void keep_fetched(struct loader *l, const struct mod_versions *reached,
			 struct mod_versions *out)
{
	for (size_t i = 0; i < reached->n; i++) {
		const struct replacement *r = replacement_of(l->main, &reached->v[i]);

		if (!r)
			*vec_push(l->a, out) = reached->v[i];
		else if (r->by_path.n)
			*vec_push(l->a, out) = (struct mod_version){r->by_path, r->by_version};
	}
}

/* Most often all is there; what is not is fetched together before it is selected again. */
static bool select_fetching(struct loader *l, const struct mvs_reqs *reqs,
			    const struct mod_versions *roots, struct mvs **m,
			    struct mod_versions *selected, struct mod_versions *reached,
			    struct err *e)
{
	bool ok;

	*m = mvs_new(l->a, reqs);
	l->stop_absent = may_look_ahead(l);
	l->absent = false;
	ok = mvs_select(*m, roots, selected, reached, e);
	l->stop_absent = false;
	if (ok || !l->absent)
		return ok;
	look_ahead(l, roots);
	*m = mvs_new(l->a, reqs);
	return mvs_select(*m, roots, selected, reached, e);
}

bool load_select(struct loader *l, const struct mvs_reqs *reqs, struct mvs **m,
		 struct mod_versions *selected, struct mod_versions *reached, struct err *e)
{
	do {
		struct mod_versions roots = {0};

		*selected = *reached = (struct mod_versions){0};
		l->wishes.grew = false;
		if (!load_requirements(l, l->main, l->main->module, &roots, e) ||
		    !select_fetching(l, reqs, &roots, m, selected, reached, e))
			return false;
	} while (l->wishes.grew);
	return true;
}

bool mod_resolve(struct arena *a, struct manifest *main, const struct mod_opts *o,
		 struct resolution *out, struct err *e)
{
	struct loader l = {
	    .a = a, .main = main, .o = o, .sums = &out->sums, .wishes = {.a = a, .main = main}};
	struct mvs_reqs reqs = {.ctx = &l, .required = load_required};
	struct mod_versions ports = {0};
	struct mvs *m;

	*out = (struct resolution){0};
	if ((main->require.n || main->ports.n || o->update) && !sum_read(a, o, &out->sums, e))
		return false;
	if (!load_ports(&l, &out->list.ports, e))
		return false;
	load_ports_versions(main, a, &ports);
	if (main->require.n && !o->no_memo)
		facts_open(&l.facts, a, o, main);
	map_reserve(a, &l.modules, l.facts.by_key.n);
	do {
		if (!load_select(&l, &reqs, &m, &out->selected, &out->all, e))
			return false;
	} while (need_more(&l, &out->selected));
	note_facts(&l);
	keep_fetched(&l, &out->all, &out->reached);
	keep_fetched(&l, &ports, &out->reached);
	out->modules = l.modules;
	out->wishes = l.wishes;
	return build_the_list(&l, &out->selected, &out->list, e);
}
