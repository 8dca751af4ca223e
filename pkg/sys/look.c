/*
 * O_PATH descriptors, so that a folder need only be searchable, and fstatat(2).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "sys/look.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/sys_impl.h"

bool file_map_open(const char *path, struct file_map *out)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	void *p = MAP_FAILED;

	*out = (struct file_map){0};
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close_quiet(fd);
	if (p == MAP_FAILED)
		return false;
	*out = (struct file_map){p, (size_t)st.st_size};
	return true;
}

void file_map_close(struct file_map *m)
{
	union {
		const void *from;
		void *to;
	} p = {m->p};

	if (m->p)
		munmap(p.to, m->n);
	*m = (struct file_map){0};
}

int look_open(const char *path)
{
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void look_close(int fd)
{
	close_quiet(fd);
}

bool look_self(int fd, struct file_sig *out)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return false;
	sig_from_stat(out, &st);
	return true;
}

enum file_kind look_at(int fd, const char *name, bool follow, struct file_sig *out)
{
	struct stat st;

	if (fstatat(fd, name, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
		return FILE_ABSENT;
	sig_from_stat(out, &st);
	if (S_ISREG(st.st_mode))
		return FILE_REGULAR;
	if (S_ISDIR(st.st_mode))
		return FILE_FOLDER;
	return S_ISLNK(st.st_mode) ? FILE_LINK : FILE_OTHER;
}
