/*
 * For the tests of mod: repositories made with libgit2 below the test's folder, reached through
 * https://example.com/... and an insteadOf that points there. No network, no git program.
 */
#ifndef MOD_WORLD_TEST_H
#define MOD_WORLD_TEST_H

#include <git2.h>

#include "cbuild/test.h"
#include "mod/mod.h"

struct file {
	const char *name; /* one part, or FOLDER/NAME */
	const char *text;
	git_filemode_t mode; /* 0: regular */
};

struct world {
	struct arena a;
	struct test *t;
	struct str root;
	struct mod_opts o;
};

/* The project is in proj/, the cache in cache/, repositories in git/, all below root. */
void world_init(struct world *w, struct test *t);
void world_fini(struct world *w);
/* A file below root. */
void put_file(struct world *w, const char *name, const char *text);
struct str get_file(struct world *w, const char *name);

/* Commits exactly these files to git/NAME and tags the commit. */
void tag_files(struct world *w, const char *name, const char *tag, bool annotated,
	       const struct file *files);
/* A module with a manifest of its own that requires what `require` says (YAML, indented). */
void tag_module(struct world *w, const char *name, const char *tag, const char *require);
/* example.com/z through the project's port: v1.2.3, v1.3.0 and v2.0.0-rc1. */
void tag_z(struct world *w);
/* Modules a to d; main requires a and b. */
void tag_diamond(struct world *w);

bool load_list(struct world *w, struct build_list *list, struct err *e);
void must_load(struct world *w, bool update, struct build_list *list);
/* Loading fails with this code, and the whole rendering holds this text; there is a remedy. */
void must_fail(struct world *w, bool update, enum err_code code, const char *says);
const struct module *module_at(const struct build_list *list, const char *path);
void expect_version(struct world *w, const struct build_list *list, const char *path,
		    const char *version);

#endif
