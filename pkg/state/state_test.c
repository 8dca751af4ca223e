/*
 * A small world: two files, one action that joins them, one that copies the joined, one product.
 */
#include "state/state_impl.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cbuild/test.h"
#include "load/load.h"
#include "sys/clock.h"

#define STATE "build/.x/state/graph"
#define CLOCK "build/.x/state/clock"

struct world {
	struct test *t;
	struct arena a;
	struct cas *cas;
	struct watch watch;
	struct graph g;
	struct action *join, *copy;
	struct exec_stat stat;
	struct state *s;
	struct err e;
	bool meddle; /* another run puts its own into a product's place */
};

static void must(struct world *w, bool ok)
{
	if (!ok)
		test_fatal(w->t, __FILE__, __LINE__, "%s %s", w->e.place, w->e.msg);
}

static void text_file(struct world *w, const char *path, const char *text)
{
	must(w, folder_make_for(path, &w->e) && file_write_fast(path, str_of(text), 0644, &w->e));
}

/*
 * What is written before is older than what is watched afterwards. Kernels with fine-grained stamps may
 * give one that is ahead of the coarse clock.
 */
static void tick(void)
{
	int64_t now = clock_real_ns();

	while (clock_file_ns() <= now)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

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

static void make_graph(struct world *w)
{
	w->g = (struct graph){0};
	w->join = shell(w, "join", "sed s/comment// $1 $2 >$3; echo said");
	w->copy = shell(w, "copy", "cat $1 >$2");
	action_arg_in(&w->a, w->join, STR(""), action_input_file(&w->a, w->join, STR("src/a.c")));
	action_arg_in(&w->a, w->join, STR(""), action_input_file(&w->a, w->join, STR("src/b.h")));
	action_arg_out(&w->a, w->join, STR(""),
		       action_output(&w->a, w->join, STR("build/joined"), false));
	action_arg_in(&w->a, w->copy, STR(""), action_input_from(&w->a, w->copy, w->join, 0));
	action_arg_out(&w->a, w->copy, STR(""),
		       action_output(&w->a, w->copy, STR("build/out"), false));
}

static void run_graph(struct world *w, struct graph *g, const uint32_t *goals, size_t n,
		      uint64_t settled)
{
	struct exec_opts o = {.cas = w->cas, .jobs = 1, .settled = settled};

	must(w, exec_run(&w->a, g, goals, n, &o, &w->stat, &w->e));
}

static void place(struct world *w, struct state_product *p)
{
	p->made = p->action->result.outputs[0].digest;
	T_MUST(w->t, cas_place(w->cas, &p->made, str_c(&w->a, p->path), p->mode, CAS_COPY, &p->left,
			       &w->e) == CAS_HIT);
	if (w->meddle)
		text_file(w, "build/out", "another run's");
}

static void scan(struct world *w, const char *path)
{
	struct digest d;
	struct str bytes;

	watch_pause();
	must(w, file_read(&w->a, path, 0, &bytes, &w->e));
	watch_resume();
	d = load_facts(str_of(path), bytes);
	watch_scanned(str_of(path), &d);
}

/* As a command does: look, run, place, record. */
static void walk(struct world *w)
{
	struct folder_entry *v;
	struct file_memo *memo;
	struct digest d;
	struct state_products products = {0};
	struct str_vec none = {0};
	uint32_t goal = 1;
	size_t n;

	tick();
	state_watch(&w->watch, &w->a, CLOCK);
	T_OK(w->t, file_kind("cbuild.yaml") == FILE_ABSENT);
	must(w, folder_list(&w->a, "src", &v, &n, &w->e));
	T_OK(w->t, !folder_list(&w->a, "include", &v, &n, &w->e));
	scan(w, "src/a.c");
	scan(w, "src/b.h");
	must(w, file_memo_open(&w->a, STR(""), &memo, &w->e));
	must(w, file_memo_digest(memo, STR("src/a.c"), &d, &w->e) &&
		    file_memo_digest(memo, STR("src/b.h"), &d, &w->e));
	must(w, file_stat("tool", &(struct file_sig){0}, &w->e));
	make_graph(w);
	run_graph(w, &w->g, &goal, 1, 0);
	*vec_push(&w->a, &products) =
	    (struct state_product){.action = w->copy, .path = STR("build/out"), .mode = 0644};
	place(w, &products.v[0]);
	watch_end();
	state_record(&w->a, STATE,
		     &(struct state_record){.watch = &w->watch,
					    .graph = &w->g,
					    .goals = &goal,
					    .goal_count = 1,
					    .products = &products,
					    .trusted_prefixes = &none,
					    .root = str_fmt(&w->a, "%s/p", test_tmpdir(w->t)),
					    .cache_dir = cas_dir(w->cas, 0),
					    .mod_mount = STR("build/.x/mod"),
					    .memo = STR("build/.x/state/files"),
					    .total = w->stat.total,
					    .note = str_from("no\0te", 5)});
}

static void open_world(struct world *w, struct test *t)
{
	*w = (struct world){.t = t};
	T_MUST(t, chdir(test_tmpdir(t)) == 0);
	must(w, folder_make("p", &w->e));
	T_MUST(t, chdir("p") == 0);
	must(w, cas_open(&w->a, str_fmt(&w->a, "%s/cache", test_tmpdir(t)), &w->cas, &w->e));
	must(w, folder_make("build/.x/state", &w->e));
	text_file(w, "src/a.c", "#include \"b.h\"\nint a1;\n");
	text_file(w, "src/b.h", "int b1;\n");
	text_file(w, "tool", "tool");
	walk(w);
}

static void close_world(struct world *w)
{
	cas_close(w->cas);
	arena_fini(&w->a);
}

static const char *found_name(enum state_found f)
{
	return f == STATE_SAME ? "same" : f == STATE_EDITED ? "edited" : "other";
}

static const char *look(struct world *w)
{
	enum state_found f = state_check(&w->a, STATE, &w->s);

	state_close(w->s);
	return found_name(f);
}

void TestStateSame(struct test *t)
{
	struct world w;

	open_world(&w, t);
	T_EQ_STR(t, look(&w), "same");
	T_EQ_STR(t, look(&w), "same");
	close_world(&w);
}

/* As it would be in another boot of the machine, or so much later. */
static void change_head(struct world *w, uint64_t boot, int64_t older_ns)
{
	struct parts p = {0};
	struct buf copy = {0};
	struct str text;

	must(w, file_read(&w->a, STATE, 0, &text, &w->e));
	buf_adds(&copy, text);
	p.head = (struct head *)(void *)copy.p;
	p.head->boot ^= boot;
	p.head->walked_ns -= older_ns;
	parts_sum(&p);
	must(w, file_write_fast(STATE, buf_str(&copy), 0644, &w->e));
	buf_fini(&copy);
}

void TestStateCountsForOneBootAndAWeek(struct test *t)
{
	static const int64_t DAY_NS = (int64_t)24 * 3600 * 1000000000;
	struct world w;

	open_world(&w, t);
	change_head(&w, 0, 6 * DAY_NS);
	T_EQ_STR(t, look(&w), "same");
	change_head(&w, 0, 2 * DAY_NS);
	T_EQ_STR(t, look(&w), "other");
	change_head(&w, 0, -8 * DAY_NS);
	T_EQ_STR(t, look(&w), "same");
	change_head(&w, 1, 0);
	T_EQ_STR(t, look(&w), "other");
	close_world(&w);
}

/* In place, same size, time put back. */
static void rewrite_quietly(struct world *w, const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	struct stat st;
	struct timespec times[2];

	T_MUST(w->t, fd >= 0 && fstat(fd, &st) == 0);
	T_MUST(w->t, write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	T_MUST(w->t, futimens(fd, times) == 0 && close(fd) == 0);
}

static void touch(const char *path, int64_t seconds)
{
	struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};

	utimensat(AT_FDCWD, path, times, 0);
}

static void do_touch(struct world *w)
{
	(void)w;
	touch("src/b.h", 1000);
	touch("src/a.c", 4102444800);
}

static void do_replace_equal(struct world *w)
{
	text_file(w, "src/b.h", "int b1;\n");
}

static void do_edit(struct world *w)
{
	rewrite_quietly(w, "src/b.h", "int b2;\n");
}

static void do_edit_facts(struct world *w)
{
	text_file(w, "src/a.c", "#include \"c.h\"\nint a1;\n");
}

static void do_new_name(struct world *w)
{
	text_file(w, "src/new.h", "");
}

static void do_manifest(struct world *w)
{
	text_file(w, "cbuild.yaml", "");
}

static void do_new_folder(struct world *w)
{
	must(w, folder_make("include", &w->e));
}

static void do_tool(struct world *w)
{
	rewrite_quietly(w, "tool", "loot");
}

static void do_tool_mode(struct world *w)
{
	T_MUST(w->t, chmod("tool", 0755) == 0);
}

static void do_remove(struct world *w)
{
	must(w, file_remove("src/b.h", &w->e));
}

static void do_link(struct world *w)
{
	T_MUST(w->t, rename("src/b.h", "far") == 0);
	must(w, file_symlink("../far", "src/b.h", &w->e));
}

static void do_folder_for_file(struct world *w)
{
	must(w, file_remove("src/b.h", &w->e) && folder_make("src/b.h", &w->e));
}

static void do_temporary(struct world *w)
{
	text_file(w, "src/tmp", "");
	must(w, file_remove("src/tmp", &w->e));
}

static void do_product(struct world *w)
{
	text_file(w, "build/out", "mine");
}

static void do_no_product(struct world *w)
{
	must(w, file_remove("build/out", &w->e));
}

static void do_product_folder(struct world *w)
{
	must(w, folder_make("build/out", &w->e));
}

void TestStateAfterEdits(struct test *t)
{
	static const struct {
		const char *name;
		void (*edit)(struct world *w);
		const char *want;
	} cases[] = {
	    {"times", do_touch, "same"},
	    {"equal file in its place", do_replace_equal, "same"},
	    {"a name that came and went", do_temporary, "same"},
	    {"content, quietly", do_edit, "edited"},
	    {"another include", do_edit_facts, "other"},
	    {"new name", do_new_name, "other"},
	    {"a manifest where none was", do_manifest, "other"},
	    {"a folder where none was", do_new_folder, "other"},
	    {"content of what is no source", do_tool, "other"},
	    {"its mode", do_tool_mode, "other"},
	    {"removed", do_remove, "other"},
	    {"file to link", do_link, "other"},
	    {"file to folder", do_folder_for_file, "other"},
	    {"product changed", do_product, "edited"},
	    {"product removed", do_no_product, "other"},
	};
	struct world w;

	open_world(&w, t);
	close_world(&w);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		must(&w, folder_remove("src", &w.e) && folder_remove("include", &w.e) &&
			     file_remove("cbuild.yaml", &w.e) && file_remove("build/out", &w.e));
		open_world(&w, t);
		T_CHECK(t, strcmp(look(&w), "same") == 0, "before: %s", cases[i].name);
		cases[i].edit(&w);
		test_log(t, "%s", cases[i].name);
		T_EQ_STR(t, look(&w), cases[i].want);
		close_world(&w);
	}
}

