/*
 * Keys in order, as JSON:
 *
 *	{"keys":[{"key":"a","size":3,"type":"text/plain","version":7,"modified_ms":0}],"next":"a"}
 *
 * "next" is there when more keys follow: give it as `after` to go on. To know
 * that, one key more than asked for is looked up. The document grows on the
 * store's thread, an entry a call.
 */
#include <yyjson.h>

#include "service/service_impl.h"

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 1000 };

static struct yyjson_mut_doc *new_listing(void)
{
	yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	(void)yyjson_mut_obj_add_val(doc, root, "keys", yyjson_mut_arr(doc));
	yyjson_mut_doc_set_root(doc, root);
	return doc;
}

static yyjson_mut_val *entry_json(yyjson_mut_doc *doc, const struct store_entry *entry)
{
	yyjson_mut_val *o = yyjson_mut_obj(doc);

	(void)yyjson_mut_obj_add_strncpy(doc, o, "key", entry->key.p, entry->key.n);
	(void)yyjson_mut_obj_add_uint(doc, o, "size", entry->size_bytes);
	(void)yyjson_mut_obj_add_strncpy(doc, o, "type", entry->type.p, entry->type.n);
	(void)yyjson_mut_obj_add_sint(doc, o, "version", entry->version);
	(void)yyjson_mut_obj_add_sint(doc, o, "modified_ms", entry->mtime_ms);
	return o;
}

/* The last key of the listing, for the reader to go on after. */
static void add_next(yyjson_mut_doc *doc, yyjson_mut_val *root, yyjson_mut_val *keys)
{
	yyjson_mut_val *key = yyjson_mut_obj_get(yyjson_mut_arr_get_last(keys), "key");

	(void)yyjson_mut_obj_add_strncpy(doc, root, "next", yyjson_mut_get_str(key),
					 yyjson_mut_get_len(key));
}

static void on_entry(struct store_job *job, const struct store_entry *entry)
{
	struct call *c = (struct call *)job;
	yyjson_mut_doc *doc = c->listed;
	yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
	yyjson_mut_val *keys = yyjson_mut_obj_get(root, "keys");

	if (yyjson_mut_arr_size(keys) + 1 < (size_t)job->limit)
		(void)yyjson_mut_arr_append(keys, entry_json(doc, entry));
	else
		add_next(doc, root, keys);
}

static void encode_list(struct store_job *job)
{
	struct call *c = (struct call *)job;
	struct yyjson_mut_doc *doc = c->listed;

	c->listed = NULL;
	c->status = 200;
	if (job->status == STORE_OK) {
		call_json(c, doc);
		return;
	}
	yyjson_mut_doc_free(doc);
	call_status(c);
}

/* limit=N, or the default. False for what is no number from 1 to 1000. */
static bool read_limit(struct str query, int *limit)
{
	struct buf text = {0};
	uint64_t v = LIMIT_DEFAULT;
	enum http_result found = http_query(query, STR("limit"), &text);
	bool ok = found != HTTP_BAD;

	if (found == HTTP_DONE)
		ok = str_to_u64(buf_view(&text), &v) && v >= 1 && v <= LIMIT_MAX;
	buf_free(&text);
	*limit = (int)v;
	return ok;
}

static bool read_text(struct str query, struct str name, struct buf *out)
{
	return http_query(query, name, out) != HTTP_BAD && str_is_text(buf_view(out));
}

static void submit_list(struct service *s, struct exchange *x, const struct http_request *r,
			struct str prefix, struct str after, int limit)
{
	struct call *c = call_new(s, x, r, prefix.n + after.n);

	c->job.op = STORE_LIST;
	c->job.prefix = call_keep(c, prefix);
	c->job.after = call_keep(c, after);
	c->job.limit = limit + 1;
	c->job.on_entry = on_entry;
	c->job.on_encode = encode_list;
	c->listed = new_listing();
	call_submit(c);
}

void handle_list(struct service *s, struct exchange *x, const struct http_request *r)
{
	struct buf prefix = {0}, after = {0};
	int limit;

	if (!read_limit(r->query, &limit))
		answer_error(x, 400, STR(""), "limit is a number from 1 to 1000");
	else if (!read_text(r->query, STR("prefix"), &prefix) ||
		 !read_text(r->query, STR("after"), &after))
		answer_error(x, 400, STR(""), "prefix and after are percent-encoded UTF-8");
	else
		submit_list(s, x, r, buf_view(&prefix), buf_view(&after), limit);
	buf_free(&prefix);
	buf_free(&after);
}
