/*
 * Boxes: where commands run that cannot be trusted to keep to their paths. A box is a folder in the cache's
 * tmp/, so what is made there moves into the cache by rename. Inputs are copies, for the command may
 * write to them, and all of one age, for build systems compare ages.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "exec/exec_impl.h"
#include "format/tar.h"

/* 1980-01-01: the first time that every archive format can say. */
enum { BOX_TIME_S = 315532800, LOG_LINES_SHOWN = 25 };

struct str box_path(const struct action *x, struct str path)
{
	const struct str *const dirs[] = {&x->box.out, &x->box.in};

	for (size_t i = 0; x->box.on && i < 2; i++)
		if (path.n > dirs[i]->n && !str_eqc(*dirs[i], ".") && path_within(*dirs[i], path))
			return str_skip(path, dirs[i]->n + 1);
	return path;
}

/* The program itself is executable, whatever the tree's modes came to on their way here. */
static uint32_t mode_in(const struct job *j, const struct input *in, uint32_t mode)
{
	const struct arg *first = &j->x->argv.v[0];
	bool runs = first->kind == ARG_INPUT && in == &j->x->inputs.v[first->index];

	return runs || (mode & 0111) ? 0755 : 0644;
}

static bool copy_in(struct job *j, const struct input *in, struct err *e)
{
	const struct timespec times[2] = {{.tv_sec = BOX_TIME_S}, {.tv_sec = BOX_TIME_S}};
	struct str to = path_join(&j->scratch, j->box, box_path(j->x, in->path));
	const char *from;
	struct file_sig sig;

	if (path_is_abs(in->path) || in->order)
		return true;
	if (!path_is_local(box_path(j->x, in->path)))
		return err_set(e, ERR_INPUT, "%.*s lies outside of the box", STR_ARG(in->path));
	from = str_c(&j->scratch,
		     in->from ? cas_path(&j->scratch, j->run->o->cas, &in->digest) : in->path);
	if (!file_stat(from, &sig, e) || !folder_make_for(to.p, e) ||
	    !file_copy(from, to.p, mode_in(j, in, sig.mode), e))
		return false;
	if (utimensat(AT_FDCWD, to.p, times, 0) != 0)
		return err_errno(e, "setting the time of %s", to.p);
	return true;
}

static bool link_in(struct job *j, struct str folder, struct err *e)
{
	struct str to = path_join(&j->scratch, j->box, folder);

	return folder_make_for(to.p, e) &&
	       file_symlink(path_join(&j->scratch, j->run->cwd, folder).p, to.p, e);
}

bool box_make(struct job *j, struct err *e)
{
	struct action *x = j->x;
	struct str dir = cas_temp(&j->scratch, j->run->o->cas, "box");

	if (!folder_make(dir.p, e))
		return false;
	j->box = dir;
	for (size_t i = 0; i < x->inputs.n; i++)
		if (!copy_in(j, &x->inputs.v[i], e))
			return err_wrap(e, "laying out the files for %.*s", STR_ARG(x->title));
	for (size_t i = 0; i < x->box.links.n; i++)
		if (!link_in(j, x->box.links.v[i], e))
			return false;
	for (size_t i = 0; i < x->outputs.n; i++) {
		j->outs[i] = path_join(&j->scratch, dir, box_path(x, x->outputs.v[i].path));
		if (!folder_make_for(j->outs[i].p, e))
			return false;
	}
	return true;
}

/* --- folders as outputs ------------------------------------------------------------------------ */

struct pack {
	struct arena *a;
	struct tar *tar;
	struct str root;
};

static bool pack_file(struct pack *p, struct str path, struct err *e)
{
	struct str full = path_join(p->a, p->root, path), bytes;
	struct file_sig sig;

	if (!file_stat(full.p, &sig, e) || !file_read(p->a, full.p, 0, &bytes, e))
		return false;
	return tar_add(p->tar,
		       &(struct tar_entry){.path = path.p, .mode = sig.mode & 0111 ? 0755 : 0644},
		       bytes, e);
}

