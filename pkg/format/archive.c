/*
 * Unpacking by libarchive's readers and our own writer: libarchive only decodes; every file, folder
 * and link is created here, through openat from the destination's descriptor, one part at a time
 * with O_NOFOLLOW, so no entry can pass through a link that an earlier entry made. The folder of
 * the entry before is kept open, since archives list a folder's files together.
 *
 * Symbolic links are stored cleaned (but for opts.raw_links): leading ".." parts, then names. Parents are real folders, so
 * such a target can neither leave the tree itself nor by way of another link. Filters and formats
 * are named one by one; libarchive's "all" would run helper programs. Zips are read by the directory
 * at their end only: read in order, one that was cut between two entries would pass for whole.
 */
#include "format/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "base/path.h"

enum { CHUNK_BYTES = 64 * 1024, LINK_BYTES_MAX = 4095 };

#define DEFAULT_MAX_BYTES   (UINT64_C(2) << 30)
#define DEFAULT_MAX_ENTRIES UINT64_C(200000)
/* So much may come out of however little. */
#define RATIO_FREE_BYTES (UINT64_C(16) << 20)

enum seen_kind { SEEN_FILE, SEEN_FOLDER, SEEN_LINK };

struct seen {
	struct str path;
	enum seen_kind kind;
};

struct unpack {
	struct arena arena;
	const char *file; /* the archive, for messages */
	const struct archive_opts *o;
	uint64_t max_bytes; /* opts.max_bytes, or less for a small archive */
	uint64_t bytes_left, entries_left;
	int root_fd;
	int parent_fd; /* open folder of parent, or -1 */
	struct str parent;
	struct map seen; /* path, or its lower-case form, -> struct seen */
	char *chunk;
};

/* Hostile names in a terminal: control and non-ASCII bytes become '?'. */
static const char *shown(struct unpack *u, struct str name)
{
	size_t n = name.n < 200 ? name.n : 200;
	char *out = arena_strdup(&u->arena, name.p, n);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)out[i] < 0x20 || (unsigned char)out[i] >= 0x7f)
			out[i] = '?';
	return out;
}

static bool refuse(struct unpack *u, struct str name, const char *why, struct err *e)
{
	err_at(e, ERR_INPUT, u->file, 0, 0, "entry '%s' %s", shown(u, name), why);
	return err_fix(
	    e, "do not trust this archive: get it again from its origin and compare its digest");
}

static bool refuse_damaged(struct unpack *u, struct archive *ar, struct err *e)
{
	const char *why = archive_error_string(ar);

	err_at(e, ERR_INPUT, u->file, 0, 0, "damaged or unknown archive: %s",
	       why ? shown(u, str_of(why)) : "no reason given");
	return err_fix(e, "download it again");
}

/* Parts joined without "." and empty ones; false when absolute, escaping or with odd bytes. */
static bool clean_name(struct arena *a, struct str raw, struct str *out)
{
	while (str_startsc(raw, "./"))
		raw = str_skip(raw, 2);
	while (raw.n && raw.p[raw.n - 1] == '/')
		raw.n--;
	if (raw.n == 0 || str_eqc(raw, ".")) {
		*out = STR("");
		return true;
	}
	if (path_is_abs(raw) || memchr(raw.p, '\0', raw.n))
		return false;
	for (struct str rest = raw; rest.p;)
		if (str_eqc(str_cut(&rest, '/'), ".."))
			return false;
	*out = path_clean(a, raw);
	return path_is_local(*out);
}

static struct str strip_parts(struct str path, unsigned strip)
{
	for (; strip && path.n; strip--)
		path = str_skip(path, str_find(path, '/') + 1);
	return path;
}

/*
 * The entry's place below the destination, empty when the entry is left out (stripped away, or not
 * below opts.only).
 */
