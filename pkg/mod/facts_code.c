/*
 * Facts as bytes. Writer and reader of each part stand together, in the order of the bytes; a count is checked
 * against the bytes that are left before anything is allocated for it.
 */
#include <limits.h>
#include <string.h>

#include "mod/facts_impl.h"

enum { FIXED_BYTES = 8, HAS_PRIVATE = 1, HAS_WHEN = 2 };
/* The least that each takes. */
enum { TEXT = 2, POS = 2, TEST = TEXT + 1 + POS, REQUIREMENT = 1 + 2 * TEXT + POS };
enum { OPTION = 3 * TEXT + POS + 1, SETTING = 3 * TEXT + POS, DEFINE = 2 * TEXT };

/* ---- numbers and texts ---- */

void facts_add_number(struct buf *b, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		buf_add_byte(b, (char)(n | 0x80));
	buf_add_byte(b, (char)n);
}

static uint64_t fail(struct facts_reader *r)
{
	*r = (struct facts_reader){.failed = true};
	return 0;
}

uint64_t facts_read_number(struct facts_reader *r)
{
	uint64_t n = 0;

	for (unsigned shift = 0; r->rest.n && shift < 63; shift += 7) {
		unsigned char c = (unsigned char)r->rest.p[0];

		r->rest.p++;
		r->rest.n--;
		n |= (uint64_t)(c & 0x7f) << shift;
		if (!(c & 0x80))
			return n;
	}
	return fail(r);
}

void facts_add_fixed(struct buf *b, uint64_t n)
{
	for (int i = 0; i < FIXED_BYTES; i++)
		buf_add_byte(b, (char)(n >> (8 * i)));
}

uint64_t facts_read_fixed(struct facts_reader *r)
{
	uint64_t n = 0;

	if (r->rest.n < FIXED_BYTES)
		return fail(r);
	for (int i = 0; i < FIXED_BYTES; i++)
		n |= (uint64_t)(unsigned char)r->rest.p[i] << (8 * i);
	r->rest = str_skip(r->rest, FIXED_BYTES);
	return n;
}

void facts_add_text(struct buf *b, struct str s)
{
	facts_add_number(b, s.n);
	buf_adds(b, s);
	buf_add_byte(b, '\0');
}

struct str facts_read_text(struct facts_reader *r)
{
	uint64_t n = facts_read_number(r);
	struct str s = {r->rest.p, (size_t)n};

	if (n < r->rest.n && r->rest.p[n] == '\0') {
		r->rest.p += n + 1;
		r->rest.n -= n + 1;
		return s;
	}
	fail(r);
	return STR("");
}

/* How many items follow, none of which is shorter than least_bytes. */
static size_t read_count(struct facts_reader *r, size_t least_bytes)
{
	uint64_t n = facts_read_number(r);

	return n <= r->rest.n / least_bytes ? (size_t)n : (size_t)fail(r);
}

static void add_pos(struct buf *b, struct pos pos)
{
	facts_add_number(b, (unsigned)pos.line);
	facts_add_number(b, (unsigned)pos.col);
}

static int read_int(struct facts_reader *r)
{
	uint64_t n = facts_read_number(r);

	return n <= INT_MAX ? (int)n : (int)fail(r);
}

static struct pos read_pos(struct facts_reader *r)
{
	struct pos pos = {.line = read_int(r)};

	pos.col = read_int(r);
	return pos;
}

/* Room for n items, of which none is there yet. */
#define RESERVE(a, vec, count)                                                                     \
	((vec)->v = (count) ? arena_alloc_n((a), (count), sizeof *(vec)->v, 16) : NULL,            \
	 (vec)->cap = (count))

static void add_texts(struct buf *b, const struct str_vec *v)
{
	facts_add_number(b, v->n);
	for (size_t i = 0; i < v->n; i++)
		facts_add_text(b, v->v[i]);
}

static void read_texts(struct arena *a, struct facts_reader *r, struct str_vec *out)
{
	size_t n = read_count(r, TEXT);

	RESERVE(a, out, n);
	while (out->n < n)
		out->v[out->n++] = facts_read_text(r);
}

/* ---- requirements ---- */

static bool has_when(const struct condition *c)
{
	return c->os.n || c->arch.n || c->options.n || c->all_options;
}

static void add_when(struct buf *b, const struct condition *c)
{
	add_texts(b, &c->os);
	add_texts(b, &c->arch);
	facts_add_number(b, c->all_options);
	facts_add_number(b, c->options.n);
	for (size_t i = 0; i < c->options.n; i++) {
		facts_add_text(b, c->options.v[i].name);
		add_texts(b, &c->options.v[i].values);
		add_pos(b, c->options.v[i].pos);
	}
}

