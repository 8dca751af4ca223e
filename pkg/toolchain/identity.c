/*
 * Identity: what a compile or link key must hold of the toolchain. SHA-256 over named digests of
 * files:
 *
 *     cbuild compile id 1 | cbuild link id 1
 *     NAME VERSION
 *     file BASE-NAME HEX            an executable, a library it loads, a library to link
 *     folder HEX                    a header folder: relative path and digest of each file
 *
 * Where things are installed is not in it. Digests are remembered while files keep their stat
 * signature; a folder's while the folder, its first level and the compiler do (headers in the cache
 * are only ever replaced together with their folder).
 */
#include "toolchain/toolchain_impl.h"

#include "base/path.h"
#include "sys/file.h"

struct id_ctx {
	struct arena *a;
	const struct toolchain_opts *o;
	const struct tc_found *f;
	struct str mounted; /* the root as spelled in commands */
};

static struct str hex_str(struct arena *a, const struct digest *d)
{
	char hex[DIGEST_HEX + 1];

	digest_hex(d, hex);
	return str_dup(a, str_of(hex));
}

/* A path of a command as a path that this process can open. */
static struct str real_place(const struct id_ctx *c, struct str word)
{
	if (c->mounted.n > 0 && path_within(c->mounted, word))
		return path_join(c->a, c->f->root, str_skip(word, c->mounted.n + 1));
	return word;
}

static bool add_file(const struct id_ctx *c, struct buf *b, struct str path, struct err *e)
{
	struct str key = str_fmt(c->a, "sha256\n%.*s", STR_ARG(path));
	struct str name = path_base(path), hex;

	if (!tc_memo_get(c->a, c->o, key, &hex)) {
		struct digest d;

		if (!file_digest(str_c(c->a, path), &d, e))
			return false;
		hex = hex_str(c->a, &d);
		tc_memo_put(c->a, c->o, key, &(struct str_vec){.v = &path, .n = 1, .cap = 1}, hex);
	}
	buf_printf(b, "file %.*s %.*s\n", STR_ARG(name), STR_ARG(hex));
	return true;
}

static bool walk(const struct id_ctx *c, struct digest_ctx *d, struct str folder, struct str rel,
		 struct err *e)
{
	struct folder_entry *list;
	size_t n;

	if (!folder_list(c->a, str_c(c->a, folder), &list, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct str path = path_join(c->a, folder, list[i].name);
		struct str name = path_join(c->a, rel, list[i].name);
		struct digest one;

		if (list[i].kind == FILE_FOLDER) {
			if (!walk(c, d, path, name, e))
				return false;
			continue;
		}
		if (list[i].kind == FILE_OTHER || file_kind(str_c(c->a, path)) == FILE_ABSENT)
			continue;
		struct err dangling;

		if (!file_digest(str_c(c->a, path), &one, &dangling))
			continue; /* a link to a folder or to nothing */
		struct str line =
		    str_fmt(c->a, "%.*s %.*s\n", STR_ARG(hex_str(c->a, &one)), STR_ARG(name));

		digest_update(d, line.p, line.n);
	}
	return true;
}

static bool folder_hex(const struct id_ctx *c, struct str folder, struct str *hex, struct err *e)
{
	struct digest_ctx d;

	digest_init(&d);
	if (!walk(c, &d, folder, STR(""), e))
		return false;
	struct digest sum = digest_final(&d);

	*hex = hex_str(c->a, &sum);
	return true;
}

static bool add_folder(const struct id_ctx *c, struct buf *b, struct str folder, struct err *e)
{
	struct str key = str_fmt(c->a, "folder\n%.*s", STR_ARG(folder)), hex;
	struct str_vec watch = {0};
	struct folder_entry *list;
	size_t n;

	if (!tc_memo_get(c->a, c->o, key, &hex)) {
		if (!folder_hex(c, folder, &hex, e) ||
		    !folder_list(c->a, str_c(c->a, folder), &list, &n, e))
			return false;
		*vec_push(c->a, &watch) = c->f->cc;
		*vec_push(c->a, &watch) = folder;
		for (size_t i = 0; i < n; i++) {
			if (list[i].kind == FILE_FOLDER)
				*vec_push(c->a, &watch) = path_join(c->a, folder, list[i].name);
		}
		tc_memo_put(c->a, c->o, key, &watch, hex);
	}
	buf_printf(b, "folder %.*s\n", STR_ARG(hex));
	return true;
}

/* Paths behind "=>" in the loader's list whose name holds one of parts. */
static void pick_libraries(struct arena *a, struct str text, const struct str_vec *parts,
			   struct str_vec *out)
{
	struct str line;

