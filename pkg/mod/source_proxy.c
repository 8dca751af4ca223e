/*
 * Go's module proxy protocol (go.dev/ref/mod#goproxy-protocol) as client, and CBUILD_PROXY's list of who
 * is asked. What a proxy gives is hostile until its sum is checked: the zip is unpacked as any archive,
 * and only what lies below MODULE@VERSION/ in it counts.
 *
 *     BASE/github.com/!burnt!sushi/x/@v/list         versions, one a line
 *     BASE/github.com/!burnt!sushi/x/@latest         {"Version": "v1.2.0"}, asked when the list is empty
 *     BASE/github.com/!burnt!sushi/x/@v/REV.info     {"Version": ..., "Time": ...} of a branch or commit
 *     BASE/github.com/!burnt!sushi/x/@v/v1.2.0.zip   the tree
 *
 * The .mod file (cbuild.yaml alone) is not asked for: the sum is of the whole tree, which is needed anyway.
 */
#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "format/archive.h"
#include "format/json.h"
#include "mod/source_impl.h"
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
		err_fix(e,
			"the proxy does not have it: let CBUILD_PROXY go on with , and direct, or "
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

struct zip_get {
	struct arena *a;
	const struct mod_opts *o;
	struct str url;
	bool *absent;
};

static bool download_zip(void *ctx, const char *path, struct err *e)
{
	const struct zip_get *g = ctx;

	event_note(g->o->sink, "fetching %.*s", STR_ARG(g->url));
	return get(g->a, g->o, g->url, 0, path, g->absent, e);
}

static bool get_tree(struct arena *a, const struct module_source *s, struct str version,
		     struct str *url, struct str *folder, bool *absent, struct err *e)
{
	struct str escaped = escape_path(a, version);
	struct str inner = str_fmt(a, "%.*s@%.*s", STR_ARG(s->path), STR_ARG(version));
	struct archive_opts opts = {.only = inner,
				    .max_ratio = ARCHIVE_RATIO_MAX,
				    .raw_links = true,
				    .allow_case_collisions = true};
	struct zip_get g = {.a = a, .o = s->o, .absent = absent};

	*url = g.url = proxy_url(a, s->proxy, s->path, str_fmt(a, "@v/%s.zip", escaped.p).p);
	if (!unpacked_get(a, s->o, *url, download_zip, &g, &opts, folder, e))
		return false;
	*folder = path_join(a, *folder, inner);
	if (file_kind(folder->p) == FILE_FOLDER)
		return true;
	unpacked_drop(a, s->o, *url);
	return no_tree(*url, inner, e);
}

/* "2026-11-23T21:35:53Z" as seconds since 1970; 0: not said. */
static int64_t parse_time(struct str text)
{
	int y, mo, d, h, mi, sec;
	int64_t days;

	if (text.n < 20 ||
	    sscanf(text.p, "%4d-%2d-%2dT%2d:%2d:%2d", &y, &mo, &d, &h, &mi, &sec) != 6)
		return 0;
	/* Days from 1970-03-01's era, months counted from March. */
	y -= mo <= 2;
	mo += mo <= 2 ? 9 : -3;
	days = (int64_t)365 * y + y / 4 - y / 100 + y / 400 + (153 * mo + 2) / 5 + d - 1 - 719468;
	return ((days * 24 + h) * 60 + mi) * 60 + sec;
}

static bool get_info(struct arena *a, const struct module_source *s, const char *tail,
		     struct revision *out, bool *absent, struct err *e)
{
	struct str url = proxy_url(a, s->proxy, s->path, tail), text;
	const struct json *time;
	struct json *info;

	if (!get_text(a, s->o, url, &text, absent, e))
		return false;
	*out = (struct revision){0};
	if (!json_parse(a, text, url.p, &info, e) ||
	    !json_need_str(info, "Version", &out->version, url.p, e))
		return err_wrap(e, "asking %.*s", STR_ARG(s->proxy));
	if (!semver_valid(out->version))
		return err_at(e, ERR_INPUT, url.p, 0, 0, "'%.*s' is no version",
			      STR_ARG(out->version));
	time = json_get(info, "Time");
	if (time && time->kind == JSON_KIND_TEXT)
		out->time_s = parse_time(time->text);
	return true;
}

/* ---- what is asked of one of the list ---- */

static bool list_versions(struct arena *a, const struct module_source *s, struct str_vec *out,
			  bool *absent, struct err *e)
{
	struct str url = proxy_url(a, s->proxy, s->path, "@v/list"), rest, line;
	struct revision latest;

	if (!get_text(a, s->o, url, &rest, absent, e))
		return false;
	while (str_line(&rest, &line)) {
		line = str_trim(line);
		if (semver_valid(line))
			*vec_push(a, out) = line;
	}
	semver_sort_unique(out);
	if (out->n)
		return true;
	if (!get_info(a, s, "@latest", &latest, absent, e))
		return false;
	*vec_push(a, out) = latest.version;
	return true;
}

/* A question and where its answer goes: walked along the list. */
struct question {
	struct arena *a;
	struct str version; /* or revision */
	struct str_vec *versions;
	struct revision *revision;
	struct str *bytes;
	bool *found;
	const struct str_vec *globs;
	tree_visit visit;
	void *ctx;
};

typedef bool (*step)(struct question *q, struct module_source *s, bool *absent, struct err *e);

static bool versions_step(struct question *q, struct module_source *s, bool *absent, struct err *e)
{
	q->versions->n = 0;
	return s->ops ? s->ops->versions(q->a, s, q->versions, e)
		      : list_versions(q->a, s, q->versions, absent, e);
}

static bool revision_step(struct question *q, struct module_source *s, bool *absent, struct err *e)
{
	struct str escaped = escape_path(q->a, q->version);

	if (s->ops)
		return s->ops->revision(q->a, s, q->version, q->revision, e);
	return get_info(q->a, s,
			q->version.n ? str_fmt(q->a, "@v/%s.info", escaped.p).p : "@latest",
			q->revision, absent, e);
}

static bool manifest_step(struct question *q, struct module_source *s, bool *absent, struct err *e)
{
	struct str url, folder;

	if (s->ops)
		return s->ops->manifest(q->a, s, q->version, q->bytes, q->found, e);
	return get_tree(q->a, s, q->version, &url, &folder, absent, e) &&
	       unpacked_manifest(q->a, folder, q->bytes, q->found, e);
}

static bool files_step(struct question *q, struct module_source *s, bool *absent, struct err *e)
{
	struct str url, folder;
	bool ok;

	if (s->ops)
		return s->ops->files(q->a, s, q->version, q->globs, q->visit, q->ctx, e);
	if (!get_tree(q->a, s, q->version, &url, &folder, absent, e))
		return false;
	ok = folder_each_file(q->a, folder, q->globs, q->visit, q->ctx, e);
	unpacked_drop(q->a, s->o, url);
	return ok;
}

/* ---- the list ---- */

/* Names and passwords would be shown with the URL. */
static bool has_login(struct str base)
{
	struct str host = str_skip(base, str_find(base, ':') + 3);

	host.n = str_find(host, '/');
	return str_find(host, '@') < host.n;
}

static bool bad_entry(struct str base, struct err *e)
{
	if (has_login(base)) {
		err_set(e, ERR_USAGE, "CBUILD_PROXY: a URL holds a login");
		return err_fix(e, "put it into ~/.netrc: machine HOST login NAME password WORD");
	}
	err_set(e, ERR_USAGE, "CBUILD_PROXY: '%.*s' is no proxy", STR_ARG(base));
	return err_fix(
	    e, "name URLs (https://, http://, file:///), direct or off, with , or | between");
}

static bool is_proxy(struct str base)
{
	return str_eqc(base, "direct") || str_startsc(base, "file:///") ||
	       ((str_startsc(base, "https://") || str_startsc(base, "http://")) &&
		!has_login(base));
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

static bool walk(const struct module_source *s, step ask, struct question *q, struct err *e)
{
	struct str list = str_trim(s->o->proxy), rest = list;

	for (;;) {
		size_t n = 0;
		struct str base;
		struct module_source one = {.o = s->o, .path = s->path, .port = s->port};
		bool absent = false, last, any;

		while (n < rest.n && rest.p[n] != ',' && rest.p[n] != '|')
			n++;
		base = str_trim((struct str){rest.p, n});
		while (base.n && base.p[base.n - 1] == '/')
			base.n--;
		last = n == rest.n;
		any = !last && rest.p[n] == '|';
		one.proxy = base;
		if (is_off(base, s->path, e))
			return false;
		if (!is_proxy(base))
			return bad_entry(base, e);
		if (str_eqc(base, "direct"))
			source_direct(s->o, s->path, s->port, &one);
		if (ask(q, &one, &absent, e))
			return true;
		/* What does not hold, and the user's Ctrl-C, are no reason to ask elsewhere. */
		if (last || !(absent || any) || e->code == ERR_VERIFY || e->code == ERR_CANCEL)
			return err_wrap(e, "asking for %.*s by CBUILD_PROXY=%.*s", STR_ARG(s->path),
					STR_ARG(list));
		rest = str_skip(rest, n + 1);
	}
}

static bool versions(struct arena *a, const struct module_source *s, struct str_vec *out,
		     struct err *e)
{
	return walk(s, versions_step, &(struct question){.a = a, .versions = out}, e);
}

static bool revision(struct arena *a, const struct module_source *s, struct str rev,
		     struct revision *out, struct err *e)
{
	return walk(s, revision_step, &(struct question){.a = a, .version = rev, .revision = out},
		    e);
}

static bool manifest(struct arena *a, const struct module_source *s, struct str version,
		     struct str *bytes, bool *found, struct err *e)
{
	struct question q = {.a = a, .version = version, .bytes = bytes, .found = found};

	return walk(s, manifest_step, &q, e);
}

static bool files(struct arena *a, const struct module_source *s, struct str version,
		  const struct str_vec *globs, tree_visit visit, void *ctx, struct err *e)
{
	struct question q = {
	    .a = a, .version = version, .globs = globs, .visit = visit, .ctx = ctx};

	return walk(s, files_step, &q, e);
}

static void forget(struct arena *a, const struct module_source *s, struct str version)
{
	struct module_source direct;

	source_direct(s->o, s->path, s->port, &direct);
	if (str_containsc(s->o->proxy, "direct") && direct.ops->forget)
		direct.ops->forget(a, &direct, version);
}

const struct source_ops source_proxy = {versions, revision, manifest, files, NULL, forget};
