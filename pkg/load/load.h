/*
 * load: from patterns to packages. Sources are chosen, their includes scanned, and every header traced to
 * the package that owns it: that is the import graph, as Go's comes from imports.
 *
 *     struct load_opts o = {.list = &list, .target = target, .mod_mount = STR("build/.x/mod")};
 *     load_packages(&arena, &o, &set, &e);
 *     for each set->packages ... p->imports, p->sources, p->programs
 *
 * Plain trees: each folder with C files is a package; include roots are the module's root, pkg/, include/
 * and src/. A header in include/ belongs to src/ (or the root). Explicit `packages:` say what convention
 * cannot; then convention holds below cmd/ and pkg/ only. A .c file that another one includes is not
 * compiled by itself, unless it is named without a pattern, or its own header can include it (xxhash.h). `name_linux.c`, `name_arm64.c`, `name_linux_arm64.S` build only there.
 *
 * The include scan is conservative: all branches count, except those that no target of ours takes
 * (#if 0, #ifdef _WIN32, ...). It yields a source's closure, the set of files its compile may read; the
 * compiler's depfile checks it (exec).
 *
 * Paths are relative to the execution root: "pkg/log/log.c", "build/.x/mod/github.com/a/b@v1.0.0/b.c".
 */
#ifndef LOAD_LOAD_H
#define LOAD_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/map.h"
#include "base/target.h"
#include "base/vec.h"
#include "mod/mod.h"

struct package;

/* Packages that may all own one header, for instance those that choose their sources from one folder. */
struct package_group {
	struct package **v;
	size_t n;
};

struct package_groups VEC_BODY(struct package_group);

/* A header that `config:` describes: what is in it, for this target. */
struct config_header {
	const struct config_spec *spec;
	struct str from;	  /* its template, relative to the execution root, or empty */
	struct define_vec values; /* each name once; value's p NULL: not defined */
	VEC(struct check_spec)
	checks;			/* without what values say, and those that the template asks for */
	struct str_vec unknown; /* asked for by the template, but nothing says what they mean */
};

/*
 * What makes files that sources are, include or are linked with. They do not exist when packages are
 * loaded; plan makes an action of it.
 */
struct maker {
	enum maker_kind {
		MAKER_RUN,	/* generate: a program */
		MAKER_HEADER,	/* embed: a text that is known already, ... */
		MAKER_ASSEMBLY, /* ... and one that brings in the files `in` */
		MAKER_CONFIG,	/* config: a header of values and of answers to checks */
		MAKER_FOREIGN	/* foreign: another build system */
	} kind;
	const struct module *module;
	struct str root,
	    dir;	   /* the module's root; where outputs go; relative to the execution root */
	struct str_vec in; /* files, relative to the execution root; made ones among them */
	struct str_vec out; /* likewise; of a foreign build its libs, then its include folders */
	const struct generate_spec *generate;
	const struct config_header *config;
	const struct package_spec *foreign;
	struct str_vec
	    files; /* of in: what patterns chose, relative to the module's root (embed) */
	/* What runs: a program of a package, or files: the tool first, then what else is part of it. */
	struct str tool_program;
	const struct module *tool_module;
	struct str_vec tools;
};

/* A file that a maker makes. */
struct made {
	struct maker *maker;
	struct str path, rel;	 /* relative to the execution root and to the module's root */
	struct package *package; /* of a foreign build's header; else NULL */
};

enum source_kind { SOURCE_C, SOURCE_ASM_CPP, SOURCE_ASM };

