/* Tests of the percentiles. */
#include "kvload.h"

#include "cbuild/test.h"

void TestLatencyPercentiles(struct test *t)
{
	static struct latency l;

	T_EQ_INT(t, latency_at(&l, 0.5), 0);
	for (uint64_t us = 1; us <= 10000; us++)
		latency_add(&l, us);
	T_CHECK(t, latency_at(&l, 0.5) >= 5000 && latency_at(&l, 0.5) <= 5000 + 5000 / 16, "got %d",
		(int)latency_at(&l, 0.5));
	T_CHECK(t, latency_at(&l, 0.99) >= 9900 && latency_at(&l, 0.99) <= 10000, "got %d",
		(int)latency_at(&l, 0.99));
	T_EQ_INT(t, latency_at(&l, 1.0), 10000);
}

/* Every value lies in a bucket whose end is not below it and at most 1/32 above. */
void TestLatencyBucketsFit(struct test *t)
{
	for (uint64_t us = 1; us < UINT64_C(1) << 40; us += 1 + us / 7) {
		static struct latency l;

		l = (struct latency){0};
		latency_add(&l, us);
		l.max_us = UINT64_MAX; /* show the bucket's end itself */
		T_CHECK(t, latency_at(&l, 0.5) >= us && latency_at(&l, 0.5) - us <= us / 32,
			"%d us: got %d", (int)us, (int)latency_at(&l, 0.5));
	}
}
