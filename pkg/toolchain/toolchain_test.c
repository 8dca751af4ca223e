/*
 * Tests of the toolchain room. A shell script plays zig, so that finding, preparing and identifying
 * are tested without one; the last test compiles and runs a program with a real compiler when one
 * is there.
 */
#include "toolchain/toolchain_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "cbuild/test.h"
#include "sys/file.h"

static struct arena arena;

static const char *in_dir(struct test *t, const char *name)
{
	return str_c(&arena, str_fmt(&arena, "%s/%s", test_tmpdir(t), name));
}

static void put(struct test *t, const char *path, const char *text, uint32_t mode)
{
	struct err e = {0};

	T_CHECK(t, folder_make_for(path, &e) && file_write_fast(path, str_of(text), mode, &e),
		"%s: %s", path, e.msg);
}

static const char *joined(const struct str_vec *v)
{
	struct str out = STR("");

	for (size_t i = 0; i < v->n; i++)
		out = str_fmt(&arena, "%.*s%s%.*s", STR_ARG(out), i ? " " : "", STR_ARG(v->v[i]));
	return str_c(&arena, out);
}

static void add_list(struct tc_vars *vars, const char *name, const char *words)
{
	struct tc_var *v = vec_push(&arena, vars);
	struct str rest = str_of(words);

	v->name = str_of(name);
	v->list = true;
	while (rest.n > 0)
		*vec_push(&arena, &v->words) = str_cut(&rest, ' ');
}

void TestToolchainExpand(struct test *t)
{
	static const struct {
		const char *word, *want;
	} cases[] = {
	    {"plain", "plain"},
	    {"-m{x}", "-mone"},
	    {"{x}{x}", "oneone"},
	    {"-I{list}/{x}", "-Ia/one -Ib/one"},
	    {"{list}{list}", "aa ab ba bb"},
	    {"{none}", ""},
	    {"a{none}b", ""},
	    {"{unclosed", "{unclosed"},
	};
	struct tc_vars first = {0}, second = {0};
	const struct tc_vars *sets[] = {&first, &second};

	tc_var_set(&arena, &first, STR("x"), STR("one"));
	tc_var_set(&arena, &second, STR("x"), STR("hidden"));
	add_list(&second, "list", "a b");
	add_list(&second, "none", "");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str_vec in = {0}, out = {0};
		struct err e = {0};

		*vec_push(&arena, &in) = str_of(cases[i].word);
		T_CHECK(t, tc_expand(&arena, &in, sets, 2, &out, &e), "%s: %s", cases[i].word,
			e.msg);
		T_EQ_STR(t, joined(&out), cases[i].want);
	}
	struct str_vec in = {0}, out = {0};
	struct err e = {0};

	*vec_push(&arena, &in) = STR("-m{typo}");
	T_OK(t, !tc_expand(&arena, &in, sets, 2, &out, &e));
	T_EQ_STR(t, e.msg, "unknown variable '{typo}' in a toolchain descriptor");
}

void TestToolchainVersionCmp(struct test *t)
{
	static const struct {
		const char *x, *y;
		int want;
	} cases[] = {
	    {"0.17.0", "0.17.0", 0}, {"0.9.1", "0.17.0", -1},  {"19", "14.0.6", 1},
	    {"19.0", "19", 0},	     {"0.16.0", "0.16.1", -1}, {"", "1", -1},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int got = tc_version_cmp(str_of(cases[i].x), str_of(cases[i].y));

		T_CHECK(t, (got > 0) - (got < 0) == cases[i].want, "%s ~ %s gives %d", cases[i].x,
			cases[i].y, got);
	}
}

static void check_words(struct test *t, const struct tc_desc *d, const struct str_vec *words,
			const struct tc_vars *const *sets)
{
	struct str_vec out = {0};
	struct err e = {0};

	T_CHECK(t, tc_expand(&arena, words, sets, 2, &out, &e), "%.*s: %s", STR_ARG(d->file),
		e.msg);
}

