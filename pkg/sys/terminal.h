/*
 * What a terminal is like.
 */
#ifndef SYS_TERMINAL_H
#define SYS_TERMINAL_H

/* Columns of the terminal at fd, else of $COLUMNS, else 80; between 20 and 1000. */
unsigned terminal_width(int fd);

#endif
