/*
 * What cbuild itself is made of: libarchive with all its filters, libgit2, libcurl, jansson, libdeflate.
 */
#include "transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <curl/curl.h>
#include <git2.h>
#include <jansson.h>
#include <libdeflate.h>
#include <pcre2.h>

static const char text[] = "the quick brown fox jumps over the lazy dog, the quick brown fox";

static int pack(int (*filter)(struct archive *), char *bytes, size_t size, size_t *used)
{
	struct archive *w = archive_write_new();
	struct archive_entry *e = archive_entry_new();
	int ok;

	archive_entry_set_pathname(e, "dir/a.txt");
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_size(e, sizeof text);
	ok = filter(w) == ARCHIVE_OK && archive_write_set_format_pax_restricted(w) == ARCHIVE_OK &&
	     archive_write_open_memory(w, bytes, size, used) == ARCHIVE_OK &&
	     archive_write_header(w, e) == ARCHIVE_OK &&
	     archive_write_data(w, text, sizeof text) == (la_ssize_t)sizeof text &&
	     archive_write_close(w) == ARCHIVE_OK;
	archive_entry_free(e);
	archive_write_free(w);
	return ok;
}

static int unpack(const char *bytes, size_t used)
{
	struct archive *r = archive_read_new();
	struct archive_entry *e;
	char plain[256];
	int ok = archive_read_support_filter_all(r) == ARCHIVE_OK &&
		 archive_read_support_format_tar(r) == ARCHIVE_OK &&
		 archive_read_open_memory(r, bytes, used) == ARCHIVE_OK &&
		 archive_read_next_header(r, &e) == ARCHIVE_OK &&
		 strcmp(archive_entry_pathname(e), "dir/a.txt") == 0 &&
		 archive_read_data(r, plain, sizeof plain) == (la_ssize_t)sizeof text &&
		 memcmp(plain, text, sizeof text) == 0;

	archive_read_free(r);
	return ok;
}

int archive_filters(void)
{
	static int (*const filters[])(struct archive *) = {
	    archive_write_add_filter_none, archive_write_add_filter_gzip, archive_write_add_filter_bzip2,
	    archive_write_add_filter_xz,   archive_write_add_filter_zstd, archive_write_add_filter_lz4,
	};
	static char bytes[1 << 16];
	size_t used;

	for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++)
		if (!pack(filters[i], bytes, sizeof bytes, &used) || !unpack(bytes, used)) {
			printf("filter %zu\n", i);
			return 0;
		}
	return 1;
}

int git_commit_round(void)
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

int curl_refused(void)
{
	const curl_version_info_data *v;
	CURL *c;
	int ok;

	curl_global_init(CURL_GLOBAL_ALL);
	v = curl_version_info(CURLVERSION_NOW);
	c = curl_easy_init();
	ok = c && (v->features & CURL_VERSION_SSL) && (v->features & CURL_VERSION_LIBZ) &&
	     curl_easy_setopt(c, CURLOPT_URL, "https://127.0.0.1:1/") == CURLE_OK &&
	     curl_easy_perform(c) == CURLE_COULDNT_CONNECT &&
	     curl_easy_setopt(c, CURLOPT_URL, "ftp://127.0.0.1:1/") == CURLE_OK &&
	     curl_easy_perform(c) == CURLE_UNSUPPORTED_PROTOCOL;
	curl_easy_cleanup(c);
	curl_global_cleanup();
	return ok;
}

int pcre2_match_words(void)
{
	int code, ok;
	PCRE2_SIZE at;
	pcre2_code *re = pcre2_compile((PCRE2_SPTR)"(?i)\\b(\\p{Lu}\\w+) FOX", PCRE2_ZERO_TERMINATED,
				       PCRE2_UTF, &code, &at, NULL);
	pcre2_match_data *m = re ? pcre2_match_data_create_from_pattern(re, NULL) : NULL;

	ok = m && pcre2_match(re, (PCRE2_SPTR)text, sizeof text - 1, 0, 0, m, NULL) == 2 &&
	     pcre2_get_ovector_pointer(m)[2] == 10 && pcre2_get_ovector_pointer(m)[3] == 15;
	pcre2_match_data_free(m);
	pcre2_code_free(re);
	return ok;
}

int jansson_round(void)
{
	json_t *v = json_loads("{\"a\": [1, 2.5, \"x\"]}", 0, NULL);
	char *out = json_dumps(v, JSON_COMPACT);
	int ok = out && strcmp(out, "{\"a\":[1,2.5,\"x\"]}") == 0;

	free(out);
	json_decref(v);
	return ok;
}

int deflate_round(void)
{
	char packed[256], plain[256];
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(12);
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	size_t n = libdeflate_gzip_compress(c, text, sizeof text, packed, sizeof packed), m = 0;
	int ok = n && libdeflate_gzip_decompress(d, packed, n, plain, sizeof plain, &m) ==
			  LIBDEFLATE_SUCCESS &&
		 m == sizeof text && memcmp(plain, text, m) == 0;

	libdeflate_free_compressor(c);
	libdeflate_free_decompressor(d);
	return ok;
}
