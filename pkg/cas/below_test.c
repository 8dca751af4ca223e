/*
 * Caches below: what they hold is found, read in place, never written, and never believed.
 */
#include "cas/world_test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* w's cache is above the one in low, which holds an action with two outputs. */
struct pair {
	struct world w;
	struct str low;
	struct digest blob, tool;
};

static void fill(struct pair *p)
{
	struct world *w = &p->w;
	struct action_result r = {0};
	struct cas_output outs[2] = {{.path = STR("a.o")}, {.path = STR("x"), .executable = true}};
	struct cas *c;

	store_must(w, cas_open(&w->a, p->low, &c, &w->e), "open low");
	store_must(w,
		   cas_put(c, STR("an object"), false, &p->blob, &w->e) &&
		       cas_put(c, STR("a tool"), true, &p->tool, &w->e),
		   "put");
	outs[0].digest = p->blob;
	outs[1].digest = p->tool;
	r.outputs = outs;
	r.output_count = 2;
	store_must(w, cas_action_put(c, &KEY, &r, &w->e), "action put");
	set_age(w, cas_path(&w->a, c, &p->blob).p, 1000);
	set_age(w, cas_path(&w->a, c, &p->tool).p, 1000);
	cas_close(c);
}

static void reopen_both(struct pair *p)
{
	reopen_store(&p->w);
	T_OK(p->w.t, cas_layer(p->w.c, p->low));
}

static void open_pair(struct pair *p, struct test *t)
{
	open_store(&p->w, t);
	p->low = str_fmt(&p->w.a, "%s/low", test_tmpdir(t));
	fill(p);
	reopen_both(p);
}

static const char *low_path(struct pair *p, const char *kind, const struct digest *d)
{
	char path[PATH_MAX];

	shard_path(p->low, kind, d, path);
	return str_dup(&p->w.a, str_of(path)).p;
}

static enum cas_result get(struct pair *p)
{
	struct action_result r;

	return cas_action_get(p->w.c, &KEY, &p->w.a, &r, &p->w.e);
}

void TestCasBelowIsReadInPlace(struct test *t)
{
	struct file_sig before, after;
	struct pair p;
	struct str bytes;
	const char *placed;

	open_pair(&p, t);
	store_must(&p.w, file_stat(low_path(&p, "cas", &p.blob), &before, &p.w.e), "stat");
	T_OK(t, get(&p) == CAS_HIT);
	T_EQ_STR(t, cas_path(&p.w.a, p.w.c, &p.blob).p, low_path(&p, "cas", &p.blob));
	T_OK(t, cas_owns(p.w.c, str_of(low_path(&p, "cas", &p.blob))));
	T_OK(t, !cas_owns(p.w.c, str_fmt(&p.w.a, "%s/project/a.h", p.w.dir.p)));
	T_OK(t, cas_steady(p.w.c, &p.blob));
	T_OK(t, cas_get(p.w.c, &p.blob, &p.w.a, &bytes, &p.w.e) == CAS_HIT);
	T_EQ_STR(t, bytes.p, "an object");
	placed = str_fmt(&p.w.a, "%s/placed", test_tmpdir(t)).p;
	T_OK(t, cas_place(p.w.c, &p.tool, placed, 0755, CAS_LINK, NULL, &p.w.e) == CAS_HIT);
	store_must(&p.w, file_read(&p.w.a, placed, 0, &bytes, &p.w.e), placed);
	T_EQ_STR(t, bytes.p, "a tool");

	/* nothing was copied, and nothing down there was touched */
	T_OK(t, file_kind(str_fmt(&p.w.a, "%s/ac/01", p.w.dir.p).p) == FILE_ABSENT);
	store_must(&p.w, file_stat(low_path(&p, "cas", &p.blob), &after, &p.w.e), "stat");
	T_OK(t, file_sig_eq(&before, &after));
	T_OK(t, cas_put(p.w.c, STR("an object"), false, &p.blob, &p.w.e));
	T_EQ_STR(t, cas_path(&p.w.a, p.w.c, &p.blob).p, low_path(&p, "cas", &p.blob));
	close_store(&p.w);
}

/* Its files, for somebody else to read: no bit of it may be written. */
void TestCasBelowMayBeReadOnly(struct test *t)
{
	struct pair p;

	open_pair(&p, t);
	store_must(&p.w, folder_make_readonly(p.low.p, &p.w.e), "chmod");
	reopen_both(&p);
	T_OK(t, get(&p) == CAS_HIT);
	close_store(&p.w);
}

