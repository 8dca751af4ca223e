/*
 * Alternatives in source patterns, as the shell has them: "src/{a,b/c}.c" is "src/a.c" and "src/b/c.c".
 * The first group is cut out and each alternative is put back in, until no group is left; groups nest. An
 * unbalanced brace stands for itself, and so does one that a backslash precedes.
 */
#include "load/load_impl.h"

/* Finds the first group: its opening and closing brace. False when there is none. */
static bool find_group(struct str s, size_t *open, size_t *close)
{
	size_t depth = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '{' && depth++ == 0)
			*open = i;
		else if (s.p[i] == '}' && depth && --depth == 0) {
			*close = i;
			return true;
		}
	}
	return false;
}

/* Cuts the next alternative off *rest, at a comma outside inner groups; rest->p is NULL after the last. */
static struct str cut_alternative(struct str *rest)
{
	struct str all = *rest;
	size_t depth = 0;

	for (size_t i = 0; i < all.n; i++) {
		if (all.p[i] == '\\')
			i++;
		else if (all.p[i] == '{')
			depth++;
		else if (all.p[i] == '}')
			depth--;
		else if (all.p[i] == ',' && depth == 0) {
			*rest = str_skip(all, i + 1);
			return str_from(all.p, i);
		}
	}
	*rest = (struct str){0};
	return all;
}

bool braces_expand(struct arena *a, struct str pattern, struct str_vec *out)
{
	enum { PATTERNS_MAX = 4096 };
	size_t open = 0, close = 0;
	struct str rest;

	if (out->n >= PATTERNS_MAX)
		return false;
	if (!find_group(pattern, &open, &close)) {
		*vec_push(a, out) = pattern;
		return true;
	}
	rest = str_from(pattern.p + open + 1, close - open - 1);
	while (rest.p) {
		struct str one = cut_alternative(&rest);
		struct str whole = str_fmt(a, "%.*s%.*s%.*s", (int)open, pattern.p, STR_ARG(one),
					   STR_ARG(str_skip(pattern, close + 1)));

		if (!braces_expand(a, whole, out))
			return false;
	}
	return true;
}
