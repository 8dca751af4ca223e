/*
 * Look-up in the generated table, which is sorted by name.
 */
#include "base/embed.h"

const struct embed_file *embed_find(struct str name)
{
	size_t lo = 0, hi = embed_file_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = str_cmp(name, str_of(embed_files[mid].name));

		if (c == 0)
			return &embed_files[mid];
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}