struct source {
	struct str path; /* relative to the execution root */
	struct str rel;	 /* relative to the module's root */
	struct package *package;
	enum source_kind kind;
	bool is_test; /* *_test.c */
	bool has_main;
	struct str_vec closure; /* files it may read, sorted by path, itself not among them */
	bool unknown_reads; /* .incbin of a file that cannot be told: its compile is never cached */
	/*
	 * Digest of the names of the module's files when an include's name is put together by macros, so
	 * that a new file may be what it means; else empty.
	 */
	struct str names;
	struct str_vec tests; /* names of TestXxx functions, for test sources */
	VEC(struct package *)
	owners; /* packages whose headers it may read, itself not among them */
	struct package_groups choices; /* likewise, where several packages may own one header */
	const struct made *made;       /* NULL: a file of the tree */
	VEC(struct maker *) waits;     /* for what makes headers that it may read */
	bool named;		       /* the manifest names it, not a pattern */
	bool includes_itself;	       /* a header that it includes includes it, in some branch */
};

struct program {
	struct str name;
	struct source *main;
	struct package *package;
};

struct package {
	uint32_t index;
	const struct module *module;
	struct str name; /* "pkg/log", ".", or the key under packages: */
	struct str dir;	 /* folder of a conventional package, relative to the execution root */
	const struct package_spec *spec; /* NULL: by convention */
	VEC(struct source *) sources;	 /* without tests, sorted by path */
	VEC(struct source *) tests;
	VEC(struct source *) headers; /* see load_opts.headers; nothing compiles them */
	VEC(struct program) programs;
	struct str_vec include;	       /* search path (after the including file's folder): -I */
	struct str_vec system_include; /* exported folders of required modules: -isystem */
	struct str_vec quote_include; /* where made files lie, and what lies beside them: -iquote */
	struct maker *foreign;	      /* makes its libraries and headers; or NULL */
	struct str_vec flag_include;  /* folders that cflags add: -isystem, -iquote, CFLAGS' -I */
	struct str_vec libraries;     /* "FOLDER DIGEST": the names in a folder of -L */
	struct str_vec flag_defines;  /* names that cflags define: -D */
	struct str_vec forced;	      /* headers that cflags include: -include, -imacros */
	struct str test_runtime;      /* -isystem for tests: where cbuild/test.h lies, or empty */
	VEC(struct package *) imports;	    /* of sources, by index, no duplicates */
	VEC(struct package *) test_imports; /* of tests */
	const bool *sees;		    /* whose files it may read; by package_set's folders */
	struct package_groups
	    choices;		   /* of sources; one of each group is imported, see load_closure */
	struct flags flags;	   /* the module's, the package's and its additions' */
	struct flags export_flags; /* what importers get too */
	struct str std;
};

struct package_set {
	VEC(struct package *) packages; /* main module's first, then by module and name */
	/* Of the main module, relative to its root, sorted; remedies name what lies there. */
	struct str_vec files;	  /* C sources and headers, chosen or not */
	struct str_vec templates; /* *.h.in, and configure scripts, which make headers */
	struct str_vec recipes;	  /* makefiles and their like: what the tree's own build says */
	VEC(struct maker *) makers;
	struct str_vec
	    denied; /* folders and headers that may not be read, relative to the execution root */
	/*
	 * Folder -> number of its module in the build list; one more than there are: everybody's. What lies in no
	 * such folder is everybody's too.
	 */
	struct map folders;
	const struct str *folder_names; /* of the modules, for messages, by number */
	struct loader *loader;		/* load's own, for load_why */
};

struct load_opts {
	const struct build_list *list;
	struct target target;
	struct str mod_mount; /* where CACHE/mod is visible: "build/.x/mod" */
	struct str root;      /* absolute execution root */
	struct str cache_dir; /* absolute; what lies in it is nobody's source; may be empty */
	bool no_tools;	      /* nothing will run: tools may be missing */
	bool
	    headers; /* packages of the main module get the headers below exported folders that no source reads */
	struct str_vec cflags, ldflags; /* of profile and environment: they may name folders */
	/*
	 * Root (relative to the execution root) of the module of the list that holds the test runtime;
	 * only test sources see its headers. Empty: tests are not loaded.
	 */
	struct str test_runtime;
};

