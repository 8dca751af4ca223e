/*
 * git's protocol through the user's own ssh program, which libgit2 drives as one more transport. Not
 * libgit2's own (by libssh2): it knows neither ~/.ssh/config nor jump hosts nor hardware keys, and a
 * static cbuild has none. As git does, GIT_SSH_COMMAND, core.sshCommand and GIT_SSH choose another
 * program; as the go command does, ssh itself may not ask questions.
 *
 *     ssh -o BatchMode=yes -p 2222 git@example.com "git-upload-pack '/team/x'"
 */
#include <errno.h>
#include <git2/sys/transport.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mod/git_impl.h"
#include "sys/spawn.h"

static bool plain_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	return !str_startsc(s, "-");
}

static bool scp_like(struct str url)
{
	size_t colon = str_find(url, ':');

	return colon > 0 && colon < url.n && colon < str_find(url, '/') &&
	       !str_startsc(str_skip(url, colon), "://");
}

bool ssh_is_url(struct str url)
{
	return str_startsc(url, "ssh://") || str_startsc(url, "git+ssh://") || scp_like(url);
}

static bool parse_host(struct str host, bool may_have_port, struct ssh_place *out)
{
	size_t at = str_rfind(host, '@'), colon;

	if (at < host.n) {
		out->user = (struct str){host.p, at};
		host = str_skip(host, at + 1);
	}
	if (host.n && host.p[0] == '[') { /* [IPv6]:PORT */
		size_t close = str_find(host, ']');

		out->host = (struct str){host.p + 1, close - 1};
		host = str_skip(host, close + 1);
		colon = 0;
	} else {
		colon = may_have_port ? str_find(host, ':') : host.n;
		out->host = (struct str){host.p, colon};
	}
	if (colon < host.n && host.p[colon] == ':')
		out->port = str_skip(host, colon + 1);
	return out->host.n > 0;
}

bool ssh_parse(struct arena *a, struct str url, struct ssh_place *out)
{
	struct str rest = url, host;
	uint64_t port = 1;

	*out = (struct ssh_place){0};
	if (scp_like(url)) {
		size_t colon = str_find(url, ':');

		if (!parse_host((struct str){url.p, colon}, false, out))
			return false;
		out->path = str_dup(a, str_skip(url, colon + 1));
	} else {
		rest = str_skip(rest, str_find(rest, ':') + 3);
		host = (struct str){rest.p, str_find(rest, '/')};
		if (!parse_host(host, true, out))
			return false;
		rest = str_skip(rest, host.n);
		/* /~USER/x is below that user's home. */
		out->path = str_dup(a, str_startsc(rest, "/~") ? str_skip(rest, 1) : rest);
	}
	out->host = str_dup(a, out->host);
	out->user = str_dup(a, out->user);
	out->port = str_dup(a, out->port);
	/* Nothing that ssh or the other side could take for an option. */
	return out->path.n && plain_word(out->host) && plain_word(out->user) &&
	       !str_startsc(out->path, "-") && memchr(out->path.p, '\n', out->path.n) == NULL &&
	       (!out->port.n || (str_u64(out->port, &port) && port > 0 && port < 65536));
}

/* ---- the command ---- */

static struct str remote_command(struct arena *a, struct str path)
{
	struct buf b = {0};
	struct str out;

	buf_addc(&b, "git-upload-pack '");
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] == '\'' || path.p[i] == '!')
			buf_printf(&b, "'\\%c'", path.p[i]);
		else
			buf_add_byte(&b, path.p[i]);
	}
	buf_addc(&b, "'");
	out = str_dup(a, buf_str(&b));
	buf_fini(&b);
	return out;
}

struct words VEC_BODY(const char *);

static void add_program(struct arena *a, const struct git_settings *s, struct words *argv)
{
	const char *command = getenv("GIT_SSH_COMMAND"), *program = getenv("GIT_SSH");

	if (!command || !*command)
		command = s->ssh_command.n ? str_c(a, s->ssh_command) : NULL;
	if (command) {
		*vec_push(a, argv) = "sh";
		*vec_push(a, argv) = "-c";
		*vec_push(a, argv) = str_fmt(a, "%s \"$@\"", command).p;
		*vec_push(a, argv) = "ssh";
	} else if (program && *program) {
		*vec_push(a, argv) = program;
	} else {
		*vec_push(a, argv) = "ssh";
		*vec_push(a, argv) = "-o";
		*vec_push(a, argv) = "BatchMode=yes";
	}
}

