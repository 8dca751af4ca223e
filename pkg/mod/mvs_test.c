/*
 * Selection, upgrade, downgrade and the least requirements on random graphs, each compared with the plain
 * definition: closures and fixpoints over all nodes instead of walks.
 */
#include <string.h>

#include "cbuild/test.h"
#include "mod/mvs_impl.h"

enum { PATHS = 6, VERSIONS = 5, NODES = PATHS * VERSIONS };

/* edge[i][k]: version i requires version k. Node NODES is the main module. */
struct graph {
	struct arena *a;
	bool edge[NODES + 1][NODES];
	bool fail[NODES];
};

static struct mod_version node_name(struct arena *a, int i)
{
	return (struct mod_version){str_fmt(a, "m.org/p%d", i / VERSIONS),
				    str_fmt(a, "v1.%d.0", 8 + i % VERSIONS)};
}

static int node_index(const struct mod_version *v)
{
	uint64_t minor = 0;
	struct str rest = str_skip(v->version, 3);

	if (!str_u64(str_cut(&rest, '.'), &minor))
		return 0;
	return (v->path.p[v->path.n - 1] - '0') * VERSIONS + (int)minor - 8;
}

static void push_edges(struct graph *g, int from, struct mod_versions *out)
{
	for (int k = 0; k < NODES; k++)
		if (g->edge[from][k])
			*vec_push(g->a, out) = node_name(g->a, k);
}

static bool graph_requires(void *ctx, const struct mod_version *of, struct mod_versions *out,
			   struct err *e)
{
	struct graph *g = ctx;

	if (g->fail[node_index(of)])
		return err_set(e, ERR_INPUT, "no such version");
	push_edges(g, node_index(of), out);
	return true;
}

/* The next lower version, of all that there are. */
static bool graph_previous(void *ctx, const struct mod_version *v, struct str *out, struct err *e)
{
	struct graph *g = ctx;
	int i = node_index(v);

	(void)e;
	*out = i % VERSIONS ? node_name(g->a, i - 1).version : STR("");
	return true;
}

static bool graph_latest(void *ctx, const struct mod_version *v, struct str *out, struct err *e)
{
	struct graph *g = ctx;

	(void)e;
	*out = node_name(g->a, node_index(v) / VERSIONS * VERSIONS + VERSIONS - 1).version;
	return true;
}

/* Warshall's closure from the roots, then the greatest version a path; -1: none. */
static void brute_force(const struct graph *g, const bool roots[NODES], int best[PATHS])
{
	static bool reach[NODES + 1][NODES];

	memcpy(reach, g->edge, sizeof reach);
	memcpy(reach[NODES], roots, sizeof reach[NODES]);
	for (int via = 0; via < NODES; via++)
		for (int i = 0; i <= NODES; i++)
			for (int k = 0; k < NODES; k++)
				reach[i][k] = reach[i][k] || (reach[i][via] && reach[via][k]);
	for (int p = 0; p < PATHS; p++)
		best[p] = -1;
	for (int k = 0; k < NODES; k++)
		if (reach[NODES][k] && k > best[k / VERSIONS])
			best[k / VERSIONS] = k;
}

static void chosen(const int best[PATHS], bool roots[NODES])
{
	memset(roots, 0, NODES * sizeof *roots);
	for (int p = 0; p < PATHS; p++)
		if (best[p] >= 0)
			roots[best[p]] = true;
}

/* limit[p]: node, p * VERSIONS - 1 for no version at all, NODES for no limit. */
static void brute_downgrade(const struct graph *g, const int limit_in[PATHS], int best[PATHS])
{
	bool bad[NODES] = {false}, roots[NODES];
	int limit[PATHS], was[PATHS], lower[PATHS];

	brute_force(g, g->edge[NODES], was);
	for (int p = 0; p < PATHS; p++) {
		limit[p] = limit_in[p];
		if (was[p] >= 0 && was[p] < limit[p])
			limit[p] = was[p];
	}
	for (int k = 0; k < NODES; k++)
		bad[k] = k > limit[k / VERSIONS];
	for (int again = 0; again < NODES; again++)
		for (int k = 0; k < NODES; k++)
			for (int to = 0; to < NODES; to++)
				bad[k] = bad[k] || (g->edge[k][to] && bad[to]);
	for (int p = 0; p < PATHS; p++) {
		lower[p] = was[p];
		while (lower[p] >= p * VERSIONS && bad[lower[p]])
			lower[p]--;
		if (lower[p] < p * VERSIONS)
			lower[p] = -1;
	}
	chosen(lower, roots);
	brute_force(g, roots, best);
	for (int p = 0; p < PATHS; p++)
		if (was[p] < 0)
			best[p] = -1;
	chosen(best, roots);
	brute_force(g, roots, best);
}

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void expect(struct test *t, const char *what, uint64_t seed, const struct mod_versions *got,
		   const int best[PATHS])
{
	size_t n = 0;

	for (int p = 0; p < PATHS; p++)
		n += best[p] >= 0;
	T_CHECK(t, got->n == n, "%s, seed %llu: %zu selected, want %zu", what,
		(unsigned long long)seed, got->n, n);
	for (size_t i = 0; i < got->n; i++) {
		int k = node_index(&got->v[i]);

		T_CHECK(t, k == best[k / VERSIONS], "%s, seed %llu: got node %d, want %d", what,
			(unsigned long long)seed, k, best[k / VERSIONS]);
	}
}

static void random_graph(struct graph *g, uint64_t *x)
{
	unsigned density = 8 + (unsigned)(next_random(x) % 60);

	for (int i = 0; i <= NODES; i++)
		for (int k = 0; k < NODES; k++)
			g->edge[i][k] = next_random(x) % density == 0 && i != k;
}

