#include "base/diff.h"

#include "base/vec.h"
#include "cbuild/test.h"

struct row {
	const char *old, *new, *want;
};

void TestTextDiff(struct test *t)
{
	static const struct row rows[] = {
	    {"a\n", "a\n", ""},
	    {"", "", ""},
	    {NULL, "a\nb\n", "--- /dev/null\n+++ b/f\n@@ -0,0 +1,2 @@\n+a\n+b\n"},
	    {"a\n", NULL, "--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"},
	    {"a\nb\nc\n", "a\nx\nc\n", "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"},
	    {"a", "a\n", "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
	    {"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\n9\nx\n",
	     "--- a/f\n+++ b/f\n@@ -7,3 +7,4 @@\n 7\n 8\n 9\n+x\n"},
	    /* six equal lines between: one hunk */
	    {"a\n1\n2\n3\n4\n5\n6\nb\n", "1\n2\n3\n4\n5\n6\n",
	     "--- a/f\n+++ b/f\n@@ -1,8 +1,6 @@\n-a\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n"},
	    /* seven: two */
	    {"a\n1\n2\n3\n4\n5\n6\n7\nb\n", "1\n2\n3\n4\n5\n6\n7\n",
	     "--- a/f\n+++ b/f\n@@ -1,4 +1,3 @@\n-a\n 1\n 2\n 3\n@@ -6,4 +5,3 @@\n 5\n 6\n "
	     "7\n-b\n"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf out = {0};

		text_diff(&out, STR("f"), str_of(rows[i].old), str_of(rows[i].new));
		T_CHECK(t, str_eqc(buf_str(&out), rows[i].want), "%zu: got\n%s\nwant\n%s", i,
			out.p ? out.p : "", rows[i].want);
		buf_fini(&out);
	}
}

/* Beyond the table's limit the difference is coarse, but right. */
void TestTextDiffLarge(struct test *t)
{
	struct buf old = {0}, new = {0}, out = {0};
	enum { LINES = 5000 };

	for (int i = 0; i < LINES; i++) {
		buf_printf(&old, "old %d\n", i);
		buf_printf(&new, "new %d\n", i);
	}
	text_diff(&out, STR("f"), buf_str(&old), buf_str(&new));
	T_OK(t, str_containsc(buf_str(&out), "@@ -1,5000 +1,5000 @@\n-old 0\n"));
	T_OK(t, str_endsc(buf_str(&out), "+new 4999\n"));
	buf_fini(&old);
	buf_fini(&new);
	buf_fini(&out);
}
