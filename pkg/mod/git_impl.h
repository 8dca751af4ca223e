/*
 * Private to git.c and gittree.c: the open repository of the cache and the tree of one tag.
 */
#ifndef MOD_GIT_IMPL_H
#define MOD_GIT_IMPL_H

#include <git2.h>

#include "mod/mod_impl.h"

struct git_source {
	git_repository *repo;
	git_tree *tree;
	struct str url; /* rewritten, for messages */
	struct str tag;
};

/* libgit2's last words on this thread. */
const char *git_says(void);

#endif
