/*
 * Reads HEAD with libgit2. A folder that is in no repository, or a repository without commits, is
 * no error: the caller has a default.
 */
#include "mod/vcs.h"

#include <git2.h>

static bool commit_time(git_repository *repo, int64_t *seconds)
{
	git_object *head = NULL;

	if (git_revparse_single(&head, repo, "HEAD^{commit}") != 0)
		return false;
	*seconds = (int64_t)git_commit_time((const git_commit *)head);
	git_object_free(head);
	return true;
}

bool vcs_commit_time(struct arena *a, struct str folder, int64_t *seconds, struct err *e)
{
	git_repository *repo = NULL;

	if (git_libgit2_init() < 0)
		return err_set(e, ERR_IO, "starting libgit2 failed");
	/* The owner of a checkout in CI often differs: reading a commit's time is safe all the
	 * same. */
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	if (git_repository_open_ext(&repo, str_c(a, folder), 0, NULL) == 0)
		commit_time(repo, seconds);
	git_repository_free(repo);
	git_libgit2_shutdown();
	return true;
}
