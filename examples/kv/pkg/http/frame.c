/*
 * Where a request begins and ends. The head's end is looked for once over each
 * byte, however slowly the bytes come. A request whose body has to be waited
 * for has its head read twice: first for the length, then, when all is there
 * and nothing moves any more, for the fields.
 */
#include "http/http.h"

#include <string.h>

static enum http_result refuse(struct http_framer *f, int status)
{
	f->status = status;
	return HTTP_BAD;
}

/* RFC 9112, section 2.2: an empty line before a request is to be ignored; one is. */
static bool skip_empty_line(struct http_framer *f, const char *p, size_t n)
{
	if (f->scanned > 0 || n == 0 || p[0] != '\r')
		return true;
	if (n == 1)
		return false;
	if (p[1] == '\n') {
		f->skip = 2;
		f->scanned = 2;
	}
	return true;
}

/* HTTP_DONE sets f->head. */
static enum http_result find_head(struct http_framer *f, size_t max, const char *p, size_t n)
{
	size_t looked;

	if (!skip_empty_line(f, p, n))
		return HTTP_MORE;
	looked = f->scanned;
	while (looked < n) {
		const char *lf = memchr(p + looked, '\n', n - looked);
		size_t at = lf != NULL ? (size_t)(lf - p) : n;

		if (at - f->skip > max)
			return refuse(f,
				      memchr(p + f->skip, '\n', at - f->skip) == NULL ? 414 : 431);
		if (lf == NULL) {
			looked = n;
			break;
		}
		if (at == f->skip || p[at - 1] != '\r')
			return refuse(f, 400);
		if (at >= f->skip + 3 && p[at - 2] == '\n') {
			f->head = at + 1;
			return HTTP_DONE;
		}
		looked = at + 1;
	}
	f->scanned = looked;
	return HTTP_MORE;
}

static enum http_result read_head(struct http_framer *f, const struct http_limits *l, const char *p,
				  struct http_request *r)
{
	struct str head = {p + f->skip, f->head - f->skip};
	int status = http_parse_head(head, r, f);

	if (status == 0 && f->length > l->body_bytes)
		status = 413;
	return status != 0 ? refuse(f, status) : HTTP_DONE;
}

/* All n bytes are the caller's; those after head + chunks.size are still raw. */
static enum http_result chunked_body(struct http_framer *f, size_t max, char *p, size_t *n,
				     size_t *used)
{
	size_t joined = f->head + f->chunks.size;
	size_t raw = 0;
	enum http_result res =
	    http_unchunk(&f->chunks, max, p + joined, p + joined, *n - joined, &raw, &f->status);

	if (res == HTTP_MORE)
		*n = f->head + f->chunks.size;
	*used = joined + raw;
	return res;
}

static enum http_result plain_body(const struct http_framer *f, size_t n, size_t *used)
{
	*used = f->head + f->length;
	return n >= *used ? HTTP_DONE : HTTP_MORE;
}

enum http_result http_next(struct http_framer *f, const struct http_limits *l, char *p, size_t *n,
			   struct http_request *r, size_t *used)
{
	bool first = f->head == 0;
	enum http_result res = HTTP_DONE;

	if (first) {
		res = find_head(f, l->head_bytes, p, *n);
		if (res == HTTP_DONE)
			res = read_head(f, l, p, r);
	}
	if (res != HTTP_DONE)
		return res;
	res = f->chunked ? chunked_body(f, l->body_bytes, p, n, used) : plain_body(f, *n, used);
	if (res != HTTP_DONE)
		return res;
	if (!first)
		(void)http_parse_head((struct str){p + f->skip, f->head - f->skip}, r, f);
	r->body = (struct str){p + f->head, f->chunked ? f->chunks.size : f->length};
	*f = (struct http_framer){0};
	return HTTP_DONE;
}
