#include "plan/plan.h"

#include <string.h>

#include "cbuild/test.h"

/* Two packages, app -> log, as load would give them; no file is touched: plan is pure. */
struct fixture {
	struct arena a;
	struct manifest manifest;
	struct module module;
	struct package app, log;
	struct source app_main, log_c;
	struct package_set set;
	struct toolchain tc;
	struct graph graph;
	struct plan plan;
	struct err e;
};

static void words(struct arena *a, struct str_vec *v, const char *text)
{
	struct str rest = str_of(text);

	while (rest.p)
		*vec_push(a, v) = str_cut(&rest, ' ');
}

static void add_source(struct fixture *f, struct package *p, struct source *s, const char *path)
{
	*s = (struct source){.path = str_of(path), .rel = str_of(path), .package = p};
	*vec_push(&f->a, &p->sources) = s;
}

static void begin(struct test *t, struct fixture *f, const char *profile)
{
	struct plan_opts o = {.tc = &f->tc, .manifest = &f->manifest, .profile = str_of(profile)};

	memset(f, 0, sizeof *f);
	f->module = (struct module){.main = true, .manifest = &f->manifest};
	f->app = (struct package){
	    .index = 0, .module = &f->module, .name = STR("cmd/app"), .std = STR("c17")};
	f->log = (struct package){
	    .index = 1, .module = &f->module, .name = STR("pkg/log"), .std = STR("c17")};
	add_source(f, &f->app, &f->app_main, "cmd/app/main.c");
	add_source(f, &f->log, &f->log_c, "pkg/log/log.c");
	*vec_push(&f->a, &f->app.imports) = &f->log;
	*vec_push(&f->a, &f->app_main.owners) = &f->log;
	*vec_push(&f->a, &f->app_main.closure) = STR("pkg/log/log.h");
	*vec_push(&f->a, &f->app.programs) = (struct program){STR("app"), &f->app_main, &f->app};
	words(&f->a, &f->tc.cc, "CC -fPIE");
	words(&f->a, &f->tc.link_head, "LD -static");
	words(&f->a, &f->tc.link_pre, "crt1.o");
	words(&f->a, &f->tc.link_post, "libc.a crtn.o");
	f->tc.link_is_linker = f->tc.is_static = true;
	T_MUST(t, target_parse(STR("linux/arm64"), &o.target, &f->e));
	if (!plan_init(&f->plan, &f->a, &f->graph, &o, &f->e))
		test_log(t, "%s", f->e.msg);
}

static const char *command(struct fixture *f, const struct action *x)
{
	struct buf b = {0};
	const char *text;

	for (size_t i = 0; i < x->argv.n; i++) {
		const struct arg *g = &x->argv.v[i];
		struct str path = g->kind == ARG_INPUT	  ? x->inputs.v[g->index].path
				  : g->kind == ARG_OUTPUT ? x->outputs.v[g->index].path
							  : STR("");

		buf_printf(&b, "%s%.*s%.*s", i ? " " : "", STR_ARG(g->text), STR_ARG(path));
	}
	text = str_c(&f->a, buf_str(&b));
	buf_fini(&b);
	return text;
}

void TestPlanCompileCommand(struct test *t)
{
	struct fixture f;
	struct action *x;

	begin(t, &f, "dev");
	*vec_push(&f.a, &f.log.export_flags.defines) = (struct define){STR("LOG"), STR("2")};
	x = plan_compile(&f.plan, &f.app_main);
	T_EQ_STR(t, command(&f, x),
		 "CC -fPIE -std=c17 -Wall -O0 -g -DLOG=2 -MD -MF "
		 "build/linux-arm64/obj/main/cmd/app/main.c.o.d -c -o "
		 "build/linux-arm64/obj/main/cmd/app/main.c.o cmd/app/main.c");
	T_EQ_INT(t, x->inputs.n, 2);
	T_OK(t, x->outputs.v[1].depfile);
	T_OK(t, plan_compile(&f.plan, &f.app_main) == x);
	arena_fini(&f.a);
}

void TestPlanLinkThroughLinker(struct test *t)
{
	struct fixture f;
	struct action *x, *policy;

	begin(t, &f, "release");
	words(&f.a, &f.log.flags.ldflags, "-Wl,--wrap,malloc -pthread");
	words(&f.a, &f.log.flags.libs, "m m");
	x = plan_program(&f.plan, &f.app.programs.v[0], &policy);
	T_EQ_STR(t, command(&f, x),
		 "LD -static -s -o build/linux-arm64/bin/app crt1.o "
		 "build/linux-arm64/obj/main/cmd/app/main.c.o "
		 "build/linux-arm64/obj/main/pkg/log/log.c.o "
		 "--wrap malloc -lm libc.a crtn.o");
	T_OK(t, policy->step == &plan_policy_step && policy->inputs.v[0].from == x);
	arena_fini(&f.a);
}

