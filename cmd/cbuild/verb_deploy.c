/*
 * cbuild deploy: a release from a build, or from what --release names, to a place.
 */
#include "place.h"

#include "base/path.h"
#include "sys/file.h"

/* DEST as seen from the project's root. */
static struct str from_root(struct cmd *c, struct str cwd, struct str dest)
{
	struct arena *a = &c->arena;

	struct remote r;

	if (remote_parse(a, dest, &r))
		return dest;
	if (str_startsc(dest, "oci:"))
		return str_fmt(a, "oci:%.*s", STR_ARG(path_join(a, cwd, str_skip(dest, 4))));
	return path_join(a, cwd, dest);
}

/* Builds the programs that names mean (or the only one) and makes a release of them. */
static bool build_release(struct cmd *c, struct deploy_flags *f, const struct str_vec *names,
			  struct release_source *out, struct err *e)
{
	const struct program *prog = NULL;
	struct build b = {0};

	if (!session_open(c, e) || !build_open(&b, c, &f->build, e))
		return false;
	if (b.target_count != 1)
		return err_set(e, ERR_USAGE, "deploy wants one target");
	for (size_t i = 0; i < names->n || i == 0; i++) {
		if (!build_one_program(&b, &b.targets[0], names->n ? names->v[i] : STR(""), &prog,
				       e))
			return false;
		build_program(&b, &b.targets[0], prog, (struct str){0});
	}
	if (!build_run(&b, e))
		return false;
	*out = (struct release_source){.kind = RELEASE_TREE, .path = c->root};
	for (size_t i = 0; i < b.placed.n; i++)
		*vec_push(&c->arena, &out->files) =
		    str_fmt(&c->arena, "%.*s=%.*s", STR_ARG(path_base(b.placed.v[i].path)),
			    STR_ARG(b.placed.v[i].path));
	f->spec = c->manifest.deploy;
	f->has_spec = true;
	return true;
}

static void add_words(struct cmd *c, struct str_vec *v, const char *name, struct str value)
{
	*vec_push(&c->arena, v) = str_of(name);
	if (value.n)
		*vec_push(&c->arena, v) = value;
}

/* The options of the build, as words for another verb. */
static void add_build_words(struct cmd *c, const struct build_opts *o, struct str_vec *v)
{
	const struct {
		bool set;
		const char *name;
	} flags[] = {{o->keep_going, "-k"},
		     {o->dry_run, "-n"},
		     {o->show_commands, "-x"},
		     {o->explain, "--explain"},
		     {o->no_cache, "--no-cache"}};

	add_words(c, v, "--profile", o->profile);
	for (size_t i = 0; i < o->targets.n; i++)
		add_words(c, v, "--target", o->targets.v[i]);
	if (o->jobs)
		add_words(c, v, "-j", str_fmt(&c->arena, "%u", o->jobs));
	if (o->trace.n)
		add_words(c, v, "--trace", o->trace);
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (flags[i].set)
			add_words(c, v, flags[i].name, STR(""));
}

/* cbuild image, and the layout that it wrote below where the user stands. */
static bool build_image(struct cmd *c, struct deploy_flags *f, const struct str_vec *names,
			struct release_source *out, struct err *e)
{
	struct str layout = STR("build/image/.deploy"), tag = STR("deploy");
	struct arena *a = &c->arena;
	struct str_vec args = {0};

	for (size_t i = 0; i < names->n; i++)
		*vec_push(a, &args) = names->v[i];
	add_words(c, &args, "--tag", tag);
	add_words(c, &args, "-o", layout);
	add_build_words(c, &f->build, &args);
	if (!verb_image(c, &args, e) || !session_manifest(c, e))
		return false;
	f->spec = c->manifest.deploy;
	f->has_spec = true;
	return f->build.dry_run ||
	       release_source(
		   a, str_fmt(a, "oci:%.*s:%s", STR_ARG(path_join(a, c->prefix, layout)), tag.p),
		   out, e);
}

bool verb_deploy(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct deploy_flags f = {.build.profile = STR("release")};
	const struct opt opts[] = {{"--release", OPT_STR, &f.release},
				   {"--strip", OPT_UINT, &f.strip},
				   {"--release-version", OPT_STR, &f.version},
				   {"--policy", OPT_STR, &f.policy},
				   {"--statement", OPT_STR, &f.statement},
				   {"--change-verify", OPT_FLAG, &f.opts.change_verify},
				   {"--keep", OPT_UINT, &f.keep},
				   {"--health", OPT_STR, &f.health},
				   {"--proof", OPT_STR, &f.proof},
				   {"--signal", OPT_STR, &f.signal},
				   {"--force", OPT_STR, &f.opts.force},
				   {"--canary", OPT_FLAG, &f.opts.canary},
				   {"--no-check", OPT_FLAG, &f.opts.no_check},
				   {"--no-wait", OPT_FLAG, &f.no_wait},
				   {"--all-or-none", OPT_FLAG, &f.all_or_none},
				   {"--lacks", OPT_FLAG, &f.lacks},
				   {"--systemd", OPT_STR, &f.unit.dir},
				   {"--run", OPT_LIST, &f.unit.run},
				   {"--listen", OPT_STR, &f.unit.listen},
				   BUILD_OPTS(f.build),
				   {0}};
	struct release_source src;
	struct str dest, cwd;
	struct str_vec names;

	if (!opt_parse(c, args, opts, false, e) ||
	    !place_operands(c, args, 1, f.release.n || f.lacks ? 1 : SIZE_MAX, e))
		return false;
	dest = args->v[0];
	names = (struct str_vec){args->v + 1, args->n - 1, args->n - 1};
	if (f.lacks || str_eqc(f.release, "-"))
		return deploy_stream(c, &f, dest, e);
	if (f.release.n)
		return release_source(&c->arena, f.release, &src, e) &&
		       deploy_to(c, &f, dest, &src, e);
	if (!path_cwd(&c->arena, &cwd, e))
		return false;
	dest = from_root(c, cwd, dest);
	if (f.unit.dir.n)
		f.unit.dir = path_join(&c->arena, cwd, f.unit.dir);
	if (f.policy.n)
		f.policy = path_join(&c->arena, cwd, f.policy);
	if (f.statement.n)
		f.statement = path_join(&c->arena, cwd, f.statement);
	if (!(str_startsc(dest, "oci:") ? build_image(c, &f, &names, &src, e)
					: build_release(c, &f, &names, &src, e)))
		return false;
	return f.build.dry_run || deploy_to(c, &f, dest, &src, e);
}
