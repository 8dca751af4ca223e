/*
 * The bytes are checked first (UTF-8, line ends, control bytes), since libyaml's own messages about
 * them name no remedy and since its positions count characters: with one kind of line end left,
 * they convert to byte offsets by a cursor that moves with the events. Recursion is bounded by
 * YAML_MAX_DEPTH.
 */
#include "format/yaml.h"

#include <string.h>
#include <yaml.h>

#include "base/map.h"

struct loader {
	struct arena *a;
	const char *file;
	struct str bytes;
	struct err *e;
	yaml_parser_t parser;
	yaml_event_t ev; /* the current event; zeroed or live */
	size_t nodes;
	size_t cursor_char, cursor_byte; /* the same place, counted both ways */
};

struct scan {
	const char *file;
	struct str bytes;
	struct err *e;
	size_t at;
	int line, col;
	bool indent; /* only blanks so far on this line */
};

/* Length of the UTF-8 sequence (RFC 3629) at p, 0 when it is not valid; its code point in *out. */
static size_t utf8_decode(const unsigned char *p, size_t n, uint32_t *out)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	uint32_t c = len == 1 ? p[0] : p[0] & (0x7fu >> len);

	if ((p[0] >= 0x80 && p[0] < 0xc2) || p[0] > 0xf4 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*out = c;
	return len;
}

static bool refuse(struct scan *s, const char *what, const char *fix)
{
	err_at(s->e, ERR_INPUT, s->file, s->line, s->col, "%s", what);
	return err_fix(s->e, "%s", fix);
}

static bool is_break(const struct scan *s, uint32_t c)
{
	return c == '\n' || (c == '\r' && s->at + 1 < s->bytes.n && s->bytes.p[s->at + 1] == '\n');
}

static bool check_char(struct scan *s, uint32_t c)
{
	if (c == 0xfeff)
		return refuse(s, "byte order mark",
			      "save the file as UTF-8 without a byte order mark");
	if (c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029)
		return refuse(s, "a line end other than LF or CRLF", "convert the line ends to LF");
	if (c == '\t' && s->indent)
		return refuse(s, "tab in the indentation", "indent with spaces");
	if ((c < 0x20 && c != '\t') || c == 0x7f || (c > 0x7f && c < 0xa0) ||
	    (c & 0xfffe) == 0xfffe)
		return refuse(s, "control character",
			      "remove it; in double quotes it may be written as \\xNN");
	return true;
}

/* One character or line end. */
static bool scan_step(struct scan *s)
{
	uint32_t c;
	size_t len = utf8_decode((const unsigned char *)s->bytes.p + s->at, s->bytes.n - s->at, &c);

	if (!len)
		return refuse(s, "bytes that are not UTF-8", "save the file as UTF-8");
	if (is_break(s, c)) {
		s->at += c == '\r' ? 2 : 1;
		s->line++;
		s->col = 1;
		s->indent = true;
		return true;
	}
	if (!check_char(s, c))
		return false;
	s->indent = s->indent && (c == ' ' || c == '\t');
	s->at += len;
	s->col++;
	return true;
}

static bool check_bytes(const char *file, struct str bytes, struct err *e)
{
	struct scan s = {.file = file, .bytes = bytes, .e = e, .line = 1, .col = 1, .indent = true};

	if (bytes.n > YAML_MAX_BYTES) {
		err_at(e, ERR_INPUT, file, 0, 0, "%zu bytes are too many", bytes.n);
		return err_fix(e, "keep the file under %d bytes", YAML_MAX_BYTES);
	}
	while (s.at < bytes.n)
		if (!scan_step(&s))
			return false;
	return true;
}

/* The byte offset of libyaml's character index; cheap because indices asked for lie close together.
 */
static size_t byte_offset(struct loader *l, size_t index)
{
	const unsigned char *p = (const unsigned char *)l->bytes.p;

	while (l->cursor_char < index && l->cursor_byte < l->bytes.n) {
		do
			l->cursor_byte++;
		while (l->cursor_byte < l->bytes.n && (p[l->cursor_byte] & 0xc0) == 0x80);
		l->cursor_char++;
	}
	while (l->cursor_char > index) {
		do
			l->cursor_byte--;
		while ((p[l->cursor_byte] & 0xc0) == 0x80);
		l->cursor_char--;
	}
	return l->cursor_byte;
}

static bool fail_at(struct loader *l, const yaml_mark_t *m, const char *msg)
{
	return err_at(l->e, ERR_INPUT, l->file, (int)m->line + 1, (int)m->column + 1, "%s", msg);
}

static bool fail_start(struct loader *l, const yaml_mark_t *m)
{
	size_t at = byte_offset(l, m->index);

	err_at(l->e, ERR_INPUT, l->file, (int)m->line + 1, (int)m->column + 1,
	       "a value without quotes cannot start with '%c'",
	       at < l->bytes.n ? l->bytes.p[at] : ' ');
	return err_fix(l->e, "put the value in double quotes, as in \"*.c\"");
}

