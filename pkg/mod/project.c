/*
 * What writes: mod_load with leave to update, and for get.c and tidy.c. A change is worked out whole, in
 * memory, before a byte is written. cbuild.sum goes first: with lines too many it is still right, so a kill
 * between the two writes leaves a tree that builds; when a write fails both are taken back. The
 * project's folder is locked from reading to writing, so two at once lose neither's change.
 */
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "mod/facts_impl.h"
#include "mod/project_impl.h"
#include "mod/vendor_impl.h"

enum { MANIFEST_MODE = 0644 };

bool project_open(struct arena *a, const struct mod_opts *o, struct project *p, struct err *e)
{
	*p = (struct project){.a = a, .o = o};
	p->manifest_path = path_join(a, o->project_dir, STR("cbuild.yaml"));
	p->sum_path = path_join(a, o->project_dir, STR("cbuild.sum"));
	p->has_file = file_kind(p->manifest_path.p) != FILE_ABSENT;
	p->bytes = STR("");
	return (!p->has_file || file_read(a, p->manifest_path.p, 0, &p->bytes, e)) &&
	       manifest_parse(a, STR("cbuild.yaml"), p->bytes, &p->m, e);
}

/* ---- writing ---- */

/* Where a file of the project is written, and with what mode. */
struct place {
	struct str path; /* behind a link: its target, so that the link stays */
	uint32_t mode;	 /* the one that it has */
	bool link;
};

/* As Go's, who writes into the file: one that nobody may write to is not replaced either. */
static bool find_place(struct arena *a, struct str path, struct place *out, struct err *e)
{
	enum file_kind kind = file_kind(path.p);
	struct file_sig sig;

	*out = (struct place){path, MANIFEST_MODE, kind == FILE_LINK};
	if (kind == FILE_ABSENT)
		return true;
	if ((out->link && !path_real(a, path.p, &out->path, e)) || !file_stat(out->path.p, &sig, e))
		return false;
	out->mode = sig.mode & 07777;
	if (out->mode & 0222)
		return true;
	err_set(e, ERR_IO, "%.*s may not be written to", STR_ARG(path_base(path)));
	return err_fix(e, "chmod u+w %.*s, if it shall change", STR_ARG(path_base(path)));
}

/* text's p NULL: no file. */
static bool put(const struct place *at, struct str text, struct err *e)
{
	if (text.p || at->link)
		return file_write_atomic(at->path.p, text.p ? text : STR(""), at->mode, e);
	return file_remove(at->path.p, e);
}

/* Back to the bytes of before: a write can fail behind its rename, in the folder's fsync. */
static void take_back(const struct place *at, struct str before)
{
	struct err ignored;

	(void)!(before.p ? file_write_fast(at->path.p, before, at->mode, &ignored)
			 : file_remove(at->path.p, &ignored));
}

static struct str or_no_file(struct str text)
{
	return text.n ? text : (struct str){NULL, 0};
}

static struct str or_empty(struct str text)
{
	return text.p ? text : STR("");
}

bool mod_write_manifest(struct arena *a, struct str path, struct str bytes, struct err *e)
{
	struct place at;

	return find_place(a, path, &at, e) && put(&at, or_empty(bytes), e);
}

static bool write_sum(struct arena *a, struct str path, struct str text, struct err *e)
{
	struct place at;

	return find_place(a, path, &at, e) && put(&at, or_no_file(text), e);
}

bool project_write(struct project *p, struct str manifest, const struct resolution *r,
		   const struct mod_versions *keep, struct err *e)
{
	struct str text = sum_text(p->a, &r->sums, keep);
	bool sum = !str_eq(text, r->sums.before), yaml = !str_eq(manifest, p->bytes);
	struct place sum_at, yaml_at;

	if ((sum && !find_place(p->a, p->sum_path, &sum_at, e)) ||
	    (yaml && !find_place(p->a, p->manifest_path, &yaml_at, e)))
		return err_wrap(e, "nothing was changed");
	if (sum && !put(&sum_at, or_no_file(text), e)) {
		take_back(&sum_at, r->sums.before);
		return err_wrap(e, "writing cbuild.sum; nothing was changed");
	}
	if (!yaml || put(&yaml_at, or_empty(manifest), e))
		return true;
	take_back(&yaml_at, p->has_file ? p->bytes : (struct str){NULL, 0});
	if (sum)
		take_back(&sum_at, r->sums.before);
	return err_wrap(e, "writing cbuild.yaml; nothing was changed");
}

struct mod_opts project_updating(const struct mod_opts *o)
{
	struct mod_opts u = *o;

	u.update = true;
	return u;
}

bool mod_mode_parse(struct str name, enum mod_mode *out, struct err *e)
{
	static const char *const names[] = {"", "readonly", "mod", "vendor"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		*out = (enum mod_mode)i;
		if (str_eqc(name, names[i]))
			return true;
	}
	err_set(e, ERR_USAGE, "unknown module mode '%.*s'", STR_ARG(name));
	return err_fix(e, "known: readonly, mod, vendor");
}

bool mod_load(struct arena *a, struct manifest *main, const struct mod_opts *o,
	      struct build_list *out, struct err *e)
{
	struct resolution r;
	struct mod_opts u = *o;

