/*
 * What the files of this room share. Never leaves it.
 */
#ifndef EXEC_EXEC_IMPL_H
#define EXEC_EXEC_IMPL_H

#include "base/map.h"
#include "exec/exec.h"
#include "sys/ahead.h"
#include "sys/file.h"
#include "sys/pool.h"
#include "sys/spawn.h"

struct run;

/* --- key.c --- */

/*
 * Appends the record of x; every input that counts has its digest. Shown, its files are spelled as x
 * declares them: for people (explain.c).
 */
enum record_use { RECORD_KEY, RECORD_SHOWN };
void record_append(struct buf *out, const struct action *x, enum record_use use);
/* Whether a word of x, or of its environment, names a file in the folder root by its absolute path. */
bool names_root(const struct action *x, struct str root);
/* How keys, and stored words, name outputs and inputs that other actions made. */
#define CANONICAL_IN  "build/.x/in/"  /* N */
#define CANONICAL_OUT "build/.x/out/" /* N.SUFFIX */
/* Whose folder, closed to x, path lies in; NULL: it is open. */
const struct str *fence_closes(const struct action *x, struct str path);
/* The same for a path as a compiler says it: "../tree/x.h" and "/src/tree/x.h" may well lie inside cwd. */
const struct str *fence_closes_in(struct arena *scratch, const struct action *x, struct str cwd,
				  struct str path);
void canonical_input(struct buf *out, const struct action *x, uint32_t i);
void canonical_output(struct buf *out, const struct action *x, uint32_t i);
/* Of its temporary: compilers and archivers look at it. */
struct str output_suffix(const struct output *o);
/* One "more" line of a second-level record: a discovered input's path and digest. */
void record_append_more(struct buf *out, struct str path, const struct digest *d);
/* The second-level key: over the first and the more lines in lines. */
struct digest second_key(const struct digest *first, struct str more_lines);
/* An argument's word with declared paths, appended to out. */
void arg_append(struct buf *out, const struct action *x, const struct arg *arg);

/* --- box.c --- */

struct job;

/* The path of an input or output as the command is told it. */
struct str box_path(const struct action *x, struct str path);
/* Makes j's box, with copies of its inputs; its outputs are to be made there. */
bool box_make(struct job *j, struct err *e) ATTR_MUST_USE;
/* Output i, a folder in the box, becomes a file outside: a tar archive. */
bool box_pack(struct job *j, size_t i, struct err *e) ATTR_MUST_USE;
/* Writes the words of a boxed command to its log; what is to be shown of them, in arena a. */
struct str box_words(struct arena *a, const struct action *x, struct str words, bool ok);
/* Words before a command that keep it off the network; none, with one note, when nothing does. */
const struct str_vec *box_offline(struct run *r);

/* --- place.c --- */

/* Puts the placed outputs of x, whose result is known, at their paths. */
bool place_outputs(struct run *r, const struct action *x, struct err *e) ATTR_MUST_USE;

/* --- memo.c --- */

/*
 * Digests of n files at once, on all processors. missing (indices, in a) gets those that are
 * absent; another failure is an error.
 */
struct index_vec VEC_BODY(size_t);
bool memo_digest_all(struct file_memo *m, struct arena *a, const struct str *paths, size_t n,
		     struct digest *out, struct index_vec *missing, struct err *e) ATTR_MUST_USE;
/*
 * False when the file is not, or may not be, what it was when this process hashed it and found d.
 */
bool memo_still_same(struct file_memo *m, struct str path, const struct digest *d);
/* This process itself has written to the file: it is to be looked at again. */
void memo_forget(struct file_memo *m, struct str path);
/* True when the file changed at or after since_ns (of clock_stamp_ns), or cannot be statted. */
bool file_changed_since(struct str path, int64_t since_ns);

/* --- last.c: the records of the actions that ran here last --- */

/* What the file holds, read when it is first asked. */
struct last_file {
	struct arena a;
	struct map entries; /* key -> entry */
	size_t first_bytes; /* of its first batch */
	bool read;
};
struct last {
	const char *path; /* NULL: nothing is kept */
	struct arena a;
	struct map index; /* of the pieces of this batch */
	struct buf pieces, entries;
	struct last_file file;
};

void last_open(struct last *l, const char *path);
/* Remembers a record; last_get does not see it. */
void last_put(struct last *l, const struct action *x, struct str record);
/* The record of x's last run before this one, in a; false when there is none. */
bool last_get(struct last *l, struct arena *a, const struct action *x, struct str *record);
void last_close(struct last *l);

/* --- explain.c --- */

/*
 * What differs between the record of x's last run here and now, as one line in a. forced: not
 * looked up.
 */
