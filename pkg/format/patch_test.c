/* Parsing: what entries are read as, and what is refused at which line. */
#include "format/patch.h"

#include <string.h>

#include "cbuild/test.h"

#define HUNK "@@ -1 +1 @@\n-a\n+b\n"

/* "KIND FROM>TO[ create?][ +x|-x] LINE:-START,LINES+START,LINES/LEADING,TRAILING" of each entry, a line each. */
static const char *show(struct arena *a, const struct patch *p)
{
	static const char *const kinds[] = {"change", "create", "delete", "rename", "copy"};
	struct buf b = {0};
	const char *text;

	for (size_t i = 0; i < p->files.n; i++) {
		const struct patch_file *f = &p->files.v[i];

		buf_printf(&b, "%s%s %.*s>%.*s%s%s", i ? "\n" : "", kinds[f->kind],
			   STR_ARG(f->from), STR_ARG(f->to), f->may_create ? " create?" : "",
			   !f->mode_set ? ""
			   : f->exec	? " +x"
					: " -x");
		for (size_t k = 0; k < f->hunks.n; k++) {
			const struct patch_hunk *h = &f->hunks.v[k];

			buf_printf(&b, " %d:-%zu,%zu+%zu,%zu/%zu,%zu%s", h->line, h->old_start,
				   h->old_lines, h->new_start, h->new_lines, h->leading,
				   h->trailing, h->new_cut ? "!" : "");
		}
	}
	text = str_c(a, buf_str(&b));
	buf_fini(&b);
	return text;
}

