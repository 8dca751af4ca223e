/*
 * Linear probing over a power-of-two slot table kept at most half full.
 */
#include "base/map.h"

static uint32_t *find_slot(const struct map *m, struct str key, uint64_t hash)
{
	size_t mask = m->slot_count - 1;

	for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
		const struct map_item *item;

		if (!m->slots[i])
			return &m->slots[i];
		item = &m->items[m->slots[i] - 1];
		if (item->hash == hash && str_eq(item->key, key))
			return &m->slots[i];
	}
}

struct map_item *map_get(const struct map *m, struct str key)
{
	uint32_t *slot;

	if (!m->slot_count)
		return NULL;
	slot = find_slot(m, key, str_hash(key));
	return *slot ? &m->items[*slot - 1] : NULL;
}

static void set_slots(struct arena *a, struct map *m, size_t count)
{
	m->slots = arena_array(a, uint32_t, count);
	m->slot_count = count;
	for (size_t i = 0; i < m->n; i++)
		*find_slot(m, m->items[i].key, m->items[i].hash) = (uint32_t)(i + 1);
}

static void set_items(struct arena *a, struct map *m, size_t cap)
{
	m->items =
	    arena_grow(a, m->items, m->cap, cap, sizeof *m->items, _Alignof(struct map_item));
	m->cap = cap;
}

void map_reserve(struct arena *a, struct map *m, size_t n)
{
	size_t count = m->slot_count ? m->slot_count : 16;

	while (count / 2 < n)
		count *= 2;
	if (count > m->slot_count)
		set_slots(a, m, count);
	if (n > m->cap)
		set_items(a, m, n);
}

struct map_item *map_put(struct arena *a, struct map *m, struct str key, bool *added)
{
	uint64_t hash = str_hash(key);
	uint32_t *slot;

	if ((m->n + 1) * 2 > m->slot_count)
		set_slots(a, m, m->slot_count ? m->slot_count * 2 : 16);
	slot = find_slot(m, key, hash);
	if (added)
		*added = !*slot;
	if (*slot)
		return &m->items[*slot - 1];
	if (m->n == m->cap)
		set_items(a, m, m->cap ? m->cap * 2 : 8);
	m->items[m->n] = (struct map_item){.key = key, .hash = hash};
	*slot = (uint32_t)++m->n;
	return &m->items[m->n - 1];
}

void *map_ptr(const struct map *m, struct str key)
{
	struct map_item *item = map_get(m, key);

	return item ? item->ptr : NULL;
}
