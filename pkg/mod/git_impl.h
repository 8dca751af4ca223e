/*
 * Private to git.c, gitrev.c and gittree.c: a remote, the open repository of the cache, and the tree of
 * one tag or commit.
 */
#ifndef MOD_GIT_IMPL_H
#define MOD_GIT_IMPL_H

#include <git2.h>
/* Where libgit2 1.9 declares git_error_set_str; 1.5 does in git2.h. */
#if __has_include(<git2/sys/errors.h>)
#include <git2/sys/errors.h>
#endif

#include "mod/mod_impl.h"

struct git_source {
	git_repository *repo;
	git_tree *tree;
	struct str url; /* rewritten, for messages */
	struct str tag; /* or commit, for messages */
	bool local;	/* repo is the remote itself, and not ours */
};

struct remote {
	struct arena *a;
	const struct mod_opts *o;
	struct str asked; /* the URL before insteadOf */
	struct str url;	  /* after it */
	struct git_settings settings;
	git_strarray headers;	  /* http.extraHeader */
	unsigned asked_for_login; /* so many times on this connection */
	bool transient;		  /* the last failure may go away by itself */
	git_remote *git;
};
bool remote_init(struct arena *a, const struct mod_opts *o, struct str url, struct remote *r,
		 struct err *e) ATTR_MUST_USE;
/* Makes r->git, for the repository (may be NULL). Refuses when offline. */
bool remote_open(struct remote *r, git_repository *repo, struct err *e) ATTR_MUST_USE;
void remote_close(struct remote *r);
/* Connects and lists. */
bool remote_tags(struct remote *r, struct str_vec *out, struct err *e) ATTR_MUST_USE;
/*
 * Fetches refspecs: one without its history where that can be left out, more with all of it, and refs that
 * are gone there go here too.
 */
bool remote_fetch(struct remote *r, char **refs, size_t n, struct err *e) ATTR_MUST_USE;

/*
 * Opens the cache's repository of url under its lock and calls open, which sets the tree; again when that
 * failed for the network's sake. Close with git_close.
 */
typedef bool (*git_opener)(struct remote *r, const void *ctx, struct git_source *s, struct err *e);
bool git_open(struct arena *a, const struct mod_opts *o, struct str url, git_opener open,
	      const void *ctx, struct git_source **out, struct err *e) ATTR_MUST_USE;
bool git_enter(struct arena *a, struct git_source *s, struct str folder,
	       struct err *e) ATTR_MUST_USE;

/* A transport that speaks git's protocol through the user's own ssh (ssh.c). Arguments live as long as it. */
int ssh_transport(git_transport **out, git_remote *owner, struct arena *a,
		  const struct git_settings *s);

/* libgit2's last words on this thread. */
const char *git_says(void);

#endif
