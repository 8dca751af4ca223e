/*
 * Readers of names and of what describes somebody else's tree: licence, source, profile's switches.
 */
#include <string.h>

#include "base/path.h"
#include "manifest/manifest_impl.h"

void read_name(struct reader *r, const struct yaml_node *v, void *str)
{
	if (!want_text(r, v))
		return;
	*(struct str *)str = v->text;
	if (!is_name(v->text, "_.+-") || v->text.p[0] == '.')
		mistake(r, v, "use letters, digits and _ . + -, without a slash",
			"malformed '%.*s' '%.*s'", STR_ARG(r->key), STR_ARG(v->text));
}

/* A package of this module or a module path. */
static void each_name(struct reader *r, const struct yaml_node *v, void *out)
{
	if (path_is_local(v->text) && is_name(v->text, "._+~-/"))
		keep_word(r, v, out);
	else
		mistake(r, v,
			"name a package (a key under 'packages', or pkg/log) or a required module",
			"malformed package name '%.*s'", STR_ARG(v->text));
}

void read_names(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	read_each(r, v, each_name, str_vec);
}

void read_bool(struct reader *r, const struct yaml_node *v, void *boolean)
{
	if (v->kind == YAML_TEXT && v->plain && str_eqc(v->text, "true"))
		*(bool *)boolean = true;
	else if (v->kind == YAML_TEXT && v->plain && str_eqc(v->text, "false"))
		*(bool *)boolean = false;
	else if (v->kind == YAML_TEXT)
		mistake(r, v, "write true or false, without quotes",
			"'%.*s' must be true or false, not '%.*s'", STR_ARG(r->key),
			STR_ARG(v->text));
	else
		mistake(r, v, "write true or false", "'%.*s' must be true or false, not %s",
			STR_ARG(r->key), yaml_kind_name(v));
}

void read_strip(struct reader *r, const struct yaml_node *v, void *profile)
{
	struct profile *p = profile;

	p->strip_set = true;
	read_bool(r, v, &p->strip);
}

/* Identifiers joined by AND, OR, WITH (SPDX 2.3 annex D); which identifiers exist is not checked.
 */
static bool licence_ok(struct str s)
{
	bool operand = true;
	int open = 0;

	for (size_t i = 0; i < s.n; i++) {
		open += (s.p[i] == '(') - (s.p[i] == ')');
		if (open < 0)
			return false;
	}
	while (s.p) {
		struct str word = str_cut(&s, ' ');

		while (word.n && word.p[0] == '(')
			word = str_skip(word, 1);
		while (word.n && word.p[word.n - 1] == ')')
			word.n--;
		if (!is_name(word, ".+-:"))
			return false;
		if (operand ==
		    (str_eqc(word, "AND") || str_eqc(word, "OR") || str_eqc(word, "WITH")))
			return false;
		operand = !operand;
	}
	return !operand && open == 0;
}

void read_licence(struct reader *r, const struct yaml_node *v, void *str)
{
	if (!want_text(r, v))
		return;
	*(struct str *)str = v->text;
	if (!licence_ok(v->text))
		mistake(r, v, "write SPDX identifiers, as in MIT or 'Apache-2.0 OR MIT'",
			"malformed licence '%.*s'", STR_ARG(v->text));
}

void read_contains(struct reader *r, const struct yaml_node *v, void *define_vec)
{
	for (size_t i = 0; want_map(r, v) && i < v->pairs.n; i++) {
		const struct yaml_pair *p = &v->pairs.v[i];
		struct define d = {.name = p->key->text};

		r->key = d.name;
		if (!is_name(d.name, "_.+-/"))
			mistake(r, p->key, "write the library's name, as in xxhash",
				"malformed name '%.*s'", STR_ARG(d.name));
		read_licence(r, p->value, &d.value);
		*vec_push(r->a, (struct define_vec *)define_vec) = d;
	}
}

static bool has_blank(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return true;
	return false;
}

