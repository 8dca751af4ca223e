/*
 * SHA-256 (FIPS 180-4) around the compression function of base/sha256.h: padding, and blocks that come in pieces.
 */
#include "base/digest.h"

#include <stdatomic.h>
#include <string.h>

#include "base/sha256.h"

static sha256_blocks choose(void)
{
	static _Atomic(sha256_blocks)
	    chosen; /* any thread may ask first; all get the same answer */
	sha256_blocks f = atomic_load_explicit(&chosen, memory_order_relaxed);

	if (f)
		return f;
	f = sha256_blocks_native();
	if (!f)
		f = sha256_blocks_plain;
	atomic_store_explicit(&chosen, f, memory_order_relaxed);
	return f;
}

void digest_init(struct digest_ctx *c)
{
	/* Section 5.3.3: the first 32 bits of the fractional parts of the square roots of the first 8 primes. */
	static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	c->size_bytes = 0;
	memcpy(c->state, initial, sizeof initial);
}

void digest_update(struct digest_ctx *c, const void *p, size_t n)
{
	const unsigned char *from = p;
	size_t have = c->size_bytes % SHA256_BLOCK_BYTES, whole;

	if (!n)
		return;
	c->size_bytes += n;
	if (have) {
		size_t take = SHA256_BLOCK_BYTES - have < n ? SHA256_BLOCK_BYTES - have : n;

		memcpy(c->block + have, from, take);
		if (have + take < SHA256_BLOCK_BYTES)
			return;
		choose()(c->state, c->block, 1);
		from += take;
		n -= take;
	}
	whole = n / SHA256_BLOCK_BYTES;
	if (whole)
		choose()(c->state, from, whole);
	if (n % SHA256_BLOCK_BYTES)
		memcpy(c->block, from + whole * SHA256_BLOCK_BYTES, n % SHA256_BLOCK_BYTES);
}

static void store_be(uint8_t *p, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(value >> (bytes - 1 - i) * 8);
}

/* Section 5.1.1: a one bit, zeros, and the length in bits as the last 64 of a block. */
struct digest digest_final(struct digest_ctx *c)
{
	unsigned char end[2 * SHA256_BLOCK_BYTES] = {0};
	size_t have = c->size_bytes % SHA256_BLOCK_BYTES;
	size_t blocks = have < SHA256_BLOCK_BYTES - 8 ? 1 : 2;
	struct digest d;

	if (have)
		memcpy(end, c->block, have);
	end[have] = 0x80;
	store_be(end + blocks * SHA256_BLOCK_BYTES - 8, c->size_bytes * 8, 8);
	choose()(c->state, end, blocks);
	for (size_t i = 0; i < 8; i++)
		store_be(d.sha256 + i * 4, c->state[i], 4);
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
