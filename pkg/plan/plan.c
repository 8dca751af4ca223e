/*
 * Commands: compile and link actions from packages. Every argument is canonical (relative to the
 * execution root), so a key says what is built and nothing about where.
 */
#include "plan/plan_impl.h"

#include <string.h>

#include "base/path.h"

static const struct profile *find_profile(const struct manifest *m, struct str name)
{
	for (size_t i = 0; m && i < m->profiles.n; i++)
		if (str_eq(m->profiles.v[i].name, name))
			return &m->profiles.v[i];
	return NULL;
}

/* What a profile means when the manifest does not say: dev is quick to build, release small and fast. */
static bool default_profile(struct plan *p)
{
	bool release = str_eqc(p->opts.profile, "release");

	if (!release && !str_eqc(p->opts.profile, "dev"))
		return false;
	*vec_push(p->arena, &p->profile_flags.cflags) = release ? STR("-O2") : STR("-O0");
	*vec_push(p->arena, &p->profile_flags.cflags) = STR("-g");
	p->strip = release;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* One word as a shell reads it: quotes group, a backslash takes the next byte as it is. */
static struct str shell_word(struct arena *a, struct str *rest)
{
	struct buf word = {0};
	struct str out;
	char quote = 0;
	size_t i = 0;

	for (; i < rest->n && (quote || !is_blank(rest->p[i])); i++) {
		char c = rest->p[i];

		if (quote ? c == quote : c == '"' || c == '\'')
			quote = quote ? 0 : c;
		else if (c == '\\' && quote != '\'' && i + 1 < rest->n)
			buf_add_byte(&word, rest->p[++i]);
		else
			buf_add_byte(&word, c);
	}
	*rest = str_skip(*rest, i);
	out = str_dup(a, buf_str(&word));
	buf_fini(&word);
	return out;
}

void plan_add_split(struct arena *a, struct str_vec *to, struct str text)
{
	for (text = str_trim(text); text.n; text = str_trim(text)) {
		struct str word = shell_word(a, &text);

		if (word.n)
			*vec_push(a, to) = word;
	}
}

void plan_common_flags(struct arena *a, const struct plan_opts *o, struct str_vec *cflags,
		       struct str_vec *ldflags)
{
	const struct profile *own = find_profile(o->manifest, o->profile);

	for (size_t i = 0; own && i < own->flags.cflags.n; i++)
		*vec_push(a, cflags) = own->flags.cflags.v[i];
	plan_add_split(a, cflags, o->cflags);
	for (size_t i = 0; own && i < own->flags.ldflags.n; i++)
		*vec_push(a, ldflags) = own->flags.ldflags.v[i];
	plan_add_split(a, ldflags, o->ldflags);
}

/* A response file would be an input that nobody hashes. */
static bool check_words(struct arena *a, const char *name, struct str text, struct err *e)
{
	struct str_vec words = {0};

	plan_add_split(a, &words, text);
	for (size_t i = 0; i < words.n; i++)
		if (str_startsc(words.v[i], "@")) {
			err_set(e, ERR_USAGE, "%s: '%.*s' is not allowed", name,
				STR_ARG(words.v[i]));
			return err_fix(e, "write the flags themselves");
		}
	return true;
}

static bool no_profile(struct plan *p, struct err *e)
{
	struct buf known = {0};

	buf_addc(&known, "dev, release");
	for (size_t i = 0; p->opts.manifest && i < p->opts.manifest->profiles.n; i++)
		buf_printf(&known, ", %.*s", STR_ARG(p->opts.manifest->profiles.v[i].name));
	err_set(e, ERR_USAGE, "no profile '%.*s'", STR_ARG(p->opts.profile));
	err_fix(e, "profiles are: %s", known.p);
	buf_fini(&known);
	return false;
}

const struct toolchain_lto *plan_lto(const struct toolchain *tc, struct str name)
{
	for (size_t i = 0; i < tc->lto.n; i++)
		if (str_eq(tc->lto.v[i].name, name))
			return &tc->lto.v[i];
	return NULL;
}

static bool choose_lto(struct plan *p, struct str name, struct err *e)
{
	const struct toolchain *tc = p->opts.tc;
	struct buf can = {0};

	if (!name.n || str_eqc(name, "off"))
		return true;
	p->lto = plan_lto(tc, name);
	if (p->lto)
		return true;
	for (size_t i = 0; i < tc->lto.n; i++)
		buf_printf(&can, "'lto: %.*s', ", STR_ARG(tc->lto.v[i].name));
	err_set(e, ERR_USAGE, "profile '%.*s': the toolchain %.*s cannot do 'lto: %.*s'",
		STR_ARG(p->opts.profile), STR_ARG(tc->name), STR_ARG(name));
	err_fix(e, "use %s'lto: off', or CBUILD_TOOLCHAIN=zig or clang-musl", can.n ? can.p : "");
	buf_fini(&can);
	return false;
}

/* Where link_head is the linker itself, LDFLAGS' -fuse-ld= puts another in its place. */
static bool choose_linker(struct plan *p, struct err *e)
{
	const struct toolchain *tc = p->opts.tc;
	struct str_vec words = {0};
	struct str want = {0};

	plan_add_split(p->arena, &words, p->opts.ldflags);
	for (size_t i = 0; i < words.n; i++)
		if (str_startsc(words.v[i], "-fuse-ld="))
			want = str_skip(words.v[i], strlen("-fuse-ld="));
	if (!tc->link_is_linker || !want.n || str_eq(want, tc->linker))
		return true;
	want = str_fmt(p->arena, "ld.%.*s", STR_ARG(want));
	for (size_t i = 0; i < tc->linkers.n; i++)
		if (str_eq(path_base(tc->linkers.v[i]), want)) {
			p->linker = tc->linkers.v[i];
			return true;
		}
	err_set(e, ERR_USAGE, "LDFLAGS: the toolchain %.*s cannot link with %.*s",
		STR_ARG(tc->name), STR_ARG(want));
	return err_fix(e, "leave -fuse-ld out: it links with ld.%.*s", STR_ARG(tc->linker));
}

bool plan_init(struct plan *p, struct arena *a, struct graph *g, const struct plan_opts *o,
	       struct err *e)
{
	const struct profile *own = find_profile(o->manifest, o->profile);
	bool known;

	*p = (struct plan){.arena = a, .opts = *o, .graph = g};
	p->prefix = str_fmt(a, "build/%.*s", STR_ARG(target_folder(a, &o->target)));
	if (!check_words(a, "CFLAGS", o->cflags, e) || !check_words(a, "LDFLAGS", o->ldflags, e))
		return false;
	if (!choose_linker(p, e))
		return false;
	known = default_profile(p);
	if (!known && !own)
		return no_profile(p, e);
	if (!own)
		return true;
	/* A profile's own optimisation flags come later on the command line and win. */
	plan_flags_add(p, &p->profile_flags, &own->flags);
	if (own->strip_set)
		p->strip = own->strip;
	return choose_lto(p, own->lto, e);
}

void plan_flags_add(struct plan *p, struct flags *to, const struct flags *from)
{
	for (size_t i = 0; i < from->defines.n; i++)
		*vec_push(p->arena, &to->defines) = from->defines.v[i];
	for (size_t i = 0; i < from->cflags.n; i++)
		*vec_push(p->arena, &to->cflags) = from->cflags.v[i];
	for (size_t i = 0; i < from->ldflags.n; i++)
		*vec_push(p->arena, &to->ldflags) = from->ldflags.v[i];
	for (size_t i = 0; i < from->libs.n; i++)
		*vec_push(p->arena, &to->libs) = from->libs.v[i];
}

void plan_add_words(struct plan *p, struct action *x, const struct str_vec *words)
{
	for (size_t i = 0; i < words->n; i++)
		action_arg(p->arena, x, words->v[i]);
}

void plan_add_flags(struct plan *p, struct action *x, const struct flags *f)
{
	plan_add_words(p, x, &f->cflags);
	for (size_t i = 0; i < f->defines.n; i++) {
		const struct define *d = &f->defines.v[i];

		action_arg(p->arena, x,
			   d->value.p ? str_fmt(p->arena, "-D%.*s=%.*s", STR_ARG(d->name),
						STR_ARG(d->value))
				      : str_fmt(p->arena, "-D%.*s", STR_ARG(d->name)));
	}
}

static bool env_names(const struct str_vec *env, struct str assignment)
{
	struct str name = str_from(assignment.p, str_find(assignment, '=') + 1);

	for (size_t i = 0; i < env->n; i++)
		if (str_starts(env->v[i], name))
			return true;
	return false;
}

/* The child's whole environment: nothing of the user's gets in, the toolchain has the last word. */
static void add_env(struct plan *p, struct action *x)
{
	static const char *const fixed[] = {"LC_ALL=C", "PATH=/usr/bin:/bin", "PWD=/proc/self/cwd",
					    "SOURCE_DATE_EPOCH=0", "TZ=UTC"};

	x->env = (struct str_vec){0};
	for (size_t i = 0; i < p->opts.tc->env.n; i++)
		*vec_push(p->arena, &x->env) = p->opts.tc->env.v[i];
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		if (!env_names(&p->opts.tc->env, str_of(fixed[i])))
			*vec_push(p->arena, &x->env) = str_of(fixed[i]);
}

static struct action *new_action(struct plan *p, struct str title)
{
	struct action *x = graph_add(p->arena, p->graph);

	x->title = title;
	x->target = target_name(p->arena, &p->opts.target);
	return x;
}

/* The canonical name of a source's object: one a package and source. */
static struct str object_path(struct plan *p, const struct source *s)
{
	const struct package *pkg = s->package;
	struct str module = pkg->module->main ? STR("main") : pkg->module->path;
	struct str name = pkg->spec ? pkg->name : STR(".");

	return path_clean(p->arena,
			  str_fmt(p->arena, "%.*s/obj/%.*s/%.*s/%.*s.o", STR_ARG(p->prefix),
				  STR_ARG(module), STR_ARG(name), STR_ARG(s->rel)));
}

static void add_includes(struct plan *p, struct action *x, const struct source *s)
{
	const struct package *pkg = s->package;

	for (size_t i = 0; i < pkg->include.n; i++)
		action_arg(p->arena, x, str_fmt(p->arena, "-I%.*s", STR_ARG(pkg->include.v[i])));
	for (size_t i = 0; i < pkg->quote_include.n; i++) {
		action_arg(p->arena, x, STR("-iquote"));
		action_arg(p->arena, x, pkg->quote_include.v[i]);
	}
	for (size_t i = 0; i < pkg->system_include.n; i++) {
		action_arg(p->arena, x, STR("-isystem"));
		action_arg(p->arena, x, pkg->system_include.v[i]);
	}
	if (s->is_test && pkg->test_runtime.n) {
		action_arg(p->arena, x, STR("-isystem"));
		action_arg(p->arena, x, pkg->test_runtime);
	}
}

/*
 * The hour at which something is compiled is in no key, so it must be in no object. SOURCE_DATE_EPOCH says it
 * to gcc and to clang 16 and later, but not for __TIMESTAMP__, the source's own time, and not to clang 14.
 */
static void add_dates(struct plan *p, struct action *x)
{
	static const char *const words[] = {"-Wno-builtin-macro-redefined",
					    "-D__DATE__=\"Jan  1 1970\"", "-D__TIME__=\"00:00:00\"",
					    "-D__TIMESTAMP__=\"Thu Jan  1 00:00:00 1970\""};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		action_arg(p->arena, x, str_of(words[i]));
}

/* Flags in the order of growing say: profile, module and package, what imports export, environment. */
static void add_compile_flags(struct plan *p, struct action *x, const struct source *s)
{
	const struct package *pkg = s->package;
	struct str_vec env_flags = {0};

	if (s->kind == SOURCE_C)
		action_arg(p->arena, x, str_fmt(p->arena, "-std=%.*s", STR_ARG(pkg->std)));
	if (!pkg->module->main)
		action_arg(p->arena, x, STR("-w"));
	else if (!pkg->spec && s->kind == SOURCE_C)
		action_arg(p->arena, x, STR("-Wall"));
	plan_add_flags(p, x, &p->profile_flags);
	if (p->lto && s->kind == SOURCE_C)
		plan_add_words(p, x, &p->lto->cc);
	plan_add_flags(p, x, &pkg->flags);
	plan_add_flags(p, x, &pkg->export_flags);
	for (size_t i = 0; i < s->owners.n; i++)
		plan_add_flags(p, x, &s->owners.v[i]->export_flags);
	for (size_t i = 0; i < s->choices.n; i++)
		for (size_t k = 0; k < s->choices.v[i].n; k++)
			plan_add_flags(p, x, &s->choices.v[i].v[k]->export_flags);
	plan_add_split(p->arena, &env_flags, p->opts.cflags);
	plan_add_words(p, x, &env_flags);
}

void plan_source_flags(struct plan *p, struct action *x, const struct source *s)
{
	add_dates(p, x);
	add_compile_flags(p, x, s);
	add_includes(p, x, s);
}

/* Everything between the compiler and -c; plain assembler knows no includes and writes no depfile. */
static void add_source_flags(struct plan *p, struct action *x, const struct source *s,
			     struct str object)
{
	struct arena *a = p->arena;
	uint32_t dep;

	if (s->kind == SOURCE_ASM) {
		/* Most of the toolchain's words mean nothing to an assembler, and clang says so. */
		action_arg(a, x, STR("-Wno-unused-command-line-argument"));
		return;
	}
	plan_source_flags(p, x, s);
	dep = action_output(a, x, str_fmt(a, "%.*s.d", STR_ARG(object)), false);
	x->outputs.v[dep].depfile = true;
	action_arg(a, x, STR("-MD"));
	action_arg(a, x, STR("-MF"));
	action_arg_out(a, x, STR(""), dep);
}

static bool sees_all(const struct plan *p, const struct package *pkg)
{
	const struct map *folders = &p->opts.set->folders;

	for (size_t i = 0; i < folders->n; i++)
		if (!pkg->sees[folders->items[i].num])
			return false;
	return true;
}

/* The depfile of a compile may name files only of modules that its own sees. NULL: it sees them all. */
static const struct action_fence *fence_of(struct plan *p, const struct package *pkg)
{
	struct str key = str_from((const char *)&pkg->module, sizeof pkg->module);
	struct map_item *item = map_get(&p->fences, key);
	struct action_fence *f;

	if (item || !pkg->sees)
		return item ? item->ptr : NULL;
	item = map_put(p->arena, &p->fences, key, NULL);
	if (sees_all(p, pkg))
		return NULL;
	item->ptr = f = arena_new(p->arena, struct action_fence);
	*f = (struct action_fence){
	    .folders = &p->opts.set->folders,
	    .open = pkg->sees,
	    .names = p->opts.set->folder_names,
	    .remedy = STR("a module sees the headers of those that it requires: add that one to "
			  "`require` (cbuild get), or take the include away")};
	return f;
}

uint32_t plan_source_inputs(struct plan *p, struct action *x, const struct source *s)
{
	struct arena *a = p->arena;
	uint32_t src;

	action_inputs_reserve(a, x, s->closure.n + 1);
	src = s->made ? action_input_from(a, x, plan_make(p, s->made->maker),
					  plan_output(s->made->maker, s->path))
		      : action_input_file(a, x, s->path);
	for (size_t i = 0; i < s->closure.n; i++)
		action_input_file(a, x, s->closure.v[i]);
	for (size_t i = 0; i < s->waits.n; i++)
		action_input_order(a, x, plan_make(p, s->waits.v[i]));
	return src;
}

void plan_source_arg(struct plan *p, struct action *x, const struct source *s, uint32_t src)
{
	/* A name that looks like an option or a response file. */
	action_arg_in(p->arena, x, s->path.p[0] == '-' || s->path.p[0] == '@' ? STR("./") : STR(""),
		      src);
}

struct action *plan_compile(struct plan *p, struct source *s)
{
	struct arena *a = p->arena;
	struct str object = object_path(p, s);
	struct map_item *item = map_put(a, &p->objects, object, NULL);
	struct action *x = item->ptr;
	uint32_t obj, src;

	if (x)
		return x;
	x = item->ptr = new_action(p, str_fmt(a, "cc %.*s", STR_ARG(s->path)));
	x->tool = p->opts.tc->compile_id;
	x->owner = s;
	x->fence = fence_of(p, s->package);
	add_env(p, x);
	if (s->names.n)
		x->step_params = str_fmt(a, "names of the module's files %.*s", STR_ARG(s->names));
	if (s->unknown_reads) {
		x->uncacheable = true;
		x->title =
		    str_fmt(a, "%.*s (it reads what cannot be known before)", STR_ARG(x->title));
	}
	obj = action_output(a, x, object, false);
	src = plan_source_inputs(p, x, s);
	plan_add_words(p, x, &p->opts.tc->cc);
	add_source_flags(p, x, s, object);
	action_arg(a, x, STR("-c"));
	action_arg(a, x, STR("-o"));
	action_arg_out(a, x, STR(""), obj);
	plan_source_arg(p, x, s, src);
	return x;
}

void plan_package(struct plan *p, struct package *pkg, struct arena *a, struct action ***out,
		  size_t *n)
{
	VEC(struct action *) v = {0};

	for (size_t i = 0; i < pkg->sources.n; i++)
		*vec_push(a, &v) = plan_compile(p, pkg->sources.v[i]);
	*out = v.v;
	*n = v.n;
}

struct action *plan_new_action(struct plan *p, struct str title)
{
	struct action *x = new_action(p, title);

	add_env(p, x);
	return x;
}
