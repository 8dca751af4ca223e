/*
 * Fetching a release into CACHE/toolchain/NAME-VERSION. Its archives are tried in the descriptor's
 * order: the project's own site, then the machine's package client. Each must have the pinned
 * digest before it is unpacked into a temporary folder, which one rename makes the release.
 */
#include "toolchain/toolchain_impl.h"

#include "base/path.h"
#include "format/archive.h"
#include "net/net.h"
#include "sys/file.h"

struct fetch {
	struct arena *a;
	const struct tc_desc *d;
	const struct tc_release *r;
	const struct toolchain_opts *o;
	struct str work; /* temporary folder */
};

static bool fetch_url(const struct fetch *f, const struct tc_archive *x, struct str *file,
		      struct err *e)
{
	struct net_get get = {
	    .url = str_c(f->a, x->url), .connect_ms = 5000, .tries = 2, .sink = f->o->sink};
	struct digest got;

	*file = path_join(f->a, f->work, path_base(x->url));
	event_note(f->o->sink, "fetching %s", get.url);
	return net_download(&get, str_c(f->a, *file), &x->want, &got, e);
}

/* The clients that may be there, most explicit first. */
static bool pip_argv(struct arena *a, struct str_vec *argv)
{
	static const char *const names[] = {"pip3", "pip"};
	struct str program;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (path_search(a, names[i], &program)) {
			*vec_push(a, argv) = program;
			return true;
		}
	}
	if (!path_search(a, "python3", &program))
		return false;
	*vec_push(a, argv) = program;
	*vec_push(a, argv) = STR("-m");
	*vec_push(a, argv) = STR("pip");
	return true;
}

static bool only_file(struct arena *a, struct str folder, struct str *file, struct err *e)
{
	struct folder_entry *list;
	size_t n;

	if (!folder_list(a, str_c(a, folder), &list, &n, e))
		return false;
	if (n != 1)
		return err_set(e, ERR_VERIFY, "the package client left %zu files instead of one",
			       n);
	*file = path_join(a, folder, list[0].name);
	return true;
}

static bool check_digest(struct arena *a, struct str file, const struct digest *want, struct err *e)
{
	char got_hex[DIGEST_HEX + 1], want_hex[DIGEST_HEX + 1];
	struct digest got;

	if (!file_digest(str_c(a, file), &got, e))
		return false;
	digest_hex(&got, got_hex);
	digest_hex(want, want_hex);
	if (str_eqc(str_of(got_hex), want_hex))
		return true;
	struct str name = path_base(file);

	err_set(e, ERR_VERIFY, "%.*s has SHA-256 %s, the descriptor pins %s", STR_ARG(name),
		got_hex, want_hex);
	return err_fix(e, "do not use that file; report it");
}

static bool fetch_pip(const struct fetch *f, const struct tc_archive *x, struct str *file,
		      struct err *e)
{
	static const char *const flags[] = {"download", "--no-deps",
					    "--only-binary=:all:", "--quiet", "-d"};
	struct str folder = path_join(f->a, f->work, STR("pip"));
	struct str_vec argv = {0};

	if (!pip_argv(f->a, &argv)) {
		err_set(e, ERR_IO, "no pip on this machine");
		return err_fix(e, "apt-get install python3-pip, then try again");
	}
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		*vec_push(f->a, &argv) = str_of(flags[i]);
	*vec_push(f->a, &argv) = folder;
	*vec_push(f->a, &argv) =
	    str_fmt(f->a, "%.*s==%.*s", STR_ARG(x->package), STR_ARG(x->release));
	event_note(f->o->sink, "fetching %.*s %.*s through %.*s", STR_ARG(x->package),
		   STR_ARG(x->release), STR_ARG(argv.v[0]));
	return folder_make(str_c(f->a, folder), e) &&
	       tc_run(f->a, &argv, NULL, NULL, NULL, NULL, e) && only_file(f->a, folder, file, e) &&
	       check_digest(f->a, *file, &x->want, e);
}

/* Unpacks file so that the release's top folder is *top. */
static bool unpack(const struct fetch *f, const struct tc_archive *x, struct str file,
		   struct str *top, struct err *e)
{
	struct archive_opts opts = {
	    .strip = x->url.n > 0 ? 1 : 0, .only = x->package, .allow_case_collisions = true};
	struct str dir = path_join(f->a, f->work, STR("tree"));

