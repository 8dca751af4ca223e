/*
 * The image layout (image-spec image-layout.md), as a folder that collects tags and as one tar. In
 * both index.json is written last: a reader sees a tag only with all its blobs.
 */
#include <stdlib.h>
#include <string.h>

#include "format/tar.h"
#include "oci/oci_impl.h"
#include "sys/file.h"

struct json *oci_tag_entry(struct arena *a, const char *media_type, const struct digest *d,
			   struct str ref)
{
	struct json *entry = oci_descriptor(a, media_type, d), *annotations = json_new_object(a);

	oci_put_text(a, annotations, ANNOTATION_REF, ref);
	json_put(a, entry, STR("annotations"), annotations);
	return entry;
}

static struct json *new_index(struct arena *a, struct json *manifests)
{
	struct json *v = json_new_object(a);

	json_put(a, v, STR("schemaVersion"), json_new_int(a, 2));
	oci_put_text(a, v, "mediaType", STR(MEDIA_INDEX));
	json_put(a, v, STR("manifests"), manifests);
	return v;
}

static struct str ref_of(const struct json *entry)
{
	return json_text(json_get(entry, "annotations"), ANNOTATION_REF);
}

/* --- folder --- */

/* The entries of a layout's index.json, each a descriptor; none when there is no such file. */
static bool read_entries(struct arena *a, const char *path, const struct json **out, struct err *e)
{
	struct json *v;
	struct str text;

	*out = json_new_array(a);
	if (file_kind(path) == FILE_ABSENT)
		return true;
	if (!file_read(a, path, OCI_MAX_DOCUMENT_BYTES, &text, e) ||
	    !json_parse(a, text, path, &v, e) || !json_need_array(v, "manifests", out, path, e))
		return false;
	if ((*out)->n > OCI_MAX_TAGS)
		return err_at(e, ERR_INPUT, path, 0, 0, "it names more than 4096 images");
	for (size_t i = 0; i < (*out)->n; i++) {
		struct descriptor d;

		if (!oci_read_descriptor((*out)->items[i], path, &d, e))
			return false;
	}
	return true;
}

static int by_ref(const void *a, const void *b)
{
	const struct json *const *x = a, *const *y = b;

	int c = str_cmp(ref_of(*x), ref_of(*y));

	return c ? c : str_cmp(json_get(*x, "digest")->text, json_get(*y, "digest")->text);
}

/* Has ref name d from now on; NULL: nothing. */
static bool write_index(struct arena *a, const struct digest *d, struct str ref, const char *path,
			struct err *e)
{
	struct json *manifests = json_new_array(a);
	const struct json *entries;
	struct str have, want;
	struct err ignored;

	if (!read_entries(a, path, &entries, e)) {
		err_wrap(e, "adding '%.*s' to the image layout that is there", STR_ARG(ref));
		return err_fix(e, "remove that folder, or write the image to another one");
	}
	for (size_t i = 0; i < entries->n; i++)
		if (!str_eq(ref_of(entries->items[i]), ref))
			json_add(a, manifests, entries->items[i]);
	if (d)
		json_add(a, manifests, oci_tag_entry(a, MEDIA_INDEX, d, ref));
	qsort(manifests->items, manifests->n, sizeof(struct json *), by_ref);
	want = json_dump(a, new_index(a, manifests));
	/* The same again costs no fsync. */
	return (file_read(a, path, OCI_MAX_DOCUMENT_BYTES, &have, &ignored) &&
		str_eq(have, want)) ||
	       file_write_atomic(path, want, 0644, e);
}

static bool place_blobs(struct arena *a, struct cas *c, const struct oci_image *img,
			const char *dir, struct err *e)
{
	for (size_t i = 0; i < img->blobs.n; i++) {
		const struct digest *d = &img->blobs.v[i];

		switch (cas_place(c, d, oci_layout_blob(a, dir, d).p, 0644, CAS_COPY, NULL, e)) {
		case CAS_HIT:
			continue;
		case CAS_MISS:
			err_set(e, ERR_VERIFY, "the cache does not hold blob %.*s whole",
				STR_ARG(digest_oci(a, d)));
			return err_fix(e, "make the image again with 'cbuild image'");
		case CAS_ERROR:
			return false;
		}
	}
	return true;
}

static bool not_a_layout(const char *dir, struct err *e)
{
	err_at(e, ERR_USAGE, dir, 0, 0, "is there and is no image layout");
	return err_fix(e, "name a new folder, or FILE.tar");
}

