/*
 * Folders and locks. Walks go down through descriptors (openat, O_NOFOLLOW), so a link swapped in
 * while walking leads nowhere; each level holds one descriptor, hence the limit of depth.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/vec.h"
#include "sys/clock.h"
#include "sys/fault.h"
#include "sys/file.h"
#include "sys/spawn.h"
#include "sys/sys_impl.h"
#include "sys/watch.h"

/* <sys/file.h> would find our own file of that name below -Ipkg, so flock(2) is declared here. */
int flock(int fd, int operation);
#ifndef LOCK_SH
#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#endif

enum { DEPTH_MAX = 400, ENTRIES_MAX = 10 * 1000 * 1000 };

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The part of path that is there and no folder (nor a link to one), into out; false: none. */
static bool find_obstacle(const char *path, char out[PATH_MAX])
{
	struct stat st;

	(void)snprintf(out, PATH_MAX, "%s", path);
	for (char *p = out + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (!is_folder(out) && lstat(out, &st) == 0)
			return true;
		*p = '/';
	}
	return !is_folder(out) && lstat(out, &st) == 0;
}

static int make_one(const char *path)
{
	if (fault_hit(FAULT_MKDIR))
		return errno;
	if (mkdir(path, 0777) == 0)
		return 0;
	return errno == EEXIST && is_folder(path) ? 0 : errno;
}

/* From the left: makes every part of path that ends in a slash, then path itself. */
static int make_parents(char *path)
{
	for (char *p = path + 1; *p; p++) {
		int failed;

		if (*p != '/' || p[-1] == '/')
			continue;
		*p = '\0';
		failed = is_folder(path) ? 0 : make_one(path);
		*p = '/';
		if (failed)
			return failed;
	}
	return make_one(path);
}

bool folder_make(const char *path, struct err *e)
{
	char copy[PATH_MAX];
	int failed = make_one(path);

	if (failed == ENOENT && *path) {
		if (snprintf(copy, sizeof copy, "%s", path) >= PATH_MAX)
			failed = ENAMETOOLONG;
		else
			failed = make_parents(copy);
	}
	if (!failed)
		return true;
	errno = failed;
	err_errno(e, "making folder %s", path);
	if ((failed == EEXIST || failed == ENOTDIR || failed == ENOENT) &&
	    find_obstacle(path, copy))
		err_fix(e, "%.600s is in the way: move it, or choose another folder", copy);
	return false;
}

bool folder_make_for(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];

	if (!slash || slash == path)
		return true;
	if (snprintf(dir, sizeof dir, "%.*s", (int)(slash - path), path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return err_errno(e, "making the folder of %.200s", path);
	}
	return folder_make(dir, e);
}

