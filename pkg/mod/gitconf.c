/*
 * The user's url.BASE.insteadOf, credential.*, http.extraHeader, http.lowSpeedTime and core.sshCommand, read
 * as git(1) reads it: the system's, XDG's and home's files, or
 * the one that GIT_CONFIG_GLOBAL names instead of the latter two, then GIT_CONFIG_COUNT, _KEY_n and
 * _VALUE_n. libgit2 parses the files, with their includes; it knows nothing of these variables, and
 * it applies insteadOf only after choosing a transport, so that part is done here. The longest
 * prefix wins.
 */
#include <git2.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "mod/mod_impl.h"

struct settings;

struct rewrite {
	struct arena *a;
	struct settings *scoped; /* of credential and http */
	struct str url;
	struct str base; /* of the longest prefix so far */
	size_t prefix_n;
	struct git_settings *out;
};

/* What depends on the URL that is asked in the end: kept until all files were read. */
struct setting {
	struct str scope; /* between section and name; empty: every URL */
	struct str name, value;
};
struct settings VEC_BODY(struct setting);

static int lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* s ends with the lower-case suffix, case ignored. */
static bool ends_fold(struct str s, struct str suffix)
{
	if (s.n < suffix.n)
		return false;
	for (size_t i = 0; i < suffix.n; i++)
		if (lower(s.p[s.n - suffix.n + i]) != suffix.p[i])
			return false;
	return true;
}

static bool key_is(struct str key, const char *lower_name)
{
	return key.n == strlen(lower_name) && ends_fold(key, str_of(lower_name));
}

/* SECTION[.SCOPE].NAME is kept for later. */
static void consider_scoped(struct rewrite *r, struct str key, struct str value)
{
	size_t first = str_find(key, '.'), last = str_rfind(key, '.');
	struct setting set = {.value = str_dup(r->a, value)};
	char *name;

	if (first >= key.n)
		return;
	if (last > first)
		set.scope = str_dup(r->a, (struct str){key.p + first + 1, last - first - 1});
	key = str_skip(key, last + 1);
	name = arena_strdup(r->a, key.p, key.n);
	for (size_t i = 0; i < key.n; i++)
		name[i] = (char)lower(name[i]);
	set.name = (struct str){name, key.n};
	*vec_push(r->a, r->scoped) = set;
}

/* One setting: section and name in any case, what is between as it stands. */
static void consider(struct rewrite *r, struct str key, struct str value)
{
	enum { STALL_MAX_S = 24 * 3600 };
	static const struct str tail = {".insteadof", 10};
	uint64_t seconds;

	if (key_is(key, "http.lowspeedtime") && str_u64(value, &seconds) && seconds > 0 &&
	    seconds <= STALL_MAX_S)
		r->out->stall_s = (uint32_t)seconds;
	if (key_is(key, "core.sshcommand"))
		r->out->ssh_command = str_dup(r->a, value);
	if (ends_fold((struct str){key.p, key.n < 11 ? key.n : 11}, STR("credential.")) ||
	    ends_fold((struct str){key.p, key.n < 5 ? key.n : 5}, STR("http.")))
		consider_scoped(r, key, value);
	if (key.n < 4 + tail.n || !ends_fold((struct str){key.p, 4}, STR("url.")) ||
	    !ends_fold(key, tail))
		return;
	if (value.n < r->prefix_n || value.n == 0 || !str_starts(r->url, value))
		return;
	r->prefix_n = value.n;
	r->base = str_dup(r->a, (struct str){key.p + 4, key.n - 4 - tail.n});
}

static bool is_true(struct str value)
{
	return !value.n || str_eqc(value, "true") || str_eqc(value, "yes") ||
	       str_eqc(value, "on") || str_eqc(value, "1");
}

/* Lists start anew at an empty value (gitcredentials(7), git-config(1)). */
static void add_to_list(struct arena *a, struct str_vec *list, struct str value)
{
	if (value.n)
		*vec_push(a, list) = value;
	else
		list->n = 0;
}

