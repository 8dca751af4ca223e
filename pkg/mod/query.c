/*
 * Queries as Go's: a list of the versions that there are, less what is excluded and retracted, and a
 * predicate over it. Releases come before pre-releases; whatever is no version is a revision.
 */
#include "mod/query_impl.h"

#include <string.h>

#include "base/path.h"
#include "mod/load_impl.h"
#include "mod/source_impl.h"

/* What is known of a module. */
struct known {
	struct module_source source;
	struct str_vec versions;       /* ascending */
	const struct manifest *newest; /* of the greatest version; NULL: not read, or none */
	bool retract_read;
};

struct query {
	struct arena *a;
	const struct manifest *main;
	const struct mod_opts *o;
	struct map known; /* path -> struct known */
};

struct query *query_new(struct arena *a, const struct manifest *main, const struct mod_opts *o)
{
	struct query *q = arena_new(a, struct query);

	*q = (struct query){.a = a, .main = main, .o = o};
	return q;
}

bool query_check_path(struct str path, struct err *e)
{
	if (path_is_local(path) && str_find(path, '.') < str_find(path, '/') &&
	    str_find(path, '.') < path.n)
		return true;
	err_set(e, ERR_USAGE, "'%.*s' is no module path", STR_ARG(path));
	return err_fix(e, "a module path starts with a host: github.com/madler/zlib");
}

static bool source_of(struct query *q, struct str path, struct module_source *out, struct err *e)
{
	struct manifest *port;

	if (!port_find(q->a, q->o, path, &port, e))
		return false;
	source_open(q->o, path, port, out);
	return true;
}

/* As Go: versions that differ in build metadata only have no order, so none of them is offered. */
static void drop_metadata(struct str_vec *versions)
{
	size_t n = 0;

	for (size_t i = 0; i < versions->n; i++)
		if (!semver_has_build(versions->v[i]))
			versions->v[n++] = versions->v[i];
	versions->n = n;
}

static bool know(struct query *q, struct str path, struct known **out, struct err *e)
{
	struct known *k = map_ptr(&q->known, path);

	*out = k;
	if (k)
		return true;
	k = arena_new(q->a, struct known);
	if (!source_of(q, path, &k->source, e) ||
	    !k->source.ops->versions(q->a, &k->source, &k->versions, e))
		return false;
	drop_metadata(&k->versions);
	map_put(q->a, &q->known, path, NULL)->ptr = k;
	*out = k;
	return true;
}

/* ---- retracted ---- */

static struct str newest(const struct str_vec *versions)
{
	for (size_t i = versions->n; i-- > 0;)
		if (!semver_is_prerelease(versions->v[i]))
			return versions->v[i];
	return versions->n ? versions->v[versions->n - 1] : STR("");
}

static bool read_retractions(struct query *q, struct str path, struct known *k, struct err *e)
{
	struct str version = newest(&k->versions), bytes;
	struct manifest *m = arena_new(q->a, struct manifest);
	bool found;

	if (k->retract_read || !version.n)
		return true;
	k->retract_read = true;
	k->newest = k->source.port;
	if (!k->source.ops->manifest(q->a, &k->source, version, &bytes, &found, e))
		return false;
	if (!found)
		return true;
	k->newest = m;
	return manifest_parse(
		   q->a, str_fmt(q->a, "%.*s@%.*s/cbuild.yaml", STR_ARG(path), STR_ARG(version)),
		   bytes, m, e) ||
	       err_wrap(e, "looking which versions of %.*s are retracted", STR_ARG(path));
}

static const struct retraction *retraction_of(const struct known *k, struct str v)
{
	for (size_t i = 0; k->newest && i < k->newest->retract.n; i++) {
		const struct retraction *r = &k->newest->retract.v[i];

		if (semver_cmp(r->low, v) <= 0 && semver_cmp(v, r->high) <= 0)
			return r;
	}
	return NULL;
}

bool query_retracted(struct query *q, const struct mod_version *v, const struct retraction **out,
		     struct err *e)
{
	struct known *k;

	*out = NULL;
	if (!know(q, v->path, &k, e) || !read_retractions(q, v->path, k, e))
		return false;
	*out = retraction_of(k, v->version);
	return true;
}

/* Versions that may be chosen. */
static bool candidates(struct query *q, struct str path, struct str_vec *out, struct err *e)
{
	struct known *k;

	if (!know(q, path, &k, e) || !read_retractions(q, path, k, e))
		return false;
	for (size_t i = 0; i < k->versions.n; i++)
		if (!is_excluded(q->main, path, k->versions.v[i]) &&
		    !retraction_of(k, k->versions.v[i]))
			*vec_push(q->a, out) = k->versions.v[i];
	return true;
}

