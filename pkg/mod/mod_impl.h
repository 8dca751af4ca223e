/*
 * Private to mod: what its files share. See mod.h for what the room does.
 *
 *     semver.c  versions        pseudo.c versions of commits   mvs.c    selection, pure
 *     gitconf.c git's settings  git.c    repositories          gitrev.c branches and commits
 *     login.c   passwords       ssh.c    git by ssh            gittree.c, foldertree.c  files of a tree
 *     paths.c   what is kept    cache.c  module folders, hash  sum.c    cbuild.sum
 *     source_git.c, source_archive.c, source_proxy.c  where modules are
 *     fetch.c   from a source to the cache                     ahead.c  several at a time
 *     serve.c   being a proxy
 *     facts.c, facts_code.c  what is known of manifests without reading them
 *     ports.c   recipes         repos.c  those of others       patches.c  changes to a tree
 *     load.c    the build list  options.c, natives.c  what it decides, and checks
 *     query.c   what is meant   get.c    get                   tidy.c     tidy
 *     project.c  loading, verify  vendor.c  vendor/            work.c     cbuild.work
 *     report.c  graphs, newer versions
 */
#ifndef MOD_MOD_IMPL_H
#define MOD_MOD_IMPL_H

#include <stdbool.h>

#include "base/digest.h"
#include "base/map.h"
#include "manifest/manifest.h"
#include "mod/mod.h"
#include "sys/file.h"

/* ---- semver.c ---- */

struct semver {
	struct str major, minor, patch; /* decimal, without leading zeros */
	struct str pre;			/* behind '-', without it; empty: a release */
	struct str build;		/* behind '+', without it */
};
bool semver_parse(struct str v, struct semver *out);
/* True when v is prefix itself or continues it at a dot: "v1.2" holds v1.2.9, not v1.20.0. */
bool semver_has_prefix(struct str v, struct str prefix);
bool semver_has_build(struct str v); /* v1.2.3+meta */
/* semver_cmp, and by their bytes those that it calls equal. */
int semver_cmp_total(struct str a, struct str b);
/* "vN" or "vN.N": a get query. */
bool semver_is_prefix(struct str v);
/* Ascending, equal ones once. All are valid. */
void semver_sort_unique(struct str_vec *v);

/* ---- pseudo.c ---- */

struct pseudo {
	struct str before; /* what stands before the time: "", "0." or "PRE.0." */
	struct str time;   /* yyyymmddhhmmss */
	struct str rev;	   /* 12 hex digits of the commit */
};
/* Is v a pseudo-version? out may be NULL. */
bool pseudo_parse(struct str v, struct pseudo *out);
/* The version that it stands behind; empty: none. */
struct str pseudo_base(struct arena *a, struct str v);
/* The name of a commit whose greatest tagged ancestor is base (empty: none). */
struct str pseudo_make(struct arena *a, struct str base, int64_t time_s, struct str commit);
/* yyyymmddhhmmss, UTC. */
struct str pseudo_time(struct arena *a, int64_t time_s);

/* ---- gitconf.c ---- */

/* What the user's git would use for url, by all configuration files and the environment. */
struct git_settings {
	struct str url; /* rewritten by url.BASE.insteadOf */
	uint32_t
	    stall_s; /* http.lowSpeedTime, else 60: so long without a word, and it is given up */
	struct str_vec helpers; /* credential.helper for the URL, in order */
	struct str username;	/* credential.username */
	bool use_path;		/* credential.useHttpPath */
	struct str_vec headers; /* http.extraHeader */
	struct str ssh_command; /* core.sshCommand */
};
bool git_settings(struct arena *a, struct str url, struct git_settings *out,
		  struct err *e) ATTR_MUST_USE;

/* Is conf's URL (scheme, host, perhaps a user and leading parts of the path) that of url? */
bool url_covers(struct str conf, struct str url);

/* ---- login.c ---- */

struct login {
	struct str user, password;
};
/*
 * The attempt'th login (0, 1, ...) for an https URL, where those before were refused: from netrc, then
 * from git's credential helpers in turn. user: what the URL names, or empty. False: there is no more.
 */
bool login_find(struct arena *a, const struct git_settings *s, struct str url, struct str user,
		unsigned attempt, struct login *out) ATTR_MUST_USE;
/* The entry of a netrc file for a host; false: none. */
bool netrc_find(struct arena *a, struct str text, struct str host, struct str user,
		struct login *out);
