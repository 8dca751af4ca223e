/*
 * The store's promises: whole or absent, damage is a miss, a full disk is a clear error, and
 * whoever is killed at whatever point leaves a store that the next process can use.
 */
#include "cas/cas_impl.h"

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
#include "sys/fault.h"

struct world {
	struct test *t;
	struct arena a;
	struct str dir;
	struct cas *c;
	struct err e;
};

static void must(struct world *w, bool ok, const char *what)
{
	struct buf text = {0};

	if (ok)
		return;
	err_render(&w->e, &text);
	test_fatal(w->t, __FILE__, __LINE__, "%s: %s", what, text.p);
}

static void open_world(struct world *w, struct test *t)
{
	*w = (struct world){.t = t};
	w->dir = str_fmt(&w->a, "%s/cache", test_tmpdir(t));
	must(w, cas_open(&w->a, w->dir, &w->c, &w->e), "cas_open");
}

/* As another process would see it: nothing remembered. */
static void reopen(struct world *w)
{
	cas_close(w->c);
	must(w, cas_open(&w->a, w->dir, &w->c, &w->e), "cas_open");
}

static void close_world(struct world *w)
{
	cas_close(w->c);
	arena_fini(&w->a);
}

static struct digest put(struct world *w, const char *text)
{
	struct digest d;

	must(w, cas_put(w->c, str_of(text), false, &d, &w->e), "cas_put");
	return d;
}

static const char *in_tmp(struct world *w, const char *name)
{
	return str_fmt(&w->a, "%s/%s", test_tmpdir(w->t), name).p;
}

static uint32_t mode_of(struct world *w, const char *path)
{
	struct file_sig sig;

	must(w, file_stat(path, &sig, &w->e), path);
	return sig.mode & 07777;
}

static size_t count_temps(struct world *w)
{
	struct folder_entry *entries;
	size_t n = 0;

	must(w, folder_list(&w->a, str_fmt(&w->a, "%s/tmp", w->dir.p).p, &entries, &n, &w->e),
	     "list");
	return n;
}

void TestCasPutGet(struct test *t)
{
	struct world w;
	struct digest d;
	struct str got;

	open_world(&w, t);
	d = put(&w, "hello");
	T_EQ_INT(t, d.size_bytes, 5);
	T_OK(t, cas_has(w.c, &d, &w.e) == CAS_HIT);
	T_OK(t, cas_get(w.c, &d, &w.a, &got, &w.e) == CAS_HIT);
	T_EQ_MEM(t, got.p, got.n, "hello", 5);
	T_EQ_INT(t, mode_of(&w, cas_path(&w.a, w.c, &d).p), 0444);
	reopen(&w);
	T_OK(t, cas_get(w.c, &d, &w.a, &got, &w.e) == CAS_HIT);
	d.sha256[0] ^= 1;
	T_OK(t, cas_get(w.c, &d, &w.a, &got, &w.e) == CAS_MISS);
	T_OK(t, cas_has(w.c, &d, &w.e) == CAS_MISS);
	T_EQ_INT(t, count_temps(&w), 0);
	close_world(&w);
}

void TestCasPutTwice(struct test *t)
{
	struct world w;
	struct cas_stat st;
	struct digest d;

	open_world(&w, t);
	put(&w, "same");
	put(&w, "same");
	T_OK(t, cas_put(w.c, STR("same"), true, &d, &w.e));
	must(&w, cas_stat(w.c, &st, &w.e), "stat");
	T_EQ_INT(t, st.blob_count, 1);
	T_EQ_INT(t, st.blob_bytes, 4);
	T_EQ_INT(t, mode_of(&w, cas_path(&w.a, w.c, &d).p), 0555);
	close_world(&w);
}

void TestCasPutEmpty(struct test *t)
{
	struct world w;
	struct digest d;
	struct str got;

	open_world(&w, t);
	d = put(&w, "");
	T_OK(t, cas_get(w.c, &d, &w.a, &got, &w.e) == CAS_HIT && got.n == 0);
	close_world(&w);
}

