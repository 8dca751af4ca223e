/*
 * The jobserver's two forms, what is no jobserver, and real GNU make as the client of ours; and how
 * much memory is left.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cbuild/test.h"
#include "sys/file.h"
#include "sys/jobserver.h"
#include "sys/spawn.h"
#include "sys/sys_impl.h"
#include "sys/terminal.h"

static void must(struct test *t, bool ok, const struct err *e)
{
	if (!ok)
		test_fatal(t, __FILE__, __LINE__, "%s %s", e->place, e->msg);
}

void TestJobserverPipe(struct test *t)
{
	struct arena a = {0};
	struct jobserver *j;
	char token = 0;
	int fd[2];

	T_MUST(t, pipe(fd) == 0);
	T_MUST(t, write(fd[1], "xy", 2) == 2);
	T_MUST(t, jobserver_join(str_fmt(&a, " -j3 --jobserver-auth=%d,%d -- A=b", fd[0], fd[1]),
				 &j) == JOBSERVER_JOINED);
	T_OK(t, fcntl(fd[0], F_GETFD) & FD_CLOEXEC);
	T_OK(t, !(fcntl(fd[0], F_GETFL) & O_NONBLOCK));
	T_OK(t, jobserver_take(j) && jobserver_take(j) && !jobserver_take(j));
	T_EQ_INT(t, jobserver_held(j), 2);
	jobserver_keep(j, 1);
	T_EQ_INT(t, jobserver_held(j), 1);
	T_MUST(t, read(fd[0], &token, 1) == 1);
	T_EQ_INT(t, token, 'y'); /* the very byte */
	jobserver_close(j);
	T_MUST(t, read(fd[0], &token, 1) == 1);
	T_EQ_INT(t, token, 'x');
	T_OK(t, !(fcntl(fd[0], F_GETFD) & FD_CLOEXEC));
	arena_fini(&a);
}

void TestJobserverFifo(struct test *t)
{
	struct arena a = {0};
	struct jobserver *j;
	const int *fds;
	size_t n;

	T_MUST(t, chdir(test_tmpdir(t)) == 0);
	T_MUST(t, mkfifo("f", 0600) == 0);
	T_MUST(t, jobserver_join(STR("-j --jobserver-auth=fifo:f"), &j) == JOBSERVER_JOINED);
	T_OK(t, !jobserver_take(j));
	T_MUST(t, write(jobserver_fd(j), "+", 1) == 1);
	T_OK(t, jobserver_take(j));
	T_EQ_STR(t, jobserver_makeflags(&a, j, &fds, &n).p, "-j --jobserver-auth=fifo:f");
	T_EQ_INT(t, n, 0);
	jobserver_close(j);
	arena_fini(&a);
}

void TestJobserverNotThere(struct test *t)
{
	static const struct {
		const char *makeflags;
		enum jobserver_found want;
	} cases[] = {
	    {"", JOBSERVER_NONE},
	    {"kw -j4", JOBSERVER_NONE},
	    {"-- --jobserver-auth=3,4", JOBSERVER_NONE},
	    {"--jobserver-auth=-2,-2", JOBSERVER_CLOSED},
	    {"--jobserver-auth=900,901", JOBSERVER_CLOSED},
	    {"--jobserver-auth=0", JOBSERVER_CLOSED},
	    {"--jobserver-auth=0,99999999999999999999", JOBSERVER_CLOSED},
	    {"--jobserver-auth=x,y", JOBSERVER_CLOSED},
	    {"--jobserver-fds=900,901", JOBSERVER_CLOSED},
	    {"--jobserver-auth=fifo:", JOBSERVER_CLOSED},
	    {"--jobserver-auth=fifo:absent", JOBSERVER_CLOSED},
	    {"--jobserver-auth=fifo:/dev/null", JOBSERVER_CLOSED},
	    {"--jobserver-auth=sem:name", JOBSERVER_CLOSED},
	};
	struct jobserver *j;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		T_CHECK(t, jobserver_join(str_of(cases[i].makeflags), &j) == cases[i].want, "'%s'",
			cases[i].makeflags);
		T_OK(t, !j);
	}
}

/* The ends the wrong way round, or a file in place of the pipe. */
void TestJobserverWrongDescriptors(struct test *t)
{
	struct arena a = {0};
	struct jobserver *j;
	int fd[2], file;

	T_MUST(t, chdir(test_tmpdir(t)) == 0);
	T_MUST(t, pipe(fd) == 0);
	file = open("file", O_RDWR | O_CREAT, 0600);
	T_OK(t, jobserver_join(str_fmt(&a, "--jobserver-auth=%d,%d", fd[1], fd[0]), &j) ==
		    JOBSERVER_CLOSED);
	T_OK(t, jobserver_join(str_fmt(&a, "--jobserver-auth=%d,%d", file, file), &j) ==
		    JOBSERVER_CLOSED);
	arena_fini(&a);
}

