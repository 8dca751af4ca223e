/*
 * Files, folders, locks, children, worker threads, faults, clocks, against the real system.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cbuild/test.h"
#include "sys/ahead.h"
#include "sys/clock.h"
#include "sys/fault.h"
#include "sys/file.h"
#include "sys/pool.h"
#include "sys/spawn.h"

static void must(struct test *t, bool ok, const struct err *e)
{
	if (!ok)
		test_fatal(t, __FILE__, __LINE__, "%s %s", e->place, e->msg);
}

static void enter(struct test *t)
{
	T_MUST(t, chdir(test_tmpdir(t)) == 0);
}

static uint32_t mode_of(struct test *t, const char *path)
{
	struct file_sig sig;
	struct err e;

	must(t, file_stat(path, &sig, &e), &e);
	return sig.mode & 07777;
}

/* --- files --- */

void TestFileWriteAndRead(struct test *t)
{
	struct arena a = {0};
	struct str got;
	struct err e;

	enter(t);
	must(t, file_write_atomic("f", STR("one"), 0640, &e), &e);
	must(t, file_read(&a, "f", 0, &got, &e), &e);
	T_EQ_STR(t, got.p, "one");
	T_EQ_INT(t, mode_of(t, "f"), 0640);
	umask(077);
	must(t, file_write_fast("f", STR("two\0x"), 0755, &e), &e);
	must(t, file_read(&a, "f", 0, &got, &e), &e);
	T_EQ_MEM(t, got.p, got.n, "two\0x", 5);
	T_EQ_INT(t, mode_of(t, "f"), 0755);
	T_OK(t, !file_read(&a, "f", 4, &got, &e));
	T_EQ_STR(t, e.msg, "is larger than 4 bytes");
	T_OK(t, !file_read(&a, "gone", 0, &got, &e));
	T_EQ_INT(t, e.os_errno, ENOENT);
	arena_fini(&a);
}

void TestFileLeavesPipesAndLinks(struct test *t)
{
	struct err e = {0};
	struct stat st;
	char got[4] = "";
	int fd;

	enter(t);
	T_MUST(t, mkfifo("pipe", 0600) == 0 && symlink("far", "link") == 0);
	T_OK(t, !file_write_fast("pipe", STR("x"), 0644, &e));
	T_EQ_STR(t, e.msg, "writing pipe: is a device or a pipe, not a file");
	T_OK(t, !file_symlink("x", "pipe", &e));
	T_OK(t, lstat("pipe", &st) == 0 && S_ISFIFO(st.st_mode));
	fd = open("pipe", O_RDWR | O_CLOEXEC);
	T_MUST(t, fd >= 0);
	must(t, file_write_to("pipe", STR("abc"), 0644, &e), &e);
	T_EQ_INT(t, read(fd, got, 3), 3);
	T_EQ_STR(t, got, "abc");
	(void)close(fd);
	must(t, file_write_to("link", STR("one"), 0644, &e), &e);
	must(t, file_write_to("far", STR("two"), 0644, &e), &e);
	T_OK(t, lstat("link", &st) == 0 && S_ISLNK(st.st_mode));
	T_OK(t, lstat("far", &st) == 0 && st.st_size == 3);
}

void TestFileReadsWhatHasNoSize(struct test *t)
{
	struct arena a = {0};
	struct str got;
	struct err e;

	must(t, file_read(&a, "/proc/self/status", 0, &got, &e), &e);
	T_OK(t, str_startsc(got, "Name:"));
	T_EQ_INT(t, strlen(got.p), got.n);
	arena_fini(&a);
}

void TestFileReadNeverBlocksOnFifo(struct test *t)
{
	struct arena a = {0};
	struct digest d;
	struct str got;
	struct err e;

	enter(t);
	T_MUST(t, mkfifo("fifo", 0600) == 0);
	T_OK(t, !file_read(&a, "fifo", 0, &got, &e));
	T_OK(t, !file_digest("fifo", &d, &e));
	T_OK(t, !file_digest(".", &d, &e));
	T_EQ_STR(t, e.msg, "is a folder, not a file");
	arena_fini(&a);
}

