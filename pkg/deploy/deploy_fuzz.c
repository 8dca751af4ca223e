/*
 * The journal: whatever stands in it, the view holds together.
 */
#include <stdlib.h>

#include "deploy/deploy_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct place p = {.arena = &a, .ops = &place_folder, .dir = STR("nowhere")};
	size_t whole = journal_parse(&p, (struct str){(const char *)data, size});

	if (whole > size)
		abort();
	for (size_t i = 0; i < p.view.generations.n; i++) {
		struct generation *g = &p.view.generations.v[i];

		g->present = true;
		if (!g->number || generation_find(&p, g->number) != g)
			abort();
		p.view.current_number = g->number;
		if (generation_back(&p) == g)
			abort();
	}
	arena_fini(&a);
	return 0;
}
