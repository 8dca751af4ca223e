/* Buckets: exact below 64, then 32 for each power of two. */
#include "kvload.h"

enum { EXACT = 64, STEPS = 32 };

static size_t bucket_of(uint64_t us)
{
	unsigned shift = 0;
	size_t i;

	while (us >> shift >= EXACT)
		shift++;
	i = shift == 0 ? (size_t)us : EXACT + (shift - 1) * STEPS + (size_t)(us >> shift) - STEPS;
	return i < LATENCY_BUCKETS ? i : LATENCY_BUCKETS - 1;
}

/* The largest value that falls in the bucket. */
static uint64_t bucket_end(size_t i)
{
	size_t shift;

	if (i < EXACT)
		return i;
	shift = (i - EXACT) / STEPS + 1;
	return (((uint64_t)(i - EXACT) % STEPS + STEPS + 1) << shift) - 1;
}

void latency_add(struct latency *l, uint64_t us)
{
	l->buckets[bucket_of(us)]++;
	l->count++;
	if (us > l->max_us)
		l->max_us = us;
}

uint64_t latency_at(const struct latency *l, double part)
{
	uint64_t rank = (uint64_t)(part * (double)l->count), seen = 0;

	for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
		seen += l->buckets[i];
		if (seen > rank)
			return bucket_end(i) < l->max_us ? bucket_end(i) : l->max_us;
	}
	return l->max_us;
}
