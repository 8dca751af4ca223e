/*
 * What runs when: recorded durations, memory, the jobserver's tokens; and what a trace is told of it.
 */
#include "exec/world_test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sys/jobserver.h"

enum { MIB = 1024 * 1024 };

static struct action *quick(struct world *w, const char *title)
{
	struct action *x = shell(w, title, ":");

	makes(w, x, title);
	return x;
}

/* An action that says in a file when it starts and ends. */
static struct action *noisy(struct world *w, int i)
{
	struct action *x =
	    shell(w, str_fmt(&w->a, "noisy%d", i).p,
		  str_fmt(&w->a, "echo + >>%s/log; sleep 0.1; echo - >>%s/log; echo %d >\"$1\"",
			  test_tmpdir(w->t), test_tmpdir(w->t), i)
		      .p);

	makes(w, x, str_fmt(&w->a, "out%d", i).p);
	return x;
}

/* The most noisy actions that were at work together. */
static int most_at_once(struct world *w)
{
	struct str text;
	int now = 0, most = 0;

	must(w, file_read(&w->a, "log", 0, &text, &w->e), "log");
	for (size_t i = 0; i < text.n; i++) {
		now += (text.p[i] == '+') - (text.p[i] == '-');
		most = now > most ? now : most;
	}
	return most;
}

static void record(struct world *w, const struct action *x, uint64_t wall_ms, uint64_t peak_bytes)
{
	struct history h;

	must(w, folder_make("state", &w->e), "state");
	history_open(&h, "state/durations");
	history_put(&h, x, wall_ms, peak_bytes);
	history_close(&h, "state/durations");
}

void TestScheduleRecordedDurationsFirst(struct test *t)
{
	struct world w;
	struct action *slow, *chain, *top, *fresh;
	struct history h;
	struct schedule s;
	uint32_t goals[3];
	bool passed;

	open_world(&w, t);
	chain = quick(&w, "chain");
	top = quick(&w, "top");
	reads_from(&w, top, chain);
	slow = quick(&w, "slow");
	fresh = quick(&w, "fresh");
	goals[0] = top->index;
	goals[1] = slow->index;
	goals[2] = fresh->index;
	record(&w, chain, 10, 0);
	record(&w, top, 20, 0);
	record(&w, slow, 600, 9 * (uint64_t)MIB);
	history_open(&h, "state/durations");
	must(&w, schedule_init(&w.a, &w.g, goals, 3, &h, &s, &w.e), "schedule");
	T_EQ_INT(t, s.known_n, 3);
	T_EQ_INT(t, s.nodes[chain->index].way_ms, 30);
	T_EQ_INT(t, s.nodes[fresh->index].way_ms, 210); /* the mean of the others */
	T_EQ_INT(t, s.left_ms, 840);
	T_OK(t, schedule_next(&s) == slow);
	schedule_miss(&s, slow);
	T_OK(t, schedule_miss_first(&s));
	T_OK(t, schedule_next(&s) == fresh);
	schedule_miss(&s, fresh);
	T_OK(t, !schedule_start(&s, 8 * (uint64_t)MIB, false, &passed));
	T_OK(t, schedule_start(&s, 8 * (uint64_t)MIB, true, &passed) == fresh && passed);
	T_OK(t, schedule_start(&s, 9 * (uint64_t)MIB, true, &passed) == slow && !passed);
	T_OK(t, schedule_next(&s) == chain);
	history_close(&h, NULL);
	close_world(&w);
}

