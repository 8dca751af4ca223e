/*
 * Modules end to end, in the world of world_test.h.
 */
#include <errno.h>
#include <git2.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "mod/mod_impl.h"
#include "mod/world_test.h"

/* The vectors of docs/modules.md: printf and sha256sum give the same. */
void TestTreeHashVectors(struct test *t)
{
	struct world w;
	struct str got;
	struct err e;

	world_init(&w, t);
	T_MUST(t, folder_make(path_join(&w.a, w.root, STR("empty")).p, &e));
	T_MUST(t, tree_hash(&w.a, path_join(&w.a, w.root, STR("empty")), &got, &e));
	T_EQ_STR(t, got.p, "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
	put_file(&w, "tree/b.c", "int b;\n");
	put_file(&w, "tree/a/a.c", "int a;\n");
	T_MUST(t, file_symlink("a/a.c", path_join(&w.a, w.root, STR("tree/l")).p, &e));
	T_MUST(t, tree_hash(&w.a, path_join(&w.a, w.root, STR("tree")), &got, &e));
	T_EQ_STR(t, got.p, "h1:Ec8h7BCIw+etab+i/uD64kK77R78hPC8IkhTSNQeS7w=");
	world_fini(&w);
}

void TestModThroughPort(struct test *t)
{
	struct world w;
	struct build_list list;
	const struct module *z;
	struct stat st;
	struct str again;
	struct err e;

	world_init(&w, t);
	tag_z(&w);
	must_load(&w, true, &list);
	T_EQ_INT(t, list.modules.n, 2);
	T_OK(t, list.modules.v[0].main && list.modules.v[0].requires.n == 1);
	z = module_at(&list, "example.com/z");
	T_MUST(t, z && z->from_port);
	T_EQ_STR(t, get_file(&w, "proj/cbuild.sum").p,
		 str_fmt(&w.a, "example.com/z v1.2.3 %.*s\n", STR_ARG(z->sum)).p);
	T_MUST(t, stat(path_join(&w.a, z->dir, STR("bin/run")).p, &st) == 0);
	T_EQ_INT(t, st.st_mode & 07777, 0555);
	T_MUST(t, stat(z->dir.p, &st) == 0);
	T_EQ_INT(t, st.st_mode & 0222, 0);
	T_EQ_INT(t, file_kind(path_join(&w.a, z->dir, STR("bin/link")).p), FILE_LINK);
	T_EQ_INT(t, file_kind(path_join(&w.a, z->dir, STR("z.h")).p), FILE_ABSENT);
	T_MUST(t, tree_hash(&w.a, z->dir, &again, &e));
	T_EQ_STR(t, again.p, z->sum.p);
	T_CHECK(t, mod_verify(&w.a, list.modules.v[0].manifest, &w.o, &e), "%s", e.msg);
	world_fini(&w);
}

/* With the cache filled nothing is asked: neither git nor the network, and no lock is needed. */
void TestModOffline(struct test *t)
{
	struct world w;
	struct build_list list;
	struct err e;

	world_init(&w, t);
	tag_z(&w);
	w.o.offline = true;
	must_fail(&w, true, ERR_NET, "CBUILD_OFFLINE");
	w.o.offline = false;
	must_load(&w, true, &list);
	w.o.offline = true;
	T_MUST(t, folder_remove(path_join(&w.a, w.root, STR("git")).p, &e));
	must_load(&w, false, &list);
	T_MUST(t, folder_remove(list.modules.v[1].dir.p, &e));
	must_fail(&w, false, ERR_NET, "CBUILD_OFFLINE");
	world_fini(&w);
}

void TestModSumsAreEnforced(struct test *t)
{
	static const struct file other[] = {{"z.c", "int evil;\n", 0}, {0}};
	struct world w;
	struct build_list list;
	struct err e;
	struct str sum;

	world_init(&w, t);
	tag_z(&w);
	must_fail(&w, false, ERR_INPUT, "no sum for example.com/z v1.2.3");
	T_EQ_INT(t, file_kind(path_join(&w.a, w.root, STR("cache")).p), FILE_ABSENT);
	must_load(&w, true, &list);
	sum = get_file(&w, "proj/cbuild.sum");
	must_load(&w, false, &list);
	/* Upstream moves the tag: a machine with an empty cache refuses, and keeps nothing. */
	tag_files(&w, "z", "z-1.2.3", true, other);
	T_MUST(t, folder_remove(path_join(&w.a, w.root, STR("cache")).p, &e));
	must_fail(&w, false, ERR_VERIFY, "does not have the content that was recorded");
	must_fail(&w, true, ERR_VERIFY, "got  h1:");
	T_EQ_STR(t, get_file(&w, "proj/cbuild.sum").p, sum.p);
	T_EQ_INT(t, file_kind(list.modules.v[1].dir.p), FILE_ABSENT);
	world_fini(&w);
}

/* A wrong tag that was fetched and refused is asked for again: mending the mirror is enough. */
void TestModAsksAgainAfterWrongSum(struct test *t)
{
	static const struct file right[] = {{"z.c", "right\n", 0}, {0}};
	static const struct file wrong[] = {{"z.c", "wrong\n", 0}, {0}};
	struct world w;
	struct build_list list;
	struct err e;

	world_init(&w, t);
	tag_z(&w);
	tag_files(&w, "z", "z-1.2.3", false, right);
	must_load(&w, true, &list);
	T_MUST(t, folder_remove(w.o.cache_dir.p, &e));
	tag_files(&w, "z", "z-1.2.3", false, wrong);
	must_fail(&w, false, ERR_VERIFY, "example.com/z v1.2.3");
	tag_files(&w, "z", "z-1.2.3", true, right);
	must_load(&w, false, &list);
	world_fini(&w);
}

void TestModVerifyFindsChanges(struct test *t)
{
	struct world w;
	struct build_list list;
	struct err e = {0};

	world_init(&w, t);
	tag_z(&w);
	must_load(&w, true, &list);
	T_MUST(t, chmod(list.modules.v[1].dir.p, 0755) == 0);
	T_MUST(t, file_write_fast(path_join(&w.a, list.modules.v[1].dir, STR("z.c")).p,
				  STR("int y;\n"), 0644, &e));
	T_OK(t, !mod_verify(&w.a, list.modules.v[0].manifest, &w.o, &e));
	T_CHECK(t, e.code == ERR_VERIFY && strstr(e.msg, "example.com/z v1.2.3"), "%s", e.msg);
	world_fini(&w);
}

void TestModSelectsMinimalVersions(struct test *t)
{
	struct world w;
	struct build_list list;
	const struct module *b;

	world_init(&w, t);
	tag_diamond(&w);
	must_load(&w, true, &list);
	T_EQ_INT(t, list.modules.n, 5);
	expect_version(&w, &list, "example.com/c", "v1.2.0");
	expect_version(&w, &list, "example.com/d", "v1.0.0");
	b = module_at(&list, "example.com/b");
	T_MUST(t, b && b->requires.n == 1 && !b->from_port);
	T_EQ_STR(t, str_c(&w.a, list.modules.v[b->requires.v[0]].path), "example.com/c");
	T_EQ_STR(t, str_c(&w.a, b->cache_name), "example.com/b@v1.0.0");
	world_fini(&w);
}

void TestModExcludeAndReplace(struct test *t)
{
	struct world w;
	struct build_list list;
	const struct module *b;

	world_init(&w, t);
	tag_diamond(&w);
	put_file(
	    &w, "proj/cbuild.yaml",
	    "module: example.com/main\nrequire: {example.com/a: v1.0.0, example.com/b: v1.0.0}\n"
	    "exclude: {example.com/c: [v1.2.0]}\n");
	must_load(&w, true, &list);
	expect_version(&w, &list, "example.com/c", "v1.1.0");
	put_file(&w, "mine/cbuild.yaml", "module: example.com/b\n");
	put_file(
	    &w, "proj/cbuild.yaml",
	    "module: example.com/main\nrequire: {example.com/a: v1.0.0, example.com/b: v9.0.0}\n"
	    "replace: {example.com/b: ../mine}\n");
	must_load(&w, true, &list);
	b = module_at(&list, "example.com/b");
	T_MUST(t, b && b->replaced && !b->version.n && !b->sum.n && !b->cache_name.n);
	T_EQ_STR(t, str_c(&w.a, b->dir), path_join(&w.a, w.root, STR("mine")).p);
	expect_version(&w, &list, "example.com/c", "v1.1.0");
	put_file(&w, "mine/cbuild.yaml", "module: example.com/other\n");
	must_fail(&w, true, ERR_INPUT, "calls itself 'example.com/other'");
	world_fini(&w);
}

void TestModErrors(struct test *t)
{
	static const struct file bare[] = {{"a.c", "", 0}, {0}};
	static const struct file away[] = {{"cbuild.yaml", "module: example.com/away\n", 0},
					   {"l", "../../etc/passwd", GIT_FILEMODE_LINK},
					   {0}};
	static const struct file submodule[] = {
	    {"cbuild.yaml", "module: example.com/sm\n", 0}, {"dep", "", GIT_FILEMODE_COMMIT}, {0}};
	static const struct {
		const char *require;
		enum err_code code;
		const char *says;
	} cases[] = {
	    {"example.com/none: v1.0.0", ERR_NET, "cannot reach file://"},
	    {"example.com/z: v1.2.4", ERR_INPUT,
	     "has no tag 'z-1.2.4'\n  while: loading module example.com/z v1.2.4\n"
	     "  fix: the nearest of its 3 tags: z-1.2.3"},
	    {"example.com/bare: v1.0.0", ERR_INPUT,
	     "has no cbuild.yaml, and there is no port for it"},
	    {"example.com/self: v1.0.0", ERR_INPUT, "requires itself"},
	    {"example.com/away: v1.0.0", ERR_INPUT, "is a symbolic link that leaves the tree"},
	    {"example.com/sm: v1.0.0", ERR_INPUT, "is a submodule"},
	    {"example.com/alias: v1.0.0", ERR_INPUT, "calls itself 'example.com/real'"},
	    {"example.com/deep: v1.0.0", ERR_NET, "required by example.com/deep v1.0.0"},
	    {"example.com/main: v1.0.0", ERR_INPUT, "the module requires itself"},
	    {"example.org/ssh: v1.0.0", ERR_INPUT, "only https, ssh and file repositories"},
	};
	struct world w;

	world_init(&w, t);
	tag_z(&w);
	put_file(&w, ".gitconfig",
		 str_fmt(&w.a,
			 "%.*s[url \"git://example.org/\"]\n\tinsteadOf = https://example.org/\n",
			 STR_ARG(get_file(&w, ".gitconfig")))
		     .p);
	tag_files(&w, "bare", "v1.0.0", false, bare);
	tag_files(&w, "away", "v1.0.0", false, away);
	tag_files(&w, "sm", "v1.0.0", false, submodule);
	tag_module(&w, "self", "v1.0.0", "require:\n  example.com/self: v1.0.0\n");
	tag_module(&w, "deep", "v1.0.0", "require:\n  example.com/none: v1.0.0\n");
	tag_files(&w, "alias", "v1.0.0", false,
		  (struct file[]){{"cbuild.yaml", "module: example.com/real\n", 0}, {0}});
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		put_file(
		    &w, "proj/cbuild.yaml",
		    str_fmt(&w.a, "module: example.com/main\nrequire:\n  %s\n", cases[i].require)
			.p);
		must_fail(&w, true, cases[i].code, cases[i].says);
		T_CHECK(t,
			file_kind(path_join(&w.a, w.root, STR("proj/cbuild.sum")).p) == FILE_ABSENT,
			"%s", cases[i].require);
	}
	world_fini(&w);
}

