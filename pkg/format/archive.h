/*
 * archive: unpacking of tar (any compression libarchive knows), zip and ar/deb, hostile by assumption.
 *
 * Every entry's path passes path_is_local after stripping; entries are created through openat from the
 * destination folder following no link; devices, fifos, sockets, hard links outside, absolute or escaping
 * symbolic links, duplicate paths and case collisions of files are refused; totals are limited.
 */
#ifndef FORMAT_ARCHIVE_H
#define FORMAT_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct archive_opts {
	unsigned strip;            /* leading path parts dropped */
	uint64_t max_bytes;        /* of all content; 0: 2 GiB */
	uint64_t max_entries;      /* 0: 200,000 */
	struct str only;           /* only entries below this folder (after strip); empty: all */
	bool allow_absolute_links; /* sysroots: absolute link targets are taken relative to the root */
	bool skip_special;         /* leave out devices and the like instead of refusing */
};

/* Unpacks file into folder dir (made; must be empty or absent). Modes 0644 or 0755, times not kept. */
bool archive_unpack(const char *file, const char *dir, const struct archive_opts *o, struct err *e) ATTR_MUST_USE;

#endif
