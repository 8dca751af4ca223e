/*
 * gz: gzip bodies (RFC 1952) through zlib.
 *
 * Safe from any thread; each call has its own compressor.
 */
#ifndef GZ_GZ_H
#define GZ_GZ_H

#include "bytes/bytes.h"

/* Bodies below this many bytes are not worth compressing: a packet carries them anyway. */
enum { GZ_MIN_BYTES = 512 };

/*
 * Appends in, compressed, to out. False, and out as it was, when the result
 * would be no smaller than the input: send the input then.
 */
bool gz_pack(struct str in, struct buf *out);

#endif
