/*
 * The whole service over loopback: its loop runs in a thread of its own, the
 * test talks to it with blocking sockets.
 */
#include "service/service.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <zlib.h>

#include "bytes/bytes.h"
#include "cbuild/test.h"
#include "server/server.h"

struct fixture {
	uv_thread_t thread;
	uv_sem_t ready;
	uv_async_t stop;
	struct service *s;
	struct service_options o;
	int fd;
	int port;
	bool stopped;
	struct err e;
};

static void on_stop(uv_async_t *h)
{
	struct fixture *f = h->data;

	service_stop(f->s);
	uv_close((uv_handle_t *)h, NULL);
}

static void serve(void *arg)
{
	struct fixture *f = arg;
	uv_loop_t loop;

	(void)uv_loop_init(&loop);
	(void)uv_async_init(&loop, &f->stop, on_stop);
	f->stop.data = f;
	if (!service_open(&f->s, &loop, f->fd, &f->o, &f->e))
		abort();
	uv_sem_post(&f->ready);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&loop) != 0)
		abort(); /* a handle was left behind */
	service_free(f->s);
}

static struct fixture fixture(struct test *t)
{
	return (struct fixture){.o = {
				    .store = {.dir = test_tmpdir(t), .relaxed = true},
				    .max_connections = 100,
				    .max_body_bytes = 1 << 20,
				    .max_buffered_bytes = 8 << 20,
				    .head_timeout_ms = 5000,
				    .request_timeout_ms = 5000,
				    .idle_timeout_ms = 5000,
				    .drain_ms = 3000,
				}};
}

static void start(struct test *t, struct fixture *f)
{
	struct sockaddr_in at;
	socklen_t n = sizeof(at);

	if (!server_listen("127.0.0.1:0", 128, &f->fd, &f->e))
		test_fatal(t, __FILE__, __LINE__, "%s", f->e.text);
	T_MUST(t, getsockname(f->fd, (struct sockaddr *)&at, &n) == 0);
	f->port = ntohs(at.sin_port);
	T_MUST(t, uv_sem_init(&f->ready, 0) == 0);
	T_MUST(t, uv_thread_create(&f->thread, serve, f) == 0);
	uv_sem_wait(&f->ready);
}

static void begin_stop(struct fixture *f)
{
	if (!f->stopped)
		(void)uv_async_send(&f->stop);
	f->stopped = true;
}

static void stop(struct fixture *f)
{
	begin_stop(f);
	(void)uv_thread_join(&f->thread);
	uv_sem_destroy(&f->ready);
	(void)close(f->fd);
}

static int dial(struct test *t, const struct fixture *f)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)f->port)};
	struct timeval limit = {.tv_sec = 10};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	T_MUST(t, connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0);
	return fd;
}

static void say(int fd, struct str s)
{
	while (s.n > 0) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

		if (n <= 0)
			return; /* the test sees it in what comes back */
		s = str_from(s, (size_t)n);
	}
}

/* Reads to the end; the server closes. NUL-terminated. */
static struct buf hear(int fd)
{
	struct buf b = {0};
	char part[4096];
	ssize_t n;

	while ((n = recv(fd, part, sizeof(part), 0)) > 0)
		buf_add(&b, part, (size_t)n);
	if (n < 0)
		buf_str(&b, STR("[reset or timeout]"));
	buf_add(&b, "", 1);
	b.n--;
	return b;
}

/* Reads until `end` has come, on a connection that stays open. */
static struct buf hear_until(int fd, const char *end)
{
	struct buf b = {0};
	char byte;

	while (recv(fd, &byte, 1, 0) == 1) {
		buf_add(&b, &byte, 1);
		if (b.n >= strlen(end) && memcmp(b.p + b.n - strlen(end), end, strlen(end)) == 0)
			break;
	}
	buf_add(&b, "", 1);
	b.n--;
	return b;
}

