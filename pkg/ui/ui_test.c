/*
 * The status line's text and the trace file. That the line appears on a terminal and nowhere else is
 * tested with the whole command (testdata/script/status.txt).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cbuild/test.h"
#include "format/json.h"
#include "sys/file.h"
#include "ui/ui_impl.h"

static void expect_line(struct test *t, const struct status *s, unsigned width, const char *want)
{
	struct buf b = {0};

	status_format(&b, s, width, 100000);
	T_EQ_STR(t, b.p ? b.p : "", want);
	buf_fini(&b);
}

void TestStatusLine(struct test *t)
{
	struct status s = {.total = 12, .done = 3, .start_ms = 96500};

	status_start(&s, 7, STR("cc a.c"), 97000);
	status_start(&s, 8, STR("cc b.c"), 99900);
	expect_line(t, &s, 200, "[3/12] 3.5s: cc a.c 3.0s, cc b.c 0.1s");
	s.left_ms = 64000;
	expect_line(t, &s, 200, "[3/12] 3.5s, 1m04s left: cc a.c 3.0s, cc b.c 0.1s");
	expect_line(t, &s, 20, "[3/12] 3.5s, 1m04s l");
	status_end(&s, 9);
	status_end(&s, 7);
	expect_line(t, &s, 200, "[3/12] 3.5s, 1m04s left: cc b.c 0.1s");
	s.left_ms = 7260000;
	expect_line(t, &s, 26, "[3/12] 3.5s, 2h01m left: c");
	status_end(&s, 8);
	status_progress(&s, STR("fetch zlib 40%"));
	expect_line(t, &s, 200, "[3/12] 3.5s, 2h01m left: fetch zlib 40%");
	status_fini(&s);
}

/* Nothing that a file's name holds moves the cursor, and no character is cut in two. */
void TestStatusLineBytes(struct test *t)
{
	struct status s = {.start_ms = 100000};

	status_start(&s, 1, STR("\033[2J\r\n\x80 \xc3\xa9\xe6\xbc\xa2!"), 100000);
	expect_line(t, &s, 200, "0.0s: ?[2J??? \xc3\xa9\xe6\xbc\xa2! 0.0s");
	expect_line(t, &s, 17, "0.0s: ?[2J??? \xc3\xa9\xe6\xbc\xa2");
	expect_line(t, &s, 16, "0.0s: ?[2J??? \xc3\xa9");
	expect_line(t, &s, 14, "0.0s: ?[2J??? ");
	status_fini(&s);
}

static void emit_span(struct ui *u, const char *name, unsigned lane, uint64_t start_ns,
		      const char *key)
{
	struct event_span span = {.lane = lane,
				  .start_ns = start_ns,
				  .end_ns = start_ns + 1500,
				  .key = str_of(key),
				  .outcome = EVENT_CACHED,
				  .peak_bytes = 77};

	event_emit(ui_sink(u),
		   &(struct event){.kind = EVENT_SPAN, .text = str_of(name), .span = &span});
}

void TestTraceFile(struct test *t)
{
	struct arena a = {0};
	struct str text;
	struct json *doc;
	struct err e;
	struct ui *u;

	T_MUST(t, chdir(test_tmpdir(t)) == 0);
	ui_open(&u, UI_PLAIN);
	T_OK(t, !ui_sink(u)->spans);
	T_OK(t, ui_trace_write(u, &e));
	ui_trace(u, STR("t.json"));
	T_OK(t, ui_sink(u)->spans);
	emit_span(u, "load", LANE_PHASE, 0, "");
	emit_span(u, "cc \"a\n.c", LANE_JOB + 1, UINT64_MAX / 2, "abc");
	T_MUST(t, ui_trace_write(u, &e));
	T_MUST(t, file_read(&a, "t.json", 0, &text, &e));
	T_MUST(t, json_parse(&a, text, "t.json", &doc, &e));
	T_OK(t, str_containsc(text,
			      "\"name\":\"cc \\\"a\\n.c\",\"cat\":\"job\",\"ph\":\"X\",\"pid\":1,"
			      "\"tid\":5"));
	T_OK(t, str_containsc(text, "\"args\":{\"key\":\"abc\",\"outcome\":\"cached\",\"cached\":"
				    "true,\"peak_bytes\":77}"));
	T_OK(t, str_containsc(text, "\"name\":\"job 2\""));
	T_OK(t, !str_containsc(text, "\"name\":\"job 3\""));
	ui_trace(u, STR("absent/t.json"));
	T_OK(t, !ui_trace_write(u, &e));
	T_EQ_STR(t, e.chain, "writing the trace");
	ui_close(u);
	arena_fini(&a);
}
