/*
 * Running a tool and keeping what it printed. Probes (version, resource folder) cost tens of
 * milliseconds each, so their answers are remembered while the program's file stays the same.
 */
#include "toolchain/toolchain_impl.h"

#include "sys/spawn.h"

extern char **environ;

static bool is_set_by(const char *entry, const struct str_vec *env)
{
	struct str have = str_of(entry);

	have.n = str_find(have, '=');
	for (size_t i = 0; i < env->n; i++) {
		struct str name = str_from(env->v[i].p, str_find(env->v[i], '='));

		if (str_eq(name, have))
			return true;
	}
	return false;
}

static const char **merged_env(struct arena *a, const struct str_vec *env)
{
	VEC(const char *) out = {0};

	for (char **p = environ; p && *p; p++) {
		if (!is_set_by(*p, env))
			*vec_push(a, &out) = *p;
	}
	for (size_t i = 0; i < env->n; i++)
		*vec_push(a, &out) = str_c(a, env->v[i]);
	*vec_push(a, &out) = NULL;
	return out.v;
}

static const char **c_argv(struct arena *a, const struct str_vec *argv)
{
	const char **out = arena_array(a, const char *, argv->n + 1);

	for (size_t i = 0; i < argv->n; i++)
		out[i] = str_c(a, argv->v[i]);
	return out;
}

static struct str tail(struct str s)
{
	s = str_trim(s);
	return s.n > 1500 ? str_skip(s, s.n - 1500) : s;
}

bool tc_run(struct arena *a, const struct str_vec *argv, const struct str_vec *env, const char *cwd,
	    struct str *out, struct str *err_text, struct err *e)
{
	static const struct str_vec none;
	struct spawn s = {
	    .argv = c_argv(a, argv), .env = merged_env(a, env ? env : &none), .cwd = cwd};
	struct spawn_result r = {0};

	if (!spawn_run(&s, false, &r, e))
		return false;
	struct str words = str_dup(a, buf_str(&r.err));

	if (out)
		*out = str_dup(a, buf_str(&r.out));
	if (err_text)
		*err_text = words;
	buf_fini(&r.out);
	buf_fini(&r.err);
	if (r.exit_status == 0)
		return true;
	return err_set(e, ERR_IO, "%s failed with status %d: %.*s", s.argv[0], r.exit_status,
		       STR_ARG(tail(words)));
}

bool tc_run_memo(struct arena *a, const struct toolchain_opts *o, const struct str_vec *argv,
		 const struct str_vec *env, struct str *out, struct err *e)
{
	struct buf key = {0};

	buf_addc(&key, "run");
	for (size_t i = 0; env && i < env->n; i++)
		buf_printf(&key, " %.*s", STR_ARG(env->v[i]));
	for (size_t i = 0; i < argv->n; i++) {
		buf_add_byte(&key, '\n');
		buf_adds(&key, argv->v[i]);
	}
	struct str k = str_dup(a, buf_str(&key));

	buf_fini(&key);
	if (tc_memo_get(a, o, k, out))
		return true;
	struct str text;

	if (!tc_run(a, argv, env, NULL, &text, NULL, e))
		return false;
	*out = str_trim(text);
	tc_memo_put(a, o, k, &(struct str_vec){.v = argv->v, .n = 1, .cap = 1}, *out);
	return true;
}
