/*
 * Files that assembler text reads: .incbin "name" and .include "name", in assembler files and in the strings
 * of C's asm statements. No compiler lists them in its depfile. A name that is put together by macros is not
 * known; the caller is told so.
 */
#include "format/ctok_impl.h"

#include <string.h>

struct asm_word {
	struct str src;
	size_t at;  /* of the dot */
	size_t end; /* behind the directive's name */
	bool incbin;
};

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '$';
}

/* Whether the char before src.p[i] is the letter of an escape: "\t.incbin". */
static bool behind_escape(struct str src, size_t i)
{
	return i >= 2 && src.p[i - 2] == '\\' && (src.p[i - 1] == 'n' || src.p[i - 1] == 't');
}

/* The next directive at or behind from; false when there is none. */
static bool next_word(struct str src, size_t from, struct asm_word *w)
{
	for (size_t i = from; i < src.n; i++) {
		const char *dot = memchr(src.p + i, '.', src.n - i);
		struct str rest;

		if (!dot)
			return false;
		i = (size_t)(dot - src.p);
		rest = str_skip(src, i);
		w->incbin = str_startsc(rest, ".incbin");
		if (!w->incbin && !str_startsc(rest, ".include"))
			continue;
		w->src = src;
		w->at = i;
		w->end = i + (w->incbin ? strlen(".incbin") : strlen(".include"));
		if (w->end < src.n && is_name_char(src.p[w->end]))
			continue;
		if (i == 0 || !is_name_char(src.p[i - 1]) || behind_escape(src, i))
			return true;
	}
	return false;
}

static bool starts_line(const struct asm_word *w)
{
	size_t i = w->at;

	while (i && (w->src.p[i - 1] == ' ' || w->src.p[i - 1] == '\t'))
		i--;
	return i == 0 || w->src.p[i - 1] == '\n';
}

/* The name up to the closing mark, which is "\"" in a C string; false when it is not whole. */
static bool quoted(struct str rest, bool escaped, struct str *name)
{
	size_t n = 0;

	while (n < rest.n && rest.p[n] != '"' && rest.p[n] != '\\' && rest.p[n] != '\n')
		n++;
	*name = str_from(rest.p, n);
	rest = str_skip(rest, n);
	return n && str_startsc(rest, escaped ? "\\\"" : "\"");
}

static void read_word(struct arena *a, const struct asm_word *w, bool assembler,
		      struct ctok_facts *out)
{
	struct str rest = str_skip(w->src, w->end), name;
	bool escaped, plain, in_string;

	while (rest.n && (rest.p[0] == ' ' || rest.p[0] == '\t'))
		rest = str_skip(rest, 1);
	escaped = str_startsc(rest, "\\\"");
	plain = str_startsc(rest, "\"") && (assembler || starts_line(w));
	if ((escaped || plain) && quoted(str_skip(rest, escaped ? 2 : 1), escaped, &name)) {
		*vec_push(a, &out->asm_reads) = str_dup(a, name);
		return;
	}
	/* In C anything but a quote or an operand is prose: a comment that mentions the directive. */
	in_string = behind_escape(w->src, w->at) || (w->at && w->src.p[w->at - 1] == '"');
	if (assembler || escaped || str_startsc(rest, "%"))
		out->asm_unknown = true;
	else if (str_startsc(rest, "\""))
		out->asm_unknown = out->asm_unknown || w->incbin || in_string;
}

void ctok_asm(struct arena *a, struct str src, bool assembler, struct ctok_facts *out)
{
	enum { READS_MAX = 4096 };
	struct asm_word w;

	for (size_t from = 0; next_word(src, from, &w); from = w.end) {
		if (out->asm_reads.n < READS_MAX)
			read_word(a, &w, assembler, out);
		else
			out->asm_unknown = true;
	}
}
