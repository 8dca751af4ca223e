/*
 * One poll(2) over two pipes and a pidfd a child. A child is done when its pidfd says so: what its
 * pipes hold is then read without waiting, so a daemon that it left behind with our pipe open holds
 * nobody up. Where pidfds are missing (before Linux 5.3), the end of both pipes stands for it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/file.h"
#include "sys/sys_impl.h"

extern char **environ;

/* What a child prints beyond this is dropped; a runaway must not eat the machine. */
enum { OUTPUT_LIMIT_BYTES = 32 * 1024 * 1024, READ_BYTES = 64 * 1024, STOP_POLL_MS = 20 };

enum { FD_OUT, FD_ERR, FD_PID, FD_COUNT, WATCHED = 2 };

struct child {
	pid_t pid;
	int fd[FD_COUNT]; /* -1: closed */
	bool own_group;
	uint64_t started_ms;
	struct spawn_result result;
};

struct spawn_set {
	struct child *children;
	size_t n, cap;
	struct pollfd *polls; /* FD_COUNT a child, then the watched ones, then the interrupt's */
	int watched[WATCHED];
};

bool spawn_set_open(struct spawn_set **out, struct err *e)
{
	(void)e;
	*out = mem_alloc(sizeof **out);
	(*out)->watched[0] = (*out)->watched[1] = -1;
	return true;
}

void spawn_watch(struct spawn_set *s, int fd)
{
	s->watched[0] = fd;
}

void spawn_watch_also(struct spawn_set *s, int fd)
{
	s->watched[1] = fd;
}

size_t spawn_running(const struct spawn_set *s)
{
	return s->n;
}

static int open_pidfd(pid_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	return -1;
#endif
}

static bool missing(struct err *e, const char *program)
{
	err_set(e, ERR_IO, "no program '%s' in $PATH", program);
	return err_fix(e, "install it, or add its folder to PATH");
}

static bool start_failed(struct err *e, const struct spawn *cmd, const char *program, int failed)
{
	errno = failed;
	err_errno(e, "starting %s", program);
	if (failed == ENOENT && cmd->cwd && file_kind(cmd->cwd) == FILE_ABSENT)
		return err_fix(e, "its working folder %s does not exist", cmd->cwd);
	if (failed == ENOENT && file_kind(program) != FILE_ABSENT)
		return err_fix(
		    e,
		    "the interpreter that it names is missing (wrong C library or architecture?)");
	if (failed == ENOENT)
		return err_fix(e, "install it, or correct the path");
	if (failed == ENOEXEC)
		return err_fix(e, "it is not a program for this machine; qemu-user may run it");
	if (failed == E2BIG)
		return err_fix(
		    e, "the command line is too long for the system: pass a response file (@FILE)");
	return false;
}

/* Signals as a fresh process has them: ours are caught or ignored. */
static void set_signals(posix_spawnattr_t *attr, short *flags)
{
	sigset_t defaults, none;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGTERM);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &defaults);
	*flags |= POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
}

/*
 * out_fd < 0: the child shares our terminal, group and standard input; in_fd >= 0: group and standard
 * error. Returns 0 or an errno.
 */