	while (str_line(&text, &line)) {
		size_t slash = str_find(line, '/');
		struct str rest = str_skip(line, slash);
		struct str path = str_cut(&rest, ' ');

		for (size_t i = 0; i < parts->n && path.n > 0; i++) {
			if (str_containsc(path_base(path), str_c(a, parts->v[i]))) {
				*vec_push(a, out) = path;
				break;
			}
		}
	}
}

/* The dynamic loader lists what a program loads when asked by this variable; the program does not
 * run. */
static bool add_libraries(const struct id_ctx *c, struct buf *b, struct str program, struct err *e)
{
	struct str_vec env = {0}, argv = {0}, paths = {0};
	struct str text;

	if (c->f->desc->libraries.n == 0)
		return true;
	*vec_push(c->a, &env) = STR("LD_TRACE_LOADED_OBJECTS=1");
	*vec_push(c->a, &argv) = program;
	*vec_push(c->a, &argv) = STR("--version");
	if (!tc_run_memo(c->a, c->o, &argv, &env, &text, e))
		return false;
	pick_libraries(c->a, text, &c->f->desc->libraries, &paths);
	for (size_t i = 0; i < paths.n; i++) {
		if (!add_file(c, b, paths.v[i], e))
			return false;
	}
	return true;
}

/* All that could be chosen: which one a link takes (-fuse-ld) is in its words. */
static bool add_linkers(const struct id_ctx *c, struct buf *b, struct err *e)
{
	const struct str_vec alone = {.v = (struct str[]){c->f->cc}, .n = 1, .cap = 1};
	const struct str_vec *v = c->f->linkers.n > 0 ? &c->f->linkers : &alone;

	for (size_t i = 0; i < v->n; i++)
		if (!add_file(c, b, v->v[i], e) || !add_libraries(c, b, v->v[i], e))
			return false;
	return true;
}

/* A file as it is, a folder by its content; a word that names neither is a flag and is in argv
 * already. */
static bool add_words(const struct id_ctx *c, struct buf *b, const struct str_vec *words,
		      struct err *e)
{
	for (size_t i = 0; i < words->n; i++) {
		struct str path = real_place(c, words->v[i]);
		enum file_kind kind = file_kind(str_c(c->a, path));
		struct err absent;
		struct file_sig sig;

		if (kind == FILE_ABSENT || !file_stat(str_c(c->a, path), &sig, &absent))
			continue;
		if ((sig.mode & 0170000) == 0040000 ? !add_folder(c, b, path, e)
						    : !add_file(c, b, path, e))
			return false;
	}
	return true;
}

static bool expanded(const struct id_ctx *c, struct buf *b, const struct str_vec *template,
		     const struct tc_vars *const *sets, size_t set_count, struct err *e)
{
	struct str_vec words = {0};

	return tc_expand(c->a, template, sets, set_count, &words, e) && add_words(c, b, &words, e);
}

bool tc_identify(struct arena *a, const struct tc_found *f, const struct tc_vars *const *sets,
		 size_t set_count, const struct toolchain_opts *o, struct toolchain *tc,
		 struct err *e)
{
	struct id_ctx c = {.a = a, .o = o, .f = f};
	struct buf cc = {0}, ld = {0};

	if (f->mount_name.n > 0)
		c.mounted = path_join(a, o->mount, f->mount_name);
	buf_printf(&cc, "cbuild compile id 1\n%.*s %.*s\n", STR_ARG(tc->name),
		   STR_ARG(tc->version));
	buf_printf(&ld, "cbuild link id 1\n%.*s %.*s\n", STR_ARG(tc->name), STR_ARG(tc->version));
	bool ok = add_file(&c, &cc, f->cc, e) && add_libraries(&c, &cc, f->cc, e) &&
		  expanded(&c, &cc, &f->desc->compile_files, sets, set_count, e) &&
		  expanded(&c, &cc, &f->desc->headers, sets, set_count, e) &&
		  add_linkers(&c, &ld, e) &&
		  expanded(&c, &ld, &f->desc->link_files, sets, set_count, e) &&
		  add_words(&c, &ld, &tc->link_pre, e) && add_words(&c, &ld, &tc->link_post, e);

	if (ok) {
		tc->compile_id = digest_str(buf_str(&cc));
		tc->link_id = digest_str(buf_str(&ld));
	}
	buf_fini(&cc);
	buf_fini(&ld);
	return ok || err_wrap(e, "identifying toolchain %.*s", STR_ARG(tc->name));
}
