/*
 * Repositories by libgit2: a bare one in the cache for each remote, named by the hash of the URL
 * that is really asked. Only the wanted tag is fetched into it, without its history where libgit2
 * can (1.7 and later), and its tree is read straight from the object database: no checkout, so no
 * filter, no line-ending conversion and no hook touches a byte. A repository on this machine is read
 * where it is: nothing is transferred.
 *
 *     CACHE/mod/.git/3f.../       bare; its lock lies beside it: 3f....lock
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "mod/git_impl.h"
#include "net/net.h"
#include "sys/spawn.h"

/* ---- remotes ---- */

static void start_libgit2(void)
{
	/* Never shut down: it holds caches worth keeping until the process ends. */
	static bool started;

	if (started)
		return;
	git_libgit2_init();
	/* What is fetched is verified by hash; who owns a local mirror's folder says nothing more.
	 */
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	started = true;
}

/* What libgit2's TLS library believes by itself differs: OpenSSL's heeds SSL_CERT_FILE, Mbed TLS's does not. */
static void trust_certificates(struct str url)
{
	static bool set;
	const char *ca = net_ca_trusted();

	if (set || !ca || !str_startsc(url, "https:"))
		return;
	set = git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, ca, NULL) == 0;
}

static int on_progress(const git_indexer_progress *p, void *ctx)
{
	const struct remote *r = ctx;

	if (interrupt_requested() || stalled())
		return GIT_EUSER;
	stall_fed();
	event_emit(r->o->sink, &(struct event){.kind = EVENT_PROGRESS,
					       .text = r->asked,
					       .done = p->received_objects,
					       .total = p->total_objects});
	return 0;
}

static int on_sideband(const char *text, int n, void *ctx)
{
	(void)text;
	(void)n;
	(void)ctx;
	stall_fed();
	return interrupt_requested() || stalled() ? GIT_EUSER : 0;
}

/* libgit2 asks again when what it got was refused. */
static int on_login(git_credential **out, const char *url, const char *user, unsigned allowed,
		    void *ctx)
{
	struct remote *r = ctx;
	struct login login = {0};

	stall_unwatch(); /* a helper may ask the user */
	if ((allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) &&
	    login_find(r->a, &r->settings, str_of(url), str_of(user), r->asked_for_login++,
		       &login)) {
		stall_watch(r->settings.stall_s);
		return git_credential_userpass_plaintext_new(out, login.user.p, login.password.p);
	}
	stall_watch(r->settings.stall_s);
	git_error_set_str(GIT_ERROR_HTTP, r->asked_for_login > 1
					      ? "authentication failed: the login was refused"
					      : "authentication required, and no login is known");
	return GIT_EAUTH;
}

static int on_transport(git_transport **out, git_remote *owner, void *ctx)
{
	const struct remote *r = ctx;

	return ssh_transport(out, owner, r->a, &r->settings);
}

static git_remote_callbacks callbacks_for(struct remote *r)
{
	git_remote_callbacks c;

	git_remote_init_callbacks(&c, GIT_REMOTE_CALLBACKS_VERSION);
	c.transfer_progress = on_progress;
	c.sideband_progress = on_sideband;
	c.credentials = on_login;
	if (ssh_is_url(r->url))
		c.transport = on_transport;
	c.payload = r;
	return c;
}

const char *git_says(void)
{
	const git_error *ge = git_error_last();

	return ge && ge->message ? ge->message : "no reason given";
}

static bool is_local(struct str url)
{
	return str_startsc(url, "file://") || path_is_abs(url);
}

/* Did this machine's disk fail, not the remote? libgit2 keeps errno only as words. */
static bool disk_failed(const struct remote *r, const char *why, struct err *e)
{
	static const int codes[] = {ENOSPC, EDQUOT, EROFS, EACCES};

	if (git_error_last()->klass != GIT_ERROR_OS && git_error_last()->klass != GIT_ERROR_INDEXER)
		return false;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		if (!strstr(why, strerror(codes[i])))
			continue;
		errno = codes[i];
		err_errno(e, "fetching %.*s into %.*s/mod/.git", STR_ARG(r->url),
			  STR_ARG(r->o->cache_dir));
		return true;
	}
	return false;
}

