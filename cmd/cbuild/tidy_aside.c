/*
 * mod tidy --diff leaves the project alone, which may be a checkout that nobody may write to. Builds make folders
 * below the root that they run in; so the answers are looked for in another root, below the cache: the project's
 * folders, with links to its files. All paths and so all keys are as they were.
 */
#include "tidy.h"

#include <unistd.h>

#include "base/path.h"
#include "sys/file.h"

struct mirror {
	struct cmd *c;
	struct arena a;
};

static bool is_left_out(const struct mirror *m, struct str from, struct str name, unsigned depth)
{
	return str_eqc(name, ".git") || (!depth && str_eqc(name, "build")) ||
	       str_eq(from, m->c->cache_dir);
}

/* Folders that are too deep, or may not be read, are nobody's sources: a link will do. */
static bool mirror(struct mirror *m, struct str from, struct str to, unsigned depth, struct err *e)
{
	enum { DEPTH_MAX = 64 };
	struct folder_entry *v;
	size_t n;

	if (depth && (depth > DEPTH_MAX || !file_may_read(from.p)))
		return file_symlink(from.p, to.p, e);
	if (!folder_make(to.p, e) || !folder_list(&m->a, from.p, &v, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct str one = path_join(&m->a, from, v[i].name);
		struct str other = path_join(&m->a, to, v[i].name);

		if (is_left_out(m, one, v[i].name, depth))
			continue;
		if (v[i].kind == FILE_FOLDER ? !mirror(m, one, other, depth + 1, e)
					     : !file_symlink(one.p, other.p, e))
			return false;
	}
	return true;
}

static bool enter(struct str dir, struct err *e)
{
	return chdir(dir.p) == 0 || err_errno(e, "entering %s", dir.p);
}

bool tidy_step_aside(struct cmd *c, struct err *e)
{
	struct mirror m = {.c = c};
	struct str all = path_join(&c->arena, c->cache_dir, STR("tidy")), dir = {0};
	bool ok;

	folder_sweep(all.p);
	ok = folder_make_temp(&c->arena, all.p, "root-", &dir, e) &&
	     path_real(&c->arena, dir.p, &dir, e) && mirror(&m, c->root, dir, 0, e) &&
	     enter(dir, e);
	arena_fini(&m.a);
	if (!ok) {
		struct err ignored;

		if (dir.n)
			(void)!folder_remove(dir.p, &ignored);
		return err_wrap(e, "looking at the project without writing to it");
	}
	c->home = c->root;
	c->root = dir;
	return true;
}

void tidy_step_back(struct cmd *c)
{
	struct err ignored;

	if (!c->home.n)
		return;
	(void)!enter(c->home, &ignored);
	(void)!folder_remove(c->root.p, &ignored);
	c->root = c->home;
	c->home = STR("");
}
