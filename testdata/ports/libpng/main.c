/* libpng: an image written and read, row filters and all. */
#include <stdlib.h>
#include <string.h>

#include <png.h>

enum { SIDE = 64, BYTES = SIDE * SIDE * 4 };

int main(void)
{
	static unsigned char pixels[BYTES], again[BYTES];
	png_image out = {.version = PNG_IMAGE_VERSION, .width = SIDE, .height = SIDE, .format = PNG_FORMAT_RGBA};
	png_image in = {.version = PNG_IMAGE_VERSION};
	png_alloc_size_t n = 0;
	void *packed;
	int ok;

	for (size_t i = 0; i < BYTES; i++)
		pixels[i] = (unsigned char)(i % 4 == 3 ? 255 : i / 7);
	if (!png_image_write_get_memory_size(out, n, 0, pixels, 0, NULL) || !(packed = malloc(n)))
		return 1;
	ok = png_image_write_to_memory(&out, packed, &n, 0, pixels, 0, NULL) && n < BYTES / 2 &&
	     png_image_begin_read_from_memory(&in, packed, n) && in.width == SIDE && in.height == SIDE;
	in.format = PNG_FORMAT_RGBA;
	ok = ok && png_image_finish_read(&in, NULL, again, 0, NULL) && memcmp(pixels, again, BYTES) == 0;
	free(packed);
	return ok ? 0 : 1;
}