static bool remote_failed(struct remote *r, int rc, struct err *e)
{
	const char *why = git_says();

	r->transient = false;
	if (interrupt_requested())
		return err_set(e, ERR_CANCEL, "%.*s: interrupted", STR_ARG(r->url));
	if (git_error_last() && disk_failed(r, why, e))
		return false;
	if (stalled()) {
		err_set(e, ERR_NET, "cannot reach %.*s: no answer for %u s", STR_ARG(r->url),
			(unsigned)r->settings.stall_s);
		return err_fix(e,
			       "try again later, or set url.MIRROR.insteadOf in git's "
			       "configuration; for a slow network raise http.lowSpeedTime there");
	}
	if (rc == GIT_ECERTIFICATE) {
		err_set(e, ERR_VERIFY, "%.*s: the server's certificate does not hold: %s",
			STR_ARG(r->url), why);
		return err_fix(e, "install ca-certificates, and check this machine's clock");
	}
	err_set(e, ERR_NET, "cannot reach %.*s: %s", STR_ARG(r->url), why);
	if (rc == GIT_EAUTH || strstr(why, "authentication") || strstr(why, "404") ||
	    strstr(why, "401"))
		return err_fix(
		    e,
		    "no such repository, or a private one: check the path; for a private one give "
		    "git a credential.helper, or a line in ~/.netrc");
	r->transient = !is_local(r->url);
	return err_fix(
	    e,
	    "check the path and the network; where the host is out of reach, set "
	    "url.MIRROR.insteadOf in git's configuration, or `replace` the module with a folder");
}

/* https, ssh, file (or an absolute path); http to this machine only. */
static bool check_transport(const struct remote *r, struct err *e)
{
	if (str_startsc(r->url, "https://") || is_local(r->url) || ssh_is_url(r->url) ||
	    str_startsc(r->url, "http://127.0.0.1:") || str_startsc(r->url, "http://localhost:"))
		return true;
	err_set(e, ERR_INPUT, "%.*s: only https, ssh and file repositories are fetched from",
		STR_ARG(r->url));
	return err_fix(e,
		       "use an https URL, or set url.BASE.insteadOf in git's configuration to one");
}

/* A dead host is found out in seconds: libgit2 itself has no limit for connecting. */
static bool check_reachable(const struct remote *r, struct err *e)
{
	if (!str_startsc(r->url, "http"))
		return true;
	if (net_reach(str_c(r->a, r->url), 0, e))
		return true;
	if (e->code != ERR_NET)
		return false; /* a certificate, or a bundle of them: another remedy */
	return err_fix(
	    e,
	    "check the network; where the host is out of reach, set url.MIRROR.insteadOf in git's "
	    "configuration, or `replace` the module with a folder");
}

void remote_close(struct remote *r)
{
	git_remote_free(r->git);
	r->git = NULL;
}

bool remote_open(struct remote *r, git_repository *repo, struct err *e)
{
	git_remote_create_options opts;
	int rc;

	r->transient = true;
	r->asked_for_login = 0;
	if (!offline_refused(r->o, r->asked, e) || !check_reachable(r, e)) {
		r->transient = !r->o->offline;
		return false;
	}
	git_remote_create_options_init(&opts, GIT_REMOTE_CREATE_OPTIONS_VERSION);
	opts.repository = repo;
	opts.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC;
	rc = git_remote_create_with_opts(&r->git, str_c(r->a, r->url), &opts);
	return rc == 0 || remote_failed(r, rc, e);
}

bool remote_init(struct arena *a, const struct mod_opts *o, struct str url, struct remote *r,
		 struct err *e)
{
	struct git_settings s;

	*r = (struct remote){.a = a, .o = o, .asked = url};
	start_libgit2();
	if (!git_settings(a, url, &s, e))
		return false;
	r->url = s.url;
	r->settings = s;
	r->headers.strings = arena_array(a, char *, s.headers.n);
	for (size_t i = 0; i < s.headers.n; i++)
		r->headers.strings[r->headers.count++] =
		    arena_strdup(a, s.headers.v[i].p, s.headers.v[i].n);
	return true;
}

