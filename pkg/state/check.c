/*
 * The look: every folder is opened once and what is recorded of it statted relative to it, on two
 * threads. What has another signature, or one too young to be trusted, is read; only then is anything
 * called changed.
 */
#include <string.h>

#include "base/path.h"
#include "load/load.h"
#include "state/state_impl.h"
#include "sys/clock.h"
#include "sys/pool.h"

enum { LOOK_THREADS = 2, SMALL = 300, SCAN_BYTES_MAX = 64 << 20 };

/* --- stats --- */

static bool to_be_made(const struct state *s, const struct entry *x)
{
	return s->made && (x->what & ~(unsigned)ENTRY_RACY) == ENTRY_PRODUCT;
}

static enum seen look_entry(struct state *s, const struct entry *x, struct sig *now, int fd)
{
	const char *name = s->p.strings + x->name;
	struct file_sig sig = {0};
	enum file_kind kind = fd < 0 ? FILE_ABSENT : look_at(fd, name, false, &sig), real = kind;

	if (kind == FILE_ABSENT && to_be_made(s, x))
		return SEEN_EDITED;
	if (kind != x->kind)
		return SEEN_OTHER;
	if (kind == FILE_LINK && entry_has_content(x)) {
		sig = (struct file_sig){0};
		real = look_at(fd, name, true, &sig);
	}
	*now = sig_of(&sig);
	if (!entry_has_content(x))
		return SEEN_SAME;
	if (real != x->real_kind)
		return SEEN_OTHER;
	if (real == FILE_ABSENT)
		return SEEN_SAME;
	if (sig_same(now, &x->sig) && !(x->what & ENTRY_RACY) && !s->foreign)
		return SEEN_SAME;
	return real == FILE_REGULAR && !(x->what & ENTRY_NO_DIGEST) ? SEEN_TOUCHED : SEEN_OTHER;
}

static enum seen look_self_of(struct state *s, const struct folder *f, struct sig *now, int fd)
{
	struct file_sig sig = {0};

	if ((f->flags & FOLDER_ABSENT) != 0)
		return fd < 0 ? SEEN_SAME : SEEN_TOUCHED;
	if (!(f->flags & FOLDER_LISTED))
		return SEEN_SAME;
	if (fd < 0 || !look_self(fd, &sig))
		return SEEN_OTHER;
	*now = sig_of(&sig);
	return sig_same(now, &f->sig) && !(f->flags & FOLDER_RACY) && !s->foreign ? SEEN_SAME
										  : SEEN_TOUCHED;
}

static void look_folder(void *ctx, size_t i)
{
	struct state *s = ctx;
	const struct folder *f = &s->p.folders[i];
	uint32_t n = s->p.head->entry_count;
	int fd = look_open(s->p.strings + f->path);

	for (uint32_t k = f->first; k < f->first + f->count; k++)
		s->seen[k] = (uint8_t)look_entry(s, &s->p.entries[k], &s->sigs[k], fd);
	s->seen[n + i] = (uint8_t)look_self_of(s, f, &s->sigs[n + i], fd);
	look_close(fd);
}

/* --- contents --- */

struct todo {
	struct state *s;
	struct todo_item {
		uint32_t entry;
		const char *path;
	} * items;
	size_t n;
};

/* What an entry's new bytes mean. */
static enum seen judge(const struct entry *x, const char *path)
{
	unsigned only = WATCH_KIND | WATCH_HASHED | WATCH_SCANNED | ENTRY_RACY;
	struct arena scratch = {0};
	struct str bytes;
	struct err ignored;
	enum seen found = SEEN_OTHER;

	/* Another command, or another build of this one, put its own there. */
	if ((x->what & ~(unsigned)ENTRY_RACY) == ENTRY_PRODUCT)
		return SEEN_EDITED;
	if (!(x->what & WATCH_SCANNED))
		return (x->what & ~only) == 0 ? SEEN_EDITED : SEEN_OTHER;
	if ((x->what & ~only) == 0 && file_read(&scratch, path, SCAN_BYTES_MAX, &bytes, &ignored)) {
		struct digest facts = load_facts(str_of(path), bytes);

		found =
		    memcmp(facts.sha256, x->facts, DIGEST_BYTES) == 0 ? SEEN_EDITED : SEEN_OTHER;
	}
	arena_fini(&scratch);
	return found;
}

static void read_entry(void *ctx, size_t i)
{
	struct todo *t = ctx;
	uint32_t k = t->items[i].entry;
	const struct entry *x = &t->s->p.entries[k];
	struct digest now;
	struct err ignored;

	if (!file_digest(t->items[i].path, &now, &ignored) ||
	    now.size_bytes != t->s->sigs[k].size_bytes) {
		t->s->seen[k] = SEEN_OTHER;
		return;
	}
	t->s->shas[k] = now;
	if (memcmp(now.sha256, x->sha256, DIGEST_BYTES) != 0)
		t->s->seen[k] = (uint8_t)judge(x, t->items[i].path);
	else if ((x->what & ENTRY_PRODUCT) && t->s->sigs[k].mode != x->sig.mode)
		t->s->seen[k] = SEEN_EDITED;
	else if ((x->what & WATCH_FILE) && t->s->sigs[k].mode != x->sig.mode)
		t->s->seen[k] = SEEN_OTHER;
}

