/*
 * test: what a test is. A *_test.c file's functions `void TestXxx(struct test *t)` (Xxx starts with an
 * upper-case letter, digit or underscore) are tests; a generated main lists them; each runs in a process
 * of its own with a time limit; results come as a stream of lines.
 *
 * The runtime (runtime/cbuild/test.h and runtime/test.c, both embedded) is compiled for the target and
 * linked with the generated main. A test program's own interface:
 *
 *     prog [-v] [-list] [-run REGEX] [-timeout SECONDS] [-j N]     exit 0 when nothing failed
 *
 * and with -stream it writes one line an event ("run NAME", "pass NAME MS", "fail NAME MS", "skip NAME
 * REASON", "out NAME TEXT-ESCAPED") for cbuild to read.
 */
#ifndef TEST_TEST_H
#define TEST_TEST_H

#include <stdbool.h>

#include "base/err.h"
#include "base/vec.h"

/* Appends the names of the tests that a C source defines, in order. Tokens, not lines, are read. */
bool test_scan(struct arena *a, struct str source, struct str_vec *names);
/* The generated main for these tests: C source, deterministic. */
struct str test_main_source(struct arena *a, const struct str_vec *names);

/* Folded result of one test program's run. */
struct test_result {
	struct str name;
	enum { TEST_PASS, TEST_FAIL, TEST_SKIP } outcome;
	uint64_t elapsed_ms;
	struct str output; /* log and failure lines, whole */
};
/* Reads a -stream transcript; tests that started and never ended count as failed (crash). */
bool test_parse_stream(struct arena *a, struct str text, struct test_result **out, size_t *n,
		       struct err *e) ATTR_MUST_USE;

#endif
