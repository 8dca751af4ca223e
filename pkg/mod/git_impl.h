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
	bool local; /* repo is the remote itself, and not ours */
};

/* A transport that speaks git's protocol through the user's own ssh (ssh.c). Arguments live as long as it. */
int ssh_transport(git_transport **out, git_remote *owner, struct arena *a,
		  const struct git_settings *s);

/* libgit2's last words on this thread. */
const char *git_says(void);

#endif
