/*
 * --explain of config headers: one line a check, and one that names what nobody could ask.
 */
#include "cmd.h"

static void say(struct build *b, const struct maker *m, struct str line)
{
	event_emit(ui_sink(b->c->ui),
		   &(struct event){.kind = EVENT_EXPLAIN,
				   .text = str_fmt(&b->c->arena, "%.*s: %.*s", STR_ARG(m->out.v[0]),
						   STR_ARG(line))});
}

static void explain_unknown(struct build *b, const struct maker *m)
{
	const struct str_vec *names = &m->config->unknown;
	struct buf line = {0};

	if (!names->n)
		return;
	buf_addc(&line, "undefined, for nothing says what they mean:");
	for (size_t i = 0; i < names->n; i++)
		buf_printf(&line, "%s%.*s", i ? ", " : " ", STR_ARG(names->v[i]));
	say(b, m, buf_str(&line));
	buf_fini(&line);
}

static bool explain_header(struct build *b, const struct maker *m, const struct action *x,
			   struct err *e)
{
	const struct config_header *h = m->config;
	struct arena *a = &b->c->arena;

	for (size_t i = 0; i < h->checks.n; i++) {
		const struct input *in = &x->inputs.v[plan_config_input(h, i)];
		struct str answer;
		enum cas_result r = cas_get(b->c->cas, &in->digest, a, &answer, e);

		if (r == CAS_ERROR)
			return false;
		if (r == CAS_MISS)
			continue; /* trimmed meanwhile: there is nothing to say */
		say(b, m, plan_config_answer(a, h, i, answer));
	}
	explain_unknown(b, m);
	return true;
}

bool build_explain_configs(struct build *b, struct err *e)
{
	for (size_t t = 0; t < b->target_count; t++) {
		const struct build_target *target = &b->targets[t];

		for (size_t i = 0; i < target->set.makers.n; i++) {
			const struct maker *m = target->set.makers.v[i];
			const struct action *x = map_ptr(&target->plan.made, m->out.v[0]);

			if (m->kind == MAKER_CONFIG && x &&
			    (x->state == ACTION_CACHED || x->state == ACTION_RAN) &&
			    !explain_header(b, m, x, e))
				return false;
		}
	}
	return true;
}