static void read_touched(struct arena *a, struct state *s)
{
	VEC(struct todo_item) v = {0};
	struct todo t = {.s = s};

	for (uint32_t i = 0; i < s->p.head->folder_count; i++) {
		const struct folder *f = &s->p.folders[i];

		for (uint32_t k = f->first; k < f->first + f->count; k++)
			if (s->seen[k] == SEEN_TOUCHED)
				*vec_push(a, &v) = (struct todo_item){
				    k, entry_path(a, &s->p, f, &s->p.entries[k]).p};
	}
	s->shas = arena_array(a, struct digest, s->p.head->entry_count);
	t.items = v.v;
	t.n = v.n;
	pool_each(t.n, t.n < SMALL / 10 ? 1 : LOOK_THREADS, read_entry, &t);
}

static struct str own[] = {{"build", 5}, {"compile_commands.json", 21}};
const struct str_vec state_own_names = {.v = own, .n = 2, .cap = 2};

/* Whether a folder has the names it had. */
static bool same_names(const struct state *s, const struct folder *f)
{
	const char *path = s->p.strings + f->path;
	struct arena scratch = {0};
	struct digest now;
	struct folder_entry *v;
	struct err ignored;
	bool same = false;
	size_t n;

	if (!(f->flags & FOLDER_ABSENT) && folder_list(&scratch, path, &v, &n, &ignored)) {
		now = watch_listing(v, n, strcmp(path, ".") == 0 ? &state_own_names : NULL);
		same = memcmp(now.sha256, f->listing, DIGEST_BYTES) == 0;
	}
	arena_fini(&scratch);
	return same;
}

static void look_names(void *ctx, size_t i)
{
	struct state *s = ctx;
	const struct folder *f = &s->p.folders[i];
	uint8_t *seen = &s->seen[s->p.head->entry_count + i];

	if (*seen == SEEN_TOUCHED &&
	    (f->flags & (FOLDER_LISTED | FOLDER_ABSENT)) != FOLDER_ABSENT && !same_names(s, f))
		*seen = SEEN_OTHER;
}

/* --- the whole --- */

static bool any(const struct state *s, enum seen what)
{
	return memchr(s->seen, (int)what,
		      (size_t)s->p.head->entry_count + s->p.head->folder_count) != NULL;
}

static enum state_found look(struct arena *a, struct state *s)
{
	size_t n = (size_t)s->p.head->entry_count + s->p.head->folder_count;

	s->seen = arena_array(a, uint8_t, n);
	s->sigs = arena_array(a, struct sig, n);
	pool_each(s->p.head->folder_count, n < SMALL ? 1 : LOOK_THREADS, look_folder, s);
	if (!any(s, SEEN_OTHER) && any(s, SEEN_TOUCHED))
		pool_each(s->p.head->folder_count, n < SMALL ? 1 : LOOK_THREADS, look_names, s);
	if (any(s, SEEN_OTHER))
		return STATE_OTHER;
	if (any(s, SEEN_TOUCHED))
		read_touched(a, s);
	if (any(s, SEEN_OTHER))
		return STATE_OTHER;
	return any(s, SEEN_EDITED) ? STATE_EDITED : STATE_SAME;
}

void state_refreshed(const struct state *s, struct buf *out, struct parts *p)
{
	uint32_t n = s->p.head->entry_count;

	buf_add(out, s->map.p, (size_t)s->p.head->first_bytes);
	*p = s->p;
	p->head = (struct head *)(void *)out->p;
	p->head->boot = clock_boot();
	p->folders = (struct folder *)(void *)(out->p + ((const char *)s->p.folders -
							 (const char *)s->map.p));
	p->entries = (struct entry *)(void *)(out->p + ((const char *)s->p.entries -
							(const char *)s->map.p));
	for (uint32_t i = 0; i < n; i++) {
		struct entry *x = &p->entries[i];

		if (s->seen[i] != SEEN_TOUCHED && s->seen[i] != SEEN_EDITED)
			continue;
		x->sig = s->sigs[i];
		x->what = (uint16_t)((x->what & ~ENTRY_RACY) |
				     (sig_racy(&x->sig, s->now_ns) ? ENTRY_RACY : 0));
	}
	for (uint32_t i = 0; i < p->head->folder_count; i++) {
		struct folder *f = &p->folders[i];

		if (s->seen[n + i] != SEEN_TOUCHED || !(f->flags & FOLDER_LISTED))
			continue;
		f->sig = s->sigs[n + i];
		f->flags &= ~(unsigned)FOLDER_RACY;
		f->flags |= sig_racy(&f->sig, s->now_ns) ? FOLDER_RACY : 0;
	}
}

