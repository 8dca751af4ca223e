/*
 * libarchive's "restricted pax" writer. It translates names that are not ASCII through the
 * process's locale unless told hdrcharset=BINARY, which costs a pax header an entry: so only who
 * has such names asks for it, and nobody else can pass one. Everything that it would otherwise take
 * from a stat or pad by default is set here. A write error sticks in libarchive's handle and is
 * reported by the call that meets it.
 */
#include "format/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>

struct tar {
	struct archive *archive;
	enum tar_names names;
	struct archive_entry *entry; /* one for all, cleared between uses */
};

const char *tar_version(void)
{
	return "libarchive-" ARCHIVE_VERSION_ONLY_STRING;
}

static la_ssize_t write_buf(struct archive *archive, void *ctx, const void *p, size_t n)
{
	(void)archive;
	buf_add(ctx, p, n);
	return (la_ssize_t)n;
}

static struct tar *new_tar(enum tar_names names)
{
	struct tar *t = mem_alloc(sizeof *t);

	t->archive = archive_write_new();
	t->entry = archive_entry_new();
	if (!t->archive || !t->entry)
		abort();
	archive_write_set_format_pax_restricted(t->archive);
	if (names == TAR_NAMES_RAW)
		archive_write_set_options(t->archive, "hdrcharset=BINARY");
	t->names = names;
	archive_write_add_filter_none(t->archive);
	archive_write_set_bytes_in_last_block(t->archive, 1);
	return t;
}

struct tar *tar_open(enum tar_names names, struct buf *out)
{
	struct tar *t = new_tar(names);

	if (archive_write_open(t->archive, out, NULL, write_buf, NULL) != ARCHIVE_OK)
		abort(); /* only memory can be missing */
	return t;
}

static bool failed(const struct tar *t, const char *path, struct err *e)
{
	const char *why = archive_error_string(t->archive);

	errno = archive_errno(t->archive);
	if (errno > 0)
		return err_errno(e, "writing '%s' to an archive", path);
	return err_set(e, ERR_IO, "writing '%s' to an archive: %s", path,
		       why ? why : "no reason given");
}

static unsigned file_type(enum tar_kind kind)
{
	switch (kind) {
	case TAR_FOLDER:
		return AE_IFDIR;
	case TAR_LINK:
		return AE_IFLNK;
	case TAR_FILE:
		break;
	}
	return AE_IFREG;
}

static bool write_header(struct tar *t, const struct tar_entry *entry, uint64_t size_bytes,
			 struct err *e)
{
	struct archive_entry *x = archive_entry_clear(t->entry);

	archive_entry_copy_pathname(x, entry->path);
	archive_entry_set_filetype(x, file_type(entry->kind));
	archive_entry_set_perm(x, entry->mode & 07777);
	archive_entry_set_uid(x, entry->uid);
	archive_entry_set_gid(x, entry->gid);
	archive_entry_set_mtime(x, (time_t)entry->mtime_s, 0);
	archive_entry_set_size(x, (la_int64_t)size_bytes);
	if (entry->kind == TAR_LINK)
		archive_entry_copy_symlink(x, entry->target);
	if (archive_write_header(t->archive, x) != ARCHIVE_OK)
		return failed(t, entry->path, e);
	return true;
}

static bool write_data(struct tar *t, const char *path, const void *p, size_t n, struct err *e)
{
	while (n) {
		la_ssize_t wrote = archive_write_data(t->archive, p, n);

		if (wrote <= 0)
			return failed(t, path, e);
		p = (const char *)p + wrote;
		n -= (size_t)wrote;
	}
	return true;
}

bool tar_is_ascii(const char *name)
{
	while (*name && (unsigned char)*name < 0x80)
		name++;
	return !*name;
}

bool tar_add(struct tar *t, const struct tar_entry *entry, struct str content, struct err *e)
{
	if (t->names == TAR_NAMES_ASCII &&
	    (!tar_is_ascii(entry->path) ||
	     (entry->kind == TAR_LINK && !tar_is_ascii(entry->target))))
		return err_set(e, ERR_INPUT, "the name '%s' is not ASCII", entry->path);
	return write_header(t, entry, entry->kind == TAR_FILE ? content.n : 0, e) &&
	       (entry->kind != TAR_FILE || write_data(t, entry->path, content.p, content.n, e));
}

bool tar_close(struct tar *t, struct err *e)
{
	bool ok = true;

	if (!t)
		return true;
	if (archive_write_close(t->archive) != ARCHIVE_OK)
		ok = failed(t, "the end", e);
	archive_write_free(t->archive);
	archive_entry_free(t->entry);
	free(t);
	return ok;
}
