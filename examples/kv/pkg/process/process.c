/* See process.h. The protocols are plain: two environment variables, one datagram. */
#include "process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_FD = 3 };

/* The variable as a number, or -1. */
static long env_number(const char *name)
{
	const char *text = getenv(name);
	char *end;
	long v;

	if (text == NULL || *text == '\0')
		return -1;
	errno = 0;
	v = strtol(text, &end, 10);
	return errno == 0 && *end == '\0' && v >= 0 ? v : -1;
}

static void clear_listen_env(void)
{
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
}

static bool is_listening(int fd)
{
	int yes = 0;
	socklen_t n = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &n) == 0 && yes != 0;
}

int process_inherited_listener(void)
{
	bool mine = env_number("LISTEN_PID") == (long)getpid() && env_number("LISTEN_FDS") >= 1;

	clear_listen_env();
	if (!mine || !is_listening(FIRST_FD))
		return -1;
	(void)fcntl(FIRST_FD, F_SETFD, FD_CLOEXEC);
	return FIRST_FD;
}

/* Puts the socket where the protocol wants it, without close-on-exec. */
static bool place_listener(int fd)
{
	if (fd == FIRST_FD)
		return fcntl(fd, F_SETFD, 0) == 0;
	return dup2(fd, FIRST_FD) == FIRST_FD;
}

bool process_exec_with_listener(const char *path, char *const argv[], int fd, struct err *e)
{
	char pid[32];
	int saved;

	(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	if (!place_listener(fd) || setenv("LISTEN_PID", pid, 1) != 0 ||
	    setenv("LISTEN_FDS", "1", 1) != 0)
		return err_set(e, "cannot hand over the listening socket: %s", strerror(errno));
	(void)execv(path, argv);
	saved = errno;
	clear_listen_env();
	if (fd == FIRST_FD)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	else
		(void)close(FIRST_FD);
	return err_set(e, "cannot start %s: %s", path, strerror(saved));
}

static char *self_exe(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n < 0)
		return NULL;
	path[n] = '\0';
	return strdup(path);
}

static char *join(const char *dir, const char *name)
{
	size_t n = strlen(dir) + 1 + strlen(name) + 1;
	char *path = malloc(n);

	if (path != NULL)
		(void)snprintf(path, n, "%s/%s", dir, name);
	return path;
}

char *process_path(const char *argv0)
{
	char cwd[PATH_MAX];

	if (argv0 == NULL || strchr(argv0, '/') == NULL)
		return self_exe();
	if (argv0[0] == '/')
		return strdup(argv0);
	return getcwd(cwd, sizeof(cwd)) != NULL ? join(cwd, argv0) : NULL;
}

void process_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t n = path != NULL ? strlen(path) : 0;
	int fd;

	if (n < 2 || n >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')
		to.sun_path[0] = '\0'; /* an abstract name */
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	(void)close(fd);
}

unsigned long process_raise_files(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) != 0)
		return 1024;
	if (lim.rlim_cur < lim.rlim_max) {
		struct rlimit more = {.rlim_cur = lim.rlim_max, .rlim_max = lim.rlim_max};

		if (setrlimit(RLIMIT_NOFILE, &more) == 0)
			lim = more;
	}
	return lim.rlim_cur > INT_MAX ? INT_MAX : (unsigned long)lim.rlim_cur;
}
