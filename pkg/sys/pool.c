/*
 * pool_each hands out indices from one atomic counter in runs of a few, so that neighbouring items
 * stay on one thread. struct pool is one locked queue, one locked list of finished jobs, and a pipe
 * that holds one byte for each of them, so that poll(2) sees it; job and byte come and go together,
 * under the lock.
 *
 * Threads block all signals: the owner alone sees SIGINT.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "sys/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "sys/spawn.h"
#include "sys/sys_impl.h"

/* musl gives 128 KiB by default. */
enum { STACK_BYTES = 1024 * 1024, THREADS_MAX = 64 };

uint64_t counter_next(struct counter *c)
{
	return __atomic_fetch_add(&c->n, 1, __ATOMIC_RELAXED);
}

uint64_t counter_value(struct counter *c)
{
	return __atomic_load_n(&c->n, __ATOMIC_RELAXED);
}

void counter_reset(struct counter *c)
{
	__atomic_store_n(&c->n, 0, __ATOMIC_RELAXED);
}

bool thread_start(pthread_t *thread, void *(*fn)(void *), void *arg)
{
	pthread_attr_t attr;
	sigset_t all, old;
	bool ok;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	ok = pthread_create(thread, &attr, fn, arg) == 0;
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ok;
}

struct each {
	size_t n, run;
	size_t next; /* atomic */
	void (*fn)(void *ctx, size_t i);
	void *ctx;
};

static void *each_worker(void *arg)
{
	struct each *w = arg;
	size_t from, to;

	while ((from = __atomic_fetch_add(&w->next, w->run, __ATOMIC_RELAXED)) < w->n) {
		to = w->n - from < w->run ? w->n : from + w->run;
		for (; from < to; from++)
			w->fn(w->ctx, from);
	}
	return NULL;
}

static unsigned thread_count(unsigned asked)
{
	unsigned n = asked ? asked : cpu_count();

	return n > THREADS_MAX ? THREADS_MAX : n;
}

void pool_each(size_t n, unsigned threads, void (*fn)(void *ctx, size_t i), void *ctx)
{
	struct each w = {.n = n, .fn = fn, .ctx = ctx};
	pthread_t thread[THREADS_MAX];
	unsigned started = 0, want;

	want = n < 2 ? 1 : thread_count(threads);
	if (want > n)
		want = (unsigned)n;
	w.run = n / (want ? want : 1) / 16 + 1;
	while (started + 1 < want && thread_start(&thread[started], each_worker, &w))
		started++;
	each_worker(&w);
	for (unsigned i = 0; i < started; i++)
		pthread_join(thread[i], NULL);
}

struct job {
	void (*fn)(void *);
	void *arg;
	struct job *next;
};

struct job_list {
	struct job *first, *last;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct job_list queued, done;
	bool closing;
	unsigned idle; /* threads that wait for work */

	/* The owner's own. */
	int fd[2];
	size_t running;
	unsigned threads, threads_max;
	pthread_t thread[THREADS_MAX];
};

static void list_add(struct job_list *l, struct job *j)
{
	j->next = NULL;
	if (l->last)
		l->last->next = j;
	else
		l->first = j;
	l->last = j;
}

static struct job *list_take(struct job_list *l)
{
	struct job *j = l->first;

	if (!j)
		return NULL;
	l->first = j->next;
	if (!l->first)
		l->last = NULL;
	return j;
}

static void list_drop(struct job_list *l)
{
	struct job *j;

	while ((j = list_take(l)))
		free(j);
}

static struct job *next_job(struct pool *p)
{
	struct job *j;

	pthread_mutex_lock(&p->lock);
	while (!p->queued.first && !p->closing) {
		p->idle++;
		pthread_cond_wait(&p->work, &p->lock);
		p->idle--;
	}
	j = p->closing ? NULL : list_take(&p->queued);
	pthread_mutex_unlock(&p->lock);
	return j;
}

static void add_done(struct pool *p, struct job *j)
{
	ssize_t n;

	pthread_mutex_lock(&p->lock);
	list_add(&p->done, j);
	/* A full pipe (65,536 untaken jobs) is readable anyway. */
	do {
		n = write(p->fd[1], "", 1);
	} while (n < 0 && errno == EINTR);
	pthread_mutex_unlock(&p->lock);
}

static void *pool_worker(void *arg)
{
	struct pool *p = arg;
	struct job *j;

	while ((j = next_job(p))) {
		j->fn(j->arg);
		add_done(p, j);
	}
	return NULL;
}

bool pool_open(unsigned threads, struct pool **out, struct err *e)
{
	struct pool *p = mem_alloc(sizeof *p);

	if (pipe2(p->fd, O_CLOEXEC | O_NONBLOCK) != 0) {
		err_errno(e, "making a pipe for worker threads");
		free(p);
		return false;
	}
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	p->threads_max = thread_count(threads);
	*out = p;
	return true;
}

static void add_thread(struct pool *p)
{
	if (p->threads < p->threads_max && thread_start(&p->thread[p->threads], pool_worker, p))
		p->threads++;
}

void pool_start(struct pool *p, void (*fn)(void *job), void *arg)
{
	struct job *j = mem_alloc(sizeof *j);
	bool idle;

	*j = (struct job){.fn = fn, .arg = arg};
	p->running++;
	pthread_mutex_lock(&p->lock);
	list_add(&p->queued, j);
	idle = p->idle > 0;
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
	if (!idle)
		add_thread(p);
	if (p->threads)
		return;
	/* No thread can be had: the owner does it, as if a worker had. */
	pthread_mutex_lock(&p->lock);
	j = list_take(&p->queued);
	pthread_mutex_unlock(&p->lock);
	j->fn(j->arg);
	add_done(p, j);
}

void *pool_take(struct pool *p)
{
	struct job *j;
	void *arg;
	char c;

	pthread_mutex_lock(&p->lock);
	j = list_take(&p->done);
	while (j && read(p->fd[0], &c, 1) < 0 && errno == EINTR)
		continue;
	pthread_mutex_unlock(&p->lock);
	if (!j)
		return NULL;
	p->running--;
	arg = j->arg;
	free(j);
	return arg;
}

int pool_fd(const struct pool *p)
{
	return p->fd[0];
}

size_t pool_running(const struct pool *p)
{
	return p->running;
}

void pool_close(struct pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->closing = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->threads; i++)
		pthread_join(p->thread[i], NULL);
	list_drop(&p->queued);
	list_drop(&p->done);
	close_quiet(p->fd[0]);
	close_quiet(p->fd[1]);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
