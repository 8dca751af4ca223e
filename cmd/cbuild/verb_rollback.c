/*
 * cbuild rollback, gc and pin: no compiler, no manifest, no network.
 */
#include "place.h"

#include <stdio.h>

/* Takes the lock of a place where something was deployed. */
static bool open_place(struct cmd *c, struct str dest, bool no_wait, struct place **p,
		       struct err *e)
{
	struct place_opts o = {
	    .write = true, .no_wait = no_wait, .must_exist = true, .sink = ui_sink(c->ui)};

	return place_open(&c->arena, dest, &o, p, e);
}

bool verb_rollback(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct deploy_opts o = {0};
	bool no_wait = false, ok;
	const struct opt opts[] = {{"--force", OPT_STR, &o.force},
				   {"--no-check", OPT_FLAG, &o.no_check},
				   {"--no-wait", OPT_FLAG, &no_wait},
				   {0}};
	struct str_vec words = place_words(c, args);
	struct deploy_outcome out;
	uint64_t number = 0;
	struct place *p;

	if (!opt_parse(c, args, opts, false, e) || !place_operands(c, args, 1, 2, e))
		return false;
	if (place_elsewhere(c, &words, args, &ok, e))
		return ok;
	if ((args->n == 2 && !place_number(args->v[1], &number, e)) ||
	    !open_place(c, args->v[0], no_wait, &p, e))
		return false;
	ok = deploy_rollback(p, number, &o, &out, e);
	place_close(p);
	if (ok)
		place_print_outcome(c, &out);
	return ok;
}

bool verb_gc(struct cmd *c, struct str_vec *args, struct err *e)
{
	bool no_wait = false, ok;
	unsigned keep = 0;
	const struct opt opts[] = {
	    {"--keep", OPT_UINT, &keep}, {"--no-wait", OPT_FLAG, &no_wait}, {0}};
	struct str_vec removed = {0}, words = place_words(c, args);
	struct place *p;

	if (!opt_parse(c, args, opts, false, e) || !place_operands(c, args, 1, 1, e))
		return false;
	if (place_elsewhere(c, &words, args, &ok, e))
		return ok;
	if (!open_place(c, args->v[0], no_wait, &p, e))
		return false;
	ok = deploy_gc(p, keep, &removed, e);
	place_close(p);
	for (size_t i = 0; ok && i < removed.n; i++)
		printf(c->json ? "{\"removed\":\"%.*s\"}\n" : "removed %.*s\n",
		       STR_ARG(removed.v[i]));
	return ok;
}

bool verb_pin(struct cmd *c, struct str_vec *args, struct err *e)
{
	bool off = false, no_wait = false, ok;
	const struct opt opts[] = {
	    {"--off", OPT_FLAG, &off}, {"--no-wait", OPT_FLAG, &no_wait}, {0}};
	struct str_vec words = place_words(c, args);
	uint64_t number;
	struct place *p;

	if (!opt_parse(c, args, opts, false, e) || !place_operands(c, args, 2, 2, e))
		return false;
	if (place_elsewhere(c, &words, args, &ok, e))
		return ok;
	if (!place_number(args->v[1], &number, e) || !open_place(c, args->v[0], no_wait, &p, e))
		return false;
	ok = deploy_pin(p, number, !off, e);
	place_close(p);
	return ok;
}
