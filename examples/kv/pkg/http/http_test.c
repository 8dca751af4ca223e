/*
 * Tests of the parser. Each request is also given byte by byte, and cut in two
 * at every place: how bytes arrive must never change what they mean.
 */
#include "http/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cbuild/test.h"

static const struct http_limits limits = {.head_bytes = 1024, .body_bytes = 64};

/* What came out of a stream of bytes. */
struct outcome {
	int requests;
	int status;	/* of the refusal; 0 for none */
	size_t left;	/* bytes of an unfinished request */
	struct buf log; /* "METHOD path?query body\n" a request */
};

static void log_request(struct outcome *o, const struct http_request *r)
{
	o->requests++;
	buf_fmt(&o->log, "%s %.*s?%.*s %.*s%s\n", http_method_name(r->method), (int)r->path.n,
		r->path.p, (int)r->query.n, r->query.p, (int)r->body.n, r->body.p,
		r->keep_alive ? "" : " close");
}

/*
 * Feeds `in` in pieces that end at `cut` and then every `piece` bytes, as a
 * connection does. Each buffer is exactly as large as its bytes, so that a
 * sanitizer sees any read beyond them.
 */
static struct outcome feed(struct str in, size_t cut, size_t piece)
{
	struct http_framer f = {0};
	struct outcome o = {0};
	struct http_request r;
	char *held = malloc(1);
	size_t n = 0, at = 0;

	while (at < in.n && o.status == 0) {
		size_t end = at < cut ? cut : at + piece;
		size_t add = (end < in.n ? end : in.n) - at;
		char *next = malloc(n + add);

		memcpy(next, held, n);
		memcpy(next + n, in.p + at, add);
		free(held);
		held = next;
		n += add;
		at += add;
		while (n > 0) {
			size_t used = 0, have = n;
			enum http_result res = http_next(&f, &limits, held, &have, &r, &used);

			if (res == HTTP_MORE) {
				n = have;
				break;
			}
			if (res == HTTP_BAD) {
				o.status = f.status;
				break;
			}
			log_request(&o, &r);
			memmove(held, held + used, n - used);
			n -= used;
		}
	}
	o.left = o.status == 0 ? n : 0;
	free(held);
	return o;
}

static void same(struct test *t, const struct outcome *a, struct outcome *b, struct str in,
		 size_t cut)
{
	T_CHECK(t,
		a->requests == b->requests && a->status == b->status && a->left == b->left &&
		    str_eq(buf_view(&a->log), buf_view(&b->log)),
		"cut at %zu: %d requests, status %d, %zu left; whole: %d, %d, %zu; input '%.*s'",
		cut, b->requests, b->status, b->left, a->requests, a->status, a->left, (int)in.n,
		in.p);
	buf_free(&b->log);
}

/* Whole, cut in two anywhere, and byte by byte. The caller frees the log. */
static struct outcome feed_all_ways(struct test *t, struct str in)
{
	struct outcome whole = feed(in, in.n, 1);
	struct outcome other;

	for (size_t cut = 1; cut < in.n; cut++) {
		other = feed(in, cut, in.n);
		same(t, &whole, &other, in, cut);
	}
	other = feed(in, 0, 1);
	same(t, &whole, &other, in, 0);
	return whole;
}

struct good {
	const char *in;
	const char *want;
};

static void check_good(struct test *t, const struct good *g)
{
	struct outcome o = feed_all_ways(t, str_of(g->in));

	buf_add(&o.log, "", 1);
	T_EQ_INT(t, o.status, 0);
	T_EQ_INT(t, o.left, 0);
	T_EQ_STR(t, o.log.p, g->want);
	buf_free(&o.log);
}

