/*
 * work: cbuild.work, several modules at once; see work.c.
 */
#ifndef MOD_WORK_H
#define MOD_WORK_H

#include "manifest/manifest.h"

/* The nearest cbuild.work at or above the folder (absolute); a watch is not told that others are not there. */
bool work_find(struct arena *a, struct str project_dir, struct str *file);
/* Its members' folders, absolute. */
bool work_members(struct arena *a, struct str file, struct str_vec *dirs,
		  struct err *e) ATTR_MUST_USE;
/* The bytes of the file (empty: a new one) with dir under `use`; comments stay. */
bool work_add(struct arena *a, struct str file, struct str bytes, struct str dir, struct str *out,
	      struct err *e) ATTR_MUST_USE;
/*
 * Adds to the main manifest, in memory, what its workspace means for it, if it is in one; sum_dirs: whose
 * cbuild.sum counts too.
 */
bool work_join(struct arena *a, struct manifest *main, struct str project_dir,
	       struct str_vec *sum_dirs, struct err *e) ATTR_MUST_USE;
/* Main as it is, but that members stand for what it requires, and theirs is in force: nothing more is required. */
bool work_stand_in(struct arena *a, const struct manifest *main, struct str project_dir,
		   struct manifest *out, struct err *e) ATTR_MUST_USE;

#endif
