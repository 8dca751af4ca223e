/*
 * Two bounded queues, one for reads and one for edits, under one mutex; the
 * threads take from them in bulk. What is finished goes on a list that an async
 * handle empties on the loop, many jobs a wake-up.
 */
#include "store/store.h"

#include <stdlib.h>
#include <time.h>

#include "store/db.h"

enum { GROUP_JOBS = 1024, READ_JOBS = 64, READERS_MAX = 16 };
enum { GROUP_BYTES = 8 << 20 };

struct queue {
	struct store_job *head;
	struct store_job **tail;
	size_t jobs;
	size_t bytes;
	uv_cond_t wake;
};

struct worker {
	struct store *s;
	uv_thread_t thread;
	struct db db;
};

struct store {
	struct store_options o;
	uv_mutex_t lock; /* guards what is below, up to `stats` */
	struct queue reads;
	struct queue edits;
	struct store_job *finished;
	struct store_job **finished_tail;
	bool stopping;
	struct store_stats stats;
	struct worker writer;
	struct worker readers[READERS_MAX];
	int started; /* readers */
	bool writing;
	uv_async_t wake_loop;
};

static void queue_init(struct queue *q)
{
	q->tail = &q->head;
	if (uv_cond_init(&q->wake) != 0)
		abort(); /* no memory */
}

static size_t job_bytes(const struct store_job *job)
{
	size_t n = 0;

	for (size_t i = 0; i < job->nedits; i++)
		n += job->edits[i].key.n + job->edits[i].value.n;
	return n;
}

static void queue_add(struct queue *q, struct store_job *job)
{
	job->next = NULL;
	*q->tail = job;
	q->tail = &job->next;
	q->jobs++;
	q->bytes += job_bytes(job);
	uv_cond_signal(&q->wake);
}

/* Takes at least one job and as many more as the limits allow, in order. */
static struct store_job *queue_take(struct queue *q, size_t max_jobs)
{
	struct store_job *first = q->head, **end = &first;
	size_t bytes = 0;

	for (size_t n = 0; *end != NULL && n < max_jobs && bytes < GROUP_BYTES; n++) {
		bytes += job_bytes(*end);
		q->jobs--;
		end = &(*end)->next;
	}
	q->head = *end;
	if (q->head == NULL)
		q->tail = &q->head;
	else
		uv_cond_signal(&q->wake); /* another reader may go on */
	*end = NULL;
	q->bytes -= bytes;
	return first;
}

/* Waits for work. NULL when there is none and the store is closing. */
static struct store_job *wait_for_jobs(struct store *s, struct queue *q, size_t max_jobs)
{
	struct store_job *jobs = NULL;

	uv_mutex_lock(&s->lock);
	while (q->head == NULL && !s->stopping)
		uv_cond_wait(&q->wake, &s->lock);
	if (q->head != NULL)
		jobs = queue_take(q, max_jobs);
	uv_mutex_unlock(&s->lock);
	return jobs;
}

static void finish(struct store *s, struct store_job *jobs)
{
	uv_mutex_lock(&s->lock);
	*s->finished_tail = jobs;
	while (*s->finished_tail != NULL) {
		enum store_status status = (*s->finished_tail)->status;

		s->stats.failures += status == STORE_FULL || status == STORE_BROKEN;
		s->finished_tail = &(*s->finished_tail)->next;
	}
	uv_mutex_unlock(&s->lock);
	(void)uv_async_send(&s->wake_loop);
}

static void encode(struct store_job *job)
{
	if (job->on_encode != NULL)
		job->on_encode(job);
}