void TestCasPutFile(struct test *t)
{
	struct world w;
	struct digest d, again;
	const char *path;

	open_world(&w, t);
	path = in_tmp(&w, "f");
	must(&w, file_write_fast(path, STR("content"), 0644, &w.e), path);
	must(&w, cas_put_file(w.c, path, CAS_COPY, false, &d, &w.e), "copy");
	T_OK(t, file_kind(path) == FILE_REGULAR);
	must(&w, cas_put_file(w.c, path, CAS_MOVE, true, &again, &w.e), "move");
	T_OK(t, file_kind(path) == FILE_ABSENT);
	T_OK(t, digest_eq(&d, &again));
	T_EQ_INT(t, mode_of(&w, cas_path(&w.a, w.c, &d).p), 0555);
	T_OK(t, !cas_put_file(w.c, path, CAS_MOVE, true, &again, &w.e));
	T_EQ_INT(t, w.e.os_errno, ENOENT);
	T_EQ_INT(t, count_temps(&w), 0);
	close_world(&w);
}

void TestCasPlace(struct test *t)
{
	struct world w;
	struct digest d;
	struct file_sig before, after;
	struct str got;
	const char *path;

	open_world(&w, t);
	d = put(&w, "program");
	path = in_tmp(&w, "build/bin/x");
	T_OK(t, cas_place(w.c, &d, path, 0755, &w.e) == CAS_HIT);
	must(&w, file_read(&w.a, path, 0, &got, &w.e), path);
	T_EQ_STR(t, got.p, "program");
	T_EQ_INT(t, mode_of(&w, path), 0755);
	must(&w, file_stat(path, &before, &w.e), path);
	T_OK(t, cas_place(w.c, &d, path, 0755, &w.e) == CAS_HIT);
	must(&w, file_stat(path, &after, &w.e), path);
	T_EQ_INT(t, before.ino, after.ino);
	must(&w, file_write_fast(path, STR("changed"), 0755, &w.e), path);
	T_OK(t, cas_place(w.c, &d, path, 0755, &w.e) == CAS_HIT);
	must(&w, file_read(&w.a, path, 0, &got, &w.e), path);
	T_EQ_STR(t, got.p, "program");
	d.sha256[3] ^= 1;
	T_OK(t, cas_place(w.c, &d, path, 0755, &w.e) == CAS_MISS);
	close_world(&w);
}

static struct action_result sample(struct world *w)
{
	struct action_result r = {.wall_ms = 431, .cpu_ms = 402, .peak_bytes = 18350080};

	r.outputs = arena_array(&w->a, struct cas_output, 2);
	r.output_count = 2;
	r.outputs[0] = (struct cas_output){
	    .path = STR("build/bin/shop"), .digest = put(w, "elf"), .executable = true};
	r.outputs[1] = (struct cas_output){.path = STR("a file"), .digest = put(w, "data")};
	r.stderr_digest = put(w, "warning: x\n");
	return r;
}

static const struct digest KEY = {.sha256 = {1, 2, 3}, .size_bytes = 9};

static void expect_sample(struct world *w, const struct action_result *r)
{
	struct test *t = w->t;

	T_MUST(t, r->output_count == 2);
	T_EQ_STR(t, r->outputs[0].path.p, "build/bin/shop");
	T_OK(t, r->outputs[0].executable && !r->outputs[1].executable);
	T_EQ_STR(t, r->outputs[1].path.p, "a file");
	T_EQ_INT(t, r->outputs[1].digest.size_bytes, 4);
	T_OK(t, digest_is_zero(&r->stdout_digest));
	T_EQ_INT(t, r->stderr_digest.size_bytes, 11);
	T_EQ_INT(t, r->peak_bytes, 18350080);
}