static bool entry_place(struct unpack *u, const char *raw, struct str *out, struct err *e)
{
	struct str path;

	if (!clean_name(&u->arena, str_of(raw), &path))
		return refuse(u, str_of(raw),
			      "leaves the folder it is unpacked to, or has an odd name", e);
	path = strip_parts(path, u->o->strip);
	if (u->o->only.n && !path_within(u->o->only, path))
		path = STR("");
	*out = path;
	return true;
}

/* Opens folder name below fd, making it when absent; never through a link. -1 with errno. */
static int open_part(int fd, const char *name)
{
	if (mkdirat(fd, name, 0755) == 0) {
		int made = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (made >= 0)
			(void)fchmod(made, 0755);
		return made;
	}
	if (errno != EEXIST)
		return -1;
	return openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void close_parent(struct unpack *u)
{
	if (u->parent_fd >= 0 && u->parent_fd != u->root_fd)
		close(u->parent_fd);
	u->parent_fd = -1;
}

static bool parent_failed(struct unpack *u, struct str path, struct err *e)
{
	if (errno == ELOOP || errno == ENOTDIR)
		return refuse(u, path, "lies below what an earlier entry made a file or a link", e);
	return err_errno(e, "making the folder of '%s'", shown(u, path));
}

/* Makes u->parent_fd the open folder at path ("" or ".": the root), with all folders above. */
static bool enter_folder(struct unpack *u, struct str path, struct err *e)
{
	struct str rest = path;

	if (str_eqc(path, "."))
		rest = path = STR("");
	if (u->parent_fd >= 0 && str_eq(u->parent, path))
		return true;
	close_parent(u);
	u->parent = path;
	u->parent_fd = u->root_fd;
	while (path.n && rest.p) {
		const char *part = str_c(&u->arena, str_cut(&rest, '/'));
		int fd = open_part(u->parent_fd, part);
		int saved = errno;

		close_parent(u);
		errno = saved;
		if (fd < 0)
			return parent_failed(u, path, e);
		u->parent_fd = fd;
	}
	return true;
}

static struct str fold_case(struct arena *a, struct str s)
{
	char *out = arena_strdup(a, s.p, s.n);

	for (size_t i = 0; i < s.n; i++)
		if (out[i] >= 'A' && out[i] <= 'Z')
			out[i] = (char)(out[i] - 'A' + 'a');
	return (struct str){out, s.n};
}

static struct str seen_key(struct unpack *u, struct str path)
{
	return u->o->allow_case_collisions ? path : fold_case(&u->arena, path);
}

/* Remembers path; refuses a second entry there, but a folder may be named again. */
static bool remember(struct unpack *u, struct str path, enum seen_kind kind, struct err *e)
{
	bool added;
	struct map_item *it = map_put(&u->arena, &u->seen, seen_key(u, path), &added);
	struct seen *s = it->ptr;

	if (!added && s->kind == SEEN_FOLDER && kind == SEEN_FOLDER)
		return true;
	if (!added && str_eq(s->path, path))
		return refuse(u, path, "is there twice", e);
	if (!added)
		return refuse(u, path, "differs from another entry only in upper and lower case",
			      e);
	s = arena_new(&u->arena, struct seen);
	*s = (struct seen){path, kind};
	it->ptr = s;
	return true;
}

static bool exists_failed(struct unpack *u, struct str path, struct err *e)
{
	if (errno == EEXIST)
		return refuse(u, path, "is there twice, or lies where another entry needs a folder",
			      e);
	return err_errno(e, "unpacking '%s'", shown(u, path));
}

static bool write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return false;
		p += w;
		n -= (size_t)w;
	}
	return true;
}

static bool too_much(struct unpack *u, const char *what, uint64_t limit, struct err *e)
{
	err_at(e, ERR_INPUT, u->file, 0, 0, "more than %llu %s when unpacked",
	       (unsigned long long)limit, what);
	return err_fix(e, "an honest archive of this kind is smaller: check where it came from");
}

