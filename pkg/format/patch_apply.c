/*
 * Applying. The file is cut into lines with a hash each, and each hunk's old side too; a place matches when all
 * hashes and then all bytes are equal. What is compared is counted: beyond a bound that is linear in file and
 * patch the search gives up, so that a file and a patch of equal lines cost no quadratic time.
 */
#include "format/patch_impl.h"

#include <stdlib.h>

struct mark {
	uint32_t start, hash;
};

/* What is to be found: one side of a hunk. */
struct pattern {
	struct str *text; /* lines with their newlines */
	uint32_t *hash;
	size_t n;
};

struct work {
	struct arena scratch;
	struct arena *a;
	const struct patch *patch;
	const struct patch_file *file;
	struct str before;
	struct mark *lines; /* n and one for the end */
	size_t n;
	struct pattern want; /* with room for the largest hunk */
	uint64_t steps, max_steps;
	size_t at;   /* lines of the file that are written */
	long offset; /* of the hunk before */
	struct buf out;
	struct err *e;
};

/* --- lines ------------------------------------------------------------------------------------ */

static uint32_t hash_of(struct str line)
{
	return (uint32_t)str_hash(line);
}

static size_t count_lines(struct str text)
{
	size_t n = 0;

	for (; text.n; n++)
		text = str_skip(text, str_find(text, '\n') + 1);
	return n;
}

static void index_lines(struct work *w)
{
	struct str rest = w->before;

	w->n = count_lines(rest);
	w->lines = arena_array(&w->scratch, struct mark, w->n + 1);
	for (size_t i = 0; i < w->n; i++) {
		size_t n = str_find(rest, '\n');

		n += n < rest.n;
		w->lines[i].start = (uint32_t)(w->before.n - rest.n);
		w->lines[i].hash = hash_of(str_from(rest.p, n));
		rest = str_skip(rest, n);
	}
	w->lines[w->n].start = (uint32_t)w->before.n;
}

/* The file's lines from one to before another. */
static struct str lines_of(const struct work *w, size_t from, size_t to)
{
	if (!w->before.n)
		return STR("");
	return str_from(w->before.p + w->lines[from].start,
			w->lines[to].start - w->lines[from].start);
}

/* One side of the hunk, into w->want. */
static void set_pattern(struct work *w, const struct patch_hunk *h, unsigned side)
{
	struct str rest = h->body;
	struct patch_line l;

	w->want.n = 0;
	while (patch_line_next(&rest, &l)) {
		if (!(l.sides & side))
			continue;
		w->want.text[w->want.n] = l.text;
		w->want.hash[w->want.n++] = hash_of(l.text);
	}
}

/* Room for either side of the largest hunk, and a bound for the search. */
static void prepare(struct work *w)
{
	enum { FREE_STEPS = 1 << 20, STEPS_A_LINE = 64 };
	size_t most = 0;
	uint64_t all = 0;

	for (size_t i = 0; i < w->file->hunks.n; i++) {
		const struct patch_hunk *h = &w->file->hunks.v[i];
		size_t lines = h->old_lines > h->new_lines ? h->old_lines : h->new_lines;

		most = lines > most ? lines : most;
		all += h->old_lines + h->new_lines;
	}
	w->want.text = arena_array(&w->scratch, struct str, most);
	w->want.hash = arena_array(&w->scratch, uint32_t, most);
	index_lines(w);
	w->max_steps = FREE_STEPS + (all + w->n) * STEPS_A_LINE;
}

/* --- search ----------------------------------------------------------------------------------- */

/* The first line of the pattern that is not at its place when the pattern begins at line at; its length if all are. */
static size_t differs(struct work *w, size_t at)
{
	enum { BYTES_A_STEP = 64 };
	size_t i = 0;

	for (; i < w->want.n && at + i < w->n; i++) {
		w->steps++;
		if (w->lines[at + i].hash != w->want.hash[i])
			break;
		w->steps += w->want.text[i].n / BYTES_A_STEP;
		if (!str_eq(lines_of(w, at + i, at + i + 1), w->want.text[i]))
			break;
	}
	return i;
}

/* Where a hunk may be. */
struct range {
	long low, high; /* nowhere when high is below low */
};

/*
 * diff writes less context on one side only where the file begins or ends. Some writers show whole functions
 * though (git diff -W), so a hunk in place need only have some.
 */
static bool must_begin(const struct patch_hunk *h, bool in_place)
{
	return h->old_start <= 1 && h->leading < h->trailing && (!in_place || !h->leading);
}

static bool must_end(const struct patch_hunk *h, bool in_place)
{
	return h->new_cut || (h->trailing < h->leading && (!in_place || !h->trailing));
}

static struct range range_of(const struct work *w, const struct patch_hunk *h, bool in_place)
{
	long last = (long)w->n - (long)h->old_lines;
	struct range in = {(long)w->at, last};

	if (must_begin(h, in_place))
		in.high = last < 0 ? last : 0;
	if (must_end(h, in_place) && in.low < last)
		in.low = last;
	return in;
}

