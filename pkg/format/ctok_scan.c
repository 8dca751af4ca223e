/*
 * Facts of one source. The directives' walk is the fast one; only a source that contains the word "main"
 * (or "Test"), when those are asked for, is read token by token.
 *
 * Open conditions are a stack of frames, each holding what its branch and all around it come to, so the
 * innermost one says everything. Brace depth is not followed: `main (...) {` cannot stand inside a
 * function, and counting braces breaks on sources whose #if and #else both open one.
 */
#include "format/ctok_impl.h"

#include <string.h>

#include "base/map.h"

enum {
	INCLUDES_MAX = 65536,
	NAME_BYTES_MAX = 4096,
	DEPTH_MAX = 65536,
	LOOKAHEAD_MAX =
	    256, /* tokens of a parameter list; bounds the work a hostile source can cause */
};

/* One open #if. */
struct frame {
	struct ctok_value around; /* of all outer branches */
	struct ctok_value taken;  /* whether an earlier branch of this #if was */
	struct ctok_value now;	  /* around and the current branch */
	size_t first_name;	  /* index into names of the first macro of this #if */
	struct str guard; /* the macro of an #ifndef whose next directive may show a guard */
	bool is_guard;
};

struct scan {
	struct arena *a;
	struct ctok_facts *out;
	unsigned what;
	struct ctok c;
	VEC(struct frame) frames;
	struct str_vec names; /* macros of unknown state in the open conditions */
	uint32_t guards;      /* open frames that are include guards */
	const char *counted;  /* lines are counted up to here */
	int line;
	bool too_much;
	unsigned guards_looked_at;	   /* for main_guards; bounded */
	struct map tests;		   /* names found */
	struct ctok_token before, before2; /* the last two tokens */
	bool main_is_macro;		   /* #define main prog_main */
};

static const struct ctok_value on = {CTOK_TRUE, true};

static struct frame *top(struct scan *s)
{
	return s->frames.n ? &s->frames.v[s->frames.n - 1] : NULL;
}

static struct ctok_value now(struct scan *s)
{
	return s->frames.n ? top(s)->now : on;
}

/* Moves the line counter to p, which never goes back. */
static void count_lines(struct scan *s, const char *p)
{
	const char *q = s->counted;

	while (q < p && (q = memchr(q, '\n', (size_t)(p - q))) != NULL) {
		s->line++;
		q++;
	}
	if (p > s->counted)
		s->counted = p;
}

static int column(const struct scan *s, const char *p)
{
	const char *q = p;

	while (q > s->c.start && q[-1] != '\n')
		q--;
	return (int)(p - q) + 1;
}

static struct str keep(struct scan *s, struct str t)
{
	return str_dup(s->a, t);
}

static void add_include(struct scan *s, const char *at, enum ctok_verb verb, enum ctok_form form,
			struct str name)
{
	struct ctok_include *inc;

	if (s->out->includes.n == INCLUDES_MAX) {
		s->too_much = true;
		return;
	}
	count_lines(s, at);
	inc = vec_push(s->a, &s->out->includes);
	*inc = (struct ctok_include){
	    .name = keep(s, name),
	    .form = form,
	    .verb = verb,
	    .line = s->line,
	    .col = column(s, at),
	    .depth = (uint32_t)s->frames.n - s->guards,
	    .dead = now(s).truth == CTOK_FALSE,
	    .conditional = now(s).truth == CTOK_UNKNOWN,
	};
}

/* "name" or <name> at the start of text (after white space); false when it is something else. */
static bool header_name(struct str text, enum ctok_form *form, struct str *name)
{
	char close;
	size_t n;

	text = str_trim(text);
	if (!text.n || (text.p[0] != '"' && text.p[0] != '<'))
		return false;
	*form = text.p[0] == '"' ? CTOK_QUOTE : CTOK_ANGLE;
	close = *form == CTOK_QUOTE ? '"' : '>';
	text = str_skip(text, 1);
	if (text.n > NAME_BYTES_MAX)
		text.n = NAME_BYTES_MAX;
	n = str_find(text, close);
	if (n == text.n || n == 0)
		return false;
	*name = (struct str){text.p, n};
	return true;
}

/* The rest of a directive's text behind its lexer, white space and comments skipped. */
static struct str rest_of(const struct ctok *c)
{
	struct ctok ahead = *c;
	struct ctok_token t;

	ctok_next(&ahead, &t);
	if (t.kind == CTOK_END)
		return (struct str){c->end, 0};
	return (struct str){t.text.p, (size_t)(c->end - t.text.p)};
}