static bool run_edited(struct world *w, enum state_found f, struct state_edit *d)
{
	T_EQ_STR(w->t, found_name(f), "edited");
	if (f != STATE_EDITED || !state_graph(&w->a, w->s, NULL, 0, d))
		return false;
	run_graph(w, &d->graph, d->goals.v, d->goals.n, d->settled);
	for (size_t i = 0; i < d->products.n; i++)
		place(w, &d->products.v[i]);
	state_update(w->s);
	state_close(w->s);
	return true;
}

static bool edit_and_run(struct world *w, struct state_edit *d)
{
	return run_edited(w, state_check(&w->a, STATE, &w->s), d);
}

void TestStateEditRunsWhatReads(struct test *t)
{
	struct state_edit d;
	struct world w;
	struct str out;

	open_world(&w, t);
	rewrite_quietly(&w, "src/b.h", "int b2;\n");
	T_MUST(t, edit_and_run(&w, &d));
	T_EQ_INT(t, w.stat.ran, 2);
	T_EQ_INT(t, w.stat.total, 2);
	must(&w, file_read(&w.a, "build/out", 0, &out, &w.e));
	T_EQ_STR(t, out.p, "#include \"b.h\"\nint a1;\nint b2;\n");
	T_EQ_STR(t, look(&w), "same");
	rewrite_quietly(&w, "src/b.h", "int b1;\n");
	T_MUST(t, edit_and_run(&w, &d));
	T_EQ_INT(t, w.stat.cached, 2);
	T_EQ_STR(t, look(&w), "same");
	close_world(&w);
}

