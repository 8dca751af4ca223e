/*
 * Names and passwords for https: netrc (curl's and git's file), then git's credential helpers, run as
 * git runs them (gitcredentials(7)): an absolute path, a shell snippet behind '!', or
 * `git credential-NAME`. Nobody is asked at the terminal.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mod/mod_impl.h"
#include "sys/spawn.h"

enum { NETRC_BYTES_MAX = 1 << 20, ANSWER_BYTES_MAX = 64 << 10 };

/* ---- netrc ---- */

/* The next word; quotes as curl has them. False at the end. */
static bool next_word(struct arena *a, struct str *rest, struct str *word)
{
	char *out;
	size_t n = 0, i = 0;
	bool quoted;

	*rest = str_trim(*rest);
	if (!rest->n)
		return false;
	out = arena_strdup(a, rest->p, rest->n);
	quoted = rest->p[0] == '"';
	for (i = quoted; i < rest->n; i++) {
		char c = rest->p[i];

		if (quoted ? c == '"' : strchr(" \t\r\n", c) != NULL)
			break;
		if (c == '\\' && quoted && i + 1 < rest->n)
			c = rest->p[++i];
		out[n++] = c;
	}
	out[n] = '\0';
	*rest = str_skip(*rest, i + 1);
	*word = (struct str){out, n};
	return true;
}

/* A macro's text goes to the next empty line. */
static void skip_macro(struct str *rest)
{
	struct str line;

	while (str_line(rest, &line) && str_trim(line).n)
		continue;
}

bool netrc_find(struct arena *a, struct str text, struct str host, struct str user,
		struct login *out)
{
	struct str rest = text, word, value;
	struct login found = {0};
	bool here = false, right = true;

	while (next_word(a, &rest, &word)) {
		bool machine = str_eqc(word, "machine"), any = str_eqc(word, "default");

		if (machine || any) {
			if (here && right && found.password.n)
				break;
			found = (struct login){0};
			right = true;
			here = any || (next_word(a, &rest, &value) && str_eq(value, host));
		} else if (str_eqc(word, "macdef")) {
			skip_macro(&rest);
		} else if (str_eqc(word, "login") && next_word(a, &rest, &value)) {
			found.user = value;
			right = !user.n || str_eq(user, value);
		} else if (str_eqc(word, "password") && next_word(a, &rest, &value)) {
			found.password = value;
		}
	}
	if (!here || !right || !found.password.n)
		return false;
	*out = found;
	if (!out->user.n)
		out->user = user;
	return true;
}

/* ---- URLs ---- */

struct url_parts {
	struct str scheme, user, host, path; /* host with its port; path without the slash */
};

static bool split(struct str url, struct url_parts *out)
{
	size_t colon = str_find(url, ':'), at;
	struct str rest = str_skip(url, colon);

	*out = (struct url_parts){.scheme = {url.p, colon}};
	if (!str_startsc(rest, "://"))
		return false;
	rest = str_skip(rest, 3);
	out->host = (struct str){rest.p, str_find(rest, '/')};
	out->path = str_skip(rest, out->host.n + 1);
	at = str_rfind(out->host, '@');
	if (at < out->host.n) {
		out->user = (struct str){out->host.p, at};
		out->user.n = str_find(out->user, ':');
		out->host = str_skip(out->host, at + 1);
	}
	return true;
}

bool url_covers(struct str conf, struct str url)
{
	struct url_parts c, u;
	struct str path;

	if (!split(conf, &c) || !split(url, &u) || !str_eq(c.scheme, u.scheme) ||
	    !str_eq(c.host, u.host) || (c.user.n && u.user.n && !str_eq(c.user, u.user)))
		return false;
	path = c.path;
	while (path.n && path.p[path.n - 1] == '/')
		path.n--;
	return !path.n ||
	       (str_starts(u.path, path) && (u.path.n == path.n || u.path.p[path.n] == '/'));
}

