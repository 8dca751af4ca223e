/*
 * Fuzz target: any bytes as a packed module. What is unpacked and read again obeys a tree's rules, and
 * nothing appears beside the folder.
 */
#include <stdlib.h>

#include "base/path.h"
#include "format/archive.h"
#include "mod/mod_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool look(void *ctx, const struct tree_file *f, struct err *e)
{
	(void)ctx;
	(void)e;
	if (!path_is_local(f->name) || (f->link && !link_stays_inside(f->name, f->bytes)))
		abort();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct str_vec all;
	struct archive_opts opts = {.max_bytes = 1 << 20, .max_entries = 100, .max_ratio = 200};
	struct arena a = {0};
	struct folder_entry *list;
	size_t count = 0;
	struct err e;
	struct str dir, file, tree;

	if (!folder_make_temp(&a, "/tmp", "cbuild-fuzz-", &dir, &e))
		abort();
	file = path_join(&a, dir, STR("file"));
	tree = path_join(&a, dir, STR("tree"));
	if (!file_write_fast(file.p, (struct str){(const char *)data, n}, 0644, &e))
		abort();
	if (archive_unpack(file.p, tree.p, &opts, &e))
		(void)!folder_each_file(&a, tree, &all, look, NULL, &e);
	if (!folder_list(&a, dir.p, &list, &count, &e) || count > 2 || !folder_remove(dir.p, &e))
		abort();
	arena_fini(&a);
	return 0;
}
