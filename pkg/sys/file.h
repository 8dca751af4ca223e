/*
 * Files and folders. Everything is opened close-on-exec. Paths are NUL-terminated C strings,
 * relative to the process's working folder or absolute. Every write goes through a fault point
 * (sys/fault.h).
 *
 * Errors are ERR_IO naming the path, with a remedy for a full disk, missing permission or a
 * read-only file system.
 */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/digest.h"
#include "base/err.h"

/*
 * What a stat says, with what identifies unchanged content: equal signatures, most likely equal
 * bytes.
 */
struct file_sig {
	uint64_t dev, ino;
	uint64_t size_bytes;
	int64_t mtime_ns, ctime_ns;
	uint32_t mode; /* st_mode */
};

bool file_sig_eq(const struct file_sig *x, const struct file_sig *y);

enum file_kind { FILE_ABSENT, FILE_REGULAR, FILE_FOLDER, FILE_LINK, FILE_OTHER };

/* Kind of path without following a last link; FILE_ABSENT also for ENOTDIR. Never an error. */
enum file_kind file_kind(const char *path);
/* stat following links. False with e set (os_errno ENOENT for absent). */
bool file_stat(const char *path, struct file_sig *out, struct err *e) ATTR_MUST_USE;

/* Whole content into arena a, NUL behind it; more than max_bytes (0: 1 GiB) is an error. */
bool file_read(struct arena *a, const char *path, size_t max_bytes, struct str *out,
	       struct err *e) ATTR_MUST_USE;
/* Hash of a file's content, streamed. */
bool file_digest(const char *path, struct digest *out, struct err *e) ATTR_MUST_USE;

/*
 * Writes a temporary in the same folder, fsyncs it, renames it over path and fsyncs the folder:
 * after a crash path holds the old bytes or the new. mode as for open(2), umask not applied.
 */
bool file_write_atomic(const char *path, struct str bytes, uint32_t mode,
		       struct err *e) ATTR_MUST_USE;
/* The same without either fsync; for what can be made again (caches, build outputs). */
bool file_write_fast(const char *path, struct str bytes, uint32_t mode,
		     struct err *e) ATTR_MUST_USE;
/*
 * For a path that the user names: a device, a pipe or what a link leads to gets the bytes (/dev/stdout,
 * /dev/fd/63), all else is file_write_fast. The other writers here refuse to replace a device or a pipe.
 */
bool file_write_to(const char *path, struct str bytes, uint32_t mode, struct err *e) ATTR_MUST_USE;
/* Adds bytes at the end of a file, made when absent, at once; no fsync. Several processes may. */
bool file_append(const char *path, struct str bytes, uint32_t mode, struct err *e) ATTR_MUST_USE;
/* As file_write_fast, but leaves an existing file of equal content alone (its mtime too). */
bool file_write_if_changed(const char *path, struct str bytes, uint32_t mode,
			   struct err *e) ATTR_MUST_USE;
/* Writes a file that is not there yet, umask not applied; when that fails, none is there. For names of one's own. */
bool file_create(const char *path, struct str bytes, uint32_t mode, struct err *e) ATTR_MUST_USE;
/*
 * Copies content (reflink when the file system can) to a temporary beside to and renames; no fsync.
 */
bool file_copy(const char *from, const char *to, uint32_t mode, struct err *e) ATTR_MUST_USE;
/* *made: the file that was put there, but for its ctime, which the renaming changes. */
bool file_copy_sig(const char *from, const char *to, uint32_t mode, struct file_sig *made,
		   struct err *e) ATTR_MUST_USE;
/* rename(2); falls back to file_copy + unlink across file systems. */
bool file_move(const char *from, const char *to, struct err *e) ATTR_MUST_USE;
/* A symbolic link at path to target, replacing atomically what is there (not a folder); one that is there
 * already is left alone, so that a read-only tree can be used. */
bool file_symlink(const char *target, const char *path, struct err *e) ATTR_MUST_USE;
/* A hard link at path "to", replacing atomically what is there (not a folder). */
bool file_link(const char *from, const char *to, struct err *e) ATTR_MUST_USE;
/* unlink; absent is fine. */
bool file_remove(const char *path, struct err *e) ATTR_MUST_USE;

