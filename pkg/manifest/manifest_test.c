/*
 * Good manifests value by value; every wrong one of testdata/manifest/bad with its exact error
 * (CBUILD_TEST_UPDATE=1 rewrites them: read the difference); ports and examples; the fuzz corpus;
 * the schema's keys against the parser's.
 */
#include "manifest/manifest.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "cbuild/test.h"
#include "manifest/manifest_impl.h"
#include "sys/file.h"

/*
 * Into the repository's root, for tests that read its files: cbuild starts tests in their package's folder, make
 * in the root.
 */
static void from_root(struct test *t)
{
	for (int up = 0; file_kind("docs/manifest.md") != FILE_REGULAR; up++)
		T_MUST(t, up < 4 && chdir("..") == 0);
}

static struct manifest parse(struct test *t, struct arena *a, const char *text)
{
	struct manifest m;
	struct err e = {0};

	if (!manifest_parse(a, STR("cbuild.yaml"), str_of(text), &m, &e))
		test_fatal(t, __FILE__, __LINE__, "%s: %s", text, e.msg);
	return m;
}

static struct manifest read_good(struct test *t, struct arena *a, const char *path)
{
	struct manifest m;
	struct err e = {0};

	from_root(t);
	if (!manifest_read(a, path, &m, &e))
		test_fatal(t, __FILE__, __LINE__, "%s:%d:%d: %s", path, e.line, e.col, e.msg);
	return m;
}

/* Texts joined by blanks, for comparison. */
static const char *join(struct arena *a, const struct str_vec *v)
{
	struct str s = STR("");

	for (size_t i = 0; i < v->n; i++)
		s = str_fmt(a, "%.*s%s%.*s", STR_ARG(s), i ? " " : "", STR_ARG(v->v[i]));
	return s.p;
}

/* NAME or NAME=VALUE, joined by blanks. */
static const char *join_defines(struct arena *a, const struct define_vec *v)
{
	struct str s = STR("");

	for (size_t i = 0; i < v->n; i++)
		s = str_fmt(a, "%.*s%s%.*s%s%.*s", STR_ARG(s), i ? " " : "", STR_ARG(v->v[i].name),
			    v->v[i].value.p ? "=" : "", STR_ARG(v->v[i].value));
	return s.p;
}

void TestManifestModule(struct test *t)
{
	struct arena a = {0};
	struct manifest m = read_good(t, &a, "testdata/manifest/good/everything.yaml");

	T_EQ_STR(t, m.module.p, "example.com/shop");
	T_EQ_INT(t, m.module_pos.line, 2);
	T_EQ_INT(t, m.module_pos.col, 9);
	T_MUST(t, m.require.n == 2 && m.replace.n == 1 && m.exclude.n == 3 && m.targets.n == 3);
	T_EQ_STR(t, m.require.v[0].version.p, "v1.3.1");
	T_EQ_STR(t, m.require.v[1].path.p, "github.com/lua/lua");
	T_EQ_STR(t, m.require.v[1].version.p, "v5.4.6-rc1+debian.1");
	T_EQ_INT(t, m.require.v[1].pos.line, 5);
	T_EQ_STR(t, m.replace.v[0].folder.p, "../lua");
	T_EQ_STR(t, m.exclude.v[1].version.p, "v1.2.1");
	T_EQ_STR(t, m.exclude.v[2].path.p, "github.com/acme/net");
	T_EQ_STR(t, target_name(&a, &m.targets.v[1]).p, "linux/arm64");
	T_EQ_STR(t, target_name(&a, &m.targets.v[2]).p, "linux/arm/v7");
	T_EQ_STR(t, join_defines(&a, &m.flags.defines),
		 "NDEBUG LEVEL=3 NAME=\"shop\" EMPTY= WORD=true");
	T_EQ_STR(t, join(&a, &m.flags.cflags), "-Wall -include shop.h");
	T_EQ_STR(t, join(&a, &m.flags.libs), "m");
	T_MUST(t, m.profiles.n == 2);
	T_EQ_STR(t, m.profiles.v[0].lto.p, "thin");
	T_OK(t, m.profiles.v[0].strip && m.profiles.v[0].strip_set && !m.profiles.v[1].strip_set);
	T_OK(t, !m.is_port);
	arena_fini(&a);
}

