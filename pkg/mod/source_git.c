/*
 * Modules out of git repositories. The path of a module is its repository's URL without the scheme, and
 * behind it perhaps a folder of that repository: github.com/a/b/sub is the folder sub of github.com/a/b,
 * and its versions are the tags sub/v1.2.3. Where the repository ends is known for the large hosts; with
 * others the whole path is tried first, then shorter ones.
 */
#include <string.h>

#include "mod/source_impl.h"

/* One way to read a module's path. */
struct place {
	struct str url;
	struct str folder; /* below the repository's root; empty: the root */
};
struct places VEC_BODY(struct place);

/* The number of parts that a repository's path has there; 0: unknown. */
static size_t known_parts(struct str path)
{
	static const char *const hosts[] = {"github.com/", "bitbucket.org/", "codeberg.org/"};

	for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
		if (str_startsc(path, hosts[i]))
			return 3;
	return 0;
}

static void find_places(struct arena *a, const struct module_source *s, struct places *out)
{
	size_t known = known_parts(s->path), parts = 1;

	if (s->port) {
		*vec_push(a, out) = (struct place){.url = port_url(a, s->port, s->path)};
		return;
	}
	for (size_t i = 0; i < s->path.n; i++)
		parts += s->path.p[i] == '/';
	for (size_t end = s->path.n; parts >= 2; parts--) {
		struct str root = {s->path.p, end};

		if (!known || parts == known || (parts < known && end == s->path.n))
			*vec_push(a, out) =
			    (struct place){port_url(a, NULL, root), str_skip(s->path, end + 1)};
		end = str_rfind(root, '/');
	}
	if (!out->n)
		*vec_push(a, out) = (struct place){.url = port_url(a, NULL, s->path)};
}

/* Tags of a folder's versions start with its name. */
static struct str tag_prefix(struct arena *a, const struct place *p)
{
	return p->folder.n ? str_fmt(a, "%.*s/", STR_ARG(p->folder)) : STR("");
}

static bool version_of_tag(struct arena *a, const struct module_source *s, const struct place *p,
			   struct str tag, struct str *version)
{
	struct str prefix = tag_prefix(a, p);

	return str_starts(tag, prefix) &&
	       port_version(a, s->port, str_skip(tag, prefix.n), version);
}

/*
 * Calls try with every place until one says yes. A repository that cannot be reached means that the path
 * is longer than the repository's; the first error is the one to tell.
 */
typedef bool (*place_try)(struct arena *a, const struct module_source *s, const struct place *p,
			  void *ctx, struct err *e);

static bool each_place(struct arena *a, const struct module_source *s, place_try try, void *ctx,
		       struct err *e)
{
	struct places places = {0};
	struct err first, later;

	find_places(a, s, &places);
	for (size_t i = 0; i < places.n; i++) {
		struct err *into = i ? &later : &first;

		*into = (struct err){0};
		if (try(a, s, &places.v[i], ctx, into))
			return true;
		if (into->code != ERR_NET) {
			*e = *into;
			return false;
		}
	}
	*e = first;
	return false;
}

/* ---- versions ---- */

static bool try_versions(struct arena *a, const struct module_source *s, const struct place *p,
			 void *ctx, struct err *e)
{
	struct str_vec *out = ctx, tags = {0};

	if (!git_tags(a, s->o, p->url, &tags, e))
		return false;
	for (size_t i = 0; i < tags.n; i++) {
		struct str v;

		if (version_of_tag(a, s, p, tags.v[i], &v) && !pseudo_parse(v, NULL))
			*vec_push(a, out) = v;
	}
	semver_sort_unique(out);
	return true;
}

static bool versions(struct arena *a, const struct module_source *s, struct str_vec *out,
		     struct err *e)
{
	return each_place(a, s, try_versions, out, e);
}

/* ---- one version's tree ---- */

struct opened {
	struct str version;
	struct git_source *src;
};

