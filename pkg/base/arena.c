/*
 * Bump allocation from blocks that double up to 1 MiB. A piece larger than a quarter of a block gets a
 * block of its own, so that the space left in the current one is not lost.
 */
#include "base/arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_SPLIT 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_SPLIT 1
#endif
#endif
#ifndef ARENA_SPLIT
#define ARENA_SPLIT 0
#endif

enum { BLOCK_MIN = 16 * 1024, BLOCK_MAX = 1024 * 1024 };

struct arena_block {
	struct arena_block *next;
	size_t size_bytes;
	_Alignas(16) char data[];
};

static void out_of_memory(size_t size_bytes) ATTR_NORETURN;

static void out_of_memory(size_t size_bytes)
{
	fprintf(stderr, "cbuild: out of memory (asked for %zu bytes)\n", size_bytes);
	abort();
}

void *mem_alloc(size_t size_bytes)
{
	void *p = calloc(1, size_bytes ? size_bytes : 1);

	if (!p)
		out_of_memory(size_bytes);
	return p;
}

void *mem_realloc(void *p, size_t size_bytes)
{
	void *q = realloc(p, size_bytes ? size_bytes : 1);

	if (!q)
		out_of_memory(size_bytes);
	return q;
}

static struct arena_block *block_new(size_t size_bytes)
{
	struct arena_block *b;

	if (size_bytes > SIZE_MAX - sizeof *b)
		out_of_memory(size_bytes);
	b = mem_alloc(sizeof *b + size_bytes);
	b->size_bytes = size_bytes;
	return b;
}

static void *alloc_alone(struct arena *a, size_t size_bytes)
{
	struct arena_block *b = block_new(size_bytes);

	/* Behind the newest block, so that the newest keeps serving small pieces. */
	if (a->blocks && !ARENA_SPLIT) {
		b->next = a->blocks->next;
		a->blocks->next = b;
	} else {
		b->next = a->blocks;
		a->blocks = b;
		a->next = NULL;
		a->left_bytes = 0;
	}
	return b->data;
}

static size_t next_block_size(const struct arena *a)
{
	size_t n = a->blocks ? a->blocks->size_bytes * 2 : BLOCK_MIN;

	if (n < BLOCK_MIN)
		n = BLOCK_MIN;
	return n > BLOCK_MAX ? BLOCK_MAX : n;
}

void *arena_alloc(struct arena *a, size_t size_bytes, size_t align)
{
	size_t pad;
	struct arena_block *b;
	char *p;

	assert(align && align <= 16 && (align & (align - 1)) == 0);
	if (!size_bytes)
		size_bytes = 1;
	a->total_bytes += size_bytes;
	if (ARENA_SPLIT || size_bytes > BLOCK_MAX / 4)
		return alloc_alone(a, size_bytes);
	pad = (size_t)(-(uintptr_t)a->next & (align - 1));
	if (!a->next || pad + size_bytes > a->left_bytes) {
		size_t want = next_block_size(a);

		b = block_new(want > size_bytes ? want : size_bytes);
		b->next = a->blocks;
		a->blocks = b;
		a->next = b->data;
		a->left_bytes = b->size_bytes;
		pad = 0;
	}
	p = a->next + pad;
	a->next = p + size_bytes;
	a->left_bytes -= pad + size_bytes;
	return p;
}

void *arena_alloc_n(struct arena *a, size_t count, size_t size_bytes, size_t align)
{
	if (size_bytes && count > SIZE_MAX / size_bytes)
		out_of_memory(SIZE_MAX);
	return arena_alloc(a, count * size_bytes, align);
}

void *arena_grow(struct arena *a, void *old, size_t old_count, size_t new_count, size_t size_bytes,
		 size_t align)
{
	char *end = old ? (char *)old + old_count * size_bytes : NULL;
	size_t more;
	void *p;

	assert(new_count >= old_count);
	if (size_bytes && new_count > SIZE_MAX / size_bytes)
		out_of_memory(SIZE_MAX);
	more = (new_count - old_count) * size_bytes;
	if (end && old_count && end == a->next && more <= a->left_bytes) {
		a->next += more;
		a->left_bytes -= more;
		return old;
	}
	p = arena_alloc(a, new_count * size_bytes, align);
	if (old && old_count)
		memcpy(p, old, old_count * size_bytes);
	return p;
}

char *arena_strdup(struct arena *a, const char *p, size_t n)
{
	char *q = arena_alloc(a, n + 1, 1);

	if (n)
		memcpy(q, p, n);
	return q;
}

void arena_fini(struct arena *a)
{
	struct arena_block *b, *next;

	for (b = a->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena){0};
}
