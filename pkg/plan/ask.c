/*
 * What a source includes, asked of its compiler with its own flags. -M lists what was read, and with -MG what
 * was to be read and is not there too, as the #include names it (GCC's manual, "Preprocessor Options"; clang
 * does the same). When an #error or the like stops it there is no list: then -E says the first header that is
 * not there, and what else is wrong. What the toolchain alone has, __has_include tells, all names at once.
 */
#include "plan/plan_impl.h"

#include <string.h>

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

#define LACKS "cbuild_lacks_"

/* What can stand between < and > whatever it is. */
static bool is_askable(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      strchr("/._-+", c)))
			return false;
	}
	return name.n != 0;
}

struct action *plan_ask_toolchain(struct plan *p, const struct str_vec *names)
{
	struct arena *a = p->arena;
	struct str path = str_fmt(a, "%.*s/ask/toolchain", STR_ARG(p->prefix));
	struct buf text = {0};
	struct str_vec cflags = {0};
	struct action *source, *x;
	uint32_t out, src;

	for (size_t i = 0; i < names->n; i++)
		if (is_askable(names->v[i]))
			buf_printf(&text, "#if !__has_include(<%.*s>)\n" LACKS "%zu\n#endif\n",
				   STR_ARG(names->v[i]), i);
	source = plan_text(p, str_fmt(a, "%.*s.c", STR_ARG(path)), str_dup(a, buf_str(&text)));
	buf_fini(&text);
	x = plan_new_action(p, STR("headers of the toolchain"));
	src = action_input_from(a, x, source, 0);
	x->tool = p->opts.tc->compile_id;
	x->uncacheable = true; /* which files are not there is in no key */
	x->asks = true;
	out = action_output(a, x, path, false);
	plan_add_words(p, x, &p->opts.tc->cc);
	plan_add_split(a, &cflags, p->opts.cflags);
	plan_add_words(p, x, &cflags);
	action_arg(a, x, STR("-w"));
	action_arg(a, x, STR("-E"));
	action_arg(a, x, STR("-P"));
	action_arg(a, x, STR("-o"));
	action_arg_out(a, x, STR(""), out);
	action_arg(a, x, STR("-x"));
	action_arg(a, x, STR("c"));
	action_arg_in(a, x, STR(""), src);
	return x;
}

bool plan_lacks(struct str answer, size_t i)
{
	struct str line;

	while (str_line(&answer, &line)) {
		uint64_t n;

		line = str_trim(line);
		if (str_startsc(line, LACKS) && str_u64(str_skip(line, strlen(LACKS)), &n) &&
		    n == i)
			return true;
	}
	return false;
}
