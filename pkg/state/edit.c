/*
 * After an edit: the actions that read what changed and all that read what these make, as a graph of
 * their own. What they read from others comes from settled actions, of which only the outputs are known.
 */
#include <string.h>

#include "base/path.h"
#include "sys/clock.h"
#include "state/graph_impl.h"

struct edit {
	struct arena *a;
	struct state *s;
	struct graph_parts g;
	bool *touched;		 /* an action */
	struct action **actions; /* NULL: not in the edit's graph */
	const struct step *const *steps;
	size_t step_count;
	struct state_edit *out;
};

static bool edited(const struct state *s, uint32_t entry)
{
	return entry < s->p.head->entry_count && s->seen[entry] == SEEN_EDITED;
}

static bool is_touched(const struct edit *d, const struct graph_action *x)
{
	for (uint32_t i = 0; i < x->in_n; i++) {
		uint32_t word = d->g.pool[x->in_at + i];
		const struct graph_input *in = &d->g.inputs[word & ~ODD];

		if (!(word & ODD)	     ? d->s->seen[word] == SEEN_EDITED
		    : in->from == STATE_NONE ? edited(d->s, in->entry)
					     : d->touched[in->from])
			return true;
	}
	for (uint32_t i = 0; i < x->more_n; i++)
		if (edited(d->s, d->g.pool[x->more_at + i]))
			return true;
	return false;
}

/* The path of a file by its entry. */
static struct str path_of(const struct edit *d, uint32_t entry)
{
	const struct parts *p = &d->s->p;
	uint32_t from = 0, to = p->head->folder_count;

	while (to - from > 1) {
		uint32_t middle = from + (to - from) / 2;

		if (p->folders[middle].first <= entry)
			from = middle;
		else
			to = middle;
	}
	return entry_path(d->a, p, &p->folders[from], &p->entries[entry]);
}

static struct str more_path(const struct edit *d, uint32_t word)
{
	return word & ODD ? graph_str(&d->g, word & ~ODD) : path_of(d, word);
}

static const struct digest *made_digest(const struct state *s, struct str path)
{
	for (size_t i = 0; s->made && i < s->made->n; i++)
		if (str_eq(s->made->v[i].path, path))
			return &s->made->v[i].digest;
	return NULL;
}

/* What lies where a product belongs is replaced by what its action makes. False when no action does. */
static bool touch_replaced(struct edit *d)
{
	for (uint32_t i = 0; i < d->g.head.products; i++) {
		const struct graph_product *p = &d->g.products[i];

		if (!edited(d->s, p->entry) ||
		    (p->action == STATE_NONE && made_digest(d->s, graph_str(&d->g, p->path))))
			continue;
		if (p->action == STATE_NONE || !d->g.actions[p->action].done)
			return false;
		d->touched[p->action] = true;
	}
	return true;
}

/* Users may come before what they use, so until nothing more is found. */
static void find_touched(struct edit *d)
{
	bool more = true;

	while (more) {
		more = false;
		for (uint32_t i = 0; i < d->g.head.actions; i++) {
			/* What the run did not want is not done, nor is anything that needs it. */
			if (d->touched[i] || !d->g.actions[i].done ||
			    !is_touched(d, &d->g.actions[i]))
				continue;
			d->touched[i] = more = true;
		}
	}
}

/* --- actions ---------------------------------------------------------------------------------- */

static void fill_result(struct edit *d, const struct graph_action *g, struct action *x)
{
	x->result.output_count = g->out_n;
	x->result.outputs = arena_array(d->a, struct cas_output, g->out_n);
	for (uint32_t i = 0; i < g->out_n; i++) {
		const struct graph_output *o = &d->g.outputs[g->out_at + i];

		x->result.outputs[i] =
		    (struct cas_output){graph_str(&d->g, o->path), o->digest, o->executable != 0};
	}
}

static struct action *settled(struct edit *d, uint32_t id)
{
	const struct graph_action *g = &d->g.actions[id];
	struct action *x = d->actions[id];

	if (x)
		return x;
	x = d->actions[id] = graph_add(d->a, &d->out->graph);
	x->settled = true;
	x->state = ACTION_CACHED;
	x->title = graph_str(&d->g, g->title);
	fill_result(d, g, x);
	return x;
}

static bool find_step(const struct edit *d, struct str name, const struct step **out)
{
	*out = NULL;
	if (!name.n)
		return true;
	for (size_t i = 0; i < d->step_count; i++)
		if (str_eqc(name, d->steps[i]->name))
			*out = d->steps[i];
	return *out != NULL;
}

