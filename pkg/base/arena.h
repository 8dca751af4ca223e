/*
 * Arenas: memory whose pieces share one lifetime and are freed together.
 *
 *     struct arena a = {0};                 a zeroed arena is ready to use
 *     char *p = arena_alloc(&a, n, 1);      zeroed memory, aligned, never NULL
 *     struct x *v = arena_array(&a, struct x, n);
 *     arena_fini(&a);                       everything allocated from it is gone
 *
 * A command owns one arena, a phase one, a worker one for scratch; what a function returns lives in the
 * arena passed to it. Running out of memory aborts with a message: nothing in a build tool can go on.
 * Not thread safe: one thread owns an arena at a time. Under AddressSanitizer each allocation is its own
 * malloc, so that an overrun is seen.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/attr.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	char *next;		    /* free space of the newest block */
	size_t left_bytes;
	size_t total_bytes; /* asked for so far */
};

/* Zeroed memory of size_bytes (0 gives a valid pointer), aligned to align (a power of two <= 16). */
void *arena_alloc(struct arena *a, size_t size_bytes, size_t align) ATTR_RETURNS_NONNULL;

/* As arena_alloc for count items; aborts when count * size_bytes overflows. */
void *arena_alloc_n(struct arena *a, size_t count, size_t size_bytes,
		    size_t align) ATTR_RETURNS_NONNULL;

/*
 * Grows the array at old (from the same arena, or NULL) from old_count to new_count items of size_bytes;
 * returns the new place, extended in place when old is the newest allocation. The rest is zeroed.
 */
void *arena_grow(struct arena *a, void *old, size_t old_count, size_t new_count, size_t size_bytes,
		 size_t align) ATTR_RETURNS_NONNULL;

/* A NUL-terminated copy of the n bytes at p. */
char *arena_strdup(struct arena *a, const char *p, size_t n) ATTR_RETURNS_NONNULL;

/* Frees everything; the arena is zeroed and may be used again. Accepts a zeroed arena. */
void arena_fini(struct arena *a);

#define arena_new(a, type)	((type *)arena_alloc((a), sizeof(type), _Alignof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc_n((a), (n), sizeof(type), _Alignof(type)))

/* malloc, realloc that abort with a message when memory runs out; for storage that outlives arenas. */
void *mem_alloc(size_t size_bytes) ATTR_RETURNS_NONNULL;
void *mem_realloc(void *p, size_t size_bytes) ATTR_RETURNS_NONNULL;

#endif
