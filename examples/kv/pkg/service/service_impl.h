/*
 * What the files of this room share: the service itself, a call (one request
 * on its way through the store), and the routes' handlers.
 */
#ifndef SERVICE_SERVICE_IMPL_H
#define SERVICE_SERVICE_IMPL_H

#include "metrics/metrics.h"
#include "server/server.h"
#include "service/service.h"

enum route {
	ROUTE_NONE, /* no such path, or not even a request */
	ROUTE_KEY,
	ROUTE_LIST,
	ROUTE_BATCH,
	ROUTE_HEALTH,
	ROUTE_READY,
	ROUTE_METRICS,
	ROUTES,
};

/* The statuses that are counted one by one; others are counted with 500. */
enum { STATUSES = 19 };

struct yyjson_doc;
struct yyjson_mut_doc;

struct service {
	struct service_options o;
	struct server *server;
	struct store *store;
	uint64_t started_ns;
	uint64_t requests[ROUTES][HTTP_METHODS][STATUSES];
	struct metrics_histogram latency[ROUTES];
};

/*
 * A request that waits for the store. Its answer is put together on the store's
 * thread, where encoding and compressing hold nobody up.
 */
struct call {
	struct store_job job; /* first: the store hands it back */
	struct service *s;
	struct exchange *x;
	bool gzip;		       /* the client takes it */
	struct str if_none_match;      /* of a GET */
	struct store_edit *edits;      /* owned */
	struct yyjson_doc *asked;      /* the body of a batch, owned */
	struct yyjson_mut_doc *listed; /* the answer of a list, owned */
	/* the answer */
	int status;
	struct buf type;
	struct buf headers;
	struct buf body;
	struct buf text; /* copies of what the request said */
};

extern const struct str json_type;

/* A call with its copies in one allocation of `text_bytes`, which never moves. */
struct call *call_new(struct service *s, struct exchange *x, const struct http_request *r,
		      size_t text_bytes);
void call_free(struct call *c);

/* The copy of `s` that lives as long as the call. */
struct str call_keep(struct call *c, struct str s);

/* Hands the call to the store, or answers 503 and frees it. */
void call_submit(struct call *c);

/* Sets the body, compressed where the client and the type allow it. True if it was. */
bool call_body(struct call *c, struct str body, struct str type);

/* Answers {"error": text} at once. `text` is a literal: nothing in it needs escaping. */
void answer_error(struct exchange *x, int status, struct str headers, const char *text);

/* Sets the same on a call. */
void call_error(struct call *c, int status, const char *text);

/* Sets a JSON document as the body; takes it over. */
void call_json(struct call *c, struct yyjson_mut_doc *doc);

/* Says what a failed or denied store_status means. */
void call_status(struct call *c);

/* The decoded key, checked: 1 to 512 bytes of text. Answers 400 itself when false. */
bool read_key(struct exchange *x, struct str encoded, struct buf *key);
bool key_is_good(struct str key);

void handle_get(struct service *s, struct exchange *x, const struct http_request *r);
void handle_put(struct service *s, struct exchange *x, const struct http_request *r);
void handle_delete(struct service *s, struct exchange *x, const struct http_request *r);
void handle_list(struct service *s, struct exchange *x, const struct http_request *r);
void handle_batch(struct service *s, struct exchange *x, const struct http_request *r);
void handle_health(struct service *s, struct exchange *x, const struct http_request *r);
void handle_ready(struct service *s, struct exchange *x, const struct http_request *r);
void handle_metrics(struct service *s, struct exchange *x, const struct http_request *r);

/* Counts an answer. */
void count_answer(struct service *s, const struct exchange *x, int status, uint64_t elapsed_ns);

#endif
