/*
 * What to run when. A walk from the goals marks what is needed and orders it (children before
 * parents); counters then say how many needed actions each one still waits for. Among the ready
 * ones the one with the longest chain of costs goes first, since that chain bounds the whole run. An
 * action that never ran costs what the others do on average; when none ever ran, all cost the same,
 * and the longest chain is that of most actions.
 */
#include "exec/exec_impl.h"

enum { MARK_NEW, MARK_OPEN, MARK_DONE };

/* One level of the depth-first walk: an action and the next of its inputs to look at. */
struct frame {
	uint32_t action, input;
};

struct walk {
	struct arena *a;
	struct graph *g;
	uint8_t *mark;
	VEC(struct frame) stack;
	VEC(uint32_t) order; /* every needed action, behind all that it needs */
};

static bool cycle_error(const struct walk *w, uint32_t closing, struct err *e)
{
	struct buf names = {0};
	bool inside = false;

	for (size_t i = 0; i < w->stack.n; i++) {
		uint32_t x = w->stack.v[i].action;

		inside = inside || x == closing;
		if (inside)
			buf_printf(&names, "%.*s -> ", STR_ARG(w->g->actions.v[x]->title));
	}
	buf_adds(&names, w->g->actions.v[closing]->title);
	err_set(e, ERR_INPUT, "actions need each other in a cycle: %s", names.p);
	buf_fini(&names);
	return err_fix(e, "take one of these inputs away");
}

static bool visit(struct walk *w, uint32_t goal, struct err *e)
{
	if (w->mark[goal] != MARK_NEW)
		return true;
	w->mark[goal] = MARK_OPEN;
	*vec_push(w->a, &w->stack) = (struct frame){.action = goal};
	while (w->stack.n) {
		struct frame *top = &w->stack.v[w->stack.n - 1];
		struct action *x = w->g->actions.v[top->action];
		const struct action *from;

		if (top->input == x->inputs.n) {
			w->mark[top->action] = MARK_DONE;
			*vec_push(w->a, &w->order) = top->action;
			w->stack.n--;
			continue;
		}
		from = x->inputs.v[top->input++].from;
		if (!from || from->settled || w->mark[from->index] == MARK_DONE)
			continue;
		if (w->mark[from->index] == MARK_OPEN)
			return cycle_error(w, from->index, e);
		w->mark[from->index] = MARK_OPEN;
		*vec_push(w->a, &w->stack) = (struct frame){.action = from->index};
	}
	return true;
}

static void count_users(struct schedule *s, struct arena *a, const uint32_t *order, size_t n)
{
	uint32_t total = 0;

	for (size_t i = 0; i < n; i++) {
		const struct action *x = s->g->actions.v[order[i]];

		for (size_t k = 0; k < x->inputs.n; k++) {
			if (!x->inputs.v[k].from || x->inputs.v[k].from->settled)
				continue;
			s->nodes[x->inputs.v[k].from->index].users_n++;
			s->nodes[order[i]].waiting++;
			total++;
		}
	}
	s->users = arena_array(a, uint32_t, total);
	total = 0;
	for (size_t i = 0; i < n; i++) {
		struct node *node = &s->nodes[order[i]];

		node->users_at = total;
		total += node->users_n;
		node->users_n = 0;
	}
}

/* An input used twice counts twice, on both sides. */
static void fill_users(struct schedule *s, const uint32_t *order, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct action *x = s->g->actions.v[order[i]];

		for (size_t k = 0; k < x->inputs.n; k++) {
			struct node *from;

			if (!x->inputs.v[k].from || x->inputs.v[k].from->settled)
				continue;
			from = &s->nodes[x->inputs.v[k].from->index];
			s->users[from->users_at + from->users_n++] = order[i];
		}
	}
}

/* Recorded costs; the mean of those that are known for the rest. */
static void set_costs(struct schedule *s, const struct history *h, const uint32_t *order, size_t n)
{
	uint64_t sum = 0, mean;

	for (size_t i = 0; i < n; i++) {
		struct node *node = &s->nodes[order[i]];

		node->wanted = true;
		if (h)
			node->cost = history_get(h, s->g->actions.v[order[i]]);
		s->known_n += node->cost.known;
		sum += node->cost.wall_ms;
	}
	mean = s->known_n ? sum / s->known_n : 1;
	for (size_t i = 0; i < n; i++) {
		struct cost *cost = &s->nodes[order[i]].cost;

		if (!cost->known)
			cost->wall_ms = (uint32_t)mean;
		cost->wall_ms += cost->wall_ms == 0;
		s->left_ms += cost->wall_ms;
	}
}