/* libyaml's error, in words that name the usual cause. */
static bool fail_parser(struct loader *l)
{
	const yaml_mark_t *m = &l->parser.problem_mark;
	struct str problem = str_of(l->parser.problem), context = str_of(l->parser.context);

	if (l->parser.error == YAML_MEMORY_ERROR)
		return err_set(l->e, ERR_IO, "out of memory");
	if (str_containsc(context, "alias") || str_containsc(context, "anchor") ||
	    str_containsc(context, "tag") || str_containsc(context, "directive"))
		return fail_start(l,
				  str_containsc(context, "scanning") ? &l->parser.context_mark : m);
	if (str_containsc(problem, "cannot start any token"))
		return fail_start(l, m);
	if (str_containsc(problem, "mapping values are not allowed")) {
		fail_at(l, m, "unexpected ':'");
		return err_fix(l->e,
			       "check the indentation of this line and the one above, or quote a "
			       "value that holds ': '");
	}
	fail_at(l, m, l->parser.problem ? l->parser.problem : "not valid YAML");
	if (l->parser.context)
		err_wrap(l->e, "%s that starts at line %zu",
			 l->parser.context + (str_startsc(context, "while ") ? 6 : 0),
			 l->parser.context_mark.line + 1);
	return err_fix(l->e,
		       "check indentation, brackets and quotes on this line and the one above");
}

static bool next_event(struct loader *l)
{
	yaml_event_delete(&l->ev);
	return yaml_parser_parse(&l->parser, &l->ev) || fail_parser(l);
}

static bool check_plain(struct loader *l, const void *anchor, const void *tag, bool implicit)
{
	if (!anchor && !tag && implicit)
		return true;
	return fail_start(l, &l->ev.start_mark);
}

static struct yaml_node *new_node(struct loader *l, enum yaml_kind kind)
{
	struct yaml_node *n = arena_new(l->a, struct yaml_node);

	n->kind = kind;
	n->line = (int)l->ev.start_mark.line + 1;
	n->col = (int)l->ev.start_mark.column + 1;
	n->start = byte_offset(l, l->ev.start_mark.index);
	n->end = byte_offset(l, l->ev.end_mark.index);
	return n;
}

static bool is_null(struct str s)
{
	return !s.n || str_eqc(s, "~") || str_eqc(s, "null") || str_eqc(s, "Null") ||
	       str_eqc(s, "NULL");
}

static bool read_scalar(struct loader *l, struct yaml_node **out)
{
	struct str text = {(const char *)l->ev.data.scalar.value, l->ev.data.scalar.length};
	bool plain = l->ev.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

	if (!check_plain(l, l->ev.data.scalar.anchor, l->ev.data.scalar.tag,
			 !plain || l->ev.data.scalar.plain_implicit))
		return false;
	if (memchr(text.p, '\0', text.n)) {
		fail_at(l, &l->ev.start_mark, "NUL byte in a value");
		return err_fix(l->e, "remove the \\0 or \\x00");
	}
	*out = new_node(l, plain && is_null(text) ? YAML_NULL : YAML_TEXT);
	(*out)->plain = plain;
	(*out)->text = str_dup(l->a, text);
	return true;
}

static bool read_node(struct loader *l, int depth, struct yaml_node **out);

/* At a list's start event; leaves its end event current, as every read_* does. */
static bool read_list(struct loader *l, int depth, struct yaml_node **out)
{
	struct yaml_node *n, *item;

	if (!check_plain(l, l->ev.data.sequence_start.anchor, l->ev.data.sequence_start.tag,
			 l->ev.data.sequence_start.implicit))
		return false;
	*out = n = new_node(l, YAML_LIST);
	n->flow = l->ev.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	for (;;) {
		if (!next_event(l))
			return false;
		if (l->ev.type == YAML_SEQUENCE_END_EVENT)
			break;
		if (!read_node(l, depth + 1, &item))
			return false;
		*vec_push(l->a, &n->items) = item;
		n->end = item->end;
	}
	if (n->flow)
		n->end = byte_offset(l, l->ev.end_mark.index);
	return true;
}

static bool check_key(struct loader *l, struct map *seen, struct yaml_node *key)
{
	struct map_item *item;
	struct yaml_node *first;
	bool added;

	if (key->kind == YAML_NULL && key->text.n)
		key->kind = YAML_TEXT;
	if (key->kind != YAML_TEXT) {
		err_at(l->e, ERR_INPUT, l->file, key->line, key->col, "a key must be text, not %s",
		       yaml_kind_name(key));
		return err_fix(l->e,
			       "write 'name: value'; quote a name that starts with '[' or '{'");
	}
	item = map_put(l->a, seen, key->text, &added);
	if (added) {
		item->ptr = key;
		return true;
	}
	first = item->ptr;
	err_at(l->e, ERR_INPUT, l->file, key->line, key->col, "key '%.*s' is given twice",
	       STR_ARG(key->text));
	return err_fix(l->e, "merge it with line %d, or remove one of them", first->line);
}

