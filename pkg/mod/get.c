/*
 * cbuild get: the requirements are changed so that what was asked for is selected, as `go get` does. What
 * is too low is raised by requiring it; what is too high is a limit, and modules that need more than it are
 * lowered, or removed when no version of them needs less.
 */
#include "mod/load_impl.h"
#include "mod/project_impl.h"
#include "mod/query_impl.h"

struct getting {
	struct arena *a;
	struct project p;
	struct mod_opts o;
	struct loader l;
	struct module_vec ports;
	struct sum_file sums; /* of what is only looked at */
	struct mvs_reqs reqs;
	struct mvs *mvs;
	const struct get_opts *opts;
	struct mod_versions before; /* the build list as it was */
	bool broken;		    /* there was none: before is main's lines */
	struct mod_versions want;   /* the requests with their versions; empty: none */
	struct mod_versions roots;  /* main's requirements, and what is wanted */
	struct mod_versions after;
};

static bool is_wanted(const struct getting *g, struct str path)
{
	for (size_t i = 0; i < g->want.n; i++)
		if (str_eq(g->want.v[i].path, path))
			return true;
	return false;
}

static bool previous(void *ctx, const struct mod_version *v, struct str *out, struct err *e)
{
	struct loader *l = ctx;

	return query_previous(l->queries, v, out, e);
}

static bool get_open(struct getting *g, struct err *e)
{
	struct mod_versions roots = {0}, reached;
	struct err ignored;

	if (!project_open(g->a, &g->o, &g->p, e) || !sum_read(g->a, &g->o, &g->sums, e))
		return false;
	g->l = (struct loader){.a = g->a, .main = &g->p.m, .o = &g->o, .sums = &g->sums};
	g->l.wishes = (struct option_wishes){.a = g->a, .main = &g->p.m};
	if (!load_ports(&g->l, &g->ports, e))
		return false;
	g->o.ports = &g->ports;
	facts_open(&g->l.facts, g->a, &g->o, &g->p.m);
	g->l.queries = query_new(g->a, &g->p.m, &g->o);
	g->reqs = (struct mvs_reqs){&g->l, load_required, previous};
	if (!load_requirements(&g->l, &g->p.m, g->p.m.module, &roots, e))
		return false;
	/* A graph that cannot be read may be what is to be mended: then its own lines count. */
	g->broken = !load_select(&g->l, &g->reqs, &g->mvs, &g->before, &reached, &ignored);
	if (g->broken)
		g->before = roots;
	return true;
}

/* ---- what is wanted ---- */

bool asked_itself(const struct manifest *main, struct str path, struct err *e)
{
	if (!main->module.n || !str_eq(path, main->module))
		return false;
	err_set(e, ERR_USAGE, "%.*s is this module itself", STR_ARG(path));
	err_fix(e, "name another: its own headers and ports are there without a line");
	return true;
}

bool asked_twice(struct str path, struct err *e)
{
	err_set(e, ERR_USAGE, "%.*s is asked for twice", STR_ARG(path));
	return err_fix(e, "name one version of it");
}

static bool add_want(struct getting *g, const struct get_request *r, struct err *e)
{
	struct str now = version_in(&g->before, r->path), version = STR("");
	struct str query = r->query.n ? r->query : g->opts->upgrade;

	if (asked_itself(&g->p.m, r->path, e))
		return false;
	if (is_wanted(g, r->path))
		return asked_twice(r->path, e);
	if (str_eqc(query, "none")) {
		if (!query_check_path(r->path, e))
			return false;
	} else if (!query_version(g->l.queries, r->path, query, now, &version, e)) {
		return err_wrap(e, "looking for %.*s@%.*s", STR_ARG(r->path),
				STR_ARG(query.n ? query : STR("upgrade")));
	}
	*vec_push(g->a, &g->want) = (struct mod_version){r->path, version};
	if (ports_version(&g->p.m, r->path).n)
		event_note(g->o.sink,
			   "%.*s is a port repository here too, whose line stays at %.*s (`cbuild "
			   "get --ports` changes that)",
			   STR_ARG(r->path), STR_ARG(ports_version(&g->p.m, r->path)));
	return true;
}

/*
 * What is raised. As Go does: what main requires itself stays at the version that was in use, not at its
 * line's; and what is to be lowered starts where it is, for all else shall stay.
 */