static bool fits(struct work *w, struct range in, long at)
{
	return at >= in.low && at <= in.high && w->steps <= w->max_steps &&
	       differs(w, (size_t)at) == w->want.n;
}

static long distance(struct range in, long guess)
{
	return guess < in.low ? in.low - guess : guess > in.high ? guess - in.high : 0;
}

/* The nearest place to guess, at the same distance the one behind it; below 0 when there is none. */
static long nearest(struct work *w, struct range in, long guess)
{
	long most = guess - in.low > in.high - guess ? guess - in.low : in.high - guess;

	if (in.high < in.low)
		return -1;
	for (long d = distance(in, guess); d <= most && w->steps <= w->max_steps; d++) {
		if (fits(w, in, guess + d))
			return guess + d;
		if (fits(w, in, guess - d))
			return guess - d;
	}
	return -1;
}

static long find(struct work *w, const struct patch_hunk *h, long guess)
{
	set_pattern(w, h, PATCH_OLD);
	if (fits(w, range_of(w, h, true), guess))
		return guess;
	return nearest(w, range_of(w, h, false), guess);
}

/* Another place than at where a hunk that is not where it says fits; below 0 when there is none. */
static long another(struct work *w, const struct patch_hunk *h, long at)
{
	struct range in = range_of(w, h, false);

	for (long i = in.low; i <= in.high && w->steps <= w->max_steps; i++)
		if (i != at && fits(w, in, i))
			return i;
	return -1;
}

/* --- what went wrong -------------------------------------------------------------------------- */

static struct str shown_file(const struct work *w)
{
	return w->file->from.p ? w->file->from : w->file->to;
}

static const char *line_end(struct str line)
{
	return str_endsc(line, "\r\n") ? "CRLF" : str_endsc(line, "\n") ? "LF" : "no newline";
}

static struct str without_end(struct str line)
{
	line.n -= str_endsc(line, "\n");
	line.n -= str_endsc(line, "\r");
	return line;
}

/* Says how the line at (counted from 0) is not the one wanted. */
static bool say_line(struct work *w, const struct patch_hunk *h, size_t number, size_t at,
		     struct str want)
{
	struct str file = shown_file(w), is;
	const char *shown = patch_shown(w->a, without_end(want));

	if (at >= w->n)
		return err_at(
		    w->e, ERR_INPUT, w->patch->shown_name, h->line, 0,
		    "hunk %zu does not match %.*s: it has no line %zu, which should be %s", number,
		    STR_ARG(file), at + 1, shown);
	is = lines_of(w, at, at + 1);
	if (str_eq(without_end(is), without_end(want)))
		return err_at(w->e, ERR_INPUT, w->patch->shown_name, h->line, 0,
			      "hunk %zu does not match %.*s: line %zu, %s, ends in %s, not in %s",
			      number, STR_ARG(file), at + 1, shown, line_end(is), line_end(want));
	return err_at(w->e, ERR_INPUT, w->patch->shown_name, h->line, 0,
		      "hunk %zu does not match %.*s: line %zu is %s, not %s", number, STR_ARG(file),
		      at + 1, patch_shown(w->a, without_end(is)), shown);
}

/* The lines are where they should be, and yet may not be taken. */
static bool say_place(struct work *w, const struct patch_hunk *h, size_t number, long at)
{
	const char *why = must_begin(h, true) && at != 0
			      ? "must be at its beginning, since no context is before it"
			  : must_end(h, true) && at + (long)h->old_lines != (long)w->n
			      ? "must be at its end, since no context is behind it"
			      : "lies in what the hunk before it has changed";

	return err_at(w->e, ERR_INPUT, w->patch->shown_name, h->line, 0,
		      "hunk %zu does not match %.*s: it would at line %ld, but %s", number,
		      STR_ARG(shown_file(w)), at + 1, why);
}

/* Whether the hunk's new side is where it would be, had it been applied. */
static bool is_applied(struct work *w, const struct patch_hunk *h, long guess)
{
	size_t new_at = h->new_lines ? h->new_start - 1 : h->new_start;

	if (!h->new_lines)
		return false;
	set_pattern(w, h, PATCH_NEW);
	return (guess >= 0 && differs(w, (size_t)guess) == w->want.n) ||
	       differs(w, new_at) == w->want.n;
}

static bool no_match(struct work *w, const struct patch_hunk *h, size_t number, long guess)
{
	size_t at = guess < 0 ? 0 : (size_t)guess, i = differs(w, at);

	if (w->steps > w->max_steps) {
		err_at(w->e, ERR_INPUT, w->patch->shown_name, h->line, 0,
		       "it takes too long to find where hunk %zu belongs in %.*s, which is not "
		       "line %zu",
		       number, STR_ARG(shown_file(w)), at + 1);
		return err_fix(w->e, "make the patch anew from this version of the file");
	}
	if (i < w->want.n)
		say_line(w, h, number, at + i, w->want.text[i]);
	else
		say_place(w, h, number, (long)at);
	if (is_applied(w, h, guess))
		return err_fix(
		    w->e, "its new lines are there: already applied? then leave the patch out");
	return err_fix(w->e,
		       "make the patch anew from this version of the file: no line may differ");
}

