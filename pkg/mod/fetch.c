/*
 * Bringing a version into the cache. CBUILD_PROXY says who is asked in which order; "direct" is the
 * module's own archive (when its port names one for that version) or repository. Whoever gives the
 * tree, the same files of it are kept, the same limits hold, and the same sum is checked before the
 * folder gets its name.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/path.h"
#include "mod/mod_impl.h"
#include "sys/spawn.h"

/* A tree that can be read: a tag of a repository, or an unpacked folder. */
struct tree {
	struct git_source *git; /* NULL: the folder */
	struct str folder;
	struct str from; /* for messages */
};

struct fetch {
	struct arena *a;
	const struct mod_opts *o;
	const struct mod_version *v;
	const struct manifest *port; /* may be NULL */
	struct str want;	     /* "h1:..."; empty: whatever it is */
	bool absent;		     /* the last proxy does not have it */
};

bool offline_refused(const struct mod_opts *o, struct str url, struct err *e)
{
	if (!o->offline)
		return true;
	err_set(e, ERR_NET, "CBUILD_OFFLINE is set and %.*s would have to be asked", STR_ARG(url));
	return err_fix(e,
		       "unset CBUILD_OFFLINE for one run, or `replace` the module with a folder");
}

bool fetch_again(unsigned tried, const struct err *e)
{
	enum { TRIES = 3, BACKOFF_MS = 250 };
	uint64_t ms = (uint64_t)BACKOFF_MS << tried;
	struct timespec ts = {.tv_nsec = (long)ms * 1000000L};

	if (e->code != ERR_NET || tried + 1 >= TRIES || interrupt_requested())
		return false;
	nanosleep(&ts, NULL); /* a signal ends it early: the next try sees the interruption */
	return true;
}

/* ---- from a tree into the cache ---- */

static bool has_manifest(struct fetch *f, const struct tree *t, bool *own, struct err *e)
{
	struct str ignored;

	if (t->git)
		return git_root_file(f->a, t->git, "cbuild.yaml", &ignored, own, e);
	*own = file_kind(path_join(f->a, t->folder, STR("cbuild.yaml")).p) == FILE_REGULAR;
	return true;
}

static bool add_file(void *ctx, const struct tree_file *file, struct err *e)
{
	struct cache_writer *w = ctx;

	return cache_add(w, file, e);
}

static bool each_file(struct fetch *f, const struct tree *t, const struct str_vec *globs,
		      struct cache_writer *w, struct err *e)
{
	if (t->git)
		return git_each_file(f->a, t->git, globs, add_file, w, e);
	return folder_each_file(f->a, t->folder, globs, add_file, w, e) ||
	       err_wrap(e, "reading %.*s", STR_ARG(t->from));
}

static bool no_file(struct fetch *f, struct err *e)
{
	err_set(e, ERR_INPUT, "%.*s %.*s: the port's `paths` keep no file", STR_ARG(f->v->path),
		STR_ARG(f->v->version));
	return err_fix(e, "correct `paths` (or the archive's `strip`) in %.*s",
		       STR_ARG(f->port ? f->port->file : STR("the port")));
}

/* Writes the tree to a temporary, checks its sum and puts it in its place. */
static bool fill(struct fetch *f, const struct tree *t, const struct manifest *port, struct err *e)
{
	static const struct str_vec all;
	struct cache_writer w = {0};
	struct str got;
	bool ok;

	ok = cache_begin(f->a, f->o, cache_name(f->a, f->v, port), &w, e) &&
	     each_file(f, t, port ? &port->paths : &all, &w, e);
	if (ok && !w.lines.n)
		ok = no_file(f, e);
	if (ok) {
		got = cache_sum(&w);
		ok = !f->want.n || str_eq(got, f->want) ||
		     sum_wrong(f->v, got, f->want, port != NULL, e);
	}
	ok = ok && cache_commit(&w, e);
	if (!ok)
		cache_abandon(&w);
	return ok;
}

static bool take_tree(struct fetch *f, const struct tree *t, struct err *e)
{
	bool own;

	if (!has_manifest(f, t, &own, e))
		return false;
	if (!own && !f->port)
		return port_missing(f->v, e);
	return fill(f, t, own ? NULL : f->port, e);
}

