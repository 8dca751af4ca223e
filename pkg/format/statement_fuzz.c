/*
 * An envelope, and its payload as if a signature held: nothing holds that was not signed, and what is read is made of
 * what is written.
 */
#include <stdlib.h>

#include "format/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nobody has its private half any more. */
static const char key[] = "-----BEGIN PUBLIC KEY-----\n"
			  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEFjHzRgl4FDUlS7Zf85AZDPIw6ZCH\n"
			  "V2UbSKALkP0cs0KRzqf1VLbKc8dPNseVtQf24MLkGLVfpJEjE9Bwa+bA8Q==\n"
			  "-----END PUBLIC KEY-----\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size}, payload;
	struct arena a = {0};
	struct statement st, again;
	struct err e = {0};

	if (statement_open(&a, text, STR(key), "x", &st, &e) || e.code != ERR_VERIFY)
		abort();
	if (statement_read(&a, text, "x", &st, &e)) {
		payload = statement_payload(&a, &st);
		if (!statement_read(&a, payload, "x", &again, &e) ||
		    !str_eq(payload, statement_payload(&a, &again)))
			abort();
	}
	arena_fini(&a);
	return 0;
}
