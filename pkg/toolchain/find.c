/*
 * What of a descriptor is on this machine. zig: releases in the cache
 * (CACHE/toolchain/zig-VERSION), and failing those the zig on $PATH, to which
 * CACHE/toolchain/zig-system then links. Others: the first compiler of the list on $PATH, its
 * linker, the folders it needs.
 */
#include "toolchain/toolchain_impl.h"

#include "base/path.h"
#include "sys/file.h"

struct str tc_home(struct arena *a, const struct toolchain_opts *o, struct str x)
{
	return path_join(a, path_join(a, o->cache_dir, STR("toolchain")), x);
}

bool tc_work_folder(struct arena *a, struct str parent, const char *prefix, struct str *out,
		    struct err *e)
{
	struct folder_entry *list;
	size_t n;

	if (!folder_list(a, str_c(a, parent), &list, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (str_startsc(list[i].name, prefix) &&
		    !folder_remove(str_c(a, path_join(a, parent, list[i].name)), e))
			return false;
	}
	return folder_make_temp(a, str_c(a, parent), prefix, out, e);
}

int tc_version_cmp(struct str x, struct str y)
{
	while (x.p || y.p) {
		struct str p = x.p ? str_cut(&x, '.') : STR("0"),
			   q = y.p ? str_cut(&y, '.') : STR("0");
		uint64_t m, n;

		if (!str_u64(p, &m) || !str_u64(q, &n)) {
			if (str_cmp(p, q) != 0)
				return str_cmp(p, q);
			continue;
		}
		if (m != n)
			return m < n ? -1 : 1;
	}
	return 0;
}

static struct tc_found *add(struct arena *a, struct tc_found_vec *out, const struct tc_desc *d)
{
	struct tc_found *f = vec_push(a, out);

	f->desc = d;
	f->sysroots = STR("sysroot");
	return f;
}

static void set_zig(struct arena *a, struct tc_found *f, struct str root, struct str version)
{
	f->version = str_dup(a, version);
	f->root = root;
	f->mount_name = str_fmt(a, "zig-%.*s", STR_ARG(f->version));
	f->cc = path_join(a, root, STR("zig"));
	tc_var_set(a, &f->vars, STR("linker"), STR("lld"));
	tc_var_set(a, &f->vars, STR("zig"), f->cc);
	tc_var_set(a, &f->vars, STR("version"), f->version);
}

/* The default release before others, newer before older. */
static bool better(const struct tc_desc *d, struct str x, struct str y)
{
	struct str first = d->releases.n > 0 ? d->releases.v[0].version : STR("");

	if (str_eq(x, first) || str_eq(y, first))
		return str_eq(x, first) && !str_eq(y, first);
	return tc_version_cmp(x, y) > 0;
}

static void sort_found(const struct tc_desc *d, struct tc_found_vec *v)
{
	for (size_t i = 1; i < v->n; i++) {
		struct tc_found x = v->v[i];
		size_t j = i;

		for (; j > 0 && better(d, x.version, v->v[j - 1].version); j--)
			v->v[j] = v->v[j - 1];
		v->v[j] = x;
	}
}

static bool find_installed(struct arena *a, const struct tc_desc *d, const struct toolchain_opts *o,
			   struct tc_found_vec *out, struct err *e)
{
	const char *home = str_c(a, tc_home(a, o, STR(".")));
	struct folder_entry *list;
	struct file_sig sig;
	struct err absent;
	size_t n;

