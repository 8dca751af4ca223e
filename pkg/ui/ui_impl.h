/*
 * What the files of this room share. Never leaves it.
 */
#ifndef UI_UI_IMPL_H
#define UI_UI_IMPL_H

#include "base/event.h"
#include "base/vec.h"
#include "ui/ui.h"

/* --- status.c --- */

/* An action that runs. */
struct running {
	uint32_t id;
	uint64_t start_ms;
	char title[120];
};

/* What the status line is made of. Times are clock_mono_ms. */
struct status {
	uint64_t total, done, start_ms, left_ms;
	char progress[160]; /* a download or the like, while no action runs */
	struct running *running;
	size_t n, cap; /* of running; in order of start, so the longest-running comes first */
};

void status_start(struct status *s, uint32_t id, struct str title, uint64_t now_ms);
void status_end(struct status *s, uint32_t id);
void status_progress(struct status *s, struct str text);
/* The line, without newline, in at most width columns. */
void status_format(struct buf *out, const struct status *s, unsigned width, uint64_t now_ms);
void status_fini(struct status *s);

/* --- trace.c --- */

struct trace;

/* start_ns: where its time begins (clock_mono_ns). */
struct trace *trace_new(struct str path, uint64_t start_ns);
void trace_span(struct trace *t, const struct event *ev);
/* The whole document. */
struct str trace_finish(struct trace *t);
const char *trace_path(const struct trace *t);
void trace_free(struct trace *t); /* accepts NULL */

#endif
