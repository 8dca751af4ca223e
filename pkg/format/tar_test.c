/*
 * A golden digest holds the writer's bytes still; a reader written here from the format's
 * description checks headers without libarchive.
 */
#include "format/tar.h"

#include <locale.h>
#include <string.h>

#include "base/digest.h"
#include "cbuild/test.h"

static const size_t BLOCK = 512;

static void must_add(struct test *t, struct tar *tar, const struct tar_entry *entry,
		     struct str content)
{
	struct err e;

	if (!tar_add(tar, entry, content, &e))
		test_fatal(t, __FILE__, __LINE__, "%s: %s", entry->path, e.msg);
}

static void write_sample(struct test *t, struct buf *out)
{
	struct tar *tar = tar_open(TAR_NAMES_ASCII, out);
	struct err e = {0};

	must_add(t, tar,
		 &(struct tar_entry){
		     .path = "etc", .kind = TAR_FOLDER, .mode = 0755, .mtime_s = 1700000000},
		 STR(""));
	must_add(t, tar,
		 &(struct tar_entry){.path = "etc/motd", .mode = 0644, .mtime_s = 1700000000},
		 STR("hi\n"));
	must_add(t, tar,
		 &(struct tar_entry){
		     .path = "kv", .mode = 0755, .uid = 65532, .gid = 65532, .mtime_s = 1700000000},
		 STR(""));
	must_add(t, tar,
		 &(struct tar_entry){.path = "ln",
				     .kind = TAR_LINK,
				     .mode = 0777,
				     .mtime_s = 1700000000,
				     .target = "kv"},
		 STR(""));
	T_CHECK(t, tar_close(tar, &e), "%s", e.msg);
}

static uint64_t octal(const char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		v = v * 8 + (uint64_t)(p[i] - '0');
	return v;
}

void TestTarHeaders(struct test *t)
{
	struct buf b = {0};
	const char *file, *kv, *link;

	write_sample(t, &b);
	T_EQ_INT(t, b.n, BLOCK * (5 + 2));
	T_EQ_STR(t, b.p, "etc/");
	T_EQ_INT(t, b.p[156], '5');
	file = b.p + BLOCK;
	T_EQ_STR(t, file, "etc/motd");
	T_EQ_INT(t, octal(file + 100, 8), 0644);
	T_EQ_INT(t, octal(file + 124, 12), 3);
	T_EQ_INT(t, octal(file + 136, 12), 1700000000);
	T_EQ_INT(t, file[156], '0');
	T_EQ_MEM(t, file + 257, 8, "ustar\00000", 8);
	T_EQ_STR(t, file + 265, "");
	T_EQ_STR(t, file + 297, "");
	T_EQ_STR(t, file + BLOCK, "hi\n");
	kv = file + 2 * BLOCK;
	T_EQ_INT(t, octal(kv + 108, 8), 65532);
	T_EQ_INT(t, octal(kv + 116, 8), 65532);
	link = kv + BLOCK;
	T_EQ_INT(t, link[156], '2');
	T_EQ_STR(t, link + 157, "kv");
	buf_fini(&b);
}

void TestTarGolden(struct test *t)
{
	char hex[DIGEST_HEX + 1];
	struct buf b = {0};
	struct digest d;

	write_sample(t, &b);
	d = digest_str(buf_str(&b));
	digest_hex(&d, hex);
	T_EQ_STR(t, hex, "30d7d689b9e9040be312fcd0af758de2af4673d22cd91e61c657c5615520ed53");
	buf_fini(&b);
}

/* Long, non-ASCII and large-numbered entries need pax records; they must not depend on the locale.
 */
static struct digest odd_digest(struct test *t, struct buf *out)
{
	struct tar *tar = tar_open(TAR_NAMES_RAW, out);
	char longname[301];
	struct err e = {0};

	memset(longname, 'n', 300);
	longname[300] = '\0';
	must_add(t, tar, &(struct tar_entry){.path = longname, .mode = 0644}, STR("x"));
	must_add(t, tar, &(struct tar_entry){.path = "caf\xc3\xa9", .mode = 0644, .mtime_s = 5},
		 STR("y"));
	must_add(
	    t, tar,
	    &(struct tar_entry){.path = "u", .mode = 04755, .uid = 4000000000u, .gid = 3000000},
	    STR("z"));
	T_CHECK(t, tar_close(tar, &e), "%s", e.msg);
	return digest_str(buf_str(out));
}

static bool holds(const struct buf *b, struct str want)
{
	for (size_t i = 0; i + want.n <= b->n; i++)
		if (memcmp(b->p + i, want.p, want.n) == 0)
			return true;
	return false;
}

void TestTarLocale(struct test *t)
{
	static const char *const names[] = {"C", "C.UTF-8", "en_US.ISO-8859-1"};
	struct digest first = {0};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct buf b = {0};
		struct digest d;

		if (!setlocale(LC_ALL, names[i]))
			continue;
		d = odd_digest(t, &b);
		if (digest_is_zero(&first))
			first = d;
		T_CHECK(t, digest_eq(&d, &first), "locale %s", names[i]);
		T_CHECK(t, holds(&b, STR("path=caf\xc3\xa9\n")), "locale %s", names[i]);
		buf_fini(&b);
	}
}

void TestTarNamesAscii(struct test *t)
{
	struct buf b = {0};
	struct tar *tar = tar_open(TAR_NAMES_ASCII, &b);
	struct err e = {0};

	T_OK(t, !tar_add(tar, &(struct tar_entry){.path = "caf\xc3\xa9"}, STR(""), &e));
	T_OK(t, !tar_add(tar, &(struct tar_entry){.path = "x", .kind = TAR_LINK, .target = "\xff"},
			 STR(""), &e));
	T_OK(t, tar_add(tar, &(struct tar_entry){.path = "x"}, STR(""), &e));
	T_OK(t, tar_close(tar, &e) && tar_close(NULL, &e));
	buf_fini(&b);
}
