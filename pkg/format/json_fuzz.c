/* Fuzz target: what parses must dump, and the dump must parse to the same dump. */
#include "format/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena a = {0};
	struct json *v, *again;
	struct err e;

	if (json_parse(&a, (struct str){(const char *)data, n}, "fuzz", &v, &e)) {
		struct str text = json_dump(&a, v);

		if (!json_parse(&a, text, "fuzz", &again, &e) ||
		    !str_eq(json_dump(&a, again), text))
			abort();
	}
	arena_fini(&a);
	return 0;
}
