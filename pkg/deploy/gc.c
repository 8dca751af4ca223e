/*
 * What stays: the current generation, the one that a rollback goes to, pinned ones, and of the good ones the
 * `keep` used last. What goes is renamed first, and that made to last, so that no generation is ever there in
 * part under its name.
 */
#include <stdlib.h>

#include "deploy/deploy_impl.h"

#define GOING ".old-"

bool gc_leftovers(struct place *p, struct err *e)
{
	const char *dir = place_path(p, "generations");
	struct folder_entry *v;
	size_t n;

	if (!folder_drop_temps(str_c(p->arena, p->dir), e) || !folder_drop_temps(dir, e) ||
	    !folder_list(p->arena, dir, &v, &n, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((str_startsc(v[i].name, ".new-") || str_startsc(v[i].name, GOING)) &&
		    !folder_remove(str_fmt(p->arena, "%s/%s", dir, v[i].name.p).p, e))
			return false;
	return true;
}

static int by_last_use(const void *a, const void *b)
{
	const struct generation *const *x = a, *const *y = b;

	return (*x)->last_change < (*y)->last_change ? 1 : -1;
}

struct generations VEC_BODY(struct generation *);

static struct generations choose(struct place *p, unsigned keep)
{
	const struct generation *back = generation_back(p);
	struct generations v = {0}, gone = {0};
	unsigned kept = 0;

	for (size_t i = 0; i < p->view.generations.n; i++)
		if (p->view.generations.v[i].present)
			*vec_push(p->arena, &v) = &p->view.generations.v[i];
	if (v.n)
		qsort(v.v, v.n, sizeof *v.v, by_last_use);
	for (size_t i = 0; i < v.n; i++) {
		struct generation *g = v.v[i];
		bool counted = g->state == GENERATION_GOOD && kept < keep;

		kept += counted;
		if (!counted && !g->pinned && g != back && g->number != p->view.current_number)
			*vec_push(p->arena, &gone) = g;
	}
	return gone;
}

static bool remove_all(struct place *p, const struct generations *v, struct err *e)
{
	for (size_t i = 0; i < v->n; i++) {
		struct str name = v->v[i]->name;

		if (!file_move(generation_path(p, v->v[i], ""),
			       place_path(p, "generations/" GOING "%.*s", STR_ARG(name)), e))
			return false;
		v->v[i]->present = false;
	}
	return file_sync(place_path(p, "generations"), e) && gc_leftovers(p, e);
}

bool place_policy(struct place *p, struct deploy_spec *out, struct err *e)
{
	struct generation *g = generation_find(p, p->view.current_number);

	*out = (struct deploy_spec){0};
	return !g || !g->present || generation_policy(p, g, out, e);
}

bool deploy_gc(struct place *p, unsigned keep, struct str_vec *removed, struct err *e)
{
	struct change c = {.kind = CHANGE_GC};
	struct generations gone;
	struct deploy_spec spec;

	if (!keep && !place_policy(p, &spec, e))
		return false;
	if (!keep)
		keep = spec.keep ? spec.keep : DEPLOY_KEEP;
	gone = choose(p, keep);
	for (size_t i = 0; i < gone.n; i++)
		*vec_push(p->arena, removed) = gone.v[i]->name;
	return !gone.n || (journal_note(p, &c, removed, e) && remove_all(p, &gone, e)) ||
	       err_wrap(e, "removing old generations");
}

bool deploy_pin(struct place *p, uint64_t number, bool on, struct err *e)
{
	struct generation *g = generation_find(p, number);
	struct change c = {.kind = on ? CHANGE_PIN : CHANGE_UNPIN, .to = number};

	if (!g || !g->present) {
		err_set(e, ERR_INPUT, "there is no generation %llu in %.*s",
			(unsigned long long)number, STR_ARG(p->dest));
		return err_fix(e, "`cbuild history %.*s` lists them", STR_ARG(p->dest));
	}
	return g->pinned == on || journal_note(p, &c, NULL, e);
}