/* One request on a connection of its own. */
static struct buf ask(struct test *t, const struct fixture *f, const char *method, const char *path,
		      const char *fields, struct str body)
{
	struct buf out = {0}, in;
	int fd = dial(t, f);

	buf_fmt(&out, "%s %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n%s", method, path, fields);
	if (body.p != NULL)
		buf_fmt(&out, "Content-Length: %zu\r\n", body.n);
	buf_str(&out, STR("\r\n"));
	buf_str(&out, body);
	say(fd, buf_view(&out));
	in = hear(fd);
	buf_free(&out);
	(void)close(fd);
	return in;
}

static int status_of(const struct buf *b)
{
	return b->n > 12 ? atoi(b->p + 9) : 0;
}

/* Status, and a part that the answer must have (NULL: any). */
static void expect(struct test *t, const struct fixture *f, const char *method, const char *path,
		   const char *fields, const char *body, int status, const char *part)
{
	struct buf in =
	    ask(t, f, method, path, fields, body != NULL ? str_of(body) : (struct str){0});

	T_CHECK(t, status_of(&in) == status, "%s %s (%s): want %d, got '%s'", method, path, fields,
		status, in.p);
	T_CHECK(t, part == NULL || strstr(in.p, part) != NULL, "%s %s: no '%s' in '%s'", method,
		path, part, in.p);
	buf_free(&in);
}

void TestServiceValueLife(struct test *t)
{
	struct fixture f = fixture(t);

	start(t, &f);
	expect(t, &f, "GET", "/kv/a", "", NULL, 404, "{\"error\":\"no such key\"}");
	expect(t, &f, "PUT", "/kv/a", "Content-Type: text/x\r\n", "one", 201, "ETag: \"1\"\r\n");
	expect(t, &f, "GET", "/kv/a", "", NULL, 200, "\r\n\r\none");
	expect(t, &f, "GET", "/kv/a", "", NULL, 200, "Content-Type: text/x\r\n");
	expect(t, &f, "HEAD", "/kv/a", "", NULL, 200, "Content-Length: 3\r\n");
	expect(t, &f, "PUT", "/kv/a", "", "", 204, "ETag: \"2\"\r\n");
	expect(t, &f, "GET", "/kv/a", "", NULL, 200, "Content-Length: 0\r\n");
	expect(t, &f, "DELETE", "/kv/a", "", NULL, 204, NULL);
	expect(t, &f, "DELETE", "/kv/a", "", NULL, 404, NULL);
	stop(&f);
}

void TestServiceHeadHasNoBody(struct test *t)
{
	struct fixture f = fixture(t);
	struct buf in;

	start(t, &f);
	expect(t, &f, "PUT", "/kv/a", "", "body", 201, NULL);
	in = ask(t, &f, "HEAD", "/kv/a", "", (struct str){0});
	T_CHECK(t, in.n > 4 && strcmp(in.p + in.n - 4, "\r\n\r\n") == 0, "got '%s'", in.p);
	buf_free(&in);
	stop(&f);
}

void TestServiceConditions(struct test *t)
{
	struct fixture f = fixture(t);

	start(t, &f);
	expect(t, &f, "PUT", "/kv/a", "If-Match: *\r\n", "x", 412, NULL);
	expect(t, &f, "PUT", "/kv/a", "If-None-Match: *\r\n", "x", 201, "\"1\"");
	expect(t, &f, "PUT", "/kv/a", "If-None-Match: *\r\n", "x", 412, NULL);
	expect(t, &f, "PUT", "/kv/a", "If-Match: \"7\"\r\n", "x", 412, NULL);
	expect(t, &f, "PUT", "/kv/a", "If-Match: \"1-gzip\"\r\n", "x", 204, "\"2\"");
	expect(t, &f, "PUT", "/kv/a", "If-Match: W/\"2\"\r\n", "x", 412, NULL);
	expect(t, &f, "PUT", "/kv/a", "If-Match: \"1\", \"2\"\r\n", "x", 400, NULL);
	expect(t, &f, "GET", "/kv/a", "If-None-Match: \"1\", W/\"2\"\r\n", NULL, 304,
	       "ETag: \"2\"");
	expect(t, &f, "GET", "/kv/a", "If-None-Match: \"1\"\r\n", NULL, 200, NULL);
	expect(t, &f, "DELETE", "/kv/a", "If-Match: \"1\"\r\n", NULL, 412, NULL);
	expect(t, &f, "DELETE", "/kv/a", "If-Match: \"2\"\r\n", NULL, 204, NULL);
	stop(&f);
}

