/*
 * The tree that load's tests are about: written file by file, then loaded.
 */
#ifndef LOAD_FIXTURE_TEST_H
#define LOAD_FIXTURE_TEST_H

#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "cbuild/test.h"
#include "load/load_impl.h"
#include "sys/file.h"

/* A tree written into the test's folder and loaded as the main module, for linux/amd64. */
struct fixture {
	struct arena a;
	struct manifest manifests[4];
	struct build_list list;
	struct package_set set;
	struct str_vec cflags;
	bool headers;
	struct err e;
};

static inline void put(struct test *t, struct fixture *f, const char *path, const char *text)
{
	if (!folder_make_for(path, &f->e) || !file_write_fast(path, str_of(text), 0644, &f->e))
		test_fatal(t, __FILE__, __LINE__, "%s: %s", path, f->e.msg);
}

static inline void begin(struct test *t, struct fixture *f)
{
	memset(f, 0, sizeof *f);
	T_MUST(t, chdir(test_tmpdir(t)) == 0);
}

/* Adds a module at dir ("." is main), whose manifest is yaml; required by the main module. */
static inline void add_module(struct test *t, struct fixture *f, const char *path, const char *dir,
			      const char *yaml)
{
	struct manifest *m = &f->manifests[f->list.modules.n];
	struct module *mod;
	struct str cwd;

	T_MUST(t, path_cwd(&f->a, &cwd, &f->e));
	if (!manifest_parse(&f->a, STR("cbuild.yaml"), str_of(yaml), m, &f->e))
		test_fatal(t, __FILE__, __LINE__, "%s", f->e.msg);
	mod = vec_push(&f->a, &f->list.modules);
	*mod = (struct module){
	    .path = str_of(path), .dir = path_join(&f->a, cwd, str_of(dir)), .manifest = m};
	mod->main = f->list.modules.n == 1;
	mod->replaced = !mod->main;
	if (!mod->main)
		*vec_push(&f->a, &f->list.modules.v[0].requires) =
		    (uint32_t)(f->list.modules.n - 1);
}

static inline bool load(struct test *t, struct fixture *f)
{
	struct load_opts o = {.list = &f->list, .headers = f->headers};

	T_MUST(t, target_parse(STR("linux/amd64"), &o.target, &f->e));
	T_MUST(t, path_cwd(&f->a, &o.root, &f->e));
	o.mod_mount = STR("build/.x/mod");
	o.cflags = f->cflags;
	return load_packages(&f->a, &o, &f->set, &f->e);
}

static inline struct package *find(const struct fixture *f, const char *name)
{
	for (size_t i = 0; i < f->set.packages.n; i++)
		if (str_eqc(f->set.packages.v[i]->name, name))
			return f->set.packages.v[i];
	return NULL;
}

static inline const char *imports(struct fixture *f, const char *name)
{
	struct package *p = find(f, name);
	struct buf b = {0};
	const char *text;

	for (size_t i = 0; p && i < p->imports.n; i++)
		buf_printf(&b, "%s%.*s", i ? " " : "", STR_ARG(p->imports.v[i]->name));
	text = str_c(&f->a, buf_str(&b));
	buf_fini(&b);
	return p ? text : "(no such package)";
}

static inline const char *sources(struct fixture *f, const char *name)
{
	struct package *p = find(f, name);
	struct buf b = {0};
	const char *text;

	for (size_t i = 0; p && i < p->sources.n; i++)
		buf_printf(&b, "%s%.*s", i ? " " : "", STR_ARG(p->sources.v[i]->rel));
	text = str_c(&f->a, buf_str(&b));
	buf_fini(&b);
	return p ? text : "(no such package)";
}

/* The closure of a package's first source. */
static inline const char *reads(struct fixture *f, const char *package)
{
	const struct source *s = find(f, package)->sources.v[0];
	struct buf b = {0};
	const char *text;

	for (size_t i = 0; i < s->closure.n; i++)
		buf_printf(&b, "%s%.*s", i ? " " : "", STR_ARG(s->closure.v[i]));
	if (s->unknown_reads)
		buf_addc(&b, " unknown");
	text = str_c(&f->a, buf_str(&b));
	buf_fini(&b);
	return text;
}

#endif
