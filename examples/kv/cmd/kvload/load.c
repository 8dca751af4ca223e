/*
 * The stages: open the connections, a few at a time so that no accept queue
 * overflows; put each connection's own key; run; wait for the last answers. A
 * connection has one request out at a time. Which connection is next goes round,
 * so all of them are used and none may have been dropped unseen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "bytes/bytes.h"
#include "kvload.h"

enum { CONNECTING_MAX = 256, READ_BYTES = 64 << 10, STALL_MS = 15000, WATCH_MS = 500 };

enum stage { STAGE_OPEN, STAGE_RUN, STAGE_END };

struct client {
	uv_tcp_t tcp;
	uv_connect_t connect;
	struct load *l;
	size_t id;
	unsigned generation; /* of the value last put */
	bool open;
	bool waiting;
	bool is_put;
	uint64_t sent_us;
	struct buf in;
};

struct load {
	struct load_options o;
	struct load_result *r;
	uv_loop_t loop;
	uv_timer_t watch;
	struct sockaddr_in to;
	struct client *clients;
	enum stage stage;
	size_t begun;	/* connections */
	size_t settled; /* connections with their first put answered, or failed */
	size_t in_flight;
	size_t next;
	uint64_t requests;
	uint64_t start_ms, end_ms, progress_ms;
	char read[READ_BYTES];
};

static void open_more(struct load *l);
static void send_more(struct load *l);

static uint64_t now_us(void)
{
	return uv_hrtime() / 1000;
}

static void fail(struct client *c, const char *why)
{
	struct load *l = c->l;

	if (l->r->failures++ == 0)
		(void)err_set(&l->r->first_failure, "connection %zu: %s", c->id, why);
}

static void on_closed(uv_handle_t *h)
{
	struct client *c = h->data;

	buf_free(&c->in);
}

static void drop(struct client *c)
{
	if (c->open)
		uv_close((uv_handle_t *)&c->tcp, on_closed);
	c->open = false;
}

static void finish(struct load *l)
{
	if (l->stage == STAGE_END)
		return;
	l->stage = STAGE_END;
	l->r->run_ms = uv_now(&l->loop) - l->start_ms;
	for (size_t i = 0; i < l->o.connections; i++) {
		l->r->open_after += l->clients[i].open;
		drop(&l->clients[i]);
	}
	uv_close((uv_handle_t *)&l->watch, NULL);
}

static void start_run(struct load *l)
{
	uv_update_time(&l->loop);
	l->r->connect_ms = uv_now(&l->loop) - l->start_ms;
	l->stage = STAGE_RUN;
	l->start_ms = uv_now(&l->loop);
	l->end_ms = l->start_ms + l->o.duration_ms;
	send_more(l);
}

/* A request of this connection has ended, well or not. */
static void ended(struct client *c)
{
	struct load *l = c->l;

	c->waiting = false;
	c->in.n = 0;
	l->in_flight--;
	l->progress_ms = uv_now(&l->loop);
	if (l->stage == STAGE_RUN) {
		send_more(l);
	} else if (l->stage == STAGE_OPEN) {
		buf_free(&c->in);
		if (++l->settled == l->o.connections)
			start_run(l);
		else
			open_more(l);
	}
}

static void broken(struct client *c, const char *why)
{
	bool waiting = c->waiting;

	fail(c, why);
	drop(c);
	if (waiting)
		ended(c);
}

/* --- values ------------------------------------------------------------- */

/* What connection `id` put as its `generation`th value. */
static void value(const struct client *c, struct buf *out)
{
	size_t start = out->n, size = c->l->o.value_bytes;

	while (out->n - start < size)
		buf_fmt(out, "value %u of connection %zu; ", c->generation, c->id);
	out->n = start + size;
}

static bool is_value(const struct client *c, struct str body)
{
	struct buf want = {0};
	bool same;

	value(c, &want);
	same = str_eq(body, buf_view(&want));
	buf_free(&want);
	return same;
}

