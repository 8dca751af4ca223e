/*
 * What writes: mod_load with leave to update, get, tidy. A change is worked out whole, in memory,
 * before a byte is written. cbuild.sum goes first: with lines too many it is still right, so a kill
 * between the two writes leaves a tree that builds; when a write fails both are taken back. The
 * project's folder is locked from reading to writing, so two at once lose neither's change.
 */
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "mod/source_impl.h"

enum { MANIFEST_MODE = 0644 };

struct project {
	struct arena *a;
	const struct mod_opts *o;
	struct str manifest_path, sum_path;
	struct str bytes; /* of cbuild.yaml */
	bool has_file;
	struct manifest m;
};

static bool project_open(struct arena *a, const struct mod_opts *o, struct project *p,
			 struct err *e)
{
	*p = (struct project){.a = a, .o = o};
	p->manifest_path = path_join(a, o->project_dir, STR("cbuild.yaml"));
	p->sum_path = path_join(a, o->project_dir, STR("cbuild.sum"));
	p->has_file = file_kind(p->manifest_path.p) != FILE_ABSENT;
	p->bytes = STR("");
	return (!p->has_file || file_read(a, p->manifest_path.p, 0, &p->bytes, e)) &&
	       manifest_parse(a, STR("cbuild.yaml"), p->bytes, &p->m, e);
}

static bool write_sum(struct str path, struct str text, struct err *e)
{
	return text.n ? file_write_atomic(path.p, text, MANIFEST_MODE, e) : file_remove(path.p, e);
}

/* Back to the bytes of before: a write can fail behind its rename, in the folder's fsync. */
static void take_back(struct str path, struct str before)
{
	struct err ignored;

	(void)!(before.p ? file_write_fast(path.p, before, MANIFEST_MODE, &ignored)
			 : file_remove(path.p, &ignored));
}

/* Both files or neither. */
static bool project_write(struct project *p, struct str manifest, const struct resolution *r,
			  const struct mod_versions *keep, struct err *e)
{
	struct str text = sum_text(p->a, &r->sums, keep);

	if (!str_eq(text, r->sums.before) && !write_sum(p->sum_path, text, e)) {
		take_back(p->sum_path, r->sums.before);
		return err_wrap(e, "writing cbuild.sum; nothing was changed");
	}
	if (str_eq(manifest, p->bytes) ||
	    file_write_atomic(p->manifest_path.p, manifest, MANIFEST_MODE, e))
		return true;
	take_back(p->manifest_path, p->has_file ? p->bytes : (struct str){NULL, 0});
	take_back(p->sum_path, r->sums.before);
	return err_wrap(e, "writing cbuild.yaml; nothing was changed");
}

static struct mod_opts updating(const struct mod_opts *o)
{
	struct mod_opts u = *o;

	u.update = true;
	return u;
}

bool mod_load(struct arena *a, struct manifest *main, const struct mod_opts *o,
	      struct build_list *out, struct err *e)
{
	struct resolution r;

	if (!mod_resolve(a, main, o, &r, e))
		return false;
	*out = r.list;
	if (!o->update || !r.sums.changed)
		return true;
	return write_sum(path_join(a, o->project_dir, STR("cbuild.sum")),
			 sum_text(a, &r.sums, NULL), e);
}

/* ---- get ---- */

/* Is v an answer to query, and better than best? `latest` and prefixes prefer releases. */
static bool better(struct str query, struct str v, struct str best)
{
	if (!str_eqc(query, "latest") && !semver_has_prefix(v, query))
		return false;
	if (!best.n)
		return true;
	if (semver_is_prerelease(v) != semver_is_prerelease(best))
		return semver_is_prerelease(best);
	return semver_cmp(v, best) > 0;
}

static bool no_version(struct str path, struct str query, const struct str_vec *versions,
		       struct err *e)
{
	err_set(e, ERR_INPUT, "%.*s has no version for '%.*s'", STR_ARG(path), STR_ARG(query));
	if (!versions->n)
		return err_fix(
		    e,
		    "nothing in its repository is tagged as a version: only those can be required");
	return err_fix(e, "it has %zu versions, the greatest is %.*s", versions->n,
		       STR_ARG(versions->v[versions->n - 1]));
}

