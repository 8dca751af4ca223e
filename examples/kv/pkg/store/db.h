/*
 * db: one SQLite connection with its statements; private to the store.
 * One thread a connection. SQLite's result codes are returned as they are.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <sqlite3.h>

#include "store/store.h"

struct db {
	sqlite3 *handle;
	sqlite3_stmt *get;
	sqlite3_stmt *list;
	sqlite3_stmt *find;
	sqlite3_stmt *put;
	sqlite3_stmt *remove;
	sqlite3_stmt *last_version;
	sqlite3_stmt *keep_version;
};

/* Opens dir/kv.db; the writer's connection also makes the schema. */
bool db_open(struct db *d, const struct store_options *o, bool writer, struct err *e);

/* Accepts a zeroed db. */
void db_close(struct db *d);

/* Runs a GET or LIST job: its status and on_entry. */
void db_read(struct db *d, struct store_job *job);

/*
 * Opens a transaction and reads the last version given out, under the lock that
 * keeps another process from giving it too.
 */
int db_begin(struct db *d, int64_t *version);

/* Applies a job's edits, all or none, and sets its status; *version counts on. */
int db_edit(struct db *d, struct store_job *job, int64_t *version, int64_t now_ms);

/* Ends the transaction; on failure it has been rolled back. */
int db_commit(struct db *d, int64_t version);
void db_rollback(struct db *d);

#endif
