/*
 * How many processors are ours: the affinity mask, cut by the CPU quotas of our cgroup (version 2)
 * and its parents, rounded up. Found out once: it takes a few file reads.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "base/path.h"
#include "sys/file.h"
#include "sys/spawn.h"
#include "sys/sys_impl.h"

static unsigned affinity_count(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return 1;
	return CPU_COUNT(&set) > 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

/* "200000 100000" is two processors; "max 100000" no limit (0). */
static unsigned parse_quota(struct str text)
{
	struct str rest = str_trim(text), quota = str_cut(&rest, ' ');
	uint64_t q, period;

	if (!str_u64(quota, &q) || !str_u64(rest, &period) || !q || !period)
		return 0;
	return (unsigned)(q / period + (q % period != 0));
}

bool cgroup_own(struct arena *a, struct str *out)
{
	struct err ignored;
	struct str text, line;

	if (!file_read(a, "/proc/self/cgroup", 65536, &text, &ignored))
		return false;
	while (str_line(&text, &line)) {
		if (str_startsc(line, "0::/")) {
			*out = str_skip(line, 3);
			return true;
		}
	}
	return false;
}

static unsigned quota_count(struct arena *a)
{
	struct err ignored;
	unsigned least = 0;
	struct str group, text;

	if (!cgroup_own(a, &group))
		return 0;
	for (;;) {
		const char *file = str_fmt(a, "/sys/fs/cgroup%.*s/cpu.max", STR_ARG(group)).p;
		unsigned n = file_read(a, file, 4096, &text, &ignored) ? parse_quota(text) : 0;

		if (n && (!least || n < least))
			least = n;
		if (group.n <= 1)
			return least;
		group = path_dir(group);
	}
}

static pthread_once_t counted = PTHREAD_ONCE_INIT;
static unsigned count;

static void count_once(void)
{
	struct arena scratch = {0};
	unsigned cpus = affinity_count(), quota = quota_count(&scratch);

	arena_fini(&scratch);
	count = quota && quota < cpus ? quota : cpus;
}

unsigned cpu_count(void)
{
	pthread_once(&counted, count_once);
	return count;
}