/* From the goals down: order has users behind what they use, so it is walked from its end. */
static void set_ways(struct schedule *s, const uint32_t *order, size_t n)
{
	for (size_t i = n; i-- > 0;) {
		struct node *node = &s->nodes[order[i]];
		uint64_t above = 0;

		for (uint32_t k = 0; k < node->users_n; k++) {
			uint64_t way = s->nodes[s->users[node->users_at + k]].way_ms;

			above = way > above ? way : above;
		}
		node->way_ms = above + node->cost.wall_ms;
	}
}

static bool goes_first(const struct schedule *s, uint32_t x, uint32_t y)
{
	if (s->nodes[x].way_ms != s->nodes[y].way_ms)
		return s->nodes[x].way_ms > s->nodes[y].way_ms;
	return x < y;
}

static void heap_push(const struct schedule *s, struct heap *h, uint32_t x)
{
	size_t i = h->n++;

	while (i && goes_first(s, x, h->v[(i - 1) / 2])) {
		h->v[i] = h->v[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	h->v[i] = x;
}

static uint32_t heap_pop(const struct schedule *s, struct heap *h)
{
	uint32_t first = h->v[0], x = h->v[--h->n];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < h->n) {
		if (child + 1 < h->n && goes_first(s, h->v[child + 1], h->v[child]))
			child++;
		if (!goes_first(s, h->v[child], x))
			break;
		h->v[i] = h->v[child];
		i = child;
	}
	h->v[i] = x;
	return first;
}

bool schedule_init(struct arena *a, struct graph *g, const uint32_t *goals, size_t goal_count,
		   const struct history *h, struct schedule *out, struct err *e)
{
	struct walk w = {.a = a, .g = g, .mark = arena_array(a, uint8_t, g->actions.n)};

	*out = (struct schedule){.g = g, .nodes = arena_array(a, struct node, g->actions.n)};
	for (size_t i = 0; i < goal_count; i++) {
		if (!visit(&w, goals[i], e))
			return false;
	}
	out->wanted_n = w.order.n;
	out->ready.v = arena_array(a, uint32_t, w.order.n);
	out->misses.v = arena_array(a, uint32_t, w.order.n);
	count_users(out, a, w.order.v, w.order.n);
	fill_users(out, w.order.v, w.order.n);
	set_costs(out, h, w.order.v, w.order.n);
	set_ways(out, w.order.v, w.order.n);
	for (size_t i = 0; i < w.order.n; i++) {
		if (!out->nodes[w.order.v[i]].waiting)
			heap_push(out, &out->ready, w.order.v[i]);
	}
	return true;
}

struct action *schedule_next(struct schedule *s)
{
	return s->ready.n ? s->g->actions.v[heap_pop(s, &s->ready)] : NULL;
}

void schedule_again(struct schedule *s, const struct action *x)
{
	heap_push(s, &s->ready, x->index);
}

void schedule_miss(struct schedule *s, const struct action *x)
{
	heap_push(s, &s->misses, x->index);
}

bool schedule_miss_first(const struct schedule *s)
{
	return s->misses.n && (!s->ready.n || !goes_first(s, s->ready.v[0], s->misses.v[0]));
}

/* The first is nearly always the one; those that do not fit are put back. */
struct action *schedule_start(struct schedule *s, uint64_t most_bytes, bool may_pass, bool *passed)
{
	enum { PASS_MOST = 16 };
	uint32_t large[PASS_MOST];
	struct action *found = NULL;
	size_t n = 0, most = may_pass ? PASS_MOST : 1;

	while (!found && s->misses.n && n < most) {
		uint32_t x = heap_pop(s, &s->misses);

		if (s->nodes[x].cost.peak_bytes <= most_bytes)
			found = s->g->actions.v[x];
		else
			large[n++] = x;
	}
	*passed = found && n;
	while (n)
		heap_push(s, &s->misses, large[--n]);
	return found;
}

void schedule_done(struct schedule *s, const struct action *x, bool ok)
{
	const struct node *node = &s->nodes[x->index];

	s->left_ms -= node->cost.wall_ms;
	for (uint32_t k = 0; k < node->users_n; k++) {
		uint32_t user = s->users[node->users_at + k];

		s->nodes[user].doomed = s->nodes[user].doomed || !ok;
		if (--s->nodes[user].waiting == 0)
			heap_push(s, &s->ready, user);
	}
}
