/*
 * The caches below: other people's, or on media that cannot be written, so only read, and believed in
 * nothing. A blob there has no seal of ours. When its hash was right, its stat signature is kept in this
 * cache's own folder:
 *
 *     below      struct head (magic, boot, count, SHA-256 of what follows), then struct witness, one a blob;
 *                in this machine's byte order, written whole at the end, so that of two processes one loses
 *
 * The same signature, the same bytes, as for the files of a tree (exec/memo.c): not when it was younger than
 * two seconds, and not after the machine was started again. Anything wrong down there is a miss.
 */
#include <string.h>
#include <sys/stat.h>

#include "cas/cas_impl.h"
#include "sys/clock.h"
#include "sys/watch.h"

static const char MAGIC[16] = "cbuild-below 1\n";
static const int64_t RACY_NS = (int64_t)2 * 1000000000;
/* With more than so many, only what this process used is kept. */
enum { BELOW_LIMIT_BYTES = 512 * 1024 * 1024, KEPT_MOST = 1000 * 1000 };

struct head {
	char magic[16];
	uint64_t boot, count;
	uint8_t sum[DIGEST_BYTES];
};

struct witness {
	uint8_t sha256[DIGEST_BYTES];
	struct file_sig sig;
};

struct known {
	struct witness w;
	size_t layer; /* where this process found it; 0: not yet, or c has it itself */
	bool racy;    /* too young to be kept */
};

static struct str key_of(const uint8_t *sha256)
{
	return str_from((const char *)sha256, DIGEST_BYTES);
}

static struct known *known_new(struct cas *c, const uint8_t *sha256)
{
	struct known *k = arena_new(c->a, struct known);

	memcpy(k->w.sha256, sha256, DIGEST_BYTES);
	map_put(c->a, &c->below, key_of(k->w.sha256), NULL)->ptr = k;
	return k;
}

/* --- what earlier processes verified --- */

static struct str file_name(struct arena *a, const struct cas *c)
{
	return str_fmt(a, "%s/below", c->dir.p);
}

static bool intact(const struct cas *c, struct str text, struct head *h)
{
	struct digest sum;

	if (text.n < sizeof *h)
		return false;
	memcpy(h, text.p, sizeof *h);
	text = str_skip(text, sizeof *h);
	if (memcmp(h->magic, MAGIC, sizeof MAGIC) != 0 || !h->boot || h->boot != c->boot ||
	    text.n % sizeof(struct witness) != 0 || h->count != text.n / sizeof(struct witness))
		return false;
	sum = digest_str(text);
	return memcmp(sum.sha256, h->sum, DIGEST_BYTES) == 0;
}

static void load(struct cas *c)
{
	struct arena scratch = {0};
	struct err ignored;
	struct str text;
	struct head h;

	c->below_loaded = true;
	if (file_read(&scratch, file_name(&scratch, c).p, BELOW_LIMIT_BYTES, &text, &ignored) &&
	    intact(c, text, &h)) {
		for (uint64_t i = 0; i < h.count; i++) {
			struct witness w;

			memcpy(&w, text.p + sizeof h + i * sizeof w, sizeof w);
			if (!map_get(&c->below, key_of(w.sha256)))
				known_new(c, w.sha256)->w.sig = w.sig;
		}
	}
	arena_fini(&scratch);
}

static void save(const struct cas *c)
{
	struct arena scratch = {0};
	struct buf body = {0}, all = {0};
	struct digest sum;
	struct err ignored;
	struct head h;

	memset(&h, 0, sizeof h);
	memcpy(h.magic, MAGIC, sizeof MAGIC);
	h.boot = c->boot;
	for (size_t i = 0; i < c->below.n; i++) {
		const struct known *k = c->below.items[i].ptr;

		if (k->racy || (c->below.n > KEPT_MOST && !k->layer))
			continue;
		buf_add(&body, &k->w, sizeof k->w);
		h.count++;
	}
	sum = digest_str(buf_str(&body));
	memcpy(h.sum, sum.sha256, DIGEST_BYTES);
	buf_add(&all, &h, sizeof h);
	buf_adds(&all, buf_str(&body));
	if (!file_write_fast(file_name(&scratch, c).p, buf_str(&all), 0644, &ignored))
		buf_clear(&all); /* then the next process hashes again */
	buf_fini(&all);
	buf_fini(&body);
	arena_fini(&scratch);
}

/* --- layers --- */

/* Its owner cannot trim it while this process may read there, if it is a cache that is in use. */
static bool hold(struct layer *l)
{
	struct arena scratch = {0};
	const char *lock = str_fmt(&scratch, "%s/lock", l->dir.p).p;
	bool ok = lock_join(&l->lock, lock) || file_kind(lock) == FILE_ABSENT;

	arena_fini(&scratch);
	return ok;
}

