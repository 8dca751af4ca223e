/*
 * Headers that neither a module nor a port has: most are the toolchain's, some nobody's. Only a source that
 * includes one that this host's toolchain lacks is worth asking; whether it is a mistake, its own compile tells.
 */
#include "tidy.h"

/* Cross toolchains are asked by their sources; one that is not here yet is not fetched for this. */
static bool is_here(struct cmd *c)
{
	struct toolchain_opts o = session_toolchain_opts(c);
	struct target host = target_host();
	struct toolchain *tc;
	struct err ignored;

	o.no_install = true;
	o.sink = NULL;
	return toolchain_open(&c->arena, &host, &o, &tc, &ignored);
}

static bool read_answer(struct tidy_view *v, const struct action *x, const struct str_vec *names,
			struct err *e)
{
	struct arena *a = &v->c->arena;
	struct str text;
	enum cas_result r = cas_get(v->c->cas, &x->result.outputs[0].digest, a, &text, e);

	for (size_t i = 0; r == CAS_HIT && i < names->n; i++)
		map_put(a, v->toolchain, names->v[i], NULL)->num = !plan_lacks(text, i);
	return r != CAS_ERROR;
}

bool tidy_ask_toolchain(struct tidy_view *v, struct err *e)
{
	struct cmd *c = v->c;
	struct build_opts opts = {.silent = true, .as_is = true};
	struct build b = {0};
	struct str_vec names = {0};
	struct action *x;
	struct err ignored;

	for (size_t i = 0; i < v->unsure.n; i++)
		if (!map_get(v->toolchain, v->unsure.v[i]))
			*vec_push(&c->arena, &names) = v->unsure.v[i];
	if (!names.n || !is_here(c))
		return true;
	if (!build_open(&b, c, &opts, e))
		return false;
	x = plan_ask_toolchain(&b.targets[0].plan, &names);
	build_goal(&b, x);
	return !build_run(&b, &ignored) || read_answer(v, x, &names, e);
}

bool tidy_is_nobodys(const struct tidy_view *v, struct str header)
{
	const struct map_item *known = map_get(v->toolchain, header);

	return known && !known->num && str_vec_has(&v->unsure, header);
}

void tidy_found_nobodys(struct tidy_view *v, const struct package_set *set,
			const struct tidy_header *h)
{
	struct arena *a = &v->c->arena;
	bool first;

	map_put(a, &v->told, h->name, &first);
	if (first && !load_lies_at(set, h->name).n)
		*vec_push(a, &v->warnings) =
		    str_fmt(a,
			    "%.*s includes %.*s, which no required module, no port and not the "
			    "toolchain has",
			    STR_ARG(h->by), STR_ARG(h->name));
}
