/*
 * query: which version a user means, and which there are. One struct query serves a command: remotes are
 * asked once a module.
 */
#ifndef MOD_QUERY_IMPL_H
#define MOD_QUERY_IMPL_H

#include "mod/mod_impl.h"

struct query;
struct query *query_new(struct arena *a, const struct manifest *main, const struct mod_opts *o);
/*
 * The version that text means of the module at path (go.dev/ref/mod#version-queries): v1.2.3, v1 or v1.2,
 * <v2 <=v2 >v1 >=v1, latest, upgrade, patch, or a branch, tag or commit. now: the version in use, may be
 * empty. What main excludes and the module retracts is passed over, unless text names it.
 */
bool query_version(struct query *q, struct str path, struct str text, struct str now,
		   struct str *out, struct err *e) ATTR_MUST_USE;
/* The greatest version below v that is neither excluded nor retracted; empty: none. */
bool query_previous(struct query *q, const struct mod_version *v, struct str *out,
		    struct err *e) ATTR_MUST_USE;
/* The retraction that holds for v, by the manifest of the module's newest version; *out NULL: none. */
bool query_retracted(struct query *q, const struct mod_version *v, const struct retraction **out,
		     struct err *e) ATTR_MUST_USE;
/* False, with the error for a path that is named twice. */
bool asked_twice(struct str path, struct err *e);
/* True, with the error, for the main module's own path. */
bool asked_itself(const struct manifest *main, struct str path, struct err *e);
/* "HOST/PATH", or an error. */
bool query_check_path(struct str path, struct err *e) ATTR_MUST_USE;

#endif
