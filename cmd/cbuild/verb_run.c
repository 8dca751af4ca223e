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

bool verb_run(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct build_opts o = {0};
	const struct opt opts[] = {BUILD_OPTS(o), {0}};
	const struct program *prog = NULL;
	struct str name = {0};
	struct build b;
	const char *const *argv;
	size_t passed = behind_dashes(args);

	if (!opt_parse(c, args, opts, true, e) || !session_open(c, e) || !build_open(&b, c, &o, e))
		return false;
	if (b.target_count != 1)
		return err_set(e, ERR_USAGE, "run wants one target");
	/* With -- in the program's place the only program runs. */
	if (args->n && args->n != passed) {
		name = args->v[0];
		*args = (struct str_vec){args->v + 1, args->n - 1, args->n - 1};
	}
	if (!build_one_program(&b, &b.targets[0], name, &prog, e))
		return false;
	build_program(&b, &b.targets[0], prog, (struct str){0});
	if (!build_run(&b, e))
		return false;
	if (o.dry_run)
		return true;
	if (!build_run_argv(c, &b.targets[0].target, b.placed.v[0].path, args, &argv, e))
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