void TestServiceKeys(struct test *t)
{
	struct buf longest = {0};
	struct fixture f = fixture(t);

	start(t, &f);
	expect(t, &f, "PUT", "/kv/a%2Fb%20c", "", "1", 201, NULL);
	expect(t, &f, "GET", "/kv/a/b%20c", "", NULL, 200, "\r\n\r\n1");
	expect(t, &f, "PUT", "/kv/caf%C3%A9", "", "2", 201, NULL);
	expect(t, &f, "GET", "/kv?prefix=caf%c3%a9", "", NULL, 200, "\"key\":\"caf\xc3\xa9\"");
	expect(t, &f, "GET", "/kv/", "", NULL, 400, NULL);
	expect(t, &f, "GET", "/kv/%", "", NULL, 400, NULL);
	expect(t, &f, "GET", "/kv/%00", "", NULL, 400, NULL);
	expect(t, &f, "GET", "/kv/%ff", "", NULL, 400, NULL);
	expect(t, &f, "GET", "/kv/%0d%0aX:%201", "", NULL, 400, NULL);
	buf_str(&longest, STR("/kv/"));
	for (int i = 0; i < 512; i++)
		buf_str(&longest, STR("k"));
	buf_add(&longest, "", 1);
	expect(t, &f, "PUT", longest.p, "", "", 201, NULL);
	longest.n--;
	buf_str(&longest, STR("k"));
	buf_add(&longest, "", 1);
	expect(t, &f, "PUT", longest.p, "", "", 400, NULL);
	buf_free(&longest);
	stop(&f);
}

void TestServiceList(struct test *t)
{
	struct fixture f = fixture(t);

	start(t, &f);
	expect(t, &f, "GET", "/kv", "", NULL, 200, "\r\n\r\n{\"keys\":[]}");
	expect(t, &f, "PUT", "/kv/u:1", "Content-Type: text/plain\r\n", "abc", 201, NULL);
	expect(t, &f, "PUT", "/kv/u:2", "", "", 201, NULL);
	expect(t, &f, "PUT", "/kv/v", "", "", 201, NULL);
	expect(t, &f, "GET", "/kv?prefix=u:&limit=1", "", NULL, 200,
	       "{\"keys\":[{\"key\":\"u:1\",\"size\":3,\"type\":\"text/plain\",\"version\":1,");
	expect(t, &f, "GET", "/kv?prefix=u:&limit=1", "", NULL, 200, "],\"next\":\"u:1\"}");
	expect(t, &f, "GET", "/kv?prefix=u:&limit=1&after=u:1", "", NULL, 200, "\"u:2\"");
	expect(t, &f, "GET", "/kv?prefix=u:&limit=2", "", NULL, 200, "}]}");
	expect(t, &f, "GET", "/kv?limit=0", "", NULL, 400, NULL);
	expect(t, &f, "GET", "/kv?limit=1001", "", NULL, 400, NULL);
	expect(t, &f, "GET", "/kv?limit=x", "", NULL, 400, NULL);
	expect(t, &f, "GET", "/kv?prefix=%f", "", NULL, 400, NULL);
	stop(&f);
}

