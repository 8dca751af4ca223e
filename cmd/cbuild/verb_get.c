/*
 * cbuild get
 */
#include "cmd.h"

/* PATH[@QUERY] */
static bool add_request(struct str arg, struct get_request *out, struct err *e)
{
	out->query = arg;
	out->path = str_cut(&out->query, '@');
	if (out->query.p && !out->query.n) {
		err_set(e, ERR_USAGE, "'%.*s' names no version", STR_ARG(arg));
		return err_fix(e, "write %.*s@latest, a version, or no @", STR_ARG(out->path));
	}
	if (!out->query.p)
		out->query = STR("upgrade");
	return true;
}

static bool check_upgrade(struct str how, struct err *e)
{
	if (!how.n || str_eqc(how, "upgrade") || str_eqc(how, "patch"))
		return true;
	err_set(e, ERR_USAGE, "--upgrade '%.*s': it is patch or upgrade", STR_ARG(how));
	return err_fix(e,
		       "--upgrade patch stays within minor versions, --upgrade upgrade does not");
}

bool verb_get(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct get_opts how = {0};
	bool all = false, ports = false;
	const struct opt opts[] = {{"-u", OPT_FLAG, &all},
				   {"--upgrade", OPT_STR, &how.upgrade},
				   {"--ports", OPT_FLAG, &ports},
				   {0}};
	struct mod_opts o;
	struct get_request *v;

	if (!opt_parse(c, args, opts, false, e) || !check_upgrade(how.upgrade, e) ||
	    !session_open(c, e))
		return false;
	if (all && !how.upgrade.n)
		how.upgrade = STR("upgrade");
	if (!args->n && (!how.upgrade.n || ports)) {
		err_set(e, ERR_USAGE, "get what?");
		return err_fix(e, ports ? "name them, with or without -u: cbuild get --ports "
					  "github.com/acme/ports@v1.0.0"
					: "cbuild get github.com/madler/zlib@v1.3.1");
	}
	v = arena_array(&c->arena, struct get_request, args->n);
	for (size_t i = 0; i < args->n; i++)
		if (!add_request(args->v[i], &v[i], e))
			return false;
	o = session_mod_opts(c);
	if (ports)
		return mod_get_ports(&c->arena, v, args->n, &o, e);
	return mod_get(&c->arena, v, args->n, &how, &o, e);
}
