#include "format/ctok.h"

#include <stdlib.h>
#include <string.h>

#include "cbuild/test.h"

static struct ctok_facts scan(struct test *t, struct arena *a, const char *src)
{
	struct ctok_facts f;

	T_CHECK(t, ctok_scan(a, str_of(src), CTOK_MAIN | CTOK_TESTS, &f), "source:\n%s", src);
	return f;
}

/* "NAME:FORM:VERB:LINE:DEPTH" of each include; dead ones have a '-' before, conditional ones a '?'. */
static const char *show(struct arena *a, const struct ctok_facts *f)
{
	struct buf b = {0};
	const char *text;

	for (size_t i = 0; i < f->includes.n; i++) {
		const struct ctok_include *x = &f->includes.v[i];

		buf_printf(&b, "%s%s%s%.*s:%c%c:%d:%u", i ? " " : "", x->dead ? "-" : "",
			   x->conditional ? "?" : "", STR_ARG(x->name), "QAM"[x->form],
			   "INEP"[x->verb], x -> line, x -> depth);
	}
	text = str_dup(a, buf_str(&b)).p;
	buf_fini(&b);
	return text;
}

static const struct {
	const char *src, *want;
} include_cases[] = {
    {"#include \"a.h\"\n#include <b/c.h>\n", "a.h:QI:1:0 b/c.h:AI:2:0"},
    {"  #  include\t<a.h> // why\n", "a.h:AI:1:0"},
    {"#include <a.h>", "a.h:AI:1:0"},
    {"/* #include <no.h> */\n#include <a.h>\n", "a.h:AI:2:0"},
    {"/* x\n*/ #include <a.h>\n", "a.h:AI:2:0"},
    {"int x; /* y\n*/ #include <no.h>\n", ""},
    {"int x; #include <no.h>\n", ""},
    {"// a \\\n#include <no.h>\n#include <a.h>\n", "a.h:AI:3:0"},
    {"// a \\\r\n#include <no.h>\r\n#include <a.h>\r\n", "a.h:AI:3:0"},
    {"const char *s = \"\\\n#include <no.h>\\\n\";\n#include <a.h>\n", "a.h:AI:4:0"},
    {"char c = '\"';\n#include <a.h>\n", "a.h:AI:2:0"},
    {"char c = '\\'';\n#include <a.h>\n", "a.h:AI:2:0"},
    {"int n = 1'000'000; /*'*/\n#include <a.h>\n", "a.h:AI:2:0"},
    {"int n = 0x'ff'; \n#include <a.h>\n", "a.h:AI:2:0"},
    {"wchar_t c = L'/'; // '\n#include <a.h>\n", "a.h:AI:2:0"},
    {"#inc\\\nlude <a\\\n.h>\n#include <b.h>\n", "a.h:AI:1:0 b.h:AI:4:0"},
    {"/\\\n* x *\\\n/ #include <a.h>\n", "a.h:AI:3:0"},
    {"/\\\n/ #include <no.h>\n#include <a.h>\n", "a.h:AI:3:0"},
    {"/*/ #include <no.h> */\n#include <a.h>\n", "a.h:AI:2:0"},
    {"/* unterminated\n#include <no.h>\n", ""},
    {"%:include <a.h>\n%: include \"b.h\"\n", "a.h:AI:1:0 b.h:QI:2:0"},
    {"int a = b %:c;\n%:include <a.h>\n", "a.h:AI:2:0"},
    {"#include MACRO(x, y)\n", "MACRO(x, y):MI:1:0"},
    {"#include <unterminated\n#include <a.h>\n", "<unterminated:MI:1:0 a.h:AI:2:0"},
    {"#include\n#include <a.h>\n", "a.h:AI:2:0"},
    {"#include_next <a.h>\n#embed \"d.bin\" limit(4)\n#import <b.h>\n",
     "a.h:AN:1:0 d.bin:QE:2:0 b.h:AI:3:0"},
    {"#if __has_include(<x.h>) && __has_include(\"y.h\")\n#endif\n", "x.h:AP:1:0 y.h:QP:1:0"},
    {"#if __has_include(MACRO)\n#endif\n#include <a.h>\n", "a.h:AI:3:0"},
    {"#define F \"f.h\" /* \n*/\n#include F\n", "F:MI:3:0"},
    {"#error don't\n#include <a.h>\n", "a.h:AI:2:0"},
    {"#define X /* a\n#include <no.h> */ 1\n#include <a.h>\n", "a.h:AI:3:0"},
    {"#define X 1'000 /* a\n#include <no.h> */\n#include <a.h>\n", "a.h:AI:3:0"},
};

