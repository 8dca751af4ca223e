/*
 * What makes files: an action for each maker that load found. Programs run in boxes (exec/exec.h), where a
 * module looks as its author sees it: inputs at their places, outputs beside them.
 */
#include "plan/plan_impl.h"

#include "base/path.h"
#include "sys/file.h"

static bool run_text(const struct step_io *io, struct err *e)
{
	return file_write_fast(io->out[0], io->params, 0644, e);
}

const struct step plan_text_step = {
    .name = "text", .version = "1", .run = run_text, .writes_params = true, .brief = true};

uint32_t plan_output(const struct maker *m, struct str path)
{
	uint32_t i = 0;

	while (i + 1 < m->out.n && !str_eq(m->out.v[i], path))
		i++;
	return i;
}

struct action *plan_text(struct plan *p, struct str path, struct str text)
{
	struct action *x = plan_new_action(p, str_fmt(p->arena, "make %.*s", STR_ARG(path)));

	x->step = &plan_text_step;
	x->step_params = text;
	action_output(p->arena, x, path, false);
	return x;
}

static struct action *embed(struct plan *p, const struct maker *m)
{
	struct str name = path_stem(m->out.v[0]);
	struct str text = m->kind == MAKER_HEADER ? plan_embed_header(p->arena, name)
						  : plan_embed_assembly(p, name, m);
	struct action *x = plan_text(p, m->out.v[0], text);

	x->outputs.v[0].placed = true;
	return x;
}

/* --- generate ------------------------------------------------------------------------------------ */

/* The paths that a word stands for: one, or all inputs or outputs. */
static void add_word(struct plan *p, struct action *x, const struct maker *m, struct str word)
{
	struct generate_place place;
	size_t first, n;

	if (!generate_place(word, &place) || place.kind == PLACE_NONE) {
		action_arg(p->arena, x, word);
		return;
	}
	first = place.number ? place.number - 1 : 0;
	n = place.kind == PLACE_IN ? m->in.n : m->out.n;
	if (place.number && place.number < n)
		n = place.number;
	for (size_t i = first; i < n; i++) {
		if (place.kind == PLACE_IN)
			action_arg_in(p->arena, x, place.text, (uint32_t)i);
		else
			action_arg_out(p->arena, x, place.text, (uint32_t)i);
	}
}

static void add_input(struct plan *p, struct action *x, struct str path)
{
	struct maker *made = load_maker(p->opts.set, path);

	if (made)
		action_input_from(p->arena, x, plan_make(p, made), plan_output(made, path));
	else
		action_input_file(p->arena, x, path);
}

/* The program that runs becomes the first word. */
static void add_runner(struct plan *p, struct action *x, const struct maker *m)
{
	struct plan *host = p->opts.host ? p->opts.host : p;
	struct action *policy;
	uint32_t in = (uint32_t)x->inputs.n;

	if (m->tool_program.n) {
		const struct program *prog =
		    load_program(host->opts.set, m->tool_module, m->tool_program);

		if (prog)
			action_input_from(p->arena, x, plan_program(host, prog, &policy), 0);
	}
	for (size_t i = 0; i < m->tools.n; i++)
		action_input_file(p->arena, x, m->tools.v[i]);
	if (in < x->inputs.n)
		action_arg_in(p->arena, x, path_is_abs(x->inputs.v[in].path) ? STR("") : STR("./"),
			      in);
}

static struct action *generate(struct plan *p, const struct maker *m)
{
	struct action *x = plan_new_action(p, str_fmt(p->arena, "make %.*s", STR_ARG(m->out.v[0])));
	const struct str_vec *run = &m->generate->run;

	/* Known before its inputs are: a cycle is exec's to find. */
	map_put(p->arena, &p->made, m->out.v[0], NULL)->ptr = x;
	x->box = (struct exec_box){.on = true, .in = m->root, .out = m->dir, .offline = true};
	for (size_t i = 0; i < m->out.n; i++) {
		uint32_t out = action_output(p->arena, x, m->out.v[i], false);

		x->outputs.v[out].placed = true;
	}
	for (size_t i = 0; i < m->in.n; i++)
		add_input(p, x, m->in.v[i]);
	add_runner(p, x, m);
	for (size_t i = 1; i < run->n; i++)
		add_word(p, x, m, run->v[i]);
	return x;
}

struct action *plan_make(struct plan *p, const struct maker *m)
{
	struct action *x = map_ptr(&p->made, m->out.v[0]);

	if (x)
		return x;
	x = m->kind == MAKER_RUN       ? generate(p, m)
	    : m->kind == MAKER_CONFIG  ? plan_config(p, m)
	    : m->kind == MAKER_FOREIGN ? plan_foreign(p, m)
				       : embed(p, m);
	map_put(p->arena, &p->made, m->out.v[0], NULL)->ptr = x;
	return x;
}
