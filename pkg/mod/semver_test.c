/*
 * Versions, tags and selection: the pure parts of mod. Selection is compared with a brute-force
 * closure over random graphs.
 */
#include <string.h>

#include "cbuild/test.h"
#include "mod/mod_impl.h"

void TestSemverValid(struct test *t)
{
	static const struct {
		const char *v;
		bool valid;
	} cases[] = {
	    {"v1.2.3", true},
	    {"v0.0.0", true},
	    {"v1.2.3-pre.1", true},
	    {"v1.2.3+build", true},
	    {"v1.2.3-a-b+c.d", true},
	    {"v10.20.30", true},
	    {"v1.2", false},
	    {"v1", false},
	    {"1.2.3", false},
	    {"v01.2.3", false},
	    {"v1.2.03", false},
	    {"v1.2.3.4", false},
	    {"v1.2.3-", false},
	    {"v1.2.3+", false},
	    {"v1.2.3-01", false},
	    {"v1.2.3-0a", true},
	    {"v1.2.3-a..b", false},
	    {"v1.2.3-é", false},
	    {"", false},
	    {"v", false},
	    {"v1.2.3 ", false},
	    {"v-1.2.3", false},
	    {"v1..3", false},
	    {"v99999999999999999999.0.0", true},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		T_CHECK(t, semver_valid(str_of(cases[i].v)) == cases[i].valid, "'%s'", cases[i].v);
}

/* Ascending; equal ones differ in build metadata only. The pre-releases are those of semver.org
 * item 11. */
void TestSemverOrder(struct test *t)
{
	static const char *const sorted[] = {
	    "v0.9.0",	      "v1.0.0-alpha",
	    "v1.0.0-alpha.1", "v1.0.0-alpha.beta",
	    "v1.0.0-beta",    "v1.0.0-beta.2",
	    "v1.0.0-beta.11", "v1.0.0-rc.1",
	    "v1.0.0",	      "v1.0.1",
	    "v1.2.0",	      "v1.10.0",
	    "v2.0.0",	      "v99999999999999999999.0.0",
	};
	size_t n = sizeof sorted / sizeof sorted[0];

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			int got = semver_cmp(str_of(sorted[i]), str_of(sorted[k])),
			    want = (i > k) - (i < k);

			T_CHECK(t, (got > 0) - (got < 0) == want, "%s against %s: got %d",
				sorted[i], sorted[k], got);
		}
	T_EQ_INT(t, semver_cmp(STR("v1.0.0+a"), STR("v1.0.0+b")), 0);
	T_OK(t, semver_is_prerelease(STR("v1.0.0-rc.1")) && !semver_is_prerelease(STR("v1.0.0+x")));
}

void TestSemverPrefix(struct test *t)
{
	T_OK(t, semver_has_prefix(STR("v1.2.9"), STR("v1.2")) &&
		    !semver_has_prefix(STR("v1.20.0"), STR("v1.2")));
	T_OK(t, semver_is_prefix(STR("v1")) && semver_is_prefix(STR("v1.2")) &&
		    !semver_is_prefix(STR("v1.2.3")));
	T_OK(t, !semver_is_prefix(STR("main")) && !semver_is_prefix(STR("v")) &&
		    !semver_is_prefix(STR("v1.")));
}

void TestPortTags(struct test *t)
{
	static const struct {
		const char *pattern, *version, *tags; /* pattern "": a module without port */
	} cases[] = {
	    {"", "v1.2.3", "v1.2.3"},
	    {"v{version}", "v1.3.1", "v1.3.1"},
	    {"v{version}", "v1.3.0", "v1.3.0 v1.3"},
	    {"{version}", "v0.8.0", "0.8.0 0.8 v0.8.0"},
	    {"curl-{major}_{minor}_{patch}", "v8.5.0", "curl-8_5_0 v8.5.0"},
	    {"v{version}", "v1.3.0-rc1", "v1.3.0-rc1"},
	};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct manifest port = {.source.tag = str_of(cases[i].pattern)};
		struct str_vec tags = {0};
		struct buf b = {0};

		port_tags(&a, cases[i].pattern[0] ? &port : NULL, str_of(cases[i].version), &tags);
		for (size_t k = 0; k < tags.n; k++)
			buf_printf(&b, "%s%.*s", k ? " " : "", STR_ARG(tags.v[k]));
		T_EQ_STR(t, b.p, cases[i].tags);
		buf_fini(&b);
	}
	arena_fini(&a);
}

