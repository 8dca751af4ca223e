/*
 * gzip: RFC 1952 files of one member, in memory, by libdeflate.
 *
 * Deterministic: no name, no comment, time 0, OS byte 255 (unknown). The compressed bytes still
 * depend on libdeflate's version, so whoever keys on them must put GZIP_VERSION in the key.
 */
#ifndef FORMAT_GZIP_H
#define FORMAT_GZIP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* "libdeflate-1.14": what the bytes of gzip_compress depend on besides input and level. */
const char *gzip_version(void);

/* Levels of libdeflate: 1 (fast) to 12 (small). */
enum { GZIP_FAST = 1, GZIP_BEST = 12 };

/* Appends the gzip file of in to out. Memory: out grows by at most in.n + in.n / 8 + 64 bytes. */
void gzip_compress(struct str in, int level, struct buf *out);

/*
 * Appends the content of the one-member gzip file in to out. ERR_INPUT when it is damaged, has
 * bytes behind its end, or holds more than max_bytes.
 */
bool gzip_decompress(struct str in, size_t max_bytes, struct buf *out, struct err *e) ATTR_MUST_USE;

#endif
