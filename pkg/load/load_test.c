#include "load/fixture_test.h"

#include <stdio.h>

void TestLoadPlainTree(struct test *t)
{
	struct fixture f;

	begin(t, &f);
	put(t, &f, "cmd/shop/main.c",
	    "#include \"log/log.h\"\nint main(void) { return log_it(); }\n");
	put(t, &f, "pkg/log/log.h", "int log_it(void);\n");
	put(t, &f, "pkg/log/log.c",
	    "#include \"log.h\"\n#include \"base/b.h\"\nint log_it(void) { return b(); }\n");
	put(t, &f, "pkg/base/b.h", "int b(void);\n");
	put(t, &f, "pkg/base/b.c", "#include \"base/b.h\"\nint b(void) { return 0; }\n");
	add_module(t, &f, "", ".", "");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	T_EQ_STR(t, imports(&f, "cmd/shop"), "pkg/log");
	T_EQ_STR(t, imports(&f, "pkg/log"), "pkg/base");
	T_EQ_INT(t, find(&f, "cmd/shop")->programs.n, 1);
	T_OK(t, str_eqc(find(&f, "cmd/shop")->programs.v[0].name, "shop"));
	T_EQ_INT(t, find(&f, "pkg/log")->programs.n, 0);
	arena_fini(&f.a);
}

/* What assembler statements read is an input; what cannot be told makes the compile uncacheable. */
void TestLoadAsmReads(struct test *t)
{
	struct fixture f;

	begin(t, &f);
	put(t, &f, "pkg/a/a.c", "asm(\".incbin \\\"data/x.bin\\\"\");\n");
	put(t, &f, "pkg/b/b.S", ".incbin \"local.bin\"\n.include \"m.s\"\n");
	put(t, &f, "pkg/b/local.bin", "#include \"../c/c.h\"");
	put(t, &f, "pkg/m.s", ".incbin \"data/x.bin\"\n");
	put(t, &f, "pkg/c/c.c", "asm(\".incbin \" FILE);\n");
	put(t, &f, "pkg/d/d.c", "asm(\".incbin \\\"nowhere\\\"\");\n");
	put(t, &f, "data/x.bin", "x");
	put(t, &f, "data/data.c", "int data;\n");
	add_module(t, &f, "", ".", "");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	T_EQ_STR(t, reads(&f, "pkg/a"), "data/x.bin");
	T_EQ_STR(t, reads(&f, "pkg/b"), "data/x.bin pkg/b/local.bin pkg/m.s");
	T_EQ_STR(t, reads(&f, "pkg/c"), " unknown");
	T_EQ_STR(t, reads(&f, "pkg/d"), " unknown");
	T_EQ_STR(t, imports(&f, "pkg/a"), "");
	arena_fini(&f.a);
}

/* Folders and headers that flags name; every folder's candidate counts. */
void TestLoadSearchFlags(struct test *t)
{
	struct fixture f;

	begin(t, &f);
	put(t, &f, "main.c", "#include \"cfg.h\"\nint main(void) { return 0; }\n");
	put(t, &f, "v1/cfg.h", "\n");
	put(t, &f, "v2/cfg.h", "#include <deep.h>\n");
	put(t, &f, "v3/deep.h", "\n");
	put(t, &f, "v3/forced.h", "\n");
	put(t, &f, "top.h", "\n");
	*vec_push(&f.a, &f.cflags) = STR("-Iv1");
	*vec_push(&f.a, &f.cflags) = STR("-include");
	*vec_push(&f.a, &f.cflags) = STR("forced.h");
	*vec_push(&f.a, &f.cflags) = STR("-imacros");
	*vec_push(&f.a, &f.cflags) = STR("top.h");
	add_module(t, &f, "", ".", "cflags: [-isystem, v2, -idirafter./v3]\n");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	T_EQ_STR(t, reads(&f, "."), "top.h v1/cfg.h v2/cfg.h v3/deep.h v3/forced.h");
	arena_fini(&f.a);
}

