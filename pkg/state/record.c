/*
 * Recording: what a watch saw, less what the command itself makes, sorted by folder, with a signature
 * and a digest each. A signature is only worth recording when nothing changed since the watch began;
 * whatever did means that there is nothing to record.
 */
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "state/state_impl.h"
#include "sys/clock.h"

enum { DIGEST_LIMIT_BYTES = 4 << 20 };

struct seen_path {
	struct str path, dir, name;
	unsigned what;
	struct digest listing, facts;
	const struct digest *made; /* of a product */
};

struct record {
	struct arena *a;
	const struct state_record *r;
	struct map index; /* path -> number in v */
	VEC(struct seen_path) v;
	struct file_memo *memo;
	VEC(struct folder) folders;
	VEC(struct entry) entries;
	VEC(struct words) words;
	struct buf strings;
	struct map entry_of; /* path -> index of its entry */
	int64_t now_ns;
};

static uint32_t add_string(struct record *r, struct str s)
{
	uint32_t at = (uint32_t)r->strings.n;

	buf_adds(&r->strings, s);
	buf_add_byte(&r->strings, '\0');
	return at;
}

static struct seen_path *seen_of(struct record *r, struct str path)
{
	bool added;
	struct map_item *item = map_put(r->a, &r->index, path, &added);
	struct seen_path *x;

	if (!added)
		return &r->v.v[item->num];
	path = str_dup(r->a, path);
	item->key = path;
	item->num = r->v.n;
	x = vec_push(r->a, &r->v);
	x->path = path;
	x->dir = path_dir(path);
	x->name = path_base(path);
	return x;
}

/* --- what counts --- */

/* A module in the cache is read-only and named by its content's version: its folder stands for it. */
static struct str module_folder(const struct record *r, struct str path)
{
	struct str mods = path_join(r->a, r->r->cache_dir, STR("mod"));
	struct str rest;
	size_t at, end;

	if (str_containsc(path, "/../") ||
	    (!path_within(r->r->mod_mount, path) && !path_within(mods, path)))
		return path;
	at = str_find(path, '@');
	if (at == path.n)
		return path;
	rest = str_skip(path, at);
	end = str_find(rest, '/');
	return str_from(path.p, at + end);
}

/* A header that somebody put into build/; optional ones too, that are not there. */
static bool is_hand_written(struct str path)
{
	return (str_endsc(path, ".h") || str_endsc(path, ".c") || str_endsc(path, ".inc")) &&
	       !state_is_made(path);
}

static bool is_own(const struct record *r, struct str path)
{
	static const char *const in_cache[] = {"cas", "ac", "tmp", "lock", "toolchain/memo"};

	if (str_containsc(path, "/../"))
		return false; /* who knows where that leads */
	/* The cache may lie below the root. */
	path = path_join(r->a, r->r->root, path);
	for (size_t i = 0; i < sizeof in_cache / sizeof in_cache[0]; i++)
		if (path_within(path_join(r->a, r->r->cache_dir, str_of(in_cache[i])), path))
			return true;
	if (path_within(r->r->root, path))
		path = path_rel(r->a, r->r->root, path);
	if (path_within(STR("build"), path) && !is_hand_written(path))
		return !str_startsc(path, "build/.x/mod/") && !str_startsc(path, "build/.x/tc/");
	return str_startsc(path, "/proc/") || str_startsc(path, "/sys/");
}

static void take_seen(struct record *r)
{
	for (size_t i = 0; i < r->r->watch->seen.n; i++) {
		const struct watched *w = &r->r->watch->seen.v[i];
		struct str path = state_spelling(r->a, r->r->root, w->path), module;
		struct seen_path *x;

		if (is_own(r, path))
			continue;
		module = module_folder(r, path);
		x = seen_of(r, module);
		if (module.n != path.n) {
			x->what |= WATCH_KIND;
			continue;
		}
		x->what |= w->what;
		x->facts = w->facts;
		if (w->what & WATCH_LISTED)
			x->listing = w->listing;
	}
	for (size_t i = 0; i < r->r->products->n; i++) {
		const struct state_product *p = &r->r->products->v[i];
		struct seen_path *x = seen_of(r, state_spelling(r->a, r->r->root, p->path));

		x->what |= ENTRY_PRODUCT;
		x->made = &p->made;
	}
}

static int by_folder(const void *x, const void *y)
{
	const struct seen_path *p = x, *q = y;
	int by_dir = str_cmp(p->dir, q->dir);

	return by_dir ? by_dir : str_cmp(p->name, q->name);
}

/* --- entries --- */

static bool changed_since(const struct record *r, const struct sig *s)
{
	return s->ctime_ns >= r->r->watch->begun_file_ns ||
	       s->mtime_ns >= r->r->watch->begun_file_ns;
}

