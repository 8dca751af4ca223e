/*
 * The memo's file. It is read whole when a graph is loaded; entries are decoded as they are asked for. What
 * this run did not ask for stays for another branch of the project, until it is the larger part.
 */
#include "mod/facts_impl.h"

#include <string.h>

#include "base/path.h"
#include "sys/clock.h"
#include "sys/look.h"
#include "sys/watch.h"

enum { FILE_BYTES_MAX = 64 << 20, FILE_MODE = 0644, SPARE = 64 };
/* The least that an entry takes: three texts, three numbers of eight bytes. */
enum { ENTRY_BYTES_MIN = 3 * 2 + 3 * 8, SUM_BYTES = 8 };
/* A folder that changed just now may change again without its times telling. */
static const int64_t RACY_NS = (int64_t)2 * 1000000000;
/* What follows, and what facts_code.c writes: see facts_impl.h. */
static const char MAGIC[16] = "cbuild-facts 1\n";

static struct str key_of(struct arena *a, const struct mod_version *v)
{
	return str_pair(a, v->path, ' ', v->version);
}

/* ---- the file ---- */

static bool read_entry(struct facts *f, struct facts_reader *r)
{
	struct fact *x = arena_new(f->a, struct fact);
	bool added;

	x->key = facts_read_text(r);
	x->sum = facts_read_text(r);
	x->sig.ino = facts_read_fixed(r);
	x->sig.mtime_ns = (int64_t)facts_read_fixed(r);
	x->sig.ctime_ns = (int64_t)facts_read_fixed(r);
	x->body = facts_read_text(r);
	if (r->failed)
		return false;
	map_put(f->a, &f->by_key, x->key, &added)->ptr = x;
	return added;
}

bool facts_parse(struct facts *f, struct str bytes)
{
	struct facts_reader r = {.rest = bytes}, sum;
	uint64_t n;

	if (bytes.n < sizeof MAGIC + SUM_BYTES || memcmp(bytes.p, MAGIC, sizeof MAGIC) != 0)
		return false;
	r.rest.n -= SUM_BYTES;
	sum.rest = str_skip(bytes, r.rest.n);
	if (facts_read_fixed(&sum) != str_hash(r.rest))
		return false;
	r.rest = str_skip(r.rest, sizeof MAGIC);
	n = facts_read_number(&r);
	if (n > r.rest.n / ENTRY_BYTES_MIN)
		return false;
	map_reserve(f->a, &f->by_key, (size_t)n);
	while (n && read_entry(f, &r))
		n--;
	if (!n && !r.failed && !r.rest.n)
		return true;
	f->by_key = (struct map){0};
	return false;
}

static void add_entry(struct buf *b, const struct fact *x)
{
	facts_add_text(b, x->key);
	facts_add_text(b, x->sum);
	facts_add_fixed(b, x->sig.ino);
	facts_add_fixed(b, (uint64_t)x->sig.mtime_ns);
	facts_add_fixed(b, (uint64_t)x->sig.ctime_ns);
	facts_add_text(b, x->body);
}

struct str facts_text(struct facts *f)
{
	const struct map *all = &f->by_key;
	struct buf b = {0};
	struct str out;
	size_t used = 0;
	bool keep;

	for (size_t i = 0; i < all->n; i++)
		used += ((const struct fact *)all->items[i].ptr)->used;
	keep = all->n - used <= used + SPARE;
	buf_add(&b, MAGIC, sizeof MAGIC);
	facts_add_number(&b, keep ? all->n : used);
	for (size_t i = 0; i < all->n; i++) {
		const struct fact *x = all->items[i].ptr;

		if (keep || x->used)
			add_entry(&b, x);
	}
	facts_add_fixed(&b, str_hash(buf_str(&b)));
	out = str_dup(f->a, buf_str(&b));
	buf_fini(&b);
	return out;
}

/* Two checkouts of one module share what they know; a project without a name has its own. */
static struct str file_of(struct arena *a, const struct mod_opts *o, const struct manifest *main)
{
	struct str who =
	    str_pair(a, o->program, '\n', main->module.n ? main->module : o->project_dir);
	struct digest d = digest_str(who);
	char hex[DIGEST_HEX + 1];

	digest_hex(&d, hex);
	return str_fmt(a, "%.*s/mod/.req/%s", STR_ARG(o->cache_dir), hex);
}

