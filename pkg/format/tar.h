/*
 * tar: a deterministic archive writer (POSIX.1-2017 pax format, written as plain ustar wherever
 * that can say it), by libarchive.
 *
 *     struct tar *t = tar_open(TAR_NAMES_ASCII, &buf);
 *     tar_add(t, &(struct tar_entry){.path = "etc", .kind = TAR_FOLDER, .mode = 0755}, STR(""),
 * &e); tar_add(t, &(struct tar_entry){.path = "etc/motd", .mode = 0644}, STR("hi\n"), &e);
 *     tar_close(t, &e);
 *
 * The bytes depend on the calls alone: numeric owners and no names, whole seconds, no other times,
 * devices, inodes, flags or attributes, no translation of names, no padding beyond the two
 * closing blocks. Order is the caller's. The writer does not check names: that is the caller's too.
 */
#ifndef FORMAT_TAR_H
#define FORMAT_TAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum tar_kind { TAR_FILE, TAR_FOLDER, TAR_LINK };

struct tar_entry {
	const char *path; /* relative, no slash at either end */
	enum tar_kind kind;
	uint32_t mode; /* permission bits, 07777 at most */
	uint32_t uid, gid;
	int64_t mtime_s;
	const char *target; /* TAR_LINK: where it points */
};

/* RAW allows names of any bytes, at the price of a pax header for every entry. */
enum tar_names { TAR_NAMES_ASCII, TAR_NAMES_RAW };

struct tar;

/* "libarchive-3.6.2": what the bytes depend on besides the calls. */
const char *tar_version(void);
/* Whether a name (NUL-terminated) may go into a TAR_NAMES_ASCII archive. */
bool tar_is_ascii(const char *name);

/* Appends the archive to out, which must live until tar_close; the caller writes it where it
 * belongs. */
struct tar *tar_open(enum tar_names names, struct buf *out);
/* Adds an entry; content for TAR_FILE, else empty. */
bool tar_add(struct tar *t, const struct tar_entry *entry, struct str content,
	     struct err *e) ATTR_MUST_USE;
/* Writes the end and frees t, also on error. Accepts NULL. */
bool tar_close(struct tar *t, struct err *e) ATTR_MUST_USE;

#endif
