/*
 * What world_test.h promises; no tests here.
 */
#include "mod/world_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "mod/mod_impl.h"

void put_file(struct world *w, const char *name, const char *text)
{
	struct str path = path_join(&w->a, w->root, str_of(name));
	struct err e;

	T_MUST(w->t,
	       folder_make_for(path.p, &e) && file_write_fast(path.p, str_of(text), 0644, &e));
}

struct str get_file(struct world *w, const char *name)
{
	struct str path = path_join(&w->a, w->root, str_of(name)), text;
	struct err e;

	return file_read(&w->a, path.p, 0, &text, &e) ? text : STR("(absent)");
}

void world_init(struct world *w, struct test *t)
{
	struct err e;

	*w = (struct world){.t = t};
	T_MUST(t, path_real(&w->a, test_tmpdir(t), &w->root, &e));
	setenv("HOME", w->root.p, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("GIT_CONFIG_GLOBAL");
	unsetenv("GIT_CONFIG_COUNT");
	put_file(w, ".gitconfig",
		 str_fmt(&w->a, "[url \"file://%.*s/git/\"]\n\tinsteadOf = https://example.com/\n",
			 STR_ARG(w->root))
		     .p);
	w->o = (struct mod_opts){.cache_dir = path_join(&w->a, w->root, STR("cache")),
				 .project_dir = path_join(&w->a, w->root, STR("proj"))};
	T_MUST(t, folder_make(w->o.project_dir.p, &e));
	git_libgit2_init();
}

void world_fini(struct world *w)
{
	git_libgit2_shutdown();
	arena_fini(&w->a);
}

static void add_blob(struct world *w, git_repository *repo, git_index *index, const struct file *f)
{
	git_index_entry ent = {.mode = f->mode ? f->mode : GIT_FILEMODE_BLOB, .path = f->name};

	if (f->mode == GIT_FILEMODE_COMMIT)
		memset(ent.id.id, 7, sizeof ent.id.id);
	else
		T_MUST(w->t,
		       git_blob_create_from_buffer(&ent.id, repo, f->text, strlen(f->text)) == 0);
	T_MUST(w->t, git_index_add(index, &ent) == 0);
}

/* Commits exactly these files to git/NAME.git and tags the commit. */
void tag_files(struct world *w, const char *name, const char *tag, bool annotated,
	       const struct file *files)
{
	struct str path = str_fmt(&w->a, "%.*s/git/%s", STR_ARG(w->root), name);
	git_repository *repo;
	git_index *index;
	git_tree *tree;
	git_object *commit;
	git_signature *who;
	git_oid id;

	T_MUST(w->t, git_repository_open_bare(&repo, path.p) == 0 ||
			 git_repository_init_ext(&repo, path.p,
						 &(git_repository_init_options){
						     .version = 1,
						     .flags = GIT_REPOSITORY_INIT_BARE |
							      GIT_REPOSITORY_INIT_MKPATH}) == 0);
	T_MUST(w->t, git_index_new(&index) == 0);
	for (const struct file *f = files; f->name; f++)
		add_blob(w, repo, index, f);
	T_MUST(w->t, git_index_write_tree_to(&id, index, repo) == 0 &&
			 git_tree_lookup(&tree, repo, &id) == 0);
	T_MUST(w->t, git_signature_new(&who, "t", "t@example.com", 1700000000, 0) == 0);
	T_MUST(w->t, git_commit_create(&id, repo, NULL, who, who, NULL, "m", tree, 0, NULL) == 0);
	T_MUST(w->t, git_object_lookup(&commit, repo, &id, GIT_OBJECT_COMMIT) == 0);
	T_MUST(w->t, (annotated ? git_tag_create(&id, repo, tag, commit, who, "release", 1)
				: git_tag_create_lightweight(&id, repo, tag, commit, 1)) == 0);
	git_object_free(commit);
	git_signature_free(who);
	git_tree_free(tree);
	git_index_free(index);
	git_repository_free(repo);
}

/* A module with a manifest of its own that requires what `require` says (YAML, indented). */
void tag_module(struct world *w, const char *name, const char *tag, const char *require)
{
	struct str yaml = str_fmt(&w->a, "module: example.com/%s\n%s", name, require);
	struct file files[] = {{"cbuild.yaml", yaml.p, 0}, {"a.c", tag, 0}, {0}};

	tag_files(w, name, tag, false, files);
}

bool load_list(struct world *w, struct build_list *list, struct err *e)
{
	struct manifest *m = arena_new(&w->a, struct manifest);

	*list = (struct build_list){0};
	return manifest_parse(&w->a, STR("cbuild.yaml"), get_file(w, "proj/cbuild.yaml"), m, e) &&
	       mod_load(&w->a, m, &w->o, list, e);
}

void must_load(struct world *w, bool update, struct build_list *list)
{
	struct err e = {0};
	struct buf b = {0};
	bool was = w->o.update;

	w->o.update = update;
	if (!load_list(w, list, &e)) {
		err_render(&e, &b);
		test_fatal(w->t, __FILE__, __LINE__, "%s", b.p);
	}
	w->o.update = was;
}

/* Loading fails with this code, and the whole rendering holds this text; there is a remedy. */
void must_fail(struct world *w, bool update, enum err_code code, const char *says)
{
	struct build_list list;
	struct err e = {0};
	struct buf b = {0};

	w->o.update = update;
	T_OK(w->t, !load_list(w, &list, &e));
	w->o.update = false;
	err_render(&e, &b);
	T_EQ_INT(w->t, e.code, code);
	T_CHECK(w->t, b.n && strstr(b.p, says) && e.fix[0], "got: %s\nwant: %s", b.p, says);
	buf_fini(&b);
}

const struct module *module_at(const struct build_list *list, const char *path)
{
	for (size_t i = 0; i < list->modules.n; i++)
		if (str_eqc(list->modules.v[i].path, path))
			return &list->modules.v[i];
	return NULL;
}

void expect_version(struct world *w, const struct build_list *list, const char *path,
		    const char *version)
{
	const struct module *m = module_at(list, path);

	T_MUST(w->t, m != NULL);
	T_EQ_STR(w->t, str_c(&w->a, m->version), version);
}

static const char port_z[] = "module: example.com/z\n"
			     "source: {git: \"https://example.com/z\", tag: \"z-{version}\"}\n"
			     "paths: [\"*.c\", \"bin/*\"]\n"
			     "provides: {headers: [z.h]}\n"
			     "packages: {z: {sources: [\"*.c\"]}}\n";

void tag_z(struct world *w)
{
	static const struct file files[] = {
	    {"z.c", "int z;\n", 0},
	    {"z.h", "crlf\r\n", 0},
	    {"bin/run", "#!/bin/sh\n", GIT_FILEMODE_BLOB_EXECUTABLE},
	    {"bin/link", "../z.c", GIT_FILEMODE_LINK},
	    {"sub/module", "", GIT_FILEMODE_COMMIT},
	    {0}};

	tag_files(w, "z", "z-1.2.3", true, files);
	tag_files(w, "z", "z-1.3", true, files);
	tag_files(w, "z", "z-2.0.0-rc1", true, files);
	put_file(w, "proj/ports/z.yaml", port_z);
	put_file(w, "proj/cbuild.yaml",
		 "module: example.com/main\nrequire:\n  example.com/z: v1.2.3\n");
}

/* The diamond of Russ Cox's article: a and b want different c; the greater wins, and d comes
 * through it. */
void tag_diamond(struct world *w)
{
	tag_module(w, "d", "v1.0.0", "");
	tag_module(w, "c", "v1.1.0", "");
	tag_module(w, "c", "v1.2.0",
		   "require:\n  example.com/d: v1.0.0\n  example.com/a: v1.0.0\n");
	tag_module(w, "c", "v1.3.0", "");
	tag_module(w, "a", "v1.0.0", "require:\n  example.com/c: v1.1.0\n");
	tag_module(w, "b", "v1.0.0", "require:\n  example.com/c: v1.2.0\n");
	put_file(w, "proj/cbuild.yaml",
		 "module: example.com/main\nrequire:\n  example.com/a: v1.0.0\n  example.com/b: "
		 "v1.0.0\n");
}
