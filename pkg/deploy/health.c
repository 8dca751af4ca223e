/*
 * Reload and health. Commands get CBUILD_DEPLOY_DIR, _DIGEST and _GENERATION, and stand in the place's folder.
 * A try of tcp and http first asks who listens: while it is another release, its answer would prove nothing.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/path.h"
#include "deploy/deploy_impl.h"
#include "net/net.h"
#include "sys/clock.h"
#include "sys/spawn.h"

extern char **environ;

enum {
	TIMEOUT_MS = 5000,
	INTERVAL_MS = 1000,
	TRIES = 10,
	RELOAD_MS = 120000,
	LOG_MS = 5000,
	ANSWER_READ_BYTES = 64 << 10
};

struct checker {
	struct place *p;
	const struct generation *g;
	const struct health_spec *h;
	struct health_report *r;
};

/* --- commands --------------------------------------------------------------------------------- */

static const char *const *argv_of(struct arena *a, const struct str_vec *v)
{
	const char **argv = arena_array(a, const char *, v->n + 1);

	for (size_t i = 0; i < v->n; i++)
		argv[i] = str_c(a, v->v[i]);
	return argv;
}

static const char *const *env_of(struct place *p, const struct generation *g)
{
	VEC(const char *) env = {0};
	struct arena *a = p->arena;
	struct str dir = str_of(generation_path(p, g, "")), real;
	struct err ignored = {0};
	char hex[DIGEST_HEX + 1];

	for (char **x = environ; *x; x++)
		if (!str_startsc(str_of(*x), "CBUILD_"))
			*vec_push(a, &env) = *x;
	digest_hex(&g->digest, hex);
	*vec_push(a, &env) = str_fmt(a, "CBUILD_DEPLOY_DIR=%s",
				     path_real(a, dir.p, &real, &ignored) ? real.p : dir.p)
				 .p;
	*vec_push(a, &env) = str_fmt(a, "CBUILD_DEPLOY_DIGEST=%s", hex).p;
	*vec_push(a, &env) =
	    str_fmt(a, "CBUILD_DEPLOY_GENERATION=%llu", (unsigned long long)g->number).p;
	*vec_push(a, &env) = NULL;
	return env.v;
}

static struct str tail(struct arena *a, struct str s)
{
	return str_dup(a,
		       str_trim(s.n > ANSWER_MAX_BYTES ? str_skip(s, s.n - ANSWER_MAX_BYTES) : s));
}

/* Runs it, for timeout_ms at most. False: it could not be started, was interrupted, or took too long. */
static bool run(struct place *p, const struct generation *g, const struct str_vec *words,
		unsigned timeout_ms, int *status, struct str *said, struct err *e)
{
	struct spawn cmd = {.argv = argv_of(p->arena, words),
			    .env = env_of(p, g),
			    .cwd = p->layout.n ? p->layout.p : str_c(p->arena, p->dir)};
	struct spawn_result done = {0};
	enum spawn_wait w = SPAWN_NONE;
	struct spawn_set *set;
	struct buf all = {0};

	if (!spawn_set_open(&set, e))
		return false;
	if (spawn_start(set, &cmd, e))
		w = spawn_wait(set, (int)timeout_ms, &done);
	spawn_set_close(set);
	buf_adds(&all, buf_str(&done.out));
	buf_adds(&all, buf_str(&done.err));
	*said = tail(p->arena, buf_str(&all));
	*status = done.exit_status;
	buf_fini(&all);
	buf_fini(&done.out);
	buf_fini(&done.err);
	if (w == SPAWN_TIMEOUT)
		return err_set(e, ERR_INPUT, "%s did not end within %u ms", cmd.argv[0],
			       timeout_ms);
	if (w == SPAWN_INTERRUPTED)
		return err_set(e, ERR_CANCEL, "interrupted while %s ran", cmd.argv[0]);
	return w == SPAWN_EXITED;
}

static void failed(struct health_report *r, struct arena *a)
{
	r->ok = false;
	r->why = str_dup(a, str_of(r->err.msg));
}

static bool run_well(struct checker *c, const struct str_vec *words, unsigned timeout_ms,
		     const char *what, struct err *e)
{
	int status;

	if (!run(c->p, c->g, words, timeout_ms, &status, &c->r->body, e))
		return err_wrap(e, "%s", what);
	c->r->status = status;
	if (!status)
		return true;
	return err_set(e, ERR_INPUT, "%s: %.*s exited with status %d%s%.*s", what,
		       STR_ARG(words->v[0]), status, c->r->body.n ? ": " : "", STR_ARG(c->r->body));
}

/* --- one try ---------------------------------------------------------------------------------- */

static bool prove_process(struct checker *c, unsigned port, struct err *e)
{
	struct str who;

	switch (proof_listener(c->p, c->g, port, &who)) {
	case LISTENER_NEW:
		return true;
	case LISTENER_UNSEEN:
		err_set(e, ERR_IO, "who listens on port %u is hidden from this user", port);
		return err_fix(e,
			       "deploy as root or as the service's user, or have the service say "
			       "which release it is: proof: answer");
	case LISTENER_OTHER:
		break;
	}
	return err_set(e, ERR_INPUT, "port %u is not generation %llu's: %.*s", port,
		       (unsigned long long)c->g->number, STR_ARG(who));
}

