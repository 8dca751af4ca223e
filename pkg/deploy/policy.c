/*
 * The manifest's deploy: as JSON in release.json and back. What comes back was written by us and is covered by
 * the journal's digest; still each value has its kind checked, and what is wrong counts as not said.
 */
#include "deploy/deploy_impl.h"

static const char *const kind_names[] = {"none", "cmd", "tcp", "http"};

static void put_words(struct arena *a, struct json *o, const char *key, const struct str_vec *v)
{
	struct json *words = json_new_array(a);

	for (size_t i = 0; i < v->n; i++)
		json_add(a, words, json_new_text(a, v->v[i]));
	if (v->n)
		json_put(a, o, str_of(key), words);
}

static void put_number(struct arena *a, struct json *o, const char *key, uint32_t n)
{
	if (n)
		json_put(a, o, str_of(key), json_new_int(a, n));
}

static void put_health(struct arena *a, struct json *o, const char *key,
		       const struct health_spec *h)
{
	struct json *v = json_new_object(a);

	if (h->kind == HEALTH_NONE)
		return;
	json_put(a, v, STR("kind"), json_new_text(a, str_of(kind_names[h->kind])));
	put_words(a, v, "cmd", &h->cmd);
	if (h->address.n)
		json_put(a, v, STR("address"), json_new_text(a, h->address));
	put_number(a, v, "timeout_ms", h->timeout_ms);
	put_number(a, v, "interval_ms", h->interval_ms);
	put_number(a, v, "tries", h->tries);
	put_number(a, v, "proof", h->proof);
	json_put(a, o, str_of(key), v);
}

struct json *policy_json(struct arena *a, const struct deploy_spec *s)
{
	struct json *v = json_new_object(a);

	put_number(a, v, "keep", s->keep);
	put_health(a, v, "health", &s->health);
	put_words(a, v, "reload", &s->reload);
	if (s->signal.n)
		json_put(a, v, STR("signal"), json_new_text(a, s->signal));
	put_words(a, v, "log", &s->log);
	put_words(a, v, "canary", &s->canary);
	put_health(a, v, "canary_health", &s->canary_health);
	return v;
}

static void get_words(struct arena *a, const struct json *o, const char *key, struct str_vec *out)
{
	const struct json *v = json_get(o, key);

	for (size_t i = 0; v && v->kind == JSON_KIND_ARRAY && i < v->n; i++)
		if (v->items[i]->kind == JSON_KIND_TEXT)
			*vec_push(a, out) = v->items[i]->text;
}

static uint32_t get_number(const struct json *o, const char *key)
{
	const struct json *v = json_get(o, key);

	return v && v->kind == JSON_KIND_INT && v->num > 0 && v->num <= UINT32_MAX
		   ? (uint32_t)v->num
		   : 0;
}

static void get_health(struct arena *a, const struct json *o, const char *key,
		       struct health_spec *out)
{
	const struct json *v = json_get(o, key);
	struct str kind = json_text(v, "kind");
	uint32_t proof = get_number(v, "proof");

	for (unsigned i = 0; i < sizeof kind_names / sizeof kind_names[0]; i++)
		if (str_eqc(kind, kind_names[i]))
			out->kind = (enum health_kind)i;
	get_words(a, v, "cmd", &out->cmd);
	out->address = json_text(v, "address");
	out->timeout_ms = get_number(v, "timeout_ms");
	out->interval_ms = get_number(v, "interval_ms");
	out->tries = get_number(v, "tries");
	out->proof = proof <= PROOF_NONE ? (enum health_proof)proof : PROOF_PROCESS;
	if ((out->kind == HEALTH_CMD && !out->cmd.n) ||
	    ((out->kind == HEALTH_TCP || out->kind == HEALTH_HTTP) && !out->address.n))
		out->kind = HEALTH_NONE;
}

void policy_read(struct arena *a, const struct json *v, struct deploy_spec *out)
{
	*out = (struct deploy_spec){.keep = get_number(v, "keep")};
	get_health(a, v, "health", &out->health);
	get_words(a, v, "reload", &out->reload);
	out->signal = json_text(v, "signal");
	get_words(a, v, "log", &out->log);
	get_words(a, v, "canary", &out->canary);
	get_health(a, v, "canary_health", &out->canary_health);
}

struct json *verify_json(struct arena *a, const struct verify_spec *s)
{
	struct json *v = json_new_object(a);

	json_put_text(a, v, "key", s->pem);
	json_put_text(a, v, "module", s->module);
	put_words(a, v, "builder", &s->builders);
	put_words(a, v, "branch", &s->branches);
	return v;
}

void verify_read(struct arena *a, const struct json *v, struct verify_spec *out)
{
	*out = (struct verify_spec){.pem = json_text(v, "key"), .module = json_text(v, "module")};
	get_words(a, v, "builder", &out->builders);
	get_words(a, v, "branch", &out->branches);
}

bool generation_policy(struct place *p, const struct generation *g, struct deploy_spec *out,
		       struct err *e)
{
	struct json *record;

	if (!place_record(p, g, &record, e))
		return false;
	policy_read(p->arena, json_get(record, "policy"), out);
	return true;
}
