/*
 * exec over real children: /bin/sh stands for the compiler, so that every test says in one line what the
 * tool does. Each test has a folder, a cache and a working folder of its own.
 */
#include "exec/exec_impl.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cbuild/test.h"
#include "sys/fault.h"

struct world {
	struct event_sink sink; /* first: emit casts back */
	struct test *t;
	struct arena a;
	struct cas *cas;
	struct graph g;
	struct exec_opts opts;
	struct exec_stat stat;
	struct err e;
	struct buf log; /* one line an event worth testing */
};

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

static void must(struct world *w, bool ok, const char *what)
{
	struct buf text = {0};

	if (ok)
		return;
	err_render(&w->e, &text);
	test_fatal(w->t, __FILE__, __LINE__, "%s: %s", what, text.p);
}

static void open_world(struct world *w, struct test *t)
{
	*w = (struct world){.sink = {on_event}, .t = t};
	T_MUST(t, chdir(test_tmpdir(t)) == 0);
	must(w, cas_open(&w->a, str_fmt(&w->a, "%s/cache", test_tmpdir(t)), &w->cas, &w->e), "cas_open");
	w->opts = (struct exec_opts){.cas = w->cas, .sink = &w->sink, .jobs = 2, .state_dir = STR("state")};
}

static void close_world(struct world *w)
{
	cas_close(w->cas);
	buf_fini(&w->log);
	arena_fini(&w->a);
}

static void write_file(struct world *w, const char *path, const char *text)
{
	must(w, folder_make_for(path, &w->e) && file_write_fast(path, str_of(text), 0644, &w->e), path);
}

/* Waits until the file system's clock has moved on, so that what was written is older than what starts. */
static void next_tick(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
}

/* An action that runs script; $1... are then added by the caller as arguments. */
static struct action *shell(struct world *w, const char *title, const char *script)
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

static void reads(struct world *w, struct action *x, const char *path)
{
	action_arg_in(&w->a, x, STR(""), action_input_file(&w->a, x, str_of(path)));
}

static void reads_from(struct world *w, struct action *x, struct action *from)
{
	action_arg_in(&w->a, x, STR(""), action_input_from(&w->a, x, from, 0));
}

static void makes(struct world *w, struct action *x, const char *path)
{
	action_arg_out(&w->a, x, STR(""), action_output(&w->a, x, str_of(path), false));
}

static void makes_depfile(struct world *w, struct action *x, const char *path)
{
	uint32_t i = action_output(&w->a, x, str_of(path), false);

	x->outputs.v[i].depfile = true;
	action_arg_out(&w->a, x, STR(""), i);
}

/* cat $1 > $2 */
static struct action *copier(struct world *w, const char *title, const char *from, const char *to)
{
	struct action *x = shell(w, title, "cat \"$1\" >\"$2\"");

	reads(w, x, from);
	makes(w, x, to);
	return x;
}

/* Runs all actions as goals; the log holds only this run. */
static bool run(struct world *w)
{
	uint32_t *goals = arena_array(&w->a, uint32_t, w->g.actions.n);

	for (uint32_t i = 0; i < w->g.actions.n; i++)
		goals[i] = i;
	buf_clear(&w->log);
	return exec_run(&w->a, &w->g, goals, w->g.actions.n, &w->opts, &w->stat, &w->e);
}

static const char *content(struct world *w, const struct action *x, size_t output)
{
	struct str text;

	T_MUST(w->t, output < x->result.output_count);
	T_MUST(w->t, cas_get(w->cas, &x->result.outputs[output].digest, &w->a, &text, &w->e) == CAS_HIT);
	return text.p;
}

static void expect_counts(struct world *w, uint64_t ran, uint64_t cached)
{
	T_CHECK(w->t, w->stat.ran == ran && w->stat.cached == cached, "ran %llu (want %llu), cached %llu (want %llu)",
		(unsigned long long)w->stat.ran, (unsigned long long)ran, (unsigned long long)w->stat.cached,
		(unsigned long long)cached);
}

