/*
 * A zig release carries the sources of musl and compiler-rt. Its driver compiles them on the first
 * link for a target; here that link happens once, of an empty program in a folder of its own, and
 * the files which the driver hands to its linker are kept: start-up objects, libc, runtime. What
 * they are differs between releases (crti.o until 0.14, libzigc.a since 0.16), so they are read
 * from the linker's command line that ZIG_VERBOSE_LINK shows. Every later compile and link calls
 * zig's clang and lld directly.
 */
#include "toolchain/toolchain_impl.h"

#include "base/path.h"
#include "sys/clock.h"
#include "sys/file.h"

static const char PROGRAM[] = "int main(void)\n{\n\treturn 0;\n}\n";

/* The last "ld.lld ..." line that links our object; earlier ones make the library's own objects. */
static bool find_link_line(struct str text, struct str *out)
{
	struct str line;
	bool found = false;

	while (str_line(&text, &line)) {
		if (str_startsc(line, "ld.lld ") && str_containsc(line, " nil.o ")) {
			*out = line;
			found = true;
		}
	}
	return found;
}

static bool is_object(struct str word)
{
	return str_endsc(word, ".o") && !str_eqc(word, "nil.o");
}

/* Copies one file of the link line from work into out; its base name goes to names. */
static bool keep(struct arena *a, struct str work, struct str out, struct str word,
		 struct str_vec *names, struct err *e)
{
	struct str name = path_base(word);
	const char *to = str_c(a, path_join(a, out, name));

	if (!path_is_local(name))
		return err_set(e, ERR_VERIFY, "zig linked a strange file: %.*s", STR_ARG(word));
	if (!file_copy(str_c(a, path_join(a, work, word)), to, 0644, e))
		return false;
	*vec_push(a, names) = name;
	return !str_endsc(name, ".a") || tc_archive_normalise(a, to, e);
}

static bool keep_all(struct arena *a, const struct tc_desc *d, struct str work, struct str out,
		     struct str line, struct err *e)
{
	struct str_vec pre = {0}, post = {0};
	bool behind = false;

	while (line.p) {
		struct str word = str_cut(&line, ' ');

		if (str_eqc(word, "nil.o")) {
			behind = true;
			continue;
		}
		if ((is_object(word) || str_endsc(word, ".a")) &&
		    !keep(a, work, out, word, behind ? &post : &pre, e))
			return false;
	}
	if (pre.n == 0 || post.n == 0)
		return err_set(e, ERR_VERIFY, "zig's link names no start-up object or no library");
	return tc_sysroot_write(a, d, out, &pre, &post, e);
}

static bool expand_one(struct arena *a, const struct tc_found *f, const struct tc_target *t,
		       const char *const *words, struct str_vec *out, struct err *e)
{
	const struct tc_vars *sets[] = {&f->vars, &t->vars};
	struct str_vec template = {0};

	for (size_t i = 0; words[i]; i++)
		*vec_push(a, &template) = str_of(words[i]);
	return tc_expand(a, &template, sets, 2, out, e);
}

/* Compiles and links the empty program in work; *log is what the driver said. */
static bool link_nil(struct arena *a, const struct tc_found *f, const struct tc_target *t,
		     struct str work, struct str *log, struct err *e)
{
	static const char *const compile[] = {"{zig}",	 "clang",    "--no-default-config",
					      "-target", "{triple}", "{flags}",
					      "-fPIE",	 "-c",	     "nil.c",
					      "-o",	 "nil.o",    NULL};
	static const char *const link[] = {
	    "{zig}",	"cc",	   "-target", "{zig-target}", "{zig-flags}", "-O2", "-g0", "-s",
	    "-fno-lto", "-static", "-pie",    "nil.o",	      "-o",	     "nil", NULL};
	struct str_vec cc = {0}, ld = {0}, env = {0};

	*vec_push(a, &env) = STR("CPATH="); /* the user's own folders are not for libc */
	*vec_push(a, &env) = STR("C_INCLUDE_PATH=");
	*vec_push(a, &env) = STR("ZIG_VERBOSE_LINK=1");
	*vec_push(a, &env) = STR("ZIG_GLOBAL_CACHE_DIR=cache");
	*vec_push(a, &env) = STR("ZIG_LOCAL_CACHE_DIR=cache");
	return expand_one(a, f, t, compile, &cc, e) && expand_one(a, f, t, link, &ld, e) &&
	       tc_run(a, &cc, &env, str_c(a, work), NULL, NULL, e) &&
	       tc_run(a, &ld, &env, str_c(a, work), NULL, log, e);
}

static bool make_in(struct arena *a, const struct tc_found *f, const struct tc_target *t,
		    struct str work, struct err *e)
{
	struct str out = path_join(a, work, STR("out"));
	struct str log, line;

	if (!folder_make(str_c(a, out), e) ||
	    !file_write_fast(str_c(a, path_join(a, work, STR("nil.c"))), str_of(PROGRAM), 0644,
			     e) ||
	    !link_nil(a, f, t, work, &log, e))
		return false;
	if (!find_link_line(log, &line))
		return err_set(e, ERR_VERIFY, "zig %.*s does not show how it links",
			       STR_ARG(f->version));
	struct str final = tc_sysroot_folder(a, f, &t->target);

	return keep_all(a, f->desc, work, out, line, e) && folder_remove(str_c(a, final), e) &&
	       folder_make_for(str_c(a, final), e) && file_move(str_c(a, out), str_c(a, final), e);
}

static bool make_locked(struct arena *a, const struct tc_found *f, const struct tc_target *t,
			const struct toolchain_opts *o, struct err *e)
{
	struct str name = target_name(a, &t->target);
	uint64_t start = clock_mono_ms();
	struct str work;
	struct err ignored;

	event_note(o->sink,
		   "zig %.*s: compiling its C library for %.*s, once (about half a minute)",
		   STR_ARG(f->version), STR_ARG(name));
	if (!tc_work_folder(a, f->root, "work-", &work, e))
		return false;
	bool ok = make_in(a, f, t, work, e);

	if (!folder_remove(str_c(a, work), &ignored) && ok)
		event_warn(o->sink, "left behind: %.*s", STR_ARG(work));
	if (!ok)
		return err_wrap(e, "preparing zig %.*s for %.*s", STR_ARG(f->version),
				STR_ARG(name));
	event_note(o->sink, "zig %.*s: ready for %.*s after %u s", STR_ARG(f->version),
		   STR_ARG(name), (unsigned)((clock_mono_ms() - start) / 1000));
	return true;
}

bool tc_zig_sysroot(struct arena *a, const struct tc_found *f, const struct tc_target *t,
		    const struct toolchain_opts *o, struct err *e)
{
	struct file_lock lock = {-1};
	bool got;

	if (tc_sysroot_ready(a, f, &t->target))
		return true;
	if (!lock_acquire(&lock, str_c(a, path_join(a, f->root, STR("lock"))), false, true, &got,
			  e))
		return false;
	bool ok = tc_sysroot_ready(a, f, &t->target) || make_locked(a, f, t, o, e);

	lock_release(&lock);
	return ok;
}
