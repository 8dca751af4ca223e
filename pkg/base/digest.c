/*
 * SHA-256 by OpenSSL's libcrypto, which uses the processor's SHA instructions on x86 and ARM. The plain
 * SHA256_* calls are used, not EVP: they need no provider set-up, which costs milliseconds at start.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/digest.h"

#include <assert.h>
#include <openssl/sha.h>
#include <string.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof((struct digest_ctx *)0)->state,
	       "digest_ctx.state is too small");

static SHA256_CTX *state_of(struct digest_ctx *c)
{
	return (SHA256_CTX *)(void *)c->state;
}

void digest_init(struct digest_ctx *c)
{
	c->size_bytes = 0;
	SHA256_Init(state_of(c));
}

void digest_update(struct digest_ctx *c, const void *p, size_t n)
{
	if (!n)
		return;
	c->size_bytes += n;
	SHA256_Update(state_of(c), p, n);
}

struct digest digest_final(struct digest_ctx *c)
{
	struct digest d;

	SHA256_Final(d.sha256, state_of(c));
	d.size_bytes = c->size_bytes;
	return d;
}

struct digest digest_of(const void *p, size_t n)
{
	struct digest_ctx c;

	digest_init(&c);
	digest_update(&c, p, n);
	return digest_final(&c);
}

struct digest digest_str(struct str s)
{
	return digest_of(s.p, s.n);
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
	return a->size_bytes == b->size_bytes && memcmp(a->sha256, b->sha256, DIGEST_BYTES) == 0;
}

int digest_cmp(const struct digest *a, const struct digest *b)
{
	int c = memcmp(a->sha256, b->sha256, DIGEST_BYTES);

	if (c)
		return c;
	return (a->size_bytes > b->size_bytes) - (a->size_bytes < b->size_bytes);
}

bool digest_is_zero(const struct digest *d)
{
	static const uint8_t zero[DIGEST_BYTES];

	return d->size_bytes == 0 && memcmp(d->sha256, zero, DIGEST_BYTES) == 0;
}

void digest_hex(const struct digest *d, char out[DIGEST_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		out[2 * i] = digits[d->sha256[i] >> 4];
		out[2 * i + 1] = digits[d->sha256[i] & 15];
	}
	out[DIGEST_HEX] = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool digest_parse_hex(struct str hex, struct digest *out)
{
	uint8_t bytes[DIGEST_BYTES];

	if (hex.n != DIGEST_HEX)
		return false;
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		int hi = hex_value(hex.p[2 * i]), lo = hex_value(hex.p[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		bytes[i] = (uint8_t)(hi << 4 | lo);
	}
	memcpy(out->sha256, bytes, sizeof bytes);
	return true;
}

struct str digest_oci(struct arena *a, const struct digest *d)
{
	char hex[DIGEST_HEX + 1];

	digest_hex(d, hex);
	return str_fmt(a, "sha256:%s", hex);
}

struct str digest_base64(struct arena *a, const struct digest *d)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	enum { TEXT = 44 };
	char *out = arena_alloc(a, TEXT + 1, 1);
	size_t n = 0;

	for (size_t i = 0; i < DIGEST_BYTES; i += 3) {
		size_t left = DIGEST_BYTES - i;
		unsigned v = (unsigned)d->sha256[i] << 16;

		v |= left > 1 ? (unsigned)d->sha256[i + 1] << 8 : 0;
		v |= left > 2 ? d->sha256[i + 2] : 0;
		out[n++] = digits[v >> 18];
		out[n++] = digits[v >> 12 & 63];
		out[n++] = left > 1 ? digits[v >> 6 & 63] : '=';
		out[n++] = left > 2 ? digits[v & 63] : '=';
	}
	return (struct str){out, n};
}
