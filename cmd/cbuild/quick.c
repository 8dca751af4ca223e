/*
 * The short way: what the last good run of the same command recorded says whether anything is to be
 * done. The same command means the same words, environment, folder and cbuild; its digest names the
 * file. What shows more than results (-n, -x, --explain, --trace, --json) walks the full way. All verbs
 * that build come here (cmd.h, struct quick).
 */
#include "cmd.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "oci/oci.h"
#include "sys/file.h"

/* What the rooms ask the environment for, but for the cache's folder. */
static const char *const env_names[] = {"CBUILD_OFFLINE",
					"CBUILD_TOOLCHAIN",
					"CFLAGS",
					"HOME",
					"LDFLAGS",
					"PATH",
					"SOURCE_DATE_EPOCH",
					"XDG_CONFIG_HOME",
					"GIT_CONFIG_GLOBAL",
					"CBUILD_WORK"};

static void add(struct buf *b, struct str s)
{
	buf_add(b, &s.n, sizeof s.n);
	buf_adds(b, s);
}

static bool add_self(struct buf *b)
{
	struct file_sig sig;
	struct err ignored;

	if (!file_stat("/proc/self/exe", &sig, &ignored))
		return false;
	buf_printf(b, "cbuild %llu %llu %lld %lld ", (unsigned long long)sig.ino,
		   (unsigned long long)sig.size_bytes, (long long)sig.mtime_ns,
		   (long long)sig.ctime_ns);
	return true;
}

static struct digest command_digest(struct cmd *c, const struct build_opts *o,
				    const struct str_vec *args, struct str key)
{
	struct buf b = {0};
	struct digest d;

	add(&b, str_of(c->verb->name));
	add(&b, c->prefix);
	add(&b, o->profile);
	add(&b, key);
	buf_printf(&b, "%d", (int)c->mod_mode);
	for (size_t i = 0; i < args->n; i++)
		add(&b, args->v[i]);
	buf_addc(&b, " targets ");
	for (size_t i = 0; i < o->targets.n; i++)
		add(&b, o->targets.v[i]);
	for (size_t i = 0; i < sizeof env_names / sizeof env_names[0]; i++) {
		const char *v = getenv(env_names[i]);

		add(&b, str_of(env_names[i]));
		add(&b, str_of(v ? v : "unset"));
		buf_add_byte(&b, v ? '1' : '0');
	}
	d = digest_str(buf_str(&b));
	buf_fini(&b);
	return d;
}

static const char *state_path(struct cmd *c, const struct digest *command)
{
	struct buf b = {0};
	char hex[DIGEST_HEX + 1];
	struct digest d;
	bool ok = add_self(&b);

	add(&b, c->root);
	add(&b, c->work);
	add(&b, c->cache_dir);
	buf_add(&b, command, sizeof *command);
	d = digest_str(buf_str(&b));
	digest_hex(&d, hex);
	buf_fini(&b);
	return ok ? str_fmt(&c->arena, STATE_DIR "/graph-%.16s", hex).p : NULL;
}

/* A failed action's remedies need the packages: they are loaded now. */
static void explain_edit(struct build *b, struct err *e)
{
	struct build full = {0};
	struct err ignored;

	if (!session_manifest(b->c, &ignored) || !build_open(&full, b->c, b->opts, &ignored))
		return;
	full.graph = b->graph;
	build_explain_failure(&full, e);
}

enum edit_end { EDIT_OK, EDIT_FAILED, EDIT_STALE };

static void add_made(struct build *b, struct state_made_vec *out)
{
	for (size_t i = 0; i < b->placed.n; i++)
		*vec_push(&b->c->arena, out) =
		    (struct state_made){path_clean(&b->c->arena, b->placed.v[i].path),
					b->placed.v[i].action->result.outputs[0].digest};
}

/* What the last run kept; what an edit made stands before it and so hides it. */
static void take_kept(struct cmd *c, const struct state *s, struct quick *q)
{
	struct state_made_vec kept;

	state_made(&c->arena, s, &kept);
	for (size_t i = 0; i < kept.n; i++)
		*vec_push(&c->arena, &q->made) = kept.v[i];
	q->note = str_dup(&c->arena, state_note(s));
}

/* Whether the cache has what is to be put back into the place of something else. */
static bool replacements_there(struct cmd *c, const struct state_edit *d)
{
	struct err ignored;

	for (size_t i = 0; i < d->products.n; i++) {
		const struct action *x = d->products.v[i].action;
		const struct digest *made =
		    x->result.output_count ? &x->result.outputs[0].digest : NULL;

		if (!digest_is_zero(&x->known_key) && made &&
		    !digest_eq(made, &d->products.v[i].had) &&
		    (!session_cas(c, &ignored) || cas_has(c->cas, made, &ignored) != CAS_HIT))
			return false;
	}
	return true;
}

/* Runs what the edit touches. EDIT_STALE: what was recorded cannot be used. */
static enum edit_end run_edit(struct cmd *c, const struct build_opts *o, struct state *s,
			      struct quick *q, struct err *e)
{
	static const struct step *const steps[] = {&plan_policy_step, &plan_text_step,
						   &plan_config_step, &oci_layer_step,
						   &oci_image_step,   &oci_index_step};
	struct build b = {.c = c, .opts = o};
	struct state_edit d;