static void read_when(struct arena *a, struct facts_reader *r, struct condition *out)
{
	size_t n;

	read_texts(a, r, &out->os);
	read_texts(a, r, &out->arch);
	out->all_options = facts_read_number(r) != 0;
	n = read_count(r, TEST);
	RESERVE(a, &out->options, n);
	while (out->options.n < n) {
		struct option_test *t = &out->options.v[out->options.n++];

		t->name = facts_read_text(r);
		read_texts(a, r, &t->values);
		t->pos = read_pos(r);
	}
}

static void add_requirements(struct buf *b, const struct requirement_vec *v)
{
	facts_add_number(b, v->n);
	for (size_t i = 0; i < v->n; i++) {
		const struct requirement *q = &v->v[i];

		facts_add_number(b, (q->private ? HAS_PRIVATE : 0U) |
					(has_when(&q->when) ? HAS_WHEN : 0U));
		facts_add_text(b, q->path);
		facts_add_text(b, q->version);
		add_pos(b, q->pos);
		if (has_when(&q->when))
			add_when(b, &q->when);
	}
}

static void read_requirements(struct arena *a, struct facts_reader *r, struct requirement_vec *out)
{
	size_t n = read_count(r, REQUIREMENT);

	RESERVE(a, out, n);
	while (out->n < n) {
		struct requirement *q = &out->v[out->n++];
		uint64_t has = facts_read_number(r);

		q->private = (has & HAS_PRIVATE) != 0;
		q->path = facts_read_text(r);
		q->version = facts_read_text(r);
		q->pos = read_pos(r);
		if (has & HAS_WHEN)
			read_when(a, r, &q->when);
	}
}

/* ---- options ---- */

static void add_options(struct buf *b, const struct manifest *m)
{
	facts_add_number(b, m->options.n);
	for (size_t i = 0; i < m->options.n; i++) {
		const struct option_spec *o = &m->options.v[i];

		facts_add_text(b, o->name);
		add_pos(b, o->pos);
		add_texts(b, &o->choices);
		facts_add_text(b, o->value);
		facts_add_text(b, o->help);
	}
}

static void read_options(struct arena *a, struct facts_reader *r, struct manifest *out)
{
	size_t n = read_count(r, OPTION);

	RESERVE(a, &out->options, n);
	while (out->options.n < n) {
		struct option_spec *o = &out->options.v[out->options.n++];

		o->name = facts_read_text(r);
		o->pos = read_pos(r);
		read_texts(a, r, &o->choices);
		o->value = facts_read_text(r);
		o->help = facts_read_text(r);
	}
}

static void add_settings(struct buf *b, const struct manifest *m)
{
	facts_add_number(b, m->settings.n);
	for (size_t i = 0; i < m->settings.n; i++) {
		const struct option_setting *s = &m->settings.v[i];

		facts_add_text(b, s->path);
		facts_add_text(b, s->name);
		facts_add_text(b, s->value);
		add_pos(b, s->pos);
	}
}

static void read_settings(struct arena *a, struct facts_reader *r, struct manifest *out)
{
	size_t n = read_count(r, SETTING);

	RESERVE(a, &out->settings, n);
	while (out->settings.n < n) {
		struct option_setting *s = &out->settings.v[out->settings.n++];

		s->path = facts_read_text(r);
		s->name = facts_read_text(r);
		s->value = facts_read_text(r);
		s->pos = read_pos(r);
	}
}

/* ---- the rest ---- */

static void add_contains(struct buf *b, const struct manifest *m)
{
	facts_add_number(b, m->contains.n);
	for (size_t i = 0; i < m->contains.n; i++) {
		facts_add_text(b, m->contains.v[i].name);
		facts_add_text(b, m->contains.v[i].value);
	}
}

static void read_contains(struct arena *a, struct facts_reader *r, struct manifest *out)
{
	size_t n = read_count(r, DEFINE);

	RESERVE(a, &out->contains, n);
	while (out->contains.n < n) {
		struct define *d = &out->contains.v[out->contains.n++];

		d->name = facts_read_text(r);
		d->value = facts_read_text(r);
	}
}

void facts_encode(struct buf *b, const struct manifest *m)
{
	facts_add_text(b, m->file);
	facts_add_text(b, m->module);
	add_pos(b, m->module_pos);
	add_requirements(b, &m->require);
	add_requirements(b, &m->ports);
	add_options(b, m);
	add_settings(b, m);
	facts_add_text(b, m->licence);
	add_contains(b, m);
	facts_add_text(b, m->provides_native);
}

bool facts_decode(struct arena *a, struct str bytes, struct manifest *out)
{
	struct facts_reader r = {.rest = bytes};

	out->file = facts_read_text(&r);
	out->module = facts_read_text(&r);
	out->module_pos = read_pos(&r);
	read_requirements(a, &r, &out->require);
	read_requirements(a, &r, &out->ports);
	read_options(a, &r, out);
	read_settings(a, &r, out);
	out->licence = facts_read_text(&r);
	read_contains(a, &r, out);
	out->provides_native = facts_read_text(&r);
	return !r.failed && !r.rest.n;
}
