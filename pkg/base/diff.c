/*
 * Equal lines at both ends are set aside; what is between is compared by its longest common subsequence, in a
 * table. The texts that are compared here have some dozens of lines.
 */
#include "base/diff.h"

#include <stdint.h>
#include <string.h>

#include "base/vec.h"

enum { CONTEXT = 3, CELLS_MAX = 1 << 24 };

struct texts {
	struct arena a;
	struct str_vec old, new; /* lines, each with its newline if it has one */
	char *ops;		 /* '-', '+' and ' ', in order */
	size_t n;
};

static void split(struct arena *a, struct str text, struct str_vec *out)
{
	while (text.n) {
		size_t n = str_find(text, '\n');

		n += n < text.n;
		*vec_push(a, out) = str_from(text.p, n);
		text = str_skip(text, n);
	}
}

static void add_ops(struct texts *t, char op, size_t n)
{
	memset(t->ops + t->n, op, n);
	t->n += n;
}

/* len[i * (cols + 1) + k]: length of the longest common subsequence of what follows line i and line k. */
static void compare(struct texts *t, size_t from, size_t rows, size_t cols)
{
	const struct str *x = t->old.v + from, *y = t->new.v + from;
	size_t w = cols + 1, i, k;
	uint32_t *len;

	if (rows && cols > CELLS_MAX / rows) {
		add_ops(t, '-', rows);
		add_ops(t, '+', cols);
		return;
	}
	len = arena_array(&t->a, uint32_t, (rows + 1) * w);
	for (i = rows; i-- > 0;)
		for (k = cols; k-- > 0;) {
			uint32_t down = len[(i + 1) * w + k], right = len[i * w + k + 1];

			len[i * w + k] = str_eq(x[i], y[k]) ? len[(i + 1) * w + k + 1] + 1
					 : down > right	    ? down
							    : right;
		}
	for (i = k = 0; i < rows || k < cols;) {
		bool same = i < rows && k < cols && str_eq(x[i], y[k]);
		bool take = i < rows && (k == cols || len[(i + 1) * w + k] >= len[i * w + k + 1]);

		add_ops(t, same ? ' ' : take ? '-' : '+', 1);
		i += same || take;
		k += same || !take;
	}
}

static void find_ops(struct texts *t)
{
	size_t n = t->old.n, m = t->new.n, head = 0, tail = 0;

	t->ops = arena_array(&t->a, char, n + m + 1);
	while (head < n && head < m && str_eq(t->old.v[head], t->new.v[head]))
		head++;
	while (tail < n - head && tail < m - head &&
	       str_eq(t->old.v[n - 1 - tail], t->new.v[m - 1 - tail]))
		tail++;
	add_ops(t, ' ', head);
	compare(t, head, n - head - tail, m - head - tail);
	add_ops(t, ' ', tail);
}

/* The end of the hunk that begins at op i: so many equal lines follow that the next one is a hunk of its own. */
static size_t hunk_end(const struct texts *t, size_t i)
{
	size_t same = 0;

	for (; i < t->n && same <= (size_t)2 * CONTEXT; i++)
		same = t->ops[i] == ' ' ? same + 1 : 0;
	return i - (same > CONTEXT ? same - CONTEXT : 0);
}

/* "-3,7"; of no lines the number of the one before. */
static void add_range(struct buf *out, char sign, size_t line, size_t count)
{
	buf_printf(out, "%c%zu", sign, count ? line + 1 : line);
	if (count != 1)
		buf_printf(out, ",%zu", count);
}

static void add_line(struct buf *out, char op, struct str line)
{
	buf_add_byte(out, op);
	buf_adds(out, line);
	if (!str_endsc(line, "\n"))
		buf_addc(out, "\n\\ No newline at end of file\n");
}

static void add_hunk(struct buf *out, const struct texts *t, size_t from, size_t to, size_t i,
		     size_t k)
{
	size_t olds = 0, news = 0;

	for (size_t at = from; at < to; at++) {
		olds += t->ops[at] != '+';
		news += t->ops[at] != '-';
	}
	buf_addc(out, "@@ ");
	add_range(out, '-', i, olds);
	buf_add_byte(out, ' ');
	add_range(out, '+', k, news);
	buf_addc(out, " @@\n");
	for (size_t at = from; at < to; at++) {
		add_line(out, t->ops[at], t->ops[at] == '+' ? t->new.v[k] : t->old.v[i]);
		i += t->ops[at] != '+';
		k += t->ops[at] != '-';
	}
}

static void add_hunks(struct buf *out, const struct texts *t)
{
	size_t i = 0, k = 0; /* lines of old and new before op at */

	for (size_t at = 0; at < t->n;) {
		size_t back, end;

		if (t->ops[at] == ' ') {
			at++, i++, k++;
			continue;
		}
		back = at < CONTEXT ? at : CONTEXT;
		end = hunk_end(t, at);
		add_hunk(out, t, at - back, end, i - back, k - back);
		for (; at < end; at++) {
			i += t->ops[at] != '+';
			k += t->ops[at] != '-';
		}
	}
}

static void add_name(struct buf *out, const char *sign, const char *side, struct str name,
		     struct str text)
{
	if (text.p)
		buf_printf(out, "%s %s/%.*s\n", sign, side, STR_ARG(name));
	else
		buf_printf(out, "%s /dev/null\n", sign);
}

void text_diff(struct buf *out, struct str name, struct str old, struct str new)
{
	struct texts t = {0};

	if (str_eq(old, new))
		return;
	split(&t.a, old, &t.old);
	split(&t.a, new, &t.new);
	find_ops(&t);
	add_name(out, "---", "a", name, old);
	add_name(out, "+++", "b", name, new);
	add_hunks(out, &t);
	arena_fini(&t.a);
}