static void set_roots(struct getting *g)
{
	for (size_t i = 0; i < g->p.m.require.n; i++) {
		struct str path = g->p.m.require.v[i].path, now = version_in(&g->before, path);

		if (now.n && !(g->broken && is_wanted(g, path)))
			*vec_push(g->a, &g->roots) = (struct mod_version){path, now};
	}
	for (size_t i = 0; i < g->want.n; i++)
		if (g->want.v[i].version.n)
			*vec_push(g->a, &g->roots) = g->want.v[i];
}

/* ---- the new build list ---- */

static bool newer(struct loader *l, const struct mod_version *v, struct str how, struct str *out,
		  struct err *e)
{
	*out = v->version;
	return replacement_of(l->main, v) ||
	       query_version(l->queries, v->path, how, v->version, out, e);
}

static bool newest(void *ctx, const struct mod_version *v, struct str *out, struct err *e)
{
	return newer(ctx, v, STR("upgrade"), out, e);
}

static bool newest_patch(void *ctx, const struct mod_version *v, struct str *out, struct err *e)
{
	return newer(ctx, v, STR("patch"), out, e);
}

static bool raise_all(struct getting *g, struct mod_versions *out, struct err *e)
{
	mvs_change change = str_eqc(g->opts->upgrade, "patch") ? newest_patch : newest;

	return mvs_upgrade_all(g->mvs, &g->roots, change, out, e);
}

static bool cannot(const struct getting *g, const struct mod_version *w, struct err *e)
{
	struct str got = version_in(&g->after, w->path);

	err_set(e, ERR_INPUT, "%.*s %.*s cannot be selected together with what else is asked for",
		STR_ARG(w->path), STR_ARG(w->version.n ? w->version : STR("(none)")));
	if (got.n)
		return err_fix(e,
			       "%.*s is the least that is possible: ask for it, or for less of "
			       "the others",
			       STR_ARG(got));
	return err_fix(e, "what it requires needs a version of another module that was ruled out: "
			  "ask for less of that one");
}

static bool select_new(struct getting *g, struct err *e)
{
	struct mod_versions limits = {0};

	g->after = (struct mod_versions){0};
	if (g->opts->upgrade.n ? !raise_all(g, &g->after, e)
			       : !mvs_select(g->mvs, &g->roots, &g->after, NULL, e))
		return false;
	for (size_t i = 0; i < g->want.n; i++) {
		struct str got = version_in(&g->after, g->want.v[i].path);

		if (got.n && !str_eq(got, g->want.v[i].version))
			*vec_push(g->a, &limits) = g->want.v[i];
	}
	if (limits.n) {
		struct mod_versions from = g->opts->upgrade.n ? g->after : g->roots;

		g->after = (struct mod_versions){0};
		if (!mvs_downgrade(g->mvs, &from, &limits, &g->after, e))
			return false;
	}
	for (size_t i = 0; i < g->want.n; i++)
		if (!str_eq(version_in(&g->after, g->want.v[i].path), g->want.v[i].version))
			return cannot(g, &g->want.v[i], e);
	return true;
}

/*
 * Again while versions that were looked at switch on what may require more: it only grows. What is wanted is new
 * most often, so it is fetched together.
 */
static bool select_settled(struct getting *g, struct err *e)
{
	do {
		g->l.wishes.grew = false;
		if (may_look_ahead(&g->l))
			look_ahead(&g->l, &g->roots);
		g->mvs = mvs_new(g->a, &g->reqs);
		if (!select_new(g, e))
			return false;
	} while (g->l.wishes.grew);
	return true;
}

/* ---- the new requirements ---- */

static bool edit(struct getting *g, struct str *text, struct str path, struct str version,
		 struct err *e)
{
	return manifest_edit_require(g->a, STR("cbuild.yaml"), *text, path, version, text, e);
}

/* The lines to be: main's own, and what else it takes to select what was worked out. */
static bool least(struct getting *g, struct mod_versions *out, struct err *e)
{
	struct str_vec base = {0};

	for (size_t i = 0; i < g->roots.n; i++)
		if (!str_vec_has(&base, g->roots.v[i].path))
			*vec_push(g->a, &base) = g->roots.v[i].path;
	return mvs_minimal(g->mvs, &g->after, &base, out, e);
}