static bool pack_folder(struct pack *p, struct str path, unsigned depth, struct err *e)
{
	enum { DEPTH_MAX = 64 };
	struct folder_entry *v;
	size_t n;

	if (depth > DEPTH_MAX)
		return err_set(e, ERR_INPUT, "folders nest deeper than %d", DEPTH_MAX);
	if (!folder_list(p->a, path_join(p->a, p->root, path).p, &v, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct str name = path_join(p->a, path, v[i].name);

		if (v[i].kind == FILE_OTHER)
			return err_set(e, ERR_INPUT, "%s is neither file nor folder", name.p);
		if (v[i].kind == FILE_FOLDER ? !pack_folder(p, name, depth + 1, e)
					     : !pack_file(p, name, e))
			return false;
	}
	return true;
}

/* Links become what they point to: a header is a header. */
bool box_pack(struct job *j, size_t i, struct err *e)
{
	struct arena a = {0};
	struct buf bytes = {0};
	struct pack p = {.a = &a, .root = j->outs[i], .tar = tar_open(TAR_NAMES_RAW, &bytes)};
	bool ok = pack_folder(&p, STR("."), 0, e);
	struct err other;

	ok = tar_close(p.tar, ok ? e : &other) && ok;
	j->outs[i] = cas_temp(&j->scratch, j->run->o->cas, "tar");
	ok = ok && file_write_fast(j->outs[i].p, buf_str(&bytes), 0644, e);
	buf_fini(&bytes);
	arena_fini(&a);
	return ok || err_wrap(e, "packing %.*s", STR_ARG(j->x->outputs.v[i].path));
}

/* --- words ------------------------------------------------------------------------------------- */

static struct str last_lines(struct str words, size_t lines)
{
	size_t at = words.n;

	while (at && (words.p[at - 1] != '\n' || at == words.n || --lines))
		at--;
	return str_skip(words, at);
}

struct str box_words(struct arena *a, const struct action *x, struct str words, bool ok)
{
	const char *path = str_c(a, x->box.log);
	struct err ignored;
	bool kept = folder_make_for(path, &ignored) && file_write_fast(path, words, 0644, &ignored);
	struct str end = last_lines(words, LOG_LINES_SHOWN);

	if (ok)
		return STR("");
	return str_fmt(a, "%.*s%s%s%s%s", STR_ARG(end),
		       end.n && end.p[end.n - 1] != '\n' ? "\n" : "",
		       kept ? "(all of its words: " : "", kept ? path : "", kept ? ")\n" : "");
}

/* --- the network ------------------------------------------------------------------------------- */

static bool may_run(const char *const *argv)
{
	struct spawn_result res = {0};
	struct err ignored;
	bool ok = spawn_run(&(struct spawn){.argv = argv}, false, &res, &ignored);

	ok = ok && res.exit_status == 0;
	buf_fini(&res.out);
	buf_fini(&res.err);
	return ok;
}

const struct str_vec *box_offline(struct run *r)
{
	static const char *const ways[][5] = {
	    {"unshare", "--net", "true"},
	    {"unshare", "--user", "--map-current-user", "--net", "true"},
	};
	const char *argv[6] = {0};

	for (size_t i = 0; !r->offline_known && !r->offline.n && i < 2; i++) {
		memcpy(argv, ways[i], sizeof ways[i]);
		if (!may_run(argv))
			continue;
		for (size_t k = 0; argv[k] && strcmp(argv[k], "true") != 0; k++)
			*vec_push(r->a, &r->offline) = str_of(argv[k]);
	}
	if (!r->offline_known && !r->offline.n)
		event_note(r->o->sink,
			   "this system lets nobody make a network of his own (unshare): "
			   "foreign builds run with the network on");
	r->offline_known = true;
	return &r->offline;
}