/* The tags that may hold a version, best first. */
static void find_tags(struct arena *a, const struct module_source *s, const struct place *p,
		      struct str version, struct str_vec *out)
{
	struct str_vec names = {0};
	struct str prefix = tag_prefix(a, p);

	port_tags(a, s->port, version, &names);
	for (size_t i = 0; i < names.n; i++)
		*vec_push(a, out) = str_fmt(a, "%.*s%.*s", STR_ARG(prefix), STR_ARG(names.v[i]));
}

static bool try_open(struct arena *a, const struct module_source *s, const struct place *p,
		     void *ctx, struct err *e)
{
	struct opened *out = ctx;
	bool pseudo = pseudo_parse(out->version, NULL);
	struct str_vec tags = {0};

	find_tags(a, s, p, pseudo ? pseudo_base(a, out->version) : out->version, &tags);
	if (pseudo)
		return git_open_pseudo(a, s->o, p->url, p->folder, out->version, &tags, &out->src,
				       e);
	return git_open_tag(a, s->o, p->url, p->folder, &tags, &out->src, e);
}

static bool manifest(struct arena *a, const struct module_source *s, struct str version,
		     struct str *bytes, bool *found, struct err *e)
{
	struct opened at = {.version = version};
	bool ok;

	if (!each_place(a, s, try_open, &at, e))
		return false;
	ok = git_root_file(a, at.src, "cbuild.yaml", bytes, found, e);
	git_close(at.src);
	return ok;
}

static bool files(struct arena *a, const struct module_source *s, struct str version,
		  const struct str_vec *globs, tree_visit visit, void *ctx, struct err *e)
{
	struct opened at = {.version = version};
	bool ok;

	if (!each_place(a, s, try_open, &at, e))
		return false;
	ok = git_each_file(a, at.src, globs, visit, ctx, e);
	git_close(at.src);
	return ok;
}

/* Where the repository's end is not known, the whole path is taken for it, as it is tried first. */
static void origin(struct arena *a, const struct module_source *s, struct str version,
		   struct str *url, struct str *ref)
{
	struct places places = {0};
	struct str_vec tags = {0};
	struct pseudo p;

	find_places(a, s, &places);
	*url = places.v[0].url;
	if (pseudo_parse(version, &p)) {
		*ref = p.rev;
		return;
	}
	find_tags(a, s, &places.v[0], version, &tags);
	if (port_one_tag(s->port, version))
		*ref = tags.v[0];
}

static void forget(struct arena *a, const struct module_source *s, struct str version)
{
	struct opened at = {.version = version};
	struct err ignored;

	if (!each_place(a, s, try_open, &at, &ignored))
		return;
	git_forget_tag(a, at.src);
	git_close(at.src);
}

/* ---- revisions ---- */

struct asked {
	struct str rev;
	struct revision *out;
	/* for is_version */
	struct arena *a;
	const struct module_source *s;
	const struct place *p;
};

static bool is_version(void *ctx, struct str tag, struct str *version)
{
	const struct asked *q = ctx;

	return version_of_tag(q->a, q->s, q->p, tag, version) && !pseudo_parse(*version, NULL) &&
	       !semver_has_build(*version);
}

static bool try_revision(struct arena *a, const struct module_source *s, const struct place *p,
			 void *ctx, struct err *e)
{
	struct asked *q = ctx;
	struct git_commit_facts f;

	q->a = a;
	q->s = s;
	q->p = p;
	if (!git_find_commit(a, s->o, p->url, q->rev, is_version, q, &f, e))
		return false;
	*q->out = (struct revision){.commit = f.hex, .time_s = f.time_s, .version = f.tagged};
	if (!f.tagged.n)
		q->out->version = pseudo_make(a, f.base, f.time_s, f.hex);
	return true;
}

static bool revision(struct arena *a, const struct module_source *s, struct str rev,
		     struct revision *out, struct err *e)
{
	struct asked q = {.rev = rev, .out = out};

	return each_place(a, s, try_revision, &q, e);
}

const struct source_ops source_git = {versions, revision, manifest, files, origin, forget};
