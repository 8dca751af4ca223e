/*
 * Downloads over libcurl's easy interface, one at a time. Redirects are followed here and not by
 * libcurl, so that every hop passes the same check as the first URL: https, or http to this machine
 * itself. Bytes go to a temporary beside the destination and are hashed on the way; it is renamed
 * only when the server sent all of it and the digest is the wanted one. With a wanted digest a
 * temporary outlives failures of the network, and the next try asks for the rest only; when that
 * gives the wrong digest, all is asked for once more.
 *
 * What may be tried again: connections that fail or stall, answers cut short, and the statuses 408,
 * 429 and 5xx. Certificates that do not verify and wrong digests are never retried.
 */
#include "net/net.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/fault.h"
#include "sys/file.h"
#include "sys/spawn.h"

enum {
	REDIRECTS_MAX = 8,
	CONNECT_MS = 10000,
	STALL_MS = 30000,
	TRIES = 3,
	BACKOFF_MS = 250,
	PROGRESS_EVERY_MS = 100,
	STATUS_OK = 200,
	STATUS_PARTIAL = 206,
	STATUS_ABSENT = 404,
	STATUS_RANGE = 416,
	STATUS_TIMEOUT = 408,
	STATUS_TOO_MANY = 429,
	STATUS_SERVER = 500,
};

#define DEFAULT_MAX_BYTES (UINT64_C(1) << 30)

struct transfer {
	const struct net_get *g;
	CURL *curl;
	const char *tmp;
	int fd;
	uint64_t max_bytes;
	struct digest_ctx hash;
	bool too_big;
	bool resume;	 /* what the file holds is kept, and the rest asked for */
	bool resumed;	 /* it was, at least once */
	int write_errno; /* 0: writing went well */
	uint64_t shown_ms;
	char detail[CURL_ERROR_SIZE];
};

enum try_result { TRY_DONE, TRY_AGAIN, TRY_FAILED };

static bool is_loopback(const char *host)
{
	struct in_addr addr;

	if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &addr) == 1 && ntohl(addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static bool host_is_loopback(CURLU *u)
{
	char *host = NULL;
	bool ok = curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK && is_loopback(host);

	curl_free(host);
	return ok;
}

/* The one rule for every URL that a request is sent to. */
static bool url_allowed(const char *url, bool any_http, struct err *e)
{
	CURLU *u = curl_url();
	char *scheme = NULL;
	bool ok = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
		  curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		  (strcmp(scheme, "https") == 0 ||
		   (strcmp(scheme, "http") == 0 && (any_http || host_is_loopback(u))));

	curl_free(scheme);
	curl_url_cleanup(u);
	if (ok)
		return true;
	err_set(e, ERR_INPUT,
		"%s: only https is fetched from (http from this machine's own loopback address)",
		url);
	return err_fix(e, "give an https:// URL");
}

/* Hashes and writes; false when there is too much or the disk refuses. */
static bool take_bytes(struct transfer *t, const char *p, size_t left)
{
	if (left > t->max_bytes - t->hash.size_bytes) {
		t->too_big = true;
		return false;
	}
	digest_update(&t->hash, p, left);
	while (left) {
		ssize_t w = fault_hit(FAULT_WRITE) ? -1 : write(t->fd, p, left);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0) {
			t->write_errno = errno;
			return false;
		}
		p += w;
		left -= (size_t)w;
	}
	return true;
}

/* Only what belongs to the file counts: not the text of a redirect or an error. */
static size_t on_bytes(char *p, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	long status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != STATUS_OK && status != STATUS_PARTIAL)
		return size * n;
	return take_bytes(t, p, size * n) ? size * n : 0;
}

static int on_progress(void *ctx, curl_off_t total, curl_off_t now, curl_off_t up_total,
		       curl_off_t up_now)
{
	struct transfer *t = ctx;
	uint64_t ms = clock_mono_ms();

	(void)up_total;
	(void)up_now;
	if (interrupt_requested())
		return 1;
	if (ms - t->shown_ms < PROGRESS_EVERY_MS)
		return 0;
	t->shown_ms = ms;
	event_emit(t->g->sink, &(struct event){.kind = EVENT_PROGRESS,
					       .text = str_of(t->g->url),
					       .done = now > 0 ? (uint64_t)now : 0,
					       .total = total > 0 ? (uint64_t)total : 0});
	return 0;
}

