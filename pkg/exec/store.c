/*
 * What happens after a tool ended well: its outputs are hashed and moved into the CAS, its depfile
 * is read, and the result is recorded, unless a file changed under its hands: then what it made is
 * used for this build, as the user's next build will make it again.
 */

#include "base/path.h"
#include "exec/exec_impl.h"
#include "sys/watch.h"

enum { DEPFILE_LIMIT_BYTES = 64 * 1024 * 1024 };

/* The tool's name for messages: a step's, or the base name of argv[0]. */
static struct str tool_name(const struct action *x)
{
	return x->step ? str_of(x->step->name) : path_base(x->argv.v[0].text);
}

static bool not_made(const struct job *j, size_t i, struct err *e)
{
	err_set(e, ERR_TOOL, "%.*s: %.*s ended well but did not make %.*s", STR_ARG(j->x->title),
		STR_ARG(tool_name(j->x)), STR_ARG(j->x->outputs.v[i].path));
	/*
	 * clang 22 with -MD says nothing of a missing #embed, compiles an empty one, and writes no
	 * depfile: so what it made must not be used.
	 */
	if (j->x->outputs.v[i].depfile)
		return err_fix(
		    e, "if it has an #embed, see that the file is there: it is looked for beside "
		       "the source and in --embed-dir, not in -I");
	return err_fix(e,
		       "run the command by hand (cbuild build -x shows it) and see what it writes");
}

static bool end_ahead(struct job *j, struct digest *out)
{
	struct ahead *h = j->ahead;

	j->ahead = NULL;
	return ahead_end(h, out);
}

static bool store_one(struct job *j, size_t i, struct cas_output *out, struct err *e)
{
	const struct output *o = &j->x->outputs.v[i];

	*out = (struct cas_output){.path = o->path, .executable = o->executable};
	if (o->folder && file_kind(j->outs[i].p) == FILE_FOLDER && !box_pack(j, i, e))
		return false;
	if (file_kind(j->outs[i].p) != FILE_REGULAR)
		return not_made(j, i, e);
	if (o->depfile)
		return true;
	if (i == 0 && end_ahead(j, &out->digest))
		return cas_put_hashed(j->run->o->cas, j->outs[i].p, o->executable, &out->digest, e);
	return cas_put_file(j->run->o->cas, j->outs[i].p, CAS_MOVE, o->executable, &out->digest, e);
}

/* What is made for a moment is nothing that a watch should remember. */
static bool store_all(struct job *j, struct err *e)
{
	bool ok = true;

	watch_pause();
	for (size_t i = 0; ok && i < j->x->outputs.n; i++)
		ok = store_one(j, i, &j->x->result.outputs[i], e);
	watch_resume();
	return ok;
}

static bool store_words(struct job *j, struct str words, struct digest *out, struct err *e)
{
	*out = (struct digest){0};
	return !words.n || cas_put(j->run->o->cas, words, false, out, e);
}

static bool is_trusted(struct arena *scratch, const struct run *r, struct str path)
{
	if (cas_owns(r->o->cas, path_join(scratch, r->cwd, path)))
		return true; /* an input from another action, at its blob's path */
	for (size_t i = 0; i < r->o->trusted_prefixes.n; i++) {
		if (str_starts(path, r->o->trusted_prefixes.v[i]))
			return true;
	}
	return false;
}

static bool is_declared(const struct map *declared, struct str path)
{
	return map_get(declared, path) != NULL;
}

/* Refuses a file of a folder that is closed to the action. */
static bool is_open(struct job *j, struct str path, struct err *e)
{
	const struct str *whose = fence_closes_in(&j->scratch, j->x, j->run->cwd, path);

	if (!whose)
		return true;
	path = path_rel(&j->scratch, j->run->cwd, path_join(&j->scratch, j->run->cwd, path));
	err_set(e, ERR_INPUT, "%.*s: it reads %.*s, a file of %.*s, which is not open to it",
		STR_ARG(j->x->title), STR_ARG(path), STR_ARG(*whose));
	return err_fix(e, "%.*s", STR_ARG(j->x->fence->remedy));
}

/* What the depfile lists beyond the declared and the trusted inputs. */
static bool discovered(struct job *j, size_t depfile, struct str_vec *out, struct err *e)
{
	const struct action *x = j->x;
	struct map declared = {0};
	struct str_vec all;
	struct str text;
	bool ok;

	watch_pause();
	ok = file_read(&j->scratch, j->outs[depfile].p, DEPFILE_LIMIT_BYTES, &text, e);
	watch_resume();
	if (!ok || !depfile_parse(&j->scratch, text, &all, e))
		return err_wrap(e, "reading what %.*s depends on", STR_ARG(x->title));
	for (size_t i = 0; i < x->inputs.n; i++)
		if (!x->inputs.v[i].order)
			map_put(&j->scratch, &declared, x->inputs.v[i].path, NULL);
	for (size_t i = 0; i < all.n; i++) {
		if (!is_open(j, all.v[i], e))
			return false;
		if (!is_trusted(&j->scratch, j->run, all.v[i]) && !is_declared(&declared, all.v[i]))
			*vec_push(j->run->a, out) = str_dup(j->run->a, all.v[i]);
	}
	return true;
}

