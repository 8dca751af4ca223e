/*
 * One reader for four shapes (32/64 bit, little/big endian). Fields are fetched by offset and width
 * through get(), which gives 0 and notes the damage when a field lies outside the file; so a table
 * is checked once as a whole, and nothing is ever cast to a struct. Notes come from PT_NOTE
 * segments, which survive stripping, and from SHT_NOTE sections of files without segments
 * (objects).
 */
#include "format/elf.h"

#include <string.h>

enum {
	SEG_LOAD = 1,
	SEG_DYNAMIC = 2,
	SEG_INTERP = 3,
	SEG_NOTE = 4,
	SEG_GNU_STACK = 0x6474e551,
	SEG_GNU_RELRO = 0x6474e552,
	FLAG_X = 1,
	FLAG_W = 2,
	SECT_SYMTAB = 2,
	SECT_NOTE = 7,
	SECT_NOBITS = 8,
	SECT_FLAG_EXEC = 4,
	TAG_NEEDED = 1,
	TAG_STRTAB = 5,
	TAG_STRSZ = 10,
	TAG_SONAME = 14,
	TAG_RPATH = 15,
	TAG_TEXTREL = 22,
	TAG_BIND_NOW = 24,
	TAG_RUNPATH = 29,
	TAG_FLAGS = 30,
	TAG_FLAGS_1 = 0x6ffffffb,
	FLAGS_TEXTREL = 4,
	FLAGS_BIND_NOW = 8,
	FLAGS_1_NOW = 1,
	FLAGS_1_PIE = 0x08000000,
	NOTE_BUILD_ID = 3,
	IDENT_BYTES = 16,
	COUNT_ELSEWHERE = 0xffff, /* e_phnum: the real one is in section 0 */
};

static const uint32_t note_package = 0xcafe1a7e;

struct reader {
	struct arena *arena;
	struct str bytes;
	struct elf_facts *out;
	struct err *e;
	bool wide, big; /* 64 bit; big endian */
	uint64_t segments_at, segment_bytes, segment_count;
	uint64_t sections_at, section_bytes, section_count, names_index;
	uint64_t note_budget; /* bytes of notes still to read: overlapping segments cannot multiply
				 the work */
};

struct segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, file_bytes, align;
};

struct section {
	uint32_t name, type, info;
	uint64_t flags, offset, size_bytes, align, link;
};

static bool damaged(struct err *e, const char *what)
{
	err_set(e, ERR_INPUT, "damaged ELF file: %s", what);
	return err_fix(e, "it is truncated or was changed after linking: build it again");
}

static bool inside(const struct reader *r, uint64_t offset, uint64_t size_bytes)
{
	return offset <= r->bytes.n && size_bytes <= r->bytes.n - offset;
}

/* The unsigned field of width bytes at offset; 0 outside of the file. */
static uint64_t get(const struct reader *r, uint64_t offset, unsigned width)
{
	const unsigned char *p;
	uint64_t v = 0;

	if (!inside(r, offset, width))
		return 0;
	p = (const unsigned char *)r->bytes.p + offset;
	for (unsigned i = 0; i < width; i++)
		v = v << 8 | p[r->big ? i : width - 1 - i];
	return v;
}

static uint32_t get32(const struct reader *r, uint64_t offset)
{
	return (uint32_t)get(r, offset, 4);
}

/* A field of 4 bytes at narrow_at in 32-bit files, of 8 bytes at wide_at in 64-bit ones. */
static uint64_t get_word(const struct reader *r, uint64_t base, unsigned narrow_at,
			 unsigned wide_at)
{
	return r->wide ? get(r, base + wide_at, 8) : get(r, base + narrow_at, 4);
}

static struct segment segment_at(const struct reader *r, uint64_t i)
{
	uint64_t at = r->segments_at + i * r->segment_bytes;
	struct segment s;

	s.type = get32(r, at);
	s.flags = get32(r, at + (r->wide ? 4 : 24));
	s.offset = get_word(r, at, 4, 8);
	s.vaddr = get_word(r, at, 8, 16);
	s.file_bytes = get_word(r, at, 16, 32);
	s.align = get_word(r, at, 28, 48);
	return s;
}

