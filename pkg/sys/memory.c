/*
 * How much memory programs started now may use: what the kernel says is available, cut by what is left
 * of the limits of our cgroup (version 2) and its parents. Page cache that can be dropped counts as
 * left: memory.current includes it.
 */
#include "base/path.h"
#include "sys/file.h"
#include "sys/spawn.h"
#include "sys/sys_impl.h"

enum { TEXT_BYTES_MAX = 65536 };

/* The number in the line "name 123 ...", times unit; 0 when there is none. */
static uint64_t field(struct str text, const char *name)
{
	struct str line;
	uint64_t n;

	while (str_line(&text, &line)) {
		struct str rest = line, key = str_cut(&rest, ' ');

		rest = str_trim(rest);
		if (rest.p && str_eqc(key, name) && str_u64(str_cut(&rest, ' '), &n))
			return n;
	}
	return 0;
}

uint64_t memory_parse_meminfo(struct str text)
{
	return field(text, "MemAvailable:") * 1024;
}

static bool read_number(struct arena *a, struct str dir, const char *name, uint64_t *out)
{
	const char *path = str_fmt(a, "%.*s/%s", STR_ARG(dir), name).p;
	struct err ignored;
	struct str text;

	return file_read(a, path, TEXT_BYTES_MAX, &text, &ignored) && str_u64(str_trim(text), out);
}

/* What is left of one group's limit; UINT64_MAX when it has none ("max"). */
static uint64_t group_left(struct arena *a, struct str dir)
{
	uint64_t max, current, cache = 0;
	struct err ignored;
	struct str text;

	if (!read_number(a, dir, "memory.max", &max) ||
	    !read_number(a, dir, "memory.current", &current))
		return UINT64_MAX;
	if (file_read(a, str_fmt(a, "%.*s/memory.stat", STR_ARG(dir)).p, TEXT_BYTES_MAX, &text,
		      &ignored))
		cache = field(text, "inactive_file");
	current -= cache < current ? cache : current;
	return current < max ? max - current : 0;
}

uint64_t memory_cgroup_left(struct arena *a, struct str root, struct str group)
{
	uint64_t least = UINT64_MAX;

	for (;; group = path_dir(group)) {
		uint64_t left =
		    group_left(a, str_fmt(a, "%.*s%.*s", STR_ARG(root), STR_ARG(group)));

		least = left < least ? left : least;
		if (group.n <= 1)
			return least;
	}
}

uint64_t memory_available_bytes(void)
{
	struct arena scratch = {0};
	struct err ignored;
	struct str text, group;
	uint64_t available = 0, left = UINT64_MAX;

	if (file_read(&scratch, "/proc/meminfo", TEXT_BYTES_MAX, &text, &ignored))
		available = memory_parse_meminfo(text);
	if (cgroup_own(&scratch, &group))
		left = memory_cgroup_left(&scratch, STR("/sys/fs/cgroup"), group);
	arena_fini(&scratch);
	/* 0 stands for "unknown", so a full group is one byte. */
	if (available == 0)
		return left == UINT64_MAX ? 0 : left + (left == 0);
	return left < available ? left + (left == 0) : available;
}
