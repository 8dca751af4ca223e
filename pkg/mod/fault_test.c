/*
 * Runs killed at every write point, at odd moments and by a full disk: the next run works and gives
 * the same sums. Everything happens in child processes, for a process reads CBUILD_FAULT once.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/path.h"
#include "cbuild/test.h"
#include "mod/mod_impl.h"

#include <git2.h>

enum { EXIT_BAD = 3, EXIT_NO_SPACE = 4 };

static const char manifest_text[] = "module: example.com/main\nrequire: {example.com/z: v1.0.0}\n";

static struct str in_root(struct arena *a, const char *root, const char *name)
{
	return path_join(a, str_of(root), str_of(name));
}

static bool put(struct arena *a, const char *root, const char *name, struct str text, struct err *e)
{
	struct str path = in_root(a, root, name);

	return folder_make_for(path.p, e) && file_write_fast(path.p, text, 0644, e);
}

static bool commit_tree(git_repository *repo, git_index *index)
{
	git_oid id;
	git_tree *tree = NULL;
	git_object *commit = NULL;
	git_signature *who = NULL;
	bool ok = git_index_write_tree_to(&id, index, repo) == 0 &&
		  git_tree_lookup(&tree, repo, &id) == 0 &&
		  git_signature_new(&who, "t", "t@example.com", 1700000000, 0) == 0 &&
		  git_commit_create(&id, repo, NULL, who, who, NULL, "m", tree, 0, NULL) == 0 &&
		  git_object_lookup(&commit, repo, &id, GIT_OBJECT_COMMIT) == 0 &&
		  git_tag_create_lightweight(&id, repo, "v1.0.0", commit, 1) == 0;

	git_object_free(commit);
	git_signature_free(who);
	git_tree_free(tree);
	return ok;
}

static bool make_repository(const char *path)
{
	static const char *const names[] = {"a.c", "d/b.c", "d/e/c.c"};
	git_repository *repo = NULL;
	git_index *index = NULL;
	bool ok = git_repository_init(&repo, path, 1) == 0 && git_index_new(&index) == 0;
	struct {
		const char *name, *text;
	} manifest = {"cbuild.yaml", "module: example.com/z\n"};

	for (size_t i = 0; ok && i <= sizeof names / sizeof names[0]; i++) {
		git_index_entry ent = {.mode = GIT_FILEMODE_BLOB,
				       .path = i ? names[i - 1] : manifest.name};
		const char *text = i ? names[i - 1] : manifest.text;

		ok = git_blob_create_from_buffer(&ent.id, repo, text, strlen(text)) == 0 &&
		     git_index_add(index, &ent) == 0;
	}
	ok = ok && commit_tree(repo, index);
	git_index_free(index);
	git_repository_free(repo);
	return ok;
}

static int set_up(const char *root)
{
	struct arena a = {0};
	struct err e;
	bool ok =
	    put(&a, root, "gitconfig",
		str_fmt(&a, "[url \"file://%s/git/\"]\n\tinsteadOf = https://example.com/\n", root),
		&e) &&
	    put(&a, root, "proj/cbuild.yaml", str_of(manifest_text), &e) &&
	    folder_make(in_root(&a, root, "git").p, &e);

	git_libgit2_init();
	ok = ok && make_repository(in_root(&a, root, "git/z").p);
	arena_fini(&a);
	return ok ? 0 : EXIT_BAD;
}

static int load_once(const char *root)
{
	struct arena a = {0};
	struct mod_opts o = {.cache_dir = in_root(&a, root, "cache"),
			     .project_dir = in_root(&a, root, "proj"),
			     .update = true};
	struct manifest m;
	struct build_list list = {0};
	struct err e;
	bool ok = manifest_parse(&a, STR("cbuild.yaml"), str_of(manifest_text), &m, &e) &&
		  mod_load(&a, &m, &o, &list, &e) && mod_verify(&a, &m, &o, &e);

	if (!ok)
		printf("load: %s\n%s\n%s\n", e.msg, e.chain, e.fix);
	fflush(stdout);
	arena_fini(&a);
	if (!ok && e.code == ERR_IO && strstr(e.fix, "free space"))
		return EXIT_NO_SPACE;
	return ok ? 0 : EXIT_BAD;
}

static int get_base(const char *root)
{
	struct arena a = {0};
	struct mod_opts o = {.cache_dir = in_root(&a, root, "cache"),
			     .project_dir = in_root(&a, root, "proj")};
	struct err e;
	bool ok = mod_get(&a, &(struct get_request){STR("example.com/z"), STR("v1")}, 1,
			  &(struct get_opts){0}, &o, &e);

	arena_fini(&a);
	return ok ? 0 : EXIT_BAD;
}

static int start_anew(const char *root)
{
	struct arena a = {0};
	struct err e;
	bool ok = put(&a, root, "proj/cbuild.yaml", STR("module: example.com/main\n"), &e) &&
		  file_remove(in_root(&a, root, "proj/cbuild.sum").p, &e);

	arena_fini(&a);
	return ok ? 0 : EXIT_BAD;
}

/* After a get that failed: both files are as start_anew made them. */
static int check_untouched(const char *root)
{
	struct arena a = {0};
	struct err e;
	struct str text;
	bool ok = file_read(&a, in_root(&a, root, "proj/cbuild.yaml").p, 0, &text, &e) &&
		  str_eqc(text, "module: example.com/main\n") &&
		  file_kind(in_root(&a, root, "proj/cbuild.sum").p) == FILE_ABSENT;

	arena_fini(&a);
	return ok ? 0 : EXIT_BAD;
}

