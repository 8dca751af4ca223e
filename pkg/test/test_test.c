#include "test/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cbuild/test.h"

void TestScanAndMain(struct test *t)
{
	struct arena a = {0};
	struct str_vec names = {0};
	struct str src;

	T_MUST(t,
	       test_scan(&a, STR("void TestA(struct test *t) {}\nvoid TestB(struct test *t) {}\n"),
			 &names));
	T_EQ_INT(t, names.n, 2);
	src = test_main_source(&a, &names);
	T_OK(t, str_containsc(src, "__attribute__((weak)) void TestA(struct test *t);"));
	T_OK(t, str_containsc(src, "{\"TestB\", TestB},"));
	T_OK(t, str_eq(src, test_main_source(&a, &names)));
	arena_fini(&a);
}

void TestParseStream(struct test *t)
{
	struct arena a = {0};
	struct test_result *r;
	struct err e = {0};
	size_t n;

	T_MUST(t, test_parse_stream(
		      &a,
		      STR("run A\nrun B\nout A one\\x5c\\x09x\nout A \npass A 12\nrun C\n"
			  "skip B no reason given\nrun D\nout C late\nfail C 3\n"),
		      &r, &n, &e));
	T_MUST(t, n == 4);
	T_OK(t, r[0].outcome == TEST_PASS && r[0].elapsed_ms == 12);
	T_EQ_STR(t, r[0].output.p, "one\\\tx\n\n");
	T_OK(t, r[1].outcome == TEST_SKIP && str_eqc(r[1].output, "no reason given\n"));
	T_OK(t, r[2].outcome == TEST_FAIL && str_eqc(r[2].output, "late\n"));
	T_OK(t, r[3].outcome == TEST_FAIL && str_containsc(r[3].output, "ended before"));
	arena_fini(&a);
}

void TestParseStreamBad(struct test *t)
{
	static const char *const bad[] = {
	    "pass A 1\n",
	    "run A\nrun A\n",
	    "run A\npass A x\n",
	    "run A\npass A 1\npass A 1\n",
	    "what A\n",
	    "run \n",
	    "\n",
	    "run A\nout B x\n",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct arena a = {0};
		struct test_result *r;
		struct err e = {0};
		size_t n;

		T_CHECK(t, !test_parse_stream(&a, str_of(bad[i]), &r, &n, &e), "input '%s'",
			bad[i]);
		T_CHECK(t, e.code == ERR_INPUT && e.chain[0], "input '%s': '%s'", bad[i], e.msg);
		arena_fini(&a);
	}
}

/* Cases for the runtime to run. */

static void passes(struct test *t)
{
	test_log(t, "said by passes");
}

static void fails(struct test *t)
{
	T_EQ_INT(t, 1 + 1, 3);
	T_EQ_STR(t, "a\nb", "c");
	T_CHECK(t, false, "input %s", "here");
}

