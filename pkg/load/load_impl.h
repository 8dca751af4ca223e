/*
 * What the files of load share: the tree as folders read once, files scanned once, and the packages of
 * each module while they are put together.
 */
#ifndef LOAD_LOAD_IMPL_H
#define LOAD_LOAD_IMPL_H

#include "format/ctok.h"
#include "load/load.h"
#include "sys/file.h"

struct folder {
	struct str path;
	struct map names;    /* name -> num: enum file_kind */
	bool listed, absent; /* absent: a listing above says so; neither: it could not be read */
};

struct mod_tree;
struct node;

/* Where a source's includes are looked for. Packages with the same folders share one, and its answers. */
struct search_path {
	const struct str_vec *include, *system, *quote;
	struct str runtime; /* the test runtime's folder, or empty */
	struct map headers; /* name as in <name> -> its node, or NULL: nowhere */
	struct map twins;   /* such a name -> the header that another module has of it */
};

/* A file of the tree whose facts are known. */
struct node {
	struct str path;
	struct mod_tree *module;
	struct ctok_facts facts;
	bool scanned;
	const struct made *
	    made; /* it is not there yet; unless config's, nothing is known about what it includes */
	/* What each of facts.includes means for the search path that asked last; NULL: nothing known. */
	struct node **resolved;
	const struct search_path *resolved_for;
	bool owners_known;
	VEC(struct package *) owners; /* packages this file is a header of */
	uint32_t mark;		      /* last closure walk that reached it */
};

/* A module while it is loaded. */
struct mod_tree {
	const struct module *module;
	struct str root;	 /* relative to the execution root; "." for the main module */
	struct str_vec files;	 /* C sources and headers, relative to root, sorted */
	struct map conventional; /* folder relative to root -> package */
	bool roots;		 /* convention's own folders are where includes start */
	VEC(struct package *) explicit;
	struct str_vec
	    exports; /* what other modules may include from, relative to execution root */
	bool *sees;  /* by module: whose headers its packages may read; one more for nobody's */
	struct str names;   /* hex digest of files, once asked for */
	struct str gen;	    /* folder of made files, relative to the execution root; empty: none */
	struct str configs; /* folder of its config headers, or empty */
	struct map made;    /* path relative to root -> struct made */
	struct str_vec quote; /* for the module's packages, see load.h */
};

struct loader {
	struct arena *a;
	const struct load_opts *o;
	struct map folders; /* path -> struct folder */
	struct map nodes;   /* path -> struct node */
	struct mod_tree *modules;
	size_t module_count;
	struct package_set *set;
	struct map made;		   /* path relative to the execution root -> struct made */
	VEC(struct package *) foreign;	   /* packages that foreign builds make */
	VEC(struct source *) waiting;	   /* sources that may read anything that is made */
	VEC(struct search_path *) paths;   /* those that differ */
	struct search_path **package_path; /* of package index * 2 + is test, once asked for */
	uint32_t mark;
	struct err failed; /* the first look at the tree that told nothing, if any did not */
};

/* tree.c */
/*
 * path could not be listed or read, for the reason e. What is absent, or may not be read, is as good as not
 * there, for the compiler too; anything else (EIO, EMFILE, ...) fails the load: see loader.failed.
 */
void tree_unseen(struct loader *l, struct str path, const struct err *e);
struct folder *tree_folder(struct loader *l, struct str path);
bool tree_has_file(struct loader *l, struct str path);
/* Lists the C files of a module (relative to its root) into t->files. */
bool tree_walk(struct loader *l, struct mod_tree *t, struct err *e);
bool tree_is_source(struct str path);
/* Whether name_OS_ARCH suffixes let the file build for the target. */
bool tree_suffix_fits(struct str path, const struct target *t);
bool tree_is_test(struct str path);
/* *_fuzz.c: for a fuzzer to link, no part of a package by convention. */
bool tree_is_fuzz(struct str path);

/* config.c */
/* Finds a module's config headers; their nodes are there from then on. */
bool config_find(struct loader *l, struct mod_tree *t, struct err *e);

/* infer.c */
struct check_vec VEC_BODY(struct check_spec);
/*
 * Checks for the macros of #undef NAME, #cmakedefine NAME and #cmakedefine01 NAME, in order, each once: what
 * autoheader's comment says, else the table of idioms, else the name. Of what is in unknown nothing is known.
 */
void infer_checks(struct arena *a, struct str template, struct check_vec *out,
		  struct str_vec *unknown);
/* Nonempty, of letters, digits and the bytes of also only: may be put into a C file. */
bool infer_is_plain(struct str s, const char *also);

