/*
 * Trees that come packed: downloaded, unpacked, read, removed. Between a look at the manifest and the
 * files the tree lies in the cache, so that it is fetched once; what a killed run left there is taken
 * by the next one, or swept after a day.
 *
 *     CACHE/mod/.part/3f...            the download; .part behind it while it is one
 *     CACHE/mod/.part/3f....tree/      unpacked whole
 *     CACHE/mod/.part/3f....lock
 */
#include <string.h>

#include "base/path.h"
#include "format/archive.h"
#include "mod/source_impl.h"

static struct str part_path(struct arena *a, const struct mod_opts *o, struct str key,
			    const char *suffix)
{
	enum { NAME_HEX = 32 };
	struct digest d = digest_str(key);
	char hex[DIGEST_HEX + 1];

	digest_hex(&d, hex);
	return str_fmt(a, "%.*s/mod/.part/%.*s%s", STR_ARG(o->cache_dir), (int)NAME_HEX, hex,
		       suffix);
}

static bool unpack(struct arena *a, struct str parent, const char *file,
		   const struct archive_opts *opts, struct str tree, struct err *e)
{
	struct str tmp;
	struct err ignored;

	if (!folder_make_temp(a, parent.p, ".tmp.", &tmp, e))
		return false;
	if (archive_unpack(file, tmp.p, opts, e) && file_move(tmp.p, tree.p, e))
		return true;
	(void)!folder_remove(tmp.p, &ignored);
	return false;
}

static bool get_locked(struct arena *a, const struct mod_opts *o, struct str key,
		       unpacked_download download, void *ctx, const struct archive_opts *opts,
		       struct str tree, struct err *e)
{
	struct str parent = str_dup(a, path_dir(tree)), file = part_path(a, o, key, "");
	struct err ignored;
	bool ok;

	if (file_kind(tree.p) == FILE_FOLDER)
		return true;
	folder_sweep(parent.p);
	if (!download(ctx, file.p, e))
		return false;
	ok = unpack(a, parent, file.p, opts, tree, e);
	(void)!file_remove(file.p, &ignored);
	return ok;
}

bool unpacked_get(struct arena *a, const struct mod_opts *o, struct str key,
		  unpacked_download download, void *ctx, const struct archive_opts *opts,
		  struct str *folder, struct err *e)
{
	struct str lock_path = part_path(a, o, key, ".lock");
	struct file_lock lock = {-1};
	bool ok, got;

	*folder = part_path(a, o, key, ".tree");
	if (!folder_make_for(lock_path.p, e) ||
	    !lock_acquire(&lock, lock_path.p, false, true, &got, e))
		return false;
	ok = get_locked(a, o, key, download, ctx, opts, *folder, e);
	lock_release(&lock);
	return ok;
}

void unpacked_drop(struct arena *a, const struct mod_opts *o, struct str key)
{
	struct err ignored;

	(void)!folder_remove(part_path(a, o, key, ".tree").p, &ignored);
}

bool unpacked_manifest(struct arena *a, struct str folder, struct str *bytes, bool *found,
		       struct err *e)
{
	struct str path = path_join(a, folder, STR("cbuild.yaml"));

	*found = file_kind(path.p) == FILE_REGULAR;
	return !*found || file_read(a, path.p, 0, bytes, e);
}
