/* utf8proc: composed, folded, and the width of a wide character. */
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

int main(void)
{
	utf8proc_uint8_t *nfc = utf8proc_NFC((const utf8proc_uint8_t *)"e\xcc\x81");
	utf8proc_uint8_t *folded = utf8proc_NFKC_Casefold((const utf8proc_uint8_t *)"Stra\xc3\x9f" "E");
	int ok = nfc && folded && strcmp((char *)nfc, "\xc3\xa9") == 0 && strcmp((char *)folded, "strasse") == 0 &&
		 utf8proc_charwidth(0x4e2d) == 2 && strcmp(utf8proc_category_string(0x4e2d), "Lo") == 0;

	free(nfc);
	free(folded);
	return ok ? 0 : 1;
}
