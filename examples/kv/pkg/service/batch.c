/*
 * Several edits, all or none:
 *
 *	{"put": {"a": "text", "b": {"any": "JSON"}}, "delete": ["c"]}
 *
 * A string is stored as plain text, any other value as its JSON. The answer
 * gives the versions: {"put": {"a": 8, "b": 9}, "deleted": 1}.
 */
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "service/service_impl.h"

enum { EDITS_MAX = 1000 };

static struct str text_of(yyjson_val *v)
{
	return (struct str){yyjson_get_str(v), yyjson_get_len(v)};
}

/* A value that is no string is written out; call_free() knows it by its type. */
static const char *read_put(yyjson_val *key, yyjson_val *value, struct store_edit *edit)
{
	size_t n;

	edit->key = text_of(key);
	edit->type = STR("text/plain; charset=utf-8");
	edit->value = text_of(value);
	if (!yyjson_is_str(value)) {
		edit->value.p = yyjson_val_write(value, YYJSON_WRITE_NOFLAG, &n);
		edit->value.n = edit->value.p != NULL ? n : 0;
		edit->type = json_type;
	}
	return key_is_good(edit->key) ? NULL : "put has a key that is not 1 to 512 bytes of text";
}

static const char *read_puts(struct call *c, yyjson_val *puts)
{
	yyjson_obj_iter iter = yyjson_obj_iter_with(puts);
	const char *wrong = NULL;
	yyjson_val *key;

	while (wrong == NULL && (key = yyjson_obj_iter_next(&iter)) != NULL)
		wrong = read_put(key, yyjson_obj_iter_get_val(key), &c->edits[c->job.nedits++]);
	return wrong;
}

static const char *read_deletes(struct call *c, yyjson_val *deletes)
{
	yyjson_arr_iter iter = yyjson_arr_iter_with(deletes);
	yyjson_val *key;

	while ((key = yyjson_arr_iter_next(&iter)) != NULL) {
		struct store_edit *edit = &c->edits[c->job.nedits++];

		edit->remove = true;
		edit->key = text_of(key);
		if (!yyjson_is_str(key) || !key_is_good(edit->key))
			return "delete has a key that is not 1 to 512 bytes of text";
	}
	return NULL;
}

/* Fills the call's edits. Returns what is wrong, or NULL. */
static const char *read_edits(struct call *c)
{
	yyjson_val *root = yyjson_doc_get_root(c->asked);
	yyjson_val *puts = yyjson_obj_get(root, "put");
	yyjson_val *deletes = yyjson_obj_get(root, "delete");
	size_t n = yyjson_obj_size(puts) + yyjson_arr_size(deletes);
	const char *wrong;

	if (!yyjson_is_obj(root) || (puts != NULL && !yyjson_is_obj(puts)) ||
	    (deletes != NULL && !yyjson_is_arr(deletes)))
		return "the body is not {'put': {KEY: VALUE}, 'delete': [KEY]}";
	if (n == 0 || n > EDITS_MAX)
		return "a batch has 1 to 1000 edits";
	c->edits = must_alloc(n * sizeof(*c->edits));
	memset(c->edits, 0, n * sizeof(*c->edits));
	wrong = read_puts(c, puts);
	return wrong != NULL ? wrong : read_deletes(c, deletes);
}

static void encode_batch(struct store_job *job)
{
	struct call *c = (struct call *)job;
	yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *puts = yyjson_mut_obj(doc);
	uint64_t deleted = 0;

	for (size_t i = 0; i < job->nedits; i++) {
		const struct store_edit *edit = &c->edits[i];

		deleted += edit->remove && edit->existed;
		if (!edit->remove)
			(void)yyjson_mut_obj_add(puts,
						 yyjson_mut_strn(doc, edit->key.p, edit->key.n),
						 yyjson_mut_sint(doc, edit->version));
	}
	(void)yyjson_mut_obj_add_val(doc, root, "put", puts);
	(void)yyjson_mut_obj_add_uint(doc, root, "deleted", deleted);
	yyjson_mut_doc_set_root(doc, root);
	c->status = 200;
	call_json(c, doc);
	call_status(c);
}

void handle_batch(struct service *s, struct exchange *x, const struct http_request *r)
{
	struct call *c = call_new(s, x, r, 0);
	const char *wrong;

	c->asked = yyjson_read(r->body.n > 0 ? r->body.p : "", r->body.n, YYJSON_READ_NOFLAG);
	wrong = c->asked != NULL ? read_edits(c) : "the body is not JSON";
	if (wrong != NULL) {
		call_free(c);
		answer_error(x, 400, STR(""), wrong);
		return;
	}
	c->job.op = STORE_EDIT;
	c->job.edits = c->edits;
	c->job.on_encode = encode_batch;
	call_submit(c);
}
