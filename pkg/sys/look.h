/*
 * Looking at many files at little cost: a file mapped into memory, and files statted relative to their
 * opened folder. Nothing here is noted by a watch. Any thread.
 */
#ifndef SYS_LOOK_H
#define SYS_LOOK_H

#include "sys/file.h"

struct file_map {
	const void *p; /* NULL: nothing mapped */
	size_t n;
};

/*
 * Maps a regular file for reading; false when it is absent, empty or cannot be read. Whoever writes such
 * a file replaces it by renaming, so what is mapped does not change.
 */
bool file_map_open(const char *path, struct file_map *out);
void file_map_close(struct file_map *m); /* accepts a zeroed one */

/* A descriptor of a folder to look from, or -1. */
int look_open(const char *path);
void look_close(int fd); /* accepts -1 */
/* The folder's own signature. */
bool look_self(int fd, struct file_sig *out);
/*
 * The kind and signature of name (a path) in the folder; a last link is followed when asked to (and a
 * dangling one is then absent). FILE_ABSENT also for what cannot be statted; *out is then left alone.
 */
enum file_kind look_at(int fd, const char *name, bool follow, struct file_sig *out);

#endif
