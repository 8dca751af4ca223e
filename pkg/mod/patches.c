/*
 * A port's patches: the tree as it was fetched stays what it is, with upstream's sum, and from it a second one is
 * made beside it, named by the patches' bytes as well:
 *
 *     CACHE/mod/github.com/madler/zlib@v1.3.1~2657d8cd              fetched
 *     CACHE/mod/github.com/madler/zlib@v1.3.1~2657d8cd+0b5c91aa...  patched
 *
 * So a port's patch may change without anything being fetched, and what was built with the old one still has its
 * tree. Behind the + stand 128 bits of the hash of the fetched tree's sum and the patches: nothing else vouches for
 * what is there when it is used. The fetched tree is hashed again while the other is made of it. All patches are
 * applied in memory before a byte is written.
 */
#include <string.h>

#include "base/embed.h"
#include "base/path.h"
#include "format/patch.h"
#include "mod/source_impl.h"

enum { NAME_HEX = 32 };

/* A patch that the version gets. */
struct tree_patch {
	const struct patch_spec *spec;
	struct str shown; /* "ports/patches/musl.patch" */
	struct str text;
};
struct tree_patches VEC_BODY(struct tree_patch);

/* ---- which, and their bytes ---- */

static bool meets(const struct patch_spec *p, struct str version)
{
	for (size_t i = 0; i < p->versions.n; i++) {
		int cmp = semver_cmp(version, p->versions.v[i].version);
		enum version_op op = p->versions.v[i].op;
		bool ok = (op == VERSION_EQ && cmp == 0) || (op == VERSION_LT && cmp < 0) ||
			  (op == VERSION_LE && cmp <= 0) || (op == VERSION_GT && cmp > 0) ||
			  (op == VERSION_GE && cmp >= 0);

		if (!ok)
			return false;
	}
	return true;
}

static bool read_patch(struct arena *a, const struct manifest *port, struct tree_patch *p,
		       struct err *e)
{
	struct str path = path_join(a, port->folder, p->spec->file);

	p->shown = path_join(a, str_dup(a, path_dir(port->file)), p->spec->file);
	if (port->embedded ? embed_find(path, &p->text) : port_file_there(path.p))
		return port->embedded || file_read(a, path.p, PATCH_MAX_BYTES, &p->text, e);
	err_at(e, ERR_INPUT, str_c(a, port->file), p->spec->pos.line, p->spec->pos.col,
	       "the patch '%.*s' does not exist", STR_ARG(p->spec->file));
	return err_fix(e, "its path is relative to the port's folder");
}

static bool read_patches(struct arena *a, const struct manifest *port, struct str version,
			 struct tree_patches *out, struct err *e)
{
	for (size_t i = 0; i < port->patches.n; i++) {
		struct tree_patch p = {.spec = &port->patches.v[i]};

		if (!meets(p.spec, version))
			continue;
		if (!read_patch(a, port, &p, e))
			return false;
		*vec_push(a, out) = p;
	}
	return true;
}

/* What stands for all of them, and for the tree with that sum that they change (empty: any). */
static struct str patches_hex(struct arena *a, const struct tree_patches *v, struct str sum)
{
	struct digest_ctx c;
	struct digest d;
	char hex[DIGEST_HEX + 1];

	digest_init(&c);
	digest_update(&c, sum.p, sum.n);
	for (size_t i = 0; i < v->n; i++) {
		struct str head = str_fmt(a, "\npatch 1 -p%u %zu\n", (unsigned)v->v[i].spec->strip,
					  v->v[i].text.n);

		digest_update(&c, head.p, head.n);
		digest_update(&c, v->v[i].text.p, v->v[i].text.n);
	}
	d = digest_final(&c);
	digest_hex(&d, hex);
	return str_dup(a, (struct str){hex, NAME_HEX});
}

/* ---- the tree with them ---- */

/* A file that some patch names. */
struct touched {
	struct str bytes;
	const struct tree_patch *by; /* that wrote it; NULL: none did */
	bool there, exec, link;
};

struct patching {
	struct arena *a;
	const struct mod_opts *o;
	struct str base;      /* the fetched tree's folder */
	struct str sum;	      /* its tree hash */
	struct map touched;   /* name -> struct touched */
	struct str_vec lines; /* of the fetched tree's hash */
	tree_visit visit;     /* of what comes out */
	void *ctx;
};

static const struct str_vec all_files;

static struct touched *touch(struct patching *p, struct str name)
{
	bool added;
	struct map_item *it = map_put(p->a, &p->touched, name, &added);

	if (added)
		it->ptr = arena_new(p->a, struct touched);
	return it->ptr;
}

