/*
 * Blobs and action results as files. Everything is written to tmp/ and renamed, so a name never
 * holds half a blob; everything read is checked, so what a crash, a bad disk or another program did
 * to a file makes it a miss, and the damaged file is removed to be made again.
 */
#include "cas/cas.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/path.h"
#include "cas/cas_impl.h"
#include "sys/clock.h"
#include "sys/pool.h"

static const int64_t HOUR_NS = (int64_t)3600 * 1000000000;
static const int64_t SEAL_GAP_NS = (int64_t)10 * 1000000000;

/* --- names --- */

void shard_path(struct str dir, const char *kind, const struct digest *d, char out[PATH_MAX])
{
	char hex[DIGEST_HEX + 1];

	digest_hex(d, hex);
	(void)snprintf(out, PATH_MAX, "%s/%s/%.2s/%s", dir.p, kind, hex, hex);
}

void blob_path(const struct cas *c, const struct digest *d, char out[PATH_MAX])
{
	shard_path(c->dir, "cas", d, out);
}

void action_path(const struct cas *c, const struct digest *key, char out[PATH_MAX])
{
	shard_path(c->dir, "ac", key, out);
}

struct str cas_dir(const struct cas *c, size_t layer)
{
	return layer == 0 ? c->dir : layer <= c->layers.n ? c->layers.v[layer - 1].dir : STR("");
}

bool cas_owns(const struct cas *c, struct str path)
{
	for (size_t i = 0; i <= c->layers.n; i++) {
		struct str dir = cas_dir(c, i), rest = str_skip(path, dir.n);

		if (str_starts(path, dir) &&
		    (str_startsc(rest, "/cas/") || str_startsc(rest, "/tmp/")))
			return true;
	}
	return false;
}

struct str cas_path(struct arena *a, const struct cas *c, const struct digest *d)
{
	char path[PATH_MAX];

	shard_path(cas_dir(c, below_layer(c, d)), "cas", d, path);
	return str_dup(a, str_of(path));
}

struct str cas_temp(struct arena *a, struct cas *c, const char *suffix)
{
	char name[SYS_UNIQUE_NAME];

	unique_name(name);
	return str_fmt(a, "%s/tmp/%s.%s", c->dir.p, name, suffix);
}

bool cas_writable(const struct cas *c, struct err *e)
{
	struct arena scratch = {0};
	struct str dir = str_fmt(&scratch, "%s/tmp", c->dir.p);
	bool ok = access(dir.p, W_OK | X_OK) == 0 ||
		  err_errno(e, "writing to the build cache %s", c->dir.p);

	arena_fini(&scratch);
	return ok;
}

/* --- what was verified in this process --- */

static size_t seen_slot(const struct cas *c, const struct digest *d)
{
	uint64_t h;

	memcpy(&h, d->sha256, sizeof h);
	for (size_t i = (size_t)h & (c->seen_slots - 1);; i = (i + 1) & (c->seen_slots - 1)) {
		if (digest_is_zero(&c->seen[i]) || digest_eq(&c->seen[i], d))
			return i;
	}
}

static bool seen_has(const struct cas *c, const struct digest *d)
{
	return c->seen_slots && !digest_is_zero(&c->seen[seen_slot(c, d)]);
}

static void seen_grow(struct cas *c)
{
	struct cas old = *c;

	c->seen_slots = old.seen_slots ? old.seen_slots * 2 : 1024;
	c->seen = mem_alloc(c->seen_slots * sizeof *c->seen);
	for (size_t i = 0; i < old.seen_slots; i++) {
		if (!digest_is_zero(&old.seen[i]))
			c->seen[seen_slot(c, &old.seen[i])] = old.seen[i];
	}
	free(old.seen);
}

static void seen_add(struct cas *c, const struct digest *d)
{
	size_t slot;

	if (c->seen_count * 2 >= c->seen_slots)
		seen_grow(c);
	slot = seen_slot(c, d);
	c->seen_count += digest_is_zero(&c->seen[slot]);
	c->seen[slot] = *d;
}

