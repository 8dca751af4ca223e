/*
 * project: cbuild.yaml and cbuild.sum of the main module, changed together or not at all.
 */
#ifndef MOD_PROJECT_IMPL_H
#define MOD_PROJECT_IMPL_H

#include "mod/mod_impl.h"

struct project {
	struct arena *a;
	const struct mod_opts *o;
	struct str manifest_path, sum_path;
	struct str bytes; /* of cbuild.yaml */
	bool has_file;
	struct manifest m;
};

bool project_open(struct arena *a, const struct mod_opts *o, struct project *p,
		  struct err *e) ATTR_MUST_USE;
/* Both files or neither. keep: as sum_text's. */
bool project_write(struct project *p, struct str manifest, const struct resolution *r,
		   const struct mod_versions *keep, struct err *e) ATTR_MUST_USE;
/* What a change of a module's version was: "added", "upgraded", ...; empty: it is not there, both: says nothing. */
void project_tell(struct event_sink *sink, struct str path, struct str was, struct str is);
/* o with leave to write cbuild.sum. */
struct mod_opts project_updating(const struct mod_opts *o);

#endif
