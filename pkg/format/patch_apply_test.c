/* Applying: cases by hand, then random edits against diff, patch and git where they are installed. */
#include "format/patch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cbuild/test.h"

#define NAMES "--- a/x\n+++ b/x\n"

/* Parses and applies all entries, one to what the other left. */
static bool apply(struct arena *a, struct str patch, struct str before, struct str *after,
		  long *moved, struct err *e)
{
	struct patch p;

	*after = before;
	*moved = 0;
	if (!patch_parse(a, "fix.patch", patch, 1, &p, e))
		return false;
	for (size_t i = 0; i < p.files.n; i++)
		if (!patch_apply(a, &p, &p.files.v[i], *after, after, moved, e))
			return false;
	return true;
}

static const struct {
	const char *patch, *before, *after;
	long moved;
} good[] = {
    {NAMES "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", "a\nb\nc\n", "a\nB\nc\n", 0},
    {NAMES "@@ -1 +1 @@\n-a\n+b\n", "a\n", "b\n", 0},
    /* Moved: forward, back. */
    {NAMES "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", "1\n2\na\nb\nc\n", "1\n2\na\nB\nc\n", 2},
    {NAMES "@@ -9,3 +9,3 @@\n a\n-b\n+B\n c\n", "1\na\nb\nc\n", "1\na\nB\nc\n", -7},
    {NAMES "@@ -3 +3 @@\n-a\n+b\n", "a\na\na\na\na\n", "a\na\nb\na\na\n", 0},
    /* The hunk before moves the guess, and bounds it. */
    {NAMES "@@ -1 +1 @@\n-x\n+y\n@@ -3 +3 @@\n-a\n+b\n", "1\n2\nx\na\na\na\n", "1\n2\ny\na\nb\na\n",
     2},
    {NAMES "@@ -2 +2 @@\n-a\n+b\n@@ -3 +3 @@\n-c\n+d\n", "a\n2\n3\nc\n", "b\n2\n3\nd\n", -1},
    /* No old lines, no new lines. */
    {NAMES "@@ -2,0 +3 @@\n+n\n", "1\n2\n3\n", "1\n2\nn\n3\n", 0},
    {NAMES "@@ -0,0 +1 @@\n+n\n", "1\n", "n\n1\n", 0},
    {NAMES "@@ -0,0 +1 @@\n+n\n", "", "n\n", 0},
    {NAMES "@@ -3,0 +4 @@\n+n\n", "1\n2\n3\n", "1\n2\n3\nn\n", 0},
    {NAMES "@@ -2 +1,0 @@\n-2\n", "1\n2\n3\n", "1\n3\n", 0},
    {NAMES "@@ -1,2 +0,0 @@\n-1\n-2\n", "1\n2\n", "", 0},
    /* At the beginning, at the end. */
    {NAMES "@@ -1,2 +1,3 @@\n+n\n 1\n 2\n", "1\n2\n1\n2\n", "n\n1\n2\n1\n2\n", 0},
    {NAMES "@@ -2,2 +2,3 @@\n 1\n 2\n+n\n", "1\n2\n1\n2\n", "1\n2\n1\n2\nn\n", 1},
    {NAMES "@@ -1,4 +1,4 @@\n 1\n 2\n-3\n+n\n 4\n", "1\n2\n3\n4\n5\n", "1\n2\nn\n4\n5\n", 0},
    {NAMES "@@ -1,4 +1,4 @@\n 1\n-2\n+n\n 3\n 4\n", "1\n2\n3\n4\n5\n", "1\nn\n3\n4\n5\n", 0},
    {NAMES "@@ -5,2 +5,3 @@\n+n\n 1\n 2\n", "0\n1\n2\n", "0\nn\n1\n2\n", -3},
    /* Newlines at the end. */
    {NAMES "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n", "a", "a\n", 0},
    {NAMES "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n", "a\n", "a", 0},
    {NAMES "@@ -1,2 +1,2 @@\n-a\n+b\n c\n\\ No newline at end of file\n", "a\nc", "b\nc", 0},
    {NAMES "@@ -2,2 +2,2 @@\n-a\n+b\n c\n\\ No newline at end of file\n", "a\nc\na\nc",
     "a\nc\nb\nc", 1},
    {NAMES
     "@@ -2 +2,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n\\ No newline at end of file\n",
     "1\na", "1\na\nb", 0},
    {NAMES "@@ -1,0 +2 @@\n+b\n\\ No newline at end of file\n", "a\n", "a\nb", 0},
    /* Bytes are content. */
    {NAMES "@@ -1,2 +1,2 @@\n a\r\n-b\r\n+c\r\n", "a\r\nb\r\n", "a\r\nc\r\n", 0},
    {"--- a/x\r\n+++ b/x\r\n@@ -1,2 +1,2 @@\r\n a\r\n-b\r\n+c\r\n", "a\r\nb\r\n", "a\r\nc\r\n", 0},
    {NAMES "@@ -1,3 +1,3 @@\n\n-a\n+b\n\n", "\na\n\n", "\nb\n\n", 0},
    /* Created, deleted, renamed, twice. */
    {"--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n+a\n+b\n", "not looked at", "a\nb\n", 0},
    {"diff --git a/x b/x\nnew file mode 100644\n", "not looked at", "", 0},
    {"--- a/x\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n", "a\nb\n", "", 0},
    {"diff --git a/x b/x\ndeleted file mode 100644\n", "", "", 0},
    {"diff --git a/x b/y\nrename from x\nrename to y\n", "a", "a", 0},
    {"diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", "a", "a", 0},
    {"diff --git a/x b/y\nrename from x\nrename to y\n--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n"
     "--- a/y\n+++ b/y\n@@ -1 +1 @@\n-b\n+c\n",
     "a\n", "c\n", 0},
};

