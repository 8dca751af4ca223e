/*
 * cbuild work
 */
#include "cmd.h"

#include "base/path.h"
#include "mod/work.h"
#include "sys/file.h"

static bool work_use(struct cmd *c, struct str file, struct str cwd, const struct str_vec *dirs,
		     struct err *e)
{
	struct arena *a = &c->arena;
	struct str bytes = STR(""), work_dir = str_dup(a, path_dir(file));

	if (file_kind(file.p) != FILE_ABSENT && !file_read(a, file.p, 0, &bytes, e))
		return false;
	for (size_t i = 0; i < dirs->n; i++) {
		struct str dir = path_join(a, cwd, dirs->v[i]);
		struct str name = path_rel(a, work_dir, dir);

		if (file_kind(path_join(a, dir, STR("cbuild.yaml")).p) != FILE_REGULAR) {
			err_set(e, ERR_INPUT, "%.*s has no cbuild.yaml", STR_ARG(dirs->v[i]));
			return err_fix(e, "`cbuild mod init PATH` there makes it a module");
		}
		if (!str_startsc(name, "../") && !str_eqc(name, "."))
			name = str_fmt(a, "./%.*s", STR_ARG(name));
		if (!work_add(a, file, bytes, name, &bytes, e))
			return false;
	}
	if (!bytes.n)
		bytes = STR("use: []\n");
	return file_write_atomic(file.p, bytes, 0644, e);
}

/* The member's lines raised to what the workspace selects, and its sums. */
static bool sync_member(struct cmd *c, struct str dir, struct err *e)
{
	struct arena *a = &c->arena;
	struct mod_opts o = session_mod_opts(c);
	struct get_request *v;
	struct manifest own, joined;
	struct build_list list;
	size_t n = 0;

	o.project_dir = dir;
	o.mode = MOD_READONLY;
	o.update = true;
	o.read_only_sums = true;
	o.brief = true;
	if (!manifest_read(a, path_join(a, dir, STR("cbuild.yaml")).p, &own, e) ||
	    !manifest_read(a, path_join(a, dir, STR("cbuild.yaml")).p, &joined, e) ||
	    !work_join(a, &joined, dir, &o.sum_dirs, e) || !mod_load(a, &joined, &o, &list, e))
		return false;
	v = arena_array(a, struct get_request, own.require.n);
	for (size_t i = 0; i < own.require.n; i++)
		for (size_t k = 1; k < list.modules.n; k++)
			if (str_eq(list.modules.v[k].path, own.require.v[i].path) &&
			    list.modules.v[k].version.n)
				v[n++] = (struct get_request){list.modules.v[k].path,
							      list.modules.v[k].version};
	o.read_only_sums = false;
	o.sum_dirs.n = 0;
	return !n || mod_get(a, v, n, &(struct get_opts){0}, &o, e);
}

static bool work_sync(struct cmd *c, struct str file, struct err *e)
{
	struct str_vec dirs = {0};

	if (!work_members(&c->arena, file, &dirs, e))
		return false;
	for (size_t i = 0; i < dirs.n; i++)
		if (!sync_member(c, dirs.v[i], e))
			return err_wrap(e, "bringing %.*s up to date", STR_ARG(dirs.v[i]));
	return true;
}

bool verb_work(struct cmd *c, struct str_vec *args, struct err *e)
{
	static const struct opt opts[] = {{0}};
	struct str what, cwd, file;
	struct str_vec rest;
	bool found;

	if (!opt_parse(c, args, opts, false, e) || !session_cache(c, e) ||
	    !path_cwd(&c->arena, &cwd, e))
		return false;
	what = args->n ? args->v[0] : STR("");
	rest = (struct str_vec){.v = args->v + 1, .n = args->n ? args->n - 1 : 0};
	found = work_find(&c->arena, cwd, &file);
	if (str_eqc(what, "init")) {
		file = path_join(&c->arena, cwd, STR("cbuild.work"));
		if (file_kind(file.p) != FILE_ABSENT) {
			err_at(e, ERR_INPUT, "cbuild.work", 0, 0, "is there already");
			return err_fix(e, "`cbuild work use FOLDER` adds to it");
		}
		return work_use(c, file, cwd, &rest, e);
	}
	if (!str_eqc(what, "use") && !(str_eqc(what, "sync") && !rest.n))
		return opt_unknown_command(c, args, "init, use or sync", e);
	if (!found) {
		err_set(e, ERR_INPUT, "there is no cbuild.work here or above");
		return err_fix(e, "`cbuild work init` writes one");
	}
	return str_eqc(what, "use") ? work_use(c, file, cwd, &rest, e) : work_sync(c, file, e);
}
