/*
 * Hash map from bytes to a pointer or number, open addressing, in an arena. Keys are not copied: they
 * must live as long as the map. Iteration in insertion order over m->items, so that no output depends
 * on hashing.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct map_item {
	struct str key;
	union {
		void *ptr;
		uint64_t num;
	};
	uint64_t hash;
};

struct map {
	struct map_item *items; /* n of them, in insertion order; nothing is ever removed */
	size_t n, cap;
	uint32_t *slots; /* index + 1 into items; 0 is free */
	size_t slot_count;
};

/* The item of key, or NULL. Pointers to items move when the map grows. */
struct map_item *map_get(const struct map *m, struct str key);
/* The item of key, added (zeroed) when absent; *added (may be NULL) says which. */
struct map_item *map_put(struct arena *a, struct map *m, struct str key, bool *added);
/* Room for n items in all, where their number is known: growing by and by takes twice the memory. */
void map_reserve(struct arena *a, struct map *m, size_t n);
/* The pointer stored for key, or NULL. */
void *map_ptr(const struct map *m, struct str key);

#endif
