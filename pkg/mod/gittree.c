/*
 * Reading the tree of a tag straight from the object database: no checkout, so no filter, no line-ending
 * conversion and no hook touches a byte. Names, links, depth and size are checked as hostile.
 */
#include <string.h>

#include "base/map.h"
#include "base/path.h"
#include "mod/git_impl.h"

enum { TREE_ENTRIES_MAX = 1000000 };

struct tree_walk {
	struct arena *a;
	struct git_source *s;
	const struct str_vec *globs;
	tree_visit visit;
	void *ctx;
	struct tree_total total;
	uint64_t entries;
};

static bool tree_refuse(struct tree_walk *w, struct str name, const char *why, struct err *e)
{
	tree_wrong(name, why, e);
	return err_wrap(e, "reading %.*s, tag %.*s", STR_ARG(w->s->url), STR_ARG(w->s->tag));
}

static bool object_failed(struct tree_walk *w, struct str name, struct err *e)
{
	err_set(e, ERR_IO, "%.*s, tag %.*s: reading '%.*s': %s", STR_ARG(w->s->url),
		STR_ARG(w->s->tag), STR_ARG(name), git_says());
	return err_fix(e, "%s",
		       w->s->local ? "`git fsck` in that repository tells what is missing"
				   : "the cached repository is damaged: remove the folder mod/.git "
				     "of the cache");
}

/* A blob's size without inflating it: a few kilobytes of pack can claim gigabytes. */
static bool blob_size(struct tree_walk *w, const git_tree_entry *ent, uint64_t *size_bytes)
{
	git_odb *odb;
	git_object_t type;
	size_t n = 0;
	bool ok;

	if (git_repository_odb(&odb, w->s->repo) != 0)
		return false;
	ok = git_odb_read_header(&n, &type, odb, git_tree_entry_id(ent)) == 0;
	git_odb_free(odb);
	*size_bytes = n;
	return ok;
}

static bool blob_read(struct tree_walk *w, const git_tree_entry *ent, struct str name,
		      git_blob **out, struct err *e)
{
	uint64_t size_bytes;
	const char *why;

	if (!blob_size(w, ent, &size_bytes))
		return object_failed(w, name, e);
	why = tree_size_wrong(&w->total, size_bytes);
	if (why)
		return tree_refuse(w, name, why, e);
	return git_blob_lookup(out, w->s->repo, git_tree_entry_id(ent)) == 0 ||
	       object_failed(w, name, e);
}

static bool visit_blob(struct tree_walk *w, const git_tree_entry *ent, struct str name,
		       struct err *e)
{
	git_filemode_t mode = git_tree_entry_filemode(ent);
	struct tree_file f = {.name = name,
			      .exec = mode == GIT_FILEMODE_BLOB_EXECUTABLE,
			      .link = mode == GIT_FILEMODE_LINK};
	git_blob *blob = NULL;
	bool ok;

	if (!paths_keep(w->globs, name))
		return true;
	if (!path_is_local(name))
		return tree_refuse(w, name, "is a name that this machine's tools could misread", e);
	if (!blob_read(w, ent, name, &blob, e))
		return false;
	f.bytes = (struct str){git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob)};
	if (f.link && !link_stays_inside(name, f.bytes))
		ok = tree_refuse(w, name, "is a symbolic link that leaves the tree", e);
	else
		ok = w->visit(w->ctx, &f, e);
	git_blob_free(blob);
	return ok;
}

/* Could this positive glob match a file below the folder? */
static bool may_match_below(struct str glob, struct str folder)
{
	struct str literal = glob;

	literal.n = 0;
	while (literal.n < glob.n && !strchr("*?[", glob.p[literal.n]))
		literal.n++;
	if (str_starts(literal, folder))
		return literal.n > folder.n && literal.p[folder.n] == '/';
	return str_starts(folder, literal) && str_containsc(glob, "**");
}

/* Could a file below the folder be kept? Asked for submodules, whose files are not there to look
 * at. */
static bool keeps_below(struct arena *a, const struct str_vec *globs, struct str folder)
{
	struct str inside = str_fmt(a, "%.*s/x", STR_ARG(folder));
	bool any = false, may = false;

	for (size_t i = 0; i < globs->n; i++) {
		struct str g = globs->v[i];

		if (g.n && g.p[0] == '!') {
			if (str_glob(str_skip(g, 1), inside))
				return false;
			continue;
		}
		any = true;
		may = may || may_match_below(g, folder);
	}
	return may || !any;
}

