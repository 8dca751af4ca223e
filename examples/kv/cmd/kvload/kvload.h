/*
 * kvload: what its files share. main.c has the flags and the report, load.c
 * the connections, latency.c the percentiles.
 */
#ifndef KVLOAD_H
#define KVLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err/err.h"

enum { LATENCY_BUCKETS = 64 * 40 };

/* Counts in buckets that are at most 1/32 of their value wide. Zeroed to begin with. */
struct latency {
	uint64_t count;
	uint64_t max_us;
	uint64_t buckets[LATENCY_BUCKETS];
};

void latency_add(struct latency *l, uint64_t us);

/* The time that `part` (0 to 1) of all requests did not exceed; 0 when there were none. */
uint64_t latency_at(const struct latency *l, double part);

struct load_options {
	const char *host; /* an IPv4 address */
	int port;
	size_t connections;
	size_t in_flight; /* requests at any time while the load runs */
	unsigned put_percent;
	size_t value_bytes;
	uint64_t duration_ms;
};

struct load_result {
	size_t opened;	   /* connections, */
	size_t open_after; /* and how many were still open at the end */
	uint64_t puts;
	uint64_t gets;
	uint64_t failures;
	struct err first_failure;
	uint64_t connect_ms;
	uint64_t run_ms;
	struct latency latency; /* of the run, without connecting and the first puts */
};

/*
 * Opens all connections, puts a value through each, then keeps `in_flight`
 * requests going for the duration, in turn over all connections; every value
 * that is read is compared with what was last put. False when the load could
 * not be run at all; failed requests are in the result.
 */
bool load_run(const struct load_options *o, struct load_result *r, struct err *e);

#endif
