/*
 * Child processes: argv arrays, posix_spawn, output captured whole. A set of running children is
 * waited for by one thread with poll.
 *
 *     struct spawn_set *s; spawn_set_open(&s, &e);
 *     spawn_start(s, &(struct spawn){.argv = argv, .env = env, .tag = action}, &e);
 *     while (spawn_wait(s, -1, &done) == SPAWN_EXITED) ...
 *     spawn_set_close(s);           kills what still runs
 *
 * Each child has its own process group, so a terminal's Ctrl-C reaches cbuild only, which then
 * stops the groups itself: TERM, and KILL after 2 s. Standard input is /dev/null unless asked
 * otherwise.
 */
#ifndef SYS_SPAWN_H
#define SYS_SPAWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct spawn {
	const char *const *argv; /* NULL-terminated; argv[0] with a slash, or looked up in $PATH */
	const char *const *env;	 /* NULL-terminated "K=V"; NULL: this process's own */
	const char *cwd;	 /* NULL: this process's own */
	void *tag;		 /* comes back with the result */
	int stdin_fd;		 /* read as standard input; 0: /dev/null */
	/* Descriptors that it inherits under the same numbers, close-on-exec or not. */
	const int *keep_fds;
	size_t keep_count;
};

struct spawn_result {
	void *tag;
	int exit_status; /* exit code, or 128 + signal */
	int signal;	 /* 0 when it exited */
	struct buf out;	 /* standard output; the receiver calls buf_fini */
	struct buf err;	 /* standard error; ditto */
	uint64_t wall_ms, cpu_ms;
	uint64_t peak_bytes; /* ru_maxrss */
};

enum spawn_wait { SPAWN_EXITED, SPAWN_TIMEOUT, SPAWN_INTERRUPTED, SPAWN_NONE, SPAWN_WOKEN };

struct spawn_set;

bool spawn_set_open(struct spawn_set **out, struct err *e) ATTR_MUST_USE;
/* Starts a child. ERR_IO names argv[0] and says how to install or find it when it is missing. */
bool spawn_start(struct spawn_set *s, const struct spawn *cmd, struct err *e) ATTR_MUST_USE;
/*
 * Waits until a child ended (SPAWN_EXITED, *out filled), timeout_ms passed (-1: none), SIGINT,
 * SIGTERM or SIGHUP arrived (SPAWN_INTERRUPTED; see interrupt_requested), the watched descriptor is
 * readable (SPAWN_WOKEN), or nothing runs and nothing is watched (SPAWN_NONE).
 */
enum spawn_wait spawn_wait(struct spawn_set *s, int timeout_ms, struct spawn_result *out);
/* A descriptor that wakes spawn_wait, pool_fd() say; -1: none. */
void spawn_watch(struct spawn_set *s, int fd);
/* A second one, a jobserver's say. */
void spawn_watch_also(struct spawn_set *s, int fd);
size_t spawn_running(const struct spawn_set *s);
/* TERM to all groups, KILL after grace_ms; returns when all are gone. */
void spawn_stop_all(struct spawn_set *s, int grace_ms);
void spawn_set_close(struct spawn_set *s); /* accepts NULL */

/*
 * One child, waited for; its output captured unless inherit (then it writes to our own terminal).
 */
bool spawn_run(const struct spawn *cmd, bool inherit, struct spawn_result *out,
	       struct err *e) ATTR_MUST_USE;
/*
 * A child that is talked to: what is written to `in` is its standard input, `out` its standard output
 * (both close-on-exec); standard error and process group are ours, so Ctrl-C reaches it too.
 */
struct spawn_talk {
	int in, out; /* the caller may close one and set it to -1 */
	int pid;
};
bool spawn_talk(const struct spawn *cmd, struct spawn_talk *out, struct err *e) ATTR_MUST_USE;
/* Closes both ends and waits for its end; exit code, or 128 + signal. */
int spawn_talk_end(struct spawn_talk *t);
/* Replaces this process (execve); returns only on error. For `cbuild run`. */
bool spawn_exec(const struct spawn *cmd, struct err *e);

/*
 * Installs handlers for SIGINT, SIGTERM and SIGHUP that only set a flag (and ignores SIGPIPE); once,
 * from main.
 */
void interrupt_install(void);
bool interrupt_requested(void);
/* The interrupt was taken note of, and what must be undone may take its time: until the next one comes. */
void interrupt_handled(void);
/*
 * For libraries that wait for a peer without limit, on the main thread and one at a time: between
 * stall_watch and stall_unwatch, when stall_fed is not called for `seconds` (at least 1), system calls
 * under way end with EINTR and stalled() is true until the next stall_watch.
 */
void stall_watch(unsigned seconds);
void stall_fed(void);
bool stalled(void);
void stall_unwatch(void);
/* Number of processors this process may use (affinity mask and cgroup v2 quota), at least 1. */
unsigned cpu_count(void);
/*
 * Memory that programs started now may use, in bytes: MemAvailable and what is left of the limits of
 * our cgroup (version 2) and its parents. 0 when unknown. Reads a few small files each time.
 */
uint64_t memory_available_bytes(void);

#endif
