/*
 * SHA-256's compression function (FIPS 180-4, section 6.2.2); base/digest.h is what others use.
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA256_BLOCK_BYTES = 64 };

/* Takes blocks of 64 bytes into state. All give the same. */
typedef void (*sha256_blocks)(uint32_t state[8], const unsigned char *p, size_t blocks);

void sha256_blocks_plain(uint32_t state[8], const unsigned char *p, size_t blocks);
/* With the processor's own instructions; NULL when it has none. Asks the processor: remember the answer. */
sha256_blocks sha256_blocks_native(void);

#endif