static int open_folder_at(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static enum file_kind kind_at(DIR *d, const struct dirent *de)
{
	struct stat st;

	switch (de->d_type) {
	case DT_REG:
		return FILE_REGULAR;
	case DT_DIR:
		return FILE_FOLDER;
	case DT_LNK:
		return FILE_LINK;
	case DT_UNKNOWN:
		break;
	default:
		return FILE_OTHER;
	}
	if (fstatat(dirfd(d), de->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return FILE_ABSENT;
	if (S_ISREG(st.st_mode))
		return FILE_REGULAR;
	if (S_ISDIR(st.st_mode))
		return FILE_FOLDER;
	return S_ISLNK(st.st_mode) ? FILE_LINK : FILE_OTHER;
}

static int entry_cmp(const void *a, const void *b)
{
	const struct folder_entry *x = a, *y = b;

	return str_cmp(x->name, y->name);
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Takes fd. False with errno set. */
static bool list_fd(struct arena *a, int fd, struct folder_entry **out, size_t *n)
{
	VEC(struct folder_entry) v = {0};
	DIR *d = fdopendir(fd);
	struct dirent *de;
	int failed;

	if (!d) {
		close_quiet(fd);
		return false;
	}
	while ((errno = 0, de = readdir(d)) && v.n < ENTRIES_MAX) {
		if (is_dot(de->d_name))
			continue;
		*vec_push(a, &v) = (struct folder_entry){
		    .name = str_dup(a, str_of(de->d_name)),
		    .kind = kind_at(d, de),
		};
	}
	failed = de ? EOVERFLOW : errno;
	closedir(d);
	errno = failed;
	if (failed)
		return false;
	if (v.n)
		qsort(v.v, v.n, sizeof *v.v, entry_cmp);
	*out = v.v;
	*n = v.n;
	return true;
}

bool folder_list(struct arena *a, const char *path, struct folder_entry **out, size_t *n,
		 struct err *e)
{
	int fd;

	if (fault_hit(FAULT_OPEN) || (fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		watch_listed(str_of(path), NULL, 0);
		return err_errno(e, "reading folder %s", path);
	}
	if (!list_fd(a, fd, out, n))
		return err_errno(e, "reading folder %s", path);
	watch_listed(str_of(path), *out, *n);
	return true;
}

/*
 * A walk from the leaves up. file and folder are called with the parent's descriptor; enter (may be
 * NULL) before a folder is opened. Each returns false with errno set.
 */
struct walk {
	bool (*enter)(int dir, const char *name);
	bool (*file)(int dir, const char *name, enum file_kind kind);
	bool (*folder)(int dir, const char *name);
};

static bool walk_at(const struct walk *w, int dir, const char *name, int depth)
{
	struct arena scratch = {0};
	struct folder_entry *entries = NULL;
	size_t n = 0;
	bool ok;
	int fd = -1, list;

	if (depth > DEPTH_MAX) {
		errno = ELOOP;
		return false;
	}
	if (w->enter && !w->enter(dir, name))
		return false;
	fd = open_folder_at(dir, name);
	if (fd < 0)
		return false;
	list = open_folder_at(fd, ".");
	ok = list >= 0 && list_fd(&scratch, list, &entries, &n);
	for (size_t i = 0; ok && i < n; i++) {
		if (entries[i].kind == FILE_FOLDER)
			ok = walk_at(w, fd, entries[i].name.p, depth + 1);
		else
			ok = w->file(fd, entries[i].name.p, entries[i].kind);
	}
	close_quiet(fd);
	arena_fini(&scratch);
	return ok && w->folder(dir, name);
}

static bool writable_first(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	return (st.st_mode & 0700) == 0700 ||
	       fchmodat(dir, name, (st.st_mode | 0700) & 07777, 0) == 0;
}

static bool remove_file_at(int dir, const char *name, enum file_kind kind)
{
	(void)kind;
	return !fault_hit(FAULT_UNLINK) && (unlinkat(dir, name, 0) == 0 || errno == ENOENT);
}

static bool remove_folder_at(int dir, const char *name)
{
	return !fault_hit(FAULT_UNLINK) &&
	       (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT);
}

bool folder_remove(const char *path, struct err *e)
{
	static const struct walk remover = {writable_first, remove_file_at, remove_folder_at};

	switch (file_kind(path)) {
	case FILE_ABSENT:
		return true;
	case FILE_FOLDER:
		return walk_at(&remover, AT_FDCWD, path, 0) ||
		       err_errno(e, "removing folder %s", path);
	case FILE_REGULAR:
	case FILE_LINK:
	case FILE_OTHER:
		break;
	}
	return file_remove(path, e);
}

static bool readonly_at(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	return (st.st_mode & 0222) == 0 || fchmodat(dir, name, st.st_mode & 07555, 0) == 0;
}

static bool readonly_file_at(int dir, const char *name, enum file_kind kind)
{
	return kind == FILE_LINK || readonly_at(dir, name);
}

bool folder_make_readonly(const char *path, struct err *e)
{
	static const struct walk freezer = {NULL, readonly_file_at, readonly_at};

	return walk_at(&freezer, AT_FDCWD, path, 0) ||
	       err_errno(e, "making folder %s read-only", path);
}

static bool publish_folder_at(int dir, const char *name)
{
	return fchmodat(dir, name, 0555, 0) == 0;
}

static bool publish_file_at(int dir, const char *name, enum file_kind kind)
{
	struct stat st;

	if (kind == FILE_LINK)
		return true;
	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fchmodat(dir, name, st.st_mode & S_IXUSR ? 0555 : 0444, 0) == 0;
}

bool folder_publish(const char *path, struct err *e)
{
	static const struct walk publisher = {NULL, publish_file_at, publish_folder_at};

	return walk_at(&publisher, AT_FDCWD, path, 0) ||
	       err_errno(e, "setting the modes below %s", path);
}

bool folder_make_temp(struct arena *a, const char *parent, const char *prefix, struct str *out,
		      struct err *e)
{
	char unique[SYS_UNIQUE_NAME];

	if (!folder_make(parent, e))
		return false;
	for (int tries = 0; tries < 100; tries++) {
		unique_name(unique);
		*out = str_fmt(a, "%s/%s%s", parent, prefix, unique);
		if (!fault_hit(FAULT_MKDIR) && mkdir(out->p, 0777) == 0)
			return true;
		if (errno != EEXIST)
			break;
	}
	return err_errno(e, "making a temporary folder in %s", parent);
}

void folder_sweep(const char *path)
{
	static const int64_t DAY_NS = (int64_t)24 * 3600 * 1000000000;
	struct arena scratch = {0};
	struct folder_entry *entries;
	struct file_sig sig;
	struct err ignored;
	size_t n;

	watch_pause();
	if (!folder_list(&scratch, path, &entries, &n, &ignored))
		n = 0;
	for (size_t i = 0; i < n; i++) {
		const char *entry = str_fmt(&scratch, "%s/%s", path, entries[i].name.p).p;

		if (file_stat(entry, &sig, &ignored) && clock_real_ns() - sig.mtime_ns > DAY_NS &&
		    !folder_remove(entry, &ignored))
			continue; /* Somebody else's: they will. */
	}
	watch_resume();
	arena_fini(&scratch);
}

bool folder_drop_temps(const char *path, struct err *e)
{
	struct arena scratch = {0};
	struct folder_entry *v;
	size_t n;
	bool ok = folder_list(&scratch, path, &v, &n, e);

	for (size_t i = 0; ok && i < n; i++)
		if (v[i].kind != FILE_FOLDER && str_startsc(v[i].name, ".cbuild-"))
			ok = file_remove(str_fmt(&scratch, "%s/%s", path, v[i].name.p).p, e);
	arena_fini(&scratch);
	return ok;
}

/* Anybody may make names in /dev/shm: only a real folder that is ours alone will do. */
static bool is_private(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & 077) == 0;
}

bool folder_in_memory(struct arena *a, struct str *out)
{
	static const uint64_t ROOM_BYTES = 32 << 20;
	struct statvfs fs;

	*out = str_fmt(a, "/dev/shm/cbuild-%u", (unsigned)geteuid());
	if (mkdir(out->p, 0700) != 0 && (errno != EEXIST || !is_private(out->p)))
		return false;
	return statvfs(out->p, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize >= ROOM_BYTES;
}

/*
 * The file may belong to somebody else or lie on a read-only file system: reading is enough for
 * flock.
 */
static int open_lock(const char *path)
{
	int fd = fault_hit(FAULT_OPEN) ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0 && (errno == EACCES || errno == EROFS))
		fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd;
}

/* Locks l->fd; *got false with true: another holds it and wait is false. */
static bool lock_opened(struct file_lock *l, const char *path, int how, bool *got, struct err *e)
{
	int failed;

	while ((failed = flock(l->fd, how) == 0 ? 0 : errno) == EINTR) {
		if (interrupt_requested())
			break;
	}
	*got = failed == 0;
	if (*got)
		return true;
	lock_release(l);
	if (failed == EWOULDBLOCK)
		return true;
	if (failed == EINTR)
		return err_set(e, ERR_CANCEL, "interrupted while waiting for lock %s", path);
	errno = failed;
	return err_errno(e, "locking %s", path);
}

bool lock_acquire(struct file_lock *l, const char *path, bool shared, bool wait, bool *got,
		  struct err *e)
{
	*got = false;
	l->fd = open_lock(path);
	if (l->fd < 0)
		return err_errno(e, "opening lock %s", path);
	return lock_opened(l, path, (shared ? LOCK_SH : LOCK_EX) | (wait ? 0 : LOCK_NB), got, e);
}

bool lock_join(struct file_lock *l, const char *path)
{
	l->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (l->fd >= 0 && flock(l->fd, LOCK_SH | LOCK_NB) == 0)
		return true;
	lock_release(l);
	return false;
}

bool lock_folder(struct file_lock *l, const char *dir, struct err *e)
{
	bool got;

	l->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->fd < 0)
		return err_errno(e, "opening folder %s", dir);
	return lock_opened(l, dir, LOCK_EX, &got, e);
}

void lock_release(struct file_lock *l)
{
	close_quiet(l->fd);
	l->fd = -1;
}
