/* liblzma: an .xz stream made by two threads, and read again. */
#include <string.h>

#include <lzma.h>

static unsigned char plain[1 << 20], packed[1 << 20], again[1 << 20];

static size_t pack(void)
{
	lzma_mt mt = {.threads = 2, .preset = 1, .check = LZMA_CHECK_CRC64, .block_size = 1 << 18};
	lzma_stream s = LZMA_STREAM_INIT;
	size_t n;

	if (lzma_stream_encoder_mt(&s, &mt) != LZMA_OK)
		return 0;
	s.next_in = plain;
	s.avail_in = sizeof plain;
	s.next_out = packed;
	s.avail_out = sizeof packed;
	n = lzma_code(&s, LZMA_FINISH) == LZMA_STREAM_END ? sizeof packed - s.avail_out : 0;
	lzma_end(&s);
	return n;
}

int main(void)
{
	size_t n, in = 0, out = 0;
	uint64_t memory = UINT64_MAX;

	for (size_t i = 0; i < sizeof plain; i++)
		plain[i] = (unsigned char)(i * i >> 7);
	n = pack();
	return n && lzma_stream_buffer_decode(&memory, 0, NULL, packed, &in, n, again, &out, sizeof again) == LZMA_OK &&
			       out == sizeof plain && memcmp(plain, again, out) == 0
		       ? 0
		       : 1;
}