struct str explain(struct arena *a, struct last *l, const struct action *x, bool forced,
		   struct file_memo *m);
/* Remembers the record of a run: x's own and its discovered inputs' lines. */
void explain_remember(struct last *l, const struct action *x, struct str more_lines);

/* --- history.c --- */

/* What an action took the last time that it ran here, or where its cached result was made. */
struct cost {
	uint32_t wall_ms;
	uint64_t peak_bytes; /* 0: unknown */
	bool known;
};

/*
 * Recorded costs, one file (state_dir/durations):
 *
 *     "cbcosts1", then count and a checksum of the rest as uint64_t, then the entries by key, each
 *     key, wall ms (32 bits), peak KiB (32 bits), all in the machine's own byte order
 *
 * The key is a hash of target, title and first output. Only guesses rest on it: what cannot be read
 * is forgotten.
 */
struct history {
	struct arena a;
	struct history_entry *entries; /* sorted by key */
	size_t n;
	VEC(struct history_entry) fresh; /* of this run */
};
struct history_entry {
	uint64_t key;
	uint32_t wall_ms, peak_kib;
};

/* path NULL: nothing is known. */
void history_open(struct history *h, const char *path);
struct cost history_get(const struct history *h, const struct action *x);
/* A hash of target, title and first output: the same action of another run. */
uint64_t action_slot(const struct action *x);
void history_put(struct history *h, const struct action *x, uint64_t wall_ms, uint64_t peak_bytes);
/* Writes it back when this run added to it; a failure costs guesses only. */
void history_close(struct history *h, const char *path);

/* --- schedule.c --- */

/* An action's place in this run. */
struct node {
	bool wanted, doomed,
	    unknown;	  /* doomed: a needed action failed; unknown (-n): its inputs are */
	uint32_t waiting; /* needed actions that have not ended */
	uint32_t users_at, users_n; /* into schedule.users */
	struct cost cost;	    /* recorded, or guessed from the others: never 0 ms */
	uint64_t way_ms;	    /* the longest chain of costs from its start to a goal's end */
	int64_t started_ns;	    /* clock_stamp_ns before it started */
	uint64_t looked_ms;	    /* clock_mono_ms when it was looked up */
	bool there;		    /* settled, and the cache has what it made */
};

/* Binary heap of indices, the longest way first. */
struct heap {
	uint32_t *v;
	size_t n;
};

/*
 * Ready actions come in two steps: those to be looked up, and those that the cache does not know and
 * that may start. So look-ups go on while all slots are taken, and what starts is the longest way of
 * all that is known to run.
 */
struct schedule {
	struct graph *g;
	struct node *nodes; /* one an action */
	uint32_t *users;
	struct heap ready, misses;
	size_t wanted_n, known_n; /* known_n: with a recorded cost */
	uint64_t left_ms;	  /* sum of the costs of what has not ended */
};

/*
 * Finds what the goals need, who waits for whom, and what is ready; costs come from h (may be NULL).
 * ERR_INPUT: a cycle, with members.
 */
bool schedule_init(struct arena *a, struct graph *g, const uint32_t *goals, size_t goal_count,
		   const struct history *h, struct schedule *out, struct err *e) ATTR_MUST_USE;
/* The ready action with the longest way to go, to be looked up; NULL when none is ready. */
struct action *schedule_next(struct schedule *s);
/* x was looked up and must run. */
void schedule_miss(struct schedule *s, const struct action *x);
/* x, which schedule_next gave, is ready to be looked up once more. */
void schedule_again(struct schedule *s, const struct action *x);
/* Whether an action that must run has no shorter way than all that are to be looked up. */
bool schedule_miss_first(const struct schedule *s);
/*
 * The action that must run with the longest way; when its peak exceeds most_bytes and may_pass, the
 * longest of those that fit, and *passed is set. NULL when there is none.
 */
struct action *schedule_start(struct schedule *s, uint64_t most_bytes, bool may_pass, bool *passed);
/*
 * x ended; readies its users. ok false: they are doomed, and come out of schedule_next all the
 * same.
 */
void schedule_done(struct schedule *s, const struct action *x, bool ok);

/* --- memory.c --- */

/* What actions may use while others run. */
struct memory {
	uint64_t fixed_bytes;	 /* given; 0: ask the machine */
	uint64_t idle_bytes;	 /* available when nothing ran last */
	uint64_t now_bytes;	 /* available at asked_ms */
	uint64_t asked_ms;	 /* clock_mono_ms */
	uint64_t promised_bytes; /* recorded peaks of all that run */
	unsigned passed;	 /* how often something larger was passed over since */
};