static bool try_net(struct checker *c, bool connect_only, struct err *e)
{
	const struct health_spec *h = c->h;
	struct net_probe q = {
	    .url = connect_only ? str_fmt(c->p->arena, "http://%.*s", STR_ARG(h->address)).p
				: str_c(c->p->arena, h->address),
	    .timeout_ms = h->timeout_ms ? h->timeout_ms : TIMEOUT_MS,
	    .connect_only = connect_only,
	    .max_bytes = ANSWER_READ_BYTES,
	};
	struct net_answer answer;

	if (h->proof == PROOF_PROCESS && !prove_process(c, net_url_port(q.url), e))
		return false;
	if (!net_probe(c->p->arena, &q, &answer, e)) {
		if (e->code == ERR_NET)
			e->code = ERR_INPUT; /* the release does not answer */
		return false;
	}
	c->r->status = answer.status;
	c->r->body = tail(c->p->arena, str_skip(answer.text, answer.body));
	if (!connect_only && answer.status / 100 != 2)
		return err_set(e, ERR_INPUT, "%s: answered with status %ld", q.url, answer.status);
	if (h->proof == PROOF_ANSWER && !connect_only && !proof_answer(c->p, c->g, answer.text))
		return err_set(e, ERR_INPUT,
			       "%s: the answer does not show that generation %llu gives it", q.url,
			       (unsigned long long)c->g->number);
	return true;
}

static bool try_once(struct checker *c, struct err *e)
{
	c->r->status = 0;
	c->r->body = STR("");
	switch (c->h->kind) {
	case HEALTH_NONE:
		return true;
	case HEALTH_CMD:
		return run_well(c, &c->h->cmd, c->h->timeout_ms ? c->h->timeout_ms : TIMEOUT_MS,
				"health", e);
	case HEALTH_TCP:
		return try_net(c, true, e);
	case HEALTH_HTTP:
		return try_net(c, false, e);
	}
	return false;
}

/* False when interrupted. */
static bool wait_ms(uint64_t ms)
{
	struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

	while (!interrupt_requested() && nanosleep(&t, &t) != 0 && errno == EINTR)
		continue;
	return !interrupt_requested();
}

/*
 * Soon after a reload the service is not there yet: the first tries follow each other faster, and are not
 * counted while less than an interval has passed.
 */
static bool try_until(struct checker *c, bool (*dead)(void *ctx), void *ctx, struct err *e)
{
	uint64_t interval = c->h->interval_ms ? c->h->interval_ms : INTERVAL_MS;
	uint64_t began = clock_mono_ms(), pause = 10;
	unsigned tries = c->h->tries ? c->h->tries : TRIES;

	for (unsigned counted = 0;;) {
		*e = (struct err){0};
		c->r->attempts++;
		if (try_once(c, e))
			return true;
		if (clock_mono_ms() - began >= interval * (counted + 1))
			counted++;
		if (e->code == ERR_CANCEL || e->code == ERR_IO || counted >= tries ||
		    (dead && dead(ctx)))
			return false;
		if (!wait_ms(pause))
			return err_set(e, ERR_CANCEL, "interrupted while checking");
		pause = pause * 2 < interval ? pause * 2 : interval;
	}
}

/* --- the whole -------------------------------------------------------------------------------- */

static int signal_number(struct str name)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = {{"HUP", SIGHUP},	  {"TERM", SIGTERM}, {"INT", SIGINT},
		       {"QUIT", SIGQUIT}, {"USR1", SIGUSR1}, {"USR2", SIGUSR2}};

	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		if (str_eqc(name, signals[i].name))
			return signals[i].number;
	return 0;
}

static bool reload(struct checker *c, const struct deploy_spec *s, struct err *e)
{
	if (s->reload.n)
		return run_well(c, &s->reload, RELOAD_MS, "reload", e);
	/* Nobody may run it yet: the check will show. */
	if (signal_number(s->signal) && !proof_signal(c->p, signal_number(s->signal)))
		event_note(c->p->sink, "no process runs a release of %.*s: nothing was signalled",
			   STR_ARG(c->p->dest));
	return true;
}

static void keep_log(struct checker *c, const struct deploy_spec *s)
{
	struct err ignored = {0};
	int status;

	if (s->log.n && !run(c->p, c->g, &s->log, LOG_MS, &status, &c->r->log, &ignored))
		c->r->log = str_fmt(c->p->arena, "(no log: %s)", ignored.msg);
}

void health_settle(struct place *p, const struct generation *g, const struct deploy_spec *s,
		   struct health_report *out)
{
	struct checker c = {p, g, &s->health, out};

	*out = (struct health_report){0};
	out->ok = reload(&c, s, &out->err) &&
		  (s->health.kind == HEALTH_NONE || try_until(&c, NULL, NULL, &out->err));
	if (out->ok)
		return;
	failed(out, p->arena);
	keep_log(&c, s);
}

/* --- canary ----------------------------------------------------------------------------------- */

struct canary {
	struct spawn_set *set;
	struct spawn_result done;
	bool ended;
};

static bool canary_dead(void *ctx)
{
	struct canary *x = ctx;

	x->ended = x->ended || spawn_wait(x->set, 0, &x->done) == SPAWN_EXITED;
	return x->ended;
}

bool health_canary(struct place *p, const struct generation *g, const struct deploy_spec *s,
		   struct health_report *out)
{
	struct checker c = {p, g, &s->canary_health, out};
	struct spawn cmd = {.argv = argv_of(p->arena, &s->canary),
			    .env = env_of(p, g),
			    .cwd = generation_path(p, g, "")};
	struct canary x = {0};

	*out = (struct health_report){0};
	if (spawn_set_open(&x.set, &out->err) && spawn_start(x.set, &cmd, &out->err))
		out->ok = try_until(&c, canary_dead, &x, &out->err);
	if (!out->ok && x.ended)
		err_wrap(&out->err, "the canary ended with status %d", x.done.exit_status);
	out->log = tail(p->arena, buf_str(&x.done.err));
	buf_fini(&x.done.out);
	buf_fini(&x.done.err);
	spawn_set_close(x.set);
	if (!out->ok)
		failed(out, p->arena);
	return out->ok;
}
