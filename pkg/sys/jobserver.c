/*
 * Tokens are taken through a file description of our own, opened again by way of /proc, so that it can
 * be non-blocking without making it so for every other client: make before 4.3 fails on EAGAIN. The
 * bytes held lie in static storage, where the signal handler finds them; a token goes back as the byte
 * that it was.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "sys/jobserver.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/sys_impl.h"

enum { TOKENS_MAX = 4096 };

struct jobserver {
	int take_fd, give_fd; /* our own descriptions, close-on-exec */
	int shared[2];	      /* the descriptors that children inherit; -1: a FIFO */
	unsigned jobs;	      /* offered: how many; 0: unknown */
	bool owned;	      /* shared is ours to close */
	struct str fifo;      /* its path, or empty */
	struct arena a;
};

static unsigned char tokens[TOKENS_MAX];
static volatile sig_atomic_t held;
static volatile sig_atomic_t give_fd = -1;

static const int deadly[] = {SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

/* Only async-signal-safe calls: it runs in the handler too. */
static void give_one(void)
{
	int saved = errno;
	ssize_t n;

	held--;
	do
		n = write(give_fd, &tokens[held], 1);
	while (n < 0 && errno == EINTR);
	errno = saved;
}

static void on_deadly(int signal_number)
{
	while (held > 0)
		give_one();
	/* SA_RESETHAND made it the default again. */
	raise(signal_number);
}

/* Leaves alone what another (a sanitizer) catches, or what we were started to ignore. */
static void watch_signals(void)
{
	struct sigaction act = {.sa_handler = on_deadly, .sa_flags = (int)SA_RESETHAND}, old;

	sigemptyset(&act.sa_mask);
	for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++) {
		if (sigaction(deadly[i], NULL, &old) == 0 && !(old.sa_flags & SA_SIGINFO) &&
		    old.sa_handler == SIG_DFL)
			sigaction(deadly[i], &act, NULL);
	}
}

static bool is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* fd's pipe through a description of our own, or -1. */
static int open_again(int fd, int flags)
{
	struct arena scratch = {0};
	int again =
	    open(str_fmt(&scratch, "/proc/self/fd/%d", fd).p, flags | O_NONBLOCK | O_CLOEXEC);

	arena_fini(&scratch);
	return again;
}

static struct jobserver *adopt(int take, int give)
{
	struct jobserver *j = mem_alloc(sizeof *j);

	*j = (struct jobserver){.take_fd = take, .give_fd = give, .shared = {-1, -1}};
	held = 0;
	give_fd = give;
	watch_signals();
	return j;
}

static enum jobserver_found join_fifo(struct str path, struct jobserver **out)
{
	struct arena scratch = {0};
	int fd = open(str_c(&scratch, path), O_RDWR | O_NONBLOCK | O_CLOEXEC);

	arena_fini(&scratch);
	if (fd < 0)
		return JOBSERVER_CLOSED;
	if (!is_pipe(fd)) {
		close_quiet(fd);
		return JOBSERVER_CLOSED;
	}
	*out = adopt(fd, fd);
	(*out)->fifo = str_dup(&(*out)->a, path);
	return JOBSERVER_JOINED;
}

static bool parse_fd(struct str text, int *out)
{
	uint64_t n;

	if (!str_u64(text, &n) || n > 1 << 20)
		return false;
	*out = (int)n;
	return true;
}

static bool has_mode(int fd, int mode)
{
	int flags = fcntl(fd, F_GETFL);

	return is_pipe(fd) && flags >= 0 &&
	       ((flags & O_ACCMODE) == mode || (flags & O_ACCMODE) == O_RDWR);
}

/* Both ends open again, or neither. */
static struct jobserver *adopt_pipe(int r, int w)
{
	int take = open_again(r, O_RDONLY), give = open_again(w, O_WRONLY);
	struct jobserver *j;

	if (take < 0 || give < 0) {
		close_quiet(take);
		close_quiet(give);
		return NULL;
	}
	fcntl(r, F_SETFD, FD_CLOEXEC);
	fcntl(w, F_SETFD, FD_CLOEXEC);
	j = adopt(take, give);
	j->shared[0] = r;
	j->shared[1] = w;
	return j;
}

