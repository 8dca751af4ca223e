/*
 * ui: readers of events. The terminal shows one live status line and failures whole and once; plain
 * prints only what matters, for pipes and CI; json writes one object an event.
 *
 *     struct ui *ui; ui_open(&ui, UI_AUTO);
 *     ... opts.sink = ui_sink(ui) ...
 *     ui_error(ui, &e);           the one place where an error is printed
 *     ui_close(ui);
 *
 * The status line says how much is done, how long it took and will take (from recorded durations), and
 * what runs since when, the longest-running first.
 *
 * Everything goes to standard error, except JSON and what a verb prints as its result. Colours and the
 * status line only on a terminal without NO_COLOR and with TERM other than "dumb". In GitHub Actions
 * (GITHUB_ACTIONS=true) errors and warnings are workflow commands too.
 */
#ifndef UI_UI_H
#define UI_UI_H

#include "base/err.h"
#include "base/event.h"

enum ui_mode { UI_AUTO, UI_PLAIN, UI_TERMINAL, UI_JSON };

struct ui;

void ui_open(struct ui **out, enum ui_mode mode);
struct event_sink *ui_sink(struct ui *u);
/* From now on words that were shown before are not shown again: what was begun is begun anew. */
void ui_again(struct ui *u);
/* Whether a warning was shown. */
bool ui_warned(const struct ui *u);
/* Removes the status line, so that other output may be written. */
void ui_clear(struct ui *u);
/* Prints an error as base/err.h shows it (or as a JSON object). ERR_TOOL prints only its remedy. */
void ui_error(struct ui *u, const struct err *e);
/*
 * Keeps the spans of all events from now on, for the trace file at path (Chrome's trace event format;
 * Perfetto shows it).
 */
void ui_trace(struct ui *u, struct str path);
/* Writes that file, once; true when there is none to write. */
bool ui_trace_write(struct ui *u, struct err *e) ATTR_MUST_USE;
void ui_close(struct ui *u); /* accepts NULL */

#endif
