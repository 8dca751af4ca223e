/* Tests of the text format. */
#include "metrics/metrics.h"

#include "cbuild/test.h"

void TestMetricsValues(struct test *t)
{
	struct buf out = {0};

	metrics_family(&out, "a_total", "counter", "Things.");
	metrics_value(&out, "a_total", "x=\"1\"", UINT64_MAX);
	metrics_value(&out, "a_total", "", 0);
	metrics_seconds(&out, "b_seconds", "", 1000000001);
	buf_add(&out, "", 1);
	T_EQ_STR(t, out.p,
		 "# HELP a_total Things.\n# TYPE a_total counter\n"
		 "a_total{x=\"1\"} 18446744073709551615\na_total 0\nb_seconds 1.000000001\n");
	buf_free(&out);
}

static bool has(const struct buf *out, struct str line)
{
	struct str rest = buf_view(out);

	while (rest.n > 0) {
		if (str_eq(str_cut(&rest, '\n'), line))
			return true;
	}
	return false;
}

/* A bound belongs to its bucket, and buckets count what is below them too. */
void TestMetricsHistogram(struct test *t)
{
	struct metrics_histogram h = {0};
	struct buf out = {0};

	metrics_observe(&h, 100000);
	metrics_observe(&h, 100001);
	metrics_observe(&h, 60000000000);
	metrics_histogram(&out, "s", "r=\"k\"", &h);
	T_OK(t, has(&out, STR("s_bucket{r=\"k\",le=\"0.0001\"} 1")));
	T_OK(t, has(&out, STR("s_bucket{r=\"k\",le=\"0.00025\"} 2")));
	T_OK(t, has(&out, STR("s_bucket{r=\"k\",le=\"10\"} 2")));
	T_OK(t, has(&out, STR("s_bucket{r=\"k\",le=\"+Inf\"} 3")));
	T_OK(t, has(&out, STR("s_sum{r=\"k\"} 60.000200001")));
	T_OK(t, has(&out, STR("s_count{r=\"k\"} 3")));
	buf_free(&out);
}
