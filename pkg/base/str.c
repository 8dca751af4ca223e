/*
 * Views and growing buffers. The glob matcher backtracks over the last star only (and the last double
 * star), so it is linear in practice and never exponential.
 */
#include "base/str.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct str str_of(const char *cstr)
{
	return (struct str){cstr, cstr ? strlen(cstr) : 0};
}

struct str str_from(const char *p, size_t n)
{
	return (struct str){p, n};
}

/* Copies of a constant size are loads; others are calls, which musl makes dear. */
static uint64_t load8(const char *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof x);
	return x;
}

static uint64_t load4(const char *p)
{
	uint32_t x;

	memcpy(&x, p, sizeof x);
	return x;
}

/* All of n bytes, 1 to 7, some of them twice. */
static uint64_t load_rest(const char *p, size_t n)
{
	if (n >= 4)
		return load4(p) | load4(p + n - 4) << 32;
	return (uint64_t)(unsigned char)p[0] | (uint64_t)(unsigned char)p[n / 2] << 8 |
	       (uint64_t)(unsigned char)p[n - 1] << 16;
}

/* Eight bytes at a time: musl's memcmp looks at one. */
static bool same_bytes(const char *a, const char *b, size_t n)
{
	for (; n >= 8; a += 8, b += 8, n -= 8)
		if (load8(a) != load8(b))
			return false;
	return n == 0 || load_rest(a, n) == load_rest(b, n);
}

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && same_bytes(a.p, b.p, a.n);
}

bool str_eqc(struct str a, const char *b)
{
	return str_eq(a, str_of(b));
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n, i = 0;
	int c;

	while (n - i >= 8 && load8(a.p + i) == load8(b.p + i))
		i += 8;
	c = n > i ? memcmp(a.p + i, b.p + i, n - i) : 0;
	if (c)
		return c;
	return (a.n > b.n) - (a.n < b.n);
}

int str_cmp_ptr(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && same_bytes(s.p, prefix.p, prefix.n);
}

bool str_startsc(struct str s, const char *prefix)
{
	return str_starts(s, str_of(prefix));
}

bool str_endsc(struct str s, const char *suffix)
{
	size_t n = strlen(suffix);

	return s.n >= n && (n == 0 || memcmp(s.p + s.n - n, suffix, n) == 0);
}

bool str_containsc(struct str s, const char *needle)
{
	size_t n = strlen(needle);

	/* memchr(3) looks at many bytes at once. */
	while (n && s.n >= n) {
		const char *at = memchr(s.p, needle[0], s.n - n + 1);

		if (!at || memcmp(at, needle, n) == 0)
			return at != NULL;
		s = str_skip(s, (size_t)(at - s.p) + 1);
	}
	return n == 0;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	while (s.n && is_space(s.p[0]))
		s = str_skip(s, 1);
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str str_skip(struct str s, size_t n)
{
	if (n > s.n)
		n = s.n;
	return (struct str){n ? s.p + n : s.p, s.n - n};
}

size_t str_find(struct str s, char c)
{
	const char *q = s.n ? memchr(s.p, c, s.n) : NULL;

	return q ? (size_t)(q - s.p) : s.n;
}

size_t str_rfind(struct str s, char c)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == c)
			return i - 1;
	return s.n;
}

struct str str_cut(struct str *rest, char sep)
{
	size_t i = str_find(*rest, sep);
	struct str part = {rest->p, i};

	if (i == rest->n)
		*rest = (struct str){NULL, 0};
	else
		*rest = str_skip(*rest, i + 1);
	return part;
}

bool str_line(struct str *rest, struct str *line)
{
	if (!rest->p || !rest->n)
		return false;
	*line = str_cut(rest, '\n');
	return true;
}

bool str_u64(struct str s, uint64_t *out)
{
	uint64_t v = 0;

	if (!s.n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned d = (unsigned char)s.p[i] - (unsigned)'0';

		if (d > 9 || v > (UINT64_MAX - d) / 10)
			return false;
		v = v * 10 + d;
	}
	*out = v;
	return true;
}

uint64_t str_hash(struct str s)
{
	uint64_t h = 0xcbf29ce484222325u ^ s.n;

	for (; s.n >= 8; s = str_skip(s, 8)) {
		h = (h ^ load8(s.p)) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
	}
	if (s.n)
		h = (h ^ load_rest(s.p, s.n)) * 0x9e3779b97f4a7c15u;
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15u;
	return h ^ (h >> 29);
}

