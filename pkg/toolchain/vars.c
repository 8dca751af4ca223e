/*
 * Variables and word templates. A descriptor's commands are lists of words with {name} in them; a
 * list variable repeats its word, so optional flags need no condition in the data.
 */
#include "toolchain/toolchain_impl.h"

const struct tc_var *tc_var_get(const struct tc_vars *vars, struct str name)
{
	for (size_t i = 0; i < vars->n; i++) {
		if (str_eq(vars->v[i].name, name))
			return &vars->v[i];
	}
	return NULL;
}

struct str tc_var_str(const struct tc_vars *vars, struct str name)
{
	const struct tc_var *v = tc_var_get(vars, name);

	return v && !v->list && v->words.n == 1 ? v->words.v[0] : (struct str){0};
}

void tc_var_set(struct arena *a, struct tc_vars *vars, struct str name, struct str value)
{
	struct tc_var *v = vec_push(a, vars);

	v->name = name;
	*vec_push(a, &v->words) = value;
}

static const struct tc_var *look_up(const struct tc_vars *const *sets, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++) {
		const struct tc_var *v = tc_var_get(sets[i], name);

		if (v)
			return v;
	}
	return NULL;
}

/* The first {name} of word: true with the parts around it. A brace without its partner is text. */
static bool split(struct str word, struct str *before, struct str *name, struct str *after)
{
	size_t open = str_find(word, '{');

	if (open == word.n)
		return false;
	*before = str_from(word.p, open);
	*name = str_skip(word, open + 1);
	size_t close = str_find(*name, '}');

	if (close == name->n)
		return false;
	*after = str_skip(*name, close + 1);
	name->n = close;
	return true;
}

/* Expands from left to right; done is the finished part of the word. Depth is the number of
 * variables. */
static bool expand_word(struct arena *a, struct str done, struct str rest,
			const struct tc_vars *const *sets, size_t n, struct str_vec *out,
			struct err *e)
{
	struct str before, name, after;

	if (!split(rest, &before, &name, &after)) {
		*vec_push(a, out) = str_fmt(a, "%.*s%.*s", STR_ARG(done), STR_ARG(rest));
		return true;
	}
	const struct tc_var *v = look_up(sets, n, name);

	if (!v)
		return err_set(e, ERR_INPUT, "unknown variable '{%.*s}' in a toolchain descriptor",
			       STR_ARG(name));
	for (size_t i = 0; i < v->words.n; i++) {
		struct str left = str_fmt(a, "%.*s%.*s%.*s", STR_ARG(done), STR_ARG(before),
					  STR_ARG(v->words.v[i]));

		if (!expand_word(a, left, after, sets, n, out, e))
			return false;
	}
	return true;
}

bool tc_expand(struct arena *a, const struct str_vec *template, const struct tc_vars *const *sets,
	       size_t set_count, struct str_vec *out, struct err *e)
{
	for (size_t i = 0; i < template->n; i++) {
		if (!expand_word(a, STR(""), template->v[i], sets, set_count, out, e))
			return false;
	}
	return true;
}
