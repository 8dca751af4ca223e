/*
 * load_impl: the graph of requirements as it is read, for load.c, get.c and the verbs that change it.
 */
#ifndef MOD_LOAD_IMPL_H
#define MOD_LOAD_IMPL_H

#include "mod/facts_impl.h"
#include "mod/mvs_impl.h"
#include "mod/source_impl.h"

struct loader {
	struct arena *a;
	struct manifest *main;
	const struct mod_opts *o;
	struct sum_file *sums;
	struct map modules; /* "PATH VERSION" -> struct module, all that was reached */
	struct facts facts; /* zeroed: everything is parsed */
	struct option_wishes wishes;
	struct map ported; /* paths that have a port; filled when first asked */
	bool ports_listed;
	struct map
	    failed; /* "PATH VERSION" of what was fetched -> struct err that fetching ahead met */
	bool stop_absent;      /* what would have to be fetched ends the selection ... */
	bool absent;	       /* ... and this says so */
	struct query *queries; /* for mvs_reqs.previous; NULL: none will be asked */
};

/* A version's module: fetched, checked and read, or found among those that were. */
bool load_version(struct loader *l, const struct mod_version *v, struct module **out,
		  struct err *e) ATTR_MUST_USE;
/* The port that describes what is fetched for m, v: m's own version or what replaces it; *out NULL: none. */
bool load_find_port(struct loader *l, const struct mod_version *v, const struct module *m,
		    struct manifest **out, struct err *e) ATTR_MUST_USE;
/* Loads main's port repositories; from then on l->o has them, and out must last as long. */
bool load_ports(struct loader *l, struct module_vec *out, struct err *e) ATTR_MUST_USE;
/* The version of a port repository of main's; empty: it is none. */
struct str ports_version(const struct manifest *main, struct str path);
void load_ports_versions(const struct manifest *main, struct arena *a, struct mod_versions *out);
/* What m itself requires, by its options as they are wished so far and by main's exclude; self: its path. */
bool load_requirements(struct loader *l, const struct manifest *m, struct str self,
		       struct mod_versions *out, struct err *e) ATTR_MUST_USE;
/*
 * For mvs_reqs; ctx is the loader. When wishes grew meanwhile, versions asked before may require more: select
 * anew, with a new mvs.
 */
bool load_required(void *ctx, const struct mod_version *of, struct mod_versions *out,
		   struct err *e) ATTR_MUST_USE;
/*
 * Selects from what main requires, again while somebody switches on what may require more (manifests are read
 * once). *m is the mvs of the last walk. selected and reached begin anew.
 */
bool load_select(struct loader *l, const struct mvs_reqs *reqs, struct mvs **m,
		 struct mod_versions *selected, struct mod_versions *reached,
		 struct err *e) ATTR_MUST_USE;
bool is_excluded(const struct manifest *main, struct str path, struct str version);
/* What would be fetched for v; false: nothing, or nothing that may be. */
bool load_wanted(struct loader *l, const struct mod_version *v, struct ahead *out);
/*
 * Walks what selection will reach from roots, level by level, and fetches each level together (ahead.c).
 * Errors are left to selection, which knows who required what.
 */
void look_ahead(struct loader *l, const struct mod_versions *roots);
bool may_look_ahead(const struct loader *l);
/* Who requires whom in a list, as indices. */
void load_link(struct arena *a, struct build_list *list);
/* The main module's replacement of v, or NULL. */
const struct replacement *replacement_of(const struct manifest *main, const struct mod_version *v);

#endif
