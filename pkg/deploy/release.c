/*
 * What a release consists of. release.json, canonical and never changed:
 *
 *     {"by":"ana@web1","digest":"sha256:...","files":[{"digest":"sha256:...","path":"kv","run":true,
 *      "size":912344},{"link":"kv","path":"bin"}],"from":"kv.tar.gz","generation":7,
 *      "policy":{...},"previous":6,"statement":"...","version":"v1.4.0","when":"2026-11-27T02:00:00Z"}
 *
 * The digest of a release is SHA-256 of its list of files in canonical form: content, whether it may be
 * run, links and names; not times, not owners. The record's own digest is in the journal.
 */
#include <sys/stat.h>

#include "base/path.h"
#include "deploy/deploy_impl.h"
#include "sys/clock.h"

#define RECORD "release.json"

struct lister {
	struct arena *arena;
	const char *dir;
	struct json *files;
	struct err *e;
};

static bool refuse(struct lister *l, struct str path, const char *why)
{
	err_at(l->e, ERR_INPUT, path.p, 0, 0, "%s", why);
	return err_fix(l->e, "leave it out of the release");
}

static bool add_link(struct lister *l, struct json *file, struct str path, const char *full)
{
	struct str target, s;

	if (!link_read(l->arena, full, &target, l->e))
		return false;
	s = path_join(l->arena, path_dir(path), target);
	if (path_is_abs(target) || !(str_eqc(s, ".") || path_is_local(s)))
		return refuse(l, path, "is a link that leads out of the release");
	json_put(l->arena, file, STR("link"), json_new_text(l->arena, target));
	return true;
}

static bool add_file(struct lister *l, struct json *file, const char *full)
{
	struct file_sig sig;
	struct digest d;

	if (!file_stat(full, &sig, l->e) || !file_digest(full, &d, l->e))
		return false;
	json_put(l->arena, file, STR("digest"), json_new_text(l->arena, digest_oci(l->arena, &d)));
	json_put(l->arena, file, STR("size"), json_new_int(l->arena, (int64_t)d.size_bytes));
	if (sig.mode & S_IXUSR)
		json_put(l->arena, file, STR("run"), json_new_bool(l->arena, true));
	return true;
}

static bool list_folder(struct lister *l, struct str below, unsigned depth);

static bool list_entry(struct lister *l, struct str path, const struct folder_entry *x,
		       unsigned depth)
{
	const char *full = str_fmt(l->arena, "%s/%.*s", l->dir, STR_ARG(path)).p;
	struct json *file;

	if (x->kind == FILE_FOLDER)
		return depth < DEPLOY_MAX_DEPTH ? list_folder(l, path, depth + 1)
						: refuse(l, path, "lies too deep");
	if (!json_can_hold(path))
		return refuse(l, path, "has a name that is not UTF-8");
	if (l->files->n == DEPLOY_MAX_FILES)
		return refuse(l, path, "is one file too many");
	file = json_new_object(l->arena);
	json_put(l->arena, file, STR("path"), json_new_text(l->arena, path));
	json_add(l->arena, l->files, file);
	if (x->kind == FILE_LINK)
		return add_link(l, file, path, full);
	return x->kind == FILE_REGULAR ? add_file(l, file, full)
				       : refuse(l, path, "is no file, folder or link");
}

