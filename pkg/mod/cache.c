/*
 * The module cache: one folder a version, complete or absent. A version is written to a temporary
 * folder beside its place, its sum noted, made read-only and renamed; whatever a killed run left is
 * a temporary that the next one, holding the version's lock, removes.
 *
 *     CACHE/mod/github.com/madler/zlib@v1.3.1~5c0e9a17/    read-only
 *     CACHE/mod/.sum/github.com/madler/zlib@v1.3.1~5c0e9a17    "h1:...=\n"
 *     CACHE/mod/.lock/github.com/madler/zlib@v1.3.1
 *
 * The part behind '~' is there for modules that have a port: 8 digits for its `paths`, since they decide which
 * files the folder holds, and 24 for its `source`: projects have ports of their own, and what one takes for
 * zlib v1.3.1 must not be another's. A module with a manifest of its own from where everybody would look for it
 * has no such part.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "mod/mod_impl.h"

enum { PATHS_HEX = 8, SOURCE_HEX = 24, SUM_BYTES_MAX = 4096 };

struct str escape_path(struct arena *a, struct str path)
{
	char *p;
	size_t n = path.n;

	for (size_t i = 0; i < path.n; i++)
		n += path.p[i] >= 'A' && path.p[i] <= 'Z';
	p = arena_alloc(a, n + 1, 1);
	n = 0;
	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i];

		if (c >= 'A' && c <= 'Z') {
			p[n++] = '!';
			c = (char)(c - 'A' + 'a');
		}
		p[n++] = c;
	}
	return (struct str){p, n};
}

static struct str base_name(struct arena *a, const struct mod_version *v)
{
	struct str path = escape_path(a, v->path), version = escape_path(a, v->version);

	return str_pair(a, path, '@', version);
}

static struct str hex_of(struct arena *a, struct digest_ctx *c, size_t n)
{
	struct digest d = digest_final(c);
	char hex[DIGEST_HEX + 1];

	digest_hex(&d, hex);
	return str_dup(a, (struct str){hex, n});
}

struct str cache_name(struct arena *a, const struct mod_version *v, const struct manifest *port,
		      bool own)
{
	struct digest_ctx paths, source;
	struct str base = base_name(a, v), from, kept;

	if (!port || (own && port_source_is_usual(a, port, v->path)))
		return base;
	digest_init(&paths);
	if (own)
		digest_update(&paths, "own", 3);
	for (size_t i = 0; i < port->paths.n && !own; i++) {
		digest_update(&paths, port->paths.v[i].p, port->paths.v[i].n);
		digest_update(&paths, "\n", 1);
	}
	digest_init(&source);
	from = port_source_text(a, port, v);
	digest_update(&source, from.p, from.n);
	kept = hex_of(a, &paths, PATHS_HEX);
	from = hex_of(a, &source, SOURCE_HEX);
	return str_fmt(a, "%.*s~%.*s%.*s", STR_ARG(base), STR_ARG(kept), STR_ARG(from));
}

struct str cache_source(struct str name)
{
	return str_skip(str_skip(name, str_find(name, '~')), 1 + PATHS_HEX);
}

struct str cache_folder(struct arena *a, const struct mod_opts *o, struct str name)
{
	return str_pair(a, str_pair(a, o->cache_dir, '/', STR("mod")), '/', name);
}

static struct str sum_note(struct arena *a, const struct mod_opts *o, struct str name)
{
	return str_fmt(a, "%.*s/mod/.sum/%.*s", STR_ARG(o->cache_dir), STR_ARG(name));
}

/* ---- tree hash ---- */

struct str tree_hash_line(struct arena *a, const struct digest *d, struct str name)
{
	char hex[DIGEST_HEX + 1];

	digest_hex(d, hex);
	/* The name comes first so that sorting lines sorts names; tree_hash_lines turns them round.
	 */
	return str_fmt(a, "%.*s%c%s", STR_ARG(name), '\0', hex);
}

struct str tree_hash_lines(struct arena *a, struct str_vec *lines)
{
	struct digest_ctx c;
	struct digest d;
	struct str b64;

	str_vec_sort_unique(lines);
	digest_init(&c);
	for (size_t i = 0; i < lines->n; i++) {
		struct str line = lines->v[i];
		size_t name_n = line.n - DIGEST_HEX - 1;

		digest_update(&c, line.p + name_n + 1, DIGEST_HEX);
		digest_update(&c, "  ", 2);
		digest_update(&c, line.p, name_n);
		digest_update(&c, "\n", 1);
	}
	d = digest_final(&c);
	b64 = digest_base64(a, &d);
	return str_fmt(a, "h1:%.*s", STR_ARG(b64));
}

static bool hash_link(struct arena *a, const char *path, struct digest *out, struct err *e)
{
	char target[4096];
	ssize_t n = readlink(path, target, sizeof target);

	(void)a;
	if (n < 0 || (size_t)n == sizeof target)
		return err_errno(e, "reading the link %s", path);
	*out = digest_of(target, (size_t)n);
	return true;
}

static bool hash_folder(struct arena *a, struct str dir, struct str below, struct str_vec *lines,
			struct err *e)
{
	struct folder_entry *list;
	size_t n;

