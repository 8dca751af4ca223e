/*
 * The data's digest is over names, kinds, executable bits and contents, folder by folder. A result is an
 * action result of the cache like any other, with the transcript as its one output.
 */
#include "test_cache.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "sys/file.h"

extern char **environ;

enum { DEPTH_MAX = 64, FILES_MAX = 100000 };
static const uint64_t BYTES_MAX = (uint64_t)1 << 30;

struct data {
	struct cmd *c;
	struct map compiled; /* path -> anything: what compiles read */
	struct file_memo *memo;
	struct digest_ctx sum;
	uint64_t files, bytes;
};

static void add(struct digest_ctx *d, struct str s)
{
	uint64_t n = s.n;

	digest_update(d, &n, sizeof n);
	digest_update(d, s.p, s.n);
}

static void add_compiled(struct data *d, const struct source *s)
{
	map_put(&d->c->arena, &d->compiled, s->path, NULL);
	for (size_t i = 0; i < s->closure.n; i++)
		map_put(&d->c->arena, &d->compiled, s->closure.v[i], NULL);
}

static bool add_file(struct data *d, struct str path)
{
	struct file_sig sig;
	struct digest content;
	struct err ignored;
	unsigned char executable;

	if (map_get(&d->compiled, path))
		return true;
	add(&d->sum, path);
	/* A link to nothing, or to a folder, or what is no file: its name is all. */
	if (!file_stat(str_c(&d->c->arena, path), &sig, &ignored) ||
	    (sig.mode & 0170000) != 0100000)
		return true;
	d->bytes += sig.size_bytes;
	if (++d->files > FILES_MAX || d->bytes > BYTES_MAX ||
	    !file_memo_digest(d->memo, path, &content, &ignored))
		return false;
	executable = (sig.mode & 0111) != 0;
	digest_update(&d->sum, &executable, 1);
	digest_update(&d->sum, content.sha256, DIGEST_BYTES);
	return true;
}

static bool skip(const struct data *d, struct str path)
{
	return str_eqc(path, "build") || str_eqc(path, "compile_commands.json") ||
	       str_eq(path_join(&d->c->arena, d->c->root, path), d->c->cache_dir);
}

static bool add_folder(struct data *d, struct str dir, unsigned depth)
{
	struct folder_entry *v;
	struct err ignored;
	size_t n;

	if (depth > DEPTH_MAX ||
	    !folder_list(&d->c->arena, str_c(&d->c->arena, dir), &v, &n, &ignored))
		return false;
	add(&d->sum, dir);
	for (size_t i = 0; i < n; i++) {
		struct str path = path_join(&d->c->arena, dir, v[i].name);
		bool folder = v[i].kind == FILE_FOLDER;

		if (skip(d, path) || (folder && v[i].name.p[0] == '.'))
			continue;
		if (folder ? !add_folder(d, path, depth + 1) : !add_file(d, path))
			return false;
	}
	return true;
}

struct digest test_data_digest(struct build *b)
{
	struct data d = {.c = b->c};
	struct digest none = {0};
	struct err ignored;
	bool ok;

	for (size_t t = 0; t < b->target_count; t++)
		for (size_t i = 0; i < b->targets[t].set.packages.n; i++) {
			const struct package *p = b->targets[t].set.packages.v[i];

			for (size_t k = 0; k < p->sources.n; k++)
				add_compiled(&d, p->sources.v[k]);
			for (size_t k = 0; k < p->tests.n; k++)
				add_compiled(&d, p->tests.v[k]);
		}
	digest_init(&d.sum);
	if (!file_memo_open(&b->c->arena, STR(STATE_DIR "/files"), &d.memo, &ignored))
		return none;
	ok = add_folder(&d, STR("."), 0);
	return file_memo_close(d.memo, &ignored) && ok ? digest_final(&d.sum) : none;
}

/* --- results ---------------------------------------------------------------------------------- */

/* What shells and make change from command to command. */
static bool is_noise(struct str variable)
{
	static const char *const names[] = {
	    "PWD=", "OLDPWD=", "SHLVL=", "_=", "MAKEFLAGS=", "MAKELEVEL=", "MFLAGS="};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_startsc(variable, names[i]))
			return true;
	return false;
}

static int by_bytes(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

static void add_environment(struct arena *a, struct digest_ctx *d)
{
	VEC(char *) v = {0};

	for (char **p = environ; *p; p++)
		if (!is_noise(str_of(*p)))
			*vec_push(a, &v) = *p;
	if (v.n)
		qsort(v.v, v.n, sizeof *v.v, by_bytes);
	for (size_t i = 0; i < v.n; i++)
		add(d, str_of(v.v[i]));
}

struct digest test_cache_key(struct cmd *c, const struct digest *program, const struct digest *data,
			     struct str dir, const struct str_vec *words)
{
	struct digest_ctx d;

	digest_init(&d);
	add(&d, STR("cbuild-test 1"));
	digest_update(&d, program->sha256, DIGEST_BYTES);
	digest_update(&d, data->sha256, DIGEST_BYTES);
	add(&d, c->root);
	add(&d, dir);
	for (size_t i = 0; i < words->n; i++)
		add(&d, words->v[i]);
	add(&d, STR("environment"));
	add_environment(&c->arena, &d);
	return digest_final(&d);
}

bool test_cache_get(struct cmd *c, const struct digest *key, struct str *transcript)
{
	struct action_result r;
	struct err ignored;

	return session_cas(c, &ignored) &&
	       cas_action_get(c->cas, key, &c->arena, &r, &ignored) == CAS_HIT &&
	       r.output_count == 1 &&
	       cas_get(c->cas, &r.outputs[0].digest, &c->arena, transcript, &ignored) == CAS_HIT;
}

void test_cache_put(struct cmd *c, const struct digest *key, struct str transcript,
		    uint64_t wall_ms)
{
	struct cas_output out = {.path = STR("transcript")};
	struct action_result r = {.outputs = &out, .output_count = 1, .wall_ms = wall_ms};
	struct err ignored;

	if (session_cas(c, &ignored) && cas_put(c->cas, transcript, false, &out.digest, &ignored) &&
	    !cas_action_put(c->cas, key, &r, &ignored))
		(void)0; /* it only saves time */
}
