/*
 * What a port's patches make of a tree: the files, their modes, what is refused, and that nothing of a refused one
 * stays. The base tree has plain.c, tool.sh (executable), sub/x.h and the link l to plain.c.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "cbuild/test.h"
#include "mod/mod_impl.h"

#define NAME	"example.com/p@v1.2.0~00000000"
#define VERSION "v1.2.0"

struct bench {
	struct arena a;
	struct test *t;
	struct mod_opts o;
	struct str dir; /* the port's folder */
	struct str sum; /* of the base tree */
};

static void bench_init(struct bench *b, struct test *t)
{
	static const struct tree_file files[] = {
	    {{"l", 1}, {"plain.c", 7}, false, true},
	    {{"plain.c", 7}, {"int one;\nint two;\n", 18}, false, false},
	    {{"sub/x.h", 7}, {"#define X 1\n", 12}, false, false},
	    {{"tool.sh", 7}, {"#!/bin/sh\n", 10}, true, false},
	};
	struct cache_writer w;
	struct err e;

	*b = (struct bench){.t = t};
	b->dir = path_join(&b->a, str_of(test_tmpdir(t)), STR("ports"));
	b->o.cache_dir = path_join(&b->a, str_of(test_tmpdir(t)), STR("cache"));
	T_MUST(t, folder_make(b->dir.p, &e));
	T_MUST(t, cache_begin(&b->a, &b->o, STR(NAME), &w, &e));
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		T_MUST(t, cache_add(&w, &files[i], &e));
	b->sum = cache_sum(&w);
	T_MUST(t, cache_commit(&w, &e));
}

/* Applies patches of these texts; keys: lines of the port besides. */
static bool apply(struct bench *b, const char *keys, const char *const *texts, size_t n,
		  struct module *m, struct err *e)
{
	struct buf yaml = {0};
	struct manifest *port = arena_new(&b->a, struct manifest);

	buf_printf(&yaml, "module: example.com/p\npatches:\n");
	for (size_t i = 0; i < n; i++) {
		struct str file = str_fmt(&b->a, "%zu.patch", i);

		T_MUST(b->t, file_write_fast(path_join(&b->a, b->dir, file).p, str_of(texts[i]),
					     0644, e));
		buf_printf(&yaml, "  - {file: %.*s, %s}\n", STR_ARG(file), keys);
	}
	T_MUST(b->t,
	       manifest_parse(&b->a, STR("ports/p.yaml"), str_dup(&b->a, buf_str(&yaml)), port, e));
	buf_fini(&yaml);
	port->folder = b->dir;
	*m = (struct module){.path = STR("example.com/p"),
			     .version = STR(VERSION),
			     .manifest = port,
			     .from_port = true,
			     .sum = b->sum,
			     .cache_name = STR(NAME),
			     .dir = cache_folder(&b->a, &b->o, STR(NAME))};
	return patches_apply(&b->a, &b->o, &(struct mod_version){m->path, m->version}, m, e);
}

static const char *content(struct bench *b, const struct module *m, const char *name)
{
	struct str bytes;
	struct err e;

	if (!file_read(&b->a, path_join(&b->a, m->dir, str_of(name)).p, 0, &bytes, &e))
		return "(absent)";
	return str_c(&b->a, bytes);
}

/* The folders below CACHE/mod/example.com. */
static size_t folders(struct bench *b)
{
	struct folder_entry *list;
	struct err e;
	size_t n;

	T_MUST(b->t,
	       folder_list(&b->a, cache_folder(&b->a, &b->o, STR("example.com")).p, &list, &n, &e));
	return n;
}

#define CHANGE "--- a/plain.c\n+++ b/plain.c\n@@ -1,2 +1,2 @@\n-int one;\n+int three;\n int two;\n"