void read_git(struct reader *r, const struct yaml_node *v, void *str)
{
	static const char *const schemes[] = {"https://", "ssh://", "file://"};
	bool known = false;

	if (!want_text(r, v))
		return;
	*(struct str *)str = v->text;
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		known = known || str_startsc(v->text, schemes[i]);
	if (!known || has_blank(v->text))
		mistake(r, v, "write an https://, ssh:// or file:// URL",
			"malformed git URL '%.*s'", STR_ARG(v->text));
}

/* Letters of a tag's name (git-check-ref-format(1)), with known {placeholders}. */
static const char *tag_remedy(struct str s)
{
	const char *fix =
	    placeholder_remedy(s, "._+/-", "a tag holds letters, digits and . _ + / -");

	if (fix)
		return fix;
	return str_find(s, '{') < s.n ? NULL : "say where the version stands, as in v{version}";
}

void read_tag(struct reader *r, const struct yaml_node *v, void *str)
{
	const char *fix;

	if (!want_text(r, v))
		return;
	*(struct str *)str = v->text;
	fix = v->text.p[0] == '-' ? "a tag cannot start with '-'" : tag_remedy(v->text);
	if (fix)
		mistake(r, v, fix, "malformed tag '%.*s'", STR_ARG(v->text));
}

/* ---- patches ---- */

enum { REVISION_MAX = 1000000, PATCH_STRIP_MAX = 16 };

void read_revision(struct reader *r, const struct yaml_node *v, void *manifest)
{
	struct manifest *m = manifest;

	m->is_port = true;
	m->revision =
	    want_number(r, v, 0, REVISION_MAX, "count the port's changes from 1 on, as in 2");
}

void read_patch_file(struct reader *r, const struct yaml_node *v, void *patch)
{
	struct patch_spec *p = patch;

	if (!want_text(r, v))
		return;
	p->file = v->text;
	if (!path_is_local(v->text))
		mistake(r, v, "write a path below the port's folder, as in patches/musl.patch",
			"malformed path '%.*s'", STR_ARG(v->text));
}

void read_patch_strip(struct reader *r, const struct yaml_node *v, void *patch)
{
	((struct patch_spec *)patch)->strip =
	    want_number(r, v, 0, PATCH_STRIP_MAX,
			"write how many leading parts of its names to drop: mostly 1");
}

static void each_bound(struct reader *r, const struct yaml_node *v, void *patch)
{
	static const struct {
		const char *sign;
		enum version_op op;
	} signs[] = {{"<=", VERSION_LE}, {"<", VERSION_LT}, {">=", VERSION_GE}, {">", VERSION_GT}};
	struct patch_spec *p = patch;
	struct version_bound b = {VERSION_EQ, v->text};

	for (size_t i = 0; i < sizeof signs / sizeof signs[0] && b.op == VERSION_EQ; i++) {
		if (!str_startsc(b.version, signs[i].sign))
			continue;
		b.version = str_skip(b.version, strlen(signs[i].sign));
		b.op = signs[i].op;
	}
	if (version_remedy(b.version))
		mistake(r, v, "compare with a whole version, as in \">=v1.2.0\" or \"<v2.0.0\"",
			"malformed comparison '%.*s'", STR_ARG(v->text));
	*vec_push(r->a, &p->versions) = b;
}

void read_bounds(struct reader *r, const struct yaml_node *v, void *patch)
{
	read_each(r, v, each_bound, patch);
}

static void read_patch(struct reader *r, const struct yaml_node *v, struct manifest *m)
{
	struct patch_spec p = {.pos = node_pos(v), .strip = 1};
	size_t before = r->mistakes;

	if (v->kind == YAML_MAP)
		read_map(r, v, "patch", &p);
	else
		read_patch_file(r, v, &p);
	if (!p.file.n && r->mistakes == before)
		mistake(r, v, "write {file: patches/NAME.patch, ...}", "a patch has no 'file'");
	*vec_push(r->a, &m->patches) = p;
}

void read_patches(struct reader *r, const struct yaml_node *v, void *manifest)
{
	struct manifest *m = manifest;

	m->is_port = m->is_port || v->kind != YAML_NULL;
	if (v->kind != YAML_LIST && v->kind != YAML_NULL)
		read_patch(r, v, m);
	for (size_t i = 0; i < v->items.n; i++)
		read_patch(r, v->items.v[i], m);
}
