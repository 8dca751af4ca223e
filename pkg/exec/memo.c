/*
 * Digests of files by stat signature. The file on disk is native binary, written by this program on
 * this machine and thrown away whenever anything about it is wrong:
 *
 *     struct head   magic, boot (sys/clock.h: in another one all is hashed again), counts, SHA-256 of all
 *                   that follows
 *     struct saved  one an entry: signature, digest, where its path is
 *     paths         one after the other, no terminators
 *
 * A signature younger than two seconds when it was hashed is not saved: the next write may leave it
 * as it is (file systems stamp in ticks). Each file is statted at most once a process through here;
 * memo_still_same is what sees changes during a run.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "exec/exec_impl.h"
#include "sys/clock.h"
#include "sys/watch.h"

static const char MAGIC[16] = "cbuild-memo 2\n";
static const int64_t RACY_NS = (int64_t)2 * 1000000000;
enum { MEMO_LIMIT_BYTES = 512 * 1024 * 1024 };

struct head {
	char magic[16];
	uint64_t boot, count, path_bytes;
	uint8_t sum[DIGEST_BYTES];
};

struct saved {
	struct file_sig sig; /* mode is 32 bits: the padding behind it is written as zero */
	uint8_t sha256[DIGEST_BYTES];
	uint64_t path_at, path_n;
};

struct entry {
	struct str path;
	struct file_sig sig;
	struct digest digest;
	bool known;  /* digest belongs to sig */
	bool fresh;  /* statted by this process */
	bool racy;   /* too young to be saved */
	bool failed; /* cause says why */
	bool saved;  /* the file on disk has it as it is */
	int os_errno;
};

struct file_memo {
	struct arena *a;
	const char *path;
	struct map index; /* path -> number of its entry */
	VEC(struct entry *) entries;
	size_t loaded; /* entries of the file on disk */
};

static struct entry *entry_of(struct file_memo *m, struct str path)
{
	struct map_item *item = map_get(&m->index, path);
	struct entry *en;

	if (item)
		return item->ptr;
	en = arena_new(m->a, struct entry);
	en->path = str_dup(m->a, path);
	map_put(m->a, &m->index, en->path, NULL)->ptr = en;
	*vec_push(m->a, &m->entries) = en;
	return en;
}

/* The parts of a memo's bytes, or false. */
static bool split(struct str text, struct head *head, const char **saved, struct str *paths)
{
	struct digest sum;
	uint64_t table;

	if (text.n < sizeof *head)
		return false;
	memcpy(head, text.p, sizeof *head);
	text = str_skip(text, sizeof *head);
	if (memcmp(head->magic, MAGIC, sizeof MAGIC) != 0 || !head->boot ||
	    head->boot != clock_boot() || head->count > text.n / sizeof(struct saved))
		return false;
	table = head->count * sizeof(struct saved);
	if (head->path_bytes != text.n - table)
		return false;
	sum = digest_str(text);
	*saved = text.p;
	*paths = str_skip(text, (size_t)table);
	return memcmp(sum.sha256, head->sum, DIGEST_BYTES) == 0;
}

static void load_one(struct file_memo *m, const struct saved *s, struct str paths)
{
	struct entry *en;

	if (s->path_at > paths.n || s->path_n > paths.n - s->path_at)
		return;
	en = entry_of(m, str_from(paths.p + s->path_at, (size_t)s->path_n));
	en->sig = s->sig;
	en->digest.size_bytes = s->sig.size_bytes;
	memcpy(en->digest.sha256, s->sha256, DIGEST_BYTES);
	en->known = true;
	en->saved = true;
}

bool file_memo_open(struct arena *a, struct str path, struct file_memo **out, struct err *e)
{
	struct file_memo *m = arena_new(a, struct file_memo);
	struct arena scratch = {0};
	struct str text, paths;
	struct err ignored;
	struct head head;
	const char *table;

	(void)e;
	m->a = a;
	m->path = str_c(a, path);
	watch_pause();
	if (file_read(&scratch, m->path, MEMO_LIMIT_BYTES, &text, &ignored) &&
	    split(text, &head, &table, &paths)) {
		for (uint64_t i = 0; i < head.count; i++) {
			struct saved s;

			memcpy(&s, table + i * sizeof s, sizeof s);
			load_one(m, &s, paths);
		}
		m->loaded = (size_t)head.count;
	}
	watch_resume();
	arena_fini(&scratch);
	*out = m;
	return true;
}

/* Brings an entry up to date; touches nothing but it, so any thread may. */
static void refresh(struct entry *en)
{
	int64_t now_ns = clock_real_ns();
	struct file_sig sig;
	struct err cause;
	bool ok;

	en->fresh = true;
	ok = file_stat(en->path.p, &sig, &cause);
	if (ok && en->known && file_sig_eq(&sig, &en->sig))
		return;
	if (ok && !S_ISREG(sig.mode)) {
		cause.os_errno = EISDIR;
		ok = false;
	}
	ok = ok && file_digest(en->path.p, &en->digest, &cause);
	en->sig = sig;
	en->known = ok;
	en->saved = false;
	en->failed = !ok;
	en->os_errno = ok ? 0 : cause.os_errno;
	en->racy = !ok || now_ns - sig.mtime_ns < RACY_NS || now_ns - sig.ctime_ns < RACY_NS;
	/*
	 * Written to between the stat and the read: the size at least must agree with what was
	 * read.
	 */
	if (ok && en->digest.size_bytes != sig.size_bytes) {
		en->racy = true;
		en->sig.size_bytes = en->digest.size_bytes;
	}
}

