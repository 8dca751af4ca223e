/*
 * A clean checkout: what the last good run of the same command recorded of a tree like this one, in
 * whatever folder, is kept in the cache as the result of an action whose key is the command, this cbuild
 * and the names in the tree's upper two floors. Contents are compared as after any change (state.h), so a
 * key that is shared by two trees costs a look, never a wrong result.
 *
 *     out  state                   the state file
 *     out  mounts                  toolchains below build/.x/tc: name, tab, folder, newline; before them the
 *                                  cache's folder, if modules or toolchains in it were used: no other will do
 *     out  compile_commands.json   without the folder's name; left out by commands that write none
 */
#include "cmd.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "sys/file.h"

enum { OUT_STATE, OUT_MOUNTS, OUT_COMMANDS, OUTS };

static const char *const out_names[] = {"state", "mounts", COMMANDS_FILE};

static bool is_hidden(struct str name)
{
	return str_startsc(name, ".");
}

static void add_digest(struct buf *b, const struct digest *d)
{
	buf_add(b, d->sha256, sizeof d->sha256);
}

static bool add_names(struct arena *a, struct buf *b, struct str dir, bool below)
{
	struct folder_entry *v;
	struct digest d;
	struct err ignored;
	size_t n;

	if (!folder_list(a, str_c(a, dir), &v, &n, &ignored))
		return false;
	d = watch_listing(v, n, &state_own_names);
	add_digest(b, &d);
	for (size_t i = 0; below && i < n; i++)
		if (v[i].kind == FILE_FOLDER && !is_hidden(v[i].name) &&
		    !str_vec_has(&state_own_names, v[i].name) && !add_names(a, b, v[i].name, false))
			return false;
	return true;
}

/* A workspace is more than the tree: nothing is kept of it. */
static bool tree_key(const struct cmd *c, const struct quick *q, struct digest *out)
{
	struct arena a = {0};
	struct buf b = {0};
	struct digest self, manifest = {0};
	struct err ignored;
	bool ok = !c->work.n && file_digest("/proc/self/exe", &self, &ignored) &&
		  (file_kind("cbuild.yaml") == FILE_ABSENT ||
		   file_digest("cbuild.yaml", &manifest, &ignored));

	buf_addc(&b, "cbuild-tree 1\n");
	add_digest(&b, &q->command);
	if (ok) {
		add_digest(&b, &self);
		add_digest(&b, &manifest);
		ok = add_names(&a, &b, STR("."), true);
	}
	*out = digest_str(buf_str(&b));
	buf_fini(&b);
	arena_fini(&a);
	return ok;
}

/* --- keeping ---------------------------------------------------------------------------------- */

/* A folder that the manifest names absolutely is the same one for every tree, also when it lies in this one. */
static bool names_folders(const struct cmd *c)
{
	for (size_t i = 0; i < c->manifest.replace.n; i++)
		if (path_is_abs(c->manifest.replace.v[i].folder))
			return true;
	return false;
}

static bool any_within(const struct str_vec *paths, struct str root)
{
	for (size_t i = 0; i < paths->n; i++)
		if (path_is_abs(paths->v[i]) && path_within(root, paths->v[i]))
			return true;
	return false;
}

/*
 * What is put into the tree on the way is not among the products that a state file knows, and an action whose
 * words, sources or headers name this folder means no other.
 */
static bool is_tied(const struct graph *g, struct str root)
{
	for (size_t i = 0; i < g->actions.n; i++) {
		const struct action *x = g->actions.v[i];

		if (x->box.on || x->root.n || any_within(&x->result.more_inputs, root))
			return true;
		for (size_t k = 0; k < x->inputs.n; k++)
			if (path_is_abs(x->inputs.v[k].path) &&
			    path_within(root, x->inputs.v[k].path))
				return true;
		for (size_t k = 0; k < x->outputs.n; k++)
			if (x->outputs.v[k].placed)
				return true;
	}
	return false;
}

/* Beside the main module there is always the test runtime's. */
static bool uses_cache_folder(const struct cmd *c)
{
	enum { OWN_MODULES = 2 };
	bool any = c->list.modules.n > OWN_MODULES;

	for (size_t i = 0; i < c->mounts.n; i++) {
		struct str folder = c->mounts.v[i];

		str_cut(&folder, '\t');
		any = any || file_kind(folder.p) != FILE_ABSENT;
	}
	return any;
}

static struct str mounts_text(struct cmd *c)
{
	struct buf b = {0};
	struct str text;

