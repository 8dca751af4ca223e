/*
 * json: RFC 8259 documents as plain trees in an arena, read from hostile bytes and written
 * canonically.
 *
 *     struct json *o = json_new_object(&arena);
 *     json_put(&arena, o, STR("size"), json_new_int(&arena, 42));
 *     struct str text = json_dump(&arena, o);             {"size":42}
 *
 *     if (!json_parse(&arena, text, "index.json", &root, &e)) ...
 *     if (!json_need_str(root, "digest", &digest, "index.json", &e)) ...
 *
 * Canonical form, the only one written: keys sorted bytewise, no white space, no newline at the
 * end, UTF-8 as it is, only the escapes that RFC 8259 requires. Equal trees give equal bytes,
 * whatever the order of json_put and the locale. It hides the JSON library (jansson) and its
 * reference counts.
 */
#ifndef FORMAT_JSON_H
#define FORMAT_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* Limits of json_parse; beyond them the document is ERR_INPUT. */
enum { JSON_MAX_BYTES = 16 << 20, JSON_MAX_DEPTH = 64, JSON_MAX_VALUES = 1 << 20 };

enum json_kind {
	JSON_KIND_NULL,
	JSON_KIND_BOOL,
	JSON_KIND_INT,
	JSON_KIND_REAL,
	JSON_KIND_TEXT,
	JSON_KIND_ARRAY,
	JSON_KIND_OBJECT,
};

struct json {
	enum json_kind kind;
	bool truth;	  /* BOOL */
	int64_t num;	  /* INT */
	double real;	  /* REAL: a number with a fraction or exponent */
	struct str text;  /* TEXT: valid UTF-8 without NUL, NUL-terminated */
	struct str *keys; /* OBJECT: keys[i] names items[i]; unique; in order of the document or of
			     json_put */
	struct json **items; /* ARRAY and OBJECT */
	size_t n, cap;
};

/*
 * Parses one object or array; what follows it but white space, a repeated key, invalid UTF-8, a NUL
 * in a string or an integer beyond 64 bits is ERR_INPUT at place:line:col. place is for messages
 * only.
 */
bool json_parse(struct arena *a, struct str text, const char *place, struct json **out,
		struct err *e) ATTR_MUST_USE;
/* The canonical form, NUL behind it. A text that is not UTF-8 gets U+FFFD for each bad byte. */
struct str json_dump(struct arena *a, const struct json *v);
/* Whether s is valid UTF-8 without NUL: what json_dump and json_parse carry unchanged. */
bool json_can_hold(struct str s);

/* The member of an object, or NULL (also when v is NULL or no object). Linear in its size. */
const struct json *json_get(const struct json *v, const char *key);
/* The member's text, or the empty str when there is none, or no text. */
struct str json_text(const struct json *v, const char *key);
/* The member's text (array, integer), or ERR_INPUT "place: 'key' is missing" / "is not a string"
 * ... */
bool json_need_str(const struct json *v, const char *key, struct str *out, const char *place,
		   struct err *e) ATTR_MUST_USE;
bool json_need_int(const struct json *v, const char *key, int64_t *out, const char *place,
		   struct err *e) ATTR_MUST_USE;
bool json_need_array(const struct json *v, const char *key, const struct json **out,
		     const char *place, struct err *e) ATTR_MUST_USE;

/* Building. Texts and keys are not copied: they must live as long as the tree. */
struct json *json_new_object(struct arena *a);
struct json *json_new_array(struct arena *a);
struct json *json_new_text(struct arena *a, struct str s);
struct json *json_new_int(struct arena *a, int64_t n);
struct json *json_new_bool(struct arena *a, bool truth);
/* Sets (replaces) a member of an object; linear in its size. */
void json_put(struct arena *a, struct json *object, struct str key, struct json *value);
/* Sets a member to a text, unless that is empty: what is not there reads as such. */
void json_put_text(struct arena *a, struct json *object, const char *key, struct str s);
void json_add(struct arena *a, struct json *array, struct json *value);

#endif
