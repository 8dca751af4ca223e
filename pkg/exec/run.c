/*
 * One run: hash the tree's inputs on all processors, then a loop of one thread that looks ready
 * actions up, starts those the cache does not know, and waits for children and worker threads.
 * After a failure nothing new starts (unless keep_going), but what runs may end and be kept.
 */
#include <signal.h>
#include <stdio.h>

#include "exec/exec_impl.h"
#include "sys/clock.h"

enum { STOP_GRACE_MS = 2000 };

static uint64_t total(const struct run *r)
{
	return r->s.wanted_n + r->o->settled;
}

static void emit(struct run *r, enum event_kind kind, struct str text)
{
	struct event ev = {.kind = kind, .text = text, .done = r->done, .total = total(r)};

	event_emit(r->o->sink, &ev);
}

static void emit_end(struct run *r, const struct action *x, enum event_outcome outcome,
		     struct str output, uint64_t elapsed_ms)
{
	struct event ev = {
	    .kind = EVENT_ACTION_END,
	    .outcome = outcome,
	    .text = x->title,
	    .output = output,
	    .done = r->done,
	    .total = total(r),
	    .elapsed_ms = elapsed_ms,
	};

	event_emit(r->o->sink, &ev);
}

/* --- ends of an action --- */

static void end_ok(struct run *r, struct action *x, enum action_state state, uint64_t elapsed_ms)
{
	bool cached = state == ACTION_CACHED;

	x->state = state;
	r->done++;
	r->stat.cached += cached;
	r->stat.ran += !cached;
	emit_end(r, x, cached ? EVENT_CACHED : EVENT_RAN, x->words, elapsed_ms);
	schedule_done(&r->s, x, true);
}

static void end_skipped(struct run *r, struct action *x)
{
	x->state = ACTION_SKIPPED;
	r->done++;
	r->stat.skipped++;
	emit_end(r, x, EVENT_SKIPPED, (struct str){0}, 0);
	schedule_done(&r->s, x, false);
}

/*
 * The first error is what exec_run returns. A later one is shown with its action's words, or nobody
 * would ever see it.
 */
static void end_failed(struct run *r, struct action *x, const struct err *why, uint64_t elapsed_ms)
{
	struct buf all = {0};

	x->state = ACTION_FAILED;
	r->done++;
	r->stat.failed++;
	if (r->failure.code == ERR_NONE) {
		r->failure = *why;
	} else if (why->code != ERR_TOOL || !x->words.n) {
		buf_adds(&all, x->words);
		err_render(why, &all);
		x->words = str_dup(r->a, buf_str(&all));
		buf_fini(&all);
	}
	r->stopping = r->stopping || !r->o->keep_going;
	emit_end(r, x, EVENT_FAILED, x->words, elapsed_ms);
	schedule_done(&r->s, x, false);
}

/* --- jobs under way --- */

static void job_add(struct run *r, struct job *j)
{
	*vec_push(r->a, &r->active) = j;
}

static void job_drop(struct run *r, struct job *j)
{
	for (size_t i = 0; i < r->active.n; i++) {
		if (r->active.v[i] == j) {
			r->active.v[i] = r->active.v[--r->active.n];
			break;
		}
	}
	job_free(j);
}

static struct str join_words(struct run *r, struct str out, struct str err)
{
	if (!err.n)
		return out;
	return out.n ? str_fmt(r->a, "%.*s%.*s", STR_ARG(out), STR_ARG(err)) : err;
}

static bool tool_failed(const struct action *x, const struct spawn_result *res, struct err *e)
{
	if (!res->signal)
		return err_set(e, ERR_TOOL, "%.*s: exit status %d", STR_ARG(x->title),
			       res->exit_status);
	err_set(e, ERR_TOOL, "%.*s: killed by signal %d", STR_ARG(x->title), res->signal);
	if (res->signal == SIGKILL)
		err_fix(e, "the machine may have run out of memory: lower -j");
	return false;
}

static void command_ended(struct run *r, struct spawn_result *res)
{
	struct job *j = res->tag;
	struct action *x = j->x;
	struct str out = words_canonical(r->a, j, buf_str(&res->out));
	struct str err = words_canonical(r->a, j, buf_str(&res->err));
	struct err why = {0};
	bool ok;

	x->words = join_words(r, out, err);
	ok = res->exit_status == 0 ? store_outputs(j, out, err, res, &why)
				   : tool_failed(x, res, &why);
	buf_fini(&res->out);
	buf_fini(&res->err);
	job_drop(r, j);
	if (ok)
		end_ok(r, x, ACTION_RAN, res->wall_ms);
	else
		end_failed(r, x, &why, res->wall_ms);
}

