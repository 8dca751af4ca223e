/*
 * A file hashed while its writer winds up: a linker gives its output the final name when that is whole, and
 * takes some more ms to end.
 *
 *     h = ahead_start(path);                     before the writer starts
 *     ... it ended ...
 *     if (ahead_end(h, &digest)) ...             the hash of what lies at path now
 *
 * Only what is renamed to path counts: who closes a file may still write to it through a mapping, which no
 * time of the file tells.
 */
#ifndef SYS_AHEAD_H
#define SYS_AHEAD_H

#include <stdbool.h>

#include "base/digest.h"

struct ahead;

/* Watches for path, where nothing is yet, on a thread of its own. NULL: the system cannot. */
struct ahead *ahead_start(const char *path);
/*
 * Ends the watch and frees h; accepts NULL. False: nothing was hashed, or the file changed since. Waits for
 * a hash that is under way.
 */
bool ahead_end(struct ahead *h, struct digest *out);

#endif
