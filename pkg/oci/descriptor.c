/* Descriptors, references, and the small JSON shapes that every document of an image is made of. */
#include "oci/oci_impl.h"

#include <string.h>

struct json *oci_descriptor(struct arena *a, const char *media_type, const struct digest *d)
{
	struct json *v = json_new_object(a);

	oci_put_text(a, v, "mediaType", str_of(media_type));
	oci_put_text(a, v, "digest", digest_oci(a, d));
	json_put(a, v, STR("size"), json_new_int(a, (int64_t)d->size_bytes));
	return v;
}

bool oci_read_digest(struct str text, const char *place, struct digest *out, struct err *e)
{
	if (str_startsc(text, "sha256:") && digest_parse_hex(str_skip(text, 7), out))
		return true;
	return err_at(e, ERR_INPUT, place, 0, 0, "'%.*s' is no sha256 digest", STR_ARG(text));
}

bool oci_read_descriptor(const struct json *v, const char *place, struct descriptor *out,
			 struct err *e)
{
	struct str digest;
	int64_t size_bytes;

	memset(out, 0, sizeof *out);
	if (!v || v->kind != JSON_KIND_OBJECT)
		return err_at(e, ERR_INPUT, place, 0, 0, "a descriptor is missing or is no object");
	if (!json_need_str(v, "mediaType", &out->media_type, place, e) ||
	    !json_need_str(v, "digest", &digest, place, e) ||
	    !json_need_int(v, "size", &size_bytes, place, e) ||
	    !oci_read_digest(digest, place, &out->digest, e))
		return false;
	if (size_bytes < 0)
		return err_at(e, ERR_INPUT, place, 0, 0, "a descriptor's size is below 0");
	out->digest.size_bytes = (uint64_t)size_bytes;
	out->platform = json_get(v, "platform");
	return true;
}

void oci_put_text(struct arena *a, struct json *object, const char *key, struct str value)
{
	json_put(a, object, str_of(key), json_new_text(a, value));
}

struct json *oci_texts(struct arena *a, const struct str_vec *v)
{
	struct json *array = json_new_array(a);

	for (size_t i = 0; i < v->n; i++)
		json_add(a, array, json_new_text(a, v->v[i]));
	return array;
}

struct json *oci_pairs(struct arena *a, const struct str_vec *v)
{
	struct json *object = json_new_object(a);

	for (size_t i = 0; i < v->n; i++) {
		struct str value = v->v[i], key = str_cut(&value, '=');

		json_put(a, object, key, json_new_text(a, value));
	}
	return object;
}

static bool is_word(struct str s)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	if (s.n == 0 || strchr("._-", s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!memchr(letters, s.p[i], sizeof letters - 1))
			return false;
	return true;
}

/* NAME parts between slashes; the first may be a host with a port, the last may have a tag. */
bool oci_check_ref(struct str ref, struct err *e)
{
	enum { REF_MAX = 255 };
	struct str rest = ref;
	bool ok = ref.n > 0 && ref.n <= REF_MAX, first = true;

	while (rest.p && ok) {
		struct str part = str_cut(&rest, '/'), tail = part, head;
		bool may_have_colon = (first && rest.p) || !rest.p;

		head = str_cut(&tail, ':');
		ok = is_word(head) && (!tail.p || (may_have_colon && is_word(tail)));
		first = false;
	}
	if (ok)
		return true;
	err_set(e, ERR_USAGE, "'%.*s' cannot name an image", STR_ARG(ref));
	return err_fix(e, "use NAME:TAG of letters, digits, '.', '_' and '-', such as kv:latest");
}
