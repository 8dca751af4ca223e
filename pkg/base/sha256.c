/*
 * SHA-256's compression function three times: in plain C, with x86's SHA extensions, and with ARMv8's. The
 * instructions do two rounds (x86) or four (ARM) at a time and half of the message schedule; what they are
 * given is in Intel's and ARM's manuals under their names. ARM's are written as assembler, since compilers offer
 * the intrinsics only where all of a file may use them.
 */
#include "base/sha256.h"

#if defined __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#elif defined __aarch64__ && defined __linux__
#include <arm_neon.h>
#include <sys/auxv.h>
#endif

/* Section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline uint32_t rotr(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static inline uint32_t load_be(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* One round on variables that the caller renames instead of moving (6.2.2, step 3). */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                           \
	do {                                                                                       \
		uint32_t t = h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + (g ^ (e & (f ^ g))) +  \
			     k[i] + w[(i) % 16];                                                   \
		d += t;                                                                            \
		h = t + (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) | (c & (a | b)));      \
	} while (0)

/* w's word i of the 16 that are needed (6.2.2, step 1). */
static inline void extend(uint32_t w[16], unsigned i)
{
	uint32_t x = w[(i + 1) % 16], y = w[(i + 14) % 16];

	w[i % 16] += (rotr(x, 7) ^ rotr(x, 18) ^ x >> 3) + w[(i + 9) % 16] +
		     (rotr(y, 17) ^ rotr(y, 19) ^ y >> 10);
}

static void block_plain(uint32_t s[8], const unsigned char *p)
{
	uint32_t w[16], a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6],
			h = s[7];

	for (unsigned i = 0; i < 16; i++)
		w[i] = load_be(p + (size_t)i * 4);
	for (unsigned i = 0; i < 64; i += 8) {
		for (unsigned n = i; i >= 16 && n < i + 8; n++)
			extend(w, n);
		ROUND(a, b, c, d, e, f, g, h, i);
		ROUND(h, a, b, c, d, e, f, g, i + 1);
		ROUND(g, h, a, b, c, d, e, f, i + 2);
		ROUND(f, g, h, a, b, c, d, e, i + 3);
		ROUND(e, f, g, h, a, b, c, d, i + 4);
		ROUND(d, e, f, g, h, a, b, c, i + 5);
		ROUND(c, d, e, f, g, h, a, b, i + 6);
		ROUND(b, c, d, e, f, g, h, a, i + 7);
	}
	s[0] += a;
	s[1] += b;
	s[2] += c;
	s[3] += d;
	s[4] += e;
	s[5] += f;
	s[6] += g;
	s[7] += h;
}

void sha256_blocks_plain(uint32_t state[8], const unsigned char *p, size_t blocks)
{
	for (; blocks; blocks--, p += SHA256_BLOCK_BYTES)
		block_plain(state, p);
}

#if defined __x86_64__

#define NATIVE __attribute__((target("sha,sse4.1,ssse3")))

NATIVE static inline __m128i load(const void *p)
{
	return _mm_loadu_si128((const __m128i *)p);
}

/* Four rounds. */
NATIVE static inline void rounds(__m128i *abef, __m128i *cdgh, __m128i w, unsigned i)
{
	__m128i wk = _mm_add_epi32(w, load(&k[i]));

	*cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, wk);
	*abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(wk, 0x0e));
}

/* Four rounds with w0, which becomes the words 16 further on. */
NATIVE static inline void rounds_extend(__m128i *abef, __m128i *cdgh, __m128i *w0, __m128i w1,
					__m128i w2, __m128i w3, unsigned i)
{
	rounds(abef, cdgh, *w0, i);
	*w0 = _mm_add_epi32(_mm_sha256msg1_epu32(*w0, w1), _mm_alignr_epi8(w3, w2, 4));
	*w0 = _mm_sha256msg2_epu32(*w0, w3);
}

NATIVE static void blocks_native(uint32_t s[8], const unsigned char *p, size_t blocks)
{
	const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i dcba = load(s), hgfe = load(s + 4);
	__m128i cdab = _mm_shuffle_epi32(dcba, 0xb1), efgh = _mm_shuffle_epi32(hgfe, 0x1b);
	__m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);

	for (; blocks; blocks--, p += SHA256_BLOCK_BYTES) {
		__m128i abef0 = abef, cdgh0 = cdgh;
		__m128i w0 = _mm_shuffle_epi8(load(p), big_endian);
		__m128i w1 = _mm_shuffle_epi8(load(p + 16), big_endian);
		__m128i w2 = _mm_shuffle_epi8(load(p + 32), big_endian);
		__m128i w3 = _mm_shuffle_epi8(load(p + 48), big_endian);

		for (unsigned i = 0; i < 48; i += 16) {
			rounds_extend(&abef, &cdgh, &w0, w1, w2, w3, i);
			rounds_extend(&abef, &cdgh, &w1, w2, w3, w0, i + 4);
			rounds_extend(&abef, &cdgh, &w2, w3, w0, w1, i + 8);
			rounds_extend(&abef, &cdgh, &w3, w0, w1, w2, i + 12);
		}
		rounds(&abef, &cdgh, w0, 48);
		rounds(&abef, &cdgh, w1, 52);
		rounds(&abef, &cdgh, w2, 56);
		rounds(&abef, &cdgh, w3, 60);
		abef = _mm_add_epi32(abef, abef0);
		cdgh = _mm_add_epi32(cdgh, cdgh0);
	}
	cdab = _mm_shuffle_epi32(abef, 0x1b); /* now feba */
	efgh = _mm_shuffle_epi32(cdgh, 0xb1); /* now dchg */
	_mm_storeu_si128((__m128i *)s, _mm_blend_epi16(cdab, efgh, 0xf0));
	_mm_storeu_si128((__m128i *)(s + 4), _mm_alignr_epi8(efgh, cdab, 8));
}