static const struct {
	const char *text, *want;
} good[] = {
    {"--- a/x\n+++ b/x\n" HUNK, "change x>x 3:-1,1+1,1/0,0"},
    {"--- a/d/x.c\t2024-01-01 00:00:00.000000000 +0000\n"
     "+++ b/d/x.c\t2024-01-02 00:00:00.000000000 +0000\n"
     "@@ -3,4 +3,5 @@ int main(void)\n 1\n 2\n+new\n 3\n 4\n",
     "change d/x.c>d/x.c 3:-3,4+3,5/2,2"},
    /* Prose: DEP-3, quilt, Subversion, mail. */
    {"Description: make it build\n With a longer text\n - and a list\n + of things\n---\n"
     "This patch header follows DEP-3\n"
     "Index: x/a.c\n===================\n--- x.orig/a.c\n+++ x/a.c\n" HUNK
     "\nIndex: x/b.c\n===================\n--- x.orig/b.c\n+++ x/b.c\n" HUNK,
     "change a.c>a.c 11:-1,1+1,1/0,0\nchange b.c>b.c 19:-1,1+1,1/0,0"},
    {"From 123 Mon Sep 17 00:00:00 2001\nSubject: [PATCH] x\n---\n a/x | 2 +-\n\n"
     "diff --git a/x b/x\nindex 7898192..6178079 100644\n--- a/x\n+++ b/x\n" HUNK
     " \n-- \n2.39.0\n\n",
     "change x>x 10:-1,1+1,1/0,0"},
    {"diff -ru a/x b/x\n--- a/x\t2024\n+++ b/x\t2024\n" HUNK "Only in b: y\ndiff -ru a/z b/z\n"
     "--- a/z\n+++ b/z\n" HUNK,
     "change x>x 4:-1,1+1,1/0,0\nchange z>z 11:-1,1+1,1/0,0"},
    {"--- a/x\t(revision 1)\n+++ b/x\t(working copy)\n" HUNK "\nProperty changes on: x\n____\n"
     "Added: svn:executable\n## -0,0 +1 ##\n+*\n\\ No newline at end of property\n",
     "change x>x 3:-1,1+1,1/0,0"},
    /* One entry right behind the other, and several hunks. */
    {"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n@@ -9,0 +10,2 @@\n+c\n+d\n@@ -10,2 +12,0 @@\n-e\n-f\n"
     "--- a/y\n+++ b/y\n" HUNK,
     "change x>x 3:-1,1+1,1/0,0 6:-9,0+10,2/0,0 9:-10,2+12,0/0,0\nchange y>y 14:-1,1+1,1/0,0"},
    /* Names: backups, blanks, quotes, times behind blanks. */
    {"--- a/x.c.orig\n+++ a/x.c\n" HUNK, "change x.c>x.c 3:-1,1+1,1/0,0"},
    {"--- a/x.c\n+++ a/x.c~\n" HUNK, "change x.c>x.c 3:-1,1+1,1/0,0"},
    {"--- a/x y\t2024\n+++ b/x y\t2024\n" HUNK, "change x y>x y 3:-1,1+1,1/0,0"},
    {"--- a/x.c   Mon Jan  1 10:00:00 2001\n+++ b/x.c   Tue Jan  2 10:00:00 2001\n" HUNK,
     "change x.c>x.c 3:-1,1+1,1/0,0"},
    {"diff --git a/x y b/x y\n--- a/x y\n+++ b/x y\n" HUNK, "change x y>x y 4:-1,1+1,1/0,0"},
    {"--- \"a/\\303\\244 \\\"b\"\t2024\n+++ \"b/\\303\\244 \\\"b\"\n" HUNK,
     "change \303\244 \"b>\303\244 \"b 3:-1,1+1,1/0,0"},
    {"diff --git \"a/\\303\\244 b\" \"b/\\303\\244 b\"\nold mode 100644\nnew mode 100755\n",
     "change \303\244 b>\303\244 b +x"},
    /* Created and deleted. */
    {"--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n+a\n+b\n", "create >x 3:-0,0+1,2/0,0"},
    {"--- /dev/null\t1970-01-01\n+++ b/x\t2024\n@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n",
     "create >x 3:-0,0+1,1/0,0!"},
    {"--- a/x\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n", "delete x> 3:-1,2+0,0/0,0"},
    {"--- a/x\t1970-01-01 00:00:00.000000000 +0000\n+++ b/x\t2024\n@@ -0,0 +1 @@\n+a\n",
     "create >x 3:-0,0+1,1/0,0"},
    {"--- a/x\t1970-01-01 01:00:00.000000000 +0100\n+++ b/x\t2024\n@@ -0,0 +1 @@\n+a\n",
     "create >x 3:-0,0+1,1/0,0"},
    {"--- a/x\t1969-12-31 19:30:00 -04:30\n+++ b/x\t2024\n@@ -0,0 +1 @@\n+a\n",
     "create >x 3:-0,0+1,1/0,0"},
    {"--- a/x\t2024\n+++ b/x\t1970-01-01 00:00:00.000000000 +0000\n@@ -1 +0,0 @@\n-a\n",
     "delete x> 3:-1,1+0,0/0,0"},
    /* Not the epoch, or not empty: changes. */
    {"--- a/x\t1970-01-01 00:00:01.000000000 +0000\n+++ b/x\t2024\n@@ -0,0 +1 @@\n+a\n",
     "change x>x create? 3:-0,0+1,1/0,0"},
    {"--- a/x\t1970-01-01 00:00:00.000000001 +0000\n+++ b/x\t2024\n@@ -0,0 +1 @@\n+a\n",
     "change x>x create? 3:-0,0+1,1/0,0"},
    {"--- a/x\t1970-01-01 00:00:00.000000000 +0000\n"
     "+++ b/x\t1970-01-01 00:00:00.000000000 +0000\n" HUNK,
     "change x>x 3:-1,1+1,1/0,0"},
    {"--- a/x\n+++ b/x\n@@ -1,2 +0,0 @@\n-a\n-b\n", "change x>x 3:-1,2+0,0/0,0"},
    {"--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+a\n@@ -3 +4 @@\n-b\n+c\n",
     "change x>x 3:-0,0+1,1/0,0 5:-3,1+4,1/0,0"},
    /* git's lines. */
    {"diff --git a/x b/x\nnew file mode 100755\nindex 0000000..e69de29\n--- /dev/null\n+++ b/x\n"
     "@@ -0,0 +1 @@\n+a\n",
     "create >x +x 6:-0,0+1,1/0,0"},
    {"diff --git a/e b/e\nnew file mode 100644\nindex 0000000..e69de29\n", "create >e -x"},
    {"diff --git a/e b/e\ndeleted file mode 100644\nindex e69de29..0000000\n", "delete e>"},
    {"diff --git a/x b/x\ndeleted file mode 100755\nindex 1..0\n--- a/x\n+++ /dev/null\n"
     "@@ -1 +0,0 @@\n-a\n",
     "delete x> 6:-1,1+0,0/0,0"},
    {"diff --git a/d/x b/d/x\nold mode 100755\nnew mode 100644\n", "change d/x>d/x -x"},
    {"diff --git a/x b/x\nold mode 100644\nnew mode 100755\nindex 1..2\n--- a/x\n+++ b/x\n" HUNK,
     "change x>x +x 7:-1,1+1,1/0,0"},
    {"diff --git a/x b/d/y z\nsimilarity index 100%\nrename from x\nrename to d/y z\n",
     "rename x>d/y z"},
    {"diff --git a/x b/y\nsimilarity index 90%\nrename from x\nrename to y\nindex 1..2 100644\n"
     "--- a/x\n+++ b/y\n" HUNK "diff --git a/y b/y\nindex 2..3 100644\n--- a/y\n+++ b/y\n" HUNK,
     "rename x>y 8:-1,1+1,1/0,0\nchange y>y 15:-1,1+1,1/0,0"},
    {"diff --git a/x b/y\nold mode 100644\nnew mode 100755\ndissimilarity index 9%\ncopy from x\n"
     "copy to \"\\171\"\n",
     "copy x>y +x"},
    {"diff --git a/a b/a\nold mode 100644\nnew mode 100755\ndiff --git a/b b/b\nold mode 100644\n"
     "new mode 100755\n",
     "change a>a +x\nchange b>b +x"},
    /* Lines without newlines, cut blanks, CRLF. */
    {"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n",
     "change x>x 3:-1,1+1,1/0,0"},
    {"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+a\n\\ Kein Zeilenumbruch am Dateiende.\n",
     "change x>x 3:-1,1+1,1/0,0!"},
    {"--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\n+b\n c\n\\ No newline at end of file",
     "change x>x 3:-1,2+1,2/0,1!"},
    {"--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n\n-a\n+b\n\n", "change x>x 3:-1,3+1,3/1,1"},
    {"--- a/x\r\n+++ b/x\r\n@@ -1,2 +1,2 @@\r\n-a\r\n+b\r\n c\r\n\r\n--- a/y\t2024\r\n+++ b/y\r\n"
     "@@ -1 +1 @@ f\r\n-a\r\n\\ No newline\r\n+b\r\n",
     "change x>x 3:-1,2+1,2/0,1\nchange y>y 10:-1,1+1,1/0,0"},
    {"diff --git a/x b/x\r\nold mode 100644\r\nnew mode 100755\r\n", "change x>x +x"},
    /* Content that looks like a header. */
    {"--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a/y\n+++ b/y\n @@ -1 +1 @@\n",
     "change x>x 3:-1,2+1,2/0,1"},
    {"--- a/x\n+++ b/x\n@@ -268435456,0 +1 @@\n+a\n", "change x>x 3:-268435456,0+1,1/0,0"},
};

