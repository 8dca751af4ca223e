/*
 * embed: files as symbols. The assembler brings them in whole (.incbin), so megabytes cost no compiler; the
 * header says what there is and finds a file by name.
 */
#include "plan/plan_impl.h"

static const char header_text[] =
    "/* Made by cbuild: the files of embed: NAME, sorted by name, and how many. */\n"
    "#ifndef EMBED_NAME_H\n"
    "#define EMBED_NAME_H\n"
    "#include <stddef.h>\n"
    "#include <string.h>\n"
    "#ifndef EMBED_FILE\n"
    "#define EMBED_FILE\n"
    "struct embedded {\n"
    "\tconst char *name;          /* relative to the manifest's folder */\n"
    "\tconst unsigned char *data; /* a NUL follows, for texts */\n"
    "\tsize_t size;               /* in bytes, without it */\n"
    "};\n"
    "#endif\n"
    "extern const struct embedded embed_NAME[];\n"
    "extern const size_t embed_NAME_count;\n"
    "/* The file of that name, or NULL. */\n"
    "static inline const struct embedded *embed_NAME_find(const char *name)\n"
    "{\n"
    "\tsize_t lo = 0, hi = embed_NAME_count;\n"
    "\n"
    "\twhile (lo < hi) {\n"
    "\t\tsize_t mid = lo + (hi - lo) / 2;\n"
    "\t\tint c = strcmp(name, embed_NAME[mid].name);\n"
    "\n"
    "\t\tif (c == 0)\n"
    "\t\t\treturn &embed_NAME[mid];\n"
    "\t\tif (c < 0)\n"
    "\t\t\thi = mid;\n"
    "\t\telse\n"
    "\t\t\tlo = mid + 1;\n"
    "\t}\n"
    "\treturn NULL;\n"
    "}\n"
    "#endif\n";

/* Text with each NAME replaced. */
static struct str fill(struct arena *a, struct str text, struct str name)
{
	struct buf b = {0};
	struct str out;

	while (text.n) {
		size_t n = str_find(text, 'N');

		buf_add(&b, text.p, n);
		text = str_skip(text, n);
		if (str_startsc(text, "NAME")) {
			buf_adds(&b, name);
			text = str_skip(text, 4);
		} else if (text.n) {
			buf_add_byte(&b, 'N');
			text = str_skip(text, 1);
		}
	}
	out = str_dup(a, buf_str(&b));
	buf_fini(&b);
	return out;
}

struct str plan_embed_header(struct arena *a, struct str name)
{
	return fill(a, str_of(header_text), name);
}

/* The words of the target's size; alignment is a power of two on every target. */
static void add_index(struct buf *b, struct str name, size_t n, bool wide)
{
	const char *word = wide ? ".quad" : ".long";

	buf_printf(b,
		   "\t.section .data.rel.ro.embed_%.*s,\"aw\",%%progbits\n\t.balign 16\n"
		   "\t.globl embed_%.*s\n\t.type embed_%.*s, %%object\nembed_%.*s:\n",
		   STR_ARG(name), STR_ARG(name), STR_ARG(name), STR_ARG(name));
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "\t%s .Lname%zu, .Ldata%zu, .Lend%zu - .Ldata%zu\n", word, i, i, i,
			   i);
	buf_printf(b,
		   "\t%s 0, 0, 0\n\t.size embed_%.*s, . - embed_%.*s\n"
		   "\t.globl embed_%.*s_count\n\t.type embed_%.*s_count, %%object\n"
		   "embed_%.*s_count:\n\t%s %zu\n\t.size embed_%.*s_count, . - embed_%.*s_count\n",
		   word, STR_ARG(name), STR_ARG(name), STR_ARG(name), STR_ARG(name), STR_ARG(name),
		   word, n, STR_ARG(name), STR_ARG(name));
}

struct str plan_embed_assembly(struct plan *p, struct str name, const struct maker *m)
{
	enum { ELF_CLASS_64 = 2 };
	struct buf b = {0};
	struct str out;

	buf_printf(&b, "\t.section .rodata.embed_%.*s,\"a\",%%progbits\n", STR_ARG(name));
	for (size_t i = 0; i < m->in.n; i++) {
		buf_printf(&b, "\t.balign 16\n.Ldata%zu:\n\t.incbin ", i);
		buf_add_quoted(&b, m->in.v[i]);
		buf_printf(&b, "\n.Lend%zu:\n\t.byte 0\n.Lname%zu:\n\t.asciz ", i, i);
		buf_add_quoted(&b, m->files.v[i]);
		buf_add_byte(&b, '\n');
	}
	add_index(&b, name, m->in.n, target_elf_class(&p->opts.target) == ELF_CLASS_64);
	buf_addc(&b, "\t.section .note.GNU-stack,\"\",%progbits\n");
	out = str_dup(p->arena, buf_str(&b));
	buf_fini(&b);
	return out;
}