static void fill_words(struct edit *d, const struct graph_action *g, struct action *x)
{
	for (uint32_t i = 0; i < g->argv_n; i++) {
		uint32_t word = d->g.pool[g->argv_at + 2 * i + 1];

		*vec_push(d->a, &x->argv) =
		    (struct arg){.text = graph_str(&d->g, d->g.pool[g->argv_at + 2 * i]),
				 .kind = (enum arg_kind)(word >> ARG_KIND_SHIFT),
				 .index = word & ((1U << ARG_KIND_SHIFT) - 1)};
	}
	for (uint32_t i = 0; i < g->env_n; i++)
		*vec_push(d->a, &x->env) = graph_str(&d->g, d->g.pool[g->env_at + i]);
}

static void fill_files(struct edit *d, const struct graph_action *g, struct action *x)
{
	for (uint32_t i = 0; i < g->in_n; i++) {
		uint32_t word = d->g.pool[g->in_at + i];
		const struct graph_input *in = &d->g.inputs[word & ~ODD];
		struct input *to = vec_push(d->a, &x->inputs);

		if (!(word & ODD)) {
			to->path = path_of(d, word);
			continue;
		}
		to->path = graph_str(&d->g, in->path);
		to->from_output = in->from_output;
		if (in->from != STATE_NONE)
			to->from =
			    d->touched[in->from] ? d->actions[in->from] : settled(d, in->from);
	}
	for (uint32_t i = 0; i < g->out_n; i++) {
		const struct graph_output *o = &d->g.outputs[g->out_at + i];

		*vec_push(d->a, &x->outputs) = (struct output){.path = graph_str(&d->g, o->path),
							       .executable = o->executable != 0,
							       .depfile = o->depfile != 0};
	}
}

/* What an action without discovered inputs gives again under the same key (a link, after a comment). */
static void fill_known(struct edit *d, uint32_t id, const struct graph_action *g, struct action *x)
{
	const struct parts *p = &d->s->p;

	if (g->more_n)
		return;
	x->known_key = g->key;
	fill_result(d, g, x);
	for (uint32_t i = 0; i < p->head->words_count; i++)
		if (p->words[i].action == id)
			x->words = str_from(p->strings + p->words[i].text, p->words[i].text_n);
}

static bool fill(struct edit *d, uint32_t id)
{
	const struct graph_action *g = &d->g.actions[id];
	struct action *x = d->actions[id];

	x->title = graph_str(&d->g, g->title);
	x->target = graph_str(&d->g, g->target);
	x->step_params = graph_str(&d->g, g->params);
	x->tool = d->g.tools[g->tool];
	x->tool_cache = g->tool_cache != 0;
	x->asks = g->asks != 0;
	fill_words(d, g, x);
	fill_files(d, g, x);
	fill_known(d, id, g, x);
	return find_step(d, graph_str(&d->g, g->step), &x->step);
}

static void add_goals_and_products(struct edit *d)
{
	struct state_edit *out = d->out;

	for (uint32_t i = 0; i < d->g.head.goals; i++)
		if (d->touched[d->g.goals[i]])
			*vec_push(d->a, &out->goals) = d->actions[d->g.goals[i]]->index;
	for (uint32_t i = 0; i < d->g.head.products; i++) {
		const struct graph_product *p = &d->g.products[i];

		struct state_product *made;

		if (p->action == STATE_NONE || !d->touched[p->action])
			continue;
		made = vec_push(d->a, &out->products);
		made->action = d->actions[p->action];
		if (p->check != STATE_NONE)
			made->check =
			    d->touched[p->check] ? d->actions[p->check] : settled(d, p->check);
		made->path = graph_str(&d->g, p->path);
		made->mode = p->mode;
		if (edited(d->s, p->entry)) {
			made->had = d->s->shas ? d->s->shas[p->entry] : (struct digest){0};
			continue;
		}
		made->had.size_bytes = d->s->p.entries[p->entry].sig.size_bytes;
		memcpy(made->had.sha256, d->s->p.entries[p->entry].sha256, DIGEST_BYTES);
	}
	for (uint32_t i = 0; i < d->g.head.trusted; i++)
		*vec_push(d->a, &out->trusted_prefixes) = graph_str(&d->g, d->g.trusted[i]);
}

