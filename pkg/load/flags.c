/*
 * Compiler flags that a scan must know: -D for mains behind #ifdef, and those that change what an include finds: -I, -iquote, -isystem, -idirafter, -include, -imacros,
 * with their value joined or as the next word. The order in which compilers search these folders does not
 * matter here: a source's closure holds what its includes find in any of them.
 */
#include "load/load_impl.h"

#include <string.h>

#include "base/path.h"

/* Takes the value of option name at words->v[*i]; empty when the word is something else. */
static struct str value_of(const struct str_vec *words, size_t *i, const char *name)
{
	struct str word = words->v[*i];

	if (!str_startsc(word, name))
		return (struct str){0};
	if (word.n > strlen(name))
		return str_skip(word, strlen(name));
	return *i + 1 < words->n ? words->v[++*i] : (struct str){0};
}

static void add(struct loader *l, struct str_vec *v, struct str path)
{
	path = path_clean(l->a, path);
	if (!str_vec_has(v, path))
		*vec_push(l->a, v) = path;
}

static void take_words(struct loader *l, struct package *p, const struct str_vec *words)
{
	static const char *const folders[] = {"-I", "-iquote", "-isystem", "-idirafter"};
	static const char *const files[] = {"-include", "-imacros"};
	struct str value;

	for (size_t i = 0; i < words->n; i++) {
		if ((value = value_of(words, &i, "-D")).n)
			*vec_push(l->a, &p->flag_defines) = str_from(value.p, str_find(value, '='));
		for (size_t k = 0; k < sizeof folders / sizeof folders[0]; k++)
			if ((value = value_of(words, &i, folders[k])).n)
				add(l, &p->flag_include, value);
		for (size_t k = 0; k < sizeof files / sizeof files[0]; k++)
			if ((value = value_of(words, &i, files[k])).n)
				add(l, &p->forced, value);
	}
}

void flags_search(struct loader *l, struct package *p)
{
	take_words(l, p, &p->flags.cflags);
	take_words(l, p, &p->export_flags.cflags);
	take_words(l, p, &l->o->cflags);
}
