/*
 * exec: runs any graph of actions. It knows nothing of packages, compilers or images.
 *
 *     struct graph g = {0};
 *     struct action *a = graph_add(&arena, &g);     fill title, argv or step, inputs, outputs, env
 *     size_t goal = a->index;
 *     exec_run(&arena, &g, goals, goal_count, &opts, &e);
 *     g.actions[i]->result.outputs[k].digest          what the goals produced
 *
 * An action is {argv or step, inputs, outputs, env}. Inputs are files of the tree (path, hashed by
 * exec) or outputs of other actions (which are blobs in the CAS and are read there in place:
 * objects never leave the cache). The action key is SHA-256 over a canonical serialization (key.c
 * documents it byte by byte): kind, argv in canonical spelling, env sorted by name, tool digest,
 * inputs as (path, digest) in order, outputs by number and suffix. Everything that Remote Execution API v2's
 * Command, input tree and ActionResult need is in the record; paths are relative to the execution
 * root.
 *
 * Execution root: the process's working folder (the workspace's root). What lies outside it is
 * reached through symbolic links below build/.x (mod -> module cache, tc/NAME -> toolchain), so
 * every path in an action is relative, and keys and outputs hold no home folder. Absolute paths
 * only for the system's own tools and headers (/usr/...).
 *
 * Discovered inputs: an action may name a depfile output (make syntax). Inputs that it lists beyond
 * the declared ones, and not below one of opts.trusted_prefixes (covered by the tool digest), are
 * remembered under the first key as `more_inputs`; the result itself is stored under a second key
 * over the first plus their digests. A look-up walks the same two steps. A file that changed while
 * its action ran is not recorded. A discovered absolute path outside the trusted ones is allowed
 * (system headers of gcc).
 */
#ifndef EXEC_EXEC_H
#define EXEC_EXEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/event.h"
#include "base/map.h"
#include "base/vec.h"
#include "cas/cas.h"
#include "sys/jobserver.h"

struct action;

/*
 * One word of a command line: text, followed by the path of an input or output. What people see (-n) uses
 * the declared path, the local run the blob's or temporary's real path, the key and stored words a
 * canonical one (key.c) for all but files of the tree.
 */
enum arg_kind { ARG_TEXT, ARG_INPUT, ARG_OUTPUT };
struct arg {
	struct str text; /* whole word for ARG_TEXT, else the part before the path ("-o", "") */
	enum arg_kind kind;
	uint32_t index; /* into inputs or outputs */
};

struct input {
	struct str path;     /* canonical path, relative to the root (or absolute: system file) */
	struct action *from; /* NULL: a file of the tree; else the action that makes it */
	/*
	 * Only waited for: no part of the key. What of its placed outputs is read, the depfile says.
	 */
	bool order;
	uint32_t from_output; /* index of its output */
	struct digest digest; /* filled by exec once known */
};

/*
 * A step: an action in this process. It reads its inputs at in[i] (real paths, NUL-terminated),
 * writes its outputs to out[i] (real paths of temporaries), and says what a user should read into
 * words. Pure: no clock, no environment, no other file. May run on a worker thread; uses only
 * scratch.
 */
struct step_io {
	struct arena *scratch;
	const char *const *in;
	const struct digest *in_digest;
	size_t in_count;
	const char *const *out;
	size_t out_count;
	struct str params; /* the action's step_params */
	struct buf *words;
};
struct step {
	const char *name;
	const char *version; /* raise when its output changes; both are in the key */
	bool (*run)(const struct step_io *io, struct err *e);
	bool writes_params; /* all that it does: a command line for people can say it */
	bool
	    brief; /* no longer than waking a thread takes: when nothing else runs, it needs none */
};

struct output {
	struct str path; /* canonical, relative */
	bool executable;
	bool depfile; /* make-syntax list of what was read; parsed by exec, not kept */
	bool placed;  /* put at its path before users run, who read it there and not in the cache */
	bool
	    folder; /* of a boxed command: a folder, kept as a tar archive, unpacked where placed */
};

/*
 * A command that cannot be trusted to keep to its paths runs in a box: a fresh folder that holds its
 * inputs, copied and all of one age, and nothing else of the tree. A path below `out` or `in` is seen there
 * relative to it, other relative paths as they are; outputs are taken from their places there.
 */
struct exec_box {
	bool on;
	struct str in, out; /* both in the key */
	struct str_vec
	    links;    /* folders of the tree seen through links: the tool's digest covers them */
	bool offline; /* without a network, where the system lets us */
	bool jobs;    /* takes part in the jobserver: MAKEFLAGS */
	/* Its words go to this file of the tree; only their end is shown, and only of a failure. */
	struct str log;
};

/*
 * Folders that belong to somebody. A command whose depfile names a file of one that is not open to it fails,
 * whether the file was declared or not. Of the key are the declared files that lie in closed ones: they may be
 * there for nothing (#if), or be read where all is open.
 */
struct action_fence {
	const struct map *folders; /* path -> number; the nearest folder above a file counts */
	const bool *open;	   /* by number */
	const struct str *names;   /* whose they are, by number, for the message */
	struct str remedy;
};

