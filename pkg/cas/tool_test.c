/*
 * What tools keep for themselves: only what was sealed as it is stays.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cas/world_test.h"

static const char *tool_file(struct world *w, const char *name)
{
	return str_fmt(&w->a, "%.*s/tool/ld/%s", STR_ARG(w->dir), name).p;
}

static void tool_writes(struct world *w, const char *name, const char *text)
{
	const char *path = tool_file(w, name);

	store_must(w,
		   folder_make_for(path, &w->e) && file_write_fast(path, str_of(text), 0600, &w->e),
		   name);
}

/* After a sweep, does the file stay? */
static bool survives(struct world *w, const char *name)
{
	store_must(w, cas_tool_sweep(w->c, &w->e), "sweep");
	return file_kind(tool_file(w, name)) == FILE_REGULAR;
}

void TestCasToolStore(struct test *t)
{
	struct world w;

	open_store(&w, t);
	store_must(&w, cas_tool_sweep(w.c, &w.e) && cas_tool_seal(w.c, &w.e), "no such folder yet");
	tool_writes(&w, "left-by-a-failure", "x");
	tool_writes(&w, "under-way.tmp.o", "x");
	T_OK(t, !survives(&w, "left-by-a-failure") && survives(&w, "under-way.tmp.o"));
	tool_writes(&w, "kept", "code");
	store_must(&w, cas_tool_seal(w.c, &w.e), "seal");
	T_OK(t, survives(&w, "kept"));
	store_must(&w, cas_tool_seal(w.c, &w.e), "seal again");
	T_OK(t, survives(&w, "kept"));
	rewrite_quietly(&w, tool_file(&w, "kept"));
	T_OK(t, !survives(&w, "kept"));
	close_store(&w);
}

void TestCasToolStoreUpkeep(struct test *t)
{
	struct cas_stat s;
	uint64_t freed, damaged;
	struct world w;

	open_store(&w, t);
	tool_writes(&w, "old", "12345");
	tool_writes(&w, "young", "123");
	store_must(&w, cas_tool_seal(w.c, &w.e) && cas_stat(w.c, 0, &s, &w.e), "stat");
	T_OK(t, s.tool_count == 2 && s.tool_bytes == 8 && s.blob_count == 0);
	set_age(&w, tool_file(&w, "old"), 10000);
	store_must(&w, cas_trim(w.c, 5000, UINT64_MAX, &freed, &w.e), "trim");
	T_EQ_INT(t, freed, 5);
	T_OK(t, survives(&w, "young"));
	store_must(&w, cas_verify(w.c, &damaged, &w.e), "verify");
	T_OK(t, damaged == 0 && !survives(&w, "young"));
	close_store(&w);
}
