/*
 * cbuild mod tidy: what the sources include decides which requirements there are. What stays is decided by the
 * include scan, which takes every branch; what is added, by the compilers (tidy_ask.c).
 */
#include "tidy.h"

#include <stdio.h>

#include "base/path.h"
#include "mod/work.h"

/* ---- what could be had ---- */

static bool is_selected(const struct tidy_view *v, struct str module)
{
	for (size_t i = 0; i < v->selected->n; i++)
		if (str_eq(v->selected->v[i].path, module))
			return true;
	return false;
}

bool tidy_wants_line(const struct tidy_view *v, struct str module)
{
	bool reached = is_selected(v, module);

	for (size_t i = 0; reached && i < v->main->require.n; i++)
		reached = !str_eq(v->main->require.v[i].path, module);
	return reached && !str_vec_has(&v->out->direct, module);
}

/* Whether main has a line for one of these. One that is in use, and still the header is not there: *unkept. */
static bool has_line(const struct tidy_view *v, const struct str_vec *modules, struct str *unkept)
{
	bool has = false;

	for (size_t i = 0; i < v->main->require.n; i++) {
		struct str path = v->main->require.v[i].path;

		if (!str_vec_has(modules, path))
			continue;
		has = true;
		if (is_selected(v, path))
			*unkept = path;
	}
	return has;
}

/* No module helps itself. */
static struct str_vec others(const struct tidy_view *v, const struct str_vec *modules)
{
	struct str_vec out = {0};

	for (size_t i = 0; i < modules->n; i++)
		if (!v->main->module.n || !str_eq(modules->v[i], v->main->module))
			*vec_push(&v->c->arena, &out) = modules->v[i];
	return out;
}

static void add_wish(struct tidy_view *v, const struct wish *w)
{
	bool added;
	struct map_item *item = map_put(&v->c->arena, &v->wishes, w->header.name, &added);

	if (!added)
		return;
	item->ptr = arena_new(&v->c->arena, struct wish);
	*(struct wish *)item->ptr = *w;
}

/* The port repositories that main itself names: ports of the workspace's other members are of no use without them. */
static struct module_vec *own_ports(const struct tidy_view *v)
{
	struct arena *a = &v->c->arena;
	struct module_vec *out = arena_new(a, struct module_vec);

	for (size_t i = 0; i < v->c->list.ports.n; i++)
		for (size_t k = 0; k < v->main->ports.n; k++)
			if (str_eq(v->c->list.ports.v[i].path, v->main->ports.v[k].path))
				*vec_push(a, out) = v->c->list.ports.v[i];
	return out;
}

bool tidy_wish(struct tidy_view *v, const struct package_set *set, const struct str_vec *names,
	       const struct str_vec *by, struct err *e)
{
	struct arena *a = &v->c->arena;
	struct mod_opts o = session_mod_opts(v->c);
	struct str_vec *ports = arena_array(a, struct str_vec, names->n);

	o.ports = own_ports(v);
	if (!mod_ports_for_headers(a, names, &o, ports, e))
		return false;
	for (size_t i = 0; i < names->n; i++) {
		struct wish w = {.header = {names->v[i], by->v[i]}};
		const struct module *seller = load_exporter(set, names->v[i]);
		struct str_vec from = others(v, &ports[i]);

		if (load_lies_at(set, names->v[i]).n)
			continue;
		if (seller && tidy_wants_line(v, seller->path))
			w.module = seller->path;
		if (w.module.n || (from.n && !has_line(v, &from, &w.promised)) || w.promised.n)
			add_wish(v, &w);
		else
			*vec_push(a, &v->unsure) = names->v[i];
	}
	return true;
}

void tidy_found_direct(struct tidy_view *v, struct str module)
{
	if (!tidy_wants_line(v, module))
		return;
	*vec_push(&v->c->arena, &v->out->direct) = module;
	v->found++;
}

/* Nothing can be done about it: what else there is is looked for all the same. */
static void found_absent(struct tidy_view *v, const struct wish *w)
{
	for (size_t i = 0; i < v->out->absent.n; i++)
		if (str_eq(v->out->absent.v[i].header.name, w->header.name))
			return;
	*vec_push(&v->c->arena, &v->out->absent) = (struct tidy_absent){w->header, w->promised};
}

