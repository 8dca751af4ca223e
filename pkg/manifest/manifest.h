/*
 * manifest: cbuild.yaml <-> struct manifest, with positions for every value an error may name. The
 * same format describes a port (somebody else's tree); docs/manifest.md is the reference and
 * docs/cbuild.schema.json the JSON Schema, tested against this parser.
 *
 *     manifest_read(&arena, "cbuild.yaml", &m, &e);      mistakes are listed together, ten at most
 *
 * Unknown keys are errors with a suggestion; wrong kinds name what was expected. Hostile input: no
 * anchors or aliases, at most 1 MiB, depth at most 32, duplicate keys refused.
 */
#ifndef MANIFEST_MANIFEST_H
#define MANIFEST_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/target.h"
#include "base/vec.h"

struct pos {
	int line, col; /* 1-based; 0 when not from a file */
};

/* An option's value: "true" and "false" of a switch, else one of its choices. */
struct option_value {
	struct str name, value;
};
struct option_values VEC_BODY(struct option_value);

/* One test of a condition: the option has one of the values, and none behind a '!'. */
struct option_test {
	struct str name;
	struct str_vec values;
	struct pos pos;
};

/*
 * A condition on the target and on the module's own options; an empty list holds always. Several values:
 * any of them; "!x" negates: the target must be none of the negated ones.
 */
struct condition {
	struct str_vec os, arch; /* GOOS and GOARCH names */
	VEC(struct option_test) options;
	bool all_options; /* all tests must hold, not any of them */
};

struct requirement {
	struct str path;    /* module path "github.com/madler/zlib" */
	struct str version; /* "v1.3.1" */
	struct pos pos;
	bool private;	       /* users of the module do not see its headers */
	struct condition when; /* options only: a build list is for all targets */
};

struct requirement_vec VEC_BODY(struct requirement);

/* In place of a module (or of one version of it): a folder, or another module. */
struct replacement {
	struct str path;
	struct str version; /* empty: of every version */
	struct str folder;  /* relative to the manifest's folder, or absolute; empty: a module */
	struct str by_path, by_version;
	struct pos pos;
};

struct exclusion {
	struct str path;
	struct str version;
	struct pos pos;
};

struct define {
	struct str name;
	struct str value; /* p NULL: -DNAME; else -DNAME=value */
};

struct define_vec VEC_BODY(struct define);

/* Versions of this very module that nobody should take any more, ends included. */
struct retraction {
	struct str low, high;
	struct str why; /* may be empty */
	struct pos pos;
};

/* What may be set for a module, a package, a profile or a conditional addition. Lists in file
 * order. */
struct flags {
	struct define_vec defines;
	struct str_vec cflags;
	struct str_vec ldflags;
	struct str_vec libs; /* "m": -lm */
};

struct addition {
	struct condition when;
	struct str_vec sources; /* globs */
	struct str_vec include;
	struct flags flags;
};

/* A library that insists on its own build. */
struct foreign_spec {
	struct pos pos;
	struct str system;	/* "cmake", "autotools", ...; foreign/NAME.sh; empty: none */
	struct str folder;	/* of the module, where its build begins; empty: its root */
	struct str_vec args;	/* for its configuration; a command's own words */
	struct str_vec targets; /* what make is asked for; empty: its default */
	struct str_vec libs;	/* archives that it makes, in link order */
	struct str_vec include; /* folders of headers that it makes */
	struct str_vec headers; /* globs of what users include from there */
	struct str_vec tools;	/* programs that it runs besides those of its system */
};

/* Sources or headers that a program makes. */
struct generate_spec {
	struct pos pos;
	struct str_vec run; /* program and words, with $in, $out, $in2, $out2, ... */
	struct str_vec in;  /* globs */
	struct str_vec out; /* paths */
};

/* Files as symbols: #include "embed/NAME.h". */
struct embed_spec {
	struct str name;
	struct pos pos;
	struct str_vec files; /* globs */
};

struct package_spec {
	struct str name; /* key under packages: */
	struct pos pos;
	struct condition when;	/* the package exists only there */
	struct str_vec sources; /* globs relative to the module's root; "!x" excludes */
	struct pos sources_pos;
	struct str_vec include;	       /* private include folders, relative to the module's root */
	struct str_vec export_include; /* what users of the package may include from */
	struct flags export_flags;     /* defines (and libs, ldflags) that users get too */
	struct flags flags;
	struct str std;	    /* empty: the module's */
	struct str program; /* `program: NAME` renames the one program; empty: by convention */
	VEC(struct addition) additions; /* when: [ ... ] */
	struct foreign_spec foreign;
	struct str_vec uses; /* packages or modules linked though no include says so */
};