void TestFileWriteIfChangedKeepsTimes(struct test *t)
{
	struct file_sig one, two, three;
	struct err e;

	enter(t);
	must(t, file_write_if_changed("f", STR("x"), 0644, &e) && file_stat("f", &one, &e), &e);
	must(t, file_write_if_changed("f", STR("x"), 0755, &e) && file_stat("f", &two, &e), &e);
	must(t, file_write_if_changed("f", STR("y"), 0755, &e) && file_stat("f", &three, &e), &e);
	T_EQ_INT(t, one.ino, two.ino);
	T_EQ_INT(t, one.mtime_ns, two.mtime_ns);
	T_EQ_INT(t, two.mode & 0777, 0755);
	T_OK(t, two.ino != three.ino || two.mtime_ns != three.mtime_ns);
}

void TestFileDigestAndCopy(struct test *t)
{
	enum { BIG = 3 * 1024 * 1024 + 17 };
	char *big = mem_alloc(BIG);
	struct digest want, got;
	struct err e;

	enter(t);
	for (size_t i = 0; i < BIG; i++)
		big[i] = (char)(i * 7 + i / 251);
	want = digest_of(big, BIG);
	must(t, file_write_fast("big", str_from(big, BIG), 0600, &e), &e);
	must(t, file_copy("big", "copy", 0444, &e), &e);
	must(t, file_digest("copy", &got, &e), &e);
	T_OK(t, digest_eq(&want, &got));
	T_EQ_INT(t, mode_of(t, "copy"), 0444);
	must(t, file_copy("/proc/self/cmdline", "cmdline", 0444, &e), &e);
	must(t, file_move("copy", "moved", &e), &e);
	T_OK(t, file_kind("copy") == FILE_ABSENT && file_kind("moved") == FILE_REGULAR);
	T_OK(t, !file_copy("gone", "x", 0644, &e));
	free(big);
}

void TestFileMoveAcrossFileSystems(struct test *t)
{
	struct arena a = {0};
	struct str got;
	struct err e;

	enter(t);
	must(t, file_write_fast("from", STR("x"), 0755, &e), &e);
	fault_set("rename:1:EXDEV");
	must(t, file_move("from", "to", &e), &e);
	fault_set(NULL);
	T_OK(t, file_kind("from") == FILE_ABSENT);
	must(t, file_read(&a, "to", 0, &got, &e), &e);
	T_EQ_STR(t, got.p, "x");
	T_EQ_INT(t, mode_of(t, "to"), 0755);
	arena_fini(&a);
}

void TestFileSymlinkReplaces(struct test *t)
{
	struct arena a = {0};
	struct str real, cwd;
	struct err e;

	enter(t);
	must(t,
	     file_write_fast("a", STR("a"), 0644, &e) && file_write_fast("b", STR("b"), 0644, &e),
	     &e);
	must(t, file_symlink("a", "link", &e), &e);
	must(t, file_symlink("b", "link", &e), &e);
	T_OK(t, file_kind("link") == FILE_LINK);
	must(t, path_real(&a, "link", &real, &e) && path_cwd(&a, &cwd, &e), &e);
	T_OK(t, str_starts(real, cwd) && str_endsc(real, "/b"));
	must(t, file_remove("link", &e) && file_remove("link", &e), &e);
	T_OK(t, file_kind("b") == FILE_REGULAR);
	arena_fini(&a);
}

/* --- faults --- */

static size_t entries(struct test *t, const char *path)
{
	struct arena a = {0};
	struct folder_entry *v;
	struct err e;
	size_t n;

	must(t, folder_list(&a, path, &v, &n, &e), &e);
	arena_fini(&a);
	return n;
}

/* A failed write leaves the old file and no temporary, at each of its points. */
void TestFileWriteFaults(struct test *t)
{
	static const char *const faults[] = {"open:1:EACCES", "write:1:ENOSPC", "fsync:1:EIO",
					     "rename:1:EROFS"};
	struct arena a = {0};
	struct str got;
	struct err e;

	enter(t);
	must(t, folder_make("d", &e) && file_write_atomic("d/f", STR("old"), 0644, &e), &e);
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		fault_set(faults[i]);
		T_CHECK(t, !file_write_atomic("d/f", STR("new"), 0644, &e), "%s", faults[i]);
		T_CHECK(t, strstr(e.msg, "d/f"), "%s: %s", faults[i], e.msg);
		fault_set(NULL);
		must(t, file_read(&a, "d/f", 0, &got, &e), &e);
		T_EQ_STR(t, got.p, "old");
		T_CHECK(t, entries(t, "d") == 1, "%s left a temporary", faults[i]);
	}
	arena_fini(&a);
}