/* infer_name.c */
/* What the name of a macro alone asks for: HAVE_SYS_RANDOM_H, SIZEOF_LONG, HAVE_STRLCPY. */
bool infer_name(struct arena *a, struct str name, struct check_spec *c);
/* What declares most things comes before c's own headers, as far as there is such a header. */
void infer_everything(struct check_spec *c);
/* The same, unless c asks for a type that the language has. */
void infer_type(struct check_spec *c);

/* idioms.c */
enum idiom { IDIOM_NONE, IDIOM_CHECK, IDIOM_ELSEWHERE /* defined on other systems only */ };
enum idiom infer_idiom(struct arena *a, struct str name, struct check_spec *c);

/* scan.c */
/* Fills n's facts from bytes. */
void scan_bytes(struct loader *l, struct node *n, struct str bytes);
/* The node of a file that exists, scanned; NULL with e set when it cannot be read. */
struct node *scan_node(struct loader *l, struct mod_tree *t, struct str path, struct err *e);
/* The node of a file of any module, scanned once; NULL when there is none, or none that may be read. */
struct node *scan_file(struct loader *l, struct str path);
/* Computes s->closure, s->owners and what goes with them. */
bool scan_closure(struct loader *l, struct source *s, struct err *e);
/* Whether a source defines main, given what its package defines. */
bool scan_has_main(const struct package *p, const struct ctok_facts *f);
struct mod_tree *scan_module_of(struct loader *l, struct str path);
/* Adds a group unless to has it already. */
void packages_group_add(struct arena *a, struct package_groups *to, struct package_group g);

/* make.c */
/* Finds what the module makes and adds its sources and headers to t->files. */
bool make_find(struct loader *l, struct mod_tree *t, struct err *e);
struct maker *make_new(struct loader *l, struct mod_tree *t, enum maker_kind kind);
/* Where the module's made files lie, by what makes them: build/OS-ARCH/WHAT/MODULE. */
struct str make_folder(struct loader *l, const struct mod_tree *t, const char *what);
/* The package's libraries and headers come from a foreign build. */
bool make_foreign(struct loader *l, struct mod_tree *t, struct package *p, struct err *e);
/* Adds to dirs, folders of module t, those where their made files lie. */
void make_shadows(struct loader *l, struct mod_tree *t, struct str_vec *dirs);
/* The made file at path, or NULL. */
const struct made *make_at(struct loader *l, struct str path);
/* A source reads what m makes. */
void make_wait(struct loader *l, struct source *s, struct maker *m);
/* Whom the sources wait for that may read anything; what is run. After all packages are loaded. */
bool make_finish(struct loader *l, struct err *e);

/* exported.c */
/* The main module's headers that only others include, for load_opts.headers. */
void exported_find(struct loader *l);

/* sees.c */
/* Sets what each module sees, and which folders belong to which module. */
void sees_find(struct loader *l);
/* Adds what the modules export that t sees: first what it requires itself, each in the build list's order. */
void sees_include(struct loader *l, const struct mod_tree *t, struct str_vec *out);

/* flags.c */
/* Sets what the package's own flags and those of the options mean for the scan and the link. */
void flags_search(struct loader *l, struct package *p);

/* resolve.c */
/* Where s's includes are looked for; the same for all packages with the same folders. */
struct search_path *search_path_of(struct loader *l, const struct source *s);
/* The file that an include in from means, or NULL: none of the tree's. */
struct node *resolve_include(struct loader *l, struct search_path *p, struct str from,
			     struct str name, enum ctok_form form, enum ctok_verb verb);
/* Fills n->resolved for p: what each of its includes means, NULL for computed and dead ones. */
void resolve_all(struct loader *l, struct search_path *p, struct node *n);

/* braces.c */
/*
 * Appends the patterns that "a{b,c}d" stands for, in order, to out; a pattern without braces as it is.
 * False when there are more than 4096 in all.
 */
bool braces_expand(struct arena *a, struct str pattern, struct str_vec *out);

/* define.c */
/* Whether text seems to define the function named symbol, with external linkage. */
bool load_text_defines(struct str text, struct str symbol);
/*
 * Number of the first line, no comment and no probe, in which a makefile's (or a configure.ac's) text names
 * word; 0: none.
 */
size_t load_text_names(struct str text, struct str word, bool configure);

/* packages.c */
bool packages_find(struct loader *l, struct mod_tree *t, struct err *e);
bool packages_sources(struct loader *l, struct mod_tree *t, struct err *e);
/* The packages that a header of module t belongs to, into n->owners. */
void packages_own(struct loader *l, struct node *n);

#endif
