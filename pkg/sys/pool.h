/*
 * Worker threads. Two shapes: pool_each, a barrier over many small independent jobs (hashing,
 * statting, compressing), and struct pool, jobs that end while the owner waits for children with
 * spawn_wait.
 *
 *     pool_each(n, 0, hash_one, files);
 *
 *     struct pool *p; pool_open(4, &p, &e);
 *     pool_start(p, run_step, job);                  job may not be touched until it comes back
 *     spawn_watch(set, pool_fd(p));            spawn_wait returns SPAWN_WOKEN when one is done
 *     while ((job = pool_take(p))) ...
 *     pool_close(p);                                 waits for all
 *
 * Jobs take immutable input and write only what they own. Locks and atomics live behind this header
 * alone.
 */
#ifndef SYS_POOL_H
#define SYS_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Calls fn(ctx, i) for every i < n on up to threads threads (0: cpu_count()), the caller's among
 * them; returns when all are done. Order is free. fn must not touch another index's data.
 */
void pool_each(size_t n, unsigned threads, void (*fn)(void *ctx, size_t i), void *ctx);

struct pool;

/* threads (0: cpu_count()) are started when first needed. One thread owns the pool. */
bool pool_open(unsigned threads, struct pool **out, struct err *e) ATTR_MUST_USE;
/* Queues fn(job); a thread runs it. */
void pool_start(struct pool *p, void (*fn)(void *job), void *job);
/* A job that is done, or NULL when none is ready. Everything the job wrote is visible then. */
void *pool_take(struct pool *p);
/* Readable while a job that is done has not been taken. */
int pool_fd(const struct pool *p);
/* Jobs started and not yet taken. */
size_t pool_running(const struct pool *p);
/* Waits for the jobs that run, drops those still queued. Accepts NULL. */
void pool_close(struct pool *p);

/* A number that any thread may count up: 0, 1, 2, ... Zeroed is ready. */
struct counter {
	_Alignas(8) uint64_t n; /* only through these calls */
};
uint64_t counter_next(struct counter *c);
uint64_t counter_value(struct counter *c);
void counter_reset(struct counter *c);

#endif
