/*
 * service: the key-value service, from a listening socket to the database.
 *
 *	GET|HEAD|PUT|DELETE /kv/KEY        a value; ETag, If-Match, If-None-Match
 *	GET /kv?prefix=&after=&limit=      keys in order, as JSON
 *	POST /kv/_batch                    {"put": {KEY: VALUE, ...}, "delete": [KEY, ...]}, all or
 *none GET /healthz                       alive, and which build this is GET /readyz whether to send
 *it traffic GET /metrics                       for Prometheus
 *
 * Calling sequence: service_open, run the loop, service_stop from a signal,
 * service_free when the loop has run out.
 */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "err/err.h"
#include "store/store.h"

#define SERVICE_VERSION "0.1.0"

struct service;

struct service_options {
	struct store_options store;
	size_t max_connections;
	size_t max_body_bytes;
	size_t max_buffered_bytes;
	uint64_t head_timeout_ms;
	uint64_t request_timeout_ms;
	uint64_t idle_timeout_ms;
	uint64_t drain_ms; /* for what runs when service_stop() is called */
};

/* Serves listen_fd, which stays the caller's. */
bool service_open(struct service **out, uv_loop_t *loop, int listen_fd,
		  const struct service_options *o, struct err *e);

/* Accepts no more, finishes what runs, closes the database. The loop then runs out. */
void service_stop(struct service *s);

/* After the loop has run out. Accepts NULL. */
void service_free(struct service *s);

#endif
