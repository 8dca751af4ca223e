/* Responses as bytes. */
#include "http/http.h"

#include <stdio.h>
#include <time.h>

static const struct {
	int status;
	const char *reason;
} reasons[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

const char *http_reason(int status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (reasons[i].status == status)
			return reasons[i].reason;
	}
	return "Unknown";
}

void http_date(int64_t unix_s, char out[30])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t t = (time_t)unix_s;
	struct tm tm = {0};

	(void)gmtime_r(&t, &tm);
	(void)snprintf(out, 30, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT", days + 3 * tm.tm_wday,
		       (unsigned)tm.tm_mday % 100, months + 3 * tm.tm_mon,
		       (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
		       (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

void http_write(struct buf *out, const struct http_response *r, const struct http_send *s)
{
	bool bodiless = r->status == 204 || r->status == 304;

	buf_fmt(out, "HTTP/1.1 %d %s\r\nDate: ", r->status, http_reason(r->status));
	buf_str(out, s->date);
	if (r->type.n > 0) {
		buf_str(out, STR("\r\nContent-Type: "));
		buf_str(out, r->type);
	}
	if (!bodiless)
		buf_fmt(out, "\r\nContent-Length: %zu", r->body.n);
	if (s->close)
		buf_str(out, STR("\r\nConnection: close"));
	buf_str(out, STR("\r\n"));
	buf_str(out, r->headers);
	buf_str(out, STR("\r\n"));
	if (!bodiless && !s->no_body)
		buf_str(out, r->body);
}
