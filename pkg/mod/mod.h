/*
 * mod: versions, minimal version selection, fetching, the module cache, sums and ports.
 *
 *     struct mod_opts o = {.cache_dir = ..., .project_dir = ..., .sink = ...};
 *     mod_load(&arena, &main_manifest, &o, &list, &e);     the build list, verified, every module
 * on disk
 *
 * A module version is fetched from git (libgit2: https, ssh, file, the user's git configuration), from
 * an archive that its port names, or from a proxy that speaks Go's protocol; the files that its port's `paths` name (all, when there is no port) are
 * written to a temporary folder, hashed, checked against cbuild.sum and renamed to
 *
 *     CACHE/mod/github.com/madler/zlib@v1.3.1~2657d8cd/   read-only; upper-case letters escaped as !x
 *
 * (behind ~: the hash of the port's `paths`; a module with its own manifest has none).
 *
 * Tree hash (prefix "h1:", as Go's dirhash.Hash1): names sorted bytewise, per file "HEX  NAME\n",
 * SHA-256 over all, base64. Only regular files and links that stay inside count; a link is hashed
 * as a file holding its target. cbuild.sum, one line a module version:
 *
 *     github.com/madler/zlib v1.3.1 h1:...=
 *
 * A module without a cbuild.yaml is built through a port (ports/NAME.yaml whose `module` is the path): the
 * project's ports/ folder first, then those of the port repositories, modules that the main module's `ports`
 * names with their versions, then the embedded ones. A port's patches make a tree of their own from the fetched one.
 *
 * Resolution is Go's MVS (research.swtch.com/vgo-mvs): load the manifest of every (path, version)
 * reached, keep the greatest version a path, the main module first. exclude and replace act in the
 * main module only. Readonly: unless opts.update, nothing writes cbuild.yaml or cbuild.sum, and a
 * module without a sum line is an error whose remedy is `cbuild mod tidy`.
 */
#ifndef MOD_MOD_H
#define MOD_MOD_H

#include <stdbool.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/event.h"
#include "base/vec.h"
#include "manifest/manifest.h"

/* A change that a port makes to a tree. */
struct module_patch {
	struct str file; /* relative to the port's folder */
	struct digest digest;
};

struct module {
	struct str path;    /* "github.com/madler/zlib"; may be empty for the main module */
	struct str version; /* "v1.3.1"; empty for main and what a folder replaces */
	struct str by_path, by_version; /* of the module that stands for it; empty: itself */
	struct str dir;			/* absolute folder of its tree */
	struct str cache_name; /* "github.com/madler/zlib@v1.3.1" below CACHE/mod; empty when not in
				  the cache */
	struct str sum;	       /* "h1:..." of what was fetched; empty for main and replaced */
	struct str unpatched;  /* cache name of what was fetched, when dir holds a patched tree */
	VEC(struct module_patch) patches;
	struct manifest *manifest;    /* its own or its port's; see mod_opts.brief */
	struct option_values options; /* of all that its manifest has, in order */
	struct str_vec option_by; /* who decided each: a module's path; empty: it is the default */
	bool from_port;
	bool brief; /* its manifest is not whole: see mod_opts.brief */
	bool main;
	bool replaced;
	VEC(uint32_t) requires; /* indices into the build list of what it requires directly */
	VEC(uint32_t) shows; /* of these, the ones whose headers its users see too: not private */
};

struct module_vec VEC_BODY(struct module);

struct build_list {
	struct module_vec modules; /* main first, then by path */
	struct module_vec ports;   /* port repositories, as main's `ports` names them */
	bool vendored;		   /* the trees are those of vendor/ */
};

enum mod_mode {
	MOD_AUTO,     /* vendor/ when it is there, else readonly */
	MOD_READONLY, /* nothing is written, vendor/ is not looked at */
	MOD_WRITE,    /* missing lines of cbuild.sum are added */
	MOD_VENDOR,   /* only from vendor/ */
};
bool mod_mode_parse(struct str name, enum mod_mode *out, struct err *e) ATTR_MUST_USE;

