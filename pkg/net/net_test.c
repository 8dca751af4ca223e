/*
 * The peer is a small HTTP server on loopback in a child process; it answers by the path asked for
 * and misbehaves on purpose.
 */
#include "net/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cbuild/test.h"
#include "sys/file.h"

struct server {
	pid_t pid;
	int port;
	char dir[256]; /* of the requests' log */
};

static void say(int fd, const char *text)
{
	for (size_t n = strlen(text); n;) {
		ssize_t w = send(fd, text, n, MSG_NOSIGNAL);

		if (w <= 0)
			return;
		text += w;
		n -= (size_t)w;
	}
}

static void answer_flaky(int fd, int *asked)
{
	if (++*asked < 3)
		say(fd, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	else
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nthird");
}

static void answer_endless(int fd)
{
	static char block[65536];

	memset(block, 'x', sizeof block - 1);
	say(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	for (int i = 0; i < 64; i++)
		say(fd, block);
}

/* Sends "0123456789", in two parts to those who ask for the rest: the connection breaks between. */
static void answer_range(int fd, const char *request)
{
	if (strstr(request, "Range: bytes=4-"))
		say(fd, "HTTP/1.1 206 Rest\r\nContent-Length: 6\r\nContent-Range: bytes 4-9/10\r\n"
			"Connection: close\r\n\r\n456789");
	else
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n0123");
}

/* Knows no ranges. */
static void answer_whole(int fd)
{
	say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n0123456789");
}

static void answer(int fd, const char *path, int *asked)
{
	static const struct {
		const char *path, *text;
	} fixed[] = {
	    {"/ok", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"},
	    {"/redirect", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 4\r\nConnection: "
			  "close\r\n\r\ngone"},
	    {"/away", "HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/x\r\nContent-Length: "
		      "0\r\nConnection: close\r\n\r\n"},
	    {"/file", "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: "
		      "0\r\nConnection: close\r\n\r\n"},
	    {"/loop", "HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\nConnection: "
		      "close\r\n\r\n"},
	    {"/short", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\nConnection: close\r\n\r\nhello"},
	};

	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
		if (strcmp(path, fixed[i].path) == 0) {
			say(fd, fixed[i].text);
			return;
		}
	}
	if (strcmp(path, "/flaky") == 0)
		answer_flaky(fd, asked);
	else if (strcmp(path, "/endless") == 0)
		answer_endless(fd);
	else if (strcmp(path, "/stall") == 0)
		sleep(20);
	else
		say(fd, "HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

static void serve(int listener)
{
	int asked = 0;

	for (;;) {
		char request[4096], path[64] = "";
		int fd = accept(listener, NULL, NULL);
		ssize_t n = recv(fd, request, sizeof request - 1, 0);

		request[n > 0 ? n : 0] = '\0';
		if (strncmp(request, "GET /range ", 11) == 0)
			answer_range(fd, request);
		else if (strncmp(request, "GET /whole ", 11) == 0)
			answer_whole(fd);
		else if (sscanf(request, "GET %63s", path) == 1)
			answer(fd, path, &asked);
		close(fd);
	}
}

static void server_start(struct test *t, struct server *s)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof addr;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	T_MUST(t, fd >= 0 && bind(fd, (struct sockaddr *)&addr, n) == 0 && listen(fd, 16) == 0);
	T_MUST(t, getsockname(fd, (struct sockaddr *)&addr, &n) == 0);
	s->port = ntohs(addr.sin_port);
	s->pid = fork();
	T_MUST(t, s->pid >= 0);
	if (s->pid == 0) {
		alarm(60);
		serve(fd);
	}
	close(fd);
}

static void server_stop(struct server *s)
{
	kill(s->pid, SIGKILL);
}

struct net_case {
	const char *path;
	enum err_code code;
	const char *says; /* part of the message, or the content */
};

static const struct net_case cases[] = {
    {"/ok", ERR_NONE, "hello"},
    {"/redirect", ERR_NONE, "hello"},
    {"/flaky", ERR_NONE, "third"},
    {"/none", ERR_NET, "status 404"},
    {"/away", ERR_INPUT, "only https"},
    {"/file", ERR_INPUT, "only https"},
    {"/loop", ERR_NET, "redirects"},
    {"/short", ERR_NET, "/short"},
    {"/endless", ERR_INPUT, "longer than 1000 bytes"},
    {"/stall", ERR_NET, "/stall"},
};

void TestNetDownloads(struct test *t)
{
	struct server s;
	struct arena a = {0};

	server_start(t, &s);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct net_case *c = &cases[i];
		const char *url = str_fmt(&a, "http://127.0.0.1:%d%s", s.port, c->path).p;
		const char *path = str_fmt(&a, "%s/f%zu", test_tmpdir(t), i).p;
		struct net_get g = {.url = url,
				    .max_bytes = 1000,
				    .stall_ms = 1000,
				    .tries = strcmp(c->path, "/stall") == 0 ? 1 : 3};
		struct digest got;
		struct err e = {0};
		struct str text = {0};

		if (net_download(&g, path, NULL, &got, &e))
			T_CHECK(t, file_read(&a, path, 0, &text, &e) && str_eqc(text, c->says),
				"%s: %s", url, text.p);
		else
			T_CHECK(t, file_kind(path) == FILE_ABSENT && strstr(e.msg, c->says),
				"%s: %s", url, e.msg);
		T_EQ_INT(t, e.code, c->code);
	}
	server_stop(&s);
	arena_fini(&a);
}

void TestNetLeavesNoTemporary(struct test *t)
{
	struct server s;
	struct arena a = {0};
	struct folder_entry *list;
	size_t n;
	struct digest want = digest_str(STR("other"));
	struct err e = {0};
	const char *path = str_fmt(&a, "%s/f", test_tmpdir(t)).p;
	struct net_get g = {0};

	server_start(t, &s);
	g.url = str_fmt(&a, "http://127.0.0.1:%d/ok", s.port).p;
	T_OK(t, !net_download(&g, path, &want, NULL, &e));
	T_EQ_INT(t, e.code, ERR_VERIFY);
	T_CHECK(t,
		strstr(e.msg, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"),
		"%s", e.msg);
	T_MUST(t, folder_list(&a, test_tmpdir(t), &list, &n, &e));
	T_EQ_INT(t, n, 0);
	want = digest_str(STR("hello"));
	T_CHECK(t, net_download(&g, path, &want, NULL, &e), "%s", e.msg);
	server_stop(&s);
	arena_fini(&a);
}

void TestNetResumes(struct test *t)
{
	static const struct {
		const char *path, *left; /* in the .part of an earlier run */
	} starts[] = {{"/range", ""},		{"/range", "0123"},
		      {"/range", "xxxx"},	{"/whole", "0123"},
		      {"/whole", "0123456789"}, {"/whole", "too long to be it"},
		      {"/none", "0123456789"}};
	struct server s;
	struct arena a = {0};
	struct digest want = digest_str(STR("0123456789"));

	server_start(t, &s);
	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
		const char *path = str_fmt(&a, "%s/r%zu", test_tmpdir(t), i).p;
		const char *part = str_fmt(&a, "%s.part", path).p;
		struct net_get g = {.resume = true, .tries = 2};
		struct err e = {0};
		struct str text = {0};
		bool ok;

		g.url = str_fmt(&a, "http://127.0.0.1:%d%s", s.port, starts[i].path).p;
		T_MUST(t, file_write_fast(part, str_of(starts[i].left), 0644, &e));
		ok = net_download(&g, path, &want, NULL, &e);
		/* A wrong beginning is found out, and a server that breaks off each time cannot mend it. */
		if (str_eqc(str_of(starts[i].left), "xxxx"))
			T_CHECK(t, ok || e.code == ERR_NET || e.code == ERR_VERIFY, "%s", e.msg);
		else
			T_CHECK(t,
				ok && file_read(&a, path, 0, &text, &e) &&
				    str_eqc(text, "0123456789") && file_kind(part) == FILE_ABSENT,
				"%s from '%s': %s", starts[i].path, starts[i].left, e.msg);
	}
	server_stop(&s);
	arena_fini(&a);
}

void TestNetFile(struct test *t)
{
	struct arena a = {0};
	struct err e = {0};
	struct str text = {0};
	unsigned status = 0;
	const char *from = str_fmt(&a, "%s/a b", test_tmpdir(t)).p;
	const char *to = str_fmt(&a, "%s/to", test_tmpdir(t)).p;
	struct net_get g = {.status = &status, .max_bytes = 10};

	T_MUST(t, file_write_fast(from, STR("hello"), 0644, &e));
	g.url = str_fmt(&a, "file://%s/a%%20b", test_tmpdir(t)).p;
	T_CHECK(t, net_download(&g, to, NULL, NULL, &e) && file_read(&a, to, 0, &text, &e), "%s",
		e.msg);
	T_OK(t, str_eqc(text, "hello"));
	g.max_bytes = 4;
	T_OK(t, !net_download(&g, to, NULL, NULL, &e) && e.code == ERR_INPUT);
	g.url = str_fmt(&a, "file://%s/none", test_tmpdir(t)).p;
	T_OK(t, !net_download(&g, to, NULL, NULL, &e) && status == 404);
	arena_fini(&a);
}

void TestNetRefusesSchemes(struct test *t)
{
	static const char *const urls[] = {"http://example.com/x",
					   "ftp://127.0.0.1/x",
					   "http://127.0.0.1.example.com/",
					   "https",
					   "",
					   "http://localhost.example.com/"};
	struct arena a = {0};
	struct err e;

	for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
		struct net_get g = {.url = urls[i]};

		e = (struct err){0};
		T_OK(t, !net_download(&g, str_fmt(&a, "%s/f", test_tmpdir(t)).p, NULL, NULL, &e));
		T_CHECK(t, e.code == ERR_INPUT && e.fix[0], "%s: %s", urls[i], e.msg);
	}
	arena_fini(&a);
}

void TestNetUnreachable(struct test *t)
{
	struct arena a = {0};
	struct err e = {0};
	struct net_get g = {.url = "http://127.0.0.1:1/x", .tries = 2};

	T_OK(t, !net_download(&g, str_fmt(&a, "%s/f", test_tmpdir(t)).p, NULL, NULL, &e));
	T_CHECK(t, e.code == ERR_NET && strstr(e.chain, "try 2 of 2"), "%s / %s", e.msg, e.chain);
	arena_fini(&a);
}
