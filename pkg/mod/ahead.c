/*
 * Fetching several modules at a time, ahead of the selection: level by level, what the requirements
 * known so far name and the cache lacks. Selection itself then finds everything in the cache, or meets
 * the error of the module that has one, with the chain of requirements that led there.
 */
#include <stdlib.h>
#include <string.h>

#include "mod/source_impl.h"
#include "sys/crew.h"
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

void fetch_ahead(struct arena *a, const struct mod_opts *o, const struct ahead *wanted, size_t n,
		 struct err *errs)
{
	struct crowd c = {.a = a, .o = o, .wanted = wanted, .in_child.emit = emit_word, .n = n};
	struct crew crew = {.job = fetch_one, .said = show, .ended = show_ended, .ctx = &c};
	unsigned hands = o->jobs ? o->jobs : HANDS;

	crew_run(&crew, n, n < hands ? (unsigned)n : hands, errs);
}

bool fetch_in_cache(struct arena *a, const struct mod_opts *o, const struct ahead *want)
{
	struct str own = cache_folder(a, o, cache_name(a, &want->v, NULL));
	struct str ported =
	    want->port ? cache_folder(a, o, cache_name(a, &want->v, want->port)) : own;

	return file_kind(own.p) == FILE_FOLDER || file_kind(ported.p) == FILE_FOLDER;
}
