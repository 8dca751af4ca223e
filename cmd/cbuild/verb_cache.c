/*
 * cbuild cache, clean, env, version
 */
#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/path.h"
#include "sys/file.h"

#ifndef CBUILD_VERSION
#define CBUILD_VERSION "0.1.0-dev"
#endif

static bool print_stat(struct cmd *c, struct err *e)
{
	struct cas_stat s;

	if (!cas_stat(c->cas, &s, e))
		return false;
	if (c->json)
		printf(
		    "{\"blobs\":%llu,\"blob_bytes\":%llu,\"results\":%llu,\"result_bytes\":%llu,"
		    "\"tool_files\":%llu,\"tool_bytes\":%llu}\n",
		    (unsigned long long)s.blob_count, (unsigned long long)s.blob_bytes,
		    (unsigned long long)s.action_count, (unsigned long long)s.action_bytes,
		    (unsigned long long)s.tool_count, (unsigned long long)s.tool_bytes);
	else
		printf("%.*s: %llu blobs, %.1f MB; %llu results, %.1f MB; %llu files of "
		       "tools, %.1f MB\n",
		       STR_ARG(c->cache_dir),
		       (unsigned long long)s.blob_count, (double)s.blob_bytes / 1e6,
		       (unsigned long long)s.action_count, (double)s.action_bytes / 1e6,
		       (unsigned long long)s.tool_count, (double)s.tool_bytes / 1e6);
	return true;
}

static bool trim(struct cmd *c, unsigned days, unsigned megabytes, struct err *e)
{
	uint64_t freed;

	if (!cas_trim(c->cas, (uint64_t)days * 86400, (uint64_t)megabytes * 1000000, &freed, e))
		return false;
	printf("freed %.1f MB\n", (double)freed / 1e6);
	return true;
}

static bool clean(struct cmd *c, struct err *e)
{
	static const char *const kinds[] = {"ac", "cas", "tool"};

	cas_close(c->cas);
	c->cas = NULL;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (!folder_remove(path_join(&c->arena, c->cache_dir, str_of(kinds[i])).p, e))
			return false;
	return true;
}

bool verb_cache(struct cmd *c, struct str_vec *args, struct err *e)
{
	unsigned days = 5, megabytes = 10000;
	const struct opt opts[] = {
	    {"--max-age", OPT_UINT, &days}, {"--max-size", OPT_UINT, &megabytes}, {0}};
	struct str what;
	uint64_t damaged;

	if (!opt_parse(c, args, opts, false, e) || !session_cache(c, e) ||
	    !cas_open(&c->arena, c->cache_dir, &c->cas, e))
		return false;
	what = args->n == 1 ? args->v[0] : STR("");
	if (str_eqc(what, "stat"))
		return print_stat(c, e);
	if (str_eqc(what, "trim"))
		return trim(c, days, megabytes, e);
	if (str_eqc(what, "clean"))
		return clean(c, e);
	if (str_eqc(what, "verify")) {
		if (!cas_verify(c->cas, &damaged, e))
			return false;
		printf("%llu damaged entries removed\n", (unsigned long long)damaged);
		return true;
	}
	err_set(e, ERR_USAGE, "unknown command 'cache %.*s'", STR_ARG(what));
	return err_fix(e, "cbuild cache stat, verify, trim or clean");
}

bool verb_clean(struct cmd *c, struct str_vec *args, struct err *e)
{
	static const struct opt opts[] = {{0}};

	if (!opt_parse(c, args, opts, false, e) || !session_open(c, e))
		return false;
	/* Only what cbuild made: a folder named build may hold the user's own files. */
	if (file_kind("build/.x") == FILE_ABSENT)
		return true;
	return folder_remove("build", e);
}

static void print_env(const char *name, struct str value, const struct str_vec *wanted)
{
	if (wanted->n && !str_vec_has(wanted, str_of(name)))
		return;
	if (wanted->n)
		printf("%.*s\n", STR_ARG(value));
	else
		printf("%s=%.*s\n", name, STR_ARG(value));
}

bool verb_env(struct cmd *c, struct str_vec *args, struct err *e)
{
	static const struct opt opts[] = {{0}};
	static const char *const names[] = {
	    "CBUILD_OFFLINE", "CBUILD_TOOLCHAIN",  "CFLAGS",
	    "LDFLAGS",	      "SOURCE_DATE_EPOCH", "GIT_CONFIG_GLOBAL"};
	struct target host = target_host();

	if (!opt_parse(c, args, opts, false, e) || !session_open(c, e))
		return false;
	print_env("CBUILD_ROOT", c->root, args);
	print_env("CBUILD_CACHE", c->cache_dir, args);
	print_env("CBUILD_HOST", target_name(&c->arena, &host), args);
	print_env("CBUILD_VERSION", STR(CBUILD_VERSION), args);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		print_env(names[i], str_of(getenv(names[i])), args);
	return true;
}

bool verb_version(struct cmd *c, struct str_vec *args, struct err *e)
{
	static const struct opt opts[] = {{0}};
	struct target host = target_host();

	if (!opt_parse(c, args, opts, false, e))
		return false;
	printf("cbuild %s %.*s\n", CBUILD_VERSION, STR_ARG(target_name(&c->arena, &host)));
	return true;
}

bool verb_help(struct cmd *c, struct str_vec *args, struct err *e)
{
	const struct verb *v;

	(void)c;
	if (args->n) {
		v = verb_find(args->v[0]);
		if (!v) {
			err_set(e, ERR_USAGE, "no help on '%.*s'", STR_ARG(args->v[0]));
			return err_fix(e, "`cbuild help` lists the commands");
		}
		printf("usage: cbuild %s %s\n\n%s\n", v->name, v->args, v->summary);
		if (v->help[0])
			printf("\n%s", v->help);
		return true;
	}
	printf("cbuild builds, tests, packs and ships C programs.\n\nusage: cbuild [-C DIR] "
	       "COMMAND [arguments]\n\n");
	for (v = verbs; v->name; v++)
		printf("  %-10s %s\n", v->name, v->summary);
	printf("\n`cbuild help COMMAND` says more. Exit status: 0 ok, 1 the code or input failed, "
	       "2 usage, "
	       "3 environment or network.\n");
	return true;
}
