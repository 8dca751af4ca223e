/*
 * Listening, time and draining. Deadlines are looked at twice a second in one
 * walk over the connections: for ten thousand of them that is well under a
 * millisecond, and it spares a timer for each.
 *
 * The listening socket is served through a duplicate, so that closing the
 * server leaves the caller's descriptor open for a successor.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/server_impl.h"

enum { TICK_MS = 500, BACKLOG = 4096 };

static void on_connection(uv_stream_t *h, int status)
{
	if (status == 0)
		conn_accept(h->data);
}

static void check_all(struct server *s)
{
	uint64_t now = uv_now(s->loop);
	bool force = s->draining && now >= s->drain_end_ms;
	struct conn *next;

	for (struct conn *c = s->conns; c != NULL; c = next) {
		next = c->next;
		if (force)
			conn_stop(c, true);
		else
			conn_check(c, now);
	}
}

static void on_tick(uv_timer_t *h)
{
	check_all(h->data);
}

static bool listen_on(struct server *s, int fd, struct err *e)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	int rc;

	if (copy < 0)
		return err_set(e, "cannot duplicate the listening socket: %s", strerror(errno));
	rc = uv_tcp_open(&s->listener, copy);
	if (rc != 0)
		(void)close(copy);
	else
		rc = uv_listen((uv_stream_t *)&s->listener, BACKLOG, on_connection);
	return rc == 0 || err_set(e, "cannot serve the listening socket: %s", uv_strerror(rc));
}

bool server_open(struct server **out, uv_loop_t *loop, int listen_fd,
		 const struct server_options *o, struct err *e)
{
	struct server *s = must_alloc(sizeof(*s));

	memset(s, 0, sizeof(*s));
	s->o = *o;
	s->loop = loop;
	if (uv_tcp_init(loop, &s->listener) != 0 || uv_timer_init(loop, &s->tick) != 0)
		abort(); /* these only fill structs in */
	s->listener.data = s;
	s->tick.data = s;
	*out = s;
	if (listen_on(s, listen_fd, e) && uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS) == 0)
		return true;
	s->o.drained = NULL;
	server_drain(s, 0);
	return false;
}

static void on_tick_closed(uv_handle_t *h)
{
	struct server *s = h->data;

	if (s->o.drained != NULL)
		s->o.drained(s->o.arg);
}

void server_conn_gone(struct server *s)
{
	if (!s->draining || s->conns != NULL || s->told)
		return;
	s->told = true;
	uv_close((uv_handle_t *)&s->tick, on_tick_closed);
}

void server_drain(struct server *s, uint64_t grace_ms)
{
	struct conn *next;

	if (s->draining)
		return;
	s->draining = true;
	s->drain_end_ms = uv_now(s->loop) + grace_ms;
	uv_close((uv_handle_t *)&s->listener, NULL);
	for (struct conn *c = s->conns; c != NULL; c = next) {
		next = c->next;
		conn_stop(c, false);
	}
	server_conn_gone(s);
}

bool server_draining(const struct server *s)
{
	return s->draining;
}

struct server_stats server_stats(const struct server *s)
{
	return s->stats;
}

void server_free(struct server *s)
{
	if (s == NULL)
		return;
	buf_free(&s->out);
	free(s);
}