/* -D among the flags counts as a define does. */
void TestLoadMainByFlag(struct test *t)
{
	struct fixture f;

	begin(t, &f);
	put(t, &f, "a.c", "#ifdef SELF_TEST\nint main(void) { return 0; }\n#endif\n");
	put(t, &f, "b.c", "#ifdef OTHER\nint main(void) { return 0; }\n#endif\n");
	*vec_push(&f.a, &f.cflags) = STR("-DSELF_TEST=1");
	add_module(t, &f, "", ".", "");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	T_EQ_INT(t, find(&f, ".")->programs.n, 1);
	T_OK(t, str_eqc(find(&f, ".")->programs.v[0].name, "a"));
	arena_fini(&f.a);
}

/* An include whose name macros put together may mean any file: their names count. */
void TestLoadComputedUnknown(struct test *t)
{
	char names[2][80];

	for (int i = 0; i < 2; i++) {
		struct fixture f;

		begin(t, &f);
		put(t, &f, "main.c", "#define X \"x.h\"\n#include X\n");
		put(t, &f, "pkg/a/a.c", "#include HDR(x)\n");
		put(t, &f, i ? "pkg/y.h" : "pkg/x.h", "\n");
		add_module(t, &f, "", ".", "");
		T_CHECK(t, load(t, &f), "%s", f.e.msg);
		T_EQ_INT(t, find(&f, ".")->sources.v[0]->names.n, 0);
		snprintf(names[i], sizeof names[i], "%.*s",
			 STR_ARG(find(&f, "pkg/a")->sources.v[0]->names));
		T_EQ_INT(t, strlen(names[i]), 64);
		arena_fini(&f.a);
	}
	T_OK(t, strcmp(names[0], names[1]) != 0);
}

void TestLoadBraces(struct test *t)
{
	static const struct {
		const char *pattern, *want;
	} cases[] = {
	    {"a.c", "a.c"},
	    {"{a,b}.c", "a.c b.c"},
	    {"src/{a,b/c}{1,2}.c", "src/a1.c src/a2.c src/b/c1.c src/b/c2.c"},
	    {"{a,b{1,2}}.c", "a.c b1.c b2.c"},
	    {"x{,_linux}.c", "x.c x_linux.c"},
	    {"{a", "{a"},
	    {"a}", "a}"},
	    {"{}", ""},
	    {"\\{a,b}", "\\{a,b}"},
	};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str_vec v = {0};
		struct buf b = {0};

		T_OK(t, braces_expand(&a, str_of(cases[i].pattern), &v));
		for (size_t k = 0; k < v.n; k++)
			buf_printf(&b, "%s%.*s", k ? " " : "", STR_ARG(v.v[k]));
		T_EQ_STR(t, str_c(&a, buf_str(&b)), cases[i].want);
		buf_fini(&b);
	}
	T_OK(t, !braces_expand(
		    &a, STR("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"),
		    &(struct str_vec){0}));
	arena_fini(&a);
}

void TestLoadBracesInSources(struct test *t)
{
	struct fixture f;

	begin(t, &f);
	put(t, &f, "src/a.c", "int a;\n");
	put(t, &f, "src/b.c", "int b;\n");
	put(t, &f, "src/x1.c", "int x1;\n");
	put(t, &f, "src/x2.c", "int x2;\n");
	add_module(t, &f, "", ".", "packages: {p: {sources: ['src/{a,x*}.c', '!src/x{2,3}.c']}}\n");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	T_EQ_STR(t, sources(&f, "p"), "src/a.c src/x1.c");
	arena_fini(&f.a);
}

void TestLoadBracesNameWhatIsMissing(struct test *t)
{
	struct fixture f;

	begin(t, &f);
	put(t, &f, "src/a.c", "int a;\n");
	add_module(t, &f, "", ".", "packages: {p: {sources: ['src/{a,b}.c']}}\n");
	T_OK(t, !load(t, &f));
	T_OK(t, strstr(f.e.msg, "src/b.c"));
	arena_fini(&f.a);
}