bool query_previous(struct query *q, const struct mod_version *v, struct str *out, struct err *e)
{
	struct str_vec all = {0};

	*out = STR("");
	if (!candidates(q, v->path, &all, e))
		return false;
	for (size_t i = 0; i < all.n && semver_cmp(all.v[i], v->version) < 0; i++)
		*out = all.v[i];
	return true;
}

/* After the list was asked for. */
static bool has_versions(struct query *q, struct str path)
{
	const struct known *k = map_ptr(&q->known, path);

	return k && k->versions.n;
}

/* Whether there are versions, and none may be chosen; false when that is not known. */
static bool none_left(struct query *q, struct str path)
{
	struct str_vec all = {0};
	struct err ignored;

	return has_versions(q, path) && candidates(q, path, &all, &ignored) && !all.n;
}

/* ---- predicates ---- */

enum match { MATCH_ALL, MATCH_PREFIX, MATCH_BELOW, MATCH_BELOW_EQ, MATCH_ABOVE, MATCH_ABOVE_EQ };

struct predicate {
	enum match match;
	struct str than;
	struct str at_least; /* whatever else; empty: no limit */
};

static bool parse_predicate(struct str text, struct predicate *out)
{
	static const struct {
		const char *sign;
		enum match match;
	} signs[] = {
	    {"<=", MATCH_BELOW_EQ}, {"<", MATCH_BELOW}, {">=", MATCH_ABOVE_EQ}, {">", MATCH_ABOVE}};

	*out = (struct predicate){.than = text};
	if (str_eqc(text, "latest"))
		return true;
	out->match = MATCH_PREFIX;
	if (semver_is_prefix(text))
		return true;
	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
		if (!str_startsc(text, signs[i].sign))
			continue;
		out->match = signs[i].match;
		out->than = str_skip(text, strlen(signs[i].sign));
		/* Whether v1.2.3 is above v1.2 nobody can say. */
		return semver_valid(out->than) ||
		       ((out->match == MATCH_BELOW || out->match == MATCH_ABOVE_EQ) &&
			semver_is_prefix(out->than));
	}
	return false;
}

/* v1 and v1.2 stand for v1.0.0 and v1.2.0. */
static struct str full(struct arena *a, struct str v)
{
	if (semver_valid(v))
		return v;
	return str_find(v, '.') < v.n ? str_fmt(a, "%.*s.0", STR_ARG(v))
				      : str_fmt(a, "%.*s.0.0", STR_ARG(v));
}

static bool matches(const struct predicate *p, struct str v)
{
	if (p->at_least.n && semver_cmp(v, p->at_least) < 0)
		return false;
	switch (p->match) {
	case MATCH_ALL:
		return true;
	case MATCH_PREFIX:
		return semver_has_prefix(v, p->than);
	case MATCH_BELOW:
		return semver_cmp(v, p->than) < 0;
	case MATCH_BELOW_EQ:
		return semver_cmp(v, p->than) <= 0;
	case MATCH_ABOVE:
		return semver_cmp(v, p->than) > 0;
	case MATCH_ABOVE_EQ:
		return semver_cmp(v, p->than) >= 0;
	}
	return false;
}

/* The nearest to the limit: the least above one, else the greatest; pre-releases when nothing else is. */
static struct str choose(const struct str_vec *all, const struct predicate *p)
{
	bool least = p->match == MATCH_ABOVE || p->match == MATCH_ABOVE_EQ;
	struct str release = {0}, pre = {0};

	for (size_t i = 0; i < all->n; i++) {
		struct str v = all->v[i];
		struct str *best = semver_is_prerelease(v) ? &pre : &release;

		if (matches(p, v) && (!least || !best->n))
			*best = v;
	}
	return release.n ? release : pre;
}

/* ---- queries ---- */

static bool no_version(struct query *q, struct str path, struct str text, struct err *e)
{
	struct known *k;

	if (!know(q, path, &k, e))
		return false;
	err_set(e, ERR_INPUT, "%.*s has no version for '%.*s'", STR_ARG(path), STR_ARG(text));
	if (!k->versions.n)
		return err_fix(
		    e,
		    "its repository has no tags that are versions (a port says how tags are "
		    "named: source.tag); %.*s@BRANCH and %.*s@COMMIT can be required",
		    STR_ARG(path), STR_ARG(path));
	return err_fix(e, "its greatest version is %.*s; retracted and excluded ones do not count",
		       STR_ARG(k->versions.v[k->versions.n - 1]));
}

static bool ruled_out(struct query *q, struct str path, struct err *e)
{
	const struct known *k = map_ptr(&q->known, path);

	err_set(e, ERR_INPUT,
		"all versions of %.*s are excluded by cbuild.yaml or retracted by its authors",
		STR_ARG(path));
	return err_fix(e,
		       "remove one from `exclude` (the greatest is %.*s), or name a retracted one: "
		       "cbuild get %.*s@VERSION",
		       STR_ARG(k->versions.v[k->versions.n - 1]), STR_ARG(path));
}