static void on_include(struct scan *s, const char *at, struct ctok *c, enum ctok_verb verb)
{
	struct str rest = rest_of(c), name;
	enum ctok_form form = CTOK_MACRO;

	if (!header_name(rest, &form, &name)) {
		name = str_trim(rest);
		form = CTOK_MACRO;
	}
	if (name.n && (form != CTOK_MACRO || verb != CTOK_PROBE))
		add_include(s, at, verb, form, name);
}

/* __has_include(...) and __has_embed(...) in the text of an #if or #elif. */
static void on_probes(struct scan *s, const char *at, struct ctok c)
{
	struct ctok_token t;

	if (!str_containsc((struct str){c.p, (size_t)(c.end - c.p)}, "__has_"))
		return;
	for (ctok_next(&c, &t); t.kind != CTOK_END; ctok_next(&c, &t)) {
		if (t.kind != CTOK_IDENT ||
		    (!ctok_is(&t, "__has_include") && !ctok_is(&t, "__has_embed") &&
		     !ctok_is(&t, "__has_include_next")))
			continue;
		ctok_next(&c, &t);
		if (t.kind == CTOK_PUNCT && t.punct == '(')
			on_include(s, at, &c, CTOK_PROBE);
	}
}

/* Whether expr is !defined(X) and nothing else, as guards are written too; *macro is X. */
static bool is_not_defined(struct ctok c, struct str *macro)
{
	struct ctok_token t;
	struct str name;
	bool paren;

	ctok_next(&c, &t);
	if (t.kind != CTOK_PUNCT || t.punct != '!')
		return false;
	ctok_next(&c, &t);
	if (t.kind != CTOK_IDENT || !ctok_is(&t, "defined"))
		return false;
	ctok_next(&c, &t);
	paren = t.kind == CTOK_PUNCT && t.punct == '(';
	if (paren)
		ctok_next(&c, &t);
	if (t.kind != CTOK_IDENT)
		return false;
	name = t.text;
	ctok_next(&c, &t);
	if (paren)
		ctok_next(&c, &t);
	if (t.kind == CTOK_END)
		*macro = name;
	return t.kind == CTOK_END;
}

static struct ctok_value condition_of(struct scan *s, struct ctok *c, const struct ctok_token *word)
{
	bool positive = ctok_is(word, "ifdef") || ctok_is(word, "elifdef");
	struct ctok_token t;
	struct ctok_value v;

	if (!positive && !ctok_is(word, "ifndef") && !ctok_is(word, "elifndef"))
		return ctok_condition(s->a, (struct str){c->p, (size_t)(c->end - c->p)}, &s->names);
	ctok_next(c, &t);
	if (t.kind != CTOK_IDENT)
		return (struct ctok_value){CTOK_UNKNOWN, false};
	v = ctok_defined(t.text);
	if (v.truth == CTOK_UNKNOWN)
		*vec_push(s->a, &s->names) = t.text;
	return positive ? v : ctok_not(v);
}

static void on_if(struct scan *s, const char *at, struct ctok *c, const struct ctok_token *word)
{
	struct frame f = {.around = now(s), .first_name = s->names.n};
	struct ctok ahead = *c;
	struct ctok_token t;

	if (s->frames.n == DEPTH_MAX) {
		s->too_much = true;
		return;
	}
	if (ctok_is(word, "if")) {
		on_probes(s, at, *c);
		is_not_defined(*c, &f.guard);
	} else if (ctok_is(word, "ifndef")) {
		ctok_next(&ahead, &t);
		f.guard = t.text;
	}
	f.taken = condition_of(s, c, word);
	f.now = ctok_and(f.around, f.taken);
	*vec_push(s->a, &s->frames) = f;
}

static void on_else(struct scan *s, const char *at, struct ctok *c, const struct ctok_token *word)
{
	struct frame *f = top(s);
	struct ctok_value v = on;

	if (!f)
		return;
	if (!ctok_is(word, "else")) {
		on_probes(s, at, *c);
		v = condition_of(s, c, word);
		f = top(s);
	}
	f->now = ctok_and(f->around, ctok_and(ctok_not(f->taken), v));
	f->taken = ctok_not(ctok_and(ctok_not(f->taken), ctok_not(v)));
}

static void on_endif(struct scan *s)
{
	struct frame *f = top(s);

	if (!f)
		return;
	if (f->is_guard)
		s->guards--;
	s->names.n = f->first_name;
	s->frames.n--;
}

/* The directive behind #ifndef X is #define X: that #if is an include guard and always taken. */
static void mark_guard(struct scan *s, struct frame *f)
{
	f->is_guard = true;
	f->taken = on;
	f->now = f->around;
	s->names.n = f->first_name;
	s->guards++;
}

