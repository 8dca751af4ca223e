/*
 * Emitting; sinks live in ui.
 */
#include "base/event.h"

void event_emit(struct event_sink *s, const struct event *ev)
{
	if (s)
		s->emit(s, ev);
}

void event_phase(struct event_sink *s, struct str name, uint64_t start_ns, uint64_t end_ns)
{
	struct event_span span = {.lane = LANE_PHASE, .start_ns = start_ns, .end_ns = end_ns};

	if (s && s->spans)
		event_emit(s, &(struct event){.kind = EVENT_SPAN, .text = name, .span = &span});
}

static void emit_text(struct event_sink *s, enum event_kind kind, const char *fmt, va_list ap)
    ATTR_PRINTF(3, 0);

static void emit_text(struct event_sink *s, enum event_kind kind, const char *fmt, va_list ap)
{
	struct buf b = {0};

	buf_vprintf(&b, fmt, ap);
	event_emit(s, &(struct event){.kind = kind, .text = buf_str(&b)});
	buf_fini(&b);
}

void event_note(struct event_sink *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit_text(s, EVENT_NOTE, fmt, ap);
	va_end(ap);
}

void event_warn(struct event_sink *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit_text(s, EVENT_WARNING, fmt, ap);
	va_end(ap);
}
