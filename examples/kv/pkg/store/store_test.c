/* Tests of the store through its interface, on real files. */
#include "store/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cbuild/test.h"

struct fixture {
	uv_loop_t loop;
	struct store *s;
};

static void open_fixture(struct test *t, struct fixture *f, const char *dir, size_t queue_jobs)
{
	struct store_options o = {.dir = dir, .queue_jobs = queue_jobs, .relaxed = true};
	struct err e = {""};

	T_MUST(t, uv_loop_init(&f->loop) == 0);
	if (!store_open(&f->s, &f->loop, &o, &e))
		test_fatal(t, __FILE__, __LINE__, "%s", e.text);
}

static void close_fixture(struct test *t, struct fixture *f)
{
	store_close(f->s);
	(void)uv_run(&f->loop, UV_RUN_DEFAULT);
	T_EQ_INT(t, uv_loop_close(&f->loop), 0);
}

/* A job that remembers what it was told. */
struct probe {
	struct store_job job;
	bool done;
	struct buf seen; /* "key=value(version) " an entry */
	int64_t version;
};

static void on_entry(struct store_job *job, const struct store_entry *e)
{
	struct probe *p = (struct probe *)job;

	p->version = e->version;
	buf_fmt(&p->seen, "%.*s=%.*s ", (int)e->key.n, e->key.p, (int)e->value.n, e->value.p);
}

static void on_done(struct store_job *job)
{
	((struct probe *)job)->done = true;
}

static void submit(struct test *t, struct fixture *f, struct probe *p)
{
	p->job.on_entry = on_entry;
	p->job.done = on_done;
	T_MUST(t, store_submit(f->s, &p->job));
}

static void wait_for(struct fixture *f, const struct probe *p)
{
	while (!p->done)
		(void)uv_run(&f->loop, UV_RUN_ONCE);
}

static enum store_status edit(struct test *t, struct fixture *f, struct store_edit *edits, size_t n)
{
	struct probe p = {.job = {.op = STORE_EDIT, .edits = edits, .nedits = n}};

	submit(t, f, &p);
	wait_for(f, &p);
	return p.job.status;
}

static struct store_edit put_of(const char *key, const char *value)
{
	return (struct store_edit){
	    .key = str_of(key), .value = str_of(value), .type = STR("text/plain")};
}

static int64_t put(struct test *t, struct fixture *f, const char *key, const char *value)
{
	struct store_edit e = put_of(key, value);

	T_EQ_INT(t, edit(t, f, &e, 1), STORE_OK);
	return e.version;
}

static void expect_get(struct test *t, struct fixture *f, const char *key, const char *want)
{
	struct probe p = {.job = {.op = STORE_GET, .key = str_of(key)}};

	submit(t, f, &p);
	wait_for(f, &p);
	T_EQ_INT(t, p.job.status, want != NULL ? STORE_OK : STORE_MISSING);
	buf_add(&p.seen, "", 1);
	T_EQ_STR(t, p.seen.p, want != NULL ? want : "");
	buf_free(&p.seen);
}

static void expect_list(struct test *t, struct fixture *f, const char *prefix, const char *after,
			int limit, const char *want)
{
	struct probe p = {.job = {.op = STORE_LIST,
				  .prefix = str_of(prefix),
				  .after = str_of(after),
				  .limit = limit}};

	submit(t, f, &p);
	wait_for(f, &p);
	T_EQ_INT(t, p.job.status, STORE_OK);
	buf_add(&p.seen, "", 1);
	T_EQ_STR(t, p.seen.p, want);
	buf_free(&p.seen);
}

void TestStorePutGetRemove(struct test *t)
{
	struct store_edit gone = {.remove = true, .key = STR("a")};
	struct fixture f;

	open_fixture(t, &f, test_tmpdir(t), 0);
	expect_get(t, &f, "a", NULL);
	(void)put(t, &f, "a", "1");
	expect_get(t, &f, "a", "a=1 ");
	(void)put(t, &f, "a", "");
	expect_get(t, &f, "a", "a= ");
	T_EQ_INT(t, edit(t, &f, &gone, 1), STORE_OK);
	T_EQ_INT(t, edit(t, &f, &gone, 1), STORE_MISSING);
	expect_get(t, &f, "a", NULL);
	close_fixture(t, &f);
}