void TestModOneNativeLibrary(struct test *t)
{
	static const struct file fork_files[] = {
	    {"cbuild.yaml", "module: example.com/fork\nprovides: {native: z}\n", 0}, {0}};
	static const struct file z_files[] = {
	    {"cbuild.yaml", "module: example.com/zz\nprovides: {native: z}\n", 0}, {0}};
	struct world w;

	world_init(&w, t);
	tag_files(&w, "fork", "v1.0.0", false, fork_files);
	tag_files(&w, "zz", "v1.0.0", false, z_files);
	tag_module(&w, "user", "v1.0.0", "require:\n  example.com/fork: v1.0.0\n");
	put_file(&w, "proj/cbuild.yaml",
		 "module: example.com/main\nrequire: {example.com/user: v1.0.0, example.com/zz: "
		 "v1.0.0}\n");
	must_fail(&w, true, ERR_INPUT,
		  "example.com/fork and example.com/zz are both the library 'z'\n"
		  "  cbuild.yaml requires example.com/user, example.com/user requires "
		  "example.com/fork\n"
		  "  cbuild.yaml requires example.com/zz");
	world_fini(&w);
}

static void must_get(struct world *w, const char *path, const char *query)
{
	struct err e = {0};
	struct buf b = {0};

	if (mod_get(&w->a, &(struct get_request){str_of(path), str_of(query)}, 1,
		    &(struct get_opts){0}, &w->o, &e))
		return;
	err_render(&e, &b);
	test_fatal(w->t, __FILE__, __LINE__, "get %s@%s: %s", path, query, b.p);
}

