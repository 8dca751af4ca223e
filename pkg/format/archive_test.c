/*
 * Archives are written by libarchive itself, hostile ones too, and unpacked below the test's
 * folder.
 */
#include "format/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cbuild/test.h"

/* type: f file, x executable, d folder, l symbolic link, h hard link, p fifo. */
struct item {
	char type;
	const char *name;
	const char *text; /* content, or the link's target */
};

static struct archive_entry *make_entry(const struct item *it)
{
	struct archive_entry *ent = archive_entry_new();

	archive_entry_set_pathname(ent, it->name);
	archive_entry_set_perm(ent, it->type == 'x' || it->type == 'd' ? 04755 : 0600);
	archive_entry_set_filetype(ent, it->type == 'd'	  ? AE_IFDIR
					: it->type == 'l' ? AE_IFLNK
					: it->type == 'p' ? AE_IFIFO
							  : AE_IFREG);
	if (it->type == 'l')
		archive_entry_set_symlink(ent, it->text);
	else if (it->type == 'h')
		archive_entry_set_hardlink(ent, it->text);
	else if (it->text)
		archive_entry_set_size(ent, (la_int64_t)strlen(it->text));
	return ent;
}

static void add_items(struct test *t, struct archive *ar, const struct item *items)
{
	for (const struct item *it = items; it->name; it++) {
		struct archive_entry *ent = make_entry(it);

		T_MUST(t, archive_write_header(ar, ent) == ARCHIVE_OK);
		if ((it->type == 'f' || it->type == 'x') && it->text[0])
			T_MUST(t, archive_write_data(ar, it->text, strlen(it->text)) > 0);
		archive_entry_free(ent);
	}
}

static void make_archive(struct test *t, const char *path, int format, int filter,
			 const struct item *items)
{
	struct archive *ar = archive_write_new();

	archive_write_set_format(ar, format);
	archive_write_add_filter(ar, filter);
	T_MUST(t, archive_write_open_filename(ar, path) == ARCHIVE_OK);
	add_items(t, ar, items);
	T_MUST(t, archive_write_close(ar) == ARCHIVE_OK);
	archive_write_free(ar);
}

static const char *in_tmp(struct test *t, const char *name)
{
	static char paths[8][512];
	static unsigned next;
	char *p = paths[next++ % 8];

	snprintf(p, sizeof paths[0], "%s/%s", test_tmpdir(t), name);
	return p;
}

static void read_text(const char *path, char out[128])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, 127);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		snprintf(out, 128, "(absent)");
	else
		out[n] = '\0';
}

static bool is_absent(const char *path)
{
	struct stat st;

	return lstat(path, &st) != 0;
}

static const struct item good[] = {
    {'d', "top/", NULL},
    {'f', "top/a.txt", "alpha"},
    {'x', "./top/bin/run", "#!/bin/sh\n"},
    {'l', "top/bin/link", "../a.txt"},
    {'l', "top/odd", "bin/../a.txt"},
    {'f', "top/empty", ""},
    {0},
};

static void check_good(struct test *t, const char *root)
{
	struct stat st;
	char text[128], path[600];

	snprintf(path, sizeof path, "%s/a.txt", root);
	read_text(path, text);
	T_EQ_STR(t, text, "alpha");
	T_MUST(t, stat(path, &st) == 0);
	T_EQ_INT(t, st.st_mode & 07777, 0644);
	snprintf(path, sizeof path, "%s/bin/run", root);
	T_MUST(t, stat(path, &st) == 0);
	T_EQ_INT(t, st.st_mode & 07777, 0755);
	snprintf(path, sizeof path, "%s/bin/link", root);
	read_text(path, text);
	T_EQ_STR(t, text, "alpha");
	snprintf(path, sizeof path, "%s/odd", root);
	text[readlink(path, text, 127)] = '\0';
	T_EQ_STR(t, text, "a.txt");
}

void TestArchiveFormats(struct test *t)
{
	static const struct {
		int format, filter;
	} kinds[] = {
	    {ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_NONE},
	    {ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE, ARCHIVE_FILTER_GZIP},
	    {ARCHIVE_FORMAT_TAR_GNUTAR, ARCHIVE_FILTER_XZ},
	    {ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_ZSTD},
	    {ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_BZIP2},
	    {ARCHIVE_FORMAT_ZIP, ARCHIVE_FILTER_NONE},
	};
	struct archive_opts o = {.strip = 1};
	struct err e;

	umask(077);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		char name[32];
		const char *file = in_tmp(t, "x.archive"), *out;

		snprintf(name, sizeof name, "deep/out%zu", i);
		out = in_tmp(t, name);
		make_archive(t, file, kinds[i].format, kinds[i].filter, good);
		T_CHECK(t, archive_unpack(file, out, &o, &e), "kind %zu: %s", i, e.msg);
		check_good(t, out);
	}
}

