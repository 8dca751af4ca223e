/* SQLite: a table, filled and asked. */
#include <stddef.h>

#include <sqlite3.h>

static int sqlite_query(void)
{
	sqlite3 *db;
	sqlite3_stmt *q;
	int ok = sqlite3_open(":memory:", &db) == SQLITE_OK &&
		 sqlite3_exec(db, "create table t(a); insert into t values (40), (2)", NULL, NULL, NULL) == SQLITE_OK &&
		 sqlite3_prepare_v2(db, "select sum(a) from t", -1, &q, NULL) == SQLITE_OK;

	ok = ok && sqlite3_step(q) == SQLITE_ROW && sqlite3_column_int(q, 0) == 42;
	if (ok)
		sqlite3_finalize(q);
	sqlite3_close(db);
	return ok;
}

int main(void)
{
	return sqlite_query() ? 0 : 1;
}
