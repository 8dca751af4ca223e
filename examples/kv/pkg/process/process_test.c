/* Tests of the hand-over protocols and the build id. */
#include "process/process.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cbuild/test.h"

void TestProcessBuildId(struct test *t)
{
	const char *id = process_build_id();

	if (strcmp(id, "unknown") == 0)
		test_skip(t, "this test was linked without --build-id");
	T_CHECK(t, strlen(id) >= 16 && strspn(id, "0123456789abcdef") == strlen(id), "id '%s'", id);
	T_EQ_STR(t, process_build_id(), id);
}

/* Runs with `fd` in the place of descriptor 3, which the test's runner may be using. */
static int inherited_as_3(int fd, const char *pid, const char *count)
{
	int saved = fcntl(3, F_DUPFD_CLOEXEC, 10);
	int got;

	(void)dup2(fd, 3);
	(void)setenv("LISTEN_PID", pid, 1);
	(void)setenv("LISTEN_FDS", count, 1);
	got = process_inherited_listener();
	if (saved >= 0) {
		(void)dup2(saved, 3);
		(void)close(saved);
	}
	return got;
}

static int listening_socket(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (const struct sockaddr *)&any, sizeof(any)) != 0 || listen(fd, 1) != 0)
		return -1;
	return fd;
}

void TestProcessInheritedListener(struct test *t)
{
	int listening = listening_socket(), other = socket(AF_INET, SOCK_STREAM, 0);
	char pid[32];

	T_MUST(t, listening >= 0 && other >= 0);
	(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	T_EQ_INT(t, inherited_as_3(listening, pid, "1"), 3);
	T_OK(t, getenv("LISTEN_PID") == NULL && getenv("LISTEN_FDS") == NULL);
	T_EQ_INT(t, inherited_as_3(listening, "1", "1"), -1);
	T_EQ_INT(t, inherited_as_3(listening, pid, "0"), -1);
	T_EQ_INT(t, inherited_as_3(listening, pid, "x"), -1);
	T_EQ_INT(t, inherited_as_3(other, pid, "1"), -1);
	(void)close(listening);
	(void)close(other);
}

void TestProcessNotify(struct test *t)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char got[32] = "";

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s/notify", test_tmpdir(t));
	T_MUST(t, bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0);
	(void)setenv("NOTIFY_SOCKET", at.sun_path, 1);
	process_notify("READY=1");
	T_EQ_INT(t, recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT), 7);
	T_EQ_STR(t, got, "READY=1");
	(void)unsetenv("NOTIFY_SOCKET");
	process_notify("READY=1"); /* nobody to tell */
	(void)close(fd);
}

void TestProcessPath(struct test *t)
{
	char *absolute = process_path("/opt/kv"), *relative = process_path("bin/kv");
	char *searched = process_path("kv");

	T_EQ_STR(t, absolute, "/opt/kv");
	T_CHECK(t, relative[0] == '/' && strcmp(relative + strlen(relative) - 7, "/bin/kv") == 0,
		"got '%s'", relative);
	T_CHECK(t, searched == NULL || searched[0] == '/', "got '%s'", searched);
	free(absolute);
	free(relative);
	free(searched);
}

void TestProcessExecFails(struct test *t)
{
	char *argv[] = {(char[]){"kv"}, NULL};
	int fd = listening_socket(), high = fcntl(fd, F_DUPFD_CLOEXEC, 20);
	int saved = fcntl(3, F_DUPFD_CLOEXEC, 10);
	struct err e = {""};

	T_OK(t, !process_exec_with_listener("/nonexistent/kv", argv, high, &e));
	T_EQ_STR(t, e.text, "cannot start /nonexistent/kv: No such file or directory");
	T_OK(t, getenv("LISTEN_FDS") == NULL);
	if (saved >= 0)
		(void)dup2(saved, 3);
	(void)close(fd);
	(void)close(high);
}
