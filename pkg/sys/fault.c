/*
 * The specification OP:N:WHAT is parsed once, on first use; each passing of OP's points then counts
 * one up. A kill is SIGKILL to ourselves: no handler, no destructor, no flush, as when power goes.
 */
#include "sys/fault.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "sys/pool.h"

enum fault_what { WHAT_NONE, WHAT_ERRNO, WHAT_KILL, WHAT_COUNT };

static struct {
	enum fault_what what;
	enum fault_op op;
	uint64_t at; /* 1 is the first point */
	int os_errno;
	struct counter passed;
} fault;

static pthread_once_t parsed = PTHREAD_ONCE_INIT;

static const char *const OP_NAMES[] = {"open", "write",	 "fsync", "rename",
				       "link", "unlink", "mkdir"};

static const struct {
	const char *name;
	int value;
} ERRNOS[] = {
    {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EACCES", EACCES}, {"EPERM", EPERM}, {"EROFS", EROFS},
    {"EIO", EIO},	{"EMFILE", EMFILE}, {"ENOENT", ENOENT}, {"EXDEV", EXDEV},
};

static void print_count(void)
{
	if (fault.what == WHAT_COUNT)
		fprintf(stderr, "fault: %s %llu\n", OP_NAMES[fault.op],
			(unsigned long long)counter_value(&fault.passed));
}

static bool parse_op(struct str s, enum fault_op *op)
{
	for (size_t i = 0; i < sizeof OP_NAMES / sizeof OP_NAMES[0]; i++) {
		if (str_eqc(s, OP_NAMES[i])) {
			*op = (enum fault_op)i;
			return true;
		}
	}
	return false;
}

static bool parse_errno(struct str s, int *out)
{
	for (size_t i = 0; i < sizeof ERRNOS / sizeof ERRNOS[0]; i++) {
		if (str_eqc(s, ERRNOS[i].name)) {
			*out = ERRNOS[i].value;
			return true;
		}
	}
	return false;
}

/* A specification that is wrong must not look like a test that passed: it ends the process. */
static void parse(struct str spec)
{
	struct str rest = spec, op = str_cut(&rest, ':'), at = str_cut(&rest, ':');

	if (!parse_op(op, &fault.op)) {
		fprintf(stderr, "cbuild: CBUILD_FAULT: unknown operation in '%.*s'\n",
			STR_ARG(spec));
		exit(2);
	}
	if (str_eqc(at, "count")) {
		fault.what = WHAT_COUNT;
		atexit(print_count);
	} else if (str_u64(at, &fault.at) && str_eqc(rest, "kill")) {
		fault.what = WHAT_KILL;
	} else if (str_u64(at, &fault.at) && parse_errno(rest, &fault.os_errno)) {
		fault.what = WHAT_ERRNO;
	} else {
		fprintf(
		    stderr,
		    "cbuild: CBUILD_FAULT: want OP:N:ERRNO, OP:N:kill or OP:count, not '%.*s'\n",
		    STR_ARG(spec));
		exit(2);
	}
}

static void parse_environment(void)
{
	const char *spec = getenv("CBUILD_FAULT");

	if (spec && *spec)
		parse(str_of(spec));
}

void fault_set(const char *spec)
{
	pthread_once(&parsed, parse_environment);
	fault.what = WHAT_NONE;
	counter_reset(&fault.passed);
	if (spec)
		parse(str_of(spec));
}

bool fault_is_set(void)
{
	pthread_once(&parsed, parse_environment);
	return fault.what != WHAT_NONE;
}

uint64_t fault_passed(void)
{
	return counter_value(&fault.passed);
}

bool fault_hit(enum fault_op op)
{
	pthread_once(&parsed, parse_environment);
	if (fault.what == WHAT_NONE || fault.op != op)
		return false;
	if (counter_next(&fault.passed) + 1 != fault.at)
		return false;
	if (fault.what == WHAT_KILL)
		kill(getpid(), SIGKILL);
	errno = fault.os_errno;
	return fault.what == WHAT_ERRNO;
}