static void step_ended(struct run *r, struct job *j)
{
	struct action *x = j->x;
	struct spawn_result cost = {.wall_ms = clock_mono_ms() - j->started_ms};
	struct err why = j->err;
	bool ok = j->ok;

	x->words = words_canonical(r->a, j, buf_str(&j->words));
	if (!ok)
		err_wrap(&why, "%.*s", STR_ARG(x->title));
	ok = ok && store_outputs(j, x->words, (struct str){0}, &cost, &why);
	job_drop(r, j);
	if (ok)
		end_ok(r, x, ACTION_RAN, cost.wall_ms);
	else
		end_failed(r, x, &why, cost.wall_ms);
}

/* On a worker thread. */
static void run_step(void *arg)
{
	struct job *j = arg;

	j->ok = j->x->step->run(&j->io, &j->err);
}

static bool start_job(struct run *r, struct job *j, struct err *e)
{
	if (j->x->step) {
		job_step(j);
		pool_start(r->pool, run_step, j);
		return true;
	}
	if (!job_command(j, e))
		return false;
	return spawn_start(r->children, &(struct spawn){.argv = j->argv, .env = j->env, .tag = j},
			   e);
}

static void start(struct run *r, struct action *x)
{
	struct job *j = job_new(r, x);
	struct err why = {0};

	r->s.nodes[x->index].started_ns = clock_file_ns();
	job_add(r, j);
	if (start_job(r, j, &why))
		return;
	job_drop(r, j);
	end_failed(r, x, &why, 0);
}

/* --- a ready action --- */

/* False when an input's content is not known, because what makes it did not run (-n). */
static bool take_inputs(struct run *r, struct action *x)
{
	for (size_t i = 0; i < x->inputs.n; i++) {
		struct input *in = &x->inputs.v[i];

		if (!in->from)
			continue;
		if (r->s.nodes[in->from->index].unknown)
			return false;
		in->digest = in->from->result.outputs[in->from_output].digest;
	}
	return true;
}

static void make_key(struct run *r, struct action *x)
{
	buf_clear(&r->record);
	record_append(&r->record, x);
	x->key = digest_str(buf_str(&r->record));
}

static void show(struct run *r, const struct action *x, bool known)
{
	struct arena scratch = {0};

	if (r->o->explain)
		emit(r, EVENT_EXPLAIN,
		     known
			 ? explain(&scratch, r->state_dir, x, r->o->no_cache_read, r->memo)
			 : str_fmt(&scratch, "%.*s: what it reads may change", STR_ARG(x->title)));
	if (r->o->show_commands || r->o->dry_run)
		emit(r, EVENT_COMMAND, action_command(&scratch, x));
	arena_fini(&scratch);
}

static void pretend(struct run *r, struct action *x)
{
	r->s.nodes[x->index].unknown = true;
	r->done++;
	r->stat.ran++;
	schedule_done(&r->s, x, true);
}

static void consider(struct run *r, struct action *x)
{
	enum cas_result found = CAS_MISS;
	struct err why = {0};
	bool known;

	if (r->s.nodes[x->index].doomed) {
		end_skipped(r, x);
		return;
	}
	known = take_inputs(r, x);
	if (known)
		make_key(r, x);
	if (known && !digest_is_zero(&x->known_key)) {
		if (digest_eq(&x->key, &x->known_key)) {
			end_ok(r, x, ACTION_CACHED, 0);
			return;
		}
		x->words = (struct str){0};
	}
	if (known && !r->o->no_cache_read && !x->uncacheable)
		found = lookup(r, x, &why);
	if (found == CAS_HIT) {
		end_ok(r, x, ACTION_CACHED, 0);
		return;
	}
	if (found == CAS_ERROR) {
		end_failed(r, x, &why, 0);
		return;
	}
	if (!settled_inputs_there(r, x)) {
		r->stat.stale = r->stopping = true;
		return;
	}
	show(r, x, known);
	if (r->o->dry_run) {
		pretend(r, x);
		return;
	}
	emit(r, EVENT_ACTION_START, x->title);
	start(r, x);
}

/* --- the loop --- */

static void start_ready(struct run *r)
{
	struct action *x;

	while (!r->stopping && !interrupt_requested() && r->active.n < r->jobs &&
	       (x = schedule_next(&r->s)))
		consider(r, x);
}

static bool cancelled(struct run *r, struct err *e)
{
	spawn_stop_all(r->children, STOP_GRACE_MS);
	return err_set(e, ERR_CANCEL, "interrupted after %zu of %zu actions", r->done,
		       (size_t)total(r));
}

static bool loop(struct run *r, struct err *e)
{
	struct spawn_result res;
	struct job *j;

	for (;;) {
		start_ready(r);
		if (interrupt_requested())
			return cancelled(r, e);
		if (!r->active.n)
			return true;
		switch (spawn_wait(r->children, -1, &res)) {
		case SPAWN_EXITED:
			command_ended(r, &res);
			break;
		case SPAWN_WOKEN:
			while ((j = pool_take(r->pool)))
				step_ended(r, j);
			break;
		case SPAWN_INTERRUPTED:
			return cancelled(r, e);
		case SPAWN_TIMEOUT:
		case SPAWN_NONE:
			break;
		}
	}
}

/* --- hashing the tree --- */

