/*
 * Sysroots from Debian packages of the target's architecture: musl-dev, linux-libc-dev and a
 * compiler runtime, fetched with apt-get into the cache and unpacked there. apt's own state is a
 * private folder, so the machine's list of architectures and packages stays as it is; apt verifies
 * the archive's signature with Debian's keyring and every package against it. Nothing is installed.
 *
 * A target names its Debian architecture, the packages (alternatives separated by '|': the first
 * that the suite has) and, where the machine's own suite lacks the architecture, further suites to
 * try.
 */
#include "toolchain/toolchain_impl.h"

#include "base/path.h"
#include "sys/file.h"

static const char KEYRING[] = "/usr/share/keyrings/debian-archive-keyring.gpg";

struct apt {
	struct arena *a;
	const struct tc_target *t;
	struct event_sink *sink;
	struct str state;     /* private state folder */
	struct str mirror;    /* "http://mirror.example/debian/" as the machine's sources say */
	struct str own_suite; /* "bookworm" */
	struct str_vec options;
};

static void add_option(struct apt *apt, const char *key, struct str value)
{
	*vec_push(apt->a, &apt->options) = STR("-o");
	*vec_push(apt->a, &apt->options) = str_fmt(apt->a, "%s=%.*s", key, STR_ARG(value));
}

static struct str below(const struct apt *apt, const char *name)
{
	return path_join(apt->a, apt->state, str_of(name));
}

/* The options that keep apt inside its private folder and to one architecture. */
static void set_options(struct apt *apt)
{
	struct str arch = tc_var_str(&apt->t->vars, STR("debian"));

	add_option(apt, "Dir::State", apt->state);
	add_option(apt, "Dir::State::Lists", below(apt, "lists"));
	add_option(apt, "Dir::State::status", below(apt, "status"));
	add_option(apt, "Dir::Cache", below(apt, "cache"));
	add_option(apt, "Dir::Etc::SourceList", below(apt, "sources.list"));
	add_option(apt, "Dir::Etc::SourceParts", STR("-"));
	add_option(apt, "Dir::Etc::Preferences", STR("-"));
	add_option(apt, "Dir::Etc::PreferencesParts", STR("-"));
	add_option(apt, "APT::Architecture", arch);
	add_option(apt, "APT::Architectures::", arch);
	add_option(apt, "APT::Get::List-Cleanup", STR("false"));
	add_option(apt, "APT::Update::Error-Mode", STR("any"));
	add_option(apt, "Acquire::Languages", STR("none"));
	add_option(apt, "Acquire::GzipIndexes", STR("true"));
	add_option(apt, "APT::Sandbox::User", STR("root"));
}

static bool apt_get(struct apt *apt, const char *verb, const char *flag, struct str word,
		    const char *cwd, struct str *out, struct err *e)
{
	struct str_vec argv = {0};

	*vec_push(apt->a, &argv) = STR("apt-get");
	*vec_push(apt->a, &argv) = STR("-q");
	for (size_t i = 0; i < apt->options.n; i++)
		*vec_push(apt->a, &argv) = apt->options.v[i];
	*vec_push(apt->a, &argv) = str_of(verb);
	if (flag)
		*vec_push(apt->a, &argv) = str_of(flag);
	if (word.n > 0)
		*vec_push(apt->a, &argv) = word;
	if (tc_run(apt->a, &argv, NULL, cwd, out, NULL, e))
		return true;
	struct str first = str_of(e->msg);

	e->msg[str_find(first, '\n')] = '\0'; /* what follows repeats it for each file */
	return false;
}

/* Reads "Packages|main|Debian|bookworm|http://..." lines; the first of a release's main archive. */
static bool choose_mirror(struct apt *apt, struct str lines)
{
	struct str line;

	while (str_line(&lines, &line)) {
		struct str made_by = str_cut(&line, '|'), component = str_cut(&line, '|');
		struct str origin = str_cut(&line, '|'), suite = str_cut(&line, '|');

		if (!str_eqc(made_by, "Packages") || !str_eqc(component, "main") || !line.p)
			continue;
		if (!str_eqc(origin, "Debian") && !str_startsc(origin, "$("))
			continue;
		if (str_find(suite, '-') != suite.n || !str_startsc(line, "http"))
			continue;
		apt->mirror = line;
		apt->own_suite = suite;
		return true;
	}
	return false;
}

static bool find_mirror(struct apt *apt, struct err *e)
{
	struct str_vec argv = {0};
	struct str lines;

	*vec_push(apt->a, &argv) = STR("apt-get");
	*vec_push(apt->a, &argv) = STR("indextargets");
	*vec_push(apt->a, &argv) = STR("--format");
	*vec_push(apt->a, &argv) =
	    STR("$(CREATED_BY)|$(COMPONENT)|$(ORIGIN)|$(RELEASE)|$(REPO_URI)");
	if (!tc_run(apt->a, &argv, NULL, NULL, &lines, NULL, e))
		return err_wrap(e, "asking apt for the machine's package sources");
	if (choose_mirror(apt, lines))
		return true;
	err_set(e, ERR_IO,
		"apt knows no archive of Debian's (this recipe reads Debian packages only)");
	return err_fix(e, "use zig: cbuild toolchain install zig");
}