bool remote_tags(struct remote *r, struct str_vec *out, struct err *e)
{
	git_remote_callbacks cb = callbacks_for(r);
	git_proxy_options proxy;
	const git_remote_head **heads;
	size_t n = 0;
	int rc;

	git_proxy_options_init(&proxy, GIT_PROXY_OPTIONS_VERSION);
	proxy.type = GIT_PROXY_AUTO;
	stall_watch(r->settings.stall_s);
	trust_certificates(r->url);
	rc = git_remote_connect(r->git, GIT_DIRECTION_FETCH, &cb, &proxy, &r->headers);
	if (rc == 0)
		rc = git_remote_ls(&heads, &n, r->git);
	stall_unwatch();
	if (rc != 0)
		return remote_failed(r, rc, e);
	for (size_t i = 0; i < n; i++) {
		struct str name = str_of(heads[i]->name);

		if (str_startsc(name, "refs/tags/") && !str_endsc(name, "^{}"))
			*vec_push(r->a, out) = str_dup(r->a, str_skip(name, strlen("refs/tags/")));
	}
	str_vec_sort_unique(out);
	return true;
}

/* ---- on this machine ---- */

static int hex_value(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* The path of a file URL, %XX decoded (RFC 8089). */
static struct str local_path(struct arena *a, struct str url)
{
	struct str rest = path_is_abs(url) ? url : str_skip(url, strlen("file://"));
	char *out;
	size_t n = 0;

	if (path_is_abs(url))
		return str_dup(a, url);
	if (str_startsc(rest, "localhost/"))
		rest = str_skip(rest, strlen("localhost"));
	out = arena_strdup(a, rest.p, rest.n);
	for (size_t i = 0; i < rest.n; i++) {
		bool code = rest.p[i] == '%' && i + 2 < rest.n && hex_value(rest.p[i + 1]) >= 0 &&
			    hex_value(rest.p[i + 2]) >= 0;

		out[n++] = code ? (char)(hex_value(rest.p[i + 1]) * 16 + hex_value(rest.p[i + 2]))
				: rest.p[i];
		i += code ? 2 : 0;
	}
	out[n] = '\0';
	return (struct str){out, n};
}

static bool local_open(struct remote *r, git_repository **out, struct err *e)
{
	int rc;

	if (!offline_refused(r->o, r->asked, e))
		return false;
	rc = git_repository_open(out, local_path(r->a, r->url).p);
	return rc == 0 || remote_failed(r, rc, e);
}

static bool local_tags(struct remote *r, git_repository *repo, struct str_vec *out, struct err *e)
{
	git_strarray names = {0};
	int rc = git_tag_list(&names, repo);

	if (rc != 0)
		return remote_failed(r, rc, e);
	for (size_t i = 0; i < names.count; i++)
		*vec_push(r->a, out) = str_dup(r->a, str_of(names.strings[i]));
	git_strarray_dispose(&names);
	str_vec_sort_unique(out);
	return true;
}

/* ---- tags ---- */

static bool tags_once(struct remote *r, struct str_vec *out, struct err *e)
{
	git_repository *repo = NULL;
	bool ok;

	if (is_local(r->url)) {
		ok = local_open(r, &repo, e) && local_tags(r, repo, out, e);
		git_repository_free(repo);
		return ok;
	}
	if (!remote_open(r, NULL, e))
		return false;
	ok = remote_tags(r, out, e);
	remote_close(r);
	return ok;
}

bool git_tags(struct arena *a, const struct mod_opts *o, struct str url, struct str_vec *out,
	      struct err *e)
{
	struct remote r;
	bool ok = false;

	if (!remote_init(a, o, url, &r, e) || !check_transport(&r, e))
		return false;
	for (unsigned i = 0; !ok; i++) {
		ok = tags_once(&r, out, e);
		if (!ok && (!r.transient || !fetch_again(i, e)))
			return false;
	}
	return true;
}

/* ---- one tag ---- */

struct near_tag {
	struct str tag;
	size_t distance;
};

static int cmp_near(const void *x, const void *y)
{
	const struct near_tag *a = x, *b = y;

	if (a->distance != b->distance)
		return a->distance < b->distance ? -1 : 1;
	return -str_cmp(a->tag, b->tag);
}

static bool no_such_tag(struct remote *r, struct str want, const struct str_vec *have,
			struct err *e)
{
	enum { SHOWN = 5, FAR = 64 };
	struct near_tag *near = arena_array(r->a, struct near_tag, have->n);
	struct buf b = {0};

	for (size_t i = 0; i < have->n; i++)
		near[i] = (struct near_tag){have->v[i], str_distance(want, have->v[i], FAR)};
	if (have->n)
		qsort(near, have->n, sizeof *near, cmp_near);
	for (size_t i = 0; i < have->n && i < SHOWN; i++)
		buf_printf(&b, "%s%.*s", i ? ", " : "", STR_ARG(near[i].tag));
	err_set(e, ERR_INPUT, "%.*s has no tag '%.*s'", STR_ARG(r->url), STR_ARG(want));
	if (have->n)
		err_fix(e, "the nearest of its %zu tags: %s", have->n, b.p);
	else
		err_fix(e, "it has no tags at all: only tagged versions can be required");
	buf_fini(&b);
	return false;
}

bool remote_fetch(struct remote *r, char **refs, size_t n, struct err *e)
{
	git_fetch_options opts;
	git_strarray specs = {refs, n};
	int rc;

	git_fetch_options_init(&opts, GIT_FETCH_OPTIONS_VERSION);
	opts.callbacks = callbacks_for(r);
	opts.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
	opts.update_fetchhead = 0;
	opts.proxy_opts.type = GIT_PROXY_AUTO;
	opts.prune = n > 1 ? GIT_FETCH_PRUNE : GIT_FETCH_NO_PRUNE;
#if LIBGIT2_VER_MAJOR > 1 || LIBGIT2_VER_MINOR >= 7
	/* Histories of this machine's repositories are fetched, whole: its transport knows no depth. */
	if (!is_local(r->url))
		opts.depth = n > 1 ? GIT_FETCH_DEPTH_UNSHALLOW : 1;
#endif
	opts.custom_headers = r->headers;
	stall_watch(r->settings.stall_s);
	rc = git_remote_fetch(r->git, &specs, &opts, NULL);
	stall_unwatch();
	return rc == 0 || remote_failed(r, rc, e);
}

static bool fetch_tag(struct remote *r, struct str tag, struct err *e)
{
	struct str spec =
	    str_fmt(r->a, "+refs/tags/%.*s:refs/tags/%.*s", STR_ARG(tag), STR_ARG(tag));
	char *text = arena_strdup(r->a, spec.p, spec.n);

	return remote_fetch(r, &text, 1, e);
}

/* The tree of refs/tags/TAG, peeled; NULL when the repository has no such tag. */
static git_tree *tree_of_tag(struct arena *a, git_repository *repo, struct str tag)
{
	git_reference *ref = NULL;
	git_object *obj = NULL;

	if (git_reference_lookup(&ref, repo, str_fmt(a, "refs/tags/%.*s", STR_ARG(tag)).p) == 0 &&
	    git_reference_peel(&obj, ref, GIT_OBJECT_TREE) != 0)
		obj = NULL;
	git_reference_free(ref);
	return (git_tree *)obj;
}

static bool find_tag(struct arena *a, const struct str_vec *tags, struct git_source *s)
{
	for (size_t i = 0; i < tags->n && !s->tree; i++) {
		s->tree = tree_of_tag(a, s->repo, tags->v[i]);
		s->tag = tags->v[i];
	}
	return s->tree != NULL;
}

/* Lists the remote's tags and fetches the first wanted one that it has. */
static bool fetch_first(struct remote *r, const struct str_vec *tags, struct git_source *s,
			struct err *e)
{
	struct str_vec have = {0};

	if (!remote_open(r, s->repo, e) || !remote_tags(r, &have, e))
		return false;
	for (size_t i = 0; i < tags->n; i++) {
		if (!str_vec_has(&have, tags->v[i]))
			continue;
		event_note(r->o->sink, "fetching %.*s %.*s", STR_ARG(r->url), STR_ARG(tags->v[i]));
		if (!fetch_tag(r, tags->v[i], e))
			return false;
		if (find_tag(r->a, tags, s))
			return true;
		r->transient = false;
		return err_set(e, ERR_INPUT, "%.*s: tag '%.*s' names no commit", STR_ARG(r->url),
			       STR_ARG(tags->v[i]));
	}
	return no_such_tag(r, tags->v[0], &have, e);
}

static bool open_bare(const char *path, git_repository **out, struct err *e)
{
	git_repository_init_options opts;

	git_repository_init_options_init(&opts, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
	opts.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH;
	if (git_repository_open_bare(out, path) == 0 ||
	    git_repository_init_ext(out, path, &opts) == 0)
		return true;
	/* A half-made one, from a killed run: it is only a cache. */
	if (!folder_remove(path, e))
		return false;
	if (git_repository_init_ext(out, path, &opts) == 0)
		return true;
	return err_set(e, ERR_IO, "making the repository %s: %s", path, git_says());
}

static bool open_tag(struct remote *r, const void *ctx, struct git_source *s, struct err *e)
{
	const struct str_vec *tags = ctx;

	return find_tag(r->a, tags, s) || fetch_first(r, tags, s, e);
}

/* Reads the repository where it is. */
static bool open_local(struct remote *r, const struct str_vec *tags, struct git_source *s,
		       struct err *e)
{
	struct str_vec have = {0};

	s->local = true;
	if (!local_open(r, &s->repo, e))
		return false;
	return find_tag(r->a, tags, s) ||
	       (local_tags(r, s->repo, &have, e) && no_such_tag(r, tags->v[0], &have, e));
}

/* In the cache's repository, under its lock. */
static bool open_cached(struct remote *r, git_opener open, const void *ctx, struct git_source *s,
			struct err *e)
{
	enum { NAME_HEX = 32 };
	struct digest d = digest_str(r->url);
	char hex[DIGEST_HEX + 1];
	struct file_lock lock = {-1};
	struct str path;
	bool ok, got;

	digest_hex(&d, hex);
	path = str_fmt(r->a, "%.*s/mod/.git/%.*s", STR_ARG(r->o->cache_dir), (int)NAME_HEX, hex);
	if (!folder_make_for(path.p, e) ||
	    !lock_acquire(&lock, str_fmt(r->a, "%s.lock", path.p).p, false, true, &got, e))
		return false;
	ok = open_bare(path.p, &s->repo, e);
	for (unsigned i = 0; ok; i++) {
		r->transient = false;
		ok = open(r, ctx, s, e);
		remote_close(r);
		if (ok || !r->transient || !fetch_again(i, e))
			break;
		ok = true;
	}
	lock_release(&lock);
	return ok;
}

static bool open_source(struct arena *a, const struct mod_opts *o, struct str url, git_opener open,
			const struct str_vec *tags, const void *ctx, struct git_source **out,
			struct err *e)
{
	struct remote r;
	struct git_source *s = arena_new(a, struct git_source);
	bool ok;

	*out = NULL;
	if (!remote_init(a, o, url, &r, e) || !check_transport(&r, e))
		return false;
	s->url = r.url;
	ok =
	    tags && is_local(r.url) ? open_local(&r, tags, s, e) : open_cached(&r, open, ctx, s, e);
	if (ok)
		*out = s;
	else
		git_close(s);
	return ok;
}

bool git_open(struct arena *a, const struct mod_opts *o, struct str url, git_opener open,
	      const void *ctx, struct git_source **out, struct err *e)
{
	return open_source(a, o, url, open, NULL, ctx, out, e);
}

/* Of the whole tree only the folder counts from here on. */
bool git_enter(struct arena *a, struct git_source *s, struct str folder, struct err *e)
{
	git_tree_entry *ent = NULL;
	git_tree *sub = NULL;

	if (!folder.n)
		return true;
	if (git_tree_entry_bypath(&ent, s->tree, str_c(a, folder)) == 0 &&
	    git_tree_entry_type(ent) == GIT_OBJECT_TREE)
		(void)git_tree_lookup(&sub, s->repo, git_tree_entry_id(ent));
	git_tree_entry_free(ent);
	if (!sub) {
		err_set(e, ERR_INPUT, "%.*s has no folder '%.*s' at '%.*s'", STR_ARG(s->url),
			STR_ARG(folder), STR_ARG(s->tag));
		return err_fix(e,
			       "check the module's path: behind the repository it names a folder");
	}
	git_tree_free(s->tree);
	s->tree = sub;
	return true;
}

bool git_open_tag(struct arena *a, const struct mod_opts *o, struct str url, struct str folder,
		  const struct str_vec *tags, struct git_source **out, struct err *e)
{
	if (!open_source(a, o, url, open_tag, tags, tags, out, e))
		return false;
	if (git_enter(a, *out, folder, e))
		return true;
	git_close(*out);
	*out = NULL;
	return false;
}

void git_forget_tag(struct arena *a, struct git_source *s)
{
	if (!s->local)
		(void)git_reference_remove(s->repo,
					   str_fmt(a, "refs/tags/%.*s", STR_ARG(s->tag)).p);
}

void git_close(struct git_source *s)
{
	if (!s)
		return;
	git_tree_free(s->tree);
	git_repository_free(s->repo);
	s->tree = NULL;
	s->repo = NULL;
}