static void expect_log(struct world *w, const char *want)
{
	T_EQ_STR(w->t, w->log.p ? w->log.p : "", want);
}

static struct action *two_step_graph(struct world *w)
{
	struct action *x = copier(w, "first", "in.txt", "out/first"), *y;

	y = shell(w, "second", "{ cat \"$1\"; echo more; } >\"$2\"");
	reads_from(w, y, x);
	makes(w, y, "out/second");
	return y;
}

void TestExecRunsThenCaches(struct test *t)
{
	struct world w;
	struct action *y;

	open_world(&w, t);
	write_file(&w, "in.txt", "hello\n");
	y = two_step_graph(&w);
	must(&w, run(&w), "first run");
	expect_counts(&w, 2, 0);
	T_EQ_STR(t, content(&w, y, 0), "hello\nmore\n");
	T_OK(t, file_kind("out/second") == FILE_ABSENT);
	must(&w, run(&w), "second run");
	expect_counts(&w, 0, 2);
	expect_log(&w, "cached first\ncached second\n");
	T_EQ_STR(t, content(&w, y, 0), "hello\nmore\n");
	close_world(&w);
}

/* A touched file, or one that changes and changes back, is the same file. */
void TestExecContentNotTimes(struct test *t)
{
	struct world w;

	open_world(&w, t);
	write_file(&w, "in.txt", "hello\n");
	two_step_graph(&w);
	must(&w, run(&w), "first run");
	write_file(&w, "in.txt", "hello\n");
	must(&w, run(&w), "touched");
	expect_counts(&w, 0, 2);
	write_file(&w, "in.txt", "other\n");
	must(&w, run(&w), "changed");
	expect_counts(&w, 2, 0);
	write_file(&w, "in.txt", "hello\n");
	must(&w, run(&w), "changed back");
	expect_counts(&w, 0, 2);
	close_world(&w);
}

/* What an action makes decides about its users, not that it ran. */
void TestExecEarlyCutoff(struct test *t)
{
	struct world w;
	struct action *x, *y;

	open_world(&w, t);
	write_file(&w, "in.c", "code // one\n");
	x = shell(&w, "strip comments", "sed 's,//.*,,' \"$1\" >\"$2\"");
	reads(&w, x, "in.c");
	makes(&w, x, "stripped");
	y = shell(&w, "link", "cat \"$1\" >\"$2\"");
	reads_from(&w, y, x);
	makes(&w, y, "linked");
	must(&w, run(&w), "first run");
	write_file(&w, "in.c", "code // two\n");
	must(&w, run(&w), "comment changed");
	expect_log(&w, "ran strip comments\ncached link\n");
	close_world(&w);
}

void TestExecKeyParts(struct test *t)
{
	struct world w;
	struct action *x;

	open_world(&w, t);
	write_file(&w, "in.txt", "x");
	x = copier(&w, "copy", "in.txt", "out");
	must(&w, run(&w), "first");
	x->env.v[0] = STR("PATH=/bin:/usr/bin");
	must(&w, run(&w), "other env");
	expect_counts(&w, 1, 0);
	x->tool = digest_of("gcc 13", 6);
	must(&w, run(&w), "other tool");
	expect_counts(&w, 1, 0);
	x->target = STR("linux/arm64");
	must(&w, run(&w), "other target");
	expect_counts(&w, 1, 0);
	x->outputs.v[0].path = STR("out2");
	must(&w, run(&w), "other output");
	expect_counts(&w, 1, 0);
	x->argv.v[2].text = STR("cat \"$1\"  >\"$2\"");
	must(&w, run(&w), "other word");
	expect_counts(&w, 1, 0);
	must(&w, run(&w), "same");
	expect_counts(&w, 0, 1);
	close_world(&w);
}