static void check_downgrade(struct test *t, struct graph *g, struct mvs *m,
			    const struct mod_versions *roots, uint64_t *x, uint64_t seed)
{
	struct mod_versions limits = {0}, got = {0};
	int limit[PATHS], best[PATHS];
	struct err e;

	for (int p = 0; p < PATHS; p++)
		limit[p] = NODES;
	for (int n = 1 + (int)(next_random(x) % 2); n > 0; n--) {
		int k = (int)(next_random(x) % NODES), p = k / VERSIONS;
		bool none = next_random(x) % 4 == 0;

		if (limit[p] < NODES)
			continue;
		limit[p] = none ? p * VERSIONS - 1 : k;
		*vec_push(g->a, &limits) = node_name(g->a, k);
		if (none)
			limits.v[limits.n - 1].version = STR("");
	}
	T_MUST(t, mvs_downgrade(m, roots, &limits, &got, &e));
	brute_downgrade(g, limit, best);
	expect(t, "downgrade", seed, &got, best);
}

/* The least requirements select the same, and none but base's can be spared. */
static void check_minimal(struct test *t, struct graph *g, struct mvs *m,
			  const struct mod_versions *list, uint64_t seed)
{
	struct mod_versions least = {0};
	struct str_vec base = {0};
	int best[PATHS], want[PATHS];
	bool roots[NODES] = {false};
	struct err e;

	if (list->n)
		*vec_push(g->a, &base) = list->v[seed % list->n].path;
	T_MUST(t, mvs_minimal(m, list, &base, &least, &e));
	brute_force(g, g->edge[NODES], want);
	for (size_t i = 0; i < least.n; i++)
		roots[node_index(&least.v[i])] = true;
	brute_force(g, roots, best);
	T_CHECK(t, memcmp(best, want, sizeof best) == 0, "seed %llu: the least select others",
		(unsigned long long)seed);
	for (size_t i = 0; i < least.n; i++) {
		if (str_vec_has(&base, least.v[i].path))
			continue;
		roots[node_index(&least.v[i])] = false;
		brute_force(g, roots, best);
		roots[node_index(&least.v[i])] = true;
		T_CHECK(t, memcmp(best, want, sizeof best) != 0, "seed %llu: %s can be spared",
			(unsigned long long)seed, str_c(g->a, least.v[i].path));
	}
}

static void check_random(struct test *t, uint64_t seed)
{
	struct arena a = {0};
	struct graph g = {.a = &a}, up;
	struct mvs_reqs reqs = {&g, graph_requires, graph_previous};
	struct mvs *m = mvs_new(&a, &reqs);
	struct mod_versions roots = {0}, selected = {0}, reached = {0}, upgraded = {0};
	int best[PATHS];
	uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;
	struct err e;

	random_graph(&g, &x);
	push_edges(&g, NODES, &roots);
	T_MUST(t, mvs_select(m, &roots, &selected, &reached, &e));
	brute_force(&g, g.edge[NODES], best);
	expect(t, "selection", seed, &selected, best);
	check_minimal(t, &g, m, &selected, seed);
	check_downgrade(t, &g, m, &roots, &x, seed);
	T_MUST(t, mvs_upgrade_all(m, &roots, graph_latest, &upgraded, &e));
	up = g;
	for (int k = 0; k < NODES; k++)
		up.edge[k][k / VERSIONS * VERSIONS + VERSIONS - 1] = true;
	brute_force(&up, up.edge[NODES], best);
	expect(t, "upgrade", seed, &upgraded, best);
	arena_fini(&a);
}

void TestMvsAgainstBruteForce(struct test *t)
{
	for (uint64_t seed = 1; seed <= 1000; seed++)
		check_random(t, seed);
}

static bool requires_nothing(void *ctx, const struct mod_version *of, struct mod_versions *out,
			     struct err *e)
{
	(void)ctx;
	(void)of;
	(void)out;
	(void)e;
	return true;
}

/* Build metadata has no order in semver; the choice must not depend on who comes first. */
void TestMvsMetadataInAnyOrder(struct test *t)
{
	struct mod_version v[] = {{STR("m.org/a"), STR("v1.0.0+a")},
				  {STR("m.org/a"), STR("v1.0.0+b")},
				  {STR("m.org/a"), STR("v1.0.0+a")}};
	struct mvs_reqs reqs = {NULL, requires_nothing, NULL};
	struct arena a = {0};
	struct err e = {0};

	for (size_t i = 0; i < 2; i++) {
		struct mod_versions roots = {.v = v + i, .n = 2}, got = {0};

		T_MUST(t, mvs_select(mvs_new(&a, &reqs), &roots, &got, NULL, &e) && got.n == 1);
		T_EQ_STR(t, got.v[0].version.p, "v1.0.0+b");
	}
	arena_fini(&a);
}

void TestMvsNamesTheChain(struct test *t)
{
	struct arena a = {0};
	struct graph g = {.a = &a};
	struct mod_versions roots = {0}, selected = {0};
	struct mvs_reqs reqs = {.ctx = &g, .required = graph_requires};
	struct err e = {0};

	g.edge[NODES][0] = g.edge[0][7] = g.edge[7][12] = g.fail[12] = true;
	push_edges(&g, NODES, &roots);
	T_OK(t, !mvs_select(mvs_new(&a, &reqs), &roots, &selected, NULL, &e));
	T_EQ_STR(t, e.chain, "required by m.org/p1 v1.10.0\nrequired by m.org/p0 v1.8.0");
	arena_fini(&a);
}