void seen_forget(struct cas *c)
{
	free(c->seen);
	c->seen = NULL;
	c->seen_count = c->seen_slots = 0;
}

/* --- opening --- */

static int64_t age_ns(const struct file_sig *sig)
{
	return clock_real_ns() - sig->mtime_ns;
}

bool make_folders(struct arena *a, struct str dir, struct err *e)
{
	static const char *const names[] = {"cas", "ac", "tmp"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (!folder_make(str_fmt(a, "%.*s/%s", STR_ARG(dir), names[i]).p, e))
			return false;
	}
	return true;
}

static const char *lock_path(struct arena *a, const struct cas *c)
{
	return str_fmt(a, "%s/lock", c->dir.p).p;
}

bool cas_open(struct arena *a, struct str dir, struct cas **out, struct err *e)
{
	struct cas *c = arena_new(a, struct cas);
	bool got;

	c->a = a;
	c->dir = str_dup(a, dir);
	c->boot = clock_boot();
	/* Names below are "/cas/ab/" and a hash: they must fit a path. */
	if (!path_is_abs(dir) || dir.n > PATH_MAX - 128)
		return err_set(e, ERR_USAGE,
			       "the cache folder must be an absolute path, not '%.*s'",
			       STR_ARG(dir)) ||
		       err_fix(e, "set CBUILD_CACHE to an absolute path");
	if (!make_folders(a, dir, e) ||
	    !lock_acquire(&c->lock, lock_path(a, c), true, true, &got, e)) {
		err_wrap(e, "opening the build cache");
		return e->fix[0] ? false
				 : err_fix(e, "set CBUILD_CACHE to a folder that can be written");
	}
	folder_sweep(str_fmt(a, "%s/tmp", c->dir.p).p);
	*out = c;
	return true;
}

void cas_close(struct cas *c)
{
	if (!c)
		return;
	below_close(c);
	seen_forget(c);
	lock_release(&c->lock);
}

/* --- blobs --- */

bool blob_intact(const struct cas *c, const struct digest *d)
{
	char path[PATH_MAX];
	struct digest got;
	struct err ignored;

	blob_path(c, d, path);
	return file_digest(path, &got, &ignored) && digest_eq(&got, d);
}

static enum cas_result miss_or_error(const struct err *e)
{
	return e->os_errno == ENOENT || e->os_errno == ENOTDIR ? CAS_MISS : CAS_ERROR;
}

/* What cannot be read back right is of no use; a cache that cannot be written keeps it. */
static enum cas_result damaged(const char *path)
{
	struct err ignored;

	if (!file_remove(path, &ignored))
		return CAS_MISS;
	return CAS_MISS;
}

/* Use is noted in the modification time, once an hour at most; cas_trim reads it. */
static void note_use(const char *path, const struct file_sig *sig)
{
	if (age_ns(sig) > HOUR_NS)
		utimensat(AT_FDCWD, path, NULL, 0);
}

/*
 * The seal: a blob whose bytes were seen to be right gets a modification time whose nanoseconds follow
 * from its digest and from this boot of the machine, set within seconds of its change time. Whoever writes
 * to the file, copies it or sets its times afterwards moves one of them and breaks the seal, and the blob is
 * hashed again. So it is once after each boot: blobs are not synced to the disk, and a power cut can leave
 * the size and times of a file without its bytes. Reading all objects of a project to find that nothing
 * changed would cost more than all else together. What changes bytes behind the file system's back is
 * cas_verify's to find.
 */
static long seal_ns(const struct cas *c, const struct digest *d)
{
	uint64_t x;

	memcpy(&x, d->sha256, sizeof x);
	return (long)(1 + (x ^ c->boot) % 999999999);
}

