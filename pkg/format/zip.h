/*
 * zip: a deterministic archive writer (PKWARE's APPNOTE 6.3), by libarchive; read it with archive.h.
 *
 *     struct zip *z;
 *     zip_open("x.zip", &z, &e)
 *     zip_add(z, &(struct zip_entry){.path = "a/b.c", .mode = 0644}, bytes, &e)
 *     zip_close(z, &e)
 *
 * The bytes depend on the calls and the compressor's version alone: no times, no owners. Order and
 * names are the caller's.
 */
#ifndef FORMAT_ZIP_H
#define FORMAT_ZIP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct zip_entry {
	const char *path; /* relative, no slash at either end */
	uint32_t mode;	  /* permission bits */
	bool link;	  /* a symbolic link: its content is the target */
};

struct zip;

/* Writes to path, which is made or emptied; temporary and rename are the caller's. */
bool zip_open(const char *path, struct zip **out, struct err *e) ATTR_MUST_USE;
bool zip_add(struct zip *z, const struct zip_entry *entry, struct str content,
	     struct err *e) ATTR_MUST_USE;
/* Writes the end and frees z, also on error. Accepts NULL. */
bool zip_close(struct zip *z, struct err *e) ATTR_MUST_USE;

#endif
