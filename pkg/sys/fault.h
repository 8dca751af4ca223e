/*
 * Fault injection, for tests: CBUILD_FAULT=write:3:ENOSPC makes the third write point fail with
 * ENOSPC, CBUILD_FAULT=write:3:kill kills the process there, CBUILD_FAULT=write:count prints the
 * number of points passed at exit on standard error ("fault: write 17"). Operations: open, write,
 * fsync, rename, link, unlink, mkdir. Parsed once at first use; costs one branch when unset.
 */
#ifndef SYS_FAULT_H
#define SYS_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum fault_op {
	FAULT_OPEN,
	FAULT_WRITE,
	FAULT_FSYNC,
	FAULT_RENAME,
	FAULT_LINK,
	FAULT_UNLINK,
	FAULT_MKDIR
};

/* True when this call must fail: errno is set. Does not return when the fault is "kill". */
bool fault_hit(enum fault_op op);

/* Is any fault asked for? Points are counted in one process, so work is not spread over several then. */
bool fault_is_set(void);

/*
 * For tests that fork: replaces the specification ("write:3:kill"; NULL: none) and starts counting
 * anew. Not while other threads run.
 */
void fault_set(const char *spec);
/* How many points of the specified operation were passed since. */
uint64_t fault_passed(void);

#endif
