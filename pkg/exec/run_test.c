/*
 * exec under strain: steps on worker threads, long command lines, interrupts, full disks, kills, damage.
 */
#include "exec/world_test.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sys/fault.h"

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

static const struct step upper = {.name = "upper", .version = "1", .run = upper_step};

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

/*
 * 30,000 words exceed any limit of argv; ld reads them from the response file, an awkward name
 * among them.
 */
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
		action_arg(&w.a, x,
			   str_fmt(&w.a, "--defsym=name_of_a_symbol_that_takes_place_%d=1", i));
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
		signal(SIGINT, SIG_DFL); /* a background shell ignores it, and that is inherited */
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
	must(&w, cas_open(&w.a, str_fmt(&w.a, "%s/cache", test_tmpdir(t)), &w.cas, &w.e),
	     "cas_open");
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
				T_CHECK(t, WIFEXITED(status) && WEXITSTATUS(status) == 7,
					"%s: status %#x", fault, status);
			if (!killed)
				expect_no_temps(&w);
			must(&w, cas_verify(w.cas, &damaged, &w.e), "verify");
			T_CHECK(t, damaged == 0, "%s", fault);
			must(&w, run(&w), fault);
			T_EQ_STR(t, content(&w, y, 0), "hello\nmore\n");
			close_world(&w);
			must(&w, folder_remove("cache", &w.e) && folder_remove("state", &w.e),
			     "clean up");
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
	must(&w, schedule_init(&w.a, &w.g, goals, 2, NULL, &s, &w.e), "schedule");
	T_OK(t, schedule_next(&s) == chain);
	T_OK(t, schedule_next(&s) == low);
	T_OK(t, schedule_next(&s) == NULL);
	schedule_done(&s, chain, true);
	T_OK(t, schedule_next(&s) == top);
	close_world(&w);
}

void TestExecQuestion(struct test *t)
{
	struct world w;
	struct action *yes, *no, *killed;

	open_world(&w, t);
	yes = shell(&w, "yes", "echo warning; echo 1 >\"$1\"");
	makes(&w, yes, "out/yes");
	no = shell(&w, "no", "echo half >\"$1\"; echo error >&2; exit 1");
	makes(&w, no, "out/no");
	makes_depfile(&w, no, "out/no.d");
	yes->asks = no->asks = true;
	must(&w, run(&w), "run");
	T_EQ_STR(t, content(&w, yes, 0), "1\n");
	T_EQ_STR(t, content(&w, no, 0), "");
	expect_log(&w, "ran yes\nran no\n");
	must(&w, run(&w), "again");
	expect_counts(&w, 0, 2);
	killed = shell(&w, "killed", "kill -9 $$");
	makes(&w, killed, "out/killed");
	killed->asks = true;
	T_OK(t, !run(&w));
	T_EQ_STR(t, w.e.msg, "killed: killed by signal 9");
	close_world(&w);
}

void TestExecNamesRoot(struct test *t)
{
	static const struct {
		const char *word, *root;
		bool names;
	} cases[] = {
	    {"-I/a/p/inc", "/a/p", true},
	    {"/a/p", "/a/p", true},
	    {"-DX=\"/a/p/f\"", "/a/p", true},
	    {"-Wl,-rpath,/a/p:/b", "/a/p", true},
	    {"@/a/p/list", "/a/p", true},
	    {"-I/a/p2/inc", "/a/p", false},
	    {"-I/b/a/p/inc", "/a/p", false},
	    {"pkg/src/x.c", "/src", false},
	    {"-I", "/a/p", false},
	    {"-I/a/p2:/a/p/x", "/a/p", true},
	    {"/proc/self/cwd", "/a/p", false},
	    {"/a", "/a/p", false},
	};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct action x = {0};

		*vec_push(&a, &x.env) = str_of(cases[i].word);
		T_CHECK(t, names_root(&x, str_of(cases[i].root)) == cases[i].names, "%s in %s",
			cases[i].root, cases[i].word);
	}
	arena_fini(&a);
}
