/*
 * vcs: what git knows about the folder a build runs in.
 */
#ifndef MOD_VCS_H
#define MOD_VCS_H

#include "base/err.h"

/*
 * Committer time (seconds since 1970) of HEAD of the repository that holds folder; *seconds is left
 * alone when there is none.
 */
bool vcs_commit_time(struct arena *a, struct str folder, int64_t *seconds,
		     struct err *e) ATTR_MUST_USE;

#endif
