/*
 * A config header is the output of one step, which reads the template, if any, and the answers of the checks.
 * Its parameters, a line each, say what is to be in it:
 *
 *     set NAME VALUE      off NAME      ask NAME KIND [VALUE]      the answer is the next input
 */
#include "plan/plan_impl.h"

#include <string.h>

#include "sys/file.h"

enum { ANSWER_BYTES_MAX = 1 << 20 };

static const char *kind_word(enum check_kind kind)
{
	return kind == CHECK_SIZEOF ? "size" : kind == CHECK_DECL ? "decl" : "yes";
}

/* What the answer in file defines; value's p NULL: nothing. kind: "KIND VALUE", or "KIND" for 1. */
static bool read_answer(const struct step_io *io, size_t input, struct str kind, struct str *value,
			struct err *e)
{
	struct str bytes, said = kind;
	bool yes = io->in_digest[input].size_bytes != 0;

	kind = str_cut(&said, ' ');
	*value = (struct str){NULL, 0};
	if (str_eqc(kind, "size")) {
		if (!file_read(io->scratch, io->in[input], ANSWER_BYTES_MAX, &bytes, e))
			return false;
		*value = str_fmt(io->scratch, "%u", check_size(bytes));
	} else if (yes || str_eqc(kind, "decl")) {
		*value = yes ? (said.p ? said : STR("1")) : STR("0");
	}
	return true;
}

static bool read_values(const struct step_io *io, size_t input, struct define_vec *out,
			struct err *e)
{
	struct str rest = io->params, line;

	while (str_line(&rest, &line)) {
		struct str word = str_cut(&line, ' ');
		struct define *d = vec_push(io->scratch, out);

		*d = (struct define){.name = str_cut(&line, ' ')};
		if (str_eqc(word, "set"))
			d->value = line.p ? line : STR("");
		else if (str_eqc(word, "ask") && !read_answer(io, input++, line, &d->value, e))
			return false;
	}
	return true;
}

static void add_plain(struct buf *out, const struct define_vec *values)
{
	buf_addc(out, "/* Made by cbuild from 'config' in cbuild.yaml. */\n");
	for (size_t i = 0; i < values->n; i++) {
		const struct define *d = &values->v[i];

		if (d->value.p)
			buf_printf(out, "#define %.*s%s%.*s\n", STR_ARG(d->name),
				   d->value.n ? " " : "", STR_ARG(d->value));
		else
			buf_printf(out, "/* #undef %.*s */\n", STR_ARG(d->name));
	}
}

/* A template comes first among the inputs, and a line "from PATH" first among the parameters. */
static bool write_config(const struct step_io *io, struct err *e)
{
	struct step_io rest = *io;
	struct define_vec values = {0};
	struct buf out = {0};
	struct str template, file = {0};
	bool has_template = str_startsc(io->params, "from "), ok;

	if (has_template && str_line(&rest.params, &file))
		file = str_skip(file, strlen("from "));
	ok = read_values(&rest, has_template, &values, e);
	if (ok && has_template)
		ok = file_read(io->scratch, io->in[0], 0, &template, e) &&
		     template_fill(str_c(io->scratch, file), template, &values, &out, e);
	else if (ok)
		add_plain(&out, &values);
	ok = ok && file_write_fast(io->out[0], buf_str(&out), 0644, e);
	buf_fini(&out);
	return ok;
}

const struct step plan_config_step = {
    .name = "config", .version = "1", .run = write_config, .brief = true};

static void add_params(struct plan *p, struct action *x, const struct config_header *h)
{
	struct buf b = {0};

	if (h->from.n)
		buf_printf(&b, "from %.*s\n", STR_ARG(h->from));
	for (size_t i = 0; i < h->values.n; i++) {
		const struct define *d = &h->values.v[i];

		if (d->value.p)
			buf_printf(&b, "set %.*s %.*s\n", STR_ARG(d->name), STR_ARG(d->value));
		else
			buf_printf(&b, "off %.*s\n", STR_ARG(d->name));
	}
	for (size_t i = 0; i < h->checks.n; i++) {
		const struct check_spec *c = &h->checks.v[i];

		buf_printf(&b, "ask %.*s %s%s%.*s\n", STR_ARG(c->name), kind_word(c->kind),
			   c->yes.p ? " " : "", STR_ARG(c->yes));
	}
	x->step_params = str_dup(p->arena, buf_str(&b));
	buf_fini(&b);
}

struct action *plan_config(struct plan *p, const struct maker *m)
{
	const struct config_header *h = m->config;
	struct arena *a = p->arena;
	struct action *x = plan_new_action(p, str_fmt(a, "config %.*s", STR_ARG(m->out.v[0])));

	x->step = &plan_config_step;
	add_params(p, x, h);
	if (h->from.n)
		action_input_file(a, x, h->from);
	for (size_t i = 0; i < h->checks.n; i++)
		action_input_from(a, x, plan_check(p, m->module, &h->checks.v[i]), 0);
	if (h->checks.n)
		action_input_from(a, x, plan_check_base(p, m->module), 0);
	action_output(a, x, m->out.v[0], false);
	x->outputs.v[0].placed = true;
	return x;
}

size_t plan_config_input(const struct config_header *h, size_t i)
{
	return (h->from.n ? 1 : 0) + i;
}

struct str plan_config_answer(struct arena *a, const struct config_header *h, size_t i,
			      struct str answer)
{
	const struct check_spec *c = &h->checks.v[i];
	struct str label = check_label(a, c), said = answer.n ? STR("yes") : STR("no");

	if (c->kind == CHECK_SIZEOF)
		said = str_fmt(a, "%u", check_size(answer));
	return str_fmt(a, "%.*s %.*s (%.*s%s)", STR_ARG(c->name), STR_ARG(said), STR_ARG(label),
		       c->guessed && !answer.n ? ", by its name" : "");
}