/* --- applying --------------------------------------------------------------------------------- */

/* Appends; false when a line without a newline would no longer be the last. */
static bool put(struct work *w, struct str text)
{
	if (text.n && w->out.n && w->out.p[w->out.n - 1] != '\n')
		return false;
	buf_adds(&w->out, text);
	return true;
}

static bool put_hunk(struct work *w, const struct patch_hunk *h, size_t number, size_t at)
{
	struct str rest = h->body;
	struct patch_line l;
	bool ok = put(w, lines_of(w, w->at, at));

	while (ok && patch_line_next(&rest, &l))
		if (l.sides & PATCH_NEW)
			ok = put(w, l.text);
	w->at = at + h->old_lines;
	if (ok)
		return true;
	err_at(w->e, ERR_INPUT, w->patch->shown_name, h->line, 0,
	       "hunk %zu adds lines behind the last line of %.*s, which has no newline", number,
	       STR_ARG(shown_file(w)));
	return err_fix(w->e, "make the patch anew: it must replace that line, too");
}

/* Without old lines there is nothing to look for. */
static bool place_new_lines(struct work *w, const struct patch_hunk *h, size_t number, long guess)
{
	if (guess >= (long)w->at && guess <= (long)w->n && (!h->new_cut || guess == (long)w->n))
		return true;
	err_at(w->e, ERR_INPUT, w->patch->shown_name, h->line, 0,
	       "hunk %zu belongs behind line %ld of %.*s, which has %zu lines", number, guess,
	       STR_ARG(shown_file(w)), w->n);
	return err_fix(w->e, "make the patch anew from this version of the file, with context");
}

static bool ambiguous(struct work *w, const struct patch_hunk *h, size_t number, long guess,
		      long at, long other)
{
	err_at(w->e, ERR_INPUT, w->patch->shown_name, h->line, 0,
	       "hunk %zu is for line %ld of %.*s, but fits at %ld and at %ld", number, guess + 1,
	       STR_ARG(shown_file(w)), (at < other ? at : other) + 1,
	       (at < other ? other : at) + 1);
	return err_fix(w->e,
		       "make the patch anew from this version of the file, or with more context");
}

static bool apply_hunk(struct work *w, size_t i, long *offset_lines)
{
	const struct patch_hunk *h = &w->file->hunks.v[i];
	long guess = (long)patch_lines_before(h) + w->offset, at = guess, other;

	if (!h->old_lines) {
		if (!place_new_lines(w, h, i + 1, guess))
			return false;
	} else {
		at = find(w, h, guess);
		if (at < 0)
			return no_match(w, h, i + 1, guess);
		other = at == guess ? -1 : another(w, h, at);
		if (other >= 0)
			return ambiguous(w, h, i + 1, guess, at, other);
	}
	w->offset = at - (long)patch_lines_before(h);
	if (labs(w->offset) > labs(*offset_lines))
		*offset_lines = w->offset;
	return put_hunk(w, h, i + 1, (size_t)at);
}

static bool apply_all(struct work *w, long *offset_lines)
{
	size_t added = 0;

	prepare(w);
	for (size_t i = 0; i < w->file->hunks.n; i++)
		added += w->file->hunks.v[i].body.n;
	buf_reserve(&w->out, w->before.n + added);
	for (size_t i = 0; i < w->file->hunks.n; i++)
		if (!apply_hunk(w, i, offset_lines))
			return false;
	buf_adds(&w->out, lines_of(w, w->at, w->n));
	if (w->file->kind != PATCH_DELETE || !w->out.n)
		return true;
	err_at(w->e, ERR_INPUT, w->patch->shown_name, w->file->line, 0,
	       "%.*s is deleted, but has %zu bytes that the patch does not know",
	       STR_ARG(w->file->from), w->out.n);
	return err_fix(w->e, "make the patch anew from this version of the file");
}

bool patch_apply(struct arena *a, const struct patch *p, const struct patch_file *f,
		 struct str before, struct str *after, long *offset_lines, struct err *e)
{
	struct work w = {.a = a, .patch = p, .file = f, .before = before, .e = e};
	bool ok;

	*offset_lines = 0;
	if (f->kind == PATCH_CREATE)
		w.before = STR("");
	if (w.before.n > PATCH_MAX_FILE_BYTES) {
		err_at(e, ERR_INPUT, p->shown_name, f->line, 0, "%.*s is larger than 64 MiB",
		       STR_ARG(f->from));
		return err_fix(e, "leave so large a file out of the patch");
	}
	ok = apply_all(&w, offset_lines);
	if (ok)
		*after = str_dup(a, buf_str(&w.out));
	buf_fini(&w.out);
	arena_fini(&w.scratch);
	return ok;
}