bool cas_layer(struct cas *c, struct str dir)
{
	struct layer l = {.dir = str_dup(c->a, dir), .lock = {-1}};
	struct file_sig own, other;
	struct err ignored;
	bool ok;

	watch_pause();
	ok = dir.n && dir.p[0] == '/' && dir.n <= PATH_MAX - 128 &&
	     file_stat(l.dir.p, &other, &ignored) && S_ISDIR(other.mode) &&
	     file_stat(c->dir.p, &own, &ignored) &&
	     (own.dev != other.dev || own.ino != other.ino) && hold(&l);
	watch_resume();
	if (ok)
		*vec_push(c->a, &c->layers) = l;
	return ok;
}

void below_close(struct cas *c)
{
	if (c->below_fresh)
		save(c);
	for (size_t i = 0; i < c->layers.n; i++)
		lock_release(&c->layers.v[i].lock);
	c->layers.n = 0;
}

/* --- blobs --- */

static bool fits(const char *path, const struct digest *d, bool executable, struct file_sig *sig)
{
	struct err ignored;

	return file_stat(path, sig, &ignored) && S_ISREG(sig->mode) &&
	       sig->size_bytes == d->size_bytes && (!executable || (sig->mode & 0111));
}

static bool hashes_to(const char *path, const struct digest *d, const struct file_sig *sig)
{
	struct file_sig after;
	struct digest got;
	struct err ignored;

	return file_digest(path, &got, &ignored) && digest_eq(&got, d) &&
	       file_stat(path, &after, &ignored) && file_sig_eq(sig, &after);
}

static bool found_in(struct cas *c, size_t layer, const struct digest *d, bool executable,
		     struct known *k)
{
	int64_t now_ns = clock_real_ns();
	char path[PATH_MAX];
	struct file_sig sig;

	shard_path(cas_dir(c, layer), "cas", d, path);
	if (!fits(path, d, executable, &sig))
		return false;
	if (!k || !file_sig_eq(&k->w.sig, &sig)) {
		if (!hashes_to(path, d, &sig))
			return false;
		k = k ? k : known_new(c, d->sha256);
		k->w.sig = sig;
		k->racy = now_ns - sig.ctime_ns < RACY_NS || now_ns - sig.mtime_ns < RACY_NS;
		c->below_fresh = c->below_fresh || !k->racy;
	}
	k->layer = layer;
	return true;
}

bool below_find(struct cas *c, const struct digest *d, bool executable)
{
	struct known *k;
	bool found = false;

	if (!c->layers.n)
		return false;
	watch_pause();
	if (!c->below_loaded)
		load(c);
	k = map_ptr(&c->below, key_of(d->sha256));
	if (k)
		k->layer = 0;
	for (size_t i = 1; !found && i <= c->layers.n; i++)
		found = found_in(c, i, d, executable, k);
	watch_resume();
	return found;
}

size_t below_layer(const struct cas *c, const struct digest *d)
{
	const struct known *k = c->layers.n ? map_ptr(&c->below, key_of(d->sha256)) : NULL;

	return k ? k->layer : 0;
}

void below_forget(struct cas *c, const struct digest *d)
{
	struct known *k = c->layers.n ? map_ptr(&c->below, key_of(d->sha256)) : NULL;

	if (k)
		k->layer = 0;
}

bool cas_steady(const struct cas *c, const struct digest *d)
{
	size_t layer = below_layer(c, d);
	const struct known *k;
	char path[PATH_MAX];
	struct file_sig sig;
	bool same;

	if (!layer)
		return true;
	k = map_ptr(&c->below, key_of(d->sha256));
	shard_path(cas_dir(c, layer), "cas", d, path);
	watch_pause();
	same = fits(path, d, false, &sig) && file_sig_eq(&sig, &k->w.sig);
	watch_resume();
	return same;
}

bool below_get(struct cas *c, const struct digest *d, struct arena *a, struct str *out)
{
	bool found = false;

	watch_pause();
	for (size_t i = 1; !found && i <= c->layers.n; i++) {
		char path[PATH_MAX];
		struct file_sig sig;
		struct err ignored;

		shard_path(cas_dir(c, i), "cas", d, path);
		if (fits(path, d, false, &sig) &&
		    file_read(a, path, (size_t)d->size_bytes, out, &ignored)) {
			struct digest got = digest_str(*out);

			found = digest_eq(&got, d);
		}
	}
	watch_resume();
	return found;
}

bool below_record(struct cas *c, size_t layer, const struct digest *key, struct arena *a,
		  struct action_result *out)
{
	char path[PATH_MAX];
	struct err ignored;
	struct str text;
	bool ok;

	shard_path(cas_dir(c, layer), "ac", key, path);
	watch_pause();
	ok = file_kind(path) == FILE_REGULAR &&
	     file_read(a, path, RECORD_LIMIT_BYTES, &text, &ignored) &&
	     record_read(a, key, text, out);
	watch_resume();
	return ok;
}
