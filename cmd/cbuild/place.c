/*
 * What deploy, rollback, history, status, gc and pin share.
 */
#include "place.h"

#include <stdio.h>

bool place_operands(struct cmd *c, const struct str_vec *args, size_t least, size_t most,
		    struct err *e)
{
	if (args->n >= least && args->n <= most)
		return true;
	err_set(e, ERR_USAGE, "%s wants %s", c->verb->name,
		args->n < least ? "to know more" : "fewer words");
	return err_fix(e, "cbuild %s %s", c->verb->name, c->verb->args);
}

bool place_number(struct str word, uint64_t *out, struct err *e)
{
	if (str_u64(word, out) && *out)
		return true;
	err_set(e, ERR_USAGE, "'%.*s' is no generation's number", STR_ARG(word));
	return err_fix(e, "`cbuild history DEST` lists them");
}

static void print_json(struct cmd *c, const struct deploy_outcome *o)
{
	struct arena *a = &c->arena;
	struct json *v = json_new_object(a), *removed = json_new_array(a);

	json_put(a, v, STR("generation"), json_new_int(a, (int64_t)o->number));
	json_put(a, v, STR("from"), json_new_int(a, (int64_t)o->from));
	json_put(a, v, STR("digest"), json_new_text(a, digest_oci(a, &o->digest)));
	json_put(a, v, STR("unchanged"), json_new_bool(a, o->unchanged));
	json_put(a, v, STR("switch_ns"), json_new_int(a, (int64_t)o->switch_ns));
	for (size_t i = 0; i < o->removed.n; i++)
		json_add(a, removed, json_new_text(a, o->removed.v[i]));
	json_put(a, v, STR("removed"), removed);
	printf("%s\n", json_dump(a, v).p);
}

void place_print_outcome(struct cmd *c, const struct deploy_outcome *o)
{
	char hex[DIGEST_HEX + 1];

	ui_clear(c->ui);
	if (c->json) {
		print_json(c, o);
		return;
	}
	digest_hex(&o->digest, hex);
	printf("generation %llu sha256:%.12s is current%s", (unsigned long long)o->number, hex,
	       o->unchanged ? " already" : "");
	if (o->from && !o->unchanged)
		printf("; before it: %llu", (unsigned long long)o->from);
	printf("\n");
}

struct str_vec place_words(struct cmd *c, const struct str_vec *args)
{
	struct str_vec v = {0};

	*vec_push(&c->arena, &v) = str_of(c->verb->name);
	for (size_t i = 0; i < args->n; i++)
		*vec_push(&c->arena, &v) = args->v[i];
	return v;
}

bool place_elsewhere(struct cmd *c, const struct str_vec *words, const struct str_vec *args,
		     bool *ok, struct err *e)
{
	struct remote r;

	if (!args->n || !remote_parse(&c->arena, args->v[0], &r))
		return false;
	for (size_t i = 1; i < words->n; i++)
		if (str_eq(words->v[i], args->v[0]))
			words->v[i] = r.path;
	*ok = true;
	for (size_t i = 0; *ok && i < r.hosts.n; i++) {
		if (r.hosts.n > 1 && !c->json) {
			printf("%.*s:\n", STR_ARG(r.hosts.v[i]));
			(void)fflush(stdout);
		}
		*ok = remote_run(&c->arena, r.hosts.v[i], words, e);
	}
	return true;
}