static bool copy_content(struct unpack *u, struct archive *ar, int fd, struct str path,
			 struct err *e)
{
	for (;;) {
		la_ssize_t n = archive_read_data(ar, u->chunk, CHUNK_BYTES);

		if (n < 0)
			return refuse_damaged(u, ar, e);
		if (n == 0)
			return true;
		if ((uint64_t)n > u->bytes_left)
			return too_much(u, "bytes", u->max_bytes, e);
		u->bytes_left -= (uint64_t)n;
		if (!write_all(fd, u->chunk, (size_t)n))
			return err_errno(e, "writing '%s'", shown(u, path));
	}
}

static bool put_file(struct unpack *u, struct archive *ar, struct archive_entry *ent,
		     struct str path, struct err *e)
{
	const char *base = str_c(&u->arena, path_base(path));
	mode_t mode = archive_entry_perm(ent) & 0111 ? 0755 : 0644;
	int fd;
	bool ok;

	if (!remember(u, path, SEEN_FILE, e) || !enter_folder(u, path_dir(path), e))
		return false;
	fd = openat(u->parent_fd, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return exists_failed(u, path, e);
	ok = copy_content(u, ar, fd, path, e);
	if (ok && fchmod(fd, mode) != 0)
		ok = err_errno(e, "setting the mode of '%s'", shown(u, path));
	if (close(fd) != 0 && ok)
		ok = err_errno(e, "writing '%s'", shown(u, path));
	return ok;
}

/* The cleaned form of a link's target seen from folder depth parts below the root; false: it
 * escapes. */
static bool clean_target(struct unpack *u, struct str target, size_t depth, struct str *out)
{
	struct str rest, cleaned;
	size_t up = 0;
	bool absolute = path_is_abs(target);

	if (target.n == 0 || target.n > LINK_BYTES_MAX || (absolute && !u->o->allow_absolute_links))
		return false;
	cleaned = path_clean(&u->arena, target);
	if (absolute) {
		struct buf b = {0};

		for (size_t i = 0; i < depth; i++)
			buf_addc(&b, "../");
		buf_adds(&b, str_skip(cleaned, 1));
		cleaned = path_clean(&u->arena, buf_str(&b));
		buf_fini(&b);
	}
	*out = cleaned;
	for (rest = cleaned; str_startsc(rest, "../") || str_eqc(rest, ".."); up++)
		rest = str_skip(rest, 3);
	return up <= depth && (rest.n == 0 || str_eqc(rest, ".") || path_is_local(rest));
}

static size_t count_parts(struct str path)
{
	size_t n = 0;

	for (size_t i = 0; i < path.n; i++)
		n += path.p[i] == '/';
	return n;
}

static bool put_symlink(struct unpack *u, const char *raw_target, struct str path, struct err *e)
{
	struct str target;

	if (!clean_target(u, str_of(raw_target), count_parts(path), &target))
		return refuse(u, path,
			      "is a symbolic link that leaves the folder it is unpacked to", e);
	if (u->o->raw_links)
		target = str_of(raw_target);
	if (!remember(u, path, SEEN_LINK, e) || !enter_folder(u, path_dir(path), e))
		return false;
	if (symlinkat(target.p, u->parent_fd, str_c(&u->arena, path_base(path))) != 0)
		return exists_failed(u, path, e);
	return true;
}

static bool link_failed(struct unpack *u, struct str path, int from_fd, struct err *e)
{
	int saved = errno;

	close(from_fd);
	errno = saved;
	return exists_failed(u, path, e);
}

static bool put_hardlink(struct unpack *u, const char *raw_target, struct str path, struct err *e)
{
	struct str target;
	const struct seen *s;
	int from_fd;

	if (!clean_name(&u->arena, str_of(raw_target), &target))
		return refuse(u, path, "is a hard link to a place outside", e);
	target = strip_parts(target, u->o->strip);
	s = target.n ? map_ptr(&u->seen, seen_key(u, target)) : NULL;
	if (!s || s->kind != SEEN_FILE || !str_eq(s->path, target))
		return refuse(u, path, "is a hard link to what is no earlier file of the archive",
			      e);
	if (!remember(u, path, SEEN_FILE, e) || !enter_folder(u, path_dir(target), e))
		return false;
	from_fd = dup(u->parent_fd);
	if (from_fd < 0)
		return err_errno(e, "unpacking '%s'", shown(u, path));
	if (!enter_folder(u, path_dir(path), e)) {
		close(from_fd);
		return false;
	}
	if (linkat(from_fd, str_c(&u->arena, path_base(target)), u->parent_fd,
		   str_c(&u->arena, path_base(path)), 0) != 0)
		return link_failed(u, path, from_fd, e);
	close(from_fd);
	return true;
}

static const char *either(const char *bytes, const char *utf8)
{
	return bytes ? bytes : utf8;
}

static bool put_entry(struct unpack *u, struct archive *ar, struct archive_entry *ent,
		      struct str path, struct err *e)
{
	const char *hard = either(archive_entry_hardlink(ent), archive_entry_hardlink_utf8(ent));

