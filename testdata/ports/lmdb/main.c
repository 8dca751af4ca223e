/* LMDB: a thousand keys on disk, found again after the file was closed. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lmdb.h>

/* qemu-user has no robust mutexes, without which LMDB cannot lock. */
static unsigned locking(void)
{
	pthread_mutexattr_t a;

	return pthread_mutexattr_init(&a) == 0 && pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST) == 0 ? 0 : MDB_NOLOCK;
}

static int fill(const char *dir)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi db;
	int ok = mdb_env_create(&env) == 0 && mdb_env_set_mapsize(env, 8 << 20) == 0 &&
		 mdb_env_open(env, dir, locking(), 0600) == 0 && mdb_txn_begin(env, NULL, 0, &txn) == 0 &&
		 mdb_dbi_open(txn, NULL, MDB_CREATE, &db) == 0;

	for (int i = 0; ok && i < 1000; i++) {
		char text[16];
		MDB_val key = {(size_t)snprintf(text, sizeof text, "key%04d", i), text}, value = {sizeof i, &i};

		ok = mdb_put(txn, db, &key, &value, MDB_NOOVERWRITE) == 0;
	}
	ok = ok && mdb_txn_commit(txn) == 0;
	mdb_env_close(env);
	return ok;
}

static int find(const char *dir)
{
	MDB_val key = {7, "key0777"}, value;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi db;
	MDB_stat st;
	int n = 0, ok = mdb_env_create(&env) == 0 && mdb_env_open(env, dir, locking() | MDB_RDONLY, 0600) == 0 &&
			mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0 && mdb_dbi_open(txn, NULL, 0, &db) == 0 &&
			mdb_get(txn, db, &key, &value) == 0 && mdb_stat(txn, db, &st) == 0;

	if (ok)
		memcpy(&n, value.mv_data, sizeof n);
	mdb_txn_abort(txn);
	mdb_env_close(env);
	return ok && n == 777 && st.ms_entries == 1000;
}

int main(void)
{
	char dir[] = "/tmp/smoke-lmdb-XXXXXX", file[64];
	int ok = mkdtemp(dir) && fill(dir) && find(dir);

	snprintf(file, sizeof file, "%s/data.mdb", dir);
	unlink(file);
	snprintf(file, sizeof file, "%s/lock.mdb", dir);
	unlink(file);
	rmdir(dir);
	return ok ? 0 : 1;
}
