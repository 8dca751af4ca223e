/*
 * Trees that git never writes and a hostile server can send: made entry by entry in the object
 * database, where nothing checks them, and read as a fetched tag is.
 */
#include <stdio.h>
#include <string.h>

#include "cbuild/test.h"
#include "mod/git_impl.h"

struct hostile {
	struct arena a;
	struct test *t;
	git_repository *repo;
	git_odb *odb;
	struct buf tree; /* the entries so far */
	size_t seen;	 /* files handed to the visitor */
};

static void hostile_init(struct hostile *h, struct test *t)
{
	git_repository_init_options opts;

	*h = (struct hostile){.t = t};
	git_libgit2_init();
	git_repository_init_options_init(&opts, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
	opts.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH;
	T_MUST(t, git_repository_init_ext(&h->repo, test_tmpdir(t), &opts) == 0);
	T_MUST(t, git_repository_odb(&h->odb, h->repo) == 0);
}

static void hostile_fini(struct hostile *h)
{
	buf_fini(&h->tree);
	git_odb_free(h->odb);
	git_repository_free(h->repo);
	git_libgit2_shutdown();
	arena_fini(&h->a);
}

static git_oid blob(struct hostile *h, const char *text)
{
	git_oid id;

	T_MUST(h->t, git_odb_write(&id, h->odb, text, strlen(text), GIT_OBJECT_BLOB) == 0);
	return id;
}

static void entry(struct hostile *h, const char *mode, const char *name, git_oid id)
{
	buf_printf(&h->tree, "%s %s", mode, name);
	buf_add_byte(&h->tree, '\0');
	buf_add(&h->tree, id.id, GIT_OID_RAWSZ);
}

/* The tree of the entries added since the last one. */
static git_oid tree(struct hostile *h)
{
	struct str bytes = buf_str(&h->tree);
	git_oid id;

	T_MUST(h->t,
	       git_odb_write(&id, h->odb, bytes.n ? bytes.p : "", bytes.n, GIT_OBJECT_TREE) == 0);
	buf_clear(&h->tree);
	return id;
}

static bool count_file(void *ctx, const struct tree_file *f, struct err *e)
{
	struct hostile *h = ctx;

	(void)f;
	(void)e;
	h->seen++;
	return true;
}

/* Reading the tree is refused as ERR_INPUT with these words. */
static void must_refuse(struct hostile *h, git_oid id, const char *glob, const char *says)
{
	struct git_source s = {.repo = h->repo, .url = STR("file:///r"), .tag = STR("v1.0.0")};
	struct str_vec globs = {0};
	struct err e = {0};

	T_MUST(h->t, git_tree_lookup(&s.tree, h->repo, &id) == 0);
	if (glob)
		*vec_push(&h->a, &globs) = str_of(glob);
	T_OK(h->t, !git_each_file(&h->a, &s, &globs, count_file, h, &e));
	T_EQ_INT(h->t, e.code, ERR_INPUT);
	if (!strstr(e.msg, says))
		test_fail(h->t, __FILE__, __LINE__, "'%s' does not say '%s'", e.msg, says);
	T_OK(h->t, e.fix[0] != '\0');
	git_tree_free(s.tree);
}

/* x/y/d is a link, and a folder too: what lies "in" the folder would go wherever the link leads. */
void TestHostileLinkAndFolderOfOneName(struct test *t)
{
	struct hostile h;
	git_oid inner, file;

	hostile_init(&h, t);
	file = blob(&h, "x");
	entry(&h, "100644", "f", file);
	inner = tree(&h);
	entry(&h, "120000", "d", blob(&h, "c"));
	entry(&h, "40000", "d", inner);
	must_refuse(&h, tree(&h), NULL, "'d' is there twice");
	entry(&h, "100644", "a.h", file);
	entry(&h, "100644", "a.h", blob(&h, "y"));
	must_refuse(&h, tree(&h), NULL, "'a.h' is there twice");
	hostile_fini(&h);
}

void TestHostileNames(struct test *t)
{
	static const char *const names[] = {"..", ".", "../../x", "/x", "a/b", "a\\b", "a\nb"};
	struct hostile h;
	git_oid file;

	hostile_init(&h, t);
	file = blob(&h, "x");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		git_oid inner;
		struct git_source s = {.repo = h.repo};
		struct err e = {0};
		struct str_vec all = {0};
		git_oid id;

		entry(&h, "100644", "f", file);
		inner = tree(&h);
		entry(&h, "40000", names[i], inner);
		id = tree(&h);
		h.seen = 0;
		/* Either libgit2 does not read such a tree or nothing of it is handed on. */
		if (git_tree_lookup(&s.tree, h.repo, &id) != 0)
			continue;
		if (git_each_file(&h.a, &s, &all, count_file, &h, &e))
			test_fail(t, __FILE__, __LINE__, "the folder '%s' is let in", names[i]);
		git_tree_free(s.tree);
	}
	entry(&h, "100644", "a\033[31mb\n", file);
	must_refuse(&h, tree(&h), NULL, "'a?[31mb?' is a name");
	hostile_fini(&h);
}

/* Twelve trees of ten entries each stand for 10^12 folders, in less than 4 KB. */
void TestHostileTreeBomb(struct test *t)
{
	struct hostile h;
	git_oid id;

	hostile_init(&h, t);
	id = tree(&h);
	for (int level = 0; level < 12; level++) {
		for (int i = 0; i < 10; i++) {
			char name[] = {(char)('0' + i), '\0'};

			entry(&h, "40000", name, id);
		}
		id = tree(&h);
	}
	must_refuse(&h, id, NULL, "larger than a million entries");
	must_refuse(&h, id, "src/*.c", "larger than a million entries");
	T_EQ_INT(t, h.seen, 0);
	hostile_fini(&h);
}
