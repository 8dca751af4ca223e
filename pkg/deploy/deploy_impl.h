/*
 * What the files of the deploy room share. Never leaves it.
 */
#ifndef DEPLOY_DEPLOY_IMPL_H
#define DEPLOY_DEPLOY_IMPL_H

#include "deploy/deploy.h"
#include "format/json.h"
#include "sys/file.h"

enum {
	DEPLOY_KEEP = 5,
	DEPLOY_MAX_FILES = 100000,
	DEPLOY_MAX_DEPTH = 32,
	JOURNAL_MAX_BYTES = 64 << 20,
	RECORD_MAX_BYTES = 16 << 20,
	ANSWER_MAX_BYTES = 2048, /* of an answer or a log that the history keeps */
};

/* A release that lies beside the generations, whole but without number. */
struct staged {
	struct str dir; /* generations/.new-... */
	struct digest digest;
	struct json *files; /* of a folder; NULL for an image */
};

/* What differs between a folder and a tag. All leave the place as it is when they fail. */
struct place_ops {
	/* What is switched to now, as `point` takes it; empty: nothing. */
	bool (*current)(struct place *p, struct str *out, struct err *e);
	struct str (*target)(struct place *p, const struct generation *g);
	/* The switch: at once, all or nothing; empty: to nothing. Then `sync` makes it last. */
	bool (*point)(struct place *p, struct str target, struct err *e);
	bool (*sync)(struct place *p, struct err *e);
	/* Puts a source's content into s->dir, or beside it, and hashes it. */
	bool (*stage)(struct place *p, const struct release_source *src, struct staged *s,
		      struct err *e);
	/* Whether all content is there and as its digest says. */
	bool (*verify)(const struct place *p, const struct generation *g, const struct json *record,
		       struct err *e);
};
extern const struct place_ops place_folder, place_layout;

struct place {
	struct arena *arena;
	const struct place_ops *ops;
	struct event_sink *sink;
	struct str dest;	/* as given, for messages */
	struct str dir;		/* holds generations, journal and lock */
	struct str layout, tag; /* of an image's place */
	struct str by;		/* who we are */
	struct file_lock lock;
	bool write;
	struct place_view view;
	uint64_t journal_bytes; /* of whole lines */
};

/* A NUL-terminated path below the place's folder, in its arena. */
const char *place_path(const struct place *p, const char *fmt, ...) ATTR_PRINTF(2, 3);
const char *generation_path(const struct place *p, const struct generation *g, const char *file);
/* By number, or name as `current` says it; NULL: none. */
struct generation *generation_find(const struct place *p, uint64_t number);
struct generation *generation_named(const struct place *p, struct str name);
/*
 * Where a rollback goes: what was current before the current one was deployed, and so on back to a good one
 * that is present; from what was never checked or failed, the good one used last. NULL: none.
 */
struct generation *generation_back(const struct place *p);
/* "7-9f86d081884c" */
struct str generation_name(struct arena *a, uint64_t number, const struct digest *d);

/* --- source.c --- */

/* oci:LAYOUT:TAG in two, NUL-terminated; ERR_USAGE. */
bool source_image(struct arena *a, struct str text, struct str *layout, struct str *tag,
		  struct err *e);
/* The index that an image's tag names now; ERR_INPUT when it names none. */
bool source_index(struct arena *a, const struct release_source *src, struct digest *out,
		  struct err *e);

/* --- folder.c --- */

/* Puts a release's files below dir. */
bool folder_fill(struct place *p, const struct release_source *src, const char *dir, struct err *e);
/* Stages a release in dir, made when absent, as if that were a place. */
bool folder_stage(struct arena *a, const struct release_source *src, struct str dir,
		  struct staged *s, struct err *e);
/* A fresh folder for what goes again soon. */
bool folder_scratch(struct arena *a, struct str *out, struct err *e);

/* --- stream.c --- */

/* Puts a stream's files below dir: those that come, and of what was left out those that are here. */
bool stream_fill(struct place *p, const struct release_source *src, const char *dir, struct err *e);

/* --- journal.c --- */

/*
 * Adds the lines of text to the view; returns the length up to the last good one. Only what is behind it can have
 * been torn; other lines that say nothing were damaged by somebody else, and are counted.
 */