static struct section section_at(const struct reader *r, uint64_t i)
{
	uint64_t at = r->sections_at + i * r->section_bytes;
	struct section s;

	s.name = get32(r, at);
	s.type = get32(r, at + 4);
	s.flags = get_word(r, at, 8, 8);
	s.offset = get_word(r, at, 16, 24);
	s.size_bytes = get_word(r, at, 20, 32);
	s.link = get32(r, at + (r->wide ? 40 : 24));
	s.info = get32(r, at + (r->wide ? 44 : 28));
	s.align = get_word(r, at, 32, 48);
	return s;
}

static bool read_header(struct reader *r)
{
	const unsigned char *p = (const unsigned char *)r->bytes.p;

	if (!elf_is(r->bytes)) {
		err_set(r->e, ERR_INPUT,
			"not an ELF file: it does not begin with ELF's magic number");
		return err_fix(r->e, "give a program, library or object file of a Unix system");
	}
	if (r->bytes.n < IDENT_BYTES || (p[4] != ELF_CLASS_32 && p[4] != ELF_CLASS_64))
		return damaged(r->e, "its class is neither 32 nor 64 bit");
	if (p[5] != ELF_LITTLE && p[5] != ELF_BIG)
		return damaged(r->e, "its byte order is neither little nor big endian");
	r->wide = p[4] == ELF_CLASS_64;
	r->big = p[5] == ELF_BIG;
	if (!inside(r, 0, r->wide ? 64 : 52))
		return damaged(r->e, "its header is cut off");
	r->out->elf_class = (enum elf_class)p[4];
	r->out->data = (enum elf_data)p[5];
	r->out->type = (int)get(r, 16, 2);
	r->out->machine = (int)get(r, 18, 2);
	r->out->entry = get_word(r, 0, 24, 24);
	r->out->flags = get32(r, r->wide ? 48 : 36);
	return true;
}

static bool find_tables(struct reader *r)
{
	unsigned tail = r->wide ? 54 : 42; /* e_phentsize and what follows it */

	r->segments_at = get_word(r, 0, 28, 32);
	r->sections_at = get_word(r, 0, 32, 40);
	r->segment_bytes = get(r, tail, 2);
	r->segment_count = get(r, tail + 2, 2);
	r->section_bytes = get(r, tail + 4, 2);
	r->section_count = get(r, tail + 6, 2);
	r->names_index = get(r, tail + 8, 2);
	if (r->sections_at) {
		struct section first = section_at(r, 0);

		if (r->section_bytes < (r->wide ? 64 : 40) ||
		    !inside(r, r->sections_at, r->section_bytes))
			return damaged(r->e, "its section table lies beyond its end");
		r->section_count = r->section_count ? r->section_count : first.size_bytes;
		if (r->segment_count == COUNT_ELSEWHERE)
			r->segment_count = first.info;
		if (r->names_index == COUNT_ELSEWHERE)
			r->names_index = first.link;
	} else {
		r->section_count = 0;
	}
	if (r->section_count > r->bytes.n / 40 ||
	    !inside(r, r->sections_at, r->section_count * r->section_bytes))
		return damaged(r->e, "its section table lies beyond its end");
	if (r->segment_count > ELF_MAX_SEGMENTS)
		return damaged(r->e, "it has more than 1024 segments");
	if (r->segment_count && (r->segment_bytes < (r->wide ? 56 : 32) ||
				 !inside(r, r->segments_at, r->segment_count * r->segment_bytes)))
		return damaged(r->e, "its segment table lies beyond its end");
	return true;
}

/* The text at offset up to its NUL, at most limit bytes; false when no NUL is found there. */
static bool text_at(struct reader *r, uint64_t offset, uint64_t limit, struct str *out)
{
	const char *end, *p;

	if (!inside(r, offset, limit))
		return false;
	p = r->bytes.p + offset;
	end = memchr(p, '\0', (size_t)(limit < ELF_MAX_NAME ? limit : ELF_MAX_NAME));
	if (!end)
		return false;
	*out = str_dup(r->arena, (struct str){p, (size_t)(end - p)});
	return true;
}