/* A build's watch notes what is read; the memo is no input of it. */
void facts_open(struct facts *f, struct arena *a, const struct mod_opts *o,
		const struct manifest *main)
{
	struct err ignored;
	struct str bytes;

	*f = (struct facts){.a = a, .o = o, .file = file_of(a, o, main)};
	watch_pause();
	if (file_read(a, f->file.p, FILE_BYTES_MAX, &bytes, &ignored))
		(void)!facts_parse(f, bytes);
	watch_resume();
}

void facts_forget(struct arena *a, const struct mod_opts *o, const struct manifest *main)
{
	struct err ignored;

	(void)!file_remove(str_c(a, file_of(a, o, main)), &ignored);
}

/* Files of projects that are there no more, or of another cbuild. */
static void sweep(struct arena *a, struct str dir)
{
	static const int64_t KEEP_NS = (int64_t)60 * 24 * 3600 * 1000000000;
	struct folder_entry *list;
	struct file_sig sig;
	struct err ignored;
	size_t n;

	if (!folder_list(a, str_c(a, dir), &list, &n, &ignored))
		return;
	for (size_t i = 0; i < n; i++) {
		struct str path = path_join(a, dir, list[i].name);

		if (file_stat(path.p, &sig, &ignored) && clock_real_ns() - sig.mtime_ns > KEEP_NS)
			(void)!file_remove(path.p, &ignored);
	}
}

void facts_save(struct facts *f)
{
	struct err ignored;

	if (!f->changed)
		return;
	f->changed = false;
	watch_pause();
	if (folder_make_for(f->file.p, &ignored) &&
	    file_write_fast(f->file.p, facts_text(f), FILE_MODE, &ignored))
		sweep(f->a, path_dir(f->file));
	watch_resume();
}

/* ---- entries ---- */

static struct fact *find(const struct facts *f, const struct mod_version *v)
{
	return f->by_key.n ? map_ptr(&f->by_key, key_of(f->a, v)) : NULL;
}

struct manifest *facts_get(struct facts *f, const struct mod_version *v, struct str sum)
{
	struct fact *x = find(f, v);

	if (!x || x->dropped || !str_eq(x->sum, sum))
		return NULL;
	if (!x->m) {
		x->m = arena_new(f->a, struct manifest);
		if (!facts_decode(f->a, x->body, x->m)) {
			x->dropped = true;
			return NULL;
		}
	}
	x->used = true;
	return x->m;
}

void facts_drop(struct facts *f, const struct mod_version *v)
{
	struct fact *x = find(f, v);

	if (x)
		x->dropped = true;
}

void facts_put(struct facts *f, const struct mod_version *v, struct str sum,
	       const struct manifest *m)
{
	struct fact *x;
	struct buf b = {0};

	if (!f->a)
		return;
	x = find(f, v);
	if (!x) {
		x = arena_new(f->a, struct fact);
		x->key = key_of(f->a, v);
		map_put(f->a, &f->by_key, x->key, NULL)->ptr = x;
	}
	x->used = true;
	facts_encode(&b, m);
	if (!str_eq(x->sum, sum) || !str_eq(x->body, buf_str(&b))) {
		x->sum = sum;
		x->sig = (struct fact_sig){0};
		x->body = str_dup(f->a, buf_str(&b));
		f->changed = true;
	}
	buf_fini(&b);
}

/* ---- folders ---- */

static bool same_sig(const struct fact_sig *x, const struct fact_sig *y)
{
	return x->ino == y->ino && x->mtime_ns == y->mtime_ns && x->ctime_ns == y->ctime_ns;
}

static bool is_racy(const struct fact_sig *s)
{
	return clock_real_ns() - s->ctime_ns < RACY_NS;
}

/*
 * A folder of the cache is renamed into its place whole and read-only; one that is the same inode with the same times
 * as when its sum was compared has that sum. It is looked at first, so that one that is put there meanwhile differs.
 */
bool facts_in_cache(struct facts *f, const struct mod_version *v, int mod_dir, struct str name)
{
	struct fact *x = find(f, v);
	struct file_sig look;
	struct fact_sig sig;
	struct err ignored;
	struct str sum;
	bool found;

	if (!x || look_at(mod_dir, name.p, false, &look) != FILE_FOLDER)
		return false;
	sig = (struct fact_sig){look.ino, look.mtime_ns, look.ctime_ns};
	if (same_sig(&sig, &x->sig))
		return true;
	if (!cache_find(f->a, f->o, name, &sum, &found, &ignored) || !found || !str_eq(sum, x->sum))
		return false;
	if (!is_racy(&sig)) {
		x->sig = sig;
		f->changed = true;
	}
	return true;
}