/* Kept over runs, taken from cached results, forgotten when damaged. */
void TestHistory(struct test *t)
{
	struct world w;
	struct action *x;
	struct history h;
	struct str text;
	char *bytes;

	open_world(&w, t);
	x = shell(&w, "sleeper", "sleep 0.2; : >\"$1\"");
	makes(&w, x, "out");
	must(&w, run(&w), "run");
	history_open(&h, "state/durations");
	T_OK(t, history_get(&h, x).known && history_get(&h, x).wall_ms >= 190);
	T_OK(t, history_get(&h, x).peak_bytes > 0);
	history_close(&h, NULL);

	must(&w, folder_remove("state", &w.e), "remove");
	must(&w, run(&w), "again");
	expect_counts(&w, 0, 1);
	history_open(&h, "state/durations");
	T_OK(t, history_get(&h, x).known && history_get(&h, x).wall_ms >= 190);
	history_close(&h, NULL);

	must(&w, file_read(&w.a, "state/durations", 0, &text, &w.e), "read");
	bytes = arena_strdup(&w.a, text.p, text.n);
	for (size_t i = 0; i < text.n; i++) {
		bytes[i] ^= 1;
		must(&w, file_write_fast("state/durations", str_from(bytes, text.n), 0644, &w.e),
		     "damage");
		history_open(&h, "state/durations");
		T_CHECK(t, !history_get(&h, x).known, "byte %zu of %zu", i, text.n);
		history_close(&h, NULL);
		bytes[i] ^= 1;
	}
	must(&w, file_write_fast("state/durations", str_from(bytes, 30), 0644, &w.e), "cut");
	must(&w, run(&w), "with a cut file");
	history_open(&h, "state/durations");
	T_EQ_INT(t, h.n, 1);
	history_close(&h, NULL);
	close_world(&w);
}

void TestExecMemory(struct test *t)
{
	static const struct {
		uint64_t memory_mib;
		int most;
	} cases[] = {{1000, 1}, {1300, 2}, {100, 1}, {100000, 4}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct world w;

		open_world(&w, t);
		w.opts.jobs = 4;
		w.opts.memory_bytes = cases[i].memory_mib * MIB;
		for (int k = 0; k < 6; k++)
			record(&w, noisy(&w, k), 100, (uint64_t)600 * MIB);
		must(&w, run(&w), "run");
		expect_counts(&w, 6, 0);
		T_CHECK(t, most_at_once(&w) <= cases[i].most, "%d at once in %llu MiB",
			most_at_once(&w), (unsigned long long)cases[i].memory_mib);
		T_CHECK(t, cases[i].most == 1 || most_at_once(&w) > 1, "one by one in %llu MiB",
			(unsigned long long)cases[i].memory_mib);
		close_world(&w);
		must(&w,
		     folder_remove("cache", &w.e) && folder_remove("state", &w.e) &&
			 file_remove("log", &w.e),
		     "clean up");
	}
}

/* Something large waits while small ones pass it, but not for ever. */
void TestMemoryPassesLimited(struct test *t)
{
	struct memory m = {.fixed_bytes = 1000};
	int passes = 0;

	T_OK(t, memory_room(&m, 0) == UINT64_MAX);
	memory_start(&m, 700, false);
	T_EQ_INT(t, memory_room(&m, 1), 300);
	while (memory_may_pass(&m) && passes < 100) {
		memory_start(&m, 10, true);
		memory_end(&m, 10);
		passes++;
	}
	T_EQ_INT(t, passes, 8);
	memory_end(&m, 700);
	memory_start(&m, 800, false);
	T_OK(t, memory_may_pass(&m));
	T_EQ_INT(t, memory_room(&m, 1), 200);
}

/* Takes all that is there, and gives it back. */
static unsigned count_tokens(struct jobserver *j)
{
	unsigned n;

	while (jobserver_take(j))
		continue;
	n = jobserver_held(j);
	jobserver_keep(j, 0);
	return n;
}

void TestExecJobserver(struct test *t)
{
	struct world w;
	struct jobserver *j;

	open_world(&w, t);
	must(&w, jobserver_offer(3, &j, &w.e), "offer");
	w.opts.jobs = 0; /* the tokens decide */
	w.opts.jobserver = j;
	for (int k = 0; k < 9; k++)
		noisy(&w, k);
	T_EQ_INT(t, count_tokens(j), 2);
	must(&w, run(&w), "run");
	expect_counts(&w, 9, 0);
	T_CHECK(t, most_at_once(&w) <= 3 && most_at_once(&w) > 1, "%d at once", most_at_once(&w));
	T_EQ_INT(t, jobserver_held(j), 0);
	T_EQ_INT(t, count_tokens(j), 2);

	/* All tokens are with somebody else: one by one, without waiting for them. */
	must(&w, folder_remove("cache", &w.e) && file_remove("log", &w.e), "clean up");
	close_world(&w);
	open_world(&w, t);
	w.opts.jobserver = j;
	for (int k = 0; k < 3; k++)
		noisy(&w, k);
	w.opts.jobs = 1;
	must(&w, run(&w), "run alone");
	T_EQ_INT(t, most_at_once(&w), 1);
	T_EQ_INT(t, count_tokens(j), 2);
	jobserver_close(j);
	close_world(&w);
}

