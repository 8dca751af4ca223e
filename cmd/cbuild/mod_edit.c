/*
 * cbuild mod edit: cbuild.yaml changed by programs. Comments and order stay, all edits are made or none.
 */
#include "cmd.h"

#include <stdio.h>

#include "sys/file.h"

struct edits {
	struct cmd *c;
	struct str bytes;
};

static bool set(struct edits *x, struct str section, struct str key, struct str value,
		struct err *e)
{
	return manifest_edit(&x->c->arena, STR("cbuild.yaml"), x->bytes, section, key, value,
			     &x->bytes, e);
}

/* PATH@VERSION; what is dropped needs no version. */
static bool split(struct str arg, bool drop, struct str *path, struct str *version, struct err *e)
{
	*version = arg;
	*path = str_cut(version, '@');
	if (path->n && (version->n || (drop && !version->p)))
		return true;
	err_set(e, ERR_USAGE, "'%.*s': need PATH%s", STR_ARG(arg), drop ? "" : "@VERSION");
	return err_fix(e, drop ? "name a module: github.com/madler/zlib, or with its version"
			       : "name a version, or drop it with --drop...: "
				 "github.com/madler/zlib@v1.3.1");
}

/* PATH@VERSION */
static bool require(struct edits *x, struct str arg, bool drop, struct err *e)
{
	struct str version, path;

	return split(arg, drop, &path, &version, e) &&
	       manifest_edit_require(&x->c->arena, STR("cbuild.yaml"), x->bytes, path,
				     drop ? STR("") : version, &x->bytes, e);
}

/* OLD[@VERSION]=NEW[@VERSION] */
static bool replace(struct edits *x, struct str arg, bool drop, struct err *e)
{
	struct str by = arg, old = str_cut(&by, '=');

	return set(x, STR("replace"), old, drop ? STR("") : by, e);
}

/* PATH@VERSION: the list of that path is written anew. Dropping a PATH drops them all. */
static bool exclude(struct edits *x, struct str arg, bool drop, struct err *e)
{
	struct arena *a = &x->c->arena;
	struct manifest m;
	struct str version, path, list = STR("");

	if (!split(arg, drop, &path, &version, e) ||
	    !manifest_parse(a, STR("cbuild.yaml"), x->bytes, &m, e))
		return false;
	for (size_t i = 0; i < m.exclude.n && version.n; i++)
		if (str_eq(m.exclude.v[i].path, path) && !str_eq(m.exclude.v[i].version, version))
			list = str_fmt(a, "%.*s%s%.*s", STR_ARG(list), list.n ? ", " : "",
				       STR_ARG(m.exclude.v[i].version));
	if (!drop)
		list =
		    str_fmt(a, "%.*s%s%.*s", STR_ARG(list), list.n ? ", " : "", STR_ARG(version));
	return set(x, STR("exclude"), path, list.n ? str_fmt(a, "[%.*s]", STR_ARG(list)) : list, e);
}

/* VERSION or LOW..HIGH, with =REASON */
static bool retract(struct edits *x, struct str arg, bool drop, struct err *e)
{
	struct str why = arg, versions = str_cut(&why, '=');

	return set(x, STR("retract"), versions,
		   drop	   ? STR("")
		   : why.n ? why
			   : STR("no reason given"),
		   e);
}

/* PATH@VERSION */
static bool ports(struct edits *x, struct str arg, bool drop, struct err *e)
{
	struct str version, path;

	return split(arg, drop, &path, &version, e) &&
	       set(x, STR("ports"), path, drop ? STR("") : version, e);
}

/* ---- --json ---- */

static void add_pair(struct buf *b, const char *sep, const char *k1, struct str v1, const char *k2,
		     struct str v2)
{
	buf_printf(b, "%s{\"%s\":", sep, k1);
	buf_add_json(b, v1);
	buf_printf(b, ",\"%s\":", k2);
	buf_add_json(b, v2);
	buf_addc(b, "}");
}

