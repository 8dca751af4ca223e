/*
 * One entry of `require`, `replace` or `exclude` set or removed by replacing a range of bytes, which the positions of the
 * parsed tree give; all other bytes stay. The result is parsed again and must say what was asked
 * for, so an exotic spelling ends in an error and never in a damaged file.
 */
#include <string.h>

#include "manifest/manifest_impl.h"

struct edit {
	struct arena *a;
	struct str bytes;
	const char *eol;
	struct str section;	  /* "require" */
	struct str path, version; /* key and value of the entry */
};

static struct str splice(const struct edit *ed, size_t from, size_t to, struct str text)
{
	size_t n = from + text.n + (ed->bytes.n - to);
	char *p = arena_array(ed->a, char, n + 1);

	memcpy(p, ed->bytes.p ? ed->bytes.p : "", from);
	memcpy(p + from, text.p ? text.p : "", text.n);
	memcpy(p + from + text.n, ed->bytes.p ? ed->bytes.p + to : "", ed->bytes.n - to);
	return str_from(p, n);
}

static size_t line_start(const struct edit *ed, size_t at)
{
	while (at > 0 && ed->bytes.p[at - 1] != '\n')
		at--;
	return at;
}

/* Behind the line end of the line that holds the byte before at. */
static size_t line_end(const struct edit *ed, size_t at)
{
	if (at > 0 && ed->bytes.p[at - 1] == '\n')
		return at;
	while (at < ed->bytes.n && ed->bytes.p[at] != '\n')
		at++;
	return at < ed->bytes.n ? at + 1 : at;
}

static bool blank_between(const struct edit *ed, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (!strchr(" \t\r\n", ed->bytes.p[i]))
			return false;
	return true;
}

static bool comment_between(const struct edit *ed, size_t from, size_t to)
{
	return from < to && memchr(ed->bytes.p + from, '#', to - from) != NULL;
}

/* "PATH: VERSION" */
static struct str entry(const struct edit *ed)
{
	return str_fmt(ed->a, "%.*s: %.*s", STR_ARG(ed->path), STR_ARG(ed->version));
}

/* Lines put below the line that ends at or holds byte at. */
static struct str add_lines(const struct edit *ed, size_t at, struct str lines)
{
	size_t pos = line_end(ed, at);
	bool open = pos > 0 && ed->bytes.p[pos - 1] != '\n';

	return splice(ed, pos, pos,
		      str_fmt(ed->a, "%s%.*s%s", open ? ed->eol : "", STR_ARG(lines), ed->eol));
}

static struct str add_to_flow(const struct edit *ed, const struct yaml_node *map, struct str text)
{
	size_t n = map->pairs.n;

	if (!n)
		return splice(ed, map->start + 1, map->start + 1, text);
	return splice(ed, map->pairs.v[n - 1].value->end, map->pairs.v[n - 1].value->end,
		      str_fmt(ed->a, ", %.*s", STR_ARG(text)));
}

/* What must stand between the key's colon and a value put at byte at. */
static const char *gap(const struct edit *ed, size_t at)
{
	return at > 0 && !strchr(" \t\r\n", ed->bytes.p[at - 1]) ? " " : "";
}

/* Where the version of a requirement stands: PATH: VERSION or PATH: {version: VERSION, ...}. NULL: nowhere. */
static const struct yaml_node *version_node(const struct yaml_node *v)
{
	return v->kind == YAML_MAP ? yaml_get(v, "version") : v;
}

static struct str set_value(const struct edit *ed, const struct yaml_node *v)
{
	int quote = v->end > v->start ? ed->bytes.p[v->start] : 0;

	if (quote == '"' || quote == '\'')
		return splice(ed, v->start, v->end,
			      str_fmt(ed->a, "%c%.*s%c", quote, STR_ARG(ed->version), quote));
	return splice(ed, v->start, v->end,
		      str_fmt(ed->a, "%s%.*s", gap(ed, v->start), STR_ARG(ed->version)));
}

/* The section is absent: below `require` or `module`, else at the end. */
static struct str add_section(const struct edit *ed, const struct yaml_node *root)
{
	const struct yaml_node *after = yaml_get(root, "require");
	struct str item = entry(ed);
	int indent = root->pairs.n ? root->pairs.v[0].key->col - 1 : 0;