void TestCasActionRoundTrip(struct test *t)
{
	struct action_result r, got;
	struct world w;

	open_world(&w, t);
	r = sample(&w);
	T_OK(t, cas_action_get(w.c, &KEY, &w.a, &got, &w.e) == CAS_MISS);
	must(&w, cas_action_put(w.c, &KEY, &r, &w.e), "put");
	reopen(&w);
	T_OK(t, cas_action_get(w.c, &KEY, &w.a, &got, &w.e) == CAS_HIT);
	expect_sample(&w, &got);
	T_EQ_INT(t, mode_of(&w, cas_path(&w.a, w.c, &got.outputs[0].digest).p), 0555);
	close_world(&w);
}

void TestCasActionPutRefuses(struct test *t)
{
	struct action_result r;
	struct world w;

	open_world(&w, t);
	r = sample(&w);
	r.exit_status = 1;
	T_OK(t, !cas_action_put(w.c, &KEY, &r, &w.e));
	r.exit_status = 0;
	r.outputs[1].path = STR("new\nline");
	T_OK(t, !cas_action_put(w.c, &KEY, &r, &w.e));
	T_EQ_INT(t, w.e.code, ERR_INPUT);
	r.outputs[1].path = STR("file");
	r.outputs[1].digest.sha256[0] ^= 1;
	T_OK(t, !cas_action_put(w.c, &KEY, &r, &w.e));
	T_OK(t, file_kind(str_fmt(&w.a, "%s/ac/01", w.dir.p).p) == FILE_ABSENT);
	close_world(&w);
}

/* What can happen to a file, by hand. */
static void damage(struct world *w, const char *path, int how)
{
	struct str text;

	must(w, file_read(&w->a, path, 0, &text, &w->e), path);
	switch (how) {
	case 0:
		must(w, file_remove(path, &w->e), path);
		break;
	case 1: /* cut in half */
		text.n /= 2;
		break;
	case 2: /* one bit, same size */
		text = str_dup(&w->a, text);
		((char *)(uintptr_t)text.p)[text.n / 2] ^= 1;
		break;
	case 3: /* longer */
		text = str_fmt(&w->a, "%.*sx", STR_ARG(text));
		break;
	case 4:
		text.n = 0;
		break;
	default: /* a folder of that name */
		must(w, file_remove(path, &w->e) && folder_make(path, &w->e), path);
		return;
	}
	if (how)
		must(w, file_write_fast(path, text, 0444, &w->e), path);
}

void TestCasDamagedBlobIsAMiss(struct test *t)
{
	for (int how = 0; how < 5; how++) {
		struct action_result r, got;
		struct world w;
		struct str text;
		const char *path;

		open_world(&w, t);
		r = sample(&w);
		must(&w, cas_action_put(w.c, &KEY, &r, &w.e), "put");
		path = cas_path(&w.a, w.c, &r.outputs[1].digest).p;
		damage(&w, path, how);
		reopen(&w);
		T_CHECK(t, cas_get(w.c, &r.outputs[1].digest, &w.a, &text, &w.e) == CAS_MISS,
			"damage %d", how);
		T_CHECK(t, cas_action_get(w.c, &KEY, &w.a, &got, &w.e) == CAS_MISS, "damage %d",
			how);
		put(&w, "data");
		T_CHECK(t, cas_action_get(w.c, &KEY, &w.a, &got, &w.e) == CAS_HIT, "damage %d",
			how);
		must(&w, folder_remove(w.dir.p, &w.e), "clean up");
		close_world(&w); /* w.dir goes with it */
	}
}

void TestCasDamagedRecordIsAMiss(struct test *t)
{
	for (int how = 0; how < 5; how++) {
		struct action_result r, got;
		struct world w;
		char path[PATH_MAX];

		open_world(&w, t);
		r = sample(&w);
		must(&w, cas_action_put(w.c, &KEY, &r, &w.e), "put");
		action_path(w.c, &KEY, path);
		damage(&w, path, how);
		reopen(&w);
		T_CHECK(t, cas_action_get(w.c, &KEY, &w.a, &got, &w.e) == CAS_MISS, "damage %d",
			how);
		must(&w, cas_action_put(w.c, &KEY, &r, &w.e), "put again");
		T_CHECK(t, cas_action_get(w.c, &KEY, &w.a, &got, &w.e) == CAS_HIT, "damage %d",
			how);
		must(&w, folder_remove(w.dir.p, &w.e), "clean up");
		close_world(&w); /* w.dir goes with it */
	}
}

