/*
 * The records of the actions that ran here last, for --explain, in one file (STATE/records): a file an action
 * would cost the file system more than writing it. A run appends a batch:
 *
 *     struct head    magic, sizes, a hash of what follows
 *     pieces         lines of records, each once: length (32 bits), bytes
 *     entries        key (64 bits), count (32 bits), that many offsets of pieces (32 bits each)
 *
 * in this machine's byte order. The entry behind all others of its key counts. A batch that is damaged ends
 * the file: --explain then knows less, and nothing else rests on it.
 */
#include <string.h>

#include "exec/exec_impl.h"

enum { BATCH_BYTES_MAX = 4 << 20, FILE_LIMIT_BYTES = 512 << 20 };

static const char MAGIC[8] = {'c', 'b', 'l', 'a', 's', 't', '1', '\n'};

struct head {
	char magic[8];
	uint64_t piece_bytes, entry_bytes, sum;
};

struct entry {
	const char *pieces; /* of its batch */
	size_t piece_bytes;
	const char *offsets; /* unaligned */
	uint32_t count;
};

/* --- writing --- */

static uint32_t add_piece(struct last *l, struct str piece)
{
	bool added;
	struct map_item *item = map_get(&l->index, piece);
	uint32_t n = (uint32_t)piece.n;

	if (item)
		return (uint32_t)item->num;
	item = map_put(&l->a, &l->index, str_dup(&l->a, piece), &added);
	item->num = l->pieces.n;
	buf_add(&l->pieces, &n, sizeof n);
	buf_adds(&l->pieces, piece);
	return (uint32_t)item->num;
}

static void batch_of(const struct last *l, struct buf *out)
{
	struct head h = {.piece_bytes = l->pieces.n, .entry_bytes = l->entries.n};

	memcpy(h.magic, MAGIC, sizeof MAGIC);
	buf_add(out, &h, sizeof h);
	buf_adds(out, buf_str(&l->pieces));
	buf_adds(out, buf_str(&l->entries));
	h.sum = str_hash(str_skip(buf_str(out), sizeof h));
	memcpy(out->p, &h, sizeof h);
}

static void forget_batch(struct last *l)
{
	buf_fini(&l->pieces);
	buf_fini(&l->entries);
	arena_fini(&l->a);
	l->index = (struct map){0};
}

/* A failure only costs words. */
static void flush(struct last *l)
{
	struct buf batch = {0};
	struct err ignored;

	if (l->path && l->entries.n) {
		batch_of(l, &batch);
		if (!file_append(l->path, buf_str(&batch), 0644, &ignored))
			buf_clear(&batch);
	}
	buf_fini(&batch);
	forget_batch(l);
}

static void put(struct last *l, uint64_t key, struct str record)
{
	uint32_t count = 0;
	size_t at;

	buf_add(&l->entries, &key, sizeof key);
	at = l->entries.n;
	buf_add(&l->entries, &count, sizeof count);
	for (; record.n; count++) {
		size_t n = str_find(record, '\n');
		struct str piece = str_from(record.p, n < record.n ? n + 1 : n);
		uint32_t offset = add_piece(l, piece);

		buf_add(&l->entries, &offset, sizeof offset);
		record = str_skip(record, piece.n);
	}
	memcpy(l->entries.p + at, &count, sizeof count);
}

void last_put(struct last *l, const struct action *x, struct str record)
{
	if (!l->path)
		return;
	put(l, action_slot(x), record);
	if (l->pieces.n + l->entries.n > BATCH_BYTES_MAX)
		flush(l);
}

/* --- reading --- */

/* The entries of one batch, in order; the latest of a key wins. */
static void index_entries(struct last_file *f, struct str pieces, struct str entries)
{
	while (entries.n >= sizeof(uint64_t) + sizeof(uint32_t)) {
		struct entry *x = arena_new(&f->a, struct entry);
		struct str key = str_from(entries.p, sizeof(uint64_t));

		memcpy(&x->count, entries.p + key.n, sizeof x->count);
		entries = str_skip(entries, key.n + sizeof x->count);
		if (x->count > entries.n / sizeof(uint32_t))
			return;
		x->pieces = pieces.p;
		x->piece_bytes = pieces.n;
		x->offsets = entries.p;
		entries = str_skip(entries, x->count * sizeof(uint32_t));
		map_put(&f->a, &f->entries, key, NULL)->ptr = x;
	}
}

