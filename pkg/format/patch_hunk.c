/*
 * Hunks: their lines are counted against what their headers say, and nothing that looks like one more may follow.
 */
#include "format/patch_impl.h"

#include <string.h>

static size_t line_bytes(struct str rest)
{
	size_t n = str_find(rest, '\n');

	return n < rest.n ? n + 1 : n;
}

bool patch_line_next(struct str *rest, struct patch_line *out)
{
	size_t n = line_bytes(*rest);
	const char *kind = n ? memchr(" -+\n", rest->p[0], 4) : NULL;

	if (!kind)
		return false;
	*out = (struct patch_line){.text = str_from(rest->p, n), .lines = 1};
	out->sides = *kind == '-' ? PATCH_OLD : *kind == '+' ? PATCH_NEW : PATCH_OLD | PATCH_NEW;
	if (*kind != '\n')
		out->text = str_skip(out->text, 1);
	*rest = str_skip(*rest, n);
	if (str_startsc(*rest, "\\ ")) {
		out->cut = true;
		out->lines = 2;
		out->text.n -= str_endsc(out->text, "\n");
		*rest = str_skip(*rest, line_bytes(*rest));
	}
	return true;
}

/* What is known of a hunk's lines so far. */
struct tally {
	size_t old_lines, new_lines;
	size_t context;	       /* lines of it since the last change */
	unsigned changed, cut; /* sides */
};

static bool hunk_ends_early(struct patch_reader *r, const struct patch_hunk *h,
			    const struct tally *t)
{
	if (!r->rest.n)
		err_at(r->e, ERR_INPUT, r->name, r->line, 0, "the patch ends inside of a hunk");
	else
		err_at(r->e, ERR_INPUT, r->name, r->line, 0,
		       "a line of a hunk begins with a blank, '+', '-' or '\\', not as %s",
		       patch_shown(r->a, patch_line_at(r, 0)));
	err_wrap(r->e, "reading the hunk at line %d, which lacks %zu old and %zu new lines",
		 h->line, h->old_lines - t->old_lines, h->new_lines - t->new_lines);
	return err_fix(r->e, "it was cut off or edited by hand: fetch or make the patch again");
}

static bool is_too_long(struct patch_reader *r, const struct patch_hunk *h)
{
	err_at(r->e, ERR_INPUT, r->name, r->line, 0,
	       "the hunk at line %d has more lines than it says: %zu old and %zu new ones", h->line,
	       h->old_lines, h->new_lines);
	return err_fix(
	    r->e,
	    "it was edited by hand: correct its numbers (`recountdiff` can) or make it again");
}

/* A line that is whole, and allowed where it stands. */
static bool check_line(struct patch_reader *r, const struct patch_hunk *h, const struct tally *t,
		       const struct patch_line *l)
{
	if ((l->sides & PATCH_OLD && t->old_lines == h->old_lines) ||
	    (l->sides & PATCH_NEW && t->new_lines == h->new_lines))
		return is_too_long(r, h);
	if (l->sides & t->cut)
		return patch_fail(r, r->line,
				  "a line follows the one that has no newline at its end",
				  "only a file's last line may be without: make the patch again");
	if (l->cut ? !l->text.n : !str_endsc(l->text, "\n"))
		return patch_fail(
		    r, r->line, "the patch ends inside of a line",
		    "it was cut off, or its last newline was: fetch or make it again");
	return true;
}

static bool read_line(struct patch_reader *r, struct patch_hunk *h, struct tally *t)
{
	struct str rest = r->rest;
	struct patch_line l;

	if (!patch_line_next(&rest, &l))
		return hunk_ends_early(r, h, t);
	if (!check_line(r, h, t, &l))
		return false;
	t->old_lines += l.sides & PATCH_OLD ? 1 : 0;
	t->new_lines += l.sides & PATCH_NEW ? 1 : 0;
	t->context++;
	if (l.sides != (PATCH_OLD | PATCH_NEW)) {
		if (!t->changed)
			h->leading = t->context - 1;
		t->changed |= l.sides;
		t->context = 0;
	}
	t->cut |= l.cut ? l.sides : 0;
	r->rest = rest;
	r->line += l.lines;
	return true;
}

