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

/* cbuild image, and the layout that it wrote. */
static bool build_image(struct cmd *c, struct str_vec *names, struct release_source *out,
			struct err *e)
{
	struct str layout = STR("build/image/.deploy"), tag = STR("deploy");
	struct str_vec args = {0};

	for (size_t i = 0; i < names->n; i++)
		*vec_push(&c->arena, &args) = names->v[i];
	*vec_push(&c->arena, &args) = STR("--tag");
	*vec_push(&c->arena, &args) = tag;
	*vec_push(&c->arena, &args) = STR("-o");
	*vec_push(&c->arena, &args) = layout;
	return verb_image(c, &args, e) &&
	       release_source(&c->arena, str_fmt(&c->arena, "oci:%s:%s", layout.p, tag.p), out, e);
}

bool verb_deploy(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct deploy_flags f = {.build.profile = STR("release")};
	const struct opt opts[] = {{"--release", OPT_STR, &f.release},
				   {"--strip", OPT_UINT, &f.strip},
				   {"--release-version", OPT_STR, &f.version},
				   {"--policy", OPT_STR, &f.policy},
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
	return (str_startsc(dest, "oci:") ? build_image(c, &names, &src, e)
					  : build_release(c, &f, &names, &src, e)) &&
	       deploy_to(c, &f, dest, &src, e);
}
