/*
 * What a source includes, asked of its compiler with its own flags. -M lists what was read, and with -MG what
 * was to be read and is not there too, as the #include names it (GCC's manual, "Preprocessor Options"; clang
 * does the same). When an #error or the like stops it there is no list: then -E says the first header that is
 * not there, and what else is wrong.
 */
#include "plan/plan_impl.h"

struct action *plan_ask(struct plan *p, struct source *s, enum plan_question question)
{
	static const char *const words[][2] = {
	    [PLAN_ASK_LIST] = {"-M", "-MG"}, [PLAN_ASK_FIRST] = {"-E", "-P"}};
	struct arena *a = p->arena;
	struct action *x = plan_new_action(p, str_fmt(a, "includes of %.*s", STR_ARG(s->path)));
	uint32_t out, src;

	x->tool = p->opts.tc->compile_id;
	x->owner = s;
	x->uncacheable = true; /* which files are not there is in no key */
	x->asks = question == PLAN_ASK_LIST;
	out = action_output(a, x, str_fmt(a, "%.*s/ask/%.*s", STR_ARG(p->prefix), STR_ARG(s->path)),
			    false);
	src = plan_source_inputs(p, x, s);
	plan_add_words(p, x, &p->opts.tc->cc);
	plan_source_flags(p, x, s);
	action_arg(a, x, STR("-w"));
	action_arg(a, x, str_of(words[question][0]));
	action_arg(a, x, str_of(words[question][1]));
	action_arg(a, x, STR("-o"));
	action_arg_out(a, x, STR(""), out);
	plan_source_arg(p, x, s, src);
	return x;
}