/* Matches the class at pattern[*i] ('[') against c and moves *i behind it; false when malformed too. */
static bool glob_class(struct str pattern, size_t *i, char c)
{
	size_t k = *i + 1;
	bool negate = k < pattern.n && (pattern.p[k] == '!' || pattern.p[k] == '^');
	bool hit = false;
	size_t first;

	if (negate)
		k++;
	first = k;
	while (k < pattern.n && (pattern.p[k] != ']' || k == first)) {
		char lo = pattern.p[k], hi = lo;

		if (k + 2 < pattern.n && pattern.p[k + 1] == '-' && pattern.p[k + 2] != ']') {
			hi = pattern.p[k + 2];
			k += 2;
		}
		if ((unsigned char)c >= (unsigned char)lo && (unsigned char)c <= (unsigned char)hi)
			hit = true;
		k++;
	}
	if (k >= pattern.n)
		return false;
	*i = k + 1;
	return hit != negate && c != '/';
}

/* One pattern item other than a star against path[j]; moves both on success. */
static bool glob_one(struct str pattern, size_t *i, struct str path, size_t *j)
{
	char c;

	if (*i >= pattern.n || *j >= path.n)
		return false;
	c = path.p[*j];
	if (pattern.p[*i] == '[') {
		if (!glob_class(pattern, i, c))
			return false;
	} else if (pattern.p[*i] == '?') {
		if (c == '/')
			return false;
		(*i)++;
	} else {
		if (pattern.p[*i] == '\\' && *i + 1 < pattern.n)
			(*i)++;
		if (pattern.p[*i] != c)
			return false;
		(*i)++;
	}
	(*j)++;
	return true;
}

bool str_glob(struct str pattern, struct str path)
{
	size_t i = 0, j = 0;
	size_t star_i = SIZE_MAX, star_j = 0; /* last '*' */
	size_t deep_i = SIZE_MAX, deep_j = 0; /* last '**' */

	for (;;) {
		if (i + 1 < pattern.n && pattern.p[i] == '*' && pattern.p[i + 1] == '*') {
			i += 2;
			if (i < pattern.n && pattern.p[i] == '/') {
				i++;
				/* "**" + "/" also matches no folder at all. */
			}
			deep_i = i;
			deep_j = j;
			star_i = SIZE_MAX;
			continue;
		}
		if (i < pattern.n && pattern.p[i] == '*') {
			star_i = ++i;
			star_j = j;
			continue;
		}
		if (i == pattern.n && j == path.n)
			return true;
		if (glob_one(pattern, &i, path, &j))
			continue;
		if (star_i != SIZE_MAX && star_j < path.n && path.p[star_j] != '/') {
			i = star_i;
			j = ++star_j;
			continue;
		}
		if (deep_i == SIZE_MAX || deep_j >= path.n)
			return false;
		star_i = SIZE_MAX;
		/* After "**" + "/" the next try starts behind a slash; after a final "**" anywhere. */
		if (deep_i > 0 && pattern.p[deep_i - 1] == '/') {
			while (deep_j < path.n && path.p[deep_j] != '/')
				deep_j++;
			if (deep_j == path.n)
				return false;
		}
		i = deep_i;
		j = ++deep_j;
	}
}

size_t str_distance(struct str a, struct str b, size_t cap)
{
	enum { MAX = 64 };
	size_t row[MAX + 1];

	if (a.n > MAX || b.n > MAX)
		return str_eq(a, b) ? 0 : cap;
	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t best = diagonal + (a.p[i - 1] != b.p[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b.n] < cap ? row[b.n] : cap;
}

struct str str_nearest(struct str s, const struct str *names, size_t n)
{
	size_t best = 2 + s.n / 3;
	struct str near = {NULL, 0};

	for (size_t i = 0; i < n; i++) {
		size_t d = str_distance(s, names[i], best);

		if (d < best) {
			best = d;
			near = names[i];
		}
	}
	return near;
}

struct str str_dup(struct arena *a, struct str s)
{
	return (struct str){arena_strdup(a, s.p, s.n), s.n};
}

struct str str_pair(struct arena *a, struct str x, char between, struct str y)
{
	size_t n = x.n + 1 + y.n;
	char *p = arena_alloc(a, n + 1, 1);

	if (x.n)
		memcpy(p, x.p, x.n);
	p[x.n] = between;
	if (y.n)
		memcpy(p + x.n + 1, y.p, y.n);
	return (struct str){p, n};
}

struct str str_fmt(struct arena *a, const char *fmt, ...)
{
	char brief[256];
	va_list ap;
	struct buf b = {0};
	struct str s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(brief, sizeof brief, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof brief)
		return str_dup(a, str_from(brief, (size_t)n));
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	s = str_dup(a, buf_str(&b));
	buf_fini(&b);
	return s;
}

const char *str_c(struct arena *a, struct str s)
{
	return arena_strdup(a, s.p, s.n);
}
