/*
 * The values of modules' options. The main module decides: what its `options` set holds. Others may only switch
 * a switch on, and the switches that they want on add up; a choice of theirs counts nowhere but in their own
 * builds. What nobody sets has its default.
 *
 * Requirements may depend on options, and options on who is required. While versions are selected, every version
 * that was reached counts, which makes both only grow: the walk is repeated until nothing is added. Afterwards
 * the values are those of the selected versions alone.
 */
#include "mod/mod_impl.h"

static struct str key_of(struct arena *a, struct str path, struct str name)
{
	return str_pair(a, path, ' ', name);
}

static void wish(struct option_wishes *w, const struct option_setting *s, struct str by)
{
	bool added;
	struct option_wish *new;
	struct map_item *it = map_put(w->a, &w->on, key_of(w->a, s->path, s->name), &added);

	if (!added)
		return;
	new = it->ptr = arena_new(w->a, struct option_wish);
	*new = (struct option_wish){.setting = s, .by = by};
	w->grew = true;
}

void options_wish(struct option_wishes *w, const struct manifest *m, struct str by)
{
	for (size_t i = 0; i < m->settings.n; i++)
		if (str_eqc(m->settings.v[i].value, "true"))
			wish(w, &m->settings.v[i], by);
}

static const struct option_setting *decided(const struct manifest *main, struct str path,
					    struct str name)
{
	for (size_t i = 0; i < main->settings.n; i++)
		if (str_eq(main->settings.v[i].path, path) &&
		    str_eq(main->settings.v[i].name, name))
			return &main->settings.v[i];
	return NULL;
}

void options_values(const struct option_wishes *w, struct str path, const struct manifest *m,
		    struct option_values *out, struct str_vec *by)
{
	for (size_t i = 0; i < m->options.n; i++) {
		const struct option_spec *o = &m->options.v[i];
		const struct option_setting *s = decided(w->main, path, o->name);
		const struct option_wish *on =
		    o->choices.n ? NULL : map_ptr(&w->on, key_of(w->a, path, o->name));
		struct str value = s ? s->value : on ? on->setting->value : o->value;

		*vec_push(w->a, out) = (struct option_value){o->name, value};
		*vec_push(w->a, by) = s ? STR("cbuild.yaml") : on ? on->by : STR("");
	}
}

/* --- the selected versions ---------------------------------------------------------------------- */

static bool check_setting(struct arena *a, const struct module *of, const struct option_setting *s,
			  const struct module *by, struct err *e)
{
	const char *fix = manifest_option_remedy(a, of->manifest, s->name, s->value);
	bool known = manifest_option(of->manifest, s->name) != NULL;

	/* What another module chooses counts in its own builds only. */
	if (!fix || (known && !by->main))
		return true;
	err_at(e, ERR_INPUT, str_c(a, by->manifest->file), s->pos.line, s->pos.col,
	       known ? "option '%.*s' of %.*s cannot be '%.*s'"
		     : "no option '%.*s' of %.*s, to be '%.*s'",
	       STR_ARG(s->name), STR_ARG(of->path), STR_ARG(s->value));
	return err_fix(e, "%s", fix);
}

static bool check_main(struct arena *a, const struct option_setting *s, const struct module *of,
		       const struct build_list *list, struct err *e)
{
	struct str_vec paths = {0};
	struct str near;

	if (of)
		return true;
	for (size_t i = 1; i < list->modules.n; i++)
		*vec_push(a, &paths) = list->modules.v[i].path;
	near = str_nearest(s->path, paths.v, paths.n);
	err_at(e, ERR_INPUT, str_c(a, list->modules.v[0].manifest->file), s->pos.line, s->pos.col,
	       "options of %.*s are set, which nothing requires", STR_ARG(s->path));
	return near.n ? err_fix(e, "did you mean '%.*s'?", STR_ARG(near))
		      : err_fix(e, "require it, or remove its line under `options`");
}

/* What the main module has off, another cannot do without. */
static bool check_wish(struct arena *a, const struct option_wishes *w,
		       const struct option_setting *s, const struct module *by, struct err *e)
{
	const struct option_setting *main = decided(w->main, s->path, s->name);

	if (by->main || !main || !str_eqc(s->value, "true") || !str_eqc(main->value, "false"))
		return true;
	err_at(e, ERR_INPUT, str_c(a, w->main->file), main->pos.line, main->pos.col,
	       "option '%.*s' of %.*s is false here, and %.*s needs it", STR_ARG(s->name),
	       STR_ARG(s->path), STR_ARG(by->path));
	return err_fix(e, "remove the line, or do without %.*s", STR_ARG(by->path));
}

static struct module *module_of(const struct build_list *list, struct str path)
{
	for (size_t i = 0; i < list->modules.n; i++)
		if (str_eq(list->modules.v[i].path, path))
			return &list->modules.v[i];
	return NULL;
}

static bool check_settings(struct arena *a, const struct option_wishes *w,
			   const struct build_list *list, const struct module *by, struct err *e)
{
	for (size_t i = 0; i < by->manifest->settings.n; i++) {
		const struct option_setting *s = &by->manifest->settings.v[i];
		const struct module *of = module_of(list, s->path);

		if (by->main && !check_main(a, s, of, list, e))
			return false;
		if (of && !check_setting(a, of, s, by, e))
			return false;
		if (!check_wish(a, w, s, by, e))
			return false;
	}
	return true;
}

bool options_decide(struct arena *a, const struct manifest *main, struct build_list *list,
		    struct err *e)
{
	struct option_wishes w = {.a = a, .main = main};

	for (size_t i = 1; i < list->modules.n; i++)
		options_wish(&w, list->modules.v[i].manifest, list->modules.v[i].path);
	for (size_t i = 0; i < list->modules.n; i++)
		if (!check_settings(a, &w, list, &list->modules.v[i], e))
			return false;
	for (size_t i = 0; i < list->modules.n; i++) {
		struct module *m = &list->modules.v[i];

		options_values(&w, m->path, m->manifest, &m->options, &m->option_by);
	}
	return true;
}
