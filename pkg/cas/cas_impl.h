/*
 * What the files of this room share. Never leaves it.
 */
#ifndef CAS_CAS_IMPL_H
#define CAS_CAS_IMPL_H

#include <limits.h>

#include "cas/cas.h"
#include "sys/file.h"

struct cas {
	struct str dir; /* NUL-terminated, absolute */
	struct file_lock lock;
	/*
	 * Blobs whose hash this process has seen to be right; open addressing, a zero size and hash
	 * is free.
	 */
	struct digest *seen;
	size_t seen_count, seen_slots;
};

enum { RECORD_LIMIT_BYTES = 64 * 1024 * 1024 };

/* DIR/cas/ab/abcdef... and DIR/ac/ab/abcdef... */
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

/* Whether the file with that signature is as it was when seal was called with d. */
bool is_sealed(const struct file_sig *sig, const struct digest *d);
void seal(const char *path, const struct digest *d);

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

/* All entries of DIR/kind; none when that folder is absent. */
bool list_all(struct arena *a, const struct cas *c, const char *kind, struct entry_vec *out,
	      struct err *e) ATTR_MUST_USE;

#endif
