/*
 * Fetching several modules at a time, ahead of the selection: level by level, what the requirements
 * known so far name and the cache lacks. Selection itself then finds everything in the cache, or meets
 * the error of the module that has one, with the chain of requirements that led there.
 */
#include <stdlib.h>
#include <string.h>

#include "mod/load_impl.h"
#include "sys/crew.h"
#include "sys/fault.h"
#include "sys/spawn.h"

enum { HANDS = 8 };

struct crowd {
	struct arena *a;
	const struct mod_opts *o;
	const struct ahead *wanted;
	struct event_sink in_child;
	size_t n, ended;
};

/* In a job: events become words. */
static void emit_word(struct event_sink *self, const struct event *ev)
{
	struct crew_word w = {.kind = (int)ev->kind, .done = ev->done, .total = ev->total};
	size_t n = ev->text.n < sizeof w.text - 1 ? ev->text.n : sizeof w.text - 1;

	(void)self;
	if (n)
		memcpy(w.text, ev->text.p, n);
	if (ev->kind == EVENT_NOTE || ev->kind == EVENT_WARNING || ev->kind == EVENT_PROGRESS)
		crew_say(&w);
}

static bool fetch_one(void *ctx, size_t i, struct err *e)
{
	struct crowd *c = ctx;
	const struct ahead *want = &c->wanted[i];
	struct mod_opts o = *c->o;
	struct fetched ignored;

	o.sink = &c->in_child;
	return fetch_version(c->a, &o, &want->v, want->port, want->sum, &ignored, e);
}

static void show(void *ctx, size_t i, const struct crew_word *w)
{
	const struct crowd *c = ctx;
	struct event ev = {.kind = (enum event_kind)w->kind,
			   .text = str_of(w->text),
			   .done = w->done,
			   .total = w->total};

	(void)i;
	event_emit(c->o->sink, &ev);
}

static void show_ended(void *ctx, size_t i)
{
	struct crowd *c = ctx;

	(void)i;
	event_emit(c->o->sink, &(struct event){.kind = EVENT_PROGRESS,
					       .text = STR("modules"),
					       .done = ++c->ended,
					       .total = c->n});
}

static void fetch_together(struct arena *a, const struct mod_opts *o, const struct ahead *wanted,
			   size_t n, struct err *errs)
{
	struct crowd c = {.a = a, .o = o, .wanted = wanted, .in_child.emit = emit_word, .n = n};
	struct crew crew = {.job = fetch_one, .said = show, .ended = show_ended, .ctx = &c};
	unsigned hands = o->jobs ? o->jobs : HANDS;

	crew_run(&crew, n, n < hands ? (unsigned)n : hands, errs);
}

bool fetch_in_cache(struct arena *a, const struct mod_opts *o, const struct ahead *want)
{
	struct str own = cache_folder(a, o, cache_name(a, &want->v, want->port, true));
	struct str ported =
	    want->port ? cache_folder(a, o, cache_name(a, &want->v, want->port, false)) : own;

	return file_kind(own.p) == FILE_FOLDER || file_kind(ported.p) == FILE_FOLDER;
}

/* ---- level by level ---- */

struct ahead_vec VEC_BODY(struct ahead);

static struct str key_of(struct arena *a, const struct mod_version *v)
{
	return str_pair(a, v->path, ' ', v->version);
}

/* One alone needs no process of its own. */
static void fetch_alone(struct arena *a, const struct mod_opts *o, const struct ahead *want,
			struct err *e)
{
	struct fetched ignored;

	if (fetch_version(a, o, &want->v, want->port, want->sum, &ignored, e))
		e->code = ERR_NONE;
}

static void fetch_level(struct loader *l, const struct ahead_vec *wanted)
{
	struct err *errs = arena_array(l->a, struct err, wanted->n);

	if (wanted->n == 1)
		fetch_alone(l->a, l->o, wanted->v, errs);
	else if (wanted->n)
		fetch_together(l->a, l->o, wanted->v, wanted->n, errs);
	for (size_t i = 0; i < wanted->n; i++)
		if (errs[i].code != ERR_NONE)
			map_put(l->a, &l->failed, key_of(l->a, &wanted->v[i].v), NULL)->ptr =
			    &errs[i];
}

/* Drops from level what an earlier one had. */
static void keep_new(struct loader *l, struct map *seen, struct mod_versions *level)
{
	size_t n = 0;

	for (size_t i = 0; i < level->n; i++) {
		bool added;

		map_put(l->a, seen, key_of(l->a, &level->v[i]), &added);
		if (added)
			level->v[n++] = level->v[i];
	}
	level->n = n;
}

bool may_look_ahead(const struct loader *l)
{
	return !l->o->offline && l->o->jobs != 1 && !fault_is_set();
}

void look_ahead(struct loader *l, const struct mod_versions *roots)
{
	struct mod_versions level = {0};
	struct map seen = {0};
	struct err ignored;

	for (size_t i = 0; i < roots->n; i++)
		*vec_push(l->a, &level) = roots->v[i];
	for (keep_new(l, &seen, &level); level.n; keep_new(l, &seen, &level)) {
		struct ahead_vec wanted = {0};
		struct mod_versions next = {0};

		for (size_t i = 0; i < level.n; i++) {
			struct ahead want;

			if (load_wanted(l, &level.v[i], &want))
				*vec_push(l->a, &wanted) = want;
		}
		fetch_level(l, &wanted);
		if (interrupt_requested())
			return;
		for (size_t i = 0; i < level.n; i++)
			if (!load_required(l, &level.v[i], &next, &ignored))
				return;
		level = next;
	}
}
