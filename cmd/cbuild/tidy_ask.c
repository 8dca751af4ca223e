/*
 * The scan's wishes are put to the compiler of the target, with each source's own flags: what it would read and
 * does not find. Only sources that may want something are asked. A generator of the project may itself want what
 * is missing, so sources that wait for nothing are asked before anything is made.
 */
#include "tidy.h"

#include "base/path.h"
#include "sys/file.h"

struct question {
	struct action *x;
	struct source *s;
	struct load_needs needs;
};

struct asking {
	struct tidy_view *v;
	struct build_opts opts;
	struct build b;
	bool made; /* about the sources that wait for what is made */
	VEC(struct question) questions;
	struct str_vec failed; /* sources that could not be preprocessed */
};

static bool is_interesting(const struct tidy_view *v, const struct source *s,
			   const struct load_needs *n)
{
	bool yes = n->unknown;

	for (size_t i = 0; i < n->missing.n && !yes; i++)
		yes = map_get(&v->wishes, n->missing.v[i]) ||
		      (!tidy_is_header(s) && tidy_is_nobodys(v, n->missing.v[i]));
	for (size_t i = 0; i < n->direct.n && !yes; i++)
		yes = tidy_wants_line(v, n->direct.v[i]->path);
	return yes && s->kind != SOURCE_ASM;
}

typedef void (*visit_source)(void *ctx, struct source *s, const struct load_needs *n);

/* The main module's files that may want something, those that wait for what is made or the others. */
static void each_interesting(struct tidy_view *v, const struct package_set *set, bool made,
			     visit_source visit, void *ctx)
{
	for (size_t i = 0; i < set->packages.n; i++) {
		const struct package *p = set->packages.v[i];
		struct source *s;

		for (size_t k = 0; p->module->main && tidy_file(p, k, &s); k++) {
			struct load_needs needs;

			if ((s->made || s->waits.n) != made)
				continue;
			load_needs(&v->c->arena, set, s, &needs);
			if (is_interesting(v, s, &needs))
				visit(ctx, s, &needs);
		}
	}
}

static void count(void *ctx, struct source *s, const struct load_needs *n)
{
	(void)s;
	(void)n;
	++*(size_t *)ctx;
}

/* ---- questions ---- */

static void put(struct asking *k, struct source *s, const struct load_needs *n,
		enum plan_question what)
{
	struct action *x = plan_ask(&k->b.targets[0].plan, s, what);

	*vec_push(&k->v->c->arena, &k->questions) = (struct question){x, s, *n};
	build_goal(&k->b, x);
}

static void put_list(void *ctx, struct source *s, const struct load_needs *n)
{
	put(ctx, s, n, PLAN_ASK_LIST);
}

static void put_first(void *ctx, struct source *s, const struct load_needs *n)
{
	struct asking *k = ctx;

	if (str_vec_has(&k->failed, s->path))
		put(ctx, s, n, PLAN_ASK_FIRST);
}

static bool open_asking(struct asking *k, visit_source put_one, struct err *e)
{
	k->questions.n = 0;
	k->b = (struct build){0};
	if (!build_open(&k->b, k->v->c, &k->opts, e))
		return false;
	each_interesting(k->v, &k->b.targets[0].set, k->made, put_one, k);
	return true;
}

/* ---- answers ---- */

/* Whoever cannot be asked may use anything: no line is dropped. warning: empty for none. */
static void use_all(struct tidy_view *v, struct str warning)
{
	struct arena *a = &v->c->arena;

	for (size_t i = 0; i < v->c->list.modules.n; i++)
		*vec_push(a, &v->out->used) = v->c->list.modules.v[i].path;
	if (warning.n && !str_vec_has(&v->warnings, warning))
		*vec_push(a, &v->warnings) = warning;
}

static void note_used(struct asking *k, const struct question *q, struct str path)
{
	struct tidy_view *v = k->v;
	const struct map_item *owner = path_owner(&k->b.targets[0].set.folders, path);
	const struct module *m;

	if (!owner || owner->num >= v->c->list.modules.n)
		return;
	m = &v->c->list.modules.v[owner->num];
	if (m->main)
		return;
	*vec_push(&v->c->arena, &v->out->used) = m->path;
	for (size_t i = 0; i < q->needs.direct.n; i++)
		if (str_eq(q->needs.direct.v[i]->path, m->path))
			tidy_found_direct(v, m->path);
}

/* The file of main that includes the header, as the scan saw it; else what was asked about. */
static struct str includer(const struct question *q, struct str header)
{
	for (size_t i = 0; i < q->needs.missing.n; i++)
		if (str_eq(q->needs.missing.v[i], header))
			return q->needs.by.v[i];
	return q->s->path;
}

/* Headers that are not there, as #include names them. */
static bool note_absent(struct asking *k, const struct question *q, const struct str_vec *names,
			struct err *e)
{
	struct str_vec by = {0};