void TestServiceBatch(struct test *t)
{
	static const char *const wrong[] = {
	    "",
	    "[]",
	    "{}",
	    "{\"put\":[]}",
	    "{\"delete\":{}}",
	    "{\"put\":{}}",
	    "{\"put\":{\"\":1}}",
	    "{\"delete\":[1]}",
	    "{\"delete\":[\"a\",\"\\u0000\"]}",
	    "{\"put\":{\"a\":1}",
	};
	struct fixture f = fixture(t);

	start(t, &f);
	expect(t, &f, "POST", "/kv/_batch", "",
	       "{\"put\":{\"a\":\"text\",\"b\":{\"n\":[1,null]}},\"delete\":[\"c\"]}", 200,
	       "\r\n\r\n{\"put\":{\"a\":1,\"b\":2},\"deleted\":0}");
	expect(t, &f, "GET", "/kv/a", "", NULL, 200, "text/plain; charset=utf-8");
	expect(t, &f, "GET", "/kv/b", "", NULL, 200, "\r\n\r\n{\"n\":[1,null]}");
	expect(t, &f, "GET", "/kv/b", "", NULL, 200, "application/json");
	expect(t, &f, "POST", "/kv/_batch", "", "{\"delete\":[\"a\",\"b\"]}", 200,
	       "\"deleted\":2}");
	expect(t, &f, "GET", "/kv", "", NULL, 200, "[]");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		expect(t, &f, "POST", "/kv/_batch", "", wrong[i], 400, "error");
	expect(t, &f, "GET", "/kv", "", NULL, 200, "[]");
	stop(&f);
}

void TestServiceRoutes(struct test *t)
{
	struct fixture f = fixture(t);

	start(t, &f);
	expect(t, &f, "GET", "/", "", NULL, 404, NULL);
	expect(t, &f, "GET", "/healthz/", "", NULL, 404, NULL);
	expect(t, &f, "POST", "/kv/a", "", "", 405, "Allow: GET, HEAD, PUT, DELETE\r\n");
	expect(t, &f, "PUT", "/metrics", "", "", 405, "Allow: GET, HEAD\r\n");
	expect(t, &f, "BREW", "/kv/a", "", NULL, 501, NULL);
	expect(t, &f, "PUT", "/kv/a", "Content-Encoding: gzip\r\n", "x", 415, NULL);
	expect(t, &f, "GET", "/healthz", "", NULL, 200, "\"build_id\":\"");
	expect(t, &f, "GET", "/readyz", "", NULL, 200, "ready");
	expect(t, &f, "GET", "/metrics", "", NULL, 200,
	       "kv_http_requests_total{route=\"/kv/{key}\",method=\"POST\",code=\"405\"} 1\n");
	expect(t, &f, "GET", "/metrics", "", NULL, 200, "kv_connections_open 1\n");
	stop(&f);
}

static bool unpacks_to(const struct buf *in, struct str want)
{
	const char *body = strstr(in->p, "\r\n\r\n");
	struct buf out = {0};
	uLongf n = want.n + 1;
	z_stream z = {0};
	bool same;

	buf_reserve(&out, n);
	z.next_in = (z_const Bytef *)(uintptr_t)(body + 4);
	z.avail_in = (uInt)(in->n - (size_t)(body + 4 - in->p));
	z.next_out = (Bytef *)out.p;
	z.avail_out = (uInt)n;
	same = inflateInit2(&z, 16 + 15) == Z_OK && inflate(&z, Z_FINISH) == Z_STREAM_END &&
	       str_eq((struct str){out.p, z.total_out}, want);
	(void)inflateEnd(&z);
	buf_free(&out);
	return same;
}

