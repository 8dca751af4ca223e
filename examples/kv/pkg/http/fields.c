/* What a handler asks of a request: fields, encodings, percent-decoding, queries. */
#include "http/http.h"

struct str http_field(const struct http_request *r, struct str name)
{
	for (size_t i = 0; i < r->nfields; i++) {
		if (str_ieq(r->fields[i].name, name))
			return r->fields[i].value;
	}
	return (struct str){0};
}

/* Whether parameters say q=0, q=0.0, ...: any digit but zero is a yes. */
static bool is_refused(struct str params)
{
	while (params.n > 0) {
		struct str p = str_trim(str_cut(&params, ';'));

		if (!str_starts(p, STR("q=")) && !str_starts(p, STR("Q=")))
			continue;
		for (size_t i = 2; i < p.n; i++) {
			if (p.p[i] >= '1' && p.p[i] <= '9')
				return false;
		}
		return true;
	}
	return false;
}

bool http_accepts_gzip(const struct http_request *r)
{
	struct str list = http_field(r, STR("Accept-Encoding"));
	bool any = false;

	while (list.n > 0) {
		struct str params = str_cut(&list, ',');
		struct str coding = str_trim(str_cut(&params, ';'));

		if (str_ieq(coding, STR("gzip")) || str_ieq(coding, STR("x-gzip")))
			return !is_refused(params);
		if (str_eq(coding, STR("*")))
			any = !is_refused(params);
	}
	return any;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool http_unescape(struct str s, bool form, struct buf *out)
{
	size_t before = out->n;

	for (size_t i = 0; i < s.n; i++) {
		char c = form && s.p[i] == '+' ? ' ' : s.p[i];

		if (c == '%') {
			if (s.n - i < 3 || hex(s.p[i + 1]) < 0 || hex(s.p[i + 2]) < 0) {
				out->n = before;
				return false;
			}
			c = (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]));
			i += 2;
		}
		buf_add(out, &c, 1);
	}
	return true;
}

enum http_result http_query(struct str query, struct str name, struct buf *out)
{
	while (query.n > 0) {
		struct str value = str_cut(&query, '&');
		struct str key = str_cut(&value, '=');

		if (str_eq(key, name))
			return http_unescape(value, true, out) ? HTTP_DONE : HTTP_BAD;
	}
	return HTTP_MORE;
}
