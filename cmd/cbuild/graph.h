/*
 * Packages and who imports whom, as `cbuild graph` and `cbuild why` see them.
 */
#ifndef CMD_GRAPH_H
#define CMD_GRAPH_H

#include "cmd.h"

struct graph_node {
	struct package *package;
	struct str label; /* "pkg/log", or a module's path */
	VEC(uint32_t) to; /* what it imports, in order */
};

struct package_graph {
	struct graph_node *v; /* the main module's first, then by module and name */
	size_t n;
};

/* In an open session: opens b for its one target and makes the graph of what patterns name. */
bool graph_open(struct build *b, struct cmd *c, const struct build_opts *o,
		const struct str_vec *patterns, bool tests, struct package_graph *out,
		struct err *e);
/* The packages v and all that they import; tests: what the tests of v import too. In c's arena. */
void graph_make(struct cmd *c, const struct package_set *set, struct package *const *v, size_t n,
		bool tests, struct package_graph *out);
/* The node that name means: a label, a program's name or a module's path. ERR_USAGE with the nearest. */
bool graph_find(struct cmd *c, const struct package_graph *g, struct str name, uint32_t *out,
		struct err *e);
/* A drawing in layers, importers above what they import. The same graph gives the same bytes. */
void graph_svg(struct arena *a, const struct package_graph *g, struct buf *out);

#endif