/* What users may choose of a module: a switch, or one of several (a slot), which the main module decides. */
struct option_spec {
	struct str name;
	struct pos pos;
	struct str_vec choices; /* none: a switch */
	struct str value;	/* the default */
	struct str help;	/* one line */
};

/* What a module chooses of another's options. */
struct option_setting {
	struct str path; /* the other's */
	struct str name, value;
	struct pos pos;
};

struct profile {
	struct str name; /* "dev", "release", or the user's */
	struct flags flags;
	struct str lto; /* "", "thin", "full", "off" */
	bool strip, strip_set;
};

struct image_spec {
	struct pos pos;
	uint32_t user;		   /* default 65532 */
	struct str_vec entrypoint; /* default: the program's /NAME */
	struct str_vec cmd;	   /* default arguments */
	struct str_vec env;	   /* "K=V" */
	VEC(uint32_t) ports;
	struct str workdir;
	bool ca_certs;
	bool tzdata;
	struct define_vec labels;
	struct str_vec folders;	 /* empty folders owned by user, e.g. /data */
	struct define_vec files; /* image path: path in the tree */
};

/* How it shows that a release answers: one of the kinds, or none. */
enum health_kind { HEALTH_NONE, HEALTH_CMD, HEALTH_TCP, HEALTH_HTTP };
/* ... and that it is this release, not the one before. */
enum health_proof {
	PROOF_PROCESS, /* the process that listens runs a file of it */
	PROOF_ANSWER,  /* the answer holds its digest, a file's, or a program's build id, in hex */
	PROOF_NONE,    /* nobody can tell */
};
struct health_spec {
	enum health_kind kind;
	struct str_vec cmd;   /* argv; exit status 0 */
	struct str address;   /* tcp: HOST:PORT; http: a URL, answered by 2xx */
	uint32_t timeout_ms;  /* of one try; 0: 5 s */
	uint32_t interval_ms; /* between tries; 0: 1 s */
	uint32_t tries;	      /* 0: 10 */
	enum health_proof proof;
};

/* What a place demands of a release before it is switched to: docs/deploy.md. */
struct verify_spec {
	struct str key;	   /* a file, from the manifest's folder */
	struct str pem;	   /* what it holds, once somebody read it; empty: nothing is demanded */
	struct str module; /* empty: any */
	struct str_vec builders; /* one of them; none: any */
	struct str_vec branches; /* globs of branches, or of refs from refs/ on; none: any */
};

struct deploy_spec {
	struct pos pos;
	uint32_t keep; /* good generations; 0: 5 */
	struct health_spec health;
	struct str_vec reload; /* argv; makes the service run what was switched to */
	struct str signal;     /* "HUP": sent to its processes instead; empty: none */
	struct str_vec log;    /* argv; prints the service's last log lines */
	struct str_vec canary; /* argv of the new program, beside the old one */
	struct health_spec canary_health;
	struct verify_spec verify;
};

/* A question to the compiler, whose answer a config header's macro says. */
enum check_kind {
	CHECK_HEADER, /* the headers alone compile */
	CHECK_FUNCTION,
	CHECK_DECL,
	CHECK_TYPE,
	CHECK_SIZEOF,
	CHECK_MEMBER,
	CHECK_FLAG,
	CHECK_SNIPPET,
};

struct check_spec {
	struct str name; /* of the macro */
	struct pos pos;
	enum check_kind kind;
	struct str subject;	/* function, type, "struct stat.st_mtim", flag, whole program */
	struct str_vec headers; /* included first, in order: "sys/stat.h" */
	struct str_vec libs;
	struct str prelude; /* C text before the headers; never the manifest's */
	struct str yes;	    /* what a yes defines it as; p NULL: 1 */
	bool guessed;	    /* nothing but the macro's name says that this is what it asks for */
};

struct config_addition {
	struct condition when;
	struct define_vec values;
};

/* A header made for each target instead of by a configure script. */
struct config_spec {
	struct str name; /* as includes say it: "config.h" */
	struct pos pos, from_pos;
	struct str from;	  /* template, relative to the module's root; empty: none */
	bool exported;		  /* users of the module may include it too */
	struct define_vec values; /* value's p NULL: not defined; later ones win */
	VEC(struct check_spec) checks;
	VEC(struct config_addition) additions;
};

/* The archives of a version, or of all versions that have no entry of their own. */
struct archive_spec {
	struct str version;  /* "v1.3.1"; empty: the pattern for all */
	struct str_vec urls; /* tried in turn; with {version} {major} {minor} {patch} */
	struct str sha256;   /* 64 hex digits, lower case; empty: not known */
	uint32_t strip;	     /* leading path parts dropped */
	bool has_strip;
};