static bool find_discovered(struct job *j, struct str_vec *out, struct err *e)
{
	for (size_t i = 0; i < j->x->outputs.n; i++) {
		if (j->x->outputs.v[i].depfile && !discovered(j, i, out, e))
			return false;
	}
	str_vec_sort_unique(out);
	return true;
}

/* This process put it there, maybe a moment before the tool started. */
static bool was_placed(const struct action *x, struct str path)
{
	bool placed = false;

	for (size_t i = 0; i < x->inputs.n; i++) {
		const struct action *from = x->inputs.v[i].from;

		for (size_t k = 0; x->inputs.v[i].order && k < from->outputs.n; k++)
			placed = placed || (from->outputs.v[k].placed &&
					    path_within(from->outputs.v[k].path, path));
	}
	return placed;
}

/* The path of an input that may have changed since before the tool started, or an empty str. */
static struct str changed_input(struct job *j, const struct str_vec *more)
{
	const struct action *x = j->x;

	for (size_t i = 0; i < x->inputs.n; i++) {
		const struct input *in = &x->inputs.v[i];

		if (!in->from && !memo_still_same(j->run->memo, in->path, &in->digest))
			return in->path;
	}
	for (size_t i = 0; i < more->n; i++) {
		if (!was_placed(x, more->v[i]) &&
		    file_changed_since(more->v[i], j->run->s.nodes[x->index].started_ns))
			return more->v[i];
	}
	return (struct str){0};
}

static bool more_lines(struct job *j, const struct str_vec *more, struct buf *lines, struct err *e)
{
	for (size_t i = 0; i < more->n; i++) {
		struct digest d;

		if (!file_memo_digest(j->run->memo, more->v[i], &d, e))
			return err_wrap(e, "hashing what %.*s read", STR_ARG(j->x->title));
		record_append_more(lines, more->v[i], &d);
	}
	return true;
}

/* The record: canonical, without the places of depfiles. */
static struct action_result kept_result(struct job *j)
{
	struct action_result r = j->x->result;
	size_t n = 0;

	r.outputs = arena_array(&j->scratch, struct cas_output, r.output_count);
	for (uint32_t i = 0; i < r.output_count; i++) {
		struct buf name = {0};

		if (j->x->outputs.v[i].depfile)
			continue;
		canonical_output(&name, j->x, i);
		r.outputs[n] = j->x->result.outputs[i];
		r.outputs[n++].path = str_dup(&j->scratch, buf_str(&name));
		buf_fini(&name);
	}
	r.output_count = n;
	r.more_inputs = (struct str_vec){0};
	return r;
}

/*
 * The result first, under the second key when there are discovered inputs; then what leads there.
 */
static bool record(struct job *j, const struct str_vec *more, struct str lines, struct err *e)
{
	struct cas *cas = j->run->o->cas;
	struct action_result r = kept_result(j), first = {.more_inputs = *more};
	struct digest key;

	if (!more->n)
		return cas_action_put(cas, &j->x->key, &r, e);
	key = second_key(&j->x->key, lines);
	return cas_action_put(cas, &key, &r, e) && cas_action_put(cas, &j->x->key, &first, e);
}

static bool record_unless_changed(struct job *j, struct err *e)
{
	struct action *x = j->x;
	struct str_vec *more = &x->result.more_inputs;
	struct buf lines = {0};
	struct str changed;
	bool ok;

	if (!find_discovered(j, more, e))
		return false;
	changed = x->uncacheable ? (struct str){0} : changed_input(j, more);
	if (changed.n) {
		event_warn(j->run->o->sink, "%.*s changed while %.*s ran: the result is not kept",
			   STR_ARG(changed), STR_ARG(x->title));
		return true;
	}
	ok = more_lines(j, more, &lines, e) &&
	     (x->uncacheable || record(j, more, buf_str(&lines), e));
	if (ok)
		explain_remember(&j->run->last, x, buf_str(&lines));
	buf_fini(&lines);
	return ok;
}

bool store_outputs(struct job *j, struct str words_out, struct str words_err,
		   const struct spawn_result *cost, struct err *e)
{
	struct action *x = j->x;
	struct action_result *r = &x->result;

	*r = (struct action_result){
	    .outputs = arena_array(j->run->a, struct cas_output, x->outputs.n),
	    .output_count = x->outputs.n,
	    .wall_ms = cost->wall_ms,
	    .cpu_ms = cost->cpu_ms,
	    .peak_bytes = cost->peak_bytes,
	};
	if (!store_all(j, e))
		return false;
	return store_words(j, words_out, &r->stdout_digest, e) &&
	       store_words(j, words_err, &r->stderr_digest, e) && record_unless_changed(j, e);
}
