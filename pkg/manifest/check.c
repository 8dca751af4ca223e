/*
 * What is well formed: module paths, versions, names. Functions named *_remedy return the remedy
 * for a malformed text, NULL for a good one.
 */
#include <string.h>

#include "base/path.h"
#include "manifest/manifest_impl.h"

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z') || is_digit(c);
}

bool is_identifier(struct str s)
{
	if (!s.n || is_digit(s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '_')
			return false;
	return true;
}

bool is_name(struct str s, const char *also)
{
	if (!s.n || s.n > 255 || s.p[0] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && !strchr(also, s.p[i]))
			return false;
	return true;
}

bool is_known(struct str s, const char *const *names)
{
	for (; *names; names++)
		if (str_eqc(s, *names))
			return true;
	return false;
}

const char *placeholder_remedy(struct str s, const char *also, const char *letters)
{
	static const char *const known[] = {"version", "major", "minor", "patch", NULL};

	while (s.n) {
		size_t open = str_find(s, '{');
		struct str text = {s.p, open}, name = str_skip(s, open + 1);
		size_t close = str_find(name, '}');

		for (size_t i = 0; i < text.n; i++)
			if (!is_alnum(text.p[i]) && (!text.p[i] || !strchr(also, text.p[i])))
				return letters;
		if (open == s.n)
			break;
		s = str_skip(name, close + 1);
		name.n = close;
		if (!is_known(name, known))
			return "known: {version}, {major}, {minor}, {patch}";
	}
	return NULL;
}

const char *join_names(struct arena *a, const char *const *names)
{
	struct str s = {0};

	for (; *names; names++)
		s = str_fmt(a, "%.*s%s%s", STR_ARG(s), s.n ? ", " : "", *names);
	return s.p;
}

/* A host: lower-case letters, digits, '-' and at least one dot, which stands between others. */
static bool is_host(struct str s)
{
	if (str_find(s, '.') == s.n || s.p[0] == '.' || s.p[s.n - 1] == '.' ||
	    str_containsc(s, ".."))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_lower(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '-' && s.p[i] != '.')
			return false;
	return s.p[0] != '-';
}

const char *module_path_remedy(struct str s)
{
	struct str rest = s, host;

	if (str_containsc(s, "://"))
		return "write the path without the scheme, as in github.com/madler/zlib";
	if (!path_is_local(s) || s.n > 255)
		return "a module path is HOST/PATH, as in github.com/madler/zlib: no '..', no "
		       "empty part";
	host = str_cut(&rest, '/');
	if (!is_host(host))
		return "the first part is a host name in lower case with a dot, as in "
		       "github.com/madler/zlib";
	while (rest.p) {
		struct str part = str_cut(&rest, '/');

		if (!is_name(part, "._~-") || part.p[0] == '.' || part.p[part.n - 1] == '.')
			return "parts hold letters, digits and . _ ~ - and neither start nor end "
			       "with a dot";
	}
	if (str_endsc(s, ".git"))
		return "write the path without '.git'";
	return NULL;
}

/* Numbers and names between dots (semver.org 2.0.0, items 9 and 10); numbers without leading zeros.
 */
static bool dotted(struct str s, bool numbers_only, bool leading_zero, size_t want)
{
	size_t parts = 0;

	while (s.p) {
		struct str part = str_cut(&s, '.');
		size_t digits = 0;

		for (size_t i = 0; i < part.n; i++) {
			if (!is_alnum(part.p[i]) && part.p[i] != '-')
				return false;
			digits += is_digit(part.p[i]);
		}
		if (!part.n || (numbers_only && (digits != part.n || part.n > 18)))
			return false;
		if (!leading_zero && digits == part.n && part.n > 1 && part.p[0] == '0')
			return false;
		parts++;
	}
	return !want || parts == want;
}

/* semver.org 2.0.0 with a leading v and all three numbers. */
static bool version_ok(struct str s)
{
	struct str build = {0}, pre = {0};
	size_t plus, dash;

	if (!str_startsc(s, "v") || s.n > 128)
		return false;
	s = str_skip(s, 1);
	plus = str_find(s, '+');
	if (plus < s.n)
		build = str_skip(s, plus + 1);
	s.n = plus;
	dash = str_find(s, '-');
	if (dash < s.n)
		pre = str_skip(s, dash + 1);
	s.n = dash;
	return dotted(s, true, false, 3) && (!pre.p || dotted(pre, false, false, 0)) &&
	       (!build.p || dotted(build, false, true, 0));
}

const char *version_remedy(struct str s)
{
	if (version_ok(s))
		return NULL;
	return "a version is vMAJOR.MINOR.PATCH as in v1.3.1, with -PRERELEASE when it is one";
}

const char *replaced_remedy(struct str s, struct str *path, struct str *version)
{
	const char *fix;

	*version = s;
	*path = str_cut(version, '@');
	fix = module_path_remedy(*path);
	if (fix || !version->p)
		return fix;
	return version_remedy(*version);
}