void TestPatchParse(struct test *t)
{
	struct arena a = {0};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct err e = {0};
		struct patch p;
		bool ok = patch_parse(&a, "p", str_of(good[i].text), 1, &p, &e);
		const char *got = ok ? show(&a, &p) : e.msg;

		T_CHECK(t, ok && strcmp(got, good[i].want) == 0,
			"patch:\n%s\ngot (%d):\n%s\nwant:\n%s", good[i].text, e.line, got,
			good[i].want);
	}
	arena_fini(&a);
}

#define NAMES "--- a/x\n+++ b/x\n"
#define GIT   "diff --git a/x b/x\n"

static const struct {
	const char *text;
	int line;
	const char *want; /* part of the message */
} bad[] = {
    {"", 0, "no patch in it"},
    {"Description: only prose\n1c1\n< a\n---\n> b\n", 0, "no patch in it"},
    /* What cannot be applied. */
    {"x\nGIT binary patch\nliteral 1\n", 2, "binary patch"},
    {GIT "index 1..2 100644\nGIT binary patch\nliteral 1\n", 3, "binary patch"},
    {GIT "index 1..2 100644\nBinary files a/x and b/x differ\n", 3, "binary file differs"},
    {NAMES HUNK "Binary files a/y and b/y differ\n", 6, "binary file differs"},
    {"Index: x\n====\nCannot display: file marked as a binary type.\n", 3, "binary file differs"},
    {"*** a/x\t2024\n--- b/x\t2024\n***************\n*** 1 ****\n! a\n--- 1 ----\n! b\n", 1,
     "context diff"},
    {"diff --cc x\nindex 1,2..3\n--- a/x\n+++ b/x\n@@@ -1,1 -1,1 +1,1 @@@\n", 1, "merge"},
    {NAMES "@@@ -1,1 -1,1 +1,1 @@@\n", 3, "merge"},
    {"x\n" HUNK, 2, "belongs to no file"},
    {NAMES HUNK "\n" HUNK, 7, "belongs to no file"},
    {NAMES, 3, "no hunk follows"},
    {NAMES "x\n", 3, "no hunk follows"},
    {NAMES NAMES HUNK, 3, "no hunk follows"},
    {GIT, 1, "changes nothing"},
    {GIT "index 1..2 100644\n", 1, "changes nothing"},
    {GIT "old mode 100644\n", 1, "changes nothing"},
    /* Names. */
    {"--- /x\n+++ b/x\n" HUNK, 1, "is absolute"},
    {"--- a/x\n+++ /etc/x\n" HUNK, 2, "is absolute"},
    {"--- a/../x\n+++ b/x\n" HUNK, 1, "below the tree's root"},
    {"--- ../x\n+++ b/x\n" HUNK, 1, "below the tree's root"},
    {"--- a/x\n+++ b/d/../../../x\n" HUNK, 2, "below the tree's root"},
    {"--- a/./x\n+++ b/x\n" HUNK, 1, "below the tree's root"},
    {"--- ./x\n+++ ./x\n" HUNK, 1, "below the tree's root"},
    {"--- a//x\n+++ b/x\n" HUNK, 1, "below the tree's root"},
    {"--- a/\n+++ b/x\n" HUNK, 1, "below the tree's root"},
    {"--- \t2024\n+++ b/x\n" HUNK, 1, "below the tree's root"},
    {"--- a/x\033[2J\n+++ b/x\n" HUNK, 1, "below the tree's root"},
    {"--- a/x\\y\n+++ b/x\\y\n" HUNK, 1, "below the tree's root"},
    {"--- \"a/x\\ny\"\n+++ b/x\n" HUNK, 1, "below the tree's root"},
    {"--- \"a/x\\000y\"\n+++ b/x\n" HUNK, 1, "below the tree's root"},
    {"--- \"a/\\056\\056/x\"\n+++ b/x\n" HUNK, 1, "below the tree's root"},
    {"--- x\n+++ x\n" HUNK, 1, "too few parts"},
    {"--- \"a/x\n+++ b/x\n" HUNK, 1, "in quotes"},
    {"--- \"a/\\q\"\n+++ b/x\n" HUNK, 1, "in quotes"},
    {"--- \"a/\\777\"\n+++ b/x\n" HUNK, 1, "in quotes"},
    {"--- \"a/\\", 0, "no patch in it"},
    {"--- a/x\n+++ b/y\n" HUNK, 1, "different files"},
    {"--- a/x.c\n+++ b/x.cpp\n" HUNK, 1, "different files"},
    {"--- a/x\n+++ b/x-old/y\n" HUNK, 1, "different files"},
    {"--- /dev/null\n+++ /dev/null\n" HUNK, 1, "neither name"},
    {GIT "old mode 100644\nnew mode 100755\n--- a/x.orig\n+++ b/x\n" HUNK, 1, "different files"},
    {GIT "--- a/y\n+++ b/y\n" HUNK, 1, "names another file"},
    {"diff --git a/../x b/../x\nnew file mode 100644\n", 1, "below the tree's root"},
    {"diff --git x x\nnew file mode 100644\n", 1, "too few parts"},
    {"diff --git a/x b/y\nnew file mode 100644\n", 1, "not clear which file"},
    {"diff --git \nnew file mode 100644\n", 1, "not clear which file"},
    {"diff --git \"a/x\" b/x\nnew file mode 100644\n", 1, "not clear which file"},
    /* git's lines. */
    {GIT "new file mode 120000\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+y\n", 2, "no regular file"},
    {GIT "old mode 100644\nnew mode 160000\n", 3, "no regular file"},
    {GIT "deleted file mode 120000\n", 2, "no regular file"},
    {GIT "index 1..2 120000\n" NAMES HUNK, 2, "no regular file"},
    {GIT "new mode 100755\nnew mode 100644\n", 3, "said twice"},
    {GIT "new file mode 100644\ndeleted file mode 100644\n", 1, "both created and deleted"},
    {GIT "new file mode 100644\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", 1,
     "both created and deleted"},
    {GIT "new file mode 100644\n" NAMES "@@ -0,0 +1 @@\n+a\n", 1, "do not agree"},
    {GIT "deleted file mode 100644\n" NAMES HUNK, 1, "do not agree"},
    {GIT "rename from x\n", 1, "rename or copy does not agree"},
    {GIT "rename from x\ncopy to y\n", 1, "rename or copy does not agree"},
    {GIT "rename from x\nrename to y\nnew file mode 100644\n", 1, "rename or copy does not agree"},
    {GIT "rename from x\nrename to y\n" NAMES HUNK, 1, "name other files than the rename"},
    {GIT "rename from x\nrename to y\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", 1,
     "name other files than the rename"},
    {GIT "rename from ../x\nrename to y\n", 2, "below the tree's root"},
    {GIT "rename from x\nrename to /y\n", 3, "is absolute"},
    {GIT "copy from x\ncopy to \"y\n", 3, "in quotes"},
    /* Created and deleted. */
    {"--- /dev/null\n+++ b/x\n" HUNK, 1, "created, but has old lines"},
    {"--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a\n@@ -0,0 +2 @@\n+a\n", 1, "several hunks"},
    {"--- a/x\n+++ /dev/null\n" HUNK, 1, "deleted, but has new lines"},
    {"--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n@@ -2 +0,0 @@\n-a\n", 1, "several hunks"},
    /* Headers of hunks. */
    {NAMES "@@ -1 +1\n-a\n+b\n", 3, "malformed"},
    {NAMES "@@ -1, +1 @@\n-a\n+b\n", 3, "malformed"},
    {NAMES "@@ -x +1 @@\n-a\n+b\n", 3, "malformed"},
    {NAMES "@@ -1 -1 @@\n-a\n+b\n", 3, "malformed"},
    {NAMES "@@ --1 +1 @@\n-a\n+b\n", 3, "malformed"},
    {NAMES "@@ -1,1,1 +1 @@\n-a\n+b\n", 3, "malformed"},
    {NAMES "@@ -99999999999999999999999 +1 @@\n-a\n+b\n", 3, "too large"},
    {NAMES "@@ -1,18446744073709551616 +1 @@\n-a\n+b\n", 3, "too large"},
    {NAMES "@@ -1 +268435457 @@\n-a\n+b\n", 3, "too large"},
    {NAMES "@@ -0 +1 @@\n-a\n+b\n", 3, "lines at line 0"},
    {NAMES "@@ -1 +0 @@\n-a\n+b\n", 3, "lines at line 0"},
    {NAMES "@@ -1,0 +1,0 @@\n", 3, "changes nothing"},
    {NAMES "@@ -1,2 +1,2 @@\n a\n b\n", 3, "changes nothing"},
    /* Lines of hunks. */
    {NAMES "@@ -1,2 +1,2 @@\n-a\n+b\n", 6, "ends inside of a hunk"},
    {NAMES "@@ -1,2 +1,2 @@\n-a\n+b\n c", 6, "ends inside of a line"},
    {NAMES "@@ -1 +1 @@\n-a\n+b", 5, "ends inside of a line"},
    {NAMES "@@ -1,2 +1,2 @@\n-a\n+b\nc\n", 6, "begins with a blank"},
    {NAMES "@@ -1,2 +1,2 @@\n-a\n+b\n\tc\n", 6, "begins with a blank"},
    {NAMES "@@ -1,2 +1,2 @@\n-a\n+b\n\r\n", 6, "begins with a blank"},
    {NAMES "@@ -1 +1 @@\n\\ No newline at end of file\n-a\n+b\n", 4, "begins with a blank"},
    {NAMES "@@ -1 +1 @@\n-a\n\\No newline\n+b\n", 5, "begins with a blank"},
    {NAMES "@@ -1 +1 @@\n-a\n-b\n+b\n", 5, "more lines than it says"},
    {NAMES "@@ -1,2 +1 @@\n-a\n+b\n c\n", 6, "more lines than it says"},
    {NAMES HUNK "+c\n", 6, "more lines than it says"},
    {NAMES HUNK "-c\n", 6, "more lines than it says"},
    {NAMES HUNK " c\n", 6, "more lines than it says"},
    {NAMES HUNK "\\ No newline\n\\ No newline\n", 7, "more lines than it says"},
    {NAMES "@@ -1,2 +1 @@\n-a\n\\ No newline\n-b\n+b\n", 6, "has no newline"},
    {NAMES "@@ -1,2 +1,2 @@\n-a\n+b\n\\ No newline\n c\n", 7, "has no newline"},
    {NAMES "@@ -1 +1,2 @@\n-a\n+b\n+\n\\ No newline\n", 6, "ends inside of a line"},
    /* Their order. */
    {NAMES "@@ -1,2 +1,2 @@\n-a\n+b\n c\n@@ -2 +2 @@\n-c\n+d\n", 7, "before the end"},
    {NAMES "@@ -5 +5 @@\n-a\n+b\n@@ -1 +1 @@\n-c\n+d\n", 6, "before the end"},
    {NAMES "@@ -5 +5 @@\n-a\n+b\n@@ -4,0 +4 @@\n+d\n", 6, "before the end"},
};