/* What holds for the URL that is really asked. */
static void apply_scoped(struct rewrite *r)
{
	struct git_settings *o = r->out;

	for (size_t i = 0; i < r->scoped->n; i++) {
		const struct setting *s = &r->scoped->v[i];

		if (s->scope.n && !url_covers(s->scope, o->url))
			continue;
		if (str_eqc(s->name, "helper"))
			add_to_list(r->a, &o->helpers, s->value);
		else if (str_eqc(s->name, "extraheader"))
			add_to_list(r->a, &o->headers, s->value);
		else if (str_eqc(s->name, "username"))
			o->username = s->value;
		else if (str_eqc(s->name, "usehttppath"))
			o->use_path = is_true(s->value);
	}
}

static const char *env(const char *name)
{
	const char *v = getenv(name);

	return v && *v ? v : NULL;
}

static bool config_failed(const char *file, struct err *e)
{
	const git_error *ge = git_error_last();

	err_at(e, ERR_INPUT, file, 0, 0, "git's configuration: %s",
	       ge ? ge->message : "unreadable");
	return err_fix(
	    e, "mend that file; `git config --file FILE --list` shows what git reads there");
}

static bool consider_file(struct rewrite *r, const char *file, struct err *e)
{
	git_config *cfg = NULL;
	git_config_iterator *it = NULL;
	git_config_entry *ent;
	bool ok;

	if (file_kind(file) == FILE_ABSENT)
		return true;
	ok = git_config_open_ondisk(&cfg, file) == 0 && git_config_iterator_new(&it, cfg) == 0;
	while (ok && git_config_next(&ent, it) == 0)
		consider(r, str_of(ent->name), str_of(ent->value ? ent->value : ""));
	if (!ok)
		config_failed(file, e);
	git_config_iterator_free(it);
	git_config_free(cfg);
	return ok;
}

static bool consider_home_files(struct rewrite *r, struct err *e)
{
	const char *home = env("HOME"), *xdg = env("XDG_CONFIG_HOME");

	if (xdg && !consider_file(r, str_fmt(r->a, "%s/git/config", xdg).p, e))
		return false;
	if (!home)
		return true;
	if (!xdg && !consider_file(r, str_fmt(r->a, "%s/.config/git/config", home).p, e))
		return false;
	return consider_file(r, str_fmt(r->a, "%s/.gitconfig", home).p, e);
}

static bool consider_files(struct rewrite *r, struct err *e)
{
	const char *global = getenv("GIT_CONFIG_GLOBAL"),
		   *system_file = getenv("GIT_CONFIG_SYSTEM");

	if (!env("GIT_CONFIG_NOSYSTEM") &&
	    !consider_file(r, system_file ? system_file : "/etc/gitconfig", e))
		return false;
	if (global)
		return !*global || consider_file(r, global, e);
	return consider_home_files(r, e);
}

static bool consider_environment(struct rewrite *r, struct err *e)
{
	enum { COUNT_MAX = 10000 };
	const char *count = env("GIT_CONFIG_COUNT");
	uint64_t n = 0;

	if (count && (!str_u64(str_of(count), &n) || n > COUNT_MAX)) {
		err_set(e, ERR_USAGE, "GIT_CONFIG_COUNT=%s is no count", count);
		return err_fix(e, "set it to the number of GIT_CONFIG_KEY_n, or unset it");
	}
	for (uint64_t i = 0; i < n; i++) {
		const char *key =
		    env(str_fmt(r->a, "GIT_CONFIG_KEY_%llu", (unsigned long long)i).p);
		const char *value =
		    env(str_fmt(r->a, "GIT_CONFIG_VALUE_%llu", (unsigned long long)i).p);

		if (key && value)
			consider(r, str_of(key), str_of(value));
	}
	return true;
}

bool git_settings(struct arena *a, struct str url, struct git_settings *out, struct err *e)
{
	enum { STALL_DEFAULT_S = 60 };

	struct settings scoped = {0};
	struct rewrite r = {.a = a, .scoped = &scoped, .url = url, .out = out};
	bool ok;

	*out = (struct git_settings){.url = url, .stall_s = STALL_DEFAULT_S};
	if (git_libgit2_init() < 0)
		return err_set(e, ERR_IO, "libgit2 could not start");
	ok = consider_files(&r, e) && consider_environment(&r, e);
	git_libgit2_shutdown();
	if (ok && r.prefix_n) {
		struct str rest = str_skip(url, r.prefix_n);

		out->url = str_fmt(a, "%.*s%.*s", STR_ARG(r.base), STR_ARG(rest));
	}
	if (ok)
		apply_scoped(&r);
	return ok;
}
