/*
 * One run: hash the tree's inputs on all processors, then a loop of one thread that looks ready
 * actions up, starts those the cache does not know, and waits for children and worker threads.
 * After a failure nothing new starts (unless keep_going), but what runs may end and be kept.
 */
#include <signal.h>
#include <stdio.h>

#include "exec/exec_impl.h"
#include "sys/clock.h"

enum { STOP_GRACE_MS = 2000, LOOK_AGAIN_MS = 1000, JOINED_JOBS_MOST = 1024 };

/* --- actions with the same key --- */

static struct str key_bytes(const struct action *x)
{
	return str_from((const char *)x->key.sha256, DIGEST_BYTES);
}

/* Two actions with the same key make the same: the second waits until the first has ended. */
static bool waits_for_another(struct run *r, struct action *x)
{
	struct map_item *item;

	if (r->o->no_cache_read || x->uncacheable)
		return false;
	item = map_put(r->a, &r->under_way, key_bytes(x), NULL);
	if (item->ptr && item->ptr != x) {
		*vec_push(r->a, &r->waiting) = x;
		return true;
	}
	item->ptr = x;
	return false;
}

/* What waited for x is looked up again; when x failed, or its result was not kept, it runs. */
static void wake_waiting(struct run *r, const struct action *x)
{
	struct map_item *item = map_get(&r->under_way, key_bytes(x));
	size_t left = 0;

	if (!item || item->ptr != x)
		return;
	item->ptr = NULL;
	for (size_t i = 0; i < r->waiting.n; i++) {
		struct action *w = r->waiting.v[i];

		if (digest_eq(&w->key, &x->key))
			schedule_again(&r->s, w);
		else
			r->waiting.v[left++] = w;
	}
	r->waiting.n = left;
}

/* --- ends of an action --- */

static void end_failed(struct run *r, struct action *x, const struct err *why, uint64_t elapsed_ms);

static void end_ok(struct run *r, struct action *x, enum action_state state, uint64_t elapsed_ms)
{
	bool cached = state == ACTION_CACHED;
	struct err why = {0};

	if (!place_outputs(r, x, &why)) {
		end_failed(r, x, &why, elapsed_ms);
		return;
	}
	x->state = state;
	r->done++;
	r->stat.cached += cached;
	r->stat.ran += !cached;
	schedule_done(&r->s, x, true);
	wake_waiting(r, x);
	report_end(r, x, cached ? EVENT_CACHED : EVENT_RAN, elapsed_ms);
}

static void end_skipped(struct run *r, struct action *x)
{
	x->state = ACTION_SKIPPED;
	r->done++;
	r->stat.skipped++;
	schedule_done(&r->s, x, false);
	report_end(r, x, EVENT_SKIPPED, 0);
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
	schedule_done(&r->s, x, false);
	wake_waiting(r, x);
	report_end(r, x, EVENT_FAILED, elapsed_ms);
}

/* --- jobs under way --- */

/* The job takes the first free slot. */
static void job_add(struct run *r, struct job *j)
{
	while (j->slot < r->slots.n && r->slots.v[j->slot])
		j->slot++;
	if (j->slot == r->slots.n)
		*vec_push(r->a, &r->slots) = false;
	r->slots.v[j->slot] = true;
	*vec_push(r->a, &r->active) = j;
}

static void slot_free(struct run *r, struct job *j)
{
	if (!j->slot_freed)
		r->slots.v[j->slot] = false;
	j->slot_freed = true;
}

