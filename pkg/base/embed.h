/*
 * Files carried inside the binary: toolchain/, ports/ and foreign/, and the test runtime. The table is what
 * `embed:` of cbuild.yaml makes when cbuild builds itself; scripts/embed.c makes the same for the Makefile.
 */
#ifndef BASE_EMBED_H
#define BASE_EMBED_H

#include "base/str.h"

struct embed_file {
	struct str name; /* relative path, "ports/zlib.yaml" */
	struct str data;
};

size_t embed_count(void);
/* File number i; they are sorted by name. */
struct embed_file embed_at(size_t i);
/* The data of the embedded file of that name; false when there is none. */
bool embed_find(struct str name, struct str *data) ATTR_MUST_USE;

#endif