bool is_sealed(const struct cas *c, const struct file_sig *sig, const struct digest *d)
{
	int64_t gap_ns = sig->ctime_ns - sig->mtime_ns;

	return c->boot && sig->mtime_ns > 0 && sig->mtime_ns % 1000000000 == seal_ns(c, d) &&
	       gap_ns >= 0 && gap_ns < SEAL_GAP_NS;
}

/* A second back, so that no time lies ahead. A cache that cannot be written stays without. */
void seal(const struct cas *c, const char *path, const struct digest *d)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = seal_ns(c, d)}};

	times[1].tv_sec = (time_t)(clock_real_ns() / 1000000000 - 1);
	utimensat(AT_FDCWD, path, times, 0);
}

static enum cas_result check_blob(struct cas *c, const struct digest *d, const char *path,
				  struct file_sig *sig, struct err *e)
{
	struct digest got;

	if (!file_stat(path, sig, e))
		return miss_or_error(e);
	if (!S_ISREG(sig->mode) || sig->size_bytes != d->size_bytes)
		return damaged(path);
	if (seen_has(c, d) || (is_sealed(c, sig, d) && age_ns(sig) < HOUR_NS))
		return CAS_HIT;
	if (!is_sealed(c, sig, d)) {
		if (!file_digest(path, &got, e))
			return miss_or_error(e);
		if (!digest_eq(&got, d))
			return damaged(path);
	}
	seen_add(c, d);
	seal(c, path, d);
	return CAS_HIT;
}

/*
 * The blob must be runnable too when asked: another action may have stored the same bytes as data.
 */
static enum cas_result check_output(struct cas *c, const struct digest *d, bool executable,
				    struct err *e)
{
	enum cas_result found;
	char path[PATH_MAX];
	struct file_sig sig;

	blob_path(c, d, path);
	found = check_blob(c, d, path, &sig, e);
	if (found == CAS_HIT && executable && !(sig.mode & 0111) && chmod(path, 0555) != 0) {
		err_errno(e, "making %s executable", path);
		return CAS_ERROR;
	}
	if (found == CAS_HIT)
		below_forget(c, d);
	return found == CAS_MISS && below_find(c, d, executable) ? CAS_HIT : found;
}

enum cas_result cas_has(struct cas *c, const struct digest *d, struct err *e)
{
	return check_output(c, d, false, e);
}

static bool drop_temp(const char *path)
{
	struct err ignored;

	if (!file_remove(path, &ignored))
		return false; /* cas_open sweeps it one day. */
	return false;
}

/* Renames temp, whose content is d, to its name. temp is gone afterwards in any case. */
static bool adopt(struct cas *c, const char *temp, bool executable, const struct digest *d,
		  struct err *e)
{
	char path[PATH_MAX];

	blob_path(c, d, path);
	if (chmod(temp, executable ? 0555 : 0444) != 0) {
		err_errno(e, "setting the mode of %s", temp);
		return drop_temp(temp);
	}
	seal(c, temp, d);
	/* The shard's folder is made when the first rename finds none. */
	if (!file_move(temp, path, e) &&
	    (e->os_errno != ENOENT || !folder_make_for(path, e) || !file_move(temp, path, e)))
		return drop_temp(temp);
	seen_add(c, d);
	below_forget(c, d);
	return true;
}

bool cas_put(struct cas *c, struct str bytes, bool executable, struct digest *out, struct err *e)
{
	struct arena scratch = {0};
	const char *temp;
	bool ok;

	*out = digest_str(bytes);
	switch (check_output(c, out, executable, e)) {
	case CAS_HIT:
		return true;
	case CAS_ERROR:
		return false;
	case CAS_MISS:
		break;
	}
	temp = cas_temp(&scratch, c, "blob").p;
	ok = file_create(temp, bytes, 0444, e) && adopt(c, temp, executable, out, e);
	arena_fini(&scratch);
	return ok || err_wrap(e, "writing to the build cache %s", c->dir.p);
}

