/*
 * A pipe a job: messages of one size, words and at last the error, told apart by their first byte. Both
 * ends are the same program, so memory itself is the format.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "sys/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/spawn.h"
#include "sys/sys_impl.h"

struct message {
	char kind; /* 'w' or 'e' */
	union {
		struct crew_word word;
		struct err err;
	};
};

struct hand {
	int fd; /* -1: free */
	pid_t pid;
	size_t i;
	struct buf in;
	bool told; /* its error came */
};

static int say_fd = -1;

static void send_all(const struct message *m)
{
	const char *p = (const char *)m;

	for (size_t n = sizeof *m; n;) {
		ssize_t w = write(say_fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return; /* the parent is gone */
		p += w;
		n -= (size_t)w;
	}
}

void crew_say(const struct crew_word *w)
{
	struct message m;

	memset(&m, 0, sizeof m);
	m.kind = 'w';
	m.word = *w;
	if (say_fd >= 0)
		send_all(&m);
}

_Noreturn static void be_child(const struct crew *c, size_t i, int fd)
{
	struct message m;

	/* A parent that is killed takes its jobs with it: nobody would hear them. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	memset(&m, 0, sizeof m);
	say_fd = fd;
	m.kind = 'e';
	if (c->job(c->ctx, i, &m.err))
		m.err.code = ERR_NONE;
	send_all(&m);
	_exit(0);
}

static bool start(const struct crew *c, size_t i, struct hand *h, struct err *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return err_errno(e, "making a pipe");
	*h = (struct hand){.fd = fds[0], .i = i, .pid = fork()};
	if (h->pid == 0)
		be_child(c, i, fds[1]);
	close(fds[1]);
	if (h->pid > 0)
		return true;
	close(fds[0]);
	h->fd = -1;
	return err_errno(e, "starting a process");
}

static void take_messages(const struct crew *c, struct hand *h, struct err *errs)
{
	struct message m;
	size_t at = 0;

	for (; h->in.n - at >= sizeof m; at += sizeof m) {
		memcpy(&m, h->in.p + at, sizeof m);
		if (m.kind == 'w') {
			m.word.text[sizeof m.word.text - 1] = '\0';
			c->said(c->ctx, h->i, &m.word);
		} else {
			errs[h->i] = m.err;
			h->told = true;
		}
	}
	memmove(h->in.p, h->in.p + at, h->in.n - at);
	h->in.n -= at;
}

static void finish(const struct crew *c, struct hand *h, struct err *errs)
{
	const bool stopped = interrupt_requested();
	int status = 0;

	close(h->fd);
	h->fd = -1;
	buf_fini(&h->in);
	while (waitpid(h->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (!h->told && stopped)
		err_set(&errs[h->i], ERR_CANCEL, "interrupted");
	else if (!h->told && WIFSIGNALED(status))
		err_set(&errs[h->i], ERR_IO, "a process of ours was killed by signal %d",
			WTERMSIG(status));
	else if (!h->told)
		err_set(&errs[h->i], ERR_IO, "a process of ours ended with status %d",
			WEXITSTATUS(status));
	if (c->ended)
		c->ended(c->ctx, h->i);
}

static void hear(const struct crew *c, struct hand *h, struct err *errs)
{
	ssize_t n;

	buf_reserve(&h->in, sizeof(struct message));
	n = read(h->fd, h->in.p + h->in.n, sizeof(struct message));
	if (n < 0 && errno == EINTR)
		return;
	if (n > 0)
		h->in.n += (size_t)n;
	take_messages(c, h, errs);
	if (n <= 0)
		finish(c, h, errs);
}

/* Until the interrupt has arrived its pipe ends the wait; from then on it would always be readable. */
static size_t wait_for(const struct crew *c, struct hand *hands, struct pollfd *polls, unsigned n,
		       struct err *errs)
{
	enum { WAIT_MS = 1000, STOPPING_WAIT_MS = 50 };
	const bool stopping = interrupt_requested();
	size_t busy = 0;

	for (unsigned k = 0; k < n; k++)
		polls[k] = (struct pollfd){.fd = hands[k].fd, .events = POLLIN};
	polls[n] = (struct pollfd){.fd = stopping ? -1 : interrupt_fd(), .events = POLLIN};
	(void)poll(polls, n + 1, stopping ? STOPPING_WAIT_MS : WAIT_MS);
	for (unsigned k = 0; k < n; k++) {
		if (polls[k].fd >= 0 && polls[k].revents)
			hear(c, &hands[k], errs);
		busy += hands[k].fd >= 0;
	}
	return busy;
}

static void start_some(const struct crew *c, size_t n, size_t *next, struct hand *hands,
		       unsigned hand_count, struct err *errs)
{
	for (unsigned k = 0; k < hand_count && *next < n; k++) {
		if (hands[k].fd >= 0)
			continue;
		if (interrupt_requested())
			err_set(&errs[*next], ERR_CANCEL, "interrupted");
		else
			(void)start(c, *next, &hands[k], &errs[*next]);
		++*next;
	}
}

/* Hands an interrupt on, once; who waits where no signal reaches (a name look-up) is killed in the end. */
static void stop(const struct hand *hands, unsigned n, uint64_t *since_ms)
{
	enum { GRACE_MS = 1000 };
	int sig = *since_ms ? SIGKILL : SIGTERM;

	if (!*since_ms)
		*since_ms = clock_mono_ms();
	else if (clock_mono_ms() - *since_ms < GRACE_MS)
		return;
	for (unsigned k = 0; k < n; k++)
		if (hands[k].fd >= 0)
			kill(hands[k].pid, sig);
}

void crew_run(const struct crew *c, size_t n, unsigned hand_count, struct err *errs)
{
	struct hand *hands = mem_alloc(hand_count * sizeof *hands);
	struct pollfd *polls = mem_alloc((hand_count + 1) * sizeof *polls);
	size_t next = 0, busy = 0;
	uint64_t stopping_since_ms = 0;

	for (unsigned k = 0; k < hand_count; k++)
		hands[k].fd = -1;
	while (next < n || busy) {
		start_some(c, n, &next, hands, hand_count, errs);
		busy = wait_for(c, hands, polls, hand_count, errs);
		if (busy && interrupt_requested())
			stop(hands, hand_count, &stopping_since_ms);
	}
	free(hands);
	free(polls);
}