static bool write_sources(struct apt *apt, struct str suite, struct err *e)
{
	bool keyring = file_kind(KEYRING) == FILE_REGULAR;
	struct str line = str_fmt(apt->a, "deb %s%s%s%.*s %.*s main\n",
				  keyring ? "[signed-by=" : "", keyring ? KEYRING : "",
				  keyring ? "] " : "", STR_ARG(apt->mirror), STR_ARG(suite));

	return folder_make(str_c(apt->a, below(apt, "lists/partial")), e) &&
	       folder_make(str_c(apt->a, below(apt, "cache/archives/partial")), e) &&
	       folder_make(str_c(apt->a, below(apt, "packages")), e) &&
	       file_write_fast(str_c(apt->a, below(apt, "status")), STR(""), 0644, e) &&
	       file_write_fast(str_c(apt->a, below(apt, "sources.list")), line, 0644, e);
}

/* Fetches the first alternative of "x|y|z" that the suite has. */
static bool fetch_one(struct apt *apt, struct str suite, struct str alternatives, struct err *e)
{
	const char *cwd = str_c(apt->a, below(apt, "packages"));
	struct str rest = alternatives;

	while (rest.p) {
		struct str name = str_cut(&rest, '|');
		struct str uris;
		struct err absent = {0};

		if (apt_get(apt, "download", "--print-uris", name, cwd, &uris, &absent) &&
		    str_trim(uris).n > 0)
			return apt_get(apt, "download", NULL, name, cwd, NULL, e);
		if (absent.code == ERR_CANCEL) {
			*e = absent;
			return false;
		}
	}
	return err_set(e, ERR_IO, "Debian %.*s has no package %.*s for %.*s", STR_ARG(suite),
		       STR_ARG(alternatives), STR_ARG(tc_var_str(&apt->t->vars, STR("debian"))));
}

static bool fetch_from(struct apt *apt, struct str suite, struct err *e)
{
	const struct tc_var *packages = tc_var_get(&apt->t->vars, STR("packages"));

	if (!write_sources(apt, suite, e) ||
	    !apt_get(apt, "update", NULL, (struct str){0}, NULL, NULL, e))
		return err_wrap(e, "reading Debian %.*s's list of packages", STR_ARG(suite));
	for (size_t i = 0; packages && i < packages->words.n; i++) {
		if (!fetch_one(apt, suite, packages->words.v[i], e))
			return false;
	}
	return true;
}

/* The machine's own suite first, then those the target names; all their errors are told. */
static bool fetch(struct apt *apt, struct err *e)
{
	const struct tc_var *more = tc_var_get(&apt->t->vars, STR("suites"));

	if (fetch_from(apt, apt->own_suite, e))
		return true;
	if (e->code == ERR_CANCEL)
		return false;
	for (size_t i = 0; more && i < more->words.n; i++) {
		struct err later, first = *e;

		if (str_eq(more->words.v[i], apt->own_suite))
			continue;
		if (fetch_from(apt, more->words.v[i], &later)) {
			event_note(apt->sink, "from Debian %.*s, since %.*s does not have it",
				   STR_ARG(more->words.v[i]), STR_ARG(apt->own_suite));
			return true;
		}
		if (later.code == ERR_CANCEL) {
			*e = later;
			return false;
		}
		err_set(e, first.code, "%s; Debian %.*s: %s", first.msg, STR_ARG(more->words.v[i]),
			later.msg);
	}
	return err_fix(
	    e, "check the network and `apt-get update`, or use zig: cbuild toolchain install zig");
}

