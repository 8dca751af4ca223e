/*
 * libdeflate works on whole buffers, which is what makes it fast. libdeflate itself writes time 0,
 * no name and OS byte 255; gzip_test.c holds it to that.
 */
#include "format/gzip.h"

#include <libdeflate.h>
#include <stdlib.h>

enum {
	TRAILER_BYTES = 8, /* RFC 1952: CRC32, then ISIZE, little endian */
	MEMBER_BYTES_MIN = 18,
	DEFLATE_RATIO_MAX = 1032, /* no deflate stream expands by more */
};

const char *gzip_version(void)
{
	return "libdeflate-" LIBDEFLATE_VERSION_STRING;
}

void gzip_compress(struct str in, int level, struct buf *out)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(level);
	size_t room;

	if (!c)
		abort(); /* out of memory, or a level that the header forbids */
	room = libdeflate_gzip_compress_bound(c, in.n);
	buf_reserve(out, room);
	out->n += libdeflate_gzip_compress(c, in.p, in.n, out->p + out->n, room);
	out->p[out->n] = '\0';
	libdeflate_free_compressor(c);
}

/* What the trailer says the content's size is (modulo 2^32). */
static uint64_t said_size(struct str in)
{
	const unsigned char *p = (const unsigned char *)in.p + in.n - TRAILER_BYTES / 2;

	return (uint64_t)p[3] << 24 | (uint64_t)p[2] << 16 | (uint64_t)p[1] << 8 | p[0];
}

static bool damaged(struct err *e, const char *what)
{
	err_set(e, ERR_INPUT, "damaged gzip data: %s", what);
	return err_fix(e, "fetch or make the file again");
}

bool gzip_decompress(struct str in, size_t max_bytes, struct buf *out, struct err *e)
{
	struct libdeflate_decompressor *d;
	enum libdeflate_result result;
	size_t used = 0, got = 0, room;

	if (in.n < MEMBER_BYTES_MIN)
		return damaged(e, "it is cut off");
	if (said_size(in) / DEFLATE_RATIO_MAX > in.n)
		return damaged(e, "its size is impossible");
	if (said_size(in) > max_bytes)
		return err_set(e, ERR_INPUT, "gzip data of %llu bytes is too large (limit %zu)",
			       (unsigned long long)said_size(in), max_bytes);
	room = (size_t)said_size(in);
	buf_reserve(out, room + 1);
	d = libdeflate_alloc_decompressor();
	if (!d)
		abort();
	result = libdeflate_gzip_decompress_ex(d, in.p, in.n, out->p + out->n, room, &used, &got);
	libdeflate_free_decompressor(d);
	if (result != LIBDEFLATE_SUCCESS)
		return damaged(e, result == LIBDEFLATE_INSUFFICIENT_SPACE
				      ? "it holds more than it says"
				      : "its checksum or coding is wrong");
	if (used != in.n || got != room)
		return damaged(e, "something follows its end");
	out->n += got;
	out->p[out->n] = '\0';
	return true;
}