/* Refused there, with a remedy. */
void TestPatchRefused(struct test *t)
{
	struct arena a = {0};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = {0};
		struct patch p;
		bool ok = patch_parse(&a, "fix.patch", str_of(bad[i].text), 1, &p, &e);

		T_CHECK(t,
			!ok && e.line == bad[i].line && strstr(e.msg, bad[i].want) &&
			    strcmp(e.place, "fix.patch") == 0 && e.code == ERR_INPUT && e.fix[0],
			"patch:\n%s\ngot line %d: %s\nwant line %d: %s", bad[i].text, e.line,
			ok ? show(&a, &p) : e.msg, bad[i].line, bad[i].want);
	}
	arena_fini(&a);
}

/* A time that is none, or none of the epoch, makes no new file. */
void TestPatchStamps(struct test *t)
{
	static const char *const others[] = {
	    "1970-01-01",
	    "1970-01-01 00:00",
	    "1970-01-01 00:00:00",
	    "1970-01-01 00:00:00 +00",
	    "1970-01-01 00:00:00 0000",
	    "1970-01-01 00:00:00 +0000x",
	    "1970-01-01 01:00:00 -0100",
	    "1969-12-31 00:00:00 +0000",
	    "1970-01-01 -1:00:00 +0000",
	};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		struct str text =
		    str_fmt(&a, "--- a/x\t%s\n+++ b/x\n@@ -0,0 +1 @@\n+a\n", others[i]);
		struct err e = {0};
		struct patch p;

		T_CHECK(t,
			patch_parse(&a, "p", text, 1, &p, &e) && p.files.v[0].kind == PATCH_CHANGE,
			"%s: %s", others[i], e.msg);
	}
	arena_fini(&a);
}

