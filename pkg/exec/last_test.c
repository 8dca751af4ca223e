/*
 * The file of records: what was put last is found, damage costs words only, and it does not grow for ever.
 */
#include <string.h>

#include "cbuild/test.h"
#include "exec/exec_impl.h"

static struct action *action(struct arena *a, const char *output)
{
	struct action *x = arena_new(a, struct action);

	x->title = x->target = STR("t");
	*vec_push(a, &x->outputs) = (struct output){.path = str_of(output)};
	return x;
}

static void remember(const char *path, const struct action *x, const char *record)
{
	struct last l;

	last_open(&l, path);
	last_put(&l, x, str_of(record));
	last_close(&l);
}

static const char *found(struct arena *a, const char *path, const struct action *x)
{
	struct str record = STR("nothing");
	struct last l;

	last_open(&l, path);
	if (!last_get(&l, a, x, &record))
		record = STR("nothing");
	last_close(&l);
	return str_c(a, record);
}

void TestLastRecords(struct test *t)
{
	struct arena a = {0};
	const char *path = str_fmt(&a, "%s/records", test_tmpdir(t)).p;
	struct action *x = action(&a, "x"), *y = action(&a, "y");
	struct str bytes;
	struct err e;

	T_EQ_STR(t, found(&a, path, x), "nothing");
	remember(path, x, "one\ntwo\none\nend");
	remember(path, y, "one\n");
	T_EQ_STR(t, found(&a, path, x), "one\ntwo\none\nend");
	remember(path, x, "");
	T_EQ_STR(t, found(&a, path, x), "");
	T_EQ_STR(t, found(&a, path, y), "one\n");
	/* Cut or altered anywhere, what stands before it is still there, and nothing else happens. */
	T_MUST(t, file_read(&a, path, 0, &bytes, &e));
	for (size_t n = 0; n < bytes.n; n++) {
		struct str cut = str_dup(&a, bytes);

		((char *)(uintptr_t)cut.p)[n] ^= 1;
		T_MUST(t, file_write_fast(path, cut, 0644, &e));
		found(&a, path, x);
		cut.n = n;
		T_MUST(t, file_write_fast(path, cut, 0644, &e));
		found(&a, path, x);
	}
	last_open(&(struct last){0}, NULL);
	arena_fini(&a);
}

void TestLastShrinks(struct test *t)
{
	struct arena a = {0};
	const char *path = str_fmt(&a, "%s/records", test_tmpdir(t)).p;
	struct action *x = action(&a, "x"), *y = action(&a, "y");
	uint64_t most_bytes = 0;
	struct buf big = {0};
	struct file_sig sig;
	struct err e;

	while (big.n < 3 << 20)
		buf_printf(&big, "a line that no other is like, %zu\n", big.n);
	remember(path, y, "small");
	for (int i = 0; i < 12; i++) {
		buf_printf(&big, "%d\n", i);
		remember(path, x, big.p);
		T_MUST(t, file_stat(path, &sig, &e));
		most_bytes = sig.size_bytes > most_bytes ? sig.size_bytes : most_bytes;
	}
	T_OK(t, most_bytes > 16 << 20 && sig.size_bytes < 36 << 20);
	T_OK(t, sig.size_bytes < 12 * (uint64_t)big.n);
	T_OK(t, strcmp(found(&a, path, x), big.p) == 0);
	T_EQ_STR(t, found(&a, path, y), "small");
	buf_fini(&big);
	arena_fini(&a);
}
