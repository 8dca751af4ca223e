/* What the service says about itself: health, readiness, metrics. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "gz/gz.h"
#include "process/process.h"
#include "service/service_impl.h"

static const uint64_t unready_ns = 5000000000;

static const char *const route_names[ROUTES] = {
    [ROUTE_NONE] = "none",	  [ROUTE_KEY] = "/kv/{key}",   [ROUTE_LIST] = "/kv",
    [ROUTE_BATCH] = "/kv/_batch", [ROUTE_HEALTH] = "/healthz", [ROUTE_READY] = "/readyz",
    [ROUTE_METRICS] = "/metrics",
};

static const int statuses[STATUSES] = {
    500, 200, 201, 204, 304, 400, 404, 405, 408, 412, 413, 414, 415, 417, 431, 501, 503, 505, 507,
};

void count_answer(struct service *s, const struct exchange *x, int status, uint64_t elapsed_ns)
{
	size_t i = STATUSES - 1;

	while (i > 0 && statuses[i] != status)
		i--;
	s->requests[x->tag][x->method][i]++;
	metrics_observe(&s->latency[x->tag], elapsed_ns);
}

static const char *word_size(void)
{
	return sizeof(void *) == 8 ? "64" : "32";
}

void handle_health(struct service *s, struct exchange *x, const struct http_request *r)
{
	uint64_t up_ms = (uv_hrtime() - s->started_ns) / 1000000;
	struct http_response ok = {.status = 200, .type = json_type};
	struct buf body = {0};

	(void)r;
	buf_fmt(&body,
		"{\"status\":\"ok\",\"version\":\"%s\",\"build_id\":\"%s\",\"bits\":%s,"
		"\"pid\":%ld,\"uptime_s\":%" PRIu64 ".%03" PRIu64 "}\n",
		SERVICE_VERSION, process_build_id(), word_size(), (long)getpid(), up_ms / 1000,
		up_ms % 1000);
	ok.body = buf_view(&body);
	ok.headers = STR("Cache-Control: no-store\r\n");
	server_answer(x, &ok);
	buf_free(&body);
}

/*
 * Not ready for a while after a failed commit, and then again: without traffic no
 * commit would ever show that the trouble is over.
 */
void handle_ready(struct service *s, struct exchange *x, const struct http_request *r)
{
	struct store_stats st = store_stats(s->store);
	struct http_response ready = {
	    .status = 200,
	    .type = json_type,
	    .headers = STR("Cache-Control: no-store\r\n"),
	    .body = STR("{\"status\":\"ready\"}\n"),
	};

	(void)r;
	if (server_draining(s->server))
		answer_error(x, 503, STR(""), "stopping");
	else if (st.failed_ns != 0 && uv_hrtime() - st.failed_ns < unready_ns)
		answer_error(x, 503, STR(""), "the last commit failed");
	else
		server_answer(x, &ready);
}

static void report_requests(const struct service *s, struct buf *out, int route)
{
	char labels[128];

	for (int m = 0; m < HTTP_METHODS; m++) {
		for (int i = 0; i < STATUSES; i++) {
			if (s->requests[route][m][i] == 0)
				continue;
			(void)snprintf(labels, sizeof(labels),
				       "route=\"%s\",method=\"%s\",code=\"%d\"", route_names[route],
				       http_method_name((enum http_method)m), statuses[i]);
			metrics_value(out, "kv_http_requests_total", labels,
				      s->requests[route][m][i]);
		}
	}
}

static void report_latency(const struct service *s, struct buf *out, int route)
{
	char labels[64];

	if (s->latency[route].sum_ns == 0)
		return; /* nobody has asked for it yet */
	(void)snprintf(labels, sizeof(labels), "route=\"%s\"", route_names[route]);
	metrics_histogram(out, "kv_http_request_seconds", labels, &s->latency[route]);
}

static void report_one(struct buf *out, const char *name, const char *type, const char *help,
		       uint64_t value)
{
	metrics_family(out, name, type, help);
	metrics_value(out, name, "", value);
}

static void report_server(const struct service *s, struct buf *out)
{
	struct server_stats st = server_stats(s->server);

	report_one(out, "kv_connections_open", "gauge", "Open connections.", st.connections);
	report_one(out, "kv_connections_accepted_total", "counter", "Connections accepted.",
		   st.accepted);
	report_one(out, "kv_connections_refused_total", "counter",
		   "Connections closed at once, beyond the limit.", st.refused);
	report_one(out, "kv_timeouts_total", "counter", "Connections closed for slowness.",
		   st.timeouts);
	report_one(out, "kv_request_buffer_bytes", "gauge", "Memory of requests still arriving.",
		   st.buffered_bytes);
}

static void report_store(const struct service *s, struct buf *out)
{
	struct store_stats st = store_stats(s->store);

	metrics_family(out, "kv_store_queue_depth", "gauge", "Jobs that wait for the store.");
	metrics_value(out, "kv_store_queue_depth", "kind=\"read\"", st.waiting_reads);
	metrics_value(out, "kv_store_queue_depth", "kind=\"edit\"", st.waiting_edits);
	report_one(out, "kv_store_commits_total", "counter", "Transactions committed.", st.commits);
	report_one(out, "kv_store_edits_total", "counter", "Puts and deletes committed.", st.edits);
	report_one(out, "kv_store_failures_total", "counter", "Jobs that the database failed.",
		   st.failures);
}

static void report_build(const struct service *s, struct buf *out)
{
	char labels[160];

	(void)snprintf(labels, sizeof(labels), "version=\"%s\",build_id=\"%s\"", SERVICE_VERSION,
		       process_build_id());
	metrics_family(out, "kv_build_info", "gauge", "Which build runs.");
	metrics_value(out, "kv_build_info", labels, 1);
	metrics_family(out, "kv_uptime_seconds", "gauge", "Since the start.");
	metrics_seconds(out, "kv_uptime_seconds", "", uv_hrtime() - s->started_ns);
}

static void report(const struct service *s, struct buf *out)
{
	report_build(s, out);
	metrics_family(out, "kv_http_requests_total", "counter", "Requests answered.");
	for (int route = 0; route < ROUTES; route++)
		report_requests(s, out, route);
	metrics_family(out, "kv_http_request_seconds", "histogram",
		       "From a request's last byte to its answer.");
	for (int route = 0; route < ROUTES; route++)
		report_latency(s, out, route);
	report_server(s, out);
	report_store(s, out);
}

void handle_metrics(struct service *s, struct exchange *x, const struct http_request *r)
{
	struct http_response ok = {
	    .status = 200,
	    .type = STR("text/plain; version=0.0.4; charset=utf-8"),
	    .headers = STR("Vary: Accept-Encoding\r\n"),
	};
	struct buf text = {0}, packed = {0};

	report(s, &text);
	ok.body = buf_view(&text);
	if (http_accepts_gzip(r) && gz_pack(ok.body, &packed)) {
		ok.body = buf_view(&packed);
		ok.headers = STR("Vary: Accept-Encoding\r\nContent-Encoding: gzip\r\n");
	}
	server_answer(x, &ok);
	buf_free(&text);
	buf_free(&packed);
}