void TestCtokIncludes(struct test *t)
{
	struct arena a = {0};

	for (size_t i = 0; i < sizeof include_cases / sizeof *include_cases; i++) {
		struct ctok_facts f = scan(t, &a, include_cases[i].src);
		const char *got = show(&a, &f);

		T_CHECK(t, strcmp(got, include_cases[i].want) == 0,
			"source:\n%s\ngot:  %s\nwant: %s", include_cases[i].src, got,
			include_cases[i].want);
	}
	arena_fini(&a);
}

static const struct {
	const char *src, *want;
} branch_cases[] = {
    {"#if 0\n#include <a.h>\n#else\n#include <b.h>\n#endif\n", "-a.h:AI:2:1 b.h:AI:4:1"},
    {"#if 1\n#include <a.h>\n#else\n#include <b.h>\n#endif\n", "a.h:AI:2:1 -b.h:AI:4:1"},
    {"#ifdef _WIN32\n#include <a.h>\n#elif defined(X)\n#include <b.h>\n#else\n#include "
     "<c.h>\n#endif\n",
     "-a.h:AI:2:1 ?b.h:AI:4:1 ?c.h:AI:6:1"},
    {"#ifndef _WIN32\n#include <a.h>\n#else\n#include <b.h>\n#endif\n", "a.h:AI:2:1 -b.h:AI:4:1"},
    {"#ifndef A_H\n#define A_H\n#include <a.h>\n#endif\n", "a.h:AI:3:0"},
    {"#if !defined(A_H)\n#define A_H\n#include <a.h>\n#endif\n", "a.h:AI:3:0"},
    {"#if !defined A_H && X\n#define A_H\n#include <a.h>\n#endif\n", "?a.h:AI:3:1"},
    {"#ifndef A_H\n#include <z.h>\n#define A_H\n#include <a.h>\n#endif\n",
     "?z.h:AI:2:1 ?a.h:AI:4:1"},
    {"#ifdef X\n#ifdef __APPLE__\n#include <a.h>\n#endif\n#include <b.h>\n#endif\n#include <c.h>\n",
     "-a.h:AI:3:2 ?b.h:AI:5:1 c.h:AI:7:0"},
    {"#if 0\n#if 1\n#include <a.h>\n#else\n#include <b.h>\n#endif\n#endif\n",
     "-a.h:AI:3:2 -b.h:AI:5:2"},
    {"#elif X\n#else\n#endif\n#endif\n#include <a.h>\n", "a.h:AI:5:0"},
    {"#if defined(__linux__) || defined(__sun)\n#include <a.h>\n#endif\n", "a.h:AI:2:1"},
    {"#elifdef\n#ifdef X\n#elifndef _WIN32\n#include <a.h>\n#else\n#include <b.h>\n#endif\n",
     "?a.h:AI:4:1 -b.h:AI:6:1"},
};

void TestCtokBranches(struct test *t)
{
	struct arena a = {0};

	for (size_t i = 0; i < sizeof branch_cases / sizeof *branch_cases; i++) {
		struct ctok_facts f = scan(t, &a, branch_cases[i].src);
		const char *got = show(&a, &f);

		T_CHECK(t, strcmp(got, branch_cases[i].want) == 0,
			"source:\n%s\ngot:  %s\nwant: %s", branch_cases[i].src, got,
			branch_cases[i].want);
	}
	arena_fini(&a);
}