static void print_json(struct cmd *c, const struct manifest *m)
{
	struct buf b = {0};

	buf_addc(&b, "{\"module\":");
	buf_add_json(&b, m->module);
	buf_addc(&b, ",\"require\":[");
	for (size_t i = 0; i < m->require.n; i++)
		add_pair(&b, i ? "," : "", "path", m->require.v[i].path, "version",
			 m->require.v[i].version);
	buf_addc(&b, "],\"replace\":[");
	for (size_t i = 0; i < m->replace.n; i++) {
		const struct replacement *r = &m->replace.v[i];

		add_pair(&b, i ? "," : "", "old",
			 r->version.n ? str_fmt(&c->arena, "%.*s@%.*s", STR_ARG(r->path),
						STR_ARG(r->version))
				      : r->path,
			 "new",
			 r->folder.n ? r->folder
				     : str_fmt(&c->arena, "%.*s@%.*s", STR_ARG(r->by_path),
					       STR_ARG(r->by_version)));
	}
	buf_addc(&b, "],\"exclude\":[");
	for (size_t i = 0; i < m->exclude.n; i++)
		add_pair(&b, i ? "," : "", "path", m->exclude.v[i].path, "version",
			 m->exclude.v[i].version);
	buf_addc(&b, "],\"retract\":[");
	for (size_t i = 0; i < m->retract.n; i++) {
		const struct retraction *r = &m->retract.v[i];
		struct str range =
		    str_eq(r->low, r->high)
			? r->low
			: str_fmt(&c->arena, "%.*s..%.*s", STR_ARG(r->low), STR_ARG(r->high));

		add_pair(&b, i ? "," : "", "versions", range, "why", r->why);
	}
	buf_addc(&b, "],\"ports\":[");
	for (size_t i = 0; i < m->ports.n; i++)
		add_pair(&b, i ? "," : "", "path", m->ports.v[i].path, "version",
			 m->ports.v[i].version);
	buf_addc(&b, "]}\n");
	fwrite(b.p, 1, b.n, stdout);
	buf_fini(&b);
}

/* ---- */

enum { EDITS = 10 };

static bool apply(struct edits *x, struct str_vec lists[EDITS], struct err *e)
{
	bool (*const by[])(struct edits *, struct str, bool,
			   struct err *) = {require, replace, exclude, retract, ports};

	for (size_t i = 0; i < EDITS; i++)
		for (size_t k = 0; k < lists[i].n; k++)
			if (!by[i / 2](x, lists[i].v[k], i % 2 != 0, e))
				return err_wrap(e, "editing '%.*s'", STR_ARG(lists[i].v[k]));
	return true;
}

bool mod_edit(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct str_vec lists[EDITS] = {0};
	const struct opt opts[] = {{"--require,-require", OPT_LIST, &lists[0]},
				   {"--droprequire,-droprequire", OPT_LIST, &lists[1]},
				   {"--replace,-replace", OPT_LIST, &lists[2]},
				   {"--dropreplace,-dropreplace", OPT_LIST, &lists[3]},
				   {"--exclude,-exclude", OPT_LIST, &lists[4]},
				   {"--dropexclude,-dropexclude", OPT_LIST, &lists[5]},
				   {"--retract,-retract", OPT_LIST, &lists[6]},
				   {"--dropretract,-dropretract", OPT_LIST, &lists[7]},
				   {"--ports,-ports", OPT_LIST, &lists[8]},
				   {"--dropports,-dropports", OPT_LIST, &lists[9]},
				   {0}};
	struct edits x = {.c = c, .bytes = STR("")};
	struct manifest m;
	struct str before;

	if (!opt_parse(c, args, opts, false, e))
		return false;
	if (args->n)
		return opt_unknown_command(c, args, "edit takes options only", e);
	if (c->has_manifest && !file_read(&c->arena, "cbuild.yaml", 0, &x.bytes, e))
		return false;
	before = x.bytes;
	if (!apply(&x, lists, e) || !manifest_parse(&c->arena, STR("cbuild.yaml"), x.bytes, &m, e))
		return err_wrap(e, "leaving cbuild.yaml as it was");
	if (c->json)
		print_json(c, &m);
	return str_eq(before, x.bytes) ||
	       mod_write_manifest(&c->arena, STR("cbuild.yaml"), x.bytes, e);
}
