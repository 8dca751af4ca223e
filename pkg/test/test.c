/*
 * Discovery is ctok's; the generated main declares each test weak, so that one that the preprocessor
 * removed on this target is left out instead of failing the link.
 */
#include "test/test.h"

#include "base/map.h"
#include "format/ctok.h"

bool test_scan(struct arena *a, struct str source, struct str_vec *names)
{
	struct ctok_facts facts;
	bool ok = ctok_scan(a, source, CTOK_TESTS, &facts);

	for (size_t i = 0; i < facts.tests.n; i++)
		*vec_push(a, names) = facts.tests.v[i];
	return ok;
}

struct str test_main_source(struct arena *a, const struct str_vec *names)
{
	struct buf b = {0};
	struct str out;

	buf_addc(
	    &b,
	    "/* Generated: lists the tests of this program. */\n#include \"cbuild/test.h\"\n\n");
	for (size_t i = 0; i < names->n; i++)
		buf_printf(&b, "__attribute__((weak)) void %.*s(struct test *t);\n",
			   STR_ARG(names->v[i]));
	buf_addc(
	    &b,
	    "\nint main(int argc, char **argv)\n{\n\tstatic const struct test_case cases[] = {\n");
	for (size_t i = 0; i < names->n; i++)
		buf_printf(&b, "\t\t{\"%.*s\", %.*s},\n", STR_ARG(names->v[i]),
			   STR_ARG(names->v[i]));
	buf_addc(&b, "\t\t{0, 0},\n\t};\n\n\treturn test_main(cases, sizeof cases / sizeof *cases "
		     "- 1, argc, argv);\n}\n");
	out = str_dup(a, buf_str(&b));
	buf_fini(&b);
	return out;
}

/* A transcript while it is read. */
struct parse {
	struct arena *a;
	VEC(struct test_result) results;
	VEC(bool) ended;
	VEC(struct buf) output; /* of each result, freed at the end */
	struct map by_name;	/* name -> index into results, plus one */
};

static bool hex_digit(char c, unsigned *out)
{
	if (c >= '0' && c <= '9')
		*out = (unsigned)(c - '0');
	else if (c >= 'a' && c <= 'f')
		*out = (unsigned)(c - 'a') + 10;
	else
		return false;
	return true;
}

/* Appends an "out" line's text with \xHH undone. */
static void add_unescaped(struct buf *b, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned hi, lo;

		if (text.p[i] == '\\' && text.n - i >= 4 && text.p[i + 1] == 'x' &&
		    hex_digit(text.p[i + 2], &hi) && hex_digit(text.p[i + 3], &lo)) {
			buf_add_byte(b, (char)(hi << 4 | lo));
			i += 3;
		} else {
			buf_add_byte(b, text.p[i]);
		}
	}
	buf_add_byte(b, '\n');
}

static bool start(struct parse *p, struct str name, struct err *e)
{
	bool added;
	struct map_item *item = map_put(p->a, &p->by_name, name, &added);

	if (!added)
		return err_set(e, ERR_INPUT, "test '%.*s' started twice", STR_ARG(name));
	*vec_push(p->a, &p->results) =
	    (struct test_result){.name = str_dup(p->a, name), .outcome = TEST_FAIL};
	*vec_push(p->a, &p->ended) = false;
	*vec_push(p->a, &p->output) = (struct buf){0};
	item->num = p->results.n;
	return true;
}

static bool end(struct parse *p, size_t i, struct str verb, struct str rest, struct err *e)
{
	struct test_result *r = &p->results.v[i];

	if (p->ended.v[i])
		return err_set(e, ERR_INPUT, "test '%.*s' ended twice", STR_ARG(r->name));
	p->ended.v[i] = true;
	if (str_eqc(verb, "skip")) {
		r->outcome = TEST_SKIP;
		add_unescaped(&p->output.v[i], rest);
		return true;
	}
	r->outcome = str_eqc(verb, "pass") ? TEST_PASS : TEST_FAIL;
	if (!str_u64(rest, &r->elapsed_ms))
		return err_set(e, ERR_INPUT, "'%.*s' is not a time in ms", STR_ARG(rest));
	return true;
}

static bool parse_line(struct parse *p, struct str line, struct err *e)
{
	struct str rest = line, verb = str_cut(&rest, ' '), name = str_cut(&rest, ' ');
	struct map_item *item = map_get(&p->by_name, name);

	if (str_eqc(verb, "run") && name.n)
		return start(p, name, e);
	if (!item)
		return err_set(e, ERR_INPUT, "'%.*s' names no running test", STR_ARG(line));
	if (str_eqc(verb, "out")) {
		add_unescaped(&p->output.v[item->num - 1], rest);
		return true;
	}
	if (str_eqc(verb, "pass") || str_eqc(verb, "fail") || str_eqc(verb, "skip"))
		return end(p, item->num - 1, verb, rest, e);
	return err_set(e, ERR_INPUT, "unknown event '%.*s'", STR_ARG(verb));
}

static void take_output(struct parse *p, size_t i)
{
	struct test_result *r = &p->results.v[i];

	if (!p->ended.v[i])
		buf_addc(&p->output.v[i], "the test program ended before this test did\n");
	r->output = str_dup(p->a, buf_str(&p->output.v[i]));
	buf_fini(&p->output.v[i]);
}

bool test_parse_stream(struct arena *a, struct str text, struct test_result **out, size_t *n,
		       struct err *e)
{
	struct parse p = {.a = a};
	struct str line;
	int number = 0;
	bool ok = true;

	while (ok && str_line(&text, &line)) {
		number++;
		ok = parse_line(&p, line, e);
	}
	for (size_t i = 0; i < p.results.n; i++)
		take_output(&p, i);
	*out = p.results.v;
	*n = p.results.n;
	return ok || err_wrap(e, "reading line %d of the test program's events", number);
}
