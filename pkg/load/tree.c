/*
 * The file tree, each folder read once: whether a header exists is then a look-up, for hits and misses.
 */
#include "load/load_impl.h"

#include <errno.h>

#include "base/path.h"

/*
 * Whether a folder that was read already shows that path is not there: most folders that includes could
 * mean are not, and need not be asked for, nor looked after by who watches.
 */
static bool is_known_absent(struct loader *l, struct str path)
{
	for (;;) {
		struct str parent = path_dir(path);
		const struct folder *f;

		if (str_eq(parent, path) || str_eqc(path_base(path), ".."))
			return false;
		f = map_ptr(&l->folders, parent);
		if (f)
			return f->absent || (f->listed && !map_get(&f->names, path_base(path)));
		path = parent;
	}
}

/* What was made earlier does not count: make_at knows what will be. */
static bool is_made_folder(struct str path)
{
	struct str rest = path, build = str_cut(&rest, '/'), what;

	str_cut(&rest, '/');
	what = str_cut(&rest, '/');
	return str_eqc(build, "build") && (str_eqc(what, "gen") || str_eqc(what, "foreign"));
}

void tree_unseen(struct loader *l, struct str path, const struct err *e)
{
	switch (e->os_errno) {
	case 0: /* no trouble with the file system: too large, no file */
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
	case ENAMETOOLONG:
		return;
	case EACCES:
	case EPERM:
		if (!file_may_read(str_c(l->a, path))) {
			*vec_push(l->a, &l->set->denied) = path;
			return;
		}
		break;
	default:
		break;
	}
	if (!l->failed.code)
		l->failed = *e;
}

struct folder *tree_folder(struct loader *l, struct str path)
{
	bool added;
	struct map_item *item = map_put(l->a, &l->folders, path, &added);
	struct folder_entry *v;
	size_t n;
	struct err e;
	struct folder *f;

	if (!added)
		return item->ptr;
	f = arena_new(l->a, struct folder);
	f->path = path;
	item->key = str_dup(l->a, path);
	item->ptr = f;
	f->absent = is_known_absent(l, path) || is_made_folder(path);
	if (f->absent)
		return f;
	if (!folder_list(l->a, str_c(l->a, path), &v, &n, &e)) {
		tree_unseen(l, item->key, &e);
		return f;
	}
	f->listed = true;
	for (size_t i = 0; i < n; i++)
		map_put(l->a, &f->names, v[i].name, NULL)->num = v[i].kind;
	return f;
}

bool tree_has_file(struct loader *l, struct str path)
{
	struct folder *f = tree_folder(l, path_dir(path));
	struct map_item *item = map_get(&f->names, path_base(path));
	struct file_sig sig;
	struct err ignored;

	if (!item)
		return make_at(l, path) != NULL;
	if (item->num == FILE_REGULAR)
		return true;
	return item->num == FILE_LINK && file_stat(str_c(l->a, path), &sig, &ignored) &&
	       (sig.mode & 0170000) == 0100000;
}

bool tree_is_source(struct str path)
{
	return str_endsc(path, ".c") || str_endsc(path, ".S") || str_endsc(path, ".s");
}

static bool is_c_file(struct str path)
{
	return tree_is_source(path) || str_endsc(path, ".h") || str_endsc(path, ".inc");
}

bool tree_is_test(struct str path)
{
	return str_endsc(path, "_test.c");
}

bool tree_is_fuzz(struct str path)
{
	return str_endsc(path, "_fuzz.c");
}

static bool in_list(struct str s, const char *const *names)
{
	for (; *names; names++)
		if (str_eqc(s, *names))
			return true;
	return false;
}

static const char *const os_names[] = {"linux",	  "windows", "darwin",	  "freebsd",
				       "netbsd",  "openbsd", "dragonfly", "solaris",
				       "android", "ios",     "aix",	  NULL};