/* --- answers ------------------------------------------------------------ */

struct answer {
	int status;
	size_t head;
	size_t length;
};

/* False while the head is not whole. A head without a length counts as length 0. */
static bool read_answer(struct str in, struct answer *a)
{
	const struct str name = STR("Content-Length:");
	struct str rest = in;
	uint64_t v;

	*a = (struct answer){0};
	while (rest.n > 0) {
		struct str line = str_cut(&rest, '\n');

		if (line.n == 1 && rest.p > in.p) {
			a->head = (size_t)(rest.p - in.p);
			return true;
		}
		if (str_starts(line, STR("HTTP/1.1 ")) && line.n >= 12 &&
		    str_to_u64((struct str){line.p + 9, 3}, &v))
			a->status = (int)v;
		if (line.n > name.n && str_ieq((struct str){line.p, name.n}, name) &&
		    str_to_u64(str_trim((struct str){line.p + name.n, line.n - name.n - 1}), &v))
			a->length = (size_t)v;
	}
	return false;
}

static const char *judge(const struct client *c, const struct answer *a, struct str body)
{
	if (c->is_put)
		return a->status == 201 || a->status == 204 ? NULL : "a put was refused";
	if (a->status != 200)
		return "a get was refused";
	return is_value(c, body) ? NULL : "a get brought another value than was put";
}

static void on_answer(struct client *c, const struct answer *a)
{
	struct load *l = c->l;
	struct str body = {c->in.p + a->head, a->length};
	const char *wrong = judge(c, a, body);

	if (wrong != NULL)
		fail(c, wrong);
	l->r->puts += c->is_put;
	l->r->gets += !c->is_put;
	if (l->stage == STAGE_RUN)
		latency_add(&l->r->latency, now_us() - c->sent_us);
	ended(c);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *b)
{
	struct client *c = h->data;

	(void)suggested;
	*b = uv_buf_init(c->l->read, sizeof(c->l->read));
}

static void on_read(uv_stream_t *h, ssize_t n, const uv_buf_t *b)
{
	struct client *c = h->data;
	struct answer a;

	if (n < 0) {
		broken(c, n == UV_EOF ? "the server closed it" : uv_strerror((int)n));
		return;
	}
	buf_add(&c->in, b->base, (size_t)n);
	if (!read_answer(buf_view(&c->in), &a) || c->in.n < a.head + a.length)
		return;
	if (!c->waiting || c->in.n > a.head + a.length)
		broken(c, "the server sent more than was asked for");
	else
		on_answer(c, &a);
}

/* --- requests ----------------------------------------------------------- */

static void on_written(uv_write_t *req, int status)
{
	struct client *c = req->handle->data;

	free(req->data);
	free(req);
	if (status != 0 && c->open)
		broken(c, uv_strerror(status));
}

static void write_request(struct client *c, struct buf *out)
{
	uv_write_t *req = must_alloc(sizeof(*req));
	uv_buf_t b = uv_buf_init(out->p, (unsigned)out->n);

	req->data = out->p;
	c->sent_us = now_us();
	if (uv_write(req, (uv_stream_t *)&c->tcp, &b, 1, on_written) != 0) {
		free(req);
		buf_free(out);
		broken(c, "cannot write");
	}
}

static void send_request(struct client *c, bool is_put)
{
	struct buf out = {0};

	c->is_put = is_put;
	c->waiting = true;
	c->l->in_flight++;
	buf_fmt(&out, "%s /kv/load%%2F%zu HTTP/1.1\r\nHost: kv\r\n", is_put ? "PUT" : "GET", c->id);
	if (is_put) {
		c->generation++;
		buf_fmt(&out, "Content-Type: text/plain\r\nContent-Length: %zu\r\n",
			c->l->o.value_bytes);
	}
	buf_str(&out, STR("\r\n"));
	if (is_put)
		value(c, &out);
	write_request(c, &out);
}

