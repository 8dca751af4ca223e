/*
 * The ELF policy: a static program must need nothing at run time. The step reads the linked file and, when
 * it finds a violation, the objects and flags that went in, so that the error names the culprit.
 *
 *     in[0] the program, in[1..] its objects; params: lines "machine N", "class N", "static 0|1",
 *     "name NAME", "object TITLE" (one an object, in order), "ldflag FLAG"
 *     out[0] one line of facts
 */
#include "plan/plan_impl.h"

#include "format/elf.h"
#include "sys/file.h"
#include "sys/look.h"

struct policy {
	const struct step_io *io;
	struct str name;
	uint64_t machine, elf_class, is_static;
	struct str_vec objects, ldflags;
};

static bool read_params(struct policy *k, struct err *e)
{
	struct str rest = k->io->params, line;
	bool ok = true;

	while (str_line(&rest, &line)) {
		struct str key = str_cut(&line, ' ');

		if (str_eqc(key, "machine"))
			ok = ok && str_u64(line, &k->machine);
		else if (str_eqc(key, "class"))
			ok = ok && str_u64(line, &k->elf_class);
		else if (str_eqc(key, "static"))
			ok = ok && str_u64(line, &k->is_static);
		else if (str_eqc(key, "name"))
			k->name = line;
		else if (str_eqc(key, "object"))
			*vec_push(k->io->scratch, &k->objects) = line;
		else if (str_eqc(key, "ldflag"))
			*vec_push(k->io->scratch, &k->ldflags) = line;
	}
	return ok || err_set(e, ERR_INPUT, "policy step: malformed parameters");
}

/* Of a large program only the tables are looked at, so inputs are mapped and not read. */
static bool facts_of(const struct policy *k, size_t input, struct arena *a, struct elf_facts *f,
		     struct err *e)
{
	struct file_map m;
	bool ok;

	if (!file_map_open(k->io->in[input], &m))
		return err_set(e, ERR_IO, "%s cannot be read", k->io->in[input]);
	ok = elf_read(a, str_from(m.p, m.n), f, e);
	file_map_close(&m);
	return ok;
}

/* Does the object ask for an executable stack? Saying nothing counts when silent_too. */
static bool wants_stack(const struct policy *k, size_t object, bool silent_too)
{
	struct arena scratch = {0};
	struct elf_facts f;
	struct err ignored;
	bool wants;

	wants = facts_of(k, object + 1, &scratch, &f, &ignored) &&
		(f.has_gnu_stack ? f.exec_stack : silent_too);
	arena_fini(&scratch);
	return wants;
}

/* The object (or flag) to blame for an executable stack; empty for none. */
static struct str blame_stack(const struct policy *k, bool silent_too)
{
	for (size_t i = 0; i < k->ldflags.n; i++)
		if (str_containsc(k->ldflags.v[i], "execstack") &&
		    !str_containsc(k->ldflags.v[i], "noexecstack"))
			return k->ldflags.v[i];
	for (size_t i = 0; i < k->objects.n && i + 1 < k->io->in_count; i++)
		if (wants_stack(k, i, silent_too))
			return k->objects.v[i];
	return STR("");
}

static struct str blame_library(const struct policy *k)
{
	for (size_t i = 0; i < k->ldflags.n; i++)
		if (str_containsc(k->ldflags.v[i], ".so") || str_startsc(k->ldflags.v[i], "-l") ||
		    str_containsc(k->ldflags.v[i], "dynamic"))
			return k->ldflags.v[i];
	return STR("");
}

/*
 * The linker is told -z noexecstack, so an object that asks for an executable stack gets none, and the
 * program would be killed when it runs code there: that is an error too.
 */
static bool check_stack(const struct policy *k, const struct elf_facts *f, struct err *e)
{
	bool has = !f->has_gnu_stack || f->exec_stack;
	struct str culprit = blame_stack(k, has);

	if (!has && !culprit.n)
		return true;
	err_at(e, ERR_VERIFY, str_c(k->io->scratch, k->name), 0, 0,
	       "the program asks for an executable stack%s%.*s", culprit.n ? ", because of " : "",
	       STR_ARG(culprit));
	return err_fix(e, "an assembler file needs: .section .note.GNU-stack,\"\",%%progbits; a C "
			  "file must not take the address of a nested function");
}

