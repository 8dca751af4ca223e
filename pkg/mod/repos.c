/*
 * Port repositories: the modules that the main module's `ports` names, each at its own exact version. They take
 * no part in selection; their ports/ folders are looked in (ports.c). Their sums are held as any module's.
 */
#include "base/path.h"
#include "mod/load_impl.h"
#include "mod/project_impl.h"
#include "mod/query_impl.h"

static bool has_ports(struct arena *a, const struct module *m, const struct manifest *main,
		      const struct requirement *r, struct err *e)
{
	if (port_folder_there(path_join(a, m->dir, STR("ports")).p))
		return true;
	err_at(e, ERR_INPUT, str_c(a, main->file), r->pos.line, r->pos.col,
	       "%.*s %.*s has no folder 'ports'", STR_ARG(r->path), STR_ARG(r->version));
	return err_fix(e, "a port repository holds ports/NAME.yaml beside its cbuild.yaml");
}

/* One version is named, and no other stands in for it. */
static bool is_allowed(struct arena *a, const struct manifest *main, const struct requirement *r,
		       struct err *e)
{
	if (!is_excluded(main, r->path, r->version))
		return true;
	err_at(e, ERR_INPUT, str_c(a, main->file), r->pos.line, r->pos.col,
	       "the port repository %.*s %.*s is excluded", STR_ARG(r->path), STR_ARG(r->version));
	return err_fix(e,
		       "remove it from `exclude`, or name another version: cbuild get --ports "
		       "%.*s@VERSION",
		       STR_ARG(r->path));
}

bool load_ports(struct loader *l, struct module_vec *out, struct err *e)
{
	struct mod_opts *with = arena_new(l->a, struct mod_opts);

	*out = (struct module_vec){0};
	for (size_t i = 0; i < l->main->ports.n; i++) {
		const struct requirement *r = &l->main->ports.v[i];
		struct module *m;

		if (!is_allowed(l->a, l->main, r, e) ||
		    !load_version(l, &(struct mod_version){r->path, r->version}, &m, e) ||
		    !has_ports(l->a, m, l->main, r, e))
			return err_wrap(
			    e,
			    "opening the port repository %.*s: a module with a cbuild.yaml and a "
			    "folder 'ports'",
			    STR_ARG(r->path));
		*vec_push(l->a, out) = *m;
	}
	*with = *l->o;
	with->ports = out;
	l->o = with;
	l->ported = (struct map){0}; /* what was listed lacked theirs */
	l->ports_listed = false;
	return true;
}

void load_ports_versions(const struct manifest *main, struct arena *a, struct mod_versions *out)
{
	for (size_t i = 0; i < main->ports.n; i++)
		*vec_push(a, out) =
		    (struct mod_version){main->ports.v[i].path, main->ports.v[i].version};
}

/* ---- cbuild get --ports ---- */

struct str ports_version(const struct manifest *m, struct str path)
{
	for (size_t i = 0; i < m->ports.n; i++)
		if (str_eq(m->ports.v[i].path, path))
			return m->ports.v[i].version;
	return STR("");
}

static bool want_version(struct query *q, const struct get_request *r, struct str now,
			 struct str *version, struct err *e)
{
	*version = STR("");
	if (str_eqc(r->query, "none"))
		return query_check_path(r->path, e);
	return query_version(q, r->path, r->query, now, version, e) ||
	       err_wrap(e, "looking for %.*s@%.*s", STR_ARG(r->path), STR_ARG(r->query));
}

static bool check_requests(const struct project *p, const struct get_request *v, size_t n,
			   struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (asked_itself(&p->m, v[i].path, e))
			return false;
		for (size_t k = 0; k < i; k++)
			if (str_eq(v[i].path, v[k].path))
				return asked_twice(v[i].path, e);
	}
	return true;
}

static bool get_ports_locked(struct arena *a, const struct get_request *v, size_t n,
			     const struct mod_opts *o, struct err *e)
{
	struct mod_opts u = project_updating(o);
	struct manifest *next = arena_new(a, struct manifest);
	const struct str file = STR("cbuild.yaml");
	struct project p;
	struct resolution r;
	struct query *q;
	struct str text;

	u.brief = true;
	if (!project_open(a, o, &p, e) || !check_requests(&p, v, n, e))
		return false;
	q = query_new(a, &p.m, &u);
	text = p.bytes;
	for (size_t i = 0; i < n; i++) {
		struct str version;

		if (!want_version(q, &v[i], ports_version(&p.m, v[i].path), &version, e) ||
		    !manifest_edit(a, file, text, STR("ports"), v[i].path, version, &text, e))
			return false;
	}
	if (!manifest_parse(a, file, text, next, e) || !mod_resolve(a, next, &u, &r, e))
		return err_wrap(e, "leaving cbuild.yaml and cbuild.sum as they were");
	if (!project_write(&p, text, &r, NULL, e))
		return false;
	for (size_t i = 0; i < n; i++)
		project_tell(o->sink, v[i].path, ports_version(&p.m, v[i].path),
			     ports_version(next, v[i].path));
	return true;
}

bool mod_get_ports(struct arena *a, const struct get_request *v, size_t n, const struct mod_opts *o,
		   struct err *e)
{
	struct file_lock lock = {-1};
	bool ok =
	    lock_folder(&lock, str_c(a, o->project_dir), e) && get_ports_locked(a, v, n, o, e);

	lock_release(&lock);
	return ok;
}
