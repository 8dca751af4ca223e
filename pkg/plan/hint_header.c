/*
 * Remedies for a header that is missing, the likeliest first: the tree has it below a folder that no include
 * list names, a port provides it, configure would write it, it is misspelt.
 */
#include "plan/plan_impl.h"

#include "base/map.h"
#include "base/path.h"

/* A header of that base name somewhere in the set: its place is the better remedy. */
static struct str elsewhere(const struct package_set *set, struct str header)
{
	for (size_t i = 0; i < set->packages.n; i++)
		for (size_t k = 0; k < set->packages.v[i]->sources.n; k++) {
			const struct str_vec *c = &set->packages.v[i]->sources.v[k]->closure;

			for (size_t j = 0; j < c->n; j++)
				if (str_eq(path_base(c->v[j]), path_base(header)))
					return c->v[j];
		}
	return (struct str){0};
}

/* Whether path is header itself, or lies at header below some folder. */
static bool ends_at(struct str path, struct str header)
{
	return str_eq(path, header) || (path.n > header.n && path.p[path.n - header.n - 1] == '/' &&
					str_eq(str_skip(path, path.n - header.n), header));
}

/* What the header is made from: its template, or for config.h the configure script. */
static struct str template_of(struct arena *a, const struct package_set *set, struct str header)
{
	struct str in = str_fmt(a, "%.*s.in", STR_ARG(path_base(header))), script = {0};

	for (size_t i = 0; i < set->templates.n; i++) {
		struct str path = set->templates.v[i];

		if (ends_at(path, in))
			return path;
		if (str_eqc(path_base(header), "config.h") && str_eqc(path_base(path), "configure"))
			script = path;
	}
	return script;
}

/* A header whose name differs little; told by file names alone. */
static struct str misspelt(struct arena *a, const struct package_set *set, struct str header)
{
	struct str_vec names = {0};
	struct str base = path_base(header), near;
	size_t slips = 1 + base.n / 6;

	for (size_t i = 0; i < set->files.n; i++)
		if (str_endsc(set->files.v[i], ".h"))
			*vec_push(a, &names) = path_base(set->files.v[i]);
	near = str_nearest(base, names.v, names.n);
	return near.n && str_distance(base, near, slips + 1) <= slips ? near : STR("");
}

static void hint_unknown_header(struct arena *a, const struct package_set *set, struct str header,
				struct buf *out)
{
	struct str near = elsewhere(set, header);
	const struct map_item *owner = near.n ? path_owner(&set->folders, near) : NULL;

	if (owner && owner->num && ends_at(near, header)) {
		buf_printf(out,
			   "'%.*s' is a header of %.*s, which the module whose file includes it "
			   "does not require: cbuild get %.*s\n",
			   STR_ARG(header), STR_ARG(set->folder_names[owner->num]),
			   STR_ARG(set->folder_names[owner->num]));
		return;
	}
	if (near.n) {
		buf_printf(out,
			   "there is a %.*s: include it by its path from the module's root or "
			   "pkg/, or add "
			   "its folder to the package's include list\n",
			   STR_ARG(near));
		return;
	}
	near = misspelt(a, set, header);
	if (near.n)
		buf_printf(out, "nothing provides '%.*s'; did you mean '%.*s'?\n", STR_ARG(header),
			   STR_ARG(near));
	else
		buf_printf(out,
			   "nothing provides '%.*s': correct the name, add the file, or require "
			   "the module that has it (cbuild get MODULE); libraries "
			   "of this machine do not count\n",
			   STR_ARG(header));
}

void hint_header(struct arena *a, const struct package_set *set, struct str header,
		 const struct plan_hint_port *port, struct buf *out)
{
	struct str below = load_lies_at(set, header), template = template_of(a, set, header);
	struct str module = below.n ? STR("") : port->module_for(port->ctx, header), recipe;
	const struct module *seen;

	if (below.n) {
		struct str dir = str_from(below.p, below.n - header.n);

		dir = dir.n ? path_clean(a, dir) : STR(".");
		buf_printf(
		    out,
		    "'%.*s' is %.*s: add %.*s to the package's `include` in cbuild.yaml, or to "
		    "`export: {include: ...}` of the package that owns it\n",
		    STR_ARG(header), STR_ARG(below), STR_ARG(dir));
		return;
	}
	seen = module.n ? load_seen(set, module) : NULL;
	if (seen) {
		buf_printf(out,
			   "%.*s, whose port promises such headers, has no '%.*s'%s%.*s: correct "
			   "the name, or get a version that has it (cbuild get %.*s@VERSION)\n",
			   STR_ARG(module), STR_ARG(header), seen->version.n ? " in " : "",
			   STR_ARG(seen->version), STR_ARG(module));
		return;
	}
	if (module.n) {
		buf_printf(
		    out,
		    "no package of this module provides <%.*s>; %.*s does: cbuild get %.*s, or "
		    "cbuild mod tidy for all that is missing\n",
		    STR_ARG(header), STR_ARG(module), STR_ARG(module));
		return;
	}
	if (str_endsc(template, ".in")) {
		buf_printf(out,
			   "'%.*s' is to be made from %.*s: write `config: {%.*s: {from: "
			   "%.*s}}` into cbuild.yaml\n",
			   STR_ARG(header), STR_ARG(template), STR_ARG(header), STR_ARG(template));
		return;
	}
	if (template.n) {
		buf_printf(out,
			   "'%.*s' would be made by %.*s, which does not run here: say under "
			   "`config` in cbuild.yaml what it holds\n",
			   STR_ARG(header), STR_ARG(template));
		return;
	}
	recipe = port->recipe_of ? port->recipe_of(port->ctx, path_base(header)) : STR("");
	if (recipe.n && !misspelt(a, set, header).n) {
		buf_printf(
		    out,
		    "'%.*s' is named in %.*s, by the tree's own build, which is not read: "
		    "make the file once, keep it, and add its folder to `include` in cbuild.yaml\n",
		    STR_ARG(header), STR_ARG(recipe));
		return;
	}
	hint_unknown_header(a, set, header, out);
}
