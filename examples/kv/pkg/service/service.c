/* The routes, and the order in which things start and stop. */
#include "service/service.h"

#include <stdlib.h>

#include "service/service_impl.h"

enum { HEAD_BYTES = 8192 };

typedef void (*route_handler)(struct service *s, struct exchange *x, const struct http_request *r);

static const struct rule {
	const char *path;
	bool is_prefix;
	enum route route;
	enum http_method method;
	route_handler handle;
} rules[] = {
    {"/kv/_batch", false, ROUTE_BATCH, HTTP_POST, handle_batch},
    {"/kv/", true, ROUTE_KEY, HTTP_GET, handle_get},
    {"/kv/", true, ROUTE_KEY, HTTP_HEAD, handle_get},
    {"/kv/", true, ROUTE_KEY, HTTP_PUT, handle_put},
    {"/kv/", true, ROUTE_KEY, HTTP_DELETE, handle_delete},
    {"/kv", false, ROUTE_LIST, HTTP_GET, handle_list},
    {"/kv", false, ROUTE_LIST, HTTP_HEAD, handle_list},
    {"/healthz", false, ROUTE_HEALTH, HTTP_GET, handle_health},
    {"/healthz", false, ROUTE_HEALTH, HTTP_HEAD, handle_health},
    {"/readyz", false, ROUTE_READY, HTTP_GET, handle_ready},
    {"/readyz", false, ROUTE_READY, HTTP_HEAD, handle_ready},
    {"/metrics", false, ROUTE_METRICS, HTTP_GET, handle_metrics},
    {"/metrics", false, ROUTE_METRICS, HTTP_HEAD, handle_metrics},
};

enum { RULES = sizeof(rules) / sizeof(rules[0]) };

static bool matches(const struct rule *rule, struct str path)
{
	struct str want = str_of(rule->path);

	return rule->is_prefix ? str_starts(path, want) : str_eq(path, want);
}

/* "Allow: GET, HEAD": what else the path would have taken (RFC 9110, section 15.5.6). */
static void refuse_method(struct exchange *x, struct str path)
{
	struct buf allow = {0};

	for (int i = 0; i < RULES; i++) {
		if (matches(&rules[i], path))
			buf_fmt(&allow, "%s%s",
				allow.n > 0 ? ", " : "Allow: ", http_method_name(rules[i].method));
	}
	buf_str(&allow, STR("\r\n"));
	answer_error(x, 405, buf_view(&allow), "this path does not take that method");
	buf_free(&allow);
}

static void on_request(void *arg, struct exchange *x, const struct http_request *r)
{
	struct service *s = arg;
	bool known = false;

	for (int i = 0; i < RULES; i++) {
		if (!matches(&rules[i], r->path))
			continue;
		if (!known)
			x->tag = (int)rules[i].route;
		known = true;
		if (rules[i].method == r->method) {
			x->tag = (int)rules[i].route;
			rules[i].handle(s, x, r);
			return;
		}
	}
	if (r->method == HTTP_OTHER)
		answer_error(x, 501, STR(""), "this method is not known here");
	else if (known)
		refuse_method(x, r->path);
	else
		answer_error(x, 404, STR(""), "no such path");
}

static void on_answered(void *arg, const struct exchange *x, int status, uint64_t elapsed_ns)
{
	count_answer(arg, x, status, elapsed_ns);
}

/* No connection is left, so nobody waits for what the store still has. */
static void on_drained(void *arg)
{
	struct service *s = arg;

	store_close(s->store);
	s->store = NULL;
}

static struct server_options server_options(struct service *s)
{
	const struct service_options *o = &s->o;

	return (struct server_options){
	    .handler = on_request,
	    .answered = on_answered,
	    .drained = on_drained,
	    .arg = s,
	    .limits = {.head_bytes = HEAD_BYTES, .body_bytes = o->max_body_bytes},
	    .max_connections = o->max_connections,
	    .max_buffered_bytes = o->max_buffered_bytes,
	    .head_timeout_ms = o->head_timeout_ms,
	    .request_timeout_ms = o->request_timeout_ms,
	    .idle_timeout_ms = o->idle_timeout_ms,
	};
}

bool service_open(struct service **out, uv_loop_t *loop, int listen_fd,
		  const struct service_options *o, struct err *e)
{
	struct service *s = must_alloc(sizeof(*s));
	struct server_options so;

	*s = (struct service){.o = *o, .started_ns = uv_hrtime()};
	*out = s;
	so = server_options(s);
	if (!store_open(&s->store, loop, &o->store, e))
		return false;
	if (server_open(&s->server, loop, listen_fd, &so, e))
		return true;
	store_close(s->store);
	s->store = NULL;
	return false;
}

void service_stop(struct service *s)
{
	if (s->server != NULL)
		server_drain(s->server, s->o.drain_ms);
}

void service_free(struct service *s)
{
	if (s == NULL)
		return;
	server_free(s->server);
	free(s);
}