static int start(const struct spawn *cmd, const char *program, int in_fd, int out_fd, int err_fd,
		 pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	short flags = 0;
	int failed = 0;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	set_signals(&attr, &flags);
	if (in_fd >= 0) {
		failed = posix_spawn_file_actions_adddup2(&actions, in_fd, 0);
		failed = failed ? failed : posix_spawn_file_actions_adddup2(&actions, out_fd, 1);
	} else if (out_fd >= 0) {
		flags |= POSIX_SPAWN_SETPGROUP;
		posix_spawnattr_setpgroup(&attr, 0);
		failed =
		    cmd->stdin_fd
			? posix_spawn_file_actions_adddup2(&actions, cmd->stdin_fd, 0)
			: posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
		failed = failed ? failed : posix_spawn_file_actions_adddup2(&actions, out_fd, 1);
		failed = failed ? failed : posix_spawn_file_actions_adddup2(&actions, err_fd, 2);
	}
	/* dup2 onto itself takes close-on-exec away. */
	for (size_t i = 0; !failed && i < cmd->keep_count; i++)
		failed =
		    posix_spawn_file_actions_adddup2(&actions, cmd->keep_fds[i], cmd->keep_fds[i]);
	if (!failed && cmd->cwd)
		failed = posix_spawn_file_actions_addchdir_np(&actions, cmd->cwd);
	posix_spawnattr_setflags(&attr, flags);
	if (!failed)
		failed =
		    posix_spawn(pid, program, &actions, &attr, (char *const *)(uintptr_t)cmd->argv,
				cmd->env ? (char *const *)(uintptr_t)cmd->env : environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

static bool find_program(struct arena *a, const char *name, const char **out, struct err *e)
{
	struct str found;

	*out = name;
	if (strchr(name, '/'))
		return true;
	if (!path_search(a, name, &found))
		return missing(e, name);
	*out = found.p;
	return true;
}

static bool start_captured(const struct spawn *cmd, const char *program, struct child *c,
			   struct err *e)
{
	int out[2] = {-1, -1}, err[2] = {-1, -1}, failed = 0;

	if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0)
		failed = errno;
	c->started_ms = clock_mono_ms();
	failed = failed ? failed : start(cmd, program, -1, out[1], err[1], &c->pid);
	close_quiet(out[1]);
	close_quiet(err[1]);
	if (failed) {
		close_quiet(out[0]);
		close_quiet(err[0]);
		return start_failed(e, cmd, program, failed);
	}
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	c->fd[FD_OUT] = out[0];
	c->fd[FD_ERR] = err[0];
	c->fd[FD_PID] = open_pidfd(c->pid);
	c->own_group = true;
	c->result.tag = cmd->tag;
	return true;
}

static struct child *new_child(struct spawn_set *s)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 8;
		s->children = mem_realloc(s->children, s->cap * sizeof *s->children);
		s->polls =
		    mem_realloc(s->polls, (s->cap * FD_COUNT + WATCHED + 1) * sizeof *s->polls);
	}
	s->children[s->n] = (struct child){.fd = {-1, -1, -1}};
	return &s->children[s->n];
}

bool spawn_start(struct spawn_set *s, const struct spawn *cmd, struct err *e)
{
	struct arena scratch = {0};
	const char *program;
	bool ok;

	ok = find_program(&scratch, cmd->argv[0], &program, e) &&
	     start_captured(cmd, program, new_child(s), e);
	if (ok)
		s->n++;
	arena_fini(&scratch);
	return ok;
}

/* Reads what is there; closes at the end of the stream. */
static void drain(int *fd, struct buf *b)
{
	char chunk[READ_BYTES / 4];
	ssize_t n;

	while (*fd >= 0) {
		n = read(*fd, chunk, sizeof chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close_quiet(*fd);
			*fd = -1;
			return;
		}
		if (b->n < OUTPUT_LIMIT_BYTES)
			buf_add(b, chunk, (size_t)n);
	}
}

static uint64_t timeval_ms(const struct timeval *t)
{
	return (uint64_t)t->tv_sec * 1000 + (uint64_t)t->tv_usec / 1000;
}

static void reap(pid_t pid, uint64_t started_ms, struct spawn_result *r)
{
	struct rusage ru = {0};
	int status = 0;

	while (wait4(pid, &status, 0, &ru) < 0 && errno == EINTR)
		continue;
	r->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	r->exit_status = r->signal ? 128 + r->signal : WEXITSTATUS(status);
	r->wall_ms = clock_mono_ms() - started_ms;
	r->cpu_ms = timeval_ms(&ru.ru_utime) + timeval_ms(&ru.ru_stime);
	r->peak_bytes = (uint64_t)ru.ru_maxrss * 1024;
}

