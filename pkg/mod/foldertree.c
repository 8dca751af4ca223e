/*
 * Reading a tree that was unpacked to a folder of ours. The unpacker has refused what leaves the
 * folder; names, links, depth and sizes are checked as those of a repository are.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "mod/mod_impl.h"

struct folder_walk {
	struct arena *a;
	struct arena bytes; /* of one file at a time */
	const struct str_vec *globs;
	tree_visit visit;
	void *ctx;
	struct tree_total total;
};

static bool read_link(struct folder_walk *w, struct str path, struct tree_file *f, struct err *e)
{
	char target[PATH_BYTES_MAX];
	ssize_t n = readlink(path.p, target, sizeof target);

	if (n < 0)
		return err_errno(e, "reading the link %s", path.p);
	f->bytes = str_dup(&w->bytes, (struct str){target, (size_t)n});
	return true;
}

static bool read_regular(struct folder_walk *w, struct str path, struct tree_file *f, struct err *e)
{
	struct file_sig sig;

	if (!file_stat(path.p, &sig, e))
		return false;
	f->exec = (sig.mode & S_IXUSR) != 0;
	return file_read(&w->bytes, path.p, TREE_BLOB_BYTES_MAX, &f->bytes, e);
}

static bool visit_file(struct folder_walk *w, struct str path, struct str name, bool link,
		       struct err *e)
{
	struct tree_file f = {.name = name, .link = link};
	const char *why;
	bool ok;

	if (!paths_keep(w->globs, name))
		return true;
	ok = link ? read_link(w, path, &f, e) : read_regular(w, path, &f, e);
	why = ok ? tree_file_wrong(&w->total, &f) : NULL;
	if (why)
		ok = tree_wrong(name, why, e);
	ok = ok && w->visit(w->ctx, &f, e);
	arena_fini(&w->bytes);
	return ok;
}

static bool walk_folder(struct folder_walk *w, struct str dir, struct str below, int depth,
			struct err *e)
{
	struct folder_entry *list;
	size_t n;

	if (depth > TREE_DEPTH_MAX)
		return tree_wrong(below, "lies more than 64 folders deep", e);
	if (!folder_list(w->a, dir.p, &list, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct str path = str_fmt(w->a, "%s/%s", dir.p, list[i].name.p);
		struct str name =
		    below.n ? str_fmt(w->a, "%s/%s", below.p, list[i].name.p) : list[i].name;

		if (list[i].kind == FILE_FOLDER
			? !walk_folder(w, path, name, depth + 1, e)
			: !visit_file(w, path, name, list[i].kind == FILE_LINK, e))
			return false;
	}
	return true;
}

bool folder_each_file(struct arena *a, struct str folder, const struct str_vec *globs,
		      tree_visit visit, void *ctx, struct err *e)
{
	struct folder_walk w = {.a = a, .globs = globs, .visit = visit, .ctx = ctx};

	return walk_folder(&w, folder, STR(""), 0, e);
}