static const char *closure(struct fixture *f, const char *name)
{
	struct package **v;
	size_t n;
	struct buf b = {0};
	const char *text;

	load_closure(&f->a, find(f, name), false, &v, &n);
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s%.*s", i ? " " : "", STR_ARG(v[i]->name));
	text = str_c(&f->a, buf_str(&b));
	buf_fini(&b);
	return text;
}

/* As redis: server and client share a folder, and a library looks into it. */
void TestLoadSharedHeaderFollowsTheProgram(struct test *t)
{
	struct fixture f;

	begin(t, &f);
	put(t, &f, "src/fix.h", "");
	put(t, &f, "src/dict.c", "int dict;\n");
	put(t, &f, "src/server.c", "#include \"lib.h\"\nint main(void) { return 0; }\n");
	put(t, &f, "src/client.c", "#include \"lib.h\"\nint main(void) { return 0; }\n");
	put(t, &f, "lib/lib.h", "");
	put(t, &f, "lib/lib.c", "#include \"../src/fix.h\"\n");
	put(t, &f, "cmd/other/main.c", "#include \"lib.h\"\nint main(void) { return 0; }\n");
	add_module(t, &f, "", ".",
		   "packages:\n"
		   "  server: {sources: [src/dict.c, src/server.c]}\n"
		   "  client: {sources: [src/dict.c, src/client.c]}\n"
		   "  lib: {sources: [lib/lib.c], export: {include: [lib]}}\n");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	T_EQ_STR(t, closure(&f, "server"), "server lib");
	T_EQ_STR(t, closure(&f, "client"), "client lib");
	T_EQ_STR(t, closure(&f, "cmd/other"), "cmd/other lib server client");
	arena_fini(&f.a);
}

/* As LZ4: lz4hc.c includes parts of lz4.c, which is a source of its own all the same. */
void TestLoadIncludedSourceIsKeptWhenNamed(struct test *t)
{
	struct fixture f;

	begin(t, &f);
	put(t, &f, "lib/lz4.c", "int lz4;\n");
	put(t, &f, "lib/lz4hc.c", "#define PARTS\n#include \"lz4.c\"\n");
	add_module(t, &f, "", ".",
		   "packages:\n"
		   "  dropped: {sources: [lib/*.c]}\n"
		   "  kept: {sources: [lib/*.c, lib/lz4.c]}\n");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	T_EQ_STR(t, sources(&f, "dropped"), "lib/lz4hc.c");
	T_EQ_STR(t, sources(&f, "kept"), "lib/lz4.c lib/lz4hc.c");
	arena_fini(&f.a);
}

/* As xxHash: its header includes the source where XXH_INLINE_ALL is defined. */
void TestLoadInlineSourceIsKept(struct test *t)
{
	struct fixture f;

	begin(t, &f);
	put(t, &f, "xxhash.h", "#ifdef XXH_INLINE\n#include \"xxhash.c\"\n#endif\n");
	put(t, &f, "xxhash.c", "#include \"xxhash.h\"\nint xxhash;\n");
	put(t, &f, "table.c", "1, 2, 3\n");
	put(t, &f, "user.c", "#include \"xxhash.h\"\nint t[] = {\n#include \"table.c\"\n};\n");
	add_module(t, &f, "", ".", "");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	T_EQ_STR(t, sources(&f, "."), "user.c xxhash.c");
	arena_fini(&f.a);
}

void TestLoadFlatFolder(struct test *t)
{
	struct fixture f;

	begin(t, &f);
	put(t, &f, "alpha.c",
	    "int shared(void);\nint main(int argc, char **argv) { return shared(); }\n");
	put(t, &f, "beta.c",
	    "int main(void);\nint shared(void);\nint main(void) { return shared(); }\n");
	put(t, &f, "shared.c",
	    "int shared(void) { return 0; }\nstatic const char *s = \"int main(void) {\";\n");
	add_module(t, &f, "", ".", "");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	T_EQ_INT(t, find(&f, ".")->programs.n, 2);
	T_EQ_STR(t, sources(&f, "."), "alpha.c beta.c shared.c");
	arena_fini(&f.a);
}

