/*
 * What the files of plan share.
 */
#ifndef PLAN_PLAN_IMPL_H
#define PLAN_PLAN_IMPL_H

#include "plan/plan.h"

/* A new action of this plan's target with the fixed environment. */
struct action *plan_new_action(struct plan *p, struct str title);
void plan_flags_add(struct plan *p, struct flags *to, const struct flags *from);
/* What the toolchain adds for link-time optimisation of that name; NULL when it can't do it. */
const struct toolchain_lto *plan_lto(const struct toolchain *tc, struct str name);
/* Words of CFLAGS or LDFLAGS, split as make's shell would: quotes and backslashes count. */
void plan_add_split(struct arena *a, struct str_vec *to, struct str text);

/* Appends words as they are. */
void plan_add_words(struct plan *p, struct action *x, const struct str_vec *words);
/* Appends `-D` words and cflags. */
void plan_add_flags(struct plan *p, struct action *x, const struct flags *f);

/* A source's inputs: itself, whose number is returned, its closure, what it waits for. */
uint32_t plan_source_inputs(struct plan *p, struct action *x, const struct source *s);
/* All flags that decide what a source that goes through the preprocessor includes. */
void plan_source_flags(struct plan *p, struct action *x, const struct source *s);
/* The source's own word, input number src. */
void plan_source_arg(struct plan *p, struct action *x, const struct source *s, uint32_t src);
/* The number of m's output at path. */
uint32_t plan_output(const struct maker *m, struct str path);
/* An action whose one output has that text. */
struct action *plan_text(struct plan *p, struct str path, struct str text);
/* foreign.c */
struct action *plan_foreign(struct plan *p, const struct maker *m);
/* embed.c: the texts of a header and of assembler that brings in the files. */
struct str plan_embed_header(struct arena *a, struct str name);
struct str plan_embed_assembly(struct plan *p, struct str name, const struct maker *m);

/* config.c: checks, each an action or two, and a step that writes the header, output 0. */
struct action *plan_config(struct plan *p, const struct maker *m);

/* note.c: an object whose section .note.package says what prog, linked of these packages, is made of. */
struct action *plan_note(struct plan *p, const struct program *prog, struct package *const *v,
			 size_t n);

/* check.c: the action whose output 0 is the answer: empty for no. */
struct action *plan_check(struct plan *p, const struct module *m, const struct check_spec *c);
/* A program that does nothing: when it does not link, no answer is worth anything. */
struct action *plan_check_base(struct plan *p, const struct module *m);
/* "function strlcpy" */
struct str check_label(struct arena *a, const struct check_spec *c);
/* The number in the answer to CHECK_SIZEOF; 0 when it is no. */
unsigned check_size(struct str answer);

/* template.c */
/* The text of a template (file: for messages) with values (value's p NULL: not defined) in place. */
bool template_fill(const char *file, struct str text, const struct define_vec *values,
		   struct buf *out, struct err *e);

/* hint_header.c: appends the remedy for a missing header to out. */
void hint_header(struct arena *a, const struct package_set *set, struct str header,
		 const struct plan_hint_port *port, struct buf *out);

#endif
