/*
 * One build: toolchain, packages and a plan a target, one graph over all of them, and what comes out of it
 * placed in the tree.
 */
#include "cmd.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "sys/clock.h"
#include "sys/file.h"

#define X "build/.x"

bool build_mount(struct cmd *c, struct err *e)
{
	enum file_kind there = file_kind("build");
	bool fresh = there == FILE_ABSENT;
	const char *mod = path_join(&c->arena, c->cache_dir, STR("mod")).p;
	const char *tool = path_join(&c->arena, c->cache_dir, STR("tool")).p;

	if (!folder_make(X "/tc", e) || !folder_make(STATE_DIR, e) || !folder_make(mod, e) ||
	    !folder_make(tool, e)) {
		if (there == FILE_REGULAR)
			err_fix(e, "build is in the way: rename that file; a folder of this name "
				   "holds all that cbuild makes");
		return err_wrap(e, "preparing the build folder");
	}
	if (fresh && !file_write_fast("build/.gitignore", STR("*\n"), 0644, e))
		return false;
	return file_symlink(mod, X "/mod", e) && file_symlink(tool, X "/tool", e);
}

bool build_mount_at(struct cmd *c, struct str name, struct str folder, struct err *e)
{
	struct str mount = str_fmt(&c->arena, "%.*s\t%.*s", STR_ARG(name), STR_ARG(folder));

	if (!str_vec_has(&c->mounts, mount))
		*vec_push(&c->arena, &c->mounts) = mount;
	return file_symlink(str_c(&c->arena, folder),
			    str_fmt(&c->arena, X "/tc/%.*s", STR_ARG(name)).p, e);
}

static bool mount_toolchain(struct cmd *c, const struct toolchain *tc, struct err *e)
{
	return !tc->root.n || build_mount_at(c, tc->mount_name, tc->root, e);
}

/* Tells a trace of a phase that ends now; returns when that is. */
static uint64_t phase(struct cmd *c, const char *name, uint64_t start_ns)
{
	uint64_t now_ns = clock_mono_ns();

	event_phase(ui_sink(c->ui), str_of(name), start_ns, now_ns);
	return now_ns;
}

