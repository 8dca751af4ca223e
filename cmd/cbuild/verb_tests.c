/*
 * cbuild test: one test program a package, run in the package's folder, results read as a stream. Which
 * programs there are is noted with the build, so that an unchanged tree is neither loaded nor planned.
 */
#include "test_cache.h"

#include <regex.h>
#include <stdio.h>
#include <unistd.h>

#include "base/path.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/spawn.h"
#include "test/test.h"

struct test_opts {
	struct build_opts build;
	struct str run;
	bool verbose;
	unsigned timeout_s;
	unsigned count; /* 0: not said, and kept results will do */
};

struct test_run {
	struct cmd *c;
	const struct test_opts *o;
	uint64_t passed, failed, skipped;
};

/* One test program: its package's name and folder, and where it was put. */
struct test_program {
	struct str target, package, dir, path;
};
struct test_programs VEC_BODY(struct test_program);

/* All of them, as noted with the build: hex of data, then each one's fields, each ended by a NUL. */
struct test_list {
	struct digest data; /* zero: no results may be kept */
	struct test_programs programs;
};

static bool add_program(struct build *b, struct build_target *t, struct package *p,
			struct test_programs *out, struct err *e)
{
	struct arena *a = &b->c->arena;
	struct str_vec names = {0};
	struct str folder = target_folder(a, &t->target), file;
	struct action *link, *policy;

	for (size_t i = 0; i < p->tests.n; i++)
		for (size_t k = 0; k < p->tests.v[i]->tests.n; k++)
			*vec_push(a, &names) = p->tests.v[i]->tests.v[k];
	if (!names.n)
		return true;
	file = str_fmt(a, "build/%.*s/gen/%.*s/test_main.c", STR_ARG(folder), STR_ARG(p->name));
	file = path_clean(a, file);
	if (!folder_make_for(str_c(a, file), e) ||
	    !file_write_if_changed(str_c(a, file), test_main_source(a, &names), 0644, e))
		return err_wrap(e, "writing the test program of %.*s", STR_ARG(p->name));
	link = plan_test_program(&t->plan, p, file, &policy);
	build_goal(b, policy);
	*vec_push(a, &b->placed) = (struct state_product){
	    .action = link, .path = link->outputs.v[0].path, .mode = PLACED_MODE, .check = policy};
	*vec_push(a, out) =
	    (struct test_program){target_name(a, &t->target), p->name, p->dir.n ? p->dir : STR("."),
				  link->outputs.v[0].path};
	return true;
}

static void report(struct test_run *r, const struct test_program *p, const struct test_result *t)
{
	static const char *const words[] = {"PASS", "FAIL", "SKIP"};

	r->passed += t->outcome == TEST_PASS;
	r->failed += t->outcome == TEST_FAIL;
	r->skipped += t->outcome == TEST_SKIP;
	if (t->outcome != TEST_FAIL && !r->o->verbose)
		return;
	printf("%s %.*s %.*s (%llu ms)\n", words[t->outcome], STR_ARG(p->package), STR_ARG(t->name),
	       (unsigned long long)t->elapsed_ms);
	if (t->output.n)
		printf("%.*s%s", STR_ARG(t->output),
		       t->output.p[t->output.n - 1] == '\n' ? "" : "\n");
}

static void report_package(struct test_run *r, const struct test_program *p, uint64_t failed_before,
			   const char *how)
{
	bool several = r->o->build.targets.n != 0;

	printf("%-4s %.*s%s%.*s (%s)\n", r->failed > failed_before ? "FAIL" : "ok",
	       STR_ARG(p->package), several ? " " : "", STR_ARG(several ? p->target : STR("")),
	       how);
	fflush(stdout);
}

static struct str_vec test_words(const struct test_run *r)
{
	struct arena *a = &r->c->arena;
	struct str_vec args = {0};

	*vec_push(a, &args) = STR("-stream");
	if (r->o->run.n) {
		*vec_push(a, &args) = STR("-run");
		*vec_push(a, &args) = r->o->run;
	}
	*vec_push(a, &args) = STR("-timeout");
	*vec_push(a, &args) = str_fmt(a, "%u", r->o->timeout_s);
	return args;
}