void TestPatchApply(struct test *t)
{
	struct arena a = {0};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct err e = {0};
		struct str after;
		long moved;
		bool ok =
		    apply(&a, str_of(good[i].patch), str_of(good[i].before), &after, &moved, &e);

		T_CHECK(t, ok && str_eqc(after, good[i].after) && moved == good[i].moved,
			"file:\n%s\npatch:\n%s\ngot (%ld): %s%.*s\nwant (%ld):\n%s", good[i].before,
			good[i].patch, moved, e.msg, STR_ARG(after), good[i].moved, good[i].after);
	}
	arena_fini(&a);
}

static const struct {
	const char *patch, *before;
	int line;
	const char *msg, *fix; /* parts */
} bad[] = {
    /* In more than one place, and not where it says. */
    {NAMES "@@ -3 +3 @@\n-a\n+b\n", "a\n2\n3\na\n5\n", 3,
     "hunk 1 is for line 3 of x, but fits at 1 and at 4", "with more context"},
    {NAMES "@@ -3 +3 @@\n-a\n+b\n", "1\na\n3\na\n5\n", 3, "fits at 2 and at 4", "more context"},
    {NAMES "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", "a\nb\nC\n", 3,
     "hunk 1 does not match x: line 3 is \"C\", not \"c\"", "anew"},
    {NAMES "@@ -1 +1 @@\n-a\n+b\n@@ -3,2 +3,2 @@\n-c\n+C\n d\n", "0\na\n2\nc\nD\n", 6,
     "hunk 2 does not match x: line 5 is \"D\", not \"d\"", "anew"},
    {NAMES "@@ -2,3 +2,3 @@\n a\n-b\n+B\n c\n", "1\na\nb\n", 3,
     "it has no line 4, which should be \"c\"", "anew"},
    {NAMES "@@ -9 +9 @@\n-a\n+b\n", "1\n", 3, "it has no line 9, which should be \"a\"", "anew"},
    {NAMES "@@ -1 +1 @@\n-a\n+b\n", "", 3, "it has no line 1", "anew"},
    {NAMES "@@ -1 +1 @@\n-a\033[2J\n+b\n", "x\n", 3, "\"a\\u001b[2J\"", "anew"},
    /* Already applied. */
    {NAMES "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", "a\nB\nc\n", 3, "line 2 is \"B\", not \"b\"",
     "already applied?"},
    {NAMES "@@ -1 +1,2 @@\n+n\n a\n", "n\na\n", 3, "line 1 is \"n\", not \"a\"",
     "already applied?"},
    {NAMES "@@ -1,4 +1,4 @@\n a\n-b\n+B\n c\n d\n", "0\na\nB\nc\n", 3, "line 1 is \"0\"", "anew"},
    /* Ends of lines. */
    {NAMES "@@ -1,2 +1,2 @@\n a\n-b\n+c\n", "a\r\nb\r\n", 3, "\"a\", ends in CRLF, not in LF",
     "anew"},
    {NAMES "@@ -1 +1 @@\n-a\n+b\n", "a", 3, "ends in no newline, not in LF", "anew"},
    {NAMES "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n", "a\n", 3,
     "ends in LF, not in no newline", "anew"},
    {NAMES "@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n", "a\nb\n", 3, "must be at its end",
     "anew"},
    {NAMES "@@ -1,0 +2 @@\n+b\n", "a", 3, "which has no newline", "replace that line"},
    {NAMES "@@ -1,0 +2 @@\n+b\n\\ No newline at end of file\n", "a\nc\n", 3,
     "belongs behind line 1", "context"},
    /* Places. */
    {NAMES "@@ -1 +1,2 @@\n+n\n 1\n", "0\n1\n", 3, "line 1 is \"0\"", "anew"},
    {NAMES "@@ -1 +1,2 @@\n 1\n+n\n", "1\n2\n", 3, "line 1, but must be at its end", "anew"},
    {NAMES "@@ -1,4 +1,4 @@\n 1\n 2\n-3\n+n\n 4\n", "0\n1\n2\n3\n4\n5\n", 3, "line 1 is \"0\"",
     "anew"},
    {NAMES "@@ -1,4 +1,4 @@\n 1\n-2\n+n\n 3\n 4\n", "0\n1\n2\n3\n4\n", 3, "line 1 is \"0\"",
     "anew"},
    {NAMES "@@ -2 +2 @@\n-a\n+b\n@@ -3,1 +3 @@\n-c\n+d\n", "c\na\n", 6, "no line 3", "anew"},
    {NAMES "@@ -9,0 +10 @@\n+n\n", "1\n", 3, "behind line 9 of x, which has 1 lines", "context"},
    {NAMES "@@ -1,2 +1,2 @@\n-a\n+b\n b\n@@ -3,2 +3,2 @@\n b\n-c\n+d\n", "a\nb\nc\n", 7, "hunk 2",
     "anew"},
    /* More than the patch knows. */
    {"--- a/x\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n", "a\nb\nc\n", 1,
     "deleted, but has 2 bytes", "anew"},
    {"diff --git a/x b/x\ndeleted file mode 100644\n", "a", 1, "deleted, but has 1 bytes", "anew"},
};