void TestExecRecordIsCanonical(struct test *t)
{
	struct world w;
	struct action *x;

	open_world(&w, t);
	x = graph_add(&w.a, &w.g);
	x->target = STR("linux/amd64");
	action_arg(&w.a, x, STR("cc"));
	action_arg_in(&w.a, x, STR("-c"), action_input_file(&w.a, x, STR("a\nb.c")));
	action_arg_out(&w.a, x, STR("-o"), action_output(&w.a, x, STR("a.o"), true));
	x->inputs.v[0].digest = digest_of("x", 1);
	*vec_push(&w.a, &x->env) = STR("Z=1");
	*vec_push(&w.a, &x->env) = STR("A=2");
	T_EQ_STR(t, action_record(&w.a, x).p,
		 "cbuild-action 1\ncommand\ntarget 11 linux/amd64\n"
		 "tool 0 0000000000000000000000000000000000000000000000000000000000000000\n"
		 "params 0 \narg - 2 cc\narg i0 7 -ca\nb.c\narg o0 5 -oa.o\nenv 3 A=2\nenv 3 Z=1\n"
		 "in 1 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 5 a\nb.c\n"
		 "out x 3 a.o\n");
	T_EQ_STR(t, action_command(&w.a, x).p, "Z=1 A=2 cc '-ca\nb.c' -oa.o");
	close_world(&w);
}

/* "compiler": $1 source, $2 object, $3 depfile; includes.txt lists what it reads besides. */
static struct action *compiler(struct world *w)
{
	struct action *x = shell(w, "cc a.c",
				 "cat \"$1\" $(cat includes.txt) >\"$2\" && "
				 "printf '%s: %s %s\\n' \"$2\" \"$1\" \"$(tr '\\n' ' ' <includes.txt)\" >\"$3\"");

	reads(w, x, "a.c");
	makes(w, x, "a.o");
	makes_depfile(w, x, "a.d");
	return x;
}

void TestExecDiscoveredInputs(struct test *t)
{
	struct world w;
	struct action *x;

	open_world(&w, t);
	write_file(&w, "a.c", "source\n");
	write_file(&w, "a.h", "one\n");
	write_file(&w, "b.h", "b\n");
	write_file(&w, "includes.txt", "a.h\n");
	next_tick();
	x = compiler(&w);
	must(&w, run(&w), "first");
	expect_counts(&w, 1, 0);
	T_EQ_STR(t, content(&w, x, 0), "source\none\n");
	T_OK(t, digest_is_zero(&x->result.outputs[1].digest));
	must(&w, run(&w), "same");
	expect_counts(&w, 0, 1);
	T_EQ_INT(t, x->result.more_inputs.n, 1);
	write_file(&w, "a.h", "two\n");
	next_tick();
	must(&w, run(&w), "header changed");
	expect_counts(&w, 1, 0);
	T_EQ_STR(t, content(&w, x, 0), "source\ntwo\n");
	write_file(&w, "a.h", "one\n");
	must(&w, run(&w), "header changed back");
	expect_counts(&w, 0, 1);
	T_EQ_STR(t, content(&w, x, 0), "source\none\n");
	must(&w, file_remove("a.h", &w.e), "remove");
	write_file(&w, "includes.txt", "b.h\n");
	next_tick();
	must(&w, run(&w), "header gone");
	expect_counts(&w, 1, 0);
	T_EQ_STR(t, content(&w, x, 0), "source\nb\n");
	close_world(&w);
}

void TestExecTrustedPrefixes(struct test *t)
{
	struct world w;
	struct action *x;

	open_world(&w, t);
	write_file(&w, "a.c", "source\n");
	write_file(&w, "tc/std.h", "std\n");
	write_file(&w, "includes.txt", "tc/std.h\n");
	next_tick();
	*vec_push(&w.a, &w.opts.trusted_prefixes) = STR("tc/");
	x = compiler(&w);
	must(&w, run(&w), "first");
	T_EQ_INT(t, x->result.more_inputs.n, 0);
	write_file(&w, "tc/std.h", "changed\n");
	must(&w, run(&w), "covered by the tool's digest");
	expect_counts(&w, 0, 1);
	close_world(&w);
}

