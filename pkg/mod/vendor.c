/*
 * vendor/: the build list's trees inside the project, and vendor/modules.txt, which says what they are:
 *
 *     # github.com/madler/zlib v1.3.1
 *     ## explicit v1.3.0                        the manifest's own line
 *     # example.com/a v1.0.0 => ../a            replaced
 *     ## patched 0b5c91aa                       by its port's patches, in this state
 *     # github.com/acme/ports v1.4.0
 *     ## ports                                  a port repository; its ports/ is vendor/ports/PATH
 *
 * The list is compared with the manifest both ways before it is used; the trees are trusted as the
 * project's own files are.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "mod/load_impl.h"
#include "mod/vendor_impl.h"

enum { LIST_BYTES_MAX = 16 << 20 };

static const char list_name[] = "vendor/modules.txt";

bool vendor_present(struct arena *a, const struct mod_opts *o)
{
	return file_kind(path_join(a, o->project_dir, str_of(list_name)).p) == FILE_REGULAR;
}

/* ---- writing ---- */

static bool copy_link(struct arena *a, const char *from, const char *to, struct err *e)
{
	char target[4096];
	ssize_t n = readlink(from, target, sizeof target);

	if (n < 0 || (size_t)n == sizeof target)
		return err_errno(e, "reading the link %s", from);
	return file_symlink(arena_strdup(a, target, (size_t)n), to, e);
}

/* A folder that replaces a module is somebody's working tree: its history and outputs stay behind. */
static bool stays_behind(struct arena *a, struct str path)
{
	return str_eqc(path_base(path), ".git") ||
	       file_kind(path_join(a, path, STR(".x")).p) == FILE_FOLDER;
}