struct mod_version {
	struct str path, version;
};
struct mod_versions VEC_BODY(struct mod_version);

struct mod_opts {
	struct str cache_dir;	/* absolute */
	struct str project_dir; /* absolute folder of the main manifest, cbuild.sum and ports/ */
	bool offline;		/* CBUILD_OFFLINE: never touch the network (file:// URLs neither) */
	struct str proxy;	/* CBUILD_PROXY's list; empty: direct */
	struct str noproxy;	/* patterns of paths that are always direct: CBUILD_NOPROXY */
	unsigned jobs;		/* modules fetched at a time; 0: 8; 1: in this process */
	bool update;		/* may write cbuild.sum (get, tidy) */
	enum mod_mode mode;	/* of mod_load */
	struct str_vec sum_dirs; /* folders whose cbuild.sum counts too: the workspace's */
	bool read_only_sums;	 /* update may fetch, but nothing is written */
	const struct module_vec
	    *ports; /* a build list's: set within the room, and for mod_port(s)_for_header(s) */
	/*
	 * Who builds nothing may be given manifests that only hold their module, require, ports, options,
	 * settings, licence, contains and provides_native, all else being zero: nothing is parsed then.
	 */
	bool brief;
	bool
	    no_memo; /* every version that is reached is wanted in the cache, and its manifest read there */
	struct str program; /* cbuild's version: memos of other versions are not read */
	struct event_sink *sink;
};

/* The build list of the main module; see above. With no requirements it touches nothing. */
bool mod_load(struct arena *a, struct manifest *main, const struct mod_opts *o,
	      struct build_list *out, struct err *e) ATTR_MUST_USE;
/*
 * Writes a cbuild.yaml that is there, or is not, atomically, as all here do: a link stays and leads to the new
 * bytes, the mode stays. ERR_IO for one that nobody may write to.
 */
bool mod_write_manifest(struct arena *a, struct str path, struct str bytes,
			struct err *e) ATTR_MUST_USE;
struct get_request {
	struct str path;
	struct str
	    query; /* v1.2.3, v1.2, >=v1.2, latest, upgrade, patch, none, a branch or commit */
};
struct get_opts {
	struct str upgrade; /* "upgrade" or "patch": so all modules that are reached; empty: none */
};
/*
 * cbuild get PATH[@QUERY]...: so that each is selected at its version, raising what is too low and lowering
 * what needs too much. Edits cbuild.yaml (comments kept) and cbuild.sum; on any error both stay as they
 * were.
 */
bool mod_get(struct arena *a, const struct get_request *v, size_t n, const struct get_opts *opts,
	     const struct mod_opts *o, struct err *e) ATTR_MUST_USE;
/* cbuild get --ports: the same for port repositories, each by itself. */
bool mod_get_ports(struct arena *a, const struct get_request *v, size_t n, const struct mod_opts *o,
		   struct err *e) ATTR_MUST_USE;
/* What the sources of the main module need, of one list of requirements. */
struct tidy_header {
	struct str name, by; /* "zlib.h", and a file of the main module that includes it */
};
/* One that is not there although a module that main requires has it, by its port. */
struct tidy_absent {
	struct tidy_header header;
	struct str module;
};
struct tidy_facts {
	struct str_vec used;		 /* modules that its packages import: their lines stay */
	struct str_vec direct;		 /* modules reached whose headers its own files include */
	VEC(struct tidy_header) missing; /* what its own files include and nothing provides */
	VEC(struct tidy_absent) absent;	 /* known once nothing else is found */
};
/*
 * Finds the facts for the manifest main, which need not be what is written. selected: the modules that it reaches.
 * direct and missing may be found piece by piece, as long as something is found while there is something.
 */
typedef bool (*tidy_look)(void *ctx, struct manifest *main, const struct mod_versions *selected,
			  struct tidy_facts *out, struct err *e);