	if (!file_stat(home, &sig, &absent))
		return true;
	if (!folder_list(a, home, &list, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct str root = path_join(a, str_of(home), list[i].name);
		struct str version = str_skip(list[i].name, 4);

		if (str_startsc(list[i].name, "zig-") && version.n > 0 && version.p[0] >= '0' &&
		    version.p[0] <= '9' &&
		    file_kind(str_c(a, path_join(a, root, STR("zig")))) == FILE_REGULAR)
			set_zig(a, add(a, out, d), root, version);
	}
	sort_found(d, out);
	return true;
}

/* The value of "lib_dir" in `zig env`, which prints JSON or (since 0.15) ZON. */
static bool lib_dir_of(struct str env, struct str *out)
{
	struct str line;

	while (str_line(&env, &line)) {
		line = str_trim(line);
		if (!str_startsc(line, "\"lib_dir\"") && !str_startsc(line, ".lib_dir"))
			continue;
		size_t last = str_rfind(line, '"');
		struct str head = str_from(line.p, last == line.n ? 0 : last);
		size_t first = str_rfind(head, '"');

		*out = str_skip(head, first + 1);
		return path_is_abs(*out);
	}
	return false;
}

static bool probe_zig(struct arena *a, const struct toolchain_opts *o, struct str zig,
		      const char *verb, struct str *out, struct err *e)
{
	struct str_vec argv = {0};

	*vec_push(a, &argv) = zig;
	*vec_push(a, &argv) = str_of(verb);
	return tc_run_memo(a, o, &argv, NULL, out, e);
}

/* Links CACHE/toolchain/zig-system to the zig on $PATH; sysroots are kept by its version. */
static bool find_on_path(struct arena *a, const struct tc_desc *d, const struct toolchain_opts *o,
			 struct tc_found_vec *out, struct err *e)
{
	struct str root = tc_home(a, o, STR("zig-system"));
	struct str found, zig, version, env, lib;

	if (!path_search(a, "zig", &found))
		return true;
	if (!path_real(a, str_c(a, found), &zig, e) ||
	    !probe_zig(a, o, zig, "version", &version, e) || !probe_zig(a, o, zig, "env", &env, e))
		return err_wrap(e, "asking %.*s for its version", STR_ARG(found));
	if (!lib_dir_of(env, &lib))
		return err_at(e, ERR_IO, str_c(a, found), 0, 0,
			      "`zig env` names no library folder");
	if (!folder_make(str_c(a, root), e) ||
	    !file_symlink(str_c(a, zig), str_c(a, path_join(a, root, STR("zig"))), e) ||
	    !file_symlink(str_c(a, lib), str_c(a, path_join(a, root, STR("lib"))), e))
		return false;
	struct tc_found *f = add(a, out, d);

	set_zig(a, f, root, version);
	f->sysroots = str_fmt(a, "sysroot-%.*s", STR_ARG(version));
	return true;
}

static bool first_program(struct arena *a, const struct str_vec *names, struct str *out,
			  struct str *name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (path_search(a, str_c(a, names->v[i]), out)) {
			*name = names->v[i];
			return true;
		}
	}
	return false;
}

static struct str listed(struct arena *a, const struct str_vec *v)
{
	struct str out = STR("");

	for (size_t i = 0; i < v->n; i++)
		out = str_fmt(a, "%.*s%s%.*s", STR_ARG(out), i ? ", " : "", STR_ARG(v->v[i]));
	return out;
}

struct str tc_linker_name(struct str base)
{
	struct str name = str_skip(base, str_startsc(base, "ld.") ? 3 : base.n);

	return str_from(name.p, str_find(name, '-'));
}

/* A program that is there and cannot run (a library is missing) is none. */
static void try_linker(struct arena *a, struct tc_found *f, const struct toolchain_opts *o,
		       struct str name)
{
	struct str_vec argv = {0};
	struct str path, version;
	struct err broken;

	if (!path_search(a, str_c(a, name), &path) || str_vec_has(&f->linkers, path))
		return;
	*vec_push(a, &argv) = path;
	*vec_push(a, &argv) = STR("--version");
	if (tc_run_memo(a, o, &argv, NULL, &version, &broken))
		*vec_push(a, &f->linkers) = path;
}

static bool find_linkers(struct arena *a, struct tc_found *f, const struct toolchain_opts *o,
			 struct str *why, struct err *e)
{
	const struct tc_vars *sets[] = {&f->vars};
	struct str_vec names = {0};
	struct str first, base;

