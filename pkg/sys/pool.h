/*
 * A pool of worker threads for hashing, statting, unpacking and compressing. Jobs take immutable input
 * and write only what they own; pool_wait is the barrier after which the caller reads the results.
 */
#ifndef SYS_POOL_H
#define SYS_POOL_H

#include <stddef.h>

/*
 * Calls fn(ctx, i) for every i < n on up to threads threads (0: cpu_count()), the caller's among them;
 * returns when all are done. Order is free. fn must not touch another index's data.
 */
void pool_each(size_t n, unsigned threads, void (*fn)(void *ctx, size_t i), void *ctx);

#endif
