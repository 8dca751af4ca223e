/*
 * err: why something could not be done, in words.
 *
 * A function that can fail returns bool and takes a struct err last; it fills
 * it when, and only when, it returns false. err_set() returns false, so that
 * "return err_set(e, ...)" reads well. Nothing to free.
 */
#ifndef ERR_ERR_H
#define ERR_ERR_H

#include <stdbool.h>

struct err {
	char text[256];
};

/* Formats the reason, cut at 255 bytes. Returns false. */
__attribute__((format(printf, 2, 3))) bool err_set(struct err *e, const char *fmt, ...);

#endif