void TestLoadPlatformSuffixes(struct test *t)
{
	struct fixture f;

	begin(t, &f);
	put(t, &f, "pkg/os/os.c", "int x;\n");
	put(t, &f, "pkg/os/poll_linux.c", "int a;\n");
	put(t, &f, "pkg/os/poll_windows.c", "int b;\n");
	put(t, &f, "pkg/os/asm_arm64.S", "");
	put(t, &f, "pkg/os/asm_linux_amd64.S", "");
	put(t, &f, "pkg/os/linux.c", "int c;\n");
	put(t, &f, "pkg/os/x_windows_amd64.c", "int d;\n");
	add_module(t, &f, "", ".", "");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	T_EQ_STR(t, sources(&f, "pkg/os"),
		 "pkg/os/asm_linux_amd64.S pkg/os/linux.c pkg/os/os.c pkg/os/poll_linux.c");
	arena_fini(&f.a);
}

/* A .c file that another one includes is part of that one; redis' ae.c and expat are built so. */
void TestLoadIncludedSource(struct test *t)
{
	struct fixture f;

	begin(t, &f);
	put(t, &f, "ae.c",
	    "#ifdef HAVE_EPOLL\n#include \"ae_epoll.c\"\n#else\n#include "
	    "\"ae_select.c\"\n#endif\n");
	put(t, &f, "ae_epoll.c", "static int e;\n");
	put(t, &f, "ae_select.c", "static int s;\n");
	add_module(t, &f, "", ".", "");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	T_EQ_STR(t, sources(&f, "."), "ae.c");
	arena_fini(&f.a);
}

void TestLoadExplicitPackage(struct test *t)
{
	struct fixture f;

	begin(t, &f);
	put(t, &f, "src/a.c", "#include \"a.h\"\n");
	put(t, &f, "src/win32/w.c", "int w;\n");
	put(t, &f, "src/a.h", "");
	put(t, &f, "tools/t.c", "int main(void) { return 0; }\n");
	put(t, &f, "app/app.c", "#include <api.h>\nint main(void) { return 0; }\n");
	put(t, &f, "include/api.h", "");
	add_module(t, &f, "", ".",
		   "packages:\n"
		   "  lib: {sources: [\"src/**/*.c\", \"!src/win32/**\"], include: [src], export: "
		   "{include: [include]}}\n"
		   "  app: {sources: [app/app.c]}\n");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	T_EQ_STR(t, sources(&f, "lib"), "src/a.c");
	T_EQ_STR(t, imports(&f, "app"), "lib");
	T_EQ_INT(t, f.set.packages.n, 2);
	arena_fini(&f.a);
}

void TestLoadRequiredModule(struct test *t)
{
	struct fixture f;
	struct package *p;

	begin(t, &f);
	put(t, &f, "main.c",
	    "#include <z.h>\n#ifdef _WIN32\n#include <gone.h>\n#endif\nint main(void) { return "
	    "z(); }\n");
	put(t, &f, "dep/z.h", "int z(void);\n");
	put(t, &f, "dep/z.c", "#include \"z.h\"\nint z(void) { return 0; }\n");
	add_module(t, &f, "example.com/app", ".", "module: example.com/app\n");
	add_module(t, &f, "example.com/z", "dep",
		   "packages: {z: {sources: [\"*.c\"], export: {include: [.]}}}\n");
	put(t, &f, "dep/cbuild.yaml", "");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	T_EQ_STR(t, imports(&f, "."), "z");
	p = find(&f, ".");
	T_MUST(t, p && p->programs.n == 1);
	T_OK(t, str_eqc(p->programs.v[0].name, "app"));
	T_EQ_INT(t, p->system_include.n, 1);
	T_OK(t,
	     p->sources.v[0]->closure.n == 1 && str_eqc(p->sources.v[0]->closure.v[0], "dep/z.h"));
	arena_fini(&f.a);
}

