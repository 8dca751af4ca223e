/*
 * cbuild why: the shortest chain of imports from one package to another, and the includes behind it.
 */
#include <stdio.h>

#include "graph.h"

/* Breadth first from one node; by[i] is the node that led to i, UINT32_MAX where none did. */
static bool find_chain(struct cmd *c, const struct package_graph *g, uint32_t from, uint32_t to,
		       uint32_t *by)
{
	VEC(uint32_t) queue = {0};

	for (size_t i = 0; i < g->n; i++)
		by[i] = UINT32_MAX;
	by[from] = from;
	*vec_push(&c->arena, &queue) = from;
	for (size_t at = 0; at < queue.n && by[to] == UINT32_MAX; at++) {
		const struct graph_node *node = &g->v[queue.v[at]];

		for (size_t k = 0; k < node->to.n; k++) {
			uint32_t next = node->to.v[k];

			if (by[next] != UINT32_MAX)
				continue;
			by[next] = queue.v[at];
			*vec_push(&c->arena, &queue) = next;
		}
	}
	return by[to] != UINT32_MAX;
}

static void add_step(struct cmd *c, const struct graph_node *from, const struct graph_node *to,
		     const struct include_chain *chain, struct buf *b)
{
	if (!c->json) {
		for (size_t i = 0; i < chain->n; i++)
			buf_printf(b, "  %.*s:%d: #include %.*s\n", STR_ARG(chain->v[i].path),
				   chain->v[i].line, STR_ARG(chain->v[i].text));
		if (!chain->n)
			buf_printf(b, "  %.*s: uses\n",
				   STR_ARG(from->package->module->manifest->file));
		buf_printf(b, "%.*s\n", STR_ARG(to->label));
		return;
	}
	buf_addc(b, "{\"from\":");
	buf_add_json(b, from->label);
	buf_addc(b, ",\"to\":");
	buf_add_json(b, to->label);
	buf_addc(b, ",\"includes\":[");
	for (size_t i = 0; i < chain->n; i++) {
		buf_addc(b, i ? ",{\"file\":" : "{\"file\":");
		buf_add_json(b, chain->v[i].path);
		buf_printf(b, ",\"line\":%d,\"include\":", chain->v[i].line);
		buf_add_json(b, chain->v[i].text);
		buf_add_byte(b, '}');
	}
	buf_addc(b, "]}\n");
}

static void print_chain(struct cmd *c, const struct package_set *set, const struct package_graph *g,
			const uint32_t *by, uint32_t to, bool tests)
{
	VEC(uint32_t) path = {0};
	struct buf b = {0};

	for (*vec_push(&c->arena, &path) = to; by[to] != to; to = by[to])
		*vec_push(&c->arena, &path) = by[to];
	if (!c->json)
		buf_printf(&b, "%.*s\n", STR_ARG(g->v[to].label));
	for (size_t i = path.n - 1; i > 0; i--) {
		const struct graph_node *from = &g->v[path.v[i]], *next = &g->v[path.v[i - 1]];
		struct include_chain chain;

		load_why(&c->arena, set, from->package, next->package, tests, &chain);
		add_step(c, from, next, &chain, &b);
	}
	fwrite(b.n ? b.p : "", 1, b.n, stdout);
	buf_fini(&b);
}

bool verb_why(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct build_opts o = {.no_tools = true};
	bool tests = false;
	const struct opt opts[] = {
	    {"--tests", OPT_FLAG, &tests}, {"--target", OPT_LIST, &o.targets}, {0}};
	struct str_vec all = {0};
	struct package_graph g;
	struct build b;
	uint32_t from, to, *by;

	if (!opt_parse(c, args, opts, false, e))
		return false;
	if (args->n != 2)
		return err_set(e, ERR_USAGE, "why wants two packages: cbuild why A B");
	if (!session_open(c, e) || !session_patterns(c, args, e) ||
	    !graph_open(&b, c, &o, &all, tests, &g, e) ||
	    !graph_find(c, &g, args->v[0], &from, e) || !graph_find(c, &g, args->v[1], &to, e))
		return false;
	by = arena_array(&c->arena, uint32_t, g.n);
	if (!find_chain(c, &g, from, to, by)) {
		err_set(e, ERR_INPUT, "%.*s does not need %.*s", STR_ARG(g.v[from].label),
			STR_ARG(g.v[to].label));
		return tests ? false : err_fix(e, "its tests may: add --tests");
	}
	print_chain(c, &b.targets[0].set, &g, by, to, tests);
	return true;
}
