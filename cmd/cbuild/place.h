/*
 * What deploy, rollback, history, status, gc and pin share.
 */
#ifndef CMD_PLACE_H
#define CMD_PLACE_H

#include "cmd.h"
#include "deploy/deploy.h"
#include "format/json.h"

/* ERR_USAGE unless there are as many operands. */
bool place_operands(struct cmd *c, const struct str_vec *args, size_t least, size_t most,
		    struct err *e);
/* A generation's number. */
bool place_number(struct str word, uint64_t *out, struct err *e);
void place_print_outcome(struct cmd *c, const struct deploy_outcome *o);

/* Where the place is another host's, the same words go there: *ok says how it went. */
bool place_elsewhere(struct cmd *c, const struct str_vec *words, const struct str_vec *args,
		     bool *ok, struct err *e);
/* The words of a command line, before options are taken out. */
struct str_vec place_words(struct cmd *c, const struct str_vec *args);

/* --- deploy ----------------------------------------------------------------------------------- */

struct deploy_flags {
	struct build_opts build;
	struct str release, statement, version, policy, health, proof, signal;
	unsigned keep, strip;
	bool no_wait, lacks, all_or_none;
	struct deploy_opts opts;
	struct deploy_spec spec; /* of the manifest, whose folder is: */
	struct str spec_dir;
	bool has_spec;
	struct unit_spec unit;
};

/* A release, built or named, to a place here or to hosts. */
bool deploy_to(struct cmd *c, struct deploy_flags *f, struct str dest, struct release_source *src,
	       struct err *e);
/* The part of it for hosts. */
bool deploy_hosts(struct cmd *c, struct deploy_flags *f, const struct remote *r,
		  const struct release_source *src, struct err *e);
/* The other end of a deploy to a host: a parcel on standard input. */
bool deploy_stream(struct cmd *c, struct deploy_flags *f, struct str dest, struct err *e);

#endif
