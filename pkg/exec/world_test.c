/*
 * What world_test.h promises; no tests here.
 */
#include "exec/world_test.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void on_event(struct event_sink *self, const struct event *ev)
{
	static const char *const outcomes[] = {"ran", "cached", "failed", "skipped"};
	struct world *w = (struct world *)(void *)self;

	if (ev->kind == EVENT_ACTION_END) {
		buf_printf(&w->log, "%s %.*s", outcomes[ev->outcome], STR_ARG(ev->text));
		if (ev->output.n)
			buf_printf(&w->log, " [%.*s]", STR_ARG(str_trim(ev->output)));
		buf_addc(&w->log, "\n");
	} else if (ev->kind == EVENT_EXPLAIN) {
		buf_printf(&w->log, "why %.*s\n", STR_ARG(ev->text));
	} else if (ev->kind == EVENT_COMMAND) {
		buf_printf(&w->log, "$ %.*s\n", STR_ARG(ev->text));
	} else if (ev->kind == EVENT_WARNING) {
		buf_printf(&w->log, "warning %.*s\n", STR_ARG(ev->text));
	}
}

void must(struct world *w, bool ok, const char *what)
{
	struct buf text = {0};

	if (ok)
		return;
	err_render(&w->e, &text);
	test_fatal(w->t, __FILE__, __LINE__, "%s: %s", what, text.p);
}

void open_world(struct world *w, struct test *t)
{
	*w = (struct world){.sink = {.emit = on_event}, .t = t};
	T_MUST(t, chdir(test_tmpdir(t)) == 0);
	must(w, cas_open(&w->a, str_fmt(&w->a, "%s/cache", test_tmpdir(t)), &w->cas, &w->e),
	     "cas_open");
	w->opts = (struct exec_opts){
	    .cas = w->cas, .sink = &w->sink, .jobs = 2, .state_dir = STR("state")};
}

void close_world(struct world *w)
{
	cas_close(w->cas);
	buf_fini(&w->log);
	arena_fini(&w->a);
}

void write_file(struct world *w, const char *path, const char *text)
{
	must(w, folder_make_for(path, &w->e) && file_write_fast(path, str_of(text), 0644, &w->e),
	     path);
}

/*
 * Waits until the file system's clock has moved on, so that what was written is older than what
 * starts.
 */
void next_tick(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
}

/* An action that runs script; $1... are then added by the caller as arguments. */
struct action *shell(struct world *w, const char *title, const char *script)
{
	struct action *x = graph_add(&w->a, &w->g);

	x->title = str_of(title);
	action_arg(&w->a, x, STR("/bin/sh"));
	action_arg(&w->a, x, STR("-c"));
	action_arg(&w->a, x, str_of(script));
	action_arg(&w->a, x, STR("sh"));
	*vec_push(&w->a, &x->env) = STR("PATH=/usr/bin:/bin");
	return x;
}

void reads(struct world *w, struct action *x, const char *path)
{
	action_arg_in(&w->a, x, STR(""), action_input_file(&w->a, x, str_of(path)));
}

void reads_from(struct world *w, struct action *x, struct action *from)
{
	action_arg_in(&w->a, x, STR(""), action_input_from(&w->a, x, from, 0));
}

void makes(struct world *w, struct action *x, const char *path)
{
	action_arg_out(&w->a, x, STR(""), action_output(&w->a, x, str_of(path), false));
}

void makes_depfile(struct world *w, struct action *x, const char *path)
{
	uint32_t i = action_output(&w->a, x, str_of(path), false);

	x->outputs.v[i].depfile = true;
	action_arg_out(&w->a, x, STR(""), i);
}

/* cat $1 > $2 */
struct action *copier(struct world *w, const char *title, const char *from, const char *to)
{
	struct action *x = shell(w, title, "cat \"$1\" >\"$2\"");

	reads(w, x, from);
	makes(w, x, to);
	return x;
}

/* Runs all actions as goals; the log holds only this run. */
bool run(struct world *w)
{
	uint32_t *goals = arena_array(&w->a, uint32_t, w->g.actions.n);

	for (uint32_t i = 0; i < w->g.actions.n; i++)
		goals[i] = i;
	buf_clear(&w->log);
	return exec_run(&w->a, &w->g, goals, w->g.actions.n, &w->opts, &w->stat, &w->e);
}

const char *content(struct world *w, const struct action *x, size_t output)
{
	struct str text;

	T_MUST(w->t, output < x->result.output_count);
	T_MUST(w->t,
	       cas_get(w->cas, &x->result.outputs[output].digest, &w->a, &text, &w->e) == CAS_HIT);
	return text.p;
}

void expect_counts(struct world *w, uint64_t ran, uint64_t cached)
{
	T_CHECK(w->t, w->stat.ran == ran && w->stat.cached == cached,
		"ran %llu (want %llu), cached %llu (want %llu)", (unsigned long long)w->stat.ran,
		(unsigned long long)ran, (unsigned long long)w->stat.cached,
		(unsigned long long)cached);
}

void expect_log(struct world *w, const char *want)
{
	T_EQ_STR(w->t, w->log.p ? w->log.p : "", want);
}

struct action *two_step_graph(struct world *w)
{
	struct action *x = copier(w, "first", "in.txt", "out/first"), *y;

	y = shell(w, "second", "{ cat \"$1\"; echo more; } >\"$2\"");
	reads_from(w, y, x);
	makes(w, y, "out/second");
	return y;
}

/* Nothing is left in the cache's tmp/ whatever happened. */
void expect_no_temps(struct world *w)
{
	struct folder_entry *entries;
	size_t n = 0;

	must(w, folder_list(&w->a, "cache/tmp", &entries, &n, &w->e), "list tmp");
	T_CHECK(w->t, n == 0, "%zu temporaries left, the first is %s", n,
		n ? entries[0].name.p : "");
}