void TestManifestPackages(struct test *t)
{
	struct arena a = {0};
	struct manifest m = read_good(t, &a, "testdata/manifest/good/everything.yaml");
	const struct package_spec *p = m.packages.v;

	T_MUST(t, m.packages.n == 4);
	T_EQ_STR(t, join(&a, &p[0].sources), "src/**/*.c !src/win32/** src/x.c");
	T_EQ_INT(t, p[0].sources_pos.line, 21);
	T_EQ_STR(t, join(&a, &p[0].include), ".");
	T_EQ_STR(t, join(&a, &p[0].export_include), "include");
	T_EQ_STR(t, join_defines(&a, &p[0].export_flags.defines), "SHOP=1");
	T_EQ_STR(t, join(&a, &p[0].when.os), "linux !windows");
	T_EQ_STR(t, p[0].std.p, "gnu11");
	T_EQ_STR(t, p[0].program.p, "shop-server");
	T_EQ_STR(t, join(&a, &p[0].uses), "github.com/lua/lua pkg/log");
	T_EQ_STR(t, p[1].name.p, "lib/x");
	T_MUST(t, p[1].additions.n == 2 && !p[1].when.os.n);
	T_EQ_STR(t, join(&a, &p[1].additions.v[0].sources), "x_linux.c");
	T_EQ_STR(t, join_defines(&a, &p[1].additions.v[0].flags.defines), "EPOLL");
	T_EQ_STR(t, join(&a, &p[1].additions.v[1].when.arch), "amd64 386");
	T_EQ_STR(t, join(&a, &p[1].additions.v[1].flags.cflags), "-msse2");
	T_EQ_INT(t, p[2].pos.line, 37);
	arena_fini(&a);
}

void TestManifestImage(struct test *t)
{
	struct arena a = {0};
	struct manifest m = read_good(t, &a, "testdata/manifest/good/everything.yaml");
	const struct image_spec *s = &m.image;

	T_EQ_INT(t, s->user, 4294967294);
	T_EQ_STR(t, join(&a, &s->entrypoint), "/shop -v");
	T_EQ_STR(t, join(&a, &s->cmd), "-d /data");
	T_EQ_STR(t, join(&a, &s->env), "A=b C=");
	T_MUST(t, s->ports.n == 3 && s->ports.v[2] == 65535);
	T_EQ_STR(t, s->workdir.p, "/");
	T_OK(t, s->ca_certs && !s->tzdata);
	T_EQ_STR(t, join_defines(&a, &s->labels), "org.opencontainers.image.title=shop empty=");
	T_EQ_STR(t, join(&a, &s->folders), "/data /var/cache");
	T_EQ_STR(t, join_defines(&a, &s->files), "/etc/shop.conf=etc/shop.conf");
	m = parse(t, &a, "");
	T_EQ_INT(t, m.image.user, 65532);
	arena_fini(&a);
}