/* One comparison of versions: ">=v1.2.0", or a version alone, which is that one. */
enum version_op { VERSION_EQ, VERSION_LT, VERSION_LE, VERSION_GT, VERSION_GE };
struct version_bound {
	enum version_op op;
	struct str version;
};

/* A change to somebody else's tree (ports only): a unified diff beside the port. */
struct patch_spec {
	struct pos pos;
	struct str file;		    /* relative to the port's folder */
	uint32_t strip;			    /* leading parts of its names that are dropped */
	VEC(struct version_bound) versions; /* it belongs to those that meet all of these */
};

/* Where somebody else's tree comes from (ports only). */
struct source_spec {
	struct pos pos;
	struct str git; /* URL; empty: https://MODULE */
	struct str tag; /* with {version} {major} {minor} {patch}; empty: "v{version}" */
	struct archive_spec archive;
	VEC(struct archive_spec) versions;
};

struct manifest {
	struct str file;   /* as given, for messages */
	struct str module; /* may be empty */
	struct pos module_pos;
	struct requirement_vec require;
	VEC(struct replacement) replace;
	VEC(struct exclusion) exclude;
	struct requirement_vec ports;	     /* modules whose ports/ are looked in, in order */
	VEC(struct option_spec) options;     /* its own */
	VEC(struct option_setting) settings; /* of others' */
	VEC(struct retraction) retract;
	VEC(struct target) targets;
	struct str std;
	struct flags flags; /* of the whole module */
	VEC(struct profile) profiles;
	VEC(struct package_spec) packages;
	VEC(struct config_spec) configs;
	VEC(struct generate_spec) generate;
	VEC(struct embed_spec) embed;
	struct image_spec image;
	struct deploy_spec deploy;
	struct str licence;	    /* SPDX expression */
	struct define_vec contains; /* libraries that its tree holds a copy of: name, licence */
	/* Ports. */
	struct source_spec source;
	struct str_vec paths; /* globs kept and hashed; empty: all */
	VEC(struct patch_spec) patches;
	uint32_t revision; /* of the port itself: raised when what it makes of a version changes */
	struct str
	    folder; /* where a port's patches are, set by mod: absolute, or inside cbuild when `embedded` */
	bool embedded;
	struct str_vec provides_headers;
	struct str provides_native;
	bool is_port; /* has a key that only ports have */
};

/*
 * Parses bytes that came from file (for messages). All of *out lives in arena a. ERR_INPUT: the
 * first mistake has place and remedy; further ones follow in the message, each with its remedy in
 * brackets.
 */
bool manifest_parse(struct arena *a, struct str file, struct str bytes, struct manifest *out,
		    struct err *e) ATTR_MUST_USE;
/* As manifest_parse, of the file at path; ERR_IO when it cannot be read. */
bool manifest_read(struct arena *a, const char *path, struct manifest *out,
		   struct err *e) ATTR_MUST_USE;
/*
 * The same bytes with `require: PATH: VERSION` set, changed or (version empty) removed, in arena a.
 * Comments, order, quotes, brackets and line ends stay; only the text of that one entry changes.
 * ERR_INPUT when bytes are no manifest, or path or version are malformed.
 */
bool manifest_edit_require(struct arena *a, struct str file, struct str bytes, struct str path,
			   struct str version, struct str *out, struct err *e) ATTR_MUST_USE;
/*
 * The same for any section that is a map of texts (or of lists, written as "[a, b]"): its entry key gets
 * value, or leaves when value is empty. Key and value are not checked: parse what comes out.
 */
bool manifest_edit(struct arena *a, struct str file, struct str bytes, struct str section,
		   struct str key, struct str value, struct str *out, struct err *e) ATTR_MUST_USE;
/*
 * A word of generate's run: text, and behind it the path of an input or output. Number counts from 1; 0:
 * all of them. False when a place is malformed.
 */
struct generate_place {
	struct str text;
	enum generate_place_kind { PLACE_NONE, PLACE_IN, PLACE_OUT } kind;
	size_t number;
};
bool generate_place(struct str word, struct generate_place *out) ATTR_MUST_USE;
/* The option of that name, or NULL. */
const struct option_spec *manifest_option(const struct manifest *m, struct str name);
/* What to do about a value or a name that m does not have, in arena a; NULL: all is well. */
const char *manifest_option_remedy(struct arena *a, const struct manifest *m, struct str name,
				   struct str value);
/* The value of that name, or the empty str. */
struct str option_value(const struct option_values *values, struct str name);
/* Whether c holds for target t and the module's options; a zeroed condition does. */
bool condition_holds(const struct condition *c, const struct target *t,
		     const struct option_values *values);
/* The part of it that is about options. */
bool condition_options_hold(const struct condition *c, const struct option_values *values);

#endif