static void job_drop(struct run *r, struct job *j)
{
	for (size_t i = 0; i < r->active.n; i++) {
		if (r->active.v[i] == j) {
			r->active.v[i] = r->active.v[--r->active.n];
			break;
		}
	}
	slot_free(r, j);
	memory_end(&r->memory, r->s.nodes[j->x->index].cost.peak_bytes);
	jobserver_keep(r->o->jobserver, r->active.n ? (unsigned)r->active.n - 1 : 0);
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

/*
 * An object that was read in a cache below, which others look after, must have been the same to the end:
 * what was made of another one is never kept. And a tool that did not find what was there is not to blame.
 */
static bool inputs_steady(const struct run *r, const struct action *x, bool ok, struct err *e)
{
	struct err ignored;

	for (size_t i = 0; i < x->inputs.n; i++) {
		const struct input *in = &x->inputs.v[i];

		if (!in->from || (cas_steady(r->o->cas, &in->digest) &&
				  (ok || cas_has(r->o->cas, &in->digest, &ignored) == CAS_HIT)))
			continue;
		err_set(e, ERR_IO, "%.*s left the cache or changed there while '%.*s' read it",
			STR_ARG(in->path), STR_ARG(x->title));
		return err_fix(e, "build again; somebody removed or changed files of the cache");
	}
	return true;
}

/* What both kinds of job come to; takes j. */
static void job_ended(struct run *r, struct job *j, bool ok, struct str out, struct str err,
		      const struct spawn_result *cost, struct err *why)
{
	struct action *x = j->x;

	if (report_spans(r))
		report_job(r, j, ok, cost->peak_bytes);
	ok = inputs_steady(r, x, ok, why) && ok;
	if (ok) {
		uint64_t start_ns = report_spans(r) ? clock_mono_ns() : 0;

		ok = (!x->tool_cache || cas_tool_seal(r->o->cas, why)) &&
		     store_outputs(j, out, err, cost, why);
		if (report_spans(r))
			report_store(r, x, start_ns);
	}
	job_drop(r, j);
	if (!ok) {
		end_failed(r, x, why, cost->wall_ms);
		return;
	}
	history_put(&r->history, x, cost->wall_ms, cost->peak_bytes);
	end_ok(r, x, ACTION_RAN, cost->wall_ms);
}

/* A question whose tool failed is answered by empty outputs; without memory there is no answer. */
static bool answered_no(const struct job *j, const struct spawn_result *res, struct err *e)
{
	if (!j->x->asks || res->signal)
		return false;
	for (size_t i = 0; i < j->x->outputs.n; i++)
		if (!file_write_fast(j->outs[i].p, STR(""), 0644, e))
			return false;
	return true;
}

static void command_ended(struct run *r, struct spawn_result *res)
{
	struct job *j = res->tag;
	struct str out = words_canonical(r->a, j, buf_str(&res->out));
	struct str err = words_canonical(r->a, j, buf_str(&res->err));
	struct err why = {0};
	bool ok =
	    res->exit_status == 0 || answered_no(j, res, &why) || tool_failed(j->x, res, &why);

	if (j->x->box.log.n) {
		out = box_words(r->a, j->x, join_words(r, out, err), ok);
		err = STR("");
	}
	if (j->x->asks && ok)
		out = err = (struct str){0};
	j->x->words = words_declared(r->a, j->x, join_words(r, out, err));
	buf_fini(&res->out);
	buf_fini(&res->err);
	job_ended(r, j, ok, out, err, res, &why);
}

static void step_ended(struct run *r, struct job *j)
{
	struct spawn_result cost = {.wall_ms = (j->ended_ns - j->started_ns) / 1000000};
	struct err why = j->err;
	struct str out;

	out = words_canonical(r->a, j, buf_str(&j->words));
	j->x->words = words_declared(r->a, j->x, out);
	if (!j->ok)
		err_wrap(&why, "%.*s", STR_ARG(j->x->title));
	job_ended(r, j, j->ok, out, (struct str){0}, &cost, &why);
}

/* On a worker thread. */
static void run_step(void *arg)
{
	struct job *j = arg;

	j->ok = j->x->step->run(&j->io, &j->err);
	j->ended_ns = clock_mono_ns();
}

static bool start_job(struct run *r, struct job *j, struct err *e)
{
	if (j->x->step) {
		job_step(j);
		if (!j->x->step->brief || r->active.n > 1 || r->s.ready.n || r->s.misses.n) {
			pool_start(r->pool, run_step, j);
			return true;
		}
		run_step(j);
		step_ended(r, j);
		return true;
	}
	if (!job_command(j, e) || (j->x->tool_cache && !cas_tool_sweep(r->o->cas, e)))
		return false;
	/* A program is large, and its linker slow to end. */
	if (!j->box.n && j->x->outputs.n && j->x->outputs.v[0].executable)
		j->ahead = ahead_start(j->outs[0].p);
	return spawn_start(r->children,
			   &(struct spawn){.argv = j->argv,
					   .env = j->env,
					   .cwd = j->box.n ? j->box.p : NULL,
					   .keep_fds = j->fds,
					   .keep_count = j->fd_count,
					   .tag = j},
			   e);
}

static void start(struct run *r, struct action *x)
{
	struct job *j = job_new(r, x);
	struct err why = {0};

	r->s.nodes[x->index].started_ns = clock_stamp_ns(r->clock_path);
	j->started_ns = clock_mono_ns();
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
	x->root = names_root(x, r->cwd) ? r->cwd : (struct str){0};
	buf_clear(&r->record);
	record_append(&r->record, x, RECORD_KEY);
	x->key = digest_str(buf_str(&r->record));
}

static void show(struct run *r, const struct action *x, bool known)
{
	struct arena scratch = {0};

	if (r->o->explain)
		report_text(
		    r, EVENT_EXPLAIN,
		    known ? explain(&scratch, &r->last, x, r->o->no_cache_read, r->memo)
			  : str_fmt(&scratch, "%.*s: what it reads may change", STR_ARG(x->title)));
	if (r->o->show_commands || r->o->dry_run)
		report_text(r, EVENT_COMMAND, action_command(&scratch, x, r->o->cas));
	arena_fini(&scratch);
}

static void pretend(struct run *r, struct action *x)
{
	r->s.nodes[x->index].unknown = true;
	r->done++;
	r->stat.ran++;
	schedule_done(&r->s, x, true);
}

/* True when the cache settled it: x has ended. */
static bool look_up(struct run *r, struct action *x)
{
	uint64_t start_ns = clock_mono_ns();
	struct err why = {0};
	enum cas_result found;

	if (r->o->no_cache_read || x->uncacheable)
		return false;
	found = lookup(r, x, &why);
	r->s.nodes[x->index].looked_ms = start_ns / 1000000;
	if (report_spans(r))
		report_lookup(r, x, found == CAS_HIT, start_ns);
	if (found == CAS_HIT) {
		if (!r->s.nodes[x->index].cost.known)
			history_put(&r->history, x, x->result.wall_ms, x->result.peak_bytes);
		end_ok(r, x, ACTION_CACHED, 0);
	} else if (found == CAS_ERROR) {
		end_failed(r, x, &why, 0);
	}
	return found != CAS_MISS;
}

/* Ends an action whose result the caller knew for the very key that it has now. */
static bool is_known(struct run *r, struct action *x)
{
	if (digest_is_zero(&x->known_key))
		return false;
	if (digest_eq(&x->key, &x->known_key)) {
		end_ok(r, x, ACTION_CACHED, 0);
		return true;
	}
	x->words = (struct str){0};
	return false;
}

/* Looks a ready action up; it ends, or must run. */
static void consider(struct run *r, struct action *x)
{
	bool known;

	if (r->s.nodes[x->index].doomed) {
		end_skipped(r, x);
		return;
	}
	known = take_inputs(r, x);
	if (known)
		make_key(r, x);
	if (known && is_known(r, x))
		return;
	if (known && look_up(r, x))
		return;
	if (!settled_inputs_there(r, x)) {
		r->stat.stale = r->stopping = true;
		return;
	}
	if (!r->o->dry_run) {
		if (!waits_for_another(r, x))
			schedule_miss(&r->s, x);
		return;
	}
	show(r, x, known);
	pretend(r, x);
}

/* --- the loop --- */

/* Another process may have made it since it was looked up. */
static bool made_meanwhile(struct run *r, struct action *x)
{
	uint64_t looked_ms = r->s.nodes[x->index].looked_ms;

	return looked_ms && clock_mono_ms() - looked_ms > LOOK_AGAIN_MS && look_up(r, x);
}

static size_t running(const struct run *r)
{
	return r->active.n - r->ended;
}

static bool may_work(const struct run *r)
{
	return !r->stopping && !interrupt_requested();
}

/*
 * Starts the longest of what must run, if a slot, a token of the jobserver and the memory are there.
 * *starved: only a token is missing.
 */
static bool start_one(struct run *r, bool *starved)
{
	bool passed;
	struct action *x;

	*starved = false;
	if (running(r) >= r->jobs || !r->s.misses.n)
		return false;
	if (r->o->jobserver && jobserver_held(r->o->jobserver) < running(r) &&
	    !jobserver_take(r->o->jobserver)) {
		*starved = true;
		return false;
	}
	x = schedule_start(&r->s, memory_room(&r->memory, running(r)), memory_may_pass(&r->memory),
			   &passed);
	if (x && !made_meanwhile(r, x)) {
		show(r, x, true);
		memory_start(&r->memory, r->s.nodes[x->index].cost.peak_bytes, passed);
		report_start(r, x);
		start(r, x);
	}
	jobserver_keep(r->o->jobserver, r->active.n ? (unsigned)r->active.n - 1 : 0);
	return x != NULL;
}

/* A tool has ended. What it made takes a while to keep, and no processor shall be idle for that. */
static void start_another(struct run *r, const struct spawn_result *res)
{
	struct job *j = res->tag;
	bool starved;

	j->ended_ns = clock_mono_ns();
	slot_free(r, j);
	r->ended = 1;
	if (may_work(r) && res->exit_status == 0)
		start_one(r, &starved);
	r->ended = 0;
}

/*
 * Starts what can start, and looks up what may go before it. True when there is more to look up,
 * which can wait until after a look at the children.
 */
static bool work(struct run *r)
{
	bool starved = false, stuck = false;

	while (may_work(r) && !stuck) {
		struct action *x;

		if (schedule_miss_first(&r->s)) {
			if (start_one(r, &starved))
				continue;
			stuck = true;
		}
		x = schedule_next(&r->s);
		if (!x)
			break;
		consider(r, x);
		stuck = stuck || r->active.n >= r->jobs;
	}
	spawn_watch_also(r->children, starved && may_work(r) ? jobserver_fd(r->o->jobserver) : -1);
	return may_work(r) && r->s.ready.n;
}

static bool cancelled(struct run *r, struct err *e)
{
	spawn_stop_all(r->children, STOP_GRACE_MS);
	return err_set(e, ERR_CANCEL, "interrupted after %zu of %zu actions", r->done,
		       (size_t)run_total(r));
}

static int patience_ms(const struct run *r, bool more)
{
	if (more)
		return 0;
	return r->o->sink && r->o->sink->tick_ms ? (int)r->o->sink->tick_ms : -1;
}

/* What can be done while a tool runs: the next actions will ask the cache what is asked here. */
static bool look_ahead(struct run *r)
{
	bool there, more;

	if (r->active.n && r->memory_dir.n && !r->swept) {
		folder_sweep(r->memory_dir.p);
		r->swept = true;
	}
	more = r->active.n && may_work(r) && settled_some_there(r, &there);

	if (more && !there)
		r->stat.stale = r->stopping = true;
	return more && there;
}

static bool loop(struct run *r, struct err *e)
{
	struct spawn_result res;
	struct job *j;

	for (;;) {
		bool more = work(r) || look_ahead(r);

		if (interrupt_requested())
			return cancelled(r, e);
		if (!r->active.n && !more)
			return true;
		switch (spawn_wait(r->children, patience_ms(r, more), &res)) {
		case SPAWN_EXITED:
			start_another(r, &res);
			command_ended(r, &res);
			break;
		case SPAWN_WOKEN:
			while ((j = pool_take(r->pool)))
				step_ended(r, j);
			break;
		case SPAWN_INTERRUPTED:
			return cancelled(r, e);
		case SPAWN_TIMEOUT:
			if (!more)
				report_tick(r);
			break;
		case SPAWN_NONE:
			break;
		}
	}
}

/* --- hashing the tree --- */

/* The files that wanted actions read, each once, and which of them every such input is, in order. */
struct file_refs {
	struct arena *a;
	struct str_vec paths;
	VEC(const struct action *) users; /* the first to read paths.v[i] */
	VEC(uint32_t) of;
	struct map index; /* path -> number */
	/* Sources of one project mostly share the bytes of a header's path: this saves hashing them. */
	struct {
		const char *p;
		size_t n;
		uint32_t number;
	} * recent;
};

enum { RECENT = 4096 };

static uint32_t file_number(struct file_refs *f, struct str path, const struct action *user)
{
	size_t slot = ((uintptr_t)path.p >> 3) % RECENT;
	struct map_item *item;
	bool added;

	if (f->recent[slot].p == path.p && f->recent[slot].n == path.n)
		return f->recent[slot].number;
	item = map_put(f->a, &f->index, path, &added);
	if (added) {
		item->num = f->paths.n;
		*vec_push(f->a, &f->paths) = path;
		*vec_push(f->a, &f->users) = user;
	}
	f->recent[slot].p = path.p;
	f->recent[slot].n = path.n;
	f->recent[slot].number = (uint32_t)item->num;
	return (uint32_t)item->num;
}

static bool is_file(const struct input *in)
{
	return !in->from;
}

static void collect_files(struct run *r, struct file_refs *f)
{
	struct graph *g = r->s.g;

	f->recent = arena_alloc_n(f->a, RECENT, sizeof *f->recent, sizeof(void *));
	for (size_t i = 0; i < g->actions.n; i++) {
		const struct action *x = g->actions.v[i];

		for (size_t k = 0; r->s.nodes[i].wanted && k < x->inputs.n; k++)
			if (is_file(&x->inputs.v[k]))
				*vec_push(f->a, &f->of) = file_number(f, x->inputs.v[k].path, x);
	}
}

/* The same walk once more. */
static void hand_out(struct run *r, const struct file_refs *f, const struct digest *digests)
{
	struct graph *g = r->s.g;
	size_t at = 0;

	for (size_t i = 0; i < g->actions.n; i++) {
		struct action *x = g->actions.v[i];

		for (size_t k = 0; r->s.nodes[i].wanted && k < x->inputs.n; k++)
			if (is_file(&x->inputs.v[k]))
				x->inputs.v[k].digest = digests[f->of.v[at++]];
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
	struct file_refs f = {.a = &scratch};
	struct digest *digests;
	bool ok;

	collect_files(r, &f);
	digests = arena_array(&scratch, struct digest, f.paths.n);
	ok = memo_digest_all(r->memo, &scratch, f.paths.v, f.paths.n, digests, &missing, e);
	if (ok && missing.n)
		ok = report_missing(&f, &missing, e);
	if (ok)
		hand_out(r, &f, digests);
	arena_fini(&scratch);
	return ok;
}

/* --- all of it --- */

static bool finish(struct run *r, struct err *e)
{
	if (r->stat.stale)
		return err_set(e, ERR_IO, "the cache lost what was built from it");
	r->stat.skipped += run_total(r) - r->done;
	event_emit(r->o->sink, &(struct event){
				   .kind = EVENT_DONE,
				   .done = r->done,
				   .total = run_total(r),
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

unsigned exec_jobs(unsigned asked)
{
	return asked ? asked : cpu_count() + 1;
}

static bool open_all(struct run *r, struct err *e)
{
	struct str dir = r->o->state_dir;
	struct str memo = dir.n ? str_fmt(r->a, "%.*s/files", STR_ARG(dir)) : STR("");

	r->state_dir = dir.n ? str_c(r->a, dir) : NULL;
	r->clock_path = dir.n ? str_fmt(r->a, "%.*s/clock", STR_ARG(dir)).p : NULL;
	r->memory.fixed_bytes = r->o->memory_bytes;
	r->jobs = !r->o->jobs && r->o->jobserver ? JOINED_JOBS_MOST : exec_jobs(r->o->jobs);
	if (!path_cwd(r->a, &r->cwd, e) || !file_memo_open(r->a, memo, &r->memo, e) ||
	    !spawn_set_open(&r->children, e) ||
	    !pool_open(r->o->jobs ? r->o->jobs : cpu_count(), &r->pool, e))
		return false;
	if (!folder_in_memory(r->a, &r->memory_dir))
		r->memory_dir = STR("");
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
	jobserver_keep(r->o->jobserver, 0);
	buf_fini(&r->record);
	if (r->state_dir && !file_memo_close(r->memo, &why))
		event_warn(r->o->sink, "%s", why.msg);
}

static bool run_all(struct run *r, struct err *e)
{
	uint64_t start_ns = clock_mono_ns();
	bool ok;

	if (!hash_files(r, e))
		return false;
	report_phase(r, "hash", start_ns);
	event_emit(r->o->sink, &(struct event){.kind = EVENT_PLAN, .total = run_total(r)});
	start_ns = clock_mono_ns();
	ok = loop(r, e);
	report_phase(r, "run", start_ns);
	return ok && finish(r, e);
}

static const char *history_path(struct arena *a, struct str dir)
{
	return dir.n ? str_fmt(a, "%.*s/durations", STR_ARG(dir)).p : NULL;
}

static const char *last_path(struct arena *a, struct str dir)
{
	return dir.n ? str_fmt(a, "%.*s/records", STR_ARG(dir)).p : NULL;
}

bool exec_run(struct arena *a, struct graph *g, const uint32_t *goals, size_t goal_count,
	      const struct exec_opts *opts, struct exec_stat *stat, struct err *e)
{
	struct run r = {.a = a, .o = opts, .started_ms = clock_mono_ms(), .done = opts->settled};
	bool ok;

	r.stat.cached = opts->settled;
	history_open(&r.history, history_path(a, opts->state_dir));
	last_open(&r.last, last_path(a, opts->state_dir));
	ok = schedule_init(a, g, goals, goal_count, &r.history, &r.s, e) && open_all(&r, e) &&
	     run_all(&r, e);
	close_all(&r);
	history_close(&r.history, history_path(a, opts->state_dir));
	last_close(&r.last);
	r.stat.total = run_total(&r);
	r.stat.elapsed_ms = clock_mono_ms() - r.started_ms;
	if (stat)
		*stat = r.stat;
	return ok;
}