void TestPatchesTree(struct test *t)
{
	static const char *const texts[] = {
	    CHANGE "--- /dev/null\n+++ b/new/y.h\n@@ -0,0 +1 @@\n+#define Y 2\n"
		   "diff --git a/tool.sh b/bin/tool\nold mode 100755\nnew mode 100644\n"
		   "rename from tool.sh\nrename to bin/tool\n",
	    /* what the first made is there for the second */
	    "--- a/new/y.h\n+++ b/new/y.h\n@@ -1 +1 @@\n-#define Y 2\n+#define Y 3\n"
	    "--- a/sub/x.h\n+++ /dev/null\n@@ -1 +0,0 @@\n-#define X 1\n"};
	struct bench b;
	struct module m, again;
	struct str want, got;
	struct file_sig sig;
	struct err e;

	bench_init(&b, t);
	T_CHECK(t, apply(&b, "", texts, 2, &m, &e), "%s", e.msg);
	T_EQ_STR(t, content(&b, &m, "plain.c"), "int three;\nint two;\n");
	T_EQ_STR(t, content(&b, &m, "new/y.h"), "#define Y 3\n");
	T_EQ_STR(t, content(&b, &m, "bin/tool"), "#!/bin/sh\n");
	T_EQ_STR(t, content(&b, &m, "tool.sh"), "(absent)");
	T_EQ_STR(t, content(&b, &m, "sub/x.h"), "(absent)");
	T_EQ_STR(t, content(&b, &m, "l"), "int three;\nint two;\n");
	T_MUST(t, file_stat(path_join(&b.a, m.dir, STR("bin/tool")).p, &sig, &e));
	T_EQ_INT(t, sig.mode & 0111, 0);
	T_EQ_STR(t, m.unpatched.p, NAME);
	T_MUST(t, m.patches.n == 2);
	T_EQ_STR(t, m.patches.v[1].file.p, "1.patch");
	/* the fetched tree is as it was, and the made one verifies */
	T_EQ_STR(
	    t, content(&b, &(struct module){.dir = cache_folder(&b.a, &b.o, STR(NAME))}, "plain.c"),
	    "int one;\nint two;\n");
	T_MUST(t, patched_sum(&b.a, &b.o, &m, &want, &e) && tree_hash(&b.a, m.dir, &got, &e));
	T_EQ_STR(t, got.p, want.p);
	/* the same patches are the same folder, others another */
	T_MUST(t, apply(&b, "", texts, 2, &again, &e));
	T_EQ_STR(t, again.dir.p, m.dir.p);
	T_MUST(t, apply(&b, "", texts, 1, &again, &e));
	T_OK(t, strcmp(again.dir.p, m.dir.p) != 0);
	T_EQ_STR(t, content(&b, &again, "sub/x.h"), "#define X 1\n");
	arena_fini(&b.a);
}

void TestPatchesVersions(struct test *t)
{
	static const struct {
		const char *versions;
		bool applies;
	} cases[] = {
	    {"versions: v1.2.0", true},
	    {"versions: v1.2.1", false},
	    {"versions: '>=v1.2.0'", true},
	    {"versions: '>v1.2.0'", false},
	    {"versions: '<=v1.2.0'", true},
	    {"versions: '<v1.2.0'", false},
	    {"versions: ['>=v1.0.0', '<v1.3.0']", true},
	    {"versions: ['>=v1.0.0', '<v1.2.0-rc.1']", false},
	};
	static const char *const texts[] = {CHANGE};
	struct bench b;
	struct module m;
	struct err e;

	bench_init(&b, t);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		T_MUST(t, apply(&b, cases[i].versions, texts, 1, &m, &e));
		T_CHECK(t, (m.unpatched.n != 0) == cases[i].applies, "%s", cases[i].versions);
	}
	arena_fini(&b.a);
}

#define DEEP "a/b/c/d/e/f/g/h/i/j/"
#define LONG "a234567890123456789012345678901234567890123456789_"