struct action {
	uint32_t index;
	struct str title;	 /* "cc pkg/log/log.c", "link shop", for people */
	struct str target;	 /* "linux/amd64"; platform property, in the key; may be empty */
	VEC(struct arg) argv;	 /* a command ... */
	const struct step *step; /* ... or a step */
	struct str step_params;	 /* in the key; a step's canonical parameters */
	VEC(struct input) inputs;
	VEC(struct output) outputs;
	struct str_vec env; /* "K=V"; exactly the child's environment (sorted in the key) */
	struct digest tool; /* identity of what runs it; in the key */
	struct exec_box box;
	const struct action_fence *fence; /* NULL: all is open */
	/*
	 * What runs it keeps a store of its own in the cache (cas_tool_sweep), which may speed it up and
	 * changes nothing of what it makes.
	 */
	bool tool_cache;
	bool uncacheable; /* always run, never recorded (say why in the title) */
	/*
	 * A question to a tool: when it fails, all outputs are empty, and that is a result like any other.
	 * What it prints is dropped.
	 */
	bool asks;
	/* Its result is there already: exec takes it as it is and neither looks it up nor runs it. */
	bool settled;
	/* result and words are there already for this key; zero: for none. */
	struct digest known_key;
	void *owner; /* plan's own */

	/*
	 * Filled by exec_run. root: the working folder, when a word names it: such an action means files of
	 * that very tree, so it is in the key. Else empty.
	 */
	struct str root;
	struct digest key;
	enum action_state {
		ACTION_WAITING,
		ACTION_CACHED,
		ACTION_RAN,
		ACTION_FAILED,
		ACTION_SKIPPED
	} state;
	struct action_result result;
	struct str words; /* what the tool printed, stdout then stderr */
};

struct graph {
	VEC(struct action *) actions;
};

/* A new zeroed action at the end of g, in arena a. */
struct action *graph_add(struct arena *a, struct graph *g);
/* Conveniences that push and return the new element's index. */
uint32_t action_arg(struct arena *a, struct action *x, struct str text);
uint32_t action_arg_in(struct arena *a, struct action *x, struct str text, uint32_t input);
uint32_t action_arg_out(struct arena *a, struct action *x, struct str text, uint32_t output);
/* Room for n more inputs in one piece; saves memory when many are known to come. */
void action_inputs_reserve(struct arena *a, struct action *x, size_t n);
uint32_t action_input_file(struct arena *a, struct action *x, struct str path);
uint32_t action_input_from(struct arena *a, struct action *x, struct action *from, uint32_t output);
/* Waits for all that from makes; see struct input's order. */
void action_input_order(struct arena *a, struct action *x, struct action *from);
uint32_t action_output(struct arena *a, struct action *x, struct str path, bool executable);

/*
 * asked; for 0 one more than there are processors: while a job begins or what it made is stored, its processor
 * would wait. Measured in docs/engine.md.
 */
unsigned exec_jobs(unsigned asked);

struct exec_opts {
	struct cas *cas;
	struct event_sink *sink;
	unsigned jobs; /* 0: what exec_jobs says, or what the jobserver gives */
	/* Every job beyond the first takes a token; NULL: none. Still open afterwards. */
	struct jobserver *jobserver;
	/* What actions' recorded peaks must fit in while others run; 0: what the machine has. */
	uint64_t memory_bytes;
	bool keep_going;    /* -k: run all that does not depend on a failure */
	bool dry_run;	    /* -n: look up and show, run nothing */
	bool show_commands; /* -x */
	bool explain; /* one EVENT_EXPLAIN an action that runs: what changed since its last run */
	bool no_cache_read; /* run everything (for reproducibility checks) */
	/* folder for the stat memo, the explain records and the durations (build/.x/state) */
	struct str state_dir;
	uint64_t settled; /* how many actions that are not in the graph count as cached */
	/* discovered inputs below these are covered by a tool digest */
	struct str_vec trusted_prefixes;
};

struct exec_stat {
	uint64_t total, ran, cached, failed, skipped, elapsed_ms;
	/* What a settled action made is no longer in the cache: nothing is to be believed. */
	bool stale;
};

/*
 * Brings the goals (indices of actions) and all they need up to date. ERR_TOOL when an action
 * failed (its words were emitted), ERR_CANCEL after an interrupt (children stopped, nothing
 * half-written), ERR_INPUT for a missing input or a cycle (names its members). *stat may be NULL.
 */
bool exec_run(struct arena *a, struct graph *g, const uint32_t *goals, size_t goal_count,
	      const struct exec_opts *opts, struct exec_stat *stat, struct err *e) ATTR_MUST_USE;

/* The canonical record of an action whose inputs' digests are known: text, key is its SHA-256. */
struct str action_record(struct arena *a, const struct action *x);
/*
 * A command line for a shell in the execution root, env first, with declared paths. With cas (or NULL) it
 * can be run as it stands: the outputs' folders are made first, and known inputs from other actions are read
 * at their blobs. A step is shown as a comment, unless a shell can do it.
 */
struct str action_command(struct arena *a, const struct action *x, const struct cas *cas);

/*
 * Every prerequisite that a make-syntax depfile names, cleaned, absolute ones as they are, sorted and unique.
 * ERR_TOOL when the text is not a depfile.
 */
bool depfile_parse(struct arena *a, struct str text, struct str_vec *out,
		   struct err *e) ATTR_MUST_USE;

/*
 * Digest of a tree file through the stat memo (state_dir): unchanged signature, known digest. For
 * load and toolchain use too. Racy entries (younger than 2 s when recorded) are hashed again.
 */
struct file_memo;
bool file_memo_open(struct arena *a, struct str path, struct file_memo **out,
		    struct err *e) ATTR_MUST_USE;
bool file_memo_digest(struct file_memo *m, struct str path, struct digest *out,
		      struct err *e) ATTR_MUST_USE;
bool file_memo_close(struct file_memo *m, struct err *e); /* writes it back; accepts NULL */

#endif
