/* xxHash: its published values, whole and in pieces. */
#include <xxhash.h>

int main(void)
{
	XXH3_state_t *s = XXH3_createState();
	static unsigned char bytes[4096];
	int ok = XXH32("", 0, 0) == 0x02cc5d05 && XXH64("", 0, 0) == 0xef46db3751d8e999ULL &&
		 XXH3_64bits("", 0) == 0x2d06800538d394c2ULL;

	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * 31);
	XXH3_64bits_reset(s);
	for (unsigned i = 0; i < sizeof bytes; i += 64)
		XXH3_64bits_update(s, bytes + i, 64);
	ok = ok && XXH3_64bits_digest(s) == XXH3_64bits(bytes, sizeof bytes);
	XXH3_freeState(s);
	return ok ? 0 : 1;
}
