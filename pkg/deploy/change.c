/*
 * One change, whatever asked for it: intent, switch, reload, check, outcome; and back again when one of them
 * fails. `from` is kept as `current` said it, so that going back needs to know nothing about it.
 */
#include <string.h>

#include "base/path.h"
#include "deploy/deploy_impl.h"
#include "sys/clock.h"
#include "sys/spawn.h"

/* Room for the line that says how it ended: a disk that runs full must not hide that. */
enum { END_RESERVE_BYTES = 64 << 10 };

struct switching {
	struct place *p;
	struct generation *g;
	const struct deploy_opts *o;
	struct deploy_spec spec;   /* of g */
	struct verify_spec verify; /* what g has to satisfy */
	struct change c;
	struct health_report report;
	struct str staged; /* folder to be renamed to g's; empty: it is there */
};

/* The service runs again what it ran before; only words are left when that fails too. */
static void reload_former(struct switching *w, struct err *e)
{
	const struct generation *g = generation_named(w->p, w->c.from);
	struct health_report report = {0};
	struct deploy_spec spec;
	struct err why = {0};

	if (w->o->no_check || !g || !generation_policy(w->p, g, &spec, &why))
		return;
	health_settle(w->p, g, &spec, &report);
	if (!report.ok)
		err_wrap(e, "generation %llu is current again, but does not pass its check: %.*s",
			 (unsigned long long)g->number, STR_ARG(report.why));
}

static bool end(struct switching *w, enum change_outcome outcome, struct err *e)
{
	struct health_report *r = &w->report;

	w->c.outcome = outcome;
	w->c.why = r->why;
	w->c.body = r->body;
	w->c.log = r->log;
	w->c.status = r->status;
	w->c.attempts = r->attempts;
	return journal_end(w->p, &w->c, e);
}

/*
 * e holds why the change failed. The switch is undone, if there was one, and all is written down; what goes
 * wrong with that is added to e.
 */
static bool give_up(struct switching *w, bool refused, struct err *e)
{
	struct place *p = w->p;
	bool switched = w->c.switched;
	struct err more = {0};

	if (e->code == ERR_CANCEL)
		interrupt_handled();
	if (switched && (!p->ops->point(p, w->c.from, &more) || !p->ops->sync(p, &more))) {
		err_wrap(e, "switching back failed: %s; %.*s still names generation %llu", more.msg,
			 STR_ARG(p->dest), (unsigned long long)w->c.to);
	} else if (switched) {
		w->c.switched = false;
		err_wrap(e, "switched back to %.*s",
			 STR_ARG(w->c.from.n ? path_base(w->c.from) : STR("nothing")));
		reload_former(w, e);
	}
	if (!w->report.why.n)
		w->report.why = str_dup(p->arena, str_of(e->msg));
	if (!end(w, refused ? OUTCOME_FAILED : OUTCOME_ERROR, &more))
		err_wrap(e, "the history does not say so: %s", more.msg);
	return false;
}

/* Content under its name, and the name lasting. */
static bool place_content(struct switching *w, struct err *e)
{
	struct place *p = w->p;

	if (w->staged.n && (!file_move(w->staged.p, generation_path(p, w->g, ""), e) ||
			    !file_sync(place_path(p, "generations"), e)))
		return false;
	w->g->present = true;
	return true;
}

static bool canary(struct switching *w, struct err *e)
{
	if (w->o->canary && !w->spec.canary.n) {
		err_set(e, ERR_USAGE, "there is no canary to run");
		return err_fix(e, "deploy: {canary: {run: [...], health: {...}}} says how");
	}
	if (!w->o->canary || health_canary(w->p, w->g, &w->spec, &w->report))
		return true;
	*e = w->report.err;
	return err_wrap(e, "trying generation %llu before the switch",
			(unsigned long long)w->g->number);
}

static bool point(struct switching *w, struct deploy_outcome *out, struct err *e)
{
	struct place *p = w->p;
	uint64_t began = clock_mono_ns();

	if (!p->ops->point(p, p->ops->target(p, w->g), e))
		return false;
	w->c.switched = true;
	out->switch_ns = clock_mono_ns() - began;
	return p->ops->sync(p, e);
}

