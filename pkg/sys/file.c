/*
 * Reading, and whole-file writing. A write goes to a temporary beside its target (the same file
 * system, so that rename(2) is atomic), named so that no other process uses it; whatever fails
 * removes it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/fault.h"
#include "sys/sys_impl.h"
#include "sys/watch.h"

/* linux/fs.h's FICLONE; that header is not part of every C library's sysroot. */
#define IOCTL_CLONE _IOW(0x94, 9, int)
/* linux/fs.h's RENAME_EXCHANGE */
enum { EXCHANGE = 2 };

enum { COPY_CHUNK = 32 * 1024, RANGE_CHUNK = 64 * 1024 * 1024, WRITE_CHUNK = 1024 * 1024 };
static const size_t READ_LIMIT_BYTES = (size_t)1 << 30;

struct temp {
	int fd; /* -1: none */
	char path[PATH_MAX];
};

void close_quiet(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
}

static void unlink_quiet(const char *path)
{
	int saved = errno;

	unlink(path);
	errno = saved;
}

enum file_kind file_kind(const char *path)
{
	struct stat st;

	watch_note(str_of(path), WATCH_KIND);
	if (lstat(path, &st) != 0)
		return errno == ENOENT || errno == ENOTDIR ? FILE_ABSENT : FILE_OTHER;
	if (S_ISREG(st.st_mode))
		return FILE_REGULAR;
	if (S_ISDIR(st.st_mode))
		return FILE_FOLDER;
	return S_ISLNK(st.st_mode) ? FILE_LINK : FILE_OTHER;
}

void sig_from_stat(struct file_sig *out, const struct stat *st)
{
	*out = (struct file_sig){
	    .dev = st->st_dev,
	    .ino = st->st_ino,
	    .size_bytes = (uint64_t)st->st_size,
	    .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
	    .ctime_ns = (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec,
	    .mode = st->st_mode,
	};
}

bool file_sig_eq(const struct file_sig *x, const struct file_sig *y)
{
	return x->dev == y->dev && x->ino == y->ino && x->size_bytes == y->size_bytes &&
	       x->mtime_ns == y->mtime_ns && x->ctime_ns == y->ctime_ns && x->mode == y->mode;
}

bool file_stat(const char *path, struct file_sig *out, struct err *e)
{
	struct stat st;

	watch_note(str_of(path), WATCH_FILE);
	if (stat(path, &st) != 0)
		return err_errno(e, "reading %s", path);
	sig_from_stat(out, &st);
	return true;
}

int open_for_read(const char *path, uint64_t *size_bytes, struct err *e)
{
	struct stat st;
	int fd;

	if (fault_hit(FAULT_OPEN) ||
	    (fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) < 0) {
		err_errno(e, "opening %s", path);
		return -1;
	}
	if (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISCHR(st.st_mode))) {
		*size_bytes = (uint64_t)st.st_size;
		return fd;
	}
	close_quiet(fd);
	err_at(e, ERR_IO, path, 0, 0,
	       S_ISDIR(st.st_mode) ? "is a folder, not a file" : "is not a regular file");
	err_fix(e, "a plain file is read there: move away what has its name");
	return -1;
}

static bool too_large(const char *path, size_t max_bytes, struct err *e)
{
	err_at(e, ERR_IO, path, 0, 0, "is larger than %zu bytes", max_bytes);
	return err_fix(e, "no file of this kind is that large: see what it is, or split it");
}

static ssize_t read_some(int fd, void *p, size_t n)
{
	ssize_t got;

	do {
		got = read(fd, p, n);
	} while (got < 0 && errno == EINTR);
	return got;
}

/* The size is only a hint: /proc says 0, and a file may grow while it is read. */
static bool read_open(struct arena *a, int fd, size_t hint, size_t max_bytes, const char *path,
		      struct str *out, struct err *e)
{
	size_t n = 0, cap = hint + 1;
	char *p = arena_alloc(a, cap, 1);
	ssize_t got;

