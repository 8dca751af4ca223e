/*
 * struct err is a value with inline buffers: text that does not fit is cut, never lost silently in a way
 * that hides the cause (the message comes first, the chain after).
 */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void set_place(struct err *e, const char *place, int line, int col)
{
	e->place[0] = '\0';
	if (place)
		snprintf(e->place, sizeof e->place, "%s", place);
	e->line = line;
	e->col = col;
}

static void reset(struct err *e, enum err_code code)
{
	e->code = code;
	e->os_errno = 0;
	e->msg[0] = e->chain[0] = e->fix[0] = '\0';
	set_place(e, NULL, 0, 0);
}

bool err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;
	char text[sizeof e->msg];

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	reset(e, code);
	memcpy(e->msg, text, sizeof text);
	return false;
}

bool err_at(struct err *e, enum err_code code, const char *place, int line, int col,
	    const char *fmt, ...)
{
	va_list ap;
	char text[sizeof e->msg], where[sizeof e->place];

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	snprintf(where, sizeof where, "%s", place ? place : "");
	reset(e, code);
	memcpy(e->msg, text, sizeof text);
	set_place(e, where, line, col);
	return false;
}

static void fix_for_errno(struct err *e, int os_errno)
{
	switch (os_errno) {
	case ENOSPC:
	case EDQUOT:
		err_fix(e, "free space on that file system, or set CBUILD_CACHE to a folder on "
			   "another one");
		break;
	case EROFS:
		err_fix(e, "that file system is mounted read-only: build in a writable copy of the "
			   "tree, or "
			   "set CBUILD_CACHE to a folder that may be written");
		break;
	case EACCES:
	case EPERM:
		err_fix(e, "check the owner and mode of it and of the folder that holds it; for "
			   "the cache, "
			   "CBUILD_CACHE may name another folder");
		break;
	case ENOENT:
		err_fix(e, "see whether it is there, and where a link on the way leads");
		break;
	case EISDIR:
		err_fix(e, "a folder has that name: move it away");
		break;
	case EMFILE:
	case ENFILE:
		err_fix(e, "raise the limit of open files (ulimit -n), or lower -j");
		break;
	default:
		break;
	}
}

bool err_errno(struct err *e, const char *fmt, ...)
{
	int os_errno = errno;
	va_list ap;
	char text[sizeof e->msg / 2];

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	reset(e, ERR_IO);
	e->os_errno = os_errno;
	snprintf(e->msg, sizeof e->msg, "%s: %s", text, strerror(os_errno));
	fix_for_errno(e, os_errno);
	errno = os_errno;
	return false;
}

/* Appends text and a newline to the NUL-terminated buffer dst of size n, cut where it ends. */
static void append_line(char *dst, size_t n, const char *text)
{
	size_t used = strlen(dst);

	if (used + 1 < n)
		snprintf(dst + used, n - used, "%s%s", used ? "\n" : "", text);
}

bool err_wrap(struct err *e, const char *fmt, ...)
{
	va_list ap;
	char text[512];

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	append_line(e->chain, sizeof e->chain, text);
	return false;
}

bool err_fix(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->fix, sizeof e->fix, fmt, ap);
	va_end(ap);
	return false;
}

bool err_also(struct err *e, const char *place, int line, int col, const char *fmt, ...)
{
	enum { LISTED_MAX = 10 };
	va_list ap;
	char text[512], full[1100];
	int lines = 1;

	for (const char *p = e->msg; *p; p++)
		lines += *p == '\n';
	if (lines >= LISTED_MAX) {
		if (lines == LISTED_MAX)
			append_line(e->msg, sizeof e->msg, "...");
		return false;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (line > 0)
		snprintf(full, sizeof full, "%s:%d:%d: %s", place, line, col, text);
	else
		snprintf(full, sizeof full, "%s: %s", place, text);
	append_line(e->msg, sizeof e->msg, full);
	return false;
}

int err_exit_status(enum err_code code)
{
	switch (code) {
	case ERR_NONE:
		return 0;
	case ERR_INPUT:
	case ERR_TOOL:
		return 1;
	case ERR_USAGE:
		return 2;
	case ERR_VERIFY:
	case ERR_NET:
	case ERR_IO:
		return 3;
	case ERR_CANCEL:
		return 130;
	}
	return 3;
}

/* Names from archives, repositories and file systems stand in messages: none may drive a terminal. */
static void mask_controls(struct buf *b, size_t from)
{
	for (size_t i = from; i < b->n; i++)
		if (((unsigned char)b->p[i] < 0x20 && b->p[i] != '\n' && b->p[i] != '\t') ||
		    b->p[i] == 0x7f)
			b->p[i] = '?';
}

void err_render(const struct err *e, struct buf *out)
{
	size_t from = out->n;
	struct str chain = str_of(e->chain), fix = str_of(e->fix), line;

	if (e->place[0]) {
		buf_addc(out, e->place);
		if (e->line > 0)
			buf_printf(out, ":%d", e->line);
		if (e->line > 0 && e->col > 0)
			buf_printf(out, ":%d", e->col);
		buf_addc(out, ": ");
	} else {
		buf_addc(out, "cbuild: ");
	}
	buf_printf(out, "%s\n", e->msg);
	while (str_line(&chain, &line))
		buf_printf(out, "  while: %.*s\n", STR_ARG(line));
	for (const char *label = "fix"; str_line(&fix, &line); label = "    ")
		buf_printf(out, label[0] == 'f' ? "  %s: %.*s\n" : "  %s %.*s\n", label,
			   STR_ARG(line));
	mask_controls(out, from);
}