/* ---- helpers ---- */

bool helper_answer(struct arena *a, struct str text, struct login *out)
{
	struct str rest = text, line;

	*out = (struct login){0};
	while (str_line(&rest, &line)) {
		struct str value = line, key = str_cut(&value, '=');

		if (str_eqc(key, "quit") && (str_eqc(value, "1") || str_eqc(value, "true")))
			return false;
		if (memchr(line.p, '\0', line.n))
			return false;
		if (str_eqc(key, "username"))
			out->user = str_dup(a, value);
		else if (str_eqc(key, "password"))
			out->password = str_dup(a, value);
	}
	return out->user.n && out->password.n;
}

static void say_all(int fd, struct str text)
{
	while (text.n) {
		ssize_t n = write(fd, text.p, text.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return; /* it does not listen: its answer counts */
		text = str_skip(text, (size_t)n);
	}
}

static struct str hear_all(struct arena *a, int fd)
{
	char *text = arena_alloc(a, ANSWER_BYTES_MAX, 1);
	size_t n = 0;

	while (n < ANSWER_BYTES_MAX) {
		ssize_t got = read(fd, text + n, ANSWER_BYTES_MAX - n);

		if (got < 0 && errno == EINTR && !interrupt_requested())
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	return (struct str){text, n};
}

static bool has_newline(struct str s)
{
	return memchr(s.p ? s.p : "", '\n', s.n) != NULL;
}

static bool ask_helper(struct arena *a, const struct git_settings *s, struct str helper,
		       struct str url, struct str user, struct login *out)
{
	struct url_parts u;
	struct spawn_talk talk;
	struct str command, request, text;
	struct err e;

	if (!split(url, &u) || has_newline(url) || has_newline(user))
		return false;
	if (helper.p[0] == '!')
		command = str_fmt(a, "%.*s get", STR_ARG(str_skip(helper, 1)));
	else
		command = str_fmt(a, "%s%.*s get", helper.p[0] == '/' ? "" : "git credential-",
				  STR_ARG(helper));
	request = str_fmt(a, "protocol=%.*s\nhost=%.*s\n%s%.*s%s%s%.*s%s\n", STR_ARG(u.scheme),
			  STR_ARG(u.host), s->use_path ? "path=" : "",
			  s->use_path ? (int)u.path.n : 0, u.path.p, s->use_path ? "\n" : "",
			  user.n ? "username=" : "", STR_ARG(user), user.n ? "\n" : "");
	if (!spawn_talk(&(struct spawn){.argv = (const char *const[]){"sh", "-c", command.p, NULL}},
			&talk, &e))
		return false;
	say_all(talk.in, request);
	close(talk.in);
	talk.in = -1;
	text = hear_all(a, talk.out);
	return spawn_talk_end(&talk) == 0 && helper_answer(a, text, out);
}

static bool ask_netrc(struct arena *a, struct str url, struct str user, struct login *out)
{
	const char *file = getenv("NETRC"), *home = getenv("HOME");
	struct str path = file && *file ? str_of(file) : str_fmt(a, "%s/.netrc", home ? home : "");
	struct url_parts u;
	struct str text;
	struct err ignored;

	if (!split(url, &u) || file_kind(path.p) == FILE_ABSENT ||
	    !file_read(a, path.p, NETRC_BYTES_MAX, &text, &ignored))
		return false;
	u.host.n = str_find(u.host, ':');
	return netrc_find(a, text, u.host, user, out);
}

bool login_find(struct arena *a, const struct git_settings *s, struct str url, struct str user,
		unsigned attempt, struct login *out)
{
	unsigned found = 0;

	if (!user.n)
		user = s->username;
	if (ask_netrc(a, url, user, out) && found++ == attempt)
		return true;
	for (size_t i = 0; i < s->helpers.n; i++)
		if (ask_helper(a, s, s->helpers.v[i], url, user, out) && found++ == attempt)
			return true;
	return false;
}