static const struct {
	const char *expr;
	enum ctok_truth truth;
	bool by_default;
	const char *names;
} conditions[] = {
    {"0", CTOK_FALSE, false, ""},
    {"1L", CTOK_TRUE, true, ""},
    {"0x0", CTOK_FALSE, false, ""},
    {"!0", CTOK_TRUE, true, ""},
    {"defined(_WIN32)", CTOK_FALSE, false, ""},
    {"!defined _WIN32 && !defined(__APPLE__)", CTOK_TRUE, true, ""},
    {"defined(X)", CTOK_UNKNOWN, false, "X"},
    {"!defined(X)", CTOK_UNKNOWN, true, "X"},
    {"defined(X) && 0", CTOK_FALSE, false, "X"},
    {"defined(X) || 1", CTOK_TRUE, true, "X"},
    {"defined(X) || defined(_WIN32) && Y", CTOK_UNKNOWN, false, "X Y"},
    {"(defined(X) || 1) && !(0)", CTOK_TRUE, true, "X"},
    {"!(defined(_WIN32) || defined(__CYGWIN__))", CTOK_TRUE, true, ""},
    {"X", CTOK_UNKNOWN, false, "X"},
    {"__linux__", CTOK_TRUE, true, ""},
    {"_MSC_VER >= 1400", CTOK_FALSE, false, ""},
    {"_MSC_VER < 1400", CTOK_UNKNOWN, false, ""},
    {"__GNUC__ >= 4", CTOK_UNKNOWN, true, ""},
    {"X > 3 && Y == 2", CTOK_UNKNOWN, false, "X Y"},
    {"(A + B) > 3", CTOK_UNKNOWN, false, "A B"},
    {"X ? 1 : 0", CTOK_UNKNOWN, false, "X"},
    {"FOO(1, 2) && 0", CTOK_FALSE, false, "FOO"},
    {"", CTOK_UNKNOWN, false, ""},
    {"((((", CTOK_UNKNOWN, false, ""},
    {"))", CTOK_UNKNOWN, false, ""},
    {"&& 1", CTOK_UNKNOWN, false, ""},
    {"defined", CTOK_UNKNOWN, false, ""},
    {"! ! defined(X) /* y */", CTOK_UNKNOWN, false, "X"},
};

void TestCtokConditions(struct test *t)
{
	struct arena a = {0};

	for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
		struct str_vec names = {0};
		struct ctok_value v = ctok_condition(&a, str_of(conditions[i].expr), &names);
		struct buf b = {0};

		for (size_t k = 0; k < names.n; k++)
			buf_printf(&b, "%s%.*s", k ? " " : "", STR_ARG(names.v[k]));
		T_CHECK(
		    t, v.truth == conditions[i].truth && v.by_default == conditions[i].by_default,
		    "'%s': truth %d default %d", conditions[i].expr, (int)v.truth, v.by_default);
		T_CHECK(t, str_eqc(buf_str(&b), conditions[i].names),
			"'%s': names '%.*s', want '%s'", conditions[i].expr, STR_ARG(buf_str(&b)),
			conditions[i].names);
		buf_fini(&b);
	}
	arena_fini(&a);
}

/* Nesting beyond the stacks must give an answer, not a fault. */
void TestCtokConditionDeep(struct test *t)
{
	struct arena a = {0};
	struct buf b = {0};

	for (int i = 0; i < 100000; i++)
		buf_addc(&b, i % 2 ? "(" : "!");
	T_EQ_INT(t, ctok_condition(&a, buf_str(&b), NULL).truth, CTOK_UNKNOWN);
	buf_clear(&b);
	for (int i = 0; i < 100000; i++)
		buf_addc(&b, "1 && ");
	buf_addc(&b, "0");
	T_EQ_INT(t, ctok_condition(&a, buf_str(&b), NULL).truth, CTOK_FALSE);
	buf_fini(&b);
	arena_fini(&a);
}

