/*
 * Which files of a tree are kept, and which links may be. Pure text.
 */
#include <string.h>
#include <strings.h>

#include "base/path.h"
#include "mod/mod_impl.h"

bool paths_keep(const struct str_vec *globs, struct str path)
{
	bool any = false, kept = false;

	for (size_t i = 0; i < globs->n; i++) {
		struct str g = globs->v[i];

		if (g.n && g.p[0] == '!') {
			if (str_glob(str_skip(g, 1), path))
				return false;
			continue;
		}
		any = true;
		kept = kept || str_glob(g, path);
	}
	return kept || !any;
}

/*
 * Leading ".." parts climb real folders; behind a name the part before could itself be a link, so
 * that
 * ".." there could leave the tree by a detour. Such targets are refused though most would be
 * harmless.
 */
bool link_stays_inside(struct str path, struct str target)
{
	size_t depth = 0, up = 0;
	struct str rest = target;

	for (size_t i = 0; i < path.n; i++)
		depth += path.p[i] == '/';
	while (str_startsc(rest, "../") || str_eqc(rest, "..")) {
		rest = str_skip(rest, 3);
		up++;
	}
	return up <= depth && target.n && (rest.n == 0 || path_is_local(rest));
}

const char *tree_size_wrong(struct tree_total *t, uint64_t size_bytes)
{
	if (size_bytes > TREE_BLOB_BYTES_MAX)
		return "is larger than 512 MiB";
	t->bytes += size_bytes;
	return ++t->files > TREE_FILES_MAX || t->bytes > TREE_BYTES_MAX
		   ? "makes the tree larger than 200,000 files or 2 GiB"
		   : NULL;
}

/* What file systems hold: a part of 255 bytes; and what walks of trees do. */
static bool name_fits(struct str name)
{
	enum { PART_MAX = 255 };
	size_t depth = 0;

	for (struct str rest = name; rest.p; depth++)
		if (str_cut(&rest, '/').n > PART_MAX)
			return false;
	return depth <= TREE_DEPTH_MAX + 1;
}

/* Git would take such a folder for a repository, and run what its configuration names (git: verify_path). */
static bool is_gits_own(struct str name)
{
	static const char *const taken[] = {".git", "git~1"};

	for (struct str rest = name; rest.p;) {
		struct str part = str_cut(&rest, '/');

		for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
			if (part.n == strlen(taken[i]) &&
			    strncasecmp(part.p, taken[i], part.n) == 0)
				return true;
	}
	return false;
}

const char *tree_file_wrong(struct tree_total *t, const struct tree_file *f)
{
	if (!path_is_local(f->name))
		return "is a name that this machine's tools could misread";
	if (is_gits_own(f->name))
		return "has a part that git keeps for itself";
	if (!name_fits(f->name))
		return "nests deeper than 64 folders, or has a part longer than 255 bytes";
	if (f->link && !link_stays_inside(f->name, f->bytes))
		return "is a symbolic link that leaves the tree";
	return tree_size_wrong(t, f->bytes.n);
}

bool tree_wrong(struct str name, const char *why, struct err *e)
{
	enum { SHOWN_MAX = 200 };
	char shown[SHOWN_MAX];
	size_t n = name.n < SHOWN_MAX ? name.n : SHOWN_MAX;

	for (size_t i = 0; i < n; i++)
		shown[i] = (unsigned char)name.p[i] < 0x20 || name.p[i] == 0x7f ? '?' : name.p[i];
	err_set(e, ERR_INPUT, "'%.*s' %s", (int)n, shown, why);
	return err_fix(e, "leave it out with `paths` in a port of your own (ports/NAME.yaml)");
}
