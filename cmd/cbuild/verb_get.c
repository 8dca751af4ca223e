/*
 * cbuild get
 */
#include "cmd.h"

/* PATH[@QUERY] */
static void add_request(struct str arg, struct get_request *out)
{
	out->query = arg;
	out->path = str_cut(&out->query, '@');
	if (!out->query.p)
		out->query = STR("upgrade");
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

	if (!opt_parse(c, args, opts, false, e) || !session_open(c, e))
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
		add_request(args->v[i], &v[i]);
	o = session_mod_opts(c);
	if (ports)
		return mod_get_ports(&c->arena, v, args->n, &o, e);
	return mod_get(&c->arena, v, args->n, &how, &o, e);
}