static const struct {
	const char *src;
	bool has, conditional, by_default;
	int line;
	const char *guards;
} main_cases[] = {
    {"int main(void)\n{\n}\n", true, false, true, 1, ""},
    {"int\nmain(int argc, char *argv[])\n{", true, false, true, 2, ""},
    {"main(argc, argv) int argc; char **argv; {}", true, false, true, 1, ""},
    {"main() {}", true, false, true, 1, ""},
    {"int main(void);\nint x;", false, false, false, 0, ""},
    {"extern int main(int, char **);\nvoid f(void) { main(1, 0); }", false, false, false, 0, ""},
    {"int f(void) { return main(0, 0); }", false, false, false, 0, ""},
    {"int f(void) { if (x.main(1)) { y(); } }", false, false, false, 0, ""},
    {"int f(void) { if (main(1)) { y(); } }", false, false, false, 0, ""},
    {"// int main(void) {\nchar *s = \"int main(void) {\";", false, false, false, 0, ""},
    {"int mainly(void) {} int domain(void) {}", false, false, false, 0, ""},
    {"int main(void) MACRO;\nstruct x { int y; };", false, false, false, 0, ""},
    {"int main(void) __attribute__((noreturn));\nint x(void) {}", false, false, false, 0, ""},
    {"__attribute__((cold)) int main(int argc, char **argv) MACRO(1) {", true, false, true, 1, ""},
    {"#ifdef TEST_MAIN\nint main(void) {}\n#endif\n", true, true, false, 2, "TEST_MAIN"},
    {"#ifndef NO_MAIN\nint main(void) {}\n#endif\n", true, true, true, 2, "NO_MAIN"},
    {"#if 0\nint main(void) {}\n#endif\n", false, false, false, 0, ""},
    {"#ifdef _WIN32\nint main(void) {}\n#endif\n", false, false, false, 0, ""},
    {"#ifdef X\nint main(void)\n#else\nint main(int c, char **v)\n#endif\n{}", true, true, true, 2,
     "X"},
    {"#ifdef X\n#if A && B\nint main(void) {}\n#endif\n#endif\n", true, true, false, 3, "X A B"},
    {"#ifdef X\nint main(void) {}\n#else\nint main(void) {}\n#endif\n", true, true, true, 2, "X"},
    {"#ifdef X\nint main(void) {}\n#endif\nint main(int c, char **v) {}\n", true, false, true, 2,
     "X"},
    {"#ifndef GUARD\n#define GUARD\nint main(void) {}\n#endif\n", true, false, true, 3, ""},
    {"int ma\\\nin(void) {}\n", true, false, true, 1, ""},
    {"int main(void) <%%>", true, false, true, 1, ""},
    {"#define MAIN int main(void) {\n", false, false, false, 0, ""},
    {"int (main)(void)\n{\n}\n", true, false, true, 1, ""},
    {"int f(void) { if ((main)(1)) { y(); } return (main)(1, 0); }", false, false, false, 0, ""},
    {"#define main prog_main\nint main(void) {}\n", false, false, false, 0, ""},
    {"#define main prog_main\n#include \"prog.c\"\n#undef main\nint main(void) {}\n", true, false,
     true, 4, ""},
    {"#ifdef SDL\n#define main SDL_main\n#endif\nint main(void) {}\n", true, false, true, 4, ""},
};

void TestCtokMain(struct test *t)
{
	struct arena a = {0};

	for (size_t i = 0; i < sizeof main_cases / sizeof *main_cases; i++) {
		struct ctok_facts f = scan(t, &a, main_cases[i].src);
		struct buf b = {0};

		for (size_t k = 0; k < f.main_guards.n; k++)
			buf_printf(&b, "%s%.*s", k ? " " : "", STR_ARG(f.main_guards.v[k]));
		T_CHECK(t,
			f.has_main == main_cases[i].has &&
			    f.main_conditional == main_cases[i].conditional &&
			    f.main_by_default == main_cases[i].by_default &&
			    f.main_line == main_cases[i].line &&
			    str_eqc(buf_str(&b), main_cases[i].guards),
			"source:\n%s\nmain %d conditional %d default %d line %d guards %.*s",
			main_cases[i].src, f.has_main, f.main_conditional, f.main_by_default,
			f.main_line, STR_ARG(buf_str(&b)));
		buf_fini(&b);
	}
	arena_fini(&a);
}

