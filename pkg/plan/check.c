/*
 * Checks: what a configure script would ask, as actions. A step writes the C text, the compiler compiles it, and
 * for functions and snippets the linker links it: a declaration does not prove that a function is there. Nothing
 * is run: a size is read out of the object. Each is cached by its text, the compiler, the target and the flags
 * that reach it: the standard, the module's defines and cflags, CFLAGS. It sees no header but the toolchain's.
 */
#include "plan/plan_impl.h"

#include <string.h>

/* What stands around the four digits of a size in the object. */
#define SIZE_MARK "cbuild-size:"

static void add_headers(struct buf *b, const struct check_spec *c)
{
	for (size_t i = 0; i < c->headers.n; i++)
		buf_printf(b, "#include <%.*s>\n", STR_ARG(c->headers.v[i]));
}

/* What always fails in a C library is no function: glibc names such stubs, in what <limits.h> includes too. */
static void add_no_stub(struct buf *b, const struct check_spec *c)
{
	if (!c->headers.n)
		buf_printf(b, "#define %.*s cbuild_other\n#include <limits.h>\n#undef %.*s\n",
			   STR_ARG(c->subject), STR_ARG(c->subject));
	buf_printf(b, "#if defined __stub_%.*s || defined __stub___%.*s\n#error stub\n#endif\n",
		   STR_ARG(c->subject), STR_ARG(c->subject));
}

/* With a header it must be declared too; without one any declaration will do to link. */
static void add_function(struct buf *b, const struct check_spec *c)
{
	add_no_stub(b, c);
	if (c->headers.n)
		buf_printf(b,
			   "int main(void)\n{\n\tvoid (*volatile f)(void) = (void (*)(void))%.*s;\n"
			   "\treturn f == 0;\n}\n",
			   STR_ARG(c->subject));
	else
		buf_printf(b, "char %.*s(void);\nint main(void)\n{\n\treturn %.*s();\n}\n",
			   STR_ARG(c->subject), STR_ARG(c->subject));
}

/* Digits one by one, so that the object holds them whatever the byte order. */
static void add_size(struct buf *b, const struct check_spec *c)
{
	buf_printf(b, "#define S sizeof(%.*s)\nconst char cbuild_size[] = {", STR_ARG(c->subject));
	for (const char *p = SIZE_MARK; *p; p++)
		buf_printf(b, "'%c', ", *p);
	buf_addc(b, "'0' + S / 1000 % 10, '0' + S / 100 % 10, '0' + S / 10 % 10, '0' + S % 10};\n");
}

static struct str text_of(struct arena *a, const struct check_spec *c)
{
	struct buf b = {0};
	size_t dot;
	struct str out;

	buf_adds(&b, c->prelude);
	add_headers(&b, c);
	switch (c->kind) {
	case CHECK_HEADER:
	case CHECK_FLAG:
		buf_addc(&b, "extern int cbuild_nothing;\n");
		break;
	case CHECK_FUNCTION:
		add_function(&b, c);
		break;
	case CHECK_DECL:
		buf_printf(&b, "void f(void)\n{\n#ifndef %.*s\n\t(void)%.*s;\n#endif\n}\n",
			   STR_ARG(c->subject), STR_ARG(c->subject));
		break;
	case CHECK_TYPE:
		buf_printf(&b, "unsigned long f = sizeof(%.*s);\n", STR_ARG(c->subject));
		break;
	case CHECK_SIZEOF:
		add_size(&b, c);
		break;
	case CHECK_MEMBER:
		/* The first dot ends the type: members may have members. */
		dot = str_find(c->subject, '.');
		buf_printf(&b, "unsigned long f = sizeof(((%.*s *)0)->%.*s);\n", (int)dot,
			   c->subject.p, STR_ARG(str_skip(c->subject, dot + 1)));
		break;
	case CHECK_SNIPPET:
		buf_adds(&b, c->subject);
		buf_add_byte(&b, '\n');
		break;
	}
	out = str_dup(a, buf_str(&b));
	buf_fini(&b);
	return out;
}

/* Where a check's text, object and program go; the same for the same question. */
static struct str base_path(struct plan *p, const struct module *m, struct str text,
			    const struct check_spec *c)
{
	struct buf b = {0};
	char hex[DIGEST_HEX + 1];
	const struct flags *f = &m->manifest->flags;
	struct digest d;

	buf_printf(&b, "%d %.*s\n%.*s\n", (int)c->kind, STR_ARG(m->manifest->std), STR_ARG(text));
	for (size_t i = 0; i < f->defines.n; i++)
		buf_printf(&b, "%.*s=%.*s\n", STR_ARG(f->defines.v[i].name),
			   STR_ARG(f->defines.v[i].value));
	for (size_t i = 0; i < f->cflags.n; i++)
		buf_printf(&b, "%.*s\n", STR_ARG(f->cflags.v[i]));
	if (c->kind == CHECK_FLAG)
		buf_adds(&b, c->subject);
	for (size_t i = 0; i < c->libs.n; i++)
		buf_printf(&b, "\n-l%.*s", STR_ARG(c->libs.v[i]));
	d = digest_str(buf_str(&b));
	buf_fini(&b);
	digest_hex(&d, hex);
	hex[16] = '\0';
	return str_fmt(p->arena, "%.*s/checks/%s", STR_ARG(p->prefix), hex);
}

