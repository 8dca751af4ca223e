/*
 * kv: a key-value service over HTTP. Flags to service, signals to its life.
 *
 * The listening socket is opened (or inherited) once and outlives the service:
 * after SIGHUP the program at its own path takes over the process and the
 * socket; when that cannot be started, this build serves on.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "process/process.h"
#include "server/server.h"
#include "service/service.h"

enum { EXIT_USAGE = 2, EXIT_ENVIRONMENT = 3 };
enum { BACKLOG = 4096, SPARE_FILES = 64 };

struct config {
	const char *address;
	struct service_options service;
};

struct life {
	struct service *service;
	bool stopping;
	bool reload;
	uv_signal_t signals[3];
};

static const char usage_text[] =
    "usage: kv [flags]\n"
    "A key-value service: PUT, GET, HEAD and DELETE /kv/KEY, GET /kv, POST /kv/_batch,\n"
    "GET /healthz, /readyz and /metrics.\n"
    "\n"
    "  -a ADDR   listen there: 127.0.0.1:8080, [::1]:8080 or :8080 (default :8080);\n"
    "            unused when the socket is inherited (LISTEN_FDS, LISTEN_PID)\n"
    "  -d DIR    folder of the database (default /data)\n"
    "  -r N      threads that read (default 2)\n"
    "  -q N      reads, and edits, that may wait; more are answered 503 (default 16384)\n"
    "  -c N      open connections (default 16384, and what the file limit allows)\n"
    "  -b BYTES  largest value (default 1048576)\n"
    "  -m BYTES  memory of requests still arriving, all together (default 134217728)\n"
    "  -i SEC    close a connection idle for so long (default 75)\n"
    "  -t SEC    time for a request to arrive or an answer to be taken (default 30)\n"
    "  -g SEC    time for requests in work after SIGTERM or SIGHUP (default 10)\n"
    "  -s MODE   full: an answered put survives a power cut (default);\n"
    "            normal: it survives a crash of this program\n"
    "  -V        print the version and the build id\n"
    "  -h        print this\n"
    "\n"
    "SIGTERM, SIGINT: accept no more, finish, exit 0; a second one exits at once.\n"
    "SIGHUP: finish, then run the program at this path again on the same socket.\n";

/* One line of logfmt on stderr. */
__attribute__((format(printf, 2, 3))) static void say(const char *level, const char *fmt, ...)
{
	struct timespec now;
	struct tm tm = {0};
	char text[512];
	va_list ap;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "time=%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ level=%s %s\n",
		      tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		      tm.tm_sec, now.tv_nsec / 1000000, level, text);
}

/* --- flags -------------------------------------------------------------- */

static bool number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	return str_to_u64(str_of(text), out) && *out >= min && *out <= max;
}

static bool set_size(const char *text, size_t *out)
{
	uint64_t v;
	bool ok = number(text, 1, (size_t)1 << 30, &v);

	if (ok)
		*out = (size_t)v;
	return ok;
}

static bool set_seconds(const char *text, uint64_t *out_ms)
{
	uint64_t v;
	bool ok = number(text, 1, 86400, &v);

	if (ok)
		*out_ms = v * 1000;
	return ok;
}

static bool set_readers(const char *text, int *out)
{
	uint64_t v;
	bool ok = number(text, 1, 16, &v);

	if (ok)
		*out = (int)v;
	return ok;
}

static bool set_mode(const char *text, bool *relaxed)
{
	*relaxed = strcmp(text, "normal") == 0;
	return *relaxed || strcmp(text, "full") == 0;
}

static bool set_flag(struct config *c, int flag, const char *value)
{
	struct service_options *o = &c->service;

	switch (flag) {
	case 'a':
		c->address = value;
		return true;
	case 'd':
		o->store.dir = value;
		return true;
	case 'r':
		return set_readers(value, &o->store.readers);
	case 'q':
		return set_size(value, &o->store.queue_jobs);
	case 'c':
		return set_size(value, &o->max_connections);
	case 'b':
		return set_size(value, &o->max_body_bytes);
	case 'm':
		return set_size(value, &o->max_buffered_bytes);
	case 'i':
		return set_seconds(value, &o->idle_timeout_ms);
	case 't':
		return set_seconds(value, &o->request_timeout_ms);
	case 'g':
		return set_seconds(value, &o->drain_ms);
	case 's':
		return set_mode(value, &o->store.relaxed);
	default:
		return false;
	}
}

static struct config defaults(void)
{
	return (struct config){
	    .address = ":8080",
	    .service =
		{
		    .store = {.dir = "/data"},
		    .max_connections = 16384,
		    .max_body_bytes = (size_t)1 << 20,
		    .max_buffered_bytes = (size_t)128 << 20,
		    .head_timeout_ms = 10000,
		    .request_timeout_ms = 30000,
		    .idle_timeout_ms = 75000,
		    .drain_ms = 10000,
		},
	};
}

