/*
 * A parcel, as it comes in on standard input: one line of JSON, then the bytes of the files that are sent, end to
 * end.
 *
 *     {"digest":"sha256:...","files":[...as in release.json...],"policy":{...},"send":[0,3],"statement":"...",
 *      "verify":{...as in the journal...},"version":"v1.4"}
 *
 * `send` numbers the files whose bytes follow; the others are taken from generations that have them. The whole is
 * hashed before anything is done with it, and must give the digest of the head.
 */
#include <errno.h>
#include <unistd.h>

#include "base/map.h"
#include "base/path.h"
#include "deploy/deploy_impl.h"
#include "format/statement.h"

static ssize_t read_input(void *p, size_t n)
{
	ssize_t got;

	do {
		got = read(STDIN_FILENO, p, n);
	} while (got < 0 && errno == EINTR);
	return got;
}

static bool cut_short(struct err *e)
{
	err_set(e, ERR_INPUT, "the release on standard input ends too early");
	return err_fix(e, "`cbuild deploy HOST:PATH`, at the other end, sends it");
}

/* Up to the line's end, byte by byte: what follows is not ours yet. */
static bool read_head(struct place *p, struct json **head, const struct json **files, struct err *e)
{
	struct buf line = {0};
	char c;
	bool ok;

	while (line.n < RECORD_MAX_BYTES && read_input(&c, 1) == 1 && c != '\n')
		buf_add_byte(&line, c);
	ok =
	    line.n ? json_parse(p->arena, buf_str(&line), "standard input", head, e) : cut_short(e);
	buf_fini(&line);
	return ok && json_need_array(*head, "files", files, "standard input", e);
}

/* What the generations here have: digest -> path. */
static void look_around(struct place *p, struct map *have)
{
	for (size_t i = 0; i < p->view.generations.n; i++) {
		const struct generation *g = &p->view.generations.v[i];
		const struct json *files;
		struct err ignored = {0};
		struct json *record;

		if (!g->present || !place_record(p, g, &record, &ignored) ||
		    !json_need_array(record, "files", &files, "release.json", &ignored))
			continue;
		for (size_t k = 0; k < files->n; k++) {
			struct str digest = json_text(files->items[k], "digest");
			const char *path =
			    generation_path(p, g, json_text(files->items[k], "path").p);

			if (digest.n)
				map_put(p->arena, have, digest, NULL)->ptr =
				    (void *)(uintptr_t)path;
		}
	}
}

bool place_lacks(struct place *p, struct str *out, struct err *e)
{
	struct json *head = NULL, *lacks = json_new_array(p->arena);
	const struct json *files;
	struct map have = {0};

	if (!read_head(p, &head, &files, e))
		return false;
	look_around(p, &have);
	for (size_t i = 0; i < files->n; i++) {
		struct str digest = json_text(files->items[i], "digest");

		if (digest.n && !map_get(&have, digest))
			json_add(p->arena, lacks, json_new_int(p->arena, (int64_t)i));
	}
	*out = json_dump(p->arena, lacks);
	return true;
}

bool stream_source(struct place *p, struct release_source *out, struct deploy_spec *spec,
		   bool *has_spec, struct err *e)
{
	const struct json *files;
	struct json *head = NULL;

	if (!read_head(p, &head, &files, e))
		return false;
	*out = (struct release_source){.kind = RELEASE_STREAM,
				       .path = STR("standard input"),
				       .head = head,
				       .version = json_text(head, "version"),
				       .note = json_text(head, "from"),
				       .statement = json_text(head, "statement"),
				       .statement_at = STR("the statement on standard input")};
	if (out->statement.n > STATEMENT_MAX_BYTES)
		return err_set(e, ERR_INPUT,
			       "the release on standard input has too large a statement");
	*has_spec = json_get(head, "policy") != NULL;
	if (*has_spec)
		policy_read(p->arena, json_get(head, "policy"), spec);
	if (*has_spec)
		verify_read(p->arena, json_get(head, "verify"), &spec->verify);
	return true;
}

/* The next size bytes of the stream become the file at path. */
static bool take_file(const char *path, int64_t size, struct err *e)
{
	enum { CHUNK = 1 << 16 };
	struct buf chunk = {0};
	bool ok = file_write_fast(path, STR(""), 0600, e);

	buf_reserve(&chunk, CHUNK);
	while (ok && size > 0) {
		ssize_t n = read_input(chunk.p, size < CHUNK ? (size_t)size : CHUNK);

		ok =
		    n > 0 ? file_append(path, str_from(chunk.p, (size_t)n), 0600, e) : cut_short(e);
		size -= n;
	}
	buf_fini(&chunk);
	return ok;
}

static bool is_sent(const struct json *send, size_t i)
{
	for (size_t k = 0; k < send->n; k++)
		if (send->items[k]->kind == JSON_KIND_INT && send->items[k]->num == (int64_t)i)
			return true;
	return false;
}

static bool fill_one(const struct json *file, const char *path, bool sent, const struct map *have,
		     struct err *e)
{
	uint32_t mode = json_get(file, "run") ? 0755 : 0644;
	const char *from = map_ptr(have, json_text(file, "digest"));
	int64_t size;

	if (!json_need_int(file, "size", &size, "standard input", e))
		return false;
	if (sent)
		return take_file(path, size, e) && file_set_mode(path, mode, e);
	if (from)
		return file_copy(from, path, mode, e);
	err_set(e, ERR_INPUT, "file %s was not sent, and is not here any more", path);
	return err_fix(e, "try again");
}

/*
 * Folders and files first, links when all folders are there: so no name leads through a link, and a link in the
 * place of a folder fails.
 */
static bool fill_all(struct place *p, const struct json *files, const struct json *send,
		     const char *dir, bool links, struct err *e)
{
	struct map have = {0};

	look_around(p, &have);
	for (size_t i = 0; i < files->n; i++) {
		const struct json *file = files->items[i];
		struct str path = json_text(file, "path");
		const char *to = str_fmt(p->arena, "%s/%.*s", dir, STR_ARG(path)).p;
		bool is_link = !json_text(file, "digest").n;

		if (!path_is_local(path) || (is_link == links && file_kind(to) != FILE_ABSENT))
			return err_set(e, ERR_INPUT, "a file of the release has an odd name");
		if (!links && !folder_make_for(to, e))
			return false;
		if (is_link && links && !file_symlink(json_text(file, "link").p, to, e))
			return false;
		if (!is_link && !links && !fill_one(file, to, is_sent(send, i), &have, e))
			return false;
	}
	return true;
}

bool stream_fill(struct place *p, const struct release_source *src, const char *dir, struct err *e)
{
	const struct json *files, *send;
	struct digest digest;
	struct json *got;

	if (!json_need_array(src->head, "files", &files, "standard input", e) ||
	    !json_need_array(src->head, "send", &send, "standard input", e) ||
	    !fill_all(p, files, send, dir, false, e) || !fill_all(p, files, send, dir, true, e) ||
	    !tree_list(p->arena, dir, &got, &digest, e))
		return false;
	return str_eq(digest_oci(p->arena, &digest), json_text(src->head, "digest")) ||
	       err_set(e, ERR_VERIFY, "what arrived is not the release that was sent");
}
