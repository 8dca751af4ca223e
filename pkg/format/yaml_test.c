/*
 * Trees, positions and byte ranges of good text; place, cause and remedy of refused text; limits.
 */
#include "format/yaml.h"

#include <stdlib.h>
#include <string.h>

#include "cbuild/test.h"

/* The tree on one line: text as 'x' (plain: x), [lists], {maps}, ~ for nothing. */
static void show(struct buf *b, const struct yaml_node *n)
{
	if (n->kind == YAML_NULL)
		buf_addc(b, "~");
	if (n->kind == YAML_TEXT)
		buf_printf(b, n->plain ? "%.*s" : "'%.*s'", STR_ARG(n->text));
	if (n->kind == YAML_LIST)
		buf_addc(b, "[");
	for (size_t i = 0; i < n->items.n; i++) {
		buf_addc(b, i ? " " : "");
		show(b, n->items.v[i]);
	}
	if (n->kind == YAML_LIST)
		buf_addc(b, "]");
	if (n->kind == YAML_MAP)
		buf_addc(b, "{");
	for (size_t i = 0; i < n->pairs.n; i++) {
		buf_printf(b, "%s%.*s:", i ? " " : "", STR_ARG(n->pairs.v[i].key->text));
		show(b, n->pairs.v[i].value);
	}
	if (n->kind == YAML_MAP)
		buf_addc(b, "}");
}

void TestYamlTrees(struct test *t)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"", "{}"},
	    {"# comment\n", "{}"},
	    {"---\n...\n", "{}"},
	    {"a: b\n", "{a:b}"},
	    {"a: \"b\"\nc: 'd'\n", "{a:'b' c:'d'}"},
	    {"a:\nb: ~\nc: null\nd: \"\"\n", "{a:~ b:~ c:~ d:''}"},
	    {"a: [1, \"*.c\", {x: y}]\n", "{a:[1 '*.c' {x:y}]}"},
	    {"a:\r\n  - b\r\n  - c: d\r\n", "{a:[b {c:d}]}"},
	    {"a: |\n  x\n  y\n", "{a:'x\ny\n'}"},
	    {"null: x\n~: y\n", "{null:x ~:y}"},
	    {"k\xc3\xa9: \xe2\x82\xac\n", "{k\xc3\xa9:\xe2\x82\xac}"},
	    {"a:\tb\n", "{a:b}"},
	    {"- a\n- b\n", "[a b]"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena a = {0};
		struct buf got = {0};
		struct yaml_node *root;
		struct err e = {0};

		if (yaml_parse(&a, STR("f.yaml"), str_of(cases[i].text), &root, &e))
			show(&got, root);
		else
			err_render(&e, &got);
		T_EQ_STR(t, got.p, cases[i].want);
		buf_fini(&got);
		arena_fini(&a);
	}
}

void TestYamlPositions(struct test *t)
{
	static const char text[] =
	    "# \xe2\x82\xac\na: b\n\xc3\xa9:\n  - \"c\"  # d\n  - {e: f}\n# end\n";
	struct arena a = {0};
	struct err e = {0};
	struct yaml_node *root, *list;

	T_MUST(t, yaml_parse(&a, STR("f.yaml"), STR(text), &root, &e));
	T_EQ_INT(t, root->line, 2);
	list = yaml_get(root, "\xc3\xa9");
	T_MUST(t, list && list->kind == YAML_LIST && list->items.n == 2);
	T_EQ_INT(t, list->items.v[0]->line, 4);
	T_EQ_INT(t, list->items.v[0]->col, 5);
	T_EQ_MEM(t, text + list->items.v[0]->start, list->items.v[0]->end - list->items.v[0]->start,
		 "\"c\"", 3);
	T_EQ_MEM(t, text + list->items.v[1]->start, list->items.v[1]->end - list->items.v[1]->start,
		 "{e: f}", 6);
	/* A block ends with its last item, not where the next token starts. */
	T_EQ_INT(t, list->end, list->items.v[1]->end);
	T_EQ_INT(t, root->end, list->end);
	T_OK(t, !yaml_get(root, "absent") && !yaml_get(list, "a"));
	arena_fini(&a);
}

