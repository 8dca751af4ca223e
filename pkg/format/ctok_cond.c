/*
 * Conditions: an operator-precedence reader over !, &&, || and parentheses with explicit stacks. What
 * lies between these operators is an operand: `defined X`, a number, a name, `name >= number`; anything
 * else is of unknown truth, and so is an expression that nests deeper than the stacks.
 */
#include "format/ctok_impl.h"

#include <string.h>

enum { STACK_MAX = 64 };

static const struct ctok_value value_false = {CTOK_FALSE, false};
static const struct ctok_value value_true = {CTOK_TRUE, true};
static const struct ctok_value value_unknown = {CTOK_UNKNOWN, false};

/* Never defined by a compiler for a Linux target. Sorted. */
static const char *const never[] = {
    "MSDOS",	    "VMS",	   "WIN32",	  "_AIX",	   "_MSC_VER",	     "_WIN32",
    "_WIN32_WCE",   "_WIN64",	   "__ANDROID__", "__APPLE_CC__",  "__APPLE__",	     "__BEOS__",
    "__BORLANDC__", "__CYGWIN__",  "__DJGPP__",	  "__DragonFly__", "__EMSCRIPTEN__", "__FreeBSD__",
    "__Fuchsia__",  "__HAIKU__",   "__HP_cc",	  "__IBMC__",	   "__MACH__",	     "__MINGW32__",
    "__MINGW64__",  "__MSDOS__",   "__MVS__",	  "__NetBSD__",	   "__OS2__",	     "__OpenBSD__",
    "__QNX__",	    "__SUNPRO_C",  "__SVR4",	  "__VMS",	   "__WATCOMC__",    "__WIN32__",
    "__WINDOWS__",  "__amigaos__", "__cplusplus", "__hpux",	   "__osf__",	     "__sgi",
    "__sun",	    "__sun__",	   "__wasi__",	  "__wasm__",	   "macintosh",
};

/* Always defined, to something other than 0, by gcc and clang for a Linux target. Sorted. */
static const char *const always[] = {
    "__ELF__",	     "__GNUC__", "__LINE__",  "__STDC_VERSION__", "__STDC__",
    "__gnu_linux__", "__linux",	 "__linux__", "__unix",		  "__unix__",
};

static bool listed(const char *const *names, size_t n, struct str name)
{
	size_t lo = 0;

	while (lo < n) {
		size_t mid = lo + (n - lo) / 2;
		int c = str_cmp(name, str_of(names[mid]));

		if (c == 0)
			return true;
		if (c < 0)
			n = mid;
		else
			lo = mid + 1;
	}
	return false;
}

struct ctok_value ctok_defined(struct str macro)
{
	if (listed(never, sizeof never / sizeof *never, macro))
		return value_false;
	if (listed(always, sizeof always / sizeof *always, macro))
		return value_true;
	return value_unknown;
}

/* An expression while it is read: one token ahead in t. */
struct reader {
	struct arena *a;
	struct ctok c;
	struct ctok_token t;
	struct str_vec *names;
	struct ctok_value values[STACK_MAX];
	char ops[STACK_MAX];
	size_t value_count, op_count;
};

static void advance(struct reader *r)
{
	ctok_next(&r->c, &r->t);
}

static bool at_punct(const struct reader *r, char c)
{
	return r->t.kind == CTOK_PUNCT && r->t.punct == c;
}

/* Whether the token ahead is the first of a doubled operator, && or ||. */
static bool at_double(const struct reader *r, char c)
{
	return at_punct(r, c) && r->c.p < r->c.end && *r->c.p == c;
}

static void note_name(struct reader *r, struct str name)
{
	if (r->names && ctok_defined(name).truth == CTOK_UNKNOWN)
		*vec_push(r->a, r->names) = name;
}

/* Zero or not, for the literals that conditions hold in practice (0, 1L, 0x10); else unknown. */
static struct ctok_value number_value(struct str n)
{
	for (size_t i = 0; i < n.n; i++) {
		char c = n.p[i];

		if (i == 1 && n.p[0] == '0' && (c == 'x' || c == 'X' || c == 'b' || c == 'B'))
			continue;
		if (strchr("123456789abcdefABCDEF", c))
			return value_true;
		if (strchr("uUlL", c))
			break;
		if (c != '0' && c != '\'')
			return value_unknown;
	}
	return value_false;
}

/* defined X, defined(X), behind the word itself. */
static struct ctok_value read_defined(struct reader *r)
{
	bool paren = at_punct(r, '(');
	struct ctok_value v;

	if (paren)
		advance(r);
	if (r->t.kind != CTOK_IDENT)
		return value_unknown;
	v = ctok_defined(r->t.text);
	note_name(r, r->t.text);
	advance(r);
	if (paren && at_punct(r, ')'))
		advance(r);
	return v;
}

/* Skips an operand that is none of the known forms: to a top-level &&, || or ')'. */
static void skip_operand(struct reader *r)
{
	size_t depth = 0;

	for (; r->t.kind != CTOK_END; advance(r)) {
		if (depth == 0 && (at_double(r, '&') || at_double(r, '|') || at_punct(r, ')')))
			return;
		if (at_punct(r, '('))
			depth++;
		else if (at_punct(r, ')'))
			depth--;
		else if (r->t.kind == CTOK_IDENT && !ctok_is(&r->t, "defined"))
			note_name(r, r->t.text);
	}
}