void TestPatchNoMatch(struct test *t)
{
	struct arena a = {0};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = {0};
		struct str after;
		long moved;
		bool ok =
		    apply(&a, str_of(bad[i].patch), str_of(bad[i].before), &after, &moved, &e);

		T_CHECK(t,
			!ok && e.line == bad[i].line && e.code == ERR_INPUT &&
			    strcmp(e.place, "fix.patch") == 0 && strstr(e.msg, bad[i].msg) &&
			    strstr(e.fix, bad[i].fix),
			"file:\n%s\npatch:\n%s\ngot line %d: %s\n  fix: %s\nwant line %d: %s, %s",
			bad[i].before, bad[i].patch, e.line, ok ? "applied" : e.msg, e.fix,
			bad[i].line, bad[i].msg, bad[i].fix);
	}
	arena_fini(&a);
}

/* The size is looked at before any byte. */
void TestPatchLargeFile(struct test *t)
{
	struct arena a = {0};
	struct str after, file = {"", PATCH_MAX_FILE_BYTES + (size_t)1};
	struct err e = {0};
	long moved;

	T_OK(t, !apply(&a, STR(NAMES "@@ -1 +1 @@\n-a\n+b\n"), file, &after, &moved, &e));
	T_CHECK(t, strstr(e.msg, "x is larger than 64 MiB") && e.fix[0], "%s", e.msg);
	arena_fini(&a);
}