static const char *const *ssh_argv(struct arena *a, const struct git_settings *s,
				   const struct ssh_place *p)
{
	struct words argv = {0};

	add_program(a, s, &argv);
	if (p->port.n) {
		*vec_push(a, &argv) = "-p";
		*vec_push(a, &argv) = p->port.p;
	}
	*vec_push(a, &argv) = p->user.n ? str_fmt(a, "%s@%s", p->user.p, p->host.p).p : p->host.p;
	*vec_push(a, &argv) = remote_command(a, p->path).p;
	*vec_push(a, &argv) = NULL;
	return argv.v;
}

/* ---- the transport ---- */

struct ssh_wire {
	git_smart_subtransport_stream stream; /* first: libgit2 hands it back */
	git_smart_subtransport base;
	struct arena *a;
	const struct git_settings *settings;
	struct spawn_talk talk;
	bool open;
};

static struct ssh_wire *wire_of(git_smart_subtransport *base)
{
	return (struct ssh_wire *)(void *)((char *)base - offsetof(struct ssh_wire, base));
}

static int wire_failed(const char *what)
{
	char text[256];

	snprintf(text, sizeof text, "ssh: %s%s%s", what, errno ? ": " : "",
		 errno ? strerror(errno) : "");
	git_error_set_str(GIT_ERROR_SSH, text);
	return -1;
}

static int wire_read(git_smart_subtransport_stream *stream, char *to, size_t size, size_t *got)
{
	struct ssh_wire *w = (struct ssh_wire *)(void *)stream;
	ssize_t n;

	*got = 0;
	while ((n = read(w->talk.out, to, size)) < 0 && errno == EINTR)
		if (stalled() || interrupt_requested())
			return wire_failed("nothing came");
	if (n < 0)
		return wire_failed("reading");
	*got = (size_t)n;
	return 0;
}

static int wire_write(git_smart_subtransport_stream *stream, const char *from, size_t n)
{
	struct ssh_wire *w = (struct ssh_wire *)(void *)stream;

	while (n) {
		ssize_t done = write(w->talk.in, from, n);

		if (done < 0 && errno == EINTR && !stalled() && !interrupt_requested())
			continue;
		if (done < 0)
			return wire_failed("writing");
		from += done;
		n -= (size_t)done;
	}
	return 0;
}

/* The stream is a part of the wire, which closes itself. */
static void wire_stream_free(git_smart_subtransport_stream *stream)
{
	(void)stream;
}

static int wire_close(git_smart_subtransport *base)
{
	struct ssh_wire *w = wire_of(base);

	if (w->open)
		(void)spawn_talk_end(&w->talk);
	w->open = false;
	return 0;
}

static void wire_free(git_smart_subtransport *base)
{
	wire_close(base);
}

static int wire_action(git_smart_subtransport_stream **out, git_smart_subtransport *base,
		       const char *url, git_smart_service_t action)
{
	struct ssh_wire *w = wire_of(base);
	struct ssh_place place;
	struct err e = {0};

	*out = &w->stream;
	errno = 0;
	if (action == GIT_SERVICE_UPLOADPACK)
		return w->open ? 0 : wire_failed("the connection is closed");
	if (action != GIT_SERVICE_UPLOADPACK_LS)
		return wire_failed("only fetching is possible");
	if (!ssh_parse(w->a, str_of(url), &place))
		return wire_failed("the URL is malformed");
	wire_close(base);
	if (!spawn_talk(&(struct spawn){.argv = ssh_argv(w->a, w->settings, &place)}, &w->talk, &e))
		return wire_failed(e.msg);
	w->open = true;
	return 0;
}

static int wire_new(git_smart_subtransport **out, git_transport *owner, void *param)
{
	struct ssh_wire *w = param;

	(void)owner;
	w->stream =
	    (git_smart_subtransport_stream){&w->base, wire_read, wire_write, wire_stream_free};
	w->base = (git_smart_subtransport){wire_action, wire_close, wire_free};
	*out = &w->base;
	return 0;
}

int ssh_transport(git_transport **out, git_remote *owner, struct arena *a,
		  const struct git_settings *s)
{
	git_smart_subtransport_definition def = {.callback = wire_new};
	struct ssh_wire *w = arena_new(a, struct ssh_wire);

	w->a = a;
	w->settings = s;
	def.param = w;
	return git_transport_smart(out, owner, &def);
}
