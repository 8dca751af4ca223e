/*
 * The chunked coding (RFC 9112, section 7.1) as a machine over bytes, so that a
 * body may arrive cut anywhere. Data is moved in runs. Extensions and trailers
 * are read past and share one allowance a body, as they carry nothing here.
 */
#include "http/http.h"

#include <string.h>

enum { OVERHEAD_MAX = 8192, DIGITS_MAX = 15 };

enum state {
	SIZE,
	EXTENSION,
	SIZE_LF,
	DATA,
	DATA_CR,
	DATA_LF,
	TRAILER_START,
	TRAILER,
	TRAILER_LF,
	END_LF,
	END,
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool is_text_byte(char c)
{
	return c == '\t' || ((unsigned char)c >= ' ' && c != 0x7f);
}

/* A size that leaves the limit is known before its last digit. Returns 0 or a status. */
static int size_byte(struct http_chunked *c, size_t max, char byte)
{
	int digit = hex_digit(byte);

	if (digit >= 0) {
		if (++c->digits > DIGITS_MAX)
			return 400;
		c->left = c->left * 16 + (size_t)digit;
		return c->left > max - c->size ? 413 : 0;
	}
	if (c->digits == 0)
		return 400;
	if (byte == '\r')
		c->state = SIZE_LF;
	else if (byte == ';' || byte == ' ' || byte == '\t')
		c->state = EXTENSION;
	else
		return 400;
	return 0;
}

/* A byte of an extension or trailer, or the CR that ends it. */
static int passing_byte(struct http_chunked *c, char byte, enum state after)
{
	if (++c->overhead > OVERHEAD_MAX)
		return 431;
	if (byte == '\r')
		c->state = after;
	else if (!is_text_byte(byte))
		return 400;
	return 0;
}

static int expect_byte(struct http_chunked *c, char byte, char want, enum state after)
{
	c->state = after;
	return byte == want ? 0 : 400;
}

static int size_end(struct http_chunked *c, char byte)
{
	c->digits = 0;
	return expect_byte(c, byte, '\n', c->left > 0 ? DATA : TRAILER_START);
}

static int trailer_start(struct http_chunked *c, char byte)
{
	if (byte == '\r') {
		c->state = END_LF;
		return 0;
	}
	c->state = TRAILER;
	return byte == ' ' || byte == '\t' ? 400 : passing_byte(c, byte, TRAILER_LF);
}

static int step(struct http_chunked *c, size_t max, char byte)
{
	switch ((enum state)c->state) {
	case SIZE:
		return size_byte(c, max, byte);
	case EXTENSION:
		return passing_byte(c, byte, SIZE_LF);
	case SIZE_LF:
		return size_end(c, byte);
	case DATA_CR:
		return expect_byte(c, byte, '\r', DATA_LF);
	case DATA_LF:
		return expect_byte(c, byte, '\n', SIZE);
	case TRAILER_START:
		return trailer_start(c, byte);
	case TRAILER:
		return passing_byte(c, byte, TRAILER_LF);
	case TRAILER_LF:
		return expect_byte(c, byte, '\n', TRAILER_START);
	case END_LF:
		return expect_byte(c, byte, '\n', END);
	case DATA:
	case END:
		break;
	}
	return 0;
}

static size_t move_data(struct http_chunked *c, char *out, const char *in, size_t n)
{
	size_t run = n < c->left ? n : c->left;

	memmove(out, in, run);
	c->size += run;
	c->left -= run;
	if (c->left == 0)
		c->state = DATA_CR;
	return run;
}

enum http_result http_unchunk(struct http_chunked *c, size_t max, char *out, const char *in,
			      size_t n, size_t *used, int *status)
{
	size_t at = 0, before = c->size;

	while (at < n && c->state != END) {
		if (c->state == DATA) {
			at += move_data(c, out + (c->size - before), in + at, n - at);
			continue;
		}
		*status = step(c, max, in[at++]);
		if (*status != 0)
			return HTTP_BAD;
	}
	*used = at;
	return c->state == END ? HTTP_DONE : HTTP_MORE;
}
