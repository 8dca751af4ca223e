/*
 * source: the narrow door between resolution (mvs.c, load.c, query.c, get.c: which version) and fetching
 * (how a version comes here). Resolution calls source_open and the table of operations; whoever fetches
 * another way writes one more table, and source_open chooses.
 *
 *     source_open(a, o, path, port, &s, &e)       asks nobody yet
 *     s.ops->versions(a, &s, &versions, &e)       what is tagged
 *     s.ops->revision(a, &s, rev, &r, &e)         what a branch, tag or commit stands for
 *     s.ops->manifest(a, &s, version, ...)        one file, without keeping the tree
 *     fetch_version(a, o, &v, port, want, &f, &e) the version's folder in the cache
 */
#ifndef MOD_SOURCE_IMPL_H
#define MOD_SOURCE_IMPL_H

#include "mod/mod_impl.h"

/* What a branch, tag or commit stands for. */
struct revision {
	struct str version; /* its greatest tagged version, else a pseudo-version */
	struct str commit;  /* hex; empty where there are no commits */
	int64_t time_s;	    /* UTC, since 1970; 0: unknown */
};

struct module_source {
	const struct mod_opts *o;
	struct str path;
	const struct manifest *port; /* may be NULL */
	const struct source_ops *ops;
	struct str
	    proxy; /* the one of CBUILD_PROXY's list that is being asked; source_proxy's own */
};

struct source_ops {
	/* All versions that have a name of their own (no pseudo-versions), sorted, unique. */
	bool (*versions)(struct arena *a, const struct module_source *s, struct str_vec *out,
			 struct err *e);
	/* rev empty: the tip of the default branch. ERR_INPUT when there is no such revision. */
	bool (*revision)(struct arena *a, const struct module_source *s, struct str rev,
			 struct revision *out, struct err *e);
	/* cbuild.yaml in the root of version; *found false when it has none. */
	bool (*manifest)(struct arena *a, const struct module_source *s, struct str version,
			 struct str *bytes, bool *found, struct err *e);
	/*
	 * Calls visit for every file of version that the globs keep (none: all). A pseudo-version is
	 * verified: its time, its base and that its commit can be reached.
	 */
	bool (*files)(struct arena *a, const struct module_source *s, struct str version,
		      const struct str_vec *globs, tree_visit visit, void *ctx, struct err *e);
	/*
	 * Where version's content is to be had by what is known without asking: a repository's URL and the tag or
	 * commit, or an archive's URL and "sha256:HEX". *ref empty: not known. NULL: source_direct knows.
	 */
	void (*origin)(struct arena *a, const struct module_source *s, struct str version,
		       struct str *url, struct str *ref);
	/* What version holds turned out to be wrong: ask anew the next time. NULL: nothing is kept. */
	void (*forget)(struct arena *a, const struct module_source *s, struct str version);
};

extern const struct source_ops source_git, source_archive, source_proxy;

/* Who has the module of that path. Asks nobody. */
void source_open(const struct mod_opts *o, struct str path, const struct manifest *port,
		 struct module_source *out);

/* The same, but the module's own archive or repository whatever CBUILD_PROXY says. */
void source_direct(const struct mod_opts *o, struct str path, const struct manifest *port,
		   struct module_source *out);
/* Does the port name archives? It may be NULL. */
bool source_has_archive(const struct manifest *port);
/* The version's archive, its URLs expanded; false when there is none. */
bool source_find_archive(struct arena *a, const struct manifest *port, struct str version,
			 struct archive_spec *out);
/* Does a pattern of the list match path or leading parts of it? As Go's GOPRIVATE. */
bool private_path(struct str patterns, struct str path);

/* ---- unpacked.c ---- */

/* Unpacked to packed, beyond the first megabytes: a tree of sources stays far below. */
enum { ARCHIVE_RATIO_MAX = 200 };
struct archive_opts;
/* Brings the packed tree to path; its lock is held. */
typedef bool (*unpacked_download)(void *ctx, const char *path, struct err *e);
/* The folder of the tree that key stands for: there already, or downloaded and unpacked. */
bool unpacked_get(struct arena *a, const struct mod_opts *o, struct str key,
		  unpacked_download download, void *ctx, const struct archive_opts *opts,
		  struct str *folder, struct err *e) ATTR_MUST_USE;
/* It was read. */
void unpacked_drop(struct arena *a, const struct mod_opts *o, struct str key);
/* cbuild.yaml of a tree's root. */
bool unpacked_manifest(struct arena *a, struct str folder, struct str *bytes, bool *found,
		       struct err *e) ATTR_MUST_USE;

/* ---- fetch.c ---- */

/* A version's folder in the cache. */
struct fetched {
	struct str cache_name, dir, sum;
	bool from_port; /* it has no manifest of its own */
};
/*
 * Looks the version up in the cache, or fetches it there: to a temporary, hashed, compared with want
 * (empty: whatever it is), renamed. port may be NULL. ERR_VERIFY when the sum is another one.
 */
bool fetch_version(struct arena *a, const struct mod_opts *o, const struct mod_version *v,
		   const struct manifest *port, struct str want, struct fetched *out,
		   struct err *e) ATTR_MUST_USE;
/* ---- ahead.c ---- */

/* A version that selection will reach. */
struct ahead {
	struct mod_version v;
	const struct manifest *port; /* may be NULL */
	struct str sum;		     /* empty: whatever it is */
};
/* Is its folder there? Then there is nothing to fetch. */
bool fetch_in_cache(struct arena *a, const struct mod_opts *o, const struct ahead *want);
/* The error for a sum that differs. */
bool wrong_sum(const struct mod_version *v, struct str got, struct str want, bool from_port,
	       struct err *e);
/* The error for a module that nothing describes. */
bool no_manifest(const struct mod_version *v, struct err *e);

#endif
