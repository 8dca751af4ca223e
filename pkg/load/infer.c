/*
 * What a template asks for. autoheader writes above each #undef what its macro means, in a fixed form:
 *
 *     Define to 1 if you have the `strlcpy' function.
 *     Define to 1 if you have the <sys/random.h> header file.
 *     Define to 1 if you have the <sys/dir.h> header file, and it defines `DIR'.
 *     Define to 1 if you have the declaration of `strerror_r', and to 0 if you don't.
 *     Define to 1 if `st_mtim' is a member of `struct stat'.
 *     Define to 1 if the system has the type `ssize_t'.
 *     Define if F_SETFD is defined in <fcntl.h>
 *     The size of `long', as computed by sizeof.
 *     Define to 1 if you have the `z' library (-lz).
 *
 * Newer ones quote 'so'. The last is no check: what is linked is the manifest's to say. Where no comment says
 * it, which is always so in CMake's templates, the table of idioms or the name does.
 */
#include "load/load_impl.h"

#include <string.h>

/* Cuts the text up to word off *s; false when word is not there. */
static bool after(struct str *s, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= s->n; i++)
		if (memcmp(s->p + i, word, n) == 0) {
			*s = str_skip(*s, i + n);
			return true;
		}
	return false;
}

/* The next `quoted' or 'quoted' text of *s, which is cut behind it. */
static bool quoted(struct str *s, struct str *out)
{
	size_t i = 0, end;

	while (i < s->n && s->p[i] != '`' && s->p[i] != '\'')
		i++;
	*s = str_skip(*s, i + 1);
	end = str_find(*s, '\'');
	*out = str_from(s->p, end);
	if (!end || end == s->n)
		return false;
	*s = str_skip(*s, end + 1);
	return true;
}

/* A name that may be put into a C file. */
bool infer_is_plain(struct str s, const char *also)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      strchr(also, c)))
			return false;
	}
	return s.n != 0;
}

static bool take_quoted(struct str text, enum check_kind kind, const char *also,
			struct check_spec *c)
{
	c->kind = kind;
	return quoted(&text, &c->subject) && infer_is_plain(c->subject, also);
}

/* `MEMBER' is a member of `TYPE', or with swap: your `TYPE' has `MEMBER' */
static bool member_comment(struct arena *a, struct str text, bool swap, struct check_spec *c)
{
	struct str member, type;

	if (!quoted(&text, swap ? &type : &member) || !quoted(&text, swap ? &member : &type) ||
	    !infer_is_plain(member, "_.") || !infer_is_plain(type, "_ "))
		return false;
	c->kind = CHECK_MEMBER;
	c->subject = str_fmt(a, "%.*s.%.*s", STR_ARG(type), STR_ARG(member));
	infer_everything(c);
	return true;
}

/* Asked of dirent.h, then of three older headers until one says yes. */
static void dir_check(struct str header, struct check_spec *c)
{
	c->kind = CHECK_TYPE;
	c->subject = STR("DIR *"); /* what it points to need not be known */
	if (!str_eqc(header, "dirent.h"))
		c->prelude = STR("#if __has_include(<dirent.h>)\n#error that has it\n#endif\n");
}

static bool header_comment(struct arena *a, struct str text, struct check_spec *c)
{
	struct str header;

	if (!after(&text, "have the <"))
		return false;
	header = str_from(text.p, str_find(text, '>'));
	c->kind = CHECK_HEADER;
	*vec_push(a, &c->headers) = header;
	if (after(&text, "and it defines `DIR'") || after(&text, "and it defines 'DIR'"))
		dir_check(header, c);
	return infer_is_plain(header, "._/+-");
}

/* NAME is defined in <HEADER>: declared there, or a macro. */
static bool defined_comment(struct arena *a, struct str text, struct check_spec *c)
{
	struct str header = text, name;

	if (!after(&header, "defined in <") && !after(&header, "declared in <"))
		return false;
	name = str_from(text.p, (size_t)(header.p - text.p));
	for (int word = 0; word < 3; word++) /* "<", "in", "defined" */
		name.n = str_rfind(name, ' ');
	if (!str_endsc(name, " is"))
		return false;
	name = str_trim(str_from(name.p, name.n - strlen(" is")));
	name = str_skip(name, str_rfind(name, ' ') == name.n ? 0 : str_rfind(name, ' ') + 1);
	if (str_startsc(name, "`") || str_startsc(name, "'"))
		name = str_from(name.p + 1, name.n - 2);
	header.n = str_find(header, '>');
	if (!infer_is_plain(name, "_") || !infer_is_plain(header, "._/+-"))
		return false;
	*vec_push(a, &c->headers) = header;
	c->kind = CHECK_SNIPPET;
	c->subject = str_fmt(a,
			     "int main(void)\n{\n#ifndef %.*s\n\t(void)%.*s;\n#endif\n"
			     "\treturn 0;\n}",
			     STR_ARG(name), STR_ARG(name));
	return true;
}

