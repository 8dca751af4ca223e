/*
 * What a run tells its sink: each action's start and end, what is left, and, to a sink that wants them,
 * the spans that a trace is made of.
 */
#include "exec/exec_impl.h"
#include "sys/clock.h"

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/*
 * The longer of two bounds: the longest chain that is left, and all work that is left spread over the
 * slots. Of a running action what remains of its cost counts. 0 when most costs are not known.
 */
static uint64_t left_ms(const struct run *r)
{
	uint64_t now_ms = clock_mono_ms(), chain = 0, work = r->s.left_ms, slots = r->jobs;

	if (r->s.known_n * 2 < r->s.wanted_n)
		return 0;
	if (r->s.ready.n)
		chain = r->s.nodes[r->s.ready.v[0]].way_ms;
	if (r->s.misses.n)
		chain = most(chain, r->s.nodes[r->s.misses.v[0]].way_ms);
	for (size_t i = 0; i < r->active.n; i++) {
		const struct node *node = &r->s.nodes[r->active.v[i]->x->index];
		uint64_t past = now_ms - r->active.v[i]->started_ms;

		past = past < node->cost.wall_ms ? past : node->cost.wall_ms;
		chain = most(chain, node->way_ms - past);
		work -= past;
	}
	if (r->o->jobserver)
		slots = most(r->active.n, 1);
	return most(chain, work / slots);
}

static bool wants_left(const struct run *r)
{
	return r->o->sink && r->o->sink->tick_ms;
}

static void emit_action(struct run *r, const struct action *x, struct event *ev)
{
	ev->text = x->title;
	ev->id = x->index;
	ev->done = r->done;
	ev->total = r->s.wanted_n;
	ev->left_ms = wants_left(r) ? left_ms(r) : 0;
	event_emit(r->o->sink, ev);
}

void report_text(struct run *r, enum event_kind kind, struct str text)
{
	event_emit(
	    r->o->sink,
	    &(struct event){.kind = kind, .text = text, .done = r->done, .total = r->s.wanted_n});
}

void report_start(struct run *r, const struct action *x)
{
	emit_action(r, x, &(struct event){.kind = EVENT_ACTION_START});
}

void report_end(struct run *r, const struct action *x, enum event_outcome outcome,
		uint64_t elapsed_ms)
{
	emit_action(r, x,
		    &(struct event){.kind = EVENT_ACTION_END,
				    .outcome = outcome,
				    .output = outcome == EVENT_SKIPPED ? STR("") : x->words,
				    .elapsed_ms = elapsed_ms});
}

void report_tick(struct run *r)
{
	event_emit(r->o->sink, &(struct event){.kind = EVENT_TICK,
					       .done = r->done,
					       .total = r->s.wanted_n,
					       .left_ms = left_ms(r)});
}

bool report_spans(const struct run *r)
{
	return r->o->sink && r->o->sink->spans;
}

static void emit_span(struct run *r, const struct action *x, const struct event_span *span)
{
	event_emit(
	    r->o->sink,
	    &(struct event){.kind = EVENT_SPAN, .text = x->title, .id = x->index, .span = span});
}

void report_lookup(struct run *r, const struct action *x, bool hit, uint64_t start_ns)
{
	char hex[DIGEST_HEX + 1];

	digest_hex(&x->key, hex);
	emit_span(r, x,
		  &(struct event_span){.lane = LANE_LOOKUP,
				       .start_ns = start_ns,
				       .end_ns = clock_mono_ns(),
				       .key = str_of(hex),
				       .outcome = hit ? EVENT_CACHED : EVENT_RAN});
}

void report_job(struct run *r, const struct job *j, bool ok, uint64_t peak_bytes)
{
	char hex[DIGEST_HEX + 1];

	digest_hex(&j->x->key, hex);
	emit_span(r, j->x,
		  &(struct event_span){.lane = LANE_JOB + j->slot,
				       .start_ns = j->started_ns,
				       .end_ns = j->ended_ns,
				       .key = str_of(hex),
				       .outcome = ok ? EVENT_RAN : EVENT_FAILED,
				       .peak_bytes = peak_bytes});
}

void report_store(struct run *r, const struct action *x, uint64_t start_ns)
{
	emit_span(r, x,
		  &(struct event_span){
		      .lane = LANE_STORE, .start_ns = start_ns, .end_ns = clock_mono_ns()});
}

void report_phase(struct run *r, const char *name, uint64_t start_ns)
{
	event_phase(r->o->sink, str_of(name), start_ns, clock_mono_ns());
}