static bool settle(struct switching *w, struct err *e)
{
	if (w->o->no_check)
		return true;
	health_settle(w->p, w->g, &w->spec, &w->report);
	if (w->report.ok)
		return true;
	*e = w->report.err;
	return err_wrap(e, "checking generation %llu", (unsigned long long)w->g->number);
}

/* Whether the release is to blame, not the machine or the user. */
static bool is_refusal(const struct switching *w, const struct err *e)
{
	return w->report.why.n && e->code != ERR_CANCEL && e->code != ERR_IO;
}

static bool run(struct switching *w, struct deploy_outcome *out, struct err *e)
{
	struct place *p = w->p;
	struct err ending = {0};

	w->c.to = w->g->number;
	w->c.digest = w->g->digest;
	w->c.record = w->g->record;
	w->c.from = p->view.current;
	out->number = w->g->number;
	out->digest = w->g->digest;
	out->from = p->view.current_number;
	if (!journal_begin(p, &w->c, e))
		return false;
	w->g = generation_find(p, w->c.to);
	file_reserve(place_path(p, "journal"), END_RESERVE_BYTES);
	if (!place_content(w, e) || !canary(w, e) || !point(w, out, e) || !settle(w, e))
		return give_up(w, is_refusal(w, e), e);
	if (end(w, OUTCOME_OK, &ending)) {
		p->view.current = p->ops->target(p, w->g);
		p->view.current_number = w->g->number;
		return true;
	}
	*e = ending;
	return give_up(w, false, e);
}

/* After the switch is durable. What cannot be removed makes no release fail. */
static void tidy(struct place *p, unsigned keep, struct deploy_outcome *out)
{
	struct err e = {0};

	if (!deploy_gc(p, keep, &out->removed, &e))
		event_warn(p->sink, "old generations stay: %s", e.msg);
}

/* --- deploy ----------------------------------------------------------------------------------- */

static bool is_forced(const struct deploy_opts *o, const struct digest *d)
{
	enum { SHORTEST = 12 };
	char hex[DIGEST_HEX + 1];
	struct str force = o->force;

	if (str_startsc(force, "sha256:"))
		force = str_skip(force, 7);
	digest_hex(d, hex);
	return force.n >= SHORTEST && str_starts(str_of(hex), force);
}

/* The generation of that digest that was tried last. */
static struct generation *tried_last(const struct place *p, const struct digest *d)
{
	struct generation *best = NULL;

	for (size_t i = 0; i < p->view.generations.n; i++) {
		struct generation *g = &p->view.generations.v[i];

		if (memcmp(g->digest.sha256, d->sha256, DIGEST_BYTES) == 0 &&
		    (!best || g->last_change > best->last_change))
			best = g;
	}
	return best;
}

static bool check_refused(const struct place *p, const struct digest *d,
			  const struct deploy_opts *o, struct err *e)
{
	const struct generation *g = tried_last(p, d);
	char hex[DIGEST_HEX + 1];

	if (!g || g->state != GENERATION_FAILED || is_forced(o, d))
		return true;
	digest_hex(d, hex);
	err_at(e, ERR_VERIFY, p->dest.p, 0, 0,
	       "release sha256:%.12s failed its check as generation %llu", hex,
	       (unsigned long long)g->number);
	return err_fix(e,
		       "`cbuild history %.*s` says why; --force %.12s tries it again all the same",
		       STR_ARG(p->dest), hex);
}

static bool same_policy(struct place *p, const struct generation *g, const struct deploy_spec *spec)
{
	struct json *record;
	struct err ignored = {0};

	return place_record(p, g, &record, &ignored) && json_get(record, "policy") &&
	       str_eq(json_dump(p->arena, json_get(record, "policy")),
		      json_dump(p->arena, policy_json(p->arena, spec)));
}

/* A generation that is the same in all that matters, whole; NULL: none. */
static struct generation *find_same(const struct switching *w, const struct digest *d)
{
	struct generation *g = tried_last(w->p, d);
	struct err ignored = {0};

	return g && g->present && same_policy(w->p, g, w->o->spec) &&
		       generation_verify(w->p, g, &w->verify, &ignored)
		   ? g
		   : NULL;
}

