/*
 * Native libraries: what two modules both claim to be (`provides: native`), and who brought each of them.
 */
#include "mod/mod_impl.h"

/* The shortest chain of requirements from the main module: "cbuild.yaml requires a, a requires b". */
static struct str chain_to(struct arena *a, const struct build_list *list, size_t wanted)
{
	size_t n = list->modules.n, count = 1;
	size_t *from = arena_array(a, size_t, n), *queue = arena_array(a, size_t, n);
	bool *seen = arena_array(a, bool, n);
	struct str out = {0};

	queue[0] = 0;
	seen[0] = true;
	for (size_t i = 0; i < count && !seen[wanted]; i++) {
		const struct module *m = &list->modules.v[queue[i]];

		for (size_t k = 0; k < m->requires.n; k++) {
			size_t to = m->requires.v[k];

			if (seen[to])
				continue;
			seen[to] = true;
			from[to] = queue[i];
			queue[count++] = to;
		}
	}
	if (!seen[wanted])
		return STR("a version that was not chosen requires it");
	for (size_t at = wanted; at; at = from[at]) {
		const struct module *by = &list->modules.v[from[at]];

		out = str_fmt(a, "%.*s requires %.*s%s%.*s",
			      STR_ARG(by->main ? STR("cbuild.yaml") : by->path),
			      STR_ARG(list->modules.v[at].path), out.n ? ", " : "", STR_ARG(out));
	}
	return out;
}

bool natives_check(struct arena *a, const struct build_list *list, struct err *e)
{
	struct map owners = {0};

	for (size_t i = 0; i < list->modules.n; i++) {
		const struct module *m = &list->modules.v[i], *first;
		struct map_item *it;
		bool added;
		struct str chain, first_chain;

		if (!m->manifest->provides_native.n)
			continue;
		it = map_put(a, &owners, m->manifest->provides_native, &added);
		if (added) {
			it->num = i;
			continue;
		}
		first = &list->modules.v[it->num];
		first_chain = chain_to(a, list, it->num);
		chain = chain_to(a, list, i);
		err_set(e, ERR_INPUT, "%.*s and %.*s are both the library '%.*s'\n  %.*s\n  %.*s",
			STR_ARG(first->path), STR_ARG(m->path),
			STR_ARG(m->manifest->provides_native), STR_ARG(first_chain),
			STR_ARG(chain));
		return err_fix(e,
			       "a program holds one of them: `exclude` or `replace` the other in "
			       "cbuild.yaml, or set an option of who requires it "
			       "(cbuild list --options)");
	}
	return true;
}