/* The joined file stays, so the copier's key does, and it is not even looked up. */
void TestStateEqualOutputStopsThere(struct test *t)
{
	struct state_edit d;
	struct world w;

	open_world(&w, t);
	text_file(&w, "src/b.h", "int b1;comment\n");
	must(&w, folder_remove("../cache/ac", &w.e) && folder_make("../cache/ac", &w.e));
	T_MUST(t, edit_and_run(&w, &d));
	T_EQ_INT(t, w.stat.ran, 1);
	T_EQ_INT(t, w.stat.cached, 1);
	T_EQ_STR(t, look(&w), "same");
	close_world(&w);
}

/* Keeps the record as the cache would, and goes to another tree with the same sources. */
static void checkout(struct world *w, const char *folder)
{
	must(w, file_move(STATE, "../kept", &w->e));
	must(w, folder_remove("build", &w->e));
	T_MUST(w->t, rename("../p", "../old") == 0);
	must(w, folder_make(folder, &w->e));
	T_MUST(w->t, chdir(folder) == 0);
	must(w, folder_make("build/.x/state", &w->e));
	text_file(w, "src/a.c", "#include \"b.h\"\nint a1;\n");
	text_file(w, "src/b.h", "int b1;\n");
	text_file(w, "tool", "tool");
}

