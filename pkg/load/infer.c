/*
 * What a template asks for. autoheader writes above each #undef what its macro means, in a fixed form:
 *
 *     Define to 1 if you have the `strlcpy' function.
 *     Define to 1 if you have the <sys/random.h> header file.
 *     Define to 1 if you have the declaration of `strerror_r', and to 0 if you don't.
 *     Define to 1 if `st_mtim' is a member of `struct stat'.
 *     Define to 1 if the system has the type `ssize_t'.
 *     The size of `long', as computed by sizeof.
 *
 * Newer ones quote 'so'. Where no comment says it, which is always so in CMake's templates, the name does:
 * HAVE_SYS_RANDOM_H, SIZEOF_LONG, HAVE_STRLCPY.
 */
#include "load/load_impl.h"

#include <string.h>

/* What declares most of what is asked for without a header. */
static const char *const common_headers[] = {"limits.h", "stddef.h", "stdint.h",   "stdio.h",
					     "stdlib.h", "string.h", "sys/stat.h", "sys/types.h",
					     "time.h",	 "unistd.h", "wchar.h"};

static void add_common(struct arena *a, struct check_spec *c)
{
	for (size_t i = 0; i < sizeof common_headers / sizeof common_headers[0]; i++)
		*vec_push(a, &c->headers) = str_of(common_headers[i]);
}

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
static bool is_plain(struct str s, const char *also)
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
	return quoted(&text, &c->subject) && is_plain(c->subject, also);
}

static bool member_comment(struct arena *a, struct str text, struct check_spec *c)
{
	struct str member, type;

	if (!quoted(&text, &member) || !quoted(&text, &type) || !is_plain(member, "_.") ||
	    !is_plain(type, "_ "))
		return false;
	c->kind = CHECK_MEMBER;
	c->subject = str_fmt(a, "%.*s.%.*s", STR_ARG(type), STR_ARG(member));
	add_common(a, c);
	return true;
}

static bool header_comment(struct arena *a, struct str text, struct check_spec *c)
{
	struct str header;

	if (!after(&text, "have the <"))
		return false;
	header = str_from(text.p, str_find(text, '>'));
	c->kind = CHECK_HEADER;
	*vec_push(a, &c->headers) = header;
	return is_plain(header, "._/+-");
}

static bool from_comment(struct arena *a, struct str comment, struct check_spec *c)
{
	struct str rest = comment;

	if (str_containsc(comment, "header file"))
		return header_comment(a, comment, c);
	if (after(&rest, "have the declaration of ")) {
		add_common(a, c);
		return take_quoted(rest, CHECK_DECL, "_", c);
	}
	if (str_containsc(comment, "is a member of"))
		return member_comment(a, comment, c);
	if (after(&rest, "the system has the type ")) {
		add_common(a, c);
		return take_quoted(rest, CHECK_TYPE, "_ *", c);
	}
	if (after(&rest, "The size of ")) {
		add_common(a, c);
		return take_quoted(rest, CHECK_SIZEOF, "_ *", c);
	}
	return str_containsc(comment, "function.") && after(&rest, "have the ") &&
	       take_quoted(rest, CHECK_FUNCTION, "_", c);
}

/* Lower case; from and to: one byte that becomes another. */
static struct str lower(struct arena *a, struct str s, char from, char to)
{
	char *p = arena_strdup(a, s.p, s.n);

	for (size_t i = 0; i < s.n; i++)
		p[i] = p[i] == from ? to : (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i]);
	return str_from(p, s.n);
}

/* SYS_RANDOM is sys/random.h, SYS_TYPES too, but DLFCN dlfcn.h and SECURITY_PAM_APPL stays unknown. */
static struct str header_name(struct arena *a, struct str s)
{
	static const char *const folders[] = {"SYS_",	"NET_", "NETINET_", "ARPA_",
					      "LINUX_", "ASM_", "MACH_"};

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		size_t n = strlen(folders[i]);

		if (str_startsc(s, folders[i]))
			return str_fmt(a, "%.*s/%.*s.h",
				       STR_ARG(lower(a, str_from(s.p, n - 1), 0, 0)),
				       STR_ARG(lower(a, str_skip(s, n), 0, 0)));
	}
	return str_fmt(a, "%.*s.h", STR_ARG(lower(a, s, 0, 0)));
}

/* LONG_LONG is "long long", VOID_P "void *", SIZE_T size_t. */
static struct str type_name(struct arena *a, struct str s)
{
	bool pointer = str_endsc(s, "_P");

	if (pointer)
		s.n -= 2;
	s = lower(a, s, str_endsc(s, "_T") ? 0 : '_', ' ');
	return pointer ? str_fmt(a, "%.*s *", STR_ARG(s)) : s;
}

static bool from_name(struct arena *a, struct str name, struct check_spec *c)
{
	struct str rest = name;

	if (str_startsc(name, "SIZEOF_")) {
		c->kind = CHECK_SIZEOF;
		c->subject = type_name(a, str_skip(name, strlen("SIZEOF_")));
		add_common(a, c);
		return true;
	}
	if (str_eqc(name, "STDC_HEADERS")) {
		add_common(a, c);
		return true;
	}
	if (!str_startsc(name, "HAVE_"))
		return false;
	rest = str_skip(name, strlen("HAVE_"));
	if (str_endsc(rest, "_H") && rest.n > 2) {
		rest.n -= 2;
		*vec_push(a, &c->headers) = header_name(a, rest);
		return true;
	}
	c->kind = CHECK_FUNCTION;
	if (str_startsc(rest, "DECL_")) {
		c->kind = CHECK_DECL;
		rest = str_skip(rest, strlen("DECL_"));
	} else if (str_endsc(rest, "_T")) {
		c->kind = CHECK_TYPE;
	}
	if (c->kind != CHECK_FUNCTION)
		add_common(a, c);
	c->subject = lower(a, rest, 0, 0);
	return is_plain(c->subject, "_");
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
		while (n < rest.n && is_plain(str_from(rest.p + n, 1), "_"))
			n++;
		return str_from(rest.p, n);
	}
	return (struct str){0};
}

void infer_checks(struct arena *a, struct str template, struct check_vec *out)
{
	struct buf comment = {0};
	struct map seen = {0};
	struct str line;

	while (str_line(&template, &line)) {
		struct str name = asked_macro(line);
		struct check_spec c = {.name = name};
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
		if (added && !from_comment(a, str_dup(a, buf_str(&comment)), &c)) {
			c = (struct check_spec){.name = name};
			if (!from_name(a, name, &c))
				added = false;
		}
		if (added)
			*vec_push(a, out) = c;
		buf_clear(&comment);
	}
	buf_fini(&comment);
}
