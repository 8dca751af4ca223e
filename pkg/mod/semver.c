/*
 * Semantic versions 2.0.0 (semver.org) with a leading v. Numbers are compared as text, by length
 * and then bytewise, so that no size of number overflows.
 */
#include <stdlib.h>

#include "mod/mod_impl.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_number(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]))
			return false;
	return s.n > 0;
}

static bool is_plain_number(struct str s)
{
	return is_number(s) && (s.n == 1 || s.p[0] != '0');
}

/* Dot-separated [0-9A-Za-z-]+; in a pre-release numbers have no leading zero (items 9 and 10). */
static bool identifiers_valid(struct str s, bool pre)
{
	struct str rest = s;

	while (rest.p) {
		struct str id = str_cut(&rest, '.');

		if (id.n == 0 || (pre && is_number(id) && !is_plain_number(id)))
			return false;
		for (size_t i = 0; i < id.n; i++) {
			char c = id.p[i];

			if (!is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
			    c != '-')
				return false;
		}
	}
	return true;
}

/* Cuts *core at the first c; what is behind goes to *tail, and *has says whether there was one. */
static void cut_tail(struct str *core, char c, struct str *tail, bool *has)
{
	size_t i = str_find(*core, c);

	*has = i < core->n;
	*tail = *has ? str_skip(*core, i + 1) : STR("");
	core->n = i;
}

bool semver_parse(struct str v, struct semver *out)
{
	struct str core = str_skip(v, 1);
	bool has_pre, has_build;

	if (v.n == 0 || v.p[0] != 'v')
		return false;
	cut_tail(&core, '+', &out->build, &has_build);
	cut_tail(&core, '-', &out->pre, &has_pre);
	if ((has_build && (!out->build.n || !identifiers_valid(out->build, false))) ||
	    (has_pre && (!out->pre.n || !identifiers_valid(out->pre, true))))
		return false;
	out->major = str_cut(&core, '.');
	out->minor = core.p ? str_cut(&core, '.') : STR("");
	out->patch = core.p ? core : STR("");
	return is_plain_number(out->major) && is_plain_number(out->minor) &&
	       is_plain_number(out->patch);
}

bool semver_valid(struct str v)
{
	struct semver s;

	return semver_parse(v, &s);
}

bool semver_is_prerelease(struct str v)
{
	struct semver s;

	return semver_parse(v, &s) && s.pre.n;
}

bool semver_has_build(struct str v)
{
	return str_find(v, '+') < v.n;
}

static int cmp_number(struct str a, struct str b)
{
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return str_cmp(a, b);
}

static int cmp_identifier(struct str a, struct str b)
{
	bool na = is_number(a), nb = is_number(b);

	if (na && nb)
		return cmp_number(a, b);
	if (na != nb)
		return na ? -1 : 1;
	return str_cmp(a, b);
}

/* Item 11: a release is greater than its pre-releases; identifiers from the left; more of them is
 * greater. */
static int cmp_pre(struct str a, struct str b)
{
	if (a.n == 0 || b.n == 0)
		return (a.n == 0) - (b.n == 0);
	while (a.p && b.p) {
		int c = cmp_identifier(str_cut(&a, '.'), str_cut(&b, '.'));

		if (c)
			return c;
	}
	return (a.p != NULL) - (b.p != NULL);
}

int semver_cmp(struct str a, struct str b)
{
	struct semver x, y;
	int c;

	if (!semver_parse(a, &x) || !semver_parse(b, &y))
		return str_cmp(a, b);
	c = cmp_number(x.major, y.major);
	c = c ? c : cmp_number(x.minor, y.minor);
	c = c ? c : cmp_number(x.patch, y.patch);
	return c ? c : cmp_pre(x.pre, y.pre);
}

int semver_cmp_total(struct str a, struct str b)
{
	int c = semver_cmp(a, b);

	return c ? c : str_cmp(a, b);
}

bool semver_is_prefix(struct str v)
{
	struct str rest = str_skip(v, 1);
	int parts = 0;

	if (v.n < 2 || v.p[0] != 'v')
		return false;
	for (; rest.p; parts++)
		if (!is_plain_number(str_cut(&rest, '.')))
			return false;
	return parts <= 2;
}

bool semver_has_prefix(struct str v, struct str prefix)
{
	return str_starts(v, prefix) && (v.n == prefix.n || v.p[prefix.n] == '.');
}

static int cmp_sort(const void *x, const void *y)
{
	const struct str *a = x, *b = y;

	return semver_cmp_total(*a, *b);
}

void semver_sort_unique(struct str_vec *v)
{
	size_t kept = 0;

	if (v->n)
		qsort(v->v, v->n, sizeof *v->v, cmp_sort);
	for (size_t i = 0; i < v->n; i++)
		if (!kept || !str_eq(v->v[i], v->v[kept - 1]))
			v->v[kept++] = v->v[i];
	v->n = kept;
}
