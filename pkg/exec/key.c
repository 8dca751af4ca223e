/*
 * The canonical record of an action; docs/cache.md shows it byte by byte. One line a field, fields
 * in a fixed order; whatever may hold any byte is preceded by its length, so two different actions
 * never have the same record. The key is SHA-256 of the record, and --explain compares two records,
 * so what is explained is what was hashed.
 *
 *     cbuild-action 2
 *     command                               or: question, or: step NAME VERSION
 *     target 11 linux/amd64
 *     tool 7340032 9c56cc51...              size and hash of the tool's identity
 *     params 0                              a step's parameters
 *     box 1 . 21 build/linux-amd64/gen      only of a boxed command: in and out
 *     arg - 2 -c                            -: plain; iN, oN: spelled with input or output N
 *     env 8 LC_ALL=C                        sorted bytewise
 *     in 1834 9c56cc51... 9 pkg/a/a.c       in the order declared
 *     out - 16 build/.x/out/0.o             x: executable; d: depfile
 *     closed 11 ../b/pkg/b.h                an input that the command may not read (struct action_fence)
 *
 * Where an output is declared to go, and what makes an input, is in no key: a command gets temporaries and
 * blobs, so it cannot depend on either. Outputs are named by number and suffix, inputs that other actions
 * made by number. So the same objects are linked once, whatever the programs are called.
 *
 * A result that depends on discovered inputs is found under a second key:
 *
 *     cbuild-action-more 1
 *     key 9c56cc51...
 *     more 210 5d41402a... 9 pkg/a/b.h      sorted by path, unique
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "exec/exec_impl.h"

const struct str *fence_closes(const struct action *x, struct str path)
{
	const struct action_fence *f = x->fence;
	const struct map_item *owner = f ? path_owner(f->folders, path) : NULL;

	return owner && !f->open[owner->num] ? &f->names[owner->num] : NULL;
}

const struct str *fence_closes_in(struct arena *scratch, const struct action *x, struct str cwd,
				  struct str path)
{
	if (x->fence && (path_is_abs(path) || str_startsc(path, "../")))
		path = path_rel(scratch, cwd, path_join(scratch, cwd, path));
	return fence_closes(x, path);
}

void canonical_input(struct buf *out, const struct action *x, uint32_t i)
{
	if (x->inputs.v[i].from)
		buf_printf(out, CANONICAL_IN "%u", i);
	else
		buf_adds(out, x->inputs.v[i].path);
}

void canonical_output(struct buf *out, const struct action *x, uint32_t i)
{
	struct str suffix = output_suffix(&x->outputs.v[i]);

	buf_printf(out, CANONICAL_OUT "%u.%.*s", i, STR_ARG(suffix));
}

void arg_append(struct buf *out, const struct action *x, const struct arg *arg)
{
	buf_adds(out, arg->text);
	if (arg->kind == ARG_INPUT)
		buf_adds(out, box_path(x, x->inputs.v[arg->index].path));
	else if (arg->kind == ARG_OUTPUT)
		buf_adds(out, box_path(x, x->outputs.v[arg->index].path));
}

static void add_u64(struct buf *out, uint64_t n)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	buf_add(out, digits + at, sizeof digits - at);
}

/* "LENGTH BYTES\n" */
static void add_counted(struct buf *out, struct str s)
{
	add_u64(out, s.n);
	buf_add_byte(out, ' ');
	buf_adds(out, s);
	buf_add_byte(out, '\n');
}

/* "SIZE HEX" */
static void add_digest(struct buf *out, const struct digest *d)
{
	char hex[DIGEST_HEX + 1];

	digest_hex(d, hex);
	add_u64(out, d->size_bytes);
	buf_add_byte(out, ' ');
	buf_add(out, hex, DIGEST_HEX);
}

static void add_arg(struct buf *out, const struct action *x, const struct arg *arg,
		    enum record_use use)
{
	struct buf word = {0};

	switch (arg->kind) {
	case ARG_TEXT:
		buf_addc(out, "arg - ");
		add_counted(out, arg->text);
		return;
	case ARG_INPUT:
	case ARG_OUTPUT:
		break;
	}
	buf_addc(out, arg->kind == ARG_INPUT ? "arg i" : "arg o");
	add_u64(out, arg->index);
	buf_add_byte(out, ' ');
	if (use == RECORD_SHOWN) {
		arg_append(&word, x, arg);
	} else {
		buf_adds(&word, arg->text);
		if (arg->kind == ARG_INPUT)
			canonical_input(&word, x, arg->index);
		else
			canonical_output(&word, x, arg->index);
	}
	add_counted(out, buf_str(&word));
	buf_fini(&word);
}

static int env_cmp(const void *a, const void *b)
{
	const struct str *const *x = a, *const *y = b;

	return str_cmp(**x, **y);
}

static void add_env(struct buf *out, const struct str_vec *env)
{
	const struct str **sorted;

	if (!env->n)
		return;
	sorted = mem_alloc(env->n * sizeof *sorted);
	for (size_t i = 0; i < env->n; i++)
		sorted[i] = &env->v[i];
	qsort(sorted, env->n, sizeof *sorted, env_cmp);
	for (size_t i = 0; i < env->n; i++) {
		buf_addc(out, "env ");
		add_counted(out, *sorted[i]);
	}
	free(sorted);
}