/*
 * Writing the file anew costs more than reading a few small files again the next time, too.
 */
static bool worth_refreshing(const struct state *s)
{
	enum { FEW = 8, SMALL_BYTES = 256 * 1024 };
	uint32_t n = s->p.head->entry_count;
	uint64_t bytes = 0;
	size_t count = 0;

	for (uint32_t i = 0; i < n + s->p.head->folder_count; i++) {
		if (s->seen[i] != SEEN_TOUCHED)
			continue;
		count++;
		bytes += i < n ? s->sigs[i].size_bytes : 0;
	}
	return count > FEW || bytes > SMALL_BYTES;
}

/* Signatures moved and contents did not: the next look shall not read again. */
static void refresh(struct state *s)
{
	struct buf all = {0};
	struct parts p;
	struct err ignored;

	state_refreshed(s, &all, &p);
	if (memcmp(all.p, s->map.p, (size_t)s->p.head->first_bytes) != 0) {
		parts_sum(&p);
		buf_add(&all, (const char *)s->map.p + s->p.head->first_bytes,
			(size_t)s->p.head->graph_bytes);
		if (!file_write_fast(s->path, buf_str(&all), 0644, &ignored))
			(void)0; /* it only saves time */
	}
	buf_fini(&all);
}

static struct state *begin(struct arena *a, const char *path)
{
	struct state *s = arena_new(a, struct state);

	s->path = str_c(a, str_of(path));
	s->now_ns = clock_real_ns();
	s->begun_ms = clock_mono_ms();
	return s;
}

static bool map(struct state *s, const char *path, bool any_boot)
{
	if (file_map_open(path, &s->map) && parts_find(s->map.p, s->map.n, &s->p) &&
	    parts_count(&s->p, any_boot))
		return true;
	file_map_close(&s->map);
	return false;
}

enum state_found state_check(struct arena *a, const char *path, struct state **out)
{
	struct state *s = *out = begin(a, path);
	enum state_found found;

	if (!map(s, path, false))
		return STATE_OTHER;
	found = look(a, s);
	if (found == STATE_SAME && worth_refreshing(s))
		refresh(s);
	return found;
}

enum state_found state_adopt(struct arena *a, const char *from, const char *path,
			     const struct state_made_vec *made, struct state **out)
{
	struct state *s = *out = begin(a, path);

	s->made = made;
	if (!map(s, from, true))
		return STATE_OTHER;
	s->foreign = s->p.head->boot != clock_boot();
	return look(a, s) == STATE_OTHER ? STATE_OTHER : STATE_EDITED;
}

void state_close(struct state *s)
{
	if (!s)
		return;
	buf_fini(&s->graph);
	file_map_close(&s->map);
}

struct str state_note(const struct state *s)
{
	return str_from(s->p.strings + s->p.head->note, s->p.head->note_bytes);
}

void state_made(struct arena *a, const struct state *s, struct state_made_vec *out)
{
	*out = (struct state_made_vec){0};
	for (uint32_t i = 0; i < s->p.head->folder_count; i++) {
		const struct folder *f = &s->p.folders[i];

		for (uint32_t k = f->first; k < f->first + f->count; k++) {
			const struct entry *x = &s->p.entries[k];
			struct state_made *made;

			if (!(x->what & ENTRY_PRODUCT))
				continue;
			made = vec_push(a, out);
			made->path = entry_path(a, &s->p, f, x);
			made->digest.size_bytes = x->sig.size_bytes;
			memcpy(made->digest.sha256, x->sha256, DIGEST_BYTES);
		}
	}
}

void state_emit_words(const struct state *s, const struct words *w, struct event_sink *sink)
{
	struct event end = {.kind = EVENT_ACTION_END,
			    .outcome = EVENT_CACHED,
			    .text = str_from(s->p.strings + w->title, w->title_n),
			    .output = str_from(s->p.strings + w->text, w->text_n),
			    .done = s->p.head->total,
			    .total = s->p.head->total};

	event_emit(sink, &end);
}

void state_replay(const struct state *s, struct event_sink *sink)
{
	const struct head *h = s->p.head;
	struct event plan = {.kind = EVENT_PLAN, .total = h->total}, done = plan;

	event_emit(sink, &plan);
	for (uint32_t i = 0; i < h->words_count; i++)
		state_emit_words(s, &s->p.words[i], sink);
	done.kind = EVENT_DONE;
	done.done = done.cached = h->total;
	done.elapsed_ms = clock_mono_ms() - s->begun_ms;
	event_emit(sink, &done);
}
