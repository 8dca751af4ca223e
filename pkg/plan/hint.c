/*
 * Remedies for what compilers and linkers say. The patterns are those of gcc, clang, ld.bfd and ld.lld in
 * the C locale; a pattern that does not match costs nothing but the hint.
 */
#include "plan/plan_impl.h"

#include <string.h>

#include "base/path.h"

struct hint {
	struct arena *arena;
	const struct package_set *set;
	const struct plan_hint_port *port;
	struct str_vec seen;  /* names and files that have their remedy */
	struct str duplicate; /* the first symbol defined twice */
	bool more_duplicates;
	struct buf *out;
};

/* The part of line between the first `before` and the next `after` (NULL: the end); empty when absent. */
static struct str between(struct str line, const char *before, const char *after)
{
	size_t nb = strlen(before), na = after ? strlen(after) : 0;

	for (size_t i = 0; i + nb <= line.n; i++) {
		if (memcmp(line.p + i, before, nb) != 0)
			continue;
		if (!after)
			return str_trim(str_skip(line, i + nb));
		for (size_t k = i + nb; k + na <= line.n; k++)
			if (memcmp(line.p + k, after, na) == 0)
				return (struct str){line.p + i + nb, k - i - nb};
		return (struct str){0};
	}
	return (struct str){0};
}

/* clang: fatal error: 'zlib.h' file not found; gcc: fatal error: zlib.h: No such file or directory */
static struct str missing_header(struct str line)
{
	struct str h = between(line, "fatal error: '", "' file not found");

	return h.n ? h : between(line, "fatal error: ", ": No such file or directory");
}

struct str plan_missing_header(struct str words)
{
	struct str line, h = {0};

	while (!h.n && str_line(&words, &line))
		h = missing_header(line);
	return h;
}

static const struct package *package_of(const struct package_set *set, struct str file)
{
	for (size_t i = 0; i < set->packages.n; i++)
		for (size_t k = 0; k < set->packages.v[i]->sources.n; k++)
			if (str_eq(set->packages.v[i]->sources.v[k]->path, file))
				return set->packages.v[i];
	return NULL;
}

/* Symbols of one file share a remedy: *seen holds files too. */
static void hint_undefined(struct hint *h, struct str symbol)
{
	struct str file = h->port->defined_in ? h->port->defined_in(h->port->ctx, symbol) : STR("");
	const struct package *p = file.n ? package_of(h->set, file) : NULL;

	if (!file.n) {
		if (str_eqc(symbol, "main"))
			buf_printf(h->out, "no file of the program defines main\n");
		else
			buf_printf(
			    h->out,
			    "no linked package defines '%.*s': include the header of the "
			    "package that does, require the module that has it, or leave out "
			    "the file that calls it\n",
			    STR_ARG(symbol));
		return;
	}
	if (str_vec_has(&h->seen, file))
		return;
	*vec_push(h->arena, &h->seen) = file;
	if (p)
		buf_printf(
		    h->out,
		    "'%.*s' is defined in %.*s of package '%.*s', which is not linked: include its "
		    "header, or name it under `uses` in cbuild.yaml\n",
		    STR_ARG(symbol), STR_ARG(file), STR_ARG(p->name));
	else
		buf_printf(
		    h->out,
		    "'%.*s' is defined in %.*s, which no package has: add it to `sources` in "
		    "cbuild.yaml\n",
		    STR_ARG(symbol), STR_ARG(file));
}

/* Two files that clash do so in many symbols: one remedy for all. */
static void hint_duplicates(struct hint *h)
{
	if (!h->duplicate.n)
		return;
	buf_printf(h->out,
		   "'%.*s'%s defined twice in one program: make one definition static, rename it, "
		   "or leave one file out of its package (a .c file that another one includes is "
		   "compiled with that)\n",
		   STR_ARG(h->duplicate), h->more_duplicates ? " and others are" : " is");
}