	if (!tc_expand(a, &f->desc->linker, sets, 1, &names, e))
		return false;
	for (size_t i = 0; i < names.n; i++)
		try_linker(a, f, o, names.v[i]);
	if (names.n > 0 && f->linkers.n == 0)
		*why = str_fmt(a, "no linker on the PATH (%.*s)", STR_ARG(listed(a, &names)));
	first = f->linkers.n > 0 ? f->linkers.v[0] : STR("");
	base = path_base(first);
	tc_var_set(a, &f->vars, STR("ld"), first);
	tc_var_set(a, &f->vars, STR("linker"), tc_linker_name(base));
	return true;
}

static bool find_folders(struct arena *a, struct tc_found *f, struct str *why)
{
	const struct tc_vars *search = &f->desc->search;

	for (size_t i = 0; i < search->n; i++) {
		const struct str_vec *v = &search->v[i].words;
		size_t k = 0;

		while (k < v->n && file_kind(str_c(a, v->v[k])) == FILE_ABSENT)
			k++;
		if (k == v->n) {
			*why = str_fmt(a, "none of %.*s is there", STR_ARG(listed(a, v)));
			return false;
		}
		tc_var_set(a, &f->vars, search->v[i].name, v->v[k]);
	}
	return true;
}

static bool run_probes(struct arena *a, struct tc_found *f, const struct toolchain_opts *o,
		       struct err *e)
{
	for (size_t i = 0; i < f->desc->probe.n; i++) {
		const struct tc_vars *sets[] = {&f->vars};
		struct str_vec argv = {0};
		struct str value;

		if (!tc_expand(a, &f->desc->probe.v[i].words, sets, 1, &argv, e) ||
		    !tc_run_memo(a, o, &argv, NULL, &value, e))
			return false;
		tc_var_set(a, &f->vars, f->desc->probe.v[i].name, value);
	}
	f->version = tc_var_str(&f->vars, STR("version"));
	return true;
}

static void set_since(struct arena *a, struct tc_found *f)
{
	struct str rest = f->version, head = str_cut(&rest, '.');
	uint64_t major = 0;

	if (!str_u64(head, &major))
		major = 0;
	for (size_t i = 0; i < f->desc->since.n; i++) {
		const struct tc_since *s = &f->desc->since.v[i];
		struct tc_var *v = vec_push(a, &f->vars);

		v->name = s->name;
		v->list = true;
		if (major >= s->major)
			v->words = s->words;
	}
}

static bool make_links(struct arena *a, const struct tc_found *f, struct err *e)
{
	for (size_t i = 0; i < f->desc->links.n; i++) {
		const struct tc_var *link = &f->desc->links.v[i];
		const char *path = str_c(a, path_join(a, f->root, link->name));
		size_t k = 0;

		while (k < link->words.n && file_kind(str_c(a, link->words.v[k])) == FILE_ABSENT)
			k++;
		if (k < link->words.n && (!folder_make_for(path, e) ||
					  !file_symlink(str_c(a, link->words.v[k]), path, e)))
			return false;
	}
	return true;
}

static bool find_system(struct arena *a, const struct tc_desc *d, const struct toolchain_opts *o,
			struct tc_found_vec *out, struct str *why, struct err *e)
{
	struct str cc, name;

	if (!first_program(a, &d->compiler, &cc, &name)) {
		*why =
		    str_fmt(a, "no compiler on the PATH (%.*s)", STR_ARG(listed(a, &d->compiler)));
		return true;
	}
	struct tc_found_vec one = {0};
	struct tc_found *f = add(a, &one, d);
	size_t dash = str_find(name, '-');

	f->root = tc_home(a, o, d->name);
	f->mount_name = d->name;
	f->cc = cc;
	tc_var_set(a, &f->vars, STR("cc"), cc);
	tc_var_set(a, &f->vars, STR("suffix"),
		   str_skip(name, d->kind == TC_DEBIAN ? dash : name.n));
	if (!find_linkers(a, f, o, why, e) || !run_probes(a, f, o, e) || !make_links(a, f, e))
		return false;
	set_since(a, f);
	if (why->n == 0 && find_folders(a, f, why))
		*vec_push(a, out) = *f;
	return true;
}

bool tc_find(struct arena *a, const struct tc_desc *d, const struct toolchain_opts *o,
	     struct tc_found_vec *out, struct str *why, struct err *e)
{
	*why = STR("");
	if (d->kind != TC_ZIG)
		return find_system(a, d, o, out, why, e);
	if (!find_installed(a, d, o, out, e) || (out->n == 0 && !find_on_path(a, d, o, out, e)))
		return false;
	if (out->n == 0)
		*why = STR("not installed");
	return true;
}
