/*
 * From the canonical spelling of an action to what runs here: inputs made by other actions are read
 * at their blob's path, outputs go to new names in the cache's tmp/. What the tool prints is cached in
 * canonical spelling, and shown with the names that files have in the action that asks.
 */
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "exec/exec_impl.h"
#include "sys/clock.h"

/*
 * Linux allows 128 KiB a word and, for all words with the environment, a quarter of the stack
 * limit: 2 MiB as usual. Above this the words go to a response file.
 */
enum { ARGV_LIMIT_BYTES = 900 * 1024, WORDS_OUTSIDE_RSP = 2 };

struct str output_suffix(const struct output *o)
{
	struct str ext = path_ext(o->path);

	if (o->depfile)
		return STR("d");
	return ext.n ? ext : STR("out");
}

/* A name for what is read and removed again as soon as the tool ended. */
static struct str brief_temp(struct job *j, const char *suffix)
{
	char name[SYS_UNIQUE_NAME];

	if (!j->run->memory_dir.n)
		return cas_temp(&j->scratch, j->run->o->cas, suffix);
	unique_name(name);
	return str_fmt(&j->scratch, "%.*s/%s.%s", STR_ARG(j->run->memory_dir), name, suffix);
}

struct job *job_new(struct run *r, struct action *x)
{
	struct job *j = mem_alloc(sizeof *j);

	j->run = r;
	j->x = x;
	j->started_ms = clock_mono_ms();
	j->outs = arena_array(&j->scratch, struct str, x->outputs.n);
	for (size_t i = 0; i < x->outputs.n; i++) {
		const char *suffix = str_c(&j->scratch, output_suffix(&x->outputs.v[i]));

		j->outs[i] = x->outputs.v[i].depfile ? brief_temp(j, suffix)
						     : cas_temp(&j->scratch, r->o->cas, suffix);
	}
	return j;
}

void job_free(struct job *j)
{
	struct err ignored;

	if (!j)
		return;
	if (j->ahead)
		ahead_end(j->ahead, &(struct digest){0});
	for (size_t i = 0; i < j->x->outputs.n; i++) {
		if (!file_remove(j->outs[i].p, &ignored))
			continue; /* cas_open sweeps it one day. */
	}
	if (j->rsp.n && !file_remove(j->rsp.p, &ignored))
		j->rsp.n = 0;
	if (j->box.n && !folder_remove(j->box.p, &ignored))
		j->box.n = 0;
	buf_fini(&j->words);
	arena_fini(&j->scratch);
	free(j);
}

static struct str real_input(struct job *j, const struct input *in)
{
	/* Of a settled action only the results are known; who reads what is placed is never run beside one. */
	if (!in->from || (!in->from->settled && in->from->outputs.v[in->from_output].placed))
		return in->path;
	return cas_path(&j->scratch, j->run->o->cas, &in->digest);
}

static const char *real_word(struct job *j, const struct arg *arg)
{
	struct str path;
	struct buf word = {0};

	if (arg->kind == ARG_TEXT)
		return str_c(&j->scratch, arg->text);
	if (j->x->box.on) {
		arg_append(&word, j->x, arg);
		path = str_dup(&j->scratch, buf_str(&word));
		buf_fini(&word);
		return path.p;
	}
	path = arg->kind == ARG_INPUT ? real_input(j, &j->x->inputs.v[arg->index])
				      : j->outs[arg->index];
	return str_fmt(&j->scratch, "%.*s%.*s", STR_ARG(arg->text), STR_ARG(path)).p;
}

/* The first words stay: "zig ld.lld @FILE", "ar rcsD @FILE". */
static bool use_rsp(struct job *j, size_t n, struct err *e)
{
	struct buf text = {0};
	struct str path = brief_temp(j, "rsp");
	bool ok;

	/* GNU style, as gcc, clang, ld, lld and ar read it. */
	for (size_t i = WORDS_OUTSIDE_RSP; i < n; i++) {
		buf_add_quoted(&text, str_of(j->argv[i]));
		buf_add_byte(&text, '\n');
	}
	ok = file_write_fast(path.p, buf_str(&text), 0600, e);
	buf_fini(&text);
	if (!ok)
		return false;
	j->rsp = path;
	j->argv[WORDS_OUTSIDE_RSP] = str_fmt(&j->scratch, "@%s", path.p).p;
	j->argv[WORDS_OUTSIDE_RSP + 1] = NULL;
	return true;
}

/* MAKEFLAGS of a command that takes part in the jobserver, after its own n variables. */
static void join_jobs(struct job *j, size_t n)
{
	const struct jobserver *js = j->run->o->jobserver;

	if (!j->x->box.jobs || !js)
		return;
	j->env[n] = str_fmt(&j->scratch, "MAKEFLAGS=%.*s",
			    STR_ARG(jobserver_makeflags(&j->scratch, js, &j->fds, &j->fd_count)))
			.p;
}

