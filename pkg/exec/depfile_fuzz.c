/* Fuzz target: any bytes are some depfile; what comes out is sorted, unique and not empty. */
#include <stdlib.h>

#include "exec/exec_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena a = {0};
	struct str_vec paths;
	struct err e;

	if (depfile_parse(&a, str_from((const char *)data, n), &paths, &e)) {
		for (size_t i = 0; i < paths.n; i++) {
			if (!paths.v[i].n || (i && str_cmp(paths.v[i - 1], paths.v[i]) >= 0))
				abort();
		}
	}
	arena_fini(&a);
	return 0;
}
