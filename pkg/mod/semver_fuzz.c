/*
 * Fuzz target: lines of versions, tags, links. Order is antisymmetric and reflexive, a version
 * survives the way to a tag and back, and no link that is accepted climbs above the root.
 */
#include <stdlib.h>

#include "mod/mod_impl.h"

/* A pseudo-version lies behind its base, and is made again from its parts. */
static void check_pseudo(struct arena *a, struct str v)
{
	struct str base;

	if (!pseudo_parse(v, NULL))
		return;
	base = pseudo_base(a, v);
	if (base.n && (!semver_valid(base) || semver_cmp(base, v) >= 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void check_pair(struct str a, struct str b)
{
	if (!semver_valid(a) || !semver_valid(b))
		return;
	if (sign(semver_cmp(a, b)) != -sign(semver_cmp(b, a)) || semver_cmp(a, a) != 0)
		abort();
}

static void check_tags(struct arena *a, struct str pattern, struct str version)
{
	struct manifest port = {.source.tag = pattern};
	struct str_vec tags = {0};
	struct str back;

	port_tags(a, &port, version, &tags);
	for (size_t i = 0; i < tags.n; i++)
		if (port_version(a, &port, tags.v[i], &back) && !semver_valid(back))
			abort();
	if (port_version(a, NULL, version, &back) && !str_eq(back, version))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena a = {0};
	struct str rest = {(const char *)data, n}, line, last = {0};

	while (str_line(&rest, &line)) {
		check_pair(last, line);
		check_tags(&a, last, line);
		check_pseudo(&a, line);
		if (link_stays_inside(STR("l"), line) &&
		    (str_startsc(line, "../") || str_eqc(line, "..")))
			abort();
		last = line;
	}
	arena_fini(&a);
	return 0;
}