void TestManifestDeploy(struct test *t)
{
	struct arena a = {0};
	struct manifest m =
	    parse(t, &a,
		  "deploy:\n"
		  "  keep: 3\n"
		  "  health: {http: 'http://[::1]:8080/healthz', timeout: 500ms, "
		  "interval: 2m, tries: 4, proof: answer}\n"
		  "  reload: [systemctl, reload, kv]\n"
		  "  log: [journalctl, -n, 20]\n"
		  "  canary: {run: [./kv, -a, ':8081'], health: {tcp: '127.0.0.1:8081'}}\n");
	const struct deploy_spec *s = &m.deploy;

	T_EQ_INT(t, s->keep, 3);
	T_EQ_INT(t, s->health.kind, HEALTH_HTTP);
	T_EQ_STR(t, s->health.address.p, "http://[::1]:8080/healthz");
	T_OK(t, s->health.timeout_ms == 500 && s->health.interval_ms == 120000 &&
		    s->health.tries == 4 && s->health.proof == PROOF_ANSWER);
	T_EQ_STR(t, join(&a, &s->reload), "systemctl reload kv");
	T_EQ_STR(t, join(&a, &s->log), "journalctl -n 20");
	T_EQ_STR(t, join(&a, &s->canary), "./kv -a :8081");
	T_EQ_INT(t, s->canary_health.kind, HEALTH_TCP);
	T_EQ_STR(t, s->canary_health.address.p, "127.0.0.1:8081");
	T_EQ_INT(t, s->canary_health.proof, PROOF_PROCESS);
	m = parse(t, &a,
		  "deploy: {verify: {key: keys/release.pub, module: example.com/kv, builder: "
		  "'https://ci/x', branch: [main, 'release/*']}}\n");
	T_EQ_STR(t, s->verify.key.p, "keys/release.pub");
	T_EQ_STR(t, s->verify.module.p, "example.com/kv");
	T_EQ_STR(t, join(&a, &s->verify.builders), "https://ci/x");
	T_EQ_STR(t, join(&a, &s->verify.branches), "main release/*");
	m = parse(t, &a, "");
	T_OK(t, m.deploy.health.kind == HEALTH_NONE && !m.deploy.keep && !s->verify.key.n);
	arena_fini(&a);
}

void TestManifestPatches(struct test *t)
{
	struct arena a = {0};
	struct manifest m = parse(
	    t, &a,
	    "module: example.com/z\nrevision: 3\nports: {example.com/p: v1.2.0}\npatches: "
	    "[a.patch, {file: p/b.patch, strip: 0, versions: ['>=v1.0.0', <v2.0.0, v1.5.0]}]\n");

	T_OK(t, m.is_port && m.revision == 3);
	T_EQ_STR(t, m.ports.v[0].path.p, "example.com/p");
	T_EQ_STR(t, m.ports.v[0].version.p, "v1.2.0");
	T_MUST(t, m.patches.n == 2);
	T_EQ_STR(t, m.patches.v[0].file.p, "a.patch");
	T_OK(t, m.patches.v[0].strip == 1 && !m.patches.v[0].versions.n);
	T_EQ_STR(t, m.patches.v[1].file.p, "p/b.patch");
	T_MUST(t, m.patches.v[1].strip == 0 && m.patches.v[1].versions.n == 3);
	T_OK(t, m.patches.v[1].versions.v[0].op == VERSION_GE);
	T_OK(t, m.patches.v[1].versions.v[1].op == VERSION_LT);
	T_OK(t, m.patches.v[1].versions.v[2].op == VERSION_EQ);
	T_EQ_STR(t, m.patches.v[1].versions.v[1].version.p, "v2.0.0");
	m = parse(t, &a, "patches:\nmodule: example.com/z\nports:\n");
	T_OK(t, !m.is_port && !m.patches.n && !m.ports.n);
	arena_fini(&a);
}

void TestManifestPort(struct test *t)
{
	struct arena a = {0};
	struct manifest m = read_good(t, &a, "testdata/manifest/good/port.yaml");

	T_OK(t, m.is_port);
	T_EQ_STR(t, m.source.git.p, "https://github.com/DaveGamble/cJSON");
	T_EQ_STR(t, m.source.tag.p, "release-{major}_{minor}.{patch}");
	T_EQ_STR(t, m.licence.p, "MIT");
	T_EQ_STR(t, join(&a, &m.paths), "*.c !test.c LICENSE");
	T_EQ_STR(t, join(&a, &m.provides_headers), "cJSON.h sub/*.h");
	T_EQ_STR(t, m.provides_native.p, "cjson");
	T_EQ_STR(t, join(&a, &m.image.env), "HOME=/data EMPTY=");
	m = read_good(t, &a, "testdata/manifest/good/marks.yaml");
	T_EQ_STR(t, m.module.p, "example.com/shop");
	T_OK(t, !m.require.n && !m.packages.n);
	arena_fini(&a);
}