void TestFillVersion(struct test *t)
{
	static const struct {
		const char *text, *version, *want;
	} cases[] = {
	    {"\"{version}\"", "v1.3.1-rc1", "\"1.3.1-rc1\""},
	    {"(({major} << 16) | ({minor} << 8) | {patch})", "v1.52.0",
	     "((1 << 16) | (52 << 8) | 0)"},
	    {"{version}", "", "0.0.0"},
	    {"{0}", "v1.2.3", "{0}"},
	};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		T_EQ_STR(t,
			 str_c(&a, mod_fill_version(&a, str_of(cases[i].text),
						    str_of(cases[i].version))),
			 cases[i].want);
	arena_fini(&a);
}

void TestPortVersionOfTag(struct test *t)
{
	static const struct {
		const char *pattern, *tag, *version; /* version "": none */
	} cases[] = {
	    {"", "v1.2.3", "v1.2.3"},
	    {"", "v1.2", ""},
	    {"", "1.2.3", ""},
	    {"v{version}", "v1.3", "v1.3.0"},
	    {"v{version}", "v1.3.0.1", ""},
	    {"{version}", "0.8.0", "v0.8.0"},
	    {"curl-{major}_{minor}_{patch}", "curl-8_5_0", "v8.5.0"},
	    {"R_{major}_{minor}_{patch}", "R_2_6_0", "v2.6.0"},
	    {"VER-{major}-{minor}-{patch}", "VER-2-13-2", "v2.13.2"},
	    {"curl-{major}_{minor}_{patch}", "curl-8_5", ""},
	    {"lib{version}-final", "lib2.4.1-final", "v2.4.1"},
	    {"v{version}", "release", ""},
	    {"{version}", "3", ""},
	    {"v{version}", "v", ""},
	};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct manifest port = {.source.tag = str_of(cases[i].pattern)};
		struct str v = {0};

		if (!port_version(&a, cases[i].pattern[0] ? &port : NULL, str_of(cases[i].tag), &v))
			v = STR("");
		T_EQ_STR(t, str_c(&a, v), cases[i].version);
	}
	arena_fini(&a);
}

void TestPathsKeep(struct test *t)
{
	static const struct {
		const char *globs, *path;
		bool kept;
	} cases[] = {
	    {"", "any/thing", true},	       {"*.c", "a.c", true},
	    {"*.c", "b/a.c", false},	       {"**/*.c", "b/a.c", true},
	    {"*.c !lua.c", "lua.c", false},    {"!lua.c *.c", "lua.c", false},
	    {"!test/**", "test/a/b.c", false}, {"!test/**", "src/a.c", true},
	    {"LICENSE", "LICENSE", true},
	};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str rest = str_of(cases[i].globs);
		struct str_vec globs = {0};

		while (rest.n && rest.p)
			*vec_push(&a, &globs) = str_cut(&rest, ' ');
		T_CHECK(t, paths_keep(&globs, str_of(cases[i].path)) == cases[i].kept,
			"'%s' and %s", cases[i].globs, cases[i].path);
	}
	arena_fini(&a);
}

