/*
 * cbuild/test.h: what a test sees. A test is a function in a *_test.c file:
 *
 *     #include "cbuild/test.h"
 *
 *     void TestParseEmpty(struct test *t)
 *     {
 *             T_EQ_INT(t, parse(""), 0);
 *             T_CHECK(t, parse("x") < 0, "input %s", "x");
 *     }
 *
 * Every test runs in a process of its own with a time limit. T_* record a failure and go on; T_MUST_*
 * record it and end the test. A failure prints file:line, the input where you say it, got and want.
 */
#ifndef CBUILD_TEST_H
#define CBUILD_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct test;

#if defined(__GNUC__) || defined(__clang__)
#define T_PRINTF_(fmt, args) __attribute__((format(printf, fmt, args)))
#define T_NORETURN_	     __attribute__((noreturn))
#else
#define T_PRINTF_(fmt, args)
#define T_NORETURN_
#endif

/* The test's own name, "TestParseEmpty". */
const char *test_name(const struct test *t);
/* A fresh empty folder of this test, removed after it passes; lives until the test ends. */
const char *test_tmpdir(struct test *t);
/* A line in the test's log, shown when it fails or with -v. */
void test_log(struct test *t, const char *fmt, ...) T_PRINTF_(2, 3);
/* Marks the test skipped with a reason and ends it. */
void test_skip(struct test *t, const char *fmt, ...) T_PRINTF_(2, 3) T_NORETURN_;
/* Records a failure at file:line and goes on; test_fatal ends the test. */
void test_fail(struct test *t, const char *file, int line, const char *fmt, ...) T_PRINTF_(4, 5);
void test_fatal(struct test *t, const char *file, int line, const char *fmt, ...)
    T_PRINTF_(4, 5) T_NORETURN_;
/* Comparisons behind the macros; they return whether the check held. */
bool test_check_int(struct test *t, const char *file, int line, const char *expr, intmax_t got,
		    intmax_t want);
bool test_check_str(struct test *t, const char *file, int line, const char *expr, const char *got,
		    const char *want);
bool test_check_mem(struct test *t, const char *file, int line, const char *expr, const void *got,
		    size_t got_n, const void *want, size_t want_n);

/* T_CHECK(t, condition, "format", ...): the format is required and says the input. */
#define T_CHECK(t, cond, ...)                                                                      \
	((cond) ? (void)0                                                                          \
		: (test_log((t), __VA_ARGS__), test_fail((t), __FILE__, __LINE__, "%s", #cond)))
#define T_OK(t, cond)	((cond) ? (void)0 : test_fail((t), __FILE__, __LINE__, "%s", #cond))
#define T_MUST(t, cond) ((cond) ? (void)0 : test_fatal((t), __FILE__, __LINE__, "%s", #cond))
#define T_EQ_INT(t, got, want)                                                                     \
	((void)test_check_int((t), __FILE__, __LINE__, #got, (intmax_t)(got), (intmax_t)(want)))
#define T_EQ_STR(t, got, want) ((void)test_check_str((t), __FILE__, __LINE__, #got, (got), (want)))
#define T_EQ_MEM(t, got, got_n, want, want_n)                                                      \
	((void)test_check_mem((t), __FILE__, __LINE__, #got, (got), (got_n), (want), (want_n)))

/* For the generated main: what to run. A case whose function is NULL (compiled away) is left out. */
struct test_case {
	const char *name;
	void (*run)(struct test *t);
};
/* Runs the cases as argv says (test.c documents it); the process's exit status. */
int test_main(const struct test_case *cases, size_t count, int argc, char **argv);

#endif