void TestPlanLinkThroughDriver(struct test *t)
{
	struct fixture f;
	struct action *x, *policy;

	begin(t, &f, "dev");
	f.tc.link_is_linker = false;
	words(&f.a, &f.log.flags.ldflags, "-Wl,--wrap,malloc");
	x = plan_program(&f.plan, &f.app.programs.v[0], &policy);
	T_OK(t, strstr(command(&f, x), " -Wl,--wrap,malloc libc.a") != NULL);
	arena_fini(&f.a);
}

/* Files that linker flags name: the linker lists them, and -L folders' names are in the key. */
void TestPlanLinkFiles(struct test *t)
{
	struct fixture f;
	struct action *x, *policy;

	begin(t, &f, "dev");
	words(&f.a, &f.log.flags.ldflags, "-Lvendor");
	*vec_push(&f.a, &f.log.libraries) = STR("vendor 1234");
	x = plan_program(&f.plan, &f.app.programs.v[0], &policy);
	T_OK(t, strstr(command(&f, x), "--dependency-file=build/linux-arm64/link/app.d libc.a"));
	T_OK(t, x->outputs.n == 2 && x->outputs.v[1].depfile);
	T_OK(t, str_eqc(x->step_params, "vendor 1234\n"));
	arena_fini(&f.a);
}

/* What assembler reads and cannot be known, and includes that macros make up. */
void TestPlanUnknownReads(struct test *t)
{
	struct fixture f;
	struct action *x;

	begin(t, &f, "dev");
	f.log_c.unknown_reads = true;
	f.app_main.names = STR("abcd");
	x = plan_compile(&f.plan, &f.log_c);
	T_OK(t, x->uncacheable);
	x = plan_compile(&f.plan, &f.app_main);
	T_OK(t, !x->uncacheable && str_endsc(x->step_params, " abcd"));
	arena_fini(&f.a);
}

/* CFLAGS' words, and a file whose name looks like an option. */
void TestPlanWords(struct test *t)
{
	struct fixture f;
	struct plan_opts o;
	struct source s;

	begin(t, &f, "dev");
	add_source(&f, &f.log, &s, "-x.c");
	f.plan.opts.cflags = STR(" -DA='b c'\t-DD=\"e\\\"f\" \\-g\n");
	T_OK(t, strstr(command(&f, plan_compile(&f.plan, &s)), " -DA=b c -DD=e\"f -g -MD"));
	T_OK(t, strstr(command(&f, plan_compile(&f.plan, &s)), " ./-x.c"));
	o = f.plan.opts;
	o.cflags = STR("-O1 @file");
	T_OK(t, !plan_init(&f.plan, &f.a, &f.graph, &o, &f.e));
	T_EQ_INT(t, f.e.code, ERR_USAGE);
	arena_fini(&f.a);
}

/* The environment holds nothing of the user's, and the toolchain's word replaces ours. */
void TestPlanEnvironment(struct test *t)
{
	struct fixture f;
	struct action *x;
	size_t paths = 0;

	begin(t, &f, "dev");
	words(&f.a, &f.tc.env, "PATH=/opt/bin");
	x = plan_compile(&f.plan, &f.app_main);
	for (size_t i = 0; i < x->env.n; i++) {
		T_CHECK(t, !str_startsc(x->env.v[i], "HOME="), "%.*s", STR_ARG(x->env.v[i]));
		paths += str_startsc(x->env.v[i], "PATH=");
	}
	T_EQ_INT(t, paths, 1);
	arena_fini(&f.a);
}

void TestPlanProfiles(struct test *t)
{
	struct fixture f;

	begin(t, &f, "fast");
	T_OK(t, strstr(f.e.msg, "no profile 'fast'") && strstr(f.e.fix, "dev, release"));
	arena_fini(&f.a);
}

static struct str zlib_port(void *ctx, struct str header)
{
	(void)ctx;
	return str_eqc(header, "zlib.h") ? STR("github.com/madler/zlib") : STR("");
}

static struct str log_defines(void *ctx, struct str symbol)
{
	(void)ctx;
	if (str_eqc(symbol, "in_none"))
		return STR("none.c");
	return str_eqc(symbol, "in_log") ? STR("pkg/log/log.c") : STR("");
}

