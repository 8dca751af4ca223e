/*
 * cbuild: the go command, for C. This file dispatches verbs and renders the one error.
 */
#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/spawn.h"

static bool unknown_verb(struct cmd *c, struct str name, struct err *e)
{
	struct str_vec names = {0};
	struct str near;

	for (const struct verb *v = verbs; v->name; v++)
		*vec_push(&c->arena, &names) = str_of(v->name);
	near = str_nearest(name, names.v, names.n);
	err_set(e, ERR_USAGE, "unknown %s '%.*s'", str_startsc(name, "-") ? "option" : "command",
		STR_ARG(name));
	if (near.n)
		return err_fix(e, "did you mean '%.*s'? `cbuild help` lists the commands",
			       STR_ARG(near));
	return err_fix(e, "`cbuild help` lists the commands");
}

/* Options before the verb: -C DIR. Returns the index of the verb, or 0 with e set. */
static int global_options(int argc, char **argv, struct err *e)
{
	int i = 1;

	while (i < argc && strcmp(argv[i], "-C") == 0) {
		if (i + 1 == argc) {
			err_set(e, ERR_USAGE, "option -C wants a folder");
			err_fix(e, "cbuild -C DIR COMMAND");
			return 0;
		}
		if (chdir(argv[i + 1]) != 0) {
			err_errno(e, "entering %s", argv[i + 1]);
			return 0;
		}
		i += 2;
	}
	return i;
}

/* -h or --help among the options; behind `run PROGRAM` they are the program's. */
static bool wants_help(const struct str_vec *args, const struct verb *v)
{
	bool first_only = strcmp(v->name, "run") == 0;

	for (size_t i = 0; i < args->n && !str_eqc(args->v[i], "--"); i++) {
		if (str_eqc(args->v[i], "--help") || str_eqc(args->v[i], "-h"))
			return true;
		if (first_only)
			return false;
	}
	return false;
}

static bool dispatch(struct cmd *c, int argc, char **argv, struct err *e)
{
	struct str_vec args = {0};
	struct str name = STR("help");
	int i = global_options(argc, argv, e);

	if (!i)
		return false;
	if (i < argc)
		name = str_of(argv[i++]);
	if (str_eqc(name, "--help") || str_eqc(name, "-h"))
		name = STR("help");
	if (str_eqc(name, "--version") || str_eqc(name, "-V"))
		name = STR("version");
	for (; i < argc; i++)
		*vec_push(&c->arena, &args) = str_of(argv[i]);
	c->verb = verb_find(name);
	if (!c->verb)
		return unknown_verb(c, name, e);
	if (wants_help(&args, c->verb)) {
		args.v[0] = name;
		args.n = 1;
		return verb_help(c, &args, e);
	}
	return c->verb->run(c, &args, e);
}

/* Written at the end, in one piece: musl writes a first line at once, and why that failed is lost. */
static void buffer_results(void)
{
	static char buffer[1 << 16];

	if (!isatty(STDOUT_FILENO) && setvbuf(stdout, buffer, _IOFBF, sizeof buffer) != 0)
		return; /* then as it comes */
}

/* What goes to stdout is what was asked for: a full disk or a closed descriptor is an error. */
static bool flush_results(struct err *e)
{
	if (fflush(stdout) != 0)
		return err_errno(e, "writing to standard output");
	/* Of a write that failed earlier the reason is no longer known. */
	return !ferror(stdout) || err_set(e, ERR_IO, "writing to standard output failed");
}

int main(int argc, char **argv)
{
	struct cmd c = {0};
	struct err e = {0};
	int status = 0;

	standard_descriptors_fill();
	buffer_results();
	/* Before anything is opened: descriptors that MAKEFLAGS names would be ours then. */
	c.jobserver_closed =
	    jobserver_join(str_of(getenv("MAKEFLAGS")), &c.jobserver) == JOBSERVER_CLOSED;
	interrupt_install();
	ui_open(&c.ui, UI_AUTO);
	if (!dispatch(&c, argc, argv, &e)) {
		ui_error(c.ui, &e);
		status = err_exit_status(e.code);
	}
	if (!ui_trace_write(c.ui, &e)) {
		ui_error(c.ui, &e);
		status = status ? status : err_exit_status(e.code);
	}
	if (!flush_results(&e)) {
		ui_error(c.ui, &e);
		status = status ? status : err_exit_status(e.code);
	}
	ui_close(c.ui);
	session_tidy(&c);
	cas_close(c.cas);
	jobserver_close(c.jobserver);
	arena_fini(&c.arena);
	return status;
}
