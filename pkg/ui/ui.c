/*
 * The status line is rewritten in place at most every 50 ms; anything else that is printed removes it
 * first. Writing goes through one buffer a message, so that lines of several sources never mix.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/terminal.h"
#include "ui/ui_impl.h"

struct ui {
	struct event_sink sink; /* first: the sink's pointer is the ui's */
	enum ui_mode mode;
	bool colour, github, line_shown, warned;
	uint64_t shown_ms, start_ns;
	struct status status;
	struct trace *trace;
	struct arena a;
	struct map words; /* title and output -> how often they were shown, as a number */
	bool again;
};

enum { SHOW_EVERY_MS = 50, TICK_MS = 100 };

static const char red[] = "\033[31m", bold[] = "\033[1m", dim[] = "\033[2m", reset[] = "\033[0m";

static bool terminal_wanted(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

static bool env_set(const char *name)
{
	const char *v = getenv(name);

	return v && v[0];
}

void ui_clear(struct ui *u)
{
	if (!u->line_shown)
		return;
	fputs("\r\033[K", stderr);
	u->line_shown = false;
}

static void status_line(struct ui *u)
{
	uint64_t now = clock_mono_ms();
	struct buf b = {0};

	if (u->mode != UI_TERMINAL || now - u->shown_ms < SHOW_EVERY_MS)
		return;
	u->shown_ms = now;
	buf_printf(&b, "\r\033[K%s", u->colour ? dim : "");
	/* Not the last column: some terminals wrap there. */
	status_format(&b, &u->status, terminal_width(STDERR_FILENO) - 1, now);
	buf_addc(&b, u->colour ? reset : "");
	fwrite(b.p, 1, b.n, stderr);
	fflush(stderr);
	buf_fini(&b);
	u->line_shown = true;
}

static void print_block(struct ui *u, const char *colour, const char *head, struct str text,
			struct str output)
{
	struct buf b = {0};

	ui_clear(u);
	buf_printf(&b, "%s%s%s%.*s\n", u->colour ? colour : "", head, u->colour ? reset : "",
		   STR_ARG(text));
	buf_adds(&b, output);
	if (output.n && output.p[output.n - 1] != '\n')
		buf_add_byte(&b, '\n');
	fwrite(b.p, 1, b.n, stderr);
	buf_fini(&b);
}

/* Notes that words are shown; after ui_again, whether they were before. */
static bool shown_before(struct ui *u, const struct event *ev)
{
	struct str key = str_fmt(&u->a, "%.*s\n%.*s", STR_ARG(ev->text), STR_ARG(ev->output));
	struct map_item *item = map_put(&u->a, &u->words, key, NULL);

	if (u->again && item->num) {
		item->num--;
		return true;
	}
	item->num += !u->again;
	return false;
}

void ui_again(struct ui *u)
{
	u->again = true;
}

/* The tool's own words when it had something to say, even on success. */
static void action_end(struct ui *u, const struct event *ev)
{
	status_end(&u->status, ev->id);
	u->status.done++;
	u->status.left_ms = ev->left_ms;
	if (ev->outcome == EVENT_FAILED)
		print_block(u, red, "FAILED ", ev->text, ev->output);
	else if (ev->output.n && ev->outcome != EVENT_SKIPPED && !shown_before(u, ev))
		print_block(u, bold, "", ev->text, ev->output);
	status_line(u);
}

static void done(struct ui *u, const struct event *ev)
{
	ui_clear(u);
	if (!ev->total)
		return;
	fprintf(stderr, "%s%llu actions, %llu cached, %.2f s%s\n", u->colour ? dim : "",
		(unsigned long long)ev->total, (unsigned long long)ev->cached,
		(double)ev->elapsed_ms / 1000, u->colour ? reset : "");
}

static void progress(struct ui *u, const struct event *ev)
{
	char text[160];

	if (ev->total)
		snprintf(text, sizeof text, "%.*s %llu%%", STR_ARG(ev->text),
			 (unsigned long long)(ev->done * 100 / ev->total));
	else
		snprintf(text, sizeof text, "%.*s %llu", STR_ARG(ev->text),
			 (unsigned long long)ev->done);
	status_progress(&u->status, str_of(text));
	status_line(u);
}

static void emit_text(struct event_sink *self, const struct event *ev)
{
	struct ui *u = (struct ui *)(void *)self;

	switch (ev->kind) {
	case EVENT_NOTE:
		print_block(u, dim, "", ev->text, (struct str){0});
		break;
	case EVENT_WARNING:
		u->warned = true;
		print_block(u, bold, "warning: ", ev->text, (struct str){0});
		break;
	case EVENT_PLAN:
		u->status.total = ev->total;
		u->status.done = 0;
		u->status.start_ms = clock_mono_ms();
		break;
	case EVENT_ACTION_START:
		status_start(&u->status, ev->id, ev->text, clock_mono_ms());
		u->status.left_ms = ev->left_ms;
		status_line(u);
		break;
	case EVENT_ACTION_END:
		action_end(u, ev);
		break;
	case EVENT_COMMAND:
	case EVENT_EXPLAIN:
		ui_clear(u);
		fprintf(stderr, "%.*s\n", STR_ARG(ev->text));
		break;
	case EVENT_PROGRESS:
		progress(u, ev);
		break;
	case EVENT_DONE:
		done(u, ev);
		break;
	case EVENT_TICK:
		u->status.left_ms = ev->left_ms;
		status_line(u);
		break;
	case EVENT_SPAN:
		if (u->trace)
			trace_span(u->trace, ev);
		break;
	}
}

static const char *const kind_names[] = {"note",    "warning", "plan",	   "start", "end",
					 "command", "explain", "progress", "done"};
static const char *const outcome_names[] = {"ran", "cached", "failed", "skipped"};

static void emit_json(struct event_sink *self, const struct event *ev)
{
	struct ui *u = (struct ui *)(void *)self;
	struct buf b = {0};

	if (ev->kind == EVENT_SPAN && u->trace)
		trace_span(u->trace, ev);
	if (ev->kind == EVENT_TICK || ev->kind == EVENT_SPAN)
		return;
	buf_printf(&b, "{\"event\":\"%s\"", kind_names[ev->kind]);
	if (ev->text.n) {
		buf_addc(&b, ",\"text\":");
		buf_add_json(&b, ev->text);
	}
	if (ev->output.n) {
		buf_addc(&b, ",\"output\":");
		buf_add_json(&b, ev->output);
	}
	if (ev->kind == EVENT_ACTION_END)
		buf_printf(&b, ",\"outcome\":\"%s\"", outcome_names[ev->outcome]);
	if (ev->kind == EVENT_DONE || ev->kind == EVENT_PROGRESS || ev->kind == EVENT_PLAN)
		buf_printf(&b, ",\"done\":%llu,\"total\":%llu,\"cached\":%llu",
			   (unsigned long long)ev->done, (unsigned long long)ev->total,
			   (unsigned long long)ev->cached);
	if (ev->kind == EVENT_DONE || ev->kind == EVENT_ACTION_END)
		buf_printf(&b, ",\"elapsed_ms\":%llu", (unsigned long long)ev->elapsed_ms);
	buf_addc(&b, "}\n");
	fwrite(b.p, 1, b.n, stdout);
	fflush(stdout);
	buf_fini(&b);
}

void ui_open(struct ui **out, enum ui_mode mode)
{
	struct ui *u = mem_alloc(sizeof *u);

	if (mode == UI_AUTO)
		mode = terminal_wanted() ? UI_TERMINAL : UI_PLAIN;
	u->mode = mode;
	u->colour = mode == UI_TERMINAL && !env_set("NO_COLOR");
	u->github = env_set("GITHUB_ACTIONS");
	u->sink.emit = mode == UI_JSON ? emit_json : emit_text;
	u->sink.tick_ms = mode == UI_TERMINAL ? TICK_MS : 0;
	u->start_ns = clock_mono_ns();
	u->status.start_ms = clock_mono_ms();
	*out = u;
}

bool ui_warned(const struct ui *u)
{
	return u->warned;
}

struct event_sink *ui_sink(struct ui *u)
{
	return &u->sink;
}

void ui_trace(struct ui *u, struct str path)
{
	trace_free(u->trace);
	arena_fini(&u->a);
	u->trace = trace_new(path, u->start_ns);
	u->sink.spans = true;
}

bool ui_trace_write(struct ui *u, struct err *e)
{
	struct trace *t = u->trace;
	bool ok;

	if (!t)
		return true;
	u->trace = NULL;
	u->sink.spans = false;
	ok = file_write_to(trace_path(t), trace_finish(t), 0644, e) ||
	     err_wrap(e, "writing the trace");
	trace_free(t);
	return ok;
}

static void github_annotation(const struct err *e, struct buf *b)
{
	buf_addc(b, "::error ");
	if (e->place[0])
		buf_printf(b, "file=%s,", e->place);
	if (e->line)
		buf_printf(b, "line=%d,col=%d", e->line, e->col);
	buf_addc(b, "::");
	for (const char *p = e->msg; *p; p++)
		*p == '\n'  ? buf_addc(b, "%0A")
		: *p == '%' ? buf_addc(b, "%25")
			    : buf_add_byte(b, *p);
	buf_add_byte(b, '\n');
}

static void error_json(const struct err *e, struct buf *b)
{
	buf_addc(b, "{\"event\":\"error\",\"message\":");
	buf_add_json(b, str_of(e->msg));
	if (e->place[0]) {
		buf_addc(b, ",\"place\":");
		buf_add_json(b, str_of(e->place));
		buf_printf(b, ",\"line\":%d,\"col\":%d", e->line, e->col);
	}
	if (e->fix[0]) {
		buf_addc(b, ",\"fix\":");
		buf_add_json(b, str_of(e->fix));
	}
	buf_addc(b, "}\n");
}

void ui_error(struct ui *u, const struct err *e)
{
	struct buf b = {0};

	ui_clear(u);
	if (u->mode == UI_JSON) {
		error_json(e, &b);
		fwrite(b.p, 1, b.n, stdout);
		fflush(stdout);
	} else {
		if (u->github)
			github_annotation(e, &b);
		err_render(e, &b);
		fwrite(b.p, 1, b.n, stderr);
	}
	buf_fini(&b);
}

void ui_close(struct ui *u)
{
	if (!u)
		return;
	ui_clear(u);
	status_fini(&u->status);
	trace_free(u->trace);
	arena_fini(&u->a);
	free(u);
}
