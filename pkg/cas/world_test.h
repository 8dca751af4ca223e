/*
 * The small world that cas's tests run in: a fresh cache, and one that may lie below it.
 */
#ifndef CAS_WORLD_TEST_H
#define CAS_WORLD_TEST_H

#include "cas/cas_impl.h"
#include "cbuild/test.h"

struct world {
	struct test *t;
	struct arena a;
	struct str dir;
	struct cas *c;
	struct err e;
};

extern const struct digest KEY;

/* Ends the test when ok is false, with the error. */
void store_must(struct world *w, bool ok, const char *what);
void open_store(struct world *w, struct test *t);
/* As another process would see it: nothing remembered. */
void reopen_store(struct world *w);
void close_store(struct world *w);
struct digest put(struct world *w, const char *text);
const char *in_tmp(struct world *w, const char *name);
uint32_t mode_of(struct world *w, const char *path);
size_t count_temps(struct world *w);
/* A result with two outputs and words, whose blobs are stored. */
struct action_result sample(struct world *w);
/*
 * What can happen to a file: 0 it is gone, 1 cut in half, 2 one bit, 3 longer, 4 empty, 5 a folder or 6 a FIFO
 * has its name.
 */
void damage(struct world *w, const char *path, int how);
/* Sets the modification time to so many seconds ago. */
void set_age(struct world *w, const char *path, int seconds);
/* Other bytes of the same size, with the modification time put back. */
void rewrite_quietly(struct world *w, const char *path);

#endif
