/*
 * Keeping the store in order: counting, checking, and removing what was not used for long. Trimming
 * blobs leaves records whose blobs are gone; those are misses, and go by their own age.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cas/cas_impl.h"
#include "sys/clock.h"
#include "sys/spawn.h"

static bool list_shard(struct arena *a, struct str shard, struct entry_vec *out, struct err *e)
{
	struct folder_entry *files;
	struct file_sig sig;
	struct err gone;
	size_t n;

	if (!folder_list(a, shard.p, &files, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct str path = str_fmt(a, "%s/%s", shard.p, files[i].name.p);

		/* Another process may have removed it since. */
		if (files[i].kind != FILE_REGULAR || !file_stat(path.p, &sig, &gone))
			continue;
		*vec_push(a, out) = (struct entry){path, files[i].name, sig};
	}
	return true;
}

bool list_all(struct arena *a, struct str cache, const char *kind, struct entry_vec *out,
	      struct err *e)
{
	struct str dir = str_fmt(a, "%s/%s", cache.p, kind);
	struct folder_entry *shards;
	size_t n;

	if (file_kind(dir.p) == FILE_ABSENT)
		return true;
	if (!folder_list(a, dir.p, &shards, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (shards[i].kind == FILE_FOLDER &&
		    !list_shard(a, str_fmt(a, "%s/%s", dir.p, shards[i].name.p), out, e))
			return false;
	}
	return true;
}

static uint64_t total_bytes(const struct entry_vec *v)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < v->n; i++)
		sum += v->v[i].sig.size_bytes;
	return sum;
}

bool cas_stat(struct cas *c, size_t layer, struct cas_stat *out, struct err *e)
{
	struct str dir = cas_dir(c, layer);
	struct arena scratch = {0};
	struct entry_vec blobs = {0}, actions = {0}, tools = {0};
	bool ok = list_all(&scratch, dir, "cas", &blobs, e) &&
		  list_all(&scratch, dir, "ac", &actions, e) &&
		  list_all(&scratch, dir, "tool", &tools, e);

	*out = (struct cas_stat){.blob_count = blobs.n,
				 .blob_bytes = total_bytes(&blobs),
				 .action_count = actions.n,
				 .action_bytes = total_bytes(&actions),
				 .tool_count = tools.n,
				 .tool_bytes = total_bytes(&tools)};
	arena_fini(&scratch);
	return ok;
}

static bool blob_entry_intact(const struct cas *c, const struct entry *x)
{
	struct digest d = {.size_bytes = x->sig.size_bytes};

	return digest_parse_hex(x->name, &d) && blob_intact(c, &d);
}

static bool action_entry_intact(const struct entry *x)
{
	struct arena scratch = {0};
	struct action_result r;
	struct digest key;
	struct err ignored;
	struct str text;
	bool ok;

	ok = digest_parse_hex(x->name, &key) &&
	     file_read(&scratch, x->path.p, RECORD_LIMIT_BYTES, &text, &ignored) &&
	     record_read(&scratch, &key, text, &r);
	arena_fini(&scratch);
	return ok;
}

bool cas_verify(struct cas *c, uint64_t *damaged, struct err *e)
{
	struct arena scratch = {0};
	struct entry_vec blobs = {0}, actions = {0}, tools = {0};
	bool ok = list_all(&scratch, c->dir, "cas", &blobs, e) &&
		  list_all(&scratch, c->dir, "ac", &actions, e) &&
		  list_all(&scratch, c->dir, "tool", &tools, e);

	*damaged = 0;
	for (size_t i = 0; ok && i < blobs.n; i++) {
		if (blob_entry_intact(c, &blobs.v[i]))
			continue;
		++*damaged;
		ok = file_remove(blobs.v[i].path.p, e);
	}
	for (size_t i = 0; ok && i < actions.n; i++) {
		if (action_entry_intact(&actions.v[i]))
			continue;
		++*damaged;
		ok = file_remove(actions.v[i].path.p, e);
	}
	/* What tools keep cannot be verified, and the tools can do without. */
	for (size_t i = 0; ok && i < tools.n; i++)
		ok = tool_is_being_written(&tools.v[i]) || file_remove(tools.v[i].path.p, e);
	seen_forget(c);
	arena_fini(&scratch);
	return ok;
}

/* Longest unused first; equal times by name, so that two runs do the same. */
static int entry_older(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->sig.mtime_ns != y->sig.mtime_ns)
		return x->sig.mtime_ns < y->sig.mtime_ns ? -1 : 1;
	return str_cmp(x->path, y->path);
}

