/* Brotli: there and back, by its dictionary. */
#include <string.h>

#include <brotli/decode.h>
#include <brotli/encode.h>

int main(void)
{
	static const char text[] = "<!DOCTYPE html><html><head><title>the quick brown fox</title></head><body>the quick";
	uint8_t packed[256], again[256];
	size_t n = sizeof packed, m = sizeof again;

	return BrotliEncoderCompress(BROTLI_MAX_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, sizeof text,
				     (const uint8_t *)text, &n, packed) &&
			       n < sizeof text && BrotliDecoderDecompress(n, packed, &m, again) == BROTLI_DECODER_RESULT_SUCCESS &&
			       m == sizeof text && memcmp(text, again, m) == 0
		       ? 0
		       : 1;
}
