/*
 * Branches and commits. Whether a commit can be reached, and which tags are its ancestors', only the
 * history tells: all branches and tags of the repository are fetched for it, into the same bare repository
 * of the cache that tags go to.
 */
#include <string.h>

#include "mod/git_impl.h"

enum { REV_MIN = 7 };

static bool fetch_all(struct remote *r, git_repository *repo, struct err *e)
{
	char heads[] = "+refs/heads/*:refs/heads/*", tags[] = "+refs/tags/*:refs/tags/*";
	char *specs[] = {heads, tags};

	if (!r->git && !remote_open(r, repo, e))
		return false;
	event_note(r->o->sink, "fetching the history of %.*s", STR_ARG(r->url));
	return remote_fetch(r, specs, 2, e);
}

static bool is_hex(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!s.p[i] || !strchr("0123456789abcdef", s.p[i]))
			return false;
	return s.n >= REV_MIN && s.n <= GIT_OID_HEXSZ;
}

static git_commit *commit_of_ref(struct arena *a, git_repository *repo, const char *kind,
				 struct str name)
{
	git_reference *ref = NULL;
	git_object *obj = NULL;

	if (git_reference_lookup(&ref, repo, str_fmt(a, "refs/%s/%.*s", kind, STR_ARG(name)).p) ==
		0 &&
	    git_reference_peel(&obj, ref, GIT_OBJECT_COMMIT) != 0)
		obj = NULL;
	git_reference_free(ref);
	return (git_commit *)obj;
}

/* ---- reachability ---- */

struct reach {
	struct arena *a;
	git_repository *repo;
	const git_oid *from; /* is it ... */
	bool found;	     /* ... an ancestor of a branch or tag? */
};

static int look_from(git_reference *ref, void *ctx)
{
	struct reach *w = ctx;
	git_object *tip = NULL;

	if (git_reference_peel(&tip, ref, GIT_OBJECT_COMMIT) == 0)
		w->found = git_oid_equal(git_object_id(tip), w->from) ||
			   git_graph_descendant_of(w->repo, git_object_id(tip), w->from) == 1;
	git_object_free(tip);
	git_reference_free(ref);
	return w->found ? GIT_EUSER : 0;
}

static bool reachable(git_repository *repo, const git_commit *c)
{
	struct reach w = {.repo = repo, .from = git_commit_id(c)};

	(void)git_reference_foreach(repo, look_from, &w);
	return w.found;
}

/* NULL: no branch or tag reaches such a commit. */
static git_commit *commit_of_hex(git_repository *repo, struct str hex)
{
	git_oid id;
	git_commit *c = NULL;

	if (!is_hex(hex) || git_oid_fromstrn(&id, hex.p, hex.n) != 0 ||
	    git_commit_lookup_prefix(&c, repo, &id, hex.n) != 0)
		return NULL;
	if (reachable(repo, c))
		return c;
	git_commit_free(c);
	return NULL;
}

static bool is_ancestor(git_repository *repo, const git_commit *base, const git_commit *of)
{
	return git_oid_equal(git_commit_id(base), git_commit_id(of)) ||
	       git_graph_descendant_of(repo, git_commit_id(of), git_commit_id(base)) == 1;
}

/* ---- what a revision is ---- */

struct find {
	struct str rev;
	git_tag_version version_of;
	void *ctx;
	struct git_commit_facts *out;
};

static bool no_revision(const struct remote *r, struct str rev, struct err *e)
{
	err_set(e, ERR_INPUT, "%.*s has no branch, tag or commit '%.*s'", STR_ARG(r->url),
		STR_ARG(rev));
	return err_fix(e,
		       "a commit is named by 7 or more of its hex digits, and must lie on a branch "
		       "or tag there");
}

/* The remote's HEAD; *out lives in r->a. */
static bool default_branch(struct remote *r, struct str *out, struct err *e)
{
	git_buf name = {0};

	if (git_remote_default_branch(&name, r->git) != 0) {
		err_set(e, ERR_INPUT, "%.*s has no default branch: %s", STR_ARG(r->url),
			git_says());
		return err_fix(e, "name a branch: MODULE@BRANCH");
	}
	*out = str_dup(r->a, str_skip(str_of(name.ptr), strlen("refs/heads/")));
	git_buf_dispose(&name);
	return true;
}

static git_commit *find_rev(struct arena *a, git_repository *repo, struct str rev)
{
	git_commit *c = commit_of_ref(a, repo, "heads", rev);

	if (!c)
		c = commit_of_ref(a, repo, "tags", rev);
	return c ? c : commit_of_hex(repo, rev);
}

