/*
 * One request to a service that was just started: no proxy stands between, nothing is tried again, and what it
 * answers is kept as it came.
 */
#include <curl/curl.h>
#include <stdlib.h>

#include "net/net.h"
#include "sys/spawn.h"

struct probe {
	struct buf text;
	size_t body, max_bytes;
};

static size_t keep(struct probe *p, const char *bytes, size_t n)
{
	size_t room = p->max_bytes > p->text.n ? p->max_bytes - p->text.n : 0;

	buf_add(&p->text, bytes, n < room ? n : room);
	return n;
}

static size_t on_head(char *bytes, size_t size, size_t n, void *ctx)
{
	struct probe *p = ctx;

	keep(p, bytes, size * n);
	p->body = p->text.n;
	return size * n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *ctx)
{
	return keep(ctx, bytes, size * n);
}

static int on_progress(void *ctx, curl_off_t total, curl_off_t now, curl_off_t up_total,
		       curl_off_t up_now)
{
	(void)ctx;
	(void)total;
	(void)now;
	(void)up_total;
	(void)up_now;
	return interrupt_requested();
}

static void set_options(CURL *c, const struct net_probe *q, struct probe *p, char *detail)
{
	const char *ca = net_ca_trusted();

	curl_easy_setopt(c, CURLOPT_URL, q->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "cbuild");
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)q->timeout_ms);
	curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, q->connect_only ? 1L : 0L);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, detail);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_head);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, p);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, p);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	if (ca)
		curl_easy_setopt(c, CURLOPT_CAINFO, ca);
}

bool net_probe(struct arena *a, const struct net_probe *q, struct net_answer *out, struct err *e)
{
	struct probe p = {.max_bytes = q->max_bytes};
	char detail[CURL_ERROR_SIZE] = "";
	CURLcode rc;
	CURL *c;

	*out = (struct net_answer){0};
	curl_global_init(CURL_GLOBAL_DEFAULT);
	c = curl_easy_init();
	if (!c)
		return err_set(e, ERR_IO, "libcurl could not start");
	set_options(c, q, &p, detail);
	rc = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &out->status);
	out->text = str_dup(a, buf_str(&p.text));
	out->body = p.body;
	buf_fini(&p.text);
	curl_easy_cleanup(c);
	if (rc == CURLE_ABORTED_BY_CALLBACK)
		return err_set(e, ERR_CANCEL, "%s: interrupted", q->url);
	return rc == CURLE_OK ||
	       err_set(e, ERR_NET, "%s: %s", q->url, detail[0] ? detail : curl_easy_strerror(rc));
}

unsigned net_url_port(const char *url)
{
	CURLU *u = curl_url();
	char *port = NULL;
	uint64_t n = 0;

	if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	    !str_u64(str_of(port), &n))
		n = 0;
	curl_free(port);
	curl_url_cleanup(u);
	return (unsigned)n;
}