void TestFileWriteKilled(struct test *t)
{
	static const char *const faults[] = {"open:1:kill", "write:1:kill", "fsync:1:kill",
					     "rename:1:kill", "fsync:2:kill"};
	struct arena a = {0};
	struct str got;
	struct err e;

	enter(t);
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		int status = 0;
		pid_t pid;

		must(t, file_write_atomic("f", STR("old"), 0644, &e), &e);
		pid = fork();
		if (pid == 0) {
			fault_set(faults[i]);
			_exit(!file_write_atomic("f", STR("new"), 0644, &e));
		}
		T_MUST(t, waitpid(pid, &status, 0) == pid);
		T_CHECK(t, WIFSIGNALED(status), "%s did not strike", faults[i]);
		must(t, file_read(&a, "f", 0, &got, &e), &e);
		T_EQ_STR(t, got.p, i == 4 ? "new" : "old");
	}
	arena_fini(&a);
}

/* --- folders --- */

void TestFolderMake(struct test *t)
{
	struct err e;

	enter(t);
	must(t, folder_make("a/b/c", &e) && folder_make("a/b/c/", &e) && folder_make("a//d", &e),
	     &e);
	T_OK(t, file_kind("a/b/c") == FILE_FOLDER && file_kind("a/d") == FILE_FOLDER);
	must(t, folder_make_for("x/y/file", &e) && folder_make_for("file", &e), &e);
	T_OK(t, file_kind("x/y") == FILE_FOLDER && file_kind("x/y/file") == FILE_ABSENT);
	must(t, file_write_fast("plain", STR(""), 0644, &e), &e);
	T_OK(t, !folder_make("plain", &e));
	T_OK(t, !folder_make("plain/below", &e));
	T_CHECK(t, strstr(e.fix, "plain is in the way"), "%s / %s", e.msg, e.fix);
	must(t, file_symlink("nowhere", "x/dangling", &e), &e);
	T_OK(t, !folder_make("x/dangling/below", &e));
	T_CHECK(t, strstr(e.fix, "x/dangling is in the way"), "%s / %s", e.msg, e.fix);
}

void TestFolderListIsSorted(struct test *t)
{
	static const char *const names[] = {"b", "a", "B", "a.c", "a-"};
	struct arena a = {0};
	struct folder_entry *v;
	struct err e;
	size_t n;

	enter(t);
	must(t, folder_make("d/sub", &e) && file_symlink("sub", "d/z", &e), &e);
	for (size_t i = 0; i < 5; i++)
		must(t, file_write_fast(str_fmt(&a, "d/%s", names[i]).p, STR(""), 0644, &e), &e);
	must(t, folder_list(&a, "d", &v, &n, &e), &e);
	T_MUST(t, n == 7);
	T_EQ_STR(t, v[0].name.p, "B");
	T_EQ_STR(t, v[1].name.p, "a");
	T_EQ_STR(t, v[2].name.p, "a-");
	T_EQ_STR(t, v[3].name.p, "a.c");
	T_OK(t, v[5].kind == FILE_FOLDER && v[6].kind == FILE_LINK && v[0].kind == FILE_REGULAR);
	T_OK(t, !folder_list(&a, "gone", &v, &n, &e) && e.os_errno == ENOENT);
	arena_fini(&a);
}

void TestFolderRemoveAndReadonly(struct test *t)
{
	struct err e;

	enter(t);
	must(t, folder_make("d/x/y", &e) && folder_make("keep", &e), &e);
	must(t,
	     file_write_fast("d/x/f", STR(""), 0755, &e) &&
		 file_write_fast("keep/f", STR(""), 0644, &e),
	     &e);
	must(t, file_symlink("../keep", "d/link", &e), &e);
	must(t, folder_make_readonly("d", &e), &e);
	T_EQ_INT(t, mode_of(t, "d/x/f"), 0555);
	T_OK(t, (mode_of(t, "d/x") & 0222) == 0 && (mode_of(t, "keep/f") & 0200));
	must(t, folder_remove("d", &e) && folder_remove("d", &e), &e);
	T_OK(t, file_kind("d") == FILE_ABSENT && file_kind("keep/f") == FILE_REGULAR);
}