/* What two modules export is an error where it is included, and only there. */
void TestLoadHeaderOfTwoModules(struct test *t)
{
	static const struct {
		const char *main, *want;
	} cases[] = {
	    {"#include <a.h>\n#include <u/both.h>\nint main(void) { return 0; }\n",
	     "'u/both.h' is a header of example.com/a and of example.com/b"},
	    {"#include <a.h>\n#ifdef WITH_BOTH\n#include <u/both.h>\n#endif\nint main(void) { "
	     "return 0; "
	     "}\n",
	     ""},
	    {"#include <a.h>\n#include <b.h>\nint main(void) { return 0; }\n", ""},
	};
	static const char manifest[] = "packages: {x: {export: {include: [.]}}}\n";

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fixture f;

		begin(t, &f);
		put(t, &f, "main.c", cases[i].main);
		put(t, &f, "a/a.h", "#ifndef A_H\n#define A_H\n#include \"u/both.h\"\n#endif\n");
		put(t, &f, "a/u/both.h", "");
		put(t, &f, "b/b.h", "");
		put(t, &f, "b/u/both.h", "");
		put(t, &f, "a/cbuild.yaml", "");
		put(t, &f, "b/cbuild.yaml", "");
		add_module(t, &f, "example.com/app", ".", "module: example.com/app\n");
		add_module(t, &f, "example.com/a", "a", manifest);
		add_module(t, &f, "example.com/b", "b", manifest);
		test_log(t, "%s", cases[i].main);
		T_CHECK(t, load(t, &f) == !cases[i].want[0], "%s", f.e.msg);
		T_EQ_STR(t, f.e.msg, cases[i].want);
		if (cases[i].want[0])
			T_EQ_INT(t, f.e.line, 2);
		arena_fini(&f.a);
	}
}

/* "." does not list what lies beside it, and a folder that is not there hides none that is. */
void TestLoadModuleBesideTheTree(struct test *t)
{
	struct fixture f;
	struct package *p;

	begin(t, &f);
	put(t, &f, "dep/inc/z/z.h", "#include \"z/deep.h\"\nint z(void);\n");
	put(t, &f, "dep/inc/z/deep.h", "");
	put(t, &f, "dep/z.c", "#include <z/z.h>\nint z(void) { return 0; }\n");
	T_MUST(t, folder_make("project", &f.e) && chdir("project") == 0);
	put(t, &f, "main.c", "#include \"z/z.h\"\nint main(void) { return z(); }\n");
	add_module(t, &f, "example.com/app", ".", "module: example.com/app\n");
	add_module(t, &f, "example.com/z", "../dep",
		   "packages: {z: {sources: [\"*.c\"], export: {include: [inc]}}}\n");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	T_EQ_STR(t, imports(&f, "."), "z");
	p = find(&f, ".");
	T_MUST(t, p && p->sources.n == 1);
	T_EQ_INT(t, p->sources.v[0]->closure.n, 2);
	arena_fini(&f.a);
}

/* #include MACRO: the macro's value comes from a header, or from the package's defines. */
void TestLoadComputedInclude(struct test *t)
{
	struct fixture f;
	struct package *p;

	begin(t, &f);
	put(t, &f, "a.c", "#include \"names.h\"\n#include FT_H\n#include CONFIG\n");
	put(t, &f, "names.h", "#define FT_H \"ft.h\"\n");
	put(t, &f, "ft.h", "");
	put(t, &f, "conf.h", "");
	add_module(
	    t, &f, "", ".",
	    "packages: {a: {sources: [a.c], include: [.], defines: {CONFIG: '\"conf.h\"'}}}\n");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	p = find(&f, "a");
	T_MUST(t, p && p->sources.n == 1);
	T_EQ_INT(t, p->sources.v[0]->closure.n, 3);
	arena_fini(&f.a);
}

