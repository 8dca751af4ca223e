/*
 * Placed outputs: generated sources and headers, and folders of headers, that others read at their paths and
 * debuggers and editors find there. What is there already with the same content stays as it is, so
 * that its signature does; what is there besides goes.
 */
#include "base/path.h"
#include "exec/exec_impl.h"
#include "format/archive.h"

static bool place_file(struct run *r, const struct cas_output *o, struct err *e)
{
	const char *path = str_c(r->a, o->path);
	struct digest have;
	struct err ignored;
	enum cas_result placed;

	if (file_kind(path) == FILE_REGULAR &&
	    file_memo_digest(r->memo, o->path, &have, &ignored) && digest_eq(&have, &o->digest))
		return true;
	placed =
	    cas_place(r->o->cas, &o->digest, path, o->executable ? 0755 : 0644, CAS_COPY, NULL, e);
	memo_forget(r->memo, o->path);
	if (placed == CAS_MISS)
		err_set(e, ERR_IO, "it left the cache while it was being built");
	return placed == CAS_HIT;
}

static bool same_content(const char *x, const char *y)
{
	struct digest dx, dy;
	struct err ignored;

	return file_kind(y) == FILE_REGULAR && file_digest(x, &dx, &ignored) &&
	       file_digest(y, &dy, &ignored) && digest_eq(&dx, &dy);
}

/* Removes from folder to what is not in from, or is another kind of thing. */
static bool drop_others(struct arena *a, struct str from, struct str to, struct err *e)
{
	struct folder_entry *v;
	size_t n;

	if (file_kind(to.p) != FILE_FOLDER)
		return file_remove(to.p, e) && folder_make(to.p, e);
	if (!folder_list(a, to.p, &v, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct str path = path_join(a, to, v[i].name);

		if (file_kind(path_join(a, from, v[i].name).p) == v[i].kind)
			continue;
		if (!(v[i].kind == FILE_FOLDER ? folder_remove(path.p, e) : file_remove(path.p, e)))
			return false;
	}
	return true;
}

/* Makes folder to what from is, moving what differs. */
static bool bring_over(struct arena *a, struct str from, struct str to, struct err *e)
{
	struct folder_entry *v;
	size_t n;

	if (!drop_others(a, from, to, e) || !folder_list(a, from.p, &v, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct str x = path_join(a, from, v[i].name), y = path_join(a, to, v[i].name);

		if (v[i].kind == FILE_FOLDER ? !bring_over(a, x, y, e)
					     : !same_content(x.p, y.p) && !file_move(x.p, y.p, e))
			return false;
	}
	return true;
}

static bool place_folder(struct run *r, const struct cas_output *o, struct err *e)
{
	struct arena a = {0};
	struct str to = str_dup(&a, o->path), from = str_fmt(&a, "%s.new", to.p);
	bool ok = folder_remove(from.p, e) && folder_make_for(to.p, e) &&
		  archive_unpack(cas_path(&a, r->o->cas, &o->digest).p, from.p,
				 &(struct archive_opts){.allow_case_collisions = true}, e) &&
		  bring_over(&a, from, to, e) && folder_remove(from.p, e);

	arena_fini(&a);
	return ok;
}

bool place_outputs(struct run *r, const struct action *x, struct err *e)
{
	for (size_t i = 0; i < x->outputs.n; i++) {
		const struct cas_output *o = &x->result.outputs[i];

		if (!x->outputs.v[i].placed)
			continue;
		if (!(x->outputs.v[i].folder ? place_folder(r, o, e) : place_file(r, o, e)))
			return err_wrap(e, "placing %.*s", STR_ARG(o->path));
	}
	return true;
}
