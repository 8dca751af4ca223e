/* libgit2: a commit in a new repository. */
#include <stdlib.h>
#include <string.h>

#include <git2.h>

static int git_commit_round(void)
{
	char dir[] = "/tmp/smoke-git-XXXXXX";
	git_repository *repo = NULL;
	git_treebuilder *builder = NULL;
	git_signature *who = NULL;
	git_tree *tree = NULL;
	git_commit *commit = NULL;
	git_oid blob, root, id;
	int ok;

	git_libgit2_init();
	ok = mkdtemp(dir) && git_repository_init(&repo, dir, 1) == 0 &&
	     git_blob_create_from_buffer(&blob, repo, "hello\n", 6) == 0 &&
	     strcmp(git_oid_tostr_s(&blob), "ce013625030ba8dba906f756967f9e9ca394464a") == 0 &&
	     git_treebuilder_new(&builder, repo, NULL) == 0 &&
	     git_treebuilder_insert(NULL, builder, "hello.txt", &blob, GIT_FILEMODE_BLOB) == 0 &&
	     git_treebuilder_write(&root, builder) == 0 && git_tree_lookup(&tree, repo, &root) == 0 &&
	     git_signature_new(&who, "a", "a@example.com", 0, 0) == 0 &&
	     git_commit_create(&id, repo, "HEAD", who, who, NULL, "one", tree, 0, NULL) == 0 &&
	     git_commit_lookup(&commit, repo, &id) == 0 &&
	     strcmp(git_commit_message(commit), "one") == 0 &&
	     (git_libgit2_features() & GIT_FEATURE_HTTPS);
	git_commit_free(commit);
	git_tree_free(tree);
	git_signature_free(who);
	git_treebuilder_free(builder);
	git_repository_free(repo);
	git_libgit2_shutdown();
	return ok;
}

int main(void)
{
	return git_commit_round() ? 0 : 1;
}
