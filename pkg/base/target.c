/*
 * The table of targets: everything that depends on an architecture's name stands in one row.
 */
#include "base/target.h"

#include <elf.h>

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

struct target_row {
	struct target target;
	const char *qemu;
	int machine, elf_class;
};

#define ROW(arch, variant, qemu, machine, class)                                                   \
	{                                                                                          \
		{{"linux", 5}, {arch, sizeof(arch) - 1}, {variant, sizeof(variant) - 1}}, qemu,    \
		    machine, class                                                                 \
	}

static const struct target_row rows[] = {
    ROW("amd64", "", "qemu-x86_64-static", EM_X86_64, ELFCLASS64),
    ROW("386", "", "qemu-i386-static", EM_386, ELFCLASS32),
    ROW("arm64", "", "qemu-aarch64-static", EM_AARCH64, ELFCLASS64),
    ROW("arm", "v7", "qemu-arm-static", EM_ARM, ELFCLASS32),
    ROW("arm", "v6", "qemu-arm-static", EM_ARM, ELFCLASS32),
    ROW("riscv64", "", "qemu-riscv64-static", EM_RISCV, ELFCLASS64),
    ROW("ppc64le", "", "qemu-ppc64le-static", EM_PPC64, ELFCLASS64),
    ROW("s390x", "", "qemu-s390x-static", EM_S390, ELFCLASS64),
    ROW("loong64", "", "qemu-loongarch64-static", EM_LOONGARCH, ELFCLASS64),
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static const struct target_row *find_row(const struct target *t)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (target_eq(&rows[i].target, t))
			return &rows[i];
	return NULL;
}

bool target_eq(const struct target *a, const struct target *b)
{
	return str_eq(a->os, b->os) && str_eq(a->arch, b->arch) && str_eq(a->variant, b->variant);
}

static struct str join(struct arena *a, const struct target *t, char sep)
{
	struct str s = str_fmt(a, "%.*s%c%.*s", STR_ARG(t->os), sep, STR_ARG(t->arch));

	return t->variant.n ? str_fmt(a, "%.*s%c%.*s", STR_ARG(s), sep, STR_ARG(t->variant)) : s;
}

struct str target_name(struct arena *a, const struct target *t)
{
	return join(a, t, '/');
}

struct str target_folder(struct arena *a, const struct target *t)
{
	return join(a, t, '-');
}

static bool unknown(struct str text, struct err *e)
{
	struct buf names = {0};
	struct arena a = {0};

	for (size_t i = 0; i < ROW_COUNT; i++) {
		struct str name = target_name(&a, &rows[i].target);

		buf_printf(&names, "%s%.*s", i ? ", " : "", STR_ARG(name));
	}
	err_set(e, ERR_USAGE, "unknown target '%.*s'", STR_ARG(text));
	err_fix(e, "known targets: %s", names.p);
	buf_fini(&names);
	arena_fini(&a);
	return false;
}

bool target_parse(struct str text, struct target *out, struct err *e)
{
	struct str rest = text;
	struct target t = {.os = str_cut(&rest, '/')};

	if (rest.p)
		t.arch = str_cut(&rest, '/');
	if (rest.p && !rest.n)
		return unknown(text, e);
	if (rest.p)
		t.variant = rest;
	if (str_eqc(t.arch, "arm") && !t.variant.n)
		t.variant = STR("v7");
	if (str_eqc(t.arch, "arm64") && str_eqc(t.variant, "v8"))
		t.variant = STR("");
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (!target_eq(&rows[i].target, &t))
			continue;
		*out = rows[i].target;
		return true;
	}
	return unknown(text, e);
}

struct target target_host(void)
{
#if defined(__x86_64__)
	return rows[0].target;
#elif defined(__i386__)
	return rows[1].target;
#elif defined(__aarch64__)
	return rows[2].target;
#elif defined(__arm__) && __ARM_ARCH >= 7
	return rows[3].target;
#elif defined(__arm__)
	return rows[4].target;
#elif defined(__riscv)
	return rows[5].target;
#elif defined(__powerpc64__)
	return rows[6].target;
#elif defined(__s390x__)
	return rows[7].target;
#elif defined(__loongarch64)
	return rows[8].target;
#else
#error "add this machine to the table of targets"
#endif
}

struct str target_qemu(const struct target *t)
{
	struct target host = target_host();
	const struct target_row *row = find_row(t);

	/* A 64-bit x86 kernel runs 32-bit x86 programs itself. */
	if (!row || target_eq(&host, t) || (str_eqc(host.arch, "amd64") && str_eqc(t->arch, "386")))
		return STR("");
	return str_of(row->qemu);
}

int target_elf_machine(const struct target *t)
{
	const struct target_row *row = find_row(t);

	return row ? row->machine : EM_NONE;
}

int target_elf_class(const struct target *t)
{
	const struct target_row *row = find_row(t);

	return row ? row->elf_class : ELFCLASSNONE;
}
