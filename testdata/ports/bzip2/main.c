/* bzip2: there and back. */
#include <string.h>

#include <bzlib.h>

int main(void)
{
	char text[1000], packed[2000], again[1000];
	unsigned int n = sizeof packed, m = sizeof again;

	memset(text, 'x', sizeof text);
	return BZ2_bzBuffToBuffCompress(packed, &n, text, sizeof text, 9, 0, 0) == BZ_OK && n < 100 &&
			       BZ2_bzBuffToBuffDecompress(again, &m, packed, n, 0, 0) == BZ_OK && m == sizeof text &&
			       memcmp(text, again, m) == 0
		       ? 0
		       : 1;
}
