/*
 * foreign: a library that insists on its own build, as one action. It runs a script in a box that holds a copy of
 * the module: what is particular to the target and the toolchain, written here, then foreign/begin.sh, the
 * system's own foreign/NAME.sh, foreign/end.sh. The compiler is a script `cc` there, for what configures must
 * compile and link, and this toolchain's linker wants words that such systems do not know.
 */
#include "plan/plan_impl.h"

#include <string.h>

#include "base/embed.h"
#include "base/path.h"

#define MOUNTS "build/.x/"

/* A word for the shell; what lies below the mounts is found from the box's folder, $d. */
static void add_part(struct buf *b, struct str word)
{
	size_t at = 0;

	while (at < word.n && !str_startsc(str_skip(word, at), MOUNTS))
		at++;
	if (at)
		buf_add_shell(b, str_from(word.p, at));
	if (at < word.n) {
		buf_addc(b, "\"$d\"/");
		buf_add_shell(b, str_skip(word, at));
	}
}

static void add_word(struct buf *b, struct str word)
{
	buf_add_byte(b, ' ');
	add_part(b, word);
}

static void add_words(struct buf *b, const struct str_vec *v)
{
	for (size_t i = 0; i < v->n; i++)
		add_word(b, v->v[i]);
}

/* Words for the linker, through the compiler's driver. */
static void add_link_words(struct buf *b, const struct str_vec *v)
{
	for (size_t i = 0; i < v->n; i++) {
		buf_addc(b, v->v[i].p[0] == '-' ? " -Wl," : " ");
		add_part(b, v->v[i]);
	}
}

/* Calls the compiler; links as this toolchain links, but through the compiler's driver. */
static void add_cc(struct buf *b, const struct toolchain *tc)
{
	struct buf cc = {0};

	add_words(&cc, &tc->cc);
	buf_addc(&cc, " -ffile-prefix-map=\"$d\"=.");
	buf_addc(b, "#!/bin/sh\nd=${0%/.cbuild/bin/*}\n"
		    "link=1\n[ $# -gt 0 ] || link=\nfor a; do\n\tcase $a in\n"
		    "\t-c | -S | -E | -M | -MM | -fsyntax-only | -v | -V | --version | --help | "
		    "-dump* | -print-*) link= ;;\n\tesac\ndone\n");
	buf_printf(b, "[ \"$link\" ] || exec%.*s \"$@\"\nexec%.*s", STR_ARG(buf_str(&cc)),
		   STR_ARG(buf_str(&cc)));
	if (tc->link_is_linker) {
		buf_addc(b, " -Wno-unused-command-line-argument -nostdlib -static-pie "
			    "-B\"$d\"/.cbuild/bin/");
		add_link_words(b, &tc->link_pre);
	} else {
		for (size_t i = 1; i < tc->link_head.n; i++)
			add_word(b, tc->link_head.v[i]);
	}
	buf_addc(b, " \"$@\"");
	for (size_t i = 0; tc->link_is_linker && i < tc->link_head.n; i++)
		if (str_startsc(tc->link_head.v[i], "-L"))
			add_word(b, tc->link_head.v[i]);
	if (tc->link_is_linker)
		add_link_words(b, &tc->link_post);
	else
		add_words(b, &tc->link_post);
	buf_fini(&cc);
}

static bool is_zig(const struct toolchain *tc)
{
	return str_eqc(path_base(tc->cc.v[0]), "zig");
}

/* The linker that cc's driver calls: the words of the toolchain before its first option. */
static void add_ld(struct buf *b, const struct toolchain *tc)
{
	buf_addc(b, "#!/bin/sh\nd=${0%/.cbuild/bin/*}\nexec");
	for (size_t i = 0; i < tc->link_head.n && tc->link_head.v[i].p[0] != '-'; i++)
		add_word(b, tc->link_head.v[i]);
	buf_addc(b, " \"$@\"");
}

static void add_ar(struct buf *b, const struct toolchain *tc, const struct maker *m)
{
	buf_addc(b, "#!/bin/sh\nd=${0%/.cbuild/bin/*}\nexec");
	if (is_zig(tc)) {
		add_word(b, tc->cc.v[0]);
		buf_addc(b, " ar");
	}
	for (size_t i = 0; !is_zig(tc) && i < m->tools.n; i++)
		if (str_eqc(path_base(m->tools.v[i]), "ar"))
			add_word(b, m->tools.v[i]);
	buf_addc(b, " \"$@\"");
}

static void add_text(struct buf *b, const char *name,
		     void (*add)(struct buf *b, const struct toolchain *tc),
		     const struct toolchain *tc)
{
	struct buf text = {0};

	add(&text, tc);
	buf_printf(b, "%s=", name);
	buf_add_shell(b, buf_str(&text));
	buf_add_byte(b, '\n');
	buf_fini(&text);
}

static void add_variable(struct buf *b, const char *name, struct str value)
{
	buf_printf(b, "%s=", name);
	buf_add_shell(b, value);
	buf_add_byte(b, '\n');
}

/* The words of a list as a variable whose unquoted use gives them back. */
static void add_list(struct buf *b, const char *name, const struct str_vec *v)
{
	struct buf words = {0};

	for (size_t i = 0; i < v->n; i++)
		buf_printf(&words, "%s%.*s", i ? " " : "", STR_ARG(v->v[i]));
	add_variable(b, name, buf_str(&words));
	buf_fini(&words);
}