void TestServiceCompresses(struct test *t)
{
	struct fixture f = fixture(t);
	struct buf text = {0}, in;

	while (text.n < 5000)
		buf_fmt(&text, "%zu green bottles\n", text.n);
	start(t, &f);
	in = ask(t, &f, "PUT", "/kv/t", "Content-Type: text/plain\r\n", buf_view(&text));
	buf_free(&in);
	in = ask(t, &f, "PUT", "/kv/b", "Content-Type: image/png\r\n", buf_view(&text));
	buf_free(&in);
	in = ask(t, &f, "GET", "/kv/t", "Accept-Encoding: gzip\r\n", (struct str){0});
	T_CHECK(t, strstr(in.p, "Content-Encoding: gzip\r\n") != NULL, "got '%.300s'", in.p);
	T_CHECK(t, strstr(in.p, "ETag: \"1-gzip\"\r\n") != NULL, "got '%.300s'", in.p);
	T_CHECK(t, strstr(in.p, "Vary: Accept-Encoding\r\n") != NULL, "got '%.300s'", in.p);
	T_OK(t, unpacks_to(&in, buf_view(&text)));
	buf_free(&in);
	in = ask(t, &f, "GET", "/kv/t", "Accept-Encoding: gzip;q=0\r\n", (struct str){0});
	T_OK(t, strstr(in.p, "Content-Encoding") == NULL && strstr(in.p, "ETag: \"1\"") != NULL);
	buf_free(&in);
	in = ask(t, &f, "GET", "/kv/b", "Accept-Encoding: gzip\r\n", (struct str){0});
	T_OK(t, strstr(in.p, "Content-Encoding") == NULL);
	buf_free(&in);
	buf_free(&text);
	stop(&f);
}

/* A megabyte there and back, the answer taken slowly enough that it cannot leave at once. */
void TestServiceLargeValue(struct test *t)
{
	struct fixture f = fixture(t);
	struct buf big = {0}, in;
	int fd;

	while (big.n < 1 << 20)
		buf_fmt(&big, "%08zx", big.n);
	start(t, &f);
	in = ask(t, &f, "PUT", "/kv/big", "", buf_view(&big));
	T_EQ_INT(t, status_of(&in), 201);
	buf_free(&in);
	fd = dial(t, &f);
	for (int i = 0; i < 8; i++)
		say(fd, STR("GET /kv/big HTTP/1.1\r\nHost: t\r\n\r\n"));
	say(fd, STR("GET /kv/big HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"));
	uv_sleep(300);
	in = hear(fd);
	(void)close(fd);
	T_CHECK(t, in.n > 9 * big.n && in.n < 9 * (big.n + 400), "%zu bytes", in.n);
	T_OK(t, memcmp(in.p + in.n - big.n, big.p, big.n) == 0);
	buf_free(&in);
	buf_str(&big, STR("x"));
	in = ask(t, &f, "PUT", "/kv/big", "", buf_view(&big));
	T_EQ_INT(t, status_of(&in), 413);
	buf_free(&in);
	buf_free(&big);
	stop(&f);
}

void TestServicePipelining(struct test *t)
{
	struct fixture f = fixture(t);
	struct buf out = {0}, in;
	const char *at;
	int fd;

	start(t, &f);
	fd = dial(t, &f);
	for (int i = 0; i < 50; i++)
		buf_fmt(&out,
			"PUT /kv/k HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n%02d"
			"GET /kv/k HTTP/1.1\r\nHost: t\r\n\r\n"
			"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n",
			i);
	buf_str(&out, STR("GET /none HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"));
	say(fd, buf_view(&out));
	in = hear(fd);
	at = in.p;
	for (int i = 0; i < 50 && at != NULL; i++) {
		char want[64];

		(void)snprintf(want, sizeof(want), "ETag: \"%d\"\r\n\r\n", i + 1);
		at = strstr(at, want);
		(void)snprintf(want, sizeof(want), "nosniff\r\n\r\n%02dHTTP/1.1 200", i);
		at = at != NULL ? strstr(at, want) : NULL;
		at = at != NULL ? strstr(at, "build_id") : NULL;
	}
	T_CHECK(t, at != NULL && strstr(at, "404") != NULL, "answers out of order: %.500s", in.p);
	(void)close(fd);
	buf_free(&in);
	buf_free(&out);
	stop(&f);
}