void TestArchiveOnly(struct test *t)
{
	struct archive_opts o = {.only = STR("top/bin")};
	const char *file = in_tmp(t, "x.tar"), *out = in_tmp(t, "out");
	struct err e;

	make_archive(t, file, ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_NONE, good);
	T_CHECK(t, archive_unpack(file, out, &o, &e), "%s", e.msg);
	T_OK(t, !is_absent(in_tmp(t, "out/top/bin/run")));
	T_OK(t, is_absent(in_tmp(t, "out/top/a.txt")));
}

void TestArchiveDeb(struct test *t)
{
	struct archive *ar = archive_write_new();
	const char *data = in_tmp(t, "data.tar.xz"), *deb = in_tmp(t, "x.deb");
	static char bytes[65536];
	FILE *f;
	size_t n;
	struct item members[] = {
	    {'f', "debian-binary", "2.0\n"}, {'f', "control.tar.gz", "not looked at"}, {0}};
	struct archive_entry *ent = archive_entry_new();
	struct archive_opts o = {.strip = 1};
	struct err e;

	make_archive(t, data, ARCHIVE_FORMAT_TAR_GNUTAR, ARCHIVE_FILTER_XZ, good);
	f = fopen(data, "rb");
	T_MUST(t, f != NULL);
	n = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	archive_write_set_format_ar_svr4(ar);
	T_MUST(t, archive_write_open_filename(ar, deb) == ARCHIVE_OK);
	add_items(t, ar, members);
	archive_entry_set_pathname(ent, "data.tar.xz");
	archive_entry_set_filetype(ent, AE_IFREG);
	archive_entry_set_size(ent, (la_int64_t)n);
	T_MUST(t, archive_write_header(ar, ent) == ARCHIVE_OK);
	T_MUST(t, archive_write_data(ar, bytes, n) == (la_ssize_t)n);
	archive_entry_free(ent);
	T_MUST(t, archive_write_close(ar) == ARCHIVE_OK);
	archive_write_free(ar);
	T_CHECK(t, archive_unpack(deb, in_tmp(t, "out"), &o, &e), "%s", e.msg);
	check_good(t, in_tmp(t, "out"));
}

struct hostile {
	const char *says; /* part of the message; NULL: accepted */
	struct item items[4];
	struct archive_opts o;
};

static const struct hostile hostile_cases[] = {
    {"leaves the folder", {{'f', "/abs", "x"}}, {0}},
    {"leaves the folder", {{'f', "../up", "x"}}, {0}},
    {"leaves the folder", {{'f', "a/../../up", "x"}}, {0}},
    {"leaves the folder", {{'f', "a\\b", "x"}}, {0}},
    {"leaves the folder", {{'f', "a\nb", "x"}}, {0}},
    {"symbolic link that leaves", {{'l', "l", "/etc"}}, {0}},
    {"symbolic link that leaves", {{'l', "l", ".."}}, {0}},
    {"symbolic link that leaves", {{'l', "a/l", "../../x"}}, {0}},
    {"symbolic link that leaves", {{'l', "a/l", "x/../../../y"}}, {0}},
    {"below what an earlier entry", {{'l', "l", "a"}, {'f', "l/x", "x"}}, {0}},
    {"below what an earlier entry", {{'f', "l", "a"}, {'f', "l/x", "x"}}, {0}},
    {"is there twice", {{'f', "a", "1"}, {'f', "a", "2"}}, {0}},
    {"is there twice", {{'l', "a", "b"}, {'f', "a", "2"}}, {0}},
    {"is there twice", {{'f', "a/b", "1"}, {'f', "./a//b", "2"}}, {0}},
    {"only in upper and lower case", {{'f', "Makefile", "1"}, {'f', "makefile", "2"}}, {0}},
    {NULL, {{'f', "Makefile", "1"}, {'f', "makefile", "2"}}, {.allow_case_collisions = true}},
    {"a device, a pipe", {{'p', "pipe", NULL}}, {0}},
    {NULL, {{'p', "pipe", NULL}}, {.skip_special = true}},
    {"hard link to what is no earlier", {{'h', "h", "etc/passwd"}}, {0}},
    {"hard link to a place outside", {{'h', "h", "../etc/passwd"}}, {0}},
    {"hard link to what is no earlier", {{'l', "l", "x"}, {'h', "h", "l"}}, {0}},
    {NULL, {{'f', "a/f", "x"}, {'h', "b/h", "a/f"}}, {0}},
    {NULL, {{'l', "usr/l", "/lib/x"}}, {.allow_absolute_links = true}},
    {"symbolic link that leaves", {{'l', "usr/l", "../../x"}}, {.allow_absolute_links = true}},
    {"more than 4 bytes", {{'f', "a", "12"}, {'f', "b", "345"}}, {.max_bytes = 4}},
    {"more than 1 entries", {{'f', "a", "12"}, {'f', "b", "345"}}, {.max_entries = 1}},
};