void TestModGet(struct test *t)
{
	struct world w;
	struct build_list list;

	world_init(&w, t);
	tag_diamond(&w);
	tag_z(&w);
	put_file(&w, "proj/cbuild.yaml", "# mine\nmodule: example.com/main\n");
	must_get(&w, "example.com/c", "v1");
	T_OK(t, str_containsc(get_file(&w, "proj/cbuild.yaml"), "example.com/c: v1.3.0"));
	T_OK(t, str_startsc(get_file(&w, "proj/cbuild.yaml"), "# mine\n"));
	must_get(&w, "example.com/c", "v1.1");
	must_get(&w, "example.com/z", "latest");
	T_OK(t, str_containsc(get_file(&w, "proj/cbuild.yaml"), "example.com/c: v1.1.0"));
	T_OK(t, str_containsc(get_file(&w, "proj/cbuild.yaml"), "example.com/z: v1.3.0"));
	must_load(&w, false, &list);
	T_EQ_INT(t, list.modules.n, 3);
	must_get(&w, "example.com/z", "none");
	must_load(&w, false, &list);
	T_EQ_INT(t, list.modules.n, 2);
	world_fini(&w);
}

/* Who needs more than is wanted is lowered or removed; what it brought and nobody lowered stays. */
void TestModGetDowngrades(struct test *t)
{
	struct world w;
	struct build_list list;

	world_init(&w, t);
	tag_diamond(&w);
	must_load(&w, true, &list);
	expect_version(&w, &list, "example.com/c", "v1.2.0");
	must_get(&w, "example.com/c", "v1.1.0");
	must_load(&w, false, &list);
	expect_version(&w, &list, "example.com/c", "v1.1.0");
	T_OK(t, module_at(&list, "example.com/b") == NULL);
	T_OK(t, module_at(&list, "example.com/a") != NULL);
	world_fini(&w);
}