/* One header, two search paths, asked for in turn: each package gets its own answer. */
void TestLoadHeaderMeansWhatThePathSays(struct test *t)
{
	static const char yaml[] = "packages:\n"
				   "  a: {sources: [a.c], include: [one, shared]}\n"
				   "  b: {sources: [b.c], include: [two, shared]}\n"
				   "  c: {sources: [c.c], include: [one, shared]}\n"
				   "  d: {sources: [d.c], include: [shared]}\n";
	static const struct {
		const char *package, *want;
	} cases[] = {{"a", "one/conf.h"}, {"b", "two/conf.h"}, {"c", "one/conf.h"}, {"d", ""}};
	struct fixture f;

	begin(t, &f);
	put(t, &f, "shared/hub.h", "#include <conf.h>\n");
	put(t, &f, "one/conf.h", "");
	put(t, &f, "two/conf.h", "");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char name[] = "x.c";

		name[0] = cases[i].package[0];
		put(t, &f, name, "#include <hub.h>\n");
	}
	add_module(t, &f, "", ".", yaml);
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct str_vec *v = &find(&f, cases[i].package)->sources.v[0]->closure;

		T_CHECK(t, v->n == 1 + (cases[i].want[0] != 0), "%s reads %zu headers",
			cases[i].package, v->n);
		T_OK(t, !cases[i].want[0] || str_vec_has(v, str_of(cases[i].want)));
	}
	arena_fini(&f.a);
}

void TestLoadCycleOfPackages(struct test *t)
{
	struct fixture f;
	struct package **v;
	size_t n;

	begin(t, &f);
	put(t, &f, "pkg/a/a.h", "");
	put(t, &f, "pkg/a/a.c", "#include \"b/b.h\"\n");
	put(t, &f, "pkg/b/b.h", "");
	put(t, &f, "pkg/b/b.c", "#include \"a/a.h\"\n");
	add_module(t, &f, "", ".", "");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	load_closure(&f.a, find(&f, "pkg/a"), false, &v, &n);
	T_EQ_INT(t, n, 2);
	arena_fini(&f.a);
}

void TestLoadMistakes(struct test *t)
{
	static const struct {
		const char *yaml, *want, *fix;
	} cases[] = {
	    {"packages: {a: {sources: [nothing/*.c]}}\n",
	     "pattern 'nothing/*.c' of package 'a' matches no source", "relative"},
	    {"packages: {a: {sources: [gone.c]}}\n",
	     "source 'gone.c' of package 'a' does not exist", "relative"},
	    {"packages: {a: {sources: [x.c], uses: [zz]}}\n", "package 'a' uses 'zz'",
	     "required module"},
	    {"packages: {a: {sources: [m1.c], program: p}, b: {sources: [m2.c], program: p}}\n",
	     "two programs are named 'p': m1.c and m2.c", "rename"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fixture f;

		begin(t, &f);
		put(t, &f, "x.c", "int x;\n");
		put(t, &f, "m1.c", "int main(void) { return 0; }\n");
		put(t, &f, "m2.c", "int main(void) { return 0; }\n");
		add_module(t, &f, "", ".", cases[i].yaml);
		T_CHECK(t, !load(t, &f), "case %zu loaded", i);
		T_CHECK(t, strstr(f.e.msg, cases[i].want), "got '%s', want '%s'", f.e.msg,
			cases[i].want);
		T_CHECK(t, strstr(f.e.fix, cases[i].fix), "got fix '%s', want '%s'", f.e.fix,
			cases[i].fix);
		arena_fini(&f.a);
	}
}

void TestLoadMatchPatterns(struct test *t)
{
	static const struct {
		const char *pattern;
		size_t want;
	} cases[] = {{"./...", 3}, {"pkg/...", 2},   {"./pkg/a", 1},
		     {"tool", 1},  {"pkg/a/...", 1}, {"nope", 0}};
	struct fixture f;

	begin(t, &f);
	put(t, &f, "pkg/a/a.c", "int a;\n");
	put(t, &f, "pkg/ab/b.c", "int b;\n");
	put(t, &f, "cmd/tool/t.c", "int main(void) { return 0; }\n");
	add_module(t, &f, "", ".", "");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str pattern = str_of(cases[i].pattern);
		struct package **v;
		size_t n = 0;
		bool ok = load_match(&f.a, &f.set, &pattern, 1, &v, &n, &f.e);

		T_CHECK(t, ok == (cases[i].want > 0), "%s", cases[i].pattern);
		if (ok)
			T_CHECK(t, n == cases[i].want, "%s: got %zu, want %zu", cases[i].pattern, n,
				cases[i].want);
	}
	arena_fini(&f.a);
}

