/*
 * crew: jobs in processes that are forked and never exec, several at a time, for libraries that wait
 * without telling (git, name look-ups). Only while no other thread runs.
 *
 *     struct crew c = {.job = fetch_one, .said = show, .ctx = &f};
 *     crew_run(&c, n, 8, errs);                 errs[i].code is ERR_NONE where job i went well
 *
 * A job sees memory as it was when it was started; what it writes there nobody else sees. It tells its
 * parent by crew_say, and its error comes back whole. Files, folders and locks are shared as between any
 * processes. A job that dies leaves an ERR_IO that says so.
 */
#ifndef SYS_CREW_H
#define SYS_CREW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What a job tells its parent. */
struct crew_word {
	int kind; /* the caller's */
	uint64_t done, total;
	char text[2048]; /* NUL-terminated */
};

struct crew {
	bool (*job)(void *ctx, size_t i, struct err *e);	      /* in the child */
	void (*said)(void *ctx, size_t i, const struct crew_word *w); /* in the parent */
	void (*ended)(void *ctx, size_t i); /* in the parent; may be NULL */
	void *ctx;
};

/*
 * Runs job for every i < n, at most hands at once. An interrupt starts none any more and is handed on to those
 * that run; who has not ended a second later is killed. What was not done is ERR_CANCEL.
 */
void crew_run(const struct crew *c, size_t n, unsigned hands, struct err *errs);
/* In a job. */
void crew_say(const struct crew_word *w);

#endif