/* username= and password= of a helper's answer (git-credential(1)); false: not both. */
bool helper_answer(struct arena *a, struct str text, struct login *out);

/* ---- ssh.c ---- */

/* Where a repository is behind ssh. */
struct ssh_place {
	struct str user; /* empty: ssh's own choice */
	struct str host, port, path;
};
/* ssh://[USER@]HOST[:PORT]/PATH or [USER@]HOST:PATH? */
bool ssh_is_url(struct str url);
bool ssh_parse(struct arena *a, struct str url, struct ssh_place *out);

/* ---- git.c ---- */

struct git_source; /* an open repository of the cache and the tree of one tag */

/* Names of the tags of the repository at url (before insteadOf), as the remote lists them. */
bool git_tags(struct arena *a, const struct mod_opts *o, struct str url, struct str_vec *out,
	      struct err *e) ATTR_MUST_USE;
/*
 * Opens the first of the tags that exists, fetching it unless the cache has it, at a folder of its tree
 * (empty: the root). Close with git_close.
 */
bool git_open_tag(struct arena *a, const struct mod_opts *o, struct str url, struct str folder,
		  const struct str_vec *tags, struct git_source **out, struct err *e) ATTR_MUST_USE;
/*
 * Opens the commit of a pseudo-version once it is verified: a branch or tag reaches it, its time is the
 * version's, and one of base_tags (none: no base) names an ancestor.
 */
bool git_open_pseudo(struct arena *a, const struct mod_opts *o, struct str url, struct str folder,
		     struct str version, const struct str_vec *base_tags, struct git_source **out,
		     struct err *e) ATTR_MUST_USE;
/* ---- gitrev.c ---- */

struct git_commit_facts {
	struct str hex;	   /* 40 digits */
	int64_t time_s;	   /* committer's */
	struct str tagged; /* greatest version among its tags; empty: none */
	struct str base;   /* greatest version among its ancestors' tags; empty: none */
};
/* The version that a tag stands for; false when it stands for none. */
typedef bool (*git_tag_version)(void *ctx, struct str tag, struct str *version);
/* What a branch, a tag, a commit (7 digits at least) or, empty, the default branch is; asks the remote. */
bool git_find_commit(struct arena *a, const struct mod_opts *o, struct str url, struct str rev,
		     git_tag_version version_of, void *ctx, struct git_commit_facts *out,
		     struct err *e) ATTR_MUST_USE;

void git_close(struct git_source *s); /* accepts NULL */
/* Lets the next git_open_tag ask the remote again: what the tag holds turned out to be wrong. */
void git_forget_tag(struct arena *a, struct git_source *s);
/* A regular file of the tree's root; *found false when there is none. Bytes into arena a. */
bool git_root_file(struct arena *a, struct git_source *s, const char *name, struct str *out,
		   bool *found, struct err *e) ATTR_MUST_USE;

struct tree_file {
	struct str name;  /* below the tree's root */
	struct str bytes; /* content, or a link's target */
	bool exec, link;
};
typedef bool (*tree_visit)(void *ctx, const struct tree_file *f, struct err *e);
/* Calls visit for every file that the globs keep (none: all); bytes are valid during the call only.
 */
bool git_each_file(struct arena *a, struct git_source *s, const struct str_vec *globs,
		   tree_visit visit, void *ctx, struct err *e) ATTR_MUST_USE;

/* ---- foldertree.c ---- */

/* The same for a folder that was unpacked. */
bool folder_each_file(struct arena *a, struct str folder, const struct str_vec *globs,
		      tree_visit visit, void *ctx, struct err *e) ATTR_MUST_USE;

/* ---- paths.c ---- */

enum { TREE_DEPTH_MAX = 64, TREE_FILES_MAX = 200000, PATH_BYTES_MAX = 4096 };
#define TREE_BYTES_MAX	    (UINT64_C(2) << 30)
#define TREE_BLOB_BYTES_MAX (UINT64_C(512) << 20)

/* What was kept of a tree so far. */
struct tree_total {
	uint64_t files, bytes;
};
/* Counts a kept file; what is wrong with its name, its link or the tree's size, or NULL. */
const char *tree_file_wrong(struct tree_total *t, const struct tree_file *f);
const char *tree_size_wrong(struct tree_total *t, uint64_t size_bytes);
/* The error for a file that is not kept, with hostile names made harmless. */
bool tree_wrong(struct str name, const char *why, struct err *e);