void TestServiceChunkedAndContinue(struct test *t)
{
	struct fixture f = fixture(t);
	struct buf in;
	int fd;

	start(t, &f);
	fd = dial(t, &f);
	say(fd, STR("PUT /kv/c HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n"
		    "Expect: 100-continue\r\n\r\n"));
	in = hear_until(fd, "\r\n\r\n");
	T_EQ_STR(t, in.p, "HTTP/1.1 100 Continue\r\n\r\n");
	buf_free(&in);
	say(fd, STR("3\r\nab"));
	uv_sleep(20);
	say(fd, STR("c\r\n2;x\r\nde\r\n0\r\n\r"));
	uv_sleep(20);
	say(fd, STR("\nGET /kv/c HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"));
	in = hear(fd);
	T_CHECK(t, strncmp(in.p, "HTTP/1.1 201", 12) == 0, "got '%s'", in.p);
	T_CHECK(t, strstr(in.p, "\r\n\r\nabcde") != NULL, "got '%s'", in.p);
	buf_free(&in);
	(void)close(fd);
	stop(&f);
}

/* What follows a refused request is not served, though it is well-formed. */
void TestServiceRefusalEndsConnection(struct test *t)
{
	struct fixture f = fixture(t);
	struct buf in;
	int fd;

	start(t, &f);
	fd = dial(t, &f);
	say(fd, STR("PUT /kv/a HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
		    "PUT /kv/smuggled HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\nx"));
	in = hear(fd);
	T_CHECK(t, strncmp(in.p, "HTTP/1.1 400", 12) == 0 && strstr(in.p + 12, "HTTP/1.1") == NULL,
		"got '%s'", in.p);
	T_OK(t, strstr(in.p, "Connection: close\r\n") != NULL);
	buf_free(&in);
	(void)close(fd);
	expect(t, &f, "GET", "/kv/smuggled", "", NULL, 404, NULL);
	stop(&f);
}

void TestServiceSlowClients(struct test *t)
{
	struct fixture f = fixture(t);
	struct buf in;
	int head, body, idle;

	f.o.head_timeout_ms = 200;
	f.o.request_timeout_ms = 700;
	f.o.idle_timeout_ms = 200;
	start(t, &f);
	head = dial(t, &f);
	body = dial(t, &f);
	idle = dial(t, &f);
	say(body, STR("PUT /kv/a HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nab"));
	for (int i = 0; i < 20; i++) {
		say(head, STR("G")); /* a byte now and then buys no time */
		uv_sleep(50);
	}
	in = hear(head);
	T_CHECK(t, strstr(in.p, "HTTP/1.1 408") != NULL || strstr(in.p, "reset") != NULL,
		"got '%s'", in.p);
	buf_free(&in);
	in = hear(body);
	T_CHECK(t, strncmp(in.p, "HTTP/1.1 408", 12) == 0, "got '%s'", in.p);
	buf_free(&in);
	in = hear(idle);
	T_EQ_STR(t, in.p, "");
	buf_free(&in);
	expect(t, &f, "GET", "/metrics", "", NULL, 200, "kv_timeouts_total 2\n");
	(void)close(head);
	(void)close(body);
	(void)close(idle);
	stop(&f);
}

void TestServiceMemoryOfRequestsIsBounded(struct test *t)
{
	struct fixture f = fixture(t);
	struct buf half = {0}, in;
	int fds[8];
	int refused = 0;

	f.o.max_buffered_bytes = 1 << 20;
	buf_str(&half, STR("PUT /kv/a HTTP/1.1\r\nHost: t\r\nContent-Length: 600000\r\n\r\n"));
	while (half.n < 300000)
		buf_str(&half, STR("0123456789abcdef"));
	start(t, &f);
	for (int i = 0; i < 8; i++) {
		fds[i] = dial(t, &f);
		say(fds[i], buf_view(&half));
	}
	uv_sleep(200);
	expect(t, &f, "GET", "/healthz", "", NULL, 200, NULL);
	begin_stop(&f);
	for (int i = 0; i < 8; i++) {
		in = hear(fds[i]);
		refused += strncmp(in.p, "HTTP/1.1 503", 12) == 0 || strstr(in.p, "reset") != NULL;
		buf_free(&in);
		(void)close(fds[i]);
	}
	T_CHECK(t, refused >= 4 && refused < 8, "%d of 8 refused", refused);
	buf_free(&half);
	stop(&f);
}

