/*
 * The name is looked for every millisecond: inotify would tell, but closing it takes the kernel 10 ms. A file
 * that appears there and is older than the look before, which found none, got the name by a rename.
 *
 * It must keep its signature from before it is hashed to the end, and what changes after that first look
 * must get another change time: so hashing waits until a file that is touched now is stamped later than that
 * one (clock_stamp_ns), at once on Linux 6.13 and later, and for one tick before.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "sys/ahead.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/arena.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/sys_impl.h"

enum { LOOK_MS = 1 };

struct ahead {
	struct arena a;
	const char *path, *clock;
	int stop[2]; /* a pipe: readable when the watch is to end */
	pthread_t thread;
	struct file_sig sig; /* of what was hashed */
	struct digest digest;
	bool done;
};

static bool stopped(const struct ahead *h, int timeout_ms)
{
	struct pollfd p = {.fd = h->stop[0], .events = POLLIN};

	return poll(&p, 1, timeout_ms) != 0;
}

static bool settled(const struct ahead *h, const struct file_sig *sig)
{
	while (clock_stamp_ns(h->clock) <= sig->ctime_ns)
		if (stopped(h, LOOK_MS))
			return false;
	return true;
}

static void hash(struct ahead *h)
{
	struct file_sig after;
	struct err ignored;

	h->done = file_stat(h->path, &h->sig, &ignored) && settled(h, &h->sig) &&
		  file_digest(h->path, &h->digest, &ignored) &&
		  file_stat(h->path, &after, &ignored) && file_sig_eq(&h->sig, &after);
}

/* When the file at path was made; 0: it is not there, or its file system does not say. */
static int64_t born_ns(const char *path)
{
	struct statx x;

	/* musl has had statx since 1.2.4 only. */
	if (syscall(SYS_statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &x) != 0 ||
	    !(x.stx_mask & STATX_BTIME))
		return 0;
	return x.stx_btime.tv_sec * (int64_t)1000000000 + x.stx_btime.tv_nsec;
}

static void *watch(void *arg)
{
	struct ahead *h = arg;
	int64_t absent_ns, born = 0;

	clock_stamp_ns(h->clock); /* the next stamp is exact, for somebody looked at this one */
	do {
		absent_ns = clock_file_ns();
		if (file_kind(h->path) != FILE_ABSENT || stopped(h, LOOK_MS))
			return NULL;
		born = born_ns(h->path);
	} while (!born);
	if (born < absent_ns)
		hash(h);
	return NULL;
}

static void forget(struct ahead *h)
{
	struct err ignored;

	close_quiet(h->stop[0]);
	close_quiet(h->stop[1]);
	if (!file_remove(h->clock, &ignored))
		h->clock = NULL; /* the folder's owner sweeps it */
	arena_fini(&h->a);
	free(h);
}

struct ahead *ahead_start(const char *path)
{
	struct ahead *h = mem_alloc(sizeof *h);

	*h = (struct ahead){.stop = {-1, -1}};
	h->path = str_c(&h->a, str_of(path));
	h->clock = str_fmt(&h->a, "%s.clock", path).p;
	if (pipe2(h->stop, O_CLOEXEC) == 0 && thread_start(&h->thread, watch, h))
		return h;
	forget(h);
	return NULL;
}

bool ahead_end(struct ahead *h, struct digest *out)
{
	struct file_sig now;
	struct err ignored;
	bool ok;

	if (!h)
		return false;
	ok = write(h->stop[1], "", 1) == 1;
	close_quiet(h->stop[1]);
	h->stop[1] = -1;
	pthread_join(h->thread, NULL);
	ok = ok && h->done && file_stat(h->path, &now, &ignored) && file_sig_eq(&h->sig, &now);
	*out = h->digest;
	forget(h);
	return ok;
}