static bool list_folder(struct lister *l, struct str below, unsigned depth)
{
	const char *full =
	    below.n ? str_fmt(l->arena, "%s/%.*s", l->dir, STR_ARG(below)).p : l->dir;
	struct folder_entry *v;
	size_t n;

	if (!folder_list(l->arena, full, &v, &n, l->e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct str path = path_join(l->arena, below, v[i].name);

		if (!str_eqc(path, RECORD) && !list_entry(l, path, &v[i], depth))
			return false;
	}
	return true;
}

bool tree_list(struct arena *a, const char *dir, struct json **files, struct digest *digest,
	       struct err *e)
{
	struct lister l = {a, dir, json_new_array(a), e};

	if (!list_folder(&l, STR(""), 0))
		return false;
	*files = l.files;
	*digest = digest_str(json_dump(a, l.files));
	return true;
}

static struct str path_of(const struct json *files, size_t i)
{
	const struct json *path = i < files->n ? json_get(files->items[i], "path") : NULL;

	return path && path->kind == JSON_KIND_TEXT ? path->text : STR("");
}

bool tree_verify(struct arena *a, const char *dir, const struct json *files, struct err *e)
{
	struct digest ignored;
	struct json *have;

	if (!tree_list(a, dir, &have, &ignored, e))
		return false;
	for (size_t i = 0; i < have->n || i < files->n; i++) {
		struct str is = path_of(have, i), want = path_of(files, i);

		if (is.n && want.n && str_eq(is, want) &&
		    str_eq(json_dump(a, have->items[i]), json_dump(a, files->items[i])))
			continue;
		if (!str_eq(is, want) && (!is.n || (want.n && str_cmp(want, is) < 0)))
			err_at(e, ERR_VERIFY, str_fmt(a, "%s/%.*s", dir, STR_ARG(want)).p, 0, 0,
			       "is missing");
		else
			err_at(e, ERR_VERIFY, str_fmt(a, "%s/%.*s", dir, STR_ARG(is)).p, 0, 0,
			       str_eq(is, want) ? "is not as it was deployed"
						: "does not belong to the release");
		return err_fix(e, "deploy that release again: `cbuild gc` removes the damaged one");
	}
	return true;
}

/* Each file and folder, the folders after what they hold. */
static bool sync_folder(struct arena *a, const char *dir, struct err *e)
{
	struct folder_entry *v;
	size_t n;

	if (!folder_list(a, dir, &v, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *path = str_fmt(a, "%s/%s", dir, v[i].name.p).p;

		if (v[i].kind == FILE_FOLDER && !sync_folder(a, path, e))
			return false;
		if (v[i].kind == FILE_REGULAR && !file_sync(path, e))
			return false;
	}
	return file_sync(dir, e);
}

/*
 * An fsync costs a journal's commit each; syncfs waits for whatever else is unwritten there, once. Few files:
 * the first.
 */
bool tree_sync(const char *dir, const struct json *files, struct err *e)
{
	enum { FEW = 16 };
	struct arena scratch = {0};
	bool ok;

	if (files && files->n > FEW)
		return file_system_sync(dir, e);
	ok = sync_folder(&scratch, dir, e);
	arena_fini(&scratch);
	return ok;
}

bool release_write(struct place *p, const struct staged *s, const struct release_source *src,
		   const struct deploy_spec *spec, struct generation *g, struct err *e)
{
	struct arena *a = p->arena;
	struct json *v = json_new_object(a);
	struct str text;

	json_put_text(a, v, "digest", digest_oci(a, &s->digest));
	json_put_text(a, v, "by", p->by);
	json_put_text(a, v, "from", src->note.n ? src->note : src->path);
	json_put_text(a, v, "when", time_rfc3339(a, clock_real_ns() / 1000000000));
	json_put_text(a, v, "version", src->version);
	json_put(a, v, STR("generation"), json_new_int(a, (int64_t)g->number));
	json_put(a, v, STR("policy"), policy_json(a, spec));
	if (p->view.current_number)
		json_put(a, v, STR("previous"), json_new_int(a, (int64_t)p->view.current_number));
	json_put_text(a, v, "statement", src->statement);
	if (s->files)
		json_put(a, v, STR("files"), s->files);
	text = json_dump(a, v);
	g->digest = s->digest;
	g->record = digest_str(text);
	g->record.size_bytes = 0; /* the hash says it all, and the journal keeps no second size */
	return file_write_fast(str_fmt(a, "%.*s/" RECORD, STR_ARG(s->dir)).p, text, 0444, e);
}

bool release_has_digest(const struct json *record, const char *hex)
{
	const struct json *files = json_get(record, "files");

	for (size_t i = 0; files && i < files->n; i++) {
		const struct json *d = json_get(files->items[i], "digest");

		if (d && d->kind == JSON_KIND_TEXT && str_endsc(d->text, hex))
			return true;
	}
	return false;
}