static void finish(struct spawn_set *s, size_t i, struct spawn_result *out)
{
	struct child *c = &s->children[i];

	reap(c->pid, c->started_ms, &c->result);
	drain(&c->fd[FD_OUT], &c->result.out);
	drain(&c->fd[FD_ERR], &c->result.err);
	for (int k = 0; k < FD_COUNT; k++)
		close_quiet(c->fd[k]);
	*out = c->result;
	s->children[i] = s->children[--s->n];
}

static size_t fill_polls(struct spawn_set *s, bool interruptible)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		for (int k = 0; k < FD_COUNT; k++)
			s->polls[n++] =
			    (struct pollfd){.fd = s->children[i].fd[k], .events = POLLIN};
	}
	for (int k = 0; k < WATCHED; k++)
		s->polls[n++] = (struct pollfd){.fd = s->watched[k], .events = POLLIN};
	s->polls[n++] =
	    (struct pollfd){.fd = interruptible ? interrupt_fd() : -1, .events = POLLIN};
	return n;
}

static bool child_done(struct child *c, const struct pollfd *polls)
{
	if (polls[FD_OUT].revents)
		drain(&c->fd[FD_OUT], &c->result.out);
	if (polls[FD_ERR].revents)
		drain(&c->fd[FD_ERR], &c->result.err);
	if (c->fd[FD_PID] >= 0)
		return polls[FD_PID].revents != 0;
	return c->fd[FD_OUT] < 0 && c->fd[FD_ERR] < 0;
}

/* Drains all that is readable; the index of a child that ended, or s->n. */
static size_t service(struct spawn_set *s)
{
	size_t ended = s->n;

	for (size_t i = 0; i < s->n; i++) {
		if (child_done(&s->children[i], &s->polls[i * FD_COUNT]) && ended == s->n)
			ended = i;
	}
	return ended;
}

static int left_ms(uint64_t until_ms, int timeout_ms)
{
	uint64_t now = clock_mono_ms();

	if (timeout_ms < 0)
		return -1;
	return now >= until_ms ? 0 : (int)(until_ms - now);
}

static enum spawn_wait wait_for(struct spawn_set *s, int timeout_ms, bool interruptible,
				struct spawn_result *out)
{
	uint64_t until_ms = clock_mono_ms() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);

	if (!s->polls)
		s->polls = mem_alloc((WATCHED + 1) * sizeof *s->polls);
	while (s->n || s->watched[0] >= 0 || s->watched[1] >= 0) {
		size_t n = fill_polls(s, interruptible), ended;
		int ready = poll(s->polls, n, left_ms(until_ms, timeout_ms));

		if (ready < 0 && errno == EINTR)
			continue;
		if (interruptible && (s->polls[n - 1].revents || interrupt_requested()))
			return SPAWN_INTERRUPTED;
		ended = service(s);
		if (ended < s->n) {
			finish(s, ended, out);
			return SPAWN_EXITED;
		}
		if (s->polls[n - 2].revents || s->polls[n - 3].revents)
			return SPAWN_WOKEN;
		if (ready == 0 && left_ms(until_ms, timeout_ms) == 0)
			return SPAWN_TIMEOUT;
	}
	return SPAWN_NONE;
}

enum spawn_wait spawn_wait(struct spawn_set *s, int timeout_ms, struct spawn_result *out)
{
	return wait_for(s, timeout_ms, true, out);
}

static void signal_all(struct spawn_set *s, int signal)
{
	for (size_t i = 0; i < s->n; i++)
		kill(s->children[i].own_group ? -s->children[i].pid : s->children[i].pid, signal);
}

void spawn_stop_all(struct spawn_set *s, int grace_ms)
{
	uint64_t until_ms = clock_mono_ms() + (uint64_t)grace_ms;
	int interrupts = interrupt_count();
	int watched[WATCHED] = {s->watched[0], s->watched[1]};
	bool killed = false;
	struct spawn_result r;

	s->watched[0] = s->watched[1] = -1;
	signal_all(s, SIGTERM);
	while (s->n) {
		/* A second Ctrl-C means now. */
		if (!killed && (clock_mono_ms() >= until_ms || interrupt_count() > interrupts)) {
			signal_all(s, SIGKILL);
			killed = true;
		}
		if (wait_for(s, STOP_POLL_MS, false, &r) == SPAWN_EXITED) {
			buf_fini(&r.out);
			buf_fini(&r.err);
		}
	}
	s->watched[0] = watched[0];
	s->watched[1] = watched[1];
}

