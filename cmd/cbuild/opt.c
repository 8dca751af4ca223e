/*
 * Options: long and short names, values joined or apart, operands in between.
 */
#include "cmd.h"

#include <limits.h>
#include <string.h>

/* Whether one of opt's comma-separated names is name. */
static bool has_name(const struct opt *o, struct str name)
{
	struct str rest = str_of(o->name);

	while (rest.p)
		if (str_eq(str_cut(&rest, ','), name))
			return true;
	return false;
}

static const struct opt *find(const struct opt *opts, struct str name)
{
	for (; opts->name; opts++)
		if (has_name(opts, name))
			return opts;
	return NULL;
}

static bool unknown(struct cmd *c, const struct opt *opts, struct str name, struct err *e)
{
	struct str_vec known = {0};
	struct str near;

	for (; opts->name; opts++) {
		struct str rest = str_of(opts->name);

		while (rest.p)
			*vec_push(&c->arena, &known) = str_cut(&rest, ',');
	}
	near = str_nearest(name, known.v, known.n);
	err_set(e, ERR_USAGE, "unknown option '%.*s'", STR_ARG(name));
	if (near.n)
		return err_fix(e, "did you mean '%.*s'? `cbuild help %s` lists them", STR_ARG(near),
			       c->verb->name);
	return err_fix(e, "`cbuild help %s` lists them", c->verb->name);
}

static bool take(struct cmd *c, const struct opt *o, struct str name, struct str value,
		 struct err *e)
{
	uint64_t n;

	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)o->out = true;
		return true;
	case OPT_STR:
		if (!value.n)
			return err_set(e, ERR_USAGE, "option %.*s wants a value, not an empty one",
				       STR_ARG(name));
		*(struct str *)o->out = value;
		return true;
	case OPT_LIST:
		*vec_push(&c->arena, (struct str_vec *)o->out) = value;
		return true;
	case OPT_UINT:
		if (!str_u64(value, &n) || n > UINT_MAX || n == 0)
			return err_set(e, ERR_USAGE,
				       "option %.*s wants a whole number above 0, not '%.*s'",
				       STR_ARG(name), STR_ARG(value));
		*(unsigned *)o->out = (unsigned)n;
		return true;
	}
	return false;
}

/* Splits an argument into option name and joined value; value.p NULL when there is none. */
static const struct opt *split(const struct opt *opts, struct str arg, struct str *name,
			       struct str *value)
{
	const struct opt *o;
	size_t eq = str_find(arg, '=');

	*name = arg;
	*value = (struct str){0};
	if (eq < arg.n && (str_startsc(arg, "--") || find(opts, str_from(arg.p, eq)))) {
		*name = str_from(arg.p, eq);
		*value = str_skip(arg, eq + 1);
		return find(opts, *name);
	}
	o = find(opts, arg);
	if (o || str_startsc(arg, "--") || arg.n <= 2)
		return o;
	*name = str_from(arg.p, 2);
	*value = str_skip(arg, 2);
	o = find(opts, *name);
	return o && o->kind != OPT_FLAG ? o : NULL;
}

/* Every verb knows --json; from here on events and errors are JSON. */
static void use_json(struct cmd *c)
{
	if (!c->json) {
		ui_close(c->ui);
		ui_open(&c->ui, UI_JSON);
	}
	c->json = true;
}

bool opt_parse(struct cmd *c, struct str_vec *args, const struct opt *opts, bool stop_early,
	       struct err *e)
{
	size_t kept = 0, i;

	for (i = 0; i < args->n; i++) {
		struct str arg = args->v[i], name, value;
		const struct opt *o;

		if (str_eqc(arg, "--")) {
			i++;
			break;
		}
		if (arg.n < 2 || arg.p[0] != '-') {
			if (stop_early)
				break;
			args->v[kept++] = arg;
			continue;
		}
		if (str_eqc(arg, "--json")) {
			use_json(c);
			continue;
		}
		if (str_startsc(arg, "--mod=") || str_startsc(arg, "-mod=")) {
			(void)str_cut(&arg, '=');
			if (!mod_mode_parse(arg, &c->mod_mode, e))
				return false;
			continue;
		}
		o = split(opts, arg, &name, &value);
		if (!o)
			return unknown(c, opts, arg, e);
		if (o->kind == OPT_FLAG && value.p)
			return err_set(e, ERR_USAGE, "option %.*s takes no value", STR_ARG(name));
		if (o->kind != OPT_FLAG && !value.p) {
			if (i + 1 >= args->n)
				return err_set(e, ERR_USAGE, "option %.*s wants a value",
					       STR_ARG(name));
			value = args->v[++i];
		}
		if (!take(c, o, name, value, e))
			return false;
	}
	for (; i < args->n; i++)
		args->v[kept++] = args->v[i];
	args->n = kept;
	return true;
}

bool opt_unknown_command(struct cmd *c, const struct str_vec *words, const char *known,
			 struct err *e)
{
	struct buf all = {0};

	for (size_t i = 0; i < words->n; i++)
		buf_printf(&all, " %.*s", STR_ARG(words->v[i]));
	if (words->n)
		err_set(e, ERR_USAGE, "unknown command '%s%s'", c->verb->name, all.p);
	else
		err_set(e, ERR_USAGE, "%s wants a command", c->verb->name);
	buf_fini(&all);
	return err_fix(e, "cbuild %s %s", c->verb->name, known);
}
