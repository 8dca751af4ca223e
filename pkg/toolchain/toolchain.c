/*
 * Choosing: descriptors by their order, instances best first; the first that can serve the target
 * wins. A name (CBUILD_TOOLCHAIN, or what `cbuild toolchain use` wrote) restricts the choice to it,
 * and then its error is the answer. Otherwise reasons are collected, so that a failure lists them
 * all.
 */
#include "toolchain/toolchain_impl.h"

#include "base/path.h"
#include "sys/file.h"

enum { CHOICE_LIMIT = 4096, TOOL_CACHE_HEX = 16 };

struct choice {
	struct arena *a;
	const struct toolchain_opts *o;
	const struct target *target;
	struct str wanted;
	struct buf reasons;
};

struct str tc_wanted(struct arena *a, const struct toolchain_opts *o)
{
	struct str text;
	struct err absent;

	if (o->wanted.n > 0)
		return o->wanted;
	if (!file_read(a, str_c(a, tc_home(a, o, STR("use"))), CHOICE_LIMIT, &text, &absent))
		return STR("");
	return str_trim(text);
}

/* wanted is "NAME", "NAME-VERSION" or "NAME@VERSION". */
static bool matches(const struct tc_desc *d, struct str wanted, struct str *version)
{
	*version = STR("");
	if (!str_starts(wanted, d->name))
		return false;
	struct str rest = str_skip(wanted, d->name.n);

	if (rest.n == 0)
		return true;
	*version = str_skip(rest, 1);
	return (rest.p[0] == '-' || rest.p[0] == '@') && version->n > 0 && version->p[0] >= '0' &&
	       version->p[0] <= '9';
}

static bool too_old(struct arena *a, const struct tc_found *f, const struct tc_target *t,
		    struct err *e)
{
	struct str need = tc_var_str(&t->vars, STR("min-version"));

	if (need.n == 0 || tc_version_cmp(f->version, need) >= 0)
		return false;
	struct str name = target_name(a, &t->target);

	err_set(e, ERR_IO, "%.*s %.*s is too old for %.*s", STR_ARG(f->desc->name),
		STR_ARG(f->version), STR_ARG(name));
	err_fix(e, "install version %.*s or later, or use zig: cbuild toolchain install zig",
		STR_ARG(need));
	return true;
}

static bool prepare(struct arena *a, const struct tc_found *f, const struct tc_target *t,
		    const struct toolchain_opts *o, struct err *e)
{
	switch (f->desc->kind) {
	case TC_ZIG:
		return tc_zig_sysroot(a, f, t, o, e);
	case TC_DEBIAN:
		return tc_debian_sysroot(a, f, t, o, e);
	case TC_SYSTEM:
		break;
	}
	return true;
}

/* The variables that depend on the mount: {root} and {sysroot} as commands spell them. */
static void set_places(struct arena *a, const struct tc_found *f, const struct tc_target *t,
		       const struct toolchain_opts *o, struct tc_vars *vars)
{
	struct str root = path_join(a, o->mount, f->mount_name);
	struct str folder = target_folder(a, &t->target);

	tc_var_set(a, vars, STR("root"), root);
	tc_var_set(
	    a, vars, STR("sysroot"),
	    str_fmt(a, "%.*s/%.*s/%.*s", STR_ARG(root), STR_ARG(f->sysroots), STR_ARG(folder)));
}

static bool fill_commands(struct arena *a, const struct tc_found *f,
			  const struct tc_vars *const *sets, size_t n, struct toolchain *tc,
			  struct err *e)
{
	const struct tc_desc *d = f->desc;

	if (!tc_expand(a, &d->cc, sets, n, &tc->cc, e) ||
	    !tc_expand(a, &d->link, sets, n, &tc->link_head, e) ||
	    !tc_expand(a, &d->env, sets, n, &tc->env, e) ||
	    !tc_expand(a, &d->trusted, sets, n, &tc->trusted_prefixes, e))
		return false;
	if (d->kind == TC_SYSTEM)
		return tc_expand(a, &d->link_pre, sets, n, &tc->link_pre, e) &&
		       tc_expand(a, &d->link_post, sets, n, &tc->link_post, e);
	return tc_sysroot_read(a, f, &tc->target, tc_var_str(sets[0], STR("sysroot")),
			       &tc->link_pre, &tc->link_post, e);
}

/*
 * Link-time optimisation. {tool-cache} is a folder of one linker's own: two builds of LLVM may have one
 * version and make different code.
 */
static bool fill_lto(struct arena *a, const struct tc_found *f, const struct toolchain_opts *o,
		     struct tc_vars *places, const struct tc_vars *const *sets, size_t n,
		     struct toolchain *tc, struct err *e)
{
	char hex[DIGEST_HEX + 1];

	digest_hex(&tc->link_id, hex);
	tc_var_set(a, places, STR("tool-cache"),
		   path_join(a, o->tool_cache, str_from(hex, TOOL_CACHE_HEX)));
	for (size_t i = 0; i < f->desc->lto.n; i++) {
		const struct toolchain_lto *from = &f->desc->lto.v[i];
		struct toolchain_lto *to = vec_push(a, &tc->lto);

		to->name = from->name;
		if (!tc_expand(a, &from->cc, sets, n, &to->cc, e) ||
		    !tc_expand(a, &from->link, sets, n, &to->link, e))
			return false;
	}
	return true;
}

