/*
 * The growing half of str.h. The terminating NUL is always there, so a buf's p is a C string.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

void buf_reserve(struct buf *b, size_t more_bytes)
{
	size_t want, cap;

	assert(more_bytes < SIZE_MAX - b->n - 1);
	want = b->n + more_bytes + 1;
	if (want <= b->cap_bytes)
		return;
	cap = b->cap_bytes ? b->cap_bytes : 64;
	while (cap < want)
		cap = cap > SIZE_MAX / 2 ? want : cap * 2;
	b->p = mem_realloc(b->p, cap);
	b->cap_bytes = cap;
	b->p[b->n] = '\0';
}

/* Most of what is added is short, and copies of a constant size need no call. */
static void copy(char *to, const char *from, size_t n)
{
	if (n > 64) {
		memcpy(to, from, n);
		return;
	}
	for (; n >= 8; to += 8, from += 8, n -= 8)
		memcpy(to, from, 8);
	for (; n; n--)
		*to++ = *from++;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	buf_reserve(b, n);
	copy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void buf_adds(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

void buf_addc(struct buf *b, const char *cstr)
{
	buf_add(b, cstr, strlen(cstr));
}

void buf_add_byte(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	buf_reserve(b, 128);
	n = vsnprintf(b->p + b->n, b->cap_bytes - b->n, fmt, ap);
	assert(n >= 0);
	if ((size_t)n >= b->cap_bytes - b->n) {
		buf_reserve(b, (size_t)n);
		vsnprintf(b->p + b->n, b->cap_bytes - b->n, fmt, again);
	}
	va_end(again);
	b->n += (size_t)n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	if (b->p)
		b->p[0] = '\0';
}

struct str buf_str(const struct buf *b)
{
	return (struct str){b->p ? b->p : "", b->n};
}

/* Length of the well-formed UTF-8 sequence at s (RFC 3629), or 0. */
static size_t utf8_length(struct str s)
{
	static const struct {
		unsigned char first_min, first_max, second_min, second_max;
		unsigned char length;
	} forms[] = {
	    {0x00, 0x7f, 0, 0, 1},	 {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
	    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
	    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	const unsigned char *p = (const unsigned char *)s.p;

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if (p[0] < forms[i].first_min || p[0] > forms[i].first_max)
			continue;
		if (forms[i].length > s.n)
			return 0;
		if (forms[i].length > 1 &&
		    (p[1] < forms[i].second_min || p[1] > forms[i].second_max))
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if (p[k] < 0x80 || p[k] > 0xbf)
				return 0;
		return forms[i].length;
	}
	return 0;
}

static void add_json_byte(struct buf *b, unsigned char c)
{
	static const char escapes[] = "\b"
				      "b"
				      "\t"
				      "t"
				      "\n"
				      "n"
				      "\f"
				      "f"
				      "\r"
				      "r"
				      "\""
				      "\""
				      "\\"
				      "\\";

	for (size_t i = 0; i + 1 < sizeof escapes; i += 2) {
		if ((unsigned char)escapes[i] != c)
			continue;
		buf_add_byte(b, '\\');
		buf_add_byte(b, escapes[i + 1]);
		return;
	}
	if (c < 0x20 || c == 0x7f)
		buf_printf(b, "\\u%04x", c);
	else
		buf_add_byte(b, (char)c);
}

void buf_add_json(struct buf *b, struct str s)
{
	buf_add_byte(b, '"');
	while (s.n) {
		size_t n = utf8_length(s);

		if (n == 0)
			buf_addc(b, "\\ufffd");
		else if (n == 1)
			add_json_byte(b, (unsigned char)s.p[0]);
		else
			buf_add(b, s.p, n);
		s = str_skip(s, n ? n : 1);
	}
	buf_add_byte(b, '"');
}

void buf_add_shell(struct buf *b, struct str s)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-";
	bool quote = s.n == 0;

	for (size_t i = 0; i < s.n && !quote; i++)
		quote = !memchr(plain, s.p[i], sizeof plain - 1);
	if (!quote) {
		buf_adds(b, s);
		return;
	}
	buf_add_byte(b, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\'')
			buf_addc(b, "'\\''");
		else
			buf_add_byte(b, s.p[i]);
	}
	buf_add_byte(b, '\'');
}

void buf_fini(struct buf *b)
{
	free(b->p);
	*b = (struct buf){0};
}

void buf_add_quoted(struct buf *b, struct str s)
{
	buf_add_byte(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_add_byte(b, '\\');
		buf_add_byte(b, s.p[i]);
	}
	buf_add_byte(b, '"');
}
