/*
 * metrics: the Prometheus text format, version 0.0.4, and latency histograms.
 *
 *	metrics_family(out, "kv_commits_total", "counter", "Transactions committed.");
 *	metrics_value(out, "kv_commits_total", "", 12);
 *
 * Labels are given ready, as 'route="/kv",code="200"'; their values come from
 * tables of this program, never from a request, so that the number of series is
 * bounded and nothing needs escaping. One thread.
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include <stdint.h>

#include "bytes/bytes.h"

enum { METRICS_BUCKETS = 14 };

/* How many observations were at most as long as each bound; 100 us to 10 s. */
struct metrics_histogram {
	uint64_t buckets[METRICS_BUCKETS]; /* not cumulative; the last is "above all" */
	uint64_t sum_ns;
};

void metrics_observe(struct metrics_histogram *h, uint64_t elapsed_ns);

/* The comment lines before a family's values. */
void metrics_family(struct buf *out, const char *name, const char *type, const char *help);

void metrics_value(struct buf *out, const char *name, const char *labels, uint64_t value);
void metrics_seconds(struct buf *out, const char *name, const char *labels, uint64_t ns);

/* All lines of one histogram in a family of that type. */
void metrics_histogram(struct buf *out, const char *name, const char *labels,
		       const struct metrics_histogram *h);

#endif
