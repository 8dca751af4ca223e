/*
 * Where a function is defined, for the remedy of an undefined symbol, and where the tree's own build names
 * something. By text: a line that starts at its
 * first column, holds NAME ( ... ) and goes on with a brace. That is how C is laid out nearly everywhere; a
 * definition that looks otherwise is only not found.
 */
#include "load/load_impl.h"

#include <string.h>

#include "base/path.h"
#include "sys/file.h"

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static size_t skip_blanks(struct str s, size_t i)
{
	while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\n' || s.p[i] == '\r'))
		i++;
	return i;
}

/* Behind the parenthesis that closes the one at s[i]; s.n when there is none. */
static size_t skip_parameters(struct str s, size_t i)
{
	size_t depth = 0;

	for (; i < s.n && s.p[i] != ';' && s.p[i] != '{'; i++) {
		if (s.p[i] == '(')
			depth++;
		else if (s.p[i] == ')' && --depth == 0)
			return i + 1;
	}
	return s.n;
}

/* Whether the name at s[i..end) is followed by parameters and a body. */
static bool has_body(struct str s, size_t end)
{
	size_t i = skip_blanks(s, end);

	if (i >= s.n || s.p[i] != '(')
		return false;
	i = skip_blanks(s, skip_parameters(s, i));
	return i < s.n && s.p[i] == '{';
}

static bool line_is_declaration(struct str s, size_t at)
{
	while (at > 0 && s.p[at - 1] != '\n')
		at--;
	return is_word(s.p[at]) && !str_starts(str_skip(s, at), STR("static "));
}

bool load_text_defines(struct str text, struct str symbol)
{
	for (size_t i = 0; symbol.n && i + symbol.n < text.n; i++) {
		const char *hit = memchr(text.p + i, symbol.p[0], text.n - symbol.n - i);

		if (!hit)
			return false;
		i = (size_t)(hit - text.p);
		if (memcmp(hit, symbol.p, symbol.n) == 0 && (i == 0 || !is_word(hit[-1])) &&
		    !is_word(hit[symbol.n]) && line_is_declaration(text, i) &&
		    has_body(text, i + symbol.n))
			return true;
	}
	return false;
}

struct str load_find_definition(struct arena *a, const struct package_set *set, struct str symbol)
{
	enum { SOURCE_BYTES_MAX = 16 << 20 };

	for (size_t i = 0; i < set->files.n; i++) {
		struct arena scratch = {0};
		struct err ignored;
		struct str text;
		bool found = str_endsc(set->files.v[i], ".c") &&
			     file_read(&scratch, str_c(a, set->files.v[i]), SOURCE_BYTES_MAX, &text,
				       &ignored) &&
			     load_text_defines(text, symbol);

		arena_fini(&scratch);
		if (found)
			return set->files.v[i];
	}
	return (struct str){0};
}

/* Whether the word text stands at line[i]; -D before it counts as its beginning. */
static bool is_word_at(struct str line, size_t i, struct str text)
{
	size_t end = i + text.n;

	if (end > line.n || memcmp(line.p + i, text.p, text.n) != 0 ||
	    (end < line.n && is_word(line.p[end])))
		return false;
	return i == 0 || !is_word(line.p[i - 1]) ||
	       (i >= 2 && line.p[i - 1] == 'D' && line.p[i - 2] == '-');
}

/* Lines that look for something rather than make it: AC_CHECK_HEADERS, which may go over many lines. */
static bool is_probe(struct str line, bool configure)
{
	if (configure)
		return !str_containsc(line, "CONFIG_HEADER") && !str_containsc(line, "DEFINE");
	return str_containsc(line, "check_include") || str_containsc(line, "find_path") ||
	       str_containsc(line, "has_header");
}

static bool line_names(struct str line, struct str text, bool configure)
{
	line = str_trim(line);
	if ((line.n && line.p[0] == '#') || is_probe(line, configure))
		return false;
	for (size_t i = 0; text.n && i + text.n <= line.n; i++)
		if (is_word_at(line, i, text))
			return true;
	return false;
}

size_t load_text_names(struct str text, struct str word, bool configure)
{
	struct str line;

	for (size_t n = 1; str_line(&text, &line); n++)
		if (line_names(line, word, configure))
			return n;
	return 0;
}

struct str load_find_recipe(struct arena *a, const struct package_set *set, struct str word)
{
	enum { RECIPE_BYTES_MAX = 4 << 20 };

	for (size_t i = 0; i < set->recipes.n; i++) {
		struct arena scratch = {0};
		struct str path = set->recipes.v[i], text;
		struct err ignored;
		size_t line = 0;

		if (file_read(&scratch, str_c(a, path), RECIPE_BYTES_MAX, &text, &ignored))
			line =
			    load_text_names(text, word, str_startsc(path_base(path), "configure."));
		arena_fini(&scratch);
		if (line)
			return str_fmt(a, "%.*s:%zu", STR_ARG(path), line);
	}
	return (struct str){0};
}