/* Warnings are part of the result: they come again from the cache, in the user's spelling. */
void TestExecReplaysWords(struct test *t)
{
	static const char want[] = "copy [out\n%s1\nin.txt: warning in out/a.o, from out/first]\n";
	struct world w;
	struct action *x, *y;
	char line[256];

	open_world(&w, t);
	write_file(&w, "in.txt", "x");
	x = copier(&w, "first", "in.txt", "out/first");
	y = shell(&w, "copy", "cp \"$1\" \"$2\"; echo out; echo %s1; echo \"in.txt: warning in $2, from $1\" >&2");
	reads_from(&w, y, x);
	makes(&w, y, "out/a.o");
	must(&w, run(&w), "first run");
	snprintf(line, sizeof line, "ran first\nran %s", want);
	expect_log(&w, line);
	must(&w, run(&w), "second run");
	snprintf(line, sizeof line, "cached first\ncached %s", want);
	expect_log(&w, line);
	close_world(&w);
}

void TestExecFailure(struct test *t)
{
	struct world w;
	struct action *bad, *user;

	open_world(&w, t);
	w.opts.jobs = 1;
	write_file(&w, "in.txt", "x");
	bad = shell(&w, "bad", "echo half >\"$1\"; echo it broke >&2; exit 3");
	makes(&w, bad, "out/bad");
	user = shell(&w, "user", "cat \"$1\" >\"$2\"");
	reads_from(&w, user, bad);
	makes(&w, user, "out/user");
	copier(&w, "other", "in.txt", "out/other");
	T_OK(t, !run(&w));
	T_EQ_INT(t, w.e.code, ERR_TOOL);
	T_EQ_STR(t, w.e.msg, "bad: exit status 3");
	expect_log(&w, "failed bad [it broke]\n");
	T_EQ_INT(t, w.stat.skipped, 2);
	w.opts.keep_going = true;
	T_OK(t, !run(&w));
	expect_log(&w, "failed bad [it broke]\nskipped user\nran other\n");
	T_EQ_INT(t, user->state, ACTION_SKIPPED);
	close_world(&w);
}

/* Nothing is left in the cache's tmp/ whatever happened. */
static void expect_no_temps(struct world *w)
{
	struct folder_entry *entries;
	size_t n = 0;

	must(w, folder_list(&w->a, "cache/tmp", &entries, &n, &w->e), "list tmp");
	T_CHECK(w->t, n == 0, "%zu temporaries left, the first is %s", n, n ? entries[0].name.p : "");
}

void TestExecOutputNotMade(struct test *t)
{
	struct world w;
	struct action *x;

	open_world(&w, t);
	x = shell(&w, "lazy", ":");
	makes(&w, x, "out/lazy");
	T_OK(t, !run(&w));
	T_EQ_STR(t, w.e.msg, "lazy: sh ended well but did not make out/lazy");
	expect_no_temps(&w);
	close_world(&w);
}

void TestExecMissingInputNamesFileAndAction(struct test *t)
{
	struct world w;

	open_world(&w, t);
	copier(&w, "one", "gone.txt", "o1");
	copier(&w, "two", "dir/gone2.txt", "o2");
	T_OK(t, !run(&w));
	T_EQ_INT(t, w.e.code, ERR_INPUT);
	T_EQ_STR(t, w.e.place, "gone.txt");
	T_EQ_STR(t, w.e.msg, "no such file, but 'one' reads it\n"
			     "dir/gone2.txt: no such file, but 'two' reads it");
	close_world(&w);
}

