/*
 * Fuzz target: any bytes. What parses can be edited, the edit parses again with the new
 * requirement, and removing that leaves a manifest too.
 */
#include <stdlib.h>

#include "manifest/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool requires(const struct manifest *m, struct str path, struct str version)
{
	for (size_t i = 0; i < m->require.n; i++)
		if (str_eq(m->require.v[i].path, path) && str_eq(m->require.v[i].version, version))
			return true;
	return false;
}

/* The edit may refuse an odd spelling, but what it returns must hold. */
static void edit(struct arena *a, struct str bytes)
{
	struct str path = STR("example.com/fuzz"), version = STR("v1.2.3"), out;
	struct manifest m;
	struct err e;

	if (!manifest_edit_require(a, STR("f"), bytes, path, version, &out, &e))
		return;
	if (!manifest_parse(a, STR("f"), out, &m, &e) || !requires(&m, path, version))
		abort();
	if (!manifest_edit_require(a, STR("f"), out, path, STR(""), &out, &e))
		return;
	if (!manifest_parse(a, STR("f"), out, &m, &e) || requires(&m, path, version))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena a = {0};
	struct str bytes = {(const char *)data, n};
	struct manifest m;
	struct err e;

	if (manifest_parse(&a, STR("f"), bytes, &m, &e) && !str_eqc(m.module, "example.com/fuzz"))
		edit(&a, bytes);
	arena_fini(&a);
	return 0;
}
