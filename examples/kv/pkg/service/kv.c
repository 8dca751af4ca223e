/*
 * One key. The version that the store gives each put is the entity tag; a
 * gzip-compressed body is another representation, so its tag says "-gzip"
 * (RFC 9110, section 8.8.3.3), and both are taken back in preconditions.
 */
#include <inttypes.h>

#include "service/service_impl.h"

enum { KEY_MAX = 512, TYPE_MAX = 128, TAG_MAX = 256 };

bool key_is_good(struct str key)
{
	return key.n >= 1 && key.n <= KEY_MAX && str_is_text(key);
}

bool read_key(struct exchange *x, struct str encoded, struct buf *key)
{
	if (encoded.n <= 3 * KEY_MAX && http_unescape(encoded, false, key) &&
	    key_is_good(buf_view(key)))
		return true;
	buf_free(key);
	answer_error(x, 400, STR(""),
		     "a key is 1 to 512 bytes of UTF-8 without control characters");
	return false;
}

/* The version in an entity tag; -1, which no entry has, for any other tag. */
static int64_t tag_version(struct str tag)
{
	const struct str gzip = STR("-gzip");
	uint64_t v;

	if (tag.n < 2 || tag.p[0] != '"' || tag.p[tag.n - 1] != '"')
		return -1;
	tag = (struct str){tag.p + 1, tag.n - 2};
	if (tag.n > gzip.n && str_eq(str_from(tag, tag.n - gzip.n), gzip))
		tag.n -= gzip.n;
	return str_to_u64(tag, &v) && v <= INT64_MAX ? (int64_t)v : -1;
}

/* Weak comparison, as If-None-Match wants it (RFC 9110, section 13.1.2). */
static bool tags_name(struct str list, int64_t version)
{
	while (list.n > 0) {
		struct str tag = str_trim(str_cut(&list, ','));

		if (str_starts(tag, STR("W/")))
			tag = str_from(tag, 2);
		if (str_eq(tag, STR("*")) || tag_version(tag) == version)
			return true;
	}
	return false;
}

/* --- GET and HEAD ------------------------------------------------------- */

static void on_entry(struct store_job *job, const struct store_entry *entry)
{
	struct call *c = (struct call *)job;
	bool packed = false;
	char date[30];

	c->status = tags_name(c->if_none_match, entry->version) ? 304 : 200;
	if (c->status == 200)
		packed = call_body(c, entry->value, entry->type);
	http_date(entry->mtime_ms / 1000, date);
	buf_fmt(&c->headers, "ETag: \"%" PRId64 "%s\"\r\nLast-Modified: %s\r\n", entry->version,
		packed ? "-gzip" : "", date);
	buf_str(&c->headers, STR("X-Content-Type-Options: nosniff\r\n"));
}

static void encode_get(struct store_job *job)
{
	call_status((struct call *)job);
}

void handle_get(struct service *s, struct exchange *x, const struct http_request *r)
{
	struct str tags = http_field(r, STR("If-None-Match"));
	struct buf key = {0};
	struct call *c;

	if (!read_key(x, str_from(r->path, sizeof("/kv/") - 1), &key))
		return;
	c = call_new(s, x, r, key.n + TAG_MAX);
	c->job.op = STORE_GET;
	c->job.key = call_keep(c, buf_view(&key));
	if (tags.n <= TAG_MAX)
		c->if_none_match = call_keep(c, tags);
	c->job.on_entry = on_entry;
	c->job.on_encode = encode_get;
	buf_free(&key);
	call_submit(c);
}

/* --- PUT and DELETE ----------------------------------------------------- */

/* What If-Match and If-None-Match ask of an edit. False for what is not offered. */
static bool read_condition(const struct http_request *r, struct store_edit *edit)
{
	struct str match = http_field(r, STR("If-Match"));
	struct str none = http_field(r, STR("If-None-Match"));

	edit->when = WHEN_ANY;
	if (none.n > 0) {
		edit->when = WHEN_ABSENT;
		return match.n == 0 && str_eq(none, STR("*"));
	}
	if (str_eq(match, STR("*"))) {
		edit->when = WHEN_PRESENT;
	} else if (match.n > 0) {
		edit->when = WHEN_VERSION;
		edit->when_version = tag_version(match);
		for (size_t i = 0; i < match.n; i++) {
			if (match.p[i] == ',')
				return false;
		}
	}
	return true;
}

static void encode_edit(struct store_job *job)
{
	struct call *c = (struct call *)job;
	const struct store_edit *edit = &c->edits[0];

	c->status = edit->remove || edit->existed ? 204 : 201;
	if (!edit->remove)
		buf_fmt(&c->headers, "ETag: \"%" PRId64 "\"\r\n", edit->version);
	call_status(c);
}

static void submit_edit(struct service *s, struct exchange *x, const struct http_request *r,
			struct store_edit edit)
{
	struct buf key = {0};
	struct call *c;

	if (!read_condition(r, &edit)) {
		answer_error(x, 400, STR(""),
			     "If-Match takes one entity tag or *, If-None-Match takes *");
		return;
	}
	if (!read_key(x, str_from(r->path, sizeof("/kv/") - 1), &key))
		return;
	c = call_new(s, x, r, key.n + edit.value.n + edit.type.n);
	edit.key = call_keep(c, buf_view(&key));
	edit.value = call_keep(c, edit.value);
	edit.type = call_keep(c, edit.type);
	buf_free(&key);
	c->edits = must_alloc(sizeof(edit));
	c->edits[0] = edit;
	c->job.op = STORE_EDIT;
	c->job.edits = c->edits;
	c->job.nedits = 1;
	c->job.on_encode = encode_edit;
	call_submit(c);
}

void handle_put(struct service *s, struct exchange *x, const struct http_request *r)
{
	struct store_edit edit = {.value = r->body, .type = http_field(r, STR("Content-Type"))};
	struct str coding = http_field(r, STR("Content-Encoding"));

	if (coding.n > 0 && !str_ieq(coding, STR("identity"))) {
		answer_error(x, 415, STR("Accept-Encoding: identity\r\n"),
			     "send the value as it is; it is compressed where clients ask for it");
		return;
	}
	if (edit.type.n == 0)
		edit.type = STR("application/octet-stream");
	if (edit.type.n > TYPE_MAX || !str_is_text(edit.type)) {
		answer_error(x, 400, STR(""), "Content-Type is longer than 128 bytes or not text");
		return;
	}
	submit_edit(s, x, r, edit);
}

void handle_delete(struct service *s, struct exchange *x, const struct http_request *r)
{
	submit_edit(s, x, r, (struct store_edit){.remove = true});
}
