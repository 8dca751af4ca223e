/*
 * Building actions, and showing their command lines.
 */
#include "base/path.h"
#include "exec/exec_impl.h"

struct action *graph_add(struct arena *a, struct graph *g)
{
	struct action *x = arena_new(a, struct action);

	x->index = (uint32_t)g->actions.n;
	*vec_push(a, &g->actions) = x;
	return x;
}

static uint32_t add_arg(struct arena *a, struct action *x, struct arg arg)
{
	*vec_push(a, &x->argv) = arg;
	return (uint32_t)x->argv.n - 1;
}

uint32_t action_arg(struct arena *a, struct action *x, struct str text)
{
	return add_arg(a, x, (struct arg){.text = text, .kind = ARG_TEXT});
}

uint32_t action_arg_in(struct arena *a, struct action *x, struct str text, uint32_t input)
{
	return add_arg(a, x, (struct arg){.text = text, .kind = ARG_INPUT, .index = input});
}

uint32_t action_arg_out(struct arena *a, struct action *x, struct str text, uint32_t output)
{
	return add_arg(a, x, (struct arg){.text = text, .kind = ARG_OUTPUT, .index = output});
}

void action_inputs_reserve(struct arena *a, struct action *x, size_t n)
{
	size_t want = x->inputs.n + n;

	if (want <= x->inputs.cap)
		return;
	x->inputs.v = arena_grow(a, x->inputs.v, x->inputs.cap, want, sizeof *x->inputs.v, 16);
	x->inputs.cap = want;
}

uint32_t action_input_file(struct arena *a, struct action *x, struct str path)
{
	*vec_push(a, &x->inputs) = (struct input){.path = path};
	return (uint32_t)x->inputs.n - 1;
}

uint32_t action_input_from(struct arena *a, struct action *x, struct action *from, uint32_t output)
{
	*vec_push(a, &x->inputs) = (struct input){
	    .path = from->outputs.v[output].path,
	    .from = from,
	    .from_output = output,
	};
	return (uint32_t)x->inputs.n - 1;
}

void action_input_order(struct arena *a, struct action *x, struct action *from)
{
	uint32_t in = action_input_from(a, x, from, 0);

	x->inputs.v[in].order = true;
}

uint32_t action_output(struct arena *a, struct action *x, struct str path, bool executable)
{
	*vec_push(a, &x->outputs) = (struct output){.path = path, .executable = executable};
	return (uint32_t)x->outputs.n - 1;
}

static void step_append(struct buf *out, const struct action *x)
{
	buf_printf(out, "# step %s %s", x->step->name, x->step->version);
	for (size_t i = 0; i < x->inputs.n; i++) {
		buf_add_byte(out, ' ');
		buf_add_shell(out, x->inputs.v[i].path);
	}
	buf_addc(out, " ->");
	for (size_t i = 0; i < x->outputs.n; i++) {
		buf_add_byte(out, ' ');
		buf_add_shell(out, x->outputs.v[i].path);
	}
}

/* NAME=VALUE with the value quoted only: quoting the name too would make it a command. */
static void env_append(struct buf *out, struct str entry)
{
	size_t eq = str_find(entry, '=');

	buf_add(out, entry.p, eq);
	buf_add_byte(out, '=');
	buf_add_shell(out, str_skip(entry, eq + 1));
}

static bool path_seen(const struct action *x, size_t n, struct str dir)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(path_dir(x->outputs.v[i].path), dir))
			return true;
	return false;
}

/* The folders that the outputs go to need not be there: what cbuild runs writes elsewhere. */
static void mkdir_append(struct buf *out, const struct action *x)
{
	bool any = false;

	for (size_t i = 0; i < x->outputs.n; i++) {
		struct str dir = path_dir(x->outputs.v[i].path);

		if (str_eqc(dir, ".") || path_seen(x, i, dir))
			continue;
		buf_addc(out, any ? " " : "mkdir -p ");
		buf_add_shell(out, dir);
		any = true;
	}
	if (any)
		buf_addc(out, " && ");
}

/* Known inputs from other actions lie in the cache only. */
static void word_append(struct buf *out, const struct action *x, const struct arg *arg,
			const struct cas *cas)
{
	const struct input *in = arg->kind == ARG_INPUT ? &x->inputs.v[arg->index] : NULL;
	struct arena scratch = {0};

	if (!cas || !in || !in->from || digest_is_zero(&in->digest) || x->box.on ||
	    in->from->outputs.v[in->from_output].placed) {
		arg_append(out, x, arg);
		return;
	}
	buf_adds(out, arg->text);
	buf_adds(out, cas_path(&scratch, cas, &in->digest));
	arena_fini(&scratch);
}

static void command_append(struct buf *out, const struct action *x, const struct cas *cas)
{
	struct buf word = {0};

	if (x->box.on)
		buf_addc(out, "# in a folder of its own: ");
	else if (cas)
		mkdir_append(out, x);
	for (size_t i = 0; i < x->env.n; i++) {
		env_append(out, x->env.v[i]);
		buf_add_byte(out, ' ');
	}
	for (size_t i = 0; i < x->argv.n; i++) {
		buf_clear(&word);
		word_append(&word, x, &x->argv.v[i], cas);
		if (i)
			buf_add_byte(out, ' ');
		buf_add_shell(out, buf_str(&word));
	}
	buf_fini(&word);
}

static void text_append(struct buf *out, const struct action *x)
{
	mkdir_append(out, x);
	buf_addc(out, "printf %s ");
	buf_add_shell(out, x->step_params);
	buf_addc(out, " >");
	buf_add_shell(out, x->outputs.v[0].path);
}

struct str action_command(struct arena *a, const struct action *x, const struct cas *cas)
{
	struct buf text = {0};
	struct str out;

	if (x->step && x->step->writes_params && cas)
		text_append(&text, x);
	else if (x->step)
		step_append(&text, x);
	else
		command_append(&text, x, cas);
	out = str_dup(a, buf_str(&text));
	buf_fini(&text);
	return out;
}