	while ((got = read_some(fd, p + n, cap - n)) > 0) {
		n += (size_t)got;
		if (n > max_bytes)
			return too_large(path, max_bytes, e);
		if (n == cap) {
			p = arena_grow(a, p, cap, cap * 2 + 4096, 1, 1);
			cap = cap * 2 + 4096;
		}
	}
	if (got < 0)
		return err_errno(e, "reading %s", path);
	*out = (struct str){p, n};
	return true;
}

bool file_read(struct arena *a, const char *path, size_t max_bytes, struct str *out, struct err *e)
{
	uint64_t size_bytes = 0;
	int fd = open_for_read(path, &size_bytes, e);
	bool ok;

	watch_note(str_of(path), WATCH_FILE);
	if (fd < 0)
		return false;
	if (!max_bytes)
		max_bytes = READ_LIMIT_BYTES;
	if (size_bytes > max_bytes) {
		close_quiet(fd);
		return too_large(path, max_bytes, e);
	}
	ok = read_open(a, fd, (size_t)size_bytes, max_bytes, path, out, e);
	close_quiet(fd);
	return ok;
}

bool file_digest(const char *path, struct digest *out, struct err *e)
{
	uint64_t size_bytes;
	int fd = open_for_read(path, &size_bytes, e);
	char chunk[COPY_CHUNK];
	struct digest_ctx c;
	ssize_t got;

	watch_note(str_of(path), WATCH_FILE);
	if (fd < 0)
		return false;
	digest_init(&c);
	while ((got = read_some(fd, chunk, sizeof chunk)) > 0)
		digest_update(&c, chunk, (size_t)got);
	if (got < 0)
		err_errno(e, "reading %s", path);
	close_quiet(fd);
	*out = digest_final(&c);
	return got == 0;
}

bool write_all(int fd, const char *path, const void *p, size_t n, struct err *e)
{
	const char *from = p;
	ssize_t put;

	while (n) {
		if (fault_hit(FAULT_WRITE))
			return err_errno(e, "writing %s", path);
		put = write(fd, from, n < WRITE_CHUNK ? n : WRITE_CHUNK);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return err_errno(e, "writing %s", path);
		from += put;
		n -= (size_t)put;
	}
	return true;
}

static int folder_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (int)(slash - path) + 1 : 0;
}

