/*
 * cbuild cache, clean, env, help
 */
#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/path.h"
#include "sys/file.h"

static void print_layer(struct cmd *c, struct str dir, const struct cas_stat *s, bool below)
{
	const char *mark = below ? " (below, only read)" : "";
	struct buf name = {0};

	if (!c->json) {
		printf("%.*s%s: %llu blobs, %.1f MB; %llu results, %.1f MB; %llu files of tools, "
		       "%.1f MB\n",
		       STR_ARG(dir), mark, (unsigned long long)s->blob_count,
		       (double)s->blob_bytes / 1e6, (unsigned long long)s->action_count,
		       (double)s->action_bytes / 1e6, (unsigned long long)s->tool_count,
		       (double)s->tool_bytes / 1e6);
		return;
	}
	buf_add_json(&name, dir);
	printf("{\"dir\":%s,\"below\":%s,\"blobs\":%llu,\"blob_bytes\":%llu,\"results\":%llu,"
	       "\"result_bytes\":%llu,\"tool_files\":%llu,\"tool_bytes\":%llu}\n",
	       name.p, below ? "true" : "false", (unsigned long long)s->blob_count,
	       (unsigned long long)s->blob_bytes, (unsigned long long)s->action_count,
	       (unsigned long long)s->action_bytes, (unsigned long long)s->tool_count,
	       (unsigned long long)s->tool_bytes);
	buf_fini(&name);
}

/* What cannot be used of CBUILD_CACHE_RO is said here, and nowhere else. */
static bool print_stat(struct cmd *c, struct err *e)
{
	struct cas_stat s;
	size_t layers = 1;

	if (!cas_stat(c->cas, 0, &s, e))
		return false;
	print_layer(c, c->cache_dir, &s, false);
	for (size_t i = 0; i < c->below.n; i++) {
		struct err why = {0};

		if (!str_eq(c->below.v[i], cas_dir(c->cas, layers)))
			event_warn(ui_sink(c->ui),
				   "%.*s: no cache that can be read, or its owner is trimming it",
				   STR_ARG(c->below.v[i]));
		else if (cas_stat(c->cas, layers++, &s, &why))
			print_layer(c, c->below.v[i], &s, true);
		else
			event_warn(ui_sink(c->ui), "%s", why.msg);
	}
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

bool verb_cache(struct cmd *c, struct str_vec *args, struct err *e)
{
	unsigned days = CACHE_DAYS, megabytes = CACHE_MEGABYTES;
	const struct opt opts[] = {
	    {"--max-age", OPT_UINT, &days}, {"--max-size", OPT_UINT, &megabytes}, {0}};
	struct str what;
	uint64_t damaged;

	if (!opt_parse(c, args, opts, false, e) || !session_cache(c, e) || !session_cas(c, e))
		return false;
	what = args->n == 1 ? args->v[0] : STR("");
	if (str_eqc(what, "stat"))
		return print_stat(c, e);
	if (str_eqc(what, "trim"))
		return trim(c, days, megabytes, e);
	if (str_eqc(what, "clean"))
		return cas_clean(c->cas, e);
	if (str_eqc(what, "verify")) {
		if (!cas_verify(c->cas, &damaged, e))
			return false;
		printf("%llu damaged entries removed\n", (unsigned long long)damaged);
		return true;
	}
	return opt_unknown_command(c, args, "stat, verify, trim or clean", e);
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
	    "CBUILD_CACHE_RO",	"CBUILD_CACHE_TRIM", "CBUILD_MOD",
	    "CBUILD_OFFLINE",	"CBUILD_PROXY",	     "CBUILD_NOPROXY",
	    "CBUILD_PRIVATE",	"CBUILD_TOOLCHAIN",  "CBUILD_WORK",
	    "CFLAGS",		"LDFLAGS",	     "SOURCE_DATE_EPOCH",
	    "GIT_CONFIG_GLOBAL"};
	struct target host = target_host();

	if (!opt_parse(c, args, opts, false, e) || !session_open(c, e))
		return false;
	print_env("CBUILD_ROOT", c->root, args);
	print_env("CBUILD_CACHE", c->cache_dir, args);
	print_env("CBUILD_HOST", target_name(&c->arena, &host), args);
	print_env("CBUILD_VERSION", cbuild_version(), args);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		print_env(names[i], str_of(getenv(names[i])), args);
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
		printf("usage: cbuild %s%s%s\n\n%s\n", v->name, *v->args ? " " : "", v->args,
		       v->summary);
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