void TestExecMissingProgram(struct test *t)
{
	struct world w;
	struct action *x;

	open_world(&w, t);
	x = graph_add(&w.a, &w.g);
	x->title = STR("cc a.c");
	action_arg(&w.a, x, STR("/nowhere/cc"));
	T_OK(t, !run(&w));
	T_EQ_INT(t, w.e.code, ERR_IO);
	T_CHECK(t, strstr(w.e.msg, "/nowhere/cc") && w.e.fix[0], "%s", w.e.msg);
	close_world(&w);
}

void TestExecCycle(struct test *t)
{
	struct world w;
	struct action *x, *y;

	open_world(&w, t);
	x = shell(&w, "hen", ":");
	makes(&w, x, "x");
	y = shell(&w, "egg", ":");
	makes(&w, y, "y");
	reads_from(&w, y, x);
	reads_from(&w, x, y);
	T_OK(t, !run(&w));
	T_EQ_INT(t, w.e.code, ERR_INPUT);
	T_EQ_STR(t, w.e.msg, "actions need each other in a cycle: hen -> egg -> hen");
	close_world(&w);
}

void TestExecDryRunRunsNothing(struct test *t)
{
	struct world w;

	open_world(&w, t);
	write_file(&w, "in.txt", "x");
	two_step_graph(&w);
	w.opts.dry_run = true;
	must(&w, run(&w), "dry");
	expect_log(&w, "$ PATH=/usr/bin:/bin /bin/sh -c 'cat \"$1\" >\"$2\"' sh in.txt out/first\n"
		       "$ PATH=/usr/bin:/bin /bin/sh -c '{ cat \"$1\"; echo more; } >\"$2\"' sh out/first out/second\n");
	w.opts.dry_run = false;
	must(&w, run(&w), "wet");
	expect_counts(&w, 2, 0);
	w.opts.dry_run = true;
	must(&w, run(&w), "dry again");
	expect_log(&w, "cached first\ncached second\n");
	close_world(&w);
}

void TestExecShowsCommands(struct test *t)
{
	struct world w;

	open_world(&w, t);
	write_file(&w, "in.txt", "x");
	copier(&w, "copy", "in.txt", "out");
	w.opts.show_commands = true;
	must(&w, run(&w), "run");
	expect_log(&w, "$ PATH=/usr/bin:/bin /bin/sh -c 'cat \"$1\" >\"$2\"' sh in.txt out\nran copy\n");
	close_world(&w);
}

void TestExecExplains(struct test *t)
{
	struct world w;
	struct action *x;

	open_world(&w, t);
	w.opts.explain = true;
	write_file(&w, "a.c", "source\n");
	write_file(&w, "a.h", "one\n");
	write_file(&w, "includes.txt", "a.h\n");
	next_tick();
	x = compiler(&w);
	must(&w, run(&w), "first");
	expect_log(&w, "why cc a.c: has not run here before\nran cc a.c\n");
	write_file(&w, "a.h", "two\n");
	next_tick();
	must(&w, run(&w), "header");
	expect_log(&w, "why cc a.c: a.h changed\nran cc a.c\n");
	write_file(&w, "a.c", "code\n");
	x->tool = digest_of("x", 1);
	must(&w, run(&w), "source and tool");
	expect_log(&w, "why cc a.c: a.c changed; the tool changed\nran cc a.c\n");
	*vec_push(&w.a, &x->env) = STR("LC_ALL=C");
	action_arg(&w.a, x, STR("-O2"));
	must(&w, run(&w), "env and argv");
	expect_log(&w, "why cc a.c: command line: now '-O2'; environment: now 'LC_ALL=C'\nran cc a.c\n");
	w.opts.no_cache_read = true;
	must(&w, run(&w), "forced");
	expect_log(&w, "why cc a.c: nothing changed, but the cache is not read\nran cc a.c\n");
	close_world(&w);
}