	for (size_t i = 0; i < names->n; i++)
		*vec_push(&k->v->c->arena, &by) = q->s->path;
	if (q->needs.unknown && !tidy_wish(k->v, &k->b.targets[0].set, names, &by, e))
		return false;
	for (size_t i = 0; i < names->n; i++) {
		const struct wish *w = map_ptr(&k->v->wishes, names->v[i]);
		struct tidy_header h = {names->v[i], includer(q, names->v[i])};

		if (!q->needs.unknown && !str_vec_has(&q->needs.missing, names->v[i]))
			continue;
		if (w)
			tidy_found(k->v, w);
		else if (!tidy_is_header(q->s))
			tidy_found_nobodys(k->v, &k->b.targets[0].set, &h);
	}
	return true;
}

static bool note_list(struct asking *k, const struct question *q, struct err *e)
{
	struct cmd *c = k->v->c;
	struct str_vec paths, absent = {0};
	struct str text;
	enum cas_result r;

	r = cas_get(c->cas, &q->x->result.outputs[0].digest, &c->arena, &text, e);
	if (r == CAS_MISS)
		return err_set(e, ERR_IO, "the answer about %.*s left the cache",
			       STR_ARG(q->s->path));
	if (r == CAS_ERROR)
		return false;
	if (!text.n) {
		*vec_push(&c->arena, &k->failed) = q->s->path;
		return true;
	}
	if (!depfile_parse(&c->arena, text, &paths, e))
		return false;
	for (size_t i = 0; i < paths.n; i++)
		if (file_kind(str_c(&c->arena, paths.v[i])) != FILE_ABSENT)
			note_used(k, q, paths.v[i]);
		else if (!path_is_abs(paths.v[i]))
			*vec_push(&c->arena, &absent) = paths.v[i];
	return note_absent(k, q, &absent, e);
}

static bool note_first(struct asking *k, const struct question *q, struct err *e)
{
	struct cmd *c = k->v->c;
	struct str words = q->x->words, line = {0};
	struct str_vec name = {0};
	size_t before = k->v->found;

	*vec_push(&c->arena, &name) = plan_missing_header(words);
	if (name.v[0].n && !note_absent(k, q, &name, e))
		return false;
	if (k->v->found > before)
		return true;
	/* Most such headers are for others to include first (#error "include this.h instead"). */
	if (tidy_is_header(q->s)) {
		use_all(k->v, STR(""));
		return true;
	}
	while (str_line(&words, &line) && !str_containsc(line, "error: "))
		;
	use_all(k->v,
		str_fmt(&c->arena,
			"what %.*s needs is not known: it cannot be preprocessed for %.*s: %.*s",
			STR_ARG(q->s->path),
			STR_ARG(target_name(&c->arena, &k->b.targets[0].target)), STR_ARG(line)));
	return true;
}

/* ---- */

static bool ask_failed(struct asking *k, struct err *e)
{
	struct err failed = {0};

	k->opts.silent = true;
	if (!k->failed.n || k->v->found)
		return true;
	if (!open_asking(k, put_first, e))
		return false;
	if (!build_run(&k->b, &failed) && failed.code != ERR_TOOL) {
		*e = failed;
		return false;
	}
	for (size_t i = 0; i < k->questions.n; i++)
		if (k->questions.v[i].x->state == ACTION_FAILED &&
		    !note_first(k, &k->questions.v[i], e))
			return false;
	return true;
}

static bool ask(struct asking *k, struct err *e)
{
	bool ok;
	struct err failed = {0};

	if (!open_asking(k, put_list, e))
		return false;
	if (!k->questions.n)
		return true;
	ok = build_run(&k->b, &failed);
	for (size_t i = 0; i < k->questions.n; i++)
		if (k->questions.v[i].x->state == ACTION_RAN &&
		    !note_list(k, &k->questions.v[i], e))
			return false;
	/* What could not be made may be for want of what was found. */
	if (ok || (failed.code == ERR_TOOL && k->v->found))
		return ask_failed(k, e);
	*e = failed;
	return err_wrap(e, "making what sources include, to know what they need");
}

static bool has_toolchain(struct tidy_view *v, const struct target *t)
{
	struct cmd *c = v->c;
	struct toolchain_opts o = session_toolchain_opts(c);
	struct target host = target_host();
	struct toolchain *tc;
	struct err e;

	if (target_eq(t, &host) || toolchain_open(&c->arena, t, &o, &tc, &e))
		return true;
	use_all(v, str_fmt(&c->arena, "what %.*s alone needs is not known: %s",
			   STR_ARG(target_name(&c->arena, t)), e.msg));
	return false;
}

bool tidy_ask(struct tidy_view *v, const struct target *t, struct str profile,
	      const struct package_set *set, struct err *e)
{
	for (int made = 0; made < 2 && !v->found; made++) {
		struct asking *k = arena_new(&v->c->arena, struct asking);
		size_t n = 0;

		each_interesting(v, set, made, count, &n);
		if (!n)
			continue;
		if (!has_toolchain(v, t))
			return true;
		k->v = v;
		k->made = made;
		k->opts.silent = !made; /* asking alone takes no time */
		k->opts.profile = profile;
		k->opts.keep_going = true;
		k->opts.headers = true;
		*vec_push(&v->c->arena, &k->opts.targets) = target_name(&v->c->arena, t);
		if (!ask(k, e))
			return false;
	}
	return true;
}