static bool check_static(const struct policy *k, const struct elf_facts *f, struct err *e)
{
	struct buf what = {0};
	struct str culprit = blame_library(k);

	if (!f->has_interp && !f->needed.n)
		return true;
	for (size_t i = 0; i < f->needed.n; i++)
		buf_printf(&what, "%s%.*s", i ? ", " : "needs ", STR_ARG(f->needed.v[i]));
	if (!what.n)
		buf_printf(&what, "wants the dynamic loader %.*s", STR_ARG(f->interp));
	if (culprit.n)
		buf_printf(&what, ", because of the linker flag %.*s", STR_ARG(culprit));
	err_at(e, ERR_VERIFY, str_c(k->io->scratch, k->name), 0, 0,
	       "the program is not static: it %s", what.p);
	buf_fini(&what);
	return err_fix(e, "link that library's objects: require a module that builds it from "
			  "source, or drop the flag");
}

static bool check(const struct policy *k, const struct elf_facts *f, struct err *e)
{
	if ((uint64_t)f->machine != k->machine || (uint64_t)f->elf_class != k->elf_class) {
		err_at(e, ERR_VERIFY, str_c(k->io->scratch, k->name), 0, 0,
		       "the program is for machine %d class %d, not for machine %d class %d",
		       f->machine, (int)f->elf_class, (int)k->machine, (int)k->elf_class);
		return err_fix(
		    e,
		    "the toolchain's link command does not fit the target: cbuild toolchain list");
	}
	if (!k->is_static)
		return true;
	return check_static(k, f, e) && check_stack(k, f, e);
}

static bool file_has_symbol(const struct policy *k, size_t input, struct str name, bool defined)
{
	struct file_map m;
	bool has;

	if (!file_map_open(k->io->in[input], &m))
		return false;
	has = elf_has_symbol(str_from(m.p, m.n), name, defined);
	file_map_close(&m);
	return has;
}

static bool is_elf(const struct policy *k, size_t input)
{
	struct elf_facts f;
	struct err ignored;

	return facts_of(k, input, k->io->scratch, &f, &ignored);
}

/*
 * dlopen cannot work in a static program. It is no error: a library may offer plugins that nobody uses.
 * Only an unstripped program says whether the call survived section garbage collection, and an object of
 * link-time optimisation does not say whether it calls.
 */
static void warn_dlopen(const struct policy *k)
{
	bool hidden = false;

	if (!k->is_static || !file_has_symbol(k, 0, STR("dlopen"), true))
		return;
	for (size_t i = 0; i < k->objects.n && i + 1 < k->io->in_count; i++) {
		hidden = hidden || !is_elf(k, i + 1);
		if (file_has_symbol(k, i + 1, STR("dlopen"), false)) {
			buf_printf(k->io->words,
				   "warning: %.*s calls dlopen (in the object of '%.*s'), which "
				   "always fails in a static program\n",
				   STR_ARG(k->name), STR_ARG(k->objects.v[i]));
			return;
		}
	}
	if (hidden)
		buf_printf(k->io->words,
			   "warning: %.*s calls dlopen, which always fails in a static program\n",
			   STR_ARG(k->name));
}

static bool run_policy(const struct step_io *io, struct err *e)
{
	struct policy k = {.io = io};
	struct elf_facts f;
	struct str line;

	if (!read_params(&k, e) || !facts_of(&k, 0, io->scratch, &f, e) || !check(&k, &f, e))
		return false;
	warn_dlopen(&k);
	line = str_fmt(io->scratch,
		       "machine %d class %d type %d interp %d needed %zu execstack %d relro %d\n",
		       f.machine, (int)f.elf_class, f.type, f.has_interp, f.needed.n, f.exec_stack,
		       f.has_relro);
	return file_write_fast(io->out[0], line, 0644, e);
}

const struct step plan_policy_step = {
    .name = "elf-policy", .version = "4", .run = run_policy, .brief = true};