/* Waits a while for the others to take all tokens. */
static bool all_taken(struct jobserver *j)
{
	for (int i = 0; i < 100; i++) {
		if (count_tokens(j) == 0)
			return true;
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	}
	return false;
}

/* Interrupted, failed or ended by a signal with a core: every token comes back. */
void TestExecJobserverTokensComeBack(struct test *t)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGABRT, 0};

	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		struct world w;
		struct jobserver *j;
		int status;
		pid_t pid;

		open_world(&w, t);
		must(&w, jobserver_offer(4, &j, &w.e), "offer");
		w.opts.jobserver = j;
		w.opts.jobs = 0;
		for (int k = 0; k < 4; k++)
			makes(&w,
			      shell(&w, str_fmt(&w.a, "s%d", k).p,
				    str_fmt(&w.a, "sleep %s # %d",
					    signals[i] ? "10" : "0.2; exit 1", k)
					.p),
			      str_fmt(&w.a, "o%d", k).p);
		pid = fork();
		if (pid == 0) {
			interrupt_install();
			_exit(run(&w) ? 1 : 0);
		}
		if (signals[i]) {
			T_CHECK(t, all_taken(j), "before signal %d: %u tokens are there",
				signals[i], count_tokens(j));
			kill(pid, signals[i]);
		}
		T_MUST(t, waitpid(pid, &status, 0) == pid);
		T_CHECK(t, count_tokens(j) == 3, "signal %d: %u tokens came back", signals[i],
			count_tokens(j));
		jobserver_close(j);
		close_world(&w);
	}
}

struct span_sink {
	struct event_sink sink; /* first */
	struct arena a;
	VEC(struct event_span) spans;
};

static void on_span(struct event_sink *self, const struct event *ev)
{
	struct span_sink *s = (struct span_sink *)(void *)self;

	if (ev->kind != EVENT_SPAN)
		return;
	*vec_push(&s->a, &s->spans) = *ev->span;
	s->spans.v[s->spans.n - 1].key = str_dup(&s->a, ev->span->key);
}

void TestExecSpansOfALaneNeverOverlap(struct test *t)
{
	struct span_sink s = {.sink = {.emit = on_span, .spans = true}};
	unsigned jobs = 0, lookups = 0;
	struct world w;

	open_world(&w, t);
	w.opts.sink = &s.sink;
	w.opts.jobs = 3;
	for (int k = 0; k < 30; k++)
		quick(&w, str_fmt(&w.a, "q%d", k).p)->argv.v[2].text =
		    str_fmt(&w.a, ": >\"$1\" # %d", k);
	must(&w, run(&w), "run");
	for (size_t i = 0; i < s.spans.n; i++) {
		const struct event_span *x = &s.spans.v[i];

		T_OK(t, x->start_ns <= x->end_ns);
		jobs += x->lane >= LANE_JOB;
		lookups += x->lane == LANE_LOOKUP;
		T_OK(t, x->lane < LANE_JOB + 3);
		T_OK(t, x->lane < LANE_JOB || (x->key.n == DIGEST_HEX && x->peak_bytes));
		for (size_t k = 0; k < i; k++)
			T_OK(t, s.spans.v[k].lane != x->lane ||
				    s.spans.v[k].end_ns <= x->start_ns ||
				    x->end_ns <= s.spans.v[k].start_ns);
	}
	T_EQ_INT(t, jobs, 30);
	T_EQ_INT(t, lookups, 30);
	arena_fini(&s.a);
	close_world(&w);
}
