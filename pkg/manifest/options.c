/*
 * options: what a module lets others choose, and what this one chooses of others'. A key with a dot is a
 * module's path, whose options are set; any other is the name of an option of this module.
 *
 * And conditions: whether they hold for a target and for values of the module's options.
 */
#include "base/path.h"
#include "manifest/manifest_impl.h"

static void each_choice(struct reader *r, const struct yaml_node *v, void *out)
{
	if (!is_name(v->text, "_.+-"))
		mistake(r, v, "use letters, digits and _ . + -", "malformed choice '%.*s'",
			STR_ARG(v->text));
	else if (str_vec_has(out, v->text))
		mistake(r, v, "remove one of them", "choice '%.*s' is there twice",
			STR_ARG(v->text));
	else
		keep_word(r, v, out);
}

void read_choices(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	read_each(r, v, each_choice, str_vec);
}

void read_line(struct reader *r, const struct yaml_node *v, void *str)
{
	if (want_text(r, v))
		*(struct str *)str = v->text;
}

/* The choices of an option: its own, or true and false. */
static void choices_of(struct reader *r, const struct option_spec *o, struct str_vec *out)
{
	for (size_t i = 0; i < o->choices.n; i++)
		*vec_push(r->a, out) = o->choices.v[i];
	if (!out->n) {
		*vec_push(r->a, out) = STR("true");
		*vec_push(r->a, out) = STR("false");
	}
}

/* The remedy for a value that the option cannot have, in arena a; NULL for a good one. */
static const char *value_remedy(struct reader *r, const struct option_spec *o, struct str value)
{
	struct str_vec can = {0};
	struct str near, all = {0};

	choices_of(r, o, &can);
	if (str_vec_has(&can, value))
		return NULL;
	near = str_nearest(value, can.v, can.n);
	if (near.n)
		return str_fmt(r->a, "did you mean '%.*s'?", STR_ARG(near)).p;
	for (size_t i = 0; i < can.n; i++)
		all = str_fmt(r->a, "%.*s%s%.*s", STR_ARG(all), i ? ", " : "", STR_ARG(can.v[i]));
	return str_fmt(r->a, "it is one of %.*s", STR_ARG(all)).p;
}

static void read_option(struct reader *r, const struct yaml_pair *p, struct manifest *m)
{
	struct option_spec o = {.name = p->key->text, .pos = node_pos(p->key)};
	size_t before = r->mistakes;
	const char *fix;

	if (!is_name(o.name, "_-"))
		mistake(r, p->key, "use letters, digits, - and _; a module path has a dot",
			"malformed option name '%.*s'", STR_ARG(o.name));
	read_map(r, p->value, "option", &o);
	if (!o.value.n && !o.choices.n)
		o.value = STR("false");
	fix = value_remedy(r, &o, o.value);
	if (r->mistakes > before)
		return;
	if (!o.value.n)
		mistake(r, p->key, "say which of them with 'default'",
			"option '%.*s' has choices and no default", STR_ARG(o.name));
	else if (fix)
		mistake(r, p->key, fix, "option '%.*s' cannot be '%.*s'", STR_ARG(o.name),
			STR_ARG(o.value));
	*vec_push(r->a, &m->options) = o;
}

static void read_settings(struct reader *r, const struct yaml_pair *p, struct manifest *m)
{
	const char *fix = module_path_remedy(p->key->text);

	if (fix)
		mistake(r, p->key, fix, "malformed module path '%.*s'", STR_ARG(p->key->text));
	for (size_t i = 0; want_map(r, p->value) && i < p->value->pairs.n; i++) {
		const struct yaml_pair *set = &p->value->pairs.v[i];

		r->key = set->key->text;
		if (want_text(r, set->value))
			*vec_push(r->a, &m->settings) = (struct option_setting){
			    p->key->text, set->key->text, set->value->text, node_pos(set->key)};
	}
}

void read_options(struct reader *r, const struct yaml_node *v, void *manifest)
{
	for (size_t i = 0; want_map(r, v) && i < v->pairs.n; i++) {
		const struct yaml_pair *p = &v->pairs.v[i];

		r->key = p->key->text;
		if (str_find(p->key->text, '.') < p->key->text.n)
			read_settings(r, p, manifest);
		else
			read_option(r, p, manifest);
	}
}

/* --- conditions ------------------------------------------------------------------------------- */

/* "http2" or "!http2": a switch that is on, or off. */
static void each_switch(struct reader *r, const struct yaml_node *v, void *condition)
{
	struct condition *c = condition;
	bool not = v->text.p[0] == '!';
	struct option_test t = {.name = str_skip(v->text, not ), .pos = node_pos(v)};

	*vec_push(r->a, &t.values) = not ? STR("!true") : STR("true");
	*vec_push(r->a, &c->options) = t;
}

void read_option_condition(struct reader *r, const struct yaml_node *v, void *condition)
{
	struct condition *c = condition;

	if (v->kind != YAML_MAP) {
		read_each(r, v, each_switch, c);
		return;
	}
	c->all_options = true;
	for (size_t i = 0; i < v->pairs.n; i++) {
		struct option_test t = {.name = v->pairs.v[i].key->text,
					.pos = node_pos(v->pairs.v[i].key)};

		r->key = t.name;
		read_words(r, v->pairs.v[i].value, &t.values);
		*vec_push(r->a, &c->options) = t;
	}
}