/* Every word of every embedded descriptor can be expanded for every target it names. */
static void check_desc(struct test *t, const struct tc_desc *d)
{
	static const char *const names[] = {"root",    "sysroot", "cc",	    "ld",	 "zig",
					    "version", "suffix",  "linker", "tool-cache"};
	struct tc_vars vars = {0};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		tc_var_set(&arena, &vars, str_of(names[i]), STR("x"));
	for (size_t i = 0; i < d->probe.n; i++)
		tc_var_set(&arena, &vars, d->probe.v[i].name, STR("x"));
	for (size_t i = 0; i < d->search.n; i++)
		tc_var_set(&arena, &vars, d->search.v[i].name, STR("x"));
	for (size_t i = 0; i < d->since.n; i++)
		add_list(&vars, str_c(&arena, d->since.v[i].name), "");
	for (size_t i = 0; i < d->targets.n; i++) {
		const struct tc_vars *sets[] = {&vars, &d->targets.v[i].vars};
		const struct str_vec *lists[] = {&d->cc,	&d->link,	   &d->link_pre,
						 &d->link_post, &d->env,	   &d->trusted,
						 &d->headers,	&d->compile_files, &d->link_files};

		for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++) {
			check_words(t, d, lists[k], sets);
		}
		for (size_t k = 0; k < d->lto.n; k++) {
			check_words(t, d, &d->lto.v[k].cc, sets);
			check_words(t, d, &d->lto.v[k].link, sets);
		}
	}
}

void TestToolchainDescriptorsAreSound(struct test *t)
{
	static const char *const order[] = {"zig", "clang-musl", "musl-gcc", "gcc"};
	struct tc_desc *d;
	struct err e = {0};
	size_t n;

	T_CHECK(t, tc_desc_all(&arena, &d, &n, &e), "%s:%d: %s", e.place, e.line, e.msg);
	T_EQ_INT(t, n, sizeof order / sizeof *order);
	for (size_t i = 0; i < n; i++) {
		T_EQ_STR(t, str_c(&arena, d[i].name), order[i]);
		check_desc(t, &d[i]);
	}
}

