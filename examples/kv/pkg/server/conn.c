/*
 * One connection. Bytes land in the server's shared read buffer; requests that
 * are whole there are handled in place, and only the rest of an unfinished one
 * is copied to the connection. Answers are put together in a shared buffer and
 * written at once; only what the kernel refuses is kept. So an idle connection
 * costs this struct and nothing more.
 *
 * One request is in work at a time. Meanwhile further bytes are kept up to a
 * bound, then reading stops: the peer's window is the backpressure.
 */
#include <stdlib.h>
#include <string.h>

#include "server/server_impl.h"

enum { LINGER_MS = 2000, FIRST_MS = 1000, LAST_MS = 500, FLUSH_BYTES = 64 << 10 };

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *b);
static void on_read(uv_stream_t *h, ssize_t n, const uv_buf_t *b);
static void resume(struct conn *c);

static bool closed(const struct conn *c)
{
	return c->stage == STAGE_CLOSED;
}

static bool busy(const struct conn *c)
{
	return c->owed || c->writing || c->ending || closed(c);
}

static void release(struct conn *c)
{
	if (c->handle_closed && !c->owed)
		free(c);
}

static void on_closed(uv_handle_t *h)
{
	struct conn *c = h->data;

	c->handle_closed = true;
	release(c);
}

static void drop_input(struct conn *c)
{
	c->s->stats.buffered_bytes -= c->in.cap;
	buf_free(&c->in);
}

static void unlink_conn(struct conn *c)
{
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		c->s->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
}

static void close_now(struct conn *c)
{
	if (closed(c))
		return;
	c->stage = STAGE_CLOSED;
	drop_input(c);
	buf_free(&c->more);
	unlink_conn(c);
	c->s->stats.connections--;
	uv_close((uv_handle_t *)&c->tcp, on_closed);
	server_conn_gone(c->s);
}

/* --- time --------------------------------------------------------------- */

static uint64_t allowance_ms(const struct conn *c, enum stage stage)
{
	const struct server_options *o = &c->s->o;

	switch (stage) {
	case STAGE_IDLE:
		return o->idle_timeout_ms;
	case STAGE_HEAD:
		return o->head_timeout_ms;
	case STAGE_BODY:
	case STAGE_WRITE:
		return o->request_timeout_ms;
	case STAGE_LINGER:
		return LINGER_MS;
	case STAGE_WORK:
	case STAGE_CLOSED:
		break;
	}
	return UINT64_MAX / 2;
}

static void enter(struct conn *c, enum stage stage)
{
	c->stage = stage;
	c->deadline_ms = uv_now(c->s->loop) + allowance_ms(c, stage);
}

/* A stage that goes on keeps its deadline: a byte now and then buys no time. */
static void update_stage(struct conn *c)
{
	enum stage now = STAGE_IDLE;

	if (c->writing)
		now = STAGE_WRITE;
	else if (c->owed)
		now = STAGE_WORK;
	else if (c->framer.head > 0)
		now = STAGE_BODY;
	else if (c->in.n > 0)
		now = STAGE_HEAD;
	if (now != c->stage)
		enter(c, now);
}

/* --- writing ------------------------------------------------------------ */

static void on_shutdown(uv_shutdown_t *req, int status)
{
	struct conn *c = req->handle->data;

	if (status != 0 || c->eof)
		close_now(c);
}

/*
 * Everything is sent. A close while the peer still sends would make the kernel
 * answer with a reset, which can destroy the answer before it is read
 * (RFC 9112, section 9.6); so only our half is closed until the peer is done.
 */
static void linger(struct conn *c)
{
	drop_input(c);
	enter(c, STAGE_LINGER);
	if (c->eof || uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown) != 0)
		close_now(c);
}

static void on_written(uv_write_t *req, int status);

static void start_write(struct conn *c)
{
	uv_buf_t b = uv_buf_init(c->out.p, (unsigned)c->out.n);

	c->writing = true;
	enter(c, STAGE_WRITE);
	if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &b, 1, on_written) != 0) {
		c->writing = false;
		buf_free(&c->out);
		close_now(c);
	}
}

static void on_written(uv_write_t *req, int status)
{
	struct conn *c = req->handle->data;

	c->writing = false;
	buf_free(&c->out);
	if (closed(c))
		return;
	if (status != 0) {
		close_now(c);
	} else if (c->more.n > 0) {
		c->out = c->more;
		c->more = (struct buf){0};
		start_write(c);
	} else {
		resume(c);
	}
}

