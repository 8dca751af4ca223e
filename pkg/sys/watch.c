/*
 * The log is a thread's own, so nothing is locked; a path is kept once, with all that was asked of it.
 */
#include "sys/watch.h"

#include "sys/clock.h"

static _Thread_local struct watch *current;

static const int64_t STEP_NS = 200 * 1000000;

void watch_begin(struct watch *w, struct arena *a, const char *clock_path)
{
	*w = (struct watch){.a = a,
			    .begun_file_ns = clock_stamp_ns(clock_path),
			    .begun_real_ns = clock_real_ns(),
			    .begun_mono_ns = clock_mono_ns()};
	current = w;
}

void watch_end(void)
{
	current = NULL;
}

void watch_pause(void)
{
	if (current)
		current->paused++;
}

void watch_resume(void)
{
	if (current)
		current->paused--;
}

static struct watched *entry(struct str path)
{
	struct watch *w = current;
	struct map_item *item = map_get(&w->index, path);
	struct watched *x;

	if (item)
		return &w->seen.v[item->num];
	x = vec_push(w->a, &w->seen);
	x->path = str_dup(w->a, path);
	map_put(w->a, &w->index, x->path, NULL)->num = w->seen.n - 1;
	return x;
}

static bool off(void)
{
	return !current || current->paused;
}

void watch_note(struct str path, unsigned what)
{
	if (!off())
		entry(path)->what |= what;
}

void watch_scanned(struct str path, const struct digest *facts)
{
	struct watched *x;

	if (off())
		return;
	x = entry(path);
	x->what |= WATCH_SCANNED;
	x->facts = *facts;
}

struct digest watch_listing(const struct folder_entry *v, size_t n, const struct str_vec *except)
{
	struct digest_ctx c;

	digest_init(&c);
	for (size_t i = 0; i < n; i++) {
		unsigned char kind = (unsigned char)v[i].kind;

		if (except && str_vec_has(except, v[i].name))
			continue;
		digest_update(&c, v[i].name.p, v[i].name.n + 1);
		digest_update(&c, &kind, 1);
	}
	return digest_final(&c);
}

void watch_listed(struct str path, const struct folder_entry *v, size_t n)
{
	struct watched *x;

	if (off())
		return;
	x = entry(path);
	x->what |= WATCH_LISTED;
	if (v)
		x->listing = watch_listing(v, n, str_eqc(path, ".") ? &current->own_names : NULL);
}

bool watch_clock_steady(const struct watch *w)
{
	int64_t real = clock_real_ns() - w->begun_real_ns;
	int64_t mono = (int64_t)(clock_mono_ns() - w->begun_mono_ns);

	return real - mono < STEP_NS && mono - real < STEP_NS;
}
