/* Tests of str and buf. */
#include "bytes/bytes.h"

#include <string.h>

#include "cbuild/test.h"

void TestStrCutWalksList(struct test *t)
{
	struct str list = STR("a,,bc");

	T_OK(t, str_eq(str_cut(&list, ','), STR("a")));
	T_OK(t, str_eq(str_cut(&list, ','), STR("")));
	T_OK(t, str_eq(str_cut(&list, ','), STR("bc")));
	T_EQ_INT(t, list.n, 0);
}

void TestStrTrimAndCompare(struct test *t)
{
	T_OK(t, str_eq(str_trim(STR(" \t x y \t")), STR("x y")));
	T_OK(t, str_eq(str_trim(STR("  ")), STR("")));
	T_OK(t, str_ieq(STR("Content-LENGTH"), STR("content-length")));
	T_OK(t, !str_ieq(STR("a"), STR("ab")));
	T_OK(t, str_starts(STR("abc"), STR("ab")) && !str_starts(STR("a"), STR("ab")));
	T_OK(t, str_from(STR("abc"), 9).n == 0);
}

void TestStrToU64(struct test *t)
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
	    {" 1", false, 0},
	    {"1 ", false, 0},
	    {"0x1", false, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t got = 0;
		bool ok = str_to_u64(str_of(cases[i].text), &got);

		T_CHECK(t, ok == cases[i].ok && (!ok || got == cases[i].want), "input '%s'",
			cases[i].text);
	}
}

void TestStrIsText(struct test *t)
{
	static const struct {
		struct str s;
		bool want;
	} cases[] = {
	    {{"", 0}, true},
	    {{"plain ~", 7}, true},
	    {{"caf\xc3\xa9", 5}, true},
	    {{"\xe2\x82\xac", 3}, true},
	    {{"\xf0\x9f\x98\x80", 4}, true},
	    {{"a\0b", 3}, false},
	    {{"\n", 1}, false},
	    {{"\x7f", 1}, false},
	    {{"\xc2\x85", 2}, false},	      /* a control character beyond ASCII */
	    {{"\xc0\xaf", 2}, false},	      /* overlong '/' */
	    {{"\xe0\x80\xaf", 3}, false},     /* and longer */
	    {{"\xed\xa0\x80", 3}, false},     /* a surrogate */
	    {{"\xf4\x90\x80\x80", 4}, false}, /* beyond U+10FFFF */
	    {{"\xe2\x82", 2}, false},	      /* cut short */
	    {{"\x80", 1}, false},
	    {{"\xff", 1}, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		T_CHECK(t, str_is_text(cases[i].s) == cases[i].want, "case %zu", i);
}

void TestBufGrows(struct test *t)
{
	struct buf b = {0};

	for (int i = 0; i < 1000; i++)
		buf_fmt(&b, "%03d,", i);
	T_EQ_INT(t, b.n, 4000);
	T_EQ_MEM(t, b.p, 8, "000,001,", 8);
	T_EQ_MEM(t, b.p + 3996, 4, "999,", 4);
	buf_add(&b, NULL, 0);
	T_EQ_INT(t, b.n, 4000);
	buf_free(&b);
	T_OK(t, b.p == NULL && b.n == 0 && b.cap == 0);
}
