/*
 * The generated table as strs.
 */
#include "base/embed.h"

#include "embed/assets.h"

size_t embed_count(void)
{
	return embed_assets_count;
}

struct embed_file embed_at(size_t i)
{
	const struct embedded *f = &embed_assets[i];

	return (struct embed_file){str_of(f->name), {(const char *)f->data, f->size}};
}

bool embed_find(struct str name, struct str *data)
{
	size_t lo = 0, hi = embed_assets_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		struct embed_file f = embed_at(mid);
		int c = str_cmp(name, f.name);

		if (c == 0) {
			*data = f.data;
			return true;
		}
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return false;
}
