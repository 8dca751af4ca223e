/*
 * The second part: the action graph as exec needs it, so that after an edit the actions that read the
 * file, and those that read what these make, can be run without loading anything. All ids are u32.
 *
 *     struct graph_head
 *     actions, pool (words of argv, env, discovered inputs), inputs, outputs, tools, products,
 *     goals, trusted prefixes, strings (length, bytes, NUL, padded to four)
 */
#include <string.h>

#include "base/path.h"
#include "state/graph_impl.h"

struct writer {
	struct arena *a;
	const struct state_record *r;
	const struct map *entries;
	struct map strings;
	struct buf actions, pool, inputs, outputs, tools, products, goals, trusted, text;
	bool unseen; /* a file is read that has no entry: its changes would go unseen */
	const struct str_vec *last_env;
	uint32_t last_env_at;
};

static uint32_t pool_at(const struct writer *w)
{
	return (uint32_t)(w->pool.n / sizeof(uint32_t));
}

static void put(struct buf *b, uint32_t x)
{
	buf_add(b, &x, sizeof x);
}

/* Equal strings have one id. */
static uint32_t intern(struct writer *w, struct str s)
{
	static const char zero[4];
	bool added;
	struct map_item *item = map_put(w->a, &w->strings, s, &added);

	if (!added)
		return (uint32_t)item->num;
	item->num = w->text.n;
	put(&w->text, (uint32_t)s.n);
	buf_adds(&w->text, s);
	buf_add(&w->text, zero, 4 - s.n % 4);
	return (uint32_t)item->num;
}

static uint32_t entry_id(const struct writer *w, struct str path)
{
	const struct map_item *item = map_get(w->entries, state_spelling(w->a, w->r->root, path));

	return item ? (uint32_t)item->num : STATE_NONE;
}

/* Only what cbuild makes and what modules bring has no entry; other files below build/ are somebody's. */
static uint32_t read_id(struct writer *w, struct str path)
{
	uint32_t id = entry_id(w, path);

	w->unseen |= id == STATE_NONE && !state_is_made(path);
	return id;
}

static uint32_t add_tool(struct writer *w, const struct digest *d)
{
	size_t n = w->tools.n / sizeof *d;

	for (size_t i = 0; i < n; i++)
		if (memcmp(w->tools.p + i * sizeof *d, d, sizeof *d) == 0)
			return (uint32_t)i;
	buf_add(&w->tools, d, sizeof *d);
	return (uint32_t)n;
}

