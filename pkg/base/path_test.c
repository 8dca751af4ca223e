#include "base/path.h"

#include "base/map.h"
#include "cbuild/test.h"

void TestPathClean(struct test *t)
{
	static const char *const cases[][2] = {
	    {"", "."},
	    {".", "."},
	    {"./", "."},
	    {"a//b/", "a/b"},
	    {"a/./b", "a/b"},
	    {"a/../b", "b"},
	    {"../a", "../a"},
	    {"a/../../b", "../b"},
	    {"/..", "/"},
	    {"/a/../..", "/"},
	    {"/a/b/../c", "/a/c"},
	    {"a/..", "."},
	    {"../../x/..", "../.."},
	    {"//a", "/a"},
	    {"a/b/../../..", ".."},
	};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str got = path_clean(&a, str_of(cases[i][0]));

		T_CHECK(t, str_eqc(got, cases[i][1]), "clean '%s': '%s', want '%s'", cases[i][0],
			got.p, cases[i][1]);
		T_CHECK(t, str_eq(path_clean(&a, got), got), "cleaning '%s' again changes it",
			got.p);
	}
	arena_fini(&a);
}

void TestPathJoin(struct test *t)
{
	struct arena a = {0};

	T_EQ_STR(t, path_join(&a, STR("a"), STR("b/../c")).p, "a/c");
	T_EQ_STR(t, path_join(&a, STR("."), STR("b")).p, "b");
	T_EQ_STR(t, path_join(&a, STR("a"), STR("/b")).p, "/b");
	T_EQ_STR(t, path_join(&a, STR("/"), STR("b")).p, "/b");
	arena_fini(&a);
}

void TestPathParts(struct test *t)
{
	T_OK(t, str_eqc(path_dir(STR("a/b/c.c")), "a/b"));
	T_OK(t, str_eqc(path_dir(STR("c.c")), "."));
	T_OK(t, str_eqc(path_dir(STR("/c")), "/"));
	T_OK(t, str_eqc(path_base(STR("a/b.c")), "b.c"));
	T_OK(t, str_eqc(path_ext(STR("a.d/b.tar.gz")), "gz"));
	T_EQ_INT(t, path_ext(STR("a.d/b")).n, 0);
	T_OK(t, str_eqc(path_stem(STR("x/name_test.c")), "name_test"));
}

void TestPathRel(struct test *t)
{
	static const char *const cases[][3] = {
	    {"a", "a/b", "b"},		{"a", "a", "."},	  {".", "a/b", "a/b"},
	    {"a/b", "a/c/d", "../c/d"}, {"/x/y", "/x/z", "../z"}, {"/", "/a", "a"},
	    {"/a/b", "/a", ".."},
	};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		T_EQ_STR(t, path_rel(&a, str_of(cases[i][0]), str_of(cases[i][1])).p, cases[i][2]);
	arena_fini(&a);
}

void TestPathWithin(struct test *t)
{
	T_OK(t, path_within(STR("a"), STR("a")));
	T_OK(t, path_within(STR("a"), STR("a/b")));
	T_OK(t, !path_within(STR("a"), STR("ab")));
	T_OK(t, path_within(STR("/"), STR("/x")));
	T_OK(t, path_within(STR("."), STR("x")));
	T_OK(t, !path_within(STR("."), STR("../x")));
	T_OK(t, !path_within(STR("."), STR("/x")));
}

void TestPathOwner(struct test *t)
{
	struct arena a = {0};
	struct map m = {0};
	static const struct {
		const char *path;
		uint64_t owner;
	} cases[] = {{"a/b/c.h", 2}, {"a/bc/c.h", 1}, {"a/c.h", 1},  {"c.h", 3},
		     {"../c.h", 0},  {"../x/c.h", 4}, {"/a/c.h", 0}, {".", 0}};

	map_put(&a, &m, STR("a"), NULL)->num = 1;
	map_put(&a, &m, STR("a/b"), NULL)->num = 2;
	map_put(&a, &m, STR("."), NULL)->num = 3;
	map_put(&a, &m, STR("../x"), NULL)->num = 4;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct map_item *it = path_owner(&m, str_of(cases[i].path));

		test_log(t, "%s", cases[i].path);
		T_EQ_INT(t, it ? it->num : 0, cases[i].owner);
	}
	arena_fini(&a);
}

void TestPathIsLocal(struct test *t)
{
	static const char *const good[] = {"a", "a/b.c", "...", "a..b", ".hidden", "a b"};
	static const char *const bad[] = {"",	"/", "/a",  "..",  "a/..", "../a", "a/../b", "a//b",
					  "a/", ".", "./a", "a/.", "a\\b", "a\nb", "\x7f"};
	char nul[] = {'a', '\0', 'b'};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		T_CHECK(t, path_is_local(str_of(good[i])), "input '%s'", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		T_CHECK(t, !path_is_local(str_of(bad[i])), "input '%s'", bad[i]);
	T_OK(t, !path_is_local(str_from(nul, sizeof nul)));
}
