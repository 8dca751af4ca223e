/*
 * cas: blobs by SHA-256 and action results by action key, on the local disk (remote stores join
 * behind the same operations later).
 *
 *     cas_open(&arena, dir, &c, &e);            dir: $CBUILD_CACHE or $XDG_CACHE_HOME/cbuild
 *     switch (cas_action_get(c, &key, &arena, &result, &e)) { case CAS_HIT: ... }
 *     cas_put_file(c, tmp, CAS_MOVE, false, &digest, &e);
 *     cas_place(c, &digest, "build/linux-amd64/bin/shop", 0755, CAS_COPY, &e);
 *     cas_close(c);
 *
 * On disk:
 *
 *     cas/ab/abcdef...            a blob, named by its hash, mode 0444 (0555 when it is to be run)
 *     ac/ab/abcdef...             an action result, named by its action key (text, below)
 *     tool/NAME/...               what a tool keeps for itself; see cas_tool_sweep
 *     tmp/                        written here first, then renamed; old ones are swept
 *
 *     cbuild-ac 1
 *     exit 0
 *     out x 1834 9c56cc51... build/bin/shop        x: executable, - otherwise; size; hash; path
 *     stdout 0 e3b0c442...
 *     stderr 12 77af778b...
 *     time 431 402 18350080                        wall ms, cpu ms, peak bytes
 *     more build/.x/tc/... (one line a discovered input path; see exec.h)
 *     sum 5d41402a...      SHA-256 of the action key and all lines above
 *
 *     lock                        flock: shared while a process has the cache open, else trimming
 *
 * Guarantees: a blob appears under its name only whole (temporary + rename). An action result
 * appears only after all blobs it names. Whatever is damaged, truncated or missing is a miss, never
 * an error or a wrong hit: reads verify the hash (cas_get), or the size and that the file is as it
 * was when its hash was last seen to be right (cas_has; cas.c, the seal). No fsync: a crash can lose
 * entries, and damage those of this boot. Any number of processes may share a cache.
 *
 * Layers: cas_layer puts other caches, which are only read, below. What is found there stays there (below.c).
 * Within a process one thread at a time uses a struct cas.
 */
#ifndef CAS_CAS_H
#define CAS_CAS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/vec.h"
#include "sys/file.h"

struct cas; /* holds the folder's descriptors; one a process */

enum cas_result { CAS_HIT, CAS_MISS, CAS_ERROR };
enum cas_how { CAS_COPY, CAS_MOVE, CAS_LINK };

struct cas_output {
	struct str path; /* as the action declared it */
	struct digest digest;
	bool executable;
};

/* What one action produced; every str lives in the caller's arena. */
struct action_result {
	struct cas_output *outputs;
	size_t output_count;
	struct digest stdout_digest, stderr_digest; /* zero when empty */
	int exit_status;			    /* only 0 is ever stored */
	uint64_t wall_ms, cpu_ms, peak_bytes;
	/* discovered input paths: then the outputs are under a second key */
	struct str_vec more_inputs;
};

/* Makes dir and its folders when absent. dir must be absolute. */
bool cas_open(struct arena *a, struct str dir, struct cas **out, struct err *e) ATTR_MUST_USE;
void cas_close(struct cas *c); /* accepts NULL */

/*
 * Puts the cache in the absolute folder dir below c and the layers given before: what they lack is looked
 * for there. It is only read. False: there is no cache, or its owner is trimming it; c goes without.
 */
bool cas_layer(struct cas *c, struct str dir);
/* The folder of a layer, 0 is c's own, empty behind the last; a view that lives as long as c. */
struct str cas_dir(const struct cas *c, size_t layer);
/* Whether an absolute path is one of a blob or a temporary in these folders: a project may lie there too. */
bool cas_owns(const struct cas *c, struct str path);
/*
 * Absolute path of a blob, in its layer when cas_has found it below, else in c's own folder, whether or not
 * it is there; in arena a. For reading in place (links).
 */
struct str cas_path(struct arena *a, const struct cas *c, const struct digest *d);
/* A new name in tmp/ with the given suffix ("o"); absolute; unique over processes. */
struct str cas_temp(struct arena *a, struct cas *c, const char *suffix);
/* May something be made at such a name? A warm cache serves without; ERR_IO with the remedy. */
bool cas_writable(const struct cas *c, struct err *e) ATTR_MUST_USE;

