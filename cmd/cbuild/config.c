/*
 * --explain of config headers: one line a check.
 */
#include "cmd.h"

static bool explain_header(struct build *b, const struct config_header *h, const struct action *x,
			   struct err *e)
{
	struct arena *a = &b->c->arena;

	for (size_t i = 0; i < h->checks.n; i++) {
		const struct input *in = &x->inputs.v[plan_config_input(h, i)];
		struct str answer, line;
		enum cas_result r = cas_get(b->c->cas, &in->digest, a, &answer, e);

		if (r == CAS_ERROR)
			return false;
		if (r == CAS_MISS)
			continue; /* trimmed meanwhile: there is nothing to say */
		line = plan_config_answer(a, h, i, answer);
		event_emit(
		    ui_sink(b->c->ui),
		    &(struct event){.kind = EVENT_EXPLAIN,
				    .text = str_fmt(a, "%.*s: %.*s", STR_ARG(h->path),
						    STR_ARG(line))});
	}
	return true;
}

bool build_explain_configs(struct build *b, struct err *e)
{
	for (size_t t = 0; t < b->target_count; t++) {
		const struct build_target *target = &b->targets[t];

		for (size_t i = 0; i < target->set.configs.n; i++) {
			const struct config_header *h = target->set.configs.v[i];
			const struct action *x = map_ptr(&target->plan.configs, h->path);

			if (x && (x->state == ACTION_CACHED || x->state == ACTION_RAN) &&
			    !explain_header(b, h, x, e))
				return false;
		}
	}
	return true;
}