static bool keep_touched(void *ctx, const struct tree_file *f, struct err *e)
{
	struct patching *p = ctx;
	struct touched *t = map_ptr(&p->touched, f->name);
	struct digest d = digest_str(f->bytes);

	(void)e;
	*vec_push(p->a, &p->lines) = tree_hash_line(p->a, &d, f->name);
	if (t)
		*t = (struct touched){str_dup(p->a, f->bytes), NULL, true, f->exec, f->link};
	return true;
}

static bool pass_untouched(void *ctx, const struct tree_file *f, struct err *e)
{
	struct patching *p = ctx;

	return map_get(&p->touched, f->name) || p->visit(p->ctx, f, e);
}

static bool wrong_file(struct arena *a, const struct tree_patch *p, struct str name,
		       const char *what, const char *fix, struct err *e)
{
	err_at(e, ERR_INPUT, str_c(a, p->shown), 0, 0, "'%.*s' %s", STR_ARG(name), what);
	return err_fix(e, "%s", fix);
}

/* The file that a patch changes, removes, or takes the bytes of. */
static bool find_before(struct patching *p, const struct tree_patch *patch,
			const struct patch_file *f, struct touched **out, struct err *e)
{
	struct touched *t = touch(p, f->from);

	*out = t;
	if (!t->there)
		return wrong_file(p->a, patch, f->from, "is not in the tree",
				  "add it to the port's `paths`, correct `strip`, or say by "
				  "`versions` which versions the patch is for",
				  e);
	return !t->link || wrong_file(p->a, patch, f->from, "is a symbolic link",
				      "patch the file that it leads to", e);
}

/* Where it goes: over what it is made from, or to where nothing is. */
static bool find_after(struct patching *p, const struct tree_patch *patch,
		       const struct patch_file *f, const struct touched *before,
		       struct touched **out, struct err *e)
{
	*out = touch(p, f->to);
	return !(*out)->there || *out == before ||
	       wrong_file(p->a, patch, f->to, "is in the tree already",
			  "the patch may be upstream's by now: say by `versions` which versions "
			  "it is for",
			  e);
}

static void tell_offset(const struct patching *p, const struct tree_patch *patch, struct str file,
			long offset_lines)
{
	if (offset_lines)
		event_note(p->o->sink, "%.*s: %.*s fits %ld lines away from where it says",
			   STR_ARG(patch->shown), STR_ARG(file), offset_lines);
}

static bool apply_file(struct patching *p, const struct tree_patch *patch,
		       const struct patch *parsed, const struct patch_file *f, struct err *e)
{
	struct touched *before = NULL, *after = NULL, new = {.by = patch, .there = true};
	bool creates = f->kind == PATCH_CREATE;
	long offset_lines = 0;

	if (f->may_create && !touch(p, f->to)->there)
		creates = true;
	if (!creates && !find_before(p, patch, f, &before, e))
		return false;
	if (f->to.p && !find_after(p, patch, f, before, &after, e))
		return false;
	if (!patch_apply(p->a, parsed, f, before ? before->bytes : STR(""), &new.bytes,
			 &offset_lines, e))
		return false;
	tell_offset(p, patch, f->to.p ? f->to : f->from, offset_lines);
	new.exec = f->mode_set ? f->exec : before && before->exec;
	if (before && f->kind != PATCH_COPY)
		*before = (struct touched){0};
	if (after)
		*after = new;
	return true;
}

static bool apply_all(struct patching *p, const struct tree_patches *v, const struct patch *parsed,
		      struct err *e)
{
	for (size_t i = 0; i < v->n; i++)
		for (size_t k = 0; k < parsed[i].files.n; k++)
			if (!apply_file(p, &v->v[i], &parsed[i], &parsed[i].files.v[k], e))
				return false;
	return true;
}

/* Names that a fetched tree may not have, a patch may not make; nor a manifest, for the port is that. */
static const char *name_wrong(struct tree_total *total, const struct tree_file *f)
{
	if (str_eqc(f->name, "cbuild.yaml"))
		return "is made by a patch, which cannot give a module a manifest";
	return tree_file_wrong(total, f);
}

static bool pass_touched(struct patching *p, struct err *e)
{
	struct tree_total total = {0};

	for (size_t i = 0; i < p->touched.n; i++) {
		const struct touched *t = p->touched.items[i].ptr;
		struct tree_file f = {p->touched.items[i].key, t->bytes, t->exec, false};
		const char *wrong;

		if (!t->there)
			continue;
		wrong = name_wrong(&total, &f);
		if (wrong ? tree_wrong(f.name, wrong, e) : p->visit(p->ctx, &f, e))
			continue;
		if (!t->by || e->code != ERR_INPUT)
			return false;
		err_wrap(e, "writing what %.*s makes", STR_ARG(t->by->shown));
		return err_fix(e, "correct that patch");
	}
	return true;
}