/* Sends what is in the shared buffer, or keeps it for when the peer takes it. */
static void flush(struct conn *c)
{
	struct buf *out = &c->s->out;
	uv_buf_t b = uv_buf_init(out->p, (unsigned)out->n);
	int sent = UV_EAGAIN;

	if (out->n == 0)
		return;
	if (!c->writing)
		sent = uv_try_write((uv_stream_t *)&c->tcp, &b, 1);
	if (sent < 0 && sent != UV_EAGAIN) {
		close_now(c);
	} else if (sent < 0 || (size_t)sent < out->n) {
		size_t gone = sent > 0 ? (size_t)sent : 0;

		buf_add(c->writing ? &c->more : &c->out, out->p + gone, out->n - gone);
		if (!c->writing)
			start_write(c);
	}
	out->n = 0;
	if (out->cap > 4 * FLUSH_BYTES)
		buf_free(out);
}

static struct str date(struct server *s)
{
	uv_timeval64_t now;

	if (uv_gettimeofday(&now) == 0 && now.tv_sec != s->date_s) {
		s->date_s = now.tv_sec;
		http_date(now.tv_sec, s->date);
	}
	return (struct str){s->date, sizeof(s->date) - 1};
}

/* Puts the answer in the shared buffer. */
static void append(struct conn *c, const struct http_response *r)
{
	struct server *s = c->s;
	struct http_send send = {
	    .date = date(s),
	    .no_body = c->x.method == HTTP_HEAD,
	    .close = !c->keep_alive || s->draining,
	};

	c->ending = send.close;
	http_write(&s->out, r, &send);
	if (s->o.answered != NULL)
		s->o.answered(s->o.arg, &c->x, r->status, uv_hrtime() - c->x.start_ns);
}

void server_answer(struct exchange *x, const struct http_response *r)
{
	struct conn *c = (struct conn *)x;

	c->owed = false;
	if (closed(c)) {
		release(c);
		return;
	}
	append(c, r);
	if (!c->in_handler) {
		flush(c);
		resume(c);
	}
}

/* The server's own answer to what it cannot or will not read; the last one. */
static void refuse(struct conn *c, int status)
{
	struct http_response r = {.status = status, .type = STR("text/plain; charset=utf-8")};
	struct buf body = {0};

	buf_fmt(&body, "%d %s\n", status, http_reason(status));
	r.body = buf_view(&body);
	c->keep_alive = false;
	c->x = (struct exchange){.method = HTTP_OTHER, .start_ns = uv_hrtime()};
	append(c, &r);
	buf_free(&body);
}

/* --- reading ------------------------------------------------------------ */

static void pause_reading(struct conn *c, bool pause)
{
	if (c->paused == pause || c->eof)
		return;
	c->paused = pause;
	if (pause)
		(void)uv_read_stop((uv_stream_t *)&c->tcp);
	else if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0)
		close_now(c);
}

static void keep(struct conn *c, const char *p, size_t n)
{
	size_t before = c->in.cap;

	buf_add(&c->in, p, n);
	c->s->stats.buffered_bytes += c->in.cap - before;
}

static void handle(struct conn *c, const struct http_request *r)
{
	struct server *s = c->s;

	c->x = (struct exchange){.method = r->method, .start_ns = uv_hrtime()};
	c->keep_alive = r->keep_alive;
	enter(c, STAGE_WORK); /* and what follows has a deadline of its own */
	c->served = true;
	c->owed = true;
	c->in_handler = true;
	s->o.handler(s->o.arg, &c->x, r);
	c->in_handler = false;
}

/* Part of a request is here, the rest is to come. */
static void wait_for_more(struct conn *c, size_t have)
{
	struct server *s = c->s;

	if (s->stats.buffered_bytes + have > s->o.max_buffered_bytes) {
		refuse(c, 503);
	} else if (c->framer.wants_continue) {
		c->framer.wants_continue = false;
		buf_str(&s->out, STR("HTTP/1.1 100 Continue\r\n\r\n"));
	}
}

/*
 * Handles the requests in p[0..*n), of which the first may be known in part.
 * Returns the bytes that are done with; those up to *n are still wanted.
 */