void tidy_found(struct tidy_view *v, const struct wish *w)
{
	if (w->module.n) {
		tidy_found_direct(v, w->module);
		return;
	}
	if (w->promised.n) {
		found_absent(v, w);
		return;
	}
	for (size_t i = 0; i < v->out->missing.n; i++)
		if (str_eq(v->out->missing.v[i].name, w->header.name))
			return;
	*vec_push(&v->c->arena, &v->out->missing) = w->header;
	v->found++;
}

/* ---- what the scan says ---- */

struct targets {
	struct target *v;
	size_t n, asked; /* the first so many are this host and those that the manifest names */
	struct package_set *sets;
};

/* Lines are dropped for no target that anybody builds for, and added for those that the project names. */
static bool all_targets(struct cmd *c, struct targets *out, struct err *e)
{
	struct target *all, host = target_host();
	size_t n;

	if (!session_targets(c, &(struct str_vec){.v = &(struct str){"all", 3}, .n = 1}, &all, &n,
			     e))
		return false;
	out->v = arena_array(&c->arena, struct target, n + 1);
	out->sets = arena_array(&c->arena, struct package_set, n + 1);
	out->v[out->n++] = host;
	for (size_t i = 0; i < n; i++)
		if (!target_eq(&all[i], &host))
			out->v[out->n++] = all[i];
	out->asked = c->manifest.targets.n ? out->n : 1;
	return true;
}

static bool load_target(struct cmd *c, const struct target *t, struct package_set *set,
			struct err *e)
{
	struct load_opts o = {.list = &c->list,
			      .target = *t,
			      .mod_mount = path_join(&c->arena, c->cache_dir, STR("mod")),
			      .root = c->root,
			      .cache_dir = c->cache_dir,
			      .no_tools = true,
			      .headers = true,
			      .test_runtime = STR("build/.x/rt")};

	return load_packages(&c->arena, &o, set, e);
}

bool tidy_file(const struct package *p, size_t i, struct source **out)
{
	size_t n = p->sources.n + p->tests.n;

	*out = i < p->sources.n	      ? p->sources.v[i]
	       : i < n		      ? p->tests.v[i - p->sources.n]
	       : i - n < p->headers.n ? p->headers.v[i - n]
				      : NULL;
	return *out != NULL;
}

bool tidy_is_header(const struct source *s)
{
	return str_endsc(s->path, ".h");
}

static void add_closure(struct tidy_view *v, struct package *p, bool test)
{
	struct arena *a = &v->c->arena;
	struct package **all;
	size_t n;

	load_closure(a, p, test, &all, &n);
	for (size_t i = 0; i < n; i++)
		*vec_push(a, &v->out->used) = all[i]->module->path;
}

static void add_header(struct tidy_view *v, const struct source *s)
{
	for (size_t i = 0; i < s->owners.n; i++)
		add_closure(v, s->owners.v[i], false);
	for (size_t i = 0; i < s->choices.n; i++)
		for (size_t k = 0; k < s->choices.v[i].n; k++)
			add_closure(v, s->choices.v[i].v[k], false);
}

/* Modules that the main module's packages import, and those of which it runs a program to make files. */
static void add_used(struct tidy_view *v, const struct package_set *set)
{
	struct arena *a = &v->c->arena;

	for (size_t i = 0; i < set->makers.n; i++)
		if (set->makers.v[i]->module->main && set->makers.v[i]->tool_module)
			*vec_push(a, &v->out->used) = set->makers.v[i]->tool_module->path;
	for (size_t i = 0; i < set->packages.n; i++) {
		struct package *p = set->packages.v[i];

		if (!p->module->main)
			continue;
		add_closure(v, p, true);
		for (size_t k = 0; k < p->headers.n; k++)
			add_header(v, p->headers.v[k]);
	}
}

