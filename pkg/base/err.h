/*
 * Errors: one idiom for the whole program.
 *
 *     bool f(..., struct err *e)
 *     {
 *             if (!open_it(path, e))
 *                     return err_wrap(e, "reading %s", path);
 *             if (bad)
 *                     return err_at(e, ERR_INPUT, path, line, col, "unknown key '%s'", key) ||
 *                            err_fix(e, "did you mean '%s'?", near);
 *             return true;
 *     }
 *
 * Every err_* function returns false. struct err holds everything inline (no free) and outlives arenas.
 * Rooms fill it; only cmd/ prints it, as
 *
 *     cbuild.yaml:4:1: unknown key 'requires'
 *       while: reading manifest
 *       fix: did you mean 'require'?
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"

enum err_code {
	ERR_NONE = 0,
	ERR_USAGE,  /* the command line is wrong: exit 2 */
	ERR_INPUT,  /* the user's code or input is wrong: exit 1 */
	ERR_VERIFY, /* a digest, signature or policy does not hold; never retried: exit 3 */
	ERR_NET,    /* network; retryable: exit 3 */
	ERR_IO,	    /* file system or environment: exit 3 */
	ERR_TOOL,   /* a compiler or another tool failed and has already spoken: exit 1 */
	ERR_CANCEL, /* interrupted: exit 130 */
};

struct err {
	enum err_code code;
	int os_errno;	 /* errno where one was the cause, else 0 */
	int line, col;	 /* 1-based; 0 when unknown */
	char place[512]; /* path or other place; may be empty */
	char msg
	    [2048]; /* lower case, no full stop; several lines when mistakes are listed together */
	char chain[1024]; /* "while: ..." lines, outermost last, newline separated */
	char fix[768];	  /* remedy; may be empty */
};

/* Sets code and message, forgetting what e held. */
bool err_set(struct err *e, enum err_code code, const char *fmt, ...) ATTR_PRINTF(3, 4);
/* As err_set, with a place; line and col 0 when unknown. place may be NULL. */
bool err_at(struct err *e, enum err_code code, const char *place, int line, int col,
	    const char *fmt, ...) ATTR_PRINTF(6, 7);
/* ERR_IO (or ERR_IO with a fix for ENOSPC, EACCES, EROFS, EMFILE) with ": strerror(errno)" appended. */
bool err_errno(struct err *e, const char *fmt, ...) ATTR_PRINTF(2, 3);
/* Adds a "while: ..." line; keeps the rest. */
bool err_wrap(struct err *e, const char *fmt, ...) ATTR_PRINTF(2, 3);
/* Sets the remedy; keeps the rest. */
bool err_fix(struct err *e, const char *fmt, ...) ATTR_PRINTF(2, 3);
/*
 * Lists a further mistake of the same kind: the first call is err_at, each later one appends a line
 * "place:line:col: message" to msg (10 at most, then "..."). Returns false.
 */
bool err_also(struct err *e, const char *place, int line, int col, const char *fmt, ...)
    ATTR_PRINTF(5, 6);
/* The process's exit status for a code. */
int err_exit_status(enum err_code code);
/* Appends the rendering shown above to out, newline at the end. */
void err_render(const struct err *e, struct buf *out);

#endif