/* What manifest_parse says about text, rendered. */
static void verdict(struct str text, struct buf *out)
{
	struct arena a = {0};
	struct manifest m;
	struct err e = {0};

	if (manifest_parse(&a, STR("cbuild.yaml"), text, &m, &e))
		buf_addc(out, "ok\n");
	else
		err_render(&e, out);
	arena_fini(&a);
}

static void check_bad(struct test *t, struct arena *a, struct str stem)
{
	const char *want_path = str_fmt(a, "testdata/manifest/bad/%.*s.want", STR_ARG(stem)).p;
	struct str text, want = {0};
	struct buf got = {0};
	struct err e = {0};

	T_MUST(t, file_read(a, str_fmt(a, "testdata/manifest/bad/%.*s.yaml", STR_ARG(stem)).p, 0,
			    &text, &e));
	verdict(text, &got);
	if (getenv("CBUILD_TEST_UPDATE"))
		T_MUST(t, file_write_if_changed(want_path, buf_str(&got), 0644, &e));
	T_CHECK(t, file_read(a, want_path, 0, &want, &e), "%s", want_path);
	test_log(t, "%.*s.yaml", STR_ARG(stem));
	T_EQ_STR(t, got.p, str_c(a, want));
	T_CHECK(t, !str_eqc(want, "ok\n"), "%.*s is no wrong manifest", STR_ARG(stem));
	buf_fini(&got);
}

void TestManifestBad(struct test *t)
{
	struct arena a = {0};
	struct folder_entry *entries;
	struct err e = {0};
	size_t n, wrong = 0;

	from_root(t);
	T_MUST(t, folder_list(&a, "testdata/manifest/bad", &entries, &n, &e));
	for (size_t i = 0; i < n; i++) {
		if (!str_eqc(path_ext(entries[i].name), "yaml"))
			continue;
		check_bad(t, &a, path_stem(entries[i].name));
		wrong++;
	}
	T_CHECK(t, wrong >= 25, "%zu wrong manifests", wrong);
	arena_fini(&a);
}

/* Each of the folder's manifests parses, and a requirement can be put in and taken out again. */
static size_t check_folder(struct test *t, struct arena *a, const char *folder, bool ports)
{
	struct folder_entry *entries;
	struct err e = {0};
	struct str text, with, without;
	size_t n;

	T_MUST(t, folder_list(a, folder, &entries, &n, &e));
	for (size_t i = 0; i < n; i++) {
		const char *path = str_fmt(a, "%s/%.*s", folder, STR_ARG(entries[i].name)).p;
		struct manifest m = read_good(t, a, path);

		T_CHECK(t, m.is_port == ports || !ports, "%s", path);
		T_CHECK(t,
			!ports ||
			    (m.module.n && m.packages.n && m.licence.n && m.provides_headers.n),
			"%s", path);
		T_MUST(t, file_read(a, path, 0, &text, &e));
		T_MUST(t, manifest_edit_require(a, str_of(path), text, STR("example.com/new"),
						STR("v1.0.0"), &with, &e));
		T_MUST(t, manifest_edit_require(a, str_of(path), with, STR("example.com/new"),
						STR(""), &without, &e));
		T_CHECK(t, m.require.n == parse(t, a, str_c(a, without)).require.n, "%s", path);
	}
	return n;
}

void TestManifestPortsParse(struct test *t)
{
	struct arena a = {0};

	from_root(t);
	T_OK(t, check_folder(t, &a, "ports", true) >= 6);
	T_OK(t, check_folder(t, &a, "testdata/manifest/good", false) >= 3);
	T_OK(t, read_good(t, &a, "examples/kv/cbuild.yaml").require.n >= 3);
	arena_fini(&a);
}

