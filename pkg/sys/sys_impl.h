/*
 * What the files of this room share. Never leaves it.
 */
#ifndef SYS_SYS_IMPL_H
#define SYS_SYS_IMPL_H

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* The descriptor that becomes readable once an interrupt arrived; -1 before interrupt_install. */
int interrupt_fd(void);
/* How many SIGINT and SIGTERM arrived so far. */
int interrupt_count(void);

/* pool.c: a thread that takes no signals. To be joined. */
bool thread_start(pthread_t *thread, void *(*fn)(void *), void *arg);

struct stat;
struct file_sig;
void sig_from_stat(struct file_sig *out, const struct stat *st);

/* close(2), leaving errno alone; -1 is fine. */
void close_quiet(int fd);
/*
 * A descriptor for reading a regular file or character device (never blocks on a FIFO), or -1 with
 * e.
 */
int open_for_read(const char *path, uint64_t *size_bytes, struct err *e);
/* Writes all of n bytes, through the fault point; path only for the message. */
bool write_all(int fd, const char *path, const void *p, size_t n, struct err *e) ATTR_MUST_USE;

/* cpu.c: our cgroup's path below the version 2 hierarchy ("/a/b"), in arena a; false without one. */
bool cgroup_own(struct arena *a, struct str *out);
/* memory.c: MemAvailable of /proc/meminfo's text, in bytes; 0 when it is not there. */
uint64_t memory_parse_meminfo(struct str text);
/* What is left below the limits of root/group and its parents; UINT64_MAX: no limit. */
uint64_t memory_cgroup_left(struct arena *a, struct str root, struct str group);

#endif