static int forget(const char *root)
{
	struct arena a = {0};
	struct err e;
	bool ok = folder_remove(in_root(&a, root, "cache").p, &e) &&
		  file_remove(in_root(&a, root, "proj/cbuild.sum").p, &e);

	arena_fini(&a);
	return ok ? 0 : EXIT_BAD;
}

/* Is cbuild.sum whole, and the module's folder the only thing in its parent? */
static int check_state(const char *root)
{
	static const char want[] =
	    "example.com/z v1.0.0 h1:My7rcGKJzglM/pBz2fcWxDTD09UjIQqX0zw7w+dmlmU=\n";
	struct arena a = {0};
	struct err e;
	struct str text;
	struct folder_entry *list;
	size_t n;
	bool ok = file_read(&a, in_root(&a, root, "proj/cbuild.sum").p, 0, &text, &e) &&
		  folder_list(&a, in_root(&a, root, "cache/mod/example.com").p, &list, &n, &e);

	if (ok && !str_eqc(text, want)) {
		printf("got  %.*swant %s", STR_ARG(text), want);
		ok = false;
	}
	ok = ok && n == 1 && str_eqc(list[0].name, "z@v1.0.0");
	fflush(stdout);
	arena_fini(&a);
	return ok ? 0 : EXIT_BAD;
}

static pid_t start(int (*fn)(const char *root), const char *root, const char *fault)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("HOME", root, 1);
	if (fault)
		setenv("CBUILD_FAULT", fault, 1);
	else
		unsetenv("CBUILD_FAULT");
	if (fn != set_up) {
		char config[600];

		snprintf(config, sizeof config, "%s/gitconfig", root);
		setenv("GIT_CONFIG_GLOBAL", config, 1);
	}
	_exit(fn(root));
}

