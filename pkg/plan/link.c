/*
 * Links: a program is its main object, the rest of its package, and every package it imports, each object
 * once, in a fixed order. Objects are given plainly, not as archives: like Go's packages they are linked
 * because they are imported, and section garbage collection drops what nothing reaches.
 */
#include "plan/plan_impl.h"

#include <string.h>

#include "base/path.h"

struct link {
	struct plan *p;
	struct action *x;
	struct flags flags;		   /* ldflags and libs of all packages */
	struct str_vec words;		   /* all flags in order: profile's, packages', LDFLAGS */
	struct str_vec libraries;	   /* of all packages, see load.h */
	VEC(const struct maker *) foreign; /* what makes further libraries, each once */
	size_t objects;			   /* inputs before those */
	const struct toolchain_lto *lto;   /* of the profile, or what flags ask for; NULL: none */
};

/*
 * A flag for the linker through the compiler's driver. When the linker is called itself, -Wl,a,b becomes
 * two words and driver-only flags (-pthread, -f...) mean nothing.
 */
static void add_ldflag(struct link *k, struct str flag)
{
	struct str rest;

	if (!k->p->opts.tc->link_is_linker) {
		action_arg(k->p->arena, k->x, flag);
		return;
	}
	if (str_startsc(flag, "-Wl,")) {
		rest = str_skip(flag, 4);
		while (rest.p)
			action_arg(k->p->arena, k->x, str_cut(&rest, ','));
		return;
	}
	if (str_startsc(flag, "-f") || str_startsc(flag, "-pthread") || str_startsc(flag, "-O") ||
	    str_startsc(flag, "-g") || str_startsc(flag, "-static") || str_startsc(flag, "-m"))
		return;
	action_arg(k->p->arena, k->x, flag);
}

static void add_object(struct link *k, struct source *s)
{
	struct action *cc = plan_compile(k->p, s);
	uint32_t in = action_input_from(k->p->arena, k->x, cc, 0);

	action_arg_in(k->p->arena, k->x, STR(""), in);
}

static bool is_program_main(const struct package *pkg, const struct source *s)
{
	for (size_t i = 0; i < pkg->programs.n; i++)
		if (pkg->programs.v[i].main == s)
			return true;
	return false;
}

/* A source that a test includes (#include "x.c") is part of the test's own object. */
static bool included_by_tests(const struct package *pkg, const struct source *s)
{
	for (size_t i = 0; i < pkg->tests.n; i++)
		if (str_vec_has(&pkg->tests.v[i]->closure, s->path))
			return true;
	return false;
}

static void add_once(struct plan *p, struct str_vec *v, struct str s)
{
	if (!str_vec_has(v, s))
		*vec_push(p->arena, v) = s;
}

static void add_package(struct link *k, const struct package *pkg, const struct package *tested)
{
	for (size_t i = 0; i < pkg->sources.n; i++) {
		struct source *s = pkg->sources.v[i];

		if (is_program_main(pkg, s) || (pkg == tested && included_by_tests(pkg, s)))
			continue;
		add_object(k, s);
	}
	plan_flags_add(k->p, &k->flags, &pkg->flags);
	plan_flags_add(k->p, &k->flags, &pkg->export_flags);
	if (pkg->foreign)
		*vec_push(k->p->arena, &k->foreign) = pkg->foreign;
	for (size_t i = 0; i < pkg->libraries.n; i++)
		add_once(k->p, &k->libraries, pkg->libraries.v[i]);
}

/* prog: NULL for tests, which nobody hands on. */
static void add_closure(struct link *k, struct package *pkg, const struct program *prog)
{
	struct arena *a = k->p->arena;
	struct package **v;
	size_t n;

	load_closure(a, pkg, !prog, &v, &n);
	for (size_t i = 0; i < n; i++)
		add_package(k, v[i], prog ? NULL : pkg);
	if (prog)
		action_arg_in(a, k->x, STR(""),
			      action_input_from(a, k->x, plan_note(k->p, prog, v, n), 0));
}

static void add_words(struct link *k, const struct str_vec *words)
{
	for (size_t i = 0; i < words->n; i++) {
		*vec_push(k->p->arena, &k->words) = words->v[i];
		add_ldflag(k, words->v[i]);
	}
}

/* Whether the linker may read a file because of the flag: x.a, -Lfolder, -T script, -Wl,x.ld */
static bool names_file(struct str flag)
{
	if (flag.p[0] != '-' || str_startsc(flag, "-L") || str_startsc(flag, "-T"))
		return true;
	return str_startsc(flag, "-Wl,") && (str_containsc(flag, ".") || str_containsc(flag, "/"));
}