static void on_define(struct scan *s, struct ctok *c)
{
	struct frame *f = top(s);
	struct ctok_token name;
	struct ctok_define d = {0};

	ctok_next(c, &name);
	if (name.kind != CTOK_IDENT)
		return;
	if (f && f->guard.n && !f->is_guard && str_eq(f->guard, name.text))
		mark_guard(s, f);
	if (ctok_is(&name, "main") && now(s).truth == CTOK_TRUE)
		s->main_is_macro = true;
	if (s->out->defines.n == INCLUDES_MAX || now(s).truth == CTOK_FALSE ||
	    !header_name(rest_of(c), &d.form, &d.value))
		return;
	d.name = keep(s, name.text);
	d.value = keep(s, d.value);
	*vec_push(s->a, &s->out->defines) = d;
}

static void on_undef(struct scan *s, struct ctok *c)
{
	struct ctok_token name;

	ctok_next(c, &name);
	if (ctok_is(&name, "main") && now(s).truth != CTOK_FALSE)
		s->main_is_macro = false;
}

static bool is_any(const struct ctok_token *t, const char *const *words)
{
	for (; *words; words++)
		if (ctok_is(t, *words))
			return true;
	return false;
}

static void on_directive(struct scan *s, const struct ctok_token *t)
{
	static const char *const ifs[] = {"if", "ifdef", "ifndef", NULL};
	static const char *const elses[] = {"else", "elif", "elifdef", "elifndef", NULL};
	const char *at = t->text.p - (t->text.p[-1] == ':' ? 2 : 1);
	struct ctok_token word;
	struct frame *f = top(s);
	struct ctok c;

	ctok_init(&c, ctok_unsplice(s->a, t->text));
	c.in_directive = true;
	ctok_next(&c, &word);
	if (word.kind != CTOK_IDENT)
		return;
	if (ctok_is(&word, "define"))
		on_define(s, &c);
	else if (ctok_is(&word, "undef"))
		on_undef(s, &c);
	else if (ctok_is(&word, "include") || ctok_is(&word, "import"))
		on_include(s, at, &c, CTOK_INCLUDE);
	else if (ctok_is(&word, "endif"))
		on_endif(s);
	else if (is_any(&word, ifs))
		on_if(s, at, &c, &word);
	else if (is_any(&word, elses))
		on_else(s, at, &c, &word);
	else if (ctok_is(&word, "include_next"))
		on_include(s, at, &c, CTOK_INCLUDE_NEXT);
	else if (ctok_is(&word, "embed"))
		on_include(s, at, &c, CTOK_EMBED);
	if (f && f == top(s) && !is_any(&word, ifs))
		f->guard = (struct str){NULL, 0};
}

/* The next token that is no directive; counts down *budget and gives CTOK_END when it is used up. */
static void peek(struct ctok *c, struct ctok_token *t, unsigned *budget)
{
	do {
		if (*budget == 0) {
			t->kind = CTOK_END;
			return;
		}
		(*budget)--;
		ctok_next(c, t);
	} while (t->kind == CTOK_DIRECTIVE);
}

static bool is_punct(const struct ctok_token *t, char c)
{
	return t->kind == CTOK_PUNCT && t->punct == c;
}

/* Reads a balanced parameter list, '(' included. names_only: identifiers and commas, not just (void). */
static bool skip_params(struct ctok *c, unsigned *budget, bool *names_only)
{
	struct ctok_token t;
	unsigned depth = 0, names = 0;
	bool after_name = false;

	*names_only = true;
	do {
		peek(c, &t, budget);
		if (t.kind == CTOK_END || (depth == 0 && !is_punct(&t, '(')))
			return false;
		if (is_punct(&t, '('))
			depth++;
		else if (is_punct(&t, ')'))
			depth--;
		else if (t.kind == CTOK_IDENT && !after_name && !ctok_is(&t, "void"))
			names++;
		else if (!is_punct(&t, ','))
			*names_only = false;
		after_name = t.kind == CTOK_IDENT;
	} while (depth);
	*names_only = *names_only && names;
	return true;
}

/*
 * Whether what follows a function's name is its definition: a parameter list, then '{', perhaps after
 * attributes, or (names_only) after the declarations of an old-style definition.
 */
static bool is_definition(struct ctok c)
{
	unsigned budget = LOOKAHEAD_MAX;
	struct ctok_token t, last = {.kind = CTOK_END};
	bool names_only, ignored;

	if (!skip_params(&c, &budget, &names_only))
		return false;
	for (peek(&c, &t, &budget); t.kind != CTOK_END; last = t, peek(&c, &t, &budget)) {
		if (is_punct(&t, '{'))
			return !names_only || last.kind == CTOK_END || is_punct(&last, ';') ||
			       is_punct(&last, ')');
		if (is_punct(&t, ';') && (!names_only || last.kind == CTOK_END))
			return false;
		if (t.kind == CTOK_IDENT && !names_only) {
			struct ctok after = c;

			peek(&after, &t, &budget);
			if (is_punct(&t, '(') && !skip_params(&c, &budget, &ignored))
				return false;
			t.kind = CTOK_IDENT;
		} else if (t.kind == CTOK_PUNCT && !(names_only && strchr("*,;[]()", t.punct))) {
			return false;
		}
	}
	return false;
}

