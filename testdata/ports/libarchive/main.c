/* libarchive: an archive through each filter. */
#include <stdio.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

static const char text[] = "the quick brown fox jumps over the lazy dog, the quick brown fox";

static int pack(int (*filter)(struct archive *), char *bytes, size_t size, size_t *used)
{
	struct archive *w = archive_write_new();
	struct archive_entry *e = archive_entry_new();
	int ok;

	archive_entry_set_pathname(e, "dir/a.txt");
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_size(e, sizeof text);
	ok = filter(w) == ARCHIVE_OK && archive_write_set_format_pax_restricted(w) == ARCHIVE_OK &&
	     archive_write_open_memory(w, bytes, size, used) == ARCHIVE_OK &&
	     archive_write_header(w, e) == ARCHIVE_OK &&
	     archive_write_data(w, text, sizeof text) == (la_ssize_t)sizeof text &&
	     archive_write_close(w) == ARCHIVE_OK;
	archive_entry_free(e);
	archive_write_free(w);
	return ok;
}

static int unpack(const char *bytes, size_t used)
{
	struct archive *r = archive_read_new();
	struct archive_entry *e;
	char plain[256];
	int ok = archive_read_support_filter_all(r) == ARCHIVE_OK &&
		 archive_read_support_format_tar(r) == ARCHIVE_OK &&
		 archive_read_open_memory(r, bytes, used) == ARCHIVE_OK &&
		 archive_read_next_header(r, &e) == ARCHIVE_OK &&
		 strcmp(archive_entry_pathname(e), "dir/a.txt") == 0 &&
		 archive_read_data(r, plain, sizeof plain) == (la_ssize_t)sizeof text &&
		 memcmp(plain, text, sizeof text) == 0;

	archive_read_free(r);
	return ok;
}

static int archive_filters(void)
{
	static int (*const filters[])(struct archive *) = {
	    archive_write_add_filter_none, archive_write_add_filter_gzip, archive_write_add_filter_bzip2,
	    archive_write_add_filter_xz,   archive_write_add_filter_zstd, archive_write_add_filter_lz4,
	};
	static char bytes[1 << 16];
	size_t used;

	for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++)
		if (!pack(filters[i], bytes, sizeof bytes, &used) || !unpack(bytes, used)) {
			printf("filter %zu\n", i);
			return 0;
		}
	return 1;
}

int main(void)
{
	return archive_filters() ? 0 : 1;
}
