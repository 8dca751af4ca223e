/*
 * Spans as Chrome's trace event format ("Trace Event Format", JSON object form, complete events), which
 * Perfetto and chrome://tracing show. A lane is a thread of the one process; times are microseconds
 * since the command began.
 */
#include <stdlib.h>

#include "ui/ui_impl.h"

struct trace {
	struct arena a;
	const char *path;
	uint64_t start_ns;
	unsigned lanes; /* one more than the highest that was seen */
	struct buf text;
};

static const char *const lane_names[] = {"phases", "look-ups", "keeping outputs"};
static const char *const categories[] = {"phase", "look-up", "store", "job"};
static const char *const outcome_names[] = {"ran", "cached", "failed", "skipped"};

struct trace *trace_new(struct str path, uint64_t start_ns)
{
	struct trace *t = mem_alloc(sizeof *t);

	*t = (struct trace){.start_ns = start_ns};
	t->path = str_c(&t->a, path);
	buf_addc(&t->text, "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n"
			   "{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"tid\":0,"
			   "\"args\":{\"name\":\"cbuild\"}}");
	return t;
}

static void add_us(struct buf *b, const char *name, uint64_t ns)
{
	buf_printf(b, ",\"%s\":%llu.%03u", name, (unsigned long long)(ns / 1000),
		   (unsigned)(ns % 1000));
}

static void add_args(struct buf *b, const struct event_span *span)
{
	buf_addc(b, ",\"args\":{\"key\":");
	buf_add_json(b, span->key);
	buf_printf(b, ",\"outcome\":\"%s\",\"cached\":%s", outcome_names[span->outcome],
		   span->outcome == EVENT_CACHED ? "true" : "false");
	if (span->peak_bytes)
		buf_printf(b, ",\"peak_bytes\":%llu", (unsigned long long)span->peak_bytes);
	buf_add_byte(b, '}');
}

void trace_span(struct trace *t, const struct event *ev)
{
	const struct event_span *span = ev->span;
	unsigned kind = span->lane < LANE_JOB ? span->lane : LANE_JOB;
	uint64_t start = span->start_ns > t->start_ns ? span->start_ns - t->start_ns : 0;
	uint64_t end = span->end_ns > t->start_ns ? span->end_ns - t->start_ns : 0;

	t->lanes = span->lane >= t->lanes ? span->lane + 1 : t->lanes;
	buf_addc(&t->text, ",\n{\"name\":");
	buf_add_json(&t->text, ev->text);
	buf_printf(&t->text, ",\"cat\":\"%s\",\"ph\":\"X\",\"pid\":1,\"tid\":%u", categories[kind],
		   span->lane + 1);
	add_us(&t->text, "ts", start);
	add_us(&t->text, "dur", end > start ? end - start : 0);
	if (span->key.n)
		add_args(&t->text, span);
	buf_add_byte(&t->text, '}');
}

static void add_lane(struct trace *t, unsigned lane)
{
	buf_printf(&t->text,
		   ",\n{\"name\":\"thread_sort_index\",\"ph\":\"M\",\"pid\":1,\"tid\":%u,"
		   "\"args\":{\"sort_index\":%u}}",
		   lane + 1, lane);
	buf_printf(&t->text,
		   ",\n{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":%u,"
		   "\"args\":{\"name\":\"",
		   lane + 1);
	if (lane < LANE_JOB)
		buf_printf(&t->text, "%s\"}}", lane_names[lane]);
	else
		buf_printf(&t->text, "job %u\"}}", lane - LANE_JOB + 1);
}

struct str trace_finish(struct trace *t)
{
	for (unsigned i = 0; i < t->lanes; i++)
		add_lane(t, i);
	buf_addc(&t->text, "\n]}\n");
	return buf_str(&t->text);
}

const char *trace_path(const struct trace *t)
{
	return t->path;
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	buf_fini(&t->text);
	arena_fini(&t->a);
	free(t);
}
