/*
 * net: HTTP client over libcurl (the only user of it): TLS always verified, redirects limited to
 * https, sizes and times limited, retries with back-off for ERR_NET.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/event.h"

struct net_get {
	const char *url;	 /* https:// or file:///; http:// only to a loopback address */
	uint64_t max_bytes;	 /* 0: 1 GiB */
	uint32_t connect_ms;	 /* 0: 10 s */
	uint32_t stall_ms;	 /* give up after so long without a byte; 0: 30 s */
	unsigned tries;		 /* 0: 3 */
	struct event_sink *sink; /* progress; may be NULL */
	/*
	 * With a wanted digest: what a broken connection or a killed process left in PATH.part is
	 * continued (RFC 9110 section 14). The caller holds a lock on path.
	 */
	bool resume;
	bool any_http; /* http:// to any host: for what a digest or a sum proves afterwards */
	unsigned *
	    status; /* gets the last answer's status: 404 when absent, also for a file; may be NULL */
};

/*
 * Downloads to path (temporary beside it, then rename) and checks want (NULL: none) by hash before
 * the rename. ERR_NET after the last try; ERR_VERIFY names got and wanted digests. Names and passwords
 * of ~/.netrc (or $NETRC) are sent to their hosts over https.
 */
bool net_download(const struct net_get *g, const char *path, const struct digest *want,
		  struct digest *got, struct err *e) ATTR_MUST_USE;

/* The machine's bundle of CA certificates, where one of the distributions puts it; NULL: none. */
const char *net_ca_bundle(void);
/* The bundle to believe: that of SSL_CERT_FILE, as for many programs, else the machine's; NULL: none. */
const char *net_ca_trusted(void);

/* Can a connection to the URL's host (or proxy) be opened within connect_ms (0: 10 s)? ERR_NET
 * otherwise. */
bool net_reach(const char *url, uint32_t connect_ms, struct err *e) ATTR_MUST_USE;

/* What a service says to one request, or that it takes a connection. */
struct net_probe {
	const char *url; /* http:// or https://, of any host; no proxy, no redirect */
	uint32_t timeout_ms;
	bool connect_only;
	size_t max_bytes; /* of head and body kept; the rest is dropped */
};
struct net_answer {
	long status;	 /* 0: connect_only */
	struct str text; /* head and body, in the arena */
	size_t body;	 /* where the body begins in text */
};
/* ERR_NET when there is no answer in time, once; a status of any kind is one. */
bool net_probe(struct arena *a, const struct net_probe *q, struct net_answer *out,
	       struct err *e) ATTR_MUST_USE;
/* The port that a URL names or implies; 0: it is no URL. */
unsigned net_url_port(const char *url);

#endif