/* The next connection that can take a request, or NULL. */
static struct client *next_free(struct load *l)
{
	for (size_t tried = 0; tried < l->o.connections; tried++) {
		struct client *c = &l->clients[l->next];

		l->next = (l->next + 1) % l->o.connections;
		if (c->open && !c->waiting)
			return c;
	}
	return NULL;
}

/* Puts are spread evenly among the gets. */
static bool put_is_due(struct load *l)
{
	uint64_t n = l->requests++;

	return (n + 1) * l->o.put_percent / 100 > n * l->o.put_percent / 100;
}

static void send_more(struct load *l)
{
	struct client *c;

	while (l->in_flight < l->o.in_flight && uv_now(&l->loop) < l->end_ms) {
		c = next_free(l);
		if (c == NULL)
			break;
		send_request(c, put_is_due(l));
	}
	if (l->in_flight == 0)
		finish(l);
}

/* --- connections -------------------------------------------------------- */

static void on_connect(uv_connect_t *req, int status)
{
	struct client *c = req->handle->data;
	struct load *l = c->l;

	l->in_flight--;
	c->waiting = false;
	if (status == UV_ECANCELED)
		return;
	if (status == 0)
		status = uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
	if (status == 0) {
		l->r->opened++;
		send_request(c, true);
		return;
	}
	l->in_flight++; /* given back by broken() */
	c->waiting = true;
	broken(c, uv_strerror(status));
}

static void open_one(struct load *l)
{
	struct client *c = &l->clients[l->begun];
	int rc;

	c->l = l;
	c->id = l->begun++;
	c->tcp.data = c;
	c->waiting = true;
	l->in_flight++;
	rc = uv_tcp_init(&l->loop, &c->tcp);
	c->open = rc == 0;
	if (rc == 0)
		rc = uv_tcp_connect(&c->connect, &c->tcp, (const struct sockaddr *)&l->to,
				    on_connect);
	if (rc != 0)
		broken(c, uv_strerror(rc));
}

static void open_more(struct load *l)
{
	while (l->in_flight < CONNECTING_MAX && l->begun < l->o.connections)
		open_one(l);
}

/* --- the whole ---------------------------------------------------------- */

/* Ends a load that no answer moves any more. */
static void on_watch(uv_timer_t *t)
{
	struct load *l = t->data;

	if (uv_now(&l->loop) - l->progress_ms < STALL_MS)
		return;
	l->r->failures += l->in_flight;
	(void)err_set(&l->r->first_failure, "no answer for %d s", STALL_MS / 1000);
	finish(l);
}

static struct load *new_load(const struct load_options *o, struct load_result *r)
{
	struct load *l = must_alloc(sizeof(*l));

	memset(l, 0, sizeof(*l));
	memset(r, 0, sizeof(*r));
	l->o = *o;
	l->r = r;
	l->clients = must_alloc(o->connections * sizeof(*l->clients));
	memset(l->clients, 0, o->connections * sizeof(*l->clients));
	return l;
}

bool load_run(const struct load_options *o, struct load_result *r, struct err *e)
{
	struct load *l = new_load(o, r);
	bool ok = false;

	if (uv_ip4_addr(o->host, o->port, &l->to) != 0) {
		(void)err_set(e, "%s: not an IPv4 address", o->host);
	} else if (uv_loop_init(&l->loop) != 0 || uv_timer_init(&l->loop, &l->watch) != 0) {
		(void)err_set(e, "cannot make an event loop");
	} else {
		l->watch.data = l;
		l->start_ms = l->progress_ms = uv_now(&l->loop);
		(void)uv_timer_start(&l->watch, on_watch, WATCH_MS, WATCH_MS);
		open_more(l);
		(void)uv_run(&l->loop, UV_RUN_DEFAULT);
		(void)uv_loop_close(&l->loop);
		ok = true;
	}
	free(l->clients);
	free(l);
	return ok;
}
