/*
 * jansson reads, since hostile text needs a tested parser; its tree is copied into the arena at
 * once and dropped. Writing is our own: the library's number and key order rules are not canonical.
 */
#include "format/json.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct copier {
	struct arena *arena;
	size_t values;
	const char *fault; /* what limit was passed; NULL for none */
};

static struct json *new_value(struct arena *a, enum json_kind kind)
{
	struct json *v = arena_new(a, struct json);

	v->kind = kind;
	return v;
}

static void append(struct arena *a, struct json *v, struct str key, struct json *item)
{
	size_t cap = v->cap ? v->cap * 2 : 8;

	if (v->n == v->cap) {
		if (v->kind == JSON_KIND_OBJECT)
			v->keys = arena_grow(a, v->keys, v->cap, cap, sizeof *v->keys,
					     _Alignof(struct str));
		v->items = arena_grow(a, v->items, v->cap, cap, sizeof(void *), _Alignof(void *));
		v->cap = cap;
	}
	if (v->kind == JSON_KIND_OBJECT)
		v->keys[v->n] = key;
	v->items[v->n++] = item;
}

static struct json *copy_value(struct copier *c, json_t *in, unsigned depth);

static struct json *copy_array(struct copier *c, json_t *in, unsigned depth)
{
	struct json *v = new_value(c->arena, JSON_KIND_ARRAY);

	for (size_t i = 0; i < json_array_size(in) && !c->fault; i++)
		append(c->arena, v, STR(""), copy_value(c, json_array_get(in, i), depth));
	return v;
}

static struct json *copy_object(struct copier *c, json_t *in, unsigned depth)
{
	struct json *v = new_value(c->arena, JSON_KIND_OBJECT);

	for (void *it = json_object_iter(in); it && !c->fault; it = json_object_iter_next(in, it)) {
		struct str key = str_dup(c->arena, str_of(json_object_iter_key(it)));

		append(c->arena, v, key, copy_value(c, json_object_iter_value(it), depth));
	}
	return v;
}

static struct json *copy_text(struct copier *c, const json_t *in)
{
	struct json *v = new_value(c->arena, JSON_KIND_TEXT);

	v->text = str_dup(c->arena, (struct str){json_string_value(in), json_string_length(in)});
	return v;
}

static struct json *copy_value(struct copier *c, json_t *in, unsigned depth)
{
	struct json *v;

	if (depth == 0)
		c->fault = "it is nested more than 64 levels deep";
	if (++c->values > JSON_MAX_VALUES)
		c->fault = "it has more than a million values";
	if (c->fault)
		return new_value(c->arena, JSON_KIND_NULL);
	switch (json_typeof(in)) {
	case JSON_OBJECT:
		return copy_object(c, in, depth - 1);
	case JSON_ARRAY:
		return copy_array(c, in, depth - 1);
	case JSON_STRING:
		return copy_text(c, in);
	case JSON_INTEGER:
		return json_new_int(c->arena, json_integer_value(in));
	case JSON_REAL:
		v = new_value(c->arena, JSON_KIND_REAL);
		v->real = json_real_value(in);
		return v;
	case JSON_TRUE:
	case JSON_FALSE:
		return json_new_bool(c->arena, json_is_true(in));
	case JSON_NULL:
		break;
	}
	return new_value(c->arena, JSON_KIND_NULL);
}

bool json_parse(struct arena *a, struct str text, const char *place, struct json **out,
		struct err *e)
{
	struct copier c = {.arena = a};
	json_error_t why;
	json_t *root;

	if (text.n > JSON_MAX_BYTES)
		return err_at(e, ERR_INPUT, place, 0, 0,
			      "a JSON document of %zu bytes is too large (limit 16 MiB)", text.n);
	root = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return err_at(e, ERR_INPUT, place, why.line, why.column, "not valid JSON: %s",
			      why.text);
	*out = copy_value(&c, root, JSON_MAX_DEPTH);
	json_decref(root);
	return !c.fault ||
	       err_at(e, ERR_INPUT, place, 0, 0, "this JSON document is refused: %s", c.fault);
}

bool json_can_hold(struct str s)
{
	json_t *v;

	if (s.n && memchr(s.p, '\0', s.n))
		return false;
	v = json_stringn(s.p ? s.p : "", s.n);
	json_decref(v);
	return v != NULL;
}

static void dump_value(struct buf *b, const struct json *v);

static void dump_array(struct buf *b, const struct json *v)
{
	buf_add_byte(b, '[');
	for (size_t i = 0; i < v->n; i++) {
		if (i)
			buf_add_byte(b, ',');
		dump_value(b, v->items[i]);
	}
	buf_add_byte(b, ']');
}

struct member {
	struct str key; /* first: str_cmp_ptr compares members by it */
	const struct json *value;
};