bool state_graph(struct arena *a, struct state *s, const struct step *const *steps,
		 size_t step_count, struct state_edit *out)
{
	struct edit *d = arena_new(a, struct edit);
	uint64_t touched = 0;

	*out = (struct state_edit){0};
	*d = (struct edit){.a = a, .s = s, .steps = steps, .step_count = step_count, .out = out};
	buf_add(&s->graph, (const char *)s->map.p + s->p.head->first_bytes,
		(size_t)s->p.head->graph_bytes);
	if (!graph_part_find(s, s->graph.p, s->graph.n, &d->g))
		return false;
	d->touched = arena_array(a, bool, d->g.head.actions);
	d->actions = arena_array(a, struct action *, d->g.head.actions);
	if (!touch_replaced(d))
		return false;
	find_touched(d);
	for (uint32_t i = 0; i < d->g.head.actions; i++) {
		if (!d->touched[i])
			continue;
		touched++;
		d->actions[i] = graph_add(a, &out->graph);
		/* Whether what was placed is still there, only the full walk looks; boxes and fences it makes. */
		if (d->g.actions[i].placed || d->g.actions[i].fenced)
			return false;
	}
	for (uint32_t i = 0; i < d->g.head.actions; i++)
		if (d->touched[i] && !fill(d, i))
			return false;
	add_goals_and_products(d);
	out->settled = s->p.head->total > touched ? s->p.head->total - touched : 0;
	s->edit = d;
	return true;
}

/* --- afterwards ------------------------------------------------------------------------------- */

/* Whether x read exactly the bytes that the look saw. */
static bool read_the_same(const struct edit *d, const struct graph_action *g,
			  const struct action *x)
{
	for (uint32_t i = 0; i < g->in_n; i++) {
		uint32_t entry = d->g.pool[g->in_at + i];

		if (entry & ODD)
			continue;
		if (edited(d->s, entry) && memcmp(x->inputs.v[i].digest.sha256,
						  d->s->shas[entry].sha256, DIGEST_BYTES) != 0)
			return false;
	}
	return true;
}

/* Another set of discovered inputs would need entries that are not there. */
static bool discovered_the_same(const struct edit *d, const struct graph_action *g,
				const struct action *x)
{
	if (x->result.more_inputs.n != g->more_n)
		return false;
	for (uint32_t i = 0; i < g->more_n; i++)
		if (!str_eq(x->result.more_inputs.v[i], more_path(d, d->g.pool[g->more_at + i])))
			return false;
	return true;
}

static bool take_results(struct edit *d)
{
	for (uint32_t i = 0; i < d->g.head.actions; i++) {
		const struct graph_action *g = &d->g.actions[i];
		const struct action *x = d->actions[i];

		if (!d->touched[i])
			continue;
		if ((x->state != ACTION_CACHED && x->state != ACTION_RAN) ||
		    x->result.output_count != g->out_n || !read_the_same(d, g, x) ||
		    !discovered_the_same(d, g, x))
			return false;
		d->g.actions[i].key = x->key;
		for (uint32_t k = 0; k < g->out_n; k++)
			d->g.outputs[g->out_at + k].digest = x->result.outputs[k].digest;
	}
	return true;
}

/* Products have another content now, and edited files must still be what they were. */
static bool take_entries(struct edit *d, struct parts *p)
{
	for (uint32_t i = 0; i < p->head->folder_count; i++) {
		const struct folder *f = &p->folders[i];

		for (uint32_t k = f->first; k < f->first + f->count; k++) {
			struct entry *x = &p->entries[k];
			struct file_sig now;
			struct err ignored;
			struct sig sig;

			/* Products were placed meanwhile. */
			if (d->s->seen[k] != SEEN_EDITED || (x->what & ENTRY_PRODUCT))
				continue;
			if (!file_stat(entry_path(d->a, &d->s->p, f, x).p, &now, &ignored))
				return false;
			sig = sig_of(&now);
			if (!sig_same(&sig, &d->s->sigs[k]))
				return false;
			memcpy(x->sha256, d->s->shas[k].sha256, DIGEST_BYTES);
		}
	}
	return true;
}

/* Whether the file that has sig now is the one that the run left at p, or found there. */
static bool is_left(const struct edit *d, const struct state_product *p, uint32_t entry,
		    const struct sig *sig)
{
	struct sig left = sig_of(&p->left);

	if (!left.mode)
		return sig_same(sig, &d->s->sigs[entry]);
	left.ctime_ns = sig->ctime_ns;
	return sig_same(sig, &left);
}

