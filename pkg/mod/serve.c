/*
 * Being a proxy: the module cache seen as Go's protocol has it, for a folder of files or over HTTP. A
 * module that is built through a port lies in the cache once for each choice of files; its zip holds
 * what all of them hold, since every one is a part of the same tree. Its .mod is empty.
 *
 *     CACHE/mod/.zip/HEX.zip    a zip that was asked for; the name is the hash of the folders in it
 */
#include <string.h>

#include "base/path.h"
#include "format/json.h"
#include "format/zip.h"
#include "mod/source_impl.h"
#include "net/serve.h"

/* ---- what the cache holds ---- */

/* The folders of one module below parent: "x@v1.0.0", "x@v1.0.0~2657d8cd". */
struct held {
	struct str version; /* as in the folder's name */
	struct str_vec folders;
};
struct held_vec VEC_BODY(struct held);

static bool plain_parts(struct str path)
{
	struct str rest = path;

	if (!path_is_local(path))
		return false;
	while (rest.p)
		if (str_startsc(str_cut(&rest, '/'), "."))
			return false;
	return true;
}

static struct held *held_version(struct arena *a, struct held_vec *all, struct str version)
{
	struct held *h;

	for (size_t i = 0; i < all->n; i++)
		if (str_eq(all->v[i].version, version))
			return &all->v[i];
	h = vec_push(a, all);
	*h = (struct held){.version = version};
	return h;
}

/* A port's patches are no part of the module: whoever asks has ports of his own. */
static bool is_patched(struct str version)
{
	struct str by_port = str_skip(version, str_find(version, '~'));

	return str_find(by_port, '+') < by_port.n;
}

/* escaped: the module's path as the cache has it. Versions in the order of their names. */
static bool list_held(struct arena *a, const struct mod_opts *o, struct str escaped,
		      struct held_vec *out, struct err *e)
{
	struct str prefix = str_fmt(a, "%.*s@", STR_ARG(path_base(escaped)));
	struct str parent = cache_folder(a, o, str_dup(a, path_dir(escaped)));
	struct folder_entry *list;
	size_t n;

	if (file_kind(parent.p) != FILE_FOLDER)
		return true;
	if (!folder_list(a, parent.p, &list, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct str version = list[i].name;

		if (list[i].kind != FILE_FOLDER || !str_starts(version, prefix))
			continue;
		version = str_skip(version, prefix.n);
		if (is_patched(version))
			continue;
		version.n = str_find(version, '~');
		*vec_push(a, &held_version(a, out, version)->folders) =
		    path_join(a, parent, list[i].name);
	}
	return true;
}

/*
 * Ports of several projects may take a version from several places: one of them is served, what the port says that is
 * known here, else the first.
 */
static bool keep_one_source(struct arena *a, const struct mod_opts *o, const struct mod_version *v,
			    struct held *h, struct err *e)
{
	struct manifest *port;
	struct str want = STR(""), usual = STR("");
	bool any = false;
	size_t n = 0;

	if (!port_find(a, o, v->path, &port, e))
		return false;
	if (port)
		want = cache_source(path_base(cache_name(a, v, port, false)));
	for (size_t i = 0; i < h->folders.n; i++)
		any = any || str_eq(cache_source(path_base(h->folders.v[i])), want);
	if (!any)
		want = cache_source(path_base(h->folders.v[0]));
	if (port && !port_source_is_usual(a, port, v->path))
		usual = want; /* what lies without a part is another's */
	for (size_t i = 0; i < h->folders.n; i++) {
		struct str part = cache_source(path_base(h->folders.v[i]));

		if (str_eq(part, want) || (any && str_eq(part, usual)))
			h->folders.v[n++] = h->folders.v[i];
	}
	h->folders.n = n;
	return true;
}

/* "!x" back to "X"; false when it is no escaped path. */
static bool unescape(struct arena *a, struct str s, struct str *out)
{
	char *p = arena_strdup(a, s.p, s.n);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c >= 'A' && c <= 'Z')
			return false;
		if (c == '!') {
			if (++i == s.n || s.p[i] < 'a' || s.p[i] > 'z')
				return false;
			c = (char)(s.p[i] - 'a' + 'A');
		}
		p[n++] = c;
	}
	p[n] = '\0';
	*out = (struct str){p, n};
	return true;
}

/* ---- zips ---- */

struct zipping {
	struct arena *a;
	struct zip *zip;
	struct str prefix; /* "MODULE@VERSION" */
	struct map names;
};

static bool zip_file(void *ctx, const struct tree_file *f, struct err *e)
{
	struct zipping *z = ctx;
	struct zip_entry entry = {.mode = f->exec ? 0755 : 0644, .link = f->link};
	bool added;

	map_put(z->a, &z->names, str_dup(z->a, f->name), &added);
	entry.path = str_fmt(z->a, "%.*s/%.*s", STR_ARG(z->prefix), STR_ARG(f->name)).p;
	return !added || zip_add(z->zip, &entry, f->bytes, e);
}

