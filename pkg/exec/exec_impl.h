/*
 * What the files of this room share. Never leaves it.
 */
#ifndef EXEC_EXEC_IMPL_H
#define EXEC_EXEC_IMPL_H

#include "base/map.h"
#include "exec/exec.h"
#include "sys/file.h"
#include "sys/pool.h"
#include "sys/spawn.h"

/* --- key.c --- */

/* Appends the canonical record of x; every input that counts has its digest. */
void record_append(struct buf *out, const struct action *x);
/* One "more" line of a second-level record: a discovered input's path and digest. */
void record_append_more(struct buf *out, struct str path, const struct digest *d);
/* The second-level key: over the first and the more lines in lines. */
struct digest second_key(const struct digest *first, struct str more_lines);
/* The canonical word of an argument, appended to out. */
void arg_append(struct buf *out, const struct action *x, const struct arg *arg);

/* --- depfile.c --- */

/*
 * Every prerequisite that a make-syntax depfile names, cleaned, relative to cwd where it lies below
 * it, sorted and unique. ERR_TOOL when the text is not a depfile.
 */
bool depfile_parse(struct arena *a, struct str text, struct str cwd, struct str_vec *out,
		   struct err *e) ATTR_MUST_USE;

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
/* True when the file changed at or after since_ns (of clock_file_ns), or cannot be statted. */
bool file_changed_since(struct str path, int64_t since_ns);

/* --- explain.c --- */

/*
 * What differs between the record of x's last run here and now, as one line in a. forced: not
 * looked up.
 */
struct str explain(struct arena *a, const char *state_dir, const struct action *x, bool forced,
		   struct file_memo *m);
/*
 * Remembers the record of a run: x's own and its discovered inputs' lines. A failure only costs
 * words.
 */
void explain_remember(struct arena *a, const char *state_dir, const struct action *x,
		      struct str more_lines);

/* --- schedule.c --- */

/* An action's place in this run. */
struct node {
	bool wanted, doomed,
	    unknown;	  /* doomed: a needed action failed; unknown (-n): its inputs are */
	uint32_t waiting; /* needed actions that have not ended */
	uint32_t height;  /* longest chain of users above it: critical path first */
	uint32_t users_at, users_n; /* into schedule.users */
	int64_t started_ns;	    /* clock_file_ns before it started */
};

struct schedule {
	struct graph *g;
	struct node *nodes; /* one an action */
	uint32_t *users;
	uint32_t *ready; /* binary heap of indices */
	size_t ready_n, wanted_n;
};

/*
 * Finds what the goals need, who waits for whom, and what is ready. ERR_INPUT: a cycle, with
 * members.
 */
bool schedule_init(struct arena *a, struct graph *g, const uint32_t *goals, size_t goal_count,
		   struct schedule *out, struct err *e) ATTR_MUST_USE;
/* The ready action with the longest way to go; NULL when none is ready. */
struct action *schedule_next(struct schedule *s);
/*
 * x ended; readies its users. ok false: they are doomed, and come out of schedule_next all the
 * same.
 */
void schedule_done(struct schedule *s, const struct action *x, bool ok);

/* --- run.c and what it is made of --- */

struct job;

struct run {
	struct arena *a;
	const struct exec_opts *o;
	struct schedule s;
	struct file_memo *memo;
	struct spawn_set *children;
	struct pool *pool;
	struct str cwd, cas_dir;
	const char *state_dir; /* NUL-terminated; NULL: none */
	struct exec_stat stat;
	uint64_t started_ms;
	size_t done;
	unsigned jobs;
	bool stopping;
	VEC(struct job *) active;
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
	struct str rsp; /* the response file, or empty */
	uint64_t started_ms;
	/* a step's own */
	struct step_io io;
	struct buf words;
	struct err err;
	bool ok;
};

/* lookup.c: fills x->result and x->words and says whether the cache had it. */
enum cas_result lookup(struct run *r, struct action *x, struct err *e);
/* Whether the blobs that x reads from settled actions are in the cache. */
bool settled_inputs_there(struct run *r, const struct action *x);

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
/* words with real paths (blobs, temporaries) spelled as the action declares them; in arena a. */
struct str words_canonical(struct arena *a, const struct job *j, struct str words);

/* store.c: outputs into the CAS, the depfile read, the result recorded unless an input changed. */
bool store_outputs(struct job *j, struct str words_out, struct str words_err,
		   const struct spawn_result *cost, struct err *e) ATTR_MUST_USE;

#endif
