/*
 * facts: a memo of what selection reads of a module version, so that a graph of thousands is known from one
 * file instead of from as many manifests. A module's sum determines its tree and so its manifest: what was
 * once read of (path, version, sum) holds for ever, and needs neither the manifest nor its folder. Only
 * modules with a manifest of their own are here; a port belongs to the project.
 *
 *     facts_open(&f, a, o, main);              whatever there is; nothing: all is parsed, and then noted
 *     m = facts_get(&f, &v, sum);              a manifest of which only facts are filled, or NULL
 *     facts_put(&f, &v, sum, m);               of one that was parsed
 *     facts_save(&f);                          when it would change
 *
 * CACHE/mod/.req/HEX, all numbers in little endian, N as LEB128, text as N, its bytes and a NUL:
 *
 *     "cbuild-facts 1\n\0"                     16 bytes; the number goes up with any change of what follows
 *     N                                        entries, each:
 *         text "PATH VERSION", text "h1:..."
 *         8 8 8                                its folder when its sum was last compared: inode, mtime, ctime
 *         text                                 the facts: facts_encode
 *     8                                        str_hash of all before
 *
 * HEX is the hash of cbuild's version and the main module's path (its folder, when it has none): manifests
 * may mean other things to another cbuild. The file may hold anything: what is not as above is as if absent.
 */
#ifndef MOD_FACTS_IMPL_H
#define MOD_FACTS_IMPL_H

#include "mod/mod_impl.h"

/* ---- facts.c ---- */

/* A folder as it was; zeroed: not known. */
struct fact_sig {
	uint64_t ino;
	int64_t mtime_ns, ctime_ns;
};

struct fact {
	struct str key; /* "PATH VERSION" */
	struct str sum;
	struct fact_sig sig;
	struct str body;
	struct manifest *m; /* once asked for */
	bool used;	    /* in this run */
	bool dropped;	    /* not to be used in this run: the folder is needed, or its manifest */
};

struct facts {
	struct arena *a; /* NULL: there are none, and none are kept */
	const struct mod_opts *o;
	struct str file;
	struct map by_key; /* -> struct fact */
	bool changed;
};

void facts_open(struct facts *f, struct arena *a, const struct mod_opts *o,
		const struct manifest *main);
/* Removes what was kept for main: something that it was read of turned out to be another. */
void facts_forget(struct arena *a, const struct mod_opts *o, const struct manifest *main);
struct manifest *facts_get(struct facts *f, const struct mod_version *v, struct str sum);
/* Until the end of this run it is as if nothing were known of v. */
void facts_drop(struct facts *f, const struct mod_version *v);
/* Is v's folder, NAME in the cache's mod_dir, there with the sum that its fact is for? */
bool facts_in_cache(struct facts *f, const struct mod_version *v, int mod_dir, struct str name);
void facts_put(struct facts *f, const struct mod_version *v, struct str sum,
	       const struct manifest *m);
/* Failing is no error: the next run parses again. */
void facts_save(struct facts *f);

/* The whole file. False: it is not one; *f is then as it was. */
bool facts_parse(struct facts *f, struct str bytes) ATTR_MUST_USE;
struct str facts_text(struct facts *f);

/* ---- facts_code.c ---- */

/* Reading bytes that may be anything: once something does not fit, failed is set and all that follows is zero. */
struct facts_reader {
	struct str rest;
	bool failed;
};
uint64_t facts_read_number(struct facts_reader *r);
uint64_t facts_read_fixed(struct facts_reader *r);
/* A view with a NUL behind it. */
struct str facts_read_text(struct facts_reader *r);
void facts_add_number(struct buf *b, uint64_t n);
void facts_add_fixed(struct buf *b, uint64_t n);
void facts_add_text(struct buf *b, struct str s);

/*
 * The facts of a manifest: its name, requirements, port repositories, options, what it sets of others', licence, copies of libraries
 * and native library, with their positions.
 */
void facts_encode(struct buf *b, const struct manifest *m);
/* All else in *out is zero; its texts are views of bytes. */
bool facts_decode(struct arena *a, struct str bytes, struct manifest *out) ATTR_MUST_USE;

#endif