static bool write_zip(struct arena *a, const struct held *h, struct str prefix, const char *path,
		      struct err *e)
{
	static const struct str_vec all;
	struct zipping z = {.a = a, .prefix = prefix};
	struct str tmp = str_fmt(a, "%s.new", path);
	struct err at_end = {0};
	bool ok = zip_open(tmp.p, &z.zip, e);

	for (size_t i = 0; ok && i < h->folders.n; i++)
		ok = folder_each_file(a, h->folders.v[i], &all, zip_file, &z, e);
	if (!zip_close(z.zip, &at_end) && ok) {
		*e = at_end;
		ok = false;
	}
	return ok && file_move(tmp.p, path, e);
}

/* The zip in the cache, made when it is not there. */
static bool cached_zip(struct arena *a, const struct mod_opts *o, const struct held *h,
		       struct str prefix, struct str *out, struct err *e)
{
	enum { NAME_HEX = 32 };
	struct digest_ctx c;
	struct digest d;
	char hex[DIGEST_HEX + 1];
	struct file_lock lock = {-1};
	bool ok, got;

	digest_init(&c);
	for (size_t i = 0; i < h->folders.n; i++)
		digest_update(&c, h->folders.v[i].p, h->folders.v[i].n + 1);
	d = digest_final(&c);
	digest_hex(&d, hex);
	*out = str_fmt(a, "%.*s/mod/.zip/%.*s.zip", STR_ARG(o->cache_dir), (int)NAME_HEX, hex);
	if (file_kind(out->p) == FILE_REGULAR)
		return true;
	if (!folder_make_for(out->p, e) ||
	    !lock_acquire(&lock, str_fmt(a, "%s.lock", out->p).p, false, true, &got, e))
		return false;
	ok = file_kind(out->p) == FILE_REGULAR || write_zip(a, h, prefix, out->p, e);
	lock_release(&lock);
	return ok;
}

/* ---- the protocol ---- */

static struct str list_text(struct arena *a, const struct str_vec *versions)
{
	struct buf b = {0};
	struct str out;

	for (size_t i = 0; i < versions->n; i++)
		buf_printf(&b, "%.*s\n", STR_ARG(versions->v[i]));
	out = str_dup(a, buf_str(&b));
	buf_fini(&b);
	return out;
}

static struct str info_text(struct arena *a, struct str version)
{
	struct json *info = json_new_object(a);

	json_put(a, info, STR("Version"), json_new_text(a, version));
	return json_dump(a, info);
}

/* cbuild.yaml of the module's own; empty when a port describes it. */
static bool mod_text(struct arena *a, const struct held *h, struct str *out, struct err *e)
{
	bool found;

	*out = STR("");
	for (size_t i = 0; i < h->folders.n; i++)
		if (!unpacked_manifest(a, h->folders.v[i], out, &found, e))
			return false;
	return true;
}

static void known_versions(struct arena *a, const struct held_vec *all, struct str_vec *out)
{
	struct str v;

	for (size_t i = 0; i < all->n; i++)
		if (unescape(a, all->v[i].version, &v) && semver_valid(v))
			*vec_push(a, out) = v;
	semver_sort_unique(out);
}

struct proxy_server {
	const struct mod_opts *o;
	void (*ready)(void *ctx, const char *address);
	void *ctx;
};

/* FILE of MODULE/@v/FILE. */
static bool answer_version(struct proxy_server *s, struct arena *a, struct str module,
			   struct held_vec *all, struct str file, struct serve_reply *r,
			   struct err *e)
{
	size_t dot = str_rfind(file, '.');
	struct str kind = str_skip(file, dot + 1), version, zip;
	struct held *h = NULL;

	file.n = dot;
	for (size_t i = 0; i < all->n; i++)
		if (str_eq(all->v[i].version, file))
			h = &all->v[i];
	if (!h || !unescape(a, file, &version))
		return true;
	if (!keep_one_source(a, s->o, &(struct mod_version){module, version}, h, e))
		return false;
	if (str_eqc(kind, "info")) {
		*r = (struct serve_reply){200, "application/json", info_text(a, version), NULL};
	} else if (str_eqc(kind, "mod")) {
		r->status = 200;
		return mod_text(a, h, &r->body, e);
	} else if (str_eqc(kind, "zip")) {
		struct str prefix = str_fmt(a, "%.*s@%.*s", STR_ARG(module), STR_ARG(version));

		if (!cached_zip(a, s->o, h, prefix, &zip, e))
			return false;
		*r = (struct serve_reply){200, "application/zip", {0}, zip.p};
	}
	return true;
}

static bool answer_path(struct proxy_server *s, struct arena *a, struct str path,
			struct serve_reply *r, struct err *e)
{
	struct str escaped = str_skip(path, 1), module, file;
	struct held_vec all = {0};
	struct str_vec versions = {0};
	size_t at = str_rfind(escaped, '@');

