/*
 * Templates, and the graph of a config header; what compilers and linkers answer is in testdata/script.
 */
#include <string.h>

#include "cbuild/test.h"
#include "plan/plan_impl.h"

void TestTemplateFill(struct test *t)
{
	static const struct {
		const char *in, *want;
	} table[] = {
	    {"#undef YES\n", "#define YES 1\n"},
	    {"  #  undef YES\n", "#define YES 1\n"},
	    {"#undef EMPTY\n", "#define EMPTY\n"},
	    {"#undef NO\n", "/* #undef NO */\n"},
	    {"#undef UNKNOWN\n", "/* #undef UNKNOWN */\n"},
	    {"#undef YES_NOT\n", "/* #undef YES_NOT */\n"},
	    {"#cmakedefine YES\n", "#define YES\n"},
	    {"#cmakedefine YES 7\n", "#define YES 7\n"},
	    {"#cmakedefine TEXT @TEXT@\n", "#define TEXT \"a b\"\n"},
	    {"#cmakedefine TEXT ${TEXT}\n", "#define TEXT \"a b\"\n"},
	    {"#cmakedefine NO 1\n", "/* #undef NO */\n"},
	    {"#cmakedefine ZERO 1\n", "/* #undef ZERO */\n"},
	    {"#cmakedefine UNKNOWN @UNKNOWN@\n", "/* #undef UNKNOWN */\n"},
	    {"#cmakedefine01 YES\n", "#define YES 1\n"},
	    {"#cmakedefine01 NO\n", "#define NO 0\n"},
	    {"#define V @TEXT@ @NO@\n", "#define V \"a b\" 0\n"},
	    {"a @ b @UNKNOWN@ ${UNKNOWN} me@TEXT\n", "a @ b @UNKNOWN@ ${UNKNOWN} me@TEXT\n"},
	    {"#undefined\n", "#undefined\n"},
	    {"#undef\n", "#undef\n"},
	    {"last", "last\n"},
	};
	struct define values[] = {{STR("YES"), STR("1")},
				  {STR("EMPTY"), STR("")},
				  {STR("NO"), {NULL, 0}},
				  {STR("ZERO"), STR("0")},
				  {STR("TEXT"), STR("\"a b\"")}};
	struct define_vec v = {.v = values, .n = sizeof values / sizeof values[0]};
	struct err e = {0};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct buf out = {0};

		test_log(t, "%s", table[i].in);
		T_OK(t, template_fill("x.h.in", str_of(table[i].in), &v, &out, &e));
		T_EQ_STR(t, out.p, table[i].want);
		buf_fini(&out);
	}
}

void TestTemplateUnknown(struct test *t)
{
	struct define_vec none = {0};
	struct buf out = {0};
	struct err e = {0};

	T_OK(t, !template_fill("x.h.in", STR("a\n#define X @WHAT@\n"), &none, &out, &e));
	T_EQ_STR(t, e.place, "x.h.in");
	T_EQ_INT(t, e.line, 2);
	T_EQ_STR(t, e.msg, "nothing says what @WHAT@ is");
	buf_fini(&out);
}

void TestCheckSize(struct test *t)
{
	T_EQ_INT(t, check_size(STR("\177ELF..cbuild-size:0012.rest")), 12);
	T_EQ_INT(t, check_size(STR("cbuild-size:0008")), 8);
	T_EQ_INT(t, check_size(STR("cbuild-size:000")), 0);
	T_EQ_INT(t, check_size(STR("cbuild-size:00x8 cbuild-size:0004")), 4);
	T_EQ_INT(t, check_size(STR("")), 0);
}

static struct check_spec ask_for(enum check_kind kind, const char *name, const char *subject)
{
	return (struct check_spec){.kind = kind, .name = str_of(name), .subject = str_of(subject)};
}

/* One text, compile and link a question, whoever asks; the header reads the answers in order. */
void TestPlanConfig(struct test *t)
{
	struct arena a = {0};
	struct graph g = {0};
	struct manifest manifest = {0};
	struct module m = {.main = true, .manifest = &manifest};
	struct config_spec spec = {0};
	struct toolchain tc = {0};
	struct plan_opts o = {.tc = &tc, .profile = STR("dev")};
	struct config_header h = {.spec = &spec, .from = STR("config.h.in")};
	struct config_header other = {.spec = &spec};
	struct maker first = {.kind = MAKER_CONFIG, .module = &m, .config = &h};
	struct maker second = {.kind = MAKER_CONFIG, .module = &m, .config = &other};
	struct plan p;
	struct action *x, *y;
	struct err e;

	*vec_push(&a, &first.out) = STR("build/linux-amd64/config/main/config.h");
	*vec_push(&a, &second.out) = STR("build/linux-amd64/config/main/other.h");
	*vec_push(&a, &h.values) = (struct define){STR("V"), STR("2")};
	*vec_push(&a, &h.checks) = ask_for(CHECK_FUNCTION, "HAVE_F", "f");
	*vec_push(&a, &h.checks) = ask_for(CHECK_SIZEOF, "SIZEOF_T", "t");
	h.checks.v[0].yes = STR("size_t");
	h.checks.v[0].guessed = true;
	*vec_push(&a, &other.checks) = ask_for(CHECK_FUNCTION, "AGAIN", "f");
	T_MUST(t, target_parse(STR("linux/amd64"), &o.target, &e));
	T_MUST(t, plan_init(&p, &a, &g, &o, &e));
	x = plan_make(&p, &first);
	T_OK(t, x == plan_make(&p, &first));
	T_EQ_STR(t, str_c(&a, x->step_params),
		 "from config.h.in\nset V 2\nask HAVE_F yes size_t\nask SIZEOF_T size\n");
	T_OK(t, x->outputs.v[0].placed);
	T_EQ_INT(t, x->inputs.n, 4); /* template, two answers, the program that must link */
	T_OK(t, x->inputs.v[plan_config_input(&h, 0)].from->asks);
	T_OK(t, x->inputs.v[plan_config_input(&h, 1)].from->asks);
	T_OK(t, !x->inputs.v[3].from->asks);
	y = plan_make(&p, &second);
	T_OK(t, y->inputs.v[0].from == x->inputs.v[1].from);
	T_EQ_INT(t, g.actions.n, 2 + 3 + 2 + 3);
	T_EQ_STR(t, plan_config_answer(&a, &h, 0, STR("")).p,
		 "HAVE_F no (function f, by its name)");
	T_EQ_STR(t, plan_config_answer(&a, &h, 1, STR("cbuild-size:0016")).p,
		 "SIZEOF_T 16 (sizeof t)");
	arena_fini(&a);
}