/* A port's edit round trip must give back the very bytes, since its packages are in block style. */
void TestManifestEditRoundTrip(struct test *t)
{
	struct arena a = {0};
	struct err e = {0};
	struct str text, with, without;

	from_root(t);
	T_MUST(t, file_read(&a, "examples/kv/cbuild.yaml", 0, &text, &e));
	T_MUST(t, manifest_edit_require(&a, STR("x"), text, STR("example.com/new"), STR("v1.0.0"),
					&with, &e));
	T_MUST(t, manifest_edit_require(&a, STR("x"), with, STR("example.com/new"), STR(""),
					&without, &e));
	T_EQ_MEM(t, without.p, without.n, text.p, text.n);
	arena_fini(&a);
}

void TestManifestFuzzCorpus(struct test *t)
{
	struct arena a = {0};
	struct folder_entry *entries;
	struct err e = {0};
	struct str text, out;
	size_t n;

	from_root(t);
	T_MUST(t, folder_list(&a, "testdata/fuzz/manifest", &entries, &n, &e));
	T_OK(t, n >= 10);
	for (size_t i = 0; i < n; i++) {
		struct buf got = {0};
		const char *path =
		    str_fmt(&a, "testdata/fuzz/manifest/%.*s", STR_ARG(entries[i].name)).p;

		T_MUST(t, file_read(&a, path, 0, &text, &e));
		verdict(text, &got);
		T_CHECK(t, got.n > 0, "%s", path);
		if (manifest_edit_require(&a, STR("f"), text, STR("example.com/x"), STR("v1.0.0"),
					  &out, &e))
			T_CHECK(t, str_containsc(out, "example.com/x"), "%s", path);
		buf_fini(&got);
	}
	arena_fini(&a);
}