static bool owner_is(const struct reader *r, uint64_t at, uint64_t n, const char *name)
{
	size_t want = strlen(name) + 1;

	return n == want && memcmp(r->bytes.p + at, name, want) == 0;
}

static void keep_note(struct reader *r, uint64_t at, uint64_t name_bytes, uint64_t desc_at,
		      uint64_t desc_bytes)
{
	struct str desc = {r->bytes.p + desc_at, (size_t)desc_bytes};
	uint32_t type = get32(r, at + 8);

	if (type == NOTE_BUILD_ID && owner_is(r, at + 12, name_bytes, "GNU") && !r->out->build_id.n)
		r->out->build_id = str_dup(r->arena, desc);
	if (type != note_package || !owner_is(r, at + 12, name_bytes, "FDO") || r->out->package.n)
		return;
	while (desc.n && desc.p[desc.n - 1] == '\0')
		desc.n--;
	r->out->package = str_dup(r->arena, desc);
}

static uint64_t round_up(uint64_t n, uint64_t align)
{
	return (n + align - 1) / align * align;
}

/* Notes: namesz, descsz, type (4 bytes each, also in 64-bit files), name, desc, padded to align. */
static bool read_notes(struct reader *r, uint64_t offset, uint64_t size_bytes, uint64_t align)
{
	uint64_t at = offset, end = offset + size_bytes;

	if (!inside(r, offset, size_bytes))
		return damaged(r->e, "its notes lie beyond its end");
	if (size_bytes > r->note_budget)
		return damaged(r->e, "its notes overlap");
	r->note_budget -= size_bytes;
	align = align == 8 ? 8 : 4;
	while (end - at >= 12) {
		uint64_t name_bytes = get32(r, at), desc_bytes = get32(r, at + 4);
		uint64_t desc_at = offset + round_up(at - offset + 12 + name_bytes, align);

		if (name_bytes > end - at - 12 || desc_at > end || desc_bytes > end - desc_at)
			return damaged(r->e, "a note is longer than its segment");
		keep_note(r, at, name_bytes, desc_at, desc_bytes);
		at = offset + round_up(desc_at - offset + desc_bytes, align);
		if (at >= end)
			break;
	}
	return true;
}

/* File offset of an address, through the loaded segments; *left is what follows it in its segment.
 */
static bool offset_of(const struct reader *r, uint64_t vaddr, uint64_t *offset, uint64_t *left)
{
	for (uint64_t i = 0; i < r->segment_count; i++) {
		struct segment s = segment_at(r, i);

		if (s.type != SEG_LOAD || vaddr < s.vaddr || vaddr - s.vaddr >= s.file_bytes ||
		    !inside(r, s.offset, s.file_bytes))
			continue;
		*offset = s.offset + (vaddr - s.vaddr);
		*left = s.file_bytes - (vaddr - s.vaddr);
		return true;
	}
	return false;
}

struct dynamic {
	uint64_t at, count, names_at, names_bytes;
};

static uint64_t dynamic_tag(const struct reader *r, const struct dynamic *d, uint64_t i,
			    uint64_t *value)
{
	uint64_t at = d->at + i * (r->wide ? 16 : 8);

	*value = get_word(r, at, 4, 8);
	return get_word(r, at, 0, 0);
}

static void note_flags(struct elf_facts *out, uint64_t tag, uint64_t value)
{
	out->has_textrel |= tag == TAG_TEXTREL || (tag == TAG_FLAGS && value & FLAGS_TEXTREL);
	out->bind_now |= tag == TAG_BIND_NOW || (tag == TAG_FLAGS && value & FLAGS_BIND_NOW) ||
			 (tag == TAG_FLAGS_1 && value & FLAGS_1_NOW);
	out->is_pie |= tag == TAG_FLAGS_1 && value & FLAGS_1_PIE;
}

