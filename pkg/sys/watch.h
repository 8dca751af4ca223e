/*
 * What this thread saw of the file system, so that a later run can tell whether it would see the same.
 * Every question that sys/file.h answers (is it there, what kind, what bytes, which names) is noted
 * while a watch is on; what other threads ask for a caller is noted by that caller.
 *
 *     struct watch w; watch_begin(&w, &arena);
 *     ...                                        reading manifests, listing folders, hashing sources
 *     watch_end();
 *     for each w.seen ...
 *
 * Writes are not noted, nor are the module cache's and git's own ways to read (libgit2).
 */
#ifndef SYS_WATCH_H
#define SYS_WATCH_H

#include "base/digest.h"
#include "base/map.h"
#include "base/vec.h"
#include "sys/file.h"

enum {
	WATCH_KIND = 1,	   /* its kind was asked for, links not followed */
	WATCH_FILE = 2,	   /* statted or read: everything about it may count */
	WATCH_HASHED = 4,  /* only its content's digest counts */
	WATCH_SCANNED = 8, /* only the facts that a scan found in it count */
	WATCH_LISTED = 16, /* a folder whose names were read */
};

struct watched {
	struct str path; /* as it was asked for */
	unsigned what;
	struct digest listing; /* of the names and kinds, for WATCH_LISTED; zero: no such folder */
	struct digest facts;   /* for WATCH_SCANNED */
};

struct watch {
	struct arena *a;
	struct map index;
	VEC(struct watched) seen;
	int64_t begun_file_ns; /* clock_stamp_ns before anything was seen */
	int64_t begun_real_ns;
	uint64_t begun_mono_ns;
	unsigned paused;
	/* Names that do not count in the listing of ".": what a command itself makes there. */
	struct str_vec own_names;
};

/*
 * From now on w notes what this thread asks; one watch a thread. w and a outlive watch_end. clock_path is
 * for clock_stamp_ns.
 */
void watch_begin(struct watch *w, struct arena *a, const char *clock_path);
void watch_end(void);
/* Calls nest. In between nothing is noted: for files that only save time (memos). */
void watch_pause(void);
void watch_resume(void);
/* Without a watch these do nothing. */
void watch_note(struct str path, unsigned what);
void watch_scanned(struct str path, const struct digest *facts);
void watch_listed(struct str path, const struct folder_entry *v, size_t n);
/* Digest of a listing: names and kinds in order, without the names in except. */
struct digest watch_listing(const struct folder_entry *v, size_t n, const struct str_vec *except);
/* False when the clock was set while the watch was on, so that times prove nothing. */
bool watch_clock_steady(const struct watch *w);

#endif