	if (at == 0 || at >= escaped.n || escaped.p[at - 1] != '/')
		return true;
	file = str_skip(escaped, at);
	escaped.n = at - 1;
	if (!plain_parts(escaped) || !unescape(a, escaped, &module))
		return true;
	if (!list_held(a, s->o, str_dup(a, escaped), &all, e))
		return false;
	known_versions(a, &all, &versions);
	if (!versions.n)
		return true;
	if (str_eqc(file, "@v/list"))
		*r = (struct serve_reply){.status = 200, .body = list_text(a, &versions)};
	else if (str_eqc(file, "@latest"))
		*r = (struct serve_reply){200, "application/json",
					  info_text(a, versions.v[versions.n - 1]), NULL};
	else if (str_startsc(file, "@v/"))
		return answer_version(s, a, module, &all, str_skip(file, 3), r, e);
	return true;
}

static void answer(void *ctx, struct arena *a, struct str path, struct serve_reply *out)
{
	struct proxy_server *s = ctx;
	struct err e = {0};

	*out = (struct serve_reply){.status = 404, .body = STR("not found\n")};
	if (answer_path(s, a, path, out, &e))
		return;
	event_warn(s->o->sink, "%.*s: %s", STR_ARG(path), e.msg);
	*out = (struct serve_reply){.status = 500, .body = STR("the cache cannot be read\n")};
}

static void tell_ready(void *ctx, const char *address)
{
	struct proxy_server *s = ctx;

	s->ready(s->ctx, address);
}

bool mod_proxy_serve(const struct mod_opts *o, const char *address,
		     void (*ready)(void *ctx, const char *address), void *ctx, struct err *e)
{
	struct proxy_server s = {o, ready, ctx};

	return serve_http(address, answer, tell_ready, &s, e);
}

/* ---- a folder ---- */

static bool put(struct str dir, const char *name, struct str bytes, struct arena *a, struct err *e)
{
	return file_write_fast(str_fmt(a, "%.*s/%s", STR_ARG(dir), name).p, bytes, 0644, e);
}

/* The versions that the folder had, and this one. */
static bool add_to_list(struct arena *a, struct str dir, struct str version, struct err *e)
{
	struct str path = path_join(a, dir, STR("list")), text = {0}, line;
	struct str_vec versions = {0};

	if (file_kind(path.p) == FILE_REGULAR && !file_read(a, path.p, 0, &text, e))
		return false;
	while (text.p && str_line(&text, &line))
		if (semver_valid(line))
			*vec_push(a, &versions) = line;
	*vec_push(a, &versions) = version;
	semver_sort_unique(&versions);
	return put(dir, "list", list_text(a, &versions), a, e);
}

static bool export_version(struct arena *a, const struct mod_opts *o, struct str dir,
			   const struct mod_version *v, bool *held, struct err *e)
{
	struct str escaped = escape_path(a, v->path), version = escape_path(a, v->version);
	struct str to = str_fmt(a, "%.*s/%.*s/@v", STR_ARG(dir), STR_ARG(escaped));
	struct str prefix = str_fmt(a, "%.*s@%.*s", STR_ARG(v->path), STR_ARG(v->version));
	struct held_vec all = {0};
	struct held *h = NULL;
	struct str mod;

	if (!list_held(a, o, escaped, &all, e))
		return false;
	for (size_t i = 0; i < all.n; i++)
		if (str_eq(all.v[i].version, version))
			h = &all.v[i];
	*held = h != NULL;
	if (!h)
		return true;
	if (!keep_one_source(a, o, v, h, e))
		return false;
	return folder_make(to.p, e) && mod_text(a, h, &mod, e) &&
	       put(to, str_fmt(a, "%s.info", version.p).p, info_text(a, v->version), a, e) &&
	       put(to, str_fmt(a, "%s.mod", version.p).p, mod, a, e) &&
	       write_zip(a, h, prefix, str_fmt(a, "%s/%s.zip", to.p, version.p).p, e) &&
	       add_to_list(a, to, v->version, e);
}

static bool export_all(struct arena *a, const struct mod_opts *o, struct str dir, size_t *count,
		       struct err *e)
{
	struct sum_file sums;

	if (!sum_read(a, o, &sums, e))
		return false;
	for (size_t i = 0; i < sums.lines.n; i++) {
		struct str version = sums.lines.items[i].key, path = str_cut(&version, ' ');
		struct mod_version v = {path, version};
		bool held = false;

		/* A line that nothing needs any more may have no folder. */
		if (!export_version(a, o, dir, &v, &held, e))
			return err_wrap(e, "writing %.*s", STR_ARG(dir));
		*count += held;
	}
	return true;
}

bool mod_proxy_export(struct arena *a, const struct mod_opts *o, struct str dir, size_t *count,
		      struct err *e)
{
	struct file_lock lock = {-1};
	bool ok;

	*count = 0;
	if (!folder_make(str_c(a, dir), e) || !lock_folder(&lock, str_c(a, dir), e))
		return false;
	ok = export_all(a, o, dir, count, e);
	lock_release(&lock);
	return ok;
}