static bool copy_tree(struct arena *a, struct str from, struct str to, struct err *e)
{
	struct folder_entry *list;
	size_t n;

	if (!folder_make(str_c(a, to), e) || !folder_list(a, str_c(a, from), &list, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct str src = path_join(a, from, list[i].name),
			   dst = path_join(a, to, list[i].name);
		bool exec = access(src.p, X_OK) == 0;

		if (stays_behind(a, src))
			continue;
		if (list[i].kind == FILE_FOLDER ? !copy_tree(a, src, dst, e)
		    : list[i].kind == FILE_LINK ? !copy_link(a, src.p, dst.p, e)
						: !file_copy(src.p, dst.p, exec ? 0755 : 0644, e))
			return false;
	}
	return true;
}

/* Does a line of the main module count, with those options of its own? */
static bool counts(const struct manifest *main, const struct option_values *options,
		   const struct requirement *r)
{
	return condition_options_hold(&r->when, options) && !is_excluded(main, r->path, r->version);
}

static const struct requirement *
requirement_of(const struct manifest *main, const struct option_values *options, struct str path)
{
	for (size_t i = 0; i < main->require.n; i++)
		if (str_eq(main->require.v[i].path, path) &&
		    counts(main, options, &main->require.v[i]))
			return &main->require.v[i];
	return NULL;
}

/* What stands behind => for a module of the list; empty: nothing. */
static struct str replaced_by(struct arena *a, const struct manifest *main,
			      const struct mod_version *v)
{
	const struct replacement *r = replacement_of(main, v);

	if (!r)
		return STR("");
	return r->folder.n ? r->folder
			   : str_fmt(a, "%.*s %.*s", STR_ARG(r->by_path), STR_ARG(r->by_version));
}

static void add_entry(struct arena *a, struct buf *b, const struct manifest *main,
		      const struct mod_version *v)
{
	struct str by = replaced_by(a, main, v);

	buf_printf(b, "# %.*s %.*s%s%.*s\n", STR_ARG(v->path), STR_ARG(v->version),
		   by.n ? " => " : "", STR_ARG(by));
}

static bool list_text(struct arena *a, const struct manifest *main, const struct resolution *res,
		      struct buf *b, struct err *e)
{
	struct mod_versions ports = {0};

	for (size_t i = 0; i < res->selected.n; i++) {
		const struct mod_version *v = &res->selected.v[i];
		const struct module *m = &res->list.modules.v[i + 1];
		const struct requirement *r =
		    requirement_of(main, &res->list.modules.v[0].options, v->path);
		struct str hex;

		add_entry(a, b, main, v);
		if (r)
			buf_printf(b, "## explicit %.*s\n", STR_ARG(r->version));
		if (!m->unpatched.n)
			continue;
		if (!patches_digest(a, m->manifest, fetched_for(m).version, &hex, e))
			return false;
		buf_printf(b, "## patched %.*s\n", STR_ARG(hex));
	}
	load_ports_versions(main, a, &ports);
	for (size_t i = 0; i < ports.n; i++) {
		add_entry(a, b, main, &ports.v[i]);
		buf_printf(b, "## ports\n");
	}
	return true;
}

/* A port repository's ports/, self-contained: its links may lead elsewhere in the module. */
static bool copy_ports(struct arena *a, struct str from, struct str to, int depth, struct err *e)
{
	struct folder_entry *list;
	size_t n;

	if (depth > TREE_DEPTH_MAX)
		return err_set(e, ERR_INPUT, "%.*s nests too deep, or in a circle", STR_ARG(from));
	if (!folder_make(str_c(a, to), e) || !folder_list(a, str_c(a, from), &list, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct str src = path_join(a, from, list[i].name),
			   dst = path_join(a, to, list[i].name);
		struct file_sig sig;

		if (!file_stat(src.p, &sig, e))
			return false;
		if (S_ISDIR(sig.mode) ? !copy_ports(a, src, dst, depth + 1, e)
				      : !file_copy(src.p, dst.p, 0644, e))
			return false;
	}
	return true;
}

static bool write_trees(struct arena *a, const struct manifest *main, const struct resolution *r,
			struct str tmp, struct err *e)
{
	struct buf list = {0};
	bool ok;

	for (size_t i = 1; i < r->list.modules.n; i++) {
		const struct module *m = &r->list.modules.v[i];

		if (!copy_tree(a, m->dir, path_join(a, tmp, m->path), e))
			return err_wrap(e, "copying %.*s", STR_ARG(m->path));
	}
	for (size_t i = 0; i < r->list.ports.n; i++) {
		const struct module *m = &r->list.ports.v[i];
		struct str to = str_fmt(a, "%.*s/ports/%.*s/ports", STR_ARG(tmp), STR_ARG(m->path));

		if (!copy_ports(a, path_join(a, m->dir, STR("ports")), to, 0, e))
			return err_wrap(e, "copying the ports of %.*s", STR_ARG(m->path));
	}
	ok = list_text(a, main, r, &list, e) &&
	     file_write_fast(path_join(a, tmp, STR("modules.txt")).p, buf_str(&list), 0644, e);
	buf_fini(&list);
	return ok;
}

bool mod_vendor(struct arena *a, struct manifest *main, const struct mod_opts *o, struct err *e)
{
	struct resolution r;
	struct str tmp = {0}, dir = path_join(a, o->project_dir, STR("vendor"));
	struct err ignored;

	if (!mod_resolve(a, main, o, &r, e))
		return false;
	if (file_kind(dir.p) != FILE_ABSENT && !vendor_present(a, o)) {
		err_set(e, ERR_INPUT,
			"the folder 'vendor' was not made by `cbuild mod vendor`: it has "
			"no modules.txt");
		return err_fix(e, "move it away first");
	}
	if (r.list.modules.n == 1 && !r.list.ports.n) {
		event_note(o->sink, "no modules to vendor");
		return folder_remove(dir.p, e);
	}
	if (!folder_make_temp(a, str_c(a, o->project_dir), ".vendor.", &tmp, e))
		return false;
	if (write_trees(a, main, &r, tmp, e) && folder_remove(dir.p, e) &&
	    file_move(tmp.p, dir.p, e))
		return true;
	(void)!folder_remove(tmp.p, &ignored);
	return false;
}

/* ---- reading ---- */

struct entry {
	struct mod_version v;
	struct str by;	     /* behind => */
	struct str explicit; /* the manifest's version; empty: it has no line */
	struct str patched;  /* by which patches; empty: by none */
	bool ports;	     /* a port repository */
};
struct entries VEC_BODY(struct entry);

static bool bad_line(int line, struct err *e)
{
	err_at(e, ERR_INPUT, list_name, line, 1, "not a line of '# MODULE VERSION'");
	return err_fix(e, "run `cbuild mod vendor`");
}

/* A line that belongs to the entry above it. */
static bool read_note(struct str line, struct entry *at)
{
	static const char explicit[] = "## explicit ", patched[] = "## patched ";

	if (str_startsc(line, explicit))
		at->explicit = str_skip(line, strlen(explicit));
	else if (str_startsc(line, patched))
		at->patched = str_skip(line, strlen(patched));
	else if (str_eqc(line, "## ports"))
		at->ports = true;
	else
		return false;
	return true;
}

static bool parse_list(struct arena *a, struct str text, struct entries *out, struct err *e)
{
	struct str line;

	for (int n = 1; str_line(&text, &line); n++) {
		struct entry *last = out->n ? &out->v[out->n - 1] : NULL, *at;
		struct str rest = line;

		if (last && read_note(line, last))
			continue;
		if (!str_startsc(line, "# "))
			return bad_line(n, e);
		at = vec_push(a, out);
		(void)str_cut(&rest, ' ');
		at->v.path = str_cut(&rest, ' ');
		at->v.version = str_cut(&rest, ' ');
		if (rest.p && str_startsc(rest, "=> "))
			at->by = str_skip(rest, strlen("=> "));
		if (!path_is_local(at->v.path) || !semver_valid(at->v.version) ||
		    (rest.p && !at->by.n))
			return bad_line(n, e);
	}
	return true;
}

static void differs(struct err *e, size_t *n, struct str path, const char *what)
{
	if ((*n)++ == 0)
		err_at(e, ERR_INPUT, list_name, 0, 0, "%.*s %s", STR_ARG(path), what);
	else
		err_also(e, list_name, 0, 0, "%.*s %s", STR_ARG(path), what);
}

static bool stale(struct err *e)
{
	err_wrap(e, "comparing vendor/ with cbuild.yaml");
	return err_fix(e, "run `cbuild mod vendor`, or ignore vendor/ once with --mod=readonly");
}

static const struct entry *entry_of(const struct entries *list, struct str path, bool ports)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].ports == ports && str_eq(list->v[i].v.path, path))
			return &list->v[i];
	return NULL;
}

