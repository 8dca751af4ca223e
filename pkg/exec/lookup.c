/*
 * Looking an action up: first under its key; when the record there lists discovered inputs, their
 * digests make the second key, under which the outputs are. Anything short of a whole result is a
 * miss.
 */
#include "exec/exec_impl.h"

#include <errno.h>

/* The digests of the discovered inputs; CAS_MISS when one is gone. */
static enum cas_result second_key_now(struct run *r, const struct action *x,
				      const struct str_vec *more, struct digest *key, struct err *e)
{
	struct buf lines = {0};
	enum cas_result found = CAS_HIT;

	for (size_t i = 0; found == CAS_HIT && i < more->n; i++) {
		struct digest d;

		if (file_memo_digest(r->memo, more->v[i], &d, e))
			record_append_more(&lines, more->v[i], &d);
		else
			found =
			    e->os_errno == ENOENT || e->os_errno == ENOTDIR || e->code == ERR_INPUT
				? CAS_MISS
				: CAS_ERROR;
	}
	*key = second_key(&x->key, buf_str(&lines));
	buf_fini(&lines);
	return found;
}

/* The record holds what is kept, in the order declared; x->result has a place for each output. */
static bool spread_outputs(struct run *r, struct action *x, const struct action_result *got)
{
	struct cas_output *outs = arena_array(r->a, struct cas_output, x->outputs.n);
	size_t k = 0;

	for (size_t i = 0; i < x->outputs.n; i++) {
		outs[i].path = x->outputs.v[i].path;
		if (x->outputs.v[i].depfile)
			continue;
		if (k == got->output_count)
			return false;
		outs[i].digest = got->outputs[k].digest;
		outs[i].executable = got->outputs[k++].executable;
	}
	if (k != got->output_count)
		return false;
	x->result = *got;
	x->result.outputs = outs;
	x->result.output_count = x->outputs.n;
	return true;
}

static enum cas_result append_blob(struct run *r, const struct digest *d, struct buf *out,
				   struct err *e)
{
	struct arena scratch = {0};
	enum cas_result found = CAS_HIT;
	struct str text;

	if (!digest_is_zero(d))
		found = cas_get(r->o->cas, d, &scratch, &text, e);
	if (found == CAS_HIT && !digest_is_zero(d))
		buf_adds(out, text);
	arena_fini(&scratch);
	return found;
}

static enum cas_result load_words(struct run *r, struct action *x, struct err *e)
{
	struct buf words = {0};
	enum cas_result found = append_blob(r, &x->result.stdout_digest, &words, e);

	if (found == CAS_HIT)
		found = append_blob(r, &x->result.stderr_digest, &words, e);
	x->words = (struct str){0};
	if (words.n)
		x->words = words_declared(r->a, x, str_dup(r->a, buf_str(&words)));
	buf_fini(&words);
	return found;
}

/* Whether all that a settled action made is in the cache; asked once. */
static bool settled_there(struct run *r, const struct action *x)
{
	struct node *n = &r->s.nodes[x->index];
	struct err ignored;

	for (size_t i = 0; !n->there && i < x->result.output_count; i++) {
		const struct digest *d = &x->result.outputs[i].digest;

		if (!digest_is_zero(d) && cas_has(r->o->cas, d, &ignored) != CAS_HIT)
			return false;
	}
	n->there = true;
	return true;
}

bool settled_inputs_there(struct run *r, const struct action *x)
{
	for (size_t i = 0; i < x->inputs.n; i++) {
		const struct action *from = x->inputs.v[i].from;

		if (from && from->settled && !settled_there(r, from))
			return false;
	}
	return true;
}

bool settled_some_there(struct run *r, bool *there)
{
	enum { AT_ONCE = 64 };
	const struct graph *g = r->s.g;

	*there = true;
	for (unsigned n = 0; *there && n < AT_ONCE && r->settled_seen < g->actions.n;
	     r->settled_seen++)
		if (g->actions.v[r->settled_seen]->settled) {
			*there = settled_there(r, g->actions.v[r->settled_seen]);
			n++;
		}
	return r->settled_seen < g->actions.n;
}

enum cas_result lookup(struct run *r, struct action *x, struct err *e)
{
	struct action_result first, second;
	enum cas_result found = cas_action_get(r->o->cas, &x->key, r->a, &first, e);
	struct digest key;

	if (found != CAS_HIT)
		return found;
	second = first;
	/* Where all is open to it, the command may read more. */
	for (size_t i = 0; x->fence && i < first.more_inputs.n; i++)
		if (fence_closes_in(r->a, x, r->cwd, first.more_inputs.v[i]))
			return CAS_MISS;
	if (first.more_inputs.n) {
		found = second_key_now(r, x, &first.more_inputs, &key, e);
		if (found == CAS_HIT)
			found = cas_action_get(r->o->cas, &key, r->a, &second, e);
		if (found != CAS_HIT)
			return found;
	}
	if (!spread_outputs(r, x, &second))
		return CAS_MISS;
	x->result.more_inputs = first.more_inputs;
	return load_words(r, x, e);
}
