/*
 * cbuild mod tidy. What is missing depends on what is required: a header that is there now includes others, and
 * macros that it defines choose among includes. So whoever knows the sources is asked again with the lines added
 * so far, in memory, until nothing is missing; each round adds a line that was not there. Then what nothing uses
 * is dropped, what was added for a header that the module has not among it, and both files are written, or neither.
 */
#include <string.h>

#include "base/diff.h"
#include "base/path.h"
#include "mod/load_impl.h"
#include "mod/project_impl.h"
#include "mod/query_impl.h"
#include "mod/work.h"

struct tidying {
	struct arena *a;
	const struct tidy_opts *opts;
	struct mod_opts o; /* updating */
	struct project p;
	struct query *q;
	struct str bytes;	    /* cbuild.yaml as it will be */
	struct manifest *m;	    /* the same */
	struct resolution r;	    /* of m */
	struct mod_versions before; /* what was selected at first */
	bool stand_in; /* the workspace's members are taken for what main requires of them */
	struct mod_versions added;
	struct str_vec dropped;
};

/* ---- whose header it is ---- */

enum rank { RANK_PROJECT, RANK_REPOSITORY, RANK_EMBEDDED };

struct provider_search {
	const struct str_vec *headers;
	struct str_vec *by;
	struct str project; /* folder of the project's ports */
	enum rank *rank;    /* by header: of those that provide it */
	struct map seen;    /* modules: of two ports the first counts */
};

static enum rank rank_of(const struct provider_search *s, const struct port_place *at)
{
	if (at->embedded)
		return RANK_EMBEDDED;
	return str_eq(at->dir, s->project) ? RANK_PROJECT : RANK_REPOSITORY;
}

static bool note_providers(void *ctx, struct arena *a, const struct port_file *f, bool *stop,
			   struct err *e)
{
	struct provider_search *s = ctx;
	struct manifest m;
	enum rank rank = rank_of(s, f->at);
	bool first;

	(void)stop;
	if (!manifest_parse(a, f->shown, f->bytes, &m, e))
		return false;
	map_put(a, &s->seen, m.module, &first);
	for (size_t i = 0; first && i < s->headers->n; i++) {
		if (!port_provides(&m, s->headers->v[i]) || (s->by[i].n && s->rank[i] < rank))
			continue;
		s->rank[i] = rank; /* they come in this order */
		*vec_push(a, &s->by[i]) = m.module;
	}
	return true;
}

bool mod_ports_for_headers(struct arena *a, const struct str_vec *headers, const struct mod_opts *o,
			   struct str_vec *by, struct err *e)
{
	struct provider_search s = {.headers = headers,
				    .by = by,
				    .project = path_join(a, o->project_dir, STR("ports")),
				    .rank = arena_array(a, enum rank, headers->n)};

	memset(by, 0, headers->n * sizeof *by);
	return !headers->n || port_each(a, o, note_providers, &s, e);
}

/* ---- adding ---- */

static bool has_line(const struct manifest *m, struct str path)
{
	for (size_t i = 0; i < m->require.n; i++)
		if (str_eq(m->require.v[i].path, path))
			return true;
	return false;
}

static bool add_line(struct tidying *t, struct str path, struct err *e)
{
	struct str version = version_in(&t->r.selected, path);

	if (has_line(t->m, path) || version_in(&t->added, path).n)
		return true;
	if (!version.n && !query_version(t->q, path, STR("latest"), version, &version, e))
		return err_wrap(e, "looking for %.*s@latest", STR_ARG(path));
	*vec_push(t->a, &t->added) = (struct mod_version){path, version};
	return manifest_edit_require(t->a, STR("cbuild.yaml"), t->bytes, path, version, &t->bytes,
				     e);
}

/* Of a header's providers those that main can require: not itself. */
static struct str_vec providers(const struct tidying *t, const struct str_vec *by)
{
	struct str_vec out = {0};

	for (size_t i = 0; i < by->n; i++)
		if (!t->m->module.n || !str_eq(by->v[i], t->m->module))
			*vec_push(t->a, &out) = by->v[i];
	return out;
}

/* What of a header's providers is required, or will be; else the only one that is reached; else the only one. */
static struct str choose(const struct tidying *t, const struct str_vec *by)
{
	struct str reached = {0};
	size_t count = 0;

	for (size_t i = 0; i < by->n; i++)
		if (has_line(t->m, by->v[i]) || version_in(&t->added, by->v[i]).n)
			return by->v[i];
	for (size_t i = 0; i < by->n; i++)
		if (version_in(&t->r.selected, by->v[i]).n) {
			reached = by->v[i];
			count++;
		}
	if (count == 1)
		return reached;
	return by->n == 1 ? by->v[0] : STR("");
}

static bool several(const struct tidy_header *h, const struct str_vec *by, struct err *e)
{
	err_set(e, ERR_INPUT, "%.*s, which %.*s includes, is a header of %.*s and of %.*s",
		STR_ARG(h->name), STR_ARG(h->by), STR_ARG(by->v[0]), STR_ARG(by->v[1]));
	return err_fix(e, "choose: cbuild get %.*s, or cbuild get %.*s", STR_ARG(by->v[0]),
		       STR_ARG(by->v[1]));
}