static bool open_found(const struct choice *c, const struct tc_found *f, const struct tc_target *t,
		       struct toolchain **out, struct err *e)
{
	struct tc_vars places = {0};
	const struct tc_vars *sets[] = {&places, &f->vars, &t->vars};
	struct toolchain *tc = arena_new(c->a, struct toolchain);

	if (too_old(c->a, f, t, e) || !prepare(c->a, f, t, c->o, e))
		return false;
	set_places(c->a, f, t, c->o, &places);
	tc->name = f->desc->name;
	tc->version = f->version;
	tc->target = t->target;
	tc->root = f->root;
	tc->mount_name = f->mount_name;
	tc->link_is_linker = f->desc->link_is_linker;
	tc->linker = tc_var_str(&f->vars, STR("linker"));
	tc->linkers = f->linkers;
	tc->is_static = f->desc->is_static;
	tc->static_pie = f->desc->static_pie;
	*out = tc;
	return fill_commands(c->a, f, sets, 3, tc, e) &&
	       tc_identify(c->a, f, sets, 3, c->o, tc, e) &&
	       fill_lto(c->a, f, c->o, &places, sets, 3, tc, e);
}

static void add_reason(struct choice *c, const struct tc_desc *d, struct str why)
{
	buf_printf(&c->reasons, "%s%.*s: %.*s", c->reasons.n > 0 ? "; " : "", STR_ARG(d->name),
		   STR_ARG(why));
}

enum tried { TRIED_OPENED, TRIED_UNUSABLE, TRIED_ERROR };

/* One descriptor. TRIED_ERROR: e is set and concerns an instance that is there. */
static enum tried try_desc(struct choice *c, const struct tc_desc *d, struct str version,
			   struct toolchain **out, struct err *e)
{
	const struct tc_target *t = tc_desc_target(d, c->target);
	struct tc_found_vec found = {0};
	struct str why;

	struct target host = target_host();

	if (!t || (d->kind == TC_SYSTEM && !target_eq(&host, c->target))) {
		add_reason(c, d, STR("does not build for this target"));
		return TRIED_UNUSABLE;
	}
	if (!tc_find(c->a, d, c->o, &found, &why, e))
		return TRIED_ERROR;
	for (size_t i = 0; i < found.n; i++) {
		if (version.n > 0 && !str_eq(found.v[i].version, version))
			continue;
		return open_found(c, &found.v[i], t, out, e) ? TRIED_OPENED : TRIED_ERROR;
	}
	add_reason(c, d, why.n > 0 ? why : STR("that version is not installed"));
	return TRIED_UNUSABLE;
}

static bool nothing(struct choice *c, bool known, struct err *e)
{
	struct str name = target_name(c->a, c->target);

	if (!known) {
		err_set(e, ERR_USAGE, "unknown toolchain '%.*s'", STR_ARG(c->wanted));
		return err_fix(e, "cbuild toolchain list shows them; CBUILD_TOOLCHAIN and `cbuild "
				  "toolchain use` name one");
	}
	err_set(e, ERR_IO, "no toolchain for %.*s (%.*s)", STR_ARG(name),
		STR_ARG(buf_str(&c->reasons)));
	if (c->wanted.n)
		return err_fix(e,
			       "CBUILD_TOOLCHAIN or `cbuild toolchain use` asks for '%.*s': take "
			       "that back, or install what it lacks (cbuild toolchain list)",
			       STR_ARG(c->wanted));
	return err_fix(e, "cbuild toolchain install zig; or on Debian: apt-get install clang lld");
}

static bool choose(struct choice *c, struct toolchain **out, struct err *e)
{
	struct tc_desc *descs;
	bool known = c->wanted.n == 0;
	size_t n;

	if (!tc_desc_all(c->a, &descs, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct str version = STR("");

		if (c->wanted.n > 0 ? !matches(&descs[i], c->wanted, &version)
				    : descs[i].order == 0)
			continue;
		known = true;
		switch (try_desc(c, &descs[i], version, out, e)) {
		case TRIED_OPENED:
			return true;
		case TRIED_ERROR:
			if (c->wanted.n > 0 || e->code == ERR_CANCEL)
				return false;
			add_reason(c, &descs[i], str_dup(c->a, str_of(e->msg)));
			event_warn(c->o->sink, "%.*s: %s", STR_ARG(descs[i].name), e->msg);
			break;
		case TRIED_UNUSABLE:
			break;
		}
	}
	return nothing(c, known, e);
}

bool toolchain_open(struct arena *a, const struct target *target, const struct toolchain_opts *o,
		    struct toolchain **out, struct err *e)
{
	struct choice c = {.a = a, .o = o, .target = target, .wanted = tc_wanted(a, o)};
	bool ok = choose(&c, out, e);

	buf_fini(&c.reasons);
	return ok;
}

bool toolchain_use(struct str what, const struct toolchain_opts *o, struct err *e)
{
	struct arena a = {0};
	const char *path = str_c(&a, tc_home(&a, o, STR("use")));
	struct tc_desc *descs;
	struct str version;
	size_t n = 0;
	bool ok = what.n == 0 ? file_remove(path, e) : tc_desc_all(&a, &descs, &n, e);

	if (what.n > 0 && ok) {
		size_t i = 0;

		while (i < n && !matches(&descs[i], what, &version))
			i++;
		ok = i < n || err_set(e, ERR_USAGE, "unknown toolchain '%.*s'", STR_ARG(what));
		ok = ok && folder_make_for(path, e) && file_write_atomic(path, what, 0644, e);
	}
	arena_fini(&a);
	return ok;
}
