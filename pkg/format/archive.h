/*
 * archive: unpacking of tar (plain, gzip, bzip2, xz, lzma, zstd, compress), zip, ar and Debian
 * packages (the files of their data.tar), hostile by assumption.
 *
 * Every entry's path passes path_is_local after stripping; entries are created through openat from
 * the destination folder following no link; devices, fifos, sockets, hard links outside, absolute
 * or escaping symbolic links, duplicate paths and case collisions of files are refused; totals are
 * limited.
 */
#ifndef FORMAT_ARCHIVE_H
#define FORMAT_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct archive_opts {
	unsigned strip;	      /* leading path parts dropped */
	uint64_t max_bytes;   /* of all content; 0: 2 GiB */
	uint64_t max_entries; /* 0: 200,000 */
	uint32_t max_ratio;   /* bytes of content for one of the archive, beyond the first 16 MiB;
				      0: none */
	struct str only;      /* only entries below this folder (after strip); empty: all */
	bool allow_absolute_links; /* sysroots: absolute link targets are taken relative to the root
				    */
	bool
	    raw_links; /* targets stay as written, for who judges them: "x/../y" goes by way of x */
	bool skip_special;	    /* leave out devices and the like instead of refusing */
	bool allow_case_collisions; /* names may differ in case only, as in Linux's own headers */
};

/*
 * Unpacks file into folder dir (made, with the folders above it; must be empty or absent). Modes
 * 0644 or 0755 whatever the umask, times not kept, link targets cleaned ("a/../b" becomes "b"; but for raw_links). o
 * may be NULL. What is refused or damaged is ERR_INPUT, a full disk and the like ERR_IO; dir may
 * then hold a part of the files: unpack to a temporary folder and rename it.
 */
bool archive_unpack(const char *file, const char *dir, const struct archive_opts *o,
		    struct err *e) ATTR_MUST_USE;

#endif
