/*
 * The store's promises: whole or absent, damage is a miss, a full disk is a clear error, and
 * whoever is killed at whatever point leaves a store that the next process can use.
 */
#include "cas/world_test.h"

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

#include "sys/fault.h"

void TestCasPutGet(struct test *t)
{
	struct world w;
	struct digest d;
	struct str got;

	open_store(&w, t);
	d = put(&w, "hello");
	T_EQ_INT(t, d.size_bytes, 5);
	T_OK(t, cas_has(w.c, &d, &w.e) == CAS_HIT);
	T_OK(t, cas_get(w.c, &d, &w.a, &got, &w.e) == CAS_HIT);
	T_EQ_MEM(t, got.p, got.n, "hello", 5);
	T_EQ_INT(t, mode_of(&w, cas_path(&w.a, w.c, &d).p), 0444);
	reopen_store(&w);
	T_OK(t, cas_get(w.c, &d, &w.a, &got, &w.e) == CAS_HIT);
	d.sha256[0] ^= 1;
	T_OK(t, cas_get(w.c, &d, &w.a, &got, &w.e) == CAS_MISS);
	T_OK(t, cas_has(w.c, &d, &w.e) == CAS_MISS);
	T_EQ_INT(t, count_temps(&w), 0);
	close_store(&w);
}

void TestCasPutTwice(struct test *t)
{
	struct world w;
	struct cas_stat st;
	struct digest d;

	open_store(&w, t);
	put(&w, "same");
	put(&w, "same");
	T_OK(t, cas_put(w.c, STR("same"), true, &d, &w.e));
	store_must(&w, cas_stat(w.c, 0, &st, &w.e), "stat");
	T_EQ_INT(t, st.blob_count, 1);
	T_EQ_INT(t, st.blob_bytes, 4);
	T_EQ_INT(t, mode_of(&w, cas_path(&w.a, w.c, &d).p), 0555);
	close_store(&w);
}

void TestCasPutEmpty(struct test *t)
{
	struct world w;
	struct digest d;
	struct str got;

	open_store(&w, t);
	d = put(&w, "");
	T_OK(t, cas_get(w.c, &d, &w.a, &got, &w.e) == CAS_HIT && got.n == 0);
	close_store(&w);
}

void TestCasPutFile(struct test *t)
{
	struct world w;
	struct digest d, again;
	const char *path;

	open_store(&w, t);
	path = in_tmp(&w, "f");
	store_must(&w, file_write_fast(path, STR("content"), 0644, &w.e), path);
	store_must(&w, cas_put_file(w.c, path, CAS_COPY, false, &d, &w.e), "copy");
	T_OK(t, file_kind(path) == FILE_REGULAR);
	store_must(&w, cas_put_file(w.c, path, CAS_MOVE, true, &again, &w.e), "move");
	T_OK(t, file_kind(path) == FILE_ABSENT);
	T_OK(t, digest_eq(&d, &again));
	T_EQ_INT(t, mode_of(&w, cas_path(&w.a, w.c, &d).p), 0555);
	T_OK(t, !cas_put_file(w.c, path, CAS_MOVE, true, &again, &w.e));
	T_EQ_INT(t, w.e.os_errno, ENOENT);
	T_EQ_INT(t, count_temps(&w), 0);
	close_store(&w);
}

void TestCasPlace(struct test *t)
{
	struct world w;
	struct digest d;
	struct file_sig before, after;
	struct str got;
	const char *path;

	open_store(&w, t);
	d = put(&w, "program");
	path = in_tmp(&w, "build/bin/x");
	T_OK(t, cas_place(w.c, &d, path, 0755, CAS_COPY, NULL, &w.e) == CAS_HIT);
	store_must(&w, file_read(&w.a, path, 0, &got, &w.e), path);
	T_EQ_STR(t, got.p, "program");
	T_EQ_INT(t, mode_of(&w, path), 0755);
	store_must(&w, file_stat(path, &before, &w.e), path);
	T_OK(t, cas_place(w.c, &d, path, 0755, CAS_COPY, NULL, &w.e) == CAS_HIT);
	store_must(&w, file_stat(path, &after, &w.e), path);
	T_EQ_INT(t, before.ino, after.ino);
	store_must(&w, file_write_fast(path, STR("changed"), 0755, &w.e), path);
	T_OK(t, cas_place(w.c, &d, path, 0755, CAS_COPY, NULL, &w.e) == CAS_HIT);
	store_must(&w, file_read(&w.a, path, 0, &got, &w.e), path);
	T_EQ_STR(t, got.p, "program");
	d.sha256[3] ^= 1;
	T_OK(t, cas_place(w.c, &d, path, 0755, CAS_COPY, NULL, &w.e) == CAS_MISS);
	close_store(&w);
}

