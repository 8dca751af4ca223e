/*
 * Pseudo-versions: names for commits that no tag names, so that they sort where they belong
 * (go.dev/ref/mod#pseudo-versions). Pure text.
 *
 *     v0.0.0-20240102030405-abcdefabcdef          no version before it
 *     v1.2.4-0.20240102030405-abcdefabcdef        behind the release v1.2.3
 *     v1.2.4-rc.1.0.20240102030405-abcdefabcdef   behind the pre-release v1.2.4-rc.1
 */
#include <string.h>

#include "mod/mod_impl.h"
#include "sys/clock.h"

enum { TIME_DIGITS = 14, REV_HEX = 12, TAIL = TIME_DIGITS + 1 + REV_HEX };

static bool all_of(struct str s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr(set, s.p[i]) || !s.p[i])
			return false;
	return s.n > 0;
}

/* The decimal before n, which is above 0 and has no leading zero. */
static struct str minus_one(struct arena *a, struct str n)
{
	char *p = arena_strdup(a, n.p, n.n);
	size_t i = n.n;

	while (i > 0 && p[i - 1] == '0')
		p[--i] = '9';
	p[i - 1]--;
	return p[0] == '0' && n.n > 1 ? (struct str){p + 1, n.n - 1} : (struct str){p, n.n};
}

static struct str plus_one(struct arena *a, struct str n)
{
	struct str out = str_fmt(a, "0%.*s", STR_ARG(n));
	char *p = arena_strdup(a, out.p, out.n);
	size_t i = out.n;

	while (p[i - 1] == '9')
		p[--i] = '0';
	p[i - 1]++;
	return p[0] == '0' ? (struct str){p + 1, out.n - 1} : (struct str){p, out.n};
}

bool pseudo_parse(struct str v, struct pseudo *out)
{
	struct semver s;
	struct str tail, before;

	if (!semver_parse(v, &s) || s.build.n || s.pre.n < TAIL)
		return false;
	before = (struct str){s.pre.p, s.pre.n - TAIL};
	tail = str_skip(s.pre, before.n);
	if (tail.p[TIME_DIGITS] != '-' ||
	    !all_of((struct str){tail.p, TIME_DIGITS}, "0123456789") ||
	    !all_of(str_skip(tail, TIME_DIGITS + 1), "0123456789abcdef"))
		return false;
	if (before.n ? !str_eqc(before, "0.") && !str_endsc(before, ".0.")
		     : !str_eqc(s.minor, "0") || !str_eqc(s.patch, "0"))
		return false;
	if (str_eqc(before, "0.") && str_eqc(s.patch, "0"))
		return false;
	if (out)
		*out = (struct pseudo){.before = before,
				       .time = {tail.p, TIME_DIGITS},
				       .rev = str_skip(tail, TIME_DIGITS + 1)};
	return true;
}

struct str pseudo_base(struct arena *a, struct str v)
{
	struct semver s;
	struct pseudo p;
	struct str patch;

	if (!pseudo_parse(v, &p) || !semver_parse(v, &s) || !p.before.n)
		return STR("");
	if (!str_eqc(p.before, "0."))
		return str_fmt(a, "v%.*s.%.*s.%.*s-%.*s", STR_ARG(s.major), STR_ARG(s.minor),
			       STR_ARG(s.patch), (int)(p.before.n - strlen(".0.")), p.before.p);
	patch = minus_one(a, s.patch);
	return str_fmt(a, "v%.*s.%.*s.%.*s", STR_ARG(s.major), STR_ARG(s.minor), STR_ARG(patch));
}

struct str pseudo_time(struct arena *a, int64_t time_s)
{
	struct str date = time_rfc3339(a, time_s);
	char *p = arena_strdup(a, date.p, date.n);
	size_t n = 0;

	for (size_t i = 0; i < date.n; i++)
		if (date.p[i] >= '0' && date.p[i] <= '9')
			p[n++] = date.p[i];
	return (struct str){p, n};
}

struct str pseudo_make(struct arena *a, struct str base, int64_t time_s, struct str commit)
{
	struct str time = pseudo_time(a, time_s), patch;
	struct semver s;

	if (commit.n > REV_HEX)
		commit.n = REV_HEX;
	if (!semver_parse(base, &s))
		return str_fmt(a, "v0.0.0-%.*s-%.*s", STR_ARG(time), STR_ARG(commit));
	patch = s.pre.n ? s.patch : plus_one(a, s.patch);
	return str_fmt(a, "v%.*s.%.*s.%.*s-%.*s%s0.%.*s-%.*s", STR_ARG(s.major), STR_ARG(s.minor),
		       STR_ARG(patch), STR_ARG(s.pre), s.pre.n ? "." : "", STR_ARG(time),
		       STR_ARG(commit));
}
