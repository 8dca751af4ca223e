/*
 * The window's size is asked for each time: it changes without notice.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "sys/terminal.h"

#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/str.h"

enum { WIDTH_LEAST = 20, WIDTH_MOST = 1000, WIDTH_USUAL = 80 };

unsigned terminal_width(int fd)
{
	struct winsize size = {0};
	uint64_t n = 0;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col)
		n = size.ws_col;
	else if (!str_u64(str_of(getenv("COLUMNS")), &n) || !n)
		n = WIDTH_USUAL;
	n = n < WIDTH_LEAST ? WIDTH_LEAST : n;
	return (unsigned)(n > WIDTH_MOST ? WIDTH_MOST : n);
}
