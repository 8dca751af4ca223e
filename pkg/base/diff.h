/*
 * Line differences of two texts, as patch(1) and git apply read them.
 */
#ifndef BASE_DIFF_H
#define BASE_DIFF_H

#include "base/str.h"

/*
 * Appends the unified difference (POSIX diff -u, three lines of context) that makes new of old, under the names
 * a/NAME and b/NAME; nothing when they are equal. A text whose p is NULL is a file that is not there. The
 * smallest difference for texts of some thousand lines; beyond, their middle is replaced as a whole.
 */
void text_diff(struct buf *out, struct str name, struct str old, struct str new);

#endif