void TestCasBelowIsNotBelieved(struct test *t)
{
	for (int how = 0; how < 14; how++) {
		struct pair p;
		const char *path;

		open_pair(&p, t);
		path = how < 7 ? low_path(&p, "cas", &p.blob) : low_path(&p, "ac", &KEY);
		damage(&p.w, path, how % 7);
		T_CHECK(t, get(&p) == CAS_MISS, "damage %d", how);
		T_CHECK(t, how % 7 == 0 || file_kind(path) != FILE_ABSENT, "%d: was removed", how);
		store_must(&p.w, folder_remove(p.w.dir.p, &p.w.e) && folder_remove(p.low.p, &p.w.e),
			   "clean up");
		close_store(&p.w);
	}
}

/* The signature saves the second hashing, and only while it is the same. */
void TestCasBelowRemembersWhatItVerified(struct test *t)
{
	struct pair p;
	const char *path;
	struct stat st;
	struct timespec times[2];
	int fd;

	open_pair(&p, t);
	nanosleep(&(struct timespec){.tv_sec = 2, .tv_nsec = 100000000}, NULL);
	T_OK(t, get(&p) == CAS_HIT);
	reopen_both(&p);
	T_OK(t, file_kind(str_fmt(&p.w.a, "%s/below", p.w.dir.p).p) == FILE_REGULAR);
	T_OK(t, get(&p) == CAS_HIT);
	T_CHECK(t, !p.w.c->below_fresh, "nothing was hashed again");

	/* other bytes, the same size and modification time */
	path = low_path(&p, "cas", &p.blob);
	T_MUST(t, stat(path, &st) == 0 && chmod(path, 0644) == 0);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	times[0] = times[1] = st.st_mtim;
	T_MUST(t,
	       fd >= 0 && pwrite(fd, "?", 1, 0) == 1 && futimens(fd, times) == 0 && close(fd) == 0);
	T_OK(t, !cas_steady(p.w.c, &p.blob));
	T_OK(t, get(&p) == CAS_MISS);
	reopen_both(&p);
	T_OK(t, get(&p) == CAS_MISS);
	T_OK(t, cas_has(p.w.c, &p.tool, &p.w.e) == CAS_HIT);

	/* in another boot of the machine it is hashed again */
	reopen_both(&p);
	p.w.c->boot ^= 7;
	T_OK(t, cas_has(p.w.c, &p.tool, &p.w.e) == CAS_HIT);
	T_OK(t, p.w.c->below_fresh);
	close_store(&p.w);
}

/* What came into the own cache meanwhile is read there. */
void TestCasBelowGivesWayToTheOwn(struct test *t)
{
	struct pair p;
	char own[PATH_MAX];

	open_pair(&p, t);
	T_OK(t, get(&p) == CAS_HIT);
	store_must(&p.w, file_remove(low_path(&p, "cas", &p.blob), &p.w.e), "remove");
	T_OK(t, !cas_steady(p.w.c, &p.blob));
	T_OK(t, get(&p) == CAS_MISS);
	store_must(&p.w, cas_put(p.w.c, STR("an object"), false, &p.blob, &p.w.e), "put");
	T_OK(t, get(&p) == CAS_HIT && cas_steady(p.w.c, &p.blob));
	blob_path(p.w.c, &p.blob, own);
	T_EQ_STR(t, cas_path(&p.w.a, p.w.c, &p.blob).p, own);
	close_store(&p.w);
}

void TestCasBelowIsHeld(struct test *t)
{
	struct pair p;
	struct cas *low;
	uint64_t freed;

	open_pair(&p, t);
	store_must(&p.w, cas_open(&p.w.a, p.low, &low, &p.w.e), "its owner");
	T_OK(t, !cas_trim(low, 0, 0, &freed, &p.w.e) && !cas_clean(low, &p.w.e));
	cas_close(p.w.c);
	store_must(&p.w, cas_trim(low, 0, 0, &freed, &p.w.e), "trim");
	cas_close(low);
	store_must(&p.w, cas_open(&p.w.a, p.w.dir, &p.w.c, &p.w.e), "open");
	T_OK(t, !cas_layer(p.w.c, p.w.dir));
	T_OK(t, !cas_layer(p.w.c, str_fmt(&p.w.a, "%s/absent", p.w.dir.p)));
	T_OK(t, !cas_layer(p.w.c, str_fmt(&p.w.a, "%s/lock", p.w.dir.p)));
	T_OK(t, !cas_layer(p.w.c, STR("relative")));
	T_EQ_INT(t, cas_dir(p.w.c, 1).n, 0);
	close_store(&p.w);
}
