/*
 * The statements are prepared once and reset after each use. Keys are BLOBs, so
 * that they sort by their bytes; the range of a prefix ends before the prefix
 * with its last byte counted up (no byte of UTF-8 is 0xff, so that is possible).
 */
#include "store/db.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SCHEMA_VERSION = 1, BUSY_MS = 5000 };

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS kv(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE,"
    " version INTEGER NOT NULL, mtime_ms INTEGER NOT NULL, type TEXT NOT NULL,"
    " value BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "INSERT OR IGNORE INTO meta VALUES('version', 0);"
    "PRAGMA user_version = 1;"
    "COMMIT;";

static bool fail(struct db *d, const char *what, struct err *e)
{
	return err_set(e, "%s: %s", what, sqlite3_errmsg(d->handle));
}

static bool run(struct db *d, const char *sql, struct err *e)
{
	if (sqlite3_exec(d->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(d, "preparing the database", e);
	return true;
}

static bool prepare(struct db *d, sqlite3_stmt **out, const char *sql, struct err *e)
{
	if (sqlite3_prepare_v3(d->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) !=
	    SQLITE_OK)
		return fail(d, "preparing a statement", e);
	return true;
}

static bool prepare_reads(struct db *d, struct err *e)
{
	return prepare(d, &d->get,
		       "SELECT version, mtime_ms, type, length(value), key, value FROM kv"
		       " WHERE key = ?1",
		       e) &&
	       prepare(d, &d->list,
		       "SELECT version, mtime_ms, type, length(value), key FROM kv"
		       " WHERE key >= ?1 AND key < ?2 AND key > ?3 ORDER BY key LIMIT ?4",
		       e);
}

static bool prepare_writes(struct db *d, struct err *e)
{
	return prepare(d, &d->find, "SELECT version FROM kv WHERE key = ?1", e) &&
	       prepare(d, &d->put,
		       "INSERT INTO kv(key, version, mtime_ms, type, value)"
		       " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(key) DO UPDATE SET"
		       " version = ?2, mtime_ms = ?3, type = ?4, value = ?5",
		       e) &&
	       prepare(d, &d->remove, "DELETE FROM kv WHERE key = ?1", e) &&
	       prepare(d, &d->last_version, "SELECT value FROM meta WHERE name = 'version'", e) &&
	       prepare(d, &d->keep_version, "UPDATE meta SET value = ?1 WHERE name = 'version'", e);
}

static bool user_version(struct db *d, int *out, struct err *e)
{
	sqlite3_stmt *q = NULL;
	bool ok = prepare(d, &q, "PRAGMA user_version", e);

	if (ok && sqlite3_step(q) != SQLITE_ROW)
		ok = fail(d, "reading the schema's version", e);
	if (ok)
		*out = sqlite3_column_int(q, 0);
	(void)sqlite3_finalize(q);
	return ok;
}

static bool make_schema(struct db *d, struct err *e)
{
	int have;

	if (!user_version(d, &have, e))
		return false;
	if (have > SCHEMA_VERSION)
		return err_set(e,
			       "the database has schema %d, this build knows %d: run a newer build",
			       have, SCHEMA_VERSION);
	return have == SCHEMA_VERSION || run(d, schema, e);
}

static bool set_up(struct db *d, const struct store_options *o, bool writer, struct err *e)
{
	(void)sqlite3_busy_timeout(d->handle, BUSY_MS);
	if (!run(d, "PRAGMA temp_store = MEMORY", e))
		return false;
	if (!writer)
		return prepare_reads(d, e);
	return run(d, "PRAGMA journal_mode = WAL", e) &&
	       run(d, o->relaxed ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL",
		   e) &&
	       make_schema(d, e) && prepare_writes(d, e);
}

bool db_open(struct db *d, const struct store_options *o, bool writer, struct err *e)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (writer ? SQLITE_OPEN_CREATE : 0);
	char path[PATH_MAX];
	struct err why;

	if (writer && mkdir(o->dir, 0700) != 0 && errno != EEXIST)
		return err_set(e, "%s: cannot be made: %s", o->dir, strerror(errno));
	if (snprintf(path, sizeof(path), "%s/kv.db", o->dir) >= (int)sizeof(path))
		return err_set(e, "%s: the path is too long", o->dir);
	if (sqlite3_open_v2(path, &d->handle, flags, NULL) != SQLITE_OK)
		err_set(e, "%s: %s; can this user write there?", path, sqlite3_errmsg(d->handle));
	else if (set_up(d, o, writer, &why))
		return true;
	else
		err_set(e, "%s: %s", path, why.text);
	db_close(d);
	return false;
}

void db_close(struct db *d)
{
	sqlite3_stmt *all[] = {d->get,	  d->list,	   d->find,	   d->put,
			       d->remove, d->last_version, d->keep_version};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		(void)sqlite3_finalize(all[i]);
	(void)sqlite3_close(d->handle);
	*d = (struct db){0};
}

static void bind_bytes(sqlite3_stmt *q, int at, struct str s)
{
	(void)sqlite3_bind_blob64(q, at, s.n > 0 ? s.p : "", s.n, SQLITE_STATIC);
}

static struct str column(sqlite3_stmt *q, int at)
{
	const void *p = sqlite3_column_blob(q, at);
	int n = sqlite3_column_bytes(q, at);

	return (struct str){p, n > 0 ? (size_t)n : 0};
}

static int done(sqlite3_stmt *q, int rc)
{
	(void)sqlite3_reset(q);
	(void)sqlite3_clear_bindings(q);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/* Calls on_entry for each row. Returns the number of rows, or -1. */
static int rows(sqlite3_stmt *q, struct store_job *job)
{
	int n = 0, rc;

	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct store_entry entry = {
		    .version = sqlite3_column_int64(q, 0),
		    .mtime_ms = sqlite3_column_int64(q, 1),
		    .type = column(q, 2),
		    .size_bytes = (size_t)sqlite3_column_int64(q, 3),
		    .key = column(q, 4),
		};

		if (job->op == STORE_GET)
			entry.value = column(q, 5);
		job->on_entry(job, &entry);
		n++;
	}
	return done(q, rc) == SQLITE_OK ? n : -1;
}

static void read_one(struct db *d, struct store_job *job)
{
	int n;

	bind_bytes(d->get, 1, job->key);
	n = rows(d->get, job);
	job->status = n < 0 ? STORE_BROKEN : n == 0 ? STORE_MISSING : STORE_OK;
}

static void read_list(struct db *d, struct store_job *job)
{
	struct buf end = {0};

	if (job->prefix.n == 0) {
		buf_str(&end, STR("\xff"));
	} else {
		buf_str(&end, job->prefix);
		end.p[end.n - 1] = (char)((unsigned char)end.p[end.n - 1] + 1);
	}
	bind_bytes(d->list, 1, job->prefix);
	bind_bytes(d->list, 2, buf_view(&end));
	bind_bytes(d->list, 3, job->after);
	(void)sqlite3_bind_int(d->list, 4, job->limit);
	job->status = rows(d->list, job) < 0 ? STORE_BROKEN : STORE_OK;
	buf_free(&end);
}

void db_read(struct db *d, struct store_job *job)
{
	if (job->op == STORE_GET)
		read_one(d, job);
	else
		read_list(d, job);
}

int db_begin(struct db *d, int64_t *version)
{
	int rc = sqlite3_exec(d->handle, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(d->last_version);
	if (rc == SQLITE_ROW)
		*version = sqlite3_column_int64(d->last_version, 0);
	else if (rc == SQLITE_DONE)
		rc = SQLITE_CORRUPT;
	return done(d->last_version, rc);
}

static int find(struct db *d, const struct store_edit *edit, bool *found, int64_t *version)
{
	int rc;

	bind_bytes(d->find, 1, edit->key);
	rc = sqlite3_step(d->find);
	*found = rc == SQLITE_ROW;
	*version = *found ? sqlite3_column_int64(d->find, 0) : 0;
	return done(d->find, rc);
}

static bool holds(const struct store_edit *edit, bool found, int64_t version)
{
	switch (edit->when) {
	case WHEN_ANY:
		return true;
	case WHEN_ABSENT:
		return !found;
	case WHEN_PRESENT:
		return found;
	case WHEN_VERSION:
		return found && version == edit->when_version;
	}
	return false;
}

static int put(struct db *d, struct store_edit *edit, int64_t version, int64_t now_ms)
{
	bind_bytes(d->put, 1, edit->key);
	(void)sqlite3_bind_int64(d->put, 2, version);
	(void)sqlite3_bind_int64(d->put, 3, now_ms);
	(void)sqlite3_bind_text64(d->put, 4, edit->type.p, edit->type.n, SQLITE_STATIC,
				  SQLITE_UTF8);
	bind_bytes(d->put, 5, edit->value);
	edit->version = version;
	return done(d->put, sqlite3_step(d->put));
}

static int remove_key(struct db *d, const struct store_edit *edit)
{
	bind_bytes(d->remove, 1, edit->key);
	return done(d->remove, sqlite3_step(d->remove));
}

static int edit_one(struct db *d, struct store_edit *edit, enum store_status *status,
		    int64_t *version, int64_t now_ms)
{
	int64_t have;
	int rc = find(d, edit, &edit->existed, &have);

	*status = STORE_OK;
	if (rc != SQLITE_OK)
		return rc;
	if (!holds(edit, edit->existed, have)) {
		*status = STORE_DENIED;
		return SQLITE_OK;
	}
	if (!edit->remove)
		return put(d, edit, ++*version, now_ms);
	if (!edit->existed) {
		*status = STORE_MISSING;
		return SQLITE_OK;
	}
	return remove_key(d, edit);
}

/* A batch of edits removes what is not there without complaint; a single one says so. */
int db_edit(struct db *d, struct store_job *job, int64_t *version, int64_t now_ms)
{
	bool many = job->nedits > 1;
	int rc = SQLITE_OK;

	job->status = STORE_OK;
	if (many)
		rc = sqlite3_exec(d->handle, "SAVEPOINT job", NULL, NULL, NULL);
	for (size_t i = 0; i < job->nedits && rc == SQLITE_OK; i++) {
		rc = edit_one(d, &job->edits[i], &job->status, version, now_ms);
		if (many && job->status == STORE_MISSING)
			job->status = STORE_OK;
		if (job->status != STORE_OK)
			break;
	}
	if (rc == SQLITE_OK && many && job->status != STORE_OK)
		rc = sqlite3_exec(d->handle, "ROLLBACK TO job", NULL, NULL, NULL);
	if (rc == SQLITE_OK && many)
		rc = sqlite3_exec(d->handle, "RELEASE job", NULL, NULL, NULL);
	return rc;
}

int db_commit(struct db *d, int64_t version)
{
	int rc;

	(void)sqlite3_bind_int64(d->keep_version, 1, version);
	rc = done(d->keep_version, sqlite3_step(d->keep_version));
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(d->handle, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		db_rollback(d);
	return rc;
}

void db_rollback(struct db *d)
{
	if (sqlite3_get_autocommit(d->handle) == 0)
		(void)sqlite3_exec(d->handle, "ROLLBACK", NULL, NULL, NULL);
}