/* Not after a delete, not after a restart, not from a second process on the same file. */
void TestStoreVersionsNeverReturn(struct test *t)
{
	struct store_edit gone = {.remove = true, .key = STR("a")};
	struct fixture f, g;
	int64_t v[4];

	open_fixture(t, &f, test_tmpdir(t), 0);
	v[0] = put(t, &f, "a", "1");
	T_EQ_INT(t, edit(t, &f, &gone, 1), STORE_OK);
	open_fixture(t, &g, test_tmpdir(t), 0);
	v[1] = put(t, &g, "a", "2");
	v[2] = put(t, &f, "a", "3");
	expect_get(t, &g, "a", "a=3 ");
	close_fixture(t, &g);
	close_fixture(t, &f);
	open_fixture(t, &f, test_tmpdir(t), 0);
	expect_get(t, &f, "a", "a=3 ");
	v[3] = put(t, &f, "b", "4");
	T_CHECK(t, v[0] < v[1] && v[1] < v[2] && v[2] < v[3], "%d %d %d %d", (int)v[0], (int)v[1],
		(int)v[2], (int)v[3]);
	close_fixture(t, &f);
}

void TestStoreConditions(struct test *t)
{
	struct fixture f;
	int64_t version;

	open_fixture(t, &f, test_tmpdir(t), 0);
	version = put(t, &f, "have", "1");
	{
		const struct {
			const char *key;
			enum store_when when;
			int64_t version;
			enum store_status want;
		} cases[] = {
		    {"have", WHEN_ABSENT, 0, STORE_DENIED},
		    {"have", WHEN_VERSION, version + 1, STORE_DENIED},
		    {"none", WHEN_PRESENT, 0, STORE_DENIED},
		    {"none", WHEN_VERSION, 0, STORE_DENIED},
		    {"none", WHEN_VERSION, -1, STORE_DENIED},
		    {"have", WHEN_VERSION, version, STORE_OK},
		    {"have", WHEN_VERSION, version, STORE_DENIED},
		    {"have", WHEN_PRESENT, 0, STORE_OK},
		    {"new", WHEN_ABSENT, 0, STORE_OK},
		};

		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct store_edit e = put_of(cases[i].key, "2");
			enum store_status got;

			e.when = cases[i].when;
			e.when_version = cases[i].version;
			got = edit(t, &f, &e, 1);
			T_CHECK(t, got == cases[i].want, "case %zu: got %d", i, (int)got);
		}
	}
	close_fixture(t, &f);
}

void TestStoreBatchIsAllOrNone(struct test *t)
{
	struct store_edit edits[3] = {put_of("a", "new"), put_of("b", "new"), put_of("c", "new")};
	struct fixture f;

	open_fixture(t, &f, test_tmpdir(t), 0);
	(void)put(t, &f, "a", "old");
	edits[2].when = WHEN_PRESENT;
	T_EQ_INT(t, edit(t, &f, edits, 3), STORE_DENIED);
	expect_list(t, &f, "", "", 9, "a= ");
	expect_get(t, &f, "a", "a=old ");
	edits[2].when = WHEN_ABSENT;
	edits[1] = (struct store_edit){.remove = true, .key = STR("nowhere")};
	T_EQ_INT(t, edit(t, &f, edits, 3), STORE_OK);
	T_OK(t, !edits[1].existed && edits[0].existed);
	expect_get(t, &f, "a", "a=new ");
	expect_get(t, &f, "c", "c=new ");
	close_fixture(t, &f);
}

void TestStoreListRanges(struct test *t)
{
	struct fixture f;

	open_fixture(t, &f, test_tmpdir(t), 0);
	for (int i = 0; i < 3; i++)
		(void)put(t, &f, (const char *[]){"a", "ab", "b"}[i], "x");
	(void)put(t, &f, "a\xf4\x8f\xbf\xbf", "x"); /* the last code point there is */
	expect_list(t, &f, "", "", 9, "a= ab= a\xf4\x8f\xbf\xbf= b= ");
	expect_list(t, &f, "a", "", 9, "a= ab= a\xf4\x8f\xbf\xbf= ");
	expect_list(t, &f, "a", "a", 1, "ab= ");
	expect_list(t, &f, "", "ab", 9, "a\xf4\x8f\xbf\xbf= b= ");
	expect_list(t, &f, "c", "", 9, "");
	expect_list(t, &f, "b", "zz", 9, "");
	close_fixture(t, &f);
}