static bool unpack_all(struct apt *apt, struct str root, struct err *e)
{
	struct folder_entry *list;
	struct str folder = below(apt, "packages");
	size_t n;

	if (!folder_make(str_c(apt->a, root), e) ||
	    !folder_list(apt->a, str_c(apt->a, folder), &list, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct str_vec argv = {0};

		*vec_push(apt->a, &argv) = STR("dpkg-deb");
		*vec_push(apt->a, &argv) = STR("--extract");
		*vec_push(apt->a, &argv) = path_join(apt->a, folder, list[i].name);
		*vec_push(apt->a, &argv) = root;
		if (!tc_run(apt->a, &argv, NULL, NULL, NULL, NULL, e))
			return false;
	}
	return true;
}

/* The file called name anywhere below folder; links are not followed. */
static bool find_below(struct arena *a, struct str folder, struct str name, struct str *out,
		       struct err *e)
{
	struct folder_entry *list;
	size_t n;

	if (!folder_list(a, str_c(a, folder), &list, &n, e))
		return false;
	for (size_t i = 0; i < n && out->n == 0; i++) {
		struct str path = path_join(a, folder, list[i].name);

		if (list[i].kind == FILE_REGULAR && str_eq(list[i].name, name))
			*out = path;
		if (list[i].kind == FILE_FOLDER && !find_below(a, path, name, out, e))
			return false;
	}
	return true;
}

/* Removes what no compile or link reads: documentation, the sanitizers' libraries. */
static bool prune(struct arena *a, struct str root, struct err *e)
{
	struct folder_entry *list;
	struct str lib = path_join(a, root, STR("usr/lib"));
	size_t n;

	if (!folder_remove(str_c(a, path_join(a, root, STR("usr/share"))), e) ||
	    !folder_list(a, str_c(a, lib), &list, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		bool drop = str_startsc(list[i].name, "llvm") ||
			    str_startsc(list[i].name, "clang") || str_startsc(list[i].name, "gcc");

		if (drop && !folder_remove(str_c(a, path_join(a, lib, list[i].name)), e))
			return false;
	}
	return true;
}

static bool drop_debug(struct arena *a, struct str root, const struct str_vec *files, struct err *e)
{
	for (size_t i = 0; i < files->n; i++)
		if (!tc_drop_debug(a, str_c(a, path_join(a, root, files->v[i])), e))
			return false;
	return true;
}

/* Copies the runtime to where the link expects it. */
static bool arrange(struct apt *apt, const struct tc_desc *d, struct str root, struct err *e)
{
	struct arena *a = apt->a;
	struct str runtime = tc_var_str(&apt->t->vars, STR("runtime"));
	struct str lib =
	    str_fmt(a, "usr/lib/%.*s", STR_ARG(tc_var_str(&apt->t->vars, STR("musl"))));
	struct str_vec pre = {0}, post = {0};
	struct str found = {0};

	if (!find_below(a, path_join(a, root, STR("usr/lib")), runtime, &found, e))
		return false;
	if (found.n == 0)
		return err_set(e, ERR_IO, "no %.*s in the packages", STR_ARG(runtime));
	if (!file_copy(str_c(a, found), str_c(a, path_join(a, root, STR("libruntime.a"))), 0644,
		       e) ||
	    !prune(a, root, e))
		return false;
	*vec_push(a, &pre) = path_join(a, lib, STR("rcrt1.o"));
	*vec_push(a, &pre) = path_join(a, lib, STR("crti.o"));
	*vec_push(a, &post) = path_join(a, lib, STR("libc.a"));
	*vec_push(a, &post) = STR("libruntime.a");
	*vec_push(a, &post) = path_join(a, lib, STR("crtn.o"));
	if (!drop_debug(a, root, &pre, e) || !drop_debug(a, root, &post, e))
		return false;
	return tc_sysroot_write(a, d, root, &pre, &post, e);
}

static bool make_in(struct apt *apt, const struct tc_found *f, struct str work, struct err *e)
{
	struct arena *a = apt->a;
	struct str root = path_join(a, work, STR("root"));
	const char *final = str_c(a, tc_sysroot_folder(a, f, &apt->t->target));

	apt->state = path_join(a, work, STR("apt"));
	set_options(apt);
	return find_mirror(apt, e) && fetch(apt, e) && unpack_all(apt, root, e) &&
	       arrange(apt, f->desc, root, e) && folder_remove(final, e) &&
	       folder_make_for(final, e) && file_move(str_c(a, root), final, e);
}

static bool make_locked(struct arena *a, const struct tc_found *f, const struct tc_target *t,
			const struct toolchain_opts *o, struct err *e)
{
	struct apt apt = {.a = a, .t = t, .sink = o->sink};
	struct str name = target_name(a, &t->target);
	struct str work;
	struct err ignored;

	event_note(o->sink, "%.*s: fetching Debian's musl for %.*s, once (a few seconds)",
		   STR_ARG(f->desc->name), STR_ARG(name));
	if (!tc_work_folder(a, f->root, "work-", &work, e))
		return false;
	bool ok = make_in(&apt, f, work, e);

	if (!folder_remove(str_c(a, work), &ignored) && ok)
		event_warn(o->sink, "left behind: %.*s", STR_ARG(work));
	return ok || err_wrap(e, "preparing %.*s for %.*s", STR_ARG(f->desc->name), STR_ARG(name));
}

bool tc_debian_sysroot(struct arena *a, const struct tc_found *f, const struct tc_target *t,
		       const struct toolchain_opts *o, struct err *e)
{
	struct file_lock lock = {-1};
	bool got;

	if (tc_sysroot_ready(a, f, &t->target))
		return true;
	if (o->no_install) {
		err_set(e, ERR_IO,
			"%.*s is not prepared for this target and nothing may be fetched now",
			STR_ARG(f->desc->name));
		return err_fix(e, "cbuild toolchain install %.*s", STR_ARG(f->desc->name));
	}
	if (!folder_make(str_c(a, f->root), e) ||
	    !lock_acquire(&lock, str_c(a, path_join(a, f->root, STR("lock"))), false, true, &got,
			  e))
		return false;
	bool ok = tc_sysroot_ready(a, f, &t->target) || make_locked(a, f, t, o, e);

	lock_release(&lock);
	return ok;
}
