/*
 * Go's module proxy protocol (go.dev/ref/mod#goproxy-protocol) as client. What a proxy gives is
 * hostile until its sum is checked: the zip is unpacked as any archive, and only what lies below
 * MODULE@VERSION/ in it counts.
 *
 *     BASE/github.com/!burnt!sushi/x/@v/list         versions, one a line
 *     BASE/github.com/!burnt!sushi/x/@latest         {"Version": "v1.2.0"}, asked when the list is empty
 *     BASE/github.com/!burnt!sushi/x/@v/v1.2.0.zip   the tree
 */
#include <string.h>

#include "base/path.h"
#include "format/archive.h"
#include "format/json.h"
#include "mod/mod_impl.h"
#include "net/net.h"

enum { LIST_BYTES_MAX = 16 << 20, STATUS_ABSENT = 404, STATUS_GONE = 410 };

bool private_path(struct str patterns, struct str path)
{
	struct str rest = patterns;

	while (rest.p) {
		struct str pattern = str_trim(str_cut(&rest, ',')), head = path;
		size_t slashes = 0;

		while (pattern.n && pattern.p[pattern.n - 1] == '/')
			pattern.n--;
		if (!pattern.n)
			continue;
		for (size_t i = 0; i < pattern.n; i++)
			slashes += pattern.p[i] == '/';
		/* Leading parts of the path, as many as the pattern has. */
		for (head.n = 0; head.n < path.n; head.n++)
			if (path.p[head.n] == '/' && slashes-- == 0)
				break;
		if (str_glob(pattern, head))
			return true;
	}
	return false;
}

/* ---- the list ---- */

static bool bad_entry(struct str base, struct err *e)
{
	err_set(e, ERR_USAGE, "CBUILD_PROXY: '%.*s' is no proxy", STR_ARG(base));
	return err_fix(e, "name URLs (https://, http://, file:///), direct or off, with , or | between");
}

static bool is_proxy(struct str base)
{
	return str_eqc(base, "direct") || str_startsc(base, "https://") ||
	       str_startsc(base, "http://") || str_startsc(base, "file:///");
}

static bool is_off(struct str base, struct str path, struct err *e)
{
	if (!str_eqc(base, "off"))
		return false;
	err_set(e, ERR_NET, "CBUILD_PROXY says 'off' where %.*s would have to be fetched",
		STR_ARG(path));
	err_fix(e, "let CBUILD_PROXY name a proxy that has it, or direct");
	return true;
}

static bool none_has(struct str list, struct str path, struct err *e)
{
	return err_wrap(e, "asking for %.*s by CBUILD_PROXY=%.*s", STR_ARG(path), STR_ARG(list));
}

bool proxy_walk(struct arena *a, const struct mod_opts *o, struct str path, proxy_step step,
		void *ctx, struct err *e)
{
	struct str list = private_path(o->noproxy, path) ? STR("") : str_trim(o->proxy), rest;

	(void)a;
	if (!list.n)
		list = STR("direct");
	rest = list;
	for (;;) {
		size_t n = 0;
		struct str base;
		bool absent = false, last, any;

		while (n < rest.n && rest.p[n] != ',' && rest.p[n] != '|')
			n++;
		base = str_trim((struct str){rest.p, n});
		while (base.n && base.p[base.n - 1] == '/')
			base.n--;
		last = n == rest.n;
		any = !last && rest.p[n] == '|';
		if (is_off(base, path, e))
			return false;
		if (!is_proxy(base))
			return bad_entry(base, e);
		if (step(ctx, base, &absent, e))
			return true;
		/* What does not hold, and the user's Ctrl-C, are no reason to ask elsewhere. */
		if (last || !(absent || any) || e->code == ERR_VERIFY || e->code == ERR_CANCEL)
			return str_eqc(list, "direct") ? false : none_has(list, path, e);
		rest = str_skip(rest, n + 1);
	}
}

/* ---- one proxy ---- */

static struct str proxy_url(struct arena *a, struct str base, struct str path, const char *tail)
{
	struct str escaped = escape_path(a, path);

	return str_fmt(a, "%.*s/%.*s/%s", STR_ARG(base), STR_ARG(escaped), tail);
}