void TestToolchainDescriptorMistakes(struct test *t)
{
	static const struct {
		const char *yaml, *want;
		int line;
	} cases[] = {
	    {"name: x\nnmae: y\n", "unknown key 'nmae'", 2},
	    {"name: x\norder: high\n", "expected a number", 2},
	    {"cc: gcc\n", "expected a list of words", 1},
	    {"kind: gnu\n", "expected zig, debian or system", 1},
	    {"static: yes please\n", "expected true or false", 1},
	    {"releases:\n- version: 1.0\n  archives:\n  - {host: linux/amd64, url: u, sha256: "
	     "beef}\n",
	     "expected 64 lower-case hex digits", 4},
	    {"releases:\n- version: 1.0\n  archives:\n  - {host: linux/amd64, sha256: beef}\n",
	     "expected host, sha256 and url, or pip and release", 4},
	    {"name: x\nlto: {thin: {cc: [-flto]}}\n", "expected cc and link", 2},
	    {"name: x\n", "a descriptor needs name, cc and targets", 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tc_desc d;
		struct err e = {0};

		T_CHECK(t, !tc_desc_parse(&arena, STR("d.yaml"), str_of(cases[i].yaml), &d, &e),
			"accepted: %s", cases[i].yaml);
		T_EQ_STR(t, e.msg, cases[i].want);
		T_EQ_INT(t, e.line, cases[i].line);
	}
}

void TestToolchainLinkerName(struct test *t)
{
	static const struct {
		const char *base, *want;
	} cases[] = {
	    {"ld.lld", "lld"}, {"ld.lld-19", "lld"}, {"ld.bfd", "bfd"}, {"ld", ""}, {"", ""}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		T_EQ_STR(t, str_c(&arena, tc_linker_name(str_of(cases[i].base))), cases[i].want);
}

/* The first linker that runs is taken; one that is there and cannot run is passed over. */
void TestToolchainLinkerChoice(struct test *t)
{
	static const char YAML[] =
	    "name: sys\nkind: system\nlinker: true\ncompiler: [%s/cc]\n"
	    "link-program: [%s/ld.lld, %s/ld.mold, %s/ld.bfd]\nprobe: {version: [echo, \"1\"]}\n"
	    "cc: [\"{cc}\"]\nlink: [\"{ld}\", \"-fuse-ld={linker}\"]\ntargets: {linux/amd64: {}}\n";
	const char *dir = in_dir(t, "bin");
	struct toolchain_opts o = {.cache_dir = str_of(in_dir(t, "cache"))};
	struct tc_found_vec found = {0};
	struct str yaml = str_fmt(&arena, YAML, dir, dir, dir, dir), why;
	struct tc_desc d;
	struct err e = {0};

	T_CHECK(t, tc_desc_parse(&arena, STR("d.yaml"), yaml, &d, &e), "%s", e.msg);
	put(t, str_c(&arena, str_fmt(&arena, "%s/cc", dir)), "#!/bin/sh\n", 0755);
	T_MUST(t, tc_find(&arena, &d, &o, &found, &why, &e));
	T_OK(t, found.n == 0 && str_startsc(why, "no linker on the PATH ("));
	put(t, str_c(&arena, str_fmt(&arena, "%s/ld.lld", dir)), "#!/bin/sh\nexit 127\n", 0755);
	put(t, str_c(&arena, str_fmt(&arena, "%s/ld.mold", dir)), "#!/bin/sh\n", 0755);
	put(t, str_c(&arena, str_fmt(&arena, "%s/ld.bfd", dir)), "#!/bin/sh\n", 0755);
	T_MUST(t, tc_find(&arena, &d, &o, &found, &why, &e));
	T_EQ_INT(t, found.n, 1);
	T_EQ_INT(t, found.v[0].linkers.n, 2);
	T_EQ_STR(t, str_c(&arena, tc_var_str(&found.v[0].vars, STR("linker"))), "mold");
}

/* An ar archive of one member; date and owner as given. */
static const char *ar_text(const char *name, const char *date, const char *data)
{
	return str_c(&arena, str_fmt(&arena, "!<arch>\n%-16s%-12s%-6s%-6s%-8s%-10zu`\n%s%s", name,
				     date, "1000", "1000", "100664", strlen(data), data,
				     strlen(data) % 2 ? "\n" : ""));
}

void TestToolchainArchiveNormalise(struct test *t)
{
	const char *x = in_dir(t, "x.a"), *y = in_dir(t, "y.a");
	struct str got_x, got_y;
	struct err e = {0};

	put(t, x, ar_text("cache/o/12/a.o/", "1700000000", "\177ELF1"), 0644);
	put(t, y, ar_text("/77", "0", "\177ELF1"), 0644);
	T_CHECK(t, tc_archive_normalise(&arena, x, &e) && tc_archive_normalise(&arena, y, &e), "%s",
		e.msg);
	T_MUST(t, file_read(&arena, x, 0, &got_x, &e) && file_read(&arena, y, 0, &got_y, &e));
	T_EQ_MEM(t, got_x.p, got_x.n, got_y.p, got_y.n);
	T_OK(t, str_containsc(got_x, "\177ELF1"));

	put(t, x, ar_text("a.o/", "0", "BC\xc0\xde bitcode"), 0644);
	T_OK(t, !tc_archive_normalise(&arena, x, &e));
	T_EQ_INT(t, e.code, ERR_VERIFY);
	put(t, x, "!<arch>\na.o/            0           0     0     644     99999     `\nshort",
	    0644);
	T_OK(t, !tc_archive_normalise(&arena, x, &e));
	T_EQ_STR(t, e.msg, "damaged archive at byte 8");
	put(t, x, "hello", 0644);
	T_OK(t, !tc_archive_normalise(&arena, x, &e));
	T_EQ_STR(t, e.msg, "not an archive");
	T_OK(t, tc_drop_debug(&arena, x, &e));
	put(t, x, ar_text("a.o/", "17", "no object"), 0644);
	T_OK(t, tc_drop_debug(&arena, x, &e) && file_read(&arena, x, 0, &got_x, &e));
	T_EQ_STR(t, got_x.p, ar_text("a.o/", "17", "no object"));
}

/*
 * A zig in a few lines of shell: it answers what the room asks, in either form of `zig env`, and
 * "links" by showing a command line that names files in its cache.
 */
static const char FAKE_ZIG[] =
    "#!/bin/sh\n"
    "here=$(dirname \"$(readlink -f \"$0\")\")\n"
    "case $1 in\n"
    "version) echo 0.99.0 ;;\n"
    "env) printf '.{\\n    .zig_exe = \"x\",\\n    .lib_dir = \"%s/lib\",\\n}\\n' \"$here\" ;;\n"
    "clang) echo object >nil.o ;;\n"
    "cc) mkdir -p cache/o/1 && cp \"$here\"/x.a cache/o/1/libc.a && cp \"$here\"/x.a "
    "cache/o/1/librt_extra.a\n"
    "  echo start >cache/o/1/rcrt1.o\n"
    "  echo noise >&2\n"
    "  echo 'ld.lld -r -o cache/o/1/rcrt1.o cache/o/0/rcrt1.o' >&2\n"
    "  echo 'ld.lld -static -pie -o nil cache/o/1/rcrt1.o nil.o --as-needed cache/o/1/libc.a "
    "cache/o/1/librt_extra.a' >&2 ;;\n"
    "esac\n";

/* Puts the fake zig first on the PATH; extra goes into the script, so that its bytes differ. */
static void fake_zig(struct test *t, const char *folder, const char *extra)
{
	const char *dir = in_dir(t, folder);

	put(t, str_c(&arena, str_fmt(&arena, "%s/zig", dir)),
	    str_c(&arena, str_fmt(&arena, "%s%s", FAKE_ZIG, extra)), 0755);
	put(t, str_c(&arena, str_fmt(&arena, "%s/x.a", dir)), ar_text("m.o/", "5", "data"), 0644);
	put(t, str_c(&arena, str_fmt(&arena, "%s/lib/include/stddef.h", dir)), "typedef int x;\n",
	    0644);
	put(t, str_c(&arena, str_fmt(&arena, "%s/lib/libc/include/generic-musl/stdio.h", dir)),
	    "int puts();\n", 0644);
	setenv("PATH", str_c(&arena, str_fmt(&arena, "%s:/usr/bin:/bin", dir)), 1);
}

static struct toolchain *open_or_fail(struct test *t, const char *cache, const char *wanted)
{
	struct toolchain_opts o = {
	    .cache_dir = str_of(in_dir(t, cache)), .wanted = str_of(wanted), .mount = STR("m/tc")};
	struct target target;
	struct toolchain *tc = NULL;
	struct err e = {0};

	T_MUST(t, target_parse(STR("linux/arm64"), &target, &e));
	if (!toolchain_open(&arena, &target, &o, &tc, &e))
		test_fatal(t, __FILE__, __LINE__, "%s %s", e.msg, e.chain);
	return tc;
}

void TestToolchainZigOnPath(struct test *t)
{
	fake_zig(t, "bin", "");
	struct toolchain *tc = open_or_fail(t, "cache", "zig");

	T_EQ_STR(t, str_c(&arena, tc->version), "0.99.0");
	T_EQ_STR(t, str_c(&arena, tc->mount_name), "zig-0.99.0");
	T_EQ_STR(t, str_c(&arena, tc->cc.v[0]), "m/tc/zig-0.99.0/zig");
	T_EQ_STR(t, joined(&tc->link_pre), "m/tc/zig-0.99.0/sysroot-0.99.0/linux-arm64/rcrt1.o");
	T_EQ_STR(t, joined(&tc->link_post),
		 "m/tc/zig-0.99.0/sysroot-0.99.0/linux-arm64/libc.a "
		 "m/tc/zig-0.99.0/sysroot-0.99.0/linux-arm64/librt_extra.a");
	T_OK(t, tc->is_static && tc->static_pie && tc->link_is_linker);
	T_CHECK(
	    t,
	    file_kind(in_dir(t, "cache/toolchain/zig-system/sysroot-0.99.0/linux-arm64/libm.a")) ==
		FILE_REGULAR,
	    "no empty libm.a for -lm");
}

void TestToolchainIdentity(struct test *t)
{
	fake_zig(t, "bin", "");
	struct toolchain *one = open_or_fail(t, "cache", "zig");
	struct toolchain *again = open_or_fail(t, "cache", "zig");
	struct toolchain *elsewhere = open_or_fail(t, "other/cache", "zig");

	T_CHECK(t, digest_eq(&one->compile_id, &again->compile_id), "same files, second look");
	T_CHECK(t, digest_eq(&one->compile_id, &elsewhere->compile_id), "another cache folder");
	T_CHECK(t, digest_eq(&one->link_id, &elsewhere->link_id), "another cache folder");
	fake_zig(t, "bin2", "# newer\n");
	struct toolchain *newer = open_or_fail(t, "cache", "zig");

	T_CHECK(t, !digest_eq(&one->compile_id, &newer->compile_id), "another compiler executable");
	put(t, in_dir(t, "bin2/lib/include/stddef.h"), "typedef long x;\n", 0644);
	struct toolchain *headers = open_or_fail(t, "third", "zig");

	T_CHECK(t, !digest_eq(&headers->compile_id, &newer->compile_id), "another header");
}

void TestToolchainMemo(struct test *t)
{
	struct toolchain_opts o = {.cache_dir = str_of(in_dir(t, "cache"))};
	const char *file = in_dir(t, "watched");
	struct str path = str_of(file), value;
	struct str_vec watch = {.v = &path, .n = 1, .cap = 1};

	put(t, file, "one", 0644);
	tc_memo_put(&arena, &o, STR("key"), &watch, STR("racy"));
	T_CHECK(t, !tc_memo_get(&arena, &o, STR("key"), &value),
		"a file of this very second was remembered");
	path = STR("/bin/sh");
	tc_memo_put(&arena, &o, STR("key"), &watch, STR("a value\nof two lines"));
	T_OK(t, tc_memo_get(&arena, &o, STR("key"), &value));
	T_EQ_STR(t, str_c(&arena, value), "a value\nof two lines");
	T_OK(t, !tc_memo_get(&arena, &o, STR("other"), &value));
}

void TestToolchainDamagedList(struct test *t)
{
	struct tc_desc d = {.name = STR("zig")};
	struct tc_found f = {
	    .desc = &d, .root = str_of(in_dir(t, "root")), .sysroots = STR("sysroot")};
	struct str_vec pre = {0}, post = {0};
	struct target target;
	struct err e = {0};

	T_MUST(t, target_parse(STR("linux/amd64"), &target, &e));
	put(t, in_dir(t, "root/sysroot/linux-amd64/link.list"), "pre ../../../etc/passwd\n", 0644);
	T_OK(t, !tc_sysroot_read(&arena, &f, &target, STR("b"), &pre, &post, &e));
	T_EQ_STR(t, e.msg, "damaged list of what to link");
}

void TestToolchainNoneFound(struct test *t)
{
	struct toolchain_opts o = {.cache_dir = str_of(in_dir(t, "cache")), .mount = STR("m")};
	struct target target;
	struct toolchain *tc;
	struct err e = {0};

	setenv("PATH", in_dir(t, "nowhere"), 1);
	T_MUST(t, target_parse(STR("linux/arm64"), &target, &e));
	T_OK(t, !toolchain_open(&arena, &target, &o, &tc, &e));
	T_EQ_INT(t, e.code, ERR_IO);
	T_CHECK(t,
		strstr(e.msg,
		       "no toolchain for linux/arm64 (zig: not installed; clang-musl: no compiler"),
		"%s", e.msg);
	T_CHECK(t, strstr(e.fix, "cbuild toolchain install zig"), "%s", e.fix);
	o.wanted = STR("zigg");
	T_OK(t, !toolchain_open(&arena, &target, &o, &tc, &e));
	T_EQ_STR(t, e.msg, "unknown toolchain 'zigg'");
	T_EQ_INT(t, e.code, ERR_USAGE);
}

void TestToolchainUse(struct test *t)
{
	struct toolchain_opts o = {.cache_dir = str_of(in_dir(t, "cache")), .mount = STR("m")};
	struct target host = target_host();
	struct toolchain *tc;
	struct err e = {0};

	setenv("PATH", in_dir(t, "nowhere"), 1);
	T_CHECK(t, toolchain_use(STR("musl-gcc"), &o, &e), "%s", e.msg);
	T_OK(t, !toolchain_open(&arena, &host, &o, &tc, &e));
	T_CHECK(t, strstr(e.msg, "(musl-gcc: no compiler") != NULL, "%s", e.msg);
	T_CHECK(t, toolchain_use(STR(""), &o, &e), "%s", e.msg);
	T_OK(t, !toolchain_open(&arena, &host, &o, &tc, &e));
	T_CHECK(t, strstr(e.msg, "(zig: not installed") != NULL, "%s", e.msg);
	T_OK(t, !toolchain_use(STR("tcc"), &o, &e));
	T_EQ_STR(t, e.msg, "unknown toolchain 'tcc'");
}

/* A pip that hands over a file which is not what the descriptor pins. */
void TestToolchainInstallWrongDigest(struct test *t)
{
	static const char yaml[] =
	    "name: zig\nkind: zig\ncc: [x]\ntargets: {linux/amd64: {}, linux/arm64: {}}\n"
	    "releases:\n- version: 1.2.3\n  archives:\n"
	    "  - {host: linux/amd64, pip: p, release: 1.2.3, sha256: %s}\n"
	    "  - {host: linux/arm64, pip: p, release: 1.2.3, sha256: %s}\n";
	static const char pins[] =
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct toolchain_opts o = {.cache_dir = str_of(in_dir(t, "cache")), .mount = STR("m")};
	struct tc_desc d;
	struct err e = {0};

	put(t, in_dir(t, "bin/pip3"), "#!/bin/sh\necho evil >\"$6/p-1.2.3.whl\"\n", 0755);
	setenv("PATH", str_c(&arena, str_fmt(&arena, "%s:/usr/bin:/bin", in_dir(t, "bin"))), 1);
	struct str text = str_of(yaml), out = STR("");

	while (text.n > 0) {
		size_t at = str_find(text, '%');

		out = str_fmt(&arena, "%.*s%.*s%s", STR_ARG(out), (int)at, text.p,
			      at < text.n ? pins : "");
		text = str_skip(text, at + 2);
	}
	T_CHECK(t, tc_desc_parse(&arena, STR("d"), out, &d, &e), "%s", e.msg);
	put(t, in_dir(t, "cache/toolchain/install-left/zig.tar.xz"), "half", 0644);
	T_OK(t, !tc_install_release(&arena, &d, STR(""), &o, &e));
	T_EQ_INT(t, e.code, ERR_VERIFY);
	T_CHECK(t, strstr(e.msg, "p-1.2.3.whl has SHA-256") && strstr(e.msg, pins), "%s", e.msg);
	T_OK(t, file_kind(in_dir(t, "cache/toolchain/zig-1.2.3")) == FILE_ABSENT);
	T_CHECK(t, file_kind(in_dir(t, "cache/toolchain/install-left")) == FILE_ABSENT,
		"left by a killed run");
	T_OK(t, !tc_install_release(&arena, &d, STR("9.9.9"), &o, &e));
	T_EQ_STR(t, e.msg, "zig 9.9.9 is not pinned");
}

static const char **words_of(const struct str_vec *x, const char *const *more,
			     const struct str_vec *y, const char *last, const struct str_vec *z)
{
	VEC(const char *) out = {0};

	for (size_t i = 0; i < x->n; i++)
		*vec_push(&arena, &out) = str_c(&arena, x->v[i]);
	for (; *more; more++)
		*vec_push(&arena, &out) = *more;
	for (size_t i = 0; y && i < y->n; i++)
		*vec_push(&arena, &out) = str_c(&arena, y->v[i]);
	if (last)
		*vec_push(&arena, &out) = last;
	for (size_t i = 0; z && i < z->n; i++)
		*vec_push(&arena, &out) = str_c(&arena, z->v[i]);
	*vec_push(&arena, &out) = NULL;
	return out.v;
}

static bool run_words(struct test *t, const char **words, const struct str_vec *env)
{
	struct str_vec argv = {0};
	struct err e = {0};

	for (size_t i = 0; words[i]; i++)
		*vec_push(&arena, &argv) = str_of(words[i]);
	bool ok = tc_run(&arena, &argv, env, NULL, NULL, NULL, &e);

	T_CHECK(t, ok, "%s: %s", joined(&argv), e.msg);
	return ok;
}

/* A program for this host with the musl-gcc that is installed: static-PIE, and it runs. */
void TestToolchainBuildsHost(struct test *t)
{
	struct toolchain_opts o = {.cache_dir = str_of(in_dir(t, "cache")),
				   .wanted = STR("musl-gcc"),
				   .mount = STR("mount"),
				   .no_install = true};
	static const char *const compile[] = {"-O2", "-c", "hello.c", "-o", "hello.o", NULL};
	static const char *const out[] = {"-o", "hello", NULL};
	struct target host = target_host();
	struct toolchain *tc;
	struct err e = {0};
	struct str found;

	if (!path_search(&arena, "musl-gcc", &found))
		test_skip(t, "no musl-gcc on this machine");
	T_MUST(t, chdir(test_tmpdir(t)) == 0);
	if (!toolchain_open(&arena, &host, &o, &tc, &e))
		test_fatal(t, __FILE__, __LINE__, "%s", e.msg);
	struct str link = path_join(&arena, o.mount, tc->mount_name);

	T_MUST(t, folder_make("mount", &e) &&
		      file_symlink(str_c(&arena, tc->root), str_c(&arena, link), &e));
	put(t, "hello.c",
	    "#include <stdio.h>\n#include <linux/futex.h>\nint main(void)\n{\n\tputs(\"hi\");\n}\n",
	    0644);
	T_MUST(t, run_words(t, words_of(&tc->cc, compile, NULL, NULL, NULL), &tc->env));
	T_MUST(t,
	       run_words(t, words_of(&tc->link_head, out, &tc->link_pre, "hello.o", &tc->link_post),
			 &tc->env));
	T_OK(t, run_words(t,
			  words_of(&(struct str_vec){0}, (const char *const[]){"./hello", NULL},
				   NULL, NULL, NULL),
			  &tc->env));
}
