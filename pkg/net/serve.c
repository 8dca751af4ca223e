/*
 * Connections lie in a fixed table. Each reads a head, is answered once, and sends until all is out: a
 * head and bytes from memory first, then a file piece by piece. Nothing waits but poll.
 */
#include "net/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/spawn.h"

enum {
	HEAD_BYTES_MAX = 8192,
	CONNECTIONS_MAX = 64,
	IDLE_MS = 30000,
	TICK_MS = 1000,
	CHUNK_BYTES = 64 * 1024,
};

struct conn {
	int fd; /* -1: free */
	uint64_t last_ms;
	char head[HEAD_BYTES_MAX];
	size_t head_n;
	bool answered;
	struct arena a; /* of the reply */
	struct str out; /* still to be sent */
	int file;	/* -1: none */
	uint64_t file_at, file_end;
	char *chunk; /* CHUNK_BYTES, for the file */
};

struct server {
	int listener;
	serve_answer answer;
	void *ctx;
	struct conn conns[CONNECTIONS_MAX];
};

/* ---- requests ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool decode_path(struct arena *a, struct str raw, struct str *out)
{
	char *p = arena_strdup(a, raw.p, raw.n);
	size_t n = 0;

	for (size_t i = 0; i < raw.n; i++) {
		char c = raw.p[i];

		if (c == '%') {
			int hi = i + 2 < raw.n ? hex_digit(raw.p[i + 1]) : -1;
			int lo = i + 2 < raw.n ? hex_digit(raw.p[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return false;
			c = (char)(hi * 16 + lo);
			i += 2;
		}
		if ((unsigned char)c < 0x20 || c == 0x7f || c == '\\')
			return false;
		p[n++] = c;
	}
	p[n] = '\0';
	*out = (struct str){p, n};
	return true;
}

static bool same_word(struct str s, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; s.n == n && i < n; i++)
		if ((s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 0x20 : s.p[i]) != word[i])
			return false;
	return s.n == n;
}

/* "bytes=N-" only; other ranges are left out of account, as RFC 9110 section 14.2 allows. */
static void read_range(struct str value, struct serve_request *out)
{
	value = str_trim(value);
	if (!str_startsc(value, "bytes=") || !str_endsc(value, "-"))
		return;
	value = str_skip(value, strlen("bytes="));
	value.n--;
	out->has_range = str_u64(value, &out->from);
}

unsigned serve_parse(struct arena *a, struct str head, struct serve_request *out)
{
	struct str rest = head, line, method, target;

	*out = (struct serve_request){0};
	if (memchr(head.p, '\0', head.n) || !str_line(&rest, &line))
		return 400;
	line = str_trim(line);
	method = str_cut(&line, ' ');
	target = str_cut(&line, ' ');
	if (!str_startsc(line, "HTTP/"))
		return 400;
	if (!str_eqc(line, "HTTP/1.1") && !str_eqc(line, "HTTP/1.0"))
		return 505;
	out->head = str_eqc(method, "HEAD");
	if (!out->head && !str_eqc(method, "GET"))
		return 405;
	target.n = str_find(target, '?');
	if (!str_startsc(target, "/") || !decode_path(a, target, &out->path))
		return 400;
	while (str_line(&rest, &line)) {
		struct str value = str_trim(line), name;

		if (!value.n)
			break;
		name = str_cut(&value, ':');
		if (!value.p)
			return 400;
		if (same_word(name, "range"))
			read_range(value, out);
	}
	return 0;
}

/* ---- replies ---- */

static const char *reason(unsigned status)
{
	switch (status) {
	case 200:
		return "OK";
	case 206:
		return "Partial Content";
	case 400:
		return "Bad Request";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 410:
		return "Gone";
	case 416:
		return "Range Not Satisfiable";
	case 431:
		return "Request Header Fields Too Large";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Internal Server Error";
	}
}