void TestArchiveHostile(struct test *t)
{
	for (size_t i = 0; i < sizeof hostile_cases / sizeof hostile_cases[0]; i++) {
		const struct hostile *h = &hostile_cases[i];
		const char *file = in_tmp(t, "h.tar"), *out;
		char name[32];
		struct err e = {0};
		bool ok;

		snprintf(name, sizeof name, "in/out%zu", i);
		out = in_tmp(t, name);
		make_archive(t, file, ARCHIVE_FORMAT_TAR_PAX_RESTRICTED, ARCHIVE_FILTER_NONE,
			     h->items);
		ok = archive_unpack(file, out, &h->o, &e);
		T_CHECK(t, ok == (h->says == NULL), "case %zu: %s", i, e.msg);
		T_CHECK(t, ok || strstr(e.msg, h->says), "case %zu: got '%s', want '%s'", i, e.msg,
			h->says);
		T_CHECK(t, ok || (e.code == ERR_INPUT && e.fix[0]), "case %zu: code %d", i,
			(int)e.code);
	}
	T_OK(t, is_absent(in_tmp(t, "up")));
	T_OK(t, is_absent(in_tmp(t, "in/up")));
}

void TestArchiveAbsoluteLinkIsRelative(struct test *t)
{
	static const struct item items[] = {{'l', "usr/lib/l", "/lib/../lib/libc.so"}, {0}};
	struct archive_opts o = {.allow_absolute_links = true};
	const char *file = in_tmp(t, "x.tar");
	char text[128];
	struct err e;

	make_archive(t, file, ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_NONE, items);
	T_CHECK(t, archive_unpack(file, in_tmp(t, "out"), &o, &e), "%s", e.msg);
	text[readlink(in_tmp(t, "out/usr/lib/l"), text, 127)] = '\0';
	T_EQ_STR(t, text, "../../lib/libc.so");
}

void TestArchiveRawLinks(struct test *t)
{
	static const struct item items[] = {{'l', "a/l", "x/../../y"}, {'l', "z", "./a"}, {0}};
	struct archive_opts o = {.raw_links = true};
	const char *file = in_tmp(t, "x.tar");
	char text[128];
	struct err e;

	make_archive(t, file, ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_NONE, items);
	T_CHECK(t, archive_unpack(file, in_tmp(t, "out"), &o, &e), "%s", e.msg);
	text[readlink(in_tmp(t, "out/a/l"), text, 127)] = '\0';
	T_EQ_STR(t, text, "x/../../y");
	text[readlink(in_tmp(t, "out/z"), text, 127)] = '\0';
	T_EQ_STR(t, text, "./a");
}

static void put_bytes(struct test *t, const char *path, const char *bytes, size_t n)
{
	FILE *f = fopen(path, "wb");

	T_MUST(t, f && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
}

static size_t get_bytes(struct test *t, const char *path, char *bytes, size_t room)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	T_MUST(t, f != NULL);
	n = fread(bytes, 1, room, f);
	fclose(f);
	return n;
}

static bool unpack_bytes(struct test *t, const char *bytes, size_t n, const char *dir)
{
	const char *bad = in_tmp(t, "bad");
	struct err e = {0};

	put_bytes(t, bad, bytes, n);
	if (archive_unpack(bad, in_tmp(t, dir), NULL, &e))
		return true;
	T_CHECK(t, e.code == ERR_INPUT && e.msg[0], "%s of %zu bytes: %s", dir, n, e.msg);
	return false;
}

/* No cut of a good archive unpacks; a flipped byte never leaves the folder. */
static void cut_and_flip(struct test *t, int format, int filter)
{
	const char *file = in_tmp(t, "x.archive");
	static char bytes[8192];
	char name[32];
	size_t n;

	make_archive(t, file, format, filter, good);
	n = get_bytes(t, file, bytes, sizeof bytes);
	for (size_t i = 0; i < n; i += 3) {
		snprintf(name, sizeof name, "cut%x%zu", (unsigned)format, i);
		T_CHECK(t, !unpack_bytes(t, bytes, i, name), "cut at %zu of %zu was accepted", i,
			n);
		bytes[i] ^= 0x21;
		snprintf(name, sizeof name, "flip%x%zu", (unsigned)format, i);
		(void)unpack_bytes(t, bytes, n, name);
		bytes[i] ^= 0x21;
	}
}

void TestArchiveCutAndFlipped(struct test *t)
{
	cut_and_flip(t, ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_GZIP);
	cut_and_flip(t, ARCHIVE_FORMAT_ZIP, ARCHIVE_FILTER_NONE);
}

void TestArchiveAbsentFile(struct test *t)
{
	struct err e;

	T_OK(t, !archive_unpack(in_tmp(t, "none.tar"), in_tmp(t, "out"), NULL, &e));
	T_EQ_INT(t, e.code, ERR_IO);
}