/* A line that names no version stands in nobody's way but its own. */
void TestModGetMendsABrokenLine(struct test *t)
{
	struct world w;
	struct build_list list;
	struct err e = {0};

	world_init(&w, t);
	tag_diamond(&w);
	put_file(&w, "proj/cbuild.yaml",
		 "module: example.com/main\nrequire: {example.com/a: v9.9.9}\n");
	T_OK(t, !mod_get(&w.a, &(struct get_request){STR("example.com/c"), STR("v1.1.0")}, 1,
			 &(struct get_opts){0}, &w.o, &e));
	T_OK(t, strstr(e.msg, "has no tag 'v9.9.9'") != NULL);
	must_get(&w, "example.com/a", "v1.0.0");
	must_load(&w, false, &list);
	expect_version(&w, &list, "example.com/a", "v1.0.0");
	world_fini(&w);
}

void TestModGetChangesNothingOnError(struct test *t)
{
	static const struct {
		const char *path, *query, *says;
	} cases[] = {
	    {"example.com/c", "v1.9.9", "has no tag"},
	    {"example.com/c", "v7", "has no version for 'v7'"},
	    {"example.com/c", "main", "has no branch, tag or commit 'main'"},
	    {"example.com/c", "<=v1.1", "'<=v1.1': a full version is needed"},
	    {"example.com/c", ">v1", "'>v1': a full version is needed"},
	    {"example.com/c", ">=", "a full version is needed"},
	    {"zlib", "latest", "no module path"},
	    {"example.com/none", "latest", "cannot reach"},
	};
	struct world w;
	struct build_list list;
	struct str yaml, sum;
	struct err e;

	world_init(&w, t);
	tag_diamond(&w);
	must_load(&w, true, &list);
	yaml = get_file(&w, "proj/cbuild.yaml");
	sum = get_file(&w, "proj/cbuild.sum");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		e = (struct err){0};
		T_OK(t,
		     !mod_get(&w.a,
			      &(struct get_request){str_of(cases[i].path), str_of(cases[i].query)},
			      1, &(struct get_opts){0}, &w.o, &e));
		T_CHECK(t, strstr(e.msg, cases[i].says) && e.fix[0], "%s@%s: %s", cases[i].path,
			cases[i].query, e.msg);
		T_EQ_STR(t, get_file(&w, "proj/cbuild.yaml").p, yaml.p);
		T_EQ_STR(t, get_file(&w, "proj/cbuild.sum").p, sum.p);
	}
	world_fini(&w);
}

