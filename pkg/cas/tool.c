/*
 * What tools keep for themselves. Nothing says what an entry should hold, so the seal (cas.c) is made of its
 * name and size: it shows that nobody wrote to the file since the tool ended well. A tool that reads an
 * entry leaves its access time, which becomes the time of last use when the entry is sealed again.
 */
#include <sys/stat.h>

#include "cas/cas_impl.h"

enum { NS = 1000000000 };

static struct digest seal_of(struct arena *a, const struct entry *x)
{
	return digest_str(
	    str_fmt(a, "%.*s %llu", STR_ARG(x->name), (unsigned long long)x->sig.size_bytes));
}

bool tool_is_being_written(const struct entry *x)
{
	return str_containsc(x->name, ".tmp");
}

static bool used_since_sealed(const struct entry *x)
{
	struct stat st;

	return stat(x->path.p, &st) == 0 && st.st_atim.tv_sec > x->sig.mtime_ns / NS + 3600;
}

bool cas_tool_sweep(struct cas *c, struct err *e)
{
	struct arena scratch = {0};
	struct entry_vec all = {0};
	bool ok = list_all(&scratch, c->dir, "tool", &all, e);

	for (size_t i = 0; ok && i < all.n; i++) {
		struct digest d = seal_of(&scratch, &all.v[i]);

		if (!tool_is_being_written(&all.v[i]) && !is_sealed(c, &all.v[i].sig, &d))
			ok = file_remove(all.v[i].path.p, e);
	}
	arena_fini(&scratch);
	return ok;
}

bool cas_tool_seal(struct cas *c, struct err *e)
{
	struct arena scratch = {0};
	struct entry_vec all = {0};
	bool ok = list_all(&scratch, c->dir, "tool", &all, e);

	for (size_t i = 0; ok && i < all.n; i++) {
		struct digest d = seal_of(&scratch, &all.v[i]);

		if (!tool_is_being_written(&all.v[i]) &&
		    (!is_sealed(c, &all.v[i].sig, &d) || used_since_sealed(&all.v[i])))
			seal(c, all.v[i].path.p, &d);
	}
	arena_fini(&scratch);
	return ok;
}
