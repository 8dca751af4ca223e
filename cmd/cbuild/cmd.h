/*
 * What the verbs share: options, the session (where the project and the cache are), and one build.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stdbool.h>

#include "base/err.h"
#include "cas/cas.h"
#include "exec/exec.h"
#include "load/load.h"
#include "mod/mod.h"
#include "plan/plan.h"
#include "state/state.h"
#include "toolchain/toolchain.h"
#include "ui/ui.h"

struct cmd {
	struct arena arena; /* lives as long as the command */
	struct ui *ui;
	bool json;
	const struct verb *verb;
	struct jobserver *jobserver; /* make's, if it offered one */
	bool jobserver_closed;	     /* it did, but not to us */

	/* Set by session_open. */
	struct str root; /* absolute folder of the project; also the working folder */
	struct str
	    home; /* of the project, where root is another folder (tidy --diff); else empty */
	struct str prefix;    /* where the user stands, relative to root: "." or "cmd/kv" */
	struct str cache_dir; /* absolute */
	struct str_vec below; /* CBUILD_CACHE_RO's folders, absolute */
	bool offline;
	enum mod_mode mod_mode; /* --mod, else CBUILD_MOD */
	bool has_manifest;
	bool
	    keep_sums; /* session_modules with leave to update fetches, but leaves cbuild.sum alone */
	struct str work;	  /* the cbuild.work that holds here; empty: none */
	struct str_vec work_dirs; /* the other members of the workspace */
	struct manifest manifest;
	struct build_list list; /* set by session_modules */
	struct cas *cas;
	struct watch watch;    /* of a build that may be recorded */
	struct str_vec mounts; /* of build_mount_at: name, tab, folder */
};

/* One verb: its row in the table is its documentation and its dispatch. */
struct verb {
	const char *name;
	const char *args;    /* synopsis behind the name */
	const char *summary; /* one line */
	const char *help;    /* the rest of `cbuild help NAME` */
	bool (*run)(struct cmd *c, struct str_vec *args, struct err *e);
};
extern const struct verb verbs[];
const struct verb *verb_find(struct str name);

/* --- options ---------------------------------------------------------------------------------- */

enum opt_kind { OPT_FLAG, OPT_STR, OPT_LIST, OPT_UINT };
struct opt {
	const char *name; /* "--target"; an alias after a comma: "-j,--jobs" */
	enum opt_kind kind;
	void *out; /* bool *, struct str *, struct str_vec *, unsigned * */
};
/*
 * Takes the options (an array ended by a NULL name) out of args, leaving the operands. -xVALUE,
 * --name=VALUE and --name VALUE; `--` ends options; stop_early: the first operand does.
 */
bool opt_parse(struct cmd *c, struct str_vec *args, const struct opt *opts, bool stop_early,
	       struct err *e);
/* False, with the error for words behind a verb that are not one of its commands; known lists these. */
bool opt_unknown_command(struct cmd *c, const struct str_vec *words, const char *known,
			 struct err *e);

/* --- session ---------------------------------------------------------------------------------- */

/* Finds the project and the cache, reads the manifest, and stands in the project's root. */
bool session_open(struct cmd *c, struct err *e);
/* The same in two parts: finding, and reading the manifest. */
bool session_find(struct cmd *c, struct err *e);
bool session_manifest(struct cmd *c, struct err *e);
/* Only the cache folders' names; for verbs that need no project. */
bool session_cache(struct cmd *c, struct err *e);
/* What is kept of the cache: how long it was not used, and how much in all. */
enum { CACHE_DAYS = 30, CACHE_MEGABYTES = 10000 };
/* Opens the cache, once, with what can be used of CBUILD_CACHE_RO below it. */
bool session_cas(struct cmd *c, struct err *e);
struct mod_opts session_mod_opts(struct cmd *c);
struct toolchain_opts session_toolchain_opts(struct cmd *c);
/* Writes the test runtime's files, which come out of this binary, below build/. */
bool session_runtime(struct cmd *c, struct err *e);
/* The build list, with the test runtime's module at its end. */
bool session_modules(struct cmd *c, bool update, struct err *e);
/* The build list alone, for who builds nothing: mod_opts.brief. all: with all that it takes in the cache. */
bool session_list(struct cmd *c, bool all, struct err *e);
/*
 * Patterns as load_match wants them, relative to the root: "./x", ".", ".." and absolute paths start where
 * the user stands; names stay. Without any, below the root, all that lies below where the user stands.
 */
