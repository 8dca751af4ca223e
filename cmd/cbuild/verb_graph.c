/*
 * cbuild graph: packages and who imports whom.
 */
#include <stdio.h>

#include "graph.h"

static void print_names(struct buf *b, const struct package_graph *g, const struct graph_node *node)
{
	for (size_t i = 0; i < node->to.n; i++) {
		buf_addc(b, i ? "," : "");
		buf_add_json(b, g->v[node->to.v[i]].label);
	}
}

static void add_json(const struct package_graph *g, struct buf *b)
{
	for (size_t i = 0; i < g->n; i++) {
		buf_addc(b, "{\"name\":");
		buf_add_json(b, g->v[i].label);
		buf_printf(b, ",\"main\":%s,\"imports\":[",
			   g->v[i].package->module->main ? "true" : "false");
		print_names(b, g, &g->v[i]);
		buf_addc(b, "]}\n");
	}
}

static void add_text(const struct package_graph *g, struct buf *b)
{
	for (size_t i = 0; i < g->n; i++) {
		buf_adds(b, g->v[i].label);
		for (size_t k = 0; k < g->v[i].to.n; k++)
			buf_printf(b, "%s%.*s", k ? " " : ": ",
				   STR_ARG(g->v[g->v[i].to.v[k]].label));
		buf_add_byte(b, '\n');
	}
}

static void add_dot(const struct package_graph *g, struct buf *b)
{
	buf_addc(b, "digraph packages {\n\tnode [shape=box, fontname=monospace];\n");
	for (size_t i = 0; i < g->n; i++) {
		const struct package *p = g->v[i].package;

		buf_add_byte(b, '\t');
		buf_add_quoted(b, g->v[i].label);
		buf_printf(b, "%s;\n",
			   !p->module->main ? " [style=dashed]"
			   : p->programs.n  ? " [style=bold]"
					    : "");
	}
	for (size_t i = 0; i < g->n; i++)
		for (size_t k = 0; k < g->v[i].to.n; k++) {
			buf_add_byte(b, '\t');
			buf_add_quoted(b, g->v[i].label);
			buf_addc(b, " -> ");
			buf_add_quoted(b, g->v[g->v[i].to.v[k]].label);
			buf_addc(b, ";\n");
		}
	buf_addc(b, "}\n");
}

bool verb_graph(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct build_opts o = {.no_tools = true};
	bool dot = false, svg = false, tests = false;
	const struct opt opts[] = {{"--dot", OPT_FLAG, &dot},
				   {"--svg", OPT_FLAG, &svg},
				   {"--tests", OPT_FLAG, &tests},
				   {"--target", OPT_LIST, &o.targets},
				   {0}};
	struct package_graph g;
	struct build b;
	struct buf text = {0};

	if (!opt_parse(c, args, opts, false, e))
		return false;
	if (dot + svg + c->json > 1)
		return err_set(e, ERR_USAGE, "choose one of --dot, --svg and --json");
	if (!session_open(c, e) || !session_patterns(c, args, e) ||
	    !graph_open(&b, c, &o, args, tests, &g, e))
		return false;
	if (dot)
		add_dot(&g, &text);
	else if (svg)
		graph_svg(&c->arena, &g, &text);
	else if (c->json)
		add_json(&g, &text);
	else
		add_text(&g, &text);
	fwrite(text.n ? text.p : "", 1, text.n, stdout);
	buf_fini(&text);
	return true;
}