bool oci_layout_check(struct arena *a, const char *dir, struct err *e)
{
	struct folder_entry *entries;
	size_t n;

	if (file_kind(dir) == FILE_ABSENT ||
	    file_kind(str_fmt(a, "%s/oci-layout", dir).p) != FILE_ABSENT)
		return true;
	if (file_kind(dir) != FILE_FOLDER && file_kind(dir) != FILE_LINK)
		return not_a_layout(dir, e);
	if (!folder_list(a, dir, &entries, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		/* What a killed run leaves before the file oci-layout, and a deploy's records. */
		if (!str_eqc(entries[i].name, ".lock") && !str_eqc(entries[i].name, "blobs") &&
		    !str_eqc(entries[i].name, ".cbuild"))
			return not_a_layout(dir, e);
	}
	return true;
}

/* Makes what is missing of a layout, locks it, and removes what killed writers left. */
static bool open_layout(struct arena *a, const char *dir, struct file_lock *lock, struct err *e)
{
	bool got;

	if (!oci_layout_check(a, dir, e))
		return false;
	if (!folder_make(str_fmt(a, "%s/blobs/sha256", dir).p, e) ||
	    !lock_acquire(lock, str_fmt(a, "%s/.lock", dir).p, false, true, &got, e))
		return err_wrap(e, "writing the image layout %s", dir);
	if (folder_drop_temps(dir, e) &&
	    folder_drop_temps(str_fmt(a, "%s/blobs/sha256", dir).p, e) &&
	    file_write_if_changed(str_fmt(a, "%s/oci-layout", dir).p, STR(LAYOUT_FILE), 0644, e))
		return true;
	lock_release(lock);
	return err_wrap(e, "writing the image layout %s", dir);
}

static bool close_layout(const char *dir, struct file_lock *lock, bool ok, struct err *e)
{
	lock_release(lock);
	return ok || err_wrap(e, "writing the image layout %s", dir);
}

bool oci_write_layout(struct arena *a, struct cas *c, const struct oci_image *img, struct str tag,
		      const char *dir, struct err *e)
{
	struct file_lock lock;

	if (!oci_check_ref(tag, e) || !open_layout(a, dir, &lock, e))
		return false;
	return close_layout(
	    dir, &lock,
	    place_blobs(a, c, img, dir, e) &&
		write_index(a, &img->index, tag, str_fmt(a, "%s/index.json", dir).p, e),
	    e);
}

struct str oci_layout_blob(struct arena *a, const char *dir, const struct digest *d)
{
	return str_fmt(a, "%s/blobs/sha256/%.*s", dir,
		       STR_ARG(str_skip(digest_oci(a, d), strlen("sha256:"))));
}

bool oci_layout_tag(struct arena *a, const char *dir, struct str tag, struct digest *out,
		    struct err *e)
{
	const char *path = str_fmt(a, "%s/index.json", dir).p;
	const struct json *entries;
	struct descriptor d;

	*out = (struct digest){0};
	if (!read_entries(a, path, &entries, e))
		return false;
	for (size_t i = 0; i < entries->n; i++) {
		if (str_eq(ref_of(entries->items[i]), tag)) {
			if (!oci_read_descriptor(entries->items[i], path, &d, e))
				return false;
			*out = d.digest;
		}
	}
	return true;
}

static bool copy_blob(struct arena *a, const char *from, const char *to, const struct digest *d,
		      struct err *e)
{
	const char *path = oci_layout_blob(a, to, d).p;
	struct digest have;

	if (file_kind(path) == FILE_REGULAR) {
		if (!file_digest(path, &have, e))
			return false;
		if (digest_eq(&have, d))
			return file_sync(path, e);
	}
	return file_copy(oci_layout_blob(a, from, d).p, path, 0644, e) && file_sync(path, e);
}

bool oci_layout_copy(struct arena *a, const struct oci_image *img, const char *from, const char *to,
		     struct err *e)
{
	struct file_lock lock;
	bool ok = true;

	if (!open_layout(a, to, &lock, e))
		return false;
	for (size_t i = 0; ok && i < img->blobs.n; i++)
		ok = copy_blob(a, from, to, &img->blobs.v[i], e);
	ok = ok && file_sync(str_fmt(a, "%s/blobs/sha256", to).p, e);
	return close_layout(to, &lock, ok, e);
}

bool oci_layout_retag(struct arena *a, const char *dir, struct str tag, const struct digest *d,
		      struct err *e)
{
	struct file_lock lock;

	return open_layout(a, dir, &lock, e) &&
	       close_layout(dir, &lock,
			    write_index(a, d, tag, str_fmt(a, "%s/index.json", dir).p, e), e);
}

/* --- tar --- */

static int by_digest(const void *a, const void *b)
{
	return digest_cmp(a, b);
}

static bool add_bytes(struct tar *t, const char *path, struct str bytes, struct err *e)
{
	return tar_add(t, &(struct tar_entry){.path = path, .mode = 0644}, bytes, e);
}

static bool add_blob(struct arena *a, struct cas *c, struct tar *t, const struct digest *d,
		     struct err *e)
{
	struct arena content = {0};
	char hex[DIGEST_HEX + 1];
	struct str bytes;
	bool ok = false;

	digest_hex(d, hex);
	switch (cas_get(c, d, &content, &bytes, e)) {
	case CAS_HIT:
		ok = add_bytes(t, str_fmt(a, "blobs/sha256/%s", hex).p, bytes, e);
		break;
	case CAS_MISS:
		err_set(e, ERR_VERIFY, "the cache does not hold blob sha256:%s whole", hex);
		err_fix(e, "make the image again with 'cbuild image'");
		break;
	case CAS_ERROR:
		break;
	}
	arena_fini(&content);
	return ok;
}

static struct str blob_name(struct arena *a, const struct digest *d)
{
	return str_fmt(a, "blobs/sha256/%.*s", STR_ARG(str_skip(digest_oci(a, d), 7)));
}

/* docker's own list of one image, as `docker save` writes it. */
static struct str docker_manifest(struct arena *a, const struct oci_archive *x)
{
	struct json *list = json_new_array(a), *v = json_new_object(a), *layers = json_new_array(a);
	struct json *tags = json_new_array(a);

	oci_put_text(a, v, "Config", blob_name(a, &x->docker->config));
	for (size_t i = 0; i < x->docker->layers.n; i++)
		json_add(a, layers, json_new_text(a, blob_name(a, &x->docker->layers.v[i])));
	if (str_find(x->ref, ':') < x->ref.n)
		json_add(a, tags, json_new_text(a, x->ref));
	json_put(a, v, STR("Layers"), layers);
	json_put(a, v, STR("RepoTags"), tags);
	json_add(a, list, v);
	return json_dump(a, list);
}

static bool fill(struct arena *a, struct cas *c, const struct oci_archive *x, struct tar *t,
		 struct err *e)
{
	struct json *manifests = json_new_array(a);
	struct digest *sorted = arena_array(a, struct digest, x->blob_count);

	memcpy(sorted, x->blobs, x->blob_count * sizeof *sorted);
	qsort(sorted, x->blob_count, sizeof *sorted, by_digest);
	json_add(a, manifests, x->entry);
	if (!tar_add(t, &(struct tar_entry){.path = "blobs", .kind = TAR_FOLDER, .mode = 0755},
		     STR(""), e) ||
	    !tar_add(t,
		     &(struct tar_entry){.path = "blobs/sha256", .kind = TAR_FOLDER, .mode = 0755},
		     STR(""), e))
		return false;
	for (size_t i = 0; i < x->blob_count; i++)
		if ((!i || digest_cmp(&sorted[i], &sorted[i - 1])) &&
		    !add_blob(a, c, t, &sorted[i], e))
			return false;
	return add_bytes(t, "index.json", json_dump(a, new_index(a, manifests)), e) &&
	       add_bytes(t, "manifest.json", docker_manifest(a, x), e) &&
	       add_bytes(t, "oci-layout", STR(LAYOUT_FILE), e);
}

/* Only a tar, or an empty file, is replaced (POSIX ustar: "ustar" at byte 257). */
static bool check_archive(const char *path, struct err *e)
{
	enum { MAGIC_AT = 257 };
	struct arena scratch = {0};
	struct str bytes = {0};
	bool ok = file_kind(path) == FILE_ABSENT;

	if (!ok && file_read(&scratch, path, 0, &bytes, e))
		ok = bytes.n == 0 ||
		     (bytes.n > MAGIC_AT && str_startsc(str_skip(bytes, MAGIC_AT), "ustar")) ||
		     err_at(e, ERR_USAGE, path, 0, 0, "is there and is no tar") ||
		     err_fix(e, "move it away, or give -o another name");
	arena_fini(&scratch);
	return ok;
}

bool oci_archive_write(struct arena *a, struct cas *c, const struct oci_archive *x,
		       const char *path, struct err *e)
{
	struct buf bytes = {0};
	struct tar *t = tar_open(TAR_NAMES_ASCII, &bytes);
	bool ok = fill(a, c, x, t, e);
	struct err closing;

	ok = tar_close(t, ok ? e : &closing) && ok && folder_make_for(path, e) &&
	     file_write_atomic(path, buf_str(&bytes), 0644, e);
	buf_fini(&bytes);
	return ok || err_wrap(e, "writing the image to %s", path);
}

bool oci_write_tar(struct arena *a, struct cas *c, const struct oci_image *img, struct str tag,
		   const char *path, struct err *e)
{
	struct oci_archive x = {
	    .entry = oci_tag_entry(a, MEDIA_INDEX, &img->index, tag),
	    .ref = tag,
	    .blobs = img->blobs.v,
	    .blob_count = img->blobs.n,
	    .docker = &img->platforms.v[0],
	};

	if (!oci_check_ref(tag, e) || !check_archive(path, e))
		return false;
	for (size_t i = 0; i < img->platforms.n; i++)
		if (str_eqc(img->platforms.v[i].target.arch, "amd64"))
			x.docker = &img->platforms.v[i];
	return oci_archive_write(a, c, &x, path, e);
}
