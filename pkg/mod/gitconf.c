/*
 * The user's url.BASE.insteadOf and http.lowSpeedTime, read as git(1) reads it: the system's, XDG's and home's files, or
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

struct rewrite {
	struct arena *a;
	struct str url;
	struct str base; /* of the longest prefix so far */
	size_t prefix_n;
	uint32_t stall_s; /* 0: not said */
};

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

/* One setting: key "url.BASE.insteadof" in any case but for BASE, or "http.lowspeedtime". */
static void consider(struct rewrite *r, struct str key, struct str value)
{
	enum { STALL_MAX_S = 24 * 3600 };
	static const struct str tail = {".insteadof", 10}, time = {"http.lowspeedtime", 17};
	uint64_t seconds;

	if (key.n == time.n && ends_fold(key, time) && str_u64(value, &seconds) && seconds > 0 &&
	    seconds <= STALL_MAX_S)
		r->stall_s = (uint32_t)seconds;
	if (key.n < 4 + tail.n || !ends_fold((struct str){key.p, 4}, STR("url.")) ||
	    !ends_fold(key, tail))
		return;
	if (value.n < r->prefix_n || value.n == 0 || !str_starts(r->url, value))
		return;
	r->prefix_n = value.n;
	r->base = str_dup(r->a, (struct str){key.p + 4, key.n - 4 - tail.n});
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
		consider(r, str_of(ent->name), str_of(ent->value));
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

	struct rewrite r = {.a = a, .url = url};

	if (git_libgit2_init() < 0)
		return err_set(e, ERR_IO, "libgit2 could not start");
	if (!consider_files(&r, e) || !consider_environment(&r, e)) {
		git_libgit2_shutdown();
		return false;
	}
	git_libgit2_shutdown();
	*out = (struct git_settings){url, r.stall_s ? r.stall_s : STALL_DEFAULT_S};
	if (r.prefix_n) {
		struct str rest = str_skip(url, r.prefix_n);

		out->url = str_fmt(a, "%.*s%.*s", STR_ARG(r.base), STR_ARG(rest));
	}
	return true;
}
