/*
 * What the files of this room share. Never leaves it.
 */
#ifndef CAS_CAS_IMPL_H
#define CAS_CAS_IMPL_H

#include <limits.h>

#include "base/map.h"
#include "cas/cas.h"
#include "sys/file.h"

struct layer {
	struct str dir;	       /* as cas.dir */
	struct file_lock lock; /* shared; not held where there is nothing to lock */
};

struct cas {
	struct arena *a;
	struct str dir; /* NUL-terminated, absolute */
	struct file_lock lock;
	uint64_t boot; /* clock_boot */
	VEC(struct layer) layers;
	/* Blobs that were seen to be right below, by hash (below.c). */
	struct map below;
	bool below_loaded, below_fresh; /* fresh: more than the file on disk has */
	/*
	 * Blobs whose hash this process has seen to be right; open addressing, a zero size and hash
	 * is free.
	 */
	struct digest *seen;
	size_t seen_count, seen_slots;
};

enum { RECORD_LIMIT_BYTES = 64 * 1024 * 1024 };

/* The folders of a cache, where they are missing. */
bool make_folders(struct arena *a, struct str dir, struct err *e) ATTR_MUST_USE;

/* DIR/KIND/ab/abcdef...; of c's own: DIR/cas/ab/abcdef... and DIR/ac/ab/abcdef... */
void shard_path(struct str dir, const char *kind, const struct digest *d, char out[PATH_MAX]);
void blob_path(const struct cas *c, const struct digest *d, char out[PATH_MAX]);
void action_path(const struct cas *c, const struct digest *key, char out[PATH_MAX]);

/*
 * The text of an action result as cas.h shows it, appended to out. ERR_INPUT: a path with a
 * newline.
 */
bool record_write(const struct digest *key, const struct action_result *r, struct buf *out,
		  struct err *e) ATTR_MUST_USE;
/*
 * Reads it back; false for anything that record_write does not write for this key. Views are copied
 * into a.
 */
bool record_read(struct arena *a, const struct digest *key, struct str text,
		 struct action_result *out) ATTR_MUST_USE;
/* The hash on a record's last line: SHA-256 of the key's 32 bytes and the lines above. */
struct digest record_sum(const struct digest *key, struct str body);

/* Whether the blob's file holds what its name says; no memo, nothing is removed. */
bool blob_intact(const struct cas *c, const struct digest *d);
void seen_forget(struct cas *c);

/* --- below.c --- */

/* Whether a layer has the blob with the right bytes (and may be run); below_layer tells where. */
bool below_find(struct cas *c, const struct digest *d, bool executable);
/* The layer where below_find found it; 0: it did not, or c has it itself by now (below_forget). */
size_t below_layer(const struct cas *c, const struct digest *d);
void below_forget(struct cas *c, const struct digest *d);
/* Its whole content from the first layer where it is right. */
bool below_get(struct cas *c, const struct digest *d, struct arena *a, struct str *out);
/* A layer's record of an action; false when there is none, or none that is intact. */
bool below_record(struct cas *c, size_t layer, const struct digest *key, struct arena *a,
		  struct action_result *out);
/* Writes what was verified, for the next process, and lets the layers go. */
void below_close(struct cas *c);

/* Whether the file with that signature is as it was when seal was called with d. */
bool is_sealed(const struct cas *c, const struct file_sig *sig, const struct digest *d);
void seal(const struct cas *c, const char *path, const struct digest *d);

struct entry;
/* A temporary of a tool that may be running. */
bool tool_is_being_written(const struct entry *x);

/* An entry of DIR/KIND/SHARD/. */
struct entry {
	struct str path; /* NUL-terminated */
	struct str name;
	struct file_sig sig; /* its modification time is that of its last use */
};
struct entry_vec VEC_BODY(struct entry);

/* All entries of CACHE/kind; none when that folder is absent. */
bool list_all(struct arena *a, struct str cache, const char *kind, struct entry_vec *out,
	      struct err *e) ATTR_MUST_USE;

#endif
