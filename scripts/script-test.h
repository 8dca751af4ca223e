/*
 * Whole-command tests in the manner of Go's testscript: a text of commands, then "-- NAME --" lines that
 * each begin a file to be unpacked first. docs/HACKING.md lists the commands.
 *
 *     # a build leaves a program
 *     exec cbuild build
 *     stdout hello
 *     ! exec cbuild build ./nowhere
 *     stderr 'no such package'
 *     -- main.c --
 *     int main(void) { return 0; }
 */
#ifndef SCRIPT_TEST_H
#define SCRIPT_TEST_H

#include "base/err.h"
#include "base/vec.h"
#include "cbuild/test.h"

/* A script while it runs. */
struct script {
	struct arena a;
	struct test *t;
	const char *file;    /* its path, for messages */
	int line;	     /* current line */
	struct str work;     /* $WORK, absolute */
	struct str dir;	     /* working folder, absolute */
	struct str_vec env;  /* "K=V" */
	struct str out, err; /* of the last exec */
	struct str input;    /* standard input of the next exec; p NULL: none */
	struct buf log;
};

/* A command's words, expanded. negated: written "! command". */
struct words {
	struct str_vec v;
	bool negated;
};

/* Runs one command; a failure ends the test. */
void script_command(struct script *s, struct words *w);
/* Whether the condition between [ and ] holds; an unknown one ends the test. */
bool script_condition(struct script *s, struct str cond);
/* Value of a variable of the script's environment; empty when unset. */
struct str script_env(struct script *s, struct str name);
void script_setenv(struct script *s, struct str name, struct str value);
/* Shows the log, the line and why, and ends the test. */
_Noreturn void script_fail(struct script *s, const char *fmt, ...) ATTR_PRINTF(2, 3);

#endif
