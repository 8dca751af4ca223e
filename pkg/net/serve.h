/*
 * serve: a small HTTP server for files (RFC 9110, 9112): GET and HEAD, the rest of a file (Range: bytes=N-),
 * one request a connection, one thread, one poll(2). Requests are hostile: 8 KiB of head at most, 64
 * connections, 30 s without a byte.
 *
 *     serve_http("127.0.0.1:8080", answer, ctx, ready, &e)      until interrupted
 */
#ifndef NET_SERVE_H
#define NET_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* What is sent back: the bytes, or a file. */
struct serve_reply {
	unsigned status;  /* 200, 404, 500, ... */
	const char *type; /* NULL: text/plain; charset=utf-8 */
	struct str body;
	const char *file; /* instead of body; NULL: none */
};

/*
 * Sets *out for a path ("/a/b", %XX decoded, no query). What it allocates in a lives until the reply is
 * sent. Called on the serving thread, one at a time.
 */
typedef void (*serve_answer)(void *ctx, struct arena *a, struct str path, struct serve_reply *out);
/* Called once, with the address that is listened at: "127.0.0.1:40123". */
typedef void (*serve_ready)(void *ctx, const char *address);

/* address: HOST:PORT, [IPv6]:PORT or :PORT (all of this machine's); port 0: any free one. */
bool serve_http(const char *address, serve_answer answer, serve_ready ready, void *ctx,
		struct err *e) ATTR_MUST_USE;

struct serve_request {
	bool head;	/* HEAD: no content is sent */
	bool has_range; /* Range: bytes=FROM- */
	uint64_t from;
	struct str path; /* decoded, NUL-terminated */
};
/* Parses a head up to its empty line. 0, or the status that refuses it (400, 405, 414, 505). */
unsigned serve_parse(struct arena *a, struct str head, struct serve_request *out);

#endif
