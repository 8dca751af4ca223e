/*
 * cbuild history and status: they only read.
 */
#include "place.h"

#include <stdio.h>

static void put_number(struct arena *a, struct json *v, const char *key, uint64_t n)
{
	if (n)
		json_put(a, v, str_of(key), json_new_int(a, (int64_t)n));
}

/* The release's own words; none where its files are gone. */
static const struct json *record_of(struct place *p, const struct generation *g)
{
	struct err ignored = {0};
	struct json *v;

	return g->present && place_record(p, g, &v, &ignored) ? v : NULL;
}

static struct json *generation_json(struct cmd *c, struct place *p, const struct generation *g)
{
	static const char *const words[] = {"version", "by", "when", "from"};
	const struct json *record = record_of(p, g);
	struct arena *a = &c->arena;
	struct json *v = json_new_object(a);

	put_number(a, v, "generation", g->number);
	json_put_text(a, v, "name", g->name);
	json_put_text(a, v, "digest", digest_oci(a, &g->digest));
	json_put_text(a, v, "state", str_of(generation_state_name(g->state)));
	json_put(a, v, STR("current"),
		 json_new_bool(a, g->number == place_view(p)->current_number));
	json_put(a, v, STR("present"), json_new_bool(a, g->present));
	json_put(a, v, STR("pinned"), json_new_bool(a, g->pinned));
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		json_put_text(a, v, words[i], json_text(record, words[i]));
	return v;
}

static struct json *change_json(struct cmd *c, const struct change *x)
{
	struct arena *a = &c->arena;
	struct json *v = json_new_object(a);

	put_number(a, v, "change", x->id);
	json_put_text(a, v, "kind", str_of(change_kind_name(x->kind)));
	json_put_text(a, v, "outcome", str_of(change_outcome_name(x->outcome)));
	put_number(a, v, "generation", x->to);
	json_put_text(a, v, "from", x->from);
	json_put_text(a, v, "by", x->by);
	json_put_text(a, v, "when", x->when);
	json_put_text(a, v, "ended", x->ended);
	json_put(a, v, STR("switched"), json_new_bool(a, x->switched));
	json_put_text(a, v, "why", x->why);
	put_number(a, v, "status", (uint64_t)x->status);
	put_number(a, v, "attempts", (uint64_t)x->attempts);
	json_put_text(a, v, "body", x->body);
	json_put_text(a, v, "log", x->log);
	if (x->verify)
		json_put_text(a, v, "verify", verify_text(a, x->verify));
	return v;
}

static void print_json(struct cmd *c, struct place *p)
{
	const struct place_view *view = place_view(p);
	struct arena *a = &c->arena;
	struct json *v = json_new_object(a), *list = json_new_array(a);

	put_number(a, v, "current", view->current_number);
	json_put_text(a, v, "verify", verify_text(a, &view->verify));
	for (size_t i = 0; i < view->generations.n; i++)
		json_add(a, list, generation_json(c, p, &view->generations.v[i]));
	json_put(a, v, STR("generations"), list);
	list = json_new_array(a);
	for (size_t i = 0; i < view->changes.n; i++)
		json_add(a, list, change_json(c, &view->changes.v[i]));
	json_put(a, v, STR("changes"), list);
	printf("%s\n", json_dump(a, v).p);
}

static void print_generation(struct place *p, const struct generation *g)
{
	struct str version = json_text(record_of(p, g), "version");
	char hex[DIGEST_HEX + 1];

	digest_hex(&g->digest, hex);
	printf("%c %4llu  sha256:%.12s  %s%s%.*s%s%s\n",
	       g->number == place_view(p)->current_number ? '*' : ' ',
	       (unsigned long long)g->number, hex, generation_state_name(g->state),
	       version.n ? "  " : "", STR_ARG(version), g->pinned ? "  pinned" : "",
	       g->present ? "" : "  removed");
}

/* Each line of text behind a margin. */
static void print_below(const char *what, struct str text)
{
	struct str line;

	if (!text.n)
		return;
	printf("    %s:\n", what);
	while (str_line(&text, &line))
		printf("      %.*s\n", STR_ARG(line));
}

static void print_change(struct cmd *c, const struct change *x)
{
	printf("%.*s  %s", STR_ARG(x->when), change_kind_name(x->kind));
	if (x->to)
		printf(" %llu", (unsigned long long)x->to);
	printf("  %s  %.*s\n",
	       x->outcome == OUTCOME_NONE ? "not ended" : change_outcome_name(x->outcome),
	       STR_ARG(x->by));
	if (x->verify && x->switched)
		print_below("demanded from now on", verify_text(&c->arena, x->verify));
	print_below("why", x->why);
	if (x->outcome != OUTCOME_FAILED)
		return;
	if (x->status)
		printf("    status: %lld\n", (long long)x->status);
	print_below("answer", x->body);
	print_below("log", x->log);
}

/* NULL, with *ok saying how it went, where there is nothing more to do here. */
static struct place *open_place(struct cmd *c, struct str_vec *args, bool *ok, struct err *e)
{
	static const struct opt none[] = {{0}};
	struct place_opts o = {.must_exist = true};
	struct str_vec words = place_words(c, args);
	struct place *p;

	*ok = false;
	if (!opt_parse(c, args, none, false, e) || !place_operands(c, args, 1, 1, e) ||
	    place_elsewhere(c, &words, args, ok, e))
		return NULL;
	o.sink = ui_sink(c->ui);
	*ok = place_open(&c->arena, args->v[0], &o, &p, e);
	return *ok ? p : NULL;
}

bool verb_history(struct cmd *c, struct str_vec *args, struct err *e)
{
	const struct place_view *view;
	bool ok;
	struct place *p = open_place(c, args, &ok, e);

	if (!p)
		return ok;
	view = place_view(p);
	if (c->json) {
		print_json(c, p);
		return true;
	}
	for (size_t i = 0; i < view->generations.n; i++)
		print_generation(p, &view->generations.v[i]);
	printf("\n");
	for (size_t i = 0; i < view->changes.n; i++)
		print_change(c, &view->changes.v[i]);
	return true;
}

static bool print_status(struct cmd *c, struct place *p, struct err *e)
{
	const struct place_view *view = place_view(p);
	const struct generation *g = NULL;

	for (size_t i = 0; i < view->generations.n; i++)
		if (view->generations.v[i].number == view->current_number)
			g = &view->generations.v[i];
	if (!g && !view->current.n) {
		err_set(e, ERR_INPUT, "nothing is current: no deploy has succeeded yet");
		return err_fix(e, "`cbuild history` says what was tried");
	}
	if (!g) {
		err_set(e, ERR_VERIFY, "what is current, '%.*s', was not put there by cbuild",
			STR_ARG(view->current));
		return err_fix(e, "`cbuild deploy` or `cbuild rollback` takes over from it");
	}
	if (!place_verify(p, g, e))
		return err_fix(e, "`cbuild rollback` goes back to a generation that is whole");
	if (c->json)
		printf("%s\n", json_dump(&c->arena, generation_json(c, p, g)).p);
	else
		print_generation(p, g);
	return true;
}

bool verb_status(struct cmd *c, struct str_vec *args, struct err *e)
{
	bool ok;
	struct place *p = open_place(c, args, &ok, e);

	return p ? print_status(c, p, e) : ok;
}