void TestPatchesRefused(struct test *t)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
	    {"--- a/other.c\n+++ b/other.c\n@@ -1 +1 @@\n-x\n+y\n", "'other.c' is not in the tree"},
	    {"--- a/l\n+++ b/l\n@@ -1 +1 @@\n-plain.c\n+/etc/passwd\n", "'l' is a symbolic link"},
	    {"--- /dev/null\n+++ b/plain.c\n@@ -0,0 +1 @@\n+x\n",
	     "'plain.c' is in the tree already"},
	    {"--- /dev/null\n+++ b/../../out.c\n@@ -0,0 +1 @@\n+x\n", "out.c"},
	    {"--- /dev/null\n+++ b//etc/out.c\n@@ -0,0 +1 @@\n+x\n", "out.c"},
	    {"--- /dev/null\n+++ b/Plain.c\n@@ -0,0 +1 @@\n+x\n",
	     "differs from another name in case"},
	    {"--- /dev/null\n+++ b/plain.c/x\n@@ -0,0 +1 @@\n+x\n", "plain.c"},
	    {"--- /dev/null\n+++ b/l/x\n@@ -0,0 +1 @@\n+x\n", "is there twice"},
	    {"diff --git a/m b/m\nnew file mode 120000\n--- /dev/null\n+++ b/m\n@@ -0,0 +1 "
	     "@@\n+/etc\n",
	     "mode"},
	    {"--- a/plain.c\n+++ b/plain.c\n@@ -1,2 +1,2 @@\n-int none;\n+int three;\n int two;\n",
	     "hunk 1 does not match"},
	    {CHANGE CHANGE, "does not match"},
	    {"nothing at all\n", "patch"},
	    {"--- /dev/null\n+++ b/sub/.Git/config\n@@ -0,0 +1 @@\n+x\n", "git keeps for itself"},
	    {"--- /dev/null\n+++ b/cbuild.yaml\n@@ -0,0 +1 @@\n+module: example.com/q\n",
	     "cannot give a module a manifest"},
	    {"--- /dev/null\n+++ b/" DEEP DEEP DEEP DEEP DEEP DEEP DEEP "x\n@@ -0,0 +1 @@\n+x\n",
	     "nests deeper"},
	    {"--- /dev/null\n+++ b/" LONG LONG LONG LONG LONG LONG "\n@@ -0,0 +1 @@\n+x\n",
	     "longer than 255 bytes"},
	};
	struct bench b;
	struct module m;
	struct err e;

	bench_init(&b, t);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		T_CHECK(t, !apply(&b, "", &cases[i].text, 1, &m, &e), "case %zu: %s", i,
			cases[i].text);
		T_CHECK(t, str_containsc(str_of(e.msg), cases[i].says), "case %zu says: %s", i,
			e.msg);
		T_CHECK(t, e.code == ERR_INPUT && e.fix[0], "case %zu: %s", i, e.msg);
		T_EQ_INT(t, folders(&b), 1);
	}
	arena_fini(&b.a);
}

/* Nothing is made of a tree that is no longer the fetched one, and another sum is another tree. */
void TestPatchesBase(struct test *t)
{
	static const char *const texts[] = {CHANGE};
	struct bench b;
	struct module m, other;
	struct str file;
	struct err e;

	bench_init(&b, t);
	T_MUST(t, apply(&b, "", texts, 1, &m, &e));
	b.sum = STR("h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	T_OK(t, !apply(&b, "", texts, 1, &other, &e));
	T_OK(t, !str_eq(m.cache_name, other.cache_name));
	T_EQ_INT(t, e.code, ERR_VERIFY);
	file = path_join(&b.a, cache_folder(&b.a, &b.o, STR(NAME)), STR("plain.c"));
	T_MUST(t, chmod(path_dir(file).n ? str_c(&b.a, path_dir(file)) : "", 0755) == 0);
	T_MUST(t, chmod(file.p, 0644) == 0);
	T_MUST(t, file_write_fast(file.p, STR("int one;\nint two;\nint evil;\n"), 0644, &e));
	b.sum = m.sum;
	T_MUST(t, folder_remove(m.dir.p, &e));
	T_OK(t, !apply(&b, "", texts, 1, &other, &e));
	T_EQ_INT(t, e.code, ERR_VERIFY);
	T_CHECK(t, str_containsc(str_of(e.msg), "were changed"), "%s", e.msg);
	T_EQ_INT(t, folders(&b), 1);
	arena_fini(&b.a);
}
