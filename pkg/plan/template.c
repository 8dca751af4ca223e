/*
 * Templates of config headers. As config.status and CMake's configure_file do:
 *
 *     #undef NAME                    #define NAME VALUE, or a comment when it is not defined
 *     #cmakedefine NAME REST         #define NAME REST, or a comment when its value is none, 0 or empty
 *     #cmakedefine01 NAME            #define NAME 1 or 0
 *     @NAME@, ${NAME}                the value; in a directive somebody must say what @NAME@ is
 */
#include "plan/plan_impl.h"

static const struct define *find(const struct define_vec *values, struct str name)
{
	for (size_t i = 0; i < values->n; i++)
		if (str_eq(values->v[i].name, name))
			return &values->v[i];
	return NULL;
}

static bool is_true(const struct define *d)
{
	return d && d->value.n && !str_eqc(d->value, "0");
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct str skip_blank(struct str s)
{
	while (s.n && is_blank(s.p[0]))
		s = str_skip(s, 1);
	return s;
}

static size_t name_length(struct str s)
{
	size_t n = 0;

	while (n < s.n && (s.p[n] == '_' || (s.p[n] >= '0' && s.p[n] <= '9') ||
			   (s.p[n] >= 'A' && s.p[n] <= 'Z') || (s.p[n] >= 'a' && s.p[n] <= 'z')))
		n++;
	return n;
}

/* The name of a placeholder that s starts with, and its length; an empty str when it is none. */
static struct str placeholder(struct str s, size_t *length)
{
	size_t open = str_startsc(s, "@") ? 1 : str_startsc(s, "${") ? 2 : 0;
	size_t n = name_length(str_skip(s, open));

	if (!open || !n || open + n >= s.n || s.p[open + n] != (open == 1 ? '@' : '}'))
		return (struct str){0};
	*length = open + n + 1;
	return str_from(s.p + open, n);
}

/* *unknown: the last @NAME@ that nothing says; it stays. */
static void add_substituted(struct str text, const struct define_vec *values, struct buf *out,
			    struct str *unknown)
{
	while (text.n) {
		size_t length = 1;
		struct str name = placeholder(text, &length);
		const struct define *d = name.n ? find(values, name) : NULL;

		if (name.n && !d && text.p[0] == '@')
			*unknown = name;
		if (d)
			buf_adds(out, d->value.p ? d->value : STR("0"));
		else
			buf_add(out, text.p, length);
		text = str_skip(text, length);
	}
}

static void add_define(struct buf *out, struct str name, struct str value)
{
	buf_printf(out, "#define %.*s%s%.*s", STR_ARG(name), value.n ? " " : "", STR_ARG(value));
}

static void add_undefined(struct buf *out, struct str name)
{
	buf_printf(out, "/* #undef %.*s */", STR_ARG(name));
}

/* Takes directive word and the macro's name off *line; false when the line is something else. */
static bool take_directive(struct str *line, const char *word, struct str *name)
{
	struct str rest = skip_blank(*line);

	if (!rest.n || rest.p[0] != '#')
		return false;
	rest = skip_blank(str_skip(rest, 1));
	if (!str_startsc(rest, word))
		return false;
	rest = str_skip(rest, str_of(word).n);
	if (!rest.n || !is_blank(rest.p[0]))
		return false;
	rest = skip_blank(rest);
	*name = str_from(rest.p, name_length(rest));
	*line = skip_blank(str_skip(rest, name->n));
	return name->n != 0;
}

/* False: nothing says what *unknown is. */
static bool fill_line(struct str line, const struct define_vec *values, struct buf *out,
		      struct str *unknown)
{
	const struct define *d;
	struct str name;

	*unknown = (struct str){0};
	if (take_directive(&line, "undef", &name)) {
		d = find(values, name);
		if (d && d->value.p)
			add_define(out, name, d->value);
		else
			add_undefined(out, name);
	} else if (take_directive(&line, "cmakedefine01", &name)) {
		add_define(out, name, is_true(find(values, name)) ? STR("1") : STR("0"));
	} else if (take_directive(&line, "cmakedefine", &name)) {
		if (!is_true(find(values, name))) {
			add_undefined(out, name);
			return true;
		}
		add_define(out, name, STR(""));
		if (line.n)
			buf_add_byte(out, ' ');
		add_substituted(line, values, out, unknown);
	} else {
		add_substituted(line, values, out, unknown);
		return !unknown->n || !str_startsc(skip_blank(line), "#");
	}
	return !unknown->n;
}

bool template_fill(const char *file, struct str text, const struct define_vec *values,
		   struct buf *out, struct err *e)
{
	struct str line, unknown;
	int number = 0;

	while (str_line(&text, &line)) {
		number++;
		if (!fill_line(line, values, out, &unknown)) {
			err_at(e, ERR_INPUT, file, number, 0, "nothing says what @%.*s@ is",
			       STR_ARG(unknown));
			return err_fix(e, "add it to the header's 'values' in cbuild.yaml");
		}
		buf_add_byte(out, '\n');
	}
	return true;
}
