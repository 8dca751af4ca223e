/*
 * A version's archive: its URLs in turn, the digest before a byte is unpacked, then into a temporary
 * folder. What a broken download left stays in CACHE/mod/.part, where the next try goes on.
 */
#include <string.h>

#include "base/path.h"
#include "format/archive.h"
#include "mod/mod_impl.h"
#include "net/net.h"

bool port_archive(struct arena *a, const struct manifest *port, struct str version,
		  struct archive_spec *out)
{
	const struct archive_spec *found = NULL;

	if (!port)
		return false;
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
		*vec_push(a, &out->urls) = port_expand(a, found->urls.v[i], version);
	return true;
}

struct str download_path(struct arena *a, const struct mod_opts *o, const struct mod_version *v,
			 const char *suffix)
{
	struct str name = cache_name(a, v, NULL);

	return str_fmt(a, "%.*s/mod/.part/%.*s%s", STR_ARG(o->cache_dir), STR_ARG(name), suffix);
}

bool unpack_temp(struct arena *a, const struct mod_opts *o, const char *file,
		 const struct archive_opts *opts, struct str *tmp, struct err *e)
{
	struct str parent = str_fmt(a, "%.*s/mod/.part", STR_ARG(o->cache_dir));
	struct err ignored;

	if (!folder_make_temp(a, parent.p, ".tmp.", tmp, e))
		return false;
	folder_sweep(parent.p);
	if (archive_unpack(file, tmp->p, opts, e))
		return true;
	(void)!folder_remove(tmp->p, &ignored);
	return false;
}

/* One URL; false with e set, so that the next may be tried. */
static bool download(struct arena *a, const struct mod_opts *o, struct str url,
		     const struct digest *want, const char *path, struct err *e)
{
	struct net_get g = {.url = str_c(a, url),
			    .sink = o->sink,
			    .resume = true,
			    .any_http = want != NULL};

	if (!offline_refused(o, url, e))
		return false;
	event_note(o->sink, "fetching %.*s", STR_ARG(url));
	return net_download(&g, path, want, NULL, e);
}

/* All failures in one error: what one host says does not hide what another did. */
static bool download_any(struct arena *a, const struct mod_opts *o, const struct archive_spec *spec,
			 const char *path, struct str *url, struct err *e)
{
	struct digest want;
	bool known = spec->sha256.n && digest_parse_hex(spec->sha256, &want);

	for (size_t i = 0; i < spec->urls.n; i++) {
		struct err failure = {0};

		*url = spec->urls.v[i];
		if (download(a, o, *url, known ? &want : NULL, path, &failure))
			return true;
		if (i == 0 || failure.code == ERR_CANCEL || e->code != ERR_VERIFY)
			*e = failure;
		if (failure.code == ERR_CANCEL)
			return false;
		if (i + 1 < spec->urls.n)
			event_warn(o->sink, "%s; trying the next URL", failure.msg);
	}
	return spec->urls.n > 1 ? err_wrap(e, "trying %zu URLs", spec->urls.n) : false;
}

bool archive_fetch(struct arena *a, const struct mod_opts *o, const struct mod_version *v,
		   const struct archive_spec *spec, struct str *tmp, struct str *url, struct err *e)
{
	struct str path = download_path(a, o, v, ".archive");
	/* Names that differ in case are judged by what `paths` keep of them. */
	struct archive_opts opts = {
	    .strip = spec->strip, .max_ratio = ARCHIVE_RATIO_MAX, .allow_case_collisions = true};
	struct err ignored;
	bool ok;

	if (!folder_make_for(path.p, e) || !download_any(a, o, spec, path.p, url, e))
		return false;
	ok = unpack_temp(a, o, path.p, &opts, tmp, e);
	(void)!file_remove(path.p, &ignored);
	return ok || err_wrap(e, "unpacking %.*s", STR_ARG(*url));
}
