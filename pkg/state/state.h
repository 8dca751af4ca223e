/*
 * state: what the last good run of one command saw and made, so that the next one can tell at the cost
 * of some stats that nothing is to be done, or which few actions are.
 *
 *     switch (state_check(&arena, path, &s)) {
 *     case STATE_SAME:    state_replay(s, sink);                        nothing to do
 *     case STATE_EDITED:  state_graph(&arena, s, steps, &g, &e); exec_run(...); state_update(s);
 *     case STATE_OTHER:   the full walk, under a watch; then state_record(...)
 *     }
 *
 * One file, in this machine's byte order, mapped and not parsed: a head with SHA-256 of the first part
 * and of the second, then
 *
 *     first part    folders (listed or only looked into), their entries (what was asked of each path, its
 *                   kind, signature, digests), strings
 *     second part   the action graph: actions, words, inputs, outputs with digests, products, strings
 *
 * A look reads the first part only. Anything wrong with a file (version, size, sum, an index out of
 * range) is STATE_OTHER. Times never decide: another signature, or one younger than two seconds when it
 * was recorded, leads to the content; equal content stops there, and the signature is brought up to date.
 * A device number is no part of a signature, so a file system may be mounted again.
 *
 * A file counts in the boot of the machine that wrote it: what was placed without fsync before a power cut
 * may have its size and times, but not its bytes. It counts for a week since the last full walk, which
 * tells the cache what is in use.
 *
 * STATE_EDITED: only contents changed, of files that only actions read, and what load takes from them
 * (load_facts) stayed. Everything else, a new name in a folder or a removed product too, is STATE_OTHER.
 */
#ifndef STATE_STATE_H
#define STATE_STATE_H

#include <stdbool.h>

#include "exec/exec.h"
#include "sys/watch.h"

enum state_found { STATE_SAME, STATE_EDITED, STATE_OTHER };

struct state;

/* A file of the tree that the command made. */
struct state_product {
	struct action *action; /* its output 0; NULL: no action makes it (compile_commands.json) */
	const struct action *check; /* NULL: none; it is only placed when this went well too */
	struct str path;
	uint32_t mode;
	struct digest had; /* set by state_graph: what lies at path */
	/* Set by who places it; with the last two only what was put there is recorded, not what another run put. */
	struct digest made; /* for state_record */
	struct file_sig
	    left; /* for state_update: the file, but for its ctime; zero: it stayed as it was found */
};

struct state_products VEC_BODY(struct state_product);

/* A product as it lies in the tree. */
struct state_made {
	struct str path; /* clean */
	struct digest digest;
};

struct state_made_vec VEC_BODY(struct state_made);

/* What a command makes in the root folder. */
extern const struct str_vec state_own_names;

/*
 * Compares the tree with what is recorded in the file at path; s in a, closed by state_close in any
 * case. Rewrites the file when many signatures moved and no content.
 */
enum state_found state_check(struct arena *a, const char *path, struct state **out);
void state_close(struct state *s); /* accepts NULL */

/*
 * The same for a tree in which nothing was built, with the file that a run in another tree recorded: from,
 * a blob of the cache. Contents count, and times only of this boot's files outside the tree; a product that
 * is not there is made. STATE_EDITED, for state_graph and state_update, which writes the file at path; or
 * STATE_OTHER. made: products that no action makes, as they lie in this tree when state_update is called.
 */
enum state_found state_adopt(struct arena *a, const char *from, const char *path,
			     const struct state_made_vec *made, struct state **out);

/* Emits what a run in which every action was cached emits: the tools' words, and the end. */
void state_replay(const struct state *s, struct event_sink *sink);

/* What the recording command noted for itself; a view into s. */
struct str state_note(const struct state *s);
/* The products, in arena a; after an edit those of touched actions are what they were before. */
void state_made(struct arena *a, const struct state *s, struct state_made_vec *out);

/* The part of the graph that an edit touches. */
struct state_edit {
	struct graph graph; /* touched actions, and settled ones that they read */
	VEC(uint32_t) goals;
	struct state_products products;	 /* of touched actions */
	struct str_vec trusted_prefixes; /* for exec_opts */
	uint64_t settled;		 /* actions of the whole graph that are not touched */
};

/*
 * steps: all that the graph may name. False when the file cannot be used after all: then the full walk.
 */
bool state_graph(struct arena *a, struct state *s, const struct step *const *steps,
		 size_t step_count, struct state_edit *out);
/* Emits the words of the actions that are not touched; before the edit's graph runs. */
void state_replay_settled(const struct state *s, struct event_sink *sink);
/* Brings the file up to date after the edit's graph ran well and its products were placed. */
void state_update(struct state *s);

/* watch_begin for what state_record gets; clock_path as there. */
void state_watch(struct watch *w, struct arena *a, const char *clock_path);

struct state_record {
	const struct watch *watch; /* ended */
	const struct graph *graph; /* ran */
	const uint32_t *goals;
	size_t goal_count;
	const struct state_products *products;
	const struct str_vec *trusted_prefixes;
	struct str root, cache_dir; /* absolute */
	struct str mod_mount;	    /* "build/.x/mod": only a module's own folder is looked at */
	struct str memo;	    /* exec's file memo */
	uint64_t total;		    /* actions that were looked at */
	struct str note;	    /* any bytes, for state_note */
};

/*
 * Writes the file for a run that ended well. When the tree changed meanwhile, nothing is written and an
 * older file is removed; so it is when writing fails: the file only saves time.
 */
void state_record(struct arena *a, const char *path, const struct state_record *r);

#endif
