/* libevent: its HTTP server and client on one loop, and a timer. */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

static char answer[16];

static void on_request(struct evhttp_request *r, void *data)
{
	struct evbuffer *b = evbuffer_new();

	evbuffer_add_printf(b, "hello %s", (const char *)data);
	evhttp_send_reply(r, 200, "OK", b);
	evbuffer_free(b);
}

static void on_answer(struct evhttp_request *r, void *base)
{
	if (r && evhttp_request_get_response_code(r) == 200)
		evbuffer_remove(evhttp_request_get_input_buffer(r), answer, sizeof answer - 1);
	event_base_loopexit(base, &(struct timeval){0, 50000}); /* behind the timer */
}

static void on_timer(evutil_socket_t fd, short what, void *fired)
{
	(void)fd;
	*(int *)fired += (what & EV_TIMEOUT) != 0;
}

int main(void)
{
	struct event_base *base = event_base_new();
	struct evhttp *server = evhttp_new(base);
	struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(server, "127.0.0.1", 0);
	struct timeval soon = {0, 1000}, late = {20, 0};
	struct evhttp_connection *c;
	struct sockaddr_in at = {0};
	socklen_t n = sizeof at;
	int fired = 0, ok;

	if (!bound || getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&at, &n) != 0)
		return 1;
	evhttp_set_gencb(server, on_request, "world");
	event_base_once(base, -1, EV_TIMEOUT, on_timer, &fired, &soon);
	c = evhttp_connection_base_new(base, NULL, "127.0.0.1", ntohs(at.sin_port));
	ok = evhttp_make_request(c, evhttp_request_new(on_answer, base), EVHTTP_REQ_GET, "/") == 0;
	event_base_loopexit(base, &late);
	event_base_dispatch(base);
	evhttp_connection_free(c);
	evhttp_free(server);
	ok = ok && strcmp(answer, "hello world") == 0 && fired == 1 &&
	     strcmp(event_base_get_method(base), "epoll") == 0 && strcmp(event_get_version(), LIBEVENT_VERSION) == 0;
	event_base_free(base);
	return ok ? 0 : 1;
}