void TestLoadTextDefines(struct test *t)
{
	static const struct {
		const char *text;
		bool want;
	} cases[] = {
	    {"int f(void)\n{\n}\n", true},
	    {"int\nf (int a,\n   int (*b)(void)) {\n}\n", true},
	    {"f(a)\n{}\n", true},
	    {"int f(void);\n", false},
	    {"static int f(void) {\n}\n", false},
	    {"int g(void)\n{\n\tif (f(1)) {\n\t}\n}\n", false},
	    {"int ff(void) {\n}\nint f2(void) {\n}\n", false},
	    {"#define f(x) { x }\n", false},
	    {"int f", false},
	    {"int f(((((", false},
	    {"int f)\n{", false},
	    {"", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		T_CHECK(t, load_text_defines(str_of(cases[i].text), STR("f")) == cases[i].want,
			"%s", cases[i].text);
}

void TestLoadTextNames(struct test *t)
{
	static const struct {
		const char *text;
		bool configure;
		size_t want;
	} cases[] = {
	    {"a:\nCFLAGS = -DNAME=1\n", false, 2},
	    {"x.h NAME: mk\n", false, 1},
	    {"# NAME\n\tcc -O NAME.c\n", false, 2},
	    {"NAMES xNAME NAME_ -UNAME_X\n", false, 0},
	    {"check_include_file(NAME HAVE)\n", false, 0},
	    {"AC_CHECK_HEADERS([ \\\n NAME \\\n])\n", true, 0},
	    {"x\nAC_CONFIG_HEADERS([NAME])\n", true, 2},
	    {"AC_DEFINE([NAME], 1)", true, 1},
	    {"", false, 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		T_CHECK(t,
			load_text_names(str_of(cases[i].text), STR("NAME"), cases[i].configure) ==
			    cases[i].want,
			"%s", cases[i].text);
}

void TestLoadMissingIncludeFolder(struct test *t)
{
	static const char *const yaml[] = {
	    "packages: {p: {sources: a.c, include: nodir}}\n",
	    "packages: {p: {sources: a.c, export: {include: [nodir]}}}\n",
	    "packages: {p: {sources: a.c, when: [{os: linux, include: nodir}]}}\n",
	};

	for (size_t i = 0; i < sizeof yaml / sizeof yaml[0]; i++) {
		struct fixture f;

		begin(t, &f);
		put(t, &f, "a.c", "int a;\n");
		add_module(t, &f, "", ".", yaml[i]);
		T_OK(t, !load(t, &f));
		T_CHECK(t, strstr(f.e.msg, "include folder 'nodir' of package 'p'"), "%s", f.e.msg);
		T_EQ_INT(t, f.e.line, 1);
		arena_fini(&f.a);
	}
}

/* A package named "." is the root: its program cannot be a file named ".". */
void TestLoadExplicitRootProgram(struct test *t)
{
	struct fixture f;

	begin(t, &f);
	put(t, &f, "main.c", "int main(void) { return 0; }\n");
	add_module(t, &f, "example.com/tool", ".", "packages: {.: {sources: [main.c]}}\n");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	T_EQ_INT(t, find(&f, ".")->programs.n, 1);
	T_EQ_STR(t, str_c(&f.a, find(&f, ".")->programs.v[0].name), "tool");
	arena_fini(&f.a);
}

void TestLoadMainIsNamedAfterItsFolder(struct test *t)
{
	static const struct {
		const char *file, *module, *want;
	} cases[] = {
	    {"main.c", "example.com/shop", "shop"}, {"src/main.c", "example.com/shop", "shop"},
	    {"src/main.c", "", "project"},	    {"src/till.c", "", "till"},
	    {"tools/dump/main.c", "", "dump"},	    {"cmd/till/till_main.c", "", "till"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fixture f;

		begin(t, &f);
		T_MUST(t, folder_make("project", &f.e) && chdir("project") == 0);
		put(t, &f, cases[i].file, "int main(void) { return 0; }\n");
		add_module(t, &f, cases[i].module, ".", "");
		T_CHECK(t, load(t, &f), "%s", f.e.msg);
		T_MUST(t, f.set.packages.n == 1 && f.set.packages.v[0]->programs.n == 1);
		T_CHECK(t, str_eqc(f.set.packages.v[0]->programs.v[0].name, cases[i].want),
			"%s: %.*s", cases[i].file,
			STR_ARG(f.set.packages.v[0]->programs.v[0].name));
		T_MUST(t, unlink(cases[i].file) == 0);
		arena_fini(&f.a);
	}
}

/* A file that a package of the manifest compiles is not its folder's too. */
void TestLoadExplicitTakes(struct test *t)
{
	struct fixture f;

	begin(t, &f);
	put(t, &f, "cmd/p/main.c", "int main(void) { return 0; }\n");
	put(t, &f, "cmd/q/main.c", "int main(void) { return 0; }\n");
	add_module(t, &f, "", ".", "packages: {p: {sources: [cmd/p/*.c]}}\n");
	T_CHECK(t, load(t, &f), "%s", f.e.msg);
	T_EQ_STR(t, sources(&f, "p"), "cmd/p/main.c");
	T_EQ_STR(t, sources(&f, "cmd/p"), "");
	T_EQ_STR(t, sources(&f, "cmd/q"), "cmd/q/main.c");
	arena_fini(&f.a);
}

/* Includes find a config header where no file is; what its template includes counts. */
void TestLoadConfig(struct test *t)
{
	struct fixture f;
	const struct source *s;

	begin(t, &f);
	put(t, &f, "a.c", "#include \"config.h\"\nint main(void){return 0;}\n");
	put(t, &f, "config.h.in", "#include \"more.h\"\n#undef HAVE_ARM\n#undef HAVE_X\n");
	put(t, &f, "more.h", "");
	add_module(t, &f, "", ".",
		   "packages: {p: {sources: [a.c], include: [.]}}\n"
		   "config:\n  config.h:\n    from: config.h.in\n    values: {HAVE_X: false}\n"
		   "    when: [{arch: arm64, values: {HAVE_ARM: 2}}]\n");
	T_MUST(t, load(t, &f));
	s = f.set.packages.v[0]->sources.v[0];
	T_EQ_INT(t, s->waits.n, 1);
	T_EQ_STR(t, str_c(&f.a, s->waits.v[0]->out.v[0]), "build/linux-amd64/config/main/config.h");
	T_EQ_INT(t, s->waits.v[0]->config->values.n, 1);
	T_EQ_INT(t, s->waits.v[0]->config->checks.n,
		 1); /* HAVE_ARM: as its name says; not HAVE_X */
	T_EQ_INT(t, s->closure.n, 1);
	T_EQ_STR(t, str_c(&f.a, s->closure.v[0]), "more.h");
	arena_fini(&f.a);
}

/* A port serves many versions: its values may name the one that is built. */
void TestLoadConfigVersion(struct test *t)
{
	struct fixture f;
	const struct source *s;

	begin(t, &f);
	put(t, &f, "a.c", "#include <z.h>\nint main(void){return 0;}\n");
	put(t, &f, "z/z.c", "");
	add_module(t, &f, "", ".", "packages: {p: {sources: [a.c]}}\n");
	add_module(
	    t, &f, "example.com/z", "z",
	    "packages: {z: {sources: [z.c]}}\n"
	    "config:\n  z.h:\n    export: true\n    values: {V: '\"{version}\"', N: '{0}'}\n");
	f.list.modules.v[1].version = STR("v1.52.3");
	f.list.modules.v[1].from_port = true;
	T_MUST(t, load(t, &f));
	s = find(&f, "p")->sources.v[0];
	T_MUST(t, s->waits.n == 1 && s->waits.v[0]->config->values.n == 2);
	T_EQ_STR(t, str_c(&f.a, s->waits.v[0]->config->values.v[0].value), "\"1.52.3\"");
	T_EQ_STR(t, str_c(&f.a, s->waits.v[0]->config->values.v[1].value), "{0}");
	arena_fini(&f.a);
}