/* Positive globs choose (none: all), "!glob" takes away, whatever their order. */
bool paths_keep(const struct str_vec *globs, struct str path);
/* True when a link at path to target stays inside the tree by whatever way it is followed. */
bool link_stays_inside(struct str path, struct str target);

/* ---- cache.c ---- */

/* Upper-case letters as "!x" (golang.org/x/mod/module). */
struct str escape_path(struct arena *a, struct str path);
/*
 * "github.com/!burnt!sushi/x@v1.0.0" below CACHE/mod, with ~HASH behind it when a port says which files of it are
 * kept or where it comes from. own: it has a manifest of its own. port may be NULL.
 */
struct str cache_name(struct arena *a, const struct mod_version *v, const struct manifest *port,
		      bool own);
/* What of such a name says where the files are from; empty: from where everybody looks. */
struct str cache_source(struct str name);
/* The absolute folder of a cache name. */
struct str cache_folder(struct arena *a, const struct mod_opts *o, struct str name);
/* Is the version in the cache? Then its sum, from the note beside it or hashed anew. */
bool cache_find(struct arena *a, const struct mod_opts *o, struct str name, struct str *sum,
		bool *found, struct err *e) ATTR_MUST_USE;
/* Holds the version's lock across look-up and filling. */
bool cache_lock(struct arena *a, const struct mod_opts *o, const struct mod_version *v,
		struct file_lock *l, struct err *e) ATTR_MUST_USE;

/* Filling one folder: begin, add..., then commit or abandon. The version's lock is held. */
struct cache_writer {
	struct arena *a;
	const struct mod_opts *o;
	struct str name, dir, tmp;
	struct str_vec lines; /* of the tree hash */
	struct map names;     /* in lower case, folders too -> the name as it is */
};
bool cache_begin(struct arena *a, const struct mod_opts *o, struct str name, struct cache_writer *w,
		 struct err *e) ATTR_MUST_USE;
bool cache_add(struct cache_writer *w, const struct tree_file *f, struct err *e) ATTR_MUST_USE;
/* The tree hash of what was added. */
struct str cache_sum(struct cache_writer *w);
bool cache_commit(struct cache_writer *w, struct err *e) ATTR_MUST_USE;
void cache_abandon(struct cache_writer *w);

/* One line of the tree hash, and the hash over all of them ("h1:..."; sorts them). */
struct str tree_hash_line(struct arena *a, const struct digest *d, struct str name);
struct str tree_hash_lines(struct arena *a, struct str_vec *lines);
/* The tree hash of a folder on disk. */
bool tree_hash(struct arena *a, struct str dir, struct str *out, struct err *e) ATTR_MUST_USE;

/* ---- sum.c ---- */

struct sum_file {
	struct map lines;  /* "PATH VERSION" -> struct sum_line */
	struct str before; /* the bytes as they were; p NULL: no file */
	bool changed;
};
/* Reads project_dir/cbuild.sum, and those of sum_dirs; an absent file is empty. */
bool sum_read(struct arena *a, const struct mod_opts *o, struct sum_file *out,
	      struct err *e) ATTR_MUST_USE;
/* Lines are views of bytes. */
bool sum_parse(struct arena *a, struct str file, struct str bytes, struct sum_file *out,
	       struct err *e) ATTR_MUST_USE;
/* The sum of a version, or the empty str. */
struct str sum_get(const struct sum_file *f, const struct mod_version *v);
void sum_put(struct arena *a, struct sum_file *f, const struct mod_version *v, struct str sum);
/* The file's text, sorted; with only the versions in keep when that is not NULL. */
struct str sum_text(struct arena *a, const struct sum_file *f, const struct mod_versions *keep);

/* ---- ports.c ---- */

/* The port of a module path: the project's ports/ first, then the embedded ones. NULL when none. */
bool port_find(struct arena *a, const struct mod_opts *o, struct str path, struct manifest **out,
	       struct err *e) ATTR_MUST_USE;
/* Is there such a folder, or file, of ports? A link to one is one. */
bool port_folder_there(const char *path);
bool port_file_there(const char *path);
/* A folder of ports. */
struct port_place {
	struct str dir; /* absolute, or within cbuild when embedded */
	struct str shown;
	bool embedded;
};
struct port_file {
	const struct port_place *at;
	struct str shown, bytes; /* of the file */
};
/* Called for each port file, in the order in which they count; *stop ends the walk. */
typedef bool (*port_visit)(void *ctx, struct arena *a, const struct port_file *f, bool *stop,
			   struct err *e);
