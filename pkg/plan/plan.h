/*
 * plan: goals and packages -> an action graph. Pure: no I/O; -n, -x and --explain show the very value that
 * exec runs.
 *
 *     struct plan p; plan_init(&p, &arena, &opts);
 *     struct action *bin = plan_program(&p, program);        compile..., link, ELF policy
 *     plan_compile_package(&p, package);                     objects only
 *     plan_test_program(&p, package, main_path);
 *     exec_run(&arena, &p.graph, goals, n, ...);
 *
 * Each source of each package is compiled at most once a plan, whoever asks.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include <stdbool.h>

#include "base/map.h"
#include "exec/exec.h"
#include "load/load.h"
#include "oci/oci.h"
#include "toolchain/toolchain.h"

struct json;

struct plan_opts {
	const struct toolchain *tc;
	struct target target;
	struct str profile;		 /* "dev" or "release" or the manifest's own */
	const struct manifest *manifest; /* the main module's, for profiles */
	struct str cflags, ldflags;	 /* CFLAGS, LDFLAGS of the environment; words */
	const struct package_set *set;	 /* the target's */
	struct plan *
	    host; /* builds programs that make files; NULL: this plan does, its target is the host's */
};

struct plan {
	struct arena *arena;
	struct plan_opts opts;
	struct graph *graph; /* shared by the plans of several targets */
	struct map objects;  /* source path -> compile action */
	struct map made;     /* a maker's first output, a check -> its action */
	struct map fences;   /* a module -> what its compiles may read */
	struct map programs; /* a program's module and name -> its link and policy check */
	struct str prefix;   /* folder of canonical outputs: "build/linux-amd64" */
	struct flags profile_flags;
	const struct toolchain_lto *lto; /* what the profile asks for; NULL: nothing */
	struct str linker;		 /* program that LDFLAGS choose with -fuse-ld=; or empty */
	bool strip;
};

/* The flags that every compile and link gets: of the manifest's profile, of CFLAGS and LDFLAGS. */
void plan_common_flags(struct arena *a, const struct plan_opts *o, struct str_vec *cflags,
		       struct str_vec *ldflags);
/*
 * A plan adds to graph g, which several targets' plans may share. ERR_USAGE: no such profile, bad CFLAGS, a
 * kind of link-time optimisation or a linker that the toolchain does not have.
 */
bool plan_init(struct plan *p, struct arena *a, struct graph *g, const struct plan_opts *o,
	       struct err *e) ATTR_MUST_USE;
/* The compile of one source; output 0 is the object. */
struct action *plan_compile(struct plan *p, struct source *s);
/*
 * A question to s's compiler, with s's flags; s is no plain assembler. Never recorded.
 * PLAN_ASK_LIST: output 0 is a depfile of what it reads, with what is not there as #include names it; empty
 * when it cannot be preprocessed. PLAN_ASK_FIRST: then its words, once it failed, say why; plan_missing_header.
 */
enum plan_question { PLAN_ASK_LIST, PLAN_ASK_FIRST };
struct action *plan_ask(struct plan *p, struct source *s, enum plan_question question);
/*
 * Which of names, of headers, the target's compiler has not without anybody's folders but those of CFLAGS. Output 0 is
 * for plan_lacks: the indices of these. Empty, too, where it cannot be asked. Never recorded.
 */
struct action *plan_ask_toolchain(struct plan *p, const struct str_vec *names);
/* Whether answer says so of name number i. */
bool plan_lacks(struct str answer, size_t i);
/* The first header that a compiler's words say is not there; empty: none. */
struct str plan_missing_header(struct str words);
/*
 * One line for people: "HAVE_STRLCPY no (function strlcpy)", from the answer that check number i of a made
 * header (its action, of plan_make) got: the content of its input plan_config_input.
 */
size_t plan_config_input(const struct config_header *h, size_t i);
struct str plan_config_answer(struct arena *a, const struct config_header *h, size_t i,
			      struct str answer);
/* All objects of a package (its mains too). */
void plan_package(struct plan *p, struct package *pkg, struct arena *a, struct action ***out,
		  size_t *n);
/* The link of a program; output 0 is the executable, its policy check is *policy (a goal of its own). */
struct action *plan_program(struct plan *p, const struct program *prog, struct action **policy);
/* Link of a package's tests with the generated main at main_path (a tree file); as plan_program. */
struct action *plan_test_program(struct plan *p, struct package *pkg, struct str main_path,
				 struct action **policy);

struct plan_image {
	const struct image_spec *spec;
	struct str program;		 /* name: default entry point /NAME */
	const struct define *host_files; /* image path: path on this host (CA bundle, zoneinfo) */
	size_t host_file_count;
	int64_t created_s;
};
/* One target's image from its linked program; output index 2 of the action is its descriptor. */
bool plan_image(struct plan *p, struct action *exe, struct action *policy,
		const struct plan_image *o, struct action **out, struct err *e) ATTR_MUST_USE;
/* The index over several targets' images; output 0 is the index. */
struct action *plan_index(struct arena *a, struct graph *g, struct action *const *images, size_t n,
			  const struct str_vec *annotations);

/* What makes files for sources and links: generate, embed, config, foreign. */
struct action *plan_make(struct plan *p, const struct maker *m);

/* Steps: the check of a linked program's ELF (policy.c), a text (make.c), a config header (config.c). */
extern const struct step plan_policy_step, plan_text_step, plan_config_step;

/* Path, version, licence, source, ref, sum and contents of a module, those that are known. */
struct json *plan_module_facts(struct arena *a, const struct module *m);

/*
 * What a user can do about a failed action's words: a missing header, a duplicate or undefined symbol.
 * Appends lines to out; nothing when no rule fits. port_for says which module provides a header.
 */
struct plan_hint_port {
	struct str (*module_for)(void *ctx, struct str header); /* "" when none */
	/* Source of the main module that defines a function; "" when none. NULL: not asked. */
	struct str (*defined_in)(void *ctx, struct str symbol);
	/* "Makefile:12", where the tree's own build names a header or a macro; "" when none. NULL: not asked. */
	struct str (*recipe_of)(void *ctx, struct str word);
	void *ctx;
};
void plan_hint(struct arena *a, const struct package_set *set, const struct action *failed,
	       const struct plan_hint_port *port, struct buf *out);

#endif
