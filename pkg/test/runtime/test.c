/*
 * The test program's runtime: C17 and POSIX.1-2008, nothing else, so that it runs wherever the tested
 * code does.
 *
 *     prog [-v] [-list] [-stream] [-run REGEX] [-timeout SECONDS] [-j N]
 *
 * One loop owns everything: it forks a child for each test (at most -j at once), reads each child's
 * output from a pipe, and waits. Results are printed in the order of the tests, whatever order they end
 * in. A child's verdict is its exit status (0 pass, 77 skip with the reason as its last line of output);
 * a signal or any other status is a failure, so crashes and leak reports fail their test and no other.
 */
#include "cbuild/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	EXIT_SKIPPED = 77,
	OUTPUT_MAX = 1 << 20, /* bytes kept of one test's output */
	PATH_BYTES = 1024,
	WAKE_MS = 20, /* how often a child that closed or passed on its output is looked at */
};

struct test {
	const char *name;
	char folder[PATH_BYTES];
	bool failed;
};

enum outcome { WAITING, RUNNING, PASSED, FAILED, SKIPPED };

/* A test from the loop's side. */
struct job {
	const struct test_case *test;
	enum outcome outcome;
	pid_t pid;
	int fd; /* its output, -1 once closed */
	uint64_t start_ms, elapsed_ms;
	bool timed_out;
	char *out;
	size_t out_n, out_cap;
};

struct runner {
	struct job *jobs;
	size_t count, started, printed, running;
	size_t passed, failed, skipped;
	unsigned parallel;
	uint64_t timeout_ms;
	bool verbose, list, stream;
	const char *pattern;
	char folder[PATH_BYTES]; /* holds each test's own; empty until the first test starts */
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "test: %s: %s\n", what, strerror(errno));
	exit(3);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* What a test calls. */

const char *test_name(const struct test *t)
{
	return t->name;
}

const char *test_tmpdir(struct test *t)
{
	if (mkdir(t->folder, 0700) != 0 && errno != EEXIST)
		die(t->folder);
	return t->folder;
}

static void say(const char *fmt, va_list ap) T_PRINTF_(1, 0);