static bool open_file(struct conn *c, const char *path, uint64_t *size)
{
	struct stat st;

	c->file = open(path, O_RDONLY | O_CLOEXEC);
	if (c->file < 0 || fstat(c->file, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	*size = (uint64_t)st.st_size;
	return true;
}

/* The whole, or what a range leaves of it. */
static void compose(struct conn *c, const struct serve_request *q, struct serve_reply *r)
{
	uint64_t size = r->body.n, from = 0;
	struct str range = STR("");

	if (r->file && !open_file(c, r->file, &size))
		*r = (struct serve_reply){.status = 500, .body = STR("the file cannot be read\n")};
	size = r->file ? size : r->body.n;
	if (q->has_range && r->status == 200) {
		if (q->from >= size) {
			*r = (struct serve_reply){.status = 416};
			range = str_fmt(&c->a, "Content-Range: bytes */%llu\r\n",
					(unsigned long long)size);
			size = 0;
		} else {
			from = q->from;
			r->status = 206;
			range = str_fmt(&c->a, "Content-Range: bytes %llu-%llu/%llu\r\n",
					(unsigned long long)from, (unsigned long long)size - 1,
					(unsigned long long)size);
		}
	}
	c->out =
	    str_fmt(&c->a,
		    "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %llu\r\n"
		    "Accept-Ranges: bytes\r\n%.*sConnection: close\r\n\r\n",
		    r->status, reason(r->status), r->type ? r->type : "text/plain; charset=utf-8",
		    (unsigned long long)(size - from), STR_ARG(range));
	if (q->head || !r->file || r->status >= 400) {
		if (!q->head) {
			struct str body = str_skip(r->body, (size_t)from);

			c->out = str_fmt(&c->a, "%.*s%.*s", STR_ARG(c->out), STR_ARG(body));
		}
		return;
	}
	c->file_at = from;
	c->file_end = size;
}

static void answer(struct server *s, struct conn *c, unsigned refused, size_t head_n)
{
	struct serve_request q = {0};
	struct serve_reply r = {0};

	if (!refused)
		refused = serve_parse(&c->a, (struct str){c->head, head_n}, &q);
	if (refused)
		r = (struct serve_reply){.status = refused};
	else
		s->answer(s->ctx, &c->a, q.path, &r);
	if (r.status >= 400 && !r.body.n && !r.file)
		r.body = str_fmt(&c->a, "%u %s\n", r.status, reason(r.status));
	c->answered = true;
	compose(c, &q, &r);
}

/* ---- connections ---- */

static void conn_close(struct conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	if (c->file >= 0)
		close(c->file);
	free(c->chunk);
	arena_fini(&c->a);
	c->fd = c->file = -1;
	c->chunk = NULL;
}

/* Bytes up to and with the empty line that ends a head; 0: it has not come yet. */
static size_t head_end(const char *p, size_t n)
{
	for (size_t i = 4; i <= n; i++)
		if (memcmp(p + i - 4, "\r\n\r\n", 4) == 0)
			return i;
	return 0;
}

/* False: the connection is over. */
static bool conn_read(struct server *s, struct conn *c)
{
	ssize_t n = recv(c->fd, c->head + c->head_n, sizeof c->head - c->head_n, 0);
	size_t end;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	c->head_n += (size_t)n;
	end = head_end(c->head, c->head_n);
	if (end)
		answer(s, c, 0, end);
	else if (c->head_n == sizeof c->head)
		answer(s, c, 431, 0);
	return true;
}

/* The next piece of the file; false at its end. */
static bool refill(struct conn *c)
{
	uint64_t left = c->file_end - c->file_at;
	ssize_t n;

	if (c->file < 0 || !left)
		return false;
	if (!c->chunk)
		c->chunk = mem_alloc(CHUNK_BYTES);
	n = pread(c->file, c->chunk, left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES,
		  (off_t)c->file_at);
	if (n <= 0)
		return false;
	c->file_at += (uint64_t)n;
	c->out = (struct str){c->chunk, (size_t)n};
	return true;
}

static bool conn_write(struct conn *c)
{
	while (c->out.n || refill(c)) {
		ssize_t n = send(c->fd, c->out.p, c->out.n, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		c->out = str_skip(c->out, (size_t)n);
	}
	/* What the peer still says is not read: the end of sending is told, not a reset. */
	shutdown(c->fd, SHUT_WR);
	return false;
}

static struct conn *free_conn(struct server *s)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (s->conns[i].fd < 0)
			return &s->conns[i];
	return NULL;
}

static void accept_one(struct server *s)
{
	struct conn *c = free_conn(s);
	int fd = c ? accept(s->listener, NULL, NULL) : -1;

	if (fd < 0)
		return;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	*c = (struct conn){.fd = fd, .file = -1, .last_ms = clock_mono_ms()};
}

static void serve_conn(struct server *s, struct conn *c, short events, uint64_t now_ms)
{
	bool on = true;

	if (events) {
		c->last_ms = now_ms;
		if (!c->answered)
			on = conn_read(s, c);
		if (on && c->answered)
			on = conn_write(c);
	}
	if (!on || now_ms - c->last_ms > IDLE_MS)
		conn_close(c);
}

static bool serve_loop(struct server *s, struct err *e)
{
	struct pollfd polls[CONNECTIONS_MAX + 1];

	while (!interrupt_requested()) {
		uint64_t now_ms;

		for (size_t i = 0; i < CONNECTIONS_MAX; i++)
			polls[i] =
			    (struct pollfd){.fd = s->conns[i].fd,
					    .events = s->conns[i].answered ? POLLOUT : POLLIN};
		polls[CONNECTIONS_MAX] =
		    (struct pollfd){.fd = free_conn(s) ? s->listener : -1, .events = POLLIN};
		if (poll(polls, CONNECTIONS_MAX + 1, TICK_MS) < 0 && errno != EINTR)
			return err_errno(e, "waiting for connections");
		now_ms = clock_mono_ms();
		for (size_t i = 0; i < CONNECTIONS_MAX; i++)
			if (polls[i].fd >= 0)
				serve_conn(s, &s->conns[i], polls[i].revents, now_ms);
		if (polls[CONNECTIONS_MAX].revents)
			accept_one(s);
	}
	return true;
}

/* ---- listening ---- */

static bool bad_address(const char *address, const char *why, struct err *e)
{
	err_set(e, ERR_USAGE, "cannot listen at '%s': %s", address, why);
	return err_fix(e, "write HOST:PORT, as in 127.0.0.1:8080, with a port that is free");
}

static bool split_address(struct arena *a, const char *address, struct str *host, struct str *port)
{
	struct str s = str_of(address);
	size_t colon = str_rfind(s, ':');

	if (colon == s.n)
		return false;
	*port = str_dup(a, str_skip(s, colon + 1));
	s.n = colon;
	if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = (struct str){s.p + 1, s.n - 2};
	*host = str_dup(a, s);
	return port->n > 0;
}

static int listen_at(const struct addrinfo *at)
{
	int on = 1, fd = socket(at->ai_family, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, CONNECTIONS_MAX) == 0)
		return fd;
	close(fd);
	return -1;
}

static void tell_address(int fd, serve_ready ready, void *ctx)
{
	struct sockaddr_storage addr;
	socklen_t n = sizeof addr;
	char host[128], port[16], text[160];

	if (getsockname(fd, (struct sockaddr *)&addr, &n) != 0 ||
	    getnameinfo((struct sockaddr *)&addr, n, host, sizeof host, port, sizeof port,
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	snprintf(text, sizeof text, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
	ready(ctx, text);
}

static bool open_listener(const char *address, int *fd, struct err *e)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC,
				 .ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_PASSIVE},
			*found = NULL;
	struct arena a = {0};
	struct str host, port;
	int failed;

	*fd = -1;
	if (!split_address(&a, address, &host, &port)) {
		arena_fini(&a);
		return bad_address(address, "no port is named", e);
	}
	failed = getaddrinfo(host.n ? host.p : NULL, port.p, &hints, &found);
	arena_fini(&a);
	if (failed)
		return bad_address(address, gai_strerror(failed), e);
	*fd = listen_at(found);
	freeaddrinfo(found);
	return *fd >= 0 || bad_address(address, strerror(errno), e);
}

bool serve_http(const char *address, serve_answer answer_path, serve_ready ready, void *ctx,
		struct err *e)
{
	struct server *s = mem_alloc(sizeof *s);
	bool ok;

	s->answer = answer_path;
	s->ctx = ctx;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		s->conns[i].fd = s->conns[i].file = -1;
	ok = open_listener(address, &s->listener, e);
	if (ok) {
		tell_address(s->listener, ready, ctx);
		ok = serve_loop(s, e);
		close(s->listener);
	}
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		conn_close(&s->conns[i]);
	free(s);
	return ok;
}