static bool ask_remote(struct project *p, struct str path, struct str query, struct str *out,
		       struct err *e)
{
	struct manifest *port;
	struct module_source s;
	struct str_vec versions = {0};

	*out = STR("");
	if (!port_find(p->a, p->o, path, &port, e))
		return false;
	source_open(p->o, path, port, &s);
	if (!s.ops->versions(p->a, &s, &versions, e))
		return false;
	for (size_t i = 0; i < versions.n; i++)
		if (better(query, versions.v[i], *out))
			*out = versions.v[i];
	return out->n || no_version(path, query, &versions, e);
}

static bool resolve_query(struct project *p, struct str path, struct str query, struct str *out,
			  struct err *e)
{
	if (!path_is_local(path) || str_find(path, '.') > str_find(path, '/') ||
	    str_find(path, '.') == path.n) {
		err_set(e, ERR_USAGE, "'%.*s' is no module path", STR_ARG(path));
		return err_fix(e, "a module path starts with a host: github.com/madler/zlib");
	}
	if (str_eqc(query, "none")) {
		*out = STR("");
		return true;
	}
	*out = query;
	if (semver_valid(query))
		return true;
	if (query.n == 0)
		query = STR("latest");
	if (str_eqc(query, "latest") || semver_is_prefix(query))
		return ask_remote(p, path, query, out, e);
	err_set(e, ERR_USAGE, "'%.*s' is no version of a module", STR_ARG(query));
	return err_fix(e, "say v1.2.3, v1.2, latest or none");
}

static const struct module *list_find(const struct build_list *list, struct str path)
{
	for (size_t i = 1; i < list->modules.n; i++)
		if (str_eq(list->modules.v[i].path, path))
			return &list->modules.v[i];
	return NULL;
}

/* Who keeps path at more than was asked for? Named in the error. */
static bool refused_by(const struct build_list *list, struct str path, struct str version,
		       struct err *e)
{
	const struct module *got = list_find(list, path);

	if (!got || got->replaced || str_eq(got->version, version))
		return true;
	for (size_t i = 1; i < list->modules.n; i++) {
		const struct module *m = &list->modules.v[i];

		for (size_t k = 0; k < m->manifest->require.n; k++) {
			const struct requirement *r = &m->manifest->require.v[k];

			if (!str_eq(r->path, path) || semver_cmp(r->version, version) <= 0)
				continue;
			err_set(e, ERR_INPUT, "%.*s %.*s is not enough: %.*s %.*s requires %.*s",
				STR_ARG(path), STR_ARG(version), STR_ARG(m->path),
				STR_ARG(m->version), STR_ARG(r->version));
			return err_fix(e, "get an older %.*s first, or `exclude` that version",
				       STR_ARG(m->path));
		}
	}
	err_set(e, ERR_INPUT, "%.*s %.*s is not enough: the build list needs %.*s", STR_ARG(path),
		STR_ARG(version), STR_ARG(got->version));
	return err_fix(e, "get that version, or `exclude` it");
}

static bool get_locked(struct arena *a, struct str path, struct str query, const struct mod_opts *o,
		       struct err *e)
{
	struct project p;
	struct mod_opts u = updating(o);
	struct str version = {0}, edited;
	struct manifest *next = arena_new(a, struct manifest);
	struct resolution r;

	if (!project_open(a, o, &p, e) || !resolve_query(&p, path, query, &version, e))
		return false;
	if (!manifest_edit_require(a, STR("cbuild.yaml"), p.bytes, path, version, &edited, e) ||
	    !manifest_parse(a, STR("cbuild.yaml"), edited, next, e))
		return false;
	if (!mod_resolve(a, next, &u, &r, e) ||
	    (version.n && !refused_by(&r.list, path, version, e)))
		return err_wrap(e, "leaving cbuild.yaml and cbuild.sum as they were");
	if (!project_write(&p, edited, &r, NULL, e))
		return false;
	if (version.n)
		event_note(o->sink, "%.*s %.*s", STR_ARG(path), STR_ARG(version));
	else
		event_note(o->sink, "%.*s is no longer required", STR_ARG(path));
	return true;
}