static bool temp_name(char out[PATH_MAX], const char *path, struct err *e)
{
	char unique[SYS_UNIQUE_NAME];

	unique_name(unique);
	if (snprintf(out, PATH_MAX, "%.*s.cbuild-%s", folder_part(path), path, unique) < PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return err_errno(e, "writing %.200s", path);
}

static bool temp_open(struct temp *t, const char *path, struct err *e)
{
	t->fd = -1;
	if (!temp_name(t->path, path, e))
		return false;
	if (fault_hit(FAULT_OPEN))
		return err_errno(e, "writing %s", path);
	t->fd = open(t->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return t->fd >= 0 || err_errno(e, "writing %s", path);
}

static bool temp_drop(struct temp *t)
{
	close_quiet(t->fd);
	if (t->fd >= 0)
		unlink_quiet(t->path);
	t->fd = -1;
	return false;
}

/*
 * rename(2) for what nobody synced: ext4 writes a file to disk before it replaces another by rename
 * (mount option auto_da_alloc), some ms for a large program, and does not when the two change places.
 */
static int rename_unsynced(const char *from, const char *to)
{
	struct stat st;

	if (lstat(to, &st) != 0 || S_ISDIR(st.st_mode) ||
	    syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, EXCHANGE) != 0)
		return rename(from, to);
	unlink_quiet(from);
	return 0;
}

/* Whether to is a device, a pipe or a socket: a rename by root would take /dev/null from everybody. */
static bool is_special(const char *to)
{
	struct stat st;

	return lstat(to, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) &&
	       !S_ISLNK(st.st_mode);
}

static bool rename_to(const char *from, const char *to, bool durable, struct err *e)
{
	if (is_special(to)) {
		err_set(e, ERR_IO, "writing %s: is a device or a pipe, not a file", to);
		return err_fix(e, "name a file");
	}
	if (fault_hit(FAULT_RENAME) ||
	    (durable ? rename(from, to) : rename_unsynced(from, to)) != 0)
		return err_errno(e, "writing %s", to);
	return true;
}

/* close(2) may be the first to report that a network file system ran full. */
static bool temp_commit(struct temp *t, const char *path, uint32_t mode, bool durable,
			struct file_sig *made, struct err *e)
{
	int fd = t->fd;
	struct stat st;

	if (fchmod(fd, mode & 07777) != 0)
		return err_errno(e, "setting the mode of %s", path) || temp_drop(t);
	if (durable && (fault_hit(FAULT_FSYNC) || fsync(fd) != 0))
		return err_errno(e, "writing %s", path) || temp_drop(t);
	if (made && fstat(fd, &st) != 0)
		return err_errno(e, "looking at %s", path) || temp_drop(t);
	if (made)
		sig_from_stat(made, &st);
	t->fd = -1;
	if (close(fd) != 0) {
		err_errno(e, "writing %s", path);
		unlink_quiet(t->path);
		return false;
	}
	if (rename_to(t->path, path, durable, e))
		return true;
	unlink_quiet(t->path);
	return false;
}

static bool sync_folder_of(const char *path, struct err *e)
{
	char dir[PATH_MAX];
	int n = folder_part(path);

	(void)snprintf(dir, sizeof dir, "%.*s", n ? n : 1, n ? path : ".");
	return file_sync(dir, e);
}

static bool write_file(const char *path, struct str bytes, uint32_t mode, bool durable,
		       struct err *e)
{
	struct temp t;

	if (!temp_open(&t, path, e))
		return false;
	if (!write_all(t.fd, path, bytes.p, bytes.n, e))
		return temp_drop(&t);
	if (!temp_commit(&t, path, mode, durable, NULL, e))
		return false;
	return !durable || sync_folder_of(path, e);
}

bool file_write_atomic(const char *path, struct str bytes, uint32_t mode, struct err *e)
{
	return write_file(path, bytes, mode, true, e);
}

bool file_write_fast(const char *path, struct str bytes, uint32_t mode, struct err *e)
{
	return write_file(path, bytes, mode, false, e);
}

bool file_create(const char *path, struct str bytes, uint32_t mode, struct err *e)
{
	int fd =
	    fault_hit(FAULT_OPEN) ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0)
		return err_errno(e, "writing %s", path);
	ok = write_all(fd, path, bytes.p, bytes.n, e);
	if (ok && fchmod(fd, mode & 07777) != 0)
		ok = err_errno(e, "setting the mode of %s", path);
	if (close(fd) != 0 && ok)
		ok = err_errno(e, "writing %s", path);
	if (!ok)
		unlink_quiet(path);
	return ok;
}

bool file_write_to(const char *path, struct str bytes, uint32_t mode, struct err *e)
{
	struct stat st;
	bool ok;
	int fd;

	if (lstat(path, &st) != 0 || S_ISREG(st.st_mode))
		return file_write_fast(path, bytes, mode, e);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0)
		return err_errno(e, "writing %s", path);
	ok = write_all(fd, path, bytes.p, bytes.n, e);
	if (close(fd) != 0 && ok)
		return err_errno(e, "writing %s", path);
	return ok;
}

bool file_append(const char *path, struct str bytes, uint32_t mode, struct err *e)
{
	int fd = fault_hit(FAULT_OPEN)
		     ? -1
		     : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);
	bool ok;

	if (fd < 0)
		return err_errno(e, "writing %s", path);
	ok = write_all(fd, path, bytes.p, bytes.n, e);
	close_quiet(fd);
	return ok;
}

static bool has_content(const char *path, struct str bytes)
{
	struct arena scratch = {0};
	struct str have = {0};
	struct err ignored;
	struct stat st;
	bool same = false;

	watch_pause(); /* what this process makes is no input */
	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == bytes.n)
		same = file_read(&scratch, path, bytes.n, &have, &ignored) && str_eq(have, bytes);
	watch_resume();
	arena_fini(&scratch);
	return same;
}