	if (!folder_list(a, str_c(a, dir), &list, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct str path = str_fmt(a, "%.*s/%.*s", STR_ARG(dir), STR_ARG(list[i].name));
		struct str name =
		    below.n ? str_fmt(a, "%.*s/%.*s", STR_ARG(below), STR_ARG(list[i].name))
			    : list[i].name;
		struct digest d;

		if (list[i].kind == FILE_FOLDER) {
			if (!hash_folder(a, path, name, lines, e))
				return false;
			continue;
		}
		if (list[i].kind == FILE_LINK ? !hash_link(a, path.p, &d, e)
					      : !file_digest(path.p, &d, e))
			return false;
		*vec_push(a, lines) = tree_hash_line(a, &d, name);
	}
	return true;
}

bool tree_hash(struct arena *a, struct str dir, struct str *out, struct err *e)
{
	struct str_vec lines = {0};

	if (!hash_folder(a, dir, STR(""), &lines, e))
		return false;
	*out = tree_hash_lines(a, &lines);
	return true;
}

/* ---- look-up ---- */

bool cache_find(struct arena *a, const struct mod_opts *o, struct str name, struct str *sum,
		bool *found, struct err *e)
{
	struct str dir = cache_folder(a, o, name), note = sum_note(a, o, name), text = {0};
	struct err ignored;

	*found = file_kind(dir.p) == FILE_FOLDER;
	if (!*found)
		return true;
	if (file_kind(note.p) == FILE_REGULAR &&
	    file_read(a, note.p, SUM_BYTES_MAX, &text, &ignored)) {
		*sum = str_dup(a, str_trim(text));
		if (str_startsc(*sum, "h1:") && sum->n == strlen("h1:") + 44)
			return true;
	}
	if (!tree_hash(a, dir, sum, e))
		return false;
	/* The note only spares this hashing; a cache that cannot be written to still works. */
	(void)!(folder_make_for(note.p, &ignored) &&
		file_write_fast(note.p, str_fmt(a, "%.*s\n", STR_ARG(*sum)), 0644, &ignored));
	return true;
}

bool cache_lock(struct arena *a, const struct mod_opts *o, const struct mod_version *v,
		struct file_lock *l, struct err *e)
{
	struct str name = base_name(a, v);
	struct str path = str_fmt(a, "%.*s/mod/.lock/%.*s", STR_ARG(o->cache_dir), STR_ARG(name));
	bool got;

	return folder_make_for(path.p, e) && lock_acquire(l, path.p, false, true, &got, e);
}

/* ---- filling ---- */

/* Temporaries of this very version: their makers are dead, for the lock is ours. */
static bool remove_stale(struct cache_writer *w, struct str parent, struct str prefix,
			 struct err *e)
{
	struct folder_entry *list;
	size_t n;

	if (!folder_list(w->a, parent.p, &list, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!str_starts(list[i].name, prefix))
			continue;
		if (!folder_remove(path_join(w->a, parent, list[i].name).p, e))
			return false;
	}
	return true;
}

bool cache_begin(struct arena *a, const struct mod_opts *o, struct str name, struct cache_writer *w,
		 struct err *e)
{
	struct str parent, base, prefix, stale;

	*w = (struct cache_writer){.a = a, .o = o, .name = name, .dir = cache_folder(a, o, name)};
	parent = str_dup(a, path_dir(w->dir));
	base = path_base(w->dir);
	prefix = str_fmt(a, ".tmp.%.*s.", STR_ARG(base));
	stale = prefix;
	stale.n -= base.n - str_find(base, '~'); /* whatever the port, and its patches */
	if (!folder_make(parent.p, e) || !remove_stale(w, parent, stale, e))
		return false;
	return folder_make_temp(a, parent.p, prefix.p, &w->tmp, e);
}

struct kept_name {
	struct str name;
	bool folder;
};

/*
 * Go refuses trees with names that differ in case only, since not every machine can hold them; so do
 * we, and a name that is there twice: nothing is written over.
 */
static bool remember(struct cache_writer *w, struct str name, bool folder, struct err *e)
{
	const struct kept_name *before;
	char *p = arena_strdup(w->a, name.p, name.n);
	struct map_item *it;
	bool added;

	for (size_t i = 0; i < name.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] - 'A' + 'a');
	it = map_put(w->a, &w->names, (struct str){p, name.n}, &added);
	if (added) {
		struct kept_name *k = it->ptr = arena_new(w->a, struct kept_name);

		*k = (struct kept_name){str_dup(w->a, name), folder};
		return true;
	}
	before = it->ptr;
	if (!str_eq(before->name, name))
		return tree_wrong(name, "differs from another name in case only", e);
	return (folder && before->folder) || tree_wrong(name, "is there twice", e);
}

static bool remember_all(struct cache_writer *w, struct str name, struct err *e)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '/' && !remember(w, (struct str){name.p, i}, true, e))
			return false;
	return remember(w, name, false, e);
}

bool cache_add(struct cache_writer *w, const struct tree_file *f, struct err *e)
{
	struct str path = str_fmt(w->a, "%.*s/%.*s", STR_ARG(w->tmp), STR_ARG(f->name));
	struct digest d = digest_str(f->bytes);

	if (!remember_all(w, f->name, e))
		return false;
	*vec_push(w->a, &w->lines) = tree_hash_line(w->a, &d, f->name);
	if (!folder_make_for(path.p, e))
		return false;
	if (f->link)
		return file_symlink(str_c(w->a, f->bytes), path.p, e);
	return file_write_fast(path.p, f->bytes, f->exec ? 0755 : 0644, e);
}

struct str cache_sum(struct cache_writer *w)
{
	return tree_hash_lines(w->a, &w->lines);
}

bool cache_commit(struct cache_writer *w, struct err *e)
{
	struct str note = sum_note(w->a, w->o, w->name), sum = cache_sum(w);

	if (!folder_make_for(note.p, e) ||
	    !file_write_fast(note.p, str_fmt(w->a, "%.*s\n", STR_ARG(sum)), 0644, e))
		return false;
	return folder_make_readonly(w->tmp.p, e) && file_move(w->tmp.p, w->dir.p, e);
}

void cache_abandon(struct cache_writer *w)
{
	struct err ignored;

	if (w->tmp.p)
		(void)!folder_remove(w->tmp.p, &ignored);
}
