#include "base/str.h"

#include <string.h>

#include "base/vec.h"
#include "cbuild/test.h"

void TestStrGlob(struct test *t)
{
	static const struct {
		const char *pattern, *path;
		bool want;
	} cases[] = {
	    {"*.c", "a.c", true},
	    {"*.c", "x/a.c", false},
	    {"*.c", ".c", true},
	    {"*", "", true},
	    {"?", "", false},
	    {"a?c", "abc", true},
	    {"a?c", "a/c", false},
	    {"**", "a/b/c", true},
	    {"**/*.c", "a.c", true},
	    {"**/*.c", "a/b/c.c", true},
	    {"src/**/*.c", "src/a.c", true},
	    {"src/**/*.c", "src/x/y/a.c", true},
	    {"src/**/*.c", "srcs/a.c", false},
	    {"src/**/*.c", "src/a.h", false},
	    {"src/**", "src/a/b.h", true},
	    {"a/**/b/*.c", "a/x/b/y/b/z.c", true},
	    {"a/**/b/*.c", "a/x/b/y/z.c", false},
	    {"[a-c]x", "bx", true},
	    {"[a-c]x", "dx", false},
	    {"[!a-c]x", "dx", true},
	    {"[!a]x", "/x", false},
	    {"[]]x", "]x", true},
	    {"[a", "[a", false},
	    {"\\*", "*", true},
	    {"\\*", "x", false},
	    {"*a*b*c", "xaybzc", true},
	    {"*a*b*c", "xaybz", false},
	    {"", "", true},
	    {"", "a", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		T_CHECK(
		    t, str_glob(str_of(cases[i].pattern), str_of(cases[i].path)) == cases[i].want,
		    "glob '%s' on '%s', want %d", cases[i].pattern, cases[i].path, cases[i].want);
}

/* A pattern of many stars must not take exponential time; the test's time limit is the check. */
void TestStrGlobManyStars(struct test *t)
{
	char text[2000], pattern[201];

	memset(text, 'a', sizeof text);
	for (size_t i = 0; i + 1 < sizeof pattern; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[sizeof pattern - 1] = 'b';
	T_OK(t, !str_glob(str_from(pattern, sizeof pattern), str_from(text, sizeof text)));
}

void TestStrCut(struct test *t)
{
	struct str rest = STR("a,,b"), part;
	const char *want[] = {"a", "", "b"};
	size_t n = 0;

	while (rest.p) {
		part = str_cut(&rest, ',');
		T_MUST(t, n < 3);
		T_CHECK(t, str_eqc(part, want[n]), "part %zu: '%.*s', want '%s'", n, STR_ARG(part),
			want[n]);
		n++;
	}
	T_EQ_INT(t, n, 3);
	rest = STR("");
	part = str_cut(&rest, ',');
	T_OK(t, part.n == 0 && !rest.p);
}

void TestStrLine(struct test *t)
{
	struct str rest = STR("one\n\nthree"), line;

	T_OK(t, str_line(&rest, &line) && str_eqc(line, "one"));
	T_OK(t, str_line(&rest, &line) && str_eqc(line, ""));
	T_OK(t, str_line(&rest, &line) && str_eqc(line, "three"));
	T_OK(t, !str_line(&rest, &line));
	rest = STR("last\n");
	T_OK(t, str_line(&rest, &line) && str_eqc(line, "last"));
	T_OK(t, !str_line(&rest, &line));
}

void TestStrU64(struct test *t)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t want;
	} cases[] = {
	    {"0", true, 0},
	    {"007", true, 7},
	    {"18446744073709551615", true, UINT64_MAX},
	    {"18446744073709551616", false, 0},
	    {"99999999999999999999", false, 0},
	    {"", false, 0},
	    {"-1", false, 0},
	    {"+1", false, 0},
	    {"1 ", false, 0},
	    {"0x1", false, 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t v = 0;
		bool ok = str_u64(str_of(cases[i].text), &v);

		T_CHECK(t, ok == cases[i].ok && (!ok || v == cases[i].want), "input '%s'",
			cases[i].text);
	}
}

void TestStrDistance(struct test *t)
{
	static const struct str names[] = {{"require", 7}, {"replace", 7}, {"std", 3}};

	T_EQ_INT(t, str_distance(STR("kitten"), STR("sitting"), 10), 3);
	T_EQ_INT(t, str_distance(STR(""), STR("abc"), 10), 3);
	T_EQ_INT(t, str_distance(STR("abcdef"), STR("uvwxyz"), 2), 2);
	T_OK(t, str_eqc(str_nearest(STR("requires"), names, 3), "require"));
	T_EQ_INT(t, str_nearest(STR("completely-other"), names, 3).n, 0);
}

void TestStrSearch(struct test *t)
{
	T_EQ_INT(t, str_find(STR("a/b/c"), '/'), 1);
	T_EQ_INT(t, str_rfind(STR("a/b/c"), '/'), 3);
	T_EQ_INT(t, str_find(STR("abc"), '/'), 3);
	T_EQ_INT(t, str_rfind(STR("abc"), '/'), 3);
	T_OK(t, str_containsc(STR("hello"), "ell") && !str_containsc(STR("he"), "hello"));
	T_OK(t, str_startsc(STR("abc"), "ab") && !str_startsc(STR("a"), "ab"));
	T_OK(t, str_endsc(STR("abc"), "bc") && !str_endsc(STR("c"), "bc"));
	T_OK(t, str_eqc(str_trim(STR(" \t x y \r\n")), "x y"));
	T_OK(t, str_cmp(STR("a"), STR("ab")) < 0 && str_cmp(STR("b"), STR("ab")) > 0);
}

/* Lengths on both sides of a word, and texts on both sides of the room on the stack. */
void TestStrMade(struct test *t)
{
	struct arena a = {0};
	char text[600], more[600];

	memset(text, 'x', sizeof text);
	for (size_t n = 0; n < sizeof text; n += n < 20 ? 1 : 59) {
		struct str s = str_from(text, n);

		T_EQ_INT(t, str_fmt(&a, "%.*s!", STR_ARG(s)).n, n + 1);
		T_EQ_INT(t, strlen(str_fmt(&a, "%.*s!", STR_ARG(s)).p), n + 1);
		T_EQ_INT(t, strlen(str_pair(&a, s, ' ', STR("y")).p), n + 2);
		T_EQ_STR(t, str_pair(&a, STR(""), '/', STR("")).p, "/");
		T_EQ_INT(t, str_cmp(s, str_from(text, n)), 0);
		T_OK(t, str_cmp(s, str_from(text, n + 1)) < 0);
		for (size_t i = 0; i < n; i++) {
			memcpy(more, text, n);
			more[i] = '\xff';
			T_CHECK(t,
				str_cmp(s, str_from(more, n)) < 0 &&
				    str_cmp(str_from(more, n), s) > 0,
				"%zu of %zu", i, n);
		}
	}
	arena_fini(&a);
}

void TestBufJson(struct test *t)
{
	struct buf b = {0};

	buf_add_json(&b, str_from("a\"\\\n\x01\xff\xc3\xa9\xed\xa0\x80", 12));
	T_OK(t, str_startsc(buf_str(&b), "\"a\\\"\\\\\\n\\u0001"));
	T_OK(t, str_containsc(buf_str(&b), "\xc3\xa9"));
	T_OK(t, !str_containsc(buf_str(&b), "\xff") && !str_containsc(buf_str(&b), "\xed\xa0\x80"));
	buf_fini(&b);
}

void TestBufShell(struct test *t)
{
	struct buf b = {0};

	buf_add_shell(&b, STR("plain-1.c"));
	buf_add_byte(&b, ' ');
	buf_add_shell(&b, STR("it's $HOME"));
	buf_add_byte(&b, ' ');
	buf_add_shell(&b, STR(""));
	T_EQ_STR(t, b.p, "plain-1.c 'it'\\''s $HOME' ''");
	buf_fini(&b);
}

void TestBufGrow(struct test *t)
{
	struct buf b = {0};

	for (int i = 0; i < 10000; i++)
		buf_printf(&b, "%d,", i % 10);
	T_EQ_INT(t, b.n, 20000);
	T_EQ_INT(t, b.p[b.n], 0);
	buf_clear(&b);
	T_EQ_INT(t, b.n, 0);
	buf_fini(&b);
	T_OK(t, !b.p);
	buf_fini(&b);
}

void TestStrVecSortUnique(struct test *t)
{
	struct arena a = {0};
	struct str_vec v = {0};
	const char *words[] = {"b", "a", "b", "", "ab", "a"};

	for (size_t i = 0; i < 6; i++)
		*vec_push(&a, &v) = str_of(words[i]);
	str_vec_sort_unique(&v);
	T_MUST(t, v.n == 4);
	T_OK(t, v.v[0].n == 0 && str_eqc(v.v[1], "a") && str_eqc(v.v[2], "ab") &&
		    str_eqc(v.v[3], "b"));
	T_OK(t, str_vec_has(&v, STR("ab")) && !str_vec_has(&v, STR("c")));
	arena_fini(&a);
}