/* The transcript's results, printed; an exit status that they do not explain is a failure too. */
static bool report_all(struct test_run *r, const struct test_program *p, struct str transcript,
		       const struct spawn_result *done, struct err *e)
{
	struct test_result *v;
	size_t n;
	uint64_t failed = r->failed;

	if (!test_parse_stream(&r->c->arena, transcript, &v, &n, e)) {
		fprintf(stderr, "%.*s", STR_ARG(buf_str(&done->err)));
		return err_wrap(e, "reading the results of %.*s", STR_ARG(p->package));
	}
	for (size_t i = 0; i < n; i++)
		report(r, p, &v[i]);
	if (done->exit_status != 0 && r->failed == failed) {
		r->failed++;
		printf("FAIL %.*s: the test program ended with status %d\n%.*s",
		       STR_ARG(p->package), done->exit_status, STR_ARG(buf_str(&done->err)));
	}
	return true;
}

/* key: where a good result is kept; NULL: nowhere. */
static bool run_program(struct test_run *r, const struct test_program *p,
			const struct str_vec *words, const struct digest *key, struct err *e)
{
	struct arena *a = &r->c->arena;
	struct spawn_result done = {0};
	struct target target;
	const char *const *argv;
	struct str transcript;
	uint64_t failed = r->failed, start_ns = clock_mono_ns(), end_ns;
	bool ok;

	if (!target_parse(p->target, &target, e) ||
	    !build_run_argv(r->c, &target, p->path, words, &argv, e) ||
	    !spawn_run(&(struct spawn){.argv = argv, .cwd = str_c(a, p->dir)}, false, &done, e))
		return err_wrap(e, "running the tests of %.*s", STR_ARG(p->package));
	transcript = str_dup(a, buf_str(&done.out));
	ok = report_all(r, p, transcript, &done, e);
	if (ok) {
		end_ns = clock_mono_ns();
		event_phase(ui_sink(r->c->ui), str_fmt(a, "test %.*s", STR_ARG(p->package)),
			    start_ns, end_ns);
		if (key && r->failed == failed && done.exit_status == 0)
			test_cache_put(r->c, key, transcript, done.wall_ms);
		report_package(
		    r, p, failed,
		    str_fmt(a, "%llu ms", (unsigned long long)((end_ns - start_ns) / 1000000)).p);
	}
	buf_fini(&done.out);
	buf_fini(&done.err);
	return ok && (!interrupt_requested() || err_set(e, ERR_CANCEL, "interrupted"));
}

static bool run_or_recall(struct test_run *r, const struct test_program *p,
			  const struct digest *data, const struct quick *q, struct err *e)
{
	const struct digest *program = quick_made(q, p->path);
	struct str_vec words = test_words(r);
	uint64_t failed = r->failed;
	struct digest key;
	struct str transcript;

	for (unsigned i = 0; i < r->o->count; i++)
		if (!run_program(r, p, &words, NULL, e))
			return false;
	if (r->o->count)
		return true;
	if (!program || digest_is_zero(data))
		return run_program(r, p, &words, NULL, e);
	key = test_cache_key(r->c, program, data, p->dir, &words);
	if (r->o->build.no_cache || !test_cache_get(r->c, &key, &transcript))
		return run_program(r, p, &words, &key, e);
	if (!report_all(r, p, transcript, &(struct spawn_result){0}, e))
		return false;
	report_package(r, p, failed, "cached");
	return true;
}

static struct str write_list(struct arena *a, const struct test_list *l)
{
	struct buf b = {0};
	char hex[DIGEST_HEX + 1];
	struct str out;

	digest_hex(&l->data, hex);
	buf_add(&b, hex, sizeof hex);
	for (size_t i = 0; i < l->programs.n; i++) {
		const struct test_program *p = &l->programs.v[i];
		const struct str fields[] = {p->target, p->package, p->dir, p->path};

		for (size_t k = 0; k < sizeof fields / sizeof fields[0]; k++) {
			buf_adds(&b, fields[k]);
			buf_add_byte(&b, '\0');
		}
	}
	out = str_dup(a, buf_str(&b));
	buf_fini(&b);
	return out;
}

