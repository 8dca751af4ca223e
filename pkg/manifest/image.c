/*
 * Readers of what `image:` holds; the values go into an image's configuration (OCI image-spec 1.1,
 * config.md).
 */
#include <stddef.h>
#include <string.h>

#include "base/path.h"
#include "manifest/manifest_impl.h"

uint32_t want_number(struct reader *r, const struct yaml_node *v, uint64_t least, uint64_t most,
		     const char *fix)
{
	uint64_t n = 0;
	struct str got = str_of(yaml_kind_name(v));

	if (v->kind == YAML_TEXT && v->plain && str_u64(v->text, &n) && n >= least && n <= most)
		return (uint32_t)n;
	if (v->kind == YAML_TEXT)
		got = str_fmt(r->a, v->plain ? "'%.*s'" : "quoted text '%.*s'", STR_ARG(v->text));
	mistake(r, v, fix, "'%.*s' must be a number from %llu to %llu, not %.*s", STR_ARG(r->key),
		(unsigned long long)least, (unsigned long long)most, STR_ARG(got));
	return 0;
}

void read_user(struct reader *r, const struct yaml_node *v, void *number)
{
	/* (uid_t)-1 means "no change" to chown(2) and setuid(2). */
	*(uint32_t *)number =
	    want_number(r, v, 0, UINT32_MAX - 1,
			"write the numeric id, as in 65532: an image has no user names");
}

static void each_port(struct reader *r, const struct yaml_node *v, void *image)
{
	struct image_spec *s = image;
	uint32_t port = want_number(r, v, 1, 65535, "write the port's number, as in 8080");

	for (size_t i = 0; port && i < s->ports.n; i++)
		if (s->ports.v[i] == port)
			mistake(r, v, "remove one of them", "port %u is given twice",
				(unsigned)port);
	if (port)
		*vec_push(r->a, &s->ports) = port;
}

void read_ports(struct reader *r, const struct yaml_node *v, void *image)
{
	read_each(r, v, each_port, image);
}

/* An absolute path inside an image, clean: no "..", no doubled slash. */
static bool want_abs(struct reader *r, const struct yaml_node *v)
{
	struct str s = v->text;

	if (s.n && s.p[0] == '/' && (s.n == 1 || path_is_local(str_skip(s, 1))))
		return true;
	mistake(
	    r, v,
	    "write an absolute path of the image, as in /data, without '..' or a slash at the end",
	    "malformed path '%.*s' in '%.*s'", STR_ARG(s), STR_ARG(r->key));
	return false;
}

void read_abs(struct reader *r, const struct yaml_node *v, void *str)
{
	if (want_text(r, v) && want_abs(r, v))
		*(struct str *)str = v->text;
}

static void each_abs(struct reader *r, const struct yaml_node *v, void *out)
{
	if (want_abs(r, v))
		keep_word(r, v, out);
}

void read_abs_list(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	read_each(r, v, each_abs, str_vec);
}

static void each_word(struct reader *r, const struct yaml_node *v, void *out)
{
	keep_word(r, v, out);
}

void read_words(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	read_each(r, v, each_word, str_vec);
}

/* One text is one word: a shell would see more. */
static bool is_one_word(struct reader *r, const struct yaml_node *v)
{
	if (v->kind != YAML_TEXT || str_find(v->text, ' ') == v->text.n)
		return true;
	mistake(r, v, "write a list: [/prog, arg]", "several words in '%.*s'", STR_ARG(r->key));
	return false;
}

void read_argv(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	if (is_one_word(r, v))
		read_words(r, v, str_vec);
}

/* The program and its fixed arguments; the program by its path, since an image has no PATH. */
static void each_entrypoint(struct reader *r, const struct yaml_node *v, void *out)
{
	struct str_vec *words = out;

	if (words->n || want_abs(r, v))
		keep_word(r, v, words);
}

void read_entrypoint(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	if (is_one_word(r, v))
		read_each(r, v, each_entrypoint, str_vec);
}

static bool check_env_name(struct reader *r, const struct yaml_node *at, struct str name)
{
	if (is_identifier(name))
		return true;
	mistake(r, at, "write NAME=VALUE, the name of letters, digits and _",
		"malformed variable '%.*s' in 'env'", STR_ARG(name));
	return false;
}

static void each_env(struct reader *r, const struct yaml_node *v, void *out)
{
	size_t eq = str_find(v->text, '=');

	if (eq == v->text.n)
		mistake(r, v, "write NAME=VALUE", "'env' item '%.*s' has no '='", STR_ARG(v->text));
	else if (check_env_name(r, v, str_from(v->text.p, eq)))
		keep_word(r, v, out);
}

/* Text of a map's value; empty text is fine here, and nothing means it too. */
static bool want_value(struct reader *r, const struct yaml_node *v)
{
	if (v->kind == YAML_NULL || (v->kind == YAML_TEXT && !v->text.n))
		return true;
	return want_text(r, v);
}

/* A list of NAME=VALUE, or a map. */
void read_env(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	if (v->kind != YAML_MAP) {
		read_each(r, v, each_env, str_vec);
		return;
	}
	for (size_t i = 0; i < v->pairs.n; i++) {
		struct str name = v->pairs.v[i].key->text, value = v->pairs.v[i].value->text;

		if (check_env_name(r, v->pairs.v[i].key, name) &&
		    want_value(r, v->pairs.v[i].value))
			*vec_push(r->a, (struct str_vec *)str_vec) =
			    str_fmt(r->a, "%.*s=%.*s", STR_ARG(name), STR_ARG(value));
	}
}

void read_labels(struct reader *r, const struct yaml_node *v, void *define_vec)
{
	for (size_t i = 0; want_map(r, v) && i < v->pairs.n; i++) {
		const struct yaml_pair *p = &v->pairs.v[i];

		if (!is_name(p->key->text, "._/-"))
			mistake(
			    r, p->key,
			    "use letters, digits and . _ / -, as in org.opencontainers.image.title",
			    "malformed label '%.*s'", STR_ARG(p->key->text));
		else if (want_value(r, p->value))
			*vec_push(r->a, (struct define_vec *)define_vec) =
			    (struct define){p->key->text, str_dup(r->a, p->value->text)};
	}
}

/* Image path: path in the tree. */
void read_files(struct reader *r, const struct yaml_node *v, void *define_vec)
{
	for (size_t i = 0; want_map(r, v) && i < v->pairs.n; i++) {
		const struct yaml_pair *p = &v->pairs.v[i];
		struct str from;

		if (!want_abs(r, p->key) || !want_text(r, p->value))
			continue;
		from = path_clean(r->a, p->value->text);
		if (path_is_local(from))
			*vec_push(r->a, (struct define_vec *)define_vec) =
			    (struct define){p->key->text, from};
		else
			mistake(r, p->value, "name a file or folder below the manifest's folder",
				"path '%.*s' is not inside the module", STR_ARG(p->value->text));
	}
}