void TestStateAdopt(struct test *t)
{
	static const struct {
		const char *name;
		void (*edit)(struct world *w);
		unsigned ran; /* 9: adopts nothing */
		uint64_t boot;
	} cases[] = {
	    {"as it was", NULL, 0, 0},
	    {"recorded in another boot", NULL, 0, 1},
	    {"times", do_touch, 0, 0},
	    {"content", do_edit, 2, 0},
	    {"content, in another boot", do_edit, 0, 1},
	    {"another include", do_edit_facts, 9, 0},
	    {"new name", do_new_name, 9, 0},
	    {"a manifest where none was", do_manifest, 9, 0},
	    {"a folder where none was", do_new_folder, 9, 0},
	    {"content of what is no source", do_tool, 9, 1},
	    {"removed", do_remove, 9, 0},
	    {"somebody else's product", do_product, 0, 0},
	    {"a folder for a product", do_product_folder, 9, 0},
	};
	struct state_made_vec none = {0};
	struct state_edit d;
	struct world w;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		enum state_found f;

		test_log(t, "%s", cases[i].name);
		open_world(&w, t);
		change_head(&w, cases[i].boot, 0);
		checkout(&w, str_fmt(&w.a, "../q%zu", i).p);
		if (cases[i].edit)
			cases[i].edit(&w);
		f = state_adopt(&w.a, "../kept", STATE, &none, &w.s);
		T_EQ_STR(t, found_name(f), cases[i].ran == 9 ? "other" : "edited");
		if (f == STATE_EDITED && run_edited(&w, f, &d)) {
			T_EQ_INT(t, w.stat.ran, cases[i].ran);
			T_EQ_STR(t, look(&w), "same");
			T_OK(t, file_kind("build/out") == FILE_REGULAR);
		}
		T_MUST(t, chdir("..") == 0);
		must(&w, folder_remove("old", &w.e));
		close_world(&w);
	}
}

static void count_words(struct event_sink *self, const struct event *ev)
{
	struct counting {
		struct event_sink sink;
		unsigned words;
	} *c = (struct counting *)(void *)self;

	c->words += ev->kind == EVENT_ACTION_END && str_eqc(ev->output, "said\n");
}

void TestStateReplaysWords(struct test *t)
{
	struct counting {
		struct event_sink sink;
		unsigned words;
	} c = {{.emit = count_words}, 0};
	struct state_edit d;
	struct world w;

	open_world(&w, t);
	rewrite_quietly(&w, "src/b.h", "int b2;\n");
	T_MUST(t, edit_and_run(&w, &d));
	T_EQ_STR(t, found_name(state_check(&w.a, STATE, &w.s)), "same");
	state_replay(w.s, &c.sink);
	state_close(w.s);
	T_EQ_INT(t, c.words, 1);
	close_world(&w);
}