/* Exit code, or minus the signal. */
static int finish(pid_t pid)
{
	int status = 0;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int run(int (*fn)(const char *root), const char *root, const char *fault)
{
	return finish(start(fn, root, fault));
}

static const char *prepare(struct test *t)
{
	static char root[500];

	snprintf(root, sizeof root, "%s", test_tmpdir(t));
	T_MUST(t, run(set_up, root, NULL) == 0);
	return root;
}

static void expect_recovery(struct test *t, const char *root, const char *after)
{
	int got = run(load_once, root, NULL);

	T_CHECK(t, got == 0, "after %s the next run exits with %d", after, got);
	got = run(check_state, root, NULL);
	T_CHECK(t, got == 0, "after %s the state is wrong", after);
	T_MUST(t, run(forget, root, NULL) == 0);
}

/* Each point of an operation in turn, until a run passes fewer of them; returns how many there
 * were. */
static int each_point(struct test *t, const char *root, const char *op, const char *what,
		      int expected)
{
	enum { POINTS_MAX = 500 };

	for (int n = 1; n < POINTS_MAX; n++) {
		char fault[64];
		int got;

		snprintf(fault, sizeof fault, "%s:%d:%s", op, n, what);
		got = run(load_once, root, fault);
		if (got == 0) {
			T_MUST(t, run(forget, root, NULL) == 0);
			return n - 1;
		}
		T_CHECK(t, got == expected, "%s: got %d, want %d", fault, got, expected);
		expect_recovery(t, root, fault);
	}
	return POINTS_MAX;
}

void TestModKilledAtEachPoint(struct test *t)
{
	static const char *const ops[] = {"open", "write", "rename", "mkdir", "fsync", "unlink"};
	const char *root = prepare(t);

	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
		int points = each_point(t, root, ops[i], "kill", -SIGKILL);

		T_CHECK(t, points > 0 || strcmp(ops[i], "unlink") == 0, "no point for %s", ops[i]);
	}
}

void TestModFullDisk(struct test *t)
{
	const char *root = prepare(t);

	T_OK(t, run(load_once, root, "write:3:ENOSPC") == EXIT_NO_SPACE);
	expect_recovery(t, root, "ENOSPC at the third write");
	T_OK(t, run(load_once, root, "mkdir:9:EACCES") == EXIT_BAD);
	expect_recovery(t, root, "EACCES at the ninth mkdir");
}

/* Inside libgit2 too, which has no fault points. */
void TestModKilledAtOddMoments(struct test *t)
{
	const char *root = prepare(t);

	for (long ms = 0; ms < 24; ms++) {
		struct timespec ts = {.tv_nsec = ms * 700000L};
		char after[32];
		pid_t pid = start(load_once, root, NULL);

		snprintf(after, sizeof after, "%ld us", ms * 700);
		nanosleep(&ts, NULL);
		kill(pid, SIGKILL);
		(void)finish(pid);
		expect_recovery(t, root, after);
	}
}

/* Many processes with one empty cache: all of them succeed. */
void TestModTogether(struct test *t)
{
	enum { PROCESSES = 8 };
	const char *root = prepare(t);
	pid_t pids[PROCESSES];

	for (int i = 0; i < PROCESSES; i++)
		pids[i] = start(load_once, root, NULL);
	for (int i = 0; i < PROCESSES; i++)
		T_EQ_INT(t, finish(pids[i]), 0);
	T_EQ_INT(t, run(check_state, root, NULL), 0);
}

/* cbuild.yaml and cbuild.sum change together, whichever write of a get fails. */
void TestModGetBothFilesOrNeither(struct test *t)
{
	enum { POINTS_MAX = 200 };
	static const char *const ops[] = {"write", "rename", "fsync", "open"};
	const char *root = prepare(t);

	T_MUST(t, run(start_anew, root, NULL) == 0 && run(get_base, root, NULL) == 0);
	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
		int n, got;

		for (n = 1; n < POINTS_MAX; n++) {
			char fault[64];

			snprintf(fault, sizeof fault, "%s:%d:ENOSPC", ops[i], n);
			T_MUST(t, run(start_anew, root, NULL) == 0);
			got = run(get_base, root, fault);
			if (got == 0)
				break;
			T_CHECK(t, run(check_untouched, root, NULL) == 0, "%s: exit %d", fault,
				got);
		}
		T_CHECK(t, n > 1, "no point for %s", ops[i]);
	}
}
