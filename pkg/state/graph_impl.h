/*
 * The second part's layout. Never leaves the room.
 */
#ifndef STATE_GRAPH_IMPL_H
#define STATE_GRAPH_IMPL_H

#include "state/state_impl.h"

enum { ARG_KIND_SHIFT = 28 };

/*
 * A file that an action reads is one word: its entry, whose path is the file's. Anything else (another
 * action's output, a file without an entry) is ODD | an index of inputs, or of strings in lists of
 * discovered inputs.
 */
static const uint32_t ODD = 0x80000000;

struct graph_head {
	uint32_t actions, pool, inputs, outputs, tools, products, goals, trusted, string_bytes;
	uint32_t unused;
};

struct graph_action {
	uint32_t title, target, step, params, tool;
	uint32_t env_at, env_n;	  /* pool: strings */
	uint32_t argv_at, argv_n; /* pool: string, kind << ARG_KIND_SHIFT | index */
	uint32_t in_at, in_n;	  /* pool: inputs, in order */
	uint32_t out_at, out_n;
	uint32_t more_at, more_n;   /* pool: discovered inputs */
	uint8_t tool_cache, placed; /* it runs in a box, makes or reads what is put into the tree */
	uint8_t asks, done;
	uint8_t fenced; /* what is closed to it only the plan knows */
	struct digest key;
};

/* from: STATE_NONE for a file. */
struct graph_input {
	uint32_t path, entry, from, from_output;
};

struct graph_output {
	uint32_t path;
	uint16_t executable, depfile;
	struct digest digest;
};

struct graph_product {
	uint32_t path, entry, action, check, mode;
};

struct graph_parts {
	struct graph_head head;
	struct digest *tools;
	struct graph_output *outputs;
	struct graph_action *actions;
	struct graph_input *inputs;
	struct graph_product *products;
	uint32_t *pool, *goals, *trusted;
	char *text;
};

/* Finds and checks the parts in the n bytes at `at`, which s's head has the sum of. */
bool graph_part_find(const struct state *s, char *at, uint64_t n, struct graph_parts *g);
/* A string by its id; empty for what is none. NUL-terminated. */
struct str graph_str(const struct graph_parts *g, uint32_t id);

#endif
