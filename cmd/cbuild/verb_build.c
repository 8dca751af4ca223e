/*
 * cbuild build
 */
#include "cmd.h"

#include "base/path.h"
#include "sys/file.h"

/*
 * `-o main.c` must not cost anybody a source, nor `-o /dev/stdout` root the link: only a program, or an empty
 * file, is replaced.
 */
static bool check_replaceable(const char *path, struct err *e)
{
	struct arena scratch = {0};
	struct str bytes = {0};
	enum file_kind kind = file_kind(path);
	bool ok = kind == FILE_ABSENT;

	if (kind == FILE_OTHER || (kind == FILE_LINK && str_startsc(str_of(path), "/dev/"))) {
		err_at(e, ERR_USAGE, path, 0, 0, "is a device or a pipe");
		return err_fix(e, "give -o the name of a file, or /dev/null to keep no program");
	}
	if (!ok && file_read(&scratch, path, 0, &bytes, e))
		ok = bytes.n == 0 || str_startsc(bytes, "\177ELF") ||
		     err_at(e, ERR_USAGE, path, 0, 0, "is there and is no program") ||
		     err_fix(e, "move it away, or give -o another name");
	arena_fini(&scratch);
	return ok;
}

/* Where a program goes: -o FILE for one, -o DIR/ for several, else its usual place. */
static bool output_path(struct build *b, const struct build_target *t, const struct program *p,
			struct str o, size_t programs, struct str *out, struct err *e)
{
	struct arena *a = &b->c->arena;
	struct str at;

	*out = (struct str){0};
	if (str_eqc(o, "/dev/null"))
		*out = o;
	if (!o.n || out->n)
		return true;
	at = path_join(a, b->c->prefix, o);
	if (str_endsc(o, "/") || file_kind(str_c(a, at)) == FILE_FOLDER) {
		if (b->target_count > 1)
			at = path_join(a, at, target_folder(a, &t->target));
		*out = path_join(a, at, p->name);
		return check_replaceable(str_c(a, *out), e);
	}
	if (programs * b->target_count > 1) {
		err_set(e, ERR_USAGE, "-o %.*s names one file, but %zu programs are built",
			STR_ARG(o), programs * b->target_count);
		return err_fix(e, "name one program and one target, or a folder: -o %.*s/",
			       STR_ARG(o));
	}
	*out = at;
	return check_replaceable(str_c(a, at), e);
}

static bool add_target(struct build *b, struct build_target *t, const struct str_vec *patterns,
		       struct str o, struct err *e)
{
	struct arena *a = &b->c->arena;
	VEC(struct package *) chosen = {0};
	struct package **v;
	size_t n, programs = 0;

	if (!load_match(a, &t->set, patterns->v, patterns->n, &v, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!patterns->n && load_is_aside(&t->set, v[i]))
			continue;
		*vec_push(a, &chosen) = v[i];
		programs += v[i]->programs.n;
	}
	v = chosen.v;
	for (size_t i = 0; i < chosen.n; i++) {
		struct action **objects;
		size_t count;

		plan_package(&t->plan, v[i], a, &objects, &count);
		for (size_t k = 0; k < count; k++)
			build_goal(b, objects[k]);
		for (size_t k = 0; k < v[i]->programs.n; k++) {
			struct str path;

			if (!output_path(b, t, &v[i]->programs.v[k], o, programs, &path, e))
				return false;
			build_program(b, t, &v[i]->programs.v[k], path);
		}
	}
	return true;
}

static bool full_walk(struct build *b, struct cmd *c, const struct build_opts *o,
		      const struct str_vec *args, struct str out, struct err *e)
{
	if (!session_manifest(c, e) || !build_open(b, c, o, e))
		return false;
	for (size_t i = 0; i < b->target_count; i++)
		if (!add_target(b, &b->targets[i], args, out, e))
			return false;
	if (!b->goals.n) {
		err_set(e, ERR_INPUT, "no C sources here (%.*s)", STR_ARG(c->root));
		return err_fix(e, "write cmd/NAME/main.c, or name packages in cbuild.yaml");
	}
	return build_compile_commands(b, e) && build_run(b, e);
}

bool verb_build(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct build_opts o = {0};
	struct str out = {0};
	const struct opt opts[] = {{"-o", OPT_STR, &out}, BUILD_OPTS(o), {0}};
	struct build b = {0};
	struct quick q = {0};
	bool ok;

	if (!opt_parse(c, args, opts, false, e) || !session_find(c, e) ||
	    !session_patterns(c, args, e))
		return false;
	q.key = out;
	if (!quick_build(c, &o, args, &q, &ok, e)) {
		ok = full_walk(&b, c, &o, args, out, e);
		quick_record(&q, &b, ok);
	}
	return ok;
}