/* The digest of an entry's content, when one is worth having. */
static bool take_digest(struct record *r, const struct seen_path *x, struct entry *out)
{
	struct digest d;
	struct err ignored;

	if (out->real_kind != FILE_REGULAR ||
	    ((x->what & (WATCH_HASHED | WATCH_SCANNED | ENTRY_PRODUCT)) == 0 &&
	     out->sig.size_bytes > DIGEST_LIMIT_BYTES)) {
		out->what |= ENTRY_NO_DIGEST;
		return true;
	}
	if (!file_memo_digest(r->memo, x->path, &d, &ignored) ||
	    d.size_bytes != out->sig.size_bytes)
		return false;
	/* Another build at the same time put its own there. */
	if (x->made && !digest_eq(&d, x->made))
		return false;
	memcpy(out->sha256, d.sha256, DIGEST_BYTES);
	return true;
}

static bool take_entry(struct record *r, const struct seen_path *x, int fd, bool folder_changed)
{
	struct entry *out = vec_push(r->a, &r->entries);
	struct file_sig sig = {0};
	enum file_kind kind = fd < 0 ? FILE_ABSENT : look_at(fd, x->name.p, false, &sig),
		       real = kind;

	out->what = (uint16_t)(x->what & ~(unsigned)WATCH_LISTED);
	out->name = add_string(r, x->name);
	if (kind == FILE_LINK) {
		sig = (struct file_sig){0};
		real = look_at(fd, x->name.p, true, &sig);
	}
	out->kind = (uint8_t)kind;
	out->real_kind = (uint8_t)real;
	out->sig = sig_of(&sig);
	memcpy(out->facts, x->facts.sha256, DIGEST_BYTES);
	if (kind == FILE_ABSENT)
		return !folder_changed && !(x->what & ENTRY_PRODUCT);
	if (!(x->what & ENTRY_PRODUCT) && real != FILE_FOLDER && changed_since(r, &out->sig))
		return false;
	if (!entry_has_content(out) || real == FILE_ABSENT)
		return true;
	if (x->what & ENTRY_PRODUCT ? sig_racy_product(&out->sig, r->now_ns)
				    : sig_racy(&out->sig, r->now_ns))
		out->what |= ENTRY_RACY;
	return take_digest(r, x, out);
}

/* --- folders --- */

static bool still_listed(struct record *r, const struct seen_path *x)
{
	struct arena scratch = {0};
	struct folder_entry *v;
	struct digest now = {0};
	struct err ignored;
	size_t n;

	if (folder_list(&scratch, str_c(&scratch, x->path), &v, &n, &ignored))
		now = watch_listing(v, n, str_eqc(x->path, ".") ? &r->r->watch->own_names : NULL);
	arena_fini(&scratch);
	return digest_eq(&now, &x->listing);
}

/* The folder's own part; *changed says that names may have come or gone unseen. */
static bool take_self(struct record *r, const struct seen_path *listed, struct folder *f, int fd,
		      bool *changed)
{
	struct file_sig sig = {0};

	*changed = false;
	if (fd < 0) {
		f->flags |= FOLDER_ABSENT | (listed ? FOLDER_LISTED : 0);
		return !listed || digest_is_zero(&listed->listing);
	}
	if (!look_self(fd, &sig))
		return false;
	f->sig = sig_of(&sig);
	*changed = changed_since(r, &f->sig) && !listed;
	if (!listed)
		return true;
	f->flags |= FOLDER_LISTED | (sig_racy(&f->sig, r->now_ns) ? FOLDER_RACY : 0);
	memcpy(f->listing, listed->listing.sha256, DIGEST_BYTES);
	return !changed_since(r, &f->sig) || still_listed(r, listed);
}

static bool take_folder(struct record *r, struct str dir, const struct seen_path *v, size_t n)
{
	struct folder *f = vec_push(r->a, &r->folders);
	const struct map_item *item = map_get(&r->index, dir);
	const struct seen_path *listed = item ? item->ptr : NULL;
	int fd = look_open(str_c(r->a, dir));
	bool changed, ok;

	if (listed && !(listed->what & WATCH_LISTED))
		listed = NULL;
	f->path = add_string(r, dir);
	f->first = (uint32_t)r->entries.n;
	ok = take_self(r, listed, f, fd, &changed);
	for (size_t i = 0; ok && i < n; i++) {
		if ((v[i].what & ~(unsigned)WATCH_LISTED) == 0)
			continue;
		map_put(r->a, &r->entry_of, v[i].path, NULL)->num = r->entries.n;
		ok = take_entry(r, &v[i], fd, changed);
	}
	f = &r->folders.v[r->folders.n - 1];
	f->count = (uint32_t)r->entries.n - f->first;
	look_close(fd);
	return ok;
}