/* One that only the user can choose may have come with one that was clear: that shows in the next round. */
static bool add_missing(struct tidying *t, const struct tidy_facts *f, struct err *e)
{
	struct str_vec names = {0}, *by = arena_array(t->a, struct str_vec, f->missing.n);
	size_t before = t->added.n, open = f->missing.n;

	for (size_t i = 0; i < f->missing.n; i++)
		*vec_push(t->a, &names) = f->missing.v[i].name;
	if (!mod_ports_for_headers(t->a, &names, &t->o, by, e))
		return false;
	for (size_t i = 0; i < f->missing.n; i++) {
		struct str path;

		by[i] = providers(t, &by[i]);
		path = choose(t, &by[i]);
		if (path.n && !add_line(t, path, e))
			return false;
		if (!path.n && by[i].n && open == f->missing.n)
			open = i;
	}
	return open == f->missing.n || t->added.n > before ||
	       several(&f->missing.v[open], &by[open], e);
}

/* ---- what main reaches ---- */

static bool resolve(struct tidying *t, struct manifest *m, struct resolution *r, struct err *e)
{
	struct manifest *with = arena_new(t->a, struct manifest);

	if (!t->stand_in)
		return mod_resolve(t->a, m, &t->o, r, e);
	return work_stand_in(t->a, m, t->o.project_dir, with, e) &&
	       mod_resolve(t->a, with, &t->o, r, e);
}

/*
 * The lines shall hold outside of a workspace too, so its members count as they were published. Where one was not
 * yet, as builds have it.
 */
static bool resolve_first(struct tidying *t, struct err *e)
{
	if (resolve(t, t->m, &t->r, e))
		return true;
	if (!t->o.sum_dirs.n || e->code == ERR_VERIFY)
		return false;
	t->stand_in = true;
	return resolve(t, t->m, &t->r, e);
}

/* What cbuild.sum keeps: all that is reached, and where a member stands in, what may be reached without it. */
static struct mod_versions kept_sums(const struct tidying *t)
{
	struct mod_versions keep = {0};
	struct str before = t->r.sums.before, line;

	for (size_t i = 0; i < t->r.reached.n; i++)
		*vec_push(t->a, &keep) = t->r.reached.v[i];
	while (t->stand_in && str_line(&before, &line)) {
		struct str path = str_cut(&line, ' ');

		if (line.p)
			*vec_push(t->a, &keep) = (struct mod_version){path, str_cut(&line, ' ')};
	}
	return keep;
}

/* ---- rounds ---- */

static bool parse(struct tidying *t, struct manifest **out, struct err *e)
{
	*out = arena_new(t->a, struct manifest);
	return manifest_parse(t->a, STR("cbuild.yaml"), t->bytes, *out, e);
}

static bool look(struct tidying *t, struct tidy_facts *f, struct err *e)
{
	struct manifest *own; /* whoever looks may change it */

	*f = (struct tidy_facts){0};
	return parse(t, &own, e) && t->opts->look(t->opts->ctx, own, &t->r.selected, f, e);
}

/* Until the sources find all that they include. */
static bool add_all(struct tidying *t, struct tidy_facts *f, struct err *e)
{
	for (;;) {
		size_t before = t->added.n;

		if (!look(t, f, e))
			return false;
		for (size_t i = 0; i < f->direct.n; i++)
			if (version_in(&t->r.selected, f->direct.v[i]).n &&
			    !add_line(t, f->direct.v[i], e))
				return false;
		if (!add_missing(t, f, e))
			return false;
		if (t->added.n == before)
			return true;
		if (!parse(t, &t->m, e) || !resolve(t, t->m, &t->r, e))
			return false;
	}
}

/* ---- dropping ---- */

static const struct module *list_find(const struct build_list *list, struct str path)
{
	for (size_t i = 1; i < list->modules.n; i++)
		if (str_eq(list->modules.v[i].path, path))
			return &list->modules.v[i];
	return NULL;
}

static bool try_without(struct tidying *t, struct str path, struct str *edited,
			struct resolution *r, struct err *e)
{
	struct manifest *m = arena_new(t->a, struct manifest);

	return manifest_edit_require(t->a, STR("cbuild.yaml"), t->bytes, path, STR(""), edited,
				     e) &&
	       manifest_parse(t->a, STR("cbuild.yaml"), *edited, m, e) && resolve(t, m, r, e);
}

/*
 * Whether sources include what the module should have, and has not. The user's line stays then, as it may be the
 * wrong version; the next run would ask for the newest one.
 */
static bool is_wanted(const struct tidying *t, const struct tidy_facts *f, struct str path)
{
	for (size_t i = 0; i < f->absent.n; i++)
		if (str_eq(f->absent.v[i].module, path))
			return !version_in(&t->added, path).n;
	return false;
}

/* Drops what nothing uses, but keeps a line that holds up the version of what something else
 * requires. */
