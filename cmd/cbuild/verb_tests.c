/*
 * cbuild test: one test program a package, run in the package's folder, results read as a stream.
 */
#include "cmd.h"

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
};

struct test_run {
	struct cmd *c;
	const struct test_opts *o;
	uint64_t passed, failed, skipped;
};

/* One test program: its package and where it was put. */
struct test_program {
	struct build_target *target;
	struct package *package;
	struct str path;
};
struct test_programs VEC_BODY(struct test_program);

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
	*vec_push(a, &b->placed) = (struct placed){
	    .action = link, .path = link->outputs.v[0].path, .mode = PLACED_MODE, .check = policy};
	*vec_push(a, out) = (struct test_program){t, p, link->outputs.v[0].path};
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
	printf("%s %.*s %.*s (%llu ms)\n", words[t->outcome], STR_ARG(p->package->name),
	       STR_ARG(t->name), (unsigned long long)t->elapsed_ms);
	if (t->output.n)
		printf("%.*s%s", STR_ARG(t->output),
		       t->output.p[t->output.n - 1] == '\n' ? "" : "\n");
}

static void report_package(struct test_run *r, const struct test_program *p, uint64_t failed_before,
			   uint64_t elapsed_ms)
{
	printf("%-4s %.*s%s%.*s (%llu ms)\n", r->failed > failed_before ? "FAIL" : "ok",
	       STR_ARG(p->package->name), r->o->build.targets.n ? " " : "",
	       STR_ARG(r->o->build.targets.n ? target_name(&r->c->arena, &p->target->target)
					     : STR("")),
	       (unsigned long long)elapsed_ms);
	fflush(stdout);
}

static bool run_program(struct test_run *r, const struct test_program *p, struct err *e)
{
	struct arena *a = &r->c->arena;
	struct str_vec args = {0};
	const char *const *argv;
	struct spawn_result done = {0};
	struct test_result *v;
	size_t n;
	uint64_t failed = r->failed, start_ns = clock_mono_ns(), end_ns;

	*vec_push(a, &args) = STR("-stream");
	if (r->o->run.n) {
		*vec_push(a, &args) = STR("-run");
		*vec_push(a, &args) = r->o->run;
	}
	*vec_push(a, &args) = STR("-timeout");
	*vec_push(a, &args) = str_fmt(a, "%u", r->o->timeout_s);
	if (!build_run_argv(r->c, &p->target->target, p->path, &args, &argv, e) ||
	    !spawn_run(
		&(struct spawn){.argv = argv,
				.cwd = str_c(a, p->package->dir.n ? p->package->dir : STR("."))},
		false, &done, e))
		return err_wrap(e, "running the tests of %.*s", STR_ARG(p->package->name));
	if (!test_parse_stream(a, str_dup(a, buf_str(&done.out)), &v, &n, e)) {
		fprintf(stderr, "%.*s", STR_ARG(buf_str(&done.err)));
		return err_wrap(e, "reading the results of %.*s", STR_ARG(p->package->name));
	}
	for (size_t i = 0; i < n; i++)
		report(r, p, &v[i]);
	if (done.exit_status != 0 && r->failed == failed) {
		r->failed++;
		printf("FAIL %.*s: the test program ended with status %d\n%.*s",
		       STR_ARG(p->package->name), done.exit_status, STR_ARG(buf_str(&done.err)));
	}
	end_ns = clock_mono_ns();
	event_phase(ui_sink(r->c->ui), str_fmt(a, "test %.*s", STR_ARG(p->package->name)), start_ns,
		    end_ns);
	report_package(r, p, failed, (end_ns - start_ns) / 1000000);
	buf_fini(&done.out);
	buf_fini(&done.err);
	return !interrupt_requested() || err_set(e, ERR_CANCEL, "interrupted");
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

bool verb_test(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct test_opts o = {.timeout_s = 60};
	const struct opt opts[] = {{"--run", OPT_STR, &o.run},
				   {"-v", OPT_FLAG, &o.verbose},
				   {"--timeout", OPT_UINT, &o.timeout_s},
				   BUILD_OPTS(o.build),
				   {0}};
	struct test_run r = {.c = c, .o = &o};
	struct test_programs programs = {0};
	struct build b;

	if (!opt_parse(c, args, opts, false, e) || !check_regex(o.run, c, e) ||
	    !session_open(c, e) || !session_patterns(c, args, e) ||
	    !build_open(&b, c, &o.build, e) || !plan_tests(&b, args, &programs, e))
		return false;
	if (programs.n && !build_run(&b, e))
		return false;
	ui_clear(c->ui);
	for (size_t i = 0; i < programs.n && !o.build.dry_run; i++)
		if (!run_program(&r, &programs.v[i], e))
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