bool session_patterns(struct cmd *c, struct str_vec *patterns, struct err *e);
/* Targets from --target options: "all" means the manifest's (without any: the usual six); none: this host. */
bool session_targets(struct cmd *c, const struct str_vec *names, struct target **out, size_t *n,
		     struct err *e);

/* Trims the cache when that is due today; the end of every command that opened it. */
void session_tidy(struct cmd *c);

/* What a project keeps from run to run; only time is lost with it. */
#define STATE_DIR "build/.x/state"

/* --- one build -------------------------------------------------------------------------------- */

/* Options of build, run, test and image. */
struct build_opts {
	struct str_vec targets;
	struct str profile;
	unsigned jobs;
	bool keep_going, dry_run, show_commands, explain, no_cache;
	bool no_tools;	  /* packages only: nothing will run, so no toolchain is looked for */
	struct str trace; /* file, relative to where the user stands */
	bool silent;	  /* nothing is told of what runs, not even of failures */
	bool headers;	  /* load_opts.headers */
	bool as_is;	  /* a toolchain that is here: none is fetched, and nothing is said of it */
};
/* The rows for opt_parse; append them with BUILD_OPTS(o). */
#define BUILD_OPTS(o)                                                                              \
	{"--target", OPT_LIST, &(o).targets}, {"--profile", OPT_STR, &(o).profile},                \
	    {"-j,--jobs", OPT_UINT, &(o).jobs}, {"-k,--keep-going", OPT_FLAG, &(o).keep_going},    \
	    {"-n,--dry-run", OPT_FLAG, &(o).dry_run}, {"-x", OPT_FLAG, &(o).show_commands},        \
	    {"--explain", OPT_FLAG, &(o).explain}, {"--trace", OPT_STR, &(o).trace},               \
	{                                                                                          \
		"--no-cache", OPT_FLAG, &(o).no_cache                                              \
	}

/* One target of a build. */
struct build_target {
	struct target target;
	struct toolchain *tc;
	struct package_set set;
	struct plan plan;
};

/* Of programs below build/: nobody writes to them, so that they may be links to the cache's blobs. */
enum { PLACED_MODE = 0555 };

struct build {
	struct cmd *c;
	const struct build_opts *opts;
	struct build_target *targets;
	size_t target_count;
	struct build_target
	    *host; /* builds programs that make files: one of targets, or besides them */
	struct graph graph;
	VEC(uint32_t) goals;
	struct state_products placed;
	struct exec_stat stat;
	struct digest
	    commands; /* of compile_commands.json, where it was brought up to date; else zero */
	uint64_t opened_ns;	/* when build_open ended and planning began */
	struct str_vec trusted; /* beside the targets' toolchains' */
	uint64_t settled;	/* for exec_opts */
};

/* The links that make what lies outside the tree visible below the execution root: modules, tools ... */
bool build_mount(struct cmd *c, struct err *e);
/* ... and a toolchain's folder, noted in c->mounts. */
bool build_mount_at(struct cmd *c, struct str name, struct str folder, struct err *e);
/* Toolchains, packages and empty plans for every target. */
bool build_open(struct build *b, struct cmd *c, const struct build_opts *o, struct err *e);
void build_goal(struct build *b, const struct action *x);
/* A program and its policy check as goals, placed at path (empty: its usual place; /dev/null: nowhere). */
void build_program(struct build *b, struct build_target *t, const struct program *prog,
		   struct str path);
/* What the toolchains' identities cover; see exec_opts. */
void build_trusted(struct build *b, struct str_vec *out);
/* What can be done about the failed actions becomes e's remedy. */
void build_explain_failure(struct build *b, struct err *e);
/* --explain: what the checks of the config headers that were made said. */
bool build_explain_configs(struct build *b, struct err *e);
/* Runs the goals and places what they made. On failure explains what can be. */
bool build_run(struct build *b, struct err *e);
/* The one program that operands name (or the only one). */
bool build_one_program(struct build *b, struct build_target *t, struct str name,
		       const struct program **out, struct err *e);