/* A link where the mode allows it; who writes to it makes the blob a miss, and no wrong hit. */
void TestCasPlaceLink(struct test *t)
{
	struct world w;
	struct digest d;
	struct file_sig link, blob;
	struct str got;
	const char *path, *from;
	int fd;

	open_store(&w, t);
	store_must(&w, cas_put(w.c, STR("program"), true, &d, &w.e), "put");
	path = in_tmp(&w, "build/bin/x");
	from = cas_path(&w.a, w.c, &d).p;
	T_OK(t, cas_place(w.c, &d, path, 0755, CAS_LINK, NULL, &w.e) == CAS_HIT);
	T_OK(t, cas_place(w.c, &d, path, 0555, CAS_LINK, NULL, &w.e) == CAS_HIT);
	store_must(&w, file_stat(path, &link, &w.e) && file_stat(from, &blob, &w.e), path);
	T_EQ_INT(t, link.ino, blob.ino);
	T_OK(t, cas_place(w.c, &d, path, 0755, CAS_LINK, NULL, &w.e) == CAS_HIT);
	store_must(&w, file_stat(path, &link, &w.e), path);
	T_OK(t, link.ino != blob.ino);
	T_EQ_INT(t, mode_of(&w, path), 0755);
	T_OK(t, cas_place(w.c, &d, path, 0555, CAS_LINK, NULL, &w.e) == CAS_HIT);
	T_MUST(t, chmod(path, 0755) == 0 && (fd = open(path, O_WRONLY | O_CLOEXEC)) >= 0);
	T_MUST(t, write(fd, "PROGRAM", 7) == 7);
	close(fd);
	reopen_store(&w);
	T_OK(t, cas_has(w.c, &d, &w.e) == CAS_MISS);
	store_must(&w, file_read(&w.a, path, 0, &got, &w.e), path);
	T_EQ_STR(t, got.p, "PROGRAM");
	close_store(&w);
}

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

	open_store(&w, t);
	r = sample(&w);
	T_OK(t, cas_action_get(w.c, &KEY, &w.a, &got, &w.e) == CAS_MISS);
	store_must(&w, cas_action_put(w.c, &KEY, &r, &w.e), "put");
	reopen_store(&w);
	T_OK(t, cas_action_get(w.c, &KEY, &w.a, &got, &w.e) == CAS_HIT);
	expect_sample(&w, &got);
	T_EQ_INT(t, mode_of(&w, cas_path(&w.a, w.c, &got.outputs[0].digest).p), 0555);
	close_store(&w);
}

void TestCasActionPutRefuses(struct test *t)
{
	struct action_result r;
	struct world w;

	open_store(&w, t);
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
	close_store(&w);
}

void TestCasDamagedBlobIsAMiss(struct test *t)
{
	for (int how = 0; how < 5; how++) {
		struct action_result r, got;
		struct world w;
		struct str text;
		const char *path;

		open_store(&w, t);
		r = sample(&w);
		store_must(&w, cas_action_put(w.c, &KEY, &r, &w.e), "put");
		path = cas_path(&w.a, w.c, &r.outputs[1].digest).p;
		damage(&w, path, how);
		reopen_store(&w);
		T_CHECK(t, cas_get(w.c, &r.outputs[1].digest, &w.a, &text, &w.e) == CAS_MISS,
			"damage %d", how);
		T_CHECK(t, cas_action_get(w.c, &KEY, &w.a, &got, &w.e) == CAS_MISS, "damage %d",
			how);
		put(&w, "data");
		T_CHECK(t, cas_action_get(w.c, &KEY, &w.a, &got, &w.e) == CAS_HIT, "damage %d",
			how);
		store_must(&w, folder_remove(w.dir.p, &w.e), "clean up");
		close_store(&w); /* w.dir goes with it */
	}
}

void TestCasDamagedRecordIsAMiss(struct test *t)
{
	for (int how = 0; how < 5; how++) {
		struct action_result r, got;
		struct world w;
		char path[PATH_MAX];

		open_store(&w, t);
		r = sample(&w);
		store_must(&w, cas_action_put(w.c, &KEY, &r, &w.e), "put");
		action_path(w.c, &KEY, path);
		damage(&w, path, how);
		reopen_store(&w);
		T_CHECK(t, cas_action_get(w.c, &KEY, &w.a, &got, &w.e) == CAS_MISS, "damage %d",
			how);
		store_must(&w, cas_action_put(w.c, &KEY, &r, &w.e), "put again");
		T_CHECK(t, cas_action_get(w.c, &KEY, &w.a, &got, &w.e) == CAS_HIT, "damage %d",
			how);
		store_must(&w, folder_remove(w.dir.p, &w.e), "clean up");
		close_store(&w); /* w.dir goes with it */
	}
}