static bool get(struct arena *a, const struct mod_opts *o, struct str url, uint64_t max_bytes,
		const char *path, bool *absent, struct err *e)
{
	unsigned status = 0;
	struct net_get g = {.url = str_c(a, url),
			    .max_bytes = max_bytes,
			    .sink = o->sink,
			    .any_http = true,
			    .status = &status};
	bool ok = offline_refused(o, url, e) && net_download(&g, path, NULL, NULL, e);

	*absent = !ok && (status == STATUS_ABSENT || status == STATUS_GONE);
	if (*absent)
		err_fix(e, "the proxy does not have it: let CBUILD_PROXY go on with , and direct, or "
			   "name the path in CBUILD_NOPROXY");
	return ok;
}

/* A small answer, as text. */
static bool get_text(struct arena *a, const struct mod_opts *o, struct str url, struct str *out,
		     bool *absent, struct err *e)
{
	struct str parent = str_fmt(a, "%.*s/mod/.part", STR_ARG(o->cache_dir)), tmp, file;
	struct err ignored;
	bool ok;

	if (!folder_make_temp(a, parent.p, ".tmp.", &tmp, e))
		return false;
	file = path_join(a, tmp, STR("text"));
	ok = get(a, o, url, LIST_BYTES_MAX, file.p, absent, e) &&
	     file_read(a, file.p, LIST_BYTES_MAX, out, e);
	(void)!folder_remove(tmp.p, &ignored);
	return ok;
}

static bool no_tree(struct str url, struct str inner, struct err *e)
{
	err_set(e, ERR_INPUT, "%.*s: holds no file below '%.*s/'", STR_ARG(url), STR_ARG(inner));
	return err_fix(e, "the proxy serves something else under that name: leave it out of "
			  "CBUILD_PROXY");
}

bool proxy_fetch(struct arena *a, const struct mod_opts *o, struct str base,
		 const struct mod_version *v, struct str *tmp, struct str *folder, struct str *url,
		 bool *absent, struct err *e)
{
	struct str version = escape_path(a, v->version), path = download_path(a, o, v, ".zip");
	struct str inner = str_fmt(a, "%.*s@%.*s", STR_ARG(v->path), STR_ARG(v->version));
	struct archive_opts opts = {
	    .only = inner, .max_ratio = ARCHIVE_RATIO_MAX, .allow_case_collisions = true};
	struct err ignored;
	bool ok;

	*url = proxy_url(a, base, v->path, str_fmt(a, "@v/%s.zip", version.p).p);
	event_note(o->sink, "fetching %.*s", STR_ARG(*url));
	if (!folder_make_for(path.p, e) || !get(a, o, *url, 0, path.p, absent, e))
		return false;
	ok = unpack_temp(a, o, path.p, &opts, tmp, e);
	(void)!file_remove(path.p, &ignored);
	if (!ok)
		return err_wrap(e, "unpacking %.*s", STR_ARG(*url));
	*folder = path_join(a, *tmp, inner);
	if (file_kind(folder->p) == FILE_FOLDER)
		return true;
	(void)!folder_remove(tmp->p, &ignored);
	return no_tree(*url, inner, e);
}

static bool latest(struct arena *a, const struct mod_opts *o, struct str base, struct str path,
		   struct str_vec *out, bool *absent, struct err *e)
{
	struct str url = proxy_url(a, base, path, "@latest"), text, version;
	struct json *info;

	if (!get_text(a, o, url, &text, absent, e))
		return false;
	if (!json_parse(a, text, url.p, &info, e) ||
	    !json_need_str(info, "Version", &version, url.p, e))
		return err_wrap(e, "asking %.*s", STR_ARG(base));
	if (!semver_valid(version))
		return err_at(e, ERR_INPUT, url.p, 0, 0, "'%.*s' is no version", STR_ARG(version));
	*vec_push(a, out) = version;
	return true;
}

bool proxy_versions(struct arena *a, const struct mod_opts *o, struct str base, struct str path,
		    struct str_vec *out, bool *absent, struct err *e)
{
	struct str url = proxy_url(a, base, path, "@v/list"), rest, line;

	if (!get_text(a, o, url, &rest, absent, e))
		return false;
	while (str_line(&rest, &line)) {
		line = str_trim(line);
		if (semver_valid(line))
			*vec_push(a, out) = line;
	}
	return out->n || latest(a, o, base, path, out, absent, e);
}
