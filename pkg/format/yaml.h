/*
 * yaml: text -> a tree of nodes with positions, on libyaml's events (YAML 1.1,
 * www.yaml.org/spec/1.1).
 *
 *     struct yaml_node *root;
 *     if (!yaml_parse(&arena, file, bytes, &root, &e))
 *             return false;
 *     for (size_t i = 0; i < root->pairs.n; i++)
 *             use(root->pairs.v[i].key->text, root->pairs.v[i].value);
 *
 * Only the part of YAML that configuration needs: one document of maps, lists and text. Anchors,
 * aliases, tags, directives, keys that are not text, duplicate keys, byte order marks, control
 * bytes, bad UTF-8 and tabs in indentation are refused with place, cause and remedy. Hostile text
 * is bounded: YAML_MAX_BYTES, YAML_MAX_DEPTH and YAML_MAX_NODES.
 */
#ifndef FORMAT_YAML_H
#define FORMAT_YAML_H

#include <stdbool.h>

#include "base/err.h"
#include "base/vec.h"

enum { YAML_MAX_BYTES = 1 << 20, YAML_MAX_DEPTH = 32, YAML_MAX_NODES = 1 << 16 };

enum yaml_kind {
	YAML_NULL, /* nothing, ~ or null */
	YAML_TEXT,
	YAML_LIST,
	YAML_MAP,
};

struct yaml_node;

struct yaml_pair {
	struct yaml_node *key; /* always YAML_TEXT */
	struct yaml_node *value;
};

struct yaml_node {
	enum yaml_kind kind;
	bool plain;    /* text without quotes: may stand for a number, true or false */
	bool flow;     /* a list or map in brackets */
	int line, col; /* 1-based; col counts characters */
	size_t start; /* bytes of the source that it takes, quotes and brackets included; a block */
	size_t end;   /* list or map ends with its last item, before comments that follow */
	struct str text; /* of YAML_TEXT, unquoted; NUL-terminated */
	VEC(struct yaml_node *) items;
	VEC(struct yaml_pair) pairs; /* in file order, keys unique */
};

/*
 * The tree of bytes, in arena a; file is the name for messages. Text without any node gives an
 * empty map. ERR_INPUT with position and remedy for what is refused; nothing points into bytes.
 */
bool yaml_parse(struct arena *a, struct str file, struct str bytes, struct yaml_node **out,
		struct err *e) ATTR_MUST_USE;

/* The value of a map's key, or NULL when map is not a map or has none. */
struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* What a node is, for messages: "nothing", "text", "a list", "a map". A literal. */
const char *yaml_kind_name(const struct yaml_node *n);

#endif
