/*
 * What the files of this room share: the file's layout. Never leaves it.
 */
#ifndef STATE_STATE_IMPL_H
#define STATE_STATE_IMPL_H

#include "state/state.h"
#include "sys/look.h"

enum { STATE_NONE = 0x7fffffff };

/* The first bytes of the file. Each sum covers all of its part that follows the sums. */
struct head {
	char magic[16];
	uint8_t sum[DIGEST_BYTES];	 /* of the bytes from first_bytes to the first part's end */
	uint8_t graph_sum[DIGEST_BYTES]; /* of the second part */
	uint64_t first_bytes;		 /* of the file, head and first part */
	uint64_t graph_bytes;		 /* of the second part, to the file's end */
	uint64_t total;			 /* actions in all */
	int64_t walked_ns;		 /* end of the full walk */
	uint64_t boot;			 /* clock_boot */
	uint32_t folder_count, entry_count;
	uint32_t string_bytes, words_count;
	uint32_t note, note_bytes; /* string */
};

struct sig {
	uint64_t ino, size_bytes;
	int64_t mtime_ns, ctime_ns;
	uint32_t mode, unused;
};

enum { FOLDER_LISTED = 1, FOLDER_ABSENT = 2, FOLDER_RACY = 4 };

/* All entries of a folder lie together. Strings are offsets of NUL-terminated text. */
struct folder {
	uint32_t path, first, count, flags;
	struct sig sig;
	uint8_t listing[DIGEST_BYTES];
};

/* Beyond what a watch notes: */
enum { ENTRY_PRODUCT = 64, ENTRY_RACY = 128, ENTRY_NO_DIGEST = 256 };

struct entry {
	uint32_t name;
	uint16_t what;
	uint8_t kind, real_kind; /* enum file_kind, of itself and with links followed */
	struct sig sig;		 /* links followed */
	uint8_t sha256[DIGEST_BYTES];
	uint8_t facts[DIGEST_BYTES];
};

/* A tool's words, printed again whenever its action is cached. */
struct words {
	uint32_t action, title, title_n, text, text_n;
};

/* The first part, in the map or in a copy of it. */
struct parts {
	struct head *head;
	struct folder *folders;
	struct entry *entries;
	struct words *words;
	char *strings;
};

/* What a look found out about an entry. */
enum seen { SEEN_SAME, SEEN_TOUCHED, SEEN_EDITED, SEEN_OTHER };

struct state {
	const char *path;
	struct file_map map;
	struct parts p;
	uint8_t *seen;			   /* enum seen, an entry */
	struct sig *sigs;		   /* as they are now, an entry; folders behind them */
	int64_t now_ns;			   /* before the look */
	bool foreign;			   /* adopted, and recorded in another boot */
	const struct state_made_vec *made; /* adopted: see state_adopt; else NULL */
	uint64_t begun_ms;
	struct digest *shas; /* of what was read, an entry; NULL: nothing was */
	struct buf graph;    /* a copy of the second part */
	struct edit *edit;
};

static inline bool entry_has_content(const struct entry *x)
{
	return (x->what & (WATCH_FILE | WATCH_HASHED | WATCH_SCANNED | ENTRY_PRODUCT)) != 0;
}

/* --- file.c --- */
struct sig sig_of(const struct file_sig *s);
bool sig_same(const struct sig *x, const struct sig *y);
/* Whether a change right after now_ns may leave the signature as it is. */
bool sig_racy(const struct sig *s, int64_t now_ns);
/*
 * The same for what this process made itself: who writes to it afterwards does so later than one tick,
 * where the file system stamps finer than in seconds.
 */
bool sig_racy_product(const struct sig *s, int64_t now_ns);
/* Finds the parts in n bytes at p and checks them, sum included. */
bool parts_find(const void *p, size_t n, struct parts *out);
/* Whether a file still counts: it is of this boot, unless any will do, and of a walk that the cache remembers. */
bool parts_count(const struct parts *p, bool any_boot);
/* Fills in the sum of the first part. */
void parts_sum(struct parts *p);
/*
 * path as entries have it, in a: cleaned, but for "x/../y", which is beside x only if x is no link; what lies in
 * the root (absolute) is named from there, however it was looked at, so that other checkouts can take it over.
 */
struct str state_spelling(struct arena *a, struct str root, struct str path);
/* Whether path (as state_spelling has it) is of what cbuild itself makes or links below build/. */
bool state_is_made(struct str path);
/* "folder/name" of an entry, in a. */
struct str entry_path(struct arena *a, const struct parts *p, const struct folder *f,
		      const struct entry *x);

/* --- check.c --- */
void state_emit_words(const struct state *s, const struct words *w, struct event_sink *sink);
/* A copy of the first part in out, with the signatures that the look saw; p finds its parts. */
void state_refreshed(const struct state *s, struct buf *out, struct parts *p);

/* --- graph.c --- */
/* Appends the second part. False when the graph cannot be recorded. */
bool graph_write(struct arena *a, const struct state_record *r, const struct map *entries,
		 struct buf *out);

#endif