bool job_command(struct job *j, struct err *e)
{
	const struct action *x = j->x;
	const struct str_vec *before =
	    x->box.offline ? box_offline(j->run) : &(const struct str_vec){0};
	size_t bytes = 0, n = 0;

	/* Else each tool would say in its own words that its output cannot be made. */
	if (!cas_writable(j->run->o->cas, e))
		return false;
	if (x->box.on && !box_make(j, e))
		return false;
	j->argv = arena_array(&j->scratch, const char *, before->n + x->argv.n + 1);
	for (size_t i = 0; i < before->n; i++)
		j->argv[n++] = str_c(&j->scratch, before->v[i]);
	for (size_t i = 0; i < x->argv.n; i++) {
		j->argv[n] = real_word(j, &x->argv.v[i]);
		bytes += strlen(j->argv[n++]) + 1 + sizeof(char *);
	}
	j->env = arena_array(&j->scratch, const char *, x->env.n + 2);
	for (size_t i = 0; i < x->env.n; i++)
		j->env[i] = str_c(&j->scratch, x->env.v[i]);
	join_jobs(j, x->env.n);
	if (!x->box.on && bytes > ARGV_LIMIT_BYTES && x->argv.n > WORDS_OUTSIDE_RSP)
		return use_rsp(j, x->argv.n, e);
	return true;
}

void job_step(struct job *j)
{
	const struct action *x = j->x;
	const char **in = arena_array(&j->scratch, const char *, x->inputs.n);
	struct digest *digests = arena_array(&j->scratch, struct digest, x->inputs.n);
	const char **out = arena_array(&j->scratch, const char *, x->outputs.n);

	for (size_t i = 0; i < x->inputs.n; i++) {
		in[i] = str_c(&j->scratch, real_input(j, &x->inputs.v[i]));
		digests[i] = x->inputs.v[i].digest;
	}
	for (size_t i = 0; i < x->outputs.n; i++)
		out[i] = j->outs[i].p;
	j->io = (struct step_io){
	    .scratch = &j->scratch,
	    .in = in,
	    .in_digest = digests,
	    .in_count = x->inputs.n,
	    .out = out,
	    .out_count = x->outputs.n,
	    .params = x->step_params,
	    .words = &j->words,
	};
}

/* Appends the canonical path behind a real one that text starts with; the real one's length, or 0. */
static size_t add_canonical(struct buf *out, const struct job *j, struct str text)
{
	const struct action *x = j->x;
	struct arena scratch = {0};
	size_t n = 0;

	if (j->box.n && str_starts(text, j->box)) {
		buf_add_byte(out, '.');
		return j->box.n;
	}
	for (uint32_t i = 0; !n && i < x->outputs.n; i++) {
		if (str_starts(text, j->outs[i])) {
			canonical_output(out, x, i);
			n = j->outs[i].n;
		}
	}
	for (uint32_t i = 0; !n && i < x->inputs.n; i++) {
		struct str real;

		if (!x->inputs.v[i].from)
			continue;
		real = cas_path(&scratch, j->run->o->cas, &x->inputs.v[i].digest);
		if (str_starts(text, real)) {
			canonical_input(out, x, i);
			n = real.n;
		}
	}
	arena_fini(&scratch);
	return n;
}

/* Whether text starts with a folder that real names lie in: the few places to look closer at. */
static bool begins_real(const struct run *r, struct str text)
{
	struct str dir;

	for (size_t i = 0; (dir = cas_dir(r->o->cas, i)).n; i++)
		if (str_starts(text, dir))
			return true;
	return r->memory_dir.n && str_starts(text, r->memory_dir);
}

struct str words_canonical(struct arena *a, const struct job *j, struct str words)
{
	struct buf out = {0};
	struct str result;
	size_t at = 0;

	while (at < words.n) {
		struct str rest = str_skip(words, at);
		size_t n = begins_real(j->run, rest) ? add_canonical(&out, j, rest) : 0;

		if (!n) {
			n = rest.n > 1 ? str_find(str_skip(rest, 1), '/') + 1 : 1;
			buf_add(&out, rest.p, n);
		}
		at += n;
	}
	result = str_dup(a, buf_str(&out));
	buf_fini(&out);
	return result;
}

/* The number behind prefix when text starts with both; *n: how much of text that is. */
static bool numbered(struct str text, const char *prefix, size_t limit, size_t *number, size_t *n)
{
	size_t at = strlen(prefix), digits = at;

	if (!str_startsc(text, prefix))
		return false;
	for (*number = 0; at < text.n && text.p[at] >= '0' && text.p[at] <= '9'; at++) {
		*number = *number * 10 + (size_t)(text.p[at] - '0');
		if (*number >= limit)
			return false;
	}
	*n = at;
	return at > digits;
}

/* The declared path that text starts with in canonical spelling; *n: the length of that. */
static bool declared_at(const struct action *x, struct str text, struct str *path, size_t *n)
{
	struct str suffix;
	size_t i;

	if (numbered(text, CANONICAL_IN, x->inputs.n, &i, n)) {
		*path = x->inputs.v[i].path;
		return true;
	}
	if (!numbered(text, CANONICAL_OUT, x->outputs.n, &i, n))
		return false;
	suffix = output_suffix(&x->outputs.v[i]);
	text = str_skip(text, *n);
	*path = x->outputs.v[i].path;
	*n += 1 + suffix.n;
	return str_startsc(text, ".") && str_starts(str_skip(text, 1), suffix);
}

struct str words_declared(struct arena *a, const struct action *x, struct str words)
{
	struct buf out = {0};
	struct str result = words, path;
	size_t at = 0, n;

	while (at < words.n) {
		struct str rest = str_skip(words, at);

		if (declared_at(x, rest, &path, &n)) {
			buf_adds(&out, path);
		} else {
			n = rest.n > 1 ? str_find(str_skip(rest, 1), CANONICAL_IN[0]) + 1 : 1;
			buf_add(&out, rest.p, n);
		}
		at += n;
	}
	if (out.n)
		result = str_dup(a, buf_str(&out));
	buf_fini(&out);
	return result;
}
