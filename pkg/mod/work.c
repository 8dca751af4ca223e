/*
 * cbuild.work, found upward from the project: modules that are worked on together.
 *
 *     use:
 *       - ./shop
 *       - ./lib
 *
 * For the main module, when it is one of them, each other member stands for its path whatever version is
 * required, and what members require counts as if the main module did: one selection for all. What members replace,
 * and their port repositories, count where the main module says nothing of that path; of two members the first.
 */
#include "mod/work.h"

#include <string.h>

#include "base/path.h"
#include "format/yaml.h"
#include "sys/file.h"
#include "sys/look.h"

bool work_find(struct arena *a, struct str project_dir, struct str *file)
{
	for (struct str dir = project_dir;; dir = path_dir(dir)) {
		int fd = look_open(str_c(a, dir));
		struct file_sig ignored;
		bool found = fd >= 0 && look_at(fd, "cbuild.work", true, &ignored) == FILE_REGULAR;

		look_close(fd);
		*file = found ? path_join(a, dir, STR("cbuild.work")) : STR("");
		if (found || str_eqc(dir, "/"))
			return found;
	}
}

static bool read_use(struct arena *a, struct str file, struct str bytes, struct str_vec *out,
		     struct yaml_node **use, struct err *e)
{
	struct yaml_node *root;

	if (!yaml_parse(a, file, bytes, &root, e))
		return false;
	*use = (struct yaml_node *)yaml_get(root, "use");
	if (root->kind != YAML_MAP || root->pairs.n != 1 || !*use || (*use)->kind != YAML_LIST) {
		err_at(e, ERR_INPUT, str_c(a, file), root->line, root->col,
		       "a workspace is a list of folders under 'use'");
		return err_fix(e, "write 'use:' with one '- ./FOLDER' line each");
	}
	for (size_t i = 0; i < (*use)->items.n; i++) {
		const struct yaml_node *v = (*use)->items.v[i];

		if (v->kind != YAML_TEXT || !v->text.n) {
			err_at(e, ERR_INPUT, str_c(a, file), v->line, v->col,
			       "'use' holds folders, not %s", yaml_kind_name(v));
			return err_fix(e, "write '- ./FOLDER'");
		}
		*vec_push(a, out) = v->text;
	}
	return true;
}

bool work_members(struct arena *a, struct str file, struct str_vec *dirs, struct err *e)
{
	struct str bytes;
	struct yaml_node *use;
	struct str_vec names = {0};

	if (!file_read(a, str_c(a, file), YAML_MAX_BYTES, &bytes, e) ||
	    !read_use(a, file, bytes, &names, &use, e))
		return err_wrap(e, "reading the workspace");
	for (size_t i = 0; i < names.n; i++)
		*vec_push(a, dirs) = path_join(a, str_dup(a, path_dir(file)), names.v[i]);
	return true;
}

static struct str insert(struct arena *a, struct str bytes, size_t at, struct str text)
{
	struct str before = {bytes.p, at}, after = str_skip(bytes, at);

	return str_fmt(a, "%.*s%.*s%.*s", STR_ARG(before), STR_ARG(text), STR_ARG(after));
}

bool work_add(struct arena *a, struct str file, struct str bytes, struct str dir, struct str *out,
	      struct err *e)
{
	struct str_vec names = {0};
	struct yaml_node *use;
	const struct yaml_node *last;

	*out = bytes;
	if (!bytes.n) {
		*out = str_fmt(a, "use:\n  - %.*s\n", STR_ARG(dir));
		return true;
	}
	if (!read_use(a, file, bytes, &names, &use, e))
		return false;
	if (str_vec_has(&names, dir))
		return true;
	if (!names.n) {
		*out = insert(a, bytes, use->start + 1, dir);
		return true;
	}
	last = use->items.v[names.n - 1];
	*out = insert(a, bytes, last->end,
		      use->flow ? str_fmt(a, ", %.*s", STR_ARG(dir))
				: str_fmt(a, "\n%*s- %.*s", use->col - 1, "", STR_ARG(dir)));
	return true;
}

