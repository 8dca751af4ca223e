/* zlib: there and back. */
#include <string.h>

#include <zlib.h>

static const char text[] = "the quick brown fox jumps over the lazy dog, the quick brown fox";

static int zlib_round(void)
{
	unsigned char packed[256], plain[256];
	uLongf n = sizeof packed, m = sizeof plain;

	return compress(packed, &n, (const unsigned char *)text, sizeof text) == Z_OK && n < sizeof text &&
	       uncompress(plain, &m, packed, n) == Z_OK && m == sizeof text && memcmp(plain, text, m) == 0;
}

int main(void)
{
	return zlib_round() ? 0 : 1;
}