static const char *const arch_names[] = {"amd64",   "386",    "arm64", "arm",	  "riscv64",
					 "ppc64le", "ppc64",  "s390x", "loong64", "mips64le",
					 "mips64",  "mipsle", "mips",  "wasm",	  NULL};

/* Takes the last _PART off *stem; false when there is none. */
static bool last_part(struct str *stem, struct str *part)
{
	size_t i = str_rfind(*stem, '_');

	if (i == stem->n || i == 0)
		return false;
	*part = str_skip(*stem, i + 1);
	stem->n = i;
	return true;
}

bool tree_suffix_fits(struct str path, const struct target *t)
{
	struct str stem = path_stem(path), part;

	if (str_endsc(stem, "_test"))
		stem.n -= 5;
	if (!last_part(&stem, &part))
		return true;
	if (in_list(part, arch_names)) {
		if (!str_eq(part, t->arch))
			return false;
		if (!last_part(&stem, &part))
			return true;
	}
	return !in_list(part, os_names) || str_eq(part, t->os);
}

static bool skip_folder(struct loader *l, const struct mod_tree *t, struct str rel)
{
	struct str base = path_base(rel), at = path_join(l->a, t->root, rel);
	bool convention = t->module->manifest->packages.n == 0;

	if (base.p[0] == '.' || str_eq(path_join(l->a, l->o->root, at), l->o->cache_dir))
		return true;
	if (t->module->main &&
	    (str_eqc(rel, "build") || (l->o->list->vendored && str_eqc(rel, "vendor"))))
		return true;
	return convention &&
	       (base.p[0] == '_' || str_eqc(base, "testdata") || str_eqc(base, "vendor"));
}

static bool is_template(struct str path)
{
	return str_endsc(path, ".h.in") || str_eqc(path_base(path), "configure");
}

/* What a build is written in that is not ours. Generated ones (Makefile.in beside Makefile.am) do no harm. */
static bool is_recipe(struct str path)
{
	struct str base = path_base(path);

	return str_startsc(base, "Makefile") || str_startsc(base, "makefile") ||
	       str_startsc(base, "GNUmakefile") || str_endsc(base, ".mk") ||
	       str_startsc(base, "configure.") || str_eqc(base, "CMakeLists.txt") ||
	       str_eqc(base, "meson.build");
}

static bool walk(struct loader *l, struct mod_tree *t, struct str rel, unsigned depth,
		 struct err *e)
{
	enum { DEPTH_MAX = 64, FILES_MAX = 2000000 };
	struct folder *f = tree_folder(l, path_join(l->a, t->root, rel));

	if (depth > DEPTH_MAX)
		return err_at(e, ERR_INPUT, str_c(l->a, rel), 0, 0, "folders nest deeper than %d",
			      DEPTH_MAX);
	if (depth && map_get(&f->names, STR("cbuild.yaml")))
		return true; /* a module of its own */
	for (size_t i = 0; i < f->names.n; i++) {
		struct str path = path_join(l->a, rel, f->names.items[i].key);
		uint64_t kind = f->names.items[i].num;

		if (kind == FILE_FOLDER && !skip_folder(l, t, path) &&
		    !walk(l, t, path, depth + 1, e))
			return false;
		if (t->module->main && kind == FILE_REGULAR && is_template(path))
			*vec_push(l->a, &l->set->templates) = path;
		if (t->module->main && kind == FILE_REGULAR && is_recipe(path))
			*vec_push(l->a, &l->set->recipes) = path;
		if ((kind == FILE_REGULAR || kind == FILE_LINK) && is_c_file(path) &&
		    f->names.items[i].key.p[0] != '.')
			*vec_push(l->a, &t->files) = path;
		if (t->files.n > FILES_MAX)
			return err_set(e, ERR_INPUT, "more than %d C files below %.*s", FILES_MAX,
				       STR_ARG(t->root));
	}
	return true;
}

bool tree_walk(struct loader *l, struct mod_tree *t, struct err *e)
{
	if (!walk(l, t, STR("."), 0, e))
		return false;
	str_vec_sort_unique(&t->files);
	return true;
}