/* Every cut and every flipped bit of a record is refused: the sum covers all of it. */
void TestCasRecordRefusesEveryChange(struct test *t)
{
	struct digest key = digest_of("k", 1), other = digest_of("o", 1);
	struct action_result r, got;
	struct buf text = {0};
	struct world w;

	open_world(&w, t);
	r = sample(&w);
	*vec_push(&w.a, &r.more_inputs) = STR("build/.x/tc/a.h");
	must(&w, record_write(&key, &r, &text, &w.e), "write");
	T_OK(t, record_read(&w.a, &key, buf_str(&text), &got));
	expect_sample(&w, &got);
	T_EQ_INT(t, got.more_inputs.n, 1);
	T_CHECK(t, !record_read(&w.a, &other, buf_str(&text), &got), "under another key's name");
	for (size_t n = 0; n < text.n; n++)
		T_CHECK(t, !record_read(&w.a, &key, str_from(text.p, n), &got), "cut to %zu bytes",
			n);
	for (size_t i = 0; i < text.n * 8; i++) {
		text.p[i / 8] ^= (char)(1 << i % 8);
		T_CHECK(t, !record_read(&w.a, &key, buf_str(&text), &got), "bit %zu flipped", i);
		text.p[i / 8] ^= (char)(1 << i % 8);
	}
	buf_fini(&text);
	close_world(&w);
}

static bool read_with_sum(struct world *w, const char *body, struct action_result *got)
{
	struct digest key = digest_of("k", 1), d = record_sum(&key, str_of(body));
	char hex[DIGEST_HEX + 1];

	digest_hex(&d, hex);
	return record_read(&w->a, &key, str_fmt(&w->a, "%ssum %s\n", body, hex), got);
}

/* Right sum, wrong text: as a hostile or a future writer would leave it. */
void TestCasRecordRefusesNonsense(struct test *t)
{
	static const char H[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	static const char *const bad[] = {
	    "cbuild-ac 2\nexit 0\n",
	    "cbuild-ac 1\nexit 1\n",
	    "cbuild-ac 1\n",
	    "cbuild-ac 1\nexit 0\nout y 1 %s p\n",
	    "cbuild-ac 1\nexit 0\nout x -1 %s p\n",
	    "cbuild-ac 1\nexit 0\nout x 99999999999999999999 %s p\n",
	    "cbuild-ac 1\nexit 0\nout x 1 %s\n",
	    "cbuild-ac 1\nexit 0\nout x 1 %s \n",
	    "cbuild-ac 1\nexit 0\nout x 1 abc p\n",
	    "cbuild-ac 1\nexit 0\nout \n",
	    "cbuild-ac 1\nexit 0\nstdout 1\n",
	    "cbuild-ac 1\nexit 0\nstdout 1 %s x\n",
	    "cbuild-ac 1\nexit 0\ntime 1 2\n",
	    "cbuild-ac 1\nexit 0\nmore \n",
	    "cbuild-ac 1\nexit 0\nnews 1\n",
	};
	struct action_result got;
	struct world w;

	open_world(&w, t);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		const char *mark = strstr(bad[i], "%s");
		const char *body = bad[i];

		if (mark)
			body =
			    str_fmt(&w.a, "%.*s%s%s", (int)(mark - bad[i]), bad[i], H, mark + 2).p;
		T_CHECK(t, !read_with_sum(&w, body, &got), "%s", body);
	}
	T_OK(t, read_with_sum(&w, "cbuild-ac 1\nexit 0\n", &got));
	close_world(&w);
}