/* Cuts one batch off *rest; false at the end and where the file is damaged. */
static bool next_batch(struct last_file *f, struct str *rest)
{
	struct head h;
	struct str body;

	if (rest->n < sizeof h)
		return false;
	memcpy(&h, rest->p, sizeof h);
	body = str_skip(*rest, sizeof h);
	if (memcmp(h.magic, MAGIC, sizeof MAGIC) != 0 || h.piece_bytes > body.n ||
	    h.entry_bytes > body.n - h.piece_bytes)
		return false;
	body.n = (size_t)(h.piece_bytes + h.entry_bytes);
	if (str_hash(body) != h.sum)
		return false;
	index_entries(f, str_from(body.p, (size_t)h.piece_bytes),
		      str_skip(body, (size_t)h.piece_bytes));
	if (!f->first_bytes)
		f->first_bytes = sizeof h + body.n;
	*rest = str_skip(*rest, sizeof h + body.n);
	return true;
}

static void read_file(struct last_file *f, const char *path)
{
	struct str rest;
	struct err ignored;

	*f = (struct last_file){.read = true};
	if (!file_read(&f->a, path, FILE_LIMIT_BYTES, &rest, &ignored))
		return;
	while (next_batch(f, &rest))
		;
}

static bool text_of(const struct entry *x, struct buf *out)
{
	for (uint32_t i = 0; i < x->count; i++) {
		uint32_t at, n;

		memcpy(&at, x->offsets + i * sizeof at, sizeof at);
		if (at > x->piece_bytes || x->piece_bytes - at < sizeof n)
			return false;
		memcpy(&n, x->pieces + at, sizeof n);
		if (n > x->piece_bytes - at - sizeof n)
			return false;
		buf_add(out, x->pieces + at + sizeof n, n);
	}
	return true;
}

bool last_get(struct last *l, struct arena *a, const struct action *x, struct str *record)
{
	uint64_t key = action_slot(x);
	const struct entry *found;
	struct buf text = {0};
	bool ok;

	if (!l->path)
		return false;
	if (!l->file.read)
		read_file(&l->file, l->path);
	found = map_ptr(&l->file.entries, str_from((const char *)&key, sizeof key));
	ok = found && text_of(found, &text);
	if (ok)
		*record = str_dup(a, buf_str(&text));
	buf_fini(&text);
	return ok;
}

/* --- the whole --- */

void last_open(struct last *l, const char *path)
{
	*l = (struct last){.path = path};
}

/* Far more than one entry a key: only the latest of each are kept. */
static void shrink(struct last *l)
{
	struct buf text = {0}, batch = {0};
	struct err ignored;

	for (size_t i = 0; i < l->file.entries.n; i++) {
		const struct map_item *item = &l->file.entries.items[i];
		uint64_t key;

		memcpy(&key, item->key.p, sizeof key);
		buf_clear(&text);
		if (text_of(item->ptr, &text))
			put(l, key, buf_str(&text));
	}
	batch_of(l, &batch);
	if (!file_write_fast(l->path, buf_str(&batch), 0644, &ignored))
		buf_clear(&batch);
	buf_fini(&text);
	buf_fini(&batch);
	forget_batch(l);
}

void last_close(struct last *l)
{
	struct file_sig sig;
	struct err ignored;
	bool wrote = l->entries.n != 0;

	flush(l);
	/* The first batch is what a whole build wrote, or up to a batch's limit of it. */
	if (wrote && l->path && file_stat(l->path, &sig, &ignored) &&
	    sig.size_bytes > 4 * (uint64_t)BATCH_BYTES_MAX) {
		arena_fini(&l->file.a);
		read_file(&l->file, l->path);
		if (sig.size_bytes > 4 * (l->file.first_bytes + BATCH_BYTES_MAX))
			shrink(l);
	}
	arena_fini(&l->file.a);
}
