/*
 * cbuild mod tidy: what its files share. mod_tidy.c knows which headers could be had from a module, tidy_ask.c has
 * the compilers say which of these are wanted and not there, tidy_nobody.c which headers nobody could have;
 * tidy_aside.c keeps all this out of the project for --diff.
 */
#ifndef CMD_TIDY_H
#define CMD_TIDY_H

#include "cmd.h"

/* A header that no search path of the main module has. Both modules empty: the port of one that is not required has. */
struct wish {
	struct tidy_header header;
	struct str module;   /* one of the build list that main does not see has it */
	struct str promised; /* a module of main's whose port says that it has it */
};

/* One look at the sources. */
struct tidy_view {
	struct cmd *c;
	const struct manifest *main;
	const struct mod_versions *selected;
	struct tidy_facts *out;
	struct map wishes; /* name -> struct wish */
	size_t found;	   /* things added to out that are new to main */
	struct str_vec warnings;
	struct str_vec unsure; /* headers that are no wish: the toolchain's, or nobody's */
	struct map *toolchain; /* name -> num: whether this host's has it; for all looks */
	struct map told;       /* headers that there is a warning about */
};

/* Notes those of names (by: who includes each) that a module could, or should, provide, as wishes. */
bool tidy_wish(struct tidy_view *v, const struct package_set *set, const struct str_vec *names,
	       const struct str_vec *by, struct err *e);
/* A wish that came true: the compiler asks for it. */
void tidy_found(struct tidy_view *v, const struct wish *w);
/* Asks this host's toolchain, if there is one, which of v->unsure it has. */
bool tidy_ask_toolchain(struct tidy_view *v, struct err *e);
/* Nobody is known to have the header. */
bool tidy_is_nobodys(const struct tidy_view *v, struct str header);
/* A compiler asks for such a header: a warning, once. by: the file that includes it. */
void tidy_found_nobodys(struct tidy_view *v, const struct package_set *set,
			const struct tidy_header *h);
/*
 * Files of a package of main that may include something: sources, tests, and headers that only users include.
 * One after the other; false: there is no number i.
 */
bool tidy_file(const struct package *p, size_t i, struct source **out);
/* Whether it is such a header, which may mean nothing by itself. */
bool tidy_is_header(const struct source *s);
/* Main's files include headers of this module: to be noted if it has no line, but could have one. */
bool tidy_wants_line(const struct tidy_view *v, struct str module);
void tidy_found_direct(struct tidy_view *v, struct str module);

/* The working folder is another root that may be written to, until stepping back; c->home is the project's. */
bool tidy_step_aside(struct cmd *c, struct err *e);
void tidy_step_back(struct cmd *c);

/*
 * Asks the compilers of one target, with a profile's flags, about the sources that may want something; first about
 * those that need nothing made. set: the target's, as loaded without tools. Stops once something is found.
 */
bool tidy_ask(struct tidy_view *v, const struct target *t, struct str profile,
	      const struct package_set *set, struct err *e);

#endif