/* Is the fetched tree still what was fetched? */
static bool check_base(struct patching *p, struct err *e)
{
	struct str got = tree_hash_lines(p->a, &p->lines);

	if (str_eq(got, p->sum))
		return true;
	err_set(e, ERR_VERIFY, "files in %.*s were changed: got %.*s, want %.*s", STR_ARG(p->base),
		STR_ARG(got), STR_ARG(p->sum));
	return err_fix(e, "remove that folder (chmod -R u+w, rm -r); it is fetched again then");
}

/* Calls p->visit for every file of the patched tree. */
static bool each_patched(struct patching *p, const struct tree_patches *v, struct err *e)
{
	struct patch *parsed = arena_array(p->a, struct patch, v->n);

	for (size_t i = 0; i < v->n; i++) {
		if (!patch_parse(p->a, str_c(p->a, v->v[i].shown), v->v[i].text,
				 v->v[i].spec->strip, &parsed[i], e))
			return false;
		for (size_t k = 0; k < parsed[i].files.n; k++) {
			if (parsed[i].files.v[k].from.p)
				(void)touch(p, parsed[i].files.v[k].from);
			if (parsed[i].files.v[k].to.p)
				(void)touch(p, parsed[i].files.v[k].to);
		}
	}
	return folder_each_file(p->a, p->base, &all_files, keep_touched, p, e) &&
	       check_base(p, e) && apply_all(p, v, parsed, e) &&
	       folder_each_file(p->a, p->base, &all_files, pass_untouched, p, e) &&
	       pass_touched(p, e);
}

/* ---- in the cache ---- */

static bool add_file(void *ctx, const struct tree_file *f, struct err *e)
{
	return cache_add(ctx, f, e);
}

static bool make_tree(struct arena *a, const struct mod_opts *o, const struct module *m,
		      const struct tree_patches *v, struct err *e)
{
	struct cache_writer w = {0};
	struct patching p = {.a = a,
			     .o = o,
			     .base = cache_folder(a, o, m->unpatched),
			     .sum = m->sum,
			     .visit = add_file,
			     .ctx = &w};

	if (cache_begin(a, o, m->cache_name, &w, e) && each_patched(&p, v, e) &&
	    cache_commit(&w, e))
		return true;
	cache_abandon(&w);
	return false;
}

static bool make_locked(struct arena *a, const struct mod_opts *o, const struct mod_version *v,
			const struct module *m, const struct tree_patches *patches, struct err *e)
{
	struct file_lock lock = {-1};
	bool ok;

	if (!cache_lock(a, o, v, &lock, e))
		return false;
	ok = file_kind(m->dir.p) == FILE_FOLDER || make_tree(a, o, m, patches, e);
	lock_release(&lock);
	return ok;
}

bool patches_digest(struct arena *a, const struct manifest *port, struct str version,
		    struct str *hex, struct err *e)
{
	struct tree_patches v = {0};

	*hex = STR("");
	if (!read_patches(a, port, version, &v, e))
		return false;
	if (v.n)
		*hex = patches_hex(a, &v, STR(""));
	return true;
}

bool patches_apply(struct arena *a, const struct mod_opts *o, const struct mod_version *v,
		   struct module *m, struct err *e)
{
	struct tree_patches patches = {0};
	struct str hex;

	if (!read_patches(a, m->manifest, v->version, &patches, e))
		return false;
	if (!patches.n)
		return true;
	hex = patches_hex(a, &patches, m->sum);
	m->unpatched = m->cache_name;
	m->cache_name = str_fmt(a, "%.*s+%.*s", STR_ARG(m->unpatched), STR_ARG(hex));
	m->dir = cache_folder(a, o, m->cache_name);
	for (size_t i = 0; i < patches.n; i++)
		*vec_push(a, &m->patches) =
		    (struct module_patch){patches.v[i].spec->file, digest_str(patches.v[i].text)};
	return file_kind(m->dir.p) == FILE_FOLDER || make_locked(a, o, v, m, &patches, e);
}

static bool add_line(void *ctx, const struct tree_file *f, struct err *e)
{
	struct cache_writer *w = ctx;
	struct digest d = digest_str(f->bytes);

	(void)e;
	*vec_push(w->a, &w->lines) = tree_hash_line(w->a, &d, f->name);
	return true;
}

bool patched_sum(struct arena *a, const struct mod_opts *o, const struct module *m, struct str *out,
		 struct err *e)
{
	struct tree_patches patches = {0};
	struct cache_writer w = {.a = a};
	struct patching p = {.a = a,
			     .o = o,
			     .base = cache_folder(a, o, m->unpatched),
			     .sum = m->sum,
			     .visit = add_line,
			     .ctx = &w};

	if (!read_patches(a, m->manifest, fetched_for(m).version, &patches, e) ||
	    !each_patched(&p, &patches, e))
		return false;
	*out = cache_sum(&w);
	return true;
}
