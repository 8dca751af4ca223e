/*
 * Fuzz target: any bytes as cbuild.sum. What parses is written again as text that parses to the
 * same.
 */
#include <stdlib.h>

#include "mod/mod_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena a = {0};
	struct sum_file first = {0}, second = {0};
	struct err e;

	if (sum_parse(&a, STR("s"), (struct str){(const char *)data, n}, &first, &e)) {
		struct str text = sum_text(&a, &first, NULL);

		if (!sum_parse(&a, STR("s"), text, &second, &e) ||
		    !str_eq(text, sum_text(&a, &second, NULL)))
			abort();
	}
	arena_fini(&a);
	return 0;
}