/* A file edited while the compiler reads it: the object is used once, and never again. */
void TestExecInputChangedWhileRunning(struct test *t)
{
	struct world w;
	struct action *x;

	open_world(&w, t);
	write_file(&w, "in.txt", "before\n");
	x = shell(&w, "slow", "cat \"$1\" >\"$2\"; echo after! >in.txt");
	reads(&w, x, "in.txt");
	makes(&w, x, "out");
	must(&w, run(&w), "run");
	expect_log(&w, "warning in.txt changed while slow ran: the result is not kept\nran slow\n");
	write_file(&w, "in.txt", "before\n");
	must(&w, run(&w), "again");
	expect_counts(&w, 1, 0);
	close_world(&w);
}

void TestExecUncacheable(struct test *t)
{
	struct world w;
	struct action *x;

	open_world(&w, t);
	write_file(&w, "in.txt", "x");
	x = copier(&w, "always", "in.txt", "out");
	x->uncacheable = true;
	must(&w, run(&w), "one");
	must(&w, run(&w), "two");
	expect_counts(&w, 1, 0);
	close_world(&w);
}

void TestExecNoCacheRead(struct test *t)
{
	struct world w;

	open_world(&w, t);
	write_file(&w, "in.txt", "x");
	copier(&w, "copy", "in.txt", "out");
	must(&w, run(&w), "one");
	w.opts.no_cache_read = true;
	must(&w, run(&w), "two");
	expect_counts(&w, 1, 0);
	close_world(&w);
}

static bool upper_step(const struct step_io *io, struct err *e)
{
	struct str text;
	char *p;

	if (!file_read(io->scratch, io->in[0], 0, &text, e))
		return false;
	if (str_startsc(text, "bad"))
		return err_set(e, ERR_VERIFY, "%.*s is bad", STR_ARG(io->params));
	p = arena_strdup(io->scratch, text.p, text.n);
	for (size_t i = 0; i < text.n; i++)
		p[i] = (char)(p[i] >= 'a' && p[i] <= 'z' ? p[i] - 32 : p[i]);
	buf_printf(io->words, "raised %s\n", io->out[0]);
	return file_write_fast(io->out[0], str_from(p, text.n), 0644, e);
}

static const struct step upper = {"upper", "1", upper_step};

static struct action *add_upper(struct world *w, const char *from, const char *to)
{
	struct action *x = graph_add(&w->a, &w->g);

	x->title = str_fmt(&w->a, "upper %s", from);
	x->step = &upper;
	x->step_params = str_of(from);
	action_input_file(&w->a, x, str_of(from));
	action_output(&w->a, x, str_of(to), false);
	return x;
}

void TestExecSteps(struct test *t)
{
	struct world w;
	struct action *x;

	open_world(&w, t);
	write_file(&w, "in.txt", "hello");
	x = add_upper(&w, "in.txt", "out/up");
	must(&w, run(&w), "run");
	T_EQ_STR(t, content(&w, x, 0), "HELLO");
	expect_log(&w, "ran upper in.txt [raised out/up]\n");
	must(&w, run(&w), "again");
	expect_log(&w, "cached upper in.txt [raised out/up]\n");
	write_file(&w, "in.txt", "bad");
	T_OK(t, !run(&w));
	T_EQ_INT(t, w.e.code, ERR_VERIFY);
	T_EQ_STR(t, w.e.msg, "in.txt is bad");
	T_EQ_STR(t, w.e.chain, "upper in.txt");
	close_world(&w);
}

/* Steps and commands together, more of them than jobs, in a two-layer graph. */
void TestExecManyActions(struct test *t)
{
	enum { WIDE = 60 };
	struct world w;
	struct action *sum;

	open_world(&w, t);
	w.opts.jobs = 4;
	sum = shell(&w, "sum", "out=$1; shift; cat \"$@\" >\"$out\"");
	makes(&w, sum, "out/sum");
	for (int i = 0; i < WIDE; i++) {
		const char *name = str_fmt(&w.a, "in%02d", i).p;
		struct action *x;

		write_file(&w, name, str_fmt(&w.a, "x%02d\n", i).p);
		x = i % 2 ? add_upper(&w, name, str_fmt(&w.a, "up%02d", i).p)
			  : copier(&w, name, name, str_fmt(&w.a, "up%02d", i).p);
		reads_from(&w, sum, x);
	}
	must(&w, run(&w), "run");
	expect_counts(&w, WIDE + 1, 0);
	T_OK(t, str_startsc(str_of(content(&w, sum, 0)), "x00\nX01\nx02\n"));
	must(&w, run(&w), "again");
	expect_counts(&w, 0, WIDE + 1);
	expect_no_temps(&w);
	close_world(&w);
}

