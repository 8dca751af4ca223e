/*
 * Events: what rooms tell while they work. A room emits plain values into a sink that its caller gave;
 * the terminal is one reader of them, --json another. Nothing here prints.
 */
#ifndef BASE_EVENT_H
#define BASE_EVENT_H

#include <stdbool.h>
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
	EVENT_TICK,	    /* nothing new; left_ms. Only to sinks with a tick_ms */
	EVENT_SPAN,	    /* text: what took span's time. Only to sinks that want spans */
};

enum event_outcome { EVENT_RAN, EVENT_CACHED, EVENT_FAILED, EVENT_SKIPPED };

/* Spans of one lane follow each other; those of different lanes may overlap. */
enum event_lane {
	LANE_PHASE,  /* load, plan, hash, run, place, ... */
	LANE_LOOKUP, /* an action looked up in the cache */
	LANE_STORE,  /* an action's outputs hashed and kept */
	LANE_JOB,    /* and above: the first job slot, the second, ... */
};

struct event_span {
	unsigned lane;
	uint64_t start_ns, end_ns; /* clock_mono_ns */
	/* an action's own, for look-ups and jobs */
	struct str key; /* hex; empty: no action */
	enum event_outcome outcome;
	uint64_t peak_bytes; /* 0: unknown */
};

struct event {
	enum event_kind kind;
	enum event_outcome outcome;
	struct str text;
	struct str output;
	uint64_t done, total, cached;
	uint64_t elapsed_ms;
	uint64_t left_ms; /* expected time to the end, on start, end and tick; 0: unknown */
	uint32_t id;	  /* of an action; start and end have the same */
	const struct event_span *span;
};

/* A sink is called on the emitting room's own thread (always the main one). */
struct event_sink {
	void (*emit)(struct event_sink *self, const struct event *ev);
	bool spans;	  /* wants EVENT_SPAN */
	unsigned tick_ms; /* wants EVENT_TICK that often while actions run; 0: never */
};

/* Emits to s; a NULL sink swallows it. */
void event_emit(struct event_sink *s, const struct event *ev);
/* Emits what took the time between two readings of clock_mono_ns, to a sink that wants spans. */
void event_phase(struct event_sink *s, struct str name, uint64_t start_ns, uint64_t end_ns);
/* Formats and emits a note (warning). */
void event_note(struct event_sink *s, const char *fmt, ...) ATTR_PRINTF(2, 3);
void event_warn(struct event_sink *s, const char *fmt, ...) ATTR_PRINTF(2, 3);

#endif
