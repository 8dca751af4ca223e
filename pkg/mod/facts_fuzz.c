/*
 * Fuzz target: any bytes as a memo, and any bytes as the entries of one whose head and end are right. What
 * is read of it is written again as what reads the same.
 */
#include <stdlib.h>

#include "mod/facts_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_entry(struct arena *a, const struct fact *x)
{
	struct manifest first = {0}, second = {0};
	struct buf one = {0}, two = {0};

	if (facts_decode(a, x->body, &first)) {
		facts_encode(&one, &first);
		if (!facts_decode(a, buf_str(&one), &second))
			abort();
		facts_encode(&two, &second);
		if (!str_eq(buf_str(&one), buf_str(&two)))
			abort();
	}
	buf_fini(&one);
	buf_fini(&two);
}

static void check(struct str bytes)
{
	struct arena a = {0};
	struct facts f = {.a = &a}, again = {.a = &a};

	if (facts_parse(&f, bytes)) {
		for (size_t i = 0; i < f.by_key.n; i++) {
			struct fact *x = f.by_key.items[i].ptr;

			x->used = true;
			check_entry(&a, x);
		}
		if (!facts_parse(&again, facts_text(&f)) || again.by_key.n != f.by_key.n)
			abort();
	}
	arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena a = {0};
	struct facts none = {.a = &a};
	struct str head = facts_text(&none);
	struct buf b = {0};

	check(str_from((const char *)data, n));
	/* Behind the magic: without the count and the hash of nothing. */
	buf_add(&b, head.p, head.n - 9);
	buf_add(&b, data, n);
	facts_add_fixed(&b, str_hash(buf_str(&b)));
	check(buf_str(&b));
	buf_fini(&b);
	arena_fini(&a);
	return 0;
}