/* --- faults --- */

/* All of the writing operations, in a process of its own. 0 when all went well. */
static int workload(const char *dir, const char *file)
{
	struct arena a = {0};
	struct action_result r = {0};
	struct cas_output outs[2] = {{.path = STR("o1")}, {.path = STR("o2"), .executable = true}};
	struct cas *c = NULL;
	struct err e;
	bool ok;

	ok = cas_open(&a, str_of(dir), &c, &e) &&
	     cas_put(c, STR("some bytes"), false, &outs[0].digest, &e) &&
	     file_write_fast(file, STR("file bytes"), 0644, &e) &&
	     cas_put_file(c, file, CAS_MOVE, true, &outs[1].digest, &e) &&
	     cas_put(c, STR("words\n"), false, &r.stdout_digest, &e);
	r.outputs = outs;
	r.output_count = 2;
	ok = ok && cas_action_put(c, &KEY, &r, &e) &&
	     cas_place(c, &outs[0].digest, str_fmt(&a, "%s-placed", file).p, 0644, &e) == CAS_HIT;
	cas_close(c);
	arena_fini(&a);
	return ok ? 0 : 1;
}

/* Forks the workload with a fault; its wait status, 0 when the fault was beyond its last point. */
static int run_faulted(struct world *w, const char *fault, uint64_t point, const char *file)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		int failed;

		fault_set(fault);
		failed = workload(w->dir.p, file);
		_exit(fault_passed() < point ? failed : 7);
	}
	T_MUST(w->t, waitpid(pid, &status, 0) == pid);
	return status;
}

/* Whatever happened, what is there is right, and the work can be done now. */
static void expect_usable(struct world *w, const char *fault, const char *file)
{
	struct action_result got;
	uint64_t damaged;
	enum cas_result found;

	reopen(w);
	must(w, cas_verify(w->c, &damaged, &w->e), "verify");
	T_CHECK(w->t, damaged == 0, "%s: %llu damaged entries", fault, (unsigned long long)damaged);
	found = cas_action_get(w->c, &KEY, &w->a, &got, &w->e);
	T_CHECK(w->t, found != CAS_ERROR, "%s: %s", fault, w->e.msg);
	T_CHECK(w->t, workload(w->dir.p, file) == 0, "after %s", fault);
	found = cas_action_get(w->c, &KEY, &w->a, &got, &w->e);
	T_CHECK(w->t, found == CAS_HIT && got.output_count == 2, "after %s", fault);
}

static void fault_loop(struct test *t, const char *how, bool killed)
{
	static const char *const ops[] = {"open", "write", "rename", "unlink", "mkdir"};
	enum { POINTS_MAX = 100 };
	int struck = 0;

	for (size_t op = 0; op < sizeof ops / sizeof ops[0]; op++) {
		for (int n = 1, status = -1; n < POINTS_MAX && status != 0; n++) {
			struct world w;
			const char *fault, *file;

			open_world(&w, t);
			fault = str_fmt(&w.a, "%s:%d:%s", ops[op], n, how).p;
			file = in_tmp(&w, "made");
			status = run_faulted(&w, fault, (uint64_t)n, file);
			struck += status != 0;
			if (status && killed)
				T_CHECK(t, WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%s",
					fault);
			if (status && !killed)
				T_CHECK(t, count_temps(&w) == 0 || op == 3, "%s left a temporary",
					fault);
			expect_usable(&w, fault, file);
			must(&w, folder_remove(w.dir.p, &w.e), "clean up");
			close_world(&w); /* w.dir goes with it */
			T_MUST(t, n < POINTS_MAX - 1);
		}
	}
	T_CHECK(t, struck > 10, "only %d faults struck", struck);
}

void TestCasKilledAtEveryWritePoint(struct test *t)
{
	fault_loop(t, "kill", true);
}

