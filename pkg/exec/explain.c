/*
 * Why an action runs. The record of its last run here is kept (last.c): the text that was hashed but with
 * paths as declared, and its discovered inputs' lines behind it. The two records are compared field by field.
 */
#include "exec/exec_impl.h"

#include "base/path.h"

enum { REASONS_SHOWN = 3, WORDS_SHOWN = 3 };

/* A line of a record. Counted bytes may hold newlines, so records are not split at them. */
struct field {
	struct str kind;  /* "arg", "in", "more", ... */
	struct str head;  /* between kind and the counted bytes: "SIZE HEX" of an input */
	struct str value; /* the counted bytes: a word, a path */
};

struct field_vec VEC_BODY(struct field);

struct reasons {
	struct buf text;
	size_t n;
};

/*
 * How many words stand before the counted bytes; -1: the line has none ("command", "step", "tool").
 */
static int head_words(struct str kind)
{
	if (str_eqc(kind, "in") || str_eqc(kind, "more"))
		return 2;
	if (str_eqc(kind, "arg") || str_eqc(kind, "out"))
		return 1;
	return str_eqc(kind, "env") || str_eqc(kind, "target") || str_eqc(kind, "params") ? 0 : -1;
}

/* Cuts one field off *rest; false at the end or where the text makes no sense. */
static bool next_field(struct str *rest, struct field *f)
{
	struct str line = str_from(rest->p, str_find(*rest, '\n')), body = line;
	uint64_t count;
	int words;

	if (!rest->n)
		return false;
	*f = (struct field){.kind = str_cut(&body, ' ')};
	words = head_words(f->kind);
	if (words < 0) {
		f->value = body;
		*rest = str_skip(*rest, line.n + 1);
		return true;
	}
	f->head = body;
	for (int i = 0; i < words; i++)
		str_cut(&body, ' ');
	f->head.n = body.p ? (size_t)(body.p - f->head.p) : 0;
	if (!body.p || !str_u64(str_cut(&body, ' '), &count) || !body.p)
		return false;
	*rest = str_skip(*rest, (size_t)(body.p - rest->p));
	if (count >= rest->n || rest->p[count] != '\n')
		return false;
	f->value = str_from(rest->p, (size_t)count);
	*rest = str_skip(*rest, (size_t)count + 1);
	return true;
}

static struct field_vec split(struct arena *a, struct str text)
{
	struct field_vec v = {0};
	struct field f;

	while (next_field(&text, &f))
		*vec_push(a, &v) = f;
	return v;
}

static void reason(struct reasons *r, const char *fmt, ...) ATTR_PRINTF(2, 3);

static void reason(struct reasons *r, const char *fmt, ...)
{
	va_list ap;

	if (r->n++ >= REASONS_SHOWN)
		return;
	if (r->text.n)
		buf_addc(&r->text, "; ");
	va_start(ap, fmt);
	buf_vprintf(&r->text, fmt, ap);
	va_end(ap);
}

/* The fields of one kind, in order. */
static struct field_vec of_kind(struct arena *a, const struct field_vec *all, const char *kind)
{
	struct field_vec v = {0};

	for (size_t i = 0; i < all->n; i++) {
		if (str_eqc(all->v[i].kind, kind))
			*vec_push(a, &v) = all->v[i];
	}
	return v;
}

static void map_values(struct arena *a, struct map *m, struct field_vec *v)
{
	for (size_t i = 0; i < v->n; i++)
		map_put(a, m, v->v[i].value, NULL)->ptr = &v->v[i];
}

/* Takes the file of that base name out of gone: the one that path now stands for. */
static struct str take_namesake(struct field_vec *gone, struct str path)
{
	for (size_t i = 0; i < gone->n; i++) {
		struct str found = gone->v[i].value;

		if (!str_eq(path_base(found), path_base(path)))
			continue;
		for (gone->n--; i < gone->n; i++)
			gone->v[i] = gone->v[i + 1];
		return found;
	}
	return (struct str){0};
}

/* Files: by path; what is in one but not in the other, and whose content differs. */
static void compare_files(struct arena *a, struct reasons *r, struct field_vec was,
			  struct field_vec is)
{
	struct map before = {0}, now = {0};
	struct field_vec gone = {0};

	map_values(a, &before, &was);
	map_values(a, &now, &is);
	for (size_t i = 0; i < was.n; i++)
		if (!map_get(&now, was.v[i].value))
			*vec_push(a, &gone) = was.v[i];
	for (size_t i = 0; i < is.n; i++) {
		struct str path = is.v[i].value, other;
		const struct field *old = map_ptr(&before, path);

		if (old) {
			if (!str_eq(old->head, is.v[i].head))
				reason(r, "%.*s changed", STR_ARG(path));
			continue;
		}
		/* A header that comes earlier on the search path, or that was moved. */
		other = take_namesake(&gone, path);
		if (other.p)
			reason(r, "%.*s instead of %.*s", STR_ARG(path), STR_ARG(other));
		else
			reason(r, "new input %.*s", STR_ARG(path));
	}
	for (size_t i = 0; i < gone.n; i++)
		reason(r, "no longer reads %.*s", STR_ARG(gone.v[i].value));
}

