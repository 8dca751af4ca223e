/*
 * The small world that exec's tests run in: a folder, a cache, a graph and a log of events. /bin/sh
 * stands for the compiler, so that every test says in one line what the tool does.
 */
#ifndef EXEC_WORLD_TEST_H
#define EXEC_WORLD_TEST_H

#include "cbuild/test.h"
#include "exec/exec_impl.h"

struct world {
	struct event_sink sink; /* first: emit casts back */
	struct test *t;
	struct arena a;
	struct cas *cas;
	struct graph g;
	struct exec_opts opts;
	struct exec_stat stat;
	struct err e;
	struct buf log; /* one line an event worth testing */
};

/* Ends the test when ok is false, with the error. */
void must(struct world *w, bool ok, const char *what);
/* Enters the test's folder, with an empty graph and cache. */
void open_world(struct world *w, struct test *t);
void close_world(struct world *w);
void write_file(struct world *w, const char *path, const char *text);
/*
 * Waits until the file system's clock has moved on, so that what was written is older than what
 * starts.
 */
void next_tick(void);
/* An action that runs script; $1... are then added by the caller as arguments. */
struct action *shell(struct world *w, const char *title, const char *script);
/* Adds an input (output) and its path as the next word. */
void reads(struct world *w, struct action *x, const char *path);
void reads_from(struct world *w, struct action *x, struct action *from);
void makes(struct world *w, struct action *x, const char *path);
void makes_depfile(struct world *w, struct action *x, const char *path);
/* cat $1 > $2 */
struct action *copier(struct world *w, const char *title, const char *from, const char *to);
/* Runs all actions as goals; the log holds only this run. */
bool run(struct world *w);
/* What output number output of x holds. */
const char *content(struct world *w, const struct action *x, size_t output);
void expect_counts(struct world *w, uint64_t ran, uint64_t cached);
void expect_log(struct world *w, const char *want);
/* in.txt -> first -> second. */
struct action *two_step_graph(struct world *w);
/* Nothing is left in the cache's tmp/ whatever happened. */
void expect_no_temps(struct world *w);

#endif
