/*
 * deploy: releases as generations at a place: put there whole, switched to by one rename, checked, kept,
 * switched back. A place is a folder on a host, or a tag of an OCI image layout.
 *
 *     place_open(&arena, dest, &(struct place_opts){.write = true}, &p, &e)      locks and recovers
 *     deploy_release(p, &source, &opts, &outcome, &e)
 *     deploy_rollback(p, 0, &opts, &outcome, &e)
 *     place_close(p);
 *
 * On disk, DIR being the folder (of a layout: LAYOUT/.cbuild/TAG, with records only):
 *
 *     current -> generations/7-9f86d081884c       the one thing that a switch changes
 *     generations/7-9f86d081884c/release.json     what it is (release.c); read-only, as all beside it
 *     generations/7-9f86d081884c/...              the release's files
 *     journal                                     what was begun and how it ended (journal.c)
 *     lock                                        flock
 *
 * Where a place keeps a public key (with the first deploy whose manifest has one), only releases are switched to
 * that have a statement (format/statement.h) signed by it, which names their digest and says what else is
 * demanded (trust.c). It is kept in release.json, so that a rollback checks it again; the key is in the journal.
 *
 * Order of a deploy: files written beside, hashed, synced and renamed to their place; the intent written
 * to the journal and synced; the switch; the folder synced; reload; health; the outcome written and synced;
 * only then are old generations removed. A command that dies leaves an intent without outcome; the next
 * one notes what `current` says. One that fails after the switch switches back by itself.
 *
 * An exit without error means: `current` names the release, and its check passed. After an error `current`
 * is what it was before, unless the error says otherwise.
 */
#ifndef DEPLOY_DEPLOY_H
#define DEPLOY_DEPLOY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/event.h"
#include "base/vec.h"
#include "manifest/manifest.h"

struct place;
struct json;
struct statement;

struct place_opts {
	bool write;	 /* takes the lock and recovers; else nothing is written */
	bool no_wait;	 /* another has the lock: ERR_IO at once, instead of waiting for it */
	bool must_exist; /* ERR_INPUT where nothing was deployed yet */
	struct event_sink *sink;
};

/*
 * dest: a folder, or oci:LAYOUT:TAG. ERR_USAGE when it is neither, or when something else has a name that
 * is needed there (a folder `current`, say). All that a place returns lives in arena a.
 */
bool place_open(struct arena *a, struct str dest, const struct place_opts *o, struct place **out,
		struct err *e) ATTR_MUST_USE;
void place_close(struct place *p); /* accepts NULL */

/* Where a release comes from. */
enum release_kind {
	RELEASE_FILE,	 /* one program */
	RELEASE_TREE,	 /* a folder */
	RELEASE_ARCHIVE, /* tar or zip, hostile */
	RELEASE_IMAGE,	 /* oci:LAYOUT:TAG */
	RELEASE_STREAM,	 /* from another machine, on standard input (stream.c) */
};
struct release_source {
	enum release_kind kind;
	struct str path; /* of an image: its layout */
	struct str tag;
	unsigned strip;	      /* leading path parts of an archive's entries that are dropped */
	struct str_vec files; /* of a tree, "PATH=FILE": these instead of all that is below path */
	const struct json *head; /* of a stream */
	struct str version;	 /* noted; may be empty */
	struct str note;	 /* where it comes from, in words; may be empty: the path */
	struct str statement;	 /* its envelope; empty: none */
	struct str statement_at; /* the envelope's place, for messages */
};
/* oci:LAYOUT:TAG, a folder, an archive by its ending, else one file. ERR_IO when there is none. */
bool release_source(struct arena *a, struct str text, struct release_source *out,
		    struct err *e) ATTR_MUST_USE;
/*
 * Reads a release's statement: from file, or, where that is empty, from beside the release if one is there. ERR_INPUT
 * when it is too large or no text.
 */
bool release_statement(struct arena *a, struct release_source *s, struct str file,
		       struct err *e) ATTR_MUST_USE;
/*
 * Beside the release, or the one file of a build: RELEASE.intoto.jsonl; of an image
 * LAYOUT/sha256-HEX.intoto.jsonl.
 */