/* Appends "now 'x', 'y'" for the words of v that are not in other. */
static void add_others(struct buf *b, const char *how, const struct field_vec *v,
		       const struct map *other)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++) {
		if (map_get(other, v->v[i].value) || n++ >= WORDS_SHOWN)
			continue;
		buf_printf(b, "%s%s'%.*s'", b->n ? ", " : "", n == 1 ? how : "",
			   STR_ARG(v->v[i].value));
	}
	if (n > WORDS_SHOWN)
		buf_printf(b, " and %zu more", n - WORDS_SHOWN);
}

/* Sets of words: what came and what went. */
static void compare_words(struct arena *a, struct reasons *r, const char *what,
			  struct field_vec was, struct field_vec is)
{
	struct map before = {0}, now = {0};
	struct buf text = {0};
	size_t shown = r->n;

	map_values(a, &before, &was);
	map_values(a, &now, &is);
	add_others(&text, "now ", &is, &before);
	add_others(&text, "no longer ", &was, &now);
	if (text.n)
		reason(r, "%s: %.*s", what, STR_ARG(buf_str(&text)));
	buf_fini(&text);
	if (r->n != shown || was.n != is.n)
		return;
	for (size_t i = 0; i < is.n; i++) {
		if (!str_eq(was.v[i].value, is.v[i].value)) {
			reason(r, "%s: other order", what);
			return;
		}
	}
}

/* Words that are no paths: those of inputs and outputs change with these. */
static struct field_vec text_args(struct arena *a, const struct field_vec *all)
{
	struct field_vec args = of_kind(a, all, "arg"), v = {0};

	for (size_t i = 0; i < args.n; i++)
		if (str_startsc(args.v[i].head, "-"))
			*vec_push(a, &v) = args.v[i];
	return v;
}

/* Parameters are a text of their own; one that has lines is not for people. */
static void compare_params(struct arena *a, struct reasons *r, const struct field_vec *was,
			   const struct field_vec *is)
{
	struct field_vec old = of_kind(a, was, "params"), now = of_kind(a, is, "params");

	if (old.n == 1 && now.n == 1 && !str_eq(old.v[0].value, now.v[0].value))
		reason(r, "its parameters changed");
}

static void compare_kind(struct arena *a, struct reasons *r, const char *kind, const char *what,
			 const struct field_vec *was, const struct field_vec *is)
{
	compare_words(a, r, what, of_kind(a, was, kind), of_kind(a, is, kind));
}

static void compare_tool(struct arena *a, struct reasons *r, const struct field_vec *was,
			 const struct field_vec *is)
{
	struct field_vec old = of_kind(a, was, "tool"), now = of_kind(a, is, "tool");

	if (old.n == 1 && now.n == 1 && !str_eq(old.v[0].value, now.v[0].value))
		reason(r, "the tool changed");
}

static void compare(struct arena *a, struct reasons *r, const struct field_vec *was,
		    const struct field_vec *is)
{
	/* First what changes many actions at once: other objects only follow from it. */
	compare_tool(a, r, was, is);
	compare_kind(a, r, "step", "step", was, is);
	compare_words(a, r, "command line", text_args(a, was), text_args(a, is));
	compare_kind(a, r, "env", "environment", was, is);
	compare_kind(a, r, "target", "target", was, is);
	compare_files(a, r, of_kind(a, was, "in"), of_kind(a, is, "in"));
	compare_files(a, r, of_kind(a, was, "more"), of_kind(a, is, "more"));
	compare_params(a, r, was, is);
	compare_kind(a, r, "out", "output", was, is);
}

/* x's record as it is now, with the digests of today of what the last run discovered. */
static struct str record_now(struct arena *a, const struct action *x, const struct field_vec *was,
			     struct file_memo *m)
{
	struct buf text = {0};
	struct str out;

	record_append(&text, x, RECORD_SHOWN);
	for (size_t i = 0; i < was->n; i++) {
		struct digest d;
		struct err gone;

		if (str_eqc(was->v[i].kind, "more") &&
		    file_memo_digest(m, was->v[i].value, &d, &gone))
			record_append_more(&text, was->v[i].value, &d);
	}
	out = str_dup(a, buf_str(&text));
	buf_fini(&text);
	return out;
}

struct str explain(struct arena *a, struct last *l, const struct action *x, bool forced,
		   struct file_memo *m)
{
	struct reasons r = {0};
	struct field_vec was, is;
	struct str last, out;

	if (x->uncacheable)
		return str_fmt(a, "%.*s: always runs", STR_ARG(x->title));
	if (!last_get(l, a, x, &last))
		return str_fmt(a, "%.*s: has not run here before", STR_ARG(x->title));
	was = split(a, last);
	is = split(a, record_now(a, x, &was, m));
	compare(a, &r, &was, &is);
	if (r.n > REASONS_SHOWN)
		buf_printf(&r.text, "; and %zu more", r.n - REASONS_SHOWN);
	if (!r.n)
		buf_printf(&r.text, "nothing changed, but %s",
			   forced ? "the cache is not read" : "its result is not in the cache");
	out = str_fmt(a, "%.*s: %s", STR_ARG(x->title), r.text.p);
	buf_fini(&r.text);
	return out;
}

void explain_remember(struct last *l, const struct action *x, struct str more_lines)
{
	struct buf text = {0};

	record_append(&text, x, RECORD_SHOWN);
	buf_adds(&text, more_lines);
	last_put(l, x, buf_str(&text));
	buf_fini(&text);
}