size_t journal_parse(struct place *p, struct str text);
/* Reads the journal into p->view; a torn last line is left out, and cut off where p->write. */
bool journal_read(struct place *p, struct err *e);
/* Each appends a line, syncs the journal, and brings the view up to date. */
bool journal_begin(struct place *p, struct change *c, struct err *e);
bool journal_end(struct place *p, struct change *c, struct err *e);
/* PIN, UNPIN: of c->to. GC: names what is about to be removed. */
bool journal_note(struct place *p, struct change *c, const struct str_vec *removed, struct err *e);

/* --- release.c --- */

/* Lists and hashes the files below dir, sorted; digest is that of the list. */
bool tree_list(struct arena *a, const char *dir, struct json **files, struct digest *digest,
	       struct err *e);
/* Compares the files below dir with a list of tree_list's; ERR_VERIFY. */
bool tree_verify(struct arena *a, const char *dir, const struct json *files, struct err *e);
/* Makes all below dir last: its files one by one, or the file system when they are many. */
bool tree_sync(const char *dir, const struct json *files, struct err *e);
bool release_write(struct place *p, const struct staged *s, const struct release_source *src,
		   const struct deploy_spec *spec, struct generation *g, struct err *e);
/* The digest in the list of a file; false when it is not there. */
bool release_has_digest(const struct json *record, const char *hex);

/* --- policy.c --- */

struct json *policy_json(struct arena *a, const struct deploy_spec *s);
/* A policy of policy_json's. */
void policy_read(struct arena *a, const struct json *v, struct deploy_spec *out);
/* What is demanded of statements, with the key itself, as the journal and parcels have it; and back. */
struct json *verify_json(struct arena *a, const struct verify_spec *v);
void verify_read(struct arena *a, const struct json *v, struct verify_spec *out);
bool generation_policy(struct place *p, const struct generation *g, struct deploy_spec *out,
		       struct err *e);

/* --- trust.c --- */

/*
 * What a deploy with o has to satisfy: what the place keeps or, at first and with o->change_verify, what o->spec says;
 * *changed tells which. ERR_VERIFY when they differ otherwise.
 */
bool verify_choose(const struct place *p, const struct deploy_opts *o, struct verify_spec *out,
		   bool *changed, struct err *e);
/* Whether a release may be switched to: always when nothing is demanded. at: the statement's place. */
bool verify_release(const struct place *p, const struct verify_spec *v, struct str statement,
		    struct str at, const struct digest *d, struct err *e);
/* As place_verify, with other demands than those that the place keeps. */
bool generation_verify(const struct place *p, const struct generation *g,
		       const struct verify_spec *v, struct err *e);
/* In a layout that a release goes to, its statement lies beside, as where it comes from. */
bool statement_keep(struct place *p, const struct release_source *src, const struct digest *d,
		    struct err *e);

/* --- health.c --- */

/* What a check found; why is empty when it passed. */
struct health_report {
	bool ok;
	struct str why, body, log;
	int64_t status, attempts;
	struct err err; /* when not ok */
};
/* Reload, then the health check until it passes or its tries are used up. */
void health_settle(struct place *p, const struct generation *g, const struct deploy_spec *s,
		   struct health_report *out);
/* Runs spec->canary's program until its own check passed. */
bool health_canary(struct place *p, const struct generation *g, const struct deploy_spec *s,
		   struct health_report *out);

/* --- proof.c --- */

enum proof_result { LISTENER_NEW, LISTENER_OTHER, LISTENER_UNSEEN };
/*
 * Whether a process that runs a file of generation g has the listening TCP socket of that port (and none that
 * runs another generation has it). *who says what was seen.
 */
enum proof_result proof_listener(const struct place *p, const struct generation *g, unsigned port,
				 struct str *who);
/* Whether text has the release's digest, a file's, or a program's build id, in hex. */
bool proof_answer(const struct place *p, const struct generation *g, struct str text);
/* Sends a signal to the processes that run files of any generation, and whose parents do not. */
size_t proof_signal(const struct place *p, int signal);

/* --- gc.c --- */

/* Removes half-made and half-removed generations, and temporaries. */
bool gc_leftovers(struct place *p, struct err *e);

#endif