bool mod_get(struct arena *a, struct str path, struct str query, const struct mod_opts *o,
	     struct err *e)
{
	struct file_lock lock = {-1};
	bool ok =
	    lock_folder(&lock, str_c(a, o->project_dir), e) && get_locked(a, path, query, o, e);

	lock_release(&lock);
	return ok;
}

/* ---- tidy ---- */

static bool try_without(struct project *p, struct str bytes, struct str path,
			const struct mod_opts *u, struct str *edited, struct resolution *r,
			struct err *e)
{
	struct manifest *m = arena_new(p->a, struct manifest);

	return manifest_edit_require(p->a, STR("cbuild.yaml"), bytes, path, STR(""), edited, e) &&
	       manifest_parse(p->a, STR("cbuild.yaml"), *edited, m, e) &&
	       mod_resolve(p->a, m, u, r, e);
}

/* Drops what nothing uses, but keeps a line that holds up the version of what something else
 * requires. */
static bool drop_unused(struct project *p, const struct str_vec *used, const struct mod_opts *u,
			struct str *bytes, struct resolution *r, struct err *e)
{
	for (size_t i = 0; i < p->m.require.n; i++) {
		const struct requirement *q = &p->m.require.v[i];
		const struct module *left, *now = list_find(&r->list, q->path);
		struct resolution without;
		struct str edited;

		if (str_vec_has(used, q->path))
			continue;
		if (!try_without(p, *bytes, q->path, u, &edited, &without, e))
			return false;
		left = list_find(&without.list, q->path);
		if (left && now && !str_eq(left->version, now->version))
			continue;
		event_note(u->sink, "%.*s is no longer required", STR_ARG(q->path));
		*bytes = edited;
		*r = without;
	}
	return true;
}

static bool tidy_locked(struct arena *a, const struct str_vec *used, const struct mod_opts *o,
			struct err *e)
{
	struct project p;
	struct mod_opts u = updating(o);
	struct resolution r;
	struct str bytes;

	if (!project_open(a, o, &p, e) || !mod_resolve(a, &p.m, &u, &r, e))
		return false;
	bytes = p.bytes;
	if (used && !drop_unused(&p, used, &u, &bytes, &r, e))
		return false;
	return project_write(&p, bytes, &r, &r.reached, e);
}

bool mod_tidy(struct arena *a, const struct str_vec *used, const struct mod_opts *o, struct err *e)
{
	struct file_lock lock = {-1};
	bool ok = lock_folder(&lock, str_c(a, o->project_dir), e) && tidy_locked(a, used, o, e);

	lock_release(&lock);
	return ok;
}

/* ---- verify ---- */

bool mod_verify(struct arena *a, const struct build_list *list, const struct mod_opts *o,
		struct err *e)
{
	bool ok = true;

	(void)o;
	for (size_t i = 0; i < list->modules.n; i++) {
		const struct module *m = &list->modules.v[i];
		struct str got;

		if (!m->cache_name.n)
			continue;
		if (!tree_hash(a, m->dir, &got, e))
			return err_wrap(e, "hashing %.*s %.*s", STR_ARG(m->path),
					STR_ARG(m->version));
		if (str_eq(got, m->sum))
			continue;
		if (ok)
			err_set(e, ERR_VERIFY,
				"%.*s %.*s: files in %.*s were changed: got %.*s, want %.*s",
				STR_ARG(m->path), STR_ARG(m->version), STR_ARG(m->dir),
				STR_ARG(got), STR_ARG(m->sum));
		else
			err_also(e, m->path.p, 0, 0, "%.*s was changed too: got %.*s, want %.*s",
				 STR_ARG(m->version), STR_ARG(got), STR_ARG(m->sum));
		ok = false;
	}
	return ok || err_fix(e, "remove the folders named (chmod -R u+w, rm -r); the next build "
				"fetches them again");
}