void TestHttpGoodRequests(struct test *t)
{
	static const struct good cases[] = {
	    {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET /? \n"},
	    {"\r\nGET /a?b=c?d HTTP/1.1\r\nHost:\r\n\r\n", "GET /a?b=c?d \n"},
	    {"GET / HTTP/1.0\r\n\r\n", "GET /?  close\n"},
	    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET /? \n"},
	    {"GET / HTTP/1.1\r\nHost: x\r\nConnection: te, Close\r\n\r\n", "GET /?  close\n"},
	    {"GET / HTTP/1.9\r\nhost: x\r\n\r\n", "GET /? \n"},
	    {"GET http://h:80/p?q HTTP/1.1\r\nHost: x\r\n\r\n", "GET /p?q \n"},
	    {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "OTHER *? \n"},
	    {"PUT /k HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "PUT /k? abc\n"},
	    {"PUT /k HTTP/1.1\r\nHost: x\r\ncontent-length:0\r\n\r\n", "PUT /k? \n"},
	    {"PUT /k HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
	     "PUT /k? ab\n"},
	    {"POST /k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	     "3\r\nabc\r\n02;x=\"y\"\r\nde\r\n0\r\nTrailer: 1\r\n\r\n",
	     "POST /k? abcde\n"},
	    {"POST /k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n"
	     "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n",
	     "POST /k? \nGET /2? \n"},
	    {"PUT /k HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\naGET /2 HTTP/1.1\r\nHost: "
	     "x\r\n\r\nHEAD /3 HTTP/1.1\r\nHost: x\r\n\r\n",
	     "PUT /k? a\nGET /2? \nHEAD /3? \n"},
	    {"GET / HTTP/1.1\r\nHost: x\r\nX: \t caf\xc3\xa9 \r\nY:\r\n\r\n", "GET /? \n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_good(t, &cases[i]);
}

struct bad {
	const char *in;
	int status;
};

/* Every refusal ends the connection, so nothing after it may be served. */
static void check_bad(struct test *t, const struct bad *b)
{
	struct outcome o = feed_all_ways(t, str_of(b->in));

	T_CHECK(t, o.status == b->status && o.requests == 0, "got %d, want %d for '%s'", o.status,
		b->status, b->in);
	buf_free(&o.log);
}

#define HEAD	"POST /k HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

void TestHttpSmugglingIsRefused(struct test *t)
{
	static const struct bad cases[] = {
	    {HEAD "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	    {HEAD "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
	    {HEAD "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
	    {HEAD "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400},
	    {HEAD "Content-Length: 3, 3\r\n\r\nabc", 400},
	    {HEAD "Content-Length: +3\r\n\r\nabc", 400},
	    {HEAD "Content-Length: -3\r\n\r\nabc", 400},
	    {HEAD "Content-Length: 0x3\r\n\r\nabc", 400},
	    {HEAD "Content-Length: 3 3\r\n\r\nabc", 400},
	    {HEAD "Content-Length:\r\n\r\nabc", 400},
	    {HEAD "Content-Length: 99999999999999999999\r\n\r\n", 400},
	    {HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
	    {HEAD "Transfer-Encoding: chunked, identity\r\n\r\n", 501},
	    {HEAD "Transfer-Encoding: xchunked\r\n\r\n", 501},
	    {HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	    {HEAD "Transfer-Encoding : chunked\r\n\r\n", 400},
	    {HEAD "Transfer-Encoding: \x0b"
		  "chunked\r\n\r\n",
	     400},
	    {HEAD " Transfer-Encoding: chunked\r\n\r\n", 400},
	    {HEAD "X: a\r\n b\r\n\r\n", 400},
	    {HEAD "X: a\rb\r\n\r\n", 400},
	    {HEAD "X: a\nY: b\r\n\r\n", 400},
	    {HEAD "X: a\r\n\n", 400},
	    {HEAD "X: a\r\n\r\r\n\r\n", 400},
	    {HEAD ": empty\r\n\r\n", 400},
	    {HEAD "no colon\r\n\r\n", 400},
	    {HEAD "Host: second\r\n\r\n", 400},
	    {"POST /k HTTP/1.1\r\n\r\n", 400},
	    {"POST /k HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	    {"GET /k HTTP/1.1\nHost: x\n\n", 400},
	    {"\n", 400},
	    {"\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_bad(t, &cases[i]);
}

void TestHttpBrokenRequestLines(struct test *t)
{
	static const struct bad cases[] = {
	    {"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	    {"GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400},
	    {"GET /\r\nHost: x\r\n\r\n", 400},
	    {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
	    {"GET / HTTP/1.10\r\nHost: x\r\n\r\n", 400},
	    {"GET / http/1.1\r\nHost: x\r\n\r\n", 400},
	    {"GET /a\tb HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	    {"GET /caf\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	    {"GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	    {"GET relative HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	    {"GET http:///x HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	    {"G@T / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	    {" GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	    {HEAD "Expect: magic\r\n\r\n", 417},
	    {HEAD "Content-Length: 65\r\n\r\n", 413},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_bad(t, &cases[i]);
}

void TestHttpBrokenChunks(struct test *t)
{
	static const struct bad cases[] = {
	    {CHUNKED "\r\n", 400},
	    {CHUNKED "x\r\n", 400},
	    {CHUNKED "-1\r\n", 400},
	    {CHUNKED "0x1\r\na\r\n", 400},
	    {CHUNKED "1\na\r\n0\r\n\r\n", 400},
	    {CHUNKED "1\r\nab\r\n0\r\n\r\n", 400},
	    {CHUNKED "1\r\na\n0\r\n\r\n", 400},
	    {CHUNKED "1;a\nb\r\na\r\n0\r\n\r\n", 400},
	    {CHUNKED "1;a\rb\r\na\r\n0\r\n\r\n", 400},
	    {CHUNKED "0\r\n folded\r\n\r\n", 400},
	    {CHUNKED "0\r\nX: 1\n\r\n", 400},
	    {CHUNKED "0000000000000001\r\na\r\n", 400},
	    {CHUNKED "41\r\n", 413},
	    {CHUNKED "ffffffffffffffff\r\n", 413},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_bad(t, &cases[i]);
}

/* `n` times `c` between two texts. */
static struct buf padded(const char *before, char c, size_t n, const char *after)
{
	struct buf b = {0};

	buf_str(&b, str_of(before));
	for (size_t i = 0; i < n; i++)
		buf_add(&b, &c, 1);
	buf_str(&b, str_of(after));
	return b;
}

static void check_status(struct test *t, struct buf in, int status)
{
	struct outcome whole = feed(buf_view(&in), in.n, 1);
	struct outcome bytewise = feed(buf_view(&in), 0, 1);

	T_EQ_INT(t, whole.status, status);
	T_EQ_INT(t, bytewise.status, status);
	buf_free(&whole.log);
	buf_free(&bytewise.log);
	buf_free(&in);
}

void TestHttpLimits(struct test *t)
{
	struct buf many = padded(HEAD, 'x', 0, "");

	check_status(t, padded("GET /", 'a', 2000, " HTTP/1.1\r\nHost: x\r\n\r\n"), 414);
	check_status(t, padded("GET /", 'a', 2000, ""), 414);
	check_status(t, padded(HEAD "X: ", 'a', 2000, "\r\n\r\n"), 431);
	check_status(t, padded(CHUNKED "1;", 'a', 9000, "\r\na\r\n0\r\n\r\n"), 431);
	check_status(t, padded(CHUNKED "0\r\nX:", 'a', 9000, "\r\n\r\n"), 431);
	for (int i = 0; i < HTTP_MAX_FIELDS; i++)
		buf_str(&many, STR("A: b\r\n"));
	buf_str(&many, STR("\r\n"));
	check_status(t, many, 431);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Damaged requests: nothing may be read beyond the bytes, and cuts change nothing. */
void TestHttpDamagedRequests(struct test *t)
{
	static const char seed[] =
	    CHUNKED "3;e\r\nabc\r\n0\r\nT: v\r\n\r\n" HEAD
		    "Content-Length: 3\r\nAccept-Encoding: gzip;q=0.5, *;q=0\r\n\r\nabc";
	static const char spice[] = "\r\n\t :;,=%\0\x80\xff"
				    "0123456789abcdefxX/HTTP";
	uint32_t state = 1;
	char in[sizeof(seed)];

	for (int round = 0; round < 20000; round++) {
		struct outcome whole, other;
		size_t cut = 1 + next_random(&state) % (sizeof(seed) - 2);

		memcpy(in, seed, sizeof(seed));
		for (uint32_t n = next_random(&state) % 4; n > 0; n--)
			in[next_random(&state) % (sizeof(seed) - 1)] =
			    spice[next_random(&state) % (sizeof(spice) - 1)];
		whole = feed((struct str){in, sizeof(seed) - 1}, sizeof(seed), 1);
		other = feed((struct str){in, sizeof(seed) - 1}, cut, 1 + cut % 7);
		same(t, &whole, &other, (struct str){in, sizeof(seed) - 1}, cut);
		buf_free(&whole.log);
	}
}

static bool accepts(const char *value)
{
	struct http_request r = {.nfields = 1};

	r.fields[0] = (struct http_field){STR("accept-encoding"), str_of(value)};
	return http_accepts_gzip(&r);
}

void TestHttpAcceptsGzip(struct test *t)
{
	T_OK(t, accepts("gzip"));
	T_OK(t, accepts("deflate, GZIP;q=0.1"));
	T_OK(t, accepts("br ; q=1 , * ; q=0.001"));
	T_OK(t, accepts("*"));
	T_OK(t, !accepts(""));
	T_OK(t, !accepts("identity"));
	T_OK(t, !accepts("gzip;q=0"));
	T_OK(t, !accepts("gzip; q=0.000, *"));
	T_OK(t, !accepts("*;q=0"));
	T_OK(t, !accepts("gzipped"));
}

static void check_unescape(struct test *t, const char *in, bool form, const char *want)
{
	struct buf out = {0};
	bool ok = http_unescape(str_of(in), form, &out);

	T_CHECK(t, ok == (want != NULL) && (!ok || str_eq(buf_view(&out), str_of(want))),
		"input '%s'", in);
	buf_free(&out);
}

void TestHttpUnescape(struct test *t)
{
	check_unescape(t, "a%2Fb%2fc", false, "a/b/c");
	check_unescape(t, "a+b", false, "a+b");
	check_unescape(t, "a+b%2B", true, "a b+");
	check_unescape(t, "%", false, NULL);
	check_unescape(t, "%2", false, NULL);
	check_unescape(t, "%2g", false, NULL);
	check_unescape(t, "%%41", false, NULL);
}

void TestHttpQuery(struct test *t)
{
	struct buf out = {0};

	T_EQ_INT(t, http_query(STR("a=1&prefix=x%20y&b"), STR("prefix"), &out), HTTP_DONE);
	T_OK(t, str_eq(buf_view(&out), STR("x y")));
	T_EQ_INT(t, http_query(STR("prefixes=1"), STR("prefix"), &out), HTTP_MORE);
	T_EQ_INT(t, http_query(STR(""), STR("prefix"), &out), HTTP_MORE);
	T_EQ_INT(t, http_query(STR("prefix=%zz"), STR("prefix"), &out), HTTP_BAD);
	buf_free(&out);
}

void TestHttpWrite(struct test *t)
{
	struct http_response r = {.status = 200,
				  .type = STR("text/plain"),
				  .headers = STR("A: b\r\n"),
				  .body = STR("hi")};
	struct http_send s = {.date = STR("D"), .close = true};
	struct buf out = {0};

	http_write(&out, &r, &s);
	T_OK(t, str_eq(buf_view(&out),
		       STR("HTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: text/plain\r\n"
			   "Content-Length: 2\r\nConnection: close\r\nA: b\r\n\r\nhi")));
	out.n = 0;
	r.status = 304;
	s.close = false;
	http_write(&out, &r, &s);
	T_OK(t, str_eq(buf_view(&out), STR("HTTP/1.1 304 Not Modified\r\nDate: D\r\n"
					   "Content-Type: text/plain\r\nA: b\r\n\r\n")));
	buf_free(&out);
}

void TestHttpDate(struct test *t)
{
	char date[30];

	http_date(784111777, date);
	T_EQ_STR(t, date, "Sun, 06 Nov 1994 08:49:37 GMT");
	http_date(4102444800, date); /* 2100: beyond 32 bits of time */
	T_EQ_STR(t, date, "Fri, 01 Jan 2100 00:00:00 GMT");
}