const struct option_spec *manifest_option(const struct manifest *m, struct str name)
{
	for (size_t i = 0; i < m->options.n; i++)
		if (str_eq(m->options.v[i].name, name))
			return &m->options.v[i];
	return NULL;
}

const char *manifest_option_remedy(struct arena *a, const struct manifest *m, struct str name,
				   struct str value)
{
	struct reader r = {.a = a};
	const struct option_spec *o = manifest_option(m, name);
	struct str_vec names = {0};
	struct str near, all = {0};

	if (o)
		return value_remedy(&r, o, value);
	for (size_t i = 0; i < m->options.n; i++) {
		*vec_push(a, &names) = m->options.v[i].name;
		all = str_fmt(a, "%.*s%s%.*s", STR_ARG(all), i ? ", " : "",
			      STR_ARG(m->options.v[i].name));
	}
	near = str_nearest(name, names.v, names.n);
	if (near.n)
		return str_fmt(a, "did you mean '%.*s'?", STR_ARG(near)).p;
	return all.n ? str_fmt(a, "its options are %.*s", STR_ARG(all)).p : "it has no options";
}

static void check_test(struct reader *r, const struct manifest *m, const struct option_test *t)
{
	const struct option_spec *o = manifest_option(m, t->name);
	struct yaml_node at = {.line = t->pos.line, .col = t->pos.col};

	if (!o) {
		mistake(r, &at, manifest_option_remedy(r->a, m, t->name, STR("")),
			"the module has no option '%.*s'", STR_ARG(t->name));
		return;
	}
	for (size_t i = 0; i < t->values.n; i++) {
		struct str value = t->values.v[i];
		const char *fix;

		value = str_skip(value, value.p[0] == '!');
		fix = value_remedy(r, o, value);
		if (fix && o->choices.n && str_eqc(value, "true"))
			fix = str_fmt(r->a, "write {%.*s: CHOICE}; %s", STR_ARG(t->name), fix).p;
		if (fix)
			mistake(r, &at, fix, "option '%.*s' cannot be '%.*s'", STR_ARG(t->name),
				STR_ARG(value));
	}
}

static void check_condition(struct reader *r, const struct manifest *m, const struct condition *c)
{
	for (size_t i = 0; i < c->options.n; i++)
		check_test(r, m, &c->options.v[i]);
}

/*
 * Others may switch a switch on, and what is required may be who does: were something required only while it is off,
 * there might be no build list that is true to itself.
 */
static void check_required_when(struct reader *r, const struct manifest *m,
				const struct condition *c)
{
	check_condition(r, m, c);
	for (size_t i = 0; i < c->options.n; i++) {
		const struct option_test *t = &c->options.v[i];
		const struct option_spec *o = manifest_option(m, t->name);
		struct yaml_node at = {.line = t->pos.line, .col = t->pos.col};
		bool off = false;

		for (size_t k = 0; o && !o->choices.n && k < t->values.n; k++)
			off = off || str_eqc(t->values.v[k], "!true") ||
			      str_eqc(t->values.v[k], "false");
		if (off)
			mistake(r, &at,
				"others may switch it on: require it always, or make the option a "
				"choice, which the main module decides",
				"a requirement cannot depend on '%.*s' being off",
				STR_ARG(t->name));
	}
}

void finish_options(struct reader *r, const struct manifest *m)
{
	for (size_t i = 0; i < m->require.n; i++)
		check_required_when(r, m, &m->require.v[i].when);
	for (size_t i = 0; i < m->packages.n; i++) {
		const struct package_spec *p = &m->packages.v[i];

		check_condition(r, m, &p->when);
		for (size_t k = 0; k < p->additions.n; k++)
			check_condition(r, m, &p->additions.v[k].when);
	}
	for (size_t i = 0; i < m->configs.n; i++)
		for (size_t k = 0; k < m->configs.v[i].additions.n; k++)
			check_condition(r, m, &m->configs.v[i].additions.v[k].when);
}

bool condition_is_empty(const struct condition *c)
{
	return !c->os.n && !c->arch.n && !c->options.n;
}

/* "!x" holds when name is not x; texts without it hold when any of them is name. */
static bool names_hold(const struct str_vec *names, struct str name)
{
	bool any = false, wanted = false;

	for (size_t i = 0; i < names->n; i++) {
		struct str s = names->v[i];

		if (s.p[0] == '!' && str_eq(str_skip(s, 1), name))
			return false;
		wanted = wanted || s.p[0] != '!';
		any = any || str_eq(s, name);
	}
	return any || !wanted;
}

struct str option_value(const struct option_values *values, struct str name)
{
	for (size_t i = 0; i < values->n; i++)
		if (str_eq(values->v[i].name, name))
			return values->v[i].value;
	return (struct str){0};
}

bool condition_options_hold(const struct condition *c, const struct option_values *values)
{
	bool any = false, wanted = false;

	for (size_t i = 0; i < c->options.n; i++) {
		const struct option_test *t = &c->options.v[i];
		bool holds = names_hold(&t->values, option_value(values, t->name));
		bool not = !c->all_options && t->values.v[0].p[0] == '!';

		if (!holds && (c->all_options || not ))
			return false;
		wanted = wanted || !not ;
		any = any || (holds && !not );
	}
	return any || !wanted;
}

bool condition_holds(const struct condition *c, const struct target *t,
		     const struct option_values *values)
{
	return names_hold(&c->os, t->os) && names_hold(&c->arch, t->arch) &&
	       condition_options_hold(c, values);
}