	if (archive_entry_is_encrypted(ent))
		return refuse(u, path, "is encrypted", e);
	if (hard)
		return put_hardlink(u, hard, path, e);
	switch (archive_entry_filetype(ent)) {
	case AE_IFREG:
		return put_file(u, ar, ent, path, e);
	case AE_IFDIR:
		return remember(u, path, SEEN_FOLDER, e) && enter_folder(u, path, e);
	case AE_IFLNK:
		return put_symlink(
		    u, either(archive_entry_symlink(ent), archive_entry_symlink_utf8(ent)), path,
		    e);
	default:
		return u->o->skip_special || refuse(u, path, "is a device, a pipe or a socket", e);
	}
}

/* Unpacks all that ar yields. */
static bool put_all(struct unpack *u, struct archive *ar, struct err *e)
{
	for (;;) {
		struct archive_entry *ent;
		struct str path = {0};
		const char *raw;
		int rc = archive_read_next_header(ar, &ent);

		if (rc == ARCHIVE_EOF)
			return true;
		if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
			return refuse_damaged(u, ar, e);
		if (u->entries_left-- == 0)
			return too_much(u, "entries",
					u->o->max_entries ? u->o->max_entries : DEFAULT_MAX_ENTRIES,
					e);
		raw = either(archive_entry_pathname(ent), archive_entry_pathname_utf8(ent));
		if (!raw)
			return refuse(u, STR(""), "has no readable name", e);
		if (!entry_place(u, raw, &path, e))
			return false;
		if (path.n && !put_entry(u, ar, ent, path, e))
			return false;
	}
}

static struct archive *new_reader(bool with_ar)
{
	struct archive *ar = archive_read_new();