/* A line that main's options leave out stands as it is. */
static bool is_idle(const struct getting *g, const struct requirement *r)
{
	struct option_values options = {0};
	struct str_vec by = {0};

	options_values(&g->l.wishes, g->p.m.module, &g->p.m, &options, &by);
	return !is_wanted(g, r->path) && !condition_options_hold(&r->when, &options);
}

static bool new_text(struct getting *g, struct str *text, struct err *e)
{
	struct mod_versions lines = {0};

	*text = g->p.bytes;
	if (!least(g, &lines, e))
		return false;
	for (size_t i = 0; i < g->p.m.require.n; i++) {
		const struct requirement *r = &g->p.m.require.v[i];

		if (!version_in(&lines, r->path).n && !is_idle(g, r) &&
		    !edit(g, text, r->path, STR(""), e))
			return false;
	}
	for (size_t i = 0; i < lines.n; i++)
		if (!edit(g, text, lines.v[i].path, lines.v[i].version, e))
			return false;
	return true;
}

/* ---- what is told ---- */

void project_tell(struct event_sink *sink, struct str path, struct str was, struct str is)
{
	if (!was.n && !is.n)
		return;
	if (str_eq(was, is))
		event_note(sink, "%.*s %.*s", STR_ARG(path), STR_ARG(is));
	else if (!was.n)
		event_note(sink, "added %.*s %.*s", STR_ARG(path), STR_ARG(is));
	else if (!is.n)
		event_note(sink, "removed %.*s %.*s", STR_ARG(path), STR_ARG(was));
	else
		event_note(sink, "%s %.*s %.*s => %.*s",
			   semver_cmp(was, is) < 0 ? "upgraded" : "downgraded", STR_ARG(path),
			   STR_ARG(was), STR_ARG(is));
}

static bool warn_retracted(struct getting *g, const struct mod_version *v, struct err *e)
{
	const struct retraction *r;

	if (!v->version.n || replacement_of(&g->p.m, v))
		return true;
	if (!query_retracted(g->l.queries, v, &r, e))
		return false;
	if (r)
		event_emit(g->o.sink,
			   &(struct event){
			       .kind = EVENT_WARNING,
			       .text = str_fmt(g->a, "%.*s %.*s was retracted by its authors%s%.*s",
					       STR_ARG(v->path), STR_ARG(v->version),
					       r->why.n ? ": " : "", STR_ARG(r->why))});
	return true;
}

static void tell(struct getting *g)
{
	struct err ignored;

	for (size_t i = 0; i < g->want.n; i++) {
		const struct mod_version *w = &g->want.v[i];

		project_tell(g->o.sink, w->path, version_in(&g->before, w->path), w->version);
		/* Only a warning: the version itself was had without asking for others. */
		(void)!warn_retracted(g, w, &ignored);
	}
	for (size_t i = 0; i < g->before.n; i++) {
		const struct mod_version *b = &g->before.v[i];
		struct str is = version_in(&g->after, b->path);

		if (!is_wanted(g, b->path) && !str_eq(is, b->version))
			project_tell(g->o.sink, b->path, b->version, is);
	}
}

/* ---- */

static bool get_locked(struct getting *g, const struct get_request *v, size_t n, struct err *e)
{
	struct manifest *next = arena_new(g->a, struct manifest);
	struct resolution r;
	struct str text;

	if (!get_open(g, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!add_want(g, &v[i], e))
			return false;
	set_roots(g);
	if (!select_settled(g, e) || !new_text(g, &text, e) ||
	    !manifest_parse(g->a, STR("cbuild.yaml"), text, next, e) ||
	    !mod_resolve(g->a, next, &g->o, &r, e))
		return err_wrap(e, "leaving cbuild.yaml and cbuild.sum as they were");
	if (!project_write(&g->p, text, &r, NULL, e))
		return false;
	tell(g);
	return true;
}

bool mod_get(struct arena *a, const struct get_request *v, size_t n, const struct get_opts *opts,
	     const struct mod_opts *o, struct err *e)
{
	struct getting g = {.a = a, .o = project_updating(o), .opts = opts};
	struct file_lock lock = {-1};
	bool ok;

	g.o.brief = true;
	ok = lock_folder(&lock, str_c(a, o->project_dir), e) && get_locked(&g, v, n, e);

	lock_release(&lock);
	return ok;
}