/* The largest peak that may start now; UINT64_MAX when nothing runs, or nothing is known. */
uint64_t memory_room(struct memory *m, size_t running);
/* Whether something that fits may start before something longer that does not. */
bool memory_may_pass(const struct memory *m);
/* An action with this recorded peak (0: unknown) started, or ended. passed: as schedule_start says. */
void memory_start(struct memory *m, uint64_t peak_bytes, bool passed);
void memory_end(struct memory *m, uint64_t peak_bytes);

/* --- run.c and what it is made of --- */

struct job;

struct run {
	struct arena *a;
	const struct exec_opts *o;
	struct schedule s;
	struct history history;
	struct last last;
	struct memory memory;
	struct file_memo *memo;
	struct spawn_set *children;
	struct pool *pool;
	struct str cwd;
	struct str memory_dir;	/* see folder_in_memory; empty: none */
	bool swept;		/* memory_dir was */
	const char *state_dir;	/* NUL-terminated; NULL: none */
	const char *clock_path; /* for clock_stamp_ns; NULL: none */
	bool offline_known;	/* box_offline was asked */
	struct str_vec offline;
	struct exec_stat stat;
	uint64_t started_ms;
	size_t done;
	size_t settled_seen; /* actions that settled_some_there is through with */
	unsigned jobs;
	bool stopping;
	size_t
	    ended; /* of active: 1 while a tool has ended and its outputs are to be kept, else 0 */
	struct map under_way;	      /* key -> the action that runs, or must run, under it */
	VEC(struct action *) waiting; /* for another action's result under the same key */
	VEC(struct job *) active;
	VEC(bool) slots;    /* taken; a job's index is its lane */
	struct buf record;  /* reused for every key */
	struct err failure; /* the first; code ERR_NONE while all is well */
};

/* An action while it runs. */
struct job {
	struct run *run;
	struct action *x;
	struct arena scratch;
	struct str *outs; /* real paths of the outputs' temporaries */
	const char **argv, **env;
	struct str rsp;	     /* the response file, or empty */
	struct str box;	     /* the box's folder, or empty */
	struct ahead *ahead; /* hashes output 0 as soon as it is whole; NULL: nothing does */
	const int *fds;	     /* a jobserver's, to be inherited */
	size_t fd_count;
	uint64_t started_ms;
	uint64_t started_ns, ended_ns; /* clock_mono_ns */
	unsigned slot;
	bool slot_freed;
	/* a step's own */
	struct step_io io;
	struct buf words;
	struct err err;
	bool ok;
};

/* Actions of this run, those counted that are not in the graph (exec_opts.settled) too. */
uint64_t run_total(const struct run *r);
/* report.c: what a run tells its sink */
void report_text(struct run *r, enum event_kind kind, struct str text);
void report_start(struct run *r, const struct action *x);
void report_end(struct run *r, const struct action *x, enum event_outcome outcome,
		uint64_t elapsed_ms);
void report_tick(struct run *r);
/* Whether spans are wanted; then the next three may be called. */
bool report_spans(const struct run *r);
void report_lookup(struct run *r, const struct action *x, bool hit, uint64_t start_ns);
void report_job(struct run *r, const struct job *j, bool ok, uint64_t peak_bytes);
void report_store(struct run *r, const struct action *x, uint64_t start_ns);
/* The name and time of a phase that started at start_ns and ends now. */
void report_phase(struct run *r, const char *name, uint64_t start_ns);

/* lookup.c: fills x->result and x->words and says whether the cache had it. */
enum cas_result lookup(struct run *r, struct action *x, struct err *e);
/* Whether the blobs that x reads from settled actions are in the cache. */
bool settled_inputs_there(struct run *r, const struct action *x);
/* Asks that of some more settled actions; false when all were. *there: of those now asked. */
bool settled_some_there(struct run *r, bool *there);

/* local.c */
struct job *job_new(struct run *r, struct action *x);
/*
 * The command's argv and env with real paths, in job->argv, env; a response file when it is too
 * long.
 */
bool job_command(struct job *j, struct err *e) ATTR_MUST_USE;
/* The step's view of its inputs and outputs, in job->io. */
void job_step(struct job *j);
/* Removes what is left of its temporaries and frees it; accepts NULL. */
void job_free(struct job *j);
/* words with real paths (blobs, temporaries) in canonical spelling, for the cache; in arena a. */
struct str words_canonical(struct arena *a, const struct job *j, struct str words);
/* words with canonical paths spelled as x declares them, for people; in arena a, or words itself. */
struct str words_declared(struct arena *a, const struct action *x, struct str words);

/* store.c: outputs into the CAS, the depfile read, the result recorded unless an input changed. */
bool store_outputs(struct job *j, struct str words_out, struct str words_err,
		   const struct spawn_result *cost, struct err *e) ATTR_MUST_USE;

#endif