/* A file of equal lines, and a hunk that matches at each of them but for its last line: refused in good time. */
void TestPatchHostileSearch(struct test *t)
{
	enum { LINES = 500000, HUNK = 100000 };
	struct arena a = {0};
	struct buf file = {0}, patch = {0};
	struct err e = {0};
	struct str after;
	long moved;

	for (int i = 0; i < LINES; i++)
		buf_addc(&file, "x\n");
	buf_printf(&patch, NAMES "@@ -%d,%d +1,%d @@\n", LINES / 2, HUNK + 1, HUNK);
	for (int i = 0; i < HUNK; i++)
		buf_addc(&patch, " x\n");
	buf_addc(&patch, "-y\n");
	T_OK(t, !apply(&a, buf_str(&patch), buf_str(&file), &after, &moved, &e));
	T_CHECK(t,
		strstr(e.msg, "must be at its end") ||
		    strstr(e.msg, "line 350000 is \"x\", not \"y\""),
		"%s", e.msg);
	patch.n = 0;
	buf_printf(&patch, NAMES "@@ -%d,%d +1,%d @@\n", LINES / 2, 2 * HUNK + 1, 2 * HUNK);
	for (int i = 0; i < 2 * HUNK + 1; i++)
		buf_addc(&patch, i == HUNK ? "-y\n" : " x\n");
	T_OK(t, !apply(&a, buf_str(&patch), buf_str(&file), &after, &moved, &e));
	T_CHECK(t, strstr(e.msg, "takes too long"), "%s", e.msg);
	buf_fini(&file);
	buf_fini(&patch);
	arena_fini(&a);
}

/* --- against other tools ----------------------------------------------------------------------- */

static uint32_t seed = 1;