static void dump_object(struct buf *b, const struct json *v)
{
	struct arena scratch = {0};
	struct member *members = arena_array(&scratch, struct member, v->n);

	for (size_t i = 0; i < v->n; i++)
		members[i] = (struct member){v->keys[i], v->items[i]};
	qsort(members, v->n, sizeof *members, str_cmp_ptr);
	buf_add_byte(b, '{');
	for (size_t i = 0; i < v->n; i++) {
		if (i)
			buf_add_byte(b, ',');
		buf_add_json(b, members[i].key);
		buf_add_byte(b, ':');
		dump_value(b, members[i].value);
	}
	buf_add_byte(b, '}');
	arena_fini(&scratch);
}

/* 17 digits give every double back; the locale's decimal point becomes the format's. */
static void dump_real(struct buf *b, double real)
{
	char text[40];

	(void)snprintf(text, sizeof text, "%.17g", real);
	for (char *p = text; *p; p++)
		if (!strchr("0123456789+-e", *p))
			*p = '.';
	buf_addc(b, text);
	if (!strpbrk(text, ".e"))
		buf_addc(b, ".0");
}

static void dump_value(struct buf *b, const struct json *v)
{
	switch (v->kind) {
	case JSON_KIND_NULL:
		buf_addc(b, "null");
		return;
	case JSON_KIND_BOOL:
		buf_addc(b, v->truth ? "true" : "false");
		return;
	case JSON_KIND_INT:
		buf_printf(b, "%lld", (long long)v->num);
		return;
	case JSON_KIND_REAL:
		dump_real(b, v->real);
		return;
	case JSON_KIND_TEXT:
		buf_add_json(b, v->text);
		return;
	case JSON_KIND_ARRAY:
		dump_array(b, v);
		return;
	case JSON_KIND_OBJECT:
		dump_object(b, v);
		return;
	}
}

struct str json_dump(struct arena *a, const struct json *v)
{
	struct buf b = {0};
	struct str s;

	dump_value(&b, v);
	s = str_dup(a, buf_str(&b));
	buf_fini(&b);
	return s;
}

const struct json *json_get(const struct json *v, const char *key)
{
	if (!v || v->kind != JSON_KIND_OBJECT)
		return NULL;
	for (size_t i = 0; i < v->n; i++)
		if (str_eqc(v->keys[i], key))
			return v->items[i];
	return NULL;
}

static const struct json *need(const struct json *v, const char *key, enum json_kind kind,
			       const char *what, const char *place, struct err *e)
{
	const struct json *member = json_get(v, key);

	if (member && member->kind == kind)
		return member;
	if (!member)
		err_at(e, ERR_INPUT, place, 0, 0, "'%s' is missing", key);
	else
		err_at(e, ERR_INPUT, place, 0, 0, "'%s' is not %s", key, what);
	return NULL;
}

struct str json_text(const struct json *v, const char *key)
{
	const struct json *m = json_get(v, key);

	return m && m->kind == JSON_KIND_TEXT ? m->text : STR("");
}

bool json_need_str(const struct json *v, const char *key, struct str *out, const char *place,
		   struct err *e)
{
	const struct json *member = need(v, key, JSON_KIND_TEXT, "a string", place, e);

	if (member)
		*out = member->text;
	return member != NULL;
}

bool json_need_int(const struct json *v, const char *key, int64_t *out, const char *place,
		   struct err *e)
{
	const struct json *member = need(v, key, JSON_KIND_INT, "an integer", place, e);

	if (member)
		*out = member->num;
	return member != NULL;
}

bool json_need_array(const struct json *v, const char *key, const struct json **out,
		     const char *place, struct err *e)
{
	const struct json *member = need(v, key, JSON_KIND_ARRAY, "an array", place, e);

	if (member)
		*out = member;
	return member != NULL;
}

struct json *json_new_object(struct arena *a)
{
	return new_value(a, JSON_KIND_OBJECT);
}

struct json *json_new_array(struct arena *a)
{
	return new_value(a, JSON_KIND_ARRAY);
}

struct json *json_new_text(struct arena *a, struct str s)
{
	struct json *v = new_value(a, JSON_KIND_TEXT);

	v->text = s;
	return v;
}

struct json *json_new_int(struct arena *a, int64_t n)
{
	struct json *v = new_value(a, JSON_KIND_INT);

	v->num = n;
	return v;
}

struct json *json_new_bool(struct arena *a, bool truth)
{
	struct json *v = new_value(a, JSON_KIND_BOOL);

	v->truth = truth;
	return v;
}

void json_put(struct arena *a, struct json *object, struct str key, struct json *value)
{
	assert(object->kind == JSON_KIND_OBJECT);
	for (size_t i = 0; i < object->n; i++) {
		if (!str_eq(object->keys[i], key))
			continue;
		object->items[i] = value;
		return;
	}
	append(a, object, key, value);
}

void json_put_text(struct arena *a, struct json *object, const char *key, struct str s)
{
	if (s.n)
		json_put(a, object, str_of(key), json_new_text(a, s));
}

void json_add(struct arena *a, struct json *array, struct json *value)
{
	assert(array->kind == JSON_KIND_ARRAY);
	append(a, array, STR(""), value);
}