	if (!state_graph(&c->arena, s, steps, sizeof steps / sizeof steps[0], &d))
		return EDIT_STALE;
	b.graph = d.graph;
	b.trusted = d.trusted_prefixes;
	b.settled = d.settled;
	for (size_t i = 0; i < d.goals.n; i++)
		*vec_push(&c->arena, &b.goals) = d.goals.v[i];
	b.placed = d.products;
	if (!replacements_there(c, &d))
		return EDIT_STALE;
	state_replay_settled(s, ui_sink(c->ui));
	if (build_run(&b, e) && adopt_end(q, e)) {
		state_update(s);
		add_made(&b, &q->made);
		return EDIT_OK;
	}
	if (b.stat.stale)
		return EDIT_STALE;
	if (e->code == ERR_TOOL)
		explain_edit(&b, e);
	return EDIT_FAILED;
}

static enum state_found find_state(struct cmd *c, struct quick *q, struct state **out)
{
	enum state_found found = state_check(&c->arena, q->path, out);

	if (found != STATE_OTHER || file_kind(q->path) != FILE_ABSENT)
		return found;
	state_close(*out);
	*out = NULL;
	return adopt_check(c, q, out);
}

bool quick_build(struct cmd *c, const struct build_opts *o, const struct str_vec *args,
		 struct quick *q, bool *ok, struct err *e)
{
	struct state *s = NULL;
	bool done = false;

	if (o->dry_run || o->show_commands || o->explain || o->no_cache || o->keep_going ||
	    o->trace.n || c->json)
		return false;
	q->command = command_digest(c, o, args, q->key);
	q->path = state_path(c, &q->command);
	if (!q->path)
		return false;
	switch (find_state(c, q, &s)) {
	case STATE_SAME:
		state_replay(s, ui_sink(c->ui));
		done = *ok = true;
		break;
	case STATE_EDITED:
		switch (run_edit(c, o, s, q, e)) {
		case EDIT_OK:
			done = *ok = true;
			break;
		case EDIT_FAILED:
			done = true;
			*ok = false;
			break;
		case EDIT_STALE:
			ui_again(c->ui);
			*e = (struct err){0};
			break;
		}
		break;
	case STATE_OTHER:
		break;
	}
	if (done && *ok)
		take_kept(c, s, q);
	state_close(s);
	if (!done)
		quick_again(c);
	return done;
}

void quick_again(struct cmd *c)
{
	state_watch(&c->watch, &c->arena, STATE_DIR "/clock");
}

const struct digest *quick_made(const struct quick *q, struct str path)
{
	for (size_t i = 0; i < q->made.n; i++)
		if (str_eq(q->made.v[i].path, path))
			return &q->made.v[i].digest;
	return NULL;
}

static void products(struct build *b, struct state_products *out)
{
	struct arena *a = &b->c->arena;

	for (size_t i = 0; i < b->placed.n; i++)
		*vec_push(a, out) = b->placed.v[i];
	if (!digest_is_zero(&b->commands))
		*vec_push(a, out) = (struct state_product){
		    .path = STR(COMMANDS_FILE), .mode = 0644, .made = b->commands};
}

/* Each command, environment and cbuild has a file of its own; the others' go when there are many. */
static void drop_others(struct cmd *c, const char *mine)
{
	enum { MANY = 16 };
	struct folder_entry *v;
	struct err ignored;
	size_t n, graphs = 0;

	if (!folder_list(&c->arena, STATE_DIR, &v, &n, &ignored))
		return;
	for (size_t i = 0; i < n; i++)
		graphs += str_startsc(v[i].name, "graph-");
	for (size_t i = 0; graphs > MANY && i < n; i++) {
		struct str path = path_join(&c->arena, STR(STATE_DIR), v[i].name);

		if (str_startsc(v[i].name, "graph-") && !str_eqc(path, mine) &&
		    !file_remove(path.p, &ignored))
			return;
	}
}

void quick_record(struct quick *q, struct build *b, bool ok)
{
	struct state_products made = {0};
	struct str_vec trusted = {0};

	if (ok && !b->opts->dry_run)
		add_made(b, &q->made);
	if (!q->path)
		return;
	watch_end();
	if (!ok || ui_warned(b->c->ui))
		return;
	products(b, &made);
	build_trusted(b, &trusted);
	state_record(&b->c->arena, q->path,
		     &(struct state_record){.watch = &b->c->watch,
					    .graph = &b->graph,
					    .goals = b->goals.v,
					    .goal_count = b->goals.n,
					    .products = &made,
					    .trusted_prefixes = &trusted,
					    .root = b->c->root,
					    .cache_dir = b->c->cache_dir,
					    .mod_mount = STR("build/.x/mod"),
					    .memo = STR(STATE_DIR "/files"),
					    .total = b->stat.total,
					    .note = q->note});
	drop_others(b->c, q->path);
	adopt_keep(q, b);
}
