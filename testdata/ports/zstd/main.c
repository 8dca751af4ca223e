/* zstd: there and back at level 19. */
#include <string.h>

#include <zstd.h>

static const char text[] = "the quick brown fox jumps over the lazy dog, the quick brown fox";

static int zstd_round(void)
{
	char packed[256], plain[256];
	size_t n = ZSTD_compress(packed, sizeof packed, text, sizeof text, 19);

	return !ZSTD_isError(n) && ZSTD_decompress(plain, sizeof plain, packed, n) == sizeof text &&
	       memcmp(plain, text, sizeof text) == 0;
}

int main(void)
{
	return zstd_round() ? 0 : 1;
}