static unsigned below(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* A few different lines only, so that hunks match at several places. */
static void add_line(struct buf *b, unsigned kinds)
{
	buf_printf(b, "%u%s\n", below(kinds), below(16) ? "" : "\r");
}

static void random_file(struct buf *b, unsigned kinds)
{
	buf_clear(b);
	for (unsigned i = below(40); i > 0; i--)
		add_line(b, kinds);
	if (b->n && !below(4))
		b->n--;
}

/* in with some lines left out, added or changed, once in about rare lines. */
static void random_edit(struct str in, unsigned kinds, unsigned rare, struct buf *out)
{
	struct str line;

	buf_clear(out);
	while (str_line(&in, &line)) {
		unsigned what = below(rare);

		if (what == 0)
			add_line(out, kinds);
		if (what <= 1)
			add_line(out, kinds);
		if (what <= 2)
			continue;
		buf_adds(out, line);
		if (in.p || below(8) == 0)
			buf_addc(out, "\n");
	}
	if (out->n && !below(16))
		out->n--;
}

static void save(struct test *t, const char *path, struct str text)
{
	FILE *f = fopen(path, "w");

	T_MUST(t, f);
	T_MUST(t, fwrite(text.p ? text.p : "", 1, text.n, f) == text.n);
	T_MUST(t, fclose(f) == 0);
}

static struct str load(struct arena *a, const char *path)
{
	FILE *f = fopen(path, "r");
	struct buf b = {0};
	struct str text;
	int c;

	while (f && (c = getc(f)) != EOF)
		buf_add_byte(&b, (char)c);
	if (f)
		(void)fclose(f);
	text = str_dup(a, buf_str(&b));
	buf_fini(&b);
	return text;
}

/* Runs a program in folder dir, its output into file out there; the exit status, 127 when it is not there. */
static int run(const char *dir, const char *out, const char *const *argv)
{
	union {
		const char *const *in;
		char *const *out;
	} v = {argv};
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int fd = chdir(dir) == 0 ? open(out, O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;

		if (fd >= 0 && dup2(fd, 1) == 1 && dup2(fd, 2) == 2)
			execvp(argv[0], v.out);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* A folder with the files a and b, and the names of files in it. */
struct room {
	const char *dir, *a, *b, *x, *patch;
};

static struct room make_room(struct test *t, struct arena *a)
{
	const char *dir = test_tmpdir(t);

	return (struct room){dir, str_fmt(a, "%s/a", dir).p, str_fmt(a, "%s/b", dir).p,
			     str_fmt(a, "%s/x", dir).p, str_fmt(a, "%s/patch", dir).p};
}

/* What diff says of the two, with a number of context lines; skips the test when there is no diff. */
static struct str diff(struct test *t, struct arena *a, const struct room *r, unsigned context,
		       struct str before, struct str after)
{
	const char *const argv[] = {"diff",    "-a",  "-U",	 str_fmt(a, "%u", context).p,
				    "--label", "a/x", "--label", "b/x",
				    "a",       "b",   NULL};
	int status;

	save(t, r->a, before);
	save(t, r->b, after);
	status = run(r->dir, "patch", argv);
	if (status == 127)
		test_skip(t, "no diff");
	T_MUST(t, status == 0 || status == 1);
	return load(a, r->patch);
}

/* Random files, edited at random: the diff of the two makes one from the other. */
void TestPatchDiff(struct test *t)
{
	struct buf before = {0}, after = {0};
	size_t applied = 0;

	for (unsigned i = 0; i < 300; i++) {
		struct arena a = {0};
		struct room r = make_room(t, &a);
		struct err e = {0};
		struct str patch, got;
		long moved;

		seed = i;
		random_file(&before, i % 2 ? 8 : 1000);
		random_edit(buf_str(&before), 8, 3 + below(20), &after);
		patch = diff(t, &a, &r, i % 4, buf_str(&before), buf_str(&after));
		if (patch.n) {
			bool ok = apply(&a, patch, buf_str(&before), &got, &moved, &e);

			T_CHECK(t, ok && moved == 0 && str_eq(got, buf_str(&after)),
				"seed %u: %s\nfile:\n%s\npatch:\n%s\ngot:\n%.*s", i, e.msg,
				before.p, patch.p, STR_ARG(got));
			applied++;
		}
		arena_fini(&a);
	}
	test_log(t, "%zu patches", applied);
	T_OK(t, applied > 200);
	buf_fini(&before);
	buf_fini(&after);
}

/* What patch makes of the file, with an option -FNUMBER; false when it refuses. */
static bool patch_says(struct test *t, struct arena *a, const struct room *r, const char *fuzz,
		       struct str file, struct str *out)
{
	const char *const argv[] = {"patch",	"-p1", fuzz,	  "-s", "-f",	 "-N", "--posix",
				    "--binary", "-r",  "rejects", "-i", "patch", NULL};
	int status;

	save(t, r->x, file);
	status = run(r->dir, "log", argv);
	if (status == 127)
		test_skip(t, "no patch");
	*out = load(a, r->x);
	return status == 0;
}

enum verdict { BOTH, NEITHER, STRICTER, VERDICTS };

/*
 * Applies a patch for one file to another that was edited on its own, and has patch(1) do so. What is accepted must
 * give the same as patch's -F0; or as its -F3, when -F0 refuses hunks in place for their little context. patch also
 * takes what is refused here: hunks that share lines of context, new lines behind the end, and a new side
 * without a newline in the middle of a file.
 */
static enum verdict compare(struct test *t, struct str patch, const struct room *r, struct str file)
{
	struct arena a = {0};
	struct err e = {0};
	struct str got, theirs;
	long moved;
	bool ok = apply(&a, patch, file, &got, &moved, &e);
	bool ok_there = patch_says(t, &a, r, "-F0", file, &theirs);

	if (ok && !ok_there)
		ok_there = patch_says(t, &a, r, "-F3", file, &theirs);
	T_CHECK(t, !ok || (ok_there && str_eq(got, theirs)),
		"patch says %d\nfile:\n%.*s\npatch:\n%s\ngot:\n%.*s\ntheirs:\n%.*s", ok_there,
		STR_ARG(file), patch.p, STR_ARG(got), STR_ARG(theirs));
	arena_fini(&a);
	return ok ? BOTH : ok_there ? STRICTER : NEITHER;
}

void TestPatchAgainstPatch(struct test *t)
{
	struct buf before = {0}, after = {0}, other = {0};
	size_t count[VERDICTS] = {0};

	for (unsigned i = 0; i < 300; i++) {
		struct arena a = {0};
		struct room r = make_room(t, &a);
		struct str patch;

		seed = i + 100000;
		random_file(&before, i % 3 ? 200 : 6);
		random_edit(buf_str(&before), 8, 12, &after);
		random_edit(buf_str(&before), 8, 25, &other);
		patch = diff(t, &a, &r, i % 4, buf_str(&before), buf_str(&after));
		if (patch.n)
			count[compare(t, patch, &r, buf_str(&other))]++;
		arena_fini(&a);
	}
	test_log(t, "%zu applied, %zu refused by both, %zu by us only", count[BOTH], count[NEITHER],
		 count[STRICTER]);
	T_OK(t, count[BOTH] > 50 && count[NEITHER] > 50 && count[STRICTER] <= count[BOTH] / 8);
	buf_fini(&before);
	buf_fini(&after);
	buf_fini(&other);
}
