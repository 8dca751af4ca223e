/*
 * exec over real children: what runs, what is cached, what is said about it.
 */
#include <unistd.h>

#include "exec/world_test.h"

#include <stdio.h>
#include <string.h>

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
	x->outputs.v[0].path = STR("dir/out2");
	must(&w, run(&w), "where it goes does not matter");
	expect_counts(&w, 0, 1);
	x->outputs.v[0].path = STR("out.o");
	must(&w, run(&w), "other suffix: compilers look at it");
	expect_counts(&w, 1, 0);
	x->outputs.v[0].executable = true;
	must(&w, run(&w), "a program");
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
		 "cbuild-action 2\ncommand\ntarget 11 linux/amd64\n"
		 "tool 0 0000000000000000000000000000000000000000000000000000000000000000\n"
		 "params 0 \narg - 2 cc\narg i0 7 -ca\nb.c\narg o0 18 -obuild/.x/out/0.o\nenv 3 "
		 "A=2\nenv 3 Z=1\n"
		 "in 1 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 5 a\nb.c\n"
		 "out x 16 build/.x/out/0.o\n");
	T_EQ_STR(t, action_command(&w.a, x, NULL).p, "Z=1 A=2 cc '-ca\nb.c' -oa.o");
	close_world(&w);
}

/* "compiler": $1 source, $2 object, $3 depfile; includes.txt lists what it reads besides. */
static struct action *compiler(struct world *w)
{
	struct action *x =
	    shell(w, "cc a.c",
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

/* A tool that does not say what it read may have read nothing: what it made is not used. */
void TestExecNoDepfile(struct test *t)
{
	struct world w;
	struct action *x;

	open_world(&w, t);
	write_file(&w, "a.c", "source\n");
	next_tick();
	x = shell(&w, "cc a.c", "cat \"$1\" >\"$2\"");
	reads(&w, x, "a.c");
	makes(&w, x, "a.o");
	makes_depfile(&w, x, "a.d");
	T_OK(t, !run(&w));
	T_OK(t, strstr(w.e.fix, "#embed") != NULL);
	T_OK(t, !run(&w));
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
	y = shell(
	    &w, "copy",
	    "cp \"$1\" \"$2\"; echo out; echo %s1; echo \"in.txt: warning in $2, from $1\" >&2");
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

static struct action *linker(struct world *w, struct action *from, const char *title,
			     const char *out)
{
	struct action *x = shell(w, title, "cp \"$1\" \"$2\"; sleep 0.1; echo \"made $2 of $1\"");

	reads_from(w, x, from);
	makes(w, x, out);
	return x;
}

/* The same objects and words under other names: linked once, also at once; words name each one's own. */
void TestExecSameContentRunsOnce(struct test *t)
{
	struct world w;
	struct action *x, *y, *one, *two;

	open_world(&w, t);
	write_file(&w, "a.txt", "x");
	write_file(&w, "b.txt", "x");
	x = copier(&w, "cc a", "a.txt", "obj/a.o");
	y = copier(&w, "cc b", "b.txt", "obj/b.o");
	one = linker(&w, x, "link one", "bin/one");
	two = linker(&w, y, "link two", "bin/two");
	w.opts.jobs = 4;
	must(&w, run(&w), "at once");
	expect_counts(&w, 3, 1);
	T_OK(t, digest_eq(&one->key, &two->key) && !digest_eq(&x->key, &y->key));
	T_CHECK(t, one->state != two->state, "one ran, the other waited");
	T_EQ_STR(t, str_c(&w.a, one->words), "made bin/one of obj/a.o\n");
	T_EQ_STR(t, str_c(&w.a, two->words), "made bin/two of obj/b.o\n");
	T_EQ_STR(t, str_c(&w.a, two->result.outputs[0].path), "bin/two");
	T_EQ_STR(t, content(&w, two, 0), "x");
	must(&w, run(&w), "again");
	expect_counts(&w, 0, 4);
	T_EQ_STR(t, str_c(&w.a, one->words), "made bin/one of obj/a.o\n");
	T_EQ_STR(t, str_c(&w.a, two->words), "made bin/two of obj/b.o\n");
	close_world(&w);
}

/* The tool is not to blame when somebody removes what it reads. */
void TestExecInputLeavesTheCache(struct test *t)
{
	struct world w;
	struct action *x, *y;

	open_world(&w, t);
	write_file(&w, "a.txt", "x");
	x = copier(&w, "cc a", "a.txt", "obj/a.o");
	y = shell(&w, "link", "rm -f \"$1\"; cat \"$1\" >\"$2\"");
	reads_from(&w, y, x);
	makes(&w, y, "bin/a");
	T_OK(t, !run(&w));
	T_EQ_INT(t, w.e.code, ERR_IO);
	T_EQ_STR(t, w.e.msg, "obj/a.o left the cache or changed there while 'link' read it");
	T_CHECK(t, strstr(w.e.fix, "build again"), "%s", w.e.fix);
	close_world(&w);
}

/* An object in a cache below is read there; when it changes meanwhile, what was made of it is not kept. */
void TestExecReadsBelow(struct test *t)
{
	struct world w;
	struct action *x, *y;
	struct str where;

	open_world(&w, t);
	write_file(&w, "a.txt", "x");
	x = copier(&w, "cc a", "a.txt", "obj/a.o");
	must(&w, run(&w), "fill");
	cas_close(w.cas);
	must(&w, cas_open(&w.a, str_fmt(&w.a, "%s/upper", test_tmpdir(t)), &w.cas, &w.e), "open");
	T_OK(t, cas_layer(w.cas, str_fmt(&w.a, "%s/cache", test_tmpdir(t))));
	w.opts.cas = w.cas;
	y = shell(&w, "link", "echo \"$1\" >where; echo \"of $1\"; cat \"$1\" >\"$2\"");
	reads_from(&w, y, x);
	makes(&w, y, "bin/a");
	must(&w, run(&w), "above");
	expect_counts(&w, 1, 1);
	T_EQ_STR(t, str_c(&w.a, y->words), "of obj/a.o\n");
	T_EQ_STR(t, content(&w, y, 0), "x");
	must(&w, file_read(&w.a, "where", 0, &where, &w.e), "where");
	T_OK(t, str_startsc(str_skip(where, strlen(test_tmpdir(t))), "/cache/cas/"));

	y->argv.v[2].text = STR("chmod u+w \"$1\" && echo y >>\"$1\"; cat \"$1\" >\"$2\"");
	T_OK(t, !run(&w));
	T_EQ_STR(t, w.e.msg, "obj/a.o left the cache or changed there while 'link' read it");
	y->argv.v[2].text = STR("cat \"$1\" >\"$2\"");
	must(&w, run(&w), "again");
	expect_counts(&w, 2, 0);
	T_EQ_STR(t, content(&w, y, 0), "x");
	close_world(&w);
}

/* What waits for another that fails runs itself, with -k; without, nothing new starts. */
void TestExecSameContentFails(struct test *t)
{
	struct world w;
	struct action *x;

	open_world(&w, t);
	for (int i = 0; i < 2; i++) {
		x = shell(&w, i ? "two" : "one", "sleep 0.1; echo \"no $1\"; exit 1");
		makes(&w, x, i ? "bin/two" : "bin/one");
	}
	w.opts.keep_going = true;
	T_OK(t, !run(&w));
	T_EQ_INT(t, w.stat.failed, 2);
	expect_log(&w, "failed one [no bin/one]\nfailed two [no bin/two]\n");
	w.opts.keep_going = false;
	T_OK(t, !run(&w));
	T_EQ_INT(t, w.stat.failed, 1);
	T_EQ_INT(t, w.stat.skipped, 1);
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
	T_EQ_STR(t, w.e.msg,
		 "no such file, but 'one' reads it\n"
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
	expect_log(&w,
		   "$ mkdir -p out && PATH=/usr/bin:/bin /bin/sh -c 'cat \"$1\" >\"$2\"' sh in.txt "
		   "out/first\n"
		   "$ mkdir -p out && PATH=/usr/bin:/bin /bin/sh -c '{ cat \"$1\"; echo more; } "
		   ">\"$2\"' sh out/first out/second\n");
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
	expect_log(
	    &w, "$ PATH=/usr/bin:/bin /bin/sh -c 'cat \"$1\" >\"$2\"' sh in.txt out\nran copy\n");
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
	expect_log(&w, "why cc a.c: the tool changed; a.c changed\nran cc a.c\n");
	*vec_push(&w.a, &x->env) = STR("LC_ALL=C");
	action_arg(&w.a, x, STR("-O2"));
	must(&w, run(&w), "env and argv");
	expect_log(
	    &w, "why cc a.c: command line: now '-O2'; environment: now 'LC_ALL=C'\nran cc a.c\n");
	w.opts.no_cache_read = true;
	must(&w, run(&w), "forced");
	expect_log(&w, "why cc a.c: nothing changed, but the cache is not read\nran cc a.c\n");
	close_world(&w);
}

/* One line an action, and a changed input is told once: not as a word of the command too. */
void TestExecExplainsInputsOnce(struct test *t)
{
	struct world w;
	struct action *x;

	open_world(&w, t);
	w.opts.explain = true;
	write_file(&w, "in.txt", "x");
	write_file(&w, "other.txt", "y");
	x = copier(&w, "copy", "in.txt", "out");
	x->step_params = STR("a\nb\n");
	must(&w, run(&w), "first");
	expect_log(&w, "why copy: has not run here before\nran copy\n");
	x->inputs.v[0].path = STR("other.txt");
	x->step_params = STR("a\nc\n");
	must(&w, run(&w), "other input");
	expect_log(&w, "why copy: new input other.txt; no longer reads in.txt; its parameters "
		       "changed\nran copy\n");
	close_world(&w);
}

/* "link/../up.h" is beside what the link leads to, not beside the link. */
void TestExecDepfileThroughLink(struct test *t)
{
	struct world w;

	open_world(&w, t);
	write_file(&w, "a.c", "source\n");
	write_file(&w, "real/sub/x", "");
	write_file(&w, "real/up.h", "one\n");
	write_file(&w, "up.h", "a stranger\n");
	write_file(&w, "includes.txt", "link/../up.h\n");
	T_MUST(t, symlink("real/sub", "link") == 0);
	next_tick();
	compiler(&w);
	must(&w, run(&w), "first");
	must(&w, run(&w), "again");
	expect_counts(&w, 0, 1);
	write_file(&w, "up.h", "still a stranger\n");
	must(&w, run(&w), "the other file");
	expect_counts(&w, 0, 1);
	write_file(&w, "real/up.h", "two\n");
	must(&w, run(&w), "the file");
	expect_counts(&w, 1, 0);
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
