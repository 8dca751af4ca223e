/*
 * The one currency: SHA-256 (FIPS 180-4) and size of some bytes. The same pair names a cached blob, a
 * Remote Execution digest, an OCI descriptor, a provenance subject and a release generation.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

enum { DIGEST_BYTES = 32, DIGEST_HEX = 64 };

struct digest {
	uint8_t sha256[DIGEST_BYTES];
	uint64_t size_bytes; /* of the content hashed */
};

/* Streaming: digest_init, digest_update..., digest_final. On the stack, nothing to free. */
struct digest_ctx {
	uint64_t size_bytes;
	uint32_t state[8];
	unsigned char block[64]; /* the size_bytes % 64 bytes that are no whole block yet */
};

void digest_init(struct digest_ctx *c);
void digest_update(struct digest_ctx *c, const void *p, size_t n);
struct digest digest_final(struct digest_ctx *c);

struct digest digest_of(const void *p, size_t n);
struct digest digest_str(struct str s);
bool digest_eq(const struct digest *a, const struct digest *b); /* hash and size */
int digest_cmp(const struct digest *a, const struct digest *b); /* by hash, then size */
bool digest_is_zero(const struct digest *d);

/* Lower-case hex and NUL into out[65]. */
void digest_hex(const struct digest *d, char out[DIGEST_HEX + 1]);
/* From 64 lower-case hex digits; size_bytes is left alone. */
bool digest_parse_hex(struct str hex, struct digest *out) ATTR_MUST_USE;
/* "sha256:HEX", OCI's form, into arena a. */
struct str digest_oci(struct arena *a, const struct digest *d);
/* Standard base64 (RFC 4648 section 4) of the 32 bytes with padding, as go.sum writes it. */
struct str digest_base64(struct arena *a, const struct digest *d);

#endif
