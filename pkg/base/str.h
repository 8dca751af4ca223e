/*
 * Text: `struct str` to look, `struct buf` to build.
 *
 * A str is a view: bytes and a length, no ownership, may hold NUL bytes, need not be terminated. A buf
 * owns growing heap memory and is always NUL-terminated behind its length.
 *
 *     struct buf b = {0};
 *     buf_printf(&b, "%s/%.*s", dir, STR_ARG(name));
 *     use(b.p, b.n);
 *     buf_fini(&b);
 *
 *     struct str s = str_fmt(&arena, "%d files", n);     NUL-terminated, lives in the arena
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/banned.h"

struct str {
	const char *p;
	size_t n;
};

struct buf {
	char *p; /* NULL while empty and never grown */
	size_t n;
	size_t cap_bytes;
};

/* For printf's "%.*s". */
#define STR_ARG(s) ((int)(s).n), ((s).p ? (s).p : "")
/* A str of a string literal. */
#define STR(lit) ((struct str){(lit), sizeof(lit) - 1})

struct str str_of(const char *cstr); /* NULL gives the empty str */
struct str str_from(const char *p, size_t n);
bool str_eq(struct str a, struct str b);
bool str_eqc(struct str a, const char *b);
int str_cmp(struct str a, struct str b); /* bytewise, shorter first; for qsort of struct str too */
int str_cmp_ptr(const void *a, const void *b); /* qsort comparison over struct str */
bool str_starts(struct str s, struct str prefix);
bool str_startsc(struct str s, const char *prefix);
bool str_endsc(struct str s, const char *suffix);
bool str_containsc(struct str s, const char *needle);
struct str str_trim(struct str s);	     /* without white space at both ends */
struct str str_skip(struct str s, size_t n); /* without its first n bytes (or empty) */
/* The index of the first (last) byte c, or s.n when there is none. */
size_t str_find(struct str s, char c);
size_t str_rfind(struct str s, char c);
/*
 * Cuts *rest at the next sep: returns the part before it and leaves the part behind; *rest.p becomes
 * NULL after the last part. Loop: while (rest.p) { part = str_cut(&rest, ','); ... }
 */
struct str str_cut(struct str *rest, char sep);
/* The next line without its newline; false at the end. */
bool str_line(struct str *rest, struct str *line);
/* Decimal digits only, no sign; false on anything else or overflow. */
bool str_u64(struct str s, uint64_t *out) ATTR_MUST_USE;
uint64_t
str_hash(struct str s); /* depends on byte order; not for untrusted tables larger than memory */
/* Glob over a path: * and ? stop at '/', ** crosses it, [a-z] [!a] classes. */
bool str_glob(struct str pattern, struct str path);
/* Edit distance (Levenshtein), capped at cap; for "did you mean". */
size_t str_distance(struct str a, struct str b, size_t cap);
/* The nearest of n names (distance <= 1 + length / 3), or the empty str. */
struct str str_nearest(struct str s, const struct str *names, size_t n);

struct str str_dup(struct arena *a, struct str s); /* NUL-terminated copy */
struct str str_fmt(struct arena *a, const char *fmt, ...) ATTR_PRINTF(2, 3);
/* x, a byte and y, NUL-terminated in the arena: what str_fmt takes long for where there are thousands. */
struct str str_pair(struct arena *a, struct str x, char between, struct str y);
/* NUL-terminated form: s.p itself cannot be trusted to be terminated, so this copies. */
const char *str_c(struct arena *a, struct str s);

void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, struct str s);
void buf_addc(struct buf *b, const char *cstr);
void buf_add_byte(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) ATTR_PRINTF(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) ATTR_PRINTF(2, 0);
/* Room for at least more bytes behind n; for read(2) into b->p + b->n. */
void buf_reserve(struct buf *b, size_t more_bytes);
void buf_clear(struct buf *b);		 /* length 0, memory kept */
struct str buf_str(const struct buf *b); /* view; valid until the next change */
/* JSON string content with quotes and escapes (RFC 8259 section 7); invalid UTF-8 becomes U+FFFD. */
void buf_add_json(struct buf *b, struct str s);
/* In double quotes, quotes and backslashes behind a backslash: DOT, assembler strings, response files. */
void buf_add_quoted(struct buf *b, struct str s);
/* As a POSIX shell word, quoted only when needed; for -x. */
void buf_add_shell(struct buf *b, struct str s);
void buf_fini(struct buf *b); /* accepts a zeroed buf; zeroes it */

#endif
