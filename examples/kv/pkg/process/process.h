/*
 * process: what a service owes to the system that runs it: the inherited
 * listening socket, the ready notice, the descriptor limit, its build's name.
 */
#ifndef PROCESS_PROCESS_H
#define PROCESS_PROCESS_H

#include <stdbool.h>

#include "err/err.h"

/*
 * The first listening socket that a supervisor, or an earlier build of this
 * program, handed over: LISTEN_FDS and LISTEN_PID as in sd_listen_fds(3).
 * Returns the descriptor, close-on-exec, or -1 when nothing was handed to this
 * process. Clears the variables, so that children do not take them as theirs.
 */
int process_inherited_listener(void);

/*
 * Replaces this process by the program at `path` and hands it the listening
 * socket `fd` as above. The process id stays, and connections that arrive
 * meanwhile wait in the socket's queue. Returns, false, only on failure; the
 * environment and `fd` are then as they were.
 */
bool process_exec_with_listener(const char *path, char *const argv[], int fd, struct err *e);

/*
 * Where this program can be started again: argv[0] made absolute when it has a
 * slash (a symbolic link in it is kept, since a deploy switches that link),
 * else what /proc/self/exe names. Returns memory to free, or NULL.
 */
char *process_path(const char *argv0);

/* Sends "READY=1" and the like to $NOTIFY_SOCKET, as in sd_notify(3); nothing when unset. */
void process_notify(const char *state);

/* Raises the soft limit of open files to the hard one. Returns the limit in force. */
unsigned long process_raise_files(void);

/*
 * The build id that the linker wrote in this program (.note.gnu.build-id), in
 * lower-case hex; "unknown" when linked without one. Read from the program's
 * own memory, so it names the build that runs and not what lies on the disk
 * now. Not safe from two threads at the first call.
 */
const char *process_build_id(void);

#endif