/* Whether the name main that was read is a definition's: `main (...) {`, or `int (main)(...) {`. */
static bool defines_main(const struct scan *s)
{
	struct ctok after = s->c;
	struct ctok_token t;

	if (is_punct(&s->before, '(') && s->before2.kind == CTOK_IDENT) {
		ctok_next(&after, &t);
		return is_punct(&t, ')') && is_definition(after);
	}
	return !(s->before.kind == CTOK_PUNCT && strchr(".>(,=&!|+-?:<[", s->before.punct)) &&
	       is_definition(after);
}

static void on_main(struct scan *s, const struct ctok_token *t)
{
	struct ctok_facts *out = s->out;
	struct ctok_value v = now(s);

	if (v.truth == CTOK_FALSE || s->main_is_macro || !defines_main(s))
		return;
	if (!out->has_main) {
		out->has_main = true;
		out->main_conditional = true;
		count_lines(s, t->text.p);
		out->main_line = s->line;
	}
	out->main_by_default = out->main_by_default || v.by_default;
	if (v.truth == CTOK_TRUE)
		out->main_conditional = false;
	for (size_t i = 0;
	     v.truth == CTOK_UNKNOWN && i < s->names.n && s->guards_looked_at < LOOKAHEAD_MAX;
	     i++) {
		s->guards_looked_at++;
		if (!str_vec_has(&out->main_guards, s->names.v[i]))
			*vec_push(s->a, &out->main_guards) = keep(s, s->names.v[i]);
	}
}

/* void TestXxx(struct test *NAME) { */
static void on_test(struct scan *s, const struct ctok_token *name)
{
	struct ctok c = s->c;
	struct ctok_token t;
	bool added;
	unsigned char upper = name->text.n > 4 ? (unsigned char)name->text.p[4] : 0;
	struct str text = ctok_unsplice(s->a, name->text);

	if (upper != '_' && !(upper >= 'A' && upper <= 'Z') && !(upper >= '0' && upper <= '9'))
		return;
	if (now(s).truth == CTOK_FALSE || !ctok_is(&s->before, "void") ||
	    ctok_is(&s->before2, "static"))
		return;
	ctok_next(&c, &t);
	if (!is_punct(&t, '('))
		return;
	ctok_next(&c, &t);
	if (!ctok_is(&t, "struct"))
		return;
	ctok_next(&c, &t);
	if (!ctok_is(&t, "test") || !is_definition(s->c))
		return;
	text = keep(s, text);
	map_put(s->a, &s->tests, text, &added);
	if (added)
		*vec_push(s->a, &s->out->tests) = text;
}

static void on_token(struct scan *s, const struct ctok_token *t)
{
	if (t->kind == CTOK_IDENT) {
		if ((s->what & CTOK_MAIN) && ctok_is(t, "main"))
			on_main(s, t);
		else if ((s->what & CTOK_TESTS) && str_startsc(t->text, "Test"))
			on_test(s, t);
	}
	s->before2 = s->before;
	s->before = *t;
}

/* Whether any of what the token walk would look for can be there; a spliced name is not missed. */
static bool needs_tokens(struct str src, unsigned what)
{
	if ((what & CTOK_MAIN) && (str_containsc(src, "main") || str_containsc(src, "\\\n")))
		return true;
	return (what & CTOK_TESTS) && str_containsc(src, "Test");
}

bool ctok_scan(struct arena *a, struct str src, unsigned what, struct ctok_facts *out)
{
	struct scan s = {.a = a, .out = out, .what = what, .line = 1, .counted = src.p};
	struct ctok_token t;

	*out = (struct ctok_facts){0};
	if (!src.n)
		return true;
	ctok_init(&s.c, src);
	if (str_containsc(src, ".inc"))
		ctok_asm(a, src, what & CTOK_ASM, out);
	if (!needs_tokens(src, what)) {
		while (!s.too_much && ctok_next_directive(&s.c, &t))
			on_directive(&s, &t);
		return !s.too_much;
	}
	for (ctok_next(&s.c, &t); t.kind != CTOK_END && !s.too_much; ctok_next(&s.c, &t)) {
		if (t.kind == CTOK_DIRECTIVE)
			on_directive(&s, &t);
		else
			on_token(&s, &t);
	}
	return !s.too_much;
}