static bool from_comment(struct arena *a, struct str comment, struct check_spec *c)
{
	struct str rest = comment;

	if (str_containsc(comment, "header file"))
		return header_comment(a, comment, c);
	if (after(&rest, "have the declaration of ")) {
		infer_everything(c);
		return take_quoted(rest, CHECK_DECL, "_", c);
	}
	if (str_containsc(comment, "is a member of"))
		return member_comment(a, comment, false, c);
	if (str_containsc(comment, "' has `"))
		return member_comment(a, comment, true, c);
	if (after(&rest, "the system has the type ")) {
		bool known = take_quoted(rest, CHECK_TYPE, "_ *", c);

		infer_type(c);
		return known;
	}
	if (after(&rest, "The size of ")) {
		bool known = take_quoted(rest, CHECK_SIZEOF, "_ *", c);

		infer_type(c);
		return known;
	}
	if (defined_comment(a, comment, c))
		return true;
	return str_containsc(comment, "function.") && after(&rest, "have the ") &&
	       take_quoted(rest, CHECK_FUNCTION, "_", c);
}

/* The macro of "#undef NAME", "# undef NAME", "#cmakedefine NAME ...", or the empty str. */
static struct str asked_macro(struct str line)
{
	static const char *const words[] = {"undef", "cmakedefine01", "cmakedefine"};
	size_t n = 0;

	line = str_trim(line);
	if (!str_startsc(line, "#"))
		return (struct str){0};
	line = str_trim(str_skip(line, 1));
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		struct str rest = str_skip(line, strlen(words[i]));

		if (!str_startsc(line, words[i]) || !rest.n ||
		    (rest.p[0] != ' ' && rest.p[0] != '\t'))
			continue;
		rest = str_trim(rest);
		while (n < rest.n && infer_is_plain(str_from(rest.p + n, 1), "_"))
			n++;
		return str_from(rest.p, n);
	}
	return (struct str){0};
}

/* A name without capital letters stands in for a keyword or type of C that old compilers lack: inline, size_t. */
static bool is_stand_in(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] >= 'A' && name.p[i] <= 'Z')
			return false;
	return true;
}

/* False when nothing is known of it. A check without a name: nothing is to be asked. */
static bool infer_one(struct arena *a, struct str name, struct str comment, struct check_spec *out)
{
	enum idiom idiom;

	*out = (struct check_spec){.name = name};
	if (from_comment(a, comment, out))
		return true;
	*out = (struct check_spec){.name = name};
	if (is_stand_in(name) || str_containsc(comment, "if OS is "))
		idiom = IDIOM_ELSEWHERE;
	else
		idiom = infer_idiom(a, name, out);
	if (idiom == IDIOM_ELSEWHERE)
		out->name = STR("");
	if (idiom != IDIOM_NONE)
		return true;
	if (str_containsc(comment, " library (-l") || !infer_name(a, name, out))
		return false;
	out->guessed = out->guessed && !str_containsc(comment, str_c(a, out->subject));
	return true;
}

void infer_checks(struct arena *a, struct str template, struct check_vec *out,
		  struct str_vec *unknown)
{
	struct buf comment = {0};
	struct map seen = {0};
	struct str line;

	while (str_line(&template, &line)) {
		struct str name = asked_macro(line);
		struct check_spec c;
		bool added;

		if (!name.n) {
			/* A comment may take several lines; anything else ends it. */
			if (str_startsc(line, "/*") || !str_startsc(line, "   "))
				buf_clear(&comment);
			buf_adds(&comment, str_trim(line));
			buf_add_byte(&comment, ' ');
			continue;
		}
		map_put(a, &seen, name, &added);
		if (added && !infer_one(a, name, str_dup(a, buf_str(&comment)), &c))
			*vec_push(a, unknown) = name;
		else if (added && c.name.n)
			*vec_push(a, out) = c;
		buf_clear(&comment);
	}
	buf_fini(&comment);
}
