/*
 * server: HTTP/1.1 connections on a libuv loop.
 *
 * Hides buffers, pipelining, slow peers and the order of shutting down. The
 * handler gets each request whole and answers at once or later:
 *
 *	server_open(&s, loop, listen_fd, &options, &e);
 *	handler(arg, x, request): copy what outlives the call, then sooner or later
 *	server_answer(x, &response);          exactly once for each x
 *	server_drain(s, grace_ms);            no new connections; finish what runs
 *	options.drained(arg)                  all connections are closed
 *	server_free(s);                       after the loop has run out
 *
 * A connection has one request in work at a time, so answers keep their order.
 * An idle connection holds no buffer. All calls on the loop's thread.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "err/err.h"
#include "http/http.h"

struct server;

/* One request that waits for its answer. The handler may set what is marked so. */
struct exchange {
	enum http_method method;
	int tag; /* the handler's: what kind of request this was; 0 until set */
	uint64_t start_ns;
};

struct server_options {
	void (*handler)(void *arg, struct exchange *x, const struct http_request *r);
	/* After each answer, also the server's own to broken requests; may be NULL. */
	void (*answered)(void *arg, const struct exchange *x, int status, uint64_t elapsed_ns);
	void (*drained)(void *arg); /* once, after server_drain; may be NULL */
	void *arg;
	struct http_limits limits;
	size_t max_connections;
	size_t max_buffered_bytes;   /* of requests that are still arriving, all together */
	uint64_t head_timeout_ms;    /* from a request's first byte to its head's end */
	uint64_t request_timeout_ms; /* to its body's end; also for a response to be taken */
	uint64_t idle_timeout_ms;    /* between requests */
};

struct server_stats {
	size_t connections; /* open now */
	size_t buffered_bytes;
	uint64_t accepted;
	uint64_t refused;  /* beyond max_connections */
	uint64_t timeouts; /* connections closed for slowness in a request or response */
};

/* Serves the connections of a listening socket, which stays the caller's to close. */
bool server_open(struct server **out, uv_loop_t *loop, int listen_fd,
		 const struct server_options *o, struct err *e);

/* Copies what it needs of r. Safe when the peer has gone meanwhile; x ends here. */
void server_answer(struct exchange *x, const struct http_response *r);

/*
 * Stops accepting. A connection closes after its answer, or grace_ms; an idle one after a moment in which a
 * request that is on its way already is still answered.
 */
void server_drain(struct server *s, uint64_t grace_ms);

bool server_draining(const struct server *s);
struct server_stats server_stats(const struct server *s);

/* After drained() and one more turn of the loop. Accepts NULL. */
void server_free(struct server *s);

/* A non-blocking listening socket for "host:port", "[v6]:port" or ":port" (all addresses). */
bool server_listen(const char *address, int backlog, int *fd, struct err *e);

#endif
