/*
 * mvs: minimal version selection, pure (research.swtch.com/vgo-mvs; the numbers are that text's).
 *
 *     m = mvs_new(a, &reqs);
 *     mvs_select(m, &roots, &list, NULL, &e)           1, the build list
 *     mvs_upgrade_all(m, &roots, latest, &list, &e)    2, all to what latest says
 *     mvs_select(m, &roots_and_more, ...)              3, some upgraded: they are roots too
 *     mvs_downgrade(m, &roots, &limits, &list, &e)     4, nothing above limits
 *     mvs_minimal(m, &list, &direct, &roots, &e)       R, the least to write into a manifest
 *
 * What a version requires is asked once for each mvs.
 */
#ifndef MOD_MVS_IMPL_H
#define MOD_MVS_IMPL_H

#include "mod/mod_impl.h"

/* Another version of v's module; *out starts as v's own. */
typedef bool (*mvs_change)(void *ctx, const struct mod_version *v, struct str *out, struct err *e);

struct mvs_reqs {
	void *ctx;
	/* Appends what `of` requires directly. */
	bool (*required)(void *ctx, const struct mod_version *of, struct mod_versions *out,
			 struct err *e);
	/* The greatest version below v that may be chosen; empty: none. For downgrades. */
	mvs_change previous;
};

struct mvs;
struct mvs *mvs_new(struct arena *a, const struct mvs_reqs *reqs);

/*
 * *selected gets the greatest version a path over all that roots reach, sorted by path; *reached (may be
 * NULL) every version looked at, sorted. A failing callback's error is wrapped with the chain of
 * requirements that led there.
 */
bool mvs_select(struct mvs *m, const struct mod_versions *roots, struct mod_versions *selected,
		struct mod_versions *reached, struct err *e) ATTR_MUST_USE;
bool mvs_upgrade_all(struct mvs *m, const struct mod_versions *roots, mvs_change upgrade,
		     struct mod_versions *selected, struct err *e) ATTR_MUST_USE;
/*
 * As if no version above limits (empty: no version at all of that path) existed: what requires too much is
 * lowered to the greatest version that does not, or removed; nothing is raised.
 */
bool mvs_downgrade(struct mvs *m, const struct mod_versions *roots,
		   const struct mod_versions *limits, struct mod_versions *out,
		   struct err *e) ATTR_MUST_USE;
/*
 * The least requirements that select list (a build list): the paths of base that are in it, and what these
 * do not bring.
 */
bool mvs_minimal(struct mvs *m, const struct mod_versions *list, const struct str_vec *base,
		 struct mod_versions *out, struct err *e) ATTR_MUST_USE;
void mvs_sort(struct mod_versions *v);

#endif
