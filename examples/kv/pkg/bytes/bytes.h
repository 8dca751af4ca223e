/*
 * bytes: struct str to look at bytes, struct buf to build them.
 *
 * A str borrows: it is valid as long as what it points into. A buf owns its
 * memory; a zeroed buf is an empty one, and buf_free() makes it so again.
 * Out of memory ends the program with a message: every size that a peer can
 * influence has a limit of its own before it gets here.
 */
#ifndef BYTES_BYTES_H
#define BYTES_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *p;
	size_t n;
};

struct buf {
	char *p;
	size_t n;
	size_t cap;
};

/* The str of a string literal. */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})

/* The str of a NUL-terminated string. */
struct str str_of(const char *s);

/* The part of s from byte `from` on; empty when s is shorter. */
struct str str_from(struct str s, size_t from);

/* Equal bytes; equal but for the case of ASCII letters; s begins with prefix. */
bool str_eq(struct str a, struct str b);
bool str_ieq(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);

/* s without spaces and tabs at both ends. */
struct str str_trim(struct str s);

/*
 * Cuts the next item off a list: returns what is before the first `sep` and
 * leaves the rest in *s. Loop while s->n > 0.
 */
struct str str_cut(struct str *s, char sep);

/* Decimal digits only, at least one, no sign, no overflow; else false. */
bool str_to_u64(struct str s, uint64_t *out);

/* No control characters, no NUL, well-formed UTF-8 (RFC 3629, section 4). */
bool str_is_text(struct str s);

/* Room for `more` bytes after the present ones. */
void buf_reserve(struct buf *b, size_t more);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, struct str s);
__attribute__((format(printf, 2, 3))) void buf_fmt(struct buf *b, const char *fmt, ...);
void buf_free(struct buf *b);

/* What the buf holds now; valid until it next grows. */
struct str buf_view(const struct buf *b);

/* malloc that ends the program instead of returning NULL. */
void *must_alloc(size_t n);

#endif
