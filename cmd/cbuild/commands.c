/*
 * compile_commands.json, for clangd and others: the command of every source, then every header of the
 * main module with the words of a source that reads it, since a header alone does not say how it is
 * compiled. What is in it follows from the packages and flags, not from what is asked for, so that build,
 * run and test write the same; whoever finds it unchanged leaves its time alone.
 */
#include "cmd.h"

#include "base/path.h"
#include "sys/file.h"

struct commands {
	struct build *b;
	struct buf out;
	struct map headers; /* path -> the compile of the source that stands for it */
	struct str_vec paths;
};

/*
 * A compiler that is one of a program's parts ("zig clang") is named by the part: readers of the file know
 * it by its first word, and would take a second one for a source.
 */
static size_t first_word(const struct action *x)
{
	size_t i = 0;

	while (i + 1 < x->argv.n && x->argv.v[i + 1].kind == ARG_TEXT &&
	       !str_startsc(x->argv.v[i + 1].text, "-"))
		i++;
	return i;
}

/* A word that says nothing about the source, and that clangd before 16 takes for a mistake. */
static bool is_for_compiler_only(const struct arg *g)
{
	return g->kind == ARG_TEXT && str_eqc(g->text, "--no-default-config");
}

static void add_folder(struct buf *out, struct str folder)
{
	buf_addc(out, "  {\"directory\": ");
	buf_add_json(out, folder);
	buf_addc(out, ", \"file\": ");
}

/* An entry is a line, and begins as add_folder writes it. */
void commands_move(struct buf *out, struct str text, struct str from, struct str to)
{
	struct buf old = {0}, new = {0};

	add_folder(&old, from);
	add_folder(&new, to);
	while (text.n) {
		size_t end = str_find(text, '\n');
		struct str line = str_from(text.p, end < text.n ? end + 1 : end);

		text = str_skip(text, line.n);
		if (str_starts(line, buf_str(&old))) {
			buf_adds(out, buf_str(&new));
			line = str_skip(line, old.n);
		}
		buf_adds(out, line);
	}
	buf_fini(&old);
	buf_fini(&new);
}

/* x's command, for file in its source's place. */
static void add_command(struct commands *c, const struct action *x, struct str file)
{
	struct buf *out = &c->out;
	const struct source *s = x->owner;

	buf_addc(out, out->n > 2 ? ",\n" : "");
	add_folder(out, c->b->c->root);
	buf_add_json(out, file);
	buf_addc(out, ", \"arguments\": [");
	for (size_t first = first_word(x), i = first; i < x->argv.n; i++) {
		const struct arg *g = &x->argv.v[i];
		struct str path = g->kind == ARG_INPUT	  ? x->inputs.v[g->index].path
				  : g->kind == ARG_OUTPUT ? x->outputs.v[g->index].path
							  : STR("");

		if (is_for_compiler_only(g))
			continue;
		if (g->kind == ARG_INPUT && str_eq(path, s->path))
			path = file;
		buf_addc(out, i > first ? ", " : "");
		buf_add_json(out,
			     str_fmt(&c->b->c->arena, "%.*s%.*s", STR_ARG(g->text), STR_ARG(path)));
	}
	buf_addc(out, "]}");
}

/* log.c stands for log.h; any source for a header that has none of its own. */
static bool is_own_header(struct str header, struct str source)
{
	return str_eq(path_dir(header), path_dir(source)) &&
	       str_eq(path_stem(header), path_stem(source));
}

static void take_headers(struct commands *c, struct action *x)
{
	const struct source *s = x->owner;
	struct arena *a = &c->b->c->arena;

	for (size_t i = 0; i < s->closure.n; i++) {
		struct str path = s->closure.v[i];
		struct map_item *item;
		bool added;

		if (!str_endsc(path, ".h") || path_is_abs(path) || str_startsc(path, "../") ||
		    path_within(STR("build"), path))
			continue;
		item = map_put(a, &c->headers, path, &added);
		if (added)
			*vec_push(a, &c->paths) = path;
		if (added || is_own_header(path, s->path))
			item->ptr = x;
	}
}

static void add_sources(struct commands *c, struct source *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct action *x = plan_compile(&c->b->targets[0].plan, v[i]);

		add_command(c, x, v[i]->path);
		if (v[i]->package->module->main && v[i]->kind == SOURCE_C)
			take_headers(c, x);
	}
}

bool build_compile_commands(struct build *b, struct err *e)
{
	struct commands c = {.b = b};
	const struct package_set *set = &b->targets[0].set;
	bool ok;

	if (b->opts->dry_run)
		return true;
	buf_addc(&c.out, "[\n");
	for (size_t i = 0; i < set->packages.n; i++) {
		const struct package *p = set->packages.v[i];

		add_sources(&c, p->sources.v, p->sources.n);
		if (p->module->main)
			add_sources(&c, p->tests.v, p->tests.n);
	}
	str_vec_sort_unique(&c.paths);
	for (size_t i = 0; i < c.paths.n; i++)
		add_command(&c, map_ptr(&c.headers, c.paths.v[i]), c.paths.v[i]);
	buf_addc(&c.out, "\n]\n");
	ok = file_write_if_changed(COMMANDS_FILE, buf_str(&c.out), 0644, e);
	if (ok)
		b->commands = digest_str(buf_str(&c.out));
	buf_fini(&c.out);
	return ok;
}