void TestFolderMakeTemp(struct test *t)
{
	struct arena a = {0};
	struct str one, two;
	struct err e;

	enter(t);
	must(t,
	     folder_make_temp(&a, "p", "x-", &one, &e) && folder_make_temp(&a, "p", "x-", &two, &e),
	     &e);
	T_OK(t, str_startsc(one, "p/x-") && !str_eq(one, two) && file_kind(one.p) == FILE_FOLDER);
	arena_fini(&a);
}

void TestPathSearch(struct test *t)
{
	struct arena a = {0};
	struct str found;
	struct err e;

	enter(t);
	must(t, folder_make("bin", &e) && file_write_fast("bin/tool", STR("#!/bin/sh\n"), 0755, &e),
	     &e);
	must(t, file_write_fast("bin/data", STR(""), 0644, &e), &e);
	setenv("PATH", "/nowhere::bin", 1);
	T_OK(t, path_search(&a, "tool", &found) && str_eqc(found, "bin/tool"));
	T_OK(t, !path_search(&a, "data", &found));
	T_OK(t, path_search(&a, "./bin/tool", &found) && !path_search(&a, "./bin/gone", &found));
	arena_fini(&a);
}

void TestLock(struct test *t)
{
	struct file_lock x, y, z;
	struct err e;
	bool got;

	enter(t);
	must(t, lock_acquire(&x, "lock", true, true, &got, &e), &e);
	T_OK(t, got);
	must(t, lock_acquire(&y, "lock", true, false, &got, &e), &e);
	T_OK(t, got);
	must(t, lock_acquire(&z, "lock", false, false, &got, &e), &e);
	T_OK(t, !got && z.fd == -1);
	lock_release(&x);
	lock_release(&y);
	must(t, lock_acquire(&z, "lock", false, false, &got, &e), &e);
	T_OK(t, got);
	lock_release(&z);
	lock_release(&z);
}

/* --- children --- */

static struct spawn_result run(struct test *t, const char *script)
{
	const char *argv[] = {"/bin/sh", "-c", script, NULL}, *env[] = {"A=b", NULL};
	struct spawn_result r;
	struct err e;

	must(t, spawn_run(&(struct spawn){.argv = argv, .env = env}, false, &r, &e), &e);
	return r;
}

static void drop(struct spawn_result *r)
{
	buf_fini(&r->out);
	buf_fini(&r->err);
}

void TestSpawnCapturesWhole(struct test *t)
{
	struct spawn_result r = run(t, "echo out $A; echo err >&2; exit 3");

	T_EQ_STR(t, r.out.p, "out b\n");
	T_EQ_STR(t, r.err.p, "err\n");
	T_EQ_INT(t, r.exit_status, 3);
	drop(&r);
	r = run(t, "i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done");
	T_EQ_INT(t, r.out.n, 220000);
	drop(&r);
	r = run(t, "kill -9 $$");
	T_EQ_INT(t, r.signal, 9);
	T_EQ_INT(t, r.exit_status, 137);
	drop(&r);
	r = run(t, "cat; env");
	T_OK(t, str_startsc(buf_str(&r.out), "A=b\n") || strstr(r.out.p, "A=b\n"));
	T_OK(t, !strstr(r.out.p, "HOME="));
	drop(&r);
}

void TestSpawnCwdAndMissing(struct test *t)
{
	const char *pwd[] = {"/bin/pwd", NULL}, *gone[] = {"no-such-program", NULL},
		   *gone2[] = {"./gone", NULL};
	struct spawn_result r;
	struct err e;

	must(t, spawn_run(&(struct spawn){.argv = pwd, .cwd = "/usr"}, false, &r, &e), &e);
	T_EQ_STR(t, r.out.p, "/usr\n");
	drop(&r);
	T_OK(t, !spawn_run(&(struct spawn){.argv = gone}, false, &r, &e));
	T_EQ_STR(t, e.msg, "no program 'no-such-program' in $PATH");
	T_OK(t, e.fix[0]);
	T_OK(t, !spawn_run(&(struct spawn){.argv = gone2}, false, &r, &e));
	T_CHECK(t, strstr(e.msg, "./gone") && e.fix[0], "%s", e.msg);
}

