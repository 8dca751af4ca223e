/*
 * A folder on a host as a place: `current` is a symbolic link to generations/N-DIGEST12, relative, so that the
 * folder can be moved or mounted elsewhere. A release's files are copied, or unpacked as hostile.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "deploy/deploy_impl.h"
#include "format/archive.h"
#include "oci/oci.h"

#define PREFIX "generations/"

static bool current(struct place *p, struct str *out, struct err *e)
{
	const char *path = place_path(p, "current");

	*out = STR("");
	return file_kind(path) == FILE_ABSENT || link_read(p->arena, path, out, e);
}

static struct str target(struct place *p, const struct generation *g)
{
	return str_fmt(p->arena, PREFIX "%.*s", STR_ARG(g->name));
}

static bool point(struct place *p, struct str to, struct err *e)
{
	const char *path = place_path(p, "current");

	return to.n ? file_symlink(str_c(p->arena, to), path, e) : file_remove(path, e);
}

static bool sync(struct place *p, struct err *e)
{
	return file_sync(str_c(p->arena, p->dir), e);
}

static bool verify(const struct place *p, const struct generation *g, const struct json *record,
		   struct err *e)
{
	const char *dir = generation_path(p, g, "");
	const struct json *files;

	return json_need_array(record, "files", &files, "release.json", e) &&
	       tree_verify(p->arena, dir, files, e);
}

/* --- content ---------------------------------------------------------------------------------- */

static bool copy_file(const char *from, const char *to, struct err *e)
{
	struct file_sig sig;

	return file_stat(from, &sig, e) && file_copy(from, to, sig.mode & S_IXUSR ? 0755 : 0644, e);
}

static bool copy_tree(struct arena *a, const char *from, const char *to, unsigned depth,
		      struct err *e)
{
	struct folder_entry *v;
	struct str link;
	size_t n;
	bool ok = true;

	if (depth > DEPLOY_MAX_DEPTH)
		return err_at(e, ERR_INPUT, from, 0, 0, "lies too deep for a release");
	if (!folder_make(to, e) || !folder_list(a, from, &v, &n, e))
		return false;
	for (size_t i = 0; ok && i < n; i++) {
		const char *x = str_fmt(a, "%s/%s", from, v[i].name.p).p;
		const char *y = str_fmt(a, "%s/%s", to, v[i].name.p).p;

		switch (v[i].kind) {
		case FILE_FOLDER:
			ok = copy_tree(a, x, y, depth + 1, e);
			break;
		case FILE_REGULAR:
			ok = copy_file(x, y, e);
			break;
		case FILE_LINK:
			ok = link_read(a, x, &link, e) && file_symlink(link.p, y, e);
			break;
		case FILE_ABSENT:
		case FILE_OTHER:
			err_at(e, ERR_INPUT, x, 0, 0, "is no file, folder or link");
			return err_fix(e, "leave it out of the release");
		}
	}
	return ok;
}

/* "PATH=FILE" */
static bool copy_named(struct arena *a, const struct str_vec *files, const char *dir, struct err *e)
{
	for (size_t i = 0; i < files->n; i++) {
		struct str from = files->v[i], path = str_cut(&from, '=');
		const char *to = str_fmt(a, "%s/%.*s", dir, STR_ARG(path)).p;

		if (!folder_make_for(to, e) || !copy_file(str_c(a, from), to, e))
			return false;
	}
	return true;
}

/* The files of this machine's image. One layer: what a later one would remove of another is not known here. */
static bool unpack_image(struct place *p, const struct release_source *src, const char *dir,
			 struct err *e)
{
	struct target host = target_host();
	struct oci_image img;
	struct digest index;

	if (!source_index(p->arena, src, &index, e) ||
	    !oci_collect_layout(p->arena, src->path.p, &index, &img, e))
		return false;
	for (size_t i = 0; i < img.platforms.n; i++) {
		const struct oci_platform *x = &img.platforms.v[i];

		if (!target_eq(&x->target, &host))
			continue;
		if (x->layers.n != 1)
			return err_set(e, ERR_INPUT,
				       "the image has %zu layers: only images of one are unpacked",
				       x->layers.n);
		return archive_unpack(oci_layout_blob(p->arena, src->path.p, &x->layers.v[0]).p,
				      dir, NULL, e);
	}
	return err_set(e, ERR_INPUT, "the image has nothing for this machine (%.*s)",
		       STR_ARG(target_name(p->arena, &host)));
}

bool folder_fill(struct place *p, const struct release_source *src, const char *dir, struct err *e)
{
	struct archive_opts o = {.strip = src->strip};

	switch (src->kind) {
	case RELEASE_FILE:
		return copy_file(src->path.p,
				 str_fmt(p->arena, "%s/%.*s", dir, STR_ARG(path_base(src->path))).p,
				 e);
	case RELEASE_TREE:
		return src->files.n ? copy_named(p->arena, &src->files, dir, e)
				    : copy_tree(p->arena, src->path.p, dir, 0, e);
	case RELEASE_ARCHIVE:
		return archive_unpack(src->path.p, dir, &o, e);
	case RELEASE_IMAGE:
		return unpack_image(p, src, dir, e);
	case RELEASE_STREAM:
		return stream_fill(p, src, dir, e);
	}
	return false;
}

static bool stage(struct place *p, const struct release_source *src, struct staged *s,
		  struct err *e)
{
	const char *dir = s->dir.p;
	struct arena *a = p->arena;

	if (!folder_fill(p, src, dir, e))
		return err_wrap(e, "taking the release from %.*s", STR_ARG(src->path));
	if (file_kind(str_fmt(a, "%s/release.json", dir).p) != FILE_ABSENT) {
		err_at(e, ERR_INPUT, "release.json", 0, 0, "is a name that cbuild needs itself");
		return err_fix(e, "leave it out of the release, or put it in a folder");
	}
	if (!tree_list(a, dir, &s->files, &s->digest, e))
		return false;
	return s->files->n ||
	       err_set(e, ERR_INPUT, "the release %.*s is empty", STR_ARG(src->path));
}

bool folder_stage(struct arena *a, const struct release_source *src, struct str dir,
		  struct staged *s, struct err *e)
{
	struct place here = {.arena = a, .ops = &place_folder, .dir = dir};

	*s = (struct staged){.dir = dir};
	return folder_make(dir.p, e) && stage(&here, src, s, e);
}

bool folder_scratch(struct arena *a, struct str *out, struct err *e)
{
	const char *tmp = getenv("TMPDIR");

	return folder_make_temp(a, tmp && *tmp ? tmp : "/tmp", "cbuild-deploy-", out, e);
}

const struct place_ops place_folder = {current, target, point, sync, stage, verify};
