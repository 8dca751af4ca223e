/* libdeflate: gzip there and back. */
#include <string.h>

#include <libdeflate.h>

static const char text[] = "the quick brown fox jumps over the lazy dog, the quick brown fox";

static int deflate_round(void)
{
	char packed[256], plain[256];
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(12);
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	size_t n = libdeflate_gzip_compress(c, text, sizeof text, packed, sizeof packed), m = 0;
	int ok = n && libdeflate_gzip_decompress(d, packed, n, plain, sizeof plain, &m) ==
			  LIBDEFLATE_SUCCESS &&
		 m == sizeof text && memcmp(plain, text, m) == 0;

	libdeflate_free_compressor(c);
	libdeflate_free_decompressor(d);
	return ok;
}

int main(void)
{
	return deflate_round() ? 0 : 1;
}
