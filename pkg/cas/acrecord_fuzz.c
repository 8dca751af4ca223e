/*
 * Fuzz target: bytes as an action result, once as they are and once with a right sum put behind
 * them, so that the fuzzer gets past the hash. What is read must be written back and read as the
 * same bytes.
 */
#include <stdlib.h>

#include "cas/cas_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct digest key; /* any one will do */

static void check(struct str text)
{
	struct buf one = {0}, two = {0};
	struct action_result r, again;
	struct arena a = {0};
	struct err e;

	if (record_read(&a, &key, text, &r) && record_write(&key, &r, &one, &e)) {
		if (!record_read(&a, &key, buf_str(&one), &again) ||
		    !record_write(&key, &again, &two, &e) || !str_eq(buf_str(&one), buf_str(&two)))
			abort();
	}
	buf_fini(&one);
	buf_fini(&two);
	arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct digest sum = record_sum(&key, str_from((const char *)data, n));
	struct buf text = {0};
	char hex[DIGEST_HEX + 1];

	check(str_from((const char *)data, n));
	digest_hex(&sum, hex);
	buf_add(&text, data, n);
	buf_printf(&text, "sum %s\n", hex);
	check(buf_str(&text));
	buf_fini(&text);
	return 0;
}
