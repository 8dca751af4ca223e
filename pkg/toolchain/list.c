/*
 * `cbuild toolchain list` and `install`: the same descriptors and instances as choosing, all of
 * them.
 */
#include "toolchain/toolchain_impl.h"

struct info_vec VEC_BODY(struct toolchain_info);

/* Targets that f can build for, some of them after a preparation at first use. */
static void add_targets(struct arena *a, const struct tc_found *f, struct toolchain_info *info)
{
	struct target host = target_host();

	for (size_t i = 0; i < f->desc->targets.n; i++) {
		const struct tc_target *t = &f->desc->targets.v[i];
		struct str need = tc_var_str(&t->vars, STR("min-version"));

		if (f->desc->kind == TC_SYSTEM && !target_eq(&t->target, &host))
			continue;
		if (need.n == 0 || tc_version_cmp(f->version, need) >= 0)
			*vec_push(a, &info->targets) = t->target;
	}
}

static void add_info(struct arena *a, const struct tc_found *f, struct info_vec *out)
{
	struct toolchain_info *info = vec_push(a, out);

	info->name = f->desc->name;
	info->version = f->version;
	info->where = f->cc;
	info->usable = true;
	add_targets(a, f, info);
}

static bool list_desc(struct arena *a, const struct tc_desc *d, const struct toolchain_opts *o,
		      struct info_vec *out, struct err *e)
{
	struct tc_found_vec found = {0};
	struct str why;

	if (!tc_find(a, d, o, &found, &why, e))
		return false;
	for (size_t i = 0; i < found.n; i++)
		add_info(a, &found.v[i], out);
	if (found.n == 0) {
		struct toolchain_info *info = vec_push(a, out);

		info->name = d->name;
		info->where = why;
	}
	return true;
}

/* Marks the line that toolchain_open would choose for this host; only looks at what is there. */
static void mark_chosen(struct info_vec *v, const struct tc_desc *descs, size_t n,
			struct str wanted)
{
	struct target host = target_host();

	for (size_t i = 0; i < v->n; i++) {
		struct toolchain_info *info = &v->v[i];
		bool serves = false,
		     allowed = wanted.n > 0 ? str_starts(wanted, info->name) : false;

		for (size_t k = 0; k < info->targets.n; k++)
			serves = serves || target_eq(&info->targets.v[k], &host);
		for (size_t k = 0; k < n && wanted.n == 0; k++)
			allowed =
			    allowed || (str_eq(descs[k].name, info->name) && descs[k].order > 0);
		if (info->usable && serves && allowed) {
			info->chosen_for_host = true;
			return;
		}
	}
}

bool toolchain_list(struct arena *a, const struct toolchain_opts *o, struct toolchain_info **out,
		    size_t *n, struct err *e)
{
	struct info_vec v = {0};
	struct tc_desc *descs;
	size_t count;

	if (!tc_desc_all(a, &descs, &count, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!list_desc(a, &descs[i], o, &v, e))
			return false;
	}
	mark_chosen(&v, descs, count, tc_wanted(a, o));
	*out = v.v;
	*n = v.n;
	return true;
}

static bool prepare_targets(struct arena *a, struct str wanted, const struct target *targets,
			    size_t count, const struct toolchain_opts *o, struct err *e)
{
	struct toolchain_opts one = *o;

	one.wanted = wanted;
	for (size_t i = 0; i < count; i++) {
		struct toolchain *tc;

		if (!toolchain_open(a, &targets[i], &one, &tc, e))
			return false;
	}
	return true;
}

bool toolchain_install(struct arena *a, struct str what, const struct target *targets,
		       size_t target_count, const struct toolchain_opts *o, struct err *e)
{
	struct str version = what, name = str_cut(&version, '@');
	struct tc_desc *descs;
	size_t n, i = 0;

	if (!tc_desc_all(a, &descs, &n, e))
		return false;
	while (i < n && !str_eq(descs[i].name, name))
		i++;
	if (i == n) {
		err_set(e, ERR_USAGE, "unknown toolchain '%.*s'", STR_ARG(name));
		return err_fix(e, "zig or clang-musl can be installed");
	}
	if (descs[i].kind == TC_SYSTEM) {
		err_set(e, ERR_USAGE, "%.*s comes with this machine's packages", STR_ARG(name));
		return err_fix(e, "install it with the system's package manager");
	}
	if (descs[i].kind == TC_DEBIAN)
		return prepare_targets(a, name, targets, target_count, o, e);
	if (!version.p && descs[i].releases.n > 0)
		version = descs[i].releases.v[0].version;
	struct str full = str_fmt(a, "%.*s-%.*s", STR_ARG(name), STR_ARG(version));

	return tc_install_release(a, &descs[i], version, o, e) &&
	       prepare_targets(a, full, targets, target_count, o, e);
}