static bool add_wishes(struct tidy_view *v, const struct package_set *set, struct err *e)
{
	struct arena *a = &v->c->arena;
	struct map seen = {0};
	struct str_vec names = {0}, by = {0};

	for (size_t i = 0; i < set->packages.n; i++) {
		const struct package *p = set->packages.v[i];
		struct source *s;

		for (size_t k = 0; p->module->main && tidy_file(p, k, &s); k++) {
			struct load_needs needs;
			bool added;

			load_needs(a, set, s, &needs);
			for (size_t m = 0; m < needs.missing.n; m++) {
				map_put(a, &seen, needs.missing.v[m], &added);
				if (!added)
					continue;
				*vec_push(a, &names) = needs.missing.v[m];
				*vec_push(a, &by) = needs.by.v[m];
			}
		}
	}
	return tidy_wish(v, set, &names, &by, e);
}

/* ---- one look ---- */

static bool ask_profiles(struct tidy_view *v, const struct target *t, const struct package_set *set,
			 struct err *e)
{
	const struct manifest *m = &v->c->manifest;

	if (!tidy_ask(v, t, STR("dev"), set, e))
		return false;
	for (size_t i = 0; i < m->profiles.n && !v->found; i++)
		if (!str_eqc(m->profiles.v[i].name, "dev") &&
		    !tidy_ask(v, t, m->profiles.v[i].name, set, e))
			return false;
	return true;
}

/* The project as it would be with main for its manifest. */
static bool as_if(struct cmd *c, const struct manifest *main, struct err *e)
{
	c->manifest = *main;
	c->list = (struct build_list){0};
	c->work_dirs = (struct str_vec){0};
	return (!c->work.n || work_join(&c->arena, &c->manifest, c->home.n ? c->home : c->root,
					&c->work_dirs, e)) &&
	       session_modules(c, true, e);
}

/* From look to look. */
struct looks {
	struct cmd *c;
	struct map toolchain;
};

static bool look(void *ctx, struct manifest *main, const struct mod_versions *selected,
		 struct tidy_facts *out, struct err *e)
{
	struct looks *all = ctx;
	struct cmd *c = all->c;
	struct tidy_view v = {
	    .c = c, .main = main, .selected = selected, .out = out, .toolchain = &all->toolchain};
	struct targets t = {0};

	if (!as_if(c, main, e) || !all_targets(c, &t, e))
		return false;
	for (size_t i = 0; i < t.n; i++) {
		if (!load_target(c, &t.v[i], &t.sets[i], e))
			return false;
		add_used(&v, &t.sets[i]);
		if (i < t.asked && !add_wishes(&v, &t.sets[i], e))
			return false;
	}
	if (!tidy_ask_toolchain(&v, e))
		return false;
	for (size_t i = 0; i < t.asked && !v.found; i++)
		if (!ask_profiles(&v, &t.v[i], &t.sets[i], e))
			return false;
	for (size_t i = 0; i < v.warnings.n && !v.found; i++)
		event_warn(ui_sink(c->ui), "%.*s", STR_ARG(v.warnings.v[i]));
	str_vec_sort_unique(&out->used);
	return true;
}

static bool untidy(struct buf *diff, struct err *e)
{
	if (!diff->n)
		return true;
	fwrite(diff->p, 1, diff->n, stdout);
	buf_fini(diff);
	err_set(e, ERR_INPUT, "the requirements are not tidy");
	return err_fix(e, "cbuild mod tidy");
}

bool mod_tidy_verb(struct cmd *c, struct str_vec *args, struct err *e)
{
	bool diff = false, ok;
	const struct opt opts[] = {{"--diff", OPT_FLAG, &diff}, {0}};
	struct buf text = {0};
	struct looks looks = {.c = c};
	struct tidy_opts t = {.look = look, .ctx = &looks};
	struct mod_opts o;

	if (!opt_parse(c, args, opts, false, e))
		return false;
	if (args->n) {
		err_set(e, ERR_USAGE, "mod tidy takes no operands");
		return err_fix(e, "cbuild mod tidy [--diff]");
	}
	c->keep_sums = true;
	c->mod_mode = MOD_AUTO; /* with leave to update, vendor/ is not looked at */
	o = session_mod_opts(c);
	t.diff = diff ? &text : NULL;
	if (diff && !tidy_step_aside(c, e))
		return false;
	ok = mod_tidy(&c->arena, &t, &o, e);
	tidy_step_back(c);
	if (ok && diff)
		return untidy(&text, e);
	buf_fini(&text);
	return ok;
}