	buf_printf(&b, "%.*s\n", STR_ARG(uses_cache_folder(c) ? c->cache_dir : STR("")));
	for (size_t i = 0; i < c->mounts.n; i++)
		buf_printf(&b, "%.*s\n", STR_ARG(c->mounts.v[i]));
	text = str_dup(&c->arena, buf_str(&b));
	buf_fini(&b);
	return text;
}

static bool put_commands(const struct build *build, struct digest *out, struct err *e)
{
	struct cmd *c = build->c;
	struct buf b = {0};
	struct str text;
	struct digest have;
	bool ok = file_read(&c->arena, COMMANDS_FILE, 0, &text, e);

	if (ok) {
		have = digest_str(text);
		ok = digest_eq(&have, &build->commands);
	}
	if (ok) {
		commands_move(&b, text, c->root, STR(""));
		ok = cas_put(c->cas, buf_str(&b), false, out, e);
	}
	buf_fini(&b);
	return ok;
}

void adopt_keep(struct quick *q, const struct build *b)
{
	struct cmd *c = b->c;
	struct cas_output outs[OUTS] = {0};
	bool commands = !digest_is_zero(&b->commands);
	struct action_result r = {.outputs = outs, .output_count = OUT_COMMANDS + commands};
	struct digest key;
	struct err ignored;
	bool ok;

	for (size_t i = 0; i < OUTS; i++)
		outs[i].path = str_of(out_names[i]);
	if (file_kind(q->path) != FILE_REGULAR || is_tied(&b->graph, c->root) || names_folders(c) ||
	    !tree_key(c, q, &key))
		return;
	ok = cas_put_file(c->cas, q->path, CAS_COPY, false, &outs[OUT_STATE].digest, &ignored) &&
	     cas_put(c->cas, mounts_text(c), false, &outs[OUT_MOUNTS].digest, &ignored) &&
	     (!commands || put_commands(b, &outs[OUT_COMMANDS].digest, &ignored)) &&
	     cas_action_put(c->cas, &key, &r, &ignored);
	if (!ok)
		(void)0; /* the next checkout is walked */
}

/* --- taking ----------------------------------------------------------------------------------- */

static bool take_mounts(struct cmd *c, struct str text, struct err *e)
{
	struct str cache = str_cut(&text, '\n');

	if ((cache.n && !str_eq(cache, c->cache_dir)) || !build_mount(c, e) ||
	    !session_runtime(c, e))
		return false;
	while (text.n) {
		struct str line = str_cut(&text, '\n'), name = str_cut(&line, '\t');

		if (!path_is_local(name) || !path_is_abs(line) || !build_mount_at(c, name, line, e))
			return false;
	}
	return true;
}

static void take_commands(struct cmd *c, struct str text, struct quick *q)
{
	struct buf b = {0};

	commands_move(&b, text, STR(""), c->root);
	q->commands = str_dup(&c->arena, buf_str(&b));
	*vec_push(&c->arena, &q->standing) =
	    (struct state_made){STR(COMMANDS_FILE), digest_str(q->commands)};
	buf_fini(&b);
}

bool adopt_end(const struct quick *q, struct err *e)
{
	return !q->commands.p || file_write_if_changed(COMMANDS_FILE, q->commands, 0644, e);
}

static bool get(struct cmd *c, const struct action_result *r, size_t i, struct str *out)
{
	struct err ignored;

	return cas_get(c->cas, &r->outputs[i].digest, &c->arena, out, &ignored) == CAS_HIT;
}

enum state_found adopt_check(struct cmd *c, struct quick *q, struct state **out)
{
	struct action_result r;
	struct str mounts, commands;
	struct digest key;
	struct err ignored;

	if (!session_cas(c, &ignored) || !tree_key(c, q, &key) ||
	    cas_action_get(c->cas, &key, &c->arena, &r, &ignored) != CAS_HIT ||
	    r.output_count < OUT_COMMANDS || !get(c, &r, OUT_MOUNTS, &mounts) ||
	    !take_mounts(c, mounts, &ignored))
		return STATE_OTHER;
	if (state_adopt(&c->arena, cas_path(&c->arena, c->cas, &r.outputs[OUT_STATE].digest).p,
			q->path, &q->standing, out) == STATE_OTHER)
		return STATE_OTHER;
	if (r.output_count > OUT_COMMANDS) {
		if (!get(c, &r, OUT_COMMANDS, &commands))
			return STATE_OTHER;
		take_commands(c, commands, q);
	}
	return STATE_EDITED;
}
