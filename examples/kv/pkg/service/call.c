/* A request on its way through the store, and the forms of its answer. */
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "gz/gz.h"
#include "service/service_impl.h"

const struct str json_type = {"application/json", sizeof("application/json") - 1};

static void on_done(struct store_job *job);

struct call *call_new(struct service *s, struct exchange *x, const struct http_request *r,
		      size_t text_bytes)
{
	struct call *c = must_alloc(sizeof(*c));

	*c = (struct call){.s = s, .x = x, .gzip = http_accepts_gzip(r), .job.done = on_done};
	buf_reserve(&c->text, text_bytes);
	return c;
}

void call_free(struct call *c)
{
	for (size_t i = 0; c->edits != NULL && i < c->job.nedits; i++) {
		if (c->edits[i].type.p == json_type.p) /* written for a batch; see batch.c */
			free((void *)(uintptr_t)c->edits[i].value.p);
	}
	free(c->edits);
	yyjson_doc_free(c->asked);
	yyjson_mut_doc_free(c->listed);
	buf_free(&c->type);
	buf_free(&c->headers);
	buf_free(&c->body);
	buf_free(&c->text);
	free(c);
}

struct str call_keep(struct call *c, struct str s)
{
	size_t at = c->text.n;

	if (s.n > c->text.cap - at)
		abort(); /* earlier copies would move: call_new was asked for too little */
	buf_str(&c->text, s);
	return (struct str){c->text.p + at, s.n};
}

void call_submit(struct call *c)
{
	struct exchange *x = c->x;

	if (store_submit(c->s->store, &c->job))
		return;
	call_free(c);
	answer_error(x, 503, STR("Retry-After: 1\r\n"), "too many requests are waiting");
}

static void on_done(struct store_job *job)
{
	struct call *c = (struct call *)job;
	struct http_response r = {
	    .status = c->status,
	    .type = buf_view(&c->type),
	    .headers = buf_view(&c->headers),
	    .body = buf_view(&c->body),
	};

	server_answer(c->x, &r);
	call_free(c);
}

/* Images, archives and unknown bytes are left alone: they would not shrink. */
static bool is_compressible(struct str type)
{
	static const char *const kinds[] = {"application/json", "application/javascript",
					    "application/xml", "image/svg+xml"};
	struct str media = str_trim(str_cut(&type, ';'));

	if (str_starts(media, STR("text/")))
		return true;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (str_ieq(media, str_of(kinds[i])))
			return true;
	}
	return false;
}

bool call_body(struct call *c, struct str body, struct str type)
{
	bool compressible = is_compressible(type);
	bool packed = compressible && c->gzip && gz_pack(body, &c->body);

	buf_str(&c->type, type);
	if (compressible)
		buf_str(&c->headers, STR("Vary: Accept-Encoding\r\n"));
	if (packed)
		buf_str(&c->headers, STR("Content-Encoding: gzip\r\n"));
	else
		buf_str(&c->body, body);
	return packed;
}

void call_json(struct call *c, struct yyjson_mut_doc *doc)
{
	size_t n;
	char *text = yyjson_mut_write(doc, YYJSON_WRITE_NOFLAG, &n);

	yyjson_mut_doc_free(doc);
	if (text == NULL) {
		call_error(c, 500, "the answer could not be written as JSON");
		return;
	}
	(void)call_body(c, (struct str){text, n}, json_type);
	free(text);
}

void answer_error(struct exchange *x, int status, struct str headers, const char *text)
{
	struct buf body = {0};
	struct http_response r = {.status = status, .type = json_type, .headers = headers};

	buf_fmt(&body, "{\"error\":\"%s\"}\n", text);
	r.body = buf_view(&body);
	server_answer(x, &r);
	buf_free(&body);
}

void call_error(struct call *c, int status, const char *text)
{
	c->status = status;
	c->type.n = 0;
	c->body.n = 0;
	c->headers.n = 0;
	buf_str(&c->type, json_type);
	buf_fmt(&c->body, "{\"error\":\"%s\"}\n", text);
}

void call_status(struct call *c)
{
	switch (c->job.status) {
	case STORE_OK:
		break;
	case STORE_MISSING:
		call_error(c, 404, "no such key");
		break;
	case STORE_DENIED:
		call_error(c, 412, "the precondition does not hold");
		break;
	case STORE_FULL:
		call_error(c, 507, "the disk is full");
		break;
	case STORE_BROKEN:
		call_error(c, 500, "the database failed");
		break;
	}
}
