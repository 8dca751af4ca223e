/* LZ4: there and back. */
#include <lz4.h>

static const char text[] = "the quick brown fox jumps over the lazy dog, the quick brown fox";

static int lz4_round(void)
{
	char packed[256], plain[256];
	int n = LZ4_compress_default(text, packed, sizeof text, sizeof packed);

	return n > 0 && LZ4_decompress_safe(packed, plain, n, sizeof plain) == (int)sizeof text;
}

int main(void)
{
	return lz4_round() ? 0 : 1;
}
