/*
 * The linker defines __ehdr_start where the ELF header is mapped. From there
 * the program headers lead to the notes, as the ELF specification and elf(5)
 * lay them out; one of them is named "GNU", of type 3, and holds the id.
 */
#include "process/process.h"

#include <elf.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if ULONG_MAX > 0xffffffffUL
typedef Elf64_Ehdr elf_header;
typedef Elf64_Phdr elf_segment;
typedef Elf64_Nhdr elf_note;
#else
typedef Elf32_Ehdr elf_header;
typedef Elf32_Phdr elf_segment;
typedef Elf32_Nhdr elf_note;
#endif

enum { ID_BYTES_MAX = 32, NOTE_BUILD_ID = 3 };

extern const elf_header __ehdr_start __attribute__((visibility("hidden"), weak));

static char id_hex[2 * ID_BYTES_MAX + 1];

static size_t round4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static void to_hex(const unsigned char *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n && i < ID_BYTES_MAX; i++) {
		id_hex[2 * i] = digits[p[i] >> 4];
		id_hex[2 * i + 1] = digits[p[i] & 15];
	}
}

static bool read_notes(const unsigned char *p, size_t n)
{
	elf_note note;

	while (n >= sizeof(note)) {
		size_t name, desc;

		memcpy(&note, p, sizeof(note));
		name = round4(note.n_namesz);
		desc = round4(note.n_descsz);
		if (name > n - sizeof(note) || desc > n - sizeof(note) - name)
			return false;
		p += sizeof(note);
		if (note.n_type == NOTE_BUILD_ID && name == 4 && memcmp(p, "GNU", 4) == 0) {
			to_hex(p + name, note.n_descsz);
			return true;
		}
		p += name + desc;
		n -= sizeof(note) + name + desc;
	}
	return false;
}

/* A segment's address is relative to the first byte of the file when that is mapped at `base`. */
static uintptr_t file_base(const elf_segment *segments, size_t n, uintptr_t header)
{
	for (size_t i = 0; i < n; i++) {
		if (segments[i].p_type == PT_LOAD && segments[i].p_offset == 0)
			return header - (uintptr_t)segments[i].p_vaddr;
	}
	return header;
}

static void find_id(void)
{
	uintptr_t header = (uintptr_t)&__ehdr_start;
	const elf_segment *segments;
	uintptr_t base;

	if (header == 0)
		return;
	segments = (const elf_segment *)(header + (uintptr_t)__ehdr_start.e_phoff);
	base = file_base(segments, __ehdr_start.e_phnum, header);
	for (size_t i = 0; i < __ehdr_start.e_phnum; i++) {
		const elf_segment *s = &segments[i];

		if (s->p_type == PT_NOTE &&
		    read_notes((const unsigned char *)(base + (uintptr_t)s->p_vaddr), s->p_memsz))
			return;
	}
}

const char *process_build_id(void)
{
	if (id_hex[0] == '\0')
		find_id();
	return id_hex[0] != '\0' ? id_hex : "unknown";
}
