/*
 * Clocks, and the one time that build outputs may hold: SOURCE_DATE_EPOCH
 * (reproducible-builds.org/specs/source-date-epoch, 1.0).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "sys/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "sys/pool.h"
#include "sys/sys_impl.h"

static int64_t now_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

uint64_t clock_mono_ns(void)
{
	return (uint64_t)now_ns(CLOCK_MONOTONIC);
}

uint64_t clock_mono_ms(void)
{
	return clock_mono_ns() / 1000000;
}

int64_t clock_real_ns(void)
{
	return now_ns(CLOCK_REALTIME);
}

int64_t clock_file_ns(void)
{
	return now_ns(CLOCK_REALTIME_COARSE);
}

/* The stat asks for an exact stamp, the touch makes it (Documentation/filesystems/multigrain-ts.rst). */
static bool touch(int fd, int64_t *out)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || futimens(fd, NULL) != 0 || fstat(fd, &st) != 0)
		return false;
	*out = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
	return true;
}

int64_t clock_stamp_ns(const char *path)
{
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644) : -1;
	int64_t ns = 0;
	bool ok = fd >= 0 && touch(fd, &ns);

	close_quiet(fd);
	return ok ? ns : clock_file_ns();
}

uint64_t clock_boot(void)
{
	static const char path[] = "/proc/sys/kernel/random/boot_id";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[64];
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text) : -1;
	struct digest d;
	uint64_t boot;

	close_quiet(fd);
	if (n <= 0)
		return 0;
	d = digest_of(text, (size_t)n);
	memcpy(&boot, d.sha256, sizeof boot);
	return boot;
}

bool source_date_epoch(int64_t *seconds, bool *set, struct err *e)
{
	/* Year 9999's last second: what RFC 3339 can write. */
	static const uint64_t LIMIT_S = 253402300799;
	const char *text = getenv("SOURCE_DATE_EPOCH");
	uint64_t n;

	*set = false;
	*seconds = 0;
	if (!text || !*text)
		return true;
	if (!str_u64(str_of(text), &n) || n > LIMIT_S) {
		err_at(e, ERR_USAGE, "SOURCE_DATE_EPOCH", 0, 0,
		       "'%s' is not a number of seconds since 1970", text);
		return err_fix(
		    e, "unset it, or set it as in: SOURCE_DATE_EPOCH=$(git log -1 --format=%%ct)");
	}
	*seconds = (int64_t)n;
	*set = true;
	return true;
}

struct str time_rfc3339(struct arena *a, int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm))
		return STR("1970-01-01T00:00:00Z");
	return str_fmt(a, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
		       tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void unique_name(char out[SYS_UNIQUE_NAME])
{
	static struct counter calls;

	snprintf(out, SYS_UNIQUE_NAME, "%lx-%llx-%llx", (long)getpid(),
		 (unsigned long long)clock_real_ns(), (unsigned long long)counter_next(&calls));
}
