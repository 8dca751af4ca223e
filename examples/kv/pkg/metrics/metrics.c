/* See metrics.h. Seconds are written from integers, so no locale gets a say. */
#include "metrics/metrics.h"

#include <inttypes.h>

static const struct {
	uint64_t bound_ns;
	const char *text;
} bounds[METRICS_BUCKETS - 1] = {
    {100000, "0.0001"},	 {250000, "0.00025"}, {500000, "0.0005"}, {1000000, "0.001"},
    {2500000, "0.0025"}, {5000000, "0.005"},  {10000000, "0.01"}, {25000000, "0.025"},
    {50000000, "0.05"},	 {100000000, "0.1"},  {500000000, "0.5"}, {2500000000, "2.5"},
    {10000000000, "10"},
};

void metrics_observe(struct metrics_histogram *h, uint64_t elapsed_ns)
{
	int i = 0;

	while (i < METRICS_BUCKETS - 1 && elapsed_ns > bounds[i].bound_ns)
		i++;
	h->buckets[i]++;
	h->sum_ns += elapsed_ns;
}

void metrics_family(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_fmt(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void series(struct buf *out, const char *name, const char *labels)
{
	if (labels[0] != '\0')
		buf_fmt(out, "%s{%s} ", name, labels);
	else
		buf_fmt(out, "%s ", name);
}

void metrics_value(struct buf *out, const char *name, const char *labels, uint64_t value)
{
	series(out, name, labels);
	buf_fmt(out, "%" PRIu64 "\n", value);
}

void metrics_seconds(struct buf *out, const char *name, const char *labels, uint64_t ns)
{
	series(out, name, labels);
	buf_fmt(out, "%" PRIu64 ".%09" PRIu64 "\n", ns / 1000000000, ns % 1000000000);
}

void metrics_histogram(struct buf *out, const char *name, const char *labels,
		       const struct metrics_histogram *h)
{
	const char *comma = labels[0] != '\0' ? "," : "";
	uint64_t count = 0;

	for (int i = 0; i < METRICS_BUCKETS; i++) {
		count += h->buckets[i];
		buf_fmt(out, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", name, labels, comma,
			i < METRICS_BUCKETS - 1 ? bounds[i].text : "+Inf", count);
	}
	buf_fmt(out, "%s_sum{%s} %" PRIu64 ".%09" PRIu64 "\n", name, labels, h->sum_ns / 1000000000,
		h->sum_ns % 1000000000);
	buf_fmt(out, "%s_count{%s} %" PRIu64 "\n", name, labels, count);
}