void TestYamlRefused(struct test *t)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"a: *b\n", "f.yaml:1:4: a value without quotes cannot start with '*'\n"
			"  fix: put the value in double quotes, as in \"*.c\"\n"},
	    {"a: [*.c]\n", "f.yaml:1:5: a value without quotes cannot start with '*'\n"
			   "  fix: put the value in double quotes, as in \"*.c\"\n"},
	    {"a: &b c\n", "f.yaml:1:4: a value without quotes cannot start with '&'\n"
			  "  fix: put the value in double quotes, as in \"*.c\"\n"},
	    {"a: !b c\n", "f.yaml:1:4: a value without quotes cannot start with '!'\n"
			  "  fix: put the value in double quotes, as in \"*.c\"\n"},
	    {"a: ! c\n", "f.yaml:1:4: a value without quotes cannot start with '!'\n"
			 "  fix: put the value in double quotes, as in \"*.c\"\n"},
	    {"a: 1\na: 2\n", "f.yaml:2:1: key 'a' is given twice\n"
			     "  fix: merge it with line 1, or remove one of them\n"},
	    {"x: {a: 1, a: 2}\n", "f.yaml:1:11: key 'a' is given twice\n"
				  "  fix: merge it with line 1, or remove one of them\n"},
	    {"a:\n \tb: c\n", "f.yaml:2:2: tab in the indentation\n  fix: indent with spaces\n"},
	    {"a: b\n--- \nc: d\n",
	     "f.yaml:2:1: a second document\n"
	     "  fix: keep one document a file: remove the '---' and what follows\n"},
	    {"{a: b}: c\n",
	     "f.yaml:1:1: a key must be text, not a map\n"
	     "  fix: write 'name: value'; quote a name that starts with '[' or '{'\n"},
	    {"a: \xed\xa0\x80\n",
	     "f.yaml:1:4: bytes that are not UTF-8\n  fix: save the file as UTF-8\n"},
	    {"a: \xf4\x90\x80\x80\n",
	     "f.yaml:1:4: bytes that are not UTF-8\n  fix: save the file as UTF-8\n"},
	    {"a: \xe2\x82",
	     "f.yaml:1:4: bytes that are not UTF-8\n  fix: save the file as UTF-8\n"},
	    {"a: \x1b[0m\n", "f.yaml:1:4: control character\n"
			     "  fix: remove it; in double quotes it may be written as \\xNN\n"},
	    {"a: b\xe2\x80\xa8", "f.yaml:1:5: a line end other than LF or CRLF\n"
				 "  fix: convert the line ends to LF\n"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena a = {0};
		struct buf got = {0};
		struct yaml_node *root;
		struct err e = {0};

		T_CHECK(t, !yaml_parse(&a, STR("f.yaml"), str_of(cases[i].text), &root, &e), "%s",
			cases[i].text);
		err_render(&e, &got);
		T_EQ_STR(t, got.p, cases[i].want);
		buf_fini(&got);
		arena_fini(&a);
	}
}

static void check_limit(struct test *t, struct str text, const char *want)
{
	struct arena a = {0};
	struct yaml_node *root;
	struct err e = {0};

	T_CHECK(t, !yaml_parse(&a, STR("f.yaml"), text, &root, &e), "%zu bytes", text.n);
	T_EQ_STR(t, e.msg, want);
	T_CHECK(t, e.fix[0], "%s", want);
	arena_fini(&a);
}

void TestYamlLimits(struct test *t)
{
	struct buf b = {0};

	for (int i = 0; i < YAML_MAX_BYTES; i++)
		buf_add_byte(&b, '[');
	check_limit(t, buf_str(&b), "nested too deeply");
	buf_add_byte(&b, '[');
	check_limit(t, buf_str(&b), "1048577 bytes are too many");
	buf_clear(&b);
	buf_addc(&b, "a: [");
	for (int i = 0; i < YAML_MAX_NODES; i++)
		buf_addc(&b, "b,");
	buf_addc(&b, "]");
	check_limit(t, buf_str(&b), "too many values");
	buf_fini(&b);
}

/* Every prefix of a text either parses or fails with a position; none faults. */
void TestYamlCutShort(struct test *t)
{
	static const char text[] =
	    "a: [b, \"c\\u00e9\", {d: 'e'}]\nf:\n  - |\n    g\n  - >\n    h\n? i\n: j\n";

	for (size_t n = 0; n < sizeof text; n++) {
		struct arena a = {0};
		struct yaml_node *root;
		struct err e = {0};
		char *copy = malloc(n + 1);

		T_MUST(t, copy);
		memcpy(copy, text, n);
		if (!yaml_parse(&a, STR("f.yaml"), str_from(copy, n), &root, &e))
			T_CHECK(t, e.code == ERR_INPUT && e.line > 0 && e.fix[0], "%zu bytes: %s",
				n, e.msg);
		free(copy);
		arena_fini(&a);
	}
}