const char *net_ca_bundle(void)
{
	static const char *const places[] = {"/etc/ssl/certs/ca-certificates.crt",
					     "/etc/pki/tls/certs/ca-bundle.crt",
					     "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		if (file_kind(places[i]) != FILE_ABSENT)
			return places[i];
	return NULL;
}

const char *net_ca_trusted(void)
{
	const char *file = getenv("SSL_CERT_FILE");

	return file && *file ? file : net_ca_bundle();
}

static void set_options(struct transfer *t)
{
	CURL *c = t->curl;
	const struct net_get *g = t->g;
	const char *ca = net_ca_trusted(), *netrc = getenv("NETRC");
	long stall_ms = g->stall_ms ? (long)g->stall_ms : STALL_MS;

	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_FAILONERROR, 0L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "cbuild");
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (ca)
		curl_easy_setopt(c, CURLOPT_CAINFO, ca);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
			 g->connect_ms ? (long)g->connect_ms : (long)CONNECT_MS);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (stall_ms + 999) / 1000);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->detail);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	if (netrc && *netrc)
		curl_easy_setopt(c, CURLOPT_NETRC_FILE, netrc);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
}

static const char *remedy_for(CURLcode rc)
{
	switch ((int)rc) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return "check the host's name, the network and https_proxy";
	case CURLE_COULDNT_CONNECT:
		return "check the network, a firewall and https_proxy";
	default:
		return "try again later; check the network and https_proxy";
	}
}

/* A bundle that cannot be read looks to TLS libraries like a certificate that nobody vouches for. */
static bool bundle_unreadable(struct err *e)
{
	const char *file = getenv("SSL_CERT_FILE");

	if (!file || !*file || access(file, R_OK) == 0)
		return false;
	err_errno(e, "reading the certificates that SSL_CERT_FILE names, %s", file);
	err_fix(e, "correct or unset SSL_CERT_FILE");
	return true;
}

static enum try_result failed_transfer(struct transfer *t, CURLcode rc, struct err *e)
{
	const char *why = t->detail[0] ? t->detail : curl_easy_strerror(rc);

	if (t->too_big) {
		err_set(e, ERR_INPUT, "%s: longer than %llu bytes", t->g->url,
			(unsigned long long)t->max_bytes);
		return TRY_FAILED;
	}
	if (t->write_errno) {
		errno = t->write_errno;
		err_errno(e, "writing %s", t->tmp);
		return TRY_FAILED;
	}
	if (rc == CURLE_ABORTED_BY_CALLBACK) {
		err_set(e, ERR_CANCEL, "%s: interrupted", t->g->url);
		return TRY_FAILED;
	}
	if (rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CACERT_BADFILE) {
		if (bundle_unreadable(e))
			return TRY_FAILED;
		err_set(e, ERR_VERIFY, "%s: the server's certificate does not hold: %s", t->g->url,
			why);
		err_fix(e, "install ca-certificates (or set SSL_CERT_FILE), and check this "
			   "machine's clock");
		return TRY_FAILED;
	}
	if (rc == CURLE_RANGE_ERROR)
		t->resume = false;
	err_set(e, ERR_NET, "%s: %s", t->g->url, why);
	err_fix(e, "%s", remedy_for(rc));
	return TRY_AGAIN;
}

static enum try_result judge_status(struct transfer *t, long status, struct err *e)
{
	if (t->g->status)
		*t->g->status = (unsigned)status;
	if (status == STATUS_OK || (status == STATUS_PARTIAL && t->resumed))
		return TRY_DONE;
	err_set(e, ERR_NET, "%s: the server answered with status %ld", t->g->url, status);
	if (status == STATUS_RANGE && t->resumed) {
		t->resume = false;
		return TRY_AGAIN;
	}
	if (status == STATUS_TIMEOUT || status == STATUS_TOO_MANY || status >= STATUS_SERVER) {
		err_fix(e, "try again later");
		return TRY_AGAIN;
	}
	err_fix(e, "check the URL");
	return TRY_FAILED;
}

/* Stands the file where the next request's bytes go: at its end, or at its start, emptied. */
static bool restart_file(struct transfer *t, struct err *e)
{
	curl_off_t from = t->resume ? (curl_off_t)t->hash.size_bytes : 0;

	if (t->curl)
		curl_easy_setopt(t->curl, CURLOPT_RESUME_FROM_LARGE, from);
	t->resumed = from > 0;
	if (from)
		return true;
	if (lseek(t->fd, 0, SEEK_SET) != 0 || ftruncate(t->fd, 0) != 0)
		return err_errno(e, "writing %s", t->tmp);
	digest_init(&t->hash);
	return true;
}

/* One request for url; a redirect puts the next URL into next (malloc by libcurl's copy, caller
 * frees). */