/*
 * compile_commands.json of the first target, written when it changed: all sources and tests of all
 * packages and the headers of the main module, whatever is built. After the goals are planned.
 */
bool build_compile_commands(struct build *b, struct err *e);
#define COMMANDS_FILE "compile_commands.json"
/* Appends the file's text, of a tree in folder from, as it is for one in folder to (either may be empty). */
void commands_move(struct buf *out, struct str text, struct str from, struct str to);
/* argv for running a target's program here, through qemu-user when needed; NULL-terminated in the arena. */
bool build_run_argv(struct cmd *c, const struct target *t, struct str program,
		    const struct str_vec *args, const char *const **argv, struct err *e);

/* --- the last run's state --------------------------------------------------------------------- */

/*
 * How every verb that builds does so: the short way if there is one, else the full walk; what the verb
 * needs afterwards is in q in both cases.
 *
 *     struct quick q = {.key = ...};
 *     if (!quick_build(c, &o, args, &q, &ok, e)) {
 *             ok = ... && build_run(&b, e);           the full walk, which sets q.note
 *             quick_record(&q, &b, ok);
 *     }
 *     if (ok) ... q.note ... quick_made(&q, path) ...
 */
struct quick {
	struct str key;	 /* what the result depends on beside options, args and environment */
	struct str note; /* the verb's own; comes back from the last run when nothing is walked */
	struct state_made_vec made;	/* what was placed */
	const char *path;		/* of the state file; NULL: this command records nothing */
	struct digest command;		/* all that tells commands apart, but for the tree */
	struct state_made_vec standing; /* in a clean checkout: see state_adopt */
	struct str commands;		/* and compile_commands.json for it; p is NULL: none */
};
/*
 * Compares with what the last good run of this very command recorded. True: all is done (or has failed,
 * *ok says which, with e set). False: the full walk is needed, and a watch is on for it.
 */
bool quick_build(struct cmd *c, const struct build_opts *o, const struct str_vec *args,
		 struct quick *q, bool *ok, struct err *e);
/* What was done cannot be used after all: as if quick_build had said false. */
void quick_again(struct cmd *c);
/* After the full walk: records it when it went well. */
void quick_record(struct quick *q, struct build *b, bool ok);
/* After the full walk was recorded: keeps the record in the cache, for clean checkouts. */
void adopt_keep(struct quick *q, const struct build *b);
/* In a tree without a record: looks for one there. STATE_EDITED or STATE_OTHER. */
enum state_found adopt_check(struct cmd *c, struct quick *q, struct state **out);
/* What else that record brings, after the edit's graph ran; nothing without one. */
bool adopt_end(const struct quick *q, struct err *e);
/* The digest of what was placed at path; NULL: nothing was. */
const struct digest *quick_made(const struct quick *q, struct str path);

/* One module as `list -m` shows it; up may be NULL. */
void list_print_module(const struct cmd *c, const struct module *m, const struct mod_update *up,
		       bool options);
/* cbuild mod edit, cbuild mod tidy */
bool mod_edit(struct cmd *c, struct str_vec *args, struct err *e);
bool mod_tidy_verb(struct cmd *c, struct str_vec *args, struct err *e);

/* Verbs, one file each. */
bool verb_build(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_run(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_test(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_get(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_mod(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_work(struct cmd *c, struct str_vec *args, struct err *e);
bool mod_proxy_verb(struct cmd *c, struct str_vec *args, struct err *e); /* cbuild mod proxy */
bool verb_list(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_toolchain(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_image(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_cache(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_clean(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_env(struct cmd *c, struct str_vec *args, struct err *e);
/* Of this cbuild. */
struct str cbuild_version(void);
bool verb_version(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_graph(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_why(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_deploy(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_sign(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_rollback(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_history(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_status(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_gc(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_pin(struct cmd *c, struct str_vec *args, struct err *e);
bool verb_help(struct cmd *c, struct str_vec *args, struct err *e);

#endif