struct file_refs {
	VEC(struct str) paths;
	VEC(struct input *) inputs;
	VEC(struct action *) users;
};

static void collect_files(struct run *r, struct arena *a, struct file_refs *f)
{
	struct graph *g = r->s.g;

	for (size_t i = 0; i < g->actions.n; i++) {
		struct action *x = g->actions.v[i];

		for (size_t k = 0; r->s.nodes[i].wanted && k < x->inputs.n; k++) {
			struct input *in = &x->inputs.v[k];

			if (in->from || in->order_only)
				continue;
			*vec_push(a, &f->paths) = in->path;
			*vec_push(a, &f->inputs) = in;
			*vec_push(a, &f->users) = x;
		}
	}
}

static bool report_missing(const struct file_refs *f, const struct index_vec *missing,
			   struct err *e)
{
	for (size_t i = 0; i < missing->n; i++) {
		struct str path = f->paths.v[missing->v[i]];
		struct str title = f->users.v[missing->v[i]]->title;
		char place[sizeof e->place];

		snprintf(place, sizeof place, "%.*s", STR_ARG(path));
		if (i == 0)
			err_at(e, ERR_INPUT, place, 0, 0, "no such file, but '%.*s' reads it",
			       STR_ARG(title));
		else
			err_also(e, place, 0, 0, "no such file, but '%.*s' reads it",
				 STR_ARG(title));
	}
	return err_fix(e, "restore the file, or take away what names it");
}

static bool hash_files(struct run *r, struct err *e)
{
	struct arena scratch = {0};
	struct index_vec missing = {0};
	struct file_refs f = {0};
	struct digest *digests;
	bool ok;

	collect_files(r, &scratch, &f);
	digests = arena_array(&scratch, struct digest, f.paths.n);
	ok = memo_digest_all(r->memo, &scratch, f.paths.v, f.paths.n, digests, &missing, e);
	if (ok && missing.n)
		ok = report_missing(&f, &missing, e);
	for (size_t i = 0; ok && i < f.paths.n; i++)
		f.inputs.v[i]->digest = digests[i];
	arena_fini(&scratch);
	return ok;
}

/* --- all of it --- */

static bool finish(struct run *r, struct err *e)
{
	if (r->stat.stale)
		return err_set(e, ERR_IO, "the cache lost what was built from it");
	r->stat.skipped += total(r) - r->done;
	event_emit(r->o->sink, &(struct event){
				   .kind = EVENT_DONE,
				   .done = r->done,
				   .total = total(r),
				   .cached = r->stat.cached,
				   .elapsed_ms = clock_mono_ms() - r->started_ms,
			       });
	if (r->failure.code == ERR_NONE)
		return true;
	*e = r->failure;
	if (r->stat.failed > 1)
		err_wrap(e, "building; %llu more failed", (unsigned long long)r->stat.failed - 1);
	return false;
}

static bool open_all(struct run *r, struct err *e)
{
	struct str dir = r->o->state_dir;
	struct str memo = dir.n ? str_fmt(r->a, "%.*s/files", STR_ARG(dir)) : STR("");

	r->state_dir = dir.n ? str_c(r->a, dir) : NULL;
	r->jobs = r->o->jobs ? r->o->jobs : cpu_count();
	if (!path_cwd(r->a, &r->cwd, e) || !file_memo_open(r->a, memo, &r->memo, e) ||
	    !spawn_set_open(&r->children, e) || !pool_open(r->jobs, &r->pool, e))
		return false;
	spawn_watch(r->children, pool_fd(r->pool));
	return true;
}

/* The memo only saves time: that it could not be written is worth a word, not a failed build. */
static void close_all(struct run *r)
{
	struct err why;

	spawn_set_close(r->children);
	pool_close(r->pool);
	while (r->active.n)
		job_drop(r, r->active.v[0]);
	buf_fini(&r->record);
	if (r->state_dir && !file_memo_close(r->memo, &why))
		event_warn(r->o->sink, "%s", why.msg);
}

static bool run_all(struct run *r, struct err *e)
{
	if (!hash_files(r, e))
		return false;
	event_emit(r->o->sink, &(struct event){.kind = EVENT_PLAN, .total = total(r)});
	return loop(r, e) && finish(r, e);
}

bool exec_run(struct arena *a, struct graph *g, const uint32_t *goals, size_t goal_count,
	      const struct exec_opts *opts, struct exec_stat *stat, struct err *e)
{
	struct run r = {.a = a, .o = opts, .started_ms = clock_mono_ms(), .done = opts->settled};
	bool ok;

	r.stat.cached = opts->settled;
	r.cas_dir = cas_dir(opts->cas);
	ok = schedule_init(a, g, goals, goal_count, &r.s, e) && open_all(&r, e) && run_all(&r, e);
	close_all(&r);
	r.stat.total = total(&r);
	r.stat.elapsed_ms = clock_mono_ms() - r.started_ms;
	if (stat)
		*stat = r.stat;
	return ok;
}
