/*
 * elf: what a linked program or object says about itself, read from hostile bytes.
 *
 *     struct elf_facts f;
 *     if (!elf_read(&arena, bytes, &f, &e)) ...
 *     if (f.has_interp || f.needed.n) ...        not static
 *
 * Both classes and byte orders of the System V ABI (gABI 4.3, chapters 4 and 5), notes of the GNU
 * ABI and the FDO package metadata note (systemd.io/ELF_PACKAGE_METADATA). It hides offsets,
 * widths, address to file mapping and every bounds check: no field is trusted, and work is linear
 * in the file's size.
 */
#ifndef FORMAT_ELF_H
#define FORMAT_ELF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/vec.h"

/* The gABI's own numbers. */
enum elf_class { ELF_CLASS_32 = 1, ELF_CLASS_64 = 2 };
enum elf_data { ELF_LITTLE = 1, ELF_BIG = 2 };
enum elf_type { ELF_OBJECT = 1, ELF_EXEC = 2, ELF_DYN = 3, ELF_CORE = 4 };

/* Named limits; a file beyond them is refused (ERR_INPUT), not read in part. */
enum {
	ELF_MAX_SEGMENTS = 1024,
	ELF_MAX_DYNAMIC = 65536,
	ELF_MAX_NEEDED = 4096,
	ELF_MAX_NAME = 4096
};

struct elf_facts {
	enum elf_class elf_class;
	enum elf_data data;
	int machine; /* e_machine: EM_X86_64 62, EM_AARCH64 183, EM_ARM 40 ... as <elf.h> has them
		      */
	int type;    /* e_type: one of enum elf_type, or a number of a system's own */
	uint32_t flags; /* e_flags */
	uint64_t entry; /* address of the first instruction, 0 for none */

	bool has_interp;       /* a PT_INTERP segment: needs a dynamic loader */
	struct str interp;     /* its text, "/lib64/ld-linux-x86-64.so.2" */
	bool has_dynamic;      /* a PT_DYNAMIC segment; static-PIE has one too */
	struct str_vec needed; /* DT_NEEDED in order */
	struct str soname, rpath, runpath;
	bool is_pie;	  /* DF_1_PIE; older linkers do not say it */
	bool has_textrel; /* relocations against read-only segments */
	bool bind_now;

	/* PT_GNU_STACK, or an object's .note.GNU-stack; without it many kernels give an executable
	 * stack. */
	bool has_gnu_stack;
	bool exec_stack; /* ... and it asks for an executable stack */
	bool has_rwx;	 /* a PT_LOAD that is writable and executable */
	bool has_relro;
	bool has_load; /* a PT_LOAD at all: something to run */

	struct str build_id; /* raw bytes of NT_GNU_BUILD_ID; empty for none */
	struct str package;  /* JSON text of .note.package; empty for none */

	bool has_sections;
	bool has_symtab; /* SHT_SYMTAB: not stripped */
	bool has_debug;	 /* a section .debug_info */
};

/*
 * Reads bytes, the whole file. Strs of *out are copies in arena a. ERR_INPUT when it is no ELF file
 * or a table lies outside of it; the caller adds the path. On failure *out holds nothing to use.
 */
bool elf_read(struct arena *a, struct str bytes, struct elf_facts *out,
	      struct err *e) ATTR_MUST_USE;

/*
 * Whether a symbol table (SHT_SYMTAB, gABI chapter 4) of the file has name: defined (a program that
 * contains it) or undefined (an object that needs it). False for damaged and for stripped files.
 */
bool elf_has_symbol(struct str bytes, struct str name, bool defined);

/*
 * Makes a linker skip the debug information of an object, in place: the sections .debug_* and their relocations
 * become SHT_NULL. Anything but an object is left alone.
 */
void elf_drop_debug(char *bytes, size_t n);

/* Whether the bytes begin with ELF's magic number. */
bool elf_is(struct str bytes);

#endif