/* Another process that holds the database, so that the writer has to wait. */
static sqlite3 *hold(struct test *t, const char *dir)
{
	sqlite3 *db = NULL;
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/kv.db", dir);
	T_MUST(t, sqlite3_open(path, &db) == SQLITE_OK);
	T_MUST(t, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK);
	return db;
}

enum { WAITING = 4 };

/* One edit is with the writer, four wait, the next is refused; reads go on; then all is done. */
void TestStoreQueueIsBounded(struct test *t)
{
	struct store_edit edits[WAITING + 2];
	struct probe p[WAITING + 2];
	struct fixture f;
	sqlite3 *other;

	memset(p, 0, sizeof(p));
	open_fixture(t, &f, test_tmpdir(t), WAITING);
	other = hold(t, test_tmpdir(t));
	for (size_t i = 0; i < WAITING + 2; i++) {
		edits[i] = put_of("k", "v");
		p[i].job.op = STORE_EDIT;
		p[i].job.edits = &edits[i];
		p[i].job.nedits = 1;
		p[i].job.done = on_done;
	}
	submit(t, &f, &p[0]);
	while (store_stats(f.s).waiting_edits > 0)
		uv_sleep(1); /* until the writer has it */
	for (size_t i = 1; i <= WAITING; i++)
		submit(t, &f, &p[i]);
	T_OK(t, !store_submit(f.s, &p[WAITING + 1].job));
	T_EQ_INT(t, store_stats(f.s).waiting_edits, WAITING);
	expect_get(t, &f, "k", NULL);
	(void)sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL);
	(void)sqlite3_close(other);
	for (size_t i = 0; i <= WAITING; i++) {
		wait_for(&f, &p[i]);
		T_EQ_INT(t, p[i].job.status, STORE_OK);
	}
	T_EQ_INT(t, store_stats(f.s).commits, 2); /* the four waiting ones in one */
	T_EQ_INT(t, store_stats(f.s).edits, WAITING + 1);
	close_fixture(t, &f);
}

/* Closing finishes what waits and calls every done(). */
void TestStoreCloseFinishes(struct test *t)
{
	struct store_edit edits[50];
	struct probe p[50];
	struct fixture f;

	memset(p, 0, sizeof(p));
	open_fixture(t, &f, test_tmpdir(t), 0);
	for (size_t i = 0; i < 50; i++) {
		edits[i] = put_of("last", "value");
		p[i].job.op = STORE_EDIT;
		p[i].job.edits = &edits[i];
		p[i].job.nedits = 1;
		submit(t, &f, &p[i]);
	}
	close_fixture(t, &f);
	for (size_t i = 0; i < 50; i++)
		T_CHECK(t, p[i].done && p[i].job.status == STORE_OK, "job %zu", i);
	open_fixture(t, &f, test_tmpdir(t), 0);
	expect_get(t, &f, "last", "last=value ");
	close_fixture(t, &f);
}

static void expect_no_open(struct test *t, const char *dir, const char *part)
{
	struct store_options o = {.dir = dir};
	struct err e = {""};
	struct store *s;
	uv_loop_t loop;

	T_MUST(t, uv_loop_init(&loop) == 0);
	T_OK(t, !store_open(&s, &loop, &o, &e));
	T_CHECK(t, strstr(e.text, part) != NULL, "got '%s'", e.text);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	T_EQ_INT(t, uv_loop_close(&loop), 0);
}

void TestStoreRefusesToOpen(struct test *t)
{
	struct fixture f;
	sqlite3 *db;
	char path[256];
	FILE *junk;

	(void)snprintf(path, sizeof(path), "%s/missing/folder", test_tmpdir(t));
	expect_no_open(t, path, "cannot be made: No such file or directory");
	open_fixture(t, &f, test_tmpdir(t), 0);
	close_fixture(t, &f);
	(void)snprintf(path, sizeof(path), "%s/kv.db", test_tmpdir(t));
	T_MUST(t, sqlite3_open(path, &db) == SQLITE_OK);
	(void)sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL);
	(void)sqlite3_close(db);
	expect_no_open(t, test_tmpdir(t), "schema 99, this build knows 1: run a newer build");
	junk = fopen(path, "wb");
	T_MUST(t, junk != NULL);
	for (int i = 0; i < 1000; i++)
		(void)fputs("not a database ", junk);
	(void)fclose(junk);
	expect_no_open(t, test_tmpdir(t), "not a database");
}
