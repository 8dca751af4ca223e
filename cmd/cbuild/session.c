/*
 * Where the user stands: the project's root is the nearest folder upward with a cbuild.yaml, else the folder
 * whose cmd/ or pkg/ holds the working folder (a plain tree), else the working folder. The command then works from the root, so that every path it prints or hashes is
 * relative to it.
 */
#include "cmd.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/embed.h"
#include "base/path.h"
#include "mod/work.h"
#include "sys/file.h"

#define RUNTIME "build/.x/rt"

static struct str env(const char *name)
{
	return str_of(getenv(name));
}

bool session_cache(struct cmd *c, struct err *e)
{
	struct str dir = env("CBUILD_CACHE"), base = env("XDG_CACHE_HOME"), cwd;
	struct str below = env("CBUILD_CACHE_RO");

	c->offline = env("CBUILD_OFFLINE").n && !str_eqc(env("CBUILD_OFFLINE"), "0");
	if (c->mod_mode == MOD_AUTO && !mod_mode_parse(env("CBUILD_MOD"), &c->mod_mode, e))
		return false;
	if (!dir.n && base.n)
		dir = path_join(&c->arena, base, STR("cbuild"));
	if (!dir.n && env("HOME").n)
		dir = path_join(&c->arena, env("HOME"), STR(".cache/cbuild"));
	if (!dir.n) {
		err_set(e, ERR_IO, "no folder for the cache: neither CBUILD_CACHE nor HOME is set");
		return err_fix(e, "set CBUILD_CACHE to a folder that may be written");
	}
	if (!path_cwd(&c->arena, &cwd, e))
		return false;
	c->cache_dir = path_join(&c->arena, cwd, dir);
	while (below.n) {
		dir = str_cut(&below, ':');
		if (dir.n)
			*vec_push(&c->arena, &c->below) = path_join(&c->arena, cwd, dir);
	}
	return true;
}

bool session_cas(struct cmd *c, struct err *e)
{
	if (c->cas)
		return true;
	if (!cas_open(&c->arena, c->cache_dir, &c->cas, e))
		return err_wrap(e, "opening the cache");
	/* One that is not there today costs time, not a build; `cbuild cache stat` tells. */
	for (size_t i = 0; i < c->below.n; i++)
		(void)cas_layer(c->cas, c->below.v[i]);
	return true;
}

void session_tidy(struct cmd *c)
{
	if (c->cas && !str_eqc(env("CBUILD_CACHE_TRIM"), "off"))
		cas_trim_daily(c->cas, (uint64_t)CACHE_DAYS * 86400,
			       (uint64_t)CACHE_MEGABYTES * 1000000);
}

static bool has(struct cmd *c, struct str dir, const char *name)
{
	return file_kind(str_c(&c->arena, path_join(&c->arena, dir, str_of(name)))) != FILE_ABSENT;
}

/*
 * Whether dir is the root of a plain tree in whose cmd/ or pkg/ the folder below lies. A folder that only
 * happens to be called pkg is not enough.
 */
static bool is_plain_root(struct cmd *c, struct str dir, struct str below)
{
	bool cmd = path_within(path_join(&c->arena, dir, STR("cmd")), below);
	bool pkg = path_within(path_join(&c->arena, dir, STR("pkg")), below);

	return (cmd && has(c, dir, "pkg")) || (pkg && has(c, dir, "cmd")) ||
	       ((cmd || pkg) && (has(c, dir, ".git") || has(c, dir, "build/.x")));
}

static struct str root_above(struct cmd *c, struct str cwd)
{
	struct str plain = cwd;

	for (struct str dir = cwd;; dir = path_dir(dir)) {
		if (has(c, dir, "cbuild.yaml"))
			return dir;
		if (is_plain_root(c, dir, cwd))
			plain = dir;
		if (str_eqc(dir, "/"))
			return plain;
	}
}

static bool find_root(struct cmd *c, struct err *e)
{
	struct str cwd;

	if (!path_cwd(&c->arena, &cwd, e))
		return false;
	c->root = root_above(c, cwd);
	c->prefix = path_rel(&c->arena, c->root, cwd);
	if (chdir(str_c(&c->arena, c->root)) != 0)
		return err_errno(e, "entering %.*s", STR_ARG(c->root));
	if (!str_eqc(env("CBUILD_WORK"), "off"))
		work_find(&c->arena, c->root, &c->work);
	return true;
}

bool session_find(struct cmd *c, struct err *e)
{
	return session_cache(c, e) && find_root(c, e);
}

bool session_open(struct cmd *c, struct err *e)
{
	return session_find(c, e) && session_manifest(c, e);
}

bool session_manifest(struct cmd *c, struct err *e)
{
	c->has_manifest = file_kind("cbuild.yaml") != FILE_ABSENT;
	if (c->has_manifest)
		return manifest_read(&c->arena, "cbuild.yaml", &c->manifest, e) &&
		       (!c->work.n ||
			work_join(&c->arena, &c->manifest, c->root, &c->work_dirs, e));
	return manifest_parse(&c->arena, STR("cbuild.yaml"), STR(""), &c->manifest, e);
}

struct mod_opts session_mod_opts(struct cmd *c)
{
	struct str private = env("CBUILD_PRIVATE"), noproxy = env("CBUILD_NOPROXY");

	return (struct mod_opts){.cache_dir = c->cache_dir,
				 .project_dir = c->home.n ? c->home : c->root,
				 .offline = c->offline,
				 .proxy = env("CBUILD_PROXY"),
				 .noproxy = noproxy.n ? noproxy : private,
				 .mode = c->mod_mode,
				 .sum_dirs = c->work_dirs,
				 .program = cbuild_version(),
				 .sink = ui_sink(c->ui)};
}