static void add_inputs(struct buf *out, const struct action *x, enum record_use use)
{
	struct buf name = {0};

	for (uint32_t i = 0; i < x->inputs.n; i++) {
		const struct input *in = &x->inputs.v[i];

		if (in->order)
			continue;
		buf_addc(out, "in ");
		add_digest(out, &in->digest);
		buf_add_byte(out, ' ');
		if (use == RECORD_SHOWN || !in->from) {
			add_counted(out, in->path);
			continue;
		}
		buf_clear(&name);
		canonical_input(&name, x, i);
		add_counted(out, buf_str(&name));
	}
	buf_fini(&name);
}

static void add_outputs(struct buf *out, const struct action *x, enum record_use use)
{
	struct buf name = {0};

	for (uint32_t i = 0; i < x->outputs.n; i++) {
		const struct output *o = &x->outputs.v[i];

		buf_addc(out, o->depfile      ? "out d "
			      : o->folder     ? "out f "
			      : o->executable ? "out x "
					      : "out - ");
		buf_clear(&name);
		if (use == RECORD_SHOWN)
			buf_adds(&name, o->path);
		else
			canonical_output(&name, x, i);
		add_counted(out, buf_str(&name));
	}
	buf_fini(&name);
}

/* "-I/src/x", "K=/a:/src": an absolute path begins a word, or stands behind an option's name or a separator. */
static bool begins_path(struct str word, size_t at)
{
	size_t from = at;

	while (from && !strchr(":,;= \"'", word.p[from - 1]))
		from--;
	return from == at || (word.p[from] == '-' && !memchr(word.p + from, '/', at - from)) ||
	       word.p[from] == '@';
}

static bool word_names(struct str word, struct str root)
{
	for (size_t at = 0; at + root.n <= word.n; at++) {
		const char *found = memchr(word.p + at, '/', word.n - root.n + 1 - at);
		size_t end;

		if (!found)
			return false;
		at = (size_t)(found - word.p);
		end = at + root.n;
		if (memcmp(found, root.p, root.n) != 0)
			continue;
		if ((end == word.n ||
		     !(isalnum((unsigned char)word.p[end]) || strchr("._-+~", word.p[end]))) &&
		    begins_path(word, at))
			return true;
	}
	return false;
}

bool names_root(const struct action *x, struct str root)
{
	bool any = false;

	if (root.n < 2)
		return false;
	for (size_t i = 0; !any && i < x->argv.n; i++)
		any = word_names(x->argv.v[i].text, root);
	for (size_t i = 0; !any && i < x->env.n; i++)
		any = word_names(x->env.v[i], root);
	return any;
}

void record_append(struct buf *out, const struct action *x, enum record_use use)
{
	/* In a box files are read and written by their declared names. */
	if (x->box.on)
		use = RECORD_SHOWN;
	buf_addc(out, "cbuild-action 2\n");
	if (x->step)
		buf_printf(out, "step %s %s\n", x->step->name, x->step->version);
	else
		buf_addc(out, x->asks ? "question\n" : "command\n");
	buf_addc(out, "target ");
	add_counted(out, x->target);
	buf_addc(out, "tool ");
	add_digest(out, &x->tool);
	buf_addc(out, "\nparams ");
	add_counted(out, x->step_params);
	if (x->box.on) {
		buf_printf(out, "box %zu %.*s ", x->box.in.n, STR_ARG(x->box.in));
		add_counted(out, x->box.out);
	}
	for (size_t i = 0; i < x->argv.n; i++)
		add_arg(out, x, &x->argv.v[i], use);
	if (x->root.n)
		buf_printf(out, "root %.*s\n", STR_ARG(x->root));
	add_env(out, &x->env);
	add_inputs(out, x, use);
	add_outputs(out, x, use);
	for (size_t i = 0; x->fence && i < x->inputs.n; i++) {
		if (x->inputs.v[i].from || !fence_closes(x, x->inputs.v[i].path))
			continue;
		buf_addc(out, "closed ");
		add_counted(out, x->inputs.v[i].path);
	}
}

void record_append_more(struct buf *out, struct str path, const struct digest *d)
{
	buf_addc(out, "more ");
	add_digest(out, d);
	buf_add_byte(out, ' ');
	add_counted(out, path);
}

struct digest second_key(const struct digest *first, struct str more_lines)
{
	static const char head[] = "cbuild-action-more 1\nkey ";
	char hex[DIGEST_HEX + 1];
	struct digest_ctx c;

	digest_hex(first, hex);
	hex[DIGEST_HEX] = '\n';
	digest_init(&c);
	digest_update(&c, head, sizeof head - 1);
	digest_update(&c, hex, sizeof hex);
	digest_update(&c, more_lines.p, more_lines.n);
	return digest_final(&c);
}

struct str action_record(struct arena *a, const struct action *x)
{
	struct buf text = {0};
	struct str out;

	record_append(&text, x, RECORD_KEY);
	out = str_dup(a, buf_str(&text));
	buf_fini(&text);
	return out;
}
