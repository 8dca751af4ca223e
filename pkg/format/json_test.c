/* Canonical output is compared as text; refused documents by a word of their message. */
#include "format/json.h"

#include <stdlib.h>
#include <string.h>

#include "cbuild/test.h"

static const struct {
	const char *in, *out;
} canonical[] = {
    {"{}", "{}"},
    {" [ 1 , -2, 9223372036854775807 ]\n", "[1,-2,9223372036854775807]"},
    {"{\"b\":1,\"a\":{\"z\":null,\"y\":[true,false]}}",
     "{\"a\":{\"y\":[true,false],\"z\":null},\"b\":1}"},
    {"[\"\\u00e9\\/\\n\\\\\\\"\"]", "[\"\xc3\xa9/\\n\\\\\\\"\"]"},
    {"[1.5,1e300,2.0]", "[1.5,1.0000000000000001e+300,2.0]"},
    {"{\"a\":1,\"ab\":2,\"A\":3}", "{\"A\":3,\"a\":1,\"ab\":2}"},
};

void TestJsonCanonical(struct test *t)
{
	for (size_t i = 0; i < sizeof canonical / sizeof canonical[0]; i++) {
		struct arena a = {0};
		struct json *v;
		struct err e;

		if (!json_parse(&a, str_of(canonical[i].in), "x.json", &v, &e))
			test_fatal(t, __FILE__, __LINE__, "%s: %s", canonical[i].in, e.msg);
		T_EQ_STR(t, json_dump(&a, v).p, canonical[i].out);
		arena_fini(&a);
	}
}

static const struct {
	const char *in, *want;
} refused[] = {
    {"", "not valid"},		 {"{", "not valid"},
    {"1", "not valid"},		 {"{\"a\":1,\"a\":2}", "not valid"},
    {"[1] x", "not valid"},	 {"[\"\\u0000\"]", "not valid"},
    {"[\"\xff\"]", "not valid"}, {"[99999999999999999999]", "not valid"},
    {"[01]", "not valid"},	 {"{a:1}", "not valid"},
    {"[1,]", "not valid"},
};

void TestJsonRefused(struct test *t)
{
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct arena a = {0};
		struct json *v;
		struct err e = {0};

		T_CHECK(t, !json_parse(&a, str_of(refused[i].in), "x.json", &v, &e), "%s",
			refused[i].in);
		T_CHECK(t,
			strstr(e.msg, refused[i].want) && !strcmp(e.place, "x.json") && e.line > 0,
			"%s: %s:%d: %s", refused[i].in, e.place, e.line, e.msg);
		arena_fini(&a);
	}
}

/* n opening brackets and their closing ones. */
static bool parses_nested(size_t n, struct err *e)
{
	struct arena a = {0};
	struct buf b = {0};
	struct json *v;
	bool ok;

	for (size_t i = 0; i < n; i++)
		buf_add_byte(&b, '[');
	for (size_t i = 0; i < n; i++)
		buf_add_byte(&b, ']');
	ok = json_parse(&a, buf_str(&b), "x.json", &v, e);
	buf_fini(&b);
	arena_fini(&a);
	return ok;
}

void TestJsonDepth(struct test *t)
{
	struct err e = {0};

	T_CHECK(t, parses_nested(JSON_MAX_DEPTH, &e), "%s", e.msg);
	T_OK(t, !parses_nested(JSON_MAX_DEPTH + 1, &e));
	T_CHECK(t, strstr(e.msg, "nested"), "%s", e.msg);
	T_OK(t, !parses_nested(100000, &e));
}

void TestJsonValueLimit(struct test *t)
{
	struct arena a = {0};
	struct buf b = {0};
	struct json *v;
	struct err e = {0};

	buf_add_byte(&b, '[');
	for (size_t i = 0; i < JSON_MAX_VALUES; i++)
		buf_addc(&b, "0,");
	buf_addc(&b, "0]");
	T_OK(t, !json_parse(&a, buf_str(&b), "x.json", &v, &e));
	T_CHECK(t, strstr(e.msg, "million"), "%s", e.msg);
	buf_fini(&b);
	arena_fini(&a);
}

void TestJsonBuild(struct test *t)
{
	struct arena a = {0};
	struct json *o = json_new_object(&a), *list = json_new_array(&a);
	struct str text;
	int64_t n;
	struct err e = {0};

	json_put(&a, o, STR("n"), json_new_int(&a, 1));
	json_put(&a, o, STR("list"), list);
	json_put(&a, o, STR("n"), json_new_int(&a, -7));
	for (int i = 0; i < 20; i++)
		json_add(&a, list, json_new_bool(&a, i % 2));
	json_put(&a, o, STR("s"), json_new_text(&a, STR("a\tb")));
	text = json_dump(&a, o);
	T_CHECK(t,
		str_startsc(text, "{\"list\":[false,true,") &&
		    str_endsc(text, "],\"n\":-7,\"s\":\"a\\tb\"}"),
		"%s", text.p);
	T_OK(t, json_need_int(o, "n", &n, "o", &e) && n == -7);
	T_OK(t, !json_need_str(o, "n", &text, "o", &e));
	T_EQ_STR(t, e.msg, "'n' is not a string");
	T_OK(t, !json_need_str(o, "none", &text, "o", &e));
	T_EQ_STR(t, e.msg, "'none' is missing");
	T_OK(t, !json_get(NULL, "x") && !json_get(list, "x"));
	arena_fini(&a);
}

void TestJsonCanHold(struct test *t)
{
	T_OK(t, json_can_hold(STR("")) && json_can_hold(STR("\xc3\xa9")) &&
		    json_can_hold(str_of(NULL)));
	T_OK(t, !json_can_hold(STR("\xff")) && !json_can_hold(STR("\xed\xa0\x80")) &&
		    !json_can_hold(STR("a\0b")));
}