bool file_write_if_changed(const char *path, struct str bytes, uint32_t mode, struct err *e)
{
	struct stat st;

	if (!has_content(path, bytes))
		return file_write_fast(path, bytes, mode, e);
	if (stat(path, &st) == 0 && (st.st_mode & 07777) == (mode & 07777))
		return true;
	return file_set_mode(path, mode, e);
}

/* 1: all copied in the kernel; 0: it cannot, nothing was written; -1: failed. */
static int copy_in_kernel(int from, int to, uint64_t size_bytes)
{
	uint64_t done = 0;
	ssize_t n;

	if (ioctl(to, IOCTL_CLONE, from) == 0)
		return 1;
	while (done < size_bytes) {
		if (fault_hit(FAULT_WRITE))
			return -1;
		n = copy_file_range(from, NULL, to, NULL, RANGE_CHUNK, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return done == 0 && (n == 0 || errno != ENOSPC) ? 0 : -1;
		done += (uint64_t)n;
	}
	return 1;
}

static bool copy_bytes(int from, const char *from_path, int to, const char *to_path, struct err *e)
{
	char chunk[COPY_CHUNK];
	ssize_t got;

	while ((got = read_some(from, chunk, sizeof chunk)) > 0) {
		if (!write_all(to, to_path, chunk, (size_t)got, e))
			return false;
	}
	return got == 0 || err_errno(e, "reading %s", from_path);
}

static bool copy_open(int fd, uint64_t size_bytes, const char *from, const char *to, uint32_t mode,
		      struct file_sig *made, struct err *e)
{
	struct temp t;
	int done;

	if (!temp_open(&t, to, e))
		return false;
	done = copy_in_kernel(fd, t.fd, size_bytes);
	if (done < 0)
		return err_errno(e, "writing %s", to) || temp_drop(&t);
	/* After a copy in the kernel this reads nothing, unless the file grew. */
	if (!copy_bytes(fd, from, t.fd, to, e))
		return temp_drop(&t);
	return temp_commit(&t, to, mode, false, made, e);
}

bool file_copy_sig(const char *from, const char *to, uint32_t mode, struct file_sig *made,
		   struct err *e)
{
	uint64_t size_bytes;
	int fd = open_for_read(from, &size_bytes, e);
	bool ok;

	if (fd < 0)
		return false;
	ok = copy_open(fd, size_bytes, from, to, mode, made, e);
	close_quiet(fd);
	return ok;
}

bool file_copy(const char *from, const char *to, uint32_t mode, struct err *e)
{
	return file_copy_sig(from, to, mode, NULL, e);
}

bool file_move(const char *from, const char *to, struct err *e)
{
	struct file_sig sig = {0};

	if (!fault_hit(FAULT_RENAME) && rename(from, to) == 0)
		return true;
	if (errno != EXDEV)
		return err_errno(e, "moving %s to %s", from, to);
	return file_stat(from, &sig, e) && file_copy(from, to, sig.mode, e) && file_remove(from, e);
}

bool file_symlink(const char *target, const char *path, struct err *e)
{
	char temp[PATH_MAX], now[PATH_MAX];
	ssize_t n = readlink(path, now, sizeof now);

	if (n >= 0 && (size_t)n == strlen(target) && memcmp(now, target, (size_t)n) == 0)
		return true;
	if (!temp_name(temp, path, e))
		return false;
	if (fault_hit(FAULT_LINK) || symlink(target, temp) != 0)
		return err_errno(e, "linking %s", path);
	if (rename_to(temp, path, true, e))
		return true;
	unlink_quiet(temp);
	return false;
}

bool file_link(const char *from, const char *to, struct err *e)
{
	char temp[PATH_MAX];

	if (!temp_name(temp, to, e))
		return false;
	if (fault_hit(FAULT_LINK) || link(from, temp) != 0)
		return err_errno(e, "linking %s", to);
	if (!rename_to(temp, to, false, e)) {
		unlink_quiet(temp);
		return false;
	}
	/* rename(2) leaves both when they are the same file already. */
	unlink_quiet(temp);
	return true;
}

bool file_remove(const char *path, struct err *e)
{
	if (!fault_hit(FAULT_UNLINK) && unlink(path) == 0)
		return true;
	return errno == ENOENT || err_errno(e, "removing %s", path);
}

bool file_sync(const char *path, struct err *e)
{
	int fd;
	bool ok;

	if (fault_hit(FAULT_OPEN) || (fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
		return err_errno(e, "opening %s", path);
	/*
	 * Some file systems cannot sync a folder and say EINVAL: there is nothing more to be done.
	 */
	ok = !fault_hit(FAULT_FSYNC) && (fsync(fd) == 0 || errno == EINVAL);
	if (!ok)
		err_errno(e, "syncing %s", path);
	close_quiet(fd);
	return ok;
}

bool file_system_sync(const char *path, struct err *e)
{
	int fd;
	bool ok;

	if (fault_hit(FAULT_OPEN) || (fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
		return err_errno(e, "opening %s", path);
	ok = !fault_hit(FAULT_FSYNC) && syncfs(fd) == 0;
	if (!ok)
		err_errno(e, "syncing the file system of %s", path);
	close_quiet(fd);
	return ok;
}

void file_reserve(const char *path, uint64_t bytes)
{
	struct stat st;
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &st) == 0)
		(void)fallocate(fd, FALLOC_FL_KEEP_SIZE, st.st_size, (off_t)bytes);
	close_quiet(fd);
}

bool file_set_mode(const char *path, uint32_t mode, struct err *e)
{
	return chmod(path, mode & 07777) == 0 || err_errno(e, "setting the mode of %s", path);
}

bool file_cut(const char *path, uint64_t size_bytes, struct err *e)
{
	if (!fault_hit(FAULT_WRITE) && truncate(path, (off_t)size_bytes) == 0)
		return true;
	return err_errno(e, "cutting %s", path);
}

bool link_read(struct arena *a, const char *path, struct str *out, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof target);

	if (n < 0)
		return err_errno(e, "reading link %s", path);
	*out = str_dup(a, str_from(target, (size_t)n));
	return true;
}

bool path_real(struct arena *a, const char *path, struct str *out, struct err *e)
{
	char real[PATH_MAX];

	watch_note(str_of(path), WATCH_KIND | WATCH_FILE);
	if (!realpath(path, real))
		return err_errno(e, "finding %s", path);
	*out = str_dup(a, str_of(real));
	return true;
}

bool path_cwd(struct arena *a, struct str *out, struct err *e)
{
	char cwd[PATH_MAX];

	if (!getcwd(cwd, sizeof cwd))
		return err_errno(e, "finding the current folder") ||
		       err_fix(e, "it was removed or cannot be read: go to another folder");
	*out = str_dup(a, str_of(cwd));
	return true;
}

bool file_may_read(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && access(path, S_ISDIR(st.st_mode) ? R_OK | X_OK : R_OK) == 0;
}

static bool is_program(const char *path)
{
	struct stat st;

	watch_note(str_of(path), WATCH_FILE);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

bool path_search(struct arena *a, const char *program, struct str *out)
{
	const char *path = getenv("PATH");
	struct str rest = str_of(path && *path ? path : "/usr/local/bin:/usr/bin:/bin");

	if (strchr(program, '/')) {
		*out = str_dup(a, str_of(program));
		return is_program(program);
	}
	while (rest.p && *program) {
		struct str dir = str_cut(&rest, ':');

		/*
		 * An empty part means the current folder: never run a program from there by
		 * accident.
		 */
		if (!dir.n)
			continue;
		*out = str_fmt(a, "%.*s/%s", STR_ARG(dir), program);
		if (is_program(out->p))
			return true;
	}
	return false;
}

void standard_descriptors_fill(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	close_quiet(fd);
}