static void crashes(struct test *t)
{
	(void)t;
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

static void hangs(struct test *t)
{
	(void)t;
	for (;;)
		pause();
}

static void skips(struct test *t)
{
	puts("first");
	test_skip(t, "no %s here", "reason");
}

static void must(struct test *t)
{
	T_MUST(t, 1 == 2);
	puts("not reached");
}

static void leaves_files(struct test *t)
{
	FILE *f;

	T_MUST(t, chdir(test_tmpdir(t)) == 0);
	f = fopen("x", "w");
	T_MUST(t, f && fclose(f) == 0);
}

static const struct test_case cases[] = {
    {"TestPasses", passes}, {"TestFails", fails}, {"TestCrashes", crashes},    {"TestHangs", hangs},
    {"TestSkips", skips},   {"TestMust", must},	  {"TestFiles", leaves_files}, {"TestGone", NULL},
};

/* Runs the runtime over the cases in a child, args parted by spaces; what it printed, and its exit status. */
static struct str run(struct test *t, struct arena *a, const char *args, int *status)
{
	char *argv[16] = {NULL};
	struct str rest = str_of(args);
	const char *path = str_fmt(a, "%s/out", test_tmpdir(t)).p;
	char text[65536];
	ssize_t n;
	int fd;
	pid_t pid;
	int count = 0;

	for (argv[count++] = arena_strdup(a, "prog", 4); rest.p && count < 15; count++) {
		struct str word = str_cut(&rest, ' ');

		argv[count] = arena_strdup(a, word.p, word.n);
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (fd < 0 || dup2(fd, 1) < 0 || setenv("TMPDIR", test_tmpdir(t), 1) != 0)
			_exit(9);
		exit(test_main(cases, sizeof cases / sizeof *cases, count, argv));
	}
	T_MUST(t, pid > 0 && waitpid(pid, status, 0) == pid && WIFEXITED(*status));
	*status = WEXITSTATUS(*status);
	fd = open(path, O_RDONLY);
	T_MUST(t, fd >= 0);
	n = read(fd, text, sizeof text);
	close(fd);
	T_MUST(t, n >= 0);
	return str_dup(a, str_from(text, (size_t)n));
}

void TestRuntimePlain(struct test *t)
{
	struct arena a = {0};
	int status;
	struct str out = run(t, &a, "-timeout 1 -j 2", &status);
	static const char *const want[] = {
	    "--- FAIL: TestFails (",
	    "test_test.c:",
	    "1 + 1: got 2, want 3",
	    "got:  \"a\\nb\"",
	    "input here",
	    "--- FAIL: TestCrashes (",
	    "killed by signal 11",
	    "--- FAIL: TestHangs (",
	    "timed out; seconds: 1",
	    "--- SKIP: TestSkips (",
	    "): no reason here\n",
	    "--- FAIL: TestMust (",
	    "1 == 2",
	};

	T_EQ_INT(t, status, 1);
	for (size_t i = 0; i < sizeof want / sizeof *want; i++)
		T_CHECK(t, str_containsc(out, want[i]), "no '%s' in:\n%s", want[i], out.p);
	T_CHECK(t, str_endsc(out, "\n2 passed, 4 failed, 1 skipped\n"), "%s", out.p);
	T_OK(t, !str_containsc(out, "not reached") && !str_containsc(out, "said by passes"));
	arena_fini(&a);
}

void TestRuntimeStream(struct test *t)
{
	struct arena a = {0};
	struct test_result *r;
	struct err e = {0};
	int status;
	size_t n;
	struct str out = run(t, &a, "-stream -run Passes|Fails|Skips|Files -j 1", &status);

	T_EQ_INT(t, status, 1);
	T_CHECK(t, test_parse_stream(&a, out, &r, &n, &e), "%s in:\n%s", e.msg, out.p);
	T_MUST(t, n == 4);
	T_OK(t, r[0].outcome == TEST_PASS && str_eqc(r[0].output, "said by passes\n"));
	T_OK(t,
	     r[1].outcome == TEST_FAIL && r[2].outcome == TEST_SKIP && r[3].outcome == TEST_PASS);
	T_OK(t, str_eqc(r[2].output, "no reason here\n"));
	arena_fini(&a);
}

void TestRuntimeList(struct test *t)
{
	struct arena a = {0};
	int status;

	T_EQ_STR(t, run(t, &a, "-list -run ^Test[FP]", &status).p,
		 "TestPasses\nTestFails\nTestFiles\n");
	T_EQ_INT(t, status, 0);
	arena_fini(&a);
}

void TestRuntimeUsage(struct test *t)
{
	static const char *const bad[] = {"-what", "-j", "-j0", "-j 0", "-run (", "-timeout x"};
	struct arena a = {0};
	int status;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		run(t, &a, bad[i], &status);
		T_CHECK(t, status == 2, "%s: status %d", bad[i], status);
	}
	arena_fini(&a);
}