static void say(const char *fmt, va_list ap)
{
	fflush(stdout);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void test_log(struct test *t, const char *fmt, ...)
{
	va_list ap;

	(void)t;
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void test_skip(struct test *t, const char *fmt, ...)
{
	va_list ap;

	(void)t;
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	exit(EXIT_SKIPPED);
}

void test_fail(struct test *t, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	t->failed = true;
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void test_fatal(struct test *t, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	t->failed = true;
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	exit(1);
}

bool test_check_int(struct test *t, const char *file, int line, const char *expr, intmax_t got,
		    intmax_t want)
{
	if (got == want)
		return true;
	test_fail(t, file, line, "%s: got %" PRIdMAX ", want %" PRIdMAX, expr, got, want);
	return false;
}

/* A quoted string's content as C source would write it, cut after 2,000 bytes. */
static void print_quoted(const char *label, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	fprintf(stderr, "  %s \"", label);
	for (size_t i = 0; i < n && i < 2000; i++) {
		if (p[i] == '\n')
			fputs("\\n", stderr);
		else if (p[i] == '"' || p[i] == '\\')
			fprintf(stderr, "\\%c", p[i]);
		else if (p[i] < 0x20 || p[i] == 0x7f)
			fprintf(stderr, "\\%03o", p[i]);
		else
			fputc(p[i], stderr);
	}
	fprintf(stderr, "\"%s\n", n > 2000 ? "..." : "");
}

static bool is_same(const void *got, size_t got_n, const void *want, size_t want_n)
{
	return got_n == want_n && (got_n == 0 || memcmp(got, want, got_n) == 0);
}

bool test_check_mem(struct test *t, const char *file, int line, const char *expr, const void *got,
		    size_t got_n, const void *want, size_t want_n)
{
	if (is_same(got, got_n, want, want_n))
		return true;
	test_fail(t, file, line, "%s: %zu bytes, want %zu", expr, got_n, want_n);
	print_quoted("got: ", got, got_n);
	print_quoted("want:", want, want_n);
	return false;
}

bool test_check_str(struct test *t, const char *file, int line, const char *expr, const char *got,
		    const char *want)
{
	if (got && want && is_same(got, strlen(got), want, strlen(want)))
		return true;
	if (!got && !want)
		return true;
	test_fail(t, file, line, "%s: strings differ", expr);
	print_quoted(got ? "got: " : "got NULL", got ? got : "", got ? strlen(got) : 0);
	print_quoted(want ? "want:" : "want NULL", want ? want : "", want ? strlen(want) : 0);
	return false;
}

/* Folders. */

/* rm -rf of name below the folder dir_fd; read-only folders are made writable first. */
static void remove_tree(int dir_fd, const char *name)
{
	int fd;
	DIR *dir;
	struct dirent *entry;

	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return;
	fchmodat(dir_fd, name, 0700, 0);
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	dir = fdopendir(fd);
	while (dir && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			remove_tree(fd, entry->d_name);
	if (dir)
		closedir(dir);
	unlinkat(dir_fd, name, AT_REMOVEDIR);
}

static void make_folder(struct runner *r)
{
	const char *base = getenv("TMPDIR");

	snprintf(r->folder, sizeof r->folder, "%s/cbuild-test-XXXXXX",
		 base && *base ? base : "/tmp");
	if (!mkdtemp(r->folder))
		die(r->folder);
}

static void test_folder(const struct runner *r, const struct job *j, char out[PATH_BYTES])
{
	if (snprintf(out, PATH_BYTES, "%s/%s", r->folder, j->test->name) >= PATH_BYTES) {
		errno = ENAMETOOLONG;
		die(r->folder);
	}
}

/* Running. */

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};
static volatile sig_atomic_t stopped_by;

static void on_stop(int number)
{
	stopped_by = number;
}

/* What is ignored (nohup) stays so. */
static void handle_stops(void (*handler)(int))
{
	struct sigaction act = {.sa_handler = handler}, old;

	for (size_t i = 0; i < sizeof stop_signals / sizeof stop_signals[0]; i++)
		if (sigaction(stop_signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(stop_signals[i], &act, NULL);
}

static _Noreturn void run_child(const struct runner *r, const struct job *j, int out_fd)
{
	struct test t = {.name = j->test->name};
	int null_fd = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	handle_stops(SIG_DFL);
	test_folder(r, j, t.folder);
	if (null_fd < 0 || dup2(null_fd, 0) < 0 || dup2(out_fd, 1) < 0 || dup2(out_fd, 2) < 0)
		die("redirecting output");
	if (null_fd > 2)
		close(null_fd);
	close(out_fd);
	for (size_t i = 0; i < r->started; i++)
		if (r->jobs[i].fd >= 0)
			close(r->jobs[i].fd);
	j->test->run(&t);
	exit(t.failed ? 1 : 0);
}

static void start(struct runner *r, struct job *j)
{
	int fds[2];

	if (pipe(fds) != 0)
		die("pipe");
	fflush(NULL);
	j->start_ms = now_ms();
	j->pid = fork();
	if (j->pid < 0)
		die("fork");
	if (j->pid == 0) {
		close(fds[0]);
		run_child(r, j, fds[1]);
	}
	setpgid(j->pid, j->pid);
	close(fds[1]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	j->fd = fds[0];
	j->outcome = RUNNING;
	r->running++;
	if (r->stream)
		printf("run %s\n", j->test->name);
}

static void keep_output(struct job *j, const char *p, size_t n)
{
	if (j->out_n + n > OUTPUT_MAX)
		n = OUTPUT_MAX - j->out_n;
	if (j->out_n + n + 1 > j->out_cap) {
		j->out_cap = (j->out_n + n + 1) * 2;
		j->out = realloc(j->out, j->out_cap);
		if (!j->out)
			die("realloc");
	}
	if (n)
		memcpy(j->out + j->out_n, p, n);
	j->out_n += n;
	j->out[j->out_n] = '\0';
}

static void keep_verdict(struct job *j, const char *what, int number)
{
	char line[128];

	snprintf(line, sizeof line, "%s %d\n", what, number);
	keep_output(j, line, strlen(line));
}

/* Reads what is there; closes at the end of file. */
static void drain(struct job *j)
{
	char chunk[16384];
	ssize_t n = 0;

	while (j->fd >= 0 && (n = read(j->fd, chunk, sizeof chunk)) > 0)
		keep_output(j, chunk, (size_t)n);
	if (j->fd >= 0 && (n == 0 || (errno != EAGAIN && errno != EINTR))) {
		close(j->fd);
		j->fd = -1;
	}
}

static void judge(struct job *j, int status)
{
	if (j->timed_out)
		j->outcome = FAILED;
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		j->outcome = PASSED;
	else if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIPPED)
		j->outcome = SKIPPED;
	else
		j->outcome = FAILED;
	if (j->timed_out)
		keep_verdict(j, "timed out; seconds:", (int)(j->elapsed_ms / 1000));
	else if (WIFSIGNALED(status))
		keep_verdict(j, "killed by signal", WTERMSIG(status));
	else if (j->outcome == FAILED && WEXITSTATUS(status) != 1)
		keep_verdict(j, "exit status", WEXITSTATUS(status));
}

/* Looks whether j ended or its time is over. */
static void check(struct runner *r, struct job *j)
{
	int status;
	pid_t pid;

	if (!j->timed_out && now_ms() - j->start_ms > r->timeout_ms) {
		j->timed_out = true;
		kill(-j->pid, SIGKILL);
	}
	pid = waitpid(j->pid, &status, WNOHANG);
	if (pid != j->pid)
		return;
	kill(-j->pid, SIGKILL); /* what the test left running */
	drain(j);
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
	j->elapsed_ms = now_ms() - j->start_ms;
	judge(j, status);
	r->running--;
}

/* Waits for output or WAKE_MS, then looks at every running test. */
static void step(struct runner *r, struct pollfd *fds)
{
	nfds_t n = 0;

	for (size_t i = r->printed; i < r->started; i++)
		if (r->jobs[i].outcome == RUNNING && r->jobs[i].fd >= 0)
			fds[n++] = (struct pollfd){.fd = r->jobs[i].fd, .events = POLLIN};
	poll(fds, n, n ? WAKE_MS : 1);
	for (size_t i = r->printed; i < r->started; i++) {
		if (r->jobs[i].outcome != RUNNING)
			continue;
		drain(&r->jobs[i]);
		check(r, &r->jobs[i]);
	}
}

/* Printing. */

/* The last line of a skipped test's output is its reason. */
static const char *skip_reason(struct job *j)
{
	char *p;

	if (!j->out_n)
		return "";
	if (j->out[j->out_n - 1] == '\n')
		j->out[--j->out_n] = '\0';
	p = strrchr(j->out, '\n');
	return p ? p + 1 : j->out;
}

static void print_lines(const struct job *j, const char *prefix)
{
	const char *p = j->out, *end = p + j->out_n;

	while (p < end) {
		const char *q = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((q ? q : end) - p);

		fputs(prefix, stdout);
		fwrite(p, 1, n, stdout);
		putchar('\n');
		p += n + 1;
	}
}

/* "out NAME TEXT" lines; backslash, control bytes and bytes that end a line are escaped as \xHH. */
static void stream_lines(const struct job *j)
{
	for (size_t i = 0; i < j->out_n;) {
		printf("out %s ", j->test->name);
		for (; i < j->out_n && j->out[i] != '\n'; i++) {
			unsigned char c = (unsigned char)j->out[i];

			if (c < 0x20 || c == '\\' || c == 0x7f)
				printf("\\x%02x", c);
			else
				putchar(c);
		}
		putchar('\n');
		i++;
	}
}

static void print_stream(struct job *j)
{
	if (j->outcome == SKIPPED) {
		printf("skip %s %s\n", j->test->name, skip_reason(j));
		return;
	}
	stream_lines(j);
	printf("%s %s %" PRIu64 "\n", j->outcome == PASSED ? "pass" : "fail", j->test->name,
	       j->elapsed_ms);
}

static void print_plain(const struct runner *r, struct job *j)
{
	static const char *const words[] = {
	    [PASSED] = "PASS", [FAILED] = "FAIL", [SKIPPED] = "SKIP"};

	if (j->outcome == PASSED && !r->verbose)
		return;
	printf("--- %s: %s (%.2fs)", words[j->outcome], j->test->name,
	       (double)j->elapsed_ms / 1000);
	printf(j->outcome == SKIPPED ? ": %s\n" : "%s\n",
	       j->outcome == SKIPPED ? skip_reason(j) : "");
	if (j->outcome != SKIPPED)
		print_lines(j, "    ");
}

static void clean_up(const struct runner *r, const struct job *j)
{
	char folder[PATH_BYTES];

	test_folder(r, j, folder);
	if (j->outcome != FAILED)
		remove_tree(AT_FDCWD, folder);
	else if (!r->stream && access(folder, F_OK) == 0)
		printf("    (kept: %s)\n", folder);
}

/* Prints the results that are next in order. */
static void print_ready(struct runner *r)
{
	for (; r->printed < r->started && r->jobs[r->printed].outcome > RUNNING; r->printed++) {
		struct job *j = &r->jobs[r->printed];

		r->passed += j->outcome == PASSED;
		r->failed += j->outcome == FAILED;
		r->skipped += j->outcome == SKIPPED;
		if (r->stream)
			print_stream(j);
		else
			print_plain(r, j);
		clean_up(r, j);
		fflush(stdout);
		free(j->out);
		j->out = NULL;
	}
}

/* The tests have process groups of their own: who stops this program does not reach them. */
static _Noreturn void stop(const struct runner *r)
{
	for (size_t i = r->printed; i < r->started; i++)
		if (r->jobs[i].outcome == RUNNING) {
			kill(-r->jobs[i].pid, SIGKILL);
			waitpid(r->jobs[i].pid, NULL, 0);
		}
	remove_tree(AT_FDCWD, r->folder);
	handle_stops(SIG_DFL);
	raise(stopped_by);
	_exit(1);
}

static void run_all(struct runner *r)
{
	struct pollfd *fds = calloc(r->count + 1, sizeof *fds);

	if (!fds)
		die("calloc");
	make_folder(r);
	handle_stops(on_stop);
	while (r->printed < r->count) {
		while (r->running < r->parallel && r->started < r->count) {
			struct job *j = &r->jobs[r->started];

			start(r, j);
			r->started++;
		}
		step(r, fds);
		if (stopped_by)
			stop(r);
		print_ready(r);
	}
	rmdir(r->folder);
	free(fds);
}

static _Noreturn void usage(const char *program)
{
	fprintf(stderr, "usage: %s [-v] [-list] [-stream] [-run REGEX] [-timeout SECONDS] [-j N]\n",
		program);
	exit(2);
}

/* The number that follows an option, at least 1. */
static unsigned number(char **argv, int i)
{
	char *end;
	unsigned long n = argv[i] ? strtoul(argv[i], &end, 10) : 0;

	if (n == 0 || *end || n > 1000000)
		usage(argv[0]);
	return (unsigned)n;
}

static void parse_args(struct runner *r, char **argv)
{
	for (int i = 1; argv[i]; i++) {
		const char *arg = argv[i] + (strncmp(argv[i], "--", 2) == 0);

		if (strcmp(arg, "-v") == 0)
			r->verbose = true;
		else if (strcmp(arg, "-list") == 0)
			r->list = true;
		else if (strcmp(arg, "-stream") == 0)
			r->stream = true;
		else if (strcmp(arg, "-run") == 0 && argv[i + 1])
			r->pattern = argv[++i];
		else if (strcmp(arg, "-timeout") == 0)
			r->timeout_ms = (uint64_t)number(argv, ++i) * 1000;
		else if (strcmp(arg, "-j") == 0)
			r->parallel = number(argv, ++i);
		else
			usage(argv[0]);
	}
}

/* Fills r->jobs with the cases that exist and match the pattern. */
static void choose(struct runner *r, const struct test_case *cases, size_t count,
		   const char *program)
{
	regex_t re;

	if (r->pattern && regcomp(&re, r->pattern, REG_EXTENDED | REG_NOSUB) != 0) {
		fprintf(stderr, "test: -run %s: not a regular expression\n", r->pattern);
		usage(program);
	}
	r->jobs = calloc(count + 1, sizeof *r->jobs);
	if (!r->jobs)
		die("calloc");
	for (size_t i = 0; i < count; i++)
		if (cases[i].run && (!r->pattern || regexec(&re, cases[i].name, 0, NULL, 0) == 0))
			r->jobs[r->count++] = (struct job){.test = &cases[i], .fd = -1};
	if (r->pattern)
		regfree(&re);
}

int test_main(const struct test_case *cases, size_t count, int argc, char **argv)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	struct runner r = {.timeout_ms = 60000,
			   .parallel = processors > 0 ? (unsigned)processors : 1};

	(void)argc;
	parse_args(&r, argv);
	choose(&r, cases, count, argv[0]);
	if (r.list) {
		for (size_t i = 0; i < r.count; i++)
			puts(r.jobs[i].test->name);
	} else {
		run_all(&r);
		if (!r.stream && r.skipped)
			printf("%zu passed, %zu failed, %zu skipped\n", r.passed, r.failed,
			       r.skipped);
		else if (!r.stream)
			printf("%zu passed, %zu failed\n", r.passed, r.failed);
	}
	free(r.jobs);
	return r.failed ? 1 : 0;
}