bool port_each(struct arena *a, const struct mod_opts *o, port_visit visit, void *ctx,
	       struct err *e) ATTR_MUST_USE;
/* Whether the port says that it provides the header. */
bool port_provides(const struct manifest *port, struct str header);
/* The paths that have a port, as keys: whether port_find is worth asking. */
bool port_paths(struct arena *a, const struct mod_opts *o, struct map *out,
		struct err *e) ATTR_MUST_USE;
/* The tags that may hold a version, best first. port may be NULL. */
void port_tags(struct arena *a, const struct manifest *port, struct str version,
	       struct str_vec *out);
/* Is the first of these the tag whatever upstream does? With v1.3.0 it is not: it may be v1.3. */
bool port_one_tag(const struct manifest *port, struct str version);
/* The version that a tag stands for; false when it stands for none. port may be NULL. */
bool port_version(struct arena *a, const struct manifest *port, struct str tag,
		  struct str *version);
/* What of a port says where a version comes from, in an order of its own. */
struct str port_source_text(struct arena *a, const struct manifest *port,
			    const struct mod_version *v);
/* Is that where the module would be looked for without a port? */
bool port_source_is_usual(struct arena *a, const struct manifest *port, struct str path);
/* Where its repository is: source.git, or https://PATH. */
struct str port_url(struct arena *a, const struct manifest *port, struct str path);

/* ---- patches.c ---- */

/*
 * Gives m, which was fetched and whose manifest is a port, the tree that the port's patches for the version make
 * of it. v: what was fetched.
 */
bool patches_apply(struct arena *a, const struct mod_opts *o, const struct mod_version *v,
		   struct module *m, struct err *e) ATTR_MUST_USE;
/* What stands for the patches that a version gets; empty: none. */
bool patches_digest(struct arena *a, const struct manifest *port, struct str version,
		    struct str *hex, struct err *e) ATTR_MUST_USE;
/* The tree hash that m's patched tree must have. */
bool patched_sum(struct arena *a, const struct mod_opts *o, const struct module *m, struct str *out,
		 struct err *e) ATTR_MUST_USE;

/* ---- git.c, and other sources ---- */

/* False with the error that url may not be asked. */
bool offline_refused(const struct mod_opts *o, struct str url, struct err *e) ATTR_MUST_USE;
/* Waits before another try; false when e is not the network's fault or there were enough tries. */
bool fetch_again(unsigned tried, const struct err *e);

/* ---- options.c ---- */

struct option_wish {
	const struct option_setting *setting;
	struct str by; /* the module that wants it */
};
struct option_wishes {
	struct arena *a;
	const struct manifest *main;
	struct map on; /* "PATH NAME" -> struct option_wish: switches that somebody wants on */
	bool grew;     /* set by options_wish */
};
/* What module `by` wants on of others. */
void options_wish(struct option_wishes *w, const struct manifest *m, struct str by);
/* The value of each option of module path, and who decided it. */
void options_values(const struct option_wishes *w, struct str path, const struct manifest *m,
		    struct option_values *out, struct str_vec *by);
/*
 * Sets the options of the list's modules. ERR_INPUT: `options` names a module that is not there, an unknown option
 * or value, or the main module has off what another needs.
 */
bool options_decide(struct arena *a, const struct manifest *main, struct build_list *list,
		    struct err *e) ATTR_MUST_USE;

/* ---- natives.c ---- */

/*
 * ERR_INPUT when two modules of the list are one native library, with how each came into it. C has one namespace
 * of symbols: a program cannot hold a fork and its origin.
 */
bool natives_check(struct arena *a, const struct build_list *list, struct err *e) ATTR_MUST_USE;

/* ---- load.c ---- */

/* What was fetched for m: itself, or what replaces it. */
struct mod_version fetched_for(const struct module *m);
/* The version of a path in a list; empty: none. */
struct str version_in(const struct mod_versions *list, struct str path);

/* What a resolution leaves behind, for those who write it down. */
struct resolution {
	struct build_list list;
	struct mod_versions selected; /* by path, without main */
	struct mod_versions all;      /* every version of the graph */
	struct map modules;	      /* "PATH VERSION" -> struct module, of all */
	struct option_wishes wishes;  /* of all */
	struct mod_versions reached;  /* of these what was fetched: all sums that must be known */
	struct sum_file sums;	      /* with the new lines, when opts.update */
};
bool mod_resolve(struct arena *a, struct manifest *main, const struct mod_opts *o,
		 struct resolution *out, struct err *e) ATTR_MUST_USE;

#endif