static size_t process(struct conn *c, char *p, size_t *n)
{
	struct http_request r;
	size_t done = 0;

	while (done < *n && !busy(c)) {
		size_t used = 0, have = *n - done;

		switch (http_next(&c->framer, &c->s->o.limits, p + done, &have, &r, &used)) {
		case HTTP_MORE:
			*n = done + have;
			wait_for_more(c, have);
			return done;
		case HTTP_BAD:
			refuse(c, c->framer.status);
			break;
		case HTTP_DONE:
			handle(c, &r);
			done += used;
			break;
		}
		if (c->s->out.n > FLUSH_BYTES)
			flush(c);
	}
	return done;
}

/* What follows any input, answer or completed write. */
static void settle(struct conn *c)
{
	if (!closed(c))
		flush(c);
	c->s->out.n = 0;
	if (closed(c))
		return;
	if (c->in.n == 0)
		drop_input(c);
	if (c->owed || c->writing)
		pause_reading(c, c->in.n > READ_BYTES);
	else if (c->eof)
		close_now(c);
	else
		pause_reading(c, false);
	if (closed(c))
		return;
	if (c->ending && !c->owed && !c->writing)
		linger(c);
	else
		update_stage(c);
}

/* Handles what is in the connection's own buffer. */
static void resume(struct conn *c)
{
	size_t done;

	if (!busy(c) && c->in.n > 0) {
		done = process(c, c->in.p, &c->in.n);
		if (!closed(c) && done > 0) {
			memmove(c->in.p, c->in.p + done, c->in.n - done);
			c->in.n -= done;
		}
	}
	settle(c);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *b)
{
	struct conn *c = h->data;

	(void)suggested;
	*b = uv_buf_init(c->s->in, sizeof(c->s->in));
}

static void take(struct conn *c, char *p, size_t n)
{
	size_t done;

	if (c->in.n > 0 || busy(c)) {
		keep(c, p, n);
		resume(c);
		return;
	}
	done = process(c, p, &n);
	if (!closed(c) && !c->ending)
		keep(c, p + done, n - done);
	settle(c);
}

static void on_read(uv_stream_t *h, ssize_t n, const uv_buf_t *b)
{
	struct conn *c = h->data;

	if (n == UV_EOF) {
		c->eof = true;
		(void)uv_read_stop(h);
		if (c->stage == STAGE_LINGER)
			close_now(c);
		else
			settle(c);
	} else if (n < 0) {
		close_now(c);
	} else if (n > 0 && c->stage != STAGE_LINGER) {
		take(c, b->base, (size_t)n);
	}
}

/* --- beginning and end -------------------------------------------------- */

static void start(struct conn *c)
{
	struct server *s = c->s;

	c->next = s->conns;
	if (c->next != NULL)
		c->next->prev = c;
	s->conns = c;
	s->stats.connections++;
	s->stats.accepted++;
	enter(c, STAGE_IDLE);
	c->deadline_ms = uv_now(s->loop) + s->o.head_timeout_ms; /* a first request comes soon */
	(void)uv_tcp_nodelay(&c->tcp, 1);
	if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0)
		close_now(c);
}

void conn_accept(struct server *s)
{
	struct conn *c = must_alloc(sizeof(*c));

	*c = (struct conn){.s = s};
	if (uv_tcp_init(s->loop, &c->tcp) != 0) {
		free(c);
		return;
	}
	c->tcp.data = c;
	if (uv_accept((uv_stream_t *)&s->listener, (uv_stream_t *)&c->tcp) != 0 ||
	    s->stats.connections >= s->o.max_connections) {
		s->stats.refused++;
		c->stage = STAGE_CLOSED;
		uv_close((uv_handle_t *)&c->tcp, on_closed);
		return;
	}
	start(c);
}

void conn_check(struct conn *c, uint64_t now_ms)
{
	if (now_ms < c->deadline_ms)
		return;
	if (c->stage == STAGE_HEAD || c->stage == STAGE_BODY) {
		c->s->stats.timeouts++;
		refuse(c, 408);
		settle(c);
		return;
	}
	c->s->stats.timeouts += c->stage == STAGE_WRITE;
	close_now(c);
}

void conn_stop(struct conn *c, bool force)
{
	if (force)
		close_now(c);
	else if (c->stage == STAGE_IDLE)
		c->deadline_ms = uv_now(c->s->loop) + (c->served ? LAST_MS : FIRST_MS);
}