struct toolchain_opts session_toolchain_opts(struct cmd *c)
{
	return (struct toolchain_opts){.cache_dir = c->cache_dir,
				       .wanted = env("CBUILD_TOOLCHAIN"),
				       .mount = STR("build/.x/tc"),
				       .tool_cache = STR("build/.x/tool"),
				       .no_install = c->offline,
				       .sink = ui_sink(c->ui)};
}

static bool is_path(struct str pattern)
{
	return str_eqc(pattern, ".") || str_eqc(pattern, "..") || str_startsc(pattern, "./") ||
	       str_startsc(pattern, "../") || path_is_abs(pattern);
}

bool session_patterns(struct cmd *c, struct str_vec *patterns, struct err *e)
{
	struct arena *a = &c->arena;

	for (size_t i = 0; i < patterns->n; i++) {
		struct str given = patterns->v[i];

		if (!given.n) {
			err_set(e, ERR_USAGE, "a pattern is empty");
			return err_fix(e, "give none, or ./..., to mean all packages");
		}
		if (!is_path(given))
			continue;
		patterns->v[i] =
		    path_rel(a, c->root, path_join(a, path_join(a, c->root, c->prefix), given));
		if (!str_eqc(patterns->v[i], "..") && !str_startsc(patterns->v[i], "../"))
			continue;
		err_set(e, ERR_USAGE, "pattern '%.*s' lies outside the project %.*s",
			STR_ARG(given), STR_ARG(c->root));
		return err_fix(e, "`cbuild -C DIR` works on another project");
	}
	if (!patterns->n && !str_eqc(c->prefix, "."))
		*vec_push(a, patterns) = path_join(a, c->prefix, STR("..."));
	return true;
}

bool session_runtime(struct cmd *c, struct err *e)
{
	static const char *const files[] = {"cbuild/test.h", "test.c"};

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		struct str name = str_fmt(&c->arena, "pkg/test/runtime/%s", files[i]);
		const char *path = str_fmt(&c->arena, RUNTIME "/%s", files[i]).p;
		struct str data;

		if (!embed_find(name, &data))
			return err_set(e, ERR_IO, "this cbuild lacks its own file %.*s",
				       STR_ARG(name));
		if (!folder_make_for(path, e) || !file_write_if_changed(path, data, 0644, e))
			return false;
	}
	return true;
}

/* The test runtime is a module like any other. */
static bool add_runtime(struct cmd *c, struct err *e)
{
	static const char text[] =
	    "packages: {runtime: {sources: [test.c], export: {include: [.]}}}\n";
	struct module *m;
	struct manifest *manifest = arena_new(&c->arena, struct manifest);

	if (!session_runtime(c, e) ||
	    !manifest_parse(&c->arena, STR("test runtime"), STR(text), manifest, e))
		return false;
	m = vec_push(&c->arena, &c->list.modules);
	m->path = STR("cbuild/test");
	m->dir = path_join(&c->arena, c->root, STR(RUNTIME));
	m->replaced = true;
	m->manifest = manifest;
	return true;
}

bool session_modules(struct cmd *c, bool update, struct err *e)
{
	struct mod_opts o = session_mod_opts(c);

	o.update = update;
	o.read_only_sums = c->keep_sums;
	return mod_load(&c->arena, &c->manifest, &o, &c->list, e) && add_runtime(c, e);
}

bool session_list(struct cmd *c, bool all, struct err *e)
{
	struct mod_opts o = session_mod_opts(c);

	o.brief = true;
	o.no_memo = all;
	return mod_load(&c->arena, &c->manifest, &o, &c->list, e);
}

static bool add_target(struct cmd *c, struct target **v, size_t *n, const struct target *t)
{
	for (size_t i = 0; i < *n; i++)
		if (target_eq(&(*v)[i], t))
			return false;
	*v = arena_grow(&c->arena, *v, *n, *n + 1, sizeof **v, _Alignof(struct target));
	(*v)[(*n)++] = *t;
	return true;
}

/* The manifest's targets; without any, those that every cross toolchain builds. */
static void add_all(struct cmd *c, struct target **v, size_t *n)
{
	static const char *const names[] = {"linux/amd64",  "linux/386",    "linux/arm64",
					    "linux/arm/v7", "linux/arm/v6", "linux/riscv64"};
	struct target t;
	struct err ignored;

	for (size_t i = 0; i < c->manifest.targets.n; i++)
		add_target(c, v, n, &c->manifest.targets.v[i]);
	for (size_t i = 0; !c->manifest.targets.n && i < sizeof names / sizeof names[0]; i++)
		if (target_parse(str_of(names[i]), &t, &ignored))
			add_target(c, v, n, &t);
}

bool session_targets(struct cmd *c, const struct str_vec *names, struct target **out, size_t *n,
		     struct err *e)
{
	struct target host = target_host(), t;

	*out = NULL;
	*n = 0;
	for (size_t i = 0; i < names->n; i++) {
		struct str rest = names->v[i];

		while (rest.p) {
			struct str name = str_cut(&rest, ',');

			if (str_eqc(name, "all")) {
				add_all(c, out, n);
			} else if (target_parse(name, &t, e)) {
				add_target(c, out, n, &t);
			} else {
				return false;
			}
		}
	}
	if (!*n)
		add_target(c, out, n, &host);
	return true;
}