/* An unpacked folder is ours: it goes when it was taken. */
static bool take_folder(struct fetch *f, struct str tmp, struct str folder, struct str from,
			struct err *e)
{
	struct tree t = {.folder = folder, .from = from};
	struct err ignored;
	bool ok = take_tree(f, &t, e);

	(void)!folder_remove(tmp.p, &ignored);
	return ok;
}

/* ---- direct ---- */

static bool from_git(struct fetch *f, struct err *e)
{
	struct str_vec tags = {0};
	struct tree t = {.from = port_url(f->a, f->port, f->v->path)};
	bool ok;

	port_tags(f->a, f->port, f->v->version, &tags);
	if (!git_open_tag(f->a, f->o, t.from, &tags, &t.git, e))
		return false;
	ok = take_tree(f, &t, e);
	if (!ok && e->code == ERR_VERIFY)
		git_forget_tag(f->a, t.git);
	git_close(t.git);
	return ok;
}

static bool from_archive(struct fetch *f, const struct archive_spec *spec, struct err *e)
{
	struct str tmp, url;

	return archive_fetch(f->a, f->o, f->v, spec, &tmp, &url, e) &&
	       take_folder(f, tmp, tmp, url, e);
}

static bool from_origin(struct fetch *f, struct err *e)
{
	struct archive_spec spec;

	if (port_archive(f->a, f->port, f->v->version, &spec))
		return from_archive(f, &spec, e);
	return from_git(f, e);
}

/* ---- who is asked ---- */

static bool from_proxy(struct fetch *f, struct str base, struct err *e)
{
	struct str tmp, folder, url;

	return proxy_fetch(f->a, f->o, base, f->v, &tmp, &folder, &url, &f->absent, e) &&
	       take_folder(f, tmp, folder, url, e);
}

static bool ask_step(void *ctx, struct str base, bool *absent, struct err *e)
{
	struct fetch *f = ctx;
	bool ok;

	f->absent = false;
	ok = str_eqc(base, "direct") ? from_origin(f, e) : from_proxy(f, base, e);
	*absent = f->absent;
	return ok;
}

bool fetch_version(struct arena *a, const struct mod_opts *o, const struct mod_version *v,
		   const struct manifest *port, struct str want, struct err *e)
{
	struct fetch f = {.a = a, .o = o, .v = v, .port = port, .want = want};

	return proxy_walk(a, o, v->path, ask_step, &f, e);
}

/* ---- which versions there are ---- */

struct asking {
	struct arena *a;
	const struct mod_opts *o;
	struct str path;
	const struct manifest *port;
	struct str_vec *versions, *seen;
};

static bool origin_versions(struct asking *q, struct err *e)
{
	const struct source_spec *s = q->port ? &q->port->source : NULL;

	for (size_t i = 0; s && i < s->versions.n; i++)
		*vec_push(q->a, q->versions) = s->versions.v[i].version;
	if (s && !s->git.n && (s->versions.n || s->archive.urls.n)) {
		*q->seen = *q->versions;
		return true;
	}
	if (!git_tags(q->a, q->o, port_url(q->a, q->port, q->path), q->seen, e))
		return false;
	for (size_t i = 0; i < q->seen->n; i++) {
		struct str v;

		if (port_version(q->a, q->port, q->seen->v[i], &v))
			*vec_push(q->a, q->versions) = v;
	}
	return true;
}

static bool versions_step(void *ctx, struct str base, bool *absent, struct err *e)
{
	struct asking *q = ctx;

	q->versions->n = q->seen->n = 0;
	if (str_eqc(base, "direct"))
		return origin_versions(q, e);
	if (!proxy_versions(q->a, q->o, base, q->path, q->versions, absent, e))
		return false;
	*q->seen = *q->versions;
	return true;
}

bool fetch_versions(struct arena *a, const struct mod_opts *o, struct str path,
		    const struct manifest *port, struct str_vec *versions, struct str_vec *seen,
		    struct err *e)
{
	struct asking q = {a, o, path, port, versions, seen};

	if (!proxy_walk(a, o, path, versions_step, &q, e))
		return false;
	str_vec_sort_unique(versions);
	return true;
}