static bool entry_error(const struct entry *en, struct err *e)
{
	if (en->os_errno == EISDIR)
		return err_at(e, ERR_INPUT, en->path.p, 0, 0, "is not a regular file");
	errno = en->os_errno;
	return err_errno(e, "reading %s", en->path.p);
}

bool file_memo_digest(struct file_memo *m, struct str path, struct digest *out, struct err *e)
{
	struct entry *en = entry_of(m, path);

	watch_note(path, WATCH_HASHED);
	watch_pause();
	if (!en->fresh)
		refresh(en);
	watch_resume();
	if (en->failed)
		return entry_error(en, e);
	*out = en->digest;
	return true;
}

void memo_forget(struct file_memo *m, struct str path)
{
	entry_of(m, path)->fresh = false;
}

static void refresh_nth(void *ctx, size_t i)
{
	struct entry **todo = ctx;

	refresh(todo[i]);
}

bool memo_digest_all(struct file_memo *m, struct arena *a, const struct str *paths, size_t n,
		     struct digest *out, struct index_vec *missing, struct err *e)
{
	struct entry **of = arena_array(a, struct entry *, n),
		     **todo = arena_array(a, struct entry *, n);
	size_t todo_n = 0;

	for (size_t i = 0; i < n; i++) {
		of[i] = entry_of(m, paths[i]);
		watch_note(paths[i], WATCH_HASHED);
		if (of[i]->fresh)
			continue;
		of[i]->fresh = true; /* so that a path given twice is done once */
		todo[todo_n++] = of[i];
	}
	watch_pause();
	pool_each(todo_n, 0, refresh_nth, todo);
	watch_resume();
	for (size_t i = 0; i < n; i++) {
		out[i] = of[i]->digest;
		if (!of[i]->failed)
			continue;
		if (of[i]->os_errno != ENOENT && of[i]->os_errno != ENOTDIR)
			return entry_error(of[i], e);
		*vec_push(a, missing) = i;
	}
	return true;
}

bool memo_still_same(struct file_memo *m, struct str path, const struct digest *d)
{
	struct entry *en = entry_of(m, path);
	struct file_sig now;
	struct err ignored;
	bool same;

	watch_pause(); /* it is noted already */
	same = en->fresh && en->known && digest_eq(&en->digest, d) &&
	       file_stat(en->path.p, &now, &ignored) && file_sig_eq(&now, &en->sig);
	watch_resume();
	en->fresh = en->fresh && same;
	return same;
}

bool file_changed_since(struct str path, int64_t since_ns)
{
	struct arena scratch = {0};
	struct file_sig sig;
	struct err ignored;
	bool changed;

	watch_pause();
	changed = !file_stat(str_c(&scratch, path), &sig, &ignored) || sig.ctime_ns >= since_ns ||
		  sig.mtime_ns >= since_ns;
	watch_resume();
	arena_fini(&scratch);
	return changed;
}

static bool worth_saving(const struct entry *en)
{
	return en->known && !en->racy;
}

/* Whether the file on disk is not what save would write. */
static bool is_dirty(const struct file_memo *m)
{
	size_t saved = 0;

	for (size_t i = 0; i < m->entries.n; i++) {
		if (worth_saving(m->entries.v[i]) && !m->entries.v[i]->saved)
			return true;
		saved += m->entries.v[i]->saved;
	}
	return saved != m->loaded;
}

static void save_entry(struct buf *table, struct buf *paths, const struct entry *en)
{
	struct saved s;

	memset(&s, 0, sizeof s);
	s.sig.dev = en->sig.dev;
	s.sig.ino = en->sig.ino;
	s.sig.size_bytes = en->sig.size_bytes;
	s.sig.mtime_ns = en->sig.mtime_ns;
	s.sig.ctime_ns = en->sig.ctime_ns;
	s.sig.mode = en->sig.mode;
	memcpy(s.sha256, en->digest.sha256, DIGEST_BYTES);
	s.path_at = paths->n;
	s.path_n = en->path.n;
	buf_add(table, &s, sizeof s);
	buf_adds(paths, en->path);
}

static bool save(const struct file_memo *m, struct err *e)
{
	struct buf body = {0}, paths = {0}, all = {0};
	struct head head;
	struct digest sum;
	bool ok;

	memset(&head, 0, sizeof head);
	memcpy(head.magic, MAGIC, sizeof MAGIC);
	head.boot = clock_boot();
	for (size_t i = 0; i < m->entries.n; i++) {
		if (!worth_saving(m->entries.v[i]))
			continue;
		save_entry(&body, &paths, m->entries.v[i]);
		head.count++;
	}
	head.path_bytes = paths.n;
	buf_adds(&body, buf_str(&paths));
	sum = digest_str(buf_str(&body));
	memcpy(head.sum, sum.sha256, DIGEST_BYTES);
	buf_add(&all, &head, sizeof head);
	buf_adds(&all, buf_str(&body));
	ok = folder_make_for(m->path, e) && file_write_fast(m->path, buf_str(&all), 0644, e);
	buf_fini(&all);
	buf_fini(&paths);
	buf_fini(&body);
	return ok;
}

bool file_memo_close(struct file_memo *m, struct err *e)
{
	return !m || !is_dirty(m) || save(m, e);
}