static bool new_generation(struct switching *w, const struct staged *s,
			   const struct release_source *src, struct err *e)
{
	struct place *p = w->p;
	struct generation *g = arena_new(p->arena, struct generation);

	for (size_t i = 0; i < p->view.generations.n; i++)
		if (p->view.generations.v[i].number > g->number)
			g->number = p->view.generations.v[i].number;
	g->number++;
	g->name = generation_name(p->arena, g->number, &s->digest);
	w->g = g;
	w->staged = s->dir;
	return statement_keep(p, src, &s->digest, e) &&
	       release_write(p, s, src, w->o->spec, g, e) && folder_publish(s->dir.p, e) &&
	       tree_sync(s->dir.p, s->files, e);
}

static bool release(struct switching *w, const struct release_source *src, const struct staged *s,
		    struct deploy_outcome *out, struct err *e)
{
	struct place *p = w->p;

	if (!verify_release(p, &w->verify, src->statement, src->statement_at, &s->digest, e) ||
	    !check_refused(p, &s->digest, w->o, e))
		return false;
	w->g = find_same(w, &s->digest);
	if (w->g && w->g->number == p->view.current_number && w->g->state == GENERATION_GOOD &&
	    !w->c.verify) {
		*out = (struct deploy_outcome){.number = w->g->number,
					       .from = w->g->number,
					       .digest = w->g->digest,
					       .unchanged = true};
		return true;
	}
	return (w->g || new_generation(w, s, src, e)) && run(w, out, e);
}

bool deploy_release(struct place *p, const struct release_source *src, const struct deploy_opts *o,
		    struct deploy_outcome *out, struct err *e)
{
	struct switching w = {.p = p, .o = o, .spec = *o->spec, .c = {.kind = CHANGE_DEPLOY}};
	struct staged s = {0};
	struct err ignored = {0};
	bool ok, changed;

	*out = (struct deploy_outcome){0};
	if (!verify_choose(p, o, &w.verify, &changed, e))
		return err_wrap(e, "deploying to %.*s", STR_ARG(p->dest));
	w.c.verify = changed ? &w.verify : NULL;
	if (!folder_make_temp(p->arena, place_path(p, "generations"), ".new-", &s.dir, e))
		return false;
	ok = p->ops->stage(p, src, &s, e) && release(&w, src, &s, out, e);
	/* What is left of it after a failure goes now, or when the next command comes. */
	if (!folder_remove(s.dir.p, &ignored))
		event_warn(p->sink, "%s stays for now: %s", s.dir.p, ignored.msg);
	if (ok)
		tidy(p, o->spec->keep, out);
	return ok || err_wrap(e, "deploying to %.*s", STR_ARG(p->dest));
}

/* --- rollback --------------------------------------------------------------------------------- */

static bool find_target(struct place *p, uint64_t number, const struct deploy_opts *o,
			struct generation **out, struct err *e)
{
	*out = number ? generation_find(p, number) : generation_back(p);
	if (!*out && !number) {
		err_set(e, ERR_INPUT, "there is no good generation before the current one");
		return err_fix(e, "`cbuild history %.*s` lists what there is", STR_ARG(p->dest));
	}
	if (!*out || !(*out)->present) {
		err_set(e, ERR_INPUT, "generation %llu is not there%s", (unsigned long long)number,
			*out ? " any more" : "");
		return err_fix(e, "`cbuild history %.*s` lists what there is", STR_ARG(p->dest));
	}
	return check_refused(p, &(*out)->digest, o, e);
}

bool deploy_rollback(struct place *p, uint64_t number, const struct deploy_opts *o,
		     struct deploy_outcome *out, struct err *e)
{
	struct switching w = {.p = p, .o = o, .c = {.kind = CHANGE_ROLLBACK}};

	*out = (struct deploy_outcome){0};
	if (!find_target(p, number, o, &w.g, e) || !place_verify(p, w.g, e) ||
	    !generation_policy(p, w.g, &w.spec, e))
		return err_wrap(e, "rolling back %.*s", STR_ARG(p->dest));
	if (w.g->number == p->view.current_number && w.g->state == GENERATION_GOOD) {
		*out = (struct deploy_outcome){w.g->number, w.g->number, w.g->digest, true, 0, {0}};
		return true;
	}
	return run(&w, out, e) || err_wrap(e, "rolling back %.*s", STR_ARG(p->dest));
}