void TestCtokTests(struct test *t)
{
	struct arena a = {0};
	struct ctok_facts f = scan(t, &a,
				   "void TestA(struct test *t)\n{\n}\n"
				   "void TestB(struct test *t);\n"
				   "static void TestC(struct test *t) {}\n"
				   "void Testing(struct test *t) {}\n"
				   "int TestD(struct test *t) {}\n"
				   "void TestE(struct test *) {}\n"
				   "#if 0\nvoid TestF(struct test *t) {}\n#endif\n"
				   "#ifdef __x86_64__\nvoid Test_g(struct test *t) {}\n#endif\n"
				   "/* void TestH(struct test *t) {} */\n"
				   "void Test1(struct test *t) {}\nvoid TestA(struct test *t) {}\n"
				   "void TestI(struct testing *t) {}\n");
	static const char *const want[] = {"TestA", "TestE", "Test_g", "Test1"};

	T_EQ_INT(t, f.tests.n, 4);
	for (size_t i = 0; i < f.tests.n && i < 4; i++)
		T_CHECK(t, str_eqc(f.tests.v[i], want[i]), "test %zu: %.*s, want %s", i,
			STR_ARG(f.tests.v[i]), want[i]);
	arena_fini(&a);
}

void TestCtokDefines(struct test *t)
{
	struct arena a = {0};
	struct ctok_facts f =
	    scan(t, &a,
		 "#define A \"a.h\"\n#define B <b.h>\n#define C 3\n#define D(x) \"d.h\"\n"
		 "#if 0\n#define E \"e.h\"\n#endif\n#define F\n");

	T_MUST(t, f.defines.n == 2);
	T_OK(t, str_eqc(f.defines.v[0].name, "A") && str_eqc(f.defines.v[0].value, "a.h"));
	T_OK(t, str_eqc(f.defines.v[1].name, "B") && f.defines.v[1].form == CTOK_ANGLE);
	arena_fini(&a);
}

void TestCtokAsmReads(struct test *t)
{
	static const struct {
		const char *src;
		unsigned what;
		const char *reads; /* joined by blanks */
		bool unknown;
	} cases[] = {
	    {"__asm__(\".incbin \\\"x.bin\\\"\");", 0, "x.bin", false},
	    {"asm(\"b:\\n\\t.incbin \\\"a/b c\\\"\\n.include \\\"i.s\\\"\");", 0, "a/b c i.s",
	     false},
	    {"asm(\".incbin \\\"\" FILE \"\\\"\");", 0, "", true},
	    {"asm(\".incbin \" STR(FILE));", 0, "", true},
	    {"asm(\".incbin \" \"\\\"x\\\"\");", 0, "", true},
	    {"asm(\".incbin %c0\" : : \"i\"(p));", 0, "", true},
	    {"int incbin; // .incbin is mentioned, .include too", 0, "", false},
	    {"puts(\"see .include \");  x.include = 1; s.included();", 0, "", false},
	    {"blob:\n .incbin \"x\", 4\n\t.include \"m.inc\"\n", CTOK_ASM, "x m.inc", false},
	    {"blob:\n .incbin \"x\"\n", 0, "x", false},
	    {".incbin FILE\n", CTOK_ASM, "", true},
	    {".incbin \"x\n", CTOK_ASM, "", true},
	    {".incbin", CTOK_ASM, "", true},
	    {"x.incbin \"y\"", CTOK_ASM, "", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena a = {0};
		struct ctok_facts f;
		struct buf reads = {0};

		T_OK(t, ctok_scan(&a, str_of(cases[i].src), cases[i].what, &f));
		for (size_t k = 0; k < f.asm_reads.n; k++)
			buf_printf(&reads, "%s%.*s", k ? " " : "", STR_ARG(f.asm_reads.v[k]));
		if (!str_eqc(buf_str(&reads), cases[i].reads) || f.asm_unknown != cases[i].unknown)
			test_fail(t, __FILE__, __LINE__, "%s: got '%.*s', unknown %d", cases[i].src,
				  STR_ARG(buf_str(&reads)), f.asm_unknown);
		buf_fini(&reads);
		arena_fini(&a);
	}
}

void TestCtokTokens(struct test *t)
{
	static const struct {
		enum ctok_kind kind;
		const char *text;
	} want[] = {
	    {CTOK_IDENT, "x"},
	    {CTOK_PUNCT, "="},
	    {CTOK_NUMBER, "0x1.8p-3"},
	    {CTOK_PUNCT, "+"},
	    {CTOK_NUMBER, ".5e+2f"},
	    {CTOK_PUNCT, "<:"},
	    {CTOK_IDENT, "L"},
	    {CTOK_STRING, "\"a\\\"b\""},
	    {CTOK_CHAR, "'\\''"},
	    {CTOK_NUMBER, "1'000"},
	    {CTOK_IDENT, "\xc3\xa9$"},
	    {CTOK_PUNCT, "#"},
	    {CTOK_DIRECTIVE, "define X \\\n 1"},
	    {CTOK_IDENT, "end"},
	    {CTOK_END, ""},
	};
	struct ctok c;
	struct ctok_token token;

	ctok_init(&c, STR("x = 0x1.8p-3+.5e+2f <: L\"a\\\"b\" '\\'' 1'000 \xc3\xa9$ #\n#define X "
			  "\\\n 1\nend"));
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		ctok_next(&c, &token);
		T_CHECK(t, token.kind == want[i].kind && str_eqc(token.text, want[i].text),
			"token %zu: kind %d '%.*s', want '%s'", i, (int)token.kind,
			STR_ARG(token.text), want[i].text);
	}
}

