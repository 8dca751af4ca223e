/*
 * The header that cbuild's `embed:` makes, for the Makefile: what scripts/embed.c writes defines these.
 */
#ifndef EMBED_ASSETS_H
#define EMBED_ASSETS_H

#include <stddef.h>

struct embedded {
	const char *name; /* relative path */
	const unsigned char *data;
	size_t size;
};

extern const struct embedded embed_assets[]; /* sorted by name */
extern const size_t embed_assets_count;

#endif