void TestPlanHints(struct test *t)
{
	static const struct {
		const char *words, *want;
	} cases[] = {
	    {"a.c:1:10: fatal error: 'zlib.h' file not found\n",
	     "cbuild get github.com/madler/zlib"},
	    {"a.c:1:10: fatal error: zlib.h: No such file or directory\n",
	     "cbuild get github.com/madler/zlib"},
	    {"a.c:1:10: fatal error: 'log.h' file not found\n", "there is a pkg/log/log.h"},
	    {"a.c:1:10: fatal error: 'x/y.h' file not found\n", "nothing provides 'x/y.h'"},
	    {"a.c:1:10: fatal error: 'brotli/port.h' file not found\n",
	     "'brotli/port.h' is c/include/brotli/port.h: add c/include to"},
	    {"a.c:1:10: fatal error: 'here.h' file not found\n", "is here.h: add . to"},
	    {"a.c:1:10: fatal error: config.h: No such file or directory\n",
	     "is to be made from src/config.h.in: write `config: {config.h: {from: "
	     "src/config.h.in}}`"},
	    {"ld.lld: error: duplicate symbol: twice\n>>> defined at a.c:1\n",
	     "'twice' is defined twice"},
	    {"a.o: in function `f':\nb.c:2: multiple definition of `twice'; a.c:1: first",
	     "'twice' is defined twice"},
	    {"ld.lld: error: undefined symbol: gone\n",
	     "'gone' is declared but no linked package defines it"},
	    {"x.c:(.text+0x5): undefined reference to `gone'\n", "'gone' is declared"},
	    {"ld.lld: error: undefined symbol: in_log\n",
	     "'in_log' is defined in pkg/log/log.c of package 'pkg/log', which is not linked"},
	    {"ld.lld: error: undefined symbol: in_none\n",
	     "'in_none' is defined in none.c, which no package has"},
	    {"ld.lld: error: unable to find library -lcurl\n", "has no library 'curl'"},
	    {"/usr/bin/ld: cannot find -lcurl: No such file\n", "has no library 'curl'"},
	    {"a.c:1:10: fatal error: 'lib/config.h' file not found\n", "made from src/config.h.in"},
	    {"a.c:1:10: fatal error: 'confdefs.h' file not found\n", "correct the name"},
	    {"a.c:1:10: fatal error: 'heer.h' file not found\n", "did you mean 'here.h'?"},
	};
	struct fixture f;

	begin(t, &f, "dev");
	*vec_push(&f.a, &f.set.packages) = &f.app;
	*vec_push(&f.a, &f.set.packages) = &f.log;
	*vec_push(&f.a, &f.set.files) = STR("c/include/brotli/port.h");
	*vec_push(&f.a, &f.set.files) = STR("here.h");
	*vec_push(&f.a, &f.set.files) = STR("code.h");
	*vec_push(&f.a, &f.set.templates) = STR("configure");
	*vec_push(&f.a, &f.set.templates) = STR("src/config.h.in");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct action failed = {.words = str_of(cases[i].words)};
		struct buf out = {0};
		struct plan_hint_port port = {.module_for = zlib_port, .defined_in = log_defines};

		plan_hint(&f.a, &f.set, &failed, &port, &out);
		T_CHECK(t, out.p && strstr(out.p, cases[i].want), "words '%s', got '%s'",
			cases[i].words, out.p ? out.p : "");
		buf_fini(&out);
	}
	arena_fini(&f.a);
}

/* Fifty files lack one header: one remedy; of many, none is cut. */
void TestPlanHintsOnceAndWhole(struct test *t)
{
	struct plan_hint_port port = {.module_for = zlib_port};
	struct buf out = {0};
	struct fixture f;

	begin(t, &f, "dev");
	for (int i = 0; i < 50; i++) {
		struct action failed = {
		    .words = str_fmt(&f.a,
				     "a%d.c:1:10: fatal error: 'x%d.h' file not found\n"
				     "a%d.c:2:10: fatal error: 'zlib.h' file not found\n",
				     i, i, i)};

		plan_hint(&f.a, &f.set, &failed, &port, &out);
	}
	T_OK(t, out.n < 768 && out.p[out.n - 1] == '\n');
	T_OK(t, strstr(out.p, "zlib.h") && !strstr(strstr(out.p, "<zlib.h>") + 1, "<zlib.h>"));
	buf_fini(&out);
	arena_fini(&f.a);
}