bool release_statement_path(struct arena *a, const struct release_source *s, struct str *out,
			    struct err *e) ATTR_MUST_USE;
/*
 * What a statement of the release must name: its digest, and of an image also that of the files that this machine
 * would unpack, if any. *bytes has the first one's digest: the list of files, or the index.
 */
bool release_subjects(struct arena *a, const struct release_source *s, struct statement *out,
		      struct str *bytes, struct err *e) ATTR_MUST_USE;

struct deploy_opts {
	const struct deploy_spec *
	    spec; /* of deploy: the release's policy, kept with it. Of rollback: NULL, each has its own */
	struct str force;   /* digest in hex, 12 digits at least: switch to it although it failed */
	bool no_check;	    /* neither reload nor health: only the switch */
	bool canary;	    /* run spec->canary first */
	bool change_verify; /* the place keeps spec->verify from now on, whatever it kept */
};

struct deploy_outcome {
	uint64_t number, from; /* 0: none */
	struct digest digest;
	bool unchanged; /* it was current and good already; nothing was done */
	uint64_t
	    switch_ns; /* from the intent being durable to `current` being switched, fsync apart */
	struct str_vec removed; /* names of the generations that went */
};

/*
 * ERR_VERIFY: a digest that failed its check, without force; a release without the statement that is demanded;
 * spec->verify that is not what the place keeps, without change_verify. ERR_INPUT: the release is refused. ERR_TOOL,
 * ERR_NET, ...: reload or health failed; all is switched back and said in e and in the history.
 */
bool deploy_release(struct place *p, const struct release_source *s, const struct deploy_opts *o,
		    struct deploy_outcome *out, struct err *e) ATTR_MUST_USE;
/* number 0: the newest good generation before the current one. Its files are hashed first (ERR_VERIFY). */
bool deploy_rollback(struct place *p, uint64_t number, const struct deploy_opts *o,
		     struct deploy_outcome *out, struct err *e) ATTR_MUST_USE;

/*
 * Removes all generations but the current, the last good one, pinned ones, and `keep` good ones by last
 * use (0: what the current one's policy says, else 5).
 */
bool deploy_gc(struct place *p, unsigned keep, struct str_vec *removed,
	       struct err *e) ATTR_MUST_USE;
/* A pinned generation is never removed. */
bool deploy_pin(struct place *p, uint64_t number, bool on, struct err *e) ATTR_MUST_USE;

/* A systemd service that runs current/RUN[0], and, when it listens somewhere, its socket. */
struct unit_spec {
	struct str dir, name; /* /etc/systemd/system, kv */
	struct str_vec run;   /* program below `current`, and its arguments */
	struct str listen; /* as ListenStream= takes it: 8080, 127.0.0.1:8080; empty: no socket */
};
bool deploy_units(const struct place *p, const struct unit_spec *u, struct err *e) ATTR_MUST_USE;

/* What the current generation's release says about health and so on; nothing is said where there is none. */
bool place_policy(struct place *p, struct deploy_spec *out, struct err *e) ATTR_MUST_USE;

/* --- another host ----------------------------------------------------------------------------- */

/*
 * HOST:PATH or HOST,HOST:PATH, as scp writes it: a colon before any slash, and not oci:. Commands are run there
 * by the user's ssh, whose configuration, agent and jump hosts work; cbuild must be there too. False: a place
 * of this machine.
 */
struct remote {
	struct str_vec hosts; /* in order */
	struct str path;
};
bool remote_parse(struct arena *a, struct str dest, struct remote *out);
/*
 * Runs `cbuild WORDS` at a host with our own standard descriptors, waits and passes its failure on (ERR_NET
 * when ssh itself failed).
 */
bool remote_run(struct arena *a, struct str host, const struct str_vec *words,
		struct err *e) ATTR_MUST_USE;
/*
 * A release made here for hosts: its files are copied to a temporary folder and hashed once. remote_send asks a
 * host which of them it lacks and sends those, with `cbuild deploy PATH FLAGS`; *said is its answer.
 */