static const char makefile[] = "all: a b c d e f\n"
			       "a b c d e f:\n"
			       "\t@echo + >>log; sleep 0.1; echo - >>log\n"
			       ".PHONY: all a b c d e f\n";

/* GNU make below us runs as many jobs as we offered, and gives all tokens back. */
void TestJobserverOfferedToMake(struct test *t)
{
	struct arena a = {0};
	struct spawn_result done = {0};
	struct jobserver *j;
	struct spawn cmd = {0};
	struct str make, text, flags;
	struct err e;
	int now = 0, most = 0;

	T_MUST(t, chdir(test_tmpdir(t)) == 0);
	if (!path_search(&a, "make", &make))
		test_skip(t, "no make");
	must(t, file_write_fast("Makefile", STR(makefile), 0644, &e), &e);
	must(t, jobserver_offer(3, &j, &e), &e);
	flags = jobserver_makeflags(&a, j, &cmd.keep_fds, &cmd.keep_count);
	T_OK(t, str_startsc(flags, "-j3 --jobserver-auth="));
	cmd.argv = (const char *[]){make.p, NULL};
	cmd.env = (const char *[]){"PATH=/usr/bin:/bin",
				   str_fmt(&a, "MAKEFLAGS=%.*s", STR_ARG(flags)).p, NULL};
	must(t, spawn_run(&cmd, false, &done, &e), &e);
	T_CHECK(t, done.exit_status == 0 && done.err.n == 0, "%s", done.err.p ? done.err.p : "");
	must(t, file_read(&a, "log", 0, &text, &e), &e);
	for (size_t i = 0; i < text.n; i++) {
		now += (text.p[i] == '+') - (text.p[i] == '-');
		most = now > most ? now : most;
	}
	T_CHECK(t, most == 2 || most == 3, "%d at once", most);
	T_OK(t, jobserver_take(j) && jobserver_take(j) && !jobserver_take(j));
	jobserver_close(j);
	buf_fini(&done.out);
	buf_fini(&done.err);
	arena_fini(&a);
}

/* --- memory --- */

void TestMemoryMeminfo(struct test *t)
{
	T_EQ_INT(t,
		 memory_parse_meminfo(STR("MemTotal:       16384 kB\nMemFree:  1 kB\n"
					  "MemAvailable:    2048 kB\n")),
		 2048 * 1024);
	T_EQ_INT(t, memory_parse_meminfo(STR("MemTotal: 1 kB\n")), 0);
	T_EQ_INT(t, memory_parse_meminfo(STR("MemAvailable: many\n")), 0);
	T_OK(t, memory_available_bytes() > 0);
}

static void write_group(struct test *t, const char *dir, const char *max, const char *current)
{
	struct arena a = {0};
	struct err e;

	must(t, folder_make(dir, &e), &e);
	must(t, file_write_fast(str_fmt(&a, "%s/memory.max", dir).p, str_of(max), 0644, &e), &e);
	must(t, file_write_fast(str_fmt(&a, "%s/memory.current", dir).p, str_of(current), 0644, &e),
	     &e);
	arena_fini(&a);
}

void TestMemoryCgroup(struct test *t)
{
	struct arena a = {0};
	struct err e;

	T_MUST(t, chdir(test_tmpdir(t)) == 0);
	write_group(t, "cg/up/own", "1000\n", "900\n");
	write_group(t, "cg/up", "max\n", "5000\n");
	T_EQ_INT(t, memory_cgroup_left(&a, STR("cg"), STR("/up/own")), 100);
	must(t,
	     file_write_fast("cg/up/own/memory.stat", STR("anon 1\ninactive_file 300\n"), 0644, &e),
	     &e);
	T_EQ_INT(t, memory_cgroup_left(&a, STR("cg"), STR("/up/own")), 400);
	write_group(t, "cg/up", "5050\n", "5000\n");
	T_EQ_INT(t, memory_cgroup_left(&a, STR("cg"), STR("/up/own")), 50);
	write_group(t, "cg/up", "4000\n", "5000\n");
	T_EQ_INT(t, memory_cgroup_left(&a, STR("cg"), STR("/up/own")), 0);
	T_OK(t, memory_cgroup_left(&a, STR("cg"), STR("/other")) == UINT64_MAX);
	arena_fini(&a);
}

void TestTerminalWidth(struct test *t)
{
	int fd[2];

	T_MUST(t, pipe(fd) == 0);
	setenv("COLUMNS", "120", 1);
	T_EQ_INT(t, terminal_width(fd[0]), 120);
	setenv("COLUMNS", "3", 1);
	T_EQ_INT(t, terminal_width(fd[0]), 20);
	setenv("COLUMNS", "wide", 1);
	T_EQ_INT(t, terminal_width(fd[0]), 80);
}
