/* Building bytes: one allocation that doubles as it fills. */
#include "bytes/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void out_of_memory(size_t n)
{
	(void)fprintf(stderr, "kv: out of memory asking for %zu bytes\n", n);
	abort();
}

void *must_alloc(size_t n)
{
	void *p = malloc(n > 0 ? n : 1);

	if (p == NULL)
		out_of_memory(n);
	return p;
}

void buf_reserve(struct buf *b, size_t more)
{
	size_t want = b->cap < 64 ? 64 : b->cap;
	char *p;

	if (more <= b->cap - b->n)
		return;
	if (more > SIZE_MAX / 4 - b->n)
		out_of_memory(more);
	while (want - b->n < more)
		want *= 2;
	p = realloc(b->p, want);
	if (p == NULL)
		out_of_memory(want);
	b->p = p;
	b->cap = want;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	buf_reserve(b, n);
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void buf_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort(); /* only a wrong format string gets here */
	buf_reserve(b, (size_t)n + 1);
	va_start(ap, fmt);
	(void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void buf_free(struct buf *b)
{
	free(b->p);
	*b = (struct buf){0};
}

struct str buf_view(const struct buf *b)
{
	return (struct str){b->p, b->n};
}