/* Finds the string table and counts the entries before the closing null one. */
static void scan_dynamic(struct reader *r, struct dynamic *d)
{
	uint64_t tag, value, names = 0, size_bytes = 0, left, n;

	for (n = 0; n < d->count; n++) {
		tag = dynamic_tag(r, d, n, &value);
		if (tag == 0)
			break;
		names = tag == TAG_STRTAB ? value : names;
		size_bytes = tag == TAG_STRSZ ? value : size_bytes;
		note_flags(r->out, tag, value);
	}
	d->count = n;
	d->names_bytes = 0;
	if (names && offset_of(r, names, &d->names_at, &left))
		d->names_bytes = size_bytes < left ? size_bytes : left;
}

static bool dynamic_text(struct reader *r, const struct dynamic *d, uint64_t value, struct str *out)
{
	if (value < d->names_bytes && text_at(r, d->names_at + value, d->names_bytes - value, out))
		return true;
	return damaged(r->e, "a name of its dynamic section lies outside its string table");
}

static bool keep_dynamic(struct reader *r, const struct dynamic *d, uint64_t tag, uint64_t value)
{
	switch (tag) {
	case TAG_NEEDED:
		if (r->out->needed.n >= ELF_MAX_NEEDED)
			return damaged(r->e, "it needs more than 4096 libraries");
		return dynamic_text(r, d, value, vec_push(r->arena, &r->out->needed));
	case TAG_SONAME:
		return dynamic_text(r, d, value, &r->out->soname);
	case TAG_RPATH:
		return dynamic_text(r, d, value, &r->out->rpath);
	case TAG_RUNPATH:
		return dynamic_text(r, d, value, &r->out->runpath);
	default:
		return true;
	}
}

static bool read_dynamic(struct reader *r, const struct segment *s)
{
	struct dynamic d = {.at = s->offset, .count = s->file_bytes / (r->wide ? 16 : 8)};

	r->out->has_dynamic = true;
	if (!inside(r, s->offset, s->file_bytes))
		return damaged(r->e, "its dynamic section lies beyond its end");
	if (d.count > ELF_MAX_DYNAMIC)
		return damaged(r->e, "its dynamic section has more than 65536 entries");
	scan_dynamic(r, &d);
	for (uint64_t i = 0; i < d.count; i++) {
		uint64_t value, tag = dynamic_tag(r, &d, i, &value);

		if (!keep_dynamic(r, &d, tag, value))
			return false;
	}
	return true;
}

static bool read_interp(struct reader *r, const struct segment *s)
{
	r->out->has_interp = true;
	if (!text_at(r, s->offset, s->file_bytes, &r->out->interp))
		return damaged(r->e, "the name of its loader lies beyond its end");
	return true;
}

static bool read_segment(struct reader *r, const struct segment *s)
{
	struct elf_facts *out = r->out;

	switch (s->type) {
	case SEG_LOAD:
		if (!inside(r, s->offset, s->file_bytes))
			return damaged(r->e, "a segment lies beyond its end");
		out->has_load = true;
		out->has_rwx |= (s->flags & FLAG_W) && (s->flags & FLAG_X);
		return true;
	case SEG_DYNAMIC:
		return out->has_dynamic ? damaged(r->e, "it has two dynamic segments")
					: read_dynamic(r, s);
	case SEG_INTERP:
		return out->has_interp ? damaged(r->e, "it has two loaders") : read_interp(r, s);
	case SEG_NOTE:
		return read_notes(r, s->offset, s->file_bytes, s->align);
	case SEG_GNU_STACK:
		out->has_gnu_stack = true;
		out->exec_stack |= s->flags & FLAG_X;
		return true;
	case SEG_GNU_RELRO:
		out->has_relro = true;
		return true;
	default:
		return true;
	}
}

static bool read_segments(struct reader *r)
{
	for (uint64_t i = 0; i < r->segment_count; i++) {
		struct segment s = segment_at(r, i);

		if (!read_segment(r, &s))
			return false;
	}
	return true;
}

static bool section_is(const struct reader *r, const struct section *names, const struct section *s,
		       struct str want)
{
	return s->name < names->size_bytes && want.n < names->size_bytes - s->name &&
	       memcmp(r->bytes.p + names->offset + s->name, want.p, want.n + 1) == 0;
}

