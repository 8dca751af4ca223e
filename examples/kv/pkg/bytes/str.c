/* Looking at bytes: comparison, cutting, numbers and UTF-8. ASCII only, no locale. */
#include "bytes/bytes.h"

#include <string.h>

struct str str_of(const char *s)
{
	return (struct str){s, strlen(s)};
}

struct str str_from(struct str s, size_t from)
{
	if (from > s.n)
		from = s.n;
	return (struct str){s.p + from, s.n - from};
}

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_ieq(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	}
	return true;
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq((struct str){s.p, prefix.n}, prefix);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
	while (s.n > 0 && blank(s.p[0]))
		s = str_from(s, 1);
	while (s.n > 0 && blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str str_cut(struct str *s, char sep)
{
	const char *at = s->n > 0 ? memchr(s->p, sep, s->n) : NULL;
	struct str item = *s;

	if (at == NULL) {
		*s = str_from(*s, s->n);
		return item;
	}
	item.n = (size_t)(at - item.p);
	*s = str_from(*s, item.n + 1);
	return item;
}

bool str_to_u64(struct str s, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned)((unsigned char)s.p[i] - '0');

		if (digit > 9 || v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

/* Length of the UTF-8 sequence that `lead` opens, and the least code point it may spell. */
static size_t sequence(unsigned char lead, uint32_t *bits, uint32_t *least)
{
	if (lead < 0x80) {
		*bits = lead;
		*least = 0;
		return 1;
	}
	if (lead >= 0xc2 && lead < 0xe0) {
		*bits = lead & 0x1fu;
		*least = 0x80;
		return 2;
	}
	if (lead >= 0xe0 && lead < 0xf0) {
		*bits = lead & 0x0fu;
		*least = 0x800;
		return 3;
	}
	if (lead >= 0xf0 && lead < 0xf5) {
		*bits = lead & 0x07u;
		*least = 0x10000;
		return 4;
	}
	return 0;
}

/* Length of the text character at the start of s, or 0 when there is none. */
static size_t character(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	uint32_t point, least;
	size_t n = sequence(p[0], &point, &least);

	if (n == 0 || n > s.n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (p[i] & 0x3fu);
	}
	if (point < least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return 0;
	return point < 0x20 || (point >= 0x7f && point < 0xa0) ? 0 : n;
}

bool str_is_text(struct str s)
{
	while (s.n > 0) {
		size_t n = character(s);

		if (n == 0)
			return false;
		s = str_from(s, n);
	}
	return true;
}