static const struct toolchain_lto *lto_of(const struct toolchain *tc, const struct str_vec *words)
{
	const struct toolchain_lto *lto = NULL;

	for (size_t i = 0; i < words->n; i++)
		if (str_startsc(words->v[i], "-flto"))
			lto = plan_lto(tc, str_eqc(words->v[i], "-flto=thin") ? STR("thin")
									      : STR("full"));
	return lto;
}

/* Some linkers cannot read what the compiler made for link-time optimisation, whoever asked for it. */
static void find_lto(struct link *k)
{
	const struct plan *p = k->p;
	const struct toolchain *tc = p->opts.tc;
	struct str_vec env = {0};

	plan_add_split(p->arena, &env, p->opts.cflags);
	k->lto = p->lto;
	if (!k->lto)
		k->lto = lto_of(tc, &p->profile_flags.cflags);
	if (!k->lto)
		k->lto = lto_of(tc, &k->flags.cflags);
	if (!k->lto)
		k->lto = lto_of(tc, &env);
}

/*
 * Files that flags name are inputs too; the linker says which. Under LTO the compiler's driver lists
 * temporary files as well: then the link always runs.
 */
static void add_depfile(struct link *k, struct str name)
{
	struct plan *p = k->p;
	bool linker = p->opts.tc->link_is_linker, any = false;
	struct buf names = {0};
	uint32_t dep;

	for (size_t i = 0; i < k->words.n; i++)
		any = any || names_file(k->words.v[i]);
	if (!any)
		return;
	for (size_t i = 0; i < k->libraries.n; i++)
		buf_printf(&names, "%.*s\n", STR_ARG(k->libraries.v[i]));
	k->x->step_params = str_dup(p->arena, buf_str(&names));
	buf_fini(&names);
	if (k->lto && !linker) {
		k->x->uncacheable = true;
		return;
	}
	dep = action_output(
	    p->arena, k->x,
	    str_fmt(p->arena, "%.*s/link/%.*s.d", STR_ARG(p->prefix), STR_ARG(name)), false);
	k->x->outputs.v[dep].depfile = true;
	action_arg_out(p->arena, k->x,
		       linker ? STR("--dependency-file=") : STR("-Wl,--dependency-file="), dep);
}

/* Archives of foreign builds, which may need each other. */
static void add_archives(struct link *k)
{
	struct arena *a = k->p->arena;
	bool linker = k->p->opts.tc->link_is_linker;

	k->objects = k->x->inputs.n;
	if (!k->foreign.n)
		return;
	action_arg(a, k->x, linker ? STR("--start-group") : STR("-Wl,--start-group"));
	for (size_t i = 0; i < k->foreign.n; i++) {
		const struct maker *m = k->foreign.v[i];

		for (size_t n = 0; n < m->foreign->foreign.libs.n; n++)
			action_arg_in(a, k->x, STR(""),
				      action_input_from(a, k->x, plan_make(k->p, m), (uint32_t)n));
	}
	action_arg(a, k->x, linker ? STR("--end-group") : STR("-Wl,--end-group"));
}

/* Flags and libraries behind the objects, each library once. */
static void add_link_flags(struct link *k)
{
	struct plan *p = k->p;
	struct str_vec libs = {0}, env = {0};

	plan_add_split(p->arena, &env, p->opts.ldflags);
	find_lto(k);
	for (size_t i = 0; k->lto && i < k->lto->link.n; i++)
		action_arg(p->arena, k->x, k->lto->link.v[i]);
	k->x->tool_cache = k->lto != NULL;
	add_words(k, &p->profile_flags.ldflags);
	add_words(k, &k->flags.ldflags);
	add_words(k, &env);
	for (size_t i = 0; i < k->flags.libs.n; i++)
		add_once(p, &libs, k->flags.libs.v[i]);
	for (size_t i = 0; i < libs.n; i++)
		action_arg(p->arena, k->x, str_fmt(p->arena, "-l%.*s", STR_ARG(libs.v[i])));
}

static void begin(struct link *k, struct plan *p, struct str title, struct str out)
{
	struct arena *a = p->arena;
	const struct toolchain *tc = p->opts.tc;
	uint32_t exe;

	*k = (struct link){.p = p, .x = plan_new_action(p, title)};
	k->x->tool = tc->link_id;
	exe = action_output(a, k->x, out, true);
	for (size_t i = 0; i < tc->link_head.n; i++)
		action_arg(a, k->x, i || !p->linker.n ? tc->link_head.v[i] : p->linker);
	if (p->strip)
		action_arg(a, k->x, STR("-s"));
	action_arg(a, k->x, STR("-o"));
	action_arg_out(a, k->x, STR(""), exe);
	for (size_t i = 0; i < tc->link_pre.n; i++)
		action_arg(a, k->x, tc->link_pre.v[i]);
}