static enum try_result one_request(struct transfer *t, const char *url, char **next, struct err *e)
{
	long status = 0;
	char *location = NULL;
	CURLcode rc;

	if (!url_allowed(url, t->g->any_http, e) || !restart_file(t, e))
		return TRY_FAILED;
	t->detail[0] = '\0';
	/* Passwords are not for everybody to read on the way. */
	curl_easy_setopt(t->curl, CURLOPT_NETRC,
			 url_allowed(url, false, e) ? (long)CURL_NETRC_OPTIONAL
						    : (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(t->curl, CURLOPT_URL, url);
	rc = curl_easy_perform(t->curl);
	if (rc != CURLE_OK)
		return failed_transfer(t, rc, e);
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->curl, CURLINFO_REDIRECT_URL, &location);
	if (location && status / 100 == 3) {
		size_t n = strlen(location) + 1;

		*next = memcpy(mem_alloc(n), location, n);
		return TRY_DONE;
	}
	return judge_status(t, status, e);
}

/* One try: the request and the redirects it leads to. */
static enum try_result one_try(struct transfer *t, struct err *e)
{
	enum try_result r = TRY_DONE;
	char *url = NULL;

	for (int hops = 0;; hops++) {
		char *next = NULL;

		r = one_request(t, url ? url : t->g->url, &next, e);
		free(url);
		url = next;
		if (r != TRY_DONE || !url)
			break;
		if (hops == REDIRECTS_MAX) {
			err_set(e, ERR_NET, "%s: more than %d redirects", t->g->url, REDIRECTS_MAX);
			r = TRY_FAILED;
			break;
		}
	}
	free(url);
	if (r == TRY_FAILED && e->code == ERR_INPUT && !t->too_big)
		err_wrap(e, "fetching %s", t->g->url);
	return r;
}

static void wait_before_try(unsigned again)
{
	uint64_t ms = (uint64_t)BACKOFF_MS << (again < 6 ? again : 6);
	struct timespec ts = {.tv_sec = (time_t)(ms / 1000),
			      .tv_nsec = (long)(ms % 1000) * 1000000L};

	nanosleep(&ts, NULL); /* a signal ends it early; the next request sees the interruption */
}

static bool all_tries(struct transfer *t, struct err *e)
{
	unsigned tries = t->g->tries ? t->g->tries : TRIES;

	for (unsigned i = 0;; i++) {
		struct err failure = {0};
		enum try_result r = one_try(t, &failure);

		if (r == TRY_DONE)
			return true;
		if (r == TRY_FAILED || i + 1 >= tries) {
			*e = failure;
			return i ? err_wrap(e, "try %u of %u", i + 1, tries) : false;
		}
		wait_before_try(i);
	}
}

static bool check_digest(const struct net_get *g, const struct digest *got,
			 const struct digest *want, struct err *e)
{
	char got_hex[DIGEST_HEX + 1], want_hex[DIGEST_HEX + 1];

	if (!want || memcmp(got->sha256, want->sha256, DIGEST_BYTES) == 0)
		return true;
	digest_hex(got, got_hex);
	digest_hex(want, want_hex);
	err_set(e, ERR_VERIFY, "%s: wrong content\n  got  sha256:%s\n  want sha256:%s", g->url,
		got_hex, want_hex);
	return err_fix(
	    e,
	    "nothing was kept: the server's file has changed or something on the way changed it; "
	    "compare with the project's published digest");
}

static bool over_http(struct transfer *t, struct err *e)
{
	bool ok;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	t->curl = curl_easy_init();
	if (!t->curl)
		return err_set(e, ERR_IO, "libcurl could not start");
	set_options(t);
	ok = all_tries(t, e);
	curl_easy_cleanup(t->curl);
	return ok;
}

/* file:///PATH, with %XX in it. */
static char *file_path(const char *url)
{
	CURLU *u = curl_url();
	char *path = NULL;

	if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK)
		(void)curl_url_get(u, CURLUPART_PATH, &path, CURLU_URLDECODE);
	curl_url_cleanup(u);
	return path;
}

static bool copy_file(struct transfer *t, int fd, const char *path, struct err *e)
{
	static char chunk[1 << 16];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof chunk)) != 0) {
		if (n < 0 && errno != EINTR)
			return err_errno(e, "reading %s", path);
		if (n > 0 && !take_bytes(t, chunk, (size_t)n)) {
			failed_transfer(t, CURLE_WRITE_ERROR, e);
			return false;
		}
	}
	return true;
}

