/*
 * kvload: puts a load on kv and says how it went. Exit status 0 only when every
 * connection opened, every request was answered as it should be, and every
 * connection was still open at the end.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bytes/bytes.h"
#include "kvload.h"
#include "process/process.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_ENVIRONMENT = 3 };

static const char usage_text[] =
    "usage: kvload [flags]\n"
    "Opens many connections to kv, keeps them open and sends requests over all of them.\n"
    "\n"
    "  -a HOST   IPv4 address (default 127.0.0.1)\n"
    "  -p PORT   (default 8080)\n"
    "  -n N      connections (default 10000)\n"
    "  -c N      requests in flight (default 256)\n"
    "  -w N      percent of requests that put (default 10)\n"
    "  -v BYTES  size of a value (default 256)\n"
    "  -t SEC    how long, once all connections are open (default 10)\n"
    "  -h        print this\n"
    "\n"
    "Exit status: 0 all went well, 1 a request or connection failed, 2 usage,\n"
    "3 the system does not allow so many connections.\n";

static bool number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	return str_to_u64(str_of(text), out) && *out >= min && *out <= max;
}

static bool set_flag(struct load_options *o, int flag, const char *text)
{
	uint64_t v = 0;
	bool ok = true;

	switch (flag) {
	case 'a':
		o->host = text;
		break;
	case 'p':
		ok = number(text, 1, 65535, &v);
		o->port = (int)v;
		break;
	case 'n':
		ok = number(text, 1, 60000, &v);
		o->connections = (size_t)v;
		break;
	case 'c':
		ok = number(text, 1, 60000, &v);
		o->in_flight = (size_t)v;
		break;
	case 'w':
		ok = number(text, 0, 100, &v);
		o->put_percent = (unsigned)v;
		break;
	case 'v':
		ok = number(text, 1, 1 << 20, &v);
		o->value_bytes = (size_t)v;
		break;
	case 't':
		ok = number(text, 1, 3600, &v);
		o->duration_ms = v * 1000;
		break;
	default:
		ok = false;
	}
	return ok;
}

/* Returns -1 to go on, or the exit status. */
static int read_flags(int argc, char **argv, struct load_options *o)
{
	int flag;

	*o = (struct load_options){
	    .host = "127.0.0.1",
	    .port = 8080,
	    .connections = 10000,
	    .in_flight = 256,
	    .put_percent = 10,
	    .value_bytes = 256,
	    .duration_ms = 10000,
	};
	while ((flag = getopt(argc, argv, "a:p:n:c:w:v:t:h")) != -1) {
		if (flag == 'h') {
			(void)fputs(usage_text, stdout);
			return 0;
		}
		if (flag == '?')
			return EXIT_USAGE;
		if (!set_flag(o, flag, optarg)) {
			(void)fprintf(stderr, "kvload: -%c does not take '%s'; see kvload -h\n",
				      flag, optarg);
			return EXIT_USAGE;
		}
	}
	return optind == argc ? -1 : EXIT_USAGE;
}

static void print_latency(const char *name, uint64_t us)
{
	(void)printf(" %s %" PRIu64 ".%03" PRIu64, name, us / 1000, us % 1000);
}

static void report(const struct load_options *o, const struct load_result *r)
{
	const struct latency *l = &r->latency;
	uint64_t rate = r->run_ms > 0 ? l->count * 1000 / r->run_ms : 0;

	(void)printf("connections: %zu of %zu opened, %zu open at the end\n", r->opened,
		     o->connections, r->open_after);
	(void)printf("opening, with a put through each: %" PRIu64 " ms\n", r->connect_ms);
	(void)printf("requests: %" PRIu64 " puts, %" PRIu64 " gets, %" PRIu64 " failed\n", r->puts,
		     r->gets, r->failures);
	(void)printf("run: %" PRIu64 " requests in %" PRIu64 " ms, %" PRIu64 "/s\n", l->count,
		     r->run_ms, rate);
	(void)printf("latency ms:");
	print_latency("p50", latency_at(l, 0.50));
	print_latency("p90", latency_at(l, 0.90));
	print_latency("p99", latency_at(l, 0.99));
	print_latency("p99.9", latency_at(l, 0.999));
	print_latency("max", l->max_us);
	(void)printf("\n");
	if (r->failures > 0)
		(void)printf("first failure: %s\n", r->first_failure.text);
}

int main(int argc, char **argv)
{
	static struct load_result result; /* 20 KB of buckets */
	struct load_options o;
	struct err e;
	int status = read_flags(argc, argv, &o);
	unsigned long files;

	if (status >= 0)
		return status;
	(void)signal(SIGPIPE, SIG_IGN);
	files = process_raise_files();
	if (files < o.connections + 32) {
		(void)fprintf(stderr,
			      "kvload: %zu connections need more than the %lu open files "
			      "allowed here: raise ulimit -n, or give -n\n",
			      o.connections, files);
		return EXIT_ENVIRONMENT;
	}
	if (!load_run(&o, &result, &e)) {
		(void)fprintf(stderr, "kvload: %s\n", e.text);
		return EXIT_ENVIRONMENT;
	}
	report(&o, &result);
	return result.failures == 0 && result.open_after == o.connections ? 0 : EXIT_FAILED;
}