/* As strstr, over bytes that hold NULs. */
static bool holds(struct str bytes, const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i + n <= bytes.n; i++) {
		if (memcmp(bytes.p + i, text, n) == 0)
			return true;
	}
	return false;
}

/* 30,000 words exceed any limit of argv; ld reads them from the response file, an awkward name among them. */
void TestExecResponseFile(struct test *t)
{
	enum { WORDS = 30000 };
	struct world w;
	struct action *x;
	struct str made;

	if (access("/usr/bin/ld", X_OK) != 0)
		test_skip(t, "no /usr/bin/ld");
	open_world(&w, t);
	write_file(&w, "a \"b\\ 'c", "data");
	x = graph_add(&w.a, &w.g);
	x->title = STR("long");
	action_arg(&w.a, x, STR("/usr/bin/ld"));
	action_arg(&w.a, x, STR("-r"));
	action_arg(&w.a, x, STR("-b"));
	action_arg(&w.a, x, STR("binary"));
	reads(&w, x, "a \"b\\ 'c");
	for (int i = 0; i < WORDS; i++)
		action_arg(&w.a, x, str_fmt(&w.a, "--defsym=name_of_a_symbol_that_takes_place_%d=1", i));
	action_arg_out(&w.a, x, STR("--output="), action_output(&w.a, x, STR("a.o"), false));
	must(&w, run(&w), "run");
	T_MUST(t, cas_get(w.cas, &x->result.outputs[0].digest, &w.a, &made, &w.e) == CAS_HIT);
	T_OK(t, holds(made, "name_of_a_symbol_that_takes_place_29999"));
	T_OK(t, holds(made, "_binary_a__b___c_start"));
	expect_no_temps(&w);
	close_world(&w);
}

/* SIGINT: the child is stopped, its temporary removed, the next run makes everything. */
void TestExecInterrupt(struct test *t)
{
	struct world w;
	struct action *x;
	int status = -1;
	pid_t pid;

	open_world(&w, t);
	x = shell(&w, "sleeper", "echo half >\"$1\"; sleep 100");
	makes(&w, x, "out");
	pid = fork();
	if (pid == 0) {
		interrupt_install();
		_exit(!run(&w) && w.e.code == ERR_CANCEL ? 7 : 8);
	}
	nanosleep(&(struct timespec){.tv_nsec = 300 * 1000 * 1000}, NULL);
	kill(pid, SIGINT);
	T_MUST(t, waitpid(pid, &status, 0) == pid);
	T_OK(t, WIFEXITED(status) && WEXITSTATUS(status) == 7);
	expect_no_temps(&w);
	x->argv.v[2].text = STR("echo whole >\"$1\"");
	must(&w, run(&w), "after");
	T_EQ_STR(t, content(&w, x, 0), "whole\n");
	close_world(&w);
}

/* Damage of any kind in the cache is a miss; the next run mends it. */
void TestExecDamagedCache(struct test *t)
{
	struct world w;
	struct action *y;
	const char *blob;

	open_world(&w, t);
	write_file(&w, "in.txt", "hello\n");
	y = two_step_graph(&w);
	must(&w, run(&w), "first run");
	blob = cas_path(&w.a, w.cas, &y->result.outputs[0].digest).p;
	must(&w, file_write_fast(blob, STR("hello\nmorE\n"), 0444, &w.e), "damage");
	cas_close(w.cas);
	must(&w, cas_open(&w.a, str_fmt(&w.a, "%s/cache", test_tmpdir(t)), &w.cas, &w.e), "cas_open");
	w.opts.cas = w.cas;
	must(&w, run(&w), "second run");
	expect_log(&w, "cached first\nran second\n");
	T_EQ_STR(t, content(&w, y, 0), "hello\nmore\n");
	close_world(&w);
}

