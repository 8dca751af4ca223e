/*
 * http: HTTP/1.1 messages as bytes, with no I/O (RFC 9110, RFC 9112).
 *
 * Hides where one request ends and the next begins. The caller keeps the bytes
 * that arrived, one struct http_framer a connection (zeroed to begin with), and
 * calls http_next() whenever there are more bytes:
 *
 *	r = http_next(&framer, &limits, p, &n, &request, &used);
 *	HTTP_MORE: keep the first n bytes of p, add what arrives, call again
 *	HTTP_DONE: request is filled, its str point into p; drop `used` bytes
 *	HTTP_BAD:  answer framer.status, close the connection
 *
 * Whatever two parties could read differently is refused, not guessed, for
 * there a request is smuggled: a bare LF or CR, a folded line, space before a
 * colon, two lengths, a length beside a transfer coding, a coding other than
 * chunked, a missing or second Host.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/bytes.h"

enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_PUT,
	HTTP_POST,
	HTTP_DELETE,
	HTTP_OTHER, /* a well-formed method that this server does not know */
};

enum { HTTP_METHODS = HTTP_OTHER + 1, HTTP_MAX_FIELDS = 64 };

struct http_field {
	struct str name;
	struct str value; /* without the spaces around it */
};

struct http_request {
	enum http_method method;
	int minor;	  /* HTTP/1.minor */
	struct str path;  /* begins with '/', still percent-encoded; or "*" */
	struct str query; /* after the '?', still encoded; empty when none */
	struct str body;  /* whole, chunks joined */
	bool keep_alive;  /* the client's wish */
	size_t nfields;
	struct http_field fields[HTTP_MAX_FIELDS];
};

struct http_limits {
	size_t head_bytes; /* request line and fields */
	size_t body_bytes;
};

enum http_result { HTTP_MORE, HTTP_DONE, HTTP_BAD };

/* Joins the chunks of one body in place; zeroed to begin with. */
struct http_chunked {
	int state;
	int digits;
	size_t left;	 /* of the present chunk */
	size_t size;	 /* joined so far */
	size_t overhead; /* extensions and trailers so far */
};

struct http_framer {
	size_t skip;	/* bytes of an empty line before the request */
	size_t scanned; /* bytes already looked at for the head's end */
	size_t head;	/* where the head ends; 0 until known */
	size_t length;	/* of a body that is not chunked */
	bool chunked;
	bool wants_continue; /* the client waits for "100 Continue"; the caller clears it */
	struct http_chunked chunks;
	int status; /* after HTTP_BAD */
};

/* See above. *n shrinks after HTTP_MORE when chunks were joined. */
enum http_result http_next(struct http_framer *f, const struct http_limits *l, char *p, size_t *n,
			   struct http_request *r, size_t *used);

/*
 * Takes raw chunked bytes from `in` and moves the data that they carry to
 * `out`, which may be `in` or lie before it. HTTP_DONE sets *used to the raw
 * bytes taken, HTTP_MORE took all; HTTP_BAD sets *status.
 */
enum http_result http_unchunk(struct http_chunked *c, size_t max, char *out, const char *in,
			      size_t n, size_t *used, int *status);

/* Reads a whole head (through its empty line). Returns 0, or the status that refuses it. */
int http_parse_head(struct str head, struct http_request *r, struct http_framer *f);

/* The value of the first field of that name, or an empty str with p NULL. */
struct str http_field(const struct http_request *r, struct str name);

/* Whether the client takes a gzip body (RFC 9110, section 12.5.3). */
bool http_accepts_gzip(const struct http_request *r);

/*
 * Appends s to out with %XX decoded, and '+' as a space where `form` says so.
 * False, and out as it was, when an escape is broken.
 */
bool http_unescape(struct str s, bool form, struct buf *out);

/*
 * Finds `name` in a query string and appends its decoded value to out.
 * HTTP_MORE when it is absent, HTTP_BAD when its escapes are broken.
 */
enum http_result http_query(struct str query, struct str name, struct buf *out);

struct http_response {
	int status;
	struct str type;    /* Content-Type; empty for none */
	struct str headers; /* further lines, each with its CRLF */
	struct str body;
};

struct http_send {
	struct str date; /* as http_date() writes it */
	bool no_body;	 /* the answer to HEAD */
	bool close;	 /* say that the connection ends here */
};

/* Appends the response's bytes to out. */
void http_write(struct buf *out, const struct http_response *r, const struct http_send *s);

/* Writes an IMF-fixdate (RFC 9110, section 5.6.7), 29 bytes and a NUL. */
void http_date(int64_t unix_s, char out[30]);

/* "Not Found" for 404; "Unknown" for what this server never sends. */
const char *http_reason(int status);

/* "GET"; "OTHER" for HTTP_OTHER. */
const char *http_method_name(enum http_method m);

#endif