/* A name that the makefile would have given; of other undeclared names the compiler has said all. */
static void hint_undeclared(struct hint *h, struct str name)
{
	struct str place = h->port->recipe_of ? h->port->recipe_of(h->port->ctx, name) : STR("");

	if (place.n)
		buf_printf(h->out,
			   "'%.*s' is named in %.*s, by the tree's own build, which is not read: "
			   "give its value under `defines` in cbuild.yaml\n",
			   STR_ARG(name), STR_ARG(place));
}

static void hint_full_disk(struct hint *h)
{
	buf_printf(h->out,
		   "the disk is full: free space where the project, the cache (`cbuild cache "
		   "stat`) and /tmp lie\n");
}

static void hint_library(struct hint *h, struct str name)
{
	buf_printf(h->out,
		   "the toolchain has no library '%.*s': `libs` names the toolchain's own (m, "
		   "pthread, ...); "
		   "others are modules: cbuild get MODULE\n",
		   STR_ARG(name));
}

static void hint_shared(struct hint *h, struct str file)
{
	buf_printf(
	    h->out,
	    "%.*s is a shared library, and programs are linked statically: take its name out "
	    "of `ldflags`, and require a module that builds it from source\n",
	    STR_ARG(file));
}

static struct str first_of(struct str a, struct str b)
{
	return a.n ? a : b;
}

/* Many files fail for one reason: each remedy is given once, and whole. */
static void add_new_lines(struct buf *out, struct str lines)
{
	enum { HINT_BYTES_MAX = 700 }; /* what struct err's remedy holds */
	struct str line;

	while (str_line(&lines, &line)) {
		struct str known = buf_str(out), old;
		bool seen = false;

		while (!seen && str_line(&known, &old))
			seen = str_eq(old, line);
		if (!seen && out->n + line.n < HINT_BYTES_MAX)
			buf_printf(out, "%.*s\n", STR_ARG(line));
	}
}

/* One line of a tool's words: what it misses, and the remedy, unless it was given before. */
static void hint_line(struct hint *h, struct str line)
{
	struct str header = missing_header(line);
	struct str duplicate = first_of(between(line, "duplicate symbol: ", NULL),
					between(line, "multiple definition of `", "'"));
	struct str undefined = first_of(between(line, "undefined symbol: ", NULL),
					between(line, "undefined reference to `", "'"));
	struct str library = first_of(between(line, "unable to find library -l", NULL),
				      between(line, "cannot find -l", ":"));
	/* ld.bfd quotes the name, lld does not. */
	struct str shared = first_of(between(line, "static link of dynamic object `", "'"),
				     between(line, "static link of dynamic object ", NULL));
	struct str undeclared = first_of(between(line, "use of undeclared identifier '", "'"),
					 between(line, "error: '", "' undeclared"));
	struct str key = first_of(first_of(header, library), first_of(duplicate, undefined));

	key = first_of(key, first_of(shared, undeclared));
	if (!key.n && str_containsc(line, "No space left on device"))
		key = STR("No space left on device");
	if (!key.n || str_vec_has(&h->seen, key))
		return;
	*vec_push(h->arena, &h->seen) = key;
	if (header.n)
		hint_header(h->arena, h->set, header, h->port, h->out);
	else if (library.n)
		hint_library(h, library);
	else if (shared.n)
		hint_shared(h, shared);
	else if (undeclared.n)
		hint_undeclared(h, undeclared);
	else if (duplicate.n && h->duplicate.n)
		h->more_duplicates = true;
	else if (duplicate.n)
		h->duplicate = duplicate;
	else if (undefined.n)
		hint_undefined(h, undefined);
	else
		hint_full_disk(h);
}

void plan_hint(struct arena *a, const struct package_set *set, const struct action *failed,
	       const struct plan_hint_port *port, struct buf *out)
{
	enum { LINES_MAX = 1000, KEYS_MAX = 20 };
	struct buf hints = {0};
	struct hint h = {.arena = a, .set = set, .port = port, .out = &hints};
	struct str rest = failed->words, line;

	for (int i = 0; i < LINES_MAX && h.seen.n < KEYS_MAX && str_line(&rest, &line); i++)
		hint_line(&h, line);
	hint_duplicates(&h);
	add_new_lines(out, buf_str(&hints));
	buf_fini(&hints);
}
