/*
 * From a source into the cache: look up, lock, write the tree to a temporary, compare its hash, rename.
 */
#include <string.h>
#include <time.h>

#include "mod/source_impl.h"
#include "sys/spawn.h"

void source_direct(const struct mod_opts *o, struct str path, const struct manifest *port,
		   struct module_source *out)
{
	*out = (struct module_source){.o = o, .path = path, .port = port, .ops = &source_git};
	if (source_has_archive(port))
		out->ops = &source_archive;
}

void source_open(const struct mod_opts *o, struct str path, const struct manifest *port,
		 struct module_source *out)
{
	source_direct(o, path, port, out);
	if (str_trim(o->proxy).n && !private_path(o->noproxy, path))
		out->ops = &source_proxy;
}

void mod_source(struct arena *a, const struct module *m, struct str *url, struct str *ref)
{
	static const struct mod_opts nobody;
	struct module_source s;

	*url = *ref = STR("");
	if (!m->version.n)
		return;
	source_direct(&nobody, m->by_path.n ? m->by_path : m->path,
		      m->from_port ? m->manifest : NULL, &s);
	s.ops->origin(a, &s, m->by_path.n ? m->by_version : m->version, url, ref);
}

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
	struct timespec ts = {.tv_nsec = ((long)BACKOFF_MS << tried) * 1000000L};

	if (e->code != ERR_NET || tried + 1 >= TRIES || interrupt_requested())
		return false;
	nanosleep(&ts, NULL); /* a signal ends it early: the next try sees the interruption */
	return true;
}

bool no_manifest(const struct mod_version *v, struct err *e)
{
	err_set(e, ERR_INPUT, "module %.*s %.*s has no cbuild.yaml, and there is no port for it",
		STR_ARG(v->path), STR_ARG(v->version));
	return err_fix(
	    e, "write ports/NAME.yaml beside cbuild.yaml (docs/ports.md), take a port repository "
	       "that has one (`cbuild get --ports`), or `replace` the module with a folder that "
	       "has a cbuild.yaml");
}

bool wrong_sum(const struct mod_version *v, struct str got, struct str want, bool from_port,
	       struct err *e)
{
	err_at(e, ERR_VERIFY, "cbuild.sum", 0, 0,
	       "%.*s %.*s does not have the content that was recorded\n  got  %.*s\n  want %.*s",
	       STR_ARG(v->path), STR_ARG(v->version), STR_ARG(got), STR_ARG(want));
	return err_fix(e,
		       "the tag was moved upstream, a mirror serves other files%s, or somebody "
		       "tampered with it: compare with a copy you trust; only when the new content "
		       "is right, remove its line from cbuild.sum and run `cbuild mod tidy`",
		       from_port ? ", the port's `paths` changed" : "");
}

struct filling {
	struct arena *a;
	const struct mod_opts *o;
	const struct mod_version *v;
	const struct manifest *port; /* NULL: the module has a manifest of its own */
	struct str want;
	struct module_source *source;
};

static bool use_cached(struct arena *a, const struct mod_opts *o, struct str name, bool from_port,
		       struct fetched *out, bool *found, struct err *e)
{
	*out = (struct fetched){
	    .cache_name = name, .dir = cache_folder(a, o, name), .from_port = from_port};
	return cache_find(a, o, name, &out->sum, found, e);
}

/* In the cache with a manifest of its own, or through the port; *found false: neither. */
static bool look_up(const struct filling *f, struct fetched *out, bool *found, struct err *e)
{
	if (!use_cached(f->a, f->o, cache_name(f->a, f->v, f->port, true), false, out, found, e))
		return false;
	if (*found || !f->port)
		return true;
	return use_cached(f->a, f->o, cache_name(f->a, f->v, f->port, false), true, out, found, e);
}

static bool add_file(void *ctx, const struct tree_file *file, struct err *e)
{
	struct cache_writer *w = ctx;

	return cache_add(w, file, e);
}

static bool keeps_nothing(const struct filling *f, const struct manifest *port, struct err *e)
{
	err_set(e, ERR_INPUT, "%.*s %.*s: the port's `paths` keep no file", STR_ARG(f->v->path),
		STR_ARG(f->v->version));
	return err_fix(e, "correct `paths` (or an archive's `strip`) in %.*s",
		       STR_ARG(port ? port->file : STR("the port")));
}

/* Writes the tree to a temporary, checks its sum and puts it in its place. */
static bool fill(const struct filling *f, bool own, struct err *e)
{
	static const struct str_vec all;
	const struct manifest *port = own ? NULL : f->port;
	struct cache_writer w = {0};
	bool ok;

	ok = cache_begin(f->a, f->o, cache_name(f->a, f->v, f->port, own), &w, e) &&
	     f->source->ops->files(f->a, f->source, f->v->version, port ? &port->paths : &all,
				   add_file, &w, e);
	if (ok && !w.lines.n)
		ok = keeps_nothing(f, port, e);
	if (ok && f->want.n) {
		struct str got = cache_sum(&w);

		ok = str_eq(got, f->want) || wrong_sum(f->v, got, f->want, port != NULL, e);
	}
	ok = ok && cache_commit(&w, e);
	if (!ok)
		cache_abandon(&w);
	return ok;
}

static bool fetch(const struct filling *f, struct err *e)
{
	struct module_source s;
	struct filling with = *f;
	struct str ignored;
	bool own, ok;

	source_open(f->o, f->v->path, f->port, &s);
	with.source = &s;
	if (!s.ops->manifest(f->a, &s, f->v->version, &ignored, &own, e))
		return false;
	ok = own || f->port ? fill(&with, own, e) : no_manifest(f->v, e);
	if (!ok && e->code == ERR_VERIFY && s.ops->forget)
		s.ops->forget(f->a, &s, f->v->version);
	return ok;
}

static bool fetch_locked(const struct filling *f, struct fetched *out, struct err *e)
{
	struct file_lock lock = {-1};
	bool ok, found = false;

	if (!cache_lock(f->a, f->o, f->v, &lock, e))
		return false;
	ok = look_up(f, out, &found, e);
	if (ok && !found)
		ok = fetch(f, e) && look_up(f, out, &found, e);
	lock_release(&lock);
	if (ok && !found)
		return err_set(e, ERR_IO, "module %.*s %.*s vanished from the cache",
			       STR_ARG(f->v->path), STR_ARG(f->v->version));
	return ok;
}

bool fetch_version(struct arena *a, const struct mod_opts *o, const struct mod_version *v,
		   const struct manifest *port, struct str want, struct fetched *out, struct err *e)
{
	struct filling f = {.a = a, .o = o, .v = v, .port = port, .want = want};
	bool found = false;

	if (!look_up(&f, out, &found, e))
		return false;
	if (!found && interrupt_requested())
		return err_set(e, ERR_CANCEL, "interrupted");
	return found || fetch_locked(&f, out, e);
}
