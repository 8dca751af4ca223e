/*
 * The window and hash tables are made to fit the input: setting up the full
 * 256 KiB for a 2 KiB body would cost more than compressing it.
 */
#include "gz/gz.h"

#include <limits.h>
#include <zlib.h>

enum { LEVEL = 4, GZIP_WRAPPER = 16 };

static int window_bits(size_t n)
{
	int bits = 9;

	while (bits < 15 && ((size_t)1 << bits) < n)
		bits++;
	return bits;
}

bool gz_pack(struct str in, struct buf *out)
{
	z_stream z = {0};
	int bits = window_bits(in.n);
	bool packed;

	if (in.n < GZ_MIN_BYTES || in.n > UINT_MAX / 2)
		return false;
	if (deflateInit2(&z, LEVEL, Z_DEFLATED, bits + GZIP_WRAPPER, bits < 15 ? 5 : 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	buf_reserve(out, in.n - 1);
	z.next_in = (z_const Bytef *)(uintptr_t)in.p; /* zlib reads it; its type says otherwise */
	z.avail_in = (uInt)in.n;
	z.next_out = (Bytef *)(out->p + out->n);
	z.avail_out = (uInt)(in.n - 1);
	packed = deflate(&z, Z_FINISH) == Z_STREAM_END;
	if (packed)
		out->n += (in.n - 1) - z.avail_out;
	(void)deflateEnd(&z);
	return packed;
}
