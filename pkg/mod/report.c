/*
 * What is told about a build list: the whole graph, and what newer versions there are.
 */
#include "mod/load_impl.h"
#include "mod/query_impl.h"

bool mod_graph(struct arena *a, struct manifest *main, const struct mod_opts *o,
	       struct mod_edges *out, struct err *e)
{
	struct resolution r;
	struct mod_opts brief = *o;
	struct loader l = {.a = a, .main = main, .o = o};
	struct mod_versions direct = {0};

	brief.brief = true;
	if (!mod_resolve(a, main, &brief, &r, e))
		return false;
	l.sums = &r.sums;
	l.modules = r.modules;
	l.wishes = r.wishes;
	for (size_t i = 0; i <= r.all.n; i++) {
		struct mod_version from = {main->module, STR("")};

		direct.n = 0;
		if (i) {
			from = r.all.v[i - 1];
			if (!load_required(&l, &from, &direct, e))
				return false;
		} else if (!load_requirements(&l, main, main->module, &direct, e)) {
			return false;
		}
		for (size_t k = 0; k < direct.n; k++)
			*vec_push(a, out) = (struct mod_edge){from, direct.v[k]};
	}
	return true;
}

static bool find_update(struct query *q, const struct module *m, struct mod_update *out,
			struct err *e)
{
	const struct mod_version v = {m->path, m->version};
	const struct retraction *r;

	*out = (struct mod_update){.version = m->version};
	if (!m->version.n || m->by_path.n)
		return true;
	if (!query_version(q, v.path, STR("upgrade"), v.version, &out->version, e) ||
	    !query_retracted(q, &v, &r, e))
		return err_wrap(e, "looking for newer versions of %.*s", STR_ARG(v.path));
	out->retracted = r != NULL;
	if (r)
		out->why = r->why;
	return true;
}

bool mod_updates(struct arena *a, struct manifest *main, const struct build_list *list,
		 const struct mod_opts *o, struct mod_update *out, struct err *e)
{
	struct mod_opts with = *o;
	struct query *q = query_new(a, main, &with);

	with.ports = &list->ports;
	for (size_t i = 1; i < list->modules.n; i++)
		if (!find_update(q, &list->modules.v[i], &out[i], e))
			return false;
	for (size_t i = 0; i < list->ports.n; i++)
		if (!find_update(q, &list->ports.v[i], &out[list->modules.n + i], e))
			return false;
	return true;
}