static void read_loop(void *arg)
{
	struct worker *w = arg;
	struct store_job *jobs;

	while ((jobs = wait_for_jobs(w->s, &w->s->reads, READ_JOBS)) != NULL) {
		for (struct store_job *job = jobs; job != NULL; job = job->next) {
			db_read(&w->db, job);
			encode(job);
		}
		finish(w->s, jobs);
	}
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum store_status status_of(int rc)
{
	return (rc & 0xff) == SQLITE_FULL ? STORE_FULL : STORE_BROKEN;
}

/* One transaction for all the jobs. Returns SQLite's code; not OK means nothing was changed. */
static int commit_group(struct db *d, struct store_job *jobs)
{
	int64_t version, now = now_ms();
	int rc = db_begin(d, &version);

	for (struct store_job *job = jobs; job != NULL && rc == SQLITE_OK; job = job->next)
		rc = db_edit(d, job, &version, now);
	if (rc == SQLITE_OK)
		return db_commit(d, version);
	db_rollback(d);
	return rc;
}

static void note_commit(struct store *s, struct store_job *jobs, int rc)
{
	uint64_t edits = 0;

	for (struct store_job *job = jobs; job != NULL; job = job->next) {
		if (rc != SQLITE_OK)
			job->status = status_of(rc);
		else if (job->status == STORE_OK)
			edits += job->nedits;
		encode(job);
	}
	uv_mutex_lock(&s->lock);
	s->stats.commits += rc == SQLITE_OK;
	s->stats.edits += edits;
	s->stats.failed_ns = rc == SQLITE_OK ? 0 : uv_hrtime();
	uv_mutex_unlock(&s->lock);
}

static void write_loop(void *arg)
{
	struct worker *w = arg;
	struct store_job *jobs;

	while ((jobs = wait_for_jobs(w->s, &w->s->edits, GROUP_JOBS)) != NULL) {
		note_commit(w->s, jobs, commit_group(&w->db, jobs));
		finish(w->s, jobs);
	}
}

static void deliver(struct store *s)
{
	struct store_job *job;

	uv_mutex_lock(&s->lock);
	job = s->finished;
	s->finished = NULL;
	s->finished_tail = &s->finished;
	uv_mutex_unlock(&s->lock);
	while (job != NULL) {
		struct store_job *next = job->next;

		job->done(job); /* may free it */
		job = next;
	}
}

static void on_wake(uv_async_t *h)
{
	deliver(h->data);
}

static bool start(struct worker *w, struct store *s, bool writer, struct err *e)
{
	w->s = s;
	if (!db_open(&w->db, &s->o, writer, e))
		return false;
	if (uv_thread_create(&w->thread, writer ? write_loop : read_loop, w) != 0) {
		db_close(&w->db);
		return err_set(e, "cannot start a thread for the database");
	}
	return true;
}

static void set_defaults(struct store_options *o)
{
	if (o->readers <= 0)
		o->readers = 2;
	if (o->readers > READERS_MAX)
		o->readers = READERS_MAX;
	if (o->queue_jobs == 0)
		o->queue_jobs = 16384;
	if (o->queue_bytes == 0)
		o->queue_bytes = (size_t)64 << 20;
}

static struct store *new_store(uv_loop_t *loop, const struct store_options *o)
{
	struct store *s = must_alloc(sizeof(*s));

	*s = (struct store){.o = *o};
	set_defaults(&s->o);
	s->finished_tail = &s->finished;
	if (uv_mutex_init(&s->lock) != 0 || uv_async_init(loop, &s->wake_loop, on_wake) != 0)
		abort(); /* no memory, or no descriptor, at the very start */
	queue_init(&s->reads);
	queue_init(&s->edits);
	s->wake_loop.data = s;
	return s;
}

bool store_open(struct store **out, uv_loop_t *loop, const struct store_options *o, struct err *e)
{
	struct store *s = new_store(loop, o);

	s->writing = start(&s->writer, s, true, e);
	while (s->writing && s->started < s->o.readers) {
		if (!start(&s->readers[s->started], s, false, e))
			break;
		s->started++;
	}
	if (s->started < s->o.readers) {
		store_close(s);
		return false;
	}
	*out = s;
	return true;
}

static bool has_room(const struct store *s, const struct queue *q)
{
	return q->jobs < s->o.queue_jobs && q->bytes < s->o.queue_bytes;
}

bool store_submit(struct store *s, struct store_job *job)
{
	struct queue *q = job->op == STORE_EDIT ? &s->edits : &s->reads;
	bool room;

	uv_mutex_lock(&s->lock);
	room = !s->stopping && has_room(s, q);
	if (room)
		queue_add(q, job);
	uv_mutex_unlock(&s->lock);
	return room;
}

struct store_stats store_stats(struct store *s)
{
	struct store_stats st;

	uv_mutex_lock(&s->lock);
	st = s->stats;
	st.waiting_reads = s->reads.jobs;
	st.waiting_edits = s->edits.jobs;
	uv_mutex_unlock(&s->lock);
	return st;
}

static void stop(struct worker *w)
{
	(void)uv_thread_join(&w->thread);
	db_close(&w->db);
}

static void on_closed(uv_handle_t *h)
{
	struct store *s = h->data;

	uv_cond_destroy(&s->reads.wake);
	uv_cond_destroy(&s->edits.wake);
	uv_mutex_destroy(&s->lock);
	free(s);
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	uv_mutex_lock(&s->lock);
	s->stopping = true;
	uv_cond_broadcast(&s->reads.wake);
	uv_cond_broadcast(&s->edits.wake);
	uv_mutex_unlock(&s->lock);
	for (int i = 0; i < s->started; i++)
		stop(&s->readers[i]);
	if (s->writing)
		stop(&s->writer); /* last: its close folds the log into the database */
	deliver(s);
	uv_close((uv_handle_t *)&s->wake_loop, on_closed);
}