void TestModPortForHeader(struct test *t)
{
	struct world w;
	struct manifest *m;
	struct err e;

	world_init(&w, t);
	tag_z(&w);
	T_MUST(t, mod_port_for_header(&w.a, STR("z.h"), &w.o, &m, &e) && m);
	T_EQ_STR(t, str_c(&w.a, m->module), "example.com/z");
	T_MUST(t, mod_port_for_header(&w.a, STR("mbedtls/ssl.h"), &w.o, &m, &e) && m);
	T_EQ_STR(t, str_c(&w.a, m->module), "github.com/Mbed-TLS/mbedtls");
	T_MUST(t, mod_port_for_header(&w.a, STR("nobody-has.h"), &w.o, &m, &e));
	T_OK(t, m == NULL);
	world_fini(&w);
}

void TestGitSettings(struct test *t)
{
	struct world w;
	struct git_settings out;
	struct err e;

	world_init(&w, t);
	put_file(&w, ".gitconfig",
		 "[url \"https://a/\"]\n\tinsteadOf = https://x/\n\tinsteadof = https://y/\n");
	put_file(&w, ".config/git/config",
		 "[URL \"https://Long/\"]\n\tinsteadOf = https://x/org/\n");
	T_MUST(t, git_settings(&w.a, STR("https://x/p"), &out, &e));
	T_EQ_STR(t, str_c(&w.a, out.url), "https://a/p");
	T_EQ_INT(t, out.stall_s, 60);
	T_MUST(t, git_settings(&w.a, STR("https://x/org/p"), &out, &e));
	T_EQ_STR(t, str_c(&w.a, out.url), "https://Long/p");
	T_MUST(t, git_settings(&w.a, STR("https://z/p"), &out, &e));
	T_EQ_STR(t, str_c(&w.a, out.url), "https://z/p");
	setenv("GIT_CONFIG_COUNT", "1", 1);
	setenv("GIT_CONFIG_KEY_0", "url.file:///m/.insteadOf", 1);
	setenv("GIT_CONFIG_VALUE_0", "https://z/", 1);
	T_MUST(t, git_settings(&w.a, STR("https://z/p"), &out, &e));
	T_EQ_STR(t, str_c(&w.a, out.url), "file:///m/p");
	put_file(&w, "inc", "[url \"https://inc/\"]\n\tinsteadOf = https://x/\n");
	put_file(&w, "global", "[include]\n\tpath = inc\n[http]\n\tlowSpeedTime = 7\n");
	setenv("GIT_CONFIG_GLOBAL", path_join(&w.a, w.root, STR("global")).p, 1);
	T_MUST(t, git_settings(&w.a, STR("https://x/p"), &out, &e));
	T_EQ_STR(t, str_c(&w.a, out.url), "https://inc/p");
	T_EQ_INT(t, out.stall_s, 7);
	put_file(&w, "global", "[include\n");
	T_OK(t, !git_settings(&w.a, STR("https://x/p"), &out, &e) && e.fix[0]);
	world_fini(&w);
}