static const struct requirement *ports_of(const struct manifest *main, struct str path)
{
	for (size_t i = 0; i < main->ports.n; i++)
		if (str_eq(main->ports.v[i].path, path))
			return &main->ports.v[i];
	return NULL;
}

static void check_ports(const struct manifest *main, const struct entries *list, size_t *n,
			struct err *e)
{
	for (size_t i = 0; i < main->ports.n; i++) {
		const struct requirement *r = &main->ports.v[i];
		const struct entry *at = entry_of(list, r->path, true);

		if (!at || !str_eq(at->v.version, r->version))
			differs(
			    e, n, r->path,
			    "is a port repository of cbuild.yaml, but not vendored at its version");
	}
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].ports && !ports_of(main, list->v[i].v.path))
			differs(e, n, list->v[i].v.path,
				"is a vendored port repository, but none of cbuild.yaml any more");
}

static bool check_list(struct arena *a, const struct manifest *main,
		       const struct option_values *options, const struct entries *list,
		       struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < main->require.n; i++) {
		const struct requirement *r = &main->require.v[i];
		const struct entry *at = entry_of(list, r->path, false);

		if (!counts(main, options, r))
			continue;
		if (!at || !at->explicit.n)
			differs(e, &n, r->path, "is required by cbuild.yaml, but not vendored");
		else if (!str_eq(at->explicit, r->version))
			differs(e, &n, r->path, "is required at another version by cbuild.yaml");
	}
	for (size_t i = 0; i < list->n; i++) {
		const struct entry *at = &list->v[i];

		if (at->explicit.n && !requirement_of(main, options, at->v.path))
			differs(e, &n, at->v.path,
				"is vendored, but cbuild.yaml requires it no more");
		if (!str_eq(at->by, replaced_by(a, main, &at->v)))
			differs(e, &n, at->v.path, "is replaced otherwise by cbuild.yaml");
	}
	check_ports(main, list, &n, e);
	return !n || stale(e);
}

/* What the vendored modules need, with the options chosen now: another choice may need other modules. */
static bool check_needs(struct arena *a, const struct manifest *main, const struct entries *list,
			const struct build_list *out, struct err *e)
{
	size_t n = 0;

	for (size_t i = 1; i < out->modules.n; i++) {
		const struct module *m = &out->modules.v[i];

		for (size_t k = 0; k < m->manifest->require.n; k++) {
			const struct requirement *r = &m->manifest->require.v[k];

			if (counts(main, &m->options, r) && !str_eq(r->path, main->module) &&
			    !entry_of(list, r->path, false))
				differs(e, &n, r->path,
					str_fmt(a, "is required by %.*s, but not vendored",
						STR_ARG(m->path))
					    .p);
		}
	}
	return !n || stale(e);
}

