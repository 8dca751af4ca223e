/*
 * Commands in boxes, placed outputs, inputs that are only waited for.
 */
#include "exec/world_test.h"

#include <string.h>

/* A command in a box that sees mod/ and made/ as its own folder. */
static struct action *boxed(struct world *w, const char *title, const char *script)
{
	struct action *x = shell(w, title, script);

	x->box = (struct exec_box){.on = true, .in = STR("mod"), .out = STR("made")};
	return x;
}

void TestExecBoxHoldsItsInputsOnly(struct test *t)
{
	struct world w;
	struct action *x;

	open_world(&w, t);
	T_MUST(t, folder_make("mod/sub", &w.e));
	write_file(&w, "mod/sub/in.txt", "in");
	write_file(&w, "mod/other.txt", "other");
	write_file(&w, "else.txt", "else");
	x = boxed(&w, "box",
		  "l=$(find . -type f | sort); echo $l >$3; cat $1 $2 >>$3; echo x >>$1");
	reads(&w, x, "mod/sub/in.txt");
	reads(&w, x, "else.txt");
	makes(&w, x, "made/out/list");
	must(&w, run(&w), "run");
	T_EQ_STR(t, content(&w, x, 0), "./else.txt ./sub/in.txt\ninelse");
	T_OK(t, str_containsc(action_record(&w.a, x), "\nbox 3 mod 4 made\n"));
	T_OK(t, str_containsc(action_record(&w.a, x), "\narg i0 10 sub/in.txt\n"));
	expect_no_temps(&w);

	/* It wrote to a copy. */
	must(&w, run(&w), "again");
	expect_counts(&w, 0, 1);
	close_world(&w);
}

void TestExecBoxKeepsNobodyOut(struct test *t)
{
	struct world w;
	struct action *x;

	open_world(&w, t);
	write_file(&w, "in.txt", "in");
	x = boxed(&w, "box", "cat in.txt >$1");
	makes(&w, x, "made/out");
	T_OK(t, !run(&w));
	T_EQ_INT(t, w.e.code, ERR_TOOL);
	expect_no_temps(&w);
	close_world(&w);
}

void TestExecBoxLog(struct test *t)
{
	struct world w;
	struct action *x;
	struct str text;

	open_world(&w, t);
	write_file(&w, "in.txt", "in");
	x = boxed(&w, "box", "pwd; seq 100; exit 3");
	x->box.log = STR("made/box.log");
	reads(&w, x, "in.txt");
	T_OK(t, !run(&w));
	T_OK(t, str_startsc(x->words, "76\n77\n"));
	T_OK(t, str_containsc(x->words, "100\n(all of its words: made/box.log)\n"));
	must(&w, file_read(&w.a, "made/box.log", 0, &text, &w.e), "log");
	T_OK(t, str_startsc(text, ".\n1\n2\n"));
	close_world(&w);
}

/* What is placed is read there, comes back when it is gone, and stays when it is right. */
void TestExecPlaced(struct test *t)
{
	struct world w;
	struct action *made, *user;
	struct file_sig before, after;
	struct str text;

	open_world(&w, t);
	write_file(&w, "in.txt", "1");
	made = copier(&w, "make", "in.txt", "made/x.h");
	made->outputs.v[0].placed = true;
	user = shell(&w, "use", "cat $1 >$2; echo $1");
	reads_from(&w, user, made);
	makes(&w, user, "out");
	must(&w, run(&w), "run");
	T_EQ_STR(t, user->words.p, "made/x.h\n");
	must(&w, file_stat("made/x.h", &before, &w.e), "stat");
	must(&w, run(&w), "again");
	expect_counts(&w, 0, 2);
	must(&w, file_stat("made/x.h", &after, &w.e), "stat");
	T_OK(t, before.ctime_ns == after.ctime_ns && before.ino == after.ino);
	must(&w, file_remove("made/x.h", &w.e), "remove");
	must(&w, run(&w), "once more");
	expect_counts(&w, 0, 2);
	must(&w, file_read(&w.a, "made/x.h", 0, &text, &w.e), "placed again");
	T_EQ_STR(t, text.p, "1");
	write_file(&w, "made/x.h", "wrong");
	must(&w, run(&w), "mended");
	must(&w, file_read(&w.a, "made/x.h", 0, &text, &w.e), "mended file");
	T_EQ_STR(t, text.p, "1");
	close_world(&w);
}

/* A folder is brought up to date file by file: what is the same stays, what is too much goes. */
void TestExecPlacedFolder(struct test *t)
{
	struct world w;
	struct action *x;
	struct file_sig before, after;

	open_world(&w, t);
	write_file(&w, "in.txt", "a");
	x = boxed(&w, "box", "mkdir -p inc/sub; echo same >inc/sub/same.h; cp $1 inc/$(cat $1).h");
	reads(&w, x, "in.txt");
	action_output(&w.a, x, STR("made/inc"), false);
	x->outputs.v[0].folder = x->outputs.v[0].placed = true;
	must(&w, run(&w), "run");
	must(&w, file_stat("made/inc/sub/same.h", &before, &w.e), "stat");
	T_EQ_INT(t, file_kind("made/inc/a.h"), FILE_REGULAR);
	next_tick();
	write_file(&w, "in.txt", "b");
	write_file(&w, "made/inc/stray.h", "stray");
	must(&w, run(&w), "again");
	T_EQ_INT(t, file_kind("made/inc/b.h"), FILE_REGULAR);
	T_EQ_INT(t, file_kind("made/inc/a.h"), FILE_ABSENT);
	T_EQ_INT(t, file_kind("made/inc/stray.h"), FILE_ABSENT);
	T_EQ_INT(t, file_kind("made/inc.new"), FILE_ABSENT);
	must(&w, file_stat("made/inc/sub/same.h", &after, &w.e), "stat");
	T_OK(t, before.ctime_ns == after.ctime_ns);
	close_world(&w);
}

/* Who only waits runs after, and again for what its depfile says only. */
void TestExecWaitsFor(struct test *t)
{
	struct world w;
	struct action *made, *user;

	open_world(&w, t);
	write_file(&w, "in.txt", "1");
	write_file(&w, "user.c", "c");
	made = shell(&w, "make", "cat $1 >$2; echo other$(date +%N) >$3");
	reads(&w, made, "in.txt");
	makes(&w, made, "made/x.h");
	makes(&w, made, "made/unused.h");
	made->outputs.v[0].placed = made->outputs.v[1].placed = true;
	user = shell(&w, "use", "cat $1 made/x.h >$2; echo \"$2: $1 made/x.h\" >$3");
	reads(&w, user, "user.c");
	makes(&w, user, "user.o");
	makes_depfile(&w, user, "user.d");
	action_input_order(&w.a, user, made);
	must(&w, run(&w), "run");
	T_EQ_STR(t, content(&w, user, 0), "c1");
	T_OK(t, !str_containsc(action_record(&w.a, user), "8 made/x.h\n"));
	must(&w, run(&w), "again");
	expect_counts(&w, 0, 2);
	next_tick();
	write_file(&w, "in.txt", "1 ");
	must(&w, run(&w), "read");
	expect_counts(&w, 2, 0);
	next_tick();
	write_file(&w, "in.txt", "1");
	must(&w, run(&w), "as before");
	expect_counts(&w, 0, 2);
	close_world(&w);
}