static bool env_same(const struct str_vec *x, const struct str_vec *y)
{
	if (!x || x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (!str_eq(x->v[i], y->v[i]))
			return false;
	return true;
}

static void add_env(struct writer *w, const struct action *x, struct graph_action *out)
{
	if (!env_same(w->last_env, &x->env)) {
		w->last_env = &x->env;
		w->last_env_at = pool_at(w);
		for (size_t i = 0; i < x->env.n; i++)
			put(&w->pool, intern(w, x->env.v[i]));
	}
	out->env_at = w->last_env_at;
	out->env_n = (uint32_t)x->env.n;
}

static void add_argv(struct writer *w, const struct action *x, struct graph_action *out)
{
	out->argv_at = pool_at(w);
	out->argv_n = (uint32_t)x->argv.n;
	for (size_t i = 0; i < x->argv.n; i++) {
		put(&w->pool, intern(w, x->argv.v[i].text));
		put(&w->pool, (uint32_t)x->argv.v[i].kind << ARG_KIND_SHIFT | x->argv.v[i].index);
	}
}

static void add_odd_input(struct writer *w, const struct input *in, uint32_t entry)
{
	struct graph_input g = {.path = intern(w, in->path),
				.entry = entry,
				.from = in->from ? in->from->index : STATE_NONE,
				.from_output = in->from_output};

	put(&w->pool, ODD | (uint32_t)(w->inputs.n / sizeof g));
	buf_add(&w->inputs, &g, sizeof g);
}

static void add_inputs(struct writer *w, const struct action *x, struct graph_action *out)
{
	out->in_at = pool_at(w);
	out->in_n = (uint32_t)x->inputs.n;
	for (size_t i = 0; i < x->inputs.n; i++) {
		const struct input *in = &x->inputs.v[i];
		uint32_t entry = in->from ? STATE_NONE : read_id(w, in->path);

		if (entry == STATE_NONE)
			add_odd_input(w, in, entry);
		else
			put(&w->pool, entry);
	}
}

static void add_more(struct writer *w, const struct action *x, struct graph_action *out)
{
	out->more_at = pool_at(w);
	out->more_n = (uint32_t)x->result.more_inputs.n;
	for (size_t i = 0; i < x->result.more_inputs.n; i++) {
		struct str path = x->result.more_inputs.v[i];
		uint32_t entry = read_id(w, path);

		put(&w->pool, entry != STATE_NONE ? entry : ODD | intern(w, path));
	}
}

static void add_outputs(struct writer *w, const struct action *x, struct graph_action *out)
{
	out->out_at = (uint32_t)(w->outputs.n / sizeof(struct graph_output));
	out->out_n = (uint32_t)x->outputs.n;
	for (size_t i = 0; i < x->outputs.n; i++) {
		struct graph_output g = {.path = intern(w, x->outputs.v[i].path),
					 .executable = x->outputs.v[i].executable,
					 .depfile = x->outputs.v[i].depfile};

		if (i < x->result.output_count)
			g.digest = x->result.outputs[i].digest;
		buf_add(&w->outputs, &g, sizeof g);
	}
}

static bool has_placed(const struct action *x)
{
	bool placed = x->box.on;

	for (size_t i = 0; i < x->outputs.n; i++)
		placed = placed || x->outputs.v[i].placed;
	for (size_t i = 0; i < x->inputs.n; i++) {
		const struct input *in = &x->inputs.v[i];

		placed = placed || in->order ||
			 (in->from && in->from->outputs.v[in->from_output].placed);
	}
	return placed;
}

static void add_action(struct writer *w, const struct action *x)
{
	struct graph_action g = {.title = intern(w, x->title),
				 .target = intern(w, x->target),
				 .step = intern(w, str_of(x->step ? x->step->name : "")),
				 .params = intern(w, x->step_params),
				 .tool = add_tool(w, &x->tool),
				 .key = x->key,
				 .placed = has_placed(x),
				 .tool_cache = x->tool_cache,
				 .asks = x->asks,
				 .fenced = x->fence != NULL,
				 .done = x->state == ACTION_CACHED || x->state == ACTION_RAN};

	/* What was not wanted only keeps its number. */
	if (g.done) {
		add_env(w, x, &g);
		add_argv(w, x, &g);
		add_inputs(w, x, &g);
		add_outputs(w, x, &g);
		add_more(w, x, &g);
	}
	buf_add(&w->actions, &g, sizeof g);
}

static void add_rest(struct writer *w)
{
	const struct state_record *r = w->r;

	for (size_t i = 0; i < r->products->n; i++) {
		const struct state_product *p = &r->products->v[i];
		struct graph_product g = {.path = intern(w, p->path),
					  .entry = entry_id(w, p->path),
					  .action = p->action ? p->action->index : STATE_NONE,
					  .check = p->check ? p->check->index : STATE_NONE,
					  .mode = p->mode};

		buf_add(&w->products, &g, sizeof g);
	}
	for (size_t i = 0; i < r->goal_count; i++)
		put(&w->goals, r->goals[i]);
	for (size_t i = 0; i < r->trusted_prefixes->n; i++)
		put(&w->trusted, intern(w, r->trusted_prefixes->v[i]));
}

static void add_all(struct writer *w, struct buf *out)
{
	struct graph_head h = {
	    .actions = (uint32_t)(w->actions.n / sizeof(struct graph_action)),
	    .pool = pool_at(w),
	    .inputs = (uint32_t)(w->inputs.n / sizeof(struct graph_input)),
	    .outputs = (uint32_t)(w->outputs.n / sizeof(struct graph_output)),
	    .tools = (uint32_t)(w->tools.n / sizeof(struct digest)),
	    .products = (uint32_t)(w->products.n / sizeof(struct graph_product)),
	    .goals = (uint32_t)(w->goals.n / sizeof(uint32_t)),
	    .trusted = (uint32_t)(w->trusted.n / sizeof(uint32_t)),
	    .string_bytes = (uint32_t)w->text.n,
	};
	const struct buf *order[] = {&w->tools, &w->outputs, &w->actions, &w->inputs, &w->products,
				     &w->pool,	&w->goals,   &w->trusted, &w->text};

	buf_add(out, &h, sizeof h);
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		buf_adds(out, buf_str(order[i]));
}

bool graph_write(struct arena *a, const struct state_record *r, const struct map *entries,
		 struct buf *out)
{
	struct writer w = {.a = a, .r = r, .entries = entries};
	struct buf *all[] = {&w.actions,  &w.pool,  &w.inputs,	&w.outputs, &w.tools,
			     &w.products, &w.goals, &w.trusted, &w.text};

	for (size_t i = 0; i < r->graph->actions.n; i++)
		add_action(&w, r->graph->actions.v[i]);
	add_rest(&w);
	add_all(&w, out);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		buf_fini(all[i]);
	return !w.unseen;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Where the arrays begin. False when the counts do not add up to the part's size. */
static bool lay_out(struct graph_parts *g, char *at, uint64_t n)
{
	const struct graph_head *h = (const struct graph_head *)(void *)at;
	uint64_t need = sizeof *h;

	if (n < need)
		return false;
	g->head = *h;
	g->tools = (struct digest *)(void *)(at + need);
	need += (uint64_t)h->tools * sizeof *g->tools;
	g->outputs = (struct graph_output *)(void *)(at + need);
	need += (uint64_t)h->outputs * sizeof *g->outputs;
	g->actions = (struct graph_action *)(void *)(at + need);
	need += (uint64_t)h->actions * sizeof *g->actions;
	g->inputs = (struct graph_input *)(void *)(at + need);
	need += (uint64_t)h->inputs * sizeof *g->inputs;
	g->products = (struct graph_product *)(void *)(at + need);
	need += (uint64_t)h->products * sizeof *g->products;
	g->pool = (uint32_t *)(void *)(at + need);
	need += ((uint64_t)h->pool + h->goals + h->trusted) * sizeof *g->pool;
	g->goals = g->pool + h->pool;
	g->trusted = g->goals + h->goals;
	g->text = at + need;
	return need + h->string_bytes == n;
}

static bool range(uint32_t at, uint64_t n, uint32_t count)
{
	return at <= count && n <= count - at;
}

static bool input_fits(const struct graph_parts *g, uint32_t word, uint32_t entry_count)
{
	const struct graph_input *in;

	if (!(word & ODD))
		return word < entry_count;
	if ((word & ~ODD) >= g->head.inputs)
		return false;
	in = &g->inputs[word & ~ODD];
	return (in->from == STATE_NONE ||
		(in->from < g->head.actions && in->from_output < g->actions[in->from].out_n)) &&
	       (in->entry == STATE_NONE || in->entry < entry_count);
}

static bool action_fits(const struct graph_parts *g, const struct graph_action *x,
			uint32_t entry_count)
{
	const struct graph_head *h = &g->head;

	if (x->tool >= h->tools || !range(x->env_at, x->env_n, h->pool) ||
	    !range(x->argv_at, (uint64_t)x->argv_n * 2, h->pool) ||
	    !range(x->more_at, x->more_n, h->pool) || !range(x->in_at, x->in_n, h->pool) ||
	    !range(x->out_at, x->out_n, h->outputs))
		return false;
	for (uint32_t i = 0; i < x->in_n; i++)
		if (!input_fits(g, g->pool[x->in_at + i], entry_count))
			return false;
	for (uint32_t i = 0; i < x->more_n; i++)
		if (!(g->pool[x->more_at + i] & ODD) && g->pool[x->more_at + i] >= entry_count)
			return false;
	for (uint32_t i = 0; i < x->argv_n; i++) {
		uint32_t word = g->pool[x->argv_at + 2 * i + 1], kind = word >> ARG_KIND_SHIFT;
		uint32_t index = word & ((1U << ARG_KIND_SHIFT) - 1);

		if (kind > ARG_OUTPUT || (kind == ARG_INPUT && index >= x->in_n) ||
		    (kind == ARG_OUTPUT && index >= x->out_n))
			return false;
	}
	return true;
}

bool graph_part_find(const struct state *s, char *at, uint64_t n, struct graph_parts *g)
{
	struct digest sum = digest_of(at, (size_t)n);

	if (memcmp(sum.sha256, s->p.head->graph_sum, DIGEST_BYTES) != 0 || !lay_out(g, at, n))
		return false;
	for (uint32_t i = 0; i < g->head.actions; i++)
		if (!action_fits(g, &g->actions[i], s->p.head->entry_count))
			return false;
	for (uint32_t i = 0; i < g->head.goals; i++)
		if (g->goals[i] >= g->head.actions)
			return false;
	for (uint32_t i = 0; i < g->head.products; i++) {
		const struct graph_product *p = &g->products[i];

		if ((p->action != STATE_NONE && p->action >= g->head.actions) ||
		    (p->check != STATE_NONE && p->check >= g->head.actions) ||
		    p->entry >= s->p.head->entry_count)
			return false;
	}
	return true;
}

struct str graph_str(const struct graph_parts *g, uint32_t id)
{
	uint32_t n;

	if (id > g->head.string_bytes || g->head.string_bytes - id < sizeof n || id % 4)
		return STR("");
	memcpy(&n, g->text + id, sizeof n);
	if (n >= g->head.string_bytes - id - sizeof n)
		return STR("");
	return str_from(g->text + id + sizeof n, n);
}
