/*
 * One libarchive writer and one entry that is used again. libarchive stamps entries without a time with
 * the first moment that a zip can say, so no clock and no time zone gets in.
 */
#include "format/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct zip {
	struct archive *out;
	struct archive_entry *entry;
	char *path;
};

static bool failed(struct zip *z, struct err *e)
{
	return err_at(e, ERR_IO, z->path, 0, 0, "writing the archive: %s",
		      archive_error_string(z->out) ? archive_error_string(z->out)
						   : "out of memory");
}

bool zip_open(const char *path, struct zip **out, struct err *e)
{
	struct zip *z = mem_alloc(sizeof *z);
	size_t n = strlen(path) + 1;

	z->path = memcpy(mem_alloc(n), path, n);
	z->out = archive_write_new();
	z->entry = archive_entry_new();
	if (z->out && z->entry && archive_write_set_format_zip(z->out) == ARCHIVE_OK &&
	    archive_write_open_filename(z->out, path) == ARCHIVE_OK) {
		*out = z;
		return true;
	}
	failed(z, e);
	(void)!zip_close(z, &(struct err){0});
	*out = NULL;
	return false;
}

bool zip_add(struct zip *z, const struct zip_entry *entry, struct str content, struct err *e)
{
	struct archive_entry *ent = archive_entry_clear(z->entry);

	archive_entry_set_pathname(ent, entry->path);
	archive_entry_set_filetype(ent, entry->link ? AE_IFLNK : AE_IFREG);
	archive_entry_set_perm(ent, entry->mode);
	if (entry->link)
		archive_entry_set_symlink(ent, content.p);
	else
		archive_entry_set_size(ent, (la_int64_t)content.n);
	if (archive_write_header(z->out, ent) < ARCHIVE_WARN)
		return failed(z, e);
	while (!entry->link && content.n) {
		la_ssize_t n = archive_write_data(z->out, content.p, content.n);

		if (n <= 0)
			return failed(z, e);
		content = str_skip(content, (size_t)n);
	}
	return archive_write_finish_entry(z->out) >= ARCHIVE_WARN || failed(z, e);
}

bool zip_close(struct zip *z, struct err *e)
{
	bool ok;

	if (!z)
		return true;
	ok = archive_write_close(z->out) == ARCHIVE_OK || failed(z, e);
	archive_entry_free(z->entry);
	archive_write_free(z->out);
	free(z->path);
	free(z);
	return ok;
}
