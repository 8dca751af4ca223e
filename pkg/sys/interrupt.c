/*
 * SIGINT, SIGTERM and SIGHUP only count and write a byte into a pipe that only interrupt_handled reads:
 * from then on poll(2) sees it readable, so no wait is missed between a check and the wait. The watch over stalls
 * is alarm(2), whose signal ends the wait that is under way.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "sys/spawn.h"
#include "sys/sys_impl.h"

static volatile sig_atomic_t arrived;
static int pipe_fd[2] = {-1, -1};

static void on_signal(int signal)
{
	int saved = errno;
	ssize_t ignored = write(pipe_fd[1], "", 1);

	(void)signal;
	(void)ignored;
	if (arrived < 100)
		arrived++;
	errno = saved;
}

void interrupt_install(void)
{
	struct sigaction act = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN}, old;
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

	if (pipe_fd[0] >= 0 || pipe2(pipe_fd, O_CLOEXEC | O_NONBLOCK) != 0)
		return;
	sigemptyset(&act.sa_mask);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		/* nohup and background shells start us with the signal ignored: leave it so. */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &act, NULL);
	}
	sigaction(SIGPIPE, &ignore, NULL);
}

bool interrupt_requested(void)
{
	return arrived != 0;
}

void interrupt_handled(void)
{
	char bytes[128];

	while (pipe_fd[0] >= 0 && read(pipe_fd[0], bytes, sizeof bytes) > 0)
		continue;
	arrived = 0;
}

int interrupt_count(void)
{
	return arrived;
}

static volatile sig_atomic_t stall_hit;
static unsigned stall_s; /* 0: nothing is watched */

/* Again every second: the first may come between two waits. */
static void on_alarm(int signal)
{
	(void)signal;
	stall_hit = 1;
	alarm(1);
}

void stall_watch(unsigned seconds)
{
	struct sigaction act = {.sa_handler = on_alarm}; /* no SA_RESTART: waits must end */

	sigemptyset(&act.sa_mask);
	sigaction(SIGALRM, &act, NULL);
	stall_s = seconds;
	stall_hit = 0;
	alarm(seconds);
}

void stall_fed(void)
{
	if (stall_s && !stall_hit)
		alarm(stall_s);
}

bool stalled(void)
{
	return stall_hit != 0;
}

void stall_unwatch(void)
{
	alarm(0);
	stall_s = 0;
}

int interrupt_fd(void)
{
	return pipe_fd[0];
}