/* Every cut and every flipped bit of a record is refused: the sum covers all of it. */
void TestCasRecordRefusesEveryChange(struct test *t)
{
	struct digest key = digest_of("k", 1), other = digest_of("o", 1);
	struct action_result r, got;
	struct buf text = {0};
	struct world w;

	open_store(&w, t);
	r = sample(&w);
	*vec_push(&w.a, &r.more_inputs) = STR("build/.x/tc/a.h");
	store_must(&w, record_write(&key, &r, &text, &w.e), "write");
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
	close_store(&w);
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

	open_store(&w, t);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		const char *mark = strstr(bad[i], "%s");
		const char *body = bad[i];

		if (mark)
			body =
			    str_fmt(&w.a, "%.*s%s%s", (int)(mark - bad[i]), bad[i], H, mark + 2).p;
		T_CHECK(t, !read_with_sum(&w, body, &got), "%s", body);
	}
	T_OK(t, read_with_sum(&w, "cbuild-ac 1\nexit 0\n", &got));
	close_store(&w);
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
	     cas_place(c, &outs[0].digest, str_fmt(&a, "%s-placed", file).p, 0644, CAS_COPY, NULL,
		       &e) == CAS_HIT;
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

	reopen_store(w);
	store_must(w, cas_verify(w->c, &damaged, &w->e), "verify");
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

			open_store(&w, t);
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
			store_must(&w, folder_remove(w.dir.p, &w.e), "clean up");
			close_store(&w); /* w.dir goes with it */
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

	open_store(&w, t);
	fault_set("write:1:ENOSPC");
	T_OK(t, !cas_put(w.c, STR("x"), false, &d, &w.e));
	fault_set(NULL);
	T_EQ_INT(t, w.e.code, ERR_IO);
	T_CHECK(t, strstr(w.e.msg, "No space left on device"), "%s", w.e.msg);
	T_CHECK(t, strstr(w.e.chain, w.dir.p), "%s", w.e.chain);
	T_CHECK(t, strstr(w.e.fix, "CBUILD_CACHE"), "%s", w.e.fix);
	T_EQ_INT(t, count_temps(&w), 0);
	T_OK(t, cas_has(w.c, &d, &w.e) == CAS_MISS);
	close_store(&w);
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

	open_store(&w, t);
	for (unsigned i = 0; i < PROCESSES; i++) {
		if (fork() == 0)
			_exit(hammer(w.dir.p, i));
	}
	for (int i = 0, status; i < PROCESSES; i++) {
		T_MUST(t, wait(&status) > 0);
		T_CHECK(t, WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", status);
	}
	store_must(&w, cas_verify(w.c, &damaged, &w.e), "verify");
	T_EQ_INT(t, damaged, 0);
	T_EQ_INT(t, count_temps(&w), 0);
	close_store(&w);
}

/* --- the seal --- */

void TestCasSealBreaks(struct test *t)
{
	struct digest d;
	struct world w;
	const char *path;

	open_store(&w, t);
	store_must(&w, cas_put(w.c, STR("sealed bytes"), false, &d, &w.e), "put");
	path = cas_path(&w.a, w.c, &d).p;
	seen_forget(w.c);
	T_OK(t, cas_has(w.c, &d, &w.e) == CAS_HIT);
	rewrite_quietly(&w, path);
	T_OK(t, cas_has(w.c, &d, &w.e) == CAS_MISS);
	store_must(&w, cas_put(w.c, STR("sealed bytes"), false, &d, &w.e), "put again");
	seen_forget(w.c);
	T_OK(t, cas_has(w.c, &d, &w.e) == CAS_HIT);
	damage(&w, path, 2); /* an ordinary write */
	T_OK(t, cas_has(w.c, &d, &w.e) == CAS_MISS);
	close_store(&w);
}

/*
 * After a power cut a blob may have its size, its times and its seal, but other bytes: in another boot the
 * seal says nothing.
 */
void TestCasSealHoldsForOneBoot(struct test *t)
{
	struct digest d, kept;
	struct file_sig before, after;
	struct world w;
	const char *path;

	open_store(&w, t);
	store_must(&w, cas_put(w.c, STR("lost bytes"), false, &d, &w.e), "put");
	store_must(&w, cas_put(w.c, STR("kept bytes"), false, &kept, &w.e), "put");
	path = cas_path(&w.a, w.c, &d).p;
	reopen_store(&w);
	store_must(&w, file_stat(path, &before, &w.e), path);
	T_MUST(t, truncate(path, 0) == 0 && truncate(path, 10) == 0);
	w.c->boot ^= 12345;
	store_must(&w, cas_put(w.c, STR("x"), false, &(struct digest){0}, &w.e), "put");
	T_OK(t, cas_has(w.c, &d, &w.e) == CAS_MISS);
	T_OK(t, file_kind(path) == FILE_ABSENT);

	/* what is right is hashed once, and sealed for this boot */
	path = cas_path(&w.a, w.c, &kept).p;
	store_must(&w, file_stat(path, &before, &w.e), path);
	T_OK(t, cas_has(w.c, &kept, &w.e) == CAS_HIT);
	store_must(&w, file_stat(path, &after, &w.e), path);
	T_OK(t, before.mtime_ns % 1000000000 != after.mtime_ns % 1000000000);
	seen_forget(w.c);
	T_OK(t, cas_has(w.c, &kept, &w.e) == CAS_HIT);
	store_must(&w, file_stat(path, &before, &w.e), path);
	T_OK(t, file_sig_eq(&before, &after));
	close_store(&w);
}
