/*
 * Fuzz target: any bytes as the head of a request. A path that is accepted is absolute and holds no
 * control byte.
 */
#include <stdlib.h>

#include "net/serve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena a = {0};
	struct serve_request q;

	if (serve_parse(&a, (struct str){(const char *)data, n}, &q) == 0) {
		if (!q.path.n || q.path.p[0] != '/')
			abort();
		for (size_t i = 0; i < q.path.n; i++)
			if ((unsigned char)q.path.p[i] < 0x20)
				abort();
	}
	arena_fini(&a);
	return 0;
}
