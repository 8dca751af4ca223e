/*
 * A prepared sysroot is a folder with a file link.list that says what a link takes, in order:
 *
 *     pre rcrt1.o
 *     post libc.a
 *
 * Paths are relative to the folder. It is written last, so a folder without it is unfinished.
 * Beside it lie empty archives for the -lX that POSIX knows and whose functions musl keeps in
 * libc.a.
 */
#include "toolchain/toolchain_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "format/elf.h"
#include "sys/file.h"

static const char LIST[] = "link.list";
enum { AR_MAGIC = 8, AR_HEADER = 60, LIST_LIMIT = 64 << 10 };

struct str tc_sysroot_folder(struct arena *a, const struct tc_found *f, const struct target *t)
{
	struct str folder = target_folder(a, t);

	return str_fmt(a, "%.*s/%.*s/%.*s", STR_ARG(f->root), STR_ARG(f->sysroots),
		       STR_ARG(folder));
}

bool tc_sysroot_ready(struct arena *a, const struct tc_found *f, const struct target *t)
{
	struct str list = path_join(a, tc_sysroot_folder(a, f, t), str_of(LIST));

	return file_kind(str_c(a, list)) == FILE_REGULAR;
}

bool tc_sysroot_read(struct arena *a, const struct tc_found *f, const struct target *t,
		     struct str base, struct str_vec *pre, struct str_vec *post, struct err *e)
{
	const char *path = str_c(a, path_join(a, tc_sysroot_folder(a, f, t), str_of(LIST)));
	struct str rest, line;

	if (!file_read(a, path, LIST_LIMIT, &rest, e))
		return false;
	while (str_line(&rest, &line)) {
		struct str kind = str_cut(&line, ' ');

		if (!path_is_local(line) || (!str_eqc(kind, "pre") && !str_eqc(kind, "post"))) {
			err_at(e, ERR_INPUT, path, 0, 0, "damaged list of what to link");
			return err_fix(e, "remove that folder; it is made again");
		}
		*vec_push(a, str_eqc(kind, "pre") ? pre : post) = path_join(a, base, line);
	}
	return true;
}

static bool write_empty_archives(struct arena *a, const struct tc_desc *d, struct str folder,
				 struct err *e)
{
	for (size_t i = 0; i < d->default_libs.n; i++) {
		struct str name = str_fmt(a, "lib%.*s.a", STR_ARG(d->default_libs.v[i]));
		const char *path = str_c(a, path_join(a, folder, name));

		if (file_kind(path) == FILE_ABSENT &&
		    !file_write_fast(path, STR("!<arch>\n"), 0644, e))
			return false;
	}
	return true;
}

bool tc_sysroot_write(struct arena *a, const struct tc_desc *d, struct str folder,
		      const struct str_vec *pre, const struct str_vec *post, struct err *e)
{
	struct buf b = {0};

	if (!write_empty_archives(a, d, folder, e))
		return false;
	for (size_t i = 0; i < pre->n; i++)
		buf_printf(&b, "pre %.*s\n", STR_ARG(pre->v[i]));
	for (size_t i = 0; i < post->n; i++)
		buf_printf(&b, "post %.*s\n", STR_ARG(post->v[i]));
	bool ok =
	    file_write_fast(str_c(a, path_join(a, folder, str_of(LIST))), buf_str(&b), 0644, e);

	buf_fini(&b);
	return ok;
}

/* A number of an ar header: decimal, padded with spaces. */
static bool header_number(const char *p, size_t n, uint64_t *out)
{
	return str_u64(str_trim(str_from(p, n)), out);
}

static void put_field(char *p, size_t n, const char *text)
{
	size_t len = strlen(text);

	memset(p, ' ', n);
	memcpy(p, text, len < n ? len : n);
}

/* Header fields in System V's order: name 16, date 12, uid 6, gid 6, mode 8, size 10, magic 2. */
static void normalise_header(char *h, uint64_t index)
{
	char name[16 + 1];

	if (h[0] != '/' || (h[1] >= '0' && h[1] <= '9')) {
		(void)snprintf(name, sizeof name, "m%u.o/", (unsigned)index);
		put_field(h, 16, name);
	}
	put_field(h + 16, 12, "0");
	put_field(h + 28, 6, "0");
	put_field(h + 34, 6, "0");
	put_field(h + 40, 8, "644");
}

static bool is_bitcode(const char *p, uint64_t n)
{
	return n >= 4 && (memcmp(p, "BC\xc0\xde", 4) == 0 || memcmp(p, "\xde\xc0\x17\x0b", 4) == 0);
}

typedef bool (*member_fn)(char *header, uint64_t size, uint64_t index, const char *path,
			  struct err *e);

static bool normalise_member(char *h, uint64_t size, uint64_t index, const char *path,
			     struct err *e)
{
	if (is_bitcode(h + AR_HEADER, size)) {
		err_at(e, ERR_VERIFY, path, 0, 0, "the C library came out as LLVM bitcode");
		return err_fix(e, "use another zig release (cbuild toolchain install zig)");
	}
	if (h[0] == '/' && h[1] == '/')
		memset(h + AR_HEADER, '\n', size);
	normalise_header(h, index);
	return true;
}

static bool drop_member_debug(char *h, uint64_t size, uint64_t index, const char *path,
			      struct err *e)
{
	(void)index, (void)path, (void)e;
	elf_drop_debug(h + AR_HEADER, size);
	return true;
}

static bool each_member(char *p, size_t n, member_fn change, const char *path, struct err *e)
{
	size_t at = AR_MAGIC;

	for (uint64_t index = 0; at < n; index++) {
		uint64_t size;
		char *h = p + at;

		if (n - at < AR_HEADER || memcmp(h + 58, "`\n", 2) != 0 ||
		    !header_number(h + 48, 10, &size) || size > n - at - AR_HEADER)
			return err_at(e, ERR_VERIFY, path, 0, 0, "damaged archive at byte %zu", at);
		if (!change(h, size, index, path, e))
			return false;
		at += AR_HEADER + size + (size & 1);
	}
	return true;
}

static bool is_archive(struct str bytes)
{
	return bytes.n >= AR_MAGIC && memcmp(bytes.p, "!<arch>\n", AR_MAGIC) == 0;
}

bool tc_archive_normalise(struct arena *a, const char *path, struct err *e)
{
	struct str bytes;

	if (!file_read(a, path, 0, &bytes, e))
		return false;
	if (!is_archive(bytes))
		return err_at(e, ERR_VERIFY, path, 0, 0, "not an archive");
	char *copy = arena_strdup(a, bytes.p, bytes.n);

	return each_member(copy, bytes.n, normalise_member, path, e) &&
	       file_write_fast(path, str_from(copy, bytes.n), 0644, e);
}

bool tc_drop_debug(struct arena *a, const char *path, struct err *e)
{
	struct str bytes;

	if (!file_read(a, path, 0, &bytes, e))
		return false;
	char *copy = arena_strdup(a, bytes.p, bytes.n);

	if (!is_archive(bytes))
		elf_drop_debug(copy, bytes.n);
	else if (!each_member(copy, bytes.n, drop_member_debug, path, e))
		return false;
	return file_write_fast(path, str_from(copy, bytes.n), 0644, e);
}