	if (!ar)
		return NULL;
	archive_read_support_filter_gzip(ar);
	archive_read_support_filter_bzip2(ar);
	archive_read_support_filter_xz(ar);
	archive_read_support_filter_lzma(ar);
	archive_read_support_filter_zstd(ar);
	archive_read_support_filter_compress(ar);
	archive_read_support_format_tar(ar);
	if (with_ar) {
		archive_read_support_format_zip_seekable(ar);
		archive_read_support_format_ar(ar);
	}
	return ar;
}

/* Feeds the reader of a .deb's inner archive with the outer one's current member. */
struct member_source {
	struct archive *outer;
	char chunk[CHUNK_BYTES];
};

static la_ssize_t read_member(struct archive *inner, void *ctx, const void **out)
{
	struct member_source *s = ctx;
	la_ssize_t n = archive_read_data(s->outer, s->chunk, sizeof s->chunk);

	if (n < 0)
		archive_set_error(inner, EINVAL, "member: %s", archive_error_string(s->outer));
	*out = s->chunk;
	return n < 0 ? -1 : n;
}

static bool put_member(struct unpack *u, struct archive *outer, struct err *e)
{
	struct member_source *s = arena_new(&u->arena, struct member_source);
	struct archive *inner = new_reader(false);
	bool ok;

	s->outer = outer;
	if (!inner || archive_read_open(inner, s, NULL, read_member, NULL) != ARCHIVE_OK)
		ok = refuse_damaged(u, inner ? inner : outer, e);
	else
		ok = put_all(u, inner, e);
	archive_read_free(inner);
	return ok;
}

/* A Debian package (deb(5)): the files are those of its member data.tar. */
static bool put_deb(struct unpack *u, struct archive *outer, struct err *e)
{
	struct archive_entry *ent;
	int rc;

	while ((rc = archive_read_next_header(outer, &ent)) == ARCHIVE_OK) {
		const char *name = archive_entry_pathname(ent);

		if (name && str_startsc(str_of(name), "data.tar"))
			return put_member(u, outer, e);
	}
	if (rc != ARCHIVE_EOF)
		return refuse_damaged(u, outer, e);
	return err_at(e, ERR_INPUT, u->file, 0, 0, "a Debian package without data.tar");
}

static bool is_deb(const char *file)
{
	char head[24];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof head);

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)sizeof head && memcmp(head, "!<arch>\ndebian-binary", 21) == 0;
}

static bool unpack_opened(struct unpack *u, struct err *e)
{
	struct archive *ar = new_reader(true);
	bool ok;

	if (!ar || archive_read_open_filename(ar, u->file, CHUNK_BYTES) != ARCHIVE_OK)
		ok =
		    ar ? refuse_damaged(u, ar, e) : err_set(e, ERR_IO, "libarchive: out of memory");
	else
		ok = is_deb(u->file) ? put_deb(u, ar, e) : put_all(u, ar, e);
	archive_read_free(ar);
	return ok;
}

/* Makes dir and the folders above it; EEXIST of a folder is fine. */
static bool make_folders(struct unpack *u, const char *dir, struct err *e)
{
	char *path = arena_strdup(&u->arena, dir, strlen(dir));

	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0777) != 0 && errno != EEXIST)
			return err_errno(e, "making the folder %s", path);
		*p = '/';
	}
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		return err_errno(e, "making the folder %s", path);
	return true;
}

static uint64_t limit_bytes(const char *file, const struct archive_opts *o)
{
	uint64_t most = o->max_bytes ? o->max_bytes : DEFAULT_MAX_BYTES, by_ratio;
	struct stat st;

	if (!o->max_ratio || stat(file, &st) != 0)
		return most;
	by_ratio = (uint64_t)st.st_size >= most / o->max_ratio
		       ? most
		       : (uint64_t)st.st_size * o->max_ratio + RATIO_FREE_BYTES;
	return by_ratio < most ? by_ratio : most;
}

bool archive_unpack(const char *file, const char *dir, const struct archive_opts *o, struct err *e)
{
	static const struct archive_opts none;
	struct unpack u = {.file = file, .o = o ? o : &none, .parent_fd = -1};
	bool ok;

	u.bytes_left = u.max_bytes = limit_bytes(file, u.o);
	u.entries_left = u.o->max_entries ? u.o->max_entries : DEFAULT_MAX_ENTRIES;
	if (access(file, R_OK) != 0)
		return err_errno(e, "opening %s", file);
	if (!make_folders(&u, dir, e)) {
		arena_fini(&u.arena);
		return false;
	}
	u.root_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	u.chunk = arena_alloc(&u.arena, CHUNK_BYTES, 1);
	ok = u.root_fd >= 0 ? unpack_opened(&u, e) : err_errno(e, "opening the folder %s", dir);
	close_parent(&u);
	if (u.root_fd >= 0)
		close(u.root_fd);
	arena_fini(&u.arena);
	return ok;
}