/* What the compiler says of a flag that it does not know may be a warning only. */
static void add_tested_flag(struct plan *p, struct action *x, const struct check_spec *c)
{
	if (c->kind != CHECK_FLAG) {
		action_arg(p->arena, x, STR("-w"));
		return;
	}
	action_arg(p->arena, x, STR("-Werror"));
	action_arg(p->arena, x, c->subject);
}

static struct action *compile(struct plan *p, const struct module *m, const struct check_spec *c,
			      struct str title, struct str path, struct action *text)
{
	struct arena *a = p->arena;
	struct action *x = plan_new_action(p, title);
	struct str std = m->manifest->std.n ? m->manifest->std : STR("gnu17");
	uint32_t src = action_input_from(a, x, text, 0), obj, dep;
	struct str_vec env = {0};

	x->tool = p->opts.tc->compile_id;
	obj = action_output(a, x, str_fmt(a, "%.*s.o", STR_ARG(path)), false);
	dep = action_output(a, x, str_fmt(a, "%.*s.d", STR_ARG(path)), false);
	x->outputs.v[dep].depfile = true;
	plan_add_words(p, x, &p->opts.tc->cc);
	action_arg(a, x, str_fmt(a, "-std=%.*s", STR_ARG(std)));
	action_arg(a, x, STR("-fno-builtin"));
	plan_add_flags(p, x, &m->manifest->flags);
	plan_add_split(a, &env, p->opts.cflags);
	plan_add_words(p, x, &env);
	add_tested_flag(p, x, c);
	action_arg(a, x, STR("-MD"));
	action_arg(a, x, STR("-MF"));
	action_arg_out(a, x, STR(""), dep);
	action_arg(a, x, STR("-c"));
	action_arg(a, x, STR("-o"));
	action_arg_out(a, x, STR(""), obj);
	action_arg(a, x, STR("-x"));
	action_arg(a, x, STR("c"));
	action_arg_in(a, x, STR(""), src);
	return x;
}

/* An object that could not be compiled is empty, which no linker takes: no again. */
static struct action *link_check(struct plan *p, const struct check_spec *c, struct str title,
				 struct str path, struct action *object)
{
	struct arena *a = p->arena;
	const struct toolchain *tc = p->opts.tc;
	struct action *x = plan_new_action(p, title);
	uint32_t obj = action_input_from(a, x, object, 0), exe = action_output(a, x, path, true);

	x->tool = tc->link_id;
	plan_add_words(p, x, &tc->link_head);
	action_arg(a, x, STR("-o"));
	action_arg_out(a, x, STR(""), exe);
	plan_add_words(p, x, &tc->link_pre);
	action_arg_in(a, x, STR(""), obj);
	for (size_t i = 0; i < c->libs.n; i++)
		action_arg(a, x, str_fmt(a, "-l%.*s", STR_ARG(c->libs.v[i])));
	plan_add_words(p, x, &tc->link_post);
	return x;
}

static struct action *ask(struct plan *p, const struct module *m, const struct check_spec *c,
			  struct str title, bool asks)
{
	struct str text = text_of(p->arena, c), path = base_path(p, m, text, c);
	struct map_item *item = map_put(p->arena, &p->made, path, NULL);
	struct action *x = item->ptr;

	if (x)
		return x;
	x = plan_text(p, str_fmt(p->arena, "%.*s.c", STR_ARG(path)), text);
	x->title = title;
	x->target = STR("");
	x = compile(p, m, c, title, path, x);
	x->asks = asks;
	if (c->kind == CHECK_FUNCTION || c->kind == CHECK_SNIPPET)
		x = link_check(p, c, title, path, x);
	x->asks = asks;
	item->ptr = x;
	return x;
}

struct str check_label(struct arena *a, const struct check_spec *c)
{
	static const char *const words[] = {
	    [CHECK_HEADER] = "header", [CHECK_FUNCTION] = "function", [CHECK_DECL] = "declaration",
	    [CHECK_TYPE] = "type",     [CHECK_SIZEOF] = "sizeof",     [CHECK_MEMBER] = "member",
	    [CHECK_FLAG] = "flag",     [CHECK_SNIPPET] = "snippet",
	};
	struct str what = c->kind == CHECK_HEADER ? c->headers.v[c->headers.n - 1] : c->subject;

	if (c->kind == CHECK_SNIPPET)
		return str_of(words[c->kind]);
	return str_fmt(a, "%s %.*s", words[c->kind], STR_ARG(what));
}

struct action *plan_check(struct plan *p, const struct module *m, const struct check_spec *c)
{
	struct str label = check_label(p->arena, c);

	return ask(p, m, c,
		   str_fmt(p->arena, "check %.*s (%.*s)", STR_ARG(c->name), STR_ARG(label)), true);
}

struct action *plan_check_base(struct plan *p, const struct module *m)
{
	const struct check_spec nothing = {.kind = CHECK_SNIPPET,
					   .subject = STR("int main(void) { return 0; }")};

	return ask(p, m, &nothing, STR("check that a program links"), false);
}

unsigned check_size(struct str answer)
{
	static const char mark[] = SIZE_MARK;
	const size_t n = sizeof mark - 1;

	for (size_t i = 0; i + n + 4 <= answer.n; i++) {
		uint64_t size;

		if (memcmp(answer.p + i, mark, n) == 0 &&
		    str_u64(str_from(answer.p + i + n, 4), &size))
			return (unsigned)size;
	}
	return 0;
}
