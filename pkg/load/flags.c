/*
 * Flags that a scan must know: -D for mains behind #ifdef, and those that change what an include finds (-I,
 * -iquote, -isystem, -idirafter, -include, -imacros), with their value joined or as the next word. The order
 * in which compilers search these folders does not matter here: a source's closure holds what its includes
 * find in any of them. And -L: a library that turns up in an earlier folder is another library.
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

/* "FOLDER DIGEST" of the names in each folder of -L. */
static void take_libraries(struct loader *l, struct package *p, const struct str_vec *words)
{
	for (size_t i = 0; i < words->n; i++) {
		struct str dir = value_of(words, &i, "-L");
		const struct folder *f = dir.n ? tree_folder(l, path_clean(l->a, dir)) : NULL;
		struct digest_ctx c;
		struct digest d;
		char hex[DIGEST_HEX + 1];

		if (!f)
			continue;
		digest_init(&c);
		for (size_t k = 0; k < f->names.n; k++) {
			digest_update(&c, f->names.items[k].key.p, f->names.items[k].key.n);
			digest_update(&c, "", 1);
		}
		d = digest_final(&c);
		digest_hex(&d, hex);
		*vec_push(l->a, &p->libraries) = str_fmt(l->a, "%.*s %s", STR_ARG(dir), hex);
	}
}

void flags_search(struct loader *l, struct package *p)
{
	take_words(l, p, &p->flags.cflags);
	take_words(l, p, &p->export_flags.cflags);
	take_words(l, p, &l->o->cflags);
	take_libraries(l, p, &p->flags.ldflags);
	take_libraries(l, p, &p->export_flags.ldflags);
	take_libraries(l, p, &l->o->ldflags);
}