/* A host that takes the connection and then says nothing is given up, and nothing is kept. */
void TestModSilentRemote(struct test *t)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;
	struct world w;
	struct str_vec tags = {0};
	struct err e;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	world_init(&w, t);
	T_MUST(t, fd >= 0 && bind(fd, (struct sockaddr *)&at, n) == 0 && listen(fd, 8) == 0 &&
		      getsockname(fd, (struct sockaddr *)&at, &n) == 0);
	put_file(&w, ".gitconfig",
		 str_fmt(&w.a,
			 "[url \"http://127.0.0.1:%u/\"]\n\tinsteadOf = https://example.com/\n"
			 "[http]\n\tlowSpeedTime = 1\n",
			 (unsigned)ntohs(at.sin_port))
		     .p);
	T_OK(t, !git_tags(&w.a, &w.o, STR("https://example.com/x"), &tags, &e));
	T_EQ_INT(t, e.code, ERR_NET);
	T_OK(t, strstr(e.msg, "no answer for 1 s") && e.fix[0]);
	close(fd);
	world_fini(&w);
}

void TestModSource(struct test *t)
{
	static const struct {
		const char *path, *version, *port, *url, *ref;
	} cases[] = {
	    {"example.com/a", "v1.2.0", NULL, "https://example.com/a", "v1.2.0"},
	    {"github.com/a/b/sub", "v1.2.0", NULL, "https://github.com/a/b", "sub/v1.2.0"},
	    {"example.com/a", "v0.0.0-20240102030405-abcdefabcdef", NULL, "https://example.com/a",
	     "abcdefabcdef"},
	    {"example.com/a", "v1.2.3", "git: 'https://x.org/y', tag: 'r{major}-{minor}-{patch}'",
	     "https://x.org/y", "r1-2-3"},
	    {"example.com/a", "v1.2.0", "git: 'https://x.org/y'", "https://x.org/y", ""},
	    {"example.com/a", "v1.2.0", "archive: 'https://x.org/a-{version}.tgz'",
	     "https://x.org/a-1.2.0.tgz", ""},
	    {"example.com/a", "v1.2.0",
	     "archive: 'https://x.org/a-{version}.tgz', versions: {v1.2.0: "
	     "9a93b2b7dfdac77ceba5a558a580e74667dd6fede4585b91eefb60f03b72df23}",
	     "https://x.org/a-1.2.0.tgz",
	     "sha256:9a93b2b7dfdac77ceba5a558a580e74667dd6fede4585b91eefb60f03b72df23"},
	    {"example.com/a", "", NULL, "", ""},
	    {"example.com", "v1.0.0", NULL, "https://example.com", "v1.0.0"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena a = {0};
		struct manifest port = {0};
		struct module m = {.path = str_of(cases[i].path),
				   .version = str_of(cases[i].version),
				   .manifest = &port,
				   .from_port = cases[i].port != NULL};
		struct str url, ref;
		struct err e = {0};

		if (m.from_port)
			T_CHECK(t,
				manifest_parse(&a, STR("port"),
					       str_fmt(&a, "module: %s\nsource: {%s}\n",
						       cases[i].path, cases[i].port),
					       &port, &e),
				"%s", e.msg);
		mod_source(&a, &m, &url, &ref);
		T_CHECK(t, str_eqc(url, cases[i].url) && str_eqc(ref, cases[i].ref),
			"%s %s: got %.*s %.*s", cases[i].path, cases[i].version, STR_ARG(url),
			STR_ARG(ref));
		/* What replaces it is where it comes from. */
		m.by_path = m.path;
		m.by_version = m.version;
		m.path = STR("example.com/other");
		mod_source(&a, &m, &url, &ref);
		T_CHECK(t, str_eqc(url, cases[i].url), "replaced by %s: got %.*s", cases[i].path,
			STR_ARG(url));
		arena_fini(&a);
	}
}
