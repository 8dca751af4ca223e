/*
 * The request line and the fields. The framer has already seen that every line
 * ends in CRLF and that the last one is empty; here each line is cut and each
 * byte checked. Fields that decide the framing are read as they pass, since it
 * is their second occurrence that must be refused.
 */
#include "http/http.h"

#include <string.h>

/* What the fields said about the framing, before it is judged. */
struct framing {
	int hosts;
	int lengths;
	int codings;
	bool chunked;
	bool close;
	bool keep_alive;
	uint64_t length;
};

static bool is_token_byte(unsigned char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!is_token_byte((unsigned char)s.p[i]))
			return false;
	}
	return s.n > 0;
}

static bool is_visible(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	}
	return s.n > 0;
}

static bool is_field_value(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static const char *const method_names[HTTP_METHODS] = {
    [HTTP_GET] = "GET",	  [HTTP_HEAD] = "HEAD",	    [HTTP_PUT] = "PUT",
    [HTTP_POST] = "POST", [HTTP_DELETE] = "DELETE", [HTTP_OTHER] = "OTHER",
};

const char *http_method_name(enum http_method m)
{
	return method_names[m];
}

static enum http_method method_of(struct str s)
{
	for (int m = 0; m < HTTP_OTHER; m++) {
		if (str_eq(s, str_of(method_names[m])))
			return (enum http_method)m;
	}
	return HTTP_OTHER;
}

/* origin-form, absolute-form and "*" (RFC 9112, section 3.2); a fragment is never sent. */
static int parse_target(struct str target, struct http_request *r)
{
	const struct str scheme = STR("http://");

	if (!is_visible(target) || memchr(target.p, '#', target.n) != NULL)
		return 400;
	if (target.n > scheme.n && str_ieq((struct str){target.p, scheme.n}, scheme)) {
		const char *slash = memchr(target.p + scheme.n, '/', target.n - scheme.n);

		if (slash == NULL || slash == target.p + scheme.n)
			return 400;
		target = str_from(target, (size_t)(slash - target.p));
	}
	if (target.p[0] != '/' && !str_eq(target, STR("*")))
		return 400;
	r->path = str_cut(&target, '?');
	r->query = target;
	return 0;
}

static int parse_version(struct str v, struct http_request *r)
{
	if (v.n != 8 || !str_starts(v, STR("HTTP/")) || v.p[6] != '.')
		return 400;
	if (v.p[5] < '0' || v.p[5] > '9' || v.p[7] < '0' || v.p[7] > '9')
		return 400;
	if (v.p[5] != '1')
		return 505;
	r->minor = v.p[7] - '0';
	return 0;
}

static int parse_request_line(struct str line, struct http_request *r)
{
	struct str method = str_cut(&line, ' ');
	struct str target = str_cut(&line, ' ');
	int status;

	if (!is_token(method) || target.n == 0)
		return 400;
	r->method = method_of(method);
	status = parse_version(line, r);
	return status != 0 ? status : parse_target(target, r);
}

static void read_connection(struct str list, struct framing *fr)
{
	while (list.n > 0) {
		struct str item = str_trim(str_cut(&list, ','));

		if (str_ieq(item, STR("close")))
			fr->close = true;
		else if (str_ieq(item, STR("keep-alive")))
			fr->keep_alive = true;
	}
}

/* Returns 0 or the refusing status. */
static int note_field(const struct http_field *h, struct framing *fr, struct http_framer *f)
{
	if (str_ieq(h->name, STR("Host"))) {
		fr->hosts++;
	} else if (str_ieq(h->name, STR("Content-Length"))) {
		fr->lengths++;
		if (!str_to_u64(h->value, &fr->length))
			return 400;
	} else if (str_ieq(h->name, STR("Transfer-Encoding"))) {
		fr->codings++;
		fr->chunked = str_ieq(h->value, STR("chunked"));
	} else if (str_ieq(h->name, STR("Connection"))) {
		read_connection(h->value, fr);
	} else if (str_ieq(h->name, STR("Expect"))) {
		if (!str_ieq(h->value, STR("100-continue")))
			return 417;
		f->wants_continue = true;
	}
	return 0;
}

static int parse_field(struct str line, struct http_field *h)
{
	struct str rest = line;

	h->name = str_cut(&rest, ':');
	h->value = str_trim(rest);
	if (h->name.n == line.n || !is_token(h->name) || !is_field_value(h->value))
		return 400;
	return 0;
}

/* RFC 9112, sections 3.2 and 6.3, at its strictest. */
static int judge(const struct framing *fr, struct http_request *r, struct http_framer *f)
{
	if (fr->hosts > 1 || (fr->hosts == 0 && r->minor >= 1))
		return 400;
	if (fr->lengths > 1 || fr->codings > 1 || (fr->lengths > 0 && fr->codings > 0))
		return 400;
	if (fr->codings > 0 && r->minor == 0)
		return 400;
	if (fr->codings > 0 && !fr->chunked)
		return 501;
	if (fr->length > SIZE_MAX / 4)
		return 413;
	f->chunked = fr->chunked;
	f->length = (size_t)fr->length;
	f->wants_continue = f->wants_continue && r->minor >= 1 && (f->chunked || f->length > 0);
	r->keep_alive = !fr->close && (r->minor >= 1 || fr->keep_alive);
	return 0;
}

static struct str next_line(struct str *rest)
{
	struct str line = str_cut(rest, '\n');

	line.n -= line.n > 0; /* the CR; the framer saw it */
	return line;
}

int http_parse_head(struct str head, struct http_request *r, struct http_framer *f)
{
	struct framing fr = {0};
	int status;

	r->nfields = 0;
	r->body = STR("");
	status = parse_request_line(next_line(&head), r);
	while (status == 0 && head.n > 2) {
		struct http_field *h = &r->fields[r->nfields];

		if (r->nfields == HTTP_MAX_FIELDS)
			return 431;
		status = parse_field(next_line(&head), h);
		if (status == 0)
			status = note_field(h, &fr, f);
		r->nfields++;
	}
	return status != 0 ? status : judge(&fr, r, f);
}