static bool over_file(struct transfer *t, struct err *e)
{
	char *path = file_path(t->g->url);
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	bool ok = false;

	t->resume = false;
	if (fd < 0) {
		if (t->g->status && path && errno == ENOENT)
			*t->g->status = STATUS_ABSENT;
		err_errno(e, "opening %s", t->g->url);
		if (path && errno == ENOENT)
			e->code = ERR_NET;
	} else {
		ok = restart_file(t, e) && copy_file(t, fd, path, e);
		close(fd);
	}
	curl_free(path);
	return ok;
}

static bool transfer_all(struct transfer *t, struct err *e)
{
	return strncmp(t->g->url, "file://", 7) == 0 ? over_file(t, e) : over_http(t, e);
}

/* What an earlier run left is hashed; the rest will be asked for. *done: it was all. */
static bool take_part(struct transfer *t, const struct digest *want, bool *done, struct err *e)
{
	struct digest_ctx so_far;
	struct digest d;
	static char chunk[1 << 16];
	ssize_t n;

	digest_init(&t->hash);
	while ((n = read(t->fd, chunk, sizeof chunk)) != 0) {
		if (n < 0 && errno != EINTR)
			return err_errno(e, "reading %s", t->tmp);
		if (n > 0)
			digest_update(&t->hash, chunk, (size_t)n);
	}
	so_far = t->hash;
	d = digest_final(&so_far);
	*done = memcmp(d.sha256, want->sha256, DIGEST_BYTES) == 0;
	t->resume = t->hash.size_bytes < t->max_bytes;
	return true;
}

/* Transfers and checks; what was continued and turned out wrong is fetched anew. */
static bool transfer_checked(struct transfer *t, const struct digest *want, struct digest *got,
			     struct err *e)
{
	bool done = false;

	digest_init(&t->hash);
	if (t->g->resume && want && !take_part(t, want, &done, e))
		return false;
	for (;;) {
		bool continued = t->resume && t->hash.size_bytes > 0;

		if (!done && !transfer_all(t, e))
			return false;
		*got = digest_final(&t->hash);
		if (check_digest(t->g, got, want, e))
			return true;
		if (!continued || done)
			return false;
		t->resume = false;
	}
}

static bool close_and_rename(struct transfer *t, const char *path, bool ok, struct err *e)
{
	bool keep = !ok && t->resume && (e->code == ERR_NET || e->code == ERR_CANCEL);

	if (close(t->fd) != 0 && ok)
		ok = err_errno(e, "writing %s", t->tmp);
	if (ok && (fault_hit(FAULT_RENAME) || rename(t->tmp, path) != 0))
		ok = err_errno(e, "renaming %s to %s", t->tmp, path);
	if (!ok && !keep)
		(void)unlink(t->tmp);
	return ok;
}

bool net_download(const struct net_get *g, const char *path, const struct digest *want,
		  struct digest *got, struct err *e)
{
	struct arena a = {0};
	struct transfer t = {.g = g, .max_bytes = g->max_bytes ? g->max_bytes : DEFAULT_MAX_BYTES};
	struct digest d;
	bool part = g->resume && want, ok;
	int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (part ? 0 : O_TRUNC);

	t.tmp = part ? str_fmt(&a, "%s.part", path).p
		     : str_fmt(&a, "%s.tmp%ld", path, (long)getpid()).p;
	t.fd = fault_hit(FAULT_OPEN) ? -1 : open(t.tmp, flags, 0644);
	if (t.fd < 0) {
		ok = err_errno(e, "writing %s", t.tmp);
	} else {
		ok = transfer_checked(&t, want, &d, e);
		ok = close_and_rename(&t, path, ok, e);
		if (ok && got)
			*got = d;
	}
	arena_fini(&a);
	return ok;
}

bool net_reach(const char *url, uint32_t connect_ms, struct err *e)
{
	struct net_get g = {.url = url, .connect_ms = connect_ms};
	struct transfer t = {.g = &g};
	CURLcode rc;

	if (!url_allowed(url, false, e))
		return false;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	t.curl = curl_easy_init();
	if (!t.curl)
		return err_set(e, ERR_IO, "libcurl could not start");
	set_options(&t);
	curl_easy_setopt(t.curl, CURLOPT_URL, url);
	curl_easy_setopt(t.curl, CURLOPT_CONNECT_ONLY, 1L);
	rc = curl_easy_perform(t.curl);
	if (rc != CURLE_OK)
		(void)failed_transfer(&t, rc, e);
	curl_easy_cleanup(t.curl);
	return rc == CURLE_OK;
}
