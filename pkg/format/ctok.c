/*
 * The scanner. Two walks share the pieces: ctok_next makes every token; ctok_next_directive looks only
 * at the bytes that can open a comment, a literal or a directive, found by a table, and stops looking
 * altogether where no '#' is left. Line splices are honoured where they may split a token: between '/'
 * and '*', in identifiers, in literals, at a line comment's end.
 *
 * Whether a '#' opens its line is decided by looking back from it: over white space to a newline, the
 * start, or a comment that itself opened its line. Each look stops at the first other byte, so the
 * whole stays linear.
 */
#include "format/ctok.h"

#include <string.h>

enum { C_IDENT = 1, C_DIGIT = 2, C_SPACE = 4 };

/* What a byte may be; bytes from 0x80 on are parts of identifiers (UTF-8). */
static unsigned char_class(unsigned char c)
{
	if (c >= 0x80 || c == '_' || c == '$' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return C_IDENT;
	if (c >= '0' && c <= '9')
		return C_DIGIT;
	if (c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r' || c == '\n')
		return C_SPACE;
	return 0;
}

/* Bytes at which the fast walk stops: comment, literal, directive ('#' or '%:'). */
static const bool stops[256] = {
    ['/'] = true, ['"'] = true, ['\''] = true, ['#'] = true, ['%'] = true};
/* Bytes at which the walk to a directive's end stops. */
static const bool line_stops[256] = {['/'] = true, ['"'] = true, ['\''] = true, ['\n'] = true};

/* Length of a line splice at p: 2, 3 (CR LF), or 0. */
static size_t splice_at(const char *p, const char *end)
{
	if (end - p >= 2 && p[0] == '\\' && p[1] == '\n')
		return 2;
	if (end - p >= 3 && p[0] == '\\' && p[1] == '\r' && p[2] == '\n')
		return 3;
	return 0;
}

static const char *skip_splices(const char *p, const char *end)
{
	for (size_t n; (n = splice_at(p, end)) != 0;)
		p += n;
	return p;
}

/* Whether the newline at p (not the first byte from start) is part of a splice. */
static bool is_spliced(const char *start, const char *p)
{
	if (p > start && p[-1] == '\r')
		p--;
	return p > start && p[-1] == '\\';
}

/* p before the splices that end at it. */
static const char *back_over_splices(const char *start, const char *p)
{
	while (p > start && p[-1] == '\n' && is_spliced(start, p - 1))
		p -= p - start >= 3 && p[-2] == '\r' ? 3 : 2;
	return p;
}

/* p: behind the opening. The end of a block comment, or of the source. */
static const char *skip_block(const char *p, const char *end)
{
	const char *body = p;

	while (p < end && (p = memchr(p, '/', (size_t)(end - p))) != NULL) {
		const char *before = back_over_splices(body, p);

		p++;
		if (before > body && before[-1] == '*')
			return p;
	}
	return end;
}

/* The newline that ends a line comment (not consumed), or the end. */
static const char *skip_line(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		if (!is_spliced(start, p))
			return p;
		p++;
	}
	return end;
}

/* p: behind the opening quote. Behind the closing one; at the newline when it is missing. */
static const char *skip_quoted(const char *p, const char *end, char quote)
{
	while (p < end) {
		size_t n = splice_at(p, end);

		if (n) {
			p += n;
		} else if (*p == '\\' && end - p >= 2 && p[1] != '\n') {
			p += 2;
		} else if (*p == '\n') {
			return p;
		} else if (*p++ == quote) {
			return p;
		}
	}
	return end;
}

/* The end of the comment that opens at p, or NULL when '/' is only a slash. */
static const char *comment_at(const char *p, const char *end)
{
	const char *q = skip_splices(p + 1, end);

	if (q == end)
		return NULL;
	if (*q == '*')
		return skip_block(q + 1, end);
	if (*q == '/')
		return skip_line(q + 1, end);
	return NULL;
}

static bool opens_line(const struct ctok *c, const char *p)
{
	if (c->in_directive)
		return false;
	for (;;) {
		p = back_over_splices(c->start, p);
		if (p == c->start || p[-1] == '\n')
			return true;
		if (p == c->comment_end)
			return c->comment_opened_line;
		if (char_class((unsigned char)p[-1]) != C_SPACE)
			return false;
		p--;
	}
}

/* Skips the comment at c->p when there is one. */
static bool skip_comment(struct ctok *c)
{
	const char *q = comment_at(c->p, c->end);

	if (!q)
		return false;
	c->comment_opened_line = opens_line(c, c->p);
	c->comment_end = q;
	c->p = q;
	return true;
}

static bool is_word(char c)
{
	return char_class((unsigned char)c) & (C_IDENT | C_DIGIT);
}

static bool is_exponent(char c)
{
	return c == 'e' || c == 'E' || c == 'p' || c == 'P';
}

/* Behind the identifier or number that begins at p; exponents' signs and ' belong to numbers. */
static const char *word_end(const char *p, const char *end, bool number, bool *spliced)
{
	while (p < end) {
		size_t n = splice_at(p, end);
		unsigned k = char_class((unsigned char)*p);
		bool exponent = number && is_exponent(*p);

		if (n) {
			*spliced = true;
			p += n;
		} else if (exponent && end - p >= 2 && (p[1] == '+' || p[1] == '-')) {
			p += 2;
		} else if ((k & (C_IDENT | C_DIGIT)) || (number && *p == '.')) {
			p++;
		} else if (number && *p == '\'' && end - p >= 2 && is_word(p[1])) {
			p += 2;
		} else {
			break;
		}
	}
	return p;
}

static bool number_at(const char *p, const char *end)
{
	if (char_class((unsigned char)*p) == C_DIGIT)
		return true;
	return *p == '.' && end - p >= 2 && char_class((unsigned char)p[1]) == C_DIGIT;
}

/* Back over all that a number may consist of, except separators. */
static const char *back_over_number(const char *start, const char *p)
{
	for (;;) {
		p = back_over_splices(start, p);
		if (p == start)
			return p;
		if (!is_word(p[-1]) && p[-1] != '.' &&
		    !((p[-1] == '+' || p[-1] == '-') && p - start >= 2 && is_exponent(p[-2])))
			return p;
		p--;
	}
}

/*
 * Whether the ' at p separates digits (1'000) and opens no literal: the words before it are read again,
 * forward, to see whether a number reaches up to it.
 */
static bool is_separator(struct ctok *c, const char *p)
{
	const char *q = back_over_number(c->start, p);
	bool inside = q > c->start && q - 1 == c->separator, spliced;

	if (c->end - p < 2 || !is_word(p[1]))
		return false;
	while (q < p) {
		bool number = inside || number_at(q, p);

		if (!number && !is_word(*q)) {
			q++;
			continue;
		}
		q = word_end(q, p, number, &spliced);
		if (number && q == p) {
			c->separator = p;
			return true;
		}
		inside = false;
	}
	return false;
}

/* The end of the logical line that p is in: its newline, or the end of the source. */
static const char *directive_end(struct ctok *c, const char *p)
{
	const char *start = p, *end = c->end;

	for (;;) {
		while (p < end && !line_stops[(unsigned char)*p])
			p++;
		if (p == end)
			return end;
		if (*p == '\n') {
			if (!is_spliced(start, p))
				return p;
			p++;
		} else if (*p == '/') {
			const char *q = comment_at(p, end);

			p = q ? q : p + 1;
		} else if (*p == '\'' && is_separator(c, p)) {
			p++;
		} else {
			p = skip_quoted(p + 1, end, *p);
		}
	}
}

/* Length of the '#' (or its digraph) at p, or 0. */
static size_t hash_at(const char *p, const char *end)
{
	if (*p == '#')
		return 1;
	return end - p >= 2 && p[0] == '%' && p[1] == ':' ? 2 : 0;
}

static void take_directive(struct ctok *c, size_t hash_bytes, struct ctok_token *t)
{
	const char *text = c->p + hash_bytes;

	c->p = directive_end(c, text);
	*t = (struct ctok_token){.kind = CTOK_DIRECTIVE, .text = {text, (size_t)(c->p - text)}};
}

void ctok_init(struct ctok *c, struct str src)
{
	*c = (struct ctok){.start = src.p, .p = src.p, .end = src.n ? src.p + src.n : src.p};
}

/* The first '%:' from p on, or NULL. */
static const char *find_digraph(const char *p, const char *end)
{
	for (; p < end && (p = memchr(p, '%', (size_t)(end - p))) != NULL; p++)
		if (hash_at(p, end))
			return p;
	return NULL;
}

/* Whether a directive may still come: a '#' or a '%:' is left. Each byte is looked at once. */
static bool has_hash(struct ctok *c)
{
	if (c->hash && c->hash >= c->p)
		return true;
	c->hash = NULL;
	if (!c->no_sharp)
		c->hash = memchr(c->p, '#', (size_t)(c->end - c->p));
	if (!c->hash) {
		c->no_sharp = true;
		c->hash = find_digraph(c->p, c->end);
	}
	return c->hash != NULL;
}

bool ctok_next_directive(struct ctok *c, struct ctok_token *t)
{
	if (c->p == c->end || !has_hash(c))
		c->p = c->end;
	while (c->p < c->end) {
		const char *p = c->p;

		while (p < c->end && !stops[(unsigned char)*p])
			p++;
		c->p = p;
		if (p == c->end)
			break;
		if (*p == '/') {
			if (!skip_comment(c))
				c->p++;
		} else if (*p == '"') {
			c->p = skip_quoted(p + 1, c->end, '"');
		} else if (*p == '\'') {
			c->p = is_separator(c, p) ? p + 1 : skip_quoted(p + 1, c->end, '\'');
		} else if (hash_at(p, c->end) && opens_line(c, p)) {
			take_directive(c, hash_at(p, c->end), t);
			return true;
		} else {
			c->p++;
		}
	}
	*t = (struct ctok_token){.kind = CTOK_END};
	return false;
}

static void skip_space(struct ctok *c)
{
	while (c->p < c->end) {
		size_t n = splice_at(c->p, c->end);

		if (n)
			c->p += n;
		else if (char_class((unsigned char)*c->p) == C_SPACE)
			c->p++;
		else if (*c->p != '/' || !skip_comment(c))
			return;
	}
}

static void take_punct(struct ctok *c, struct ctok_token *t)
{
	static const struct {
		char pair[3], means;
	} digraphs[] = {{"<%", '{'}, {"%>", '}'}, {"<:", '['}, {":>", ']'}, {"%:", '#'}};

	t->kind = CTOK_PUNCT;
	t->punct = *c->p;
	for (size_t i = 0; c->end - c->p >= 2 && i < sizeof digraphs / sizeof *digraphs; i++) {
		if (memcmp(c->p, digraphs[i].pair, 2) == 0) {
			t->punct = digraphs[i].means;
			c->p++;
			break;
		}
	}
	c->p++;
}

void ctok_next(struct ctok *c, struct ctok_token *t)
{
	const char *begin;
	unsigned k;

	*t = (struct ctok_token){.kind = CTOK_END};
	skip_space(c);
	if (c->p == c->end)
		return;
	begin = c->p;
	k = char_class((unsigned char)*begin);
	if (hash_at(begin, c->end) && opens_line(c, begin)) {
		take_directive(c, hash_at(begin, c->end), t);
		return;
	}
	if (k == C_IDENT) {
		t->kind = CTOK_IDENT;
		c->p = word_end(begin, c->end, false, &t->spliced);
	} else if (number_at(begin, c->end)) {
		t->kind = CTOK_NUMBER;
		c->p = word_end(begin, c->end, true, &t->spliced);
	} else if (*begin == '"' || *begin == '\'') {
		t->kind = *begin == '"' ? CTOK_STRING : CTOK_CHAR;
		c->p = skip_quoted(begin + 1, c->end, *begin);
	} else {
		take_punct(c, t);
	}
	t->text = (struct str){begin, (size_t)(c->p - begin)};
}

bool ctok_is(const struct ctok_token *t, const char *word)
{
	const char *p, *end;

	if (!t->spliced)
		return str_eqc(t->text, word);
	p = t->text.p;
	end = p + t->text.n;
	for (p = skip_splices(p, end); p < end && *word; p = skip_splices(p + 1, end))
		if (*p != *word++)
			return false;
	return p == end && !*word;
}

struct str ctok_unsplice(struct arena *a, struct str s)
{
	const char *p = s.p, *end = s.p + s.n, *q;
	char *out;
	size_t n = 0;

	for (q = p; q < end && (q = memchr(q, '\\', (size_t)(end - q))) != NULL; q++)
		if (splice_at(q, end))
			break;
	if (!q || q == end)
		return s;
	out = arena_alloc(a, s.n + 1, 1);
	for (p = skip_splices(p, end); p < end; p = skip_splices(p + 1, end))
		out[n++] = *p;
	return (struct str){out, n};
}
