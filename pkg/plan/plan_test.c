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
	struct plan_opts o = {
	    .tc = &f->tc, .manifest = &f->manifest, .profile = str_of(profile), .set = &f->set};

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
		 "CC -fPIE -Wno-builtin-macro-redefined -D__DATE__=\"Jan  1 1970\" "
		 "-D__TIME__=\"00:00:00\" -D__TIMESTAMP__=\"Thu Jan  1 00:00:00 1970\" "
		 "-std=c17 -Wall -O0 -g -DLOG=2 -MD -MF "
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
		 "build/linux-arm64/obj/main/pkg/log/log.c.o build/linux-arm64/note/app.o "
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

/* Modules are in the note once each, by path, when a package of theirs is linked. */
void TestPlanNote(struct test *t)
{
	struct fixture f;
	struct manifest lib = {.licence = STR("MIT")};
	struct module b = {.path = STR("example.com/b"), .manifest = &lib};
	struct module a = {.path = STR("example.com/a"),
			   .version = STR("v1.2.0"),
			   .sum = STR("h1:x"),
			   .manifest = &lib};
	struct package pa = {.index = 2, .module = &a}, pb = {.index = 3, .module = &b};
	struct action *x, *policy, *note;

	begin(t, &f, "dev");
	f.module.path = STR("example.com/app");
	f.tc.name = STR("tool");
	f.tc.version = STR("1");
	*vec_push(&f.a, &f.app.imports) = &pb;
	*vec_push(&f.a, &f.log.imports) = &pa;
	*vec_push(&f.a, &f.log.imports) = &pb;
	x = plan_program(&f.plan, &f.app.programs.v[0], &policy);
	note = x->inputs.v[x->inputs.n - 1].from->inputs.v[0].from;
	T_OK(t, note->step == &plan_text_step);
	T_EQ_STR(t, strstr(str_c(&f.a, note->step_params), "\t.ascii"),
		 "\t.ascii "
		 "\"{\\\"modules\\\":[{\\\"licence\\\":\\\"MIT\\\",\\\"path\\\":\\\"example.com/"
		 "a\\\",\\\"ref\\\":\\\"v1.2.0\\\",\\\"source\\\":\\\"https://example.com/"
		 "a\\\",\\\"sum\\\":\\\"h1:x\\\",\\\"version\\\":\\\"v1.2.0\\\"},{\\\"licence\\\":"
		 "\\\"MIT\\\",\\\"path\\\":\\\"example.com/b\\\"}],\\\"name\\\":\\\"example.com/"
		 "app\\\",\\\"target\\\":\\\"linux/arm64\\\",\\\"toolchain\\\":\\\"tool "
		 "1\\\",\\\"type\\\":\\\"cbuild\\\"}\"\n\t.zero 4\n"
		 "\t.section .note.GNU-stack,\"\",%progbits\n");
	arena_fini(&f.a);
}

static void add_lto(struct fixture *f, const char *name, const char *cc, const char *link)
{
	struct toolchain_lto *x = vec_push(&f->a, &f->tc.lto);

	x->name = str_of(name);
	words(&f->a, &x->cc, cc);
	words(&f->a, &x->link, link);
}

static bool again(struct fixture *f, const char *lto, const char *ldflags)
{
	struct plan_opts o = f->plan.opts;
	struct profile *p = vec_push(&f->a, &f->manifest.profiles);

	*p = (struct profile){.name = STR("own"), .lto = str_of(lto)};
	o.profile = p->name;
	o.ldflags = str_of(ldflags);
	f->e = (struct err){0};
	return plan_init(&f->plan, &f->a, &f->graph, &o, &f->e);
}

/* What the toolchain says for a kind of it, in compiles and links; a kind that it lacks is refused. */
void TestPlanLto(struct test *t)
{
	struct fixture f;
	struct action *x, *policy;

	begin(t, &f, "dev");
	add_lto(&f, "thin", "-CTHIN", "--LTHIN");
	T_MUST(t, again(&f, "thin", ""));
	x = plan_program(&f.plan, &f.app.programs.v[0], &policy);
	T_OK(t, strstr(command(&f, x), ".o --LTHIN libc.a") && x->tool_cache);
	T_OK(t, strstr(command(&f, x->inputs.v[0].from), " -CTHIN "));
	f.manifest.profiles.n = 0;
	T_OK(t, !again(&f, "full", ""));
	T_EQ_STR(t, f.e.fix, "use 'lto: thin', 'lto: off', or CBUILD_TOOLCHAIN=zig or clang-musl");
	arena_fini(&f.a);
}

/* A flag asks for it: objects are as the flag says, the link as the toolchain does. */
void TestPlanLtoByFlag(struct test *t)
{
	struct fixture f;
	struct action *x, *policy;

	begin(t, &f, "dev");
	add_lto(&f, "full", "-CFULL", "--LFULL");
	words(&f.a, &f.log.flags.cflags, "-flto");
	x = plan_program(&f.plan, &f.app.programs.v[0], &policy);
	T_OK(t, strstr(command(&f, x), ".o --LFULL libc.a"));
	T_OK(t, !strstr(command(&f, x->inputs.v[1].from), "-CFULL"));
	arena_fini(&f.a);
}