/* Folders that were listed and hold no entry come last, sorted as well. */
static bool take_folders(struct record *r)
{
	struct map done = {0};
	bool added;

	for (size_t i = 0; i < r->v.n; i++)
		map_get(&r->index, r->v.v[i].path)->ptr = &r->v.v[i];
	for (size_t i = 0, n; i < r->v.n; i += n) {
		for (n = 1; i + n < r->v.n && str_eq(r->v.v[i + n].dir, r->v.v[i].dir); n++)
			;
		map_put(r->a, &done, r->v.v[i].dir, NULL);
		if (!take_folder(r, r->v.v[i].dir, &r->v.v[i], n))
			return false;
	}
	for (size_t i = 0; i < r->v.n; i++) {
		if (!(r->v.v[i].what & WATCH_LISTED))
			continue;
		map_put(r->a, &done, r->v.v[i].path, &added);
		if (added && !take_folder(r, r->v.v[i].path, NULL, 0))
			return false;
	}
	return true;
}

static void take_words(struct record *r)
{
	for (size_t i = 0; i < r->r->graph->actions.n; i++) {
		const struct action *x = r->r->graph->actions.v[i];

		if (!x->words.n || (x->state != ACTION_CACHED && x->state != ACTION_RAN))
			continue;
		*vec_push(r->a, &r->words) = (struct words){.action = (uint32_t)i,
							    .title = add_string(r, x->title),
							    .title_n = (uint32_t)x->title.n,
							    .text = add_string(r, x->words),
							    .text_n = (uint32_t)x->words.n};
	}
}

/* --- the file --- */

static void put_together(struct record *r, const struct buf *graph, struct buf *out)
{
	struct head h;
	struct parts p = {0};

	memset(&h, 0, sizeof h);
	h.total = r->r->total;
	h.walked_ns = r->now_ns;
	h.boot = clock_boot();
	h.folder_count = (uint32_t)r->folders.n;
	h.entry_count = (uint32_t)r->entries.n;
	h.words_count = (uint32_t)r->words.n;
	h.note = add_string(r, r->r->note);
	h.note_bytes = (uint32_t)r->r->note.n;
	h.string_bytes = (uint32_t)r->strings.n;
	buf_add(out, &h, sizeof h);
	buf_add(out, r->folders.v, r->folders.n * sizeof *r->folders.v);
	buf_add(out, r->entries.v, r->entries.n * sizeof *r->entries.v);
	buf_add(out, r->words.v, r->words.n * sizeof *r->words.v);
	buf_adds(out, buf_str(&r->strings));
	while (out->n % 8)
		buf_add_byte(out, '\0');
	p.head = (struct head *)(void *)out->p;
	p.head->first_bytes = out->n;
	p.head->graph_bytes = graph->n;
	memcpy(p.head->graph_sum, digest_str(buf_str(graph)).sha256, DIGEST_BYTES);
	parts_sum(&p);
	buf_adds(out, buf_str(graph));
}

static bool write_all_parts(struct record *r, const char *path)
{
	struct buf graph = {0}, all = {0};
	struct err ignored;
	bool ok = graph_write(r->a, r->r, &r->entry_of, &graph);

	if (ok) {
		put_together(r, &graph, &all);
		ok = file_write_fast(path, buf_str(&all), 0644, &ignored);
	}
	buf_fini(&graph);
	buf_fini(&all);
	return ok;
}

/* What must always run is never done. What was not asked for does not count. */
static bool any_uncacheable(const struct graph *g)
{
	for (size_t i = 0; i < g->actions.n; i++)
		if (g->actions.v[i]->uncacheable && g->actions.v[i]->state != ACTION_WAITING)
			return true;
	return false;
}

void state_watch(struct watch *w, struct arena *a, const char *clock_path)
{
	watch_begin(w, a, clock_path);
	w->own_names = state_own_names;
}

void state_record(struct arena *a, const char *path, const struct state_record *r)
{
	struct record rec = {.a = a, .r = r, .now_ns = clock_real_ns()};
	struct err ignored;
	bool ok = watch_clock_steady(r->watch) && !any_uncacheable(r->graph) &&
		  file_memo_open(a, r->memo, &rec.memo, &ignored);

	if (ok) {
		add_string(&rec, STR(""));
		take_seen(&rec);
		if (rec.v.n)
			qsort(rec.v.v, rec.v.n, sizeof *rec.v.v, by_folder);
		take_words(&rec);
		ok = take_folders(&rec) && file_memo_close(rec.memo, &ignored) &&
		     write_all_parts(&rec, path);
	}
	buf_fini(&rec.strings);
	if (!ok && !file_remove(path, &ignored))
		(void)0; /* then it is still about the tree as it was */
}
