/*
 * The live line: how far, how long, how much longer, and what runs since when, the longest-running
 * first. It never wraps: a terminal could not take a wrapped line back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/ui_impl.h"

static void copy_text(char *to, size_t size, struct str text)
{
	size_t n = text.n < size - 1 ? text.n : size - 1;

	if (n)
		memcpy(to, text.p, n);
	to[n] = '\0';
}

void status_start(struct status *s, uint32_t id, struct str title, uint64_t now_ms)
{
	struct running *x;

	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 16;
		s->running = mem_realloc(s->running, s->cap * sizeof *s->running);
	}
	x = &s->running[s->n++];
	x->id = id;
	x->start_ms = now_ms;
	copy_text(x->title, sizeof x->title, title);
	s->progress[0] = '\0';
}

void status_end(struct status *s, uint32_t id)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->running[i].id != id)
			continue;
		s->n--;
		memmove(&s->running[i], &s->running[i + 1], (s->n - i) * sizeof *s->running);
		return;
	}
}

void status_progress(struct status *s, struct str text)
{
	copy_text(s->progress, sizeof s->progress, text);
}

static void add_time(struct buf *out, uint64_t ms)
{
	uint64_t s = ms / 1000;

	if (s < 60)
		buf_printf(out, "%.1fs", (double)ms / 1000);
	else if (s < 3600)
		buf_printf(out, "%llum%02llus", (unsigned long long)(s / 60),
			   (unsigned long long)(s % 60));
	else
		buf_printf(out, "%lluh%02llum", (unsigned long long)(s / 3600),
			   (unsigned long long)(s / 60 % 60));
}

/*
 * The length in bytes of the character at p (1 where it is not UTF-8) and its columns: two from U+1100
 * on, which is never too few.
 */
static size_t character(const char *p, size_t n, unsigned *columns)
{
	unsigned char c = (unsigned char)*p;
	size_t len = c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF8 ? 4 : 1;

	*columns = 1;
	if (len > n)
		return 1;
	for (size_t i = 1; i < len; i++)
		if (((unsigned char)p[i] & 0xC0) != 0x80)
			return 1;
	*columns = len > 3 || (len == 3 && c >= 0xE1) ? 2 : 1;
	return len;
}

/* As much of text as fits; bytes that would move the cursor become '?'. */
static void add_fitting(struct buf *out, struct str text, unsigned width)
{
	unsigned used = 0, columns;

	for (size_t at = 0; at < text.n;) {
		size_t len = character(text.p + at, text.n - at, &columns);
		unsigned char c = (unsigned char)text.p[at];

		if (used + columns > width)
			return;
		if (len == 1 && (c < 0x20 || c >= 0x7F))
			buf_add_byte(out, '?');
		else
			buf_add(out, text.p + at, len);
		used += columns;
		at += len;
	}
}

void status_format(struct buf *out, const struct status *s, unsigned width, uint64_t now_ms)
{
	struct buf line = {0};

	if (s->total)
		buf_printf(&line, "[%llu/%llu] ", (unsigned long long)s->done,
			   (unsigned long long)s->total);
	add_time(&line, now_ms - s->start_ms);
	if (s->left_ms) {
		buf_addc(&line, ", ");
		add_time(&line, s->left_ms);
		buf_addc(&line, " left");
	}
	for (size_t i = 0; i < s->n; i++) {
		buf_printf(&line, "%s%s ", i ? ", " : ": ", s->running[i].title);
		add_time(&line, now_ms - s->running[i].start_ms);
	}
	if (!s->n && s->progress[0])
		buf_printf(&line, ": %s", s->progress);
	add_fitting(out, buf_str(&line), width);
	buf_fini(&line);
}

void status_fini(struct status *s)
{
	free(s->running);
	*s = (struct status){0};
}