void TestManifestVersions(struct test *t)
{
	static const char *const good[] = {"v0.0.0",
					   "v1.2.3",
					   "v10.20.30",
					   "v1.2.3-rc.1",
					   "v1.2.3-0.20240102030405-abcdefabcdef",
					   "v2.0.0+incompatible",
					   "v1.0.0-a-b.7+001",
					   "v1.0.0-0a"};
	static const char *const bad[] = {"",
					  "v",
					  "1.2.3",
					  "v1",
					  "v1.2",
					  "v1.2.3.4",
					  "v01.2.3",
					  "v1.2.3-",
					  "v1.2.3-01",
					  "v1.2.3+",
					  "v1.2.3-a..b",
					  "v1.2.3 ",
					  "V1.2.3",
					  "v1.2.x",
					  "v1.2.3-\xc3\xa9",
					  "v1.2.3+a+b",
					  "v9999999999999999999.0.0"};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		T_CHECK(t, !version_remedy(str_of(good[i])), "%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		T_CHECK(t, version_remedy(str_of(bad[i])), "%s", bad[i]);
}

void TestManifestModulePaths(struct test *t)
{
	static const char *const good[] = {"github.com/madler/zlib", "example.com",
					   "a.b/c-d/e_f/g~h/v2", "1.x.org/y",
					   "github.com/Mbed-TLS/mbedtls"};
	static const char *const bad[] = {"",
					  "zlib",
					  "/github.com/x",
					  "github.com/",
					  "github.com//x",
					  "github.com/../x",
					  "github.com/./x",
					  "Github.com/x",
					  ".com/x",
					  "com./x",
					  "a..b/x",
					  "-a.b/x",
					  "a.b/x y",
					  "a.b/.git",
					  "a.b/x.git",
					  "a.b/x.",
					  "a.b/x\\y",
					  "git@a.b:x",
					  "a.b/-x",
					  "a.b/\n"};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		T_CHECK(t, !module_path_remedy(str_of(good[i])), "%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		T_CHECK(t, module_path_remedy(str_of(bad[i])), "%s", bad[i]);
}

void TestConditionHolds(struct test *t)
{
	static const struct {
		const char *when, *target;
		bool want;
	} cases[] = {
	    {"{}", "linux/amd64", true},
	    {"{os: linux}", "linux/amd64", true},
	    {"{os: windows}", "linux/amd64", false},
	    {"{os: [windows, linux]}", "linux/amd64", true},
	    {"{os: \"!windows\"}", "linux/amd64", true},
	    {"{os: [\"!windows\", \"!linux\"]}", "linux/amd64", false},
	    {"{arch: 386}", "linux/386", true},
	    {"{arch: [amd64, arm64]}", "linux/arm/v7", false},
	    {"{arch: arm}", "linux/arm/v6", true},
	    {"{os: linux, arch: \"!arm\"}", "linux/arm/v7", false},
	    {"{os: linux, arch: \"!arm\"}", "linux/arm64", true},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena a = {0};
		struct manifest m = parse(
		    t, &a,
		    str_fmt(&a, "packages: {x: {sources: [a.c], when: %s}}", cases[i].when).p);
		struct target target;
		struct option_values none = {0};
		struct err e;

		T_MUST(t, target_parse(str_of(cases[i].target), &target, &e));
		T_CHECK(t, condition_holds(&m.packages.v[0].when, &target, &none) == cases[i].want,
			"%s on %s", cases[i].when, cases[i].target);
		arena_fini(&a);
	}
}

/* A list of switches: any of them, and none behind '!'. A map: all of it. */
void TestConditionOnOptions(struct test *t)
{
	static const struct {
		const char *when, *on, *tls;
		bool want;
	} cases[] = {
	    {"a", "true", "x", true},
	    {"a", "false", "x", false},
	    {"\"!a\"", "true", "x", false},
	    {"\"!a\"", "false", "x", true},
	    {"[a, b]", "true", "x", true},
	    {"[a, b]", "false", "x", false},
	    {"[\"!a\", \"!b\"]", "false", "x", true},
	    {"[\"!a\", b]", "false", "x", false},
	    {"{tls: y}", "true", "y", true},
	    {"{tls: [x, y]}", "true", "y", true},
	    {"{tls: \"!y\"}", "true", "y", false},
	    {"{a: true, tls: y}", "true", "x", false},
	    {"{a: false, tls: y}", "false", "y", true},
	    {"[]", "false", "x", true},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena a = {0};
		struct manifest m =
		    parse(t, &a,
			  str_fmt(&a,
				  "options: {a: {}, b: {}, tls: {choose: [x, y], default: x}}\n"
				  "packages: {x: {sources: [a.c], when: {option: %s}}}",
				  cases[i].when)
			      .p);
		struct option_value v[] = {{STR("a"), str_of(cases[i].on)},
					   {STR("b"), STR("false")},
					   {STR("tls"), str_of(cases[i].tls)}};
		struct option_values values = {.v = v, .n = 3};

		T_CHECK(t, condition_options_hold(&m.packages.v[0].when, &values) == cases[i].want,
			"%s, a %s, tls %s", cases[i].when, cases[i].on, cases[i].tls);
		arena_fini(&a);
	}
}

void TestManifestMake(struct test *t)
{
	struct arena a = {0};
	struct manifest m = read_good(t, &a, "testdata/manifest/good/everything.yaml");
	const struct foreign_spec *f = &m.packages.v[3].foreign;

	T_EQ_STR(t, f->system.p, "cmake");
	T_EQ_STR(t, f->folder.p, "build/cmake");
	T_EQ_STR(t, join(&a, &f->args), "-DA=b c -DD");
	T_EQ_STR(t, join(&a, &f->targets), "install");
	T_EQ_STR(t, join(&a, &f->libs), "libb.a lib/liba.a");
	T_EQ_STR(t, join(&a, &f->include), "include");
	T_EQ_STR(t, join(&a, &f->headers), "a/*.h");
	T_EQ_STR(t, join(&a, &f->tools), "perl");
	T_MUST(t, m.generate.n == 2 && m.embed.n == 2);
	T_EQ_STR(t, join(&a, &m.generate.v[0].run), "re2c -o $out $in");
	T_EQ_STR(t, join(&a, &m.generate.v[1].in), "tab/*.txt !tab/x.txt");
	T_EQ_STR(t, join(&a, &m.generate.v[1].out), "tab.c tab.h");
	T_EQ_STR(t, m.embed.v[1].name.p, "one");
	T_EQ_STR(t, join(&a, &m.embed.v[0].files), "static/** !static/x");
	arena_fini(&a);
}

/* Where a word of generate's run names a file. */
void TestManifestPlaces(struct test *t)
{
	static const struct {
		const char *word, *text;
		enum generate_place_kind kind;
		size_t number;
		bool bad;
	} cases[] = {
	    {"-o", "-o", PLACE_NONE, 0, false},
	    {"$in", "", PLACE_IN, 0, false},
	    {"-o$out", "-o", PLACE_OUT, 0, false},
	    {"--defines=$out2", "--defines=", PLACE_OUT, 2, false},
	    {"s/x$/y/", "s/x$/y/", PLACE_NONE, 0, false},
	    {"$", "$", PLACE_NONE, 0, false},
	    {"$input", "$input", PLACE_NONE, 0, true},
	    {"$in0", "$in0", PLACE_NONE, 0, true},
	    {"$out.c", "$out.c", PLACE_NONE, 0, true},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct generate_place p;
		bool ok = generate_place(str_of(cases[i].word), &p);

		T_CHECK(t,
			ok != cases[i].bad && p.kind == cases[i].kind &&
			    p.number == cases[i].number && str_eqc(p.text, cases[i].text),
			"%s", cases[i].word);
	}
}

/* The schema: what a $ref stands for, and the types of a property in the order of the table's
 * words. */
static const json_t *resolve(const json_t *schema, const json_t *p)
{
	const char *ref = json_string_value(json_object_get(p, "$ref"));

	return ref ? json_object_get(json_object_get(schema, "$defs"), strrchr(ref, '/') + 1) : p;
}

static struct str types_of(struct arena *a, const json_t *p)
{
	const json_t *type = json_object_get(p, "type");
	struct str s = STR("");

	if (json_is_string(type))
		return str_of(json_string_value(type));
	for (size_t i = 0; i < json_array_size(type); i++)
		s = str_fmt(a, "%.*s%s%s", STR_ARG(s), i ? " " : "",
			    json_string_value(json_array_get(type, i)));
	return s;
}

static void check_table(struct test *t, struct arena *a, const json_t *schema,
			const struct key_table *table)
{
	const json_t *def = json_object_get(json_object_get(schema, "$defs"), table->name);
	const json_t *props =
	    json_object_get(str_eqc(STR("manifest"), table->name) ? schema : def, "properties");
	size_t supported = 0;

	T_CHECK(t, json_is_object(props), "no $defs.%s in the schema", table->name);
	for (size_t i = 0; i < table->n; i++) {
		const json_t *p = json_object_get(props, table->keys[i].name);

		T_CHECK(t, !p == !table->keys[i].read, "%s.%s: supported and in the schema differ",
			table->name, table->keys[i].name);
		if (!p)
			continue;
		supported++;
		test_log(t, "%s.%s", table->name, table->keys[i].name);
		T_EQ_STR(t, types_of(a, resolve(schema, p)).p, table->keys[i].kinds);
	}
	test_log(t, "%s: properties in the schema, keys of the parser", table->name);
	T_EQ_INT(t, json_object_size(props), supported);
}

/* Every value of the schema's enumeration is one that the parser takes. */
static void check_enum(struct test *t, const json_t *values, const char *before, const char *after)
{
	T_CHECK(t, json_array_size(values) > 0, "%s", before);
	for (size_t i = 0; i < json_array_size(values); i++) {
		struct buf got = {0}, text = {0};

		buf_printf(&text, "%s%s%s", before, json_string_value(json_array_get(values, i)),
			   after);
		verdict(buf_str(&text), &got);
		T_CHECK(t, str_eqc(buf_str(&got), "ok\n"), "%s: %s", text.p, got.p);
		buf_fini(&got);
		buf_fini(&text);
	}
}

void TestManifestSchema(struct test *t)
{
	struct arena a = {0};
	json_error_t why;
	const json_t *defs;
	json_t *schema;

	from_root(t);
	schema = json_load_file("docs/cbuild.schema.json", JSON_REJECT_DUPLICATES, &why);
	defs = json_object_get(schema, "$defs");
	if (!schema)
		test_fatal(t, __FILE__, __LINE__, "docs/cbuild.schema.json:%d: %s", why.line,
			   why.text);
	for (size_t i = 0; i < manifest_table_count; i++)
		check_table(t, &a, schema, &manifest_tables[i]);
	check_enum(t, json_object_get(json_object_get(defs, "std"), "enum"), "std: ", "");
	check_enum(t, json_object_get(json_object_get(defs, "target"), "enum"), "targets: [", "]");
	json_decref(schema);
	arena_fini(&a);
}

/* The next ```yaml block of a document, without its fences. */
static bool next_block(struct str *rest, struct arena *a, struct str *out)
{
	struct str line, block = STR("");
	bool inside = false;

	while (str_line(rest, &line)) {
		if (!inside) {
			inside = str_eqc(line, "```yaml");
			continue;
		}
		if (str_startsc(line, "```")) {
			*out = block;
			return true;
		}
		block = str_fmt(a, "%.*s%.*s\n", STR_ARG(block), STR_ARG(line));
	}
	return false;
}

/* The reference names every key, supported or not, and its whole examples are good manifests. */
void TestManifestReference(struct test *t)
{
	struct arena a = {0};
	struct err e = {0};
	struct str text, rest, block;
	size_t examples = 0;

	from_root(t);
	T_MUST(t, file_read(&a, "docs/manifest.md", 0, &text, &e));
	for (size_t i = 0; i < manifest_table_count; i++)
		for (size_t k = 0; k < manifest_tables[i].n; k++)
			T_CHECK(t,
				str_containsc(
				    text, str_fmt(&a, "`%s`", manifest_tables[i].keys[k].name).p),
				"%s.%s", manifest_tables[i].name, manifest_tables[i].keys[k].name);
	for (rest = text; next_block(&rest, &a, &block);) {
		if (!str_startsc(block, "module") && !str_startsc(block, "packages"))
			continue;
		parse(t, &a, str_c(&a, block));
		examples++;
	}
	T_EQ_INT(t, examples, 5);
	arena_fini(&a);
}

void TestManifestRetractAndReplace(struct test *t)
{
	static const char text[] = "module: example.com/m\n"
				   "retract: {v1.0.0: , v1.2.0..v1.2.3-rc.1: leaks}\n"
				   "replace: {example.com/a: example.com/fork@v1.2.3,\n"
				   "  example.com/b@v1.0.0: ../b@v1.0.0}\n";
	struct arena a = {0};
	struct manifest m;
	struct err e = {0};

	T_OK(t, manifest_parse(&a, STR("cbuild.yaml"), str_of(text), &m, &e));
	T_MUST(t, m.retract.n == 2 && m.replace.n == 2);
	T_EQ_STR(t, str_c(&a, m.retract.v[0].low), "v1.0.0");
	T_EQ_STR(t, str_c(&a, m.retract.v[0].high), "v1.0.0");
	T_EQ_STR(t, str_c(&a, m.retract.v[1].low), "v1.2.0");
	T_EQ_STR(t, str_c(&a, m.retract.v[1].high), "v1.2.3-rc.1");
	T_EQ_STR(t, str_c(&a, m.retract.v[1].why), "leaks");
	T_EQ_STR(t, str_c(&a, m.replace.v[0].by_path), "example.com/fork");
	T_EQ_STR(t, str_c(&a, m.replace.v[0].by_version), "v1.2.3");
	T_EQ_STR(t, str_c(&a, m.replace.v[1].path), "example.com/b");
	T_EQ_STR(t, str_c(&a, m.replace.v[1].version), "v1.0.0");
	T_EQ_STR(t, m.replace.v[1].folder.p, "../b@v1.0.0");
	arena_fini(&a);
}