struct parcel;
bool parcel_open(struct arena *a, const struct release_source *src, const struct deploy_spec *spec,
		 struct parcel **out, struct err *e) ATTR_MUST_USE;
bool remote_send(struct parcel *x, struct str host, struct str path, const struct str_vec *flags,
		 struct event_sink *sink, struct str *said, struct err *e) ATTR_MUST_USE;
void parcel_close(struct parcel *x); /* accepts NULL */
/* At the host: reads a parcel's head from standard input and prints the indexes of what is lacking, as JSON. */
bool place_lacks(struct place *p, struct str *out, struct err *e) ATTR_MUST_USE;
/* At the host: the source that is on standard input, and its policy if it brings one. */
bool stream_source(struct place *p, struct release_source *out, struct deploy_spec *spec,
		   bool *has_spec, struct err *e) ATTR_MUST_USE;

/* --- looking ---------------------------------------------------------------------------------- */

enum generation_state {
	GENERATION_NEW,	   /* never switched to */
	GENERATION_OPEN,   /* switched to, and the command did not live to check it */
	GENERATION_GOOD,   /* its last check passed, or there was none to pass */
	GENERATION_FAILED, /* its last check failed: refused until asked for by digest */
};

struct generation {
	uint64_t number;
	struct digest
	    digest; /* of an image: its index; else of the list of its files (release.c) */
	struct digest record; /* of release.json */
	struct str name;      /* "7-9f86d081884c" */
	enum generation_state state;
	bool present, pinned;
	uint64_t last_change; /* of the history, that switched to it or tried; 0: none */
};

enum change_kind { CHANGE_DEPLOY, CHANGE_ROLLBACK, CHANGE_PIN, CHANGE_UNPIN, CHANGE_GC };
enum change_outcome {
	OUTCOME_NONE, /* not ended: a command is at it, or was killed */
	OUTCOME_OK,
	OUTCOME_FAILED,	     /* the check said no: switched back, the digest refused */
	OUTCOME_ERROR,	     /* something else went wrong: switched back, nothing refused */
	OUTCOME_INTERRUPTED, /* found unfinished by a later command */
};

struct change {
	uint64_t id;
	enum change_kind kind;
	enum change_outcome outcome;
	bool switched;	 /* `current` named `to` when it ended */
	uint64_t to;	 /* generation */
	struct str from; /* what `current` said before; empty: nothing */
	struct digest digest, record;
	struct str by, when, ended; /* "user@host", RFC 3339 */
	/* Of the check, when it failed: why, what was answered, the last lines of the log. */
	struct str why, body, log;
	int64_t status;			  /* HTTP or exit status; 0: none */
	int64_t attempts;		  /* 0: not checked */
	const struct verify_spec *verify; /* demanded since, if it switched; NULL: as before */
};

struct place_view {
	VEC(struct generation) generations; /* by number */
	VEC(struct change) changes;	    /* as they happened */
	struct str current;		    /* what `current` says; empty: nothing */
	uint64_t current_number;	    /* 0: none of ours */
	size_t damaged_lines;		    /* of the journal, left out */
	struct verify_spec verify;	    /* what is demanded; no pem: nothing */
	uint64_t verify_change;		    /* that set it; 0: nothing is demanded */
	bool verify_lost; /* something was demanded, and the line that says what is damaged */
};
const struct place_view *place_view(const struct place *p);
/* Of release.json: version, by, when, source and so on, as a tree. */
bool place_record(const struct place *p, const struct generation *g, struct json **out,
		  struct err *e) ATTR_MUST_USE;
/*
 * Hashes a generation and compares with what the journal says, and with its statement where the place demands one:
 * ERR_VERIFY names the first difference.
 */
bool place_verify(const struct place *p, const struct generation *g, struct err *e) ATTR_MUST_USE;
/* "key sha256:1d8eee44635b, module example.com/kv, branch main", or "nothing". */
struct str verify_text(struct arena *a, const struct verify_spec *v);
const char *generation_state_name(enum generation_state s);
const char *change_kind_name(enum change_kind k);
const char *change_outcome_name(enum change_outcome o);

#endif