/* A daemon that keeps our pipe open must not hold the result up. */
void TestSpawnLeavesDaemonsBehind(struct test *t)
{
	uint64_t start_ms = clock_mono_ms();
	struct spawn_result r = run(t, "sleep 5 & echo done");

	T_EQ_STR(t, r.out.p, "done\n");
	T_CHECK(t, clock_mono_ms() - start_ms < 4000, "%llu ms",
		(unsigned long long)(clock_mono_ms() - start_ms));
	drop(&r);
}

void TestSpawnSet(struct test *t)
{
	enum { N = 20 };
	int tags[N], seen = 0;
	struct spawn_set *s;
	struct spawn_result r;
	struct err e;

	must(t, spawn_set_open(&s, &e), &e);
	T_OK(t, spawn_wait(s, 0, &r) == SPAWN_NONE);
	for (int i = 0; i < N; i++) {
		char word[16];
		const char *argv[] = {"/bin/echo", word, NULL};

		tags[i] = i;
		snprintf(word, sizeof word, "%d", i);
		must(t, spawn_start(s, &(struct spawn){.argv = argv, .tag = &tags[i]}, &e), &e);
	}
	while (spawn_wait(s, -1, &r) == SPAWN_EXITED) {
		int *tag = r.tag;

		T_EQ_INT(t, atoi(r.out.p), *tag);
		seen++;
		drop(&r);
	}
	T_EQ_INT(t, seen, N);
	spawn_set_close(s);
}

void TestSpawnTimeoutAndStop(struct test *t)
{
	const char *stubborn[] = {"/bin/sh", "-c", "trap '' TERM; sleep 60 & wait; sleep 60", NULL};
	const char *mild[] = {"/bin/sleep", "60", NULL};
	uint64_t start_ms = clock_mono_ms();
	struct spawn_set *s;
	struct spawn_result r;
	struct err e;

	must(t, spawn_set_open(&s, &e), &e);
	must(t, spawn_start(s, &(struct spawn){.argv = stubborn}, &e), &e);
	must(t, spawn_start(s, &(struct spawn){.argv = mild}, &e), &e);
	T_OK(t, spawn_wait(s, 100, &r) == SPAWN_TIMEOUT);
	T_EQ_INT(t, spawn_running(s), 2);
	spawn_stop_all(s, 200);
	T_EQ_INT(t, spawn_running(s), 0);
	T_OK(t, clock_mono_ms() - start_ms < 5000);
	spawn_set_close(s);
}

void TestSpawnInterrupted(struct test *t)
{
	const char *argv[] = {"/bin/sleep", "60", NULL};
	struct spawn_set *s;
	struct spawn_result r;
	struct err e;

	interrupt_install();
	T_OK(t, !interrupt_requested());
	must(t, spawn_set_open(&s, &e), &e);
	must(t, spawn_start(s, &(struct spawn){.argv = argv}, &e), &e);
	kill(getpid(), SIGTERM);
	T_OK(t, spawn_wait(s, -1, &r) == SPAWN_INTERRUPTED);
	T_OK(t, interrupt_requested());
	spawn_set_close(s);
}

/* --- worker threads --- */

static void square(void *ctx, size_t i)
{
	size_t *v = ctx;

	v[i] = i * i;
}

void TestPoolEach(struct test *t)
{
	enum { N = 10000 };
	size_t *v = mem_alloc(N * sizeof *v);

	for (unsigned threads = 0; threads < 5; threads++) {
		memset(v, 0, N * sizeof *v);
		pool_each(N - threads, threads, square, v);
		for (size_t i = 0; i < N - threads; i++)
			T_CHECK(t, v[i] == i * i, "threads %u, item %zu", threads, i);
		T_CHECK(t, threads == 0 || v[N - 1] == 0, "threads %u went beyond the end",
			threads);
	}
	pool_each(0, 0, square, NULL);
	free(v);
}

struct work {
	int in, out;
};

