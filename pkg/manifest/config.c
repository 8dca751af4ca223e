/*
 * Readers of `config:`: headers made from values, templates and checks.
 */
#include "base/path.h"
#include "manifest/manifest_impl.h"

static void read_config(struct reader *r, const struct yaml_pair *pair, struct config_spec *c)
{
	size_t before = r->mistakes;

	r->key = c->name = pair->key->text;
	c->pos = node_pos(pair->key);
	if (!path_is_local(c->name) || !is_name(c->name, "._+/-"))
		mistake(r, pair->key, "name it as #include does: config.h or event2/event-config.h",
			"malformed header name '%.*s'", STR_ARG(c->name));
	read_map(r, pair->value, "config", c);
	if (!c->from.n && !c->values.n && !c->checks.n && !c->additions.n && r->mistakes == before)
		mistake(r, pair->key, "give it 'from', 'values' or 'checks'",
			"nothing says what '%.*s' holds", STR_ARG(c->name));
}

void read_configs(struct reader *r, const struct yaml_node *v, void *manifest)
{
	struct manifest *m = manifest;

	for (size_t i = 0; want_map(r, v) && i < v->pairs.n; i++) {
		struct config_spec c = {0};

		read_config(r, &v->pairs.v[i], &c);
		*vec_push(r->a, &m->configs) = c;
	}
}

void read_from(struct reader *r, const struct yaml_node *v, void *config)
{
	struct config_spec *c = config;

	c->from_pos = node_pos(v);
	if (want_text(r, v))
		want_local_path(r, v, v->text, &c->from);
}

/* true: 1, false: not defined, text: as it stands. */
static void read_value(struct reader *r, const struct yaml_pair *p, struct define_vec *out)
{
	struct define d = {.name = p->key->text, .value = p->value->text};

	if (!is_identifier(d.name)) {
		mistake(r, p->key, "use letters, digits and _", "malformed macro name '%.*s'",
			STR_ARG(d.name));
		return;
	}
	if (p->value->kind != YAML_TEXT || str_find(d.value, '\n') < d.value.n) {
		mistake(r, p->value, "write true for 1, false for undefined, or one line of text",
			"value '%.*s' cannot be %s", STR_ARG(d.name),
			p->value->kind == YAML_TEXT ? "several lines" : yaml_kind_name(p->value));
		return;
	}
	if (p->value->plain && str_eqc(d.value, "false"))
		d.value = (struct str){NULL, 0};
	if (p->value->plain && str_eqc(d.value, "true"))
		d.value = STR("1");
	*vec_push(r->a, out) = d;
}

void read_values(struct reader *r, const struct yaml_node *v, void *define_vec)
{
	for (size_t i = 0; want_map(r, v) && i < v->pairs.n; i++)
		read_value(r, &v->pairs.v[i], define_vec);
}

static void read_config_addition(struct reader *r, const struct yaml_node *v, struct config_spec *c)
{
	struct config_addition add = {0};
	size_t before = r->mistakes;

	read_map(r, v, "config_addition", &add);
	if (condition_is_empty(&add.when) && r->mistakes == before)
		mistake(r, v, "add 'os', 'arch' or 'option', or move its values to the header's",
			"no condition in 'when'");
	*vec_push(r->a, &c->additions) = add;
}

void read_config_when(struct reader *r, const struct yaml_node *v, void *config)
{
	if (v->kind != YAML_LIST && v->kind != YAML_NULL) {
		mistake(r, v, "write '- {os: linux, values: {NAME: true}}' lines",
			"'%.*s' must be a list, not %s", STR_ARG(r->key), yaml_kind_name(v));
		return;
	}
	for (size_t i = 0; i < v->items.n; i++)
		read_config_addition(r, v->items.v[i], config);
}

/* --- checks ----------------------------------------------------------------------------------- */

static const char *const kind_names[] = {
    [CHECK_HEADER] = "header", [CHECK_FUNCTION] = "function", [CHECK_DECL] = "decl",
    [CHECK_TYPE] = "type",     [CHECK_SIZEOF] = "sizeof",     [CHECK_MEMBER] = "member",
    [CHECK_FLAG] = "flag",     [CHECK_SNIPPET] = "snippet",   NULL,
};

/* The remedy for a malformed subject; NULL for a good one. It becomes part of a C file. */
static const char *subject_remedy(enum check_kind kind, struct str s)
{
	switch (kind) {
	case CHECK_FUNCTION:
	case CHECK_DECL:
		return is_identifier(s) ? NULL : "write the name alone, as in strlcpy";
	case CHECK_TYPE:
	case CHECK_SIZEOF:
		return is_name(s, "_ *") ? NULL : "write a type's name, as in 'unsigned long'";
	case CHECK_MEMBER:
		return is_name(s, "_ .") && str_find(s, '.') < s.n
			   ? NULL
			   : "write TYPE.MEMBER, as in struct stat.st_mtim";
	case CHECK_FLAG:
		return s.p[0] == '-' ? NULL : "write one flag, as in -Wno-format";
	case CHECK_HEADER:
	case CHECK_SNIPPET:
		break;
	}
	return NULL;
}

void read_subject(struct reader *r, const struct yaml_node *v, void *check)
{
	struct check_spec *c = check;
	struct str_vec flags = {0};
	enum check_kind kind = CHECK_FUNCTION;
	const char *fix;

	while (!str_eqc(r->key, kind_names[kind]))
		kind++;
	if (c->subject.n)
		mistake(r, v, "make two checks of it", "a check asks for '%s' and '%s'",
			kind_names[c->kind], kind_names[kind]);
	c->kind = kind;
	/* A program may have several lines. */
	if (kind == CHECK_SNIPPET && v->kind == YAML_TEXT && v->text.n)
		c->subject = v->text;
	else if (want_text(r, v))
		c->subject = v->text;
	else
		return;
	fix = subject_remedy(kind, c->subject);
	if (fix)
		mistake(r, v, fix, "malformed '%.*s' '%.*s'", STR_ARG(r->key), STR_ARG(v->text));
	else if (kind == CHECK_FLAG)
		read_cflags(r, v, &flags);
}

static void each_header(struct reader *r, const struct yaml_node *v, void *out)
{
	if (is_name(v->text, "._+/-"))
		keep_word(r, v, out);
	else
		mistake(r, v, "write it as #include does, without <>", "malformed header '%.*s'",
			STR_ARG(v->text));
}

void read_headers(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	read_each(r, v, each_header, str_vec);
}

static void read_check(struct reader *r, const struct yaml_pair *p, struct check_spec *c)
{
	size_t before = r->mistakes;

	r->key = c->name = p->key->text;
	c->pos = node_pos(p->key);
	if (!is_identifier(c->name))
		mistake(r, p->key, "use letters, digits and _", "malformed macro name '%.*s'",
			STR_ARG(c->name));
	read_map(r, p->value, "check", c);
	if (!c->subject.n && !c->headers.n && r->mistakes == before)
		mistake(r, p->key, "as in {header: sys/random.h} or {function: getrandom}",
			"check '%.*s' asks for nothing", STR_ARG(c->name));
}

void read_checks(struct reader *r, const struct yaml_node *v, void *config)
{
	struct config_spec *c = config;

	for (size_t i = 0; want_map(r, v) && i < v->pairs.n; i++) {
		struct check_spec check = {0};

		read_check(r, &v->pairs.v[i], &check);
		*vec_push(r->a, &c->checks) = check;
	}
}
