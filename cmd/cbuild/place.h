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

#endif