void TestPlanLinkerOfTheUser(struct test *t)
{
	struct fixture f;
	struct action *x, *policy;

	begin(t, &f, "dev");
	f.tc.linker = STR("lld");
	words(&f.a, &f.tc.linkers, "/bin/ld.lld /bin/ld.bfd");
	T_OK(t, again(&f, "", "-fuse-ld=lld") && !f.plan.linker.n);
	T_MUST(t, again(&f, "", "-fuse-ld=lld -fuse-ld=bfd"));
	x = plan_program(&f.plan, &f.app.programs.v[0], &policy);
	T_OK(t, str_startsc(str_of(command(&f, x)), "/bin/ld.bfd -static -o "));
	T_OK(t, !again(&f, "", "-fuse-ld=gold"));
	T_EQ_STR(t, f.e.fix, "leave -fuse-ld out: it links with ld.lld");
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

static struct str makefile(void *ctx, struct str word)
{
	(void)ctx;
	if (str_eqc(word, "syntax.h"))
		return STR("src/Makefile.am:35");
	return str_eqc(word, "VERSION") ? STR("Makefile:3") : STR("");
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
	    {"ld.lld: error: duplicate symbol: one\n\nld.lld: error: duplicate symbol: two\n",
	     "'one' and others are defined twice"},
	    {"as: fatal error: can't fill 256 bytes: 'No space left on device'\n",
	     "the disk is full"},
	    {"a.o: in function `f':\nb.c:2: multiple definition of `twice'; a.c:1: first",
	     "'twice' is defined twice"},
	    {"ld.lld: error: undefined symbol: gone\n", "no linked package defines 'gone'"},
	    {"x.c:(.text+0x5): undefined reference to `gone'\n",
	     "no linked package defines 'gone'"},
	    {"Scrt1.o: undefined reference to `main'\n", "no file of the program defines main"},
	    {"a.c:1:1: error: use of undeclared identifier 'VERSION'\n",
	     "'VERSION' is named in Makefile:3"},
	    {"a.c:1:1: error: 'VERSION' undeclared (first use in this function)\n",
	     "'VERSION' is named in Makefile:3"},
	    {"a.c:1:10: fatal error: 'x/syntax.h' file not found\n",
	     "'x/syntax.h' is named in src/Makefile.am:35"},
	    {"a.c:1:10: fatal error: 'here.inc' file not found\n", "correct the name"},
	    {"ld.lld: error: undefined symbol: in_log\n",
	     "'in_log' is defined in pkg/log/log.c of package 'pkg/log', which is not linked"},
	    {"ld.lld: error: undefined symbol: in_none\n",
	     "'in_none' is defined in none.c, which no package has"},
	    {"ld.lld: error: unable to find library -lcurl\n", "has no library 'curl'"},
	    {"/usr/bin/ld: cannot find -lcurl: No such file\n", "has no library 'curl'"},
	    {"a.c:1:10: fatal error: 'lib/config.h' file not found\n", "made from src/config.h.in"},
	    {"a.c:1:10: fatal error: 'confdefs.h' file not found\n", "correct the name"},
	    {"a.c:1:10: fatal error: 'heer.h' file not found\n", "did you mean 'here.h'?"},
	    {"a.c:1:10: fatal error: 'moor.h' file not found\n", "correct the name"},
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
		struct plan_hint_port port = {
		    .module_for = zlib_port, .defined_in = log_defines, .recipe_of = makefile};

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

static struct maker *add_maker(struct fixture *f, enum maker_kind kind, const char *out)
{
	struct maker *m = arena_new(&f->a, struct maker);

	*m = (struct maker){.kind = kind,
			    .module = &f->module,
			    .root = STR("."),
			    .dir = STR("build/linux-arm64/gen/main")};
	words(&f->a, &m->out, out);
	return m;
}

/* A made source is read from its maker; who only may read something made waits, without it in the key. */
void TestPlanMade(struct test *t)
{
	static const char first[] = "build/linux-arm64/gen/main/a.c";
	struct fixture f;
	struct generate_spec spec = {0};
	struct maker *m;
	struct made made;
	struct action *x, *make;

	begin(t, &f, "dev");
	words(&f.a, &spec.run, "re2c -o$out2 $out1 $in");
	m = add_maker(&f, MAKER_RUN,
		      "build/linux-arm64/gen/main/a.c build/linux-arm64/gen/main/a.h");
	m->generate = &spec;
	words(&f.a, &m->in, "x.re y.re");
	words(&f.a, &m->tools, "/usr/bin/re2c");
	made = (struct made){.maker = m, .path = str_of(first), .rel = STR("a.c")};
	f.log_c.made = &made;
	f.log_c.path = made.path;
	*vec_push(&f.a, &f.app_main.waits) = m;
	make = plan_make(&f.plan, m);
	T_EQ_STR(
	    t, command(&f, make),
	    "/usr/bin/re2c -obuild/linux-arm64/gen/main/a.h build/linux-arm64/gen/main/a.c x.re "
	    "y.re");
	T_OK(t, make->box.on && make->box.offline && make->outputs.v[1].placed);
	x = plan_compile(&f.plan, &f.log_c);
	T_OK(t, x->inputs.v[0].from == make && !x->inputs.v[0].order);
	x = plan_compile(&f.plan, &f.app_main);
	T_OK(t, x->inputs.v[2].from == make && x->inputs.v[2].order);
	T_OK(t, !str_containsc(action_record(&f.a, x), "gen/main"));
	arena_fini(&f.a);
}

/* Words of the target's size, names quoted. */
void TestPlanEmbed(struct test *t)
{
	static const struct {
		const char *target, *word;
	} cases[] = {{"linux/arm64", "\t.quad .Lname0, .Ldata0, .Lend0 - .Ldata0\n"},
		     {"linux/arm/v7", "\t.long .Lname0, .Ldata0, .Lend0 - .Ldata0\n"}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fixture f;
		struct maker *m;
		struct action *x;

		begin(t, &f, "dev");
		T_MUST(t, target_parse(str_of(cases[i].target), &f.plan.opts.target, &f.e));
		m = add_maker(&f, MAKER_ASSEMBLY, "build/embed/text.s");
		words(&f.a, &m->in, "s/a\"b\\c");
		m->files = m->in;
		x = plan_make(&f.plan, m);
		T_OK(t, str_containsc(x->step_params, "\t.incbin \"s/a\\\"b\\\\c\"\n"));
		T_OK(t, str_containsc(x->step_params, cases[i].word));
		T_OK(t, str_containsc(x->step_params, "embed_text_count:\n"));
		m = add_maker(&f, MAKER_HEADER, "build/embed/text.h");
		x = plan_make(&f.plan, m);
		T_OK(t, str_containsc(x->step_params, "embed_text_find(const char *name)"));
		T_OK(t, !str_containsc(x->step_params, "embed_NAME"));
		T_OK(t, str_containsc(x->step_params, "return NULL;"));
		arena_fini(&f.a);
	}
}

/* The archives of a foreign build stand behind all objects; its script says how to compile and link. */
void TestPlanForeign(struct test *t)
{
	struct fixture f;
	struct package_spec spec = {.name = STR("foreign")};
	struct action *x, *policy, *build, *script;
	struct maker *m;

	begin(t, &f, "dev");
	words(&f.a, &f.tc.cc, "-isystembuild/.x/tc/z/include");
	spec.foreign.system = STR("make");
	words(&f.a, &spec.foreign.args, "A=1");
	words(&f.a, &spec.foreign.libs, "libb.a liba.a");
	words(&f.a, &spec.foreign.include, "include");
	m = add_maker(&f, MAKER_FOREIGN, "build/f/libb.a build/f/liba.a build/f/include");
	m->foreign = &spec;
	m->dir = STR("build/f");
	words(&f.a, &m->in, "Makefile");
	f.log.foreign = m;
	x = plan_program(&f.plan, &f.app.programs.v[0], &policy);
	T_OK(t, str_containsc(str_of(command(&f, x)),
			      ".o --start-group build/f/libb.a build/f/liba.a --end-group libc.a"));
	/* The program, two objects and its note: archives are not blamed. */
	T_EQ_INT(t, policy->inputs.n, 4);
	build = plan_make(&f.plan, m);
	T_EQ_STR(t, command(&f, build), "/bin/sh -eu build/f/.cbuild/build.sh A=1");
	T_OK(t, build->box.offline && build->box.jobs && build->outputs.v[2].folder);
	T_OK(t, !build->outputs.v[0].placed && build->outputs.v[2].placed);
	script = build->inputs.v[0].from;
	T_OK(t, str_containsc(script->step_params, "arch=arm64\n"));
	T_OK(t, str_containsc(script->step_params, "triple=aarch64-linux-musl\n"));
	T_OK(t, str_containsc(script->step_params, "libs='libb.a liba.a'\n"));
	T_OK(t, str_containsc(script->step_params, "-isystem\"$d\"/build/.x/tc/z/include"));
	T_OK(t, str_containsc(script->step_params, "crt1.o \"$@\" libc.a crtn.o"));
	arena_fini(&f.a);
}

void TestPlanLacks(struct test *t)
{
	struct str answer = STR("cbuild_lacks_1\n\n  cbuild_lacks_12\nother 3\n");

	T_OK(t, plan_lacks(answer, 1));
	T_OK(t, plan_lacks(answer, 12));
	T_OK(t, !plan_lacks(answer, 2));
	T_OK(t, !plan_lacks(answer, 3));
	T_OK(t, !plan_lacks(STR(""), 0));
}
