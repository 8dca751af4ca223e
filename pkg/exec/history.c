/*
 * What actions cost the last time, for the order and the expected end of the next run. An entry whose
 * action is gone stays until there are far more entries than this run has use for.
 */
#include <stdlib.h>
#include <string.h>

#include "exec/exec_impl.h"

static const char magic[8] = {'c', 'b', 'c', 'o', 's', 't', 's', '1'};

enum { FILE_BYTES_MAX = 64 * 1024 * 1024, ENTRIES_MAX = 1 << 20 };

struct header {
	char magic[8];
	uint64_t count, sum;
};

static int by_key(const void *a, const void *b)
{
	const struct history_entry *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static struct str entry_bytes(const struct history_entry *v, size_t n)
{
	return n ? str_from((const char *)v, n * sizeof *v) : STR("");
}

uint64_t action_slot(const struct action *x)
{
	struct buf b = {0};
	uint64_t key;

	buf_adds(&b, x->target);
	buf_add_byte(&b, '\0');
	buf_adds(&b, x->title);
	buf_add_byte(&b, '\0');
	if (x->outputs.n)
		buf_adds(&b, x->outputs.v[0].path);
	key = str_hash(buf_str(&b));
	buf_fini(&b);
	return key;
}

void history_open(struct history *h, const char *path)
{
	struct header head;
	struct err ignored;
	struct str text, rest;

	*h = (struct history){0};
	if (!path || !file_read(&h->a, path, FILE_BYTES_MAX, &text, &ignored) ||
	    text.n < sizeof head)
		return;
	memcpy(&head, text.p, sizeof head);
	rest = str_skip(text, sizeof head);
	if (memcmp(head.magic, magic, sizeof magic) != 0 || head.count > ENTRIES_MAX ||
	    rest.n != head.count * sizeof *h->entries || str_hash(rest) != head.sum)
		return;
	h->n = (size_t)head.count;
	h->entries = arena_array(&h->a, struct history_entry, h->n);
	if (h->n)
		memcpy(h->entries, rest.p, rest.n);
}

struct cost history_get(const struct history *h, const struct action *x)
{
	struct history_entry want, *found = NULL;

	if (!h->n)
		return (struct cost){0};
	want.key = action_slot(x);
	found = bsearch(&want, h->entries, h->n, sizeof want, by_key);
	if (!found)
		return (struct cost){0};
	return (struct cost){found->wall_ms, (uint64_t)found->peak_kib * 1024, true};
}

static uint32_t to_u32(uint64_t n)
{
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

void history_put(struct history *h, const struct action *x, uint64_t wall_ms, uint64_t peak_bytes)
{
	*vec_push(&h->a, &h->fresh) = (struct history_entry){.key = action_slot(x),
							     .wall_ms = to_u32(wall_ms),
							     .peak_kib = to_u32(peak_bytes / 1024)};
}

/* Old entries behind the fresh ones, without those that were replaced. Returns how many in all. */
static size_t merge(struct history *h, struct history_entry *out)
{
	size_t n = 0, old = 0;

	qsort(h->fresh.v, h->fresh.n, sizeof *out, by_key);
	for (size_t i = 0; i < h->fresh.n; i++) {
		if (i && h->fresh.v[i - 1].key == h->fresh.v[i].key)
			continue;
		while (old < h->n && h->entries[old].key < h->fresh.v[i].key)
			out[n++] = h->entries[old++];
		if (old < h->n && h->entries[old].key == h->fresh.v[i].key)
			old++;
		out[n++] = h->fresh.v[i];
	}
	while (old < h->n)
		out[n++] = h->entries[old++];
	return n;
}

void history_close(struct history *h, const char *path)
{
	struct header head = {0};
	struct history_entry *all;
	struct buf b = {0};
	struct err ignored;
	size_t n;

	if (path && h->fresh.n) {
		/* Too many: start again with what this run knows. */
		h->n = h->n + h->fresh.n > ENTRIES_MAX ? 0 : h->n;
		all = arena_array(&h->a, struct history_entry, h->n + h->fresh.n);
		n = merge(h, all);
		memcpy(head.magic, magic, sizeof magic);
		head.count = n;
		head.sum = str_hash(entry_bytes(all, n));
		buf_add(&b, &head, sizeof head);
		buf_adds(&b, entry_bytes(all, n));
		if (!folder_make_for(path, &ignored) ||
		    !file_write_fast(path, buf_str(&b), 0644, &ignored))
			h->n = 0; /* the next run guesses */
		buf_fini(&b);
	}
	arena_fini(&h->a);
	*h = (struct history){0};
}