static bool visit_tree(struct tree_walk *w, const git_tree *tree, struct str dir, int depth,
		       struct err *e);

/* A folder with a manifest is a module of its own, with versions of its own. */
static bool is_module(const struct tree_walk *w, const git_tree *tree)
{
	const git_tree_entry *ent = git_tree_entry_byname(tree, "cbuild.yaml");

	return !w->globs->n && ent && git_tree_entry_type(ent) == GIT_OBJECT_BLOB;
}

static bool visit_subtree(struct tree_walk *w, const git_tree_entry *ent, struct str name,
			  int depth, struct err *e)
{
	git_tree *sub;
	bool ok;

	if (depth >= TREE_DEPTH_MAX)
		return tree_refuse(w, name, "lies more than 64 folders deep", e);
	if (git_tree_lookup(&sub, w->s->repo, git_tree_entry_id(ent)) != 0)
		return object_failed(w, name, e);
	ok = is_module(w, sub) || visit_tree(w, sub, name, depth + 1, e);
	git_tree_free(sub);
	return ok;
}

static bool visit_entry(struct tree_walk *w, const git_tree_entry *ent, struct str name, int depth,
			struct err *e)
{
	switch (git_tree_entry_filemode(ent)) {
	case GIT_FILEMODE_TREE:
		return visit_subtree(w, ent, name, depth, e);
	case GIT_FILEMODE_COMMIT:
		return !keeps_below(w->a, w->globs, name) ||
		       tree_refuse(w, name, "is a submodule, and those are not fetched", e);
	case GIT_FILEMODE_BLOB:
	case GIT_FILEMODE_BLOB_EXECUTABLE:
	case GIT_FILEMODE_LINK:
		return visit_blob(w, ent, name, e);
	case GIT_FILEMODE_UNREADABLE:
	default:
		return tree_refuse(w, name, "is no file, folder or link", e);
	}
}

/*
 * git itself never writes a name twice into one tree, but a server may send such a tree: a link, then
 * a folder of the same name, whose files would be written through the link. And a tree may name one
 * subtree many times over, so what is counted is every entry met, kept or not.
 */
static bool visit_tree(struct tree_walk *w, const git_tree *tree, struct str dir, int depth,
		       struct err *e)
{
	size_t n = git_tree_entrycount(tree);
	struct map names = {0};

	for (size_t i = 0; i < n; i++) {
		const git_tree_entry *ent = git_tree_entry_byindex(tree, i);
		struct str base = str_dup(w->a, str_of(git_tree_entry_name(ent)));
		struct str name =
		    dir.n ? str_fmt(w->a, "%.*s/%.*s", STR_ARG(dir), STR_ARG(base)) : base;
		bool added;

		if (++w->entries > TREE_ENTRIES_MAX)
			return tree_refuse(w, name, "makes the tree larger than a million entries",
					   e);
		if (str_find(base, '/') < base.n)
			return tree_refuse(w, name, "has a slash within a name", e);
		map_put(w->a, &names, base, &added);
		if (!added)
			return tree_refuse(w, name, "is there twice", e);
		if (!visit_entry(w, ent, name, depth, e))
			return false;
	}
	return true;
}

bool git_each_file(struct arena *a, struct git_source *s, const struct str_vec *globs,
		   tree_visit visit, void *ctx, struct err *e)
{
	struct tree_walk w = {.a = a, .s = s, .globs = globs, .visit = visit, .ctx = ctx};

	return visit_tree(&w, s->tree, STR(""), 0, e);
}

bool git_root_file(struct arena *a, struct git_source *s, const char *name, struct str *out,
		   bool *found, struct err *e)
{
	const git_tree_entry *ent = git_tree_entry_byname(s->tree, name);
	struct tree_walk w = {.a = a, .s = s};
	git_blob *blob = NULL;

	*found = ent && (git_tree_entry_filemode(ent) == GIT_FILEMODE_BLOB ||
			 git_tree_entry_filemode(ent) == GIT_FILEMODE_BLOB_EXECUTABLE);
	if (!*found)
		return true;
	if (!blob_read(&w, ent, str_of(name), &blob, e))
		return false;
	*out = str_dup(a, (struct str){git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob)});
	git_blob_free(blob);
	return true;
}
