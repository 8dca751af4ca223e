/*
 * Files carried inside the binary: toolchain/ and ports/ descriptors and the test runtime. The tables are
 * generated at build time (scripts/embed, build/gen/assets.c).
 */
#ifndef BASE_EMBED_H
#define BASE_EMBED_H

#include "base/str.h"

struct embed_file {
	const char *name; /* relative path, "ports/zlib.yaml" */
	struct str data;
};

extern const struct embed_file embed_files[]; /* sorted by name */
extern const size_t embed_file_count;

/* The embedded file of that name, or NULL. */
const struct embed_file *embed_find(struct str name);

#endif