	if (root->flow)
		return add_to_flow(
		    ed, root, str_fmt(ed->a, "%.*s: {%.*s}", STR_ARG(ed->section), STR_ARG(item)));
	if (!after)
		after = yaml_get(root, "module");
	if (!after && root->pairs.n)
		after = root->pairs.v[root->pairs.n - 1].value;
	return add_lines(ed, after ? after->end : ed->bytes.n,
			 str_fmt(ed->a, "%*s%.*s:%s%*s%.*s", indent, "", STR_ARG(ed->section),
				 ed->eol, indent + 2, "", STR_ARG(item)));
}

/* The section's key with nothing, ~ or null behind it. */
static struct str fill_section(const struct edit *ed, const struct yaml_node *root,
			       const struct yaml_pair *p)
{
	struct str item = entry(ed);

	if (root->flow || p->value->end > p->value->start)
		return splice(ed, p->value->start, p->value->end,
			      str_fmt(ed->a, "%s{%.*s}", gap(ed, p->value->start), STR_ARG(item)));
	return add_lines(ed, p->key->end,
			 str_fmt(ed->a, "%*s%.*s", p->key->col + 1, "", STR_ARG(item)));
}

static struct str add_entry(const struct edit *ed, const struct yaml_node *map)
{
	struct str item = entry(ed);

	if (map->flow)
		return add_to_flow(ed, map, item);
	return add_lines(
	    ed, map->end,
	    str_fmt(ed->a, "%*s%.*s", map->pairs.v[0].key->col - 1, "", STR_ARG(item)));
}

/* The last entry of a block leaves with its section's line, unless a comment stands between. */
static struct str remove_from_block(const struct edit *ed, const struct yaml_pair *require,
				    size_t i)
{
	const struct yaml_pair *p = &require->value->pairs.v[i];
	size_t from = line_start(ed, p->key->start), to = line_end(ed, p->value->end);

	if (require->value->pairs.n == 1 && !comment_between(ed, require->key->end, p->key->start))
		from = line_start(ed, require->key->start);
	return splice(ed, from, to, STR(""));
}

static struct str remove_from_flow(const struct edit *ed, const struct yaml_node *map, size_t i)
{
	const struct yaml_pair *p = map->pairs.v;
	size_t from = p[i].key->start, to = p[i].value->end;

	if (i > 0 && i + 1 == map->pairs.n && !comment_between(ed, p[i - 1].value->end, from))
		return splice(ed, p[i - 1].value->end, to, STR(""));
	while (to < map->end && ed->bytes.p[to] == ' ')
		to++;
	if (ed->bytes.p[to] == ',')
		to++;
	while (to < map->end && ed->bytes.p[to] == ' ')
		to++;
	if (line_end(ed, to) < map->end && blank_between(ed, line_start(ed, from), from) &&
	    blank_between(ed, to, line_end(ed, to))) {
		from = line_start(ed, from);
		to = line_end(ed, to);
	}
	return splice(ed, from, to, STR(""));
}

static struct yaml_pair *find_pair(const struct yaml_node *map, struct str key)
{
	for (size_t i = 0; i < map->pairs.n; i++)
		if (str_eq(map->pairs.v[i].key->text, key))
			return &map->pairs.v[i];
	return NULL;
}

static struct str apply(const struct edit *ed, const struct yaml_node *root)
{
	const struct yaml_pair *require = find_pair(root, ed->section);
	const struct yaml_pair *old = require ? find_pair(require->value, ed->path) : NULL;

	if (!ed->version.n && !old)
		return str_dup(ed->a, ed->bytes);
	if (!ed->version.n && require->value->flow)
		return remove_from_flow(ed, require->value,
					(size_t)(old - require->value->pairs.v));
	if (!ed->version.n)
		return remove_from_block(ed, require, (size_t)(old - require->value->pairs.v));
	if (old && version_node(old->value))
		return set_value(ed, version_node(old->value));
	if (old)
		return str_dup(ed->a, ed->bytes);
	if (!require)
		return add_section(ed, root);
	if (require->value->kind == YAML_NULL)
		return fill_section(ed, root, require);
	return add_entry(ed, require->value);
}

static bool check_args(struct str path, struct str version, struct err *e)
{
	const char *fix = module_path_remedy(path);

	if (fix) {
		err_set(e, ERR_INPUT, "malformed module path '%.*s'", STR_ARG(path));
		return err_fix(e, "%s", fix);
	}
	fix = version.n ? version_remedy(version) : NULL;
	if (fix) {
		err_set(e, ERR_INPUT, "malformed version '%.*s'", STR_ARG(version));
		return err_fix(e, "%s", fix);
	}
	return true;
}

/* root is a map, and its section one too. */
static bool check_shape(const struct edit *ed, const char *file, const struct yaml_node *root,
			struct err *e)
{
	const struct yaml_node *req = yaml_get(root, str_c(ed->a, ed->section));

