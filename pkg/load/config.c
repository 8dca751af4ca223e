/*
 * Config headers. Each gets a node before anything is scanned, so that includes find it where no file is: in
 * build/TARGET/config/MODULE, or build/TARGET/export/MODULE when users of the module may include it. What it
 * includes is what its template includes, whatever the values: the scan takes all branches anyway.
 */
#include "load/load_impl.h"

#include <string.h>

#include "base/path.h"

enum { TEMPLATE_BYTES_MAX = 4 << 20 };

static void set_value(struct arena *a, struct define_vec *v, const struct define *d)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_eq(v->v[i].name, d->name)) {
			v->v[i].value = d->value;
			return;
		}
	*vec_push(a, v) = *d;
}

static void set_values(struct arena *a, struct define_vec *to, const struct define_vec *from)
{
	for (size_t i = 0; i < from->n; i++)
		set_value(a, to, &from->v[i]);
}

static bool has_value(const struct config_header *h, struct str name)
{
	for (size_t i = 0; i < h->values.n; i++)
		if (str_eq(h->values.v[i].name, name))
			return true;
	return false;
}

/* A value is the answer, so that a manifest can overrule what would be asked. */
static void add_check(struct arena *a, struct config_header *h, const struct check_spec *check)
{
	bool known = has_value(h, check->name);

	for (size_t i = 0; i < h->checks.n; i++)
		known = known || str_eq(h->checks.v[i].name, check->name);
	if (!known)
		*vec_push(a, &h->checks) = *check;
}

static bool has_check(const struct config_header *h, const char *name)
{
	for (size_t i = 0; i < h->checks.n; i++)
		if (str_eqc(h->checks.v[i].name, name))
			return true;
	return false;
}

/* Whether the manifest has a value of that name, be it for another target only. */
static bool mentions(const struct config_header *h, struct str name)
{
	const struct config_spec *spec = h->spec;

	for (size_t i = 0; i < spec->additions.n; i++)
		for (size_t k = 0; k < spec->additions.v[i].values.n; k++)
			if (str_eq(spec->additions.v[i].values.v[k].name, name))
				return true;
	for (size_t i = 0; i < spec->checks.n; i++)
		if (str_eq(spec->checks.v[i].name, name))
			return true;
	return has_value(h, name);
}

static void add_inferred(struct arena *a, struct config_header *h, struct str template)
{
	struct check_vec inferred = {0};
	struct str_vec unknown = {0};

	infer_checks(a, template, &inferred, &unknown);
	for (size_t i = 0; i < inferred.n; i++)
		add_check(a, h, &inferred.v[i]);
	for (size_t i = 0; i < unknown.n; i++)
		if (!mentions(h, unknown.v[i]))
			*vec_push(a, &h->unknown) = unknown.v[i];
}

/*
 * A template that asks for _GNU_SOURCE or _FILE_OFFSET_BITS makes headers declare more in all sources that
 * include it. So do they in its checks, as in those of a configure script.
 */
static void add_features(struct arena *a, struct config_header *h)
{
	static const char *const names[] = {"_GNU_SOURCE", "_FILE_OFFSET_BITS"};
	static const char *const values[] = {"1", "64"};
	struct str text = STR("");

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (has_check(h, names[i]))
			text = str_fmt(a, "%.*s#ifndef %s\n#define %s %s\n#endif\n", STR_ARG(text),
				       names[i], names[i], values[i]);
	for (size_t i = 0; text.n && i < h->checks.n; i++) {
		struct check_spec *c = &h->checks.v[i];

		if (c->kind != CHECK_FLAG && !str_eqc(c->name, names[0]) &&
		    !str_eqc(c->name, names[1]))
			c->prelude = str_fmt(a, "%.*s%.*s", STR_ARG(text), STR_ARG(c->prelude));
	}
}

/* The template decides which checks there are, so any change of it leads to another graph. */
static bool read_template(struct loader *l, const struct mod_tree *t, struct config_header *h,
			  struct str *bytes, struct err *e)
{
	*bytes = (struct str){0};
	if (!h->spec->from.n)
		return true;
	h->from = path_join(l->a, t->root, h->spec->from);
	if (file_kind(str_c(l->a, h->from)) == FILE_REGULAR)
		return file_read(l->a, str_c(l->a, h->from), TEMPLATE_BYTES_MAX, bytes, e);
	err_at(e, ERR_INPUT, str_c(l->a, t->module->manifest->file), h->spec->from_pos.line,
	       h->spec->from_pos.col, "template '%.*s' of '%.*s' does not exist",
	       STR_ARG(h->spec->from), STR_ARG(h->spec->name));
	return err_fix(e, "paths are relative to the folder of the manifest (%.*s)",
		       STR_ARG(t->root));
}

/* In a port, which serves many versions, values may name the one that is built. */
static void fill_versions(struct arena *a, const struct module *m, struct define_vec *values)
{
	for (size_t i = 0; m->from_port && i < values->n; i++) {
		struct str *value = &values->v[i].value;

		if (value->p && memchr(value->p, '{', value->n))
			*value = mod_fill_version(a, *value, m->version);
	}
}

static void fill(struct loader *l, const struct mod_tree *t, struct config_header *h,
		 struct str template)
{
	const struct config_spec *spec = h->spec;

	set_values(l->a, &h->values, &spec->values);
	for (size_t i = 0; i < spec->additions.n; i++)
		if (condition_holds(&spec->additions.v[i].when, &l->o->target, &t->module->options))
			set_values(l->a, &h->values, &spec->additions.v[i].values);
	fill_versions(l->a, t->module, &h->values);
	for (size_t i = 0; i < spec->checks.n; i++)
		add_check(l->a, h, &spec->checks.v[i]);
	add_inferred(l->a, h, template);
	add_features(l->a, h);
}

static bool add_header(struct loader *l, struct mod_tree *t, const struct config_spec *spec,
		       struct err *e)
{
	struct config_header *h = arena_new(l->a, struct config_header);
	struct maker *m = make_new(l, t, MAKER_CONFIG);
	struct made *made = arena_new(l->a, struct made);
	struct node *n = arena_new(l->a, struct node);
	struct str template;

	*h = (struct config_header){.spec = spec};
	m->config = h;
	m->dir = make_folder(l, t, spec->exported ? "export" : "config");
	if (!read_template(l, t, h, &template, e))
		return false;
	fill(l, t, h, template);
	if (!spec->exported)
		t->configs = m->dir;
	else if (!str_vec_has(&t->exports, m->dir))
		*vec_push(l->a, &t->exports) = m->dir;
	*made = (struct made){
	    .maker = m, .rel = spec->name, .path = path_join(l->a, m->dir, spec->name)};
	*vec_push(l->a, &m->out) = made->path;
	map_put(l->a, &l->made, made->path, NULL)->ptr = made;
	*n = (struct node){.path = made->path, .module = t, .made = made};
	scan_bytes(l, n, template);
	map_put(l->a, &l->nodes, n->path, NULL)->ptr = n;
	return true;
}

bool config_find(struct loader *l, struct mod_tree *t, struct err *e)
{
	const struct manifest *m = t->module->manifest;

	for (size_t i = 0; i < m->configs.n; i++)
		if (!add_header(l, t, &m->configs.v[i], e))
			return false;
	return true;
}