/*
 * Loads all packages of all modules of the list. ERR_INPUT: a manifest's source pattern matches nothing,
 * two programs of one name, a folder of cmd/ without main, ...; place and remedy are in the error.
 * ERR_IO: part of the tree cannot be seen (EIO, EMFILE); what the user may not read is left out, see denied.
 */
bool load_packages(struct arena *a, const struct load_opts *o, struct package_set *out,
		   struct err *e) ATTR_MUST_USE;

/*
 * Whether p's programs are only built when something names or runs them: where cmd/ has programs, those of other
 * folders than convention's own (cmd/, pkg/, src/, include/ and the root) are the project's tools.
 */
bool load_is_aside(const struct package_set *set, const struct package *p);

/*
 * The packages of the main module that patterns name: "./...", ".", "./cmd/kv", "pkg/...", a package's
 * or program's name, a source file of theirs. None given: "./...". ERR_USAGE names the pattern that matches nothing.
 */
bool load_match(struct arena *a, const struct package_set *set, const struct str *patterns,
		size_t n, struct package ***out, size_t *out_n, struct err *e) ATTR_MUST_USE;

/*
 * p and all it imports, transitively, each once, p first; test: its tests' imports too. A header that
 * several packages may own is owned by the one of them that p needs anyway; by all of them if there is none.
 */
void load_closure(struct arena *a, struct package *p, bool test, struct package ***out, size_t *n);

/* The program of that name in module m; a module's only one when name is empty. NULL: there is none. */
const struct program *load_program(const struct package_set *set, const struct module *m,
				   struct str name);

/* The maker of an output by its path, or NULL. */
struct maker *load_maker(const struct package_set *set, struct str path);

/*
 * The file of the main module whose text defines the function named symbol, whether a package has it or not,
 * relative to the module's root; empty when none seems to. Reads files: for remedies only.
 */
struct str load_find_definition(struct arena *a, const struct package_set *set, struct str symbol);

/* "Makefile.am:12": where the tree's own build first names word, for remedies; empty when it does not. */
struct str load_find_recipe(struct arena *a, const struct package_set *set, struct str word);

/* One #include: the file and line where it stands, and what it says ("a.h", <a.h> or a macro). */
struct include_step {
	struct str path, text;
	int line;
};
struct include_chain VEC_BODY(struct include_step);
/*
 * The shortest chain of includes, each in the file that the one before names, from a source of p (tests:
 * or a test) to a header of q; in arena a. Empty when only the manifest says so (uses:), or nothing does.
 */
void load_why(struct arena *a, const struct package_set *set, const struct package *p,
	      const struct package *q, bool tests, struct include_chain *out);

/* What the files of the main module that s may read say about other modules, in branches that may be taken. */
struct load_needs {
	struct str_vec
	    missing; /* names in #include that no search path has: the toolchain's, or nobody's */
	struct str_vec by;		   /* for each of these a file that includes it */
	VEC(const struct module *) direct; /* modules whose headers they include, each once */
	/* It reads, or is, what the module makes, or puts a name together by macros: nobody knows what it includes. */
	bool unknown;
};
void load_needs(struct arena *a, const struct package_set *set, struct source *s,
		struct load_needs *out);
/* The module, seen by main or not, that exports a header of that name; NULL: none. */
const struct module *load_exporter(const struct package_set *set, struct str header);
/* The module of that path whose headers main's own files see; NULL: there is none, or it is private to another. */
const struct module *load_seen(const struct package_set *set, struct str path);
/* A file of the main module that is the header, or would be if its folder were searched; empty: none. */
struct str load_lies_at(const struct package_set *set, struct str header);

/*
 * Digest of what loading takes from a source's or header's bytes: its includes, whether it has main, its
 * tests. As long as it stays, and all folders do, load_packages gives the same set.
 */
struct digest load_facts(struct str path, struct str bytes);

#endif