static bool trim_entries(struct entry_vec *v, uint64_t max_age_s, uint64_t max_bytes,
			 uint64_t *freed_bytes, struct err *e)
{
	int64_t now_s = clock_real_ns() / 1000000000;
	uint64_t left = total_bytes(v);

	if (v->n)
		qsort(v->v, v->n, sizeof *v->v, entry_older);
	for (size_t i = 0; i < v->n && !interrupt_requested(); i++) {
		int64_t age_s = now_s - v->v[i].sig.mtime_ns / 1000000000;
		bool old = age_s > 0 && (uint64_t)age_s > max_age_s;

		if (!old && left <= max_bytes)
			break;
		if (!file_remove(v->v[i].path.p, e))
			return false;
		left -= v->v[i].sig.size_bytes;
		*freed_bytes += v->v[i].sig.size_bytes;
	}
	return true;
}

/* --- alone --- */

/* What may be done while no other process has the cache open. */
struct upkeep {
	bool (*run)(struct cas *c, struct upkeep *u, struct err *e);
	uint64_t max_age_s, max_bytes, freed_bytes;
};

/* Another process that opens the cache meanwhile waits. *alone false: it is in use, nothing was done. */
static bool run_alone(struct cas *c, struct upkeep *u, bool *alone, struct err *e)
{
	struct arena scratch = {0};
	const char *lock = str_fmt(&scratch, "%s/lock", c->dir.p).p;
	struct err again;
	bool ok, got;

	lock_release(&c->lock);
	ok = lock_acquire(&c->lock, lock, false, false, alone, e);
	if (ok && *alone) {
		ok = u->run(c, u, e);
		seen_forget(c);
		lock_release(&c->lock);
	}
	if (!lock_acquire(&c->lock, lock, true, true, &got, ok ? e : &again))
		ok = false;
	arena_fini(&scratch);
	return ok;
}

static bool run_or_tell(struct cas *c, struct upkeep *u, struct err *e)
{
	bool alone = false;

	if (!run_alone(c, u, &alone, e))
		return false;
	return alone || err_set(e, ERR_IO, "the cache %s is in use by another cbuild", c->dir.p) ||
	       err_fix(e, "run this again when that build has ended");
}

static bool trim(struct cas *c, struct upkeep *u, struct err *e)
{
	struct arena scratch = {0};
	struct entry_vec all = {0};
	bool ok;

	ok = list_all(&scratch, c->dir, "cas", &all, e) &&
	     list_all(&scratch, c->dir, "ac", &all, e) &&
	     list_all(&scratch, c->dir, "tool", &all, e) &&
	     trim_entries(&all, u->max_age_s, u->max_bytes, &u->freed_bytes, e);
	arena_fini(&scratch);
	return ok;
}

bool cas_trim(struct cas *c, uint64_t max_age_s, uint64_t max_bytes, uint64_t *freed_bytes,
	      struct err *e)
{
	struct upkeep u = {.run = trim, .max_age_s = max_age_s, .max_bytes = max_bytes};
	bool ok = run_or_tell(c, &u, e);

	*freed_bytes = u.freed_bytes;
	return ok;
}

static bool clean(struct cas *c, struct upkeep *u, struct err *e)
{
	static const char *const names[] = {"ac", "cas", "tmp", "tool"};
	struct arena scratch = {0};
	bool ok = true;

	(void)u;
	for (size_t i = 0; ok && i < sizeof names / sizeof names[0]; i++)
		ok = folder_remove(str_fmt(&scratch, "%s/%s", c->dir.p, names[i]).p, e);
	ok = make_folders(&scratch, c->dir, e) && ok;
	arena_fini(&scratch);
	return ok;
}

bool cas_clean(struct cas *c, struct err *e)
{
	struct upkeep u = {.run = clean};

	return run_or_tell(c, &u, e);
}

/* --- daily --- */

/* The time of the last trim is that of the file "trimmed"; a cache without one is a new cache. */
static bool trim_is_due(const char *stamp)
{
	static const int64_t DAY_NS = (int64_t)24 * 3600 * 1000000000;
	struct file_sig sig;
	struct err e;
	int64_t age_ns;

	if (!file_stat(stamp, &sig, &e)) {
		if (e.os_errno == ENOENT)
			(void)clock_stamp_ns(stamp);
		return false;
	}
	age_ns = clock_real_ns() - sig.mtime_ns;
	return age_ns > DAY_NS || age_ns < -DAY_NS;
}

void cas_trim_daily(struct cas *c, uint64_t max_age_s, uint64_t max_bytes)
{
	struct upkeep u = {.run = trim, .max_age_s = max_age_s, .max_bytes = max_bytes};
	struct arena scratch = {0};
	const char *stamp = str_fmt(&scratch, "%s/trimmed", c->dir.p).p;
	struct err ignored;
	bool alone = false;

	/* While others build it stays due; one that cannot be trimmed is not tried again today. */
	if (!interrupt_requested() && trim_is_due(stamp) &&
	    (!run_alone(c, &u, &alone, &ignored) || alone))
		(void)clock_stamp_ns(stamp);
	arena_fini(&scratch);
}
