/* Fuzz target: any bytes are some C; the facts must be views of what was read, and the two walks agree. */
#include "format/ctok.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void compare_walks(struct str src)
{
	struct ctok fast, slow;
	struct ctok_token f, s;

	ctok_init(&fast, src);
	ctok_init(&slow, src);
	do {
		ctok_next_directive(&fast, &f);
		do
			ctok_next(&slow, &s);
		while (s.kind != CTOK_END && s.kind != CTOK_DIRECTIVE);
		if (f.kind != s.kind || !str_eq(f.text, s.text))
			abort();
	} while (f.kind != CTOK_END);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str src = {(const char *)data, n};
	struct arena a = {0};
	struct ctok_facts facts;

	if (ctok_scan(&a, src, CTOK_MAIN | CTOK_TESTS, &facts))
		for (size_t i = 0; i < facts.includes.n; i++)
			if (facts.includes.v[i].line < 1 || facts.includes.v[i].col < 1 ||
			    !facts.includes.v[i].name.n)
				abort();
	compare_walks(src);
	arena_fini(&a);
	return 0;
}
