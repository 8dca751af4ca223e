/*
 * Tests of jobs in processes of their own, and of talking to a program.
 */
#include "sys/crew.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cbuild/test.h"
#include "sys/clock.h"
#include "sys/spawn.h"

struct crew_seen {
	uint64_t sums[20];
	size_t ended;
};

static bool crew_job(void *ctx, size_t i, struct err *e)
{
	(void)ctx;
	for (uint64_t k = 1; k <= 5; k++)
		crew_say(&(struct crew_word){.kind = 7, .done = i * k, .text = "word"});
	if (i == 3)
		return err_set(e, ERR_VERIFY, "three") || err_fix(e, "take four");
	if (i == 4)
		raise(SIGKILL);
	if (i == 5)
		_exit(9);
	return true;
}

static void crew_said(void *ctx, size_t i, const struct crew_word *w)
{
	struct crew_seen *s = ctx;

	s->sums[i] += w->kind == 7 && strcmp(w->text, "word") == 0 ? w->done : 1000000;
}

static void crew_ended(void *ctx, size_t i)
{
	struct crew_seen *s = ctx;

	(void)i;
	s->ended++;
}

void TestCrew(struct test *t)
{
	struct crew_seen s = {0};
	struct crew c = {.job = crew_job, .said = crew_said, .ended = crew_ended, .ctx = &s};
	static struct err errs[20];

	crew_run(&c, 20, 3, errs);
	T_EQ_INT(t, s.ended, 20);
	for (size_t i = 0; i < 20; i++) {
		T_EQ_INT(t, s.sums[i], i * 15);
		if (i < 3 || i > 5)
			T_EQ_INT(t, errs[i].code, ERR_NONE);
	}
	T_OK(t, errs[3].code == ERR_VERIFY && strcmp(errs[3].fix, "take four") == 0);
	T_OK(t, errs[4].code == ERR_IO && strstr(errs[4].msg, "signal 9"));
	T_OK(t, errs[5].code == ERR_IO && strstr(errs[5].msg, "status 9"));
}

/* 0 interrupts the parent, which nobody else hears; 1 minds its signal, 2 waits where none reaches. */
static bool stopped_job(void *ctx, size_t i, struct err *e)
{
	enum { LONG_S = 20 };
	struct timespec ms = {.tv_nsec = 1000000};
	sigset_t all;

	(void)ctx;
	sigfillset(&all);
	if (i == 2)
		sigprocmask(SIG_BLOCK, &all, NULL);
	crew_say(&(struct crew_word){.kind = 7});
	if (i == 0) {
		for (int k = 0; k < 100; k++)
			nanosleep(&ms, NULL);
		kill(getppid(), SIGTERM);
	}
	for (int k = 0; k < LONG_S * 1000 && (i == 2 || !interrupt_requested()); k++)
		nanosleep(&ms, NULL);
	return err_set(e, ERR_CANCEL, "cut short");
}

void TestCrewInterrupted(struct test *t)
{
	struct crew_seen s = {0};
	struct crew c = {.job = stopped_job, .said = crew_said, .ended = crew_ended, .ctx = &s};
	static struct err errs[5];
	uint64_t begun = clock_mono_ms();

	interrupt_install();
	crew_run(&c, 5, 3, errs);
	interrupt_handled();
	T_OK(t, clock_mono_ms() - begun < 10000);
	T_EQ_INT(t, s.ended, 3);
	for (size_t i = 0; i < 5; i++)
		T_EQ_INT(t, errs[i].code, ERR_CANCEL);
	T_EQ_STR(t, errs[1].msg, "cut short");
	T_EQ_STR(t, errs[2].msg, "interrupted");
	T_EQ_STR(t, errs[4].msg, "interrupted");
}

void TestSpawnTalk(struct test *t)
{
	struct spawn_talk talk;
	struct err e = {0};
	char text[16] = "";
	const char *const argv[] = {"sh", "-c", "read x; echo got $x; exit 3", NULL};
	const char *const none[] = {"cbuild-no-such-program", NULL};

	T_CHECK(t, spawn_talk(&(struct spawn){.argv = argv}, &talk, &e), "%s", e.msg);
	T_EQ_INT(t, write(talk.in, "it\n", 3), 3);
	T_EQ_INT(t, read(talk.out, text, sizeof text - 1), 7);
	T_EQ_STR(t, text, "got it\n");
	T_EQ_INT(t, spawn_talk_end(&talk), 3);
	T_OK(t, !spawn_talk(&(struct spawn){.argv = none}, &talk, &e) && e.code == ERR_IO);
}
