/*
 * Made files: generate, embed, foreign.
 */
#include "load/fixture_test.h"

/* The outputs of what s waits for, joined by blanks. */
static const char *waits(struct fixture *f, const char *package, size_t source)
{
	struct source *s = find(f, package)->sources.v[source];
	struct buf b = {0};
	const char *text;

	for (size_t i = 0; i < s->waits.n; i++)
		buf_printf(&b, "%s%.*s", i ? " " : "", STR_ARG(s->waits.v[i]->out.v[0]));
	text = str_c(&f->a, buf_str(&b));
	buf_fini(&b);
	return text;
}

/* Made files belong where their paths say, and are found as if they were there. */
void TestLoadMade(struct test *t)
{
	struct fixture f;
	const struct source *s;

	begin(t, &f);
	put(t, &f, "cmd/app/main.c",
	    "#include \"lex/lex.h\"\n#include \"lex/tokens.h\"\nint main(void) { return lex(); "
	    "}\n");
	put(t, &f, "cmd/mk/main.c", "int main(void) { return 0; }\n");
	put(t, &f, "pkg/lex/lex.h", "int lex(void);\n");
	put(t, &f, "pkg/lex/help.c", "#include \"lex.h\"\nint help;\n");
	put(t, &f, "lex.re", "");
	put(t, &f, "static/a", "a");
	put(t, &f, "static/.b", "b");
	/* What an earlier build left there is nothing. */
	put(t, &f, "build/linux-amd64/gen/main/pkg/lex/old.h", "#include \"gone.h\"\n");
	add_module(t, &f, "", ".",
		   "generate:\n"
		   "  - {run: [mk, $in, $out], in: lex.re, out: pkg/lex/lex.c}\n"
		   "  - {run: [mk, $in, $out], in: lex.re, out: pkg/lex/tokens.h}\n"
		   "  - {run: [mk, $in, $out], in: pkg/lex/lex.c, out: pkg/lex/more.h}\n"
		   "embed: {assets: static/**}\n");
	if (!load(t, &f))
		test_fatal(t, __FILE__, __LINE__, "%s", f.e.msg);
	T_EQ_STR(t, sources(&f, "pkg/lex"), "pkg/lex/help.c pkg/lex/lex.c");
	T_EQ_STR(t, imports(&f, "cmd/app"), "pkg/lex");
	s = find(&f, "pkg/lex")->sources.v[1];
	T_EQ_STR(t, s->path.p, "build/linux-amd64/gen/main/pkg/lex/lex.c");
	T_MUST(t, s->made && s->made->maker->in.n == 1);
	T_EQ_STR(t, s->made->maker->in.v[0].p, "lex.re");
	T_EQ_STR(t, s->made->maker->tool_program.p, "mk");
	T_EQ_STR(t, waits(&f, "pkg/lex", 0), "");
	/* A made source may include any made header; so may who includes one. */
	T_EQ_STR(t, waits(&f, "pkg/lex", 1),
		 "build/linux-amd64/gen/main/pkg/lex/tokens.h "
		 "build/linux-amd64/gen/main/pkg/lex/more.h "
		 "build/linux-amd64/gen/main/embed/assets.h");
	T_OK(t, str_containsc(str_of(waits(&f, "cmd/app", 0)), "pkg/lex/tokens.h"));
	/* The program that makes them cannot wait for them. */
	T_EQ_STR(t, waits(&f, "cmd/mk", 0), "");
	s = find(&f, "embed")->sources.v[0];
	T_MUST(t, s->closure.n == 1);
	T_EQ_STR(t, s->closure.v[0].p, "static/a");
	T_OK(t, str_vec_has(&find(&f, "pkg/lex")->quote_include, STR("pkg/lex")));
	arena_fini(&f.a);
}

/* A foreign package's headers are known by their globs, in the module that requires it too. */
void TestLoadForeign(struct test *t)
{
	struct fixture f;
	const struct package *ssl;

	begin(t, &f);
	put(t, &f, "cmd/app/main.c",
	    "#include <ssl/ssl.h>\n#include <ssl.h>\nint main(void) { return 0; }\n");
	put(t, &f, "ssl/src.c", "int x;\n");
	put(t, &f, "ssl/Makefile", "all:\n");
	put(t, &f, "ssl/.version", "1\n");
	put(t, &f, "ssl/.git/HEAD", "x\n");
	put(t, &f, "build/linux-amd64/foreign/example.com/ssl/foreign/include/ssl.h", "");
	add_module(t, &f, "", ".", "");
	add_module(
	    t, &f, "example.com/ssl", "ssl",
	    "foreign: {system: make, libs: [libssl.a], include: [include], headers: [ssl/*.h]}\n");
	if (!load(t, &f))
		test_fatal(t, __FILE__, __LINE__, "%s", f.e.msg);
	ssl = find(&f, "foreign");
	T_MUST(t, ssl && ssl->foreign);
	T_EQ_STR(t, imports(&f, "cmd/app"), "foreign");
	T_EQ_STR(t, waits(&f, "cmd/app", 0),
		 "build/linux-amd64/foreign/example.com/ssl/foreign/libssl.a");
	T_EQ_INT(t, find(&f, "cmd/app")->sources.v[0]->closure.n, 0);
	T_MUST(t, ssl->foreign->in.n == 3);
	T_EQ_STR(t, ssl->foreign->in.v[0].p, "ssl/.version");
	T_EQ_STR(t, ssl->foreign->in.v[1].p, "ssl/Makefile");
	T_OK(t, path_is_abs(ssl->foreign->tools.v[0]));
	arena_fini(&f.a);
}