bool cas_put(struct cas *c, struct str bytes, bool executable, struct digest *out,
	     struct err *e) ATTR_MUST_USE;
/* Hashes the file at path and stores it; CAS_MOVE renames it in (path is gone, also on error). */
bool cas_put_file(struct cas *c, const char *path, enum cas_how how, bool executable,
		  struct digest *out, struct err *e) ATTR_MUST_USE;
/* The same with CAS_MOVE for a file of which the caller knows that its hash is d. */
bool cas_put_hashed(struct cas *c, const char *path, bool executable, const struct digest *d,
		    struct err *e) ATTR_MUST_USE;
/*
 * Whether the blob is there with the right size and, the first time in this process, the right
 * hash.
 */
enum cas_result cas_has(struct cas *c, const struct digest *d, struct err *e);
/*
 * Whether a blob is still the file that cas_has found: to be asked after its file was read in place. c's own
 * blobs are, since nobody removes them while c is open.
 */
bool cas_steady(const struct cas *c, const struct digest *d);
/* Whole content, verified, into arena a. */
enum cas_result cas_get(struct cas *c, const struct digest *d, struct arena *a, struct str *out,
			struct err *e);
/*
 * Puts a verified blob at path, atomically, with mode; parent folders are made. CAS_COPY: a copy (reflink
 * when possible). CAS_LINK: the blob itself, by a hard link where that is possible and mode is the
 * blob's, with the time at which it was stored: so for what was made just now. Who writes to it breaks
 * the blob's seal, and the blob is found damaged. placed (NULL: not wanted): the file that is there then, but
 * for its ctime; another process may replace it at once.
 */
enum cas_result cas_place(struct cas *c, const struct digest *d, const char *path, uint32_t mode,
			  enum cas_how how, struct file_sig *placed, struct err *e);

/* A hit means: record intact and every output blob present (cas_has). */
enum cas_result cas_action_get(struct cas *c, const struct digest *key, struct arena *a,
			       struct action_result *out, struct err *e);
bool cas_action_put(struct cas *c, const struct digest *key, const struct action_result *r,
		    struct err *e) ATTR_MUST_USE;

/*
 * What tools keep for themselves, one folder a tool below DIR/tool (a linker's cache of optimised code).
 * They write there what and when they want, and trust it; so before a tool starts, sweep removes what is
 * not as it was when it was sealed, and after it ended well, seal covers what it added. A name with ".tmp"
 * is being written and is left alone.
 */
bool cas_tool_sweep(struct cas *c, struct err *e) ATTR_MUST_USE;
bool cas_tool_seal(struct cas *c, struct err *e) ATTR_MUST_USE;

struct cas_stat {
	uint64_t blob_count, blob_bytes, action_count, action_bytes, tool_count, tool_bytes;
};
/* Of a layer's folder, 0 is c's own. */
bool cas_stat(struct cas *c, size_t layer, struct cas_stat *out, struct err *e) ATTR_MUST_USE;
/* Reads everything; removes damaged entries and counts them, and what tools keep, uncounted. */
bool cas_verify(struct cas *c, uint64_t *damaged, struct err *e) ATTR_MUST_USE;
/*
 * Removes what was not used for max_age_s seconds, then the oldest until at most max_bytes are left
 * (UINT64_MAX: no limit). Use is noted once an hour. ERR_IO while another process has the cache
 * open: its build may be about to read what would go.
 */
bool cas_trim(struct cas *c, uint64_t max_age_s, uint64_t max_bytes, uint64_t *freed_bytes,
	      struct err *e) ATTR_MUST_USE;
/*
 * The same once a day, for the end of a command: costs one stat on all other days. Nothing happens, until
 * the next call, while another process has the cache open. An interrupt ends it early.
 */
void cas_trim_daily(struct cas *c, uint64_t max_age_s, uint64_t max_bytes);
/* Removes all blobs and results; ERR_IO as cas_trim. */
bool cas_clean(struct cas *c, struct err *e) ATTR_MUST_USE;

#endif