static void twice(void *job)
{
	struct work *w = job;

	w->out = w->in * 2;
}

void TestPoolWakesSpawnWait(struct test *t)
{
	enum { N = 200 };
	struct work work[N];
	struct spawn_set *s;
	struct spawn_result r;
	struct pool *p;
	struct err e;
	int done = 0;

	must(t, spawn_set_open(&s, &e) && pool_open(4, &p, &e), &e);
	spawn_watch(s, pool_fd(p));
	for (int i = 0; i < N; i++) {
		work[i] = (struct work){.in = i};
		pool_start(p, twice, &work[i]);
	}
	while (pool_running(p)) {
		struct work *w;

		T_MUST(t, spawn_wait(s, 10000, &r) == SPAWN_WOKEN);
		while ((w = pool_take(p))) {
			T_EQ_INT(t, w->out, w->in * 2);
			done++;
		}
	}
	T_EQ_INT(t, done, N);
	T_OK(t, spawn_wait(s, 0, &r) == SPAWN_TIMEOUT);
	pool_close(p);
	spawn_set_close(s);
}

/* A job taken just before its wake-up byte arrives must not leave the byte behind. */
void TestPoolLeavesNoWakeUpBehind(struct test *t)
{
	struct spawn_set *s;
	struct spawn_result r;
	struct pool *p;
	struct err e;

	must(t, spawn_set_open(&s, &e) && pool_open(2, &p, &e), &e);
	spawn_watch(s, pool_fd(p));
	for (int i = 0; i < 3000; i++) {
		struct work w = {.in = i};

		pool_start(p, twice, &w);
		while (!pool_take(p))
			continue;
	}
	T_OK(t, spawn_wait(s, 0, &r) == SPAWN_TIMEOUT);
	pool_close(p);
	spawn_set_close(s);
}

void TestPoolCloseDropsWhatIsQueued(struct test *t)
{
	struct work work[50] = {{0}};
	struct pool *p;
	struct err e;

	must(t, pool_open(2, &p, &e), &e);
	for (int i = 0; i < 50; i++)
		pool_start(p, twice, &work[i]);
	pool_close(p);
	pool_close(NULL);
}

/* Old leftovers go, fresh ones stay; a folder that others may write to is not taken. */
void TestFolderInMemory(struct test *t)
{
	struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	struct arena a = {0};
	struct str dir;
	struct err e;

	enter(t);
	must(t, folder_make("d/deep", &e) && file_write_fast("d/new", STR("x"), 0644, &e), &e);
	T_MUST(t, utimensat(AT_FDCWD, "d/deep", old, 0) == 0);
	folder_sweep("d");
	folder_sweep("nowhere");
	T_EQ_INT(t, file_kind("d/deep"), FILE_ABSENT);
	T_EQ_INT(t, file_kind("d/new"), FILE_REGULAR);
	if (!folder_in_memory(&a, &dir))
		test_skip(t, "no /dev/shm with room here");
	T_EQ_INT(t, mode_of(t, dir.p), 0700);
	T_OK(t, folder_in_memory(&a, &dir));
	arena_fini(&a);
}

/* --- clocks --- */

static int64_t rewritten_ns(struct test *t, const char *path)
{
	struct file_sig sig;
	struct err e;
	int fd;

	must(t, file_stat(path, &sig, &e), &e); /* asks for an exact stamp of what follows */
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	T_MUST(t, fd >= 0 && write(fd, "x", 1) == 1);
	close(fd);
	must(t, file_stat(path, &sig, &e), &e);
	return sig.ctime_ns;
}

/* What was written before a stamp is not younger than it, what is written after it not older. */
void TestClockStamp(struct test *t)
{
	struct err e;

	enter(t);
	must(t, file_write_fast("f", STR("x"), 0644, &e), &e);
	for (int i = 0; i < 100; i++) {
		int64_t before = rewritten_ns(t, "f"), stamp = clock_stamp_ns("clock");

		T_OK(t, before <= stamp);
		T_OK(t, rewritten_ns(t, "f") >= stamp);
	}
	T_OK(t, clock_stamp_ns("/nowhere/clock") <= clock_real_ns());
	T_OK(t, clock_stamp_ns(NULL) > 0);
}