static bool no_port(const char *file, struct err *e)
{
	err_at(e, ERR_INPUT, file, 0, 0, "there is neither such a file nor a port");
	return err_fix(e, "run `cbuild mod vendor`");
}

/* The tree is what a port's patches made: of those that the port has now? */
static bool check_patched(struct arena *a, const struct module *m, const struct entry *at,
			  struct err *e)
{
	struct str hex = STR("");

	if (!m->replaced && !patches_digest(a, m->manifest, fetched_for(m).version, &hex, e))
		return false;
	if (str_eq(hex, at->patched))
		return true;
	err_at(e, ERR_INPUT, list_name, 0, 0, "the patches of %.*s have changed",
	       STR_ARG(at->v.path));
	return err_fix(e, "run `cbuild mod vendor`");
}

/* The port repositories, as far as a build needs them. */
static void load_vendored_ports(struct arena *a, const struct mod_opts *o,
				const struct entries *list, struct module_vec *out)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct entry *at = &list->v[i];

		if (at->ports)
			*vec_push(a, out) = (struct module){
			    .path = at->v.path,
			    .version = at->v.version,
			    .dir = str_fmt(a, "%.*s/vendor/ports/%.*s", STR_ARG(o->project_dir),
					   STR_ARG(at->v.path))};
	}
}

static bool load_entry(struct arena *a, struct manifest *main, const struct mod_opts *o,
		       const struct entry *at, struct module *m, struct err *e)
{
	const struct replacement *r = replacement_of(main, &at->v);
	struct str shown = str_fmt(a, "vendor/%.*s/cbuild.yaml", STR_ARG(at->v.path)), bytes;
	struct str file = path_join(a, o->project_dir, shown);
	struct loader l = {.a = a, .main = main, .o = o};
	struct mod_version by;

	*m = (struct module){.path = at->v.path, .version = at->v.version};
	if (r) {
		m->replaced = r->folder.n != 0;
		m->version = m->replaced ? STR("") : m->version;
		m->by_path = r->by_path;
		m->by_version = r->by_version;
	}
	by = (struct mod_version){m->by_path, m->by_version};
	m->dir = str_dup(a, path_dir(file));
	m->from_port = file_kind(file.p) != FILE_REGULAR;
	if (m->from_port)
		return load_find_port(&l, m->by_path.n ? &by : &at->v, m, &m->manifest, e) &&
		       (m->manifest ? check_patched(a, m, at, e) : no_port(str_c(a, shown), e));
	m->manifest = arena_new(a, struct manifest);
	return file_read(a, file.p, 0, &bytes, e) &&
	       manifest_parse(a, shown, bytes, m->manifest, e);
}

bool vendor_load(struct arena *a, struct manifest *main, const struct mod_opts *o,
		 struct build_list *out, struct err *e)
{
	struct option_wishes wishes = {.a = a, .main = main};
	struct option_values options = {0};
	struct entries list = {0};
	struct mod_opts with = *o;
	struct str_vec by = {0};
	struct str text;

	if (!file_read(a, path_join(a, o->project_dir, str_of(list_name)).p, LIST_BYTES_MAX, &text,
		       e) ||
	    !parse_list(a, text, &list, e))
		return false;
	options_values(&wishes, main->module, main, &options, &by);
	if (!check_list(a, main, &options, &list, e))
		return false;
	*out = (struct build_list){.vendored = true};
	load_vendored_ports(a, o, &list, &out->ports);
	with.ports = &out->ports;
	*vec_push(a, &out->modules) = (struct module){
	    .path = main->module, .dir = o->project_dir, .manifest = main, .main = true};
	for (size_t i = 0; i < list.n; i++) {
		struct module m;

		if (list.v[i].ports)
			continue;
		if (!load_entry(a, main, &with, &list.v[i], &m, e))
			return err_wrap(e, "loading vendored %.*s", STR_ARG(list.v[i].v.path));
		*vec_push(a, &out->modules) = m;
	}
	if (!options_decide(a, main, out, e) || !check_needs(a, main, &list, out, e))
		return false;
	load_link(a, out);
	return true;
}
