/*
 * ctok: C source as tokens, and the few facts that a build needs from it without compiling.
 *
 *     struct ctok_facts f;
 *     ctok_scan(&arena, source, CTOK_MAIN | CTOK_TESTS, &f);      includes are always found
 *
 *     struct ctok c;                                              or token by token:
 *     ctok_init(&c, source);
 *     for (ctok_next(&c, &t); t.kind != CTOK_END; ctok_next(&c, &t)) ...
 *
 * Follows translation phases 2 to 4 of ISO C (C17 5.1.1.2, C23 for #embed and digit separators):
 * line splices, comments, header names, string and character literals, digraphs. Not done: trigraphs
 * (removed in C23) and C++ raw strings (not C). Bytes are hostile: time and memory are linear in the
 * source's size, nothing recurses, and any bytes give some answer. No I/O, no global state: any thread.
 *
 * Conditions are judged with three values. Names that compilers for Linux targets never define (_WIN32,
 * _MSC_VER, __APPLE__, ...) are false, those that they always define (__linux__, __GNUC__) true, all
 * others unknown; ctok_cond.c lists them.
 */
#ifndef FORMAT_CTOK_H
#define FORMAT_CTOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/vec.h"

enum ctok_kind {
	CTOK_END,
	CTOK_IDENT,
	CTOK_NUMBER,	/* a preprocessing number: 0x1p3, 1'000, .5e+2 */
	CTOK_STRING,	/* with its quotes; a prefix (L, u8) comes before as CTOK_IDENT */
	CTOK_CHAR,	/* likewise */
	CTOK_PUNCT,	/* one character; a digraph counts as the character it means */
	CTOK_DIRECTIVE, /* a preprocessor line: all between '#' and the end of the logical line */
};

struct ctok_token {
	enum ctok_kind kind;
	char punct;	 /* CTOK_PUNCT: the character, digraphs resolved */
	bool spliced;	 /* text holds a backslash-newline */
	struct str text; /* view into the source */
};

struct ctok {
	const char *start, *p, *end;
	const char *comment_end;  /* end of the last comment ... */
	bool comment_opened_line; /* ... and whether only white space came before it on its line */
	bool in_directive;	  /* '#' is punctuation: the source is a directive's text */
	const char *separator;	  /* last ' that separated digits */
	const char *hash;	  /* a '#' or '%:' not before p, once looked for */
	bool no_sharp;		  /* no '#' is left */
};

/* Starts at the beginning of src, which must outlive c. */
void ctok_init(struct ctok *c, struct str src);
/* The next token; CTOK_END for ever behind the last one. */
void ctok_next(struct ctok *c, struct ctok_token *t);
/* The next directive, skipping everything else much faster than ctok_next would; false at the end. */
bool ctok_next_directive(struct ctok *c, struct ctok_token *t);
/* Whether the token's text is word; line splices inside it do not count. */
bool ctok_is(const struct ctok_token *t, const char *word);
/* s without line splices: s itself when it has none, else a copy in a. */
struct str ctok_unsplice(struct arena *a, struct str s);

enum ctok_form {
	CTOK_QUOTE, /* "name" */
	CTOK_ANGLE, /* <name> */
	CTOK_MACRO, /* anything else: name is the text as written */
};

enum ctok_verb {
	CTOK_INCLUDE,
	CTOK_INCLUDE_NEXT,
	CTOK_EMBED,
	CTOK_PROBE /* __has_include, __has_embed */
};

struct ctok_include {
	struct str name;
	enum ctok_form form;
	enum ctok_verb verb;
	int line, col;	  /* 1-based; col of the '#', in bytes */
	uint32_t depth;	  /* of #if nesting; an include guard is not counted */
	bool dead;	  /* in a branch that no Linux target takes */
	bool conditional; /* some macro of unknown state decides */
};

/* #define NAME "file.h" or <file.h>: what a computed include may mean. */
struct ctok_define {
	struct str name, value;
	enum ctok_form form;
};

struct ctok_facts {
	VEC(struct ctok_include) includes; /* in source order, dead ones too */
	VEC(struct ctok_define) defines;
	bool has_main;	       /* main is defined in a branch that may be taken */
	bool main_conditional; /* ... and only under macros of unknown state: */
	bool
	    main_by_default; /* ... it is there when none of these is defined (true when unconditional) */
	int main_line;
	struct str_vec main_guards; /* ... the macros named in those conditions, each once */
	struct str_vec tests;	    /* void TestXxx(struct test *t) { ... }, in order, each once */
	struct str_vec asm_reads;   /* files that .incbin and .include name, as written */
	bool asm_unknown;	    /* ... and some that they name by a macro or operand */
};

enum { CTOK_MAIN = 1, CTOK_TESTS = 2, CTOK_ASM = 4 };

/*
 * The facts of one source. what: which to look for besides includes, CTOK_MAIN | CTOK_TESTS; CTOK_ASM
 * says that src is assembler that goes through the preprocessor. All text in out is copied into a.
 * False when src has more than 65,536 includes or conditions nested deeper than 65,536 (out then holds
 * what came before): no honest source does.
 */
bool ctok_scan(struct arena *a, struct str src, unsigned what,
	       struct ctok_facts *out) ATTR_MUST_USE;

/* A condition's value: known to be false or true on every Linux target, or not known. */
enum ctok_truth { CTOK_FALSE, CTOK_TRUE, CTOK_UNKNOWN };
struct ctok_value {
	enum ctok_truth truth;
	bool by_default; /* its value when no macro of unknown state is defined */
};

/* Whether the macro is defined. */
struct ctok_value ctok_defined(struct str macro);
/*
 * The expression of an #if, without splices. Appends the macros of unknown state that it names to names
 * (views into expr; may be NULL).
 */
struct ctok_value ctok_condition(struct arena *a, struct str expr, struct str_vec *names);

#endif