static bool read_pair(struct loader *l, int depth, struct map *seen, struct yaml_node *n)
{
	struct yaml_pair pair;

	if (!read_node(l, depth + 1, &pair.key) || !check_key(l, seen, pair.key) ||
	    !next_event(l) || !read_node(l, depth + 1, &pair.value))
		return false;
	*vec_push(l->a, &n->pairs) = pair;
	n->end = pair.value->end;
	return true;
}

static bool read_map(struct loader *l, int depth, struct yaml_node **out)
{
	struct yaml_node *n;
	struct map seen = {0};

	if (!check_plain(l, l->ev.data.mapping_start.anchor, l->ev.data.mapping_start.tag,
			 l->ev.data.mapping_start.implicit))
		return false;
	*out = n = new_node(l, YAML_MAP);
	n->flow = l->ev.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
	for (;;) {
		if (!next_event(l))
			return false;
		if (l->ev.type == YAML_MAPPING_END_EVENT)
			break;
		if (!read_pair(l, depth, &seen, n))
			return false;
	}
	if (n->flow)
		n->end = byte_offset(l, l->ev.end_mark.index);
	return true;
}

static bool read_node(struct loader *l, int depth, struct yaml_node **out)
{
	if (depth > YAML_MAX_DEPTH) {
		fail_at(l, &l->ev.start_mark, "nested too deeply");
		return err_fix(l->e, "at most %d levels are read", YAML_MAX_DEPTH);
	}
	if (++l->nodes > YAML_MAX_NODES) {
		fail_at(l, &l->ev.start_mark, "too many values");
		return err_fix(l->e, "at most %d values are read", YAML_MAX_NODES);
	}
	if (l->ev.type == YAML_SCALAR_EVENT)
		return read_scalar(l, out);
	if (l->ev.type == YAML_SEQUENCE_START_EVENT)
		return read_list(l, depth, out);
	if (l->ev.type == YAML_MAPPING_START_EVENT)
		return read_map(l, depth, out);
	return fail_start(l, &l->ev.start_mark);
}

static bool check_document(struct loader *l)
{
	if (!l->ev.data.document_start.version_directive &&
	    l->ev.data.document_start.tag_directives.start ==
		l->ev.data.document_start.tag_directives.end)
		return true;
	fail_at(l, &l->ev.start_mark, "YAML directives are not supported");
	return err_fix(l->e, "remove the lines that start with '%%'");
}

/* Stream start, at most one document, stream end. */
static bool read_stream(struct loader *l, struct yaml_node **out)
{
	if (!next_event(l) || !next_event(l))
		return false;
	if (l->ev.type == YAML_STREAM_END_EVENT) {
		*out = new_node(l, YAML_MAP);
		return true;
	}
	if (!check_document(l) || !next_event(l) || !read_node(l, 1, out) || !next_event(l) ||
	    !next_event(l))
		return false;
	if (l->ev.type == YAML_STREAM_END_EVENT)
		return true;
	fail_at(l, &l->ev.start_mark, "a second document");
	return err_fix(l->e, "keep one document a file: remove the '---' and what follows");
}

bool yaml_parse(struct arena *a, struct str file, struct str bytes, struct yaml_node **out,
		struct err *e)
{
	struct loader l = {.a = a, .file = str_c(a, file), .bytes = bytes, .e = e};
	bool ok;

	if (!check_bytes(l.file, bytes, e))
		return false;
	if (!yaml_parser_initialize(&l.parser))
		return err_set(e, ERR_IO, "out of memory");
	yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&l.parser, (const unsigned char *)(bytes.p ? bytes.p : ""),
				     bytes.n);
	ok = read_stream(&l, out);
	yaml_event_delete(&l.ev);
	yaml_parser_delete(&l.parser);
	if (ok && (*out)->kind == YAML_NULL)
		(*out)->kind = YAML_MAP;
	return ok;
}

struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map->kind == YAML_MAP && i < map->pairs.n; i++)
		if (str_eqc(map->pairs.v[i].key->text, key))
			return map->pairs.v[i].value;
	return NULL;
}

const char *yaml_kind_name(const struct yaml_node *n)
{
	switch (n->kind) {
	case YAML_NULL:
		return "nothing";
	case YAML_TEXT:
		return "text";
	case YAML_LIST:
		return "a list";
	case YAML_MAP:
		return "a map";
	}
	return "nothing";
}