/* Runs with a fault in a process of its own; 0 when the fault was beyond the last of its points. */
static int run_faulted(struct world *w, const char *fault, uint64_t point)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		bool ok;

		fault_set(fault);
		ok = run(w);
		if (fault_passed() < point)
			_exit(ok ? 0 : 9);
		/* The memo and the explain records may be lost without failing the build. */
		_exit(ok || (w->e.code == ERR_IO && w->e.fix[0]) ? 7 : 8);
	}
	T_MUST(w->t, waitpid(pid, &status, 0) == pid);
	return status;
}

/* Full disk or kill, at each point of a run: then the cache holds no lie, and a plain run works. */
static void fault_loop(struct test *t, const char *how, bool killed)
{
	static const char *const ops[] = {"write", "rename"};
	enum { POINTS_MAX = 100 };
	int struck = 0;

	for (size_t op = 0; op < sizeof ops / sizeof ops[0]; op++) {
		for (int n = 1, status = -1; n < POINTS_MAX && status != 0; n++) {
			struct world w;
			struct action *y;
			uint64_t damaged;
			const char *fault;

			open_world(&w, t);
			fault = str_fmt(&w.a, "%s:%d:%s", ops[op], n, how).p;
			write_file(&w, "in.txt", "hello\n");
			y = two_step_graph(&w);
			status = run_faulted(&w, fault, (uint64_t)n);
			struck += status != 0;
			if (status && killed)
				T_CHECK(t, WIFSIGNALED(status), "%s: status %#x", fault, status);
			if (status && !killed)
				T_CHECK(t, WIFEXITED(status) && WEXITSTATUS(status) == 7, "%s: status %#x", fault, status);
			if (!killed)
				expect_no_temps(&w);
			must(&w, cas_verify(w.cas, &damaged, &w.e), "verify");
			T_CHECK(t, damaged == 0, "%s", fault);
			must(&w, run(&w), fault);
			T_EQ_STR(t, content(&w, y, 0), "hello\nmore\n");
			close_world(&w);
			must(&w, folder_remove("cache", &w.e) && folder_remove("state", &w.e), "clean up");
			T_MUST(t, n < POINTS_MAX - 1);
		}
	}
	T_CHECK(t, struck > 3, "only %d faults struck", struck);
}

void TestExecDiskFullAtEveryWritePoint(struct test *t)
{
	fault_loop(t, "ENOSPC", false);
}

void TestExecKilledAtEveryWritePoint(struct test *t)
{
	fault_loop(t, "kill", true);
}

void TestScheduleCriticalPathFirst(struct test *t)
{
	struct world w;
	struct action *low, *chain, *top;
	struct schedule s;
	uint32_t goals[3];

	open_world(&w, t);
	low = shell(&w, "short", ":");
	makes(&w, low, "s");
	chain = shell(&w, "chain", ":");
	makes(&w, chain, "c");
	top = shell(&w, "top", ":");
	makes(&w, top, "t");
	reads_from(&w, top, chain);
	goals[0] = low->index;
	goals[1] = top->index;
	must(&w, schedule_init(&w.a, &w.g, goals, 2, &s, &w.e), "schedule");
	T_OK(t, schedule_next(&s) == chain);
	T_OK(t, schedule_next(&s) == low);
	T_OK(t, schedule_next(&s) == NULL);
	schedule_done(&s, chain, true);
	T_OK(t, schedule_next(&s) == top);
	close_world(&w);
}
