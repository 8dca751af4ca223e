/*
 * store: keys and values in one SQLite database, asked from an event loop.
 *
 * Hides the threads. One writer takes every edit that waits, applies them in
 * one transaction and answers after its commit, so that a thousand small puts
 * cost one sync of the disk. A few readers serve gets and lists from WAL
 * snapshots, which a writer never blocks.
 *
 *	store_open(&s, loop, &options, &e);
 *	job->op = STORE_GET; ... job->done = answered;
 *	if (!store_submit(s, job)) -> the queue is full: answer 503
 *	... on_encode(job) runs on the store's thread, then done(job) on the loop
 *	store_close(s);
 *
 * Schema, version 1 (PRAGMA user_version):
 *	kv(id, key BLOB UNIQUE, value BLOB, type TEXT, version INTEGER, mtime_ms INTEGER)
 *	meta(name TEXT PRIMARY KEY, value INTEGER)    'version': the last one given out
 *
 * A version is given to each put and never again, not even after a delete and
 * not by another process on the same file; it makes a good ETag.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "bytes/bytes.h"
#include "err/err.h"

struct store;
struct store_job;

enum store_op { STORE_GET, STORE_LIST, STORE_EDIT };

enum store_status {
	STORE_OK,
	STORE_MISSING, /* no such key */
	STORE_DENIED,  /* the precondition does not hold; nothing was changed */
	STORE_FULL,    /* the disk is */
	STORE_BROKEN,  /* SQLite failed; store_stats has the reason's count */
};

/* What must hold before an edit is made. */
enum store_when { WHEN_ANY, WHEN_ABSENT, WHEN_PRESENT, WHEN_VERSION };

struct store_edit {
	bool remove;
	struct str key;
	struct str value;
	struct str type; /* media type, kept with the value */
	enum store_when when;
	int64_t when_version;
	/* results */
	bool existed;	 /* the key was there before */
	int64_t version; /* of the put */
};

struct store_entry {
	struct str key;
	struct str value; /* STORE_GET only */
	struct str type;
	size_t size_bytes;
	int64_t version;
	int64_t mtime_ms;
};

/*
 * The caller's, in memory that lives until done() has been called, as must
 * what its str point to. `next` is the store's.
 */
struct store_job {
	enum store_op op;
	struct str key;		  /* STORE_GET */
	struct str prefix;	  /* STORE_LIST: keys that begin so, */
	struct str after;	  /* and sort after this, */
	int limit;		  /* this many at most */
	struct store_edit *edits; /* STORE_EDIT: all of them or none */
	size_t nedits;
	enum store_status status;
	/*
	 * On a store's thread: once for the entry found, or once a listed entry.
	 * The entry's str are valid during the call only.
	 */
	void (*on_entry)(struct store_job *job, const struct store_entry *entry);
	/* On a store's thread, after the last entry; may be NULL. */
	void (*on_encode)(struct store_job *job);
	/* On the loop's thread, last. */
	void (*done)(struct store_job *job);
	struct store_job *next;
};

struct store_options {
	const char *dir;    /* holds kv.db; made when missing */
	int readers;	    /* threads; 0: 2 */
	size_t queue_jobs;  /* waiting reads, and waiting edits; 0: 16384 */
	size_t queue_bytes; /* of waiting edits; 0: 64 MiB */
	bool relaxed;	    /* a power cut may lose the last commits (never mix them up) */
};

struct store_stats {
	uint64_t commits;
	uint64_t edits;	   /* committed */
	uint64_t failures; /* jobs that ended STORE_FULL or STORE_BROKEN */
	size_t waiting_reads;
	size_t waiting_edits;
	uint64_t failed_ns; /* uv_hrtime() of the last commit, if that failed; else 0 */
};

/* Opens or creates the database, starts the threads. `loop` is where done() will run. */
bool store_open(struct store **out, uv_loop_t *loop, const struct store_options *o, struct err *e);

/* False, and the job untouched, when its queue is full. Loop's thread only. */
bool store_submit(struct store *s, struct store_job *job);

struct store_stats store_stats(struct store *s);

/*
 * Finishes what waits, calls every done(), stops the threads and closes the
 * database. The loop must run once more before it is closed. Accepts NULL.
 */
void store_close(struct store *s);

#endif