/* What the command noted, and what it made, come back as long as the file stands, edits or not. */
static void expect_note(struct world *w, const char *made)
{
	struct state_made_vec v;
	struct digest want = digest_str(str_of(made));

	T_MUST(w->t, state_check(&w->a, STATE, &w->s) == STATE_SAME);
	T_EQ_MEM(w->t, state_note(w->s).p, state_note(w->s).n, "no\0te", 5);
	state_made(&w->a, w->s, &v);
	T_EQ_INT(w->t, v.n, 1);
	T_EQ_STR(w->t, v.v[0].path.p, "build/out");
	T_OK(w->t, digest_eq(&v.v[0].digest, &want));
	state_close(w->s);
}

void TestStateNote(struct test *t)
{
	struct state_edit d;
	struct world w;

	open_world(&w, t);
	expect_note(&w, "#include \"b.h\"\nint a1;\nint b1;\n");
	rewrite_quietly(&w, "src/b.h", "int b2;\n");
	T_MUST(t, edit_and_run(&w, &d));
	expect_note(&w, "#include \"b.h\"\nint a1;\nint b2;\n");
	close_world(&w);
}

/* Something changed between the look and the end: nothing may be recorded. */
void TestStateChangedMeanwhile(struct test *t)
{
	struct world w;

	open_world(&w, t);
	state_watch(&w.watch, &w.a, CLOCK);
	must(&w, file_stat("src/a.c", &(struct file_sig){0}, &w.e));
	text_file(&w, "src/a.c", "int later;\n");
	watch_end();
	state_record(&w.a, STATE,
		     &(struct state_record){.watch = &w.watch,
					    .graph = &w.g,
					    .products = &(struct state_products){0},
					    .trusted_prefixes = &(struct str_vec){0},
					    .root = STR("/nowhere"),
					    .cache_dir = STR("/nowhere"),
					    .mod_mount = STR("build/.x/mod"),
					    .memo = STR("build/.x/state/files")});
	T_OK(t, file_kind(STATE) == FILE_ABSENT);
	close_world(&w);
}

/* What another run put into a product's place is not recorded as this one's. */
void TestStateOthersProduct(struct test *t)
{
	struct state_edit d;
	struct world w;

	open_world(&w, t);
	rewrite_quietly(&w, "src/b.h", "int b2;\n");
	w.meddle = true;
	T_MUST(t, edit_and_run(&w, &d));
	T_OK(t, file_kind(STATE) == FILE_ABSENT);
	walk(&w);
	T_OK(t, file_kind(STATE) == FILE_ABSENT);
	w.meddle = false;
	walk(&w);
	T_EQ_STR(t, look(&w), "same");
	close_world(&w);
}

/* No byte of a state file may be changed, and none may be missing, without its being noticed. */
void TestStateDamaged(struct test *t)
{
	struct world w;
	struct str good;

	open_world(&w, t);
	must(&w, file_read(&w.a, STATE, 0, &good, &w.e));
	for (size_t i = 0; i < good.n; i += 7) {
		char *bad = arena_strdup(&w.a, good.p, good.n);
		struct state_edit d;
		enum state_found f;

		bad[i] = (char)(bad[i] ^ 0x41);
		must(&w, file_write_fast(STATE, str_from(bad, good.n), 0644, &w.e));
		rewrite_quietly(&w, "src/b.h", i % 2 ? "int b2;\n" : "int b3;\n");
		f = state_check(&w.a, STATE, &w.s);
		T_CHECK(t, f == STATE_OTHER || !state_graph(&w.a, w.s, NULL, 0, &d), "byte %zu", i);
		state_close(w.s);
		must(&w, file_write_fast(STATE, str_from(good.p, i), 0644, &w.e));
		T_CHECK(t, state_check(&w.a, STATE, &w.s) == STATE_OTHER, "cut at %zu", i);
		state_close(w.s);
	}
	close_world(&w);
}
