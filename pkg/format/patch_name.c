/*
 * Names in headers, and the times behind them. All of a name is checked before parts are cut off it, so that
 * nothing that names a place outside gets through by luck of the strip count.
 */
#include "format/patch_impl.h"

#include <string.h>

#include "base/path.h"

const char *patch_shown(struct arena *a, struct str text)
{
	enum { SHOWN_BYTES = 80 };
	bool long_text = text.n > SHOWN_BYTES;
	struct buf b = {0};
	const char *out;

	if (long_text)
		text.n = SHOWN_BYTES;
	buf_add_json(&b, text);
	if (long_text)
		buf_addc(&b, "...");
	out = str_c(a, buf_str(&b));
	buf_fini(&b);
	return out;
}

/* Up to three octal digits; 0 behind them is no byte of a name. */
static bool take_octal(struct str *rest, char *c)
{
	unsigned value = 0;
	size_t n = 0;

	for (; n < 3 && n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '7'; n++)
		value = value * 8 + (unsigned)(rest->p[n] - '0');
	*rest = str_skip(*rest, n);
	*c = (char)(unsigned char)value;
	return n > 0 && value <= 0xff;
}

/* What a backslash was before. */
static bool take_escape(struct str *rest, char *c)
{
	static const char letters[] = "abtnvfr\"\\", bytes[] = "\a\b\t\n\v\f\r\"\\";
	const char *at;

	if (!rest->n || !rest->p[0])
		return false;
	at = strchr(letters, rest->p[0]);
	if (!at)
		return take_octal(rest, c);
	*c = bytes[at - letters];
	*rest = str_skip(*rest, 1);
	return true;
}

bool patch_name_unquote(struct arena *a, struct str *rest, struct str *name)
{
	struct buf b = {0};
	struct str in = str_skip(*rest, 1);
	bool ok = true;

	while (ok && in.n && in.p[0] != '"') {
		char c = in.p[0];

		in = str_skip(in, 1);
		if (c == '\\')
			ok = take_escape(&in, &c);
		buf_add_byte(&b, c);
	}
	ok = ok && in.n;
	if (ok) {
		*name = str_dup(a, buf_str(&b));
		*rest = str_skip(in, 1);
	}
	buf_fini(&b);
	return ok;
}

const char *patch_name_strip(struct str name, unsigned strip, struct str *out)
{
	if (path_is_abs(name))
		return "is absolute";
	if (!path_is_local(name))
		return "is none of a file below the tree's root: it is empty or too long, or has "
		       "an "
		       "empty, '.' or '..' part, a backslash or a control character";
	*out = name;
	for (unsigned i = 0; i < strip && out->n; i++)
		*out = str_skip(*out, str_find(*out, '/') + 1);
	return out->n ? NULL : "has too few parts for what is to be cut off its front";
}

/* --- times ------------------------------------------------------------------------------------ */

static bool take_two(struct str *s, int *out)
{
	uint64_t value;

	if (s->n < 2 || !str_u64(str_from(s->p, 2), &value))
		return false;
	*out = (int)value;
	*s = str_skip(*s, 2);
	return true;
}

bool patch_stamp_is_epoch(struct str stamp)
{
	int hour, minute, zone_hour, zone_minute, at, sign;
	bool before = str_startsc(stamp, "1969-12-31 ");

	if (!before && !str_startsc(stamp, "1970-01-01 "))
		return false;
	stamp = str_skip(stamp, 11);
	if (!take_two(&stamp, &hour) || !patch_take(&stamp, ":") || !take_two(&stamp, &minute) ||
	    !patch_take(&stamp, ":00"))
		return false;
	if (patch_take(&stamp, "."))
		while (patch_take(&stamp, "0"))
			;
	if (!patch_take(&stamp, " "))
		return false;
	sign = patch_take(&stamp, "-") ? -1 : 1;
	if ((sign == 1 && !patch_take(&stamp, "+")) || !take_two(&stamp, &zone_hour))
		return false;
	(void)patch_take(&stamp, ":");
	if (!take_two(&stamp, &zone_minute) || stamp.n)
		return false;
	at = hour * 60 + minute - sign * (zone_hour * 60 + zone_minute);
	return at == (before ? 24 * 60 : 0);
}
