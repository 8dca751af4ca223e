/* The header is checked byte by byte: it is what makes equal layers equal files. */
#include "format/gzip.h"

#include <stdlib.h>
#include <string.h>

#include "cbuild/test.h"

void TestGzipHeader(struct test *t)
{
	static const unsigned char want[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0};

	for (int level = GZIP_FAST; level <= GZIP_BEST; level++) {
		struct buf b = {0};

		gzip_compress(STR("hello hello hello"), level, &b);
		T_EQ_MEM(t, b.p, sizeof want, want, sizeof want);
		T_EQ_INT(t, (unsigned char)b.p[9], 255);
		buf_fini(&b);
	}
}

void TestGzipRoundTrip(struct test *t)
{
	static const size_t sizes[] = {0, 1, 17, 511, 65536, 3000000};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct buf in = {0}, packed = {0}, out = {0};
		struct err e = {0};
		uint32_t seed = 1;

		for (size_t k = 0; k < sizes[i]; k++) {
			seed = seed * 1664525u + 1013904223u;
			buf_add_byte(&in, (char)(k % 3 ? 'a' : seed >> 24));
		}
		gzip_compress(buf_str(&in), 6, &packed);
		T_CHECK(t, gzip_decompress(buf_str(&packed), sizes[i], &out, &e), "size %zu: %s",
			sizes[i], e.msg);
		T_CHECK(t, str_eq(buf_str(&in), buf_str(&out)), "size %zu", sizes[i]);
		buf_fini(&in);
		buf_fini(&packed);
		buf_fini(&out);
	}
}

static bool unpacks(struct str s, size_t max_bytes, const char *want)
{
	struct buf out = {0};
	struct err e = {0};
	bool ok = gzip_decompress(s, max_bytes, &out, &e);

	ok = ok || !strstr(e.msg, want);
	buf_fini(&out);
	return ok;
}

void TestGzipDamage(struct test *t)
{
	struct buf b = {0};
	char *copy;

	gzip_compress(STR("some content, some content, some content"), 6, &b);
	for (size_t n = 0; n < b.n; n++) {
		copy = malloc(n ? n : 1);
		memcpy(copy, b.p, n);
		T_CHECK(t, !unpacks((struct str){copy, n}, 1000, ""), "cut to %zu", n);
		free(copy);
	}
	T_OK(t, !unpacks(buf_str(&b), 39, "too large"));
	b.p[b.n - 6] ^= 1;
	T_OK(t, !unpacks(buf_str(&b), 1000, "checksum"));
	b.p[b.n - 6] ^= 1;
	b.p[b.n - 1] = 127;
	T_OK(t, !unpacks(buf_str(&b), SIZE_MAX, "impossible"));
	b.p[b.n - 1] = 0;
	b.p[b.n - 4]--;
	T_OK(t, !unpacks(buf_str(&b), 1000, "damaged"));
	b.p[b.n - 4]++;
	buf_add(&b, b.p, b.n);
	T_OK(t, !unpacks(buf_str(&b), 1000, "follows its end"));
	buf_fini(&b);
}