sha256_blocks sha256_blocks_native(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1) ||
	    !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_SHA))
		return NULL;
	return blocks_native;
}

#elif defined __aarch64__ && defined __linux__

#define SHA2 ".arch_extension sha2\n\t"

static inline uint32x4_t sha256h(uint32x4_t abcd, uint32x4_t efgh, uint32x4_t wk)
{
	__asm__(SHA2 "sha256h %q0, %q1, %2.4s" : "+w"(abcd) : "w"(efgh), "w"(wk));
	return abcd;
}

static inline uint32x4_t sha256h2(uint32x4_t efgh, uint32x4_t abcd, uint32x4_t wk)
{
	__asm__(SHA2 "sha256h2 %q0, %q1, %2.4s" : "+w"(efgh) : "w"(abcd), "w"(wk));
	return efgh;
}

static inline uint32x4_t sha256su0(uint32x4_t w0, uint32x4_t w1)
{
	__asm__(SHA2 "sha256su0 %0.4s, %1.4s" : "+w"(w0) : "w"(w1));
	return w0;
}

static inline uint32x4_t sha256su1(uint32x4_t w0, uint32x4_t w2, uint32x4_t w3)
{
	__asm__(SHA2 "sha256su1 %0.4s, %1.4s, %2.4s" : "+w"(w0) : "w"(w2), "w"(w3));
	return w0;
}

/* Four rounds. */
static inline void rounds(uint32x4_t *abcd, uint32x4_t *efgh, uint32x4_t w, unsigned i)
{
	uint32x4_t wk = vaddq_u32(w, vld1q_u32(&k[i])), before = *abcd;

	*abcd = sha256h(*abcd, *efgh, wk);
	*efgh = sha256h2(*efgh, before, wk);
}

/* Four rounds with w0, which becomes the words 16 further on. */
static inline void rounds_extend(uint32x4_t *abcd, uint32x4_t *efgh, uint32x4_t *w0, uint32x4_t w1,
				 uint32x4_t w2, uint32x4_t w3, unsigned i)
{
	rounds(abcd, efgh, *w0, i);
	*w0 = sha256su1(sha256su0(*w0, w1), w2, w3);
}

static inline uint32x4_t load(const unsigned char *p)
{
	return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(p)));
}

static void blocks_native(uint32_t s[8], const unsigned char *p, size_t blocks)
{
	uint32x4_t abcd = vld1q_u32(s), efgh = vld1q_u32(s + 4);

	for (; blocks; blocks--, p += SHA256_BLOCK_BYTES) {
		uint32x4_t abcd0 = abcd, efgh0 = efgh;
		uint32x4_t w0 = load(p), w1 = load(p + 16), w2 = load(p + 32), w3 = load(p + 48);

		for (unsigned i = 0; i < 48; i += 16) {
			rounds_extend(&abcd, &efgh, &w0, w1, w2, w3, i);
			rounds_extend(&abcd, &efgh, &w1, w2, w3, w0, i + 4);
			rounds_extend(&abcd, &efgh, &w2, w3, w0, w1, i + 8);
			rounds_extend(&abcd, &efgh, &w3, w0, w1, w2, i + 12);
		}
		rounds(&abcd, &efgh, w0, 48);
		rounds(&abcd, &efgh, w1, 52);
		rounds(&abcd, &efgh, w2, 56);
		rounds(&abcd, &efgh, w3, 60);
		abcd = vaddq_u32(abcd, abcd0);
		efgh = vaddq_u32(efgh, efgh0);
	}
	vst1q_u32(s, abcd);
	vst1q_u32(s + 4, efgh);
}

sha256_blocks sha256_blocks_native(void)
{
	enum { HWCAP_WITH_SHA2 = 1 << 6 }; /* Linux: HWCAP_SHA2 */

	return getauxval(AT_HWCAP) & HWCAP_WITH_SHA2 ? blocks_native : NULL;
}

#else

sha256_blocks sha256_blocks_native(void)
{
	return NULL;
}

#endif
