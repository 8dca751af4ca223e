/*
 * Upkeep: what verify, trim and clean remove, and when they do not.
 */
#include "cas/world_test.h"

#include <string.h>

void TestCasVerifyRemovesDamage(struct test *t)
{
	struct action_result r;
	uint64_t damaged;
	struct world w;
	char path[PATH_MAX];

	open_store(&w, t);
	r = sample(&w);
	store_must(&w, cas_action_put(w.c, &KEY, &r, &w.e), "put");
	store_must(&w, cas_verify(w.c, &damaged, &w.e), "verify");
	T_EQ_INT(t, damaged, 0);
	damage(&w, cas_path(&w.a, w.c, &r.outputs[0].digest).p, 2);
	action_path(w.c, &KEY, path);
	damage(&w, path, 1);
	store_must(&w, cas_verify(w.c, &damaged, &w.e), "verify");
	T_EQ_INT(t, damaged, 2);
	store_must(&w, cas_verify(w.c, &damaged, &w.e), "verify");
	T_EQ_INT(t, damaged, 0);
	T_OK(t, cas_has(w.c, &r.outputs[0].digest, &w.e) == CAS_MISS);
	close_store(&w);
}

void TestCasTrim(struct test *t)
{
	struct digest old, middle, young;
	uint64_t freed;
	struct world w;

	open_store(&w, t);
	old = put(&w, "old blob");
	middle = put(&w, "middle");
	young = put(&w, "young");
	set_age(&w, cas_path(&w.a, w.c, &old).p, 10000);
	set_age(&w, cas_path(&w.a, w.c, &middle).p, 1000);
	store_must(&w, cas_trim(w.c, 5000, UINT64_MAX, &freed, &w.e), "by age");
	T_EQ_INT(t, freed, 8);
	T_OK(t, cas_has(w.c, &old, &w.e) == CAS_MISS && cas_has(w.c, &middle, &w.e) == CAS_HIT);
	set_age(&w, cas_path(&w.a, w.c, &middle).p, 1000);
	store_must(&w, cas_trim(w.c, 5000, 6, &freed, &w.e), "by size");
	T_EQ_INT(t, freed, 6);
	T_OK(t, cas_has(w.c, &middle, &w.e) == CAS_MISS && cas_has(w.c, &young, &w.e) == CAS_HIT);
	close_store(&w);
}

void TestCasUseKeepsFromTrimming(struct test *t)
{
	struct digest d;
	uint64_t freed;
	struct world w;

	open_store(&w, t);
	d = put(&w, "used");
	set_age(&w, cas_path(&w.a, w.c, &d).p, 10000);
	reopen_store(&w);
	T_OK(t, cas_has(w.c, &d, &w.e) == CAS_HIT);
	store_must(&w, cas_trim(w.c, 5000, UINT64_MAX, &freed, &w.e), "trim");
	T_EQ_INT(t, freed, 0);
	close_store(&w);
}

void TestCasTrimWaitsForNobody(struct test *t)
{
	struct world w;
	struct cas *other;
	uint64_t freed;

	open_store(&w, t);
	store_must(&w, cas_open(&w.a, w.dir, &other, &w.e), "second process");
	T_OK(t, !cas_trim(w.c, 0, 0, &freed, &w.e));
	T_CHECK(t, strstr(w.e.msg, "in use") && w.e.fix[0], "%s", w.e.msg);
	cas_close(other);
	store_must(&w, cas_trim(w.c, 0, 0, &freed, &w.e), "alone");
	close_store(&w);
}

void TestCasTrimDaily(struct test *t)
{
	struct digest old;
	struct world w;
	struct cas *other;
	const char *stamp, *path;

	open_store(&w, t);
	old = put(&w, "old blob");
	path = cas_path(&w.a, w.c, &old).p;
	stamp = str_fmt(&w.a, "%s/trimmed", w.dir.p).p;
	set_age(&w, path, 10000);
	cas_trim_daily(w.c, 5000, UINT64_MAX);
	T_CHECK(t, file_kind(path) == FILE_REGULAR && file_kind(stamp) == FILE_REGULAR,
		"a new cache waits for a day");
	cas_trim_daily(w.c, 5000, UINT64_MAX);
	T_CHECK(t, file_kind(path) == FILE_REGULAR, "not twice a day");

	/* not while another has it open, and then it is still due */
	set_age(&w, stamp, 24 * 3600 + 10);
	store_must(&w, cas_open(&w.a, w.dir, &other, &w.e), "second process");
	cas_trim_daily(w.c, 5000, UINT64_MAX);
	T_OK(t, file_kind(path) == FILE_REGULAR);
	cas_close(other);
	cas_trim_daily(w.c, 5000, UINT64_MAX);
	T_OK(t, file_kind(path) == FILE_ABSENT);

	old = put(&w, "old blob");
	set_age(&w, path, 10000);
	cas_trim_daily(w.c, 5000, UINT64_MAX);
	T_CHECK(t, file_kind(path) == FILE_REGULAR, "done today");
	set_age(&w, stamp, -48 * 3600); /* the clock was wrong */
	cas_trim_daily(w.c, 5000, UINT64_MAX);
	T_OK(t, file_kind(path) == FILE_ABSENT);
	close_store(&w);
}

void TestCasClean(struct test *t)
{
	struct action_result r, got;
	struct world w;
	struct cas *other;

	open_store(&w, t);
	r = sample(&w);
	store_must(&w, cas_action_put(w.c, &KEY, &r, &w.e), "put");
	store_must(&w, cas_open(&w.a, w.dir, &other, &w.e), "second process");
	T_OK(t, !cas_clean(w.c, &w.e));
	T_CHECK(t, strstr(w.e.msg, "in use") && w.e.fix[0], "%s", w.e.msg);
	T_OK(t, cas_action_get(w.c, &KEY, &w.a, &got, &w.e) == CAS_HIT);
	cas_close(other);
	store_must(&w, cas_clean(w.c, &w.e), "clean");
	T_OK(t, cas_action_get(w.c, &KEY, &w.a, &got, &w.e) == CAS_MISS);
	T_OK(t, cas_has(w.c, &r.outputs[0].digest, &w.e) == CAS_MISS);
	r = sample(&w);
	store_must(&w, cas_action_put(w.c, &KEY, &r, &w.e), "put again");
	close_store(&w);
}

void TestCasOpenSweepsOldTemps(struct test *t)
{
	struct world w;
	const char *old, *fresh;

	open_store(&w, t);
	old = cas_temp(&w.a, w.c, "o").p;
	fresh = cas_temp(&w.a, w.c, "o").p;
	store_must(&w,
		   file_write_fast(old, STR("x"), 0644, &w.e) &&
		       file_write_fast(fresh, STR("x"), 0644, &w.e),
		   "temps");
	set_age(&w, old, 2 * 24 * 3600);
	reopen_store(&w);
	T_OK(t, file_kind(old) == FILE_ABSENT);
	T_OK(t, file_kind(fresh) == FILE_REGULAR);
	close_store(&w);
}