static enum jobserver_found join_pipe(struct str auth, struct jobserver **out)
{
	struct str rest = auth, first = str_cut(&rest, ',');
	int r, w;

	if (!rest.p || !parse_fd(first, &r) || !parse_fd(rest, &w) || !has_mode(r, O_RDONLY) ||
	    !has_mode(w, O_WRONLY))
		return JOBSERVER_CLOSED;
	*out = adopt_pipe(r, w);
	return *out ? JOBSERVER_JOINED : JOBSERVER_CLOSED;
}

/* The last one counts; behind "--" are variables. */
static struct str find_auth(struct str makeflags)
{
	static const char *const names[] = {"--jobserver-auth=", "--jobserver-fds="};
	struct str rest = makeflags, auth = {0};

	while (rest.p) {
		struct str word = str_cut(&rest, ' ');

		if (str_eqc(word, "--"))
			break;
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
			if (str_startsc(word, names[i]))
				auth = str_skip(word, str_find(word, '=') + 1);
	}
	return auth;
}

enum jobserver_found jobserver_join(struct str makeflags, struct jobserver **out)
{
	struct str auth = find_auth(makeflags);

	*out = NULL;
	if (!auth.n)
		return JOBSERVER_NONE;
	if (str_startsc(auth, "fifo:"))
		return join_fifo(str_skip(auth, 5), out);
	return join_pipe(auth, out);
}

static bool fill(int fd, unsigned count, struct err *e)
{
	for (unsigned i = 0; i < count; i++)
		if (write(fd, "+", 1) != 1)
			return err_errno(e, "filling a jobserver");
	return true;
}

bool jobserver_offer(unsigned jobs, struct jobserver **out, struct err *e)
{
	unsigned most = jobs > TOKENS_MAX ? TOKENS_MAX : jobs;
	int fd[2];

	*out = NULL;
	if (pipe2(fd, O_CLOEXEC) != 0)
		return err_errno(e, "making a jobserver");
	if (!fill(fd[1], most ? most - 1 : 0, e)) {
		close_quiet(fd[0]);
		close_quiet(fd[1]);
		return false;
	}
	*out = adopt_pipe(fd[0], fd[1]);
	if (!*out) {
		err_errno(e, "opening a jobserver's pipe again");
		close_quiet(fd[0]);
		close_quiet(fd[1]);
		return err_fix(e, "mount /proc");
	}
	(*out)->owned = true;
	(*out)->jobs = most;
	return true;
}

struct str jobserver_makeflags(struct arena *a, const struct jobserver *j, const int **fds,
			       size_t *fd_count)
{
	struct str jobs = j->jobs ? str_fmt(a, "-j%u ", j->jobs) : STR("-j ");

	*fds = j->shared;
	*fd_count = j->fifo.n ? 0 : 2;
	if (j->fifo.n)
		return str_fmt(a, "%.*s--jobserver-auth=fifo:%.*s", STR_ARG(jobs),
			       STR_ARG(j->fifo));
	return str_fmt(a, "%.*s--jobserver-auth=%d,%d", STR_ARG(jobs), j->shared[0], j->shared[1]);
}

bool jobserver_take(struct jobserver *j)
{
	unsigned char token;
	ssize_t n;

	if (held >= TOKENS_MAX)
		return false;
	do
		n = read(j->take_fd, &token, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		return false;
	tokens[held] = token;
	held++;
	return true;
}

void jobserver_keep(struct jobserver *j, unsigned count)
{
	while (j && held > 0 && (unsigned)held > count)
		give_one();
}

unsigned jobserver_held(const struct jobserver *j)
{
	return j ? (unsigned)held : 0;
}

int jobserver_fd(const struct jobserver *j)
{
	return j->take_fd;
}

void jobserver_close(struct jobserver *j)
{
	if (!j)
		return;
	jobserver_keep(j, 0);
	give_fd = -1;
	close_quiet(j->take_fd);
	if (j->give_fd != j->take_fd)
		close_quiet(j->give_fd);
	for (int i = 0; i < 2; i++) {
		if (j->owned)
			close_quiet(j->shared[i]);
		else if (j->shared[i] >= 0)
			fcntl(j->shared[i], F_SETFD, 0);
	}
	arena_fini(&j->a);
	free(j);
}