	*top = x->url.n > 0 ? dir : path_join(f->a, dir, x->package);
	return archive_unpack(str_c(f->a, file), str_c(f->a, dir), &opts, e);
}

/* Wheels may have lost the executable bit. */
static bool make_executable(struct arena *a, struct str program, struct err *e)
{
	const char *path = str_c(a, program);
	const char *copy = str_c(a, str_fmt(a, "%s.new", path));
	struct file_sig sig;

	if (!file_stat(path, &sig, e))
		return false;
	return (sig.mode & 0100) || (file_copy(path, copy, 0755, e) && file_move(copy, path, e));
}

static bool install_one(const struct fetch *f, const struct tc_archive *x, struct str final,
			struct err *e)
{
	struct str file = {0}, top = {0};

	if (!(x->url.n > 0 ? fetch_url(f, x, &file, e) : fetch_pip(f, x, &file, e)))
		return false;
	return unpack(f, x, file, &top, e) &&
	       make_executable(f->a, path_join(f->a, top, f->d->name), e) &&
	       file_move(str_c(f->a, top), str_c(f->a, final), e);
}

/* Tries the archives for this host in order; a wrong digest ends it, anything else goes to the
 * next. */
static bool install_first(const struct fetch *f, struct str final, struct err *e)
{
	struct target host = target_host();
	bool tried = false;

	for (size_t i = 0; i < f->r->archives.n; i++) {
		const struct tc_archive *x = &f->r->archives.v[i];

		if (!target_eq(&x->host, &host))
			continue;
		tried = true;
		if (install_one(f, x, final, e))
			return true;
		if (e->code == ERR_VERIFY || e->code == ERR_CANCEL)
			return false;
		event_note(f->o->sink, "not from there: %s", e->msg);
	}
	if (tried)
		return e->fix[0] ? false
				 : err_fix(e, "check the network, or use Debian's packages: "
					      "apt-get install clang lld");
	struct str name = target_name(f->a, &host);

	return err_set(e, ERR_INPUT, "%.*s %.*s has no archive for %.*s hosts", STR_ARG(f->d->name),
		       STR_ARG(f->r->version), STR_ARG(name));
}

static const struct tc_release *find_release(const struct tc_desc *d, struct str version)
{
	for (size_t i = 0; i < d->releases.n; i++) {
		if (version.n == 0 || str_eq(d->releases.v[i].version, version))
			return &d->releases.v[i];
	}
	return NULL;
}

static bool unknown_release(struct arena *a, const struct tc_desc *d, struct str version,
			    struct err *e)
{
	struct str known = STR("");

	for (size_t i = 0; d->releases.v && i < d->releases.n; i++)
		known = str_fmt(a, "%.*s%s%.*s", STR_ARG(known), i ? ", " : "",
				STR_ARG(d->releases.v[i].version));
	err_set(e, ERR_USAGE, "%.*s %.*s is not pinned", STR_ARG(d->name), STR_ARG(version));
	return err_fix(e, "one of %.*s; or put another %.*s on the PATH", STR_ARG(known),
		       STR_ARG(d->name));
}

bool tc_install_release(struct arena *a, const struct tc_desc *d, struct str version,
			const struct toolchain_opts *o, struct err *e)
{
	struct fetch f = {.a = a, .d = d, .r = find_release(d, version), .o = o};
	struct file_lock lock = {-1};
	struct err ignored;
	bool got;

	if (!f.r)
		return unknown_release(a, d, version, e);
	struct str name = str_fmt(a, "%.*s-%.*s", STR_ARG(d->name), STR_ARG(f.r->version));
	struct str final = tc_home(a, o, name);
	const char *home = str_c(a, tc_home(a, o, STR(".")));

	if (!folder_make(home, e) ||
	    !lock_acquire(&lock, str_c(a, tc_home(a, o, STR("install.lock"))), false, true, &got,
			  e))
		return false;
	bool ok = file_kind(str_c(a, final)) == FILE_FOLDER;

	if (!ok && tc_work_folder(a, str_of(home), "install-", &f.work, e)) {
		ok = install_first(&f, final, e);
		if (!folder_remove(str_c(a, f.work), &ignored))
			event_warn(o->sink, "left behind: %.*s", STR_ARG(f.work));
	}
	lock_release(&lock);
	return ok || err_wrap(e, "installing %.*s", STR_ARG(name));
}