static bool drop_unused(struct tidying *t, const struct tidy_facts *f, struct err *e)
{
	for (size_t i = 0; i < t->m->require.n; i++) {
		const struct requirement *q = &t->m->require.v[i];
		const struct module *left, *now = list_find(&t->r.list, q->path);
		struct resolution without;
		struct str edited;

		if (str_vec_has(&f->used, q->path) || is_wanted(t, f, q->path) ||
		    !condition_options_hold(&q->when, &t->r.list.modules.v[0].options))
			continue;
		if (!try_without(t, q->path, &edited, &without, e))
			return false;
		left = list_find(&without.list, q->path);
		if (left && now && !str_eq(left->version, now->version))
			continue;
		*vec_push(t->a, &t->dropped) = q->path;
		t->bytes = edited;
		t->r = without;
	}
	return true;
}

/* Modules that were added and dropped were never there. */
static void take_back(struct tidying *t)
{
	struct mod_versions added = t->added;
	struct str_vec dropped = t->dropped;

	t->added = (struct mod_versions){0};
	t->dropped = (struct str_vec){0};
	for (size_t i = 0; i < added.n; i++)
		if (!str_vec_has(&dropped, added.v[i].path))
			*vec_push(t->a, &t->added) = added.v[i];
	for (size_t i = 0; i < dropped.n; i++)
		if (!version_in(&added, dropped.v[i]).n)
			*vec_push(t->a, &t->dropped) = dropped.v[i];
	if (!t->added.n && !t->dropped.n)
		t->bytes = t->p.bytes;
}

static void warn_absent(const struct tidying *t, const struct tidy_facts *f,
			const struct mod_versions *selected)
{
	for (size_t i = 0; i < f->absent.n; i++) {
		const struct tidy_absent *x = &f->absent.v[i];
		struct str version = version_in(selected, x->module);

		event_warn(t->o.sink,
			   "%.*s includes %.*s: %.*s, whose port promises such headers, has none "
			   "of that name%s%.*s",
			   STR_ARG(x->header.by), STR_ARG(x->header.name), STR_ARG(x->module),
			   version.n ? " in " : "", STR_ARG(version));
	}
}

/* ---- */

static void tell(const struct tidying *t)
{
	for (size_t i = 0; i < t->added.n; i++)
		project_tell(t->o.sink, t->added.v[i].path, STR(""), t->added.v[i].version);
	for (size_t i = 0; i < t->before.n && t->added.n; i++) {
		struct str was = t->before.v[i].version;
		struct str is = version_in(&t->r.selected, t->before.v[i].path);

		if (is.n && !str_eq(is, was))
			project_tell(t->o.sink, t->before.v[i].path, was, is);
	}
	for (size_t i = 0; i < t->dropped.n; i++)
		event_note(t->o.sink, "%.*s is no longer required", STR_ARG(t->dropped.v[i]));
}

static struct str or_absent(struct str text, bool there)
{
	return there ? text : (struct str){NULL, 0};
}

static void add_diff(const struct tidying *t, const struct mod_versions *keep)
{
	struct str sums = sum_text(t->a, &t->r.sums, keep);

	text_diff(t->opts->diff, STR("cbuild.yaml"), or_absent(t->p.bytes, t->p.has_file),
		  or_absent(t->bytes, t->p.has_file || t->bytes.n));
	text_diff(t->opts->diff, STR("cbuild.sum"), t->r.sums.before, or_absent(sums, sums.n));
}

static bool tidy_locked(struct tidying *t, const struct mod_opts *o, struct err *e)
{
	struct tidy_facts facts;
	struct mod_versions full, keep;

	t->o = project_updating(o);
	t->o.brief = true;
	if (!project_open(t->a, &t->o, &t->p, e))
		return false;
	t->m = &t->p.m;
	t->bytes = t->p.bytes;
	t->q = query_new(t->a, &t->p.m, &t->o);
	if (!resolve_first(t, e))
		return false;
	t->before = t->r.selected;
	t->o.ports = &t->r.list.ports;
	if (!add_all(t, &facts, e))
		return err_wrap(e, "leaving cbuild.yaml and cbuild.sum as they were");
	full = t->r.selected;
	if (!drop_unused(t, &facts, e))
		return err_wrap(e, "leaving cbuild.yaml and cbuild.sum as they were");
	take_back(t);
	warn_absent(t, &facts, &full);
	keep = kept_sums(t);
	if (t->opts->diff) {
		add_diff(t, &keep);
		return true;
	}
	if (!project_write(&t->p, t->bytes, &t->r, &keep, e))
		return false;
	tell(t);
	return true;
}

bool mod_tidy(struct arena *a, const struct tidy_opts *opts, const struct mod_opts *o,
	      struct err *e)
{
	struct tidying t = {.a = a, .opts = opts};
	struct file_lock lock = {-1};
	bool ok = lock_folder(&lock, str_c(a, o->project_dir), e) && tidy_locked(&t, o, e);

	lock_release(&lock);
	return ok;
}
