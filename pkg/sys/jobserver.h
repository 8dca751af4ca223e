/*
 * GNU make's jobserver: a pipe or FIFO that holds one byte (a token) for each job that may run beyond
 * the first one of each client. Protocol: "POSIX Jobserver Interaction" in the GNU make manual.
 *
 *     jobserver_join(str_of(getenv("MAKEFLAGS")), &js);   first thing in main; or jobserver_offer
 *     if (!running || jobserver_take(js)) start a job     poll jobserver_fd when there is no token
 *     when a job ended: jobserver_keep(js, running ? running - 1 : 0);
 *     jobserver_close(js);                                gives back what is held
 *
 * Tokens are given back on every way out: by jobserver_close, by a handler for the signals that end a
 * process with a core (SIGQUIT, SIGABRT, SIGSEGV, ...); only SIGKILL loses them, as it does for every
 * client. One thread uses a struct jobserver, and a process has one at most.
 */
#ifndef SYS_JOBSERVER_H
#define SYS_JOBSERVER_H

#include <stdbool.h>

#include "base/err.h"

struct jobserver;

enum jobserver_found {
	JOBSERVER_NONE,	  /* makeflags name none */
	JOBSERVER_JOINED, /* *out is it */
	JOBSERVER_CLOSED, /* they name one that is not open to us: the rule's line lacks a + */
};

/*
 * Joins the jobserver that makeflags name: --jobserver-auth=fifo:PATH or =R,W (--jobserver-fds=R,W
 * before make 4.2). R and W mean something only as long as this process has opened nothing itself, so
 * call it first thing in main. They become close-on-exec.
 */
enum jobserver_found jobserver_join(struct str makeflags, struct jobserver **out);

/* A jobserver of our own for jobs jobs (at least 1) in all, ours among them, for foreign builds. */
bool jobserver_offer(unsigned jobs, struct jobserver **out, struct err *e) ATTR_MUST_USE;

/*
 * What MAKEFLAGS must be in a child that is to take part: "-j8 --jobserver-auth=5,6", in arena a. The
 * child itself runs on the token of the job that it is. *fds: descriptors that it must inherit under
 * their numbers (struct spawn's keep_fds); none for a FIFO.
 */
struct str jobserver_makeflags(struct arena *a, const struct jobserver *j, const int **fds,
			       size_t *fd_count);

/* Takes one token if one is there; never waits. */
bool jobserver_take(struct jobserver *j);
/* Gives back what is held beyond count tokens. Accepts NULL. */
void jobserver_keep(struct jobserver *j, unsigned count);
unsigned jobserver_held(const struct jobserver *j);
/* Readable while a token may be there. */
int jobserver_fd(const struct jobserver *j);
/* Gives back everything and closes what is ours; a joined pipe is inheritable again. Accepts NULL. */
void jobserver_close(struct jobserver *j);

#endif