void spawn_set_close(struct spawn_set *s)
{
	if (!s)
		return;
	spawn_stop_all(s, 2000);
	free(s->children);
	free(s->polls);
	free(s);
}

static bool run_inherited(const struct spawn *cmd, struct spawn_result *out, struct err *e)
{
	struct arena scratch = {0};
	uint64_t started_ms = clock_mono_ms();
	const char *program;
	pid_t pid;
	int failed;

	*out = (struct spawn_result){.tag = cmd->tag};
	if (!find_program(&scratch, cmd->argv[0], &program, e)) {
		arena_fini(&scratch);
		return false;
	}
	failed = start(cmd, program, -1, -1, -1, &pid);
	if (failed)
		start_failed(e, cmd, program, failed);
	else
		reap(pid, started_ms, out);
	arena_fini(&scratch);
	return !failed;
}

static bool run_captured(struct spawn_set *s, const struct spawn *cmd, struct spawn_result *out,
			 struct err *e)
{
	if (!spawn_start(s, cmd, e))
		return false;
	if (spawn_wait(s, -1, out) == SPAWN_EXITED)
		return true;
	return err_set(e, ERR_CANCEL, "interrupted while %s ran", cmd->argv[0]);
}

bool spawn_run(const struct spawn *cmd, bool inherit, struct spawn_result *out, struct err *e)
{
	struct spawn_set *s;
	bool ok;

	if (inherit)
		return run_inherited(cmd, out, e);
	if (!spawn_set_open(&s, e))
		return false;
	*out = (struct spawn_result){0};
	ok = run_captured(s, cmd, out, e);
	spawn_set_close(s);
	return ok;
}

bool spawn_talk(const struct spawn *cmd, struct spawn_talk *out, struct err *e)
{
	struct arena scratch = {0};
	int in[2] = {-1, -1}, from[2] = {-1, -1}, failed = 0;
	const char *program;
	pid_t pid = 0;
	bool ok = find_program(&scratch, cmd->argv[0], &program, e);

	if (ok && (pipe2(in, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0))
		failed = errno;
	if (ok && !failed)
		failed = start(cmd, program, in[0], from[1], -1, &pid);
	if (failed)
		ok = start_failed(e, cmd, program, failed);
	close_quiet(in[0]);
	close_quiet(from[1]);
	if (!ok) {
		close_quiet(in[1]);
		close_quiet(from[0]);
	}
	*out = (struct spawn_talk){ok ? in[1] : -1, ok ? from[0] : -1, (int)pid};
	arena_fini(&scratch);
	return ok;
}

int spawn_talk_end(struct spawn_talk *t)
{
	struct spawn_result r = {0};

	close_quiet(t->in);
	close_quiet(t->out);
	reap((pid_t)t->pid, 0, &r);
	return r.exit_status;
}

bool spawn_exec(const struct spawn *cmd, struct err *e)
{
	struct arena scratch = {0};
	const char *program;

	if (!find_program(&scratch, cmd->argv[0], &program, e)) {
		arena_fini(&scratch);
		return false;
	}
	if (cmd->cwd && chdir(cmd->cwd) != 0) {
		arena_fini(&scratch);
		return err_errno(e, "entering folder %s", cmd->cwd);
	}
	signal(SIGPIPE, SIG_DFL);
	execve(program, (char *const *)(uintptr_t)cmd->argv,
	       cmd->env ? (char *const *)(uintptr_t)cmd->env : environ);
	start_failed(e, cmd, program, errno);
	arena_fini(&scratch);
	return false;
}
