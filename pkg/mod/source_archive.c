/*
 * Modules out of archives that their port names: a version's URLs in turn, the digest before a byte is
 * unpacked.
 */
#include <string.h>

#include "format/archive.h"
#include "mod/source_impl.h"
#include "net/net.h"

bool source_find_archive(struct arena *a, const struct manifest *port, struct str version,
			 struct archive_spec *out)
{
	const struct archive_spec *found = NULL;

	if (port->source.archive.urls.n)
		found = &port->source.archive;
	for (size_t i = 0; i < port->source.versions.n; i++)
		if (str_eq(port->source.versions.v[i].version, version))
			found = &port->source.versions.v[i];
	if (!found)
		return false;
	*out = *found;
	out->urls = (struct str_vec){0};
	for (size_t i = 0; i < found->urls.n; i++)
		*vec_push(a, &out->urls) = mod_fill_version(a, found->urls.v[i], version);
	return true;
}

struct archive_get {
	const struct mod_opts *o;
	const struct archive_spec *spec;
	struct arena *a;
};

/* One URL; false with e set, so that the next may be tried. */
static bool download(const struct archive_get *g, struct str url, const char *path, struct err *e)
{
	struct digest want;
	bool known = g->spec->sha256.n && digest_parse_hex(g->spec->sha256, &want);
	struct net_get get = {
	    .url = str_c(g->a, url), .sink = g->o->sink, .resume = true, .any_http = known};

	if (!offline_refused(g->o, url, e))
		return false;
	event_note(g->o->sink, "fetching %.*s", STR_ARG(url));
	return net_download(&get, path, known ? &want : NULL, NULL, e);
}

/* The error that counts is the last one; what the others said was told when they said it. */
static bool download_any(void *ctx, const char *path, struct err *e)
{
	const struct archive_get *g = ctx;
	const struct str_vec *urls = &g->spec->urls;

	for (size_t i = 0; i < urls->n; i++) {
		if (download(g, urls->v[i], path, e))
			return true;
		if (e->code == ERR_CANCEL || g->o->offline)
			return false;
		if (i + 1 < urls->n)
			event_warn(g->o->sink, "%s; trying the next URL", e->msg);
	}
	return urls->n > 1 ? err_wrap(e, "trying %zu URLs", urls->n) : false;
}

/* What stands for the archive: its digest where it is known, else its first URL. */
static struct str key_of(struct arena *a, const struct archive_spec *spec)
{
	return str_fmt(a, "%.*s %u", STR_ARG(spec->sha256.n ? spec->sha256 : spec->urls.v[0]),
		       (unsigned)spec->strip);
}

static bool get_tree(struct arena *a, const struct module_source *s, struct str version,
		     struct str *key, struct str *folder, struct err *e)
{
	struct archive_spec spec;
	struct archive_get get = {.o = s->o, .spec = &spec, .a = a};
	/* Links, and names that differ in case, are judged by what `paths` keep of them. */
	struct archive_opts opts = {
	    .max_ratio = ARCHIVE_RATIO_MAX, .raw_links = true, .allow_case_collisions = true};

	if (!source_find_archive(a, s->port, version, &spec)) {
		err_at(e, ERR_INPUT, s->port->file.p, s->port->source.pos.line,
		       s->port->source.pos.col, "the port names no archive of %.*s",
		       STR_ARG(version));
		return err_fix(e, "add it to `versions`, or give `archive` a URL with {version}");
	}
	opts.strip = spec.strip;
	*key = key_of(a, &spec);
	return unpacked_get(a, s->o, *key, download_any, &get, &opts, folder, e) ||
	       err_wrap(e, "getting %.*s", STR_ARG(spec.urls.v[0]));
}

static bool versions(struct arena *a, const struct module_source *s, struct str_vec *out,
		     struct err *e)
{
	for (size_t i = 0; i < s->port->source.versions.n; i++)
		*vec_push(a, out) = s->port->source.versions.v[i].version;
	semver_sort_unique(out);
	if (out->n)
		return true;
	err_at(e, ERR_INPUT, s->port->file.p, s->port->source.pos.line, s->port->source.pos.col,
	       "the port does not list its versions");
	return err_fix(e, "say which: cbuild get %.*s@v1.2.3", STR_ARG(s->path));
}

static bool revision(struct arena *a, const struct module_source *s, struct str rev,
		     struct revision *out, struct err *e)
{
	(void)a;
	(void)out;
	err_set(e, ERR_INPUT, "%.*s comes from archives, which have no revision '%.*s'",
		STR_ARG(s->path), STR_ARG(rev));
	return err_fix(e, "say a version: cbuild get %.*s@v1.2.3", STR_ARG(s->path));
}

static bool manifest(struct arena *a, const struct module_source *s, struct str version,
		     struct str *bytes, bool *found, struct err *e)
{
	struct str key, folder;

	return get_tree(a, s, version, &key, &folder, e) &&
	       unpacked_manifest(a, folder, bytes, found, e);
}

static bool files(struct arena *a, const struct module_source *s, struct str version,
		  const struct str_vec *globs, tree_visit visit, void *ctx, struct err *e)
{
	struct str key, folder;
	bool ok;

	if (!get_tree(a, s, version, &key, &folder, e))
		return false;
	ok = folder_each_file(a, folder, globs, visit, ctx, e);
	unpacked_drop(a, s->o, key);
	return ok;
}

static void origin(struct arena *a, const struct module_source *s, struct str version,
		   struct str *url, struct str *ref)
{
	struct archive_spec spec;

	if (!source_find_archive(a, s->port, version, &spec))
		return;
	*url = spec.urls.v[0];
	if (spec.sha256.n)
		*ref = str_fmt(a, "sha256:%.*s", STR_ARG(spec.sha256));
}

const struct source_ops source_archive = {versions, revision, manifest, files, origin, NULL};

bool source_has_archive(const struct manifest *port)
{
	return port && (port->source.archive.urls.n || port->source.versions.n);
}