void TestCasDiskFullAtEveryWritePoint(struct test *t)
{
	fault_loop(t, "ENOSPC", false);
}

void TestCasDiskFullSaysSo(struct test *t)
{
	struct world w;
	struct digest d;

	open_world(&w, t);
	fault_set("write:1:ENOSPC");
	T_OK(t, !cas_put(w.c, STR("x"), false, &d, &w.e));
	fault_set(NULL);
	T_EQ_INT(t, w.e.code, ERR_IO);
	T_CHECK(t, strstr(w.e.msg, "No space left on device"), "%s", w.e.msg);
	T_CHECK(t, strstr(w.e.chain, w.dir.p), "%s", w.e.chain);
	T_CHECK(t, strstr(w.e.fix, "CBUILD_CACHE"), "%s", w.e.fix);
	T_EQ_INT(t, count_temps(&w), 0);
	T_OK(t, cas_has(w.c, &d, &w.e) == CAS_MISS);
	close_world(&w);
}

void TestCasOpenRefusesBadFolders(struct test *t)
{
	struct arena a = {0};
	struct cas *c;
	struct err e;
	struct str file = str_fmt(&a, "%s/file", test_tmpdir(t));

	T_OK(t, !cas_open(&a, STR("relative"), &c, &e));
	T_EQ_INT(t, e.code, ERR_USAGE);
	T_MUST(t, file_write_fast(file.p, STR("x"), 0644, &e));
	T_OK(t, !cas_open(&a, file, &c, &e));
	T_EQ_INT(t, e.code, ERR_IO);
	T_CHECK(t, e.fix[0], "%s", e.msg);
	arena_fini(&a);
}

/* --- several processes --- */

static int hammer(const char *dir, unsigned seed)
{
	struct arena a = {0};
	struct cas *c;
	struct err e;

	if (!cas_open(&a, str_of(dir), &c, &e))
		return 1;
	for (unsigned i = 0; i < 300; i++) {
		unsigned k = (i * 7 + seed * 13) % 40;
		struct digest key = {.sha256 = {(uint8_t)k}};
		struct cas_output out = {.path = STR("o")};
		struct action_result r = {.outputs = &out, .output_count = 1}, got;
		struct str text = str_fmt(&a, "blob %u", k), back;

		if (!cas_put(c, text, k % 2, &out.digest, &e) || !cas_action_put(c, &key, &r, &e))
			return 2;
		if (cas_action_get(c, &key, &a, &got, &e) != CAS_HIT ||
		    !digest_eq(&got.outputs[0].digest, &out.digest))
			return 3;
		if (cas_get(c, &out.digest, &a, &back, &e) != CAS_HIT || !str_eq(back, text))
			return 4;
	}
	return 0;
}