	if (root->kind != YAML_MAP) {
		err_at(e, ERR_INPUT, file, root->line, root->col, "a manifest is a map, not %s",
		       yaml_kind_name(root));
		return err_fix(e, "write 'key: value' lines");
	}
	if (req && req->kind != YAML_MAP && req->kind != YAML_NULL) {
		err_at(e, ERR_INPUT, file, req->line, req->col, "'require' must be a map, not %s",
		       yaml_kind_name(req));
		return err_fix(e, "write 'PATH: VERSION' lines below it");
	}
	return true;
}

/* The value of an entry as it would be asked for: a version, or [a list of them]. p NULL: none. */
static struct str value_of(struct arena *a, const struct yaml_pair *p)
{
	const struct yaml_node *v = version_node(p->value);
	struct str out = STR("[");

	if (!v || v->kind != YAML_LIST)
		return v ? v->text : (struct str){0};
	for (size_t i = 0; i < v->items.n; i++)
		out = str_fmt(a, "%.*s%s%.*s", STR_ARG(out), i ? ", " : "",
			      STR_ARG(v->items.v[i]->text));
	return str_fmt(a, "%.*s]", STR_ARG(out));
}

static bool same_value(struct arena *a, const struct yaml_pair *x, const struct yaml_pair *y)
{
	return x->value->pairs.n == y->value->pairs.n && value_of(a, x).p && value_of(a, y).p &&
	       str_eq(value_of(a, x), value_of(a, y));
}

/* Whether the requirements other than path have the same versions in both maps (before may be NULL). */
static bool others_kept(struct arena *a, const struct yaml_node *before,
			const struct yaml_node *after, struct str path)
{
	for (size_t i = 0; before && i < before->pairs.n; i++) {
		const struct yaml_pair *old = &before->pairs.v[i];
		const struct yaml_pair *new = after ? find_pair(after, old->key->text) : NULL;

		if (!str_eq(old->key->text, path) && (!new || !same_value(a, old, new)))
			return false;
	}
	return true;
}

/*
 * Whether the new text says what was asked for, and nothing else changed: a block scalar that ended the
 * file, for one, gains a newline when lines are put behind it.
 */
static bool check_result(const struct edit *ed, const struct yaml_node *before, struct str file,
			 struct str out)
{
	const char *section = str_c(ed->a, ed->section);
	const struct yaml_node *req = yaml_get(before, section);
	size_t want = req ? req->pairs.n : 0;
	struct yaml_node *root, *got;
	struct yaml_pair *pair;
	struct err e;

	if (req && find_pair(req, ed->path))
		want--;
	if (!yaml_parse(ed->a, file, out, &root, &e))
		return false;
	got = yaml_get(root, section);
	pair = got ? find_pair(got, ed->path) : NULL;
	if (!others_kept(ed->a, req, got, ed->path))
		return false;
	if (!ed->version.n)
		return !pair && (got ? got->pairs.n : 0) == want;
	return pair && str_eq(value_of(ed->a, pair), ed->version) && got->pairs.n == want + 1;
}

bool manifest_edit(struct arena *a, struct str file, struct str bytes, struct str section,
		   struct str key, struct str value, struct str *out, struct err *e)
{
	struct edit ed = {
	    .a = a, .bytes = bytes, .eol = "\n", .section = section, .path = key, .version = value};
	size_t lf = str_find(bytes, '\n');
	struct yaml_node *root;

	if (!yaml_parse(a, file, bytes, &root, e) || !check_shape(&ed, str_c(a, file), root, e))
		return err_wrap(e, "editing manifest");
	if (lf > 0 && lf < bytes.n && bytes.p[lf - 1] == '\r')
		ed.eol = "\r\n";
	*out = apply(&ed, root);
	if (check_result(&ed, root, file, *out))
		return true;
	err_at(e, ERR_INPUT, str_c(a, file), 0, 0,
	       "'%.*s' is written in a way that cannot be edited", STR_ARG(section));
	err_fix(e, "write it as '%.*s:' with one 'PATH: VALUE' line each", STR_ARG(section));
	return err_wrap(e, "editing manifest");
}

bool manifest_edit_require(struct arena *a, struct str file, struct str bytes, struct str path,
			   struct str version, struct str *out, struct err *e)
{
	if (!check_args(path, version, e))
		return err_wrap(e, "editing manifest");
	return manifest_edit(a, file, bytes, STR("require"), path, version, out, e);
}