/* Returns -1 to go on, or the exit status. */
static int read_flags(int argc, char **argv, struct config *c)
{
	int flag;

	*c = defaults();
	while ((flag = getopt(argc, argv, "a:d:r:q:c:b:m:i:t:g:s:Vh")) != -1) {
		if (flag == 'h') {
			(void)fputs(usage_text, stdout);
			return 0;
		}
		if (flag == 'V') {
			(void)printf("kv %s build %s\n", SERVICE_VERSION, process_build_id());
			return 0;
		}
		if (flag == '?' || !set_flag(c, flag, optarg)) {
			if (flag != '?')
				(void)fprintf(stderr, "kv: -%c does not take '%s'; see kv -h\n",
					      flag, optarg);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "kv: unexpected argument '%s'; see kv -h\n", argv[optind]);
		return EXIT_USAGE;
	}
	return -1;
}

/* --- life --------------------------------------------------------------- */

static void on_signal(uv_signal_t *h, int signum)
{
	struct life *life = h->data;

	if (life->stopping && signum != SIGHUP) {
		say("warn", "msg=\"second signal, leaving now\"");
		_exit(1);
	}
	if (life->stopping)
		return;
	life->stopping = true;
	life->reload = signum == SIGHUP;
	say("info", "msg=%s signal=%d", life->reload ? "reloading" : "stopping", signum);
	process_notify(life->reload ? "RELOADING=1" : "STOPPING=1");
	service_stop(life->service);
}

static void watch_signals(uv_loop_t *loop, struct life *life)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

	for (size_t i = 0; i < 3; i++) {
		if (uv_signal_init(loop, &life->signals[i]) != 0 ||
		    uv_signal_start(&life->signals[i], on_signal, numbers[i]) != 0)
			abort(); /* no descriptor left at the very start */
		life->signals[i].data = life;
		uv_unref((uv_handle_t *)&life->signals[i]);
	}
}

static void close_loop(uv_loop_t *loop, struct life *life)
{
	for (size_t i = 0; i < 3; i++)
		uv_close((uv_handle_t *)&life->signals[i], NULL);
	(void)uv_run(loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(loop);
}

/* Serves until a signal ends it. False when it could not start. */
static bool serve(const struct config *c, int fd, bool *reload, struct err *e)
{
	struct life life = {0};
	uv_loop_t loop;
	bool ok;

	if (uv_loop_init(&loop) != 0)
		return err_set(e, "cannot make an event loop");
	watch_signals(&loop, &life);
	ok = service_open(&life.service, &loop, fd, &c->service, e);
	if (ok) {
		process_notify("READY=1");
		say("info", "msg=serving addr=%s dir=%s build=%s pid=%ld", c->address,
		    c->service.store.dir, process_build_id(), (long)getpid());
	}
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	close_loop(&loop, &life);
	service_free(life.service);
	*reload = life.reload;
	return ok;
}

static bool open_listener(struct config *c, int *fd, struct err *e)
{
	*fd = process_inherited_listener();
	if (*fd < 0)
		return server_listen(c->address, BACKLOG, fd, e);
	c->address = "inherited";
	return true;
}

/* Descriptors are also needed for the database and the loop itself. */
static void fit_connections(struct config *c)
{
	unsigned long files = process_raise_files();
	size_t fit = files > 2 * SPARE_FILES ? files - SPARE_FILES : SPARE_FILES;

	if (c->service.max_connections > fit) {
		say("warn",
		    "msg=\"the limit of open files allows fewer connections\" limit=%lu "
		    "connections=%zu",
		    files, fit);
		c->service.max_connections = fit;
	}
}

static int run(struct config *c, char **argv)
{
	char *path = process_path(argv[0]);
	bool reload = true;
	struct err e;
	int fd;

	fit_connections(c);
	if (!open_listener(c, &fd, &e))
		goto failed;
	while (reload) {
		if (!serve(c, fd, &reload, &e))
			goto failed;
		if (reload && path != NULL && !process_exec_with_listener(path, argv, fd, &e))
			say("error", "msg=\"serving on with this build\" cause=\"%s\"", e.text);
	}
	say("info", "msg=stopped");
	free(path);
	(void)close(fd);
	return 0;
failed:
	say("error", "msg=\"cannot serve\" cause=\"%s\"", e.text);
	free(path);
	return EXIT_ENVIRONMENT;
}

int main(int argc, char **argv)
{
	struct config c;
	int status = read_flags(argc, argv, &c);

	if (status >= 0)
		return status;
	(void)signal(SIGPIPE, SIG_IGN);
	return run(&c, argv);
}