void TestPatchStrip(struct test *t)
{
	static const struct {
		const char *text;
		unsigned strip;
		const char *want; /* NULL: refused */
	} cases[] = {
	    {"--- x\n+++ x\n" HUNK, 0, "change x>x 3:-1,1+1,1/0,0"},
	    {"--- d/x\n+++ d/x\n" HUNK, 0, "change d/x>d/x 3:-1,1+1,1/0,0"},
	    {"--- p/d/x\n+++ q/e/x\n" HUNK, 2, "change x>x 3:-1,1+1,1/0,0"},
	    {"--- p/x\n+++ q/x\n" HUNK, 2, NULL},
	    {"--- p/../x\n+++ q/../x\n" HUNK, 2, NULL},
	    {"diff --git x y\nrename from x\nrename to y\n", 0, "rename x>y"},
	    {"diff --git a/s/x b/s/y\nrename from s/x\nrename to s/y\n", 2, "rename x>y"},
	    {"diff --git a/x b/y\nrename from x\nrename to y\n", 2, NULL},
	    {"--- a/x\n+++ a/x\n" HUNK, 4000000000u, NULL},
	};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = {0};
		struct patch p;
		bool ok = patch_parse(&a, "p", str_of(cases[i].text), cases[i].strip, &p, &e);
		const char *got = ok ? show(&a, &p) : e.msg;

		T_CHECK(t, ok == !!cases[i].want && (!ok || strcmp(got, cases[i].want) == 0),
			"-p%u of\n%s\ngot: %s", cases[i].strip, cases[i].text, got);
	}
	arena_fini(&a);
}