static bool requires(const struct manifest *m, struct str path)
{
	for (size_t i = 0; i < m->require.n; i++)
		if (str_eq(m->require.v[i].path, path))
			return true;
	return false;
}

/* The member's own replacements hold too, from its folder, where the main module has none. */
static void add_replacements(struct arena *a, struct manifest *main, const struct manifest *m,
			     struct str dir)
{
	size_t n = main->replace.n;

	for (size_t i = 0; i < m->replace.n; i++) {
		struct replacement r = m->replace.v[i];
		bool known = false;

		for (size_t k = 0; k < n; k++)
			known = known || str_eq(main->replace.v[k].path, r.path);
		if (r.folder.n)
			r.folder = path_join(a, dir, r.folder);
		if (!known)
			*vec_push(a, &main->replace) = r;
	}
}

/* So do its port repositories, behind main's: what it requires may have ports from there. */
static void add_ports(struct arena *a, struct manifest *main, const struct manifest *m)
{
	for (size_t i = 0; i < m->ports.n; i++) {
		struct requirement r = m->ports.v[i];
		bool known = false;

		for (size_t k = 0; k < main->ports.n; k++)
			known = known || str_eq(main->ports.v[k].path, r.path);
		r.pos = (struct pos){0}; /* in another file */
		if (!known)
			*vec_push(a, &main->ports) = r;
	}
}

/* require: also where main has no line for it. */
static bool add_member(struct arena *a, struct manifest *main, struct str dir, bool require,
		       struct err *e)
{
	struct manifest *m = arena_new(a, struct manifest);

	if (!manifest_read(a, path_join(a, dir, STR("cbuild.yaml")).p, m, e))
		return false;
	if (!m->module.n) {
		err_at(e, ERR_INPUT, m->file.p, 1, 1, "a member of a workspace needs a 'module'");
		return err_fix(e, "add 'module: HOST/PATH'");
	}
	add_replacements(a, main, m, dir);
	add_ports(a, main, m);
	*vec_push(a, &main->replace) = (struct replacement){.path = m->module, .folder = dir};
	if (require && !requires(main, m->module))
		*vec_push(a, &main->require) =
		    (struct requirement){.path = m->module, .version = STR("v0.0.0")};
	return true;
}

static bool join(struct arena *a, struct manifest *main, struct str project_dir, bool require,
		 struct str_vec *sum_dirs, struct err *e)
{
	struct str_vec dirs = {0};
	struct str file;

	if (!work_find(a, project_dir, &file))
		return true;
	if (!work_members(a, file, &dirs, e))
		return false;
	if (!str_vec_has(&dirs, project_dir))
		return true;
	for (size_t i = 0; i < dirs.n; i++) {
		if (str_eq(dirs.v[i], project_dir))
			continue;
		if (!add_member(a, main, dirs.v[i], require, e))
			return err_wrap(e, "reading a member of %.*s", STR_ARG(file));
		*vec_push(a, sum_dirs) = dirs.v[i];
	}
	return true;
}

bool work_join(struct arena *a, struct manifest *main, struct str project_dir,
	       struct str_vec *sum_dirs, struct err *e)
{
	return join(a, main, project_dir, true, sum_dirs, e);
}

bool work_stand_in(struct arena *a, const struct manifest *main, struct str project_dir,
		   struct manifest *out, struct err *e)
{
	struct str_vec ignored = {0};

	*out = *main;
	memset(&out->replace, 0, sizeof out->replace);
	memset(&out->ports, 0, sizeof out->ports);
	for (size_t i = 0; i < main->replace.n; i++)
		*vec_push(a, &out->replace) = main->replace.v[i];
	for (size_t i = 0; i < main->ports.n; i++)
		*vec_push(a, &out->ports) = main->ports.v[i];
	return join(a, out, project_dir, false, &ignored, e);
}