struct tidy_opts {
	tidy_look look;
	void *ctx;
	struct buf *diff; /* not NULL: nothing is written, the difference is appended to it */
};
/*
 * cbuild mod tidy: requires what is missing (the latest version of the module whose port provides the header) and
 * what is direct (the version that is selected), until nothing is; then drops requirements that nothing used
 * needs, and rewrites cbuild.sum. Both files or neither. What was required for a header that is absent all the same
 * is not; a warning names it. ERR_INPUT: ports of several modules provide a header.
 */
bool mod_tidy(struct arena *a, const struct tidy_opts *t, const struct mod_opts *o,
	      struct err *e) ATTR_MUST_USE;
/*
 * by[i], for headers->n of them: paths of the modules whose ports provide headers->v[i], of the first that do so:
 * the project's ports, its port repositories, built-in ones.
 */
bool mod_ports_for_headers(struct arena *a, const struct str_vec *headers, const struct mod_opts *o,
			   struct str_vec *by, struct err *e) ATTR_MUST_USE;
/* cbuild mod vendor: writes vendor/ anew from the build list. */
bool mod_vendor(struct arena *a, struct manifest *main, const struct mod_opts *o,
		struct err *e) ATTR_MUST_USE;

struct mod_edge {
	struct mod_version from, to; /* the main module has no version */
};
struct mod_edges VEC_BODY(struct mod_edge);
/* Who requires whom, of all versions that are reached; by path and version, main first. */
bool mod_graph(struct arena *a, struct manifest *main, const struct mod_opts *o,
	       struct mod_edges *out, struct err *e) ATTR_MUST_USE;

struct mod_update {
	struct str version; /* that `get` would take; the one in use when it is the newest */
	bool retracted;	    /* the one in use */
	struct str why;	    /* may be empty */
};
/*
 * What newer versions there are: out[i] for module i of the list, then one for each of its port repositories.
 * Asks the modules' sources.
 */
bool mod_updates(struct arena *a, struct manifest *main, const struct build_list *list,
		 const struct mod_opts *o, struct mod_update *out, struct err *e) ATTR_MUST_USE;
/*
 * Re-hashes all that cbuild.sum names, as far as it is in the cache or the build list needs it, and patched trees. When
 * something differs what is remembered of manifests is forgotten.
 */
bool mod_verify(struct arena *a, struct manifest *main, const struct mod_opts *o,
		struct err *e) ATTR_MUST_USE;
/*
 * Writes every version of cbuild.sum that the cache has to a folder that CBUILD_PROXY=file://DIR can name:
 * list, .info, .mod and .zip as Go's protocol has them. What the folder holds besides stays.
 */
bool mod_proxy_export(struct arena *a, const struct mod_opts *o, struct str dir, size_t *count,
		      struct err *e) ATTR_MUST_USE;
/* Serves the whole cache the same way by HTTP until interrupted; ready gets the address once. */
bool mod_proxy_serve(const struct mod_opts *o, const char *address,
		     void (*ready)(void *ctx, const char *address), void *ctx,
		     struct err *e) ATTR_MUST_USE;
/* The port (the project's, a port repository's or built in) that provides a header such as "zlib.h": its
 * manifest or NULL. */
bool mod_port_for_header(struct arena *a, struct str header, const struct mod_opts *o,
			 struct manifest **out, struct err *e) ATTR_MUST_USE;

/*
 * Where a module's content (that of what replaces it) comes from, by what is known without asking: a repository
 * and the tag or commit, or an archive and "sha256:HEX". Empty for the main module and for folders; ref is empty
 * where more than one tag may stand for the version (v1.3 and v1.3.0) and for an archive without a digest.
 */
void mod_source(struct arena *a, const struct module *m, struct str *url, struct str *ref);
/* Text in a port with {version}, {major}, {minor} and {patch} of version, "v1.3.1", filled in; 0.0.0 when that is no
 * version, as of a replaced module. The result is the arena's. */
struct str mod_fill_version(struct arena *a, struct str text, struct str version);

/* Semantic versions 2.0.0 with a leading v, as golang.org/x/mod/semver. */
bool semver_valid(struct str v);
int semver_cmp(struct str a, struct str b); /* both valid; build metadata ignored */
bool semver_is_prerelease(struct str v);

#endif