void TestLinkStaysInside(struct test *t)
{
	static const struct {
		const char *path, *target;
		bool inside;
	} cases[] = {
	    {"l", "a", true},	  {"d/l", "../a", true},	  {"d/l", "..", true},
	    {"l", "..", false},	  {"d/l", "../../a", false},	  {"l", "/etc", false},
	    {"l", "", false},	  {"d/l", "x/../../../y", false}, {"d/l", "x/../y", false},
	    {"l", "a//b", false}, {"l", "a\nb", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		T_CHECK(t,
			link_stays_inside(str_of(cases[i].path), str_of(cases[i].target)) ==
			    cases[i].inside,
			"%s -> %s", cases[i].path, cases[i].target);
}

/* ---- pseudo-versions ---- */

void TestPseudoVersions(struct test *t)
{
	static const struct {
		const char *base, *version;
	} cases[] = {
	    {"", "v0.0.0-20240102030405-abcdefabcdef"},
	    {"v1.2.3", "v1.2.4-0.20240102030405-abcdefabcdef"},
	    {"v1.2.9", "v1.2.10-0.20240102030405-abcdefabcdef"},
	    {"v1.2.99", "v1.2.100-0.20240102030405-abcdefabcdef"},
	    {"v1.2.4-rc.1", "v1.2.4-rc.1.0.20240102030405-abcdefabcdef"},
	    {"v2.0.0", "v2.0.1-0.20240102030405-abcdefabcdef"},
	};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str v = pseudo_make(&a, str_of(cases[i].base), 1704164645,
					   STR("abcdefabcdef0123456789"));

		T_EQ_STR(t, str_c(&a, v), cases[i].version);
		T_OK(t, pseudo_parse(v, NULL));
		T_EQ_STR(t, str_c(&a, pseudo_base(&a, v)), cases[i].base);
		T_CHECK(t, !cases[i].base[0] || semver_cmp(str_of(cases[i].base), v) < 0, "%s",
			cases[i].version);
	}
	arena_fini(&a);
}

void TestPseudoRefused(struct test *t)
{
	static const char *const cases[] = {"v1.2.3",
					    "v1.2.3-rc.1",
					    "v1.2.3-20240102030405-abcdefabcdef",
					    "v1.2.0-0.20240102030405-abcdefabcdef",
					    "v1.2.4-0.2024010203040-abcdefabcdef",
					    "v1.2.4-0.20240102030405-ABCDEFABCDEF",
					    "v1.2.4-0.20240102030405-abcdefabcde",
					    "v0.0.0-20240102030405-abcdefabcdef+x"};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		T_CHECK(t, !pseudo_parse(str_of(cases[i]), NULL), "%s", cases[i]);
}

/* ---- sums ---- */

static const char sum_a[] =
    "example.com/a v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";

void TestSumParse(struct test *t)
{
	static const struct {
		const char *text;
		int line; /* 0: good */
	} cases[] = {
	    {"", 0},
	    {"example.com/a v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", 0},
	    {"example.com/a v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\r\n", 0},
	    {"\nexample.com/a v1.0.0\n", 2},
	    {"example.com/a v1.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", 1},
	    {"../a v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", 1},
	    {"example.com/a v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF\n", 1},
	    {"example.com/a v1.0.0 h2:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", 1},
	    {"<<<<<<< HEAD\n", 1},
	    {"example.com/a v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
	     "example.com/a v1.0.0 h1:57DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
	     2},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena a = {0};
		struct sum_file f = {0};
		struct err e = {0};
		bool ok = sum_parse(&a, STR("cbuild.sum"), str_of(cases[i].text), &f, &e);

		T_CHECK(t, ok == (cases[i].line == 0) && e.line == cases[i].line,
			"case %zu: line %d: %s", i, e.line, e.msg);
		T_CHECK(t, ok || e.fix[0], "case %zu has no remedy", i);
		arena_fini(&a);
	}
}

void TestSumSortedAndKept(struct test *t)
{
	struct arena a = {0};
	struct sum_file f = {0};
	struct mod_version b = {STR("example.com/b"), STR("v1.10.0")},
			   b9 = {STR("example.com/b"), STR("v1.9.0")};
	struct mod_versions keep = {0};
	struct err e;

	sum_put(&a, &f, &b, STR("h1:b10"));
	T_MUST(t, sum_parse(&a, STR("cbuild.sum"), str_of(sum_a), &f, &e));
	sum_put(&a, &f, &b9, STR("h1:b9"));
	T_EQ_STR(t, sum_text(&a, &f, NULL).p,
		 "example.com/a v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
		 "example.com/b v1.9.0 h1:b9\nexample.com/b v1.10.0 h1:b10\n");
	*vec_push(&a, &keep) = b9;
	T_EQ_STR(t, sum_text(&a, &f, &keep).p, "example.com/b v1.9.0 h1:b9\n");
	arena_fini(&a);
}