/* What only objects say by sections: programs have segments for it. */
static bool read_object_section(struct reader *r, const struct section *names,
				const struct section *s)
{
	if (section_is(r, names, s, STR(".note.GNU-stack"))) {
		r->out->has_gnu_stack = true;
		r->out->exec_stack |= (s->flags & SECT_FLAG_EXEC) != 0;
		return true;
	}
	return s->type != SECT_NOTE || read_notes(r, s->offset, s->size_bytes, s->align);
}

static bool read_sections(struct reader *r)
{
	struct section names = {0};

	if (r->names_index && r->names_index < r->section_count)
		names = section_at(r, r->names_index);
	if (!inside(r, names.offset, names.size_bytes))
		return damaged(r->e, "its section names lie beyond its end");
	for (uint64_t i = 1; i < r->section_count; i++) {
		struct section s = section_at(r, i);

		if (s.type != SECT_NOBITS && s.type && !inside(r, s.offset, s.size_bytes))
			return damaged(r->e, "a section lies beyond its end");
		r->out->has_sections = true;
		r->out->has_symtab |= s.type == SECT_SYMTAB;
		r->out->has_debug |= section_is(r, &names, &s, STR(".debug_info"));
		if (r->segment_count == 0 && !read_object_section(r, &names, &s))
			return false;
	}
	return true;
}

bool elf_is(struct str bytes)
{
	return bytes.n >= 4 && memcmp(bytes.p, "\177ELF", 4) == 0;
}

bool elf_read(struct arena *a, struct str bytes, struct elf_facts *out, struct err *e)
{
	struct reader r = {.arena = a, .bytes = bytes, .out = out, .e = e, .note_budget = bytes.n};

	memset(out, 0, sizeof *out);
	return read_header(&r) && find_tables(&r) && read_segments(&r) && read_sections(&r);
}

/* Whether entry i of the symbol table is name, in the state asked for. */
static bool symbol_is(const struct reader *r, const struct section *table, uint64_t i,
		      struct str name, bool defined)
{
	uint64_t at = table->offset + i * (r->wide ? 24 : 16);
	struct section names = section_at(r, table->link);
	struct section s = {.name = get32(r, at)};

	if ((get(r, at + (r->wide ? 6 : 14), 2) != 0) != defined ||
	    !inside(r, names.offset, names.size_bytes))
		return false;
	return section_is(r, &names, &s, name);
}

bool elf_has_symbol(struct str bytes, struct str name, bool defined)
{
	struct elf_facts facts = {0};
	struct err ignored;
	struct reader r = {.bytes = bytes, .out = &facts, .e = &ignored};

	if (!read_header(&r) || !find_tables(&r))
		return false;
	for (uint64_t i = 1; i < r.section_count; i++) {
		struct section s = section_at(&r, i);

		if (s.type != SECT_SYMTAB || !inside(&r, s.offset, s.size_bytes) ||
		    s.link >= r.section_count)
			continue;
		for (uint64_t k = 1; k < s.size_bytes / (r.wide ? 24 : 16); k++)
			if (symbol_is(&r, &s, k, name, defined))
				return true;
	}
	return false;
}

static bool is_debug_name(struct str name)
{
	return str_startsc(name, ".debug_") || str_startsc(name, ".rela.debug_") ||
	       str_startsc(name, ".rel.debug_");
}

void elf_drop_debug(char *bytes, size_t n)
{
	struct elf_facts facts = {0};
	struct arena scratch = {0};
	struct err ignored;
	struct reader r = {.arena = &scratch, .bytes = {bytes, n}, .out = &facts, .e = &ignored};
	struct section names;
	struct str name;

	if (!read_header(&r) || facts.type != ELF_OBJECT || !find_tables(&r) ||
	    r.names_index >= r.section_count)
		return;
	names = section_at(&r, r.names_index);
	for (uint64_t i = 1; inside(&r, names.offset, names.size_bytes) && i < r.section_count;
	     i++) {
		struct section s = section_at(&r, i);

		if (s.name < names.size_bytes &&
		    text_at(&r, names.offset + s.name, names.size_bytes - s.name, &name) &&
		    is_debug_name(name))
			memset(bytes + r.sections_at + i * r.section_bytes + 4, 0, 4);
	}
	arena_fini(&scratch);
}
