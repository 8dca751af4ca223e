/* Tests of gz: what is packed comes out the same, what would not shrink is refused. */
#include "gz/gz.h"

#include <string.h>
#include <zlib.h>

#include "cbuild/test.h"

/* Unpacks all of `in` and compares. */
static bool unpacks_to(struct str in, struct str want)
{
	struct buf out = {0};
	z_stream z = {0};
	bool same;

	buf_reserve(&out, want.n + 1);
	z.next_in = (z_const Bytef *)(uintptr_t)in.p;
	z.avail_in = (uInt)in.n;
	z.next_out = (Bytef *)out.p;
	z.avail_out = (uInt)(want.n + 1);
	same = inflateInit2(&z, 16 + 15) == Z_OK && inflate(&z, Z_FINISH) == Z_STREAM_END &&
	       z.avail_in == 0 && z.total_out == want.n && memcmp(out.p, want.p, want.n) == 0;
	(void)inflateEnd(&z);
	buf_free(&out);
	return same;
}

void TestGzRoundTrip(struct test *t)
{
	static const size_t sizes[] = {512, 513, 4096, 32768, 32769, 1 << 20};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct buf text = {0}, packed = {0};

		while (text.n < sizes[i])
			buf_fmt(&text, "line %zu of text\n", text.n);
		text.n = sizes[i];
		buf_str(&packed, STR("before"));
		T_OK(t, gz_pack(buf_view(&text), &packed));
		T_CHECK(t, packed.n < text.n, "size %zu", sizes[i]);
		T_CHECK(t, unpacks_to(str_from(buf_view(&packed), 6), buf_view(&text)), "size %zu",
			sizes[i]);
		buf_free(&text);
		buf_free(&packed);
	}
}

void TestGzRefusesWhatDoesNotShrink(struct test *t)
{
	struct buf noise = {0}, packed = {0};
	uint32_t state = 7;

	T_OK(t, !gz_pack(STR("short"), &packed));
	for (int i = 0; i < 5000; i++) {
		char c = (char)((state = state * 1664525u + 1013904223u) >> 24);

		buf_add(&noise, &c, 1);
	}
	T_OK(t, !gz_pack(buf_view(&noise), &packed));
	T_EQ_INT(t, packed.n, 0);
	buf_free(&noise);
	buf_free(&packed);
}