/* Removes made files that nothing makes any more: the compiler would still find them. */
static bool drop_made(struct build_target *t, struct arena *a, struct str dir, struct err *e)
{
	struct folder_entry *v;
	size_t n;

	if (file_kind(str_c(a, dir)) != FILE_FOLDER)
		return true;
	if (!folder_list(a, str_c(a, dir), &v, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct str path = path_join(a, dir, v[i].name);

		if (v[i].kind == FILE_FOLDER
			? !drop_made(t, a, path, e)
			: !load_maker(&t->set, path) && !file_remove(path.p, e))
			return false;
	}
	return true;
}

static void warn_denied(const struct build *b, const struct str_vec *denied)
{
	for (size_t i = 0; i < denied->n; i++)
		event_warn(
		    ui_sink(b->c->ui),
		    "%.*s may not be read and is left out: change its mode or owner, or give "
		    "it a name that begins with '.'",
		    STR_ARG(denied->v[i]));
}

static bool open_target(struct build *b, struct build_target *t, struct err *e)
{
	struct cmd *c = b->c;
	struct toolchain_opts tool_opts = session_toolchain_opts(c);
	struct load_opts load_opts = {.list = &c->list,
				      .target = t->target,
				      .mod_mount = STR(X "/mod"),
				      .root = c->root,
				      .cache_dir = c->cache_dir,
				      .no_tools = b->opts->no_tools,
				      .headers = b->opts->headers,
				      .test_runtime = STR(X "/rt")};
	struct plan_opts plan_opts = {.target = t->target,
				      .manifest = &c->manifest,
				      .profile = b->opts->profile.n ? b->opts->profile : STR("dev"),
				      .cflags = str_of(getenv("CFLAGS")),
				      .ldflags = str_of(getenv("LDFLAGS"))};
	uint64_t start_ns = clock_mono_ns();

	if (b->opts->as_is) {
		tool_opts.no_install = true;
		tool_opts.sink = NULL;
	}
	if (!b->opts->no_tools && (!toolchain_open(&c->arena, &t->target, &tool_opts, &t->tc, e) ||
				   !mount_toolchain(c, t->tc, e)))
		return err_wrap(e, "finding a toolchain for %.*s",
				STR_ARG(target_name(&c->arena, &t->target)));
	start_ns = phase(c, "toolchain", start_ns);
	plan_common_flags(&c->arena, &plan_opts, &load_opts.cflags, &load_opts.ldflags);
	if (!load_packages(&c->arena, &load_opts, &t->set, e))
		return false;
	if (t == b->targets)
		warn_denied(b, &t->set.denied);
	phase(c, "load", start_ns);
	plan_opts.tc = t->tc;
	plan_opts.set = &t->set;
	plan_opts.host = b->host && b->host != t ? &b->host->plan : NULL;
	if (!b->opts->no_tools && !drop_made(t, &c->arena,
					     str_fmt(&c->arena, "build/%.*s/gen",
						     STR_ARG(target_folder(&c->arena, &t->target))),
					     e))
		return err_wrap(e, "removing what is made no more");
	return plan_init(&t->plan, &c->arena, &b->graph, &plan_opts, e);
}

/* Whether a program of these modules makes files, and so is built for this machine first. */
static bool runs_programs(const struct cmd *c)
{
	for (size_t i = 0; i < c->list.modules.n; i++)
		if (c->list.modules.v[i].manifest->generate.n)
			return true;
	return false;
}

/* The plan for this machine comes first: the others' actions run what it makes. */
static bool open_host(struct build *b, const struct target *targets, struct err *e)
{
	struct target host = target_host();

	if (b->opts->no_tools || !runs_programs(b->c))
		return true;
	for (size_t i = 0; i < b->target_count; i++)
		if (target_eq(&targets[i], &host))
			b->host = &b->targets[i];
	if (!b->host)
		b->host = arena_new(&b->c->arena, struct build_target);
	b->host->target = host;
	return open_target(b, b->host, e);
}

/* Foreign builds run jobs of their own: they and we share one jobserver, make's or ours. */
static bool share_jobs(struct build *b, struct err *e)
{
	struct cmd *c = b->c;
	bool any = false;

	for (size_t i = 0; i < b->graph.actions.n; i++)
		any = any || b->graph.actions.v[i]->box.jobs;
	if (!any || c->jobserver)
		return true;
	return jobserver_offer(exec_jobs(b->opts->jobs), &c->jobserver, e);
}

bool build_open(struct build *b, struct cmd *c, const struct build_opts *o, struct err *e)
{
	struct target *targets;
	uint64_t start_ns = clock_mono_ns();

	*b = (struct build){.c = c, .opts = o};
	if (o->trace.n)
		ui_trace(c->ui, path_join(&c->arena, c->prefix, o->trace));
	if (!session_targets(c, &o->targets, &targets, &b->target_count, e))
		return false;
	if (!build_mount(c, e) || (!c->list.modules.n && !session_modules(c, false, e)))
		return false;
	phase(c, "modules", start_ns);
	b->targets = arena_array(&c->arena, struct build_target, b->target_count);
	if (!open_host(b, targets, e))
		return false;
	for (size_t i = 0; i < b->target_count; i++) {
		b->targets[i].target = targets[i];
		if (&b->targets[i] != b->host && !open_target(b, &b->targets[i], e))
			return false;
	}
	b->opened_ns = clock_mono_ns();
	return true;
}

void build_goal(struct build *b, const struct action *x)
{
	for (size_t i = 0; i < b->goals.n; i++)
		if (b->goals.v[i] == x->index)
			return;
	*vec_push(&b->c->arena, &b->goals) = x->index;
}

void build_program(struct build *b, struct build_target *t, const struct program *prog,
		   struct str path)
{
	struct action *policy, *link = plan_program(&t->plan, prog, &policy);

	build_goal(b, policy);
	if (str_eqc(path, "/dev/null"))
		return;
	*vec_push(&b->c->arena, &b->placed) =
	    (struct state_product){.action = link,
				   .path = path.n ? path : link->outputs.v[0].path,
				   .mode = path.n ? 0755 : PLACED_MODE,
				   .check = policy};
}

static struct str module_for(void *ctx, struct str header)
{
	struct cmd *c = ((struct build *)ctx)->c;
	struct mod_opts o = session_mod_opts(c);
	struct manifest *m = NULL;
	struct err ignored;

	o.ports = &c->list.ports;
	if (!mod_port_for_header(&c->arena, header, &o, &m, &ignored) || !m ||
	    str_eq(m->module, c->manifest.module))
		return STR("");
	return m->module;
}

static struct str defined_in(void *ctx, struct str symbol)
{
	struct build *b = ctx;

	return load_find_definition(&b->c->arena, &b->targets[0].set, symbol);
}

static struct str recipe_of(void *ctx, struct str word)
{
	struct build *b = ctx;

	return load_find_recipe(&b->c->arena, &b->targets[0].set, word);
}

/* Remedies for the failed actions' words become the error's remedy. */
void build_explain_failure(struct build *b, struct err *e)
{
	struct plan_hint_port port = {
	    .module_for = module_for, .defined_in = defined_in, .recipe_of = recipe_of, .ctx = b};
	struct buf hints = {0};

	for (size_t i = 0; i < b->graph.actions.n; i++) {
		struct action *x = b->graph.actions.v[i];

		for (size_t t = 0; x->state == ACTION_FAILED && t < b->target_count; t++)
			if (str_eq(x->target, target_name(&b->c->arena, &b->targets[t].target)))
				plan_hint(&b->c->arena, &b->targets[t].set, x, &port, &hints);
	}
	if (hints.n && !e->fix[0])
		err_fix(e, "%s", hints.p);
	buf_fini(&hints);
}

/* Leaves alone what is already there with the same content: its time does not change. */
static bool place(struct build *b, struct file_memo *memo, struct state_product *p, struct err *e)
{
	const struct cas_output *out = &p->action->result.outputs[0];
	const char *path = str_c(&b->c->arena, p->path);
	struct file_sig sig;
	struct digest have;
	struct err ignored;
	enum cas_result r;
	enum cas_how how;

	p->made = out->digest;
	if (file_kind(path) == FILE_REGULAR && file_stat(path, &sig, &ignored) &&
	    (sig.mode & 07777) == p->mode) {
		if (!digest_is_zero(&p->had) && digest_eq(&p->had, &out->digest))
			return true;
		p->left = sig;
		if (digest_is_zero(&p->had) && file_memo_digest(memo, p->path, &have, &ignored) &&
		    digest_eq(&have, &out->digest))
			return true;
	}
	if (!folder_make_for(path, e))
		return false;
	/* A link shows when the blob was made, which for an old one would tell make of no change. */
	how = p->mode == PLACED_MODE && p->action->state == ACTION_RAN ? CAS_LINK : CAS_COPY;
	r = cas_place(b->c->cas, &out->digest, path, p->mode, how, &p->left, e);
	if (r == CAS_MISS) {
		b->stat.stale = true;
		err_set(e, ERR_IO, "%.*s left the cache while it was being built",
			STR_ARG(p->path));
		err_fix(e, "build again; another process trimmed or cleaned the cache");
	}
	return r == CAS_HIT;
}

static bool ended_well(const struct action *x)
{
	return x->state == ACTION_CACHED || x->state == ACTION_RAN;
}

static bool place_all(struct build *b, struct err *e)
{
	struct file_memo *memo;

	if (!b->placed.n || b->opts->dry_run)
		return true;
	if (!file_memo_open(&b->c->arena, STR(STATE_DIR "/placed"), &memo, e))
		return false;
	for (size_t i = 0; i < b->placed.n; i++) {
		struct state_product *p = &b->placed.v[i];

		if (ended_well(p->action) && (!p->check || ended_well(p->check)) &&
		    !place(b, memo, p, e)) {
			file_memo_close(memo, &(struct err){0});
			return false;
		}
	}
	return file_memo_close(memo, e);
}

static void trust(struct cmd *c, const struct toolchain *tc, struct str_vec *out)
{
	for (size_t i = 0; i < tc->trusted_prefixes.n; i++)
		if (!str_vec_has(out, tc->trusted_prefixes.v[i]))
			*vec_push(&c->arena, out) = tc->trusted_prefixes.v[i];
}

void build_trusted(struct build *b, struct str_vec *out)
{
	for (size_t i = 0; i < b->target_count; i++)
		trust(b->c, b->targets[i].tc, out);
	if (b->host)
		trust(b->c, b->host->tc, out);
}

bool build_run(struct build *b, struct err *e)
{
	struct cmd *c = b->c;
	struct exec_opts o = {.sink = b->opts->silent ? NULL : ui_sink(c->ui),
			      .jobs = b->opts->jobs,
			      .keep_going = b->opts->keep_going,
			      .dry_run = b->opts->dry_run,
			      .show_commands = b->opts->show_commands,
			      .explain = b->opts->explain,
			      .no_cache_read = b->opts->no_cache,
			      .settled = b->settled,
			      .trusted_prefixes = b->trusted,
			      .state_dir = STR(STATE_DIR)};

	uint64_t start_ns = phase(c, "plan", b->opened_ns);
	bool ok;

	if (!share_jobs(b, e))
		return false;
	o.jobserver = c->jobserver;

	if (c->jobserver_closed)
		event_warn(ui_sink(c->ui),
			   "make's jobserver is not open to this command: begin its "
			   "line in the Makefile with +");
	if (!session_cas(c, e))
		return false;
	o.cas = c->cas;
	phase(c, "open cache", start_ns);
	build_trusted(b, &o.trusted_prefixes);
	if (!exec_run(&c->arena, &b->graph, b->goals.v, b->goals.n, &o, &b->stat, e)) {
		struct err ignored;

		build_explain_failure(b, e);
		/* The first error is the one to tell; what ended well is there all the same. */
		if (b->opts->keep_going && !place_all(b, &ignored))
			event_warn(ui_sink(c->ui), "%s", ignored.msg);
		return false;
	}
	if (b->opts->explain && !build_explain_configs(b, e))
		return false;
	start_ns = clock_mono_ns();
	ok = place_all(b, e);
	phase(c, "place", start_ns);
	return ok;
}

struct programs VEC_BODY(const struct program *);

/* The programs of the packages that pattern names (empty: of all); one of that very name or file stands alone. */
static bool matching_programs(struct build *b, const struct build_target *t, struct str pattern,
			      struct programs *out, struct err *e)
{
	struct arena *a = &b->c->arena;
	struct str path = path_clean(a, pattern);
	struct package **v;
	size_t n;

	*out = (struct programs){0};
	if (!load_match(a, &t->set, &pattern, pattern.n ? 1 : 0, &v, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		bool aside = !pattern.n && load_is_aside(&t->set, v[i]);

		for (size_t k = 0; !aside && k < v[i]->programs.n; k++) {
			const struct program *p = &v[i]->programs.v[k];

			if (str_eq(p->name, pattern) || str_eq(p->main->path, path)) {
				*out = (struct programs){0};
				*vec_push(a, out) = p;
				return true;
			}
			*vec_push(a, out) = p;
		}
	}
	return true;
}

static bool several_programs(const struct programs *v, struct err *e)
{
	struct buf names = {0};

	for (size_t i = 0; i < v->n; i++)
		buf_printf(&names, "%s%.*s", i ? ", " : "", STR_ARG(v->v[i]->name));
	err_set(e, ERR_USAGE, "several programs match: %s", names.p);
	buf_fini(&names);
	return err_fix(e, "name one of them");
}

bool build_one_program(struct build *b, struct build_target *t, struct str name,
		       const struct program **out, struct err *e)
{
	struct str_vec patterns = {0};
	struct programs found = {0};
	struct err elsewhere;

	if (name.n)
		*vec_push(&b->c->arena, &patterns) = name;
	if (!session_patterns(b->c, &patterns, e))
		return false;
	/* Without a name: what lies below the user's folder, else what the project has. */
	if (!name.n && patterns.n &&
	    (!matching_programs(b, t, patterns.v[0], &found, &elsewhere) || !found.n))
		patterns.n = 0;
	if (!found.n && !matching_programs(b, t, patterns.n ? patterns.v[0] : STR(""), &found, e))
		return false;
	if (found.n > 1)
		return several_programs(&found, e);
	if (!found.n) {
		err_set(e, ERR_USAGE, "no program here: no file defines main");
		return err_fix(e,
			       "a program is a folder cmd/NAME with a main, or a file with a main");
	}
	*out = found.v[0];
	return true;
}

bool build_run_argv(struct cmd *c, const struct target *t, struct str program,
		    const struct str_vec *args, const char *const **argv, struct err *e)
{
	VEC(const char *) v = {0};
	struct str qemu = target_qemu(t), path;

	if (qemu.n) {
		if (!path_search(&c->arena, str_c(&c->arena, qemu), &path)) {
			err_set(e, ERR_IO,
				"%.*s is needed to run programs of %.*s here, and is not installed",
				STR_ARG(qemu), STR_ARG(target_name(&c->arena, t)));
			return err_fix(
			    e, "install it (Debian: qemu-user-static), or run on such a machine");
		}
		*vec_push(&c->arena, &v) = str_c(&c->arena, path);
	}
	*vec_push(&c->arena, &v) = str_c(&c->arena, path_join(&c->arena, c->root, program));
	for (size_t i = 0; i < args->n; i++)
		*vec_push(&c->arena, &v) = str_c(&c->arena, args->v[i]);
	*vec_push(&c->arena, &v) = NULL;
	*argv = v.v;
	return true;
}