void TestCasManyProcesses(struct test *t)
{
	enum { PROCESSES = 4 };
	uint64_t damaged;
	struct world w;

	open_world(&w, t);
	for (unsigned i = 0; i < PROCESSES; i++) {
		if (fork() == 0)
			_exit(hammer(w.dir.p, i));
	}
	for (int i = 0, status; i < PROCESSES; i++) {
		T_MUST(t, wait(&status) > 0);
		T_CHECK(t, WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", status);
	}
	must(&w, cas_verify(w.c, &damaged, &w.e), "verify");
	T_EQ_INT(t, damaged, 0);
	T_EQ_INT(t, count_temps(&w), 0);
	close_world(&w);
}

/* --- the seal --- */

/* Other bytes of the same size, with the modification time put back. */
static void rewrite_quietly(struct world *w, const char *path)
{
	struct stat st;
	struct timespec times[2];
	int fd;

	T_MUST(w->t, chmod(path, 0644) == 0 && (fd = open(path, O_WRONLY | O_CLOEXEC)) >= 0);
	T_MUST(w->t, fstat(fd, &st) == 0 && pwrite(fd, "?", 1, 0) == 1);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	times[1].tv_sec -= 60; /* as one who comes a minute later */
	T_MUST(w->t, futimens(fd, times) == 0 && close(fd) == 0);
}

void TestCasSealBreaks(struct test *t)
{
	struct digest d;
	struct world w;
	const char *path;

	open_world(&w, t);
	must(&w, cas_put(w.c, STR("sealed bytes"), false, &d, &w.e), "put");
	path = cas_path(&w.a, w.c, &d).p;
	seen_forget(w.c);
	T_OK(t, cas_has(w.c, &d, &w.e) == CAS_HIT);
	rewrite_quietly(&w, path);
	T_OK(t, cas_has(w.c, &d, &w.e) == CAS_MISS);
	must(&w, cas_put(w.c, STR("sealed bytes"), false, &d, &w.e), "put again");
	seen_forget(w.c);
	T_OK(t, cas_has(w.c, &d, &w.e) == CAS_HIT);
	damage(&w, path, 2); /* an ordinary write */
	T_OK(t, cas_has(w.c, &d, &w.e) == CAS_MISS);
	close_world(&w);
}

/* --- upkeep --- */

static void set_age(struct world *w, const char *path, int seconds)
{
	struct timespec at[2] = {{.tv_sec = time(NULL) - seconds},
				 {.tv_sec = time(NULL) - seconds}};

	T_MUST(w->t, utimensat(AT_FDCWD, path, at, 0) == 0);
}

void TestCasVerifyRemovesDamage(struct test *t)
{
	struct action_result r;
	uint64_t damaged;
	struct world w;
	char path[PATH_MAX];

	open_world(&w, t);
	r = sample(&w);
	must(&w, cas_action_put(w.c, &KEY, &r, &w.e), "put");
	must(&w, cas_verify(w.c, &damaged, &w.e), "verify");
	T_EQ_INT(t, damaged, 0);
	damage(&w, cas_path(&w.a, w.c, &r.outputs[0].digest).p, 2);
	action_path(w.c, &KEY, path);
	damage(&w, path, 1);
	must(&w, cas_verify(w.c, &damaged, &w.e), "verify");
	T_EQ_INT(t, damaged, 2);
	must(&w, cas_verify(w.c, &damaged, &w.e), "verify");
	T_EQ_INT(t, damaged, 0);
	T_OK(t, cas_has(w.c, &r.outputs[0].digest, &w.e) == CAS_MISS);
	close_world(&w);
}

void TestCasTrim(struct test *t)
{
	struct digest old, middle, young;
	uint64_t freed;
	struct world w;

	open_world(&w, t);
	old = put(&w, "old blob");
	middle = put(&w, "middle");
	young = put(&w, "young");
	set_age(&w, cas_path(&w.a, w.c, &old).p, 10000);
	set_age(&w, cas_path(&w.a, w.c, &middle).p, 1000);
	must(&w, cas_trim(w.c, 5000, UINT64_MAX, &freed, &w.e), "by age");
	T_EQ_INT(t, freed, 8);
	T_OK(t, cas_has(w.c, &old, &w.e) == CAS_MISS && cas_has(w.c, &middle, &w.e) == CAS_HIT);
	set_age(&w, cas_path(&w.a, w.c, &middle).p, 1000);
	must(&w, cas_trim(w.c, 5000, 6, &freed, &w.e), "by size");
	T_EQ_INT(t, freed, 6);
	T_OK(t, cas_has(w.c, &middle, &w.e) == CAS_MISS && cas_has(w.c, &young, &w.e) == CAS_HIT);
	close_world(&w);
}

void TestCasUseKeepsFromTrimming(struct test *t)
{
	struct digest d;
	uint64_t freed;
	struct world w;

	open_world(&w, t);
	d = put(&w, "used");
	set_age(&w, cas_path(&w.a, w.c, &d).p, 10000);
	reopen(&w);
	T_OK(t, cas_has(w.c, &d, &w.e) == CAS_HIT);
	must(&w, cas_trim(w.c, 5000, UINT64_MAX, &freed, &w.e), "trim");
	T_EQ_INT(t, freed, 0);
	close_world(&w);
}

void TestCasTrimWaitsForNobody(struct test *t)
{
	struct world w;
	struct cas *other;
	uint64_t freed;

	open_world(&w, t);
	must(&w, cas_open(&w.a, w.dir, &other, &w.e), "second process");
	T_OK(t, !cas_trim(w.c, 0, 0, &freed, &w.e));
	T_CHECK(t, strstr(w.e.msg, "in use") && w.e.fix[0], "%s", w.e.msg);
	cas_close(other);
	must(&w, cas_trim(w.c, 0, 0, &freed, &w.e), "alone");
	close_world(&w);
}

/* --- what tools keep --- */

static const char *tool_file(struct world *w, const char *name)
{
	return str_fmt(&w->a, "%.*s/tool/ld/%s", STR_ARG(w->dir), name).p;
}

static void tool_writes(struct world *w, const char *name, const char *text)
{
	const char *path = tool_file(w, name);

	must(w, folder_make_for(path, &w->e) && file_write_fast(path, str_of(text), 0600, &w->e),
	     name);
}

/* After a sweep, does the file stay? */
static bool survives(struct world *w, const char *name)
{
	must(w, cas_tool_sweep(w->c, &w->e), "sweep");
	return file_kind(tool_file(w, name)) == FILE_REGULAR;
}

void TestCasToolStore(struct test *t)
{
	struct world w;

	open_world(&w, t);
	must(&w, cas_tool_sweep(w.c, &w.e) && cas_tool_seal(w.c, &w.e), "no such folder yet");
	tool_writes(&w, "left-by-a-failure", "x");
	tool_writes(&w, "under-way.tmp.o", "x");
	T_OK(t, !survives(&w, "left-by-a-failure") && survives(&w, "under-way.tmp.o"));
	tool_writes(&w, "kept", "code");
	must(&w, cas_tool_seal(w.c, &w.e), "seal");
	T_OK(t, survives(&w, "kept"));
	must(&w, cas_tool_seal(w.c, &w.e), "seal again");
	T_OK(t, survives(&w, "kept"));
	rewrite_quietly(&w, tool_file(&w, "kept"));
	T_OK(t, !survives(&w, "kept"));
	close_world(&w);
}

void TestCasToolStoreUpkeep(struct test *t)
{
	struct cas_stat s;
	uint64_t freed, damaged;
	struct world w;

	open_world(&w, t);
	tool_writes(&w, "old", "12345");
	tool_writes(&w, "young", "123");
	must(&w, cas_tool_seal(w.c, &w.e) && cas_stat(w.c, &s, &w.e), "stat");
	T_OK(t, s.tool_count == 2 && s.tool_bytes == 8 && s.blob_count == 0);
	set_age(&w, tool_file(&w, "old"), 10000);
	must(&w, cas_trim(w.c, 5000, UINT64_MAX, &freed, &w.e), "trim");
	T_EQ_INT(t, freed, 5);
	T_OK(t, survives(&w, "young"));
	must(&w, cas_verify(w.c, &damaged, &w.e), "verify");
	T_OK(t, damaged == 0 && !survives(&w, "young"));
	close_world(&w);
}

void TestCasOpenSweepsOldTemps(struct test *t)
{
	struct world w;
	const char *old, *fresh;

	open_world(&w, t);
	old = cas_temp(&w.a, w.c, "o").p;
	fresh = cas_temp(&w.a, w.c, "o").p;
	must(&w,
	     file_write_fast(old, STR("x"), 0644, &w.e) &&
		 file_write_fast(fresh, STR("x"), 0644, &w.e),
	     "temps");
	set_age(&w, old, 2 * 24 * 3600);
	reopen(&w);
	T_OK(t, file_kind(old) == FILE_ABSENT);
	T_OK(t, file_kind(fresh) == FILE_REGULAR);
	close_world(&w);
}
