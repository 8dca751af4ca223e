/*
 * cbuild toolchain
 */
#include "cmd.h"

#include <stdio.h>

#include "sys/file.h"

static bool list(struct cmd *c, struct err *e)
{
	struct toolchain_opts o = session_toolchain_opts(c);
	struct toolchain_info *v;
	size_t n;

	if (!toolchain_list(&c->arena, &o, &v, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct buf targets = {0};

		for (size_t k = 0; k < v[i].targets.n; k++)
			buf_printf(&targets, "%s%.*s", k ? " " : "",
				   STR_ARG(target_name(&c->arena, &v[i].targets.v[k])));
		printf("%s %-12.*s %-10.*s %.*s\n", v[i].chosen_for_host ? "*" : " ",
		       STR_ARG(v[i].name), STR_ARG(v[i].version), STR_ARG(v[i].where));
		if (targets.n)
			printf("  %-12s %s\n", "", targets.p);
		buf_fini(&targets);
	}
	return true;
}

static void print_words(const char *what, const struct str_vec *v)
{
	struct buf b = {0};

	for (size_t i = 0; i < v->n; i++) {
		buf_add_byte(&b, ' ');
		buf_add_shell(&b, v->v[i]);
	}
	printf("%s%.*s\n", what, STR_ARG(buf_str(&b)));
	buf_fini(&b);
}

static bool show_env(struct cmd *c, const struct str_vec *targets, struct err *e)
{
	struct toolchain_opts o = session_toolchain_opts(c);
	struct target *v;
	size_t n;

	if (!session_targets(c, targets, &v, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct toolchain *tc;
		char hex[DIGEST_HEX + 1];

		if (!toolchain_open(&c->arena, &v[i], &o, &tc, e))
			return false;
		printf("target %.*s\ntoolchain %.*s %.*s\n", STR_ARG(target_name(&c->arena, &v[i])),
		       STR_ARG(tc->name), STR_ARG(tc->version));
		if (tc->root.n)
			printf("root %.*s (as build/.x/tc/%.*s)\n", STR_ARG(tc->root),
			       STR_ARG(tc->mount_name));
		print_words("cc", &tc->cc);
		print_words("link", &tc->link_head);
		print_words("link-before", &tc->link_pre);
		print_words("link-after", &tc->link_post);
		digest_hex(&tc->compile_id, hex);
		printf("compile-id %s\n", hex);
		digest_hex(&tc->link_id, hex);
		printf("link-id %s\n", hex);
	}
	return true;
}

bool verb_toolchain(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct str_vec names = {0};
	const struct opt opts[] = {{"--target", OPT_LIST, &names}, {0}};
	struct toolchain_opts o;
	struct target *targets = NULL;
	size_t n = 0;
	struct str what;

	if (!opt_parse(c, args, opts, false, e) || !session_open(c, e))
		return false;
	o = session_toolchain_opts(c);
	what = args->n ? args->v[0] : STR("list");
	if (str_eqc(what, "list") && args->n <= 1)
		return list(c, e);
	if (str_eqc(what, "env") && args->n == 1)
		return show_env(c, &names, e);
	if (str_eqc(what, "use") && args->n <= 2)
		return toolchain_use(args->n == 2 ? args->v[1] : STR(""), &o, e);
	if (str_eqc(what, "install") && args->n == 2) {
		if (names.n && !session_targets(c, &names, &targets, &n, e))
			return false;
		return toolchain_install(&c->arena, args->v[1], targets, n, &o, e);
	}
	return opt_unknown_command(c, args, "list, install NAME, use NAME or env", e);
}