static bool is_out(struct query *q, struct str path, struct str version, struct err *e)
{
	if (!is_excluded(q->main, path, version))
		return false;
	err_set(e, ERR_INPUT, "%.*s %.*s is excluded by cbuild.yaml", STR_ARG(path),
		STR_ARG(version));
	err_fix(e, "remove it from `exclude`, or get another version");
	return true;
}

static bool ask_revision(struct query *q, struct str path, struct str rev, struct str *out,
			 struct err *e)
{
	struct module_source s;
	struct revision r;

	if (!source_of(q, path, &s, e) || !s.ops->revision(q->a, &s, rev, &r, e))
		return false;
	*out = r.version;
	return true;
}

/* now: what an upgrade may stay at; empty: it must be found. */
static bool ask_list(struct query *q, struct str path, struct str text, const struct predicate *p,
		     struct str now, struct str *out, struct err *e)
{
	struct str_vec all = {0};

	if (!candidates(q, path, &all, e))
		return false;
	*out = choose(&all, p);
	if (out->n)
		return true;
	if (now.n && (all.n || p->match != MATCH_ALL)) {
		*out = now; /* what is in use may be newer than all */
		return true;
	}
	if (p->match != MATCH_ALL)
		return no_version(q, path, text, e);
	if (has_versions(q, path))
		return ruled_out(q, path, e);
	/* Without any version the newest commit is the latest there is. */
	return ask_revision(q, path, STR(""), out, e);
}

/* Who uses a pre-release wants the next one; who uses a commit has not asked for pre-releases. */
static struct str upgrade_from(struct str now)
{
	return pseudo_parse(now, NULL) ? STR("") : now;
}

static bool ask_patch(struct query *q, struct str path, struct str now, struct str *out,
		      struct err *e)
{
	struct predicate p = {.match = MATCH_PREFIX};
	struct semver s;

	if (!semver_parse(now, &s)) {
		err_set(e, ERR_USAGE, "'patch' of %.*s: no version of it is required yet",
			STR_ARG(path));
		return err_fix(e, "say latest, or a version");
	}
	p.than = str_fmt(q->a, "v%.*s.%.*s", STR_ARG(s.major), STR_ARG(s.minor));
	p.at_least = upgrade_from(now);
	return ask_list(q, path, STR("patch"), &p, now, out, e);
}

/* The greatest release from the version in use on; only when there is none, the greatest pre-release. */
static bool ask_upgrade(struct query *q, struct str path, struct str now, struct str *out,
			struct err *e)
{
	struct predicate p = {.match = MATCH_ALL, .at_least = upgrade_from(now)};

	return ask_list(q, path, STR("latest"), &p, now, out, e);
}

static bool wrong_comparison(struct str text, struct err *e)
{
	err_set(e, ERR_USAGE, "'%.*s': a full version is needed behind the sign", STR_ARG(text));
	return err_fix(e, "say <=v1.2.3 or >v1.2.3; only < and >= take v1 or v1.2");
}

static bool ask(struct query *q, struct str path, struct str text, struct str now, struct str *out,
		struct err *e)
{
	struct predicate p;

	if (!text.n || str_eqc(text, "upgrade"))
		return ask_upgrade(q, path, now, out, e);
	if (str_eqc(text, "patch"))
		return ask_patch(q, path, now, out, e);
	if (!parse_predicate(text, &p)) {
		if (text.p[0] == '<' || text.p[0] == '>')
			return wrong_comparison(text, e);
		return ask_revision(q, path, str_eqc(text, "HEAD") ? STR("") : text, out, e);
	}
	if (p.match >= MATCH_BELOW)
		p.than = full(q->a, p.than);
	/* v1.2 is nothing below v1.2.0, which its pre-releases are. */
	if (p.match == MATCH_PREFIX)
		p.at_least = full(q->a, p.than);
	return ask_list(q, path, text, &p, STR(""), out, e);
}

bool query_version(struct query *q, struct str path, struct str text, struct str now,
		   struct str *out, struct err *e)
{
	bool upgrade = !text.n || str_eqc(text, "upgrade") || str_eqc(text, "patch");

	*out = text;
	if (!query_check_path(path, e))
		return false;
	if (semver_valid(text))
		return !is_out(q, path, text, e);
	if (!ask(q, path, text, now, out, e)) {
		/* Where nothing may be chosen any more, what is in use stays. */
		*out = now;
		return upgrade && now.n && none_left(q, path);
	}
	if (is_out(q, path, *out, e)) /* by the name of a tag or branch */
		return false;
	/* The newest commit may be older than what is in use: an upgrade lowers nothing. */
	if (upgrade && now.n && semver_cmp_total(*out, now) < 0)
		*out = now;
	return true;
}
