/*
 * From the canonical spelling of an action to what runs here: inputs made by other actions are read
 * at their blob's path, outputs go to new names in the cache's tmp/. What the tool prints is
 * spelled back, so that messages (which are cached too) name files as the user knows them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "exec/exec_impl.h"
#include "sys/clock.h"
#include "sys/watch.h"

/*
 * Linux allows 128 KiB a word and, for all words with the environment, a quarter of the stack
 * limit: 2 MiB as usual. Above this the words go to a response file.
 */
enum { ARGV_LIMIT_BYTES = 900 * 1024, WORDS_OUTSIDE_RSP = 2 };

struct job *job_new(struct run *r, struct action *x)
{
	struct job *j = mem_alloc(sizeof *j);

	j->run = r;
	j->x = x;
	j->started_ms = clock_mono_ms();
	j->outs = arena_array(&j->scratch, struct str, x->outputs.n);
	for (size_t i = 0; i < x->outputs.n; i++) {
		struct str ext = path_ext(x->outputs.v[i].path);

		/* Compilers and archivers look at the suffix. */
		j->outs[i] =
		    cas_temp(&j->scratch, r->o->cas, ext.n ? str_c(&j->scratch, ext) : "out");
	}
	return j;
}

void job_free(struct job *j)
{
	struct err ignored;

	if (!j)
		return;
	for (size_t i = 0; i < j->x->outputs.n; i++) {
		if (!file_remove(j->outs[i].p, &ignored))
			continue; /* cas_open sweeps it one day. */
	}
	if (j->rsp.n && !file_remove(j->rsp.p, &ignored))
		j->rsp.n = 0;
	buf_fini(&j->words);
	arena_fini(&j->scratch);
	free(j);
}

static struct str real_input(struct job *j, const struct input *in)
{
	if (!in->from)
		return in->path;
	return cas_path(&j->scratch, j->run->o->cas, &in->digest);
}

static const char *real_word(struct job *j, const struct arg *arg)
{
	struct str path;

	if (arg->kind == ARG_TEXT)
		return str_c(&j->scratch, arg->text);
	path = arg->kind == ARG_INPUT ? real_input(j, &j->x->inputs.v[arg->index])
				      : j->outs[arg->index];
	return str_fmt(&j->scratch, "%.*s%.*s", STR_ARG(arg->text), STR_ARG(path)).p;
}

/* GNU style, as gcc, clang, ld, lld and ar read it: words in double quotes, \ and " escaped. */
static void rsp_add_word(struct buf *out, const char *word)
{
	buf_add_byte(out, '"');
	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			buf_add_byte(out, '\\');
		buf_add_byte(out, *word);
	}
	buf_addc(out, "\"\n");
}

/* The first words stay: "zig ld.lld @FILE", "ar rcsD @FILE". */
static bool use_rsp(struct job *j, size_t n, struct err *e)
{
	struct buf text = {0};
	struct str path = cas_temp(&j->scratch, j->run->o->cas, "rsp");
	bool ok;

	for (size_t i = WORDS_OUTSIDE_RSP; i < n; i++)
		rsp_add_word(&text, j->argv[i]);
	ok = file_write_fast(path.p, buf_str(&text), 0600, e);
	buf_fini(&text);
	if (!ok)
		return false;
	j->rsp = path;
	j->argv[WORDS_OUTSIDE_RSP] = str_fmt(&j->scratch, "@%s", path.p).p;
	j->argv[WORDS_OUTSIDE_RSP + 1] = NULL;
	return true;
}

/* Which inputs no word spells, of those that other actions made. */
static void find_by_name(struct job *j)
{
	const struct action *x = j->x;

	j->by_name = arena_array(&j->scratch, bool, x->inputs.n);
	for (size_t i = 0; i < x->inputs.n; i++)
		j->by_name[i] = x->inputs.v[i].from != NULL;
	for (size_t i = 0; i < x->argv.n; i++)
		if (x->argv.v[i].kind == ARG_INPUT)
			j->by_name[x->argv.v[i].index] = false;
}

/* Leaves alone what is there with the same content: several actions may read it at once. */
static bool place_input(struct job *j, const struct input *in, struct err *e)
{
	struct file_memo *memo = j->run->memo;
	struct digest have;
	enum cas_result r;

	if (memo_still_same(memo, in->path, &in->digest) ||
	    (file_memo_digest(memo, in->path, &have, e) && digest_eq(&have, &in->digest)))
		return true;
	r = cas_place(j->run->o->cas, &in->digest, str_c(&j->scratch, in->path), 0644, e);
	if (r == CAS_MISS)
		return err_set(e, ERR_IO, "%.*s left the cache while it was being used",
			       STR_ARG(in->path));
	/* The memo looks again. */
	return r == CAS_HIT && !memo_still_same(memo, in->path, &in->digest) &&
	       file_memo_digest(memo, in->path, &have, e);
}

bool job_place(struct job *j, struct err *e)
{
	bool ok = true;

	watch_pause(); /* they are made, not found */
	for (size_t i = 0; ok && i < j->x->inputs.n; i++)
		ok = !j->by_name[i] || place_input(j, &j->x->inputs.v[i], e);
	watch_resume();
	return ok;
}

bool job_command(struct job *j, struct err *e)
{
	const struct action *x = j->x;
	size_t bytes = 0;

	find_by_name(j);

	/* Else each tool would say in its own words that its output cannot be made. */
	if (!cas_writable(j->run->o->cas, e))
		return false;
	j->argv = arena_array(&j->scratch, const char *, x->argv.n + 1);
	for (size_t i = 0; i < x->argv.n; i++) {
		j->argv[i] = real_word(j, &x->argv.v[i]);
		bytes += strlen(j->argv[i]) + 1 + sizeof(char *);
	}
	j->env = arena_array(&j->scratch, const char *, x->env.n + 1);
	for (size_t i = 0; i < x->env.n; i++)
		j->env[i] = str_c(&j->scratch, x->env.v[i]);
	if (bytes > ARGV_LIMIT_BYTES && x->argv.n > WORDS_OUTSIDE_RSP)
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

/* The canonical path behind a real one, which text starts with; *n is the real one's length. */
static bool canonical_at(struct arena *a, const struct job *j, struct str text, struct str *path,
			 size_t *n)
{
	const struct action *x = j->x;

	for (size_t i = 0; i < x->outputs.n; i++) {
		if (str_starts(text, j->outs[i])) {
			*path = x->outputs.v[i].path;
			*n = j->outs[i].n;
			return true;
		}
	}
	for (size_t i = 0; i < x->inputs.n; i++) {
		struct str real;

		if (!x->inputs.v[i].from)
			continue;
		real = cas_path(a, j->run->o->cas, &x->inputs.v[i].digest);
		if (str_starts(text, real)) {
			*path = x->inputs.v[i].path;
			*n = real.n;
			return true;
		}
	}
	return false;
}

struct str words_canonical(struct arena *a, const struct job *j, struct str words)
{
	struct arena scratch = {0};
	struct buf out = {0};
	struct str dir = j->run->cas_dir, result, path;
	size_t at = 0, n;

	while (at < words.n) {
		struct str rest = str_skip(words, at);

		if (str_starts(rest, dir) && canonical_at(&scratch, j, rest, &path, &n)) {
			buf_adds(&out, path);
			at += n;
			continue;
		}
		n = rest.n > 1 ? str_find(str_skip(rest, 1), dir.p[0]) + 1 : 1;
		buf_add(&out, rest.p, n);
		at += n;
	}
	result = str_dup(a, buf_str(&out));
	buf_fini(&out);
	arena_fini(&scratch);
	return result;
}
