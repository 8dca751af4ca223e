/*
 * cbuild mod proxy
 */
#include "cmd.h"

#include <stdio.h>

#include "base/path.h"

static void say_ready(void *ctx, const char *address)
{
	const struct cmd *c = ctx;

	printf("serving %.*s/mod at http://%s\n", STR_ARG(c->cache_dir), address);
	fflush(stdout);
}

static bool serve(struct cmd *c, const char *address, struct err *e)
{
	struct mod_opts o;

	if (!session_cache(c, e))
		return false;
	o = session_mod_opts(c);
	return mod_proxy_serve(&o, address, say_ready, c, e);
}

static bool export(struct cmd *c, struct str dir, struct err *e)
{
	struct mod_opts o;
	size_t n = 0;

	if (!session_open(c, e) || !session_list(c, true, e))
		return false;
	o = session_mod_opts(c);
	o.ports = &c->list.ports;
	dir = path_join(&c->arena, path_join(&c->arena, c->root, c->prefix), dir);
	if (!mod_proxy_export(&c->arena, &o, dir, &n, e))
		return false;
	printf("%zu modules: CBUILD_PROXY=file://%.*s\n", n, STR_ARG(dir));
	return true;
}

bool mod_proxy_verb(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct str listen = {0};
	const struct opt opts[] = {{"--listen", OPT_STR, &listen}, {0}};

	if (!opt_parse(c, args, opts, false, e))
		return false;
	if (listen.n && args->n == 1)
		return serve(c, str_c(&c->arena, listen), e);
	if (!listen.n && args->n == 2)
		return export(c, args->v[1], e);
	err_set(e, ERR_USAGE, "mod proxy takes a folder, or --listen and an address");
	return err_fix(e, "cbuild mod proxy DIR, or cbuild mod proxy --listen 127.0.0.1:8080");
}