/* The greatest versions among the tags of the commit itself, and of its ancestors. */
static void describe(struct arena *a, git_repository *repo, const git_commit *c,
		     const struct find *f)
{
	git_strarray names = {0};

	if (git_tag_list(&names, repo) != 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		struct str tag = str_dup(a, str_of(names.strings[i])), v;
		git_commit *at;
		struct str *best;

		if (!f->version_of(f->ctx, tag, &v))
			continue;
		at = commit_of_ref(a, repo, "tags", tag);
		if (!at)
			continue;
		best = git_oid_equal(git_commit_id(at), git_commit_id(c)) ? &f->out->tagged
									  : &f->out->base;
		if ((!best->n || semver_cmp(*best, v) < 0) && is_ancestor(repo, at, c))
			*best = v;
		git_commit_free(at);
	}
	git_strarray_dispose(&names);
}

static bool find_commit(struct remote *r, const void *ctx, struct git_source *s, struct err *e)
{
	const struct find *f = ctx;
	struct str rev = f->rev;
	char hex[GIT_OID_HEXSZ + 1];
	struct str_vec ignored = {0};
	git_commit *c;

	if (!remote_open(r, s->repo, e))
		return false;
	if (!rev.n && (!remote_tags(r, &ignored, e) || !default_branch(r, &rev, e)))
		return false;
	if (!fetch_all(r, s->repo, e))
		return false;
	c = find_rev(r->a, s->repo, rev);
	if (!c)
		return no_revision(r, rev, e);
	git_oid_tostr(hex, sizeof hex, git_commit_id(c));
	*f->out = (struct git_commit_facts){.hex = str_dup(r->a, str_of(hex)),
					    .time_s = git_commit_time(c)};
	describe(r->a, s->repo, c, f);
	git_commit_free(c);
	return true;
}

bool git_find_commit(struct arena *a, const struct mod_opts *o, struct str url, struct str rev,
		     git_tag_version version_of, void *ctx, struct git_commit_facts *out,
		     struct err *e)
{
	struct find f = {rev, version_of, ctx, out};
	struct git_source *s;

	if (!git_open(a, o, url, find_commit, &f, &s, e))
		return false;
	git_close(s);
	return true;
}

/* ---- a pseudo-version's tree ---- */

struct want_pseudo {
	struct str version;
	const struct str_vec *base_tags;
};

static bool wrong_pseudo(const struct want_pseudo *w, struct err *e, const char *why)
{
	err_set(e, ERR_VERIFY, "%.*s is no true name of its commit: %s", STR_ARG(w->version), why);
	return err_fix(e, "let cbuild write it: `cbuild get MODULE@COMMIT`");
}

static bool check_base(struct remote *r, const struct want_pseudo *w, git_repository *repo,
		       const git_commit *c, struct err *e)
{
	bool ok = false;

	for (size_t i = 0; i < w->base_tags->n && !ok; i++) {
		git_commit *base = commit_of_ref(r->a, repo, "tags", w->base_tags->v[i]);

		ok = base && is_ancestor(repo, base, c);
		git_commit_free(base);
	}
	return ok || !w->base_tags->n ||
	       wrong_pseudo(w, e, "the version that it stands behind is none of its ancestors");
}

static bool check_pseudo(struct remote *r, const struct want_pseudo *w, git_repository *repo,
			 const git_commit *c, struct err *e)
{
	struct str time = pseudo_time(r->a, git_commit_time(c));
	struct pseudo p;

	if (!pseudo_parse(w->version, &p) || !str_eq(p.time, time))
		return wrong_pseudo(w, e,
				    str_fmt(r->a, "that was committed at %.*s", STR_ARG(time)).p);
	return check_base(r, w, repo, c, e);
}

static bool try_pseudo(struct remote *r, const struct want_pseudo *w, struct git_source *s,
		       struct err *e)
{
	git_commit *c;
	bool ok;

	c = commit_of_hex(s->repo, s->tag);
	if (!c)
		return no_revision(r, s->tag, e);
	ok = check_pseudo(r, w, s->repo, c, e);
	if (ok && git_commit_tree(&s->tree, c) != 0)
		ok = err_set(e, ERR_IO, "%.*s: reading commit %.*s: %s", STR_ARG(r->url),
			     STR_ARG(s->tag), git_says());
	git_commit_free(c);
	return ok;
}

/* What the cache has may be too little: single tags, an older history. */
static bool open_pseudo(struct remote *r, const void *ctx, struct git_source *s, struct err *e)
{
	const struct want_pseudo *w = ctx;
	struct pseudo p = {0};

	if (!pseudo_parse(w->version, &p))
		return err_set(e, ERR_INPUT, "'%.*s' is no pseudo-version", STR_ARG(w->version));
	s->tag = p.rev;
	return try_pseudo(r, w, s, e) || (fetch_all(r, s->repo, e) && try_pseudo(r, w, s, e));
}

bool git_open_pseudo(struct arena *a, const struct mod_opts *o, struct str url, struct str folder,
		     struct str version, const struct str_vec *base_tags, struct git_source **out,
		     struct err *e)
{
	struct want_pseudo w = {version, base_tags};

	if (!git_open(a, o, url, open_pseudo, &w, out, e))
		return false;
	if (git_enter(a, *out, folder, e))
		return true;
	git_close(*out);
	*out = NULL;
	return false;
}