/* Another build at the same time may have put its own there: then nothing can be said of it. */
static bool take_products(struct edit *d, struct parts *p)
{
	size_t touched = 0; /* of d->out->products */

	for (uint32_t i = 0; i < d->g.head.products; i++) {
		const struct graph_product *g = &d->g.products[i];
		struct entry *x = &p->entries[g->entry];
		const struct digest *made = made_digest(d->s, graph_str(&d->g, g->path));
		bool own = g->action != STATE_NONE && d->touched[g->action];
		const char *path = str_c(d->a, graph_str(&d->g, g->path));
		struct file_sig now;
		struct digest have;
		struct err ignored;

		if (own)
			made = &d->actions[g->action]->result.outputs[0].digest;
		if (!made)
			continue;
		if (!file_stat(path, &now, &ignored))
			return false;
		x->sig = sig_of(&now);
		if (own ? !is_left(d, &d->out->products.v[touched++], g->entry, &x->sig)
			: !file_digest(path, &have, &ignored) || !digest_eq(&have, made))
			return false;
		x->what = (uint16_t)((x->what & ~ENTRY_RACY) |
				     (sig_racy_product(&x->sig, clock_real_ns()) ? ENTRY_RACY : 0));
		memcpy(x->sha256, made->sha256, DIGEST_BYTES);
	}
	return true;
}

/* The words of touched actions are new ones; those of others stay. */
static void take_words(struct edit *d, struct parts *p, struct buf *words, struct buf *strings)
{
	buf_add(strings, d->s->p.strings, d->s->p.head->string_bytes);
	for (uint32_t i = 0; i < d->s->p.head->words_count; i++) {
		const struct words *w = &d->s->p.words[i];

		if (w->action >= d->g.head.actions || !d->touched[w->action])
			buf_add(words, w, sizeof *w);
	}
	for (uint32_t i = 0; i < d->g.head.actions; i++) {
		const struct action *x = d->actions[i];
		struct words w = {.action = i};

		if (!d->touched[i] || !x->words.n)
			continue;
		w.title = (uint32_t)strings->n;
		w.title_n = (uint32_t)x->title.n;
		buf_adds(strings, x->title);
		w.text = (uint32_t)strings->n;
		w.text_n = (uint32_t)x->words.n;
		buf_adds(strings, x->words);
		buf_add_byte(strings, '\0');
		buf_add(words, &w, sizeof w);
	}
	p->head->words_count = (uint32_t)(words->n / sizeof(struct words));
	p->head->string_bytes = (uint32_t)strings->n;
}

/* Head, folders and entries from first; then the rest. */
static void join(const struct edit *d, const struct buf *first, const struct buf *words,
		 const struct buf *strings, struct buf *out)
{
	struct parts p = {0};

	buf_add(out, first->p, (size_t)((const char *)d->s->p.words - (const char *)d->s->map.p));
	buf_adds(out, buf_str(words));
	buf_adds(out, buf_str(strings));
	while (out->n % 8)
		buf_add_byte(out, '\0');
	p.head = (struct head *)(void *)out->p;
	p.head->first_bytes = out->n;
	p.head->graph_bytes = d->s->graph.n;
	memcpy(p.head->graph_sum, digest_str(buf_str(&d->s->graph)).sha256, DIGEST_BYTES);
	parts_sum(&p);
	buf_adds(out, buf_str(&d->s->graph));
}

void state_update(struct state *s)
{
	struct edit *d = s->edit;
	struct buf first = {0}, words = {0}, strings = {0}, all = {0};
	struct parts p;
	struct err ignored;
	bool ok;

	state_refreshed(s, &first, &p);
	ok = take_results(d) && take_entries(d, &p) && take_products(d, &p);
	if (ok) {
		take_words(d, &p, &words, &strings);
		join(d, &first, &words, &strings, &all);
		ok = file_write_fast(s->path, buf_str(&all), 0644, &ignored);
	}
	if (!ok && !file_remove(s->path, &ignored))
		(void)0; /* then it is about the tree as it was */
	buf_fini(&first);
	buf_fini(&words);
	buf_fini(&strings);
	buf_fini(&all);
}

void state_replay_settled(const struct state *s, struct event_sink *sink)
{
	const struct edit *d = s->edit;

	for (uint32_t i = 0; i < s->p.head->words_count; i++) {
		const struct words *w = &s->p.words[i];

		if (w->action >= d->g.head.actions || !d->touched[w->action])
			state_emit_words(s, w, sink);
	}
}