/* Nothing that looks like one more line may follow, but for the next names, the "-- " of mail and mere blanks. */
static bool check_behind(struct patch_reader *r, const struct patch_hunk *h)
{
	struct str line = patch_line_at(r, 0);

	if (!str_trim(line).n || !memchr(" +-\\", line.p[0], 4) || patch_at_names(r) ||
	    str_eqc(str_trim(line), "--"))
		return true;
	return is_too_long(r, h);
}

/* A number of at most PATCH_MAX_LINE; what is larger becomes one more. */
static bool take_number(struct str *s, size_t *out)
{
	uint64_t value;
	size_t n = 0;

	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	if (!str_u64(str_from(s->p, n), &value) || value > PATCH_MAX_LINE)
		value = PATCH_MAX_LINE + 1;
	*out = (size_t)value;
	*s = str_skip(*s, n);
	return n > 0;
}

/* "12,3", or "12" for one line. */
static bool take_range(struct str *s, size_t *start, size_t *lines)
{
	*lines = 1;
	return take_number(s, start) && (!patch_take(s, ",") || take_number(s, lines));
}

static bool read_hunk_header(struct patch_reader *r, struct patch_hunk *h)
{
	struct str s = patch_line_at(r, 0);

	if (!patch_take(&s, "@@ -") || !take_range(&s, &h->old_start, &h->old_lines) ||
	    !patch_take(&s, " +") || !take_range(&s, &h->new_start, &h->new_lines) ||
	    !patch_take(&s, " @@"))
		return patch_fail(r, r->line, "the header of a hunk is malformed",
				  "it is '@@ -LINE,LINES +LINE,LINES @@', in digits");
	if (h->old_start > PATCH_MAX_LINE || h->old_lines > PATCH_MAX_LINE ||
	    h->new_start > PATCH_MAX_LINE || h->new_lines > PATCH_MAX_LINE)
		return patch_fail(
		    r, r->line, "a number in the header of a hunk is too large",
		    "no file that can be patched has more than 268435456 lines: make it again");
	if ((!h->old_start && h->old_lines) || (!h->new_start && h->new_lines))
		return patch_fail(r, r->line, "a hunk has lines at line 0",
				  "lines count from 1; '0,0' says that there are none");
	patch_skip(r);
	return true;
}

static bool read_hunk(struct patch_reader *r, struct patch_hunk *h)
{
	struct tally t = {0};

	h->line = r->line;
	if (!read_hunk_header(r, h))
		return false;
	h->body = r->rest;
	while (t.old_lines < h->old_lines || t.new_lines < h->new_lines)
		if (!read_line(r, h, &t))
			return false;
	h->body.n -= r->rest.n;
	h->trailing = t.context;
	h->new_cut = t.cut & PATCH_NEW;
	if (!t.changed)
		return patch_fail(r, h->line, "the hunk changes nothing",
				  "the patch is damaged: fetch or make it again");
	return check_behind(r, h);
}

size_t patch_lines_before(const struct patch_hunk *h)
{
	return h->old_lines ? h->old_start - 1 : h->old_start;
}

bool patch_read_hunks(struct patch_reader *r, struct patch_file *f)
{
	size_t end = 0;

	while (patch_at(r, "@@ -")) {
		struct patch_hunk h = {0};

		if (++r->hunks > PATCH_MAX_HUNKS)
			return patch_fail(r, r->line, "the patch has more than 100000 hunks",
					  "split it into several");
		if (!read_hunk(r, &h))
			return false;
		if (patch_lines_before(&h) < end)
			return patch_fail(
			    r, h.line, "the hunk begins before the end of the one before it",
			    "hunks stand in the order of their lines: make the patch again");
		end = patch_lines_before(&h) + h.old_lines;
		*vec_push(r->a, &f->hunks) = h;
	}
	return true;
}
