/*
 * The file's layout: finding its parts in bytes that may be anything, and writing them.
 */
#include <string.h>

#include "base/path.h"
#include "state/state_impl.h"
#include "sys/clock.h"

static const char MAGIC[16] = "cbuild-state 3\n";
static const int64_t RACY_NS = (int64_t)2 * 1000000000;
static const int64_t WALK_NS = (int64_t)7 * 24 * 3600 * 1000000000;

struct sig sig_of(const struct file_sig *s)
{
	return (struct sig){.ino = s->ino,
			    .size_bytes = s->size_bytes,
			    .mtime_ns = s->mtime_ns,
			    .ctime_ns = s->ctime_ns,
			    .mode = s->mode};
}

bool sig_same(const struct sig *x, const struct sig *y)
{
	return x->ino == y->ino && x->size_bytes == y->size_bytes && x->mtime_ns == y->mtime_ns &&
	       x->ctime_ns == y->ctime_ns && x->mode == y->mode;
}

bool sig_racy(const struct sig *s, int64_t now_ns)
{
	return now_ns - s->mtime_ns < RACY_NS || now_ns - s->ctime_ns < RACY_NS;
}

bool sig_racy_product(const struct sig *s, int64_t now_ns)
{
	return s->ctime_ns % 1000000000 == 0 && sig_racy(s, now_ns);
}

bool parts_count(const struct parts *p, bool any_boot)
{
	const struct head *h = p->head;
	int64_t age_ns = clock_real_ns() - h->walked_ns;

	return h->boot && (any_boot || h->boot == clock_boot()) && age_ns >= 0 && age_ns < WALK_NS;
}

static bool folders_fit(const struct parts *p)
{
	const struct head *h = p->head;
	uint32_t next = 0;

	for (uint32_t i = 0; i < h->folder_count; i++) {
		const struct folder *f = &p->folders[i];

		if (f->first != next || f->count > h->entry_count - next ||
		    f->path >= h->string_bytes)
			return false;
		next += f->count;
	}
	return next == h->entry_count;
}

static bool strings_fit(const struct parts *p)
{
	const struct head *h = p->head;

	for (uint32_t i = 0; i < h->entry_count; i++)
		if (p->entries[i].name >= h->string_bytes)
			return false;
	for (uint32_t i = 0; i < h->words_count; i++) {
		const struct words *w = &p->words[i];

		if (w->title > h->string_bytes || w->title_n > h->string_bytes - w->title ||
		    w->text > h->string_bytes || w->text_n > h->string_bytes - w->text)
			return false;
	}
	return h->note < h->string_bytes && h->note_bytes < h->string_bytes - h->note &&
	       p->strings[h->string_bytes - 1] == '\0';
}

/* Where the parts begin; the counts are those of the head. */
static uint64_t lay_out(struct parts *p, char *at)
{
	const struct head *h = p->head;
	uint64_t n = sizeof *h;

	p->folders = (struct folder *)(void *)(at + n);
	n += (uint64_t)h->folder_count * sizeof *p->folders;
	p->entries = (struct entry *)(void *)(at + n);
	n += (uint64_t)h->entry_count * sizeof *p->entries;
	p->words = (struct words *)(void *)(at + n);
	n += (uint64_t)h->words_count * sizeof *p->words;
	p->strings = at + n;
	return n + h->string_bytes;
}

static struct digest sum_of(const struct parts *p)
{
	const char *from = (const char *)p->head + offsetof(struct head, first_bytes);

	return digest_of(from, (size_t)(p->head->first_bytes - offsetof(struct head, first_bytes)));
}

/* The mapping is read-only: a caller that writes has a copy. */
bool parts_find(const void *p, size_t n, struct parts *out)
{
	union {
		const void *from;
		char *to;
	} at = {p};
	struct digest sum;

	out->head = (struct head *)(void *)at.to;
	if (n < sizeof *out->head || memcmp(out->head->magic, MAGIC, sizeof MAGIC) != 0 ||
	    out->head->first_bytes > n || n - out->head->first_bytes != out->head->graph_bytes ||
	    out->head->first_bytes < sizeof *out->head)
		return false;
	if ((lay_out(out, at.to) + 7) / 8 * 8 != out->head->first_bytes)
		return false;
	sum = sum_of(out);
	return memcmp(sum.sha256, out->head->sum, DIGEST_BYTES) == 0 && folders_fit(out) &&
	       strings_fit(out);
}

void parts_sum(struct parts *p)
{
	memcpy(p->head->magic, MAGIC, sizeof MAGIC);
	memcpy(p->head->sum, sum_of(p).sha256, DIGEST_BYTES);
}

struct str state_spelling(struct arena *a, struct str root, struct str path)
{
	if (str_containsc(path, "/../"))
		return str_dup(a, path);
	path = path_clean(a, path);
	return path_within(root, path) ? path_rel(a, root, path) : path;
}

bool state_is_made(struct str path)
{
	static const char *const made[] = {"gen", "config", "export", "foreign"};
	struct str rest = path, build = str_cut(&rest, '/'), target = str_cut(&rest, '/'),
		   what = str_cut(&rest, '/');

	for (size_t i = 0; rest.n && i < sizeof made / sizeof made[0]; i++)
		if (str_eqc(build, "build") && str_eqc(what, made[i]))
			return true;
	return str_eqc(build, "build") && str_eqc(target, ".x");
}

struct str entry_path(struct arena *a, const struct parts *p, const struct folder *f,
		      const struct entry *x)
{
	struct str folder = str_of(p->strings + f->path), name = str_of(p->strings + x->name);

	if (str_eqc(folder, "."))
		return str_dup(a, name);
	return str_fmt(a, "%.*s%s%.*s", STR_ARG(folder), str_endsc(folder, "/") ? "" : "/",
		       STR_ARG(name));
}
