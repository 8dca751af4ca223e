/*
 * Events: what rooms tell while they work. A room emits plain values into a sink that its caller gave;
 * the terminal is one reader of them, --json another. Nothing here prints.
 */
#ifndef BASE_EVENT_H
#define BASE_EVENT_H

#include <stdint.h>

#include "base/str.h"

enum event_kind {
	EVENT_NOTE,    /* text: something the user should see once (a choice made, a download) */
	EVENT_WARNING, /* text */
	EVENT_PLAN,    /* total: number of actions that will be looked at */
	EVENT_ACTION_START, /* text: action's title */
	EVENT_ACTION_END,   /* text: title; output: the tool's words, whole; outcome; elapsed_ms */
	EVENT_COMMAND,	    /* text: shell-quoted command line (-x, -n) */
	EVENT_EXPLAIN,	    /* text: one line saying why an action ran or did not */
	EVENT_PROGRESS,	    /* text: what; done/total in bytes or items (total 0: unknown) */
	EVENT_DONE,	    /* done/total actions, cached count in cached, elapsed_ms */
};

enum event_outcome { EVENT_RAN, EVENT_CACHED, EVENT_FAILED, EVENT_SKIPPED };

struct event {
	enum event_kind kind;
	enum event_outcome outcome;
	struct str text;
	struct str output;
	uint64_t done, total, cached;
	uint64_t elapsed_ms;
};

/* A sink is called on the emitting room's own thread (always the main one). */
struct event_sink {
	void (*emit)(struct event_sink *self, const struct event *ev);
};

/* Emits to s; a NULL sink swallows it. */
void event_emit(struct event_sink *s, const struct event *ev);
/* Formats and emits a note (warning). */
void event_note(struct event_sink *s, const char *fmt, ...) ATTR_PRINTF(2, 3);
void event_warn(struct event_sink *s, const char *fmt, ...) ATTR_PRINTF(2, 3);

#endif