static bool at_operand_end(const struct reader *r)
{
	return r->t.kind == CTOK_END || at_double(r, '&') || at_double(r, '|') || at_punct(r, ')');
}

/* `NAME > 5`, `NAME >= 5`, `NAME == 5` with a NAME that is never defined, so 0: false. */
static struct ctok_value compare_zero(struct reader *r)
{
	bool greater = at_punct(r, '>'), equal = at_punct(r, '=');
	struct ctok_value v;

	advance(r);
	if (at_punct(r, '='))
		advance(r);
	else if (equal)
		return value_unknown;
	if ((!greater && !equal) || r->t.kind != CTOK_NUMBER)
		return value_unknown;
	v = number_value(r->t.text);
	advance(r);
	return v.truth == CTOK_TRUE ? value_false : value_unknown;
}

static struct ctok_value read_operand(struct reader *r)
{
	struct ctok_value v = value_unknown, known;
	struct ctok_token first = r->t;

	advance(r);
	if (first.kind == CTOK_IDENT && ctok_is(&first, "defined")) {
		v = read_defined(r);
	} else if (first.kind == CTOK_NUMBER) {
		v = number_value(first.text);
	} else if (first.kind == CTOK_IDENT) {
		known = ctok_defined(first.text);
		note_name(r, first.text);
		if (at_operand_end(r))
			v = known;
		else if (known.truth == CTOK_FALSE)
			v = compare_zero(r);
		else if (known.truth == CTOK_TRUE)
			v.by_default = true; /* __GNUC__ >= 4: most likely */
	}
	if (at_operand_end(r))
		return v;
	skip_operand(r);
	v.truth = CTOK_UNKNOWN;
	return v;
}

struct ctok_value ctok_not(struct ctok_value v)
{
	enum ctok_truth t = v.truth == CTOK_FALSE ? CTOK_TRUE : CTOK_FALSE;

	return (struct ctok_value){v.truth == CTOK_UNKNOWN ? CTOK_UNKNOWN : t, !v.by_default};
}

struct ctok_value ctok_and(struct ctok_value x, struct ctok_value y)
{
	enum ctok_truth t = CTOK_UNKNOWN;

	if (x.truth == CTOK_FALSE || y.truth == CTOK_FALSE)
		t = CTOK_FALSE;
	else if (x.truth == CTOK_TRUE && y.truth == CTOK_TRUE)
		t = CTOK_TRUE;
	return (struct ctok_value){t, x.by_default && y.by_default};
}

static struct ctok_value either(struct ctok_value x, struct ctok_value y)
{
	return ctok_not(ctok_and(ctok_not(x), ctok_not(y)));
}

/* Applies pending operators that bind at least as strongly as op ('!' > '&' > '|'), down to a '('. */
static bool reduce(struct reader *r, char op)
{
	while (r->op_count && r->ops[r->op_count - 1] != '(') {
		char top = r->ops[r->op_count - 1];

		if (op == '!' && top != '!')
			break;
		if (op == '&' && top == '|')
			break;
		if (r->value_count < (top == '!' ? 1u : 2u))
			return false;
		if (top == '!') {
			r->values[r->value_count - 1] = ctok_not(r->values[r->value_count - 1]);
		} else {
			struct ctok_value y = r->values[--r->value_count];
			struct ctok_value x = r->values[r->value_count - 1];

			r->values[r->value_count - 1] = top == '&' ? ctok_and(x, y) : either(x, y);
		}
		r->op_count--;
	}
	return true;
}

static bool push_op(struct reader *r, char op)
{
	if (r->op_count == STACK_MAX)
		return false;
	r->ops[r->op_count++] = op;
	return true;
}

/* Prefixes and one operand; false when the expression cannot be judged. */
static bool read_prefixed(struct reader *r)
{
	while (at_punct(r, '!') || at_punct(r, '(')) {
		if (!push_op(r, r->t.punct))
			return false;
		advance(r);
	}
	if (r->value_count == STACK_MAX || r->t.kind == CTOK_END)
		return false;
	r->values[r->value_count++] = read_operand(r);
	return reduce(r, '!');
}

/* Closing parentheses; false when one has no opening. */
static bool read_closing(struct reader *r)
{
	for (; at_punct(r, ')'); advance(r)) {
		if (!reduce(r, ')') || !r->op_count)
			return false;
		r->op_count--;
		if (!reduce(r, '!'))
			return false;
	}
	return true;
}

static bool read_all(struct reader *r)
{
	for (;;) {
		char op;

		if (!read_prefixed(r) || !read_closing(r))
			return false;
		if (r->t.kind == CTOK_END)
			return reduce(r, ')') && r->op_count == 0 && r->value_count == 1;
		if (!at_double(r, '&') && !at_double(r, '|'))
			return false;
		op = r->t.punct;
		if (!reduce(r, op) || !push_op(r, op))
			return false;
		advance(r);
		advance(r);
	}
}

struct ctok_value ctok_condition(struct arena *a, struct str expr, struct str_vec *names)
{
	struct reader r = {.a = a, .names = names};

	ctok_init(&r.c, expr);
	r.c.in_directive = true;
	advance(&r);
	if (read_all(&r))
		return r.values[0];
	for (; r.t.kind != CTOK_END; advance(&r))
		if (r.t.kind == CTOK_IDENT && !ctok_is(&r.t, "defined"))
			note_name(&r, r.t.text);
	return value_unknown;
}
