/*
 * cbuild run
 */
#include "cmd.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "sys/spawn.h"

/* How many words stand behind the first "--"; SIZE_MAX without one. */
static size_t behind_dashes(const struct str_vec *args)
{
	for (size_t i = 0; i < args->n; i++)
		if (str_eqc(args->v[i], "--"))
			return args->n - i - 1;
	return SIZE_MAX;
}

/* Builds the program that name means; q->note becomes its target and path. */
static bool full_walk(struct build *b, struct cmd *c, const struct build_opts *o, struct str name,
		      struct quick *q, struct err *e)
{
	const struct program *prog = NULL;

	if (!session_manifest(c, e) || !build_open(b, c, o, e))
		return false;
	if (b->target_count != 1)
		return err_set(e, ERR_USAGE, "run wants one target");
	if (!build_one_program(b, &b->targets[0], name, &prog, e))
		return false;
	build_program(b, &b->targets[0], prog, (struct str){0});
	if (!build_compile_commands(b, e) || !build_run(b, e))
		return false;
	q->note =
	    str_fmt(&c->arena, "%.*s %.*s", STR_ARG(target_name(&c->arena, &b->targets[0].target)),
		    STR_ARG(b->placed.v[0].path));
	return true;
}

static bool start(struct cmd *c, struct str note, const struct str_vec *args, struct err *e)
{
	struct target target;
	const char *const *argv;

	if (!target_parse(str_cut(&note, ' '), &target, e) ||
	    !build_run_argv(c, &target, note, args, &argv, e))
		return false;
	ui_clear(c->ui);
	if (!ui_trace_write(c->ui, e))
		return false;
	jobserver_close(c->jobserver);
	c->jobserver = NULL;
	/* The program starts where the user stands. */
	if (chdir(str_c(&c->arena, path_join(&c->arena, c->root, c->prefix))) != 0)
		return err_errno(e, "entering %.*s", STR_ARG(c->prefix));
	return spawn_exec(&(struct spawn){.argv = argv}, e);
}

bool verb_run(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct build_opts o = {0};
	const struct opt opts[] = {BUILD_OPTS(o), {0}};
	struct str_vec none = {0};
	struct quick q = {0};
	struct build b = {0};
	size_t passed = behind_dashes(args);
	bool ok;

	if (!opt_parse(c, args, opts, true, e) || !session_find(c, e))
		return false;
	/* With -- in the program's place the only program runs. */
	if (args->n && args->n != passed) {
		q.key = args->v[0];
		*args = (struct str_vec){args->v + 1, args->n - 1, args->n - 1};
	}
	if (!quick_build(c, &o, &none, &q, &ok, e)) {
		ok = full_walk(&b, c, &o, q.key, &q, e);
		quick_record(&q, &b, ok);
	}
	return ok && (o.dry_run || start(c, q.note, args, e));
}