/*
 * Idle connections end, but not before a request that was on its way is answered; one that has begun is
 * answered, nobody new is let in.
 */
void TestServiceDrains(struct test *t)
{
	struct fixture f = fixture(t);
	struct buf in;
	int idle, crossing, begun;

	start(t, &f);
	idle = dial(t, &f);
	crossing = dial(t, &f);
	begun = dial(t, &f);
	say(begun, STR("PUT /kv/a HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nab"));
	say(idle, STR("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n"));
	in = hear_until(idle, "}\n");
	buf_free(&in);
	say(crossing, STR("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n"));
	in = hear_until(crossing, "}\n");
	buf_free(&in);
	begin_stop(&f);
	say(crossing, STR("GET /kv/none HTTP/1.1\r\nHost: t\r\n\r\n"));
	in = hear(crossing);
	T_CHECK(t, strncmp(in.p, "HTTP/1.1 404", 12) == 0, "got '%s'", in.p);
	T_OK(t, strstr(in.p, "Connection: close\r\n") != NULL);
	buf_free(&in);
	in = hear(idle);
	T_EQ_STR(t, in.p, "");
	buf_free(&in);
	say(begun, STR("cd"));
	in = hear(begun);
	T_CHECK(t, strncmp(in.p, "HTTP/1.1 201", 12) == 0, "got '%s'", in.p);
	T_OK(t, strstr(in.p, "Connection: close\r\n") != NULL);
	buf_free(&in);
	(void)close(idle);
	(void)close(crossing);
	(void)close(begun);
	stop(&f);
	f = fixture(t);
	start(t, &f);
	expect(t, &f, "GET", "/kv/a", "", NULL, 200, "abcd");
	stop(&f);
}

/* One that never finishes its request does not hold the service up for ever. */
void TestServiceDrainHasAnEnd(struct test *t)
{
	struct fixture f = fixture(t);
	uint64_t began;
	int fd;

	f.o.drain_ms = 300;
	start(t, &f);
	fd = dial(t, &f);
	say(fd, STR("GET /"));
	uv_sleep(50);
	began = uv_hrtime();
	stop(&f);
	T_CHECK(t, uv_hrtime() - began < 3000000000u, "took too long%s", "");
	(void)close(fd);
}

void TestServiceConnectionLimit(struct test *t)
{
	struct fixture f = fixture(t);
	struct buf in;
	int first, second;

	f.o.max_connections = 1;
	start(t, &f);
	first = dial(t, &f);
	say(first, STR("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n"));
	in = hear_until(first, "}\n");
	T_EQ_INT(t, status_of(&in), 200);
	buf_free(&in);
	second = dial(t, &f);
	in = hear(second);
	T_EQ_STR(t, in.p, "");
	buf_free(&in);
	(void)close(first);
	(void)close(second);
	stop(&f);
}

/* A client that sends its request and closes its half still gets the answer. */
void TestServiceHalfClosedClient(struct test *t)
{
	struct fixture f = fixture(t);
	struct buf in;
	int fd;

	start(t, &f);
	fd = dial(t, &f);
	say(fd, STR("PUT /kv/h HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\nx"
		    "GET /kv/h HTTP/1.1\r\nHost: t\r\n\r\n"));
	(void)shutdown(fd, SHUT_WR);
	in = hear(fd);
	T_CHECK(t, strncmp(in.p, "HTTP/1.1 201", 12) == 0, "got '%s'", in.p);
	T_CHECK(t,
		strstr(in.p, "\r\n\r\nxHTTP") != NULL || strstr(in.p, "nosniff\r\n\r\nx") != NULL,
		"got '%s'", in.p);
	buf_free(&in);
	(void)close(fd);
	stop(&f);
}