	if (main->patches.n) {
		err_at(e, ERR_INPUT, str_c(a, main->file), main->patches.v[0].pos.line,
		       main->patches.v[0].pos.col,
		       "'patches' are a port's: a module of its own has none");
		return err_fix(e, "change the sources, or move the key to ports/NAME.yaml");
	}
	if (o->mode == MOD_VENDOR || (o->mode == MOD_AUTO && !o->update && vendor_present(a, o)))
		return vendor_load(a, main, o, out, e);
	u.update = o->update || o->mode == MOD_WRITE;
	if (!mod_resolve(a, main, &u, &r, e))
		return false;
	*out = r.list;
	if (!u.update || u.read_only_sums || !r.sums.changed)
		return true;
	return write_sum(a, path_join(a, o->project_dir, STR("cbuild.sum")),
			 sum_text(a, &r.sums, NULL), e);
}

/* ---- verify ---- */

struct verify {
	struct arena *a;
	const struct mod_opts *o;
	struct map ported; /* paths that have a port */
	struct map hashed; /* cache names */
	bool changed;	   /* some tree was: e says which */
};

static void tell_changed(struct verify *v, const struct module *m, struct str dir, struct str got,
			 struct str want, struct err *e)
{
	if (!v->changed)
		err_set(e, ERR_VERIFY, "%.*s %.*s: files in %.*s were changed: got %.*s, want %.*s",
			STR_ARG(m->path), STR_ARG(m->version), STR_ARG(dir), STR_ARG(got),
			STR_ARG(want));
	else
		err_also(e, m->path.p, 0, 0, "%.*s was changed too: got %.*s, want %.*s",
			 STR_ARG(m->version), STR_ARG(got), STR_ARG(want));
	v->changed = true;
}

static bool verify_tree(struct verify *v, const struct module *m, struct str dir, struct str want,
			struct err *e)
{
	struct str got;

	if (!tree_hash(v->a, dir, &got, e))
		return err_wrap(e, "hashing %.*s %.*s", STR_ARG(m->path), STR_ARG(m->version));
	if (!str_eq(got, want))
		tell_changed(v, m, dir, got, want, e);
	return true;
}

/*
 * A patched tree is what the patches make of the fetched one. When that one was changed, what this one should be is
 * not known: both go, so that nothing of it stays in use.
 */
static bool verify_patched(struct verify *v, const struct module *m, struct err *e)
{
	struct str base = cache_folder(v->a, v->o, m->unpatched), want, got;

	if (!tree_hash(v->a, base, &got, e))
		return err_wrap(e, "hashing %.*s %.*s", STR_ARG(m->path), STR_ARG(m->version));
	if (str_eq(got, m->sum))
		return patched_sum(v->a, v->o, m, &want, e) && verify_tree(v, m, m->dir, want, e);
	tell_changed(v, m,
		     str_fmt(v->a, "%.*s, or %.*s made of them,", STR_ARG(base), STR_ARG(m->dir)),
		     got, m->sum, e);
	return true;
}

static bool verify_module(struct verify *v, const struct module *m, struct err *e)
{
	if (!m->cache_name.n)
		return true;
	return m->unpatched.n ? verify_patched(v, m, e) : verify_tree(v, m, m->dir, m->sum, e);
}

/* Modules that have no port, selected or not: what selection reads is what was recorded. */
static bool verify_sums(struct verify *v, struct err *e)
{
	struct sum_file sums;

	if (!sum_read(v->a, v->o, &sums, e) || !port_paths(v->a, v->o, &v->ported, e))
		return false;
	for (size_t i = 0; i < sums.lines.n; i++) {
		struct module m = {.path = sums.lines.items[i].key};
		struct mod_version at = {.version = m.path};
		struct str name;

		at.path = m.path = str_cut(&at.version, ' ');
		m.version = at.version;
		name = cache_name(v->a, &at, NULL, true);
		m.dir = cache_folder(v->a, v->o, name);
		if (map_get(&v->ported, m.path) || file_kind(m.dir.p) != FILE_FOLDER)
			continue;
		map_put(v->a, &v->hashed, name, NULL);
		if (!verify_tree(v, &m, m.dir, sum_get(&sums, &at), e))
			return false;
	}
	return true;
}

/* The others: those that have a port, which may say where they are from. */
static bool verify_list(struct verify *v, struct manifest *main, struct err *e)
{
	struct resolution r;
	struct mod_opts o = *v->o;

	o.brief = true;
	if (!mod_resolve(v->a, main, &o, &r, e))
		return false;
	for (size_t i = 0; i < r.list.modules.n; i++)
		if (!map_get(&v->hashed, r.list.modules.v[i].cache_name) &&
		    !verify_module(v, &r.list.modules.v[i], e))
			return false;
	return true;
}

bool mod_verify(struct arena *a, struct manifest *main, const struct mod_opts *o, struct err *e)
{
	struct verify v = {.a = a, .o = o};

	if (!verify_sums(&v, e) || (!v.changed && !verify_list(&v, main, e)))
		return false;
	if (!v.changed)
		return true;
	facts_forget(a, o, main);
	return err_fix(e, "remove the folders named (chmod -R u+w, rm -r); the next build fetches "
			  "them again");
}