static bool put_hashed(struct cas *c, const char *path, bool executable, const struct digest *d,
		       struct err *e)
{
	switch (check_output(c, d, executable, e)) {
	case CAS_HIT:
		return file_remove(path, e);
	case CAS_ERROR:
		return drop_temp(path);
	case CAS_MISS:
		break;
	}
	return adopt(c, path, executable, d, e);
}

static bool put_moved(struct cas *c, const char *path, bool executable, struct digest *out,
		      struct err *e)
{
	if (!file_digest(path, out, e))
		return drop_temp(path);
	return put_hashed(c, path, executable, out, e);
}

/* The hash is of our copy: the original may change while it is read. */
static bool put_copied(struct cas *c, const char *path, bool executable, struct digest *out,
		       struct err *e)
{
	struct arena scratch = {0};
	const char *temp = cas_temp(&scratch, c, "blob").p;
	bool ok;

	ok = file_copy(path, temp, 0644, e) && put_moved(c, temp, executable, out, e);
	arena_fini(&scratch);
	return ok;
}

bool cas_put_file(struct cas *c, const char *path, enum cas_how how, bool executable,
		  struct digest *out, struct err *e)
{
	bool ok;

	if (how == CAS_MOVE)
		ok = put_moved(c, path, executable, out, e);
	else
		ok = put_copied(c, path, executable, out, e);
	return ok || err_wrap(e, "writing to the build cache %s", c->dir.p);
}

bool cas_put_hashed(struct cas *c, const char *path, bool executable, const struct digest *d,
		    struct err *e)
{
	return put_hashed(c, path, executable, d, e) ||
	       err_wrap(e, "writing to the build cache %s", c->dir.p);
}

static enum cas_result get_own(struct cas *c, const struct digest *d, struct arena *a,
			       struct str *out, struct err *e)
{
	char path[PATH_MAX];
	struct file_sig sig;
	struct digest got;

	blob_path(c, d, path);
	if (!file_stat(path, &sig, e))
		return miss_or_error(e);
	if (!S_ISREG(sig.mode) || sig.size_bytes != d->size_bytes)
		return damaged(path);
	if (!file_read(a, path, (size_t)d->size_bytes, out, e))
		return miss_or_error(e);
	got = digest_str(*out);
	if (!digest_eq(&got, d))
		return damaged(path);
	seen_add(c, d);
	if (!is_sealed(c, &sig, d) || age_ns(&sig) > HOUR_NS)
		seal(c, path, d);
	return CAS_HIT;
}

enum cas_result cas_get(struct cas *c, const struct digest *d, struct arena *a, struct str *out,
			struct err *e)
{
	enum cas_result found = get_own(c, d, a, out, e);

	return found == CAS_MISS && below_get(c, d, a, out) ? CAS_HIT : found;
}

/* A file that is right already keeps its times, so nothing that watches it wakes up. */
static bool in_place(const struct digest *d, const char *path, uint32_t mode, struct file_sig *sig)
{
	struct digest got;
	struct err ignored;

	return file_kind(path) == FILE_REGULAR && file_stat(path, sig, &ignored) &&
	       sig->size_bytes == d->size_bytes && (sig->mode & 07777) == (mode & 07777) &&
	       file_digest(path, &got, &ignored) && digest_eq(&got, d);
}

static bool place_link(const char *from, const char *path, uint32_t mode, struct file_sig *sig)
{
	struct err ignored;

	return file_stat(from, sig, &ignored) && (sig->mode & 07777) == mode &&
	       file_link(from, path, &ignored);
}

enum cas_result cas_place(struct cas *c, const struct digest *d, const char *path, uint32_t mode,
			  enum cas_how how, struct file_sig *placed, struct err *e)
{
	struct file_sig sig;
	enum cas_result found;
	char from[PATH_MAX];
	size_t layer;