/* The fast walk and the token walk must see the same directives, whatever the bytes. */
void TestCtokWalksAgree(struct test *t)
{
	static const char *const parts[] = {
	    "#",     "\n", "include", "\"",   "'", "/*", "*/", "//", "\\\n",  "\\", " ",
	    "<a.h>", "%:", "1'0",     "\r\n", "x", "L'", "/",  "*",  "#if 0", "\0"};
	unsigned seed = 12345;

	for (int round = 0; round < 20000; round++) {
		struct buf b = {0};
		struct ctok fast, slow;
		struct ctok_token f, s;

		for (int i = 0; i < 12; i++) {
			seed = seed * 1103515245u + 12345u;
			buf_addc(&b, parts[(seed >> 16) % (sizeof parts / sizeof *parts)]);
		}
		ctok_init(&fast, buf_str(&b));
		ctok_init(&slow, buf_str(&b));
		do {
			ctok_next_directive(&fast, &f);
			do
				ctok_next(&slow, &s);
			while (s.kind != CTOK_END && s.kind != CTOK_DIRECTIVE);
			if (f.kind != s.kind || !str_eq(f.text, s.text))
				test_fatal(t, __FILE__, __LINE__,
					   "source '%.*s': fast '%.*s', slow '%.*s'",
					   STR_ARG(buf_str(&b)), STR_ARG(f.text), STR_ARG(s.text));
		} while (f.kind != CTOK_END);
		buf_fini(&b);
	}
}

/* Sources made to be slow: each must stay linear; the time limit is the check. */
void TestCtokHostileIsLinear(struct test *t)
{
	static const char *const units[] = {
	    "#if X\n",
	    "main(",
	    "__has_include(\"",
	    "#if __has_include(<a>)",
	    "/\\\n",
	    "'",
	    "1'",
	    "\\\n",
	    "%:if X\n",
	    "# # ",
	    "\"\n",
	    "#define X \\\n",
	    "void TestX(struct test *t",
	    "(",
	    "/**/ ",
	    "a\\\n",
	    "#include <",
	};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		struct buf b = {0};
		struct ctok_facts f;

		buf_addc(&b, i % 2 ? "#if " : "main ");
		for (size_t n = 0; n < 50000; n++)
			buf_addc(&b, units[i]);
		if (!ctok_scan(&a, buf_str(&b), CTOK_MAIN | CTOK_TESTS, &f))
			test_log(t, "'%s': refused", units[i]);
		buf_fini(&b);
		arena_fini(&a);
	}
}