void TestClock(struct test *t)
{
	struct arena a = {0};
	int64_t seconds;
	struct err e;
	bool set;

	T_EQ_STR(t, time_rfc3339(&a, 0).p, "1970-01-01T00:00:00Z");
	T_EQ_STR(t, time_rfc3339(&a, 1732397753).p, "2024-11-23T21:35:53Z");
	T_EQ_STR(t, time_rfc3339(&a, 253402300799).p, "9999-12-31T23:59:59Z");
	setenv("SOURCE_DATE_EPOCH", "1234567890", 1);
	must(t, source_date_epoch(&seconds, &set, &e), &e);
	T_OK(t, set && seconds == 1234567890);
	setenv("SOURCE_DATE_EPOCH", "now", 1);
	T_OK(t, !source_date_epoch(&seconds, &set, &e));
	T_EQ_INT(t, e.code, ERR_USAGE);
	T_OK(t, strstr(e.fix, "--format=%ct") != NULL);
	unsetenv("SOURCE_DATE_EPOCH");
	must(t, source_date_epoch(&seconds, &set, &e), &e);
	T_OK(t, !set);
	T_OK(t, cpu_count() >= 1);
	arena_fini(&a);
}

static void start_and_rename(struct test *t, struct ahead **h)
{
	struct err e;

	T_OK(t, file_remove("out", &e));
	*h = ahead_start("out");
	T_OK(t, file_write_fast("whole", STR("program"), 0644, &e));
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	T_OK(t, file_move("whole", "out", &e));
	nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
}

/* Renamed to its name, it is hashed; written to afterwards, or made under that name, it is not. */
void TestAheadHashesWhatIsRenamed(struct test *t)
{
	struct digest want = digest_str(STR("program")), got = {0};
	struct ahead *h;
	struct err e;

	T_MUST(t, chdir(test_tmpdir(t)) == 0);
	start_and_rename(t, &h);
	T_OK(t, ahead_end(h, &got) && digest_eq(&got, &want));

	start_and_rename(t, &h);
	T_OK(t, file_append("out", STR("m"), 0644, &e));
	T_OK(t, !ahead_end(h, &got));

	T_OK(t, file_remove("out", &e));
	h = ahead_start("out");
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	T_OK(t, file_append("out", STR("m"), 0644, &e));
	nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	T_OK(t, !ahead_end(h, &got));

	h = ahead_start("out"); /* it is there before */
	T_OK(t, !ahead_end(h, &got));
	T_OK(t, !ahead_end(NULL, &got));
	T_OK(t, file_kind("out.clock") == FILE_ABSENT);
}

void TestFileCutAndReserve(struct test *t)
{
	struct arena a = {0};
	struct err e = {0};
	struct str dir = str_of(test_tmpdir(t)), text, link;
	struct file_sig sig;
	const char *path = str_fmt(&a, "%s/f", dir.p).p;
	const char *temp = str_fmt(&a, "%s/.cbuild-1", dir.p).p;

	T_OK(t, file_append(path, STR("one\ntwo\n"), 0644, &e));
	file_reserve(path, 1 << 16);
	T_OK(t, file_read(&a, path, 0, &text, &e));
	T_EQ_STR(t, text.p, "one\ntwo\n");
	T_OK(t, file_cut(path, 4, &e) && file_read(&a, path, 0, &text, &e));
	T_EQ_STR(t, text.p, "one\n");
	T_OK(t, file_system_sync(dir.p, &e));
	T_OK(t, file_symlink("f", temp, &e) && link_read(&a, temp, &link, &e));
	T_EQ_STR(t, link.p, "f");
	T_OK(t, !link_read(&a, path, &link, &e));
	T_OK(t, file_set_mode(path, 0700, &e) && folder_publish(dir.p, &e));
	T_OK(t, file_stat(path, &sig, &e) && (sig.mode & 07777) == 0555);
	T_OK(t, file_stat(dir.p, &sig, &e) && (sig.mode & 07777) == 0555);
	T_OK(t, file_set_mode(dir.p, 0755, &e) && folder_drop_temps(dir.p, &e));
	T_EQ_INT(t, file_kind(temp), FILE_ABSENT);
	T_EQ_INT(t, file_kind(path), FILE_REGULAR);
	arena_fini(&a);
}