/* The check of the linked ELF: its own action, so that it is cached and can read the objects to blame. */
static struct action *policy_of(struct link *k, struct str name)
{
	struct plan *p = k->p;
	struct arena *a = p->arena;
	struct action *x = plan_new_action(p, str_fmt(a, "check %.*s", STR_ARG(name)));
	struct buf params = {0};

	x->step = &plan_policy_step;
	action_input_from(a, x, k->x, 0);
	for (size_t i = 0; i < k->objects; i++) {
		const struct input *in = &k->x->inputs.v[i];

		action_input_from(a, x, in->from, in->from_output);
	}
	action_output(a, x, str_fmt(a, "%.*s/check/%.*s", STR_ARG(p->prefix), STR_ARG(name)),
		      false);
	buf_printf(&params, "machine %d\nclass %d\nstatic %d\nname %.*s\n",
		   target_elf_machine(&p->opts.target), target_elf_class(&p->opts.target),
		   p->opts.tc->is_static, STR_ARG(name));
	for (size_t i = 0; i < k->objects; i++)
		buf_printf(&params, "object %.*s\n", STR_ARG(k->x->inputs.v[i].from->title));
	for (size_t i = 0; i < k->words.n; i++)
		buf_printf(&params, "ldflag %.*s\n", STR_ARG(k->words.v[i]));
	x->step_params = str_dup(a, buf_str(&params));
	buf_fini(&params);
	return x;
}

static struct action *finish(struct link *k, struct str name, struct action **policy)
{
	const struct toolchain *tc = k->p->opts.tc;

	add_archives(k);
	add_link_flags(k);
	add_depfile(k, name);
	for (size_t i = 0; i < tc->link_post.n; i++)
		action_arg(k->p->arena, k->x, tc->link_post.v[i]);
	*policy = policy_of(k, name);
	return k->x;
}

struct linked {
	struct action *link, *policy;
};

struct action *plan_program(struct plan *p, const struct program *prog, struct action **policy)
{
	struct arena *a = p->arena;
	/* Several programs may be made of one source; their names differ within a module. */
	struct str key =
	    str_fmt(a, "%.*s %.*s", STR_ARG(prog->package->module->path), STR_ARG(prog->name));
	struct linked *known = map_ptr(&p->programs, key);
	struct link k;

	if (known) {
		*policy = known->policy;
		return known->link;
	}
	begin(&k, p, str_fmt(a, "link %.*s", STR_ARG(prog->name)),
	      str_fmt(a, "%.*s/bin/%.*s", STR_ARG(p->prefix), STR_ARG(prog->name)));
	add_object(&k, prog->main);
	add_closure(&k, prog->package, prog);
	known = arena_new(a, struct linked);
	*known = (struct linked){finish(&k, prog->name, policy), NULL};
	known->policy = *policy;
	map_put(a, &p->programs, key, NULL)->ptr = known;
	return known->link;
}

/* The generated main is a source of its own, which includes the runtime's header. */
static struct source *generated_main(struct plan *p, struct package *pkg, struct str path)
{
	struct source *s = arena_new(p->arena, struct source);

	s->path = s->rel = path;
	s->package = pkg;
	s->is_test = true;
	if (pkg->test_runtime.n)
		*vec_push(p->arena, &s->closure) =
		    path_join(p->arena, pkg->test_runtime, STR("cbuild/test.h"));
	return s;
}

struct action *plan_test_program(struct plan *p, struct package *pkg, struct str main_path,
				 struct action **policy)
{
	struct arena *a = p->arena;
	struct str name =
	    str_fmt(a, "%.*s.test", STR_ARG(str_eqc(pkg->name, ".") ? STR("root") : pkg->name));
	struct link k;

	begin(&k, p, str_fmt(a, "link %.*s", STR_ARG(name)),
	      str_fmt(a, "%.*s/test/%.*s", STR_ARG(p->prefix), STR_ARG(name)));
	add_object(&k, generated_main(p, pkg, main_path));
	for (size_t i = 0; i < pkg->tests.n; i++)
		add_object(&k, pkg->tests.v[i]);
	add_closure(&k, pkg, NULL);
	return finish(&k, name, policy);
}
