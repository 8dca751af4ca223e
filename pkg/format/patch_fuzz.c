/*
 * Fuzz target: what parses is applied to a file made of its old sides, each at its line with lines between that
 * are nowhere else. What comes out must be the new sides with the same lines between. Then it is applied to the
 * patch's own text, where hunks are found anywhere or nowhere.
 */
#include "format/patch_impl.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { LINES_MAX = 2000 };

/* Lines up to the hunk's first; false when they would be too many. */
static bool fill(struct buf *before, struct buf *after, size_t *line, const struct patch_hunk *h)
{
	if (patch_lines_before(h) > LINES_MAX)
		return false;
	for (; *line < patch_lines_before(h); ++*line) {
		buf_printf(before, "between %zu\n", *line);
		buf_printf(after, "between %zu\n", *line);
	}
	return true;
}

static bool make_file(const struct patch_file *f, struct buf *before, struct buf *after)
{
	size_t line = 0;

	for (size_t i = 0; i < f->hunks.n; i++) {
		const struct patch_hunk *h = &f->hunks.v[i];
		struct str rest = h->body;
		struct patch_line l;

		if (!fill(before, after, &line, h))
			return false;
		while (patch_line_next(&rest, &l)) {
			if (l.sides & PATCH_OLD)
				buf_adds(before, l.text);
			if (l.sides & PATCH_NEW)
				buf_adds(after, l.text);
		}
		line += h->old_lines;
	}
	return true;
}

static void check(const struct patch *p, const struct patch_file *f, struct str text)
{
	struct arena a = {0};
	struct buf before = {0}, want = {0};
	struct str after;
	struct err e;
	long moved;

	if (make_file(f, &before, &want) &&
	    patch_apply(&a, p, f, buf_str(&before), &after, &moved, &e) &&
	    (moved || !str_eq(after, buf_str(&want))))
		abort();
	if (!patch_apply(&a, p, f, text, &after, &moved, &e) && (!e.msg[0] || !e.fix[0]))
		abort();
	buf_fini(&before);
	buf_fini(&want);
	arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str text = {(const char *)data, n};

	for (unsigned strip = 0; strip < 2; strip++) {
		struct arena a = {0};
		struct patch p;
		struct err e;

		if (patch_parse(&a, "fuzz", text, strip, &p, &e))
			for (size_t i = 0; i < p.files.n && i < 16; i++)
				check(&p, &p.files.v[i], text);
		else if (!e.fix[0])
			abort();
		arena_fini(&a);
	}
	return 0;
}
