/* FreeType: the one glyph of a BDF font that stands here, and an outline drawn smooth. */
#include <ft2build.h>
#include FT_FREETYPE_H
#include FT_OUTLINE_H

static const char bdf[] = "STARTFONT 2.1\nFONT -x-y-medium-r-normal--8-80-75-75-c-80-iso10646-1\nSIZE 8 75 75\n"
			  "FONTBOUNDINGBOX 8 8 0 0\nSTARTPROPERTIES 2\nFONT_ASCENT 8\nFONT_DESCENT 0\nENDPROPERTIES\n"
			  "CHARS 1\nSTARTCHAR A\nENCODING 65\nSWIDTH 1000 0\nDWIDTH 8 0\nBBX 8 8 0 0\nBITMAP\n"
			  "18\n3C\n66\n66\n7E\n66\n66\n00\nENDCHAR\nENDFONT\n";

static int bitmap_glyph(FT_Library lib)
{
	FT_Face face;

	return FT_New_Memory_Face(lib, (const FT_Byte *)bdf, sizeof bdf - 1, 0, &face) == 0 &&
	       FT_Set_Pixel_Sizes(face, 0, 8) == 0 && FT_Load_Char(face, 'A', FT_LOAD_DEFAULT) == 0 &&
	       face->glyph->bitmap.rows == 8 && face->glyph->bitmap.buffer[0] == 0x18 && FT_Done_Face(face) == 0;
}

/* A square of 8 by 8 pixels, half a pixel from the edge. */
static int smooth_square(FT_Library lib)
{
	FT_Vector points[] = {{32, 32}, {544, 32}, {544, 544}, {32, 544}};
	char tags[] = {FT_CURVE_TAG_ON, FT_CURVE_TAG_ON, FT_CURVE_TAG_ON, FT_CURVE_TAG_ON};
	unsigned char pixels[16 * 16] = {0};
	FT_Bitmap bitmap = {.rows = 16, .width = 16, .pitch = 16, .buffer = pixels, .num_grays = 256,
			    .pixel_mode = FT_PIXEL_MODE_GRAY};
	FT_Outline outline = {.n_contours = 1, .n_points = 4, .points = points, .tags = (void *)tags};
#if FREETYPE_MAJOR == 2 && (FREETYPE_MINOR < 13 || (FREETYPE_MINOR == 13 && FREETYPE_PATCH < 3))
	short ends[] = {3};
#else
	unsigned short ends[] = {3};
#endif

	outline.contours = ends;
	return FT_Outline_Get_Bitmap(lib, &outline, &bitmap) == 0 && pixels[16 * 12 + 4] == 255 &&
	       pixels[16 * 12] > 100 && pixels[16 * 12] < 156;
}

int main(void)
{
	FT_Library lib;
	int ok;

	if (FT_Init_FreeType(&lib) != 0)
		return 1;
	ok = bitmap_glyph(lib) && smooth_square(lib);
	FT_Done_FreeType(lib);
	return ok ? 0 : 1;
}