/* mkdir -p, mode 0777 less umask. */
bool folder_make(const char *path, struct err *e) ATTR_MUST_USE;
/* mkdir -p of the folder that holds path. */
bool folder_make_for(const char *path, struct err *e) ATTR_MUST_USE;
/* rm -rf, never following links, making read-only folders writable first; absent is fine. */
bool folder_remove(const char *path, struct err *e) ATTR_MUST_USE;
/* chmod a-w of every file and folder below (and of) path; links are left alone. */
bool folder_make_readonly(const char *path, struct err *e) ATTR_MUST_USE;
/*
 * For everybody to read and nobody to write, whatever the umask was: folders 0555, files 0444, or 0555 when
 * their owner may run them; links are left alone.
 */
bool folder_publish(const char *path, struct err *e) ATTR_MUST_USE;
/* fsync of a folder (or file) by path. */
bool file_sync(const char *path, struct err *e) ATTR_MUST_USE;

/* syncfs of the file system that holds path: once for many files, and for what others left unwritten there. */
bool file_system_sync(const char *path, struct err *e) ATTR_MUST_USE;
/* Takes room behind a file's end, if the file system can, so that what is appended soon finds some. */
void file_reserve(const char *path, uint64_t bytes);
bool file_set_mode(const char *path, uint32_t mode, struct err *e) ATTR_MUST_USE;
/* Makes a file at most size_bytes long. */
bool file_cut(const char *path, uint64_t size_bytes, struct err *e) ATTR_MUST_USE;

struct folder_entry {
	struct str name;     /* one part, NUL-terminated, in the arena */
	enum file_kind kind; /* links are not followed */
};

/* Entries of a folder without . and .., sorted bytewise, in arena a. */
bool folder_list(struct arena *a, const char *path, struct folder_entry **out, size_t *n,
		 struct err *e) ATTR_MUST_USE;
/*
 * A fresh folder below parent (made if absent) with a name starting with prefix; path into arena a.
 */
bool folder_make_temp(struct arena *a, const char *parent, const char *prefix, struct str *out,
		      struct err *e) ATTR_MUST_USE;
/* Removes what killed processes left in a folder: entries older than a day, which no action takes. */
void folder_sweep(const char *path);
/*
 * Removes the temporaries that killed writers of this room left in a folder. The caller knows, by a lock, that
 * nobody writes there now.
 */
bool folder_drop_temps(const char *path, struct err *e) ATTR_MUST_USE;
/*
 * A folder of this user's alone in memory, for small files that live for a moment: making and removing
 * them costs a disk's file system more than writing them. Made when absent; to be swept. False where
 * there is none with room: no error.
 */
bool folder_in_memory(struct arena *a, struct str *out);
/* What a symbolic link says, into arena a; false with e set when there is none (os_errno ENOENT or EINVAL). */
bool link_read(struct arena *a, const char *path, struct str *out, struct err *e) ATTR_MUST_USE;
/* realpath(3) into arena a. */
bool path_real(struct arena *a, const char *path, struct str *out, struct err *e) ATTR_MUST_USE;
bool path_cwd(struct arena *a, struct str *out, struct err *e) ATTR_MUST_USE;
/* Whether the user may read the file, or list and enter the folder. Not noted by a watch. */
bool file_may_read(const char *path);
/* Finds program in $PATH (or as given when it has a slash); false when absent (no error). */
bool path_search(struct arena *a, const char *program, struct str *out);
/*
 * Call before anything is opened: a closed descriptor 0, 1 or 2 would go to the next file that is opened, and
 * printing would write into that. /dev/null takes its place, for reading: what is printed there fails.
 */
void standard_descriptors_fill(void);

/*
 * Advisory lock (flock) on a file made for it. shared: readers together. wait false: *got says
 * whether it was free. The lock is held until lock_release or the process's end, kill included.
 */
struct file_lock {
	int fd; /* -1: not held */
};
bool lock_acquire(struct file_lock *l, const char *path, bool shared, bool wait, bool *got,
		  struct err *e) ATTR_MUST_USE;
/*
 * The shared lock on a file that must be there, without waiting; nothing is written, so it may be somebody
 * else's or on a read-only file system. False: somebody holds it exclusively, or it cannot be read (errno).
 */
bool lock_join(struct file_lock *l, const char *path);
/* Waits for the exclusive lock on a folder itself; nothing is made, so it may be read-only. */
bool lock_folder(struct file_lock *l, const char *dir, struct err *e) ATTR_MUST_USE;
void lock_release(struct file_lock *l); /* accepts {-1} */

#endif