static bool read_list(struct arena *a, struct str text, struct test_list *out)
{
	*out = (struct test_list){0};
	if (!digest_parse_hex(str_cut(&text, '\0'), &out->data))
		return false;
	while (text.n) {
		struct test_program *p = vec_push(a, &out->programs);

		p->target = str_cut(&text, '\0');
		p->package = str_cut(&text, '\0');
		p->dir = str_cut(&text, '\0');
		p->path = str_cut(&text, '\0');
	}
	return true;
}

static bool plan_tests(struct build *b, const struct str_vec *patterns, struct test_programs *out,
		       struct err *e)
{
	for (size_t t = 0; t < b->target_count; t++) {
		struct package **v;
		size_t n;

		if (!load_match(&b->c->arena, &b->targets[t].set, patterns->v, patterns->n, &v, &n,
				e))
			return false;
		for (size_t i = 0; i < n; i++)
			if (!add_program(b, &b->targets[t], v[i], out, e))
				return false;
	}
	return true;
}

static bool check_regex(struct str run, struct cmd *c, struct err *e)
{
	regex_t re;

	if (!run.n)
		return true;
	if (regcomp(&re, str_c(&c->arena, run), REG_EXTENDED | REG_NOSUB) != 0)
		return err_set(e, ERR_USAGE, "--run: '%.*s' is not a regular expression",
			       STR_ARG(run));
	regfree(&re);
	return true;
}

/* Builds the test programs; q->note becomes their list. */
static bool full_walk(struct build *b, struct cmd *c, const struct build_opts *o,
		      const struct str_vec *patterns, struct quick *q, struct err *e)
{
	struct test_list l = {0};

	if (!session_manifest(c, e) || !build_open(b, c, o, e) ||
	    !plan_tests(b, patterns, &l.programs, e) || !build_compile_commands(b, e) ||
	    (l.programs.n && !build_run(b, e)))
		return false;
	if (l.programs.n && !o->dry_run)
		l.data = test_data_digest(b);
	q->note = write_list(&c->arena, &l);
	return true;
}

static bool run_all(struct test_run *r, const struct quick *q, struct err *e)
{
	struct test_list l;

	if (!read_list(&r->c->arena, q->note, &l))
		return err_set(e, ERR_IO, "the list of test programs cannot be read");
	for (size_t i = 0; i < l.programs.n; i++)
		if (!run_or_recall(r, &l.programs.v[i], &l.data, q, e))
			return false;
	return true;
}

bool verb_test(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct test_opts o = {.timeout_s = 60};
	const struct opt opts[] = {{"--run", OPT_STR, &o.run},
				   {"-v", OPT_FLAG, &o.verbose},
				   {"--timeout", OPT_UINT, &o.timeout_s},
				   {"--count", OPT_UINT, &o.count},
				   BUILD_OPTS(o.build),
				   {0}};
	struct test_run r = {.c = c, .o = &o};
	struct quick q = {0};
	struct build b = {0};
	bool ok;

	if (!opt_parse(c, args, opts, false, e) || !check_regex(o.run, c, e) ||
	    !session_find(c, e) || !session_patterns(c, args, e))
		return false;
	if (!quick_build(c, &o.build, args, &q, &ok, e)) {
		ok = full_walk(&b, c, &o.build, args, &q, e);
		quick_record(&q, &b, ok);
	}
	ui_clear(c->ui);
	if (!ok || (!o.build.dry_run && !run_all(&r, &q, e)))
		return false;
	printf("%llu passed, %llu failed", (unsigned long long)r.passed,
	       (unsigned long long)r.failed);
	if (r.skipped)
		printf(", %llu skipped", (unsigned long long)r.skipped);
	putchar('\n');
	if (!r.failed)
		return true;
	return err_set(e, ERR_TOOL, "%llu test%s failed", (unsigned long long)r.failed,
		       r.failed == 1 ? "" : "s");
}