	if (!placed)
		placed = &sig;
	if (in_place(d, path, mode, placed))
		return CAS_HIT;
	found = cas_has(c, d, e);
	if (found != CAS_HIT)
		return found;
	layer = below_layer(c, d);
	shard_path(cas_dir(c, layer), "cas", d, from);
	if (!folder_make_for(path, e))
		return CAS_ERROR;
	if (how == CAS_LINK && !layer && place_link(from, path, mode, placed))
		return CAS_HIT;
	if (!file_copy_sig(from, path, mode, placed, e))
		return CAS_ERROR;
	if (cas_steady(c, d))
		return CAS_HIT;
	return file_remove(path, e) ? CAS_MISS : CAS_ERROR;
}

/* --- action results --- */

static enum cas_result check_outputs(struct cas *c, const struct action_result *r, struct err *e)
{
	const struct digest *words[] = {&r->stdout_digest, &r->stderr_digest};
	enum cas_result found = CAS_HIT;

	for (size_t i = 0; found == CAS_HIT && i < r->output_count; i++)
		found = check_output(c, &r->outputs[i].digest, r->outputs[i].executable, e);
	for (size_t i = 0; found == CAS_HIT && i < 2; i++) {
		if (!digest_is_zero(words[i]))
			found = cas_has(c, words[i], e);
	}
	return found;
}

static enum cas_result action_get_own(struct cas *c, const struct digest *key, struct arena *a,
				      struct action_result *out, struct err *e)
{
	char path[PATH_MAX];
	struct file_sig sig;
	struct str text;

	action_path(c, key, path);
	if (!file_stat(path, &sig, e))
		return miss_or_error(e);
	if (!S_ISREG(sig.mode) || sig.size_bytes > RECORD_LIMIT_BYTES)
		return damaged(path);
	if (!file_read(a, path, RECORD_LIMIT_BYTES, &text, e))
		return miss_or_error(e);
	if (!record_read(a, key, text, out))
		return damaged(path);
	note_use(path, &sig);
	return check_outputs(c, out, e);
}

enum cas_result cas_action_get(struct cas *c, const struct digest *key, struct arena *a,
			       struct action_result *out, struct err *e)
{
	enum cas_result found = action_get_own(c, key, a, out, e);

	for (size_t i = 1; found == CAS_MISS && i <= c->layers.n; i++)
		if (below_record(c, i, key, a, out))
			found = check_outputs(c, out, e);
	return found;
}

static bool outputs_stored(struct cas *c, const struct action_result *r, struct err *e)
{
	switch (check_outputs(c, r, e)) {
	case CAS_HIT:
		return true;
	case CAS_MISS:
		return err_set(e, ERR_IO, "a blob of the result is not in the cache");
	case CAS_ERROR:
		break;
	}
	return false;
}

static bool write_record(struct cas *c, const struct digest *key, struct str text, struct err *e)
{
	struct arena scratch = {0};
	const char *temp = cas_temp(&scratch, c, "ac").p;
	bool ok = file_create(temp, text, 0444, e);
	char path[PATH_MAX];

	action_path(c, key, path);
	if (ok && !file_move(temp, path, e) &&
	    (e->os_errno != ENOENT || !folder_make_for(path, e) || !file_move(temp, path, e)))
		ok = drop_temp(temp);
	arena_fini(&scratch);
	return ok;
}

bool cas_action_put(struct cas *c, const struct digest *key, const struct action_result *r,
		    struct err *e)
{
	struct buf text = {0};
	bool ok;

	if (r->exit_status != 0)
		return err_set(e, ERR_IO, "only a successful action can be recorded");
	ok = outputs_stored(c, r, e) && record_write(key, r, &text, e) &&
	     write_record(c, key, buf_str(&text), e);
	buf_fini(&text);
	return ok || err_wrap(e, "writing to the build cache %s", c->dir.p);
}