/* What is compiled for users who never step through it is optimised in every profile. */
static void add_cflags(struct buf *b, struct plan *p, const struct package_spec *spec)
{
	struct str_vec words = {0};

	*vec_push(p->arena, &words) = STR("-O2");
	for (size_t i = 0; i < spec->flags.cflags.n; i++)
		*vec_push(p->arena, &words) = spec->flags.cflags.v[i];
	for (size_t i = 0; i < spec->flags.defines.n; i++) {
		const struct define *d = &spec->flags.defines.v[i];

		*vec_push(p->arena, &words) = str_fmt(p->arena, "-D%.*s%s%.*s", STR_ARG(d->name),
						      d->value.p ? "=" : "", STR_ARG(d->value));
	}
	add_list(b, "cflags", &words);
}

static void add_embedded(struct buf *b, struct arena *a, struct str name)
{
	struct str data;

	buf_adds(b, embed_find(str_fmt(a, "foreign/%.*s.sh", STR_ARG(name)), &data)
			? data
			: STR("exit 1\n"));
}

/* Static programs are musl's. */
static struct str triple(struct arena *a, const struct target *t, bool musl)
{
	static const char *const names[][2] = {
	    {"amd64", "x86_64"},	{"386", "i686"},
	    {"arm64", "aarch64"},	{"ppc64le", "powerpc64le"},
	    {"loong64", "loongarch64"},
	};
	struct str cpu = t->arch;

	if (str_eqc(cpu, "arm"))
		return str_fmt(a, "arm%.*s-linux-%seabihf", STR_ARG(t->variant),
			       musl ? "musl" : "gnu");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_eqc(cpu, names[i][0]))
			cpu = str_of(names[i][1]);
	return str_fmt(a, "%.*s-linux-%s", STR_ARG(cpu), musl ? "musl" : "gnu");
}

static struct str script(struct plan *p, const struct maker *m)
{
	const struct foreign_spec *f = &m->foreign->foreign;
	const struct toolchain *tc = p->opts.tc;
	struct buf b = {0}, ar = {0};
	struct str out;

	add_variable(&b, "os", p->opts.target.os);
	add_variable(&b, "arch", p->opts.target.arch);
	add_variable(&b, "variant", p->opts.target.variant);
	add_variable(&b, "triple", triple(p->arena, &p->opts.target, tc->is_static));
	add_variable(&b, "folder", f->folder.n ? f->folder : STR("."));
	add_list(&b, "targets", &f->targets);
	add_list(&b, "libs", &f->libs);
	add_list(&b, "include", &f->include);
	add_cflags(&b, p, m->foreign);
	add_text(&b, "cc_text", add_cc, tc);
	add_text(&b, "ld_text", add_ld, tc);
	add_ar(&ar, tc, m);
	add_variable(&b, "ar_text", buf_str(&ar));
	add_embedded(&b, p->arena, STR("begin"));
	add_embedded(&b, p->arena, f->system);
	add_embedded(&b, p->arena, STR("end"));
	out = str_dup(p->arena, buf_str(&b));
	buf_fini(&b);
	buf_fini(&ar);
	return out;
}

/* Both the compiler and the linker take part. */
static struct digest tool_of(const struct toolchain *tc)
{
	struct digest_ctx c;

	digest_init(&c);
	digest_update(&c, tc->compile_id.sha256, sizeof tc->compile_id.sha256);
	digest_update(&c, tc->link_id.sha256, sizeof tc->link_id.sha256);
	return digest_final(&c);
}

struct action *plan_foreign(struct plan *p, const struct maker *m)
{
	struct arena *a = p->arena;
	const struct foreign_spec *f = &m->foreign->foreign;
	struct str module = m->module->main ? m->foreign->name : m->module->path;
	struct action *text, *x;
	uint32_t in;

	text = plan_text(p, path_join(a, m->dir, STR(".cbuild/build.sh")), script(p, m));
	x = plan_new_action(p, str_fmt(a, "%.*s %.*s", STR_ARG(f->system), STR_ARG(module)));
	x->tool = tool_of(p->opts.tc);
	x->box = (struct exec_box){.on = true,
				   .in = m->root,
				   .out = m->dir,
				   .offline = true,
				   .jobs = true,
				   .log = str_fmt(a, "%.*s.log", STR_ARG(m->dir))};
	*vec_push(a, &x->box.links) = STR(MOUNTS "tc");
	action_inputs_reserve(a, x, m->in.n + m->tools.n + 1);
	in = action_input_from(a, x, text, 0);
	for (size_t i = 0; i < m->tools.n; i++)
		action_input_file(a, x, m->tools.v[i]);
	for (size_t i = 0; i < m->in.n; i++)
		action_input_file(a, x, m->in.v[i]);
	for (size_t i = 0; i < m->out.n; i++) {
		uint32_t out = action_output(a, x, m->out.v[i], false);

		x->outputs.v[out].folder = x->outputs.v[out].placed = i >= f->libs.n;
	}
	action_arg(a, x, STR("/bin/sh"));
	action_arg(a, x, STR("-eu"));
	action_arg_in(a, x, STR(""), in);
	for (size_t i = 0; i < f->args.n; i++)
		action_arg(a, x, f->args.v[i]);
	return x;
}
