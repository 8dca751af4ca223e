/*
 * Time. Build outputs never depend on it: source_date_epoch() does not read a clock.
 */
#ifndef SYS_CLOCK_H
#define SYS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

uint64_t clock_mono_ms(void);
uint64_t clock_mono_ns(void);
int64_t clock_real_ns(void);
/* The coarser clock that file systems stamp files with: a file changed from now on is not older. */
int64_t clock_file_ns(void);
/*
 * The same, asked of the file system by touching the file at path (made when absent): what changed before
 * is older. Linux 6.13 and later stamp a file that was just looked at by the exact time, which is up to
 * some ms ahead of the coarse clock. Where path is NULL or cannot be written this is clock_file_ns.
 */
int64_t clock_stamp_ns(const char *path);
/*
 * A number of this boot of the machine, from the kernel's random boot id; 0 when it does not tell. What was
 * written without fsync, and what is remembered about it, is certain only in the boot that wrote it.
 */
uint64_t clock_boot(void);
/* SOURCE_DATE_EPOCH (seconds) when set; *set says so. Not a number: ERR_USAGE. */
bool source_date_epoch(int64_t *seconds, bool *set, struct err *e) ATTR_MUST_USE;
/* "2026-11-23T21:35:53Z" (RFC 3339, UTC) of seconds since 1970. */
struct str time_rfc3339(struct arena *a, int64_t seconds);

/*
 * "PID-TIME-N" in hex: a name part that no other process of this machine and no other call uses.
 * For temporaries. Any thread.
 */
enum { SYS_UNIQUE_NAME = 64 };
void unique_name(char out[SYS_UNIQUE_NAME]);

#endif