static bool refuses(struct str text, const char *want)
{
	struct arena a = {0};
	struct err e = {0};
	struct patch p;
	bool ok = patch_parse(&a, "p", text, 1, &p, &e);

	arena_fini(&a);
	return !ok && strstr(e.msg, want) && e.fix[0];
}

/* Too many entries, hunks and bytes; and one line of megabytes costs no more than its length. */
void TestPatchLimits(struct test *t)
{
	struct buf b = {0};

	for (int i = 0; i <= PATCH_MAX_FILES; i++)
		buf_addc(&b, GIT "new file mode 100644\n");
	T_OK(t, refuses(buf_str(&b), "10000 entries"));
	buf_clear(&b);
	buf_addc(&b, NAMES);
	for (int i = 0; i <= PATCH_MAX_HUNKS; i++)
		buf_printf(&b, "@@ -%d +%d @@\n-a\n+b\n", i + 1, i + 1);
	T_OK(t, refuses(buf_str(&b), "100000 hunks"));
	buf_clear(&b);
	buf_addc(&b, "diff --git ");
	while (b.n < PATCH_MAX_BYTES)
		buf_addc(&b, " a/b");
	T_OK(t, refuses(str_from(b.p, PATCH_MAX_BYTES), "not clear which file"));
	T_OK(t, refuses(buf_str(&b), "larger than 16 MiB"));
	buf_fini(&b);
}
