/* libjpeg-turbo: an image through libjpeg's interface and back through TurboJPEG's. */
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <turbojpeg.h>

enum { SIDE = 64 };

static unsigned char pixels[SIDE][SIDE * 3], again[SIDE * SIDE * 3];

static unsigned long pack(unsigned char **bytes)
{
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr errors;
	unsigned long n = 0;

	c.err = jpeg_std_error(&errors);
	jpeg_create_compress(&c);
	jpeg_mem_dest(&c, bytes, &n);
	c.image_width = c.image_height = SIDE;
	c.input_components = 3;
	c.in_color_space = JCS_RGB;
	jpeg_set_defaults(&c);
	jpeg_set_quality(&c, 95, TRUE);
	jpeg_simple_progression(&c);
	jpeg_start_compress(&c, TRUE);
	while (c.next_scanline < SIDE) {
		JSAMPROW row = pixels[c.next_scanline];

		jpeg_write_scanlines(&c, &row, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	return n;
}

int main(void)
{
	unsigned char *bytes = NULL;
	unsigned long n;
	tjhandle t = tjInitDecompress();
	int w = 0, h = 0, subsampling, colours, ok;

	for (int y = 0; y < SIDE; y++)
		for (int x = 0; x < SIDE * 3; x++)
			pixels[y][x] = (unsigned char)(x + y);
	n = pack(&bytes);
	ok = n > 0 && tjDecompressHeader3(t, bytes, n, &w, &h, &subsampling, &colours) == 0 && w == SIDE && h == SIDE &&
	     tjDecompress2(t, bytes, n, again, SIDE, 0, SIDE, TJPF_RGB, 0) == 0;
	for (int i = 0; ok && i < SIDE * SIDE * 3; i++)
		ok = abs(again[i] - pixels[i / (SIDE * 3)][i % (SIDE * 3)]) < 24;
	tjDestroy(t);
	free(bytes);
	return ok ? 0 : 1;
}
