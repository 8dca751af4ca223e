/*
 * The stat memo and the depfile reader, apart from any run.
 */
#include "exec/exec_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cbuild/test.h"

static void must(struct test *t, bool ok, const struct err *e)
{
	if (!ok)
		test_fatal(t, __FILE__, __LINE__, "%s %s", e->place, e->msg);
}

static void write_text(struct test *t, const char *path, const char *text)
{
	struct err e;

	must(t, file_write_fast(path, str_of(text), 0644, &e), &e);
}

/* In place, same size, times put back: only ctime tells. */
static void rewrite_quietly(struct test *t, const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	struct stat st;
	struct timespec times[2];

	T_MUST(t, fd >= 0 && fstat(fd, &st) == 0);
	T_MUST(t, write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	T_MUST(t, futimens(fd, times) == 0 && close(fd) == 0);
}

static struct digest digest_by(struct test *t, struct file_memo *m, const char *path)
{
	struct digest d;
	struct err e;

	must(t, file_memo_digest(m, str_of(path), &d, &e), &e);
	return d;
}

static bool is_text(const struct digest *d, const char *text)
{
	struct digest want = digest_of(text, strlen(text));

	return digest_eq(d, &want);
}

static struct file_memo *open_memo(struct test *t, struct arena *a)
{
	struct file_memo *m;
	struct err e;

	must(t, file_memo_open(a, STR("state/files"), &m, &e), &e);
	return m;
}

static void wait_ms(int ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

void TestMemoRemembersAndSeesChanges(struct test *t)
{
	struct arena a = {0};
	struct file_memo *m;
	struct digest d;
	struct err e;

	T_MUST(t, chdir(test_tmpdir(t)) == 0);
	write_text(t, "f", "one");
	wait_ms(2100);
	m = open_memo(t, &a);
	d = digest_by(t, m, "f");
	T_OK(t, is_text(&d, "one"));
	must(t, file_memo_close(m, &e), &e);
	T_OK(t, file_kind("state/files") == FILE_REGULAR);
	m = open_memo(t, &a);
	d = digest_by(t, m, "f");
	T_OK(t, is_text(&d, "one"));
	must(t, file_memo_close(m, &e), &e);
	rewrite_quietly(t, "f", "two");
	m = open_memo(t, &a);
	d = digest_by(t, m, "f");
	T_OK(t, is_text(&d, "two"));
	must(t, file_memo_close(m, &e), &e);
	arena_fini(&a);
}

/* A file as young as its hash may change without a new signature: it is never remembered. */
void TestMemoForgetsRacyFiles(struct test *t)
{
	struct arena a = {0};
	struct file_memo *m;
	struct digest d;
	struct err e;

	T_MUST(t, chdir(test_tmpdir(t)) == 0);
	write_text(t, "f", "one");
	m = open_memo(t, &a);
	digest_by(t, m, "f");
	must(t, file_memo_close(m, &e), &e);
	T_OK(t, file_kind("state/files") == FILE_ABSENT); /* nothing is worth it */
	rewrite_quietly(t, "f", "two");
	m = open_memo(t, &a);
	d = digest_by(t, m, "f");
	T_OK(t, is_text(&d, "two"));
	arena_fini(&a);
}

static void age(struct test *t, const char *path)
{
	struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};

	T_MUST(t, utimensat(AT_FDCWD, path, old, 0) == 0);
}

/* A build that changes nothing writes nothing; one that does forgets what is gone. */
void TestMemoIsWrittenWhenItChanged(struct test *t)
{
	struct arena a = {0};
	struct file_sig before, after;
	struct file_memo *m;
	struct err e;

	T_MUST(t, chdir(test_tmpdir(t)) == 0);
	write_text(t, "f", "one");
	write_text(t, "g", "two");
	age(t, "f");
	age(t, "g");
	nanosleep(&(struct timespec){.tv_sec = 2, .tv_nsec = 100000000}, NULL);
	m = open_memo(t, &a);
	digest_by(t, m, "f");
	digest_by(t, m, "g");
	must(t, file_memo_close(m, &e) && file_stat("state/files", &before, &e), &e);
	m = open_memo(t, &a);
	digest_by(t, m, "f");
	must(t, file_memo_close(m, &e) && file_stat("state/files", &after, &e), &e);
	T_OK(t, before.ino == after.ino);
	T_MUST(t, unlink("g") == 0);
	m = open_memo(t, &a);
	T_OK(t, !file_memo_digest(m, STR("g"), &(struct digest){0}, &e));
	must(t, file_memo_close(m, &e) && file_stat("state/files", &after, &e), &e);
	T_OK(t, after.size_bytes < before.size_bytes);
	arena_fini(&a);
}

/* What another boot of the machine remembered is hashed again, and the file written anew. */
void TestMemoHoldsForOneBoot(struct test *t)
{
	enum { BOOT_AT = 16 };
	struct arena a = {0};
	struct file_sig before, after;
	struct file_memo *m;
	struct str text;
	struct err e;
	char *copy;

	T_MUST(t, chdir(test_tmpdir(t)) == 0);
	write_text(t, "f", "one");
	age(t, "f");
	wait_ms(2100);
	m = open_memo(t, &a);
	digest_by(t, m, "f");
	must(t, file_memo_close(m, &e) && file_read(&a, "state/files", 0, &text, &e), &e);
	copy = arena_alloc(&a, text.n, 1);
	memcpy(copy, text.p, text.n);
	copy[BOOT_AT] ^= 1;
	must(t,
	     file_write_fast("state/files", str_from(copy, text.n), 0644, &e) &&
		 file_stat("state/files", &before, &e),
	     &e);
	m = open_memo(t, &a);
	digest_by(t, m, "f");
	must(t, file_memo_close(m, &e) && file_stat("state/files", &after, &e), &e);
	T_OK(t, before.ino != after.ino);
	must(t, file_read(&a, "state/files", 0, &text, &e), &e);
	T_OK(t, text.p[BOOT_AT] != copy[BOOT_AT]);
	arena_fini(&a);
}

void TestMemoMissingFile(struct test *t)
{
	struct arena a = {0};
	struct index_vec missing = {0};
	struct file_memo *m;
	struct digest d[3];
	struct err e;
	struct str paths[] = {STR("f"), STR("gone"), STR("f")};

	T_MUST(t, chdir(test_tmpdir(t)) == 0);
	write_text(t, "f", "one");
	m = open_memo(t, &a);
	T_OK(t, !file_memo_digest(m, STR("gone"), &d[0], &e) && e.os_errno == ENOENT);
	T_OK(t, !file_memo_digest(m, STR("."), &d[0], &e) && e.code == ERR_INPUT);
	must(t, memo_digest_all(m, &a, paths, 3, d, &missing, &e), &e);
	T_OK(t, is_text(&d[0], "one") && digest_eq(&d[0], &d[2]));
	T_OK(t, missing.n == 1 && missing.v[0] == 1);
	T_OK(t, memo_still_same(m, STR("f"), &d[0]));
	write_text(t, "f", "two");
	T_OK(t, !memo_still_same(m, STR("f"), &d[0]));
	arena_fini(&a);
}

/* Every cut and a flip in every byte of the memo's file only costs time. */
void TestMemoDamaged(struct test *t)
{
	struct arena a = {0};
	struct file_memo *m;
	struct digest d;
	struct str text;
	struct err e;

	T_MUST(t, chdir(test_tmpdir(t)) == 0);
	write_text(t, "f", "one");
	wait_ms(2100);
	m = open_memo(t, &a);
	digest_by(t, m, "f");
	must(t, file_memo_close(m, &e) && file_read(&a, "state/files", 0, &text, &e), &e);
	T_MUST(t, text.n > 100);
	for (size_t i = 0; i < text.n; i++) {
		char *copy = arena_strdup(&a, text.p, text.n);

		copy[i] ^= 0x55;
		must(t,
		     file_write_fast("state/files", str_from(copy, i % 2 ? text.n : i), 0644, &e),
		     &e);
		m = open_memo(t, &a);
		d = digest_by(t, m, "f");
		T_CHECK(t, is_text(&d, "one"), "byte %zu", i);
	}
	arena_fini(&a);
}

/* --- depfiles --- */

static const char *parsed(struct arena *a, const char *text)
{
	struct buf out = {0};
	struct str_vec paths;
	struct str joined;
	struct err e;

	if (!depfile_parse(a, str_of(text), &paths, &e))
		return "error";
	for (size_t i = 0; i < paths.n; i++)
		buf_printf(&out, "%s%.*s", i ? "|" : "", STR_ARG(paths.v[i]));
	joined = str_dup(a, buf_str(&out));
	buf_fini(&out);
	return joined.p;
}

void TestDepfileParse(struct test *t)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"", ""},
	    {"a.o: a.c\n", "a.c"},
	    {"a.o: a.c", "a.c"},
	    {"a.o: b.h \\\n  a.c \\\n c.h\n", "a.c|b.h|c.h"},
	    {"a.o: a.c\r\nb.o: \\\r\n b.c\r\n", "a.c|b.c"},
	    {"a.o b.o: a.c a.c\n\na.h:\n", "a.c"},
	    {"a.o : a.c\n", "a.c"},
	    {"a.o: with\\ space.h do$$lar.h \\#hash.h back\\slash.h\n",
	     "#hash.h|back\\slash.h|do$lar.h|with space.h"},
	    {"a.o: /src/tree/pkg/a.c ./x/../y.h /usr/include/stdio.h ../z.h\n",
	     "../z.h|/src/tree/pkg/a.c|/usr/include/stdio.h|y.h"},
	    {"a.o: /src/treehouse/a.c\n", "/src/treehouse/a.c"},
	    {"no colon\n", "error"},
	    {"a.o: x \\\ry\n", "error"},
	};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		test_log(t, "depfile %s", cases[i].text);
		T_EQ_STR(t, parsed(&a, cases[i].text), cases[i].want);
	}
	arena_fini(&a);
}
