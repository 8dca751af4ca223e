/*
 * Only what decides is read: types, subjects, builder, module, source. What else a statement says (other tools
 * add times, dependencies, internal parameters) is signed along and passed by.
 */
#include "format/statement.h"

#include <string.h>

#include "format/ecdsa.h"

#define PAYLOAD_TYPE	   "application/vnd.in-toto+json"
#define STATEMENT_TYPE	   "https://in-toto.io/Statement/v1"
#define STATEMENT_TYPE_OLD "https://in-toto.io/Statement/v0.1" /* what cosign 2 writes */
#define PREDICATE_TYPE	   "https://slsa.dev/provenance/v1"
#define BUILD_TYPE	   "https://github.com/cbuild/cbuild/release/v1"

/* --- writing ---------------------------------------------------------------------------------- */

static struct json *put_object(struct arena *a, struct json *o, const char *key)
{
	struct json *v = json_new_object(a);

	json_put(a, o, str_of(key), v);
	return v;
}

static struct json *put_array(struct arena *a, struct json *o, const char *key)
{
	struct json *v = json_new_array(a);

	json_put(a, o, str_of(key), v);
	return v;
}

static struct json *predicate_json(struct arena *a, const struct statement *s)
{
	struct json *v = json_new_object(a), *build = put_object(a, v, "buildDefinition"), *params,
		    *source, *dependency;

	json_put_text(a, build, "buildType", STR(BUILD_TYPE));
	params = put_object(a, build, "externalParameters");
	json_put_text(a, params, "module", s->module);
	if (s->repository.n || s->ref.n) {
		source = put_object(a, params, "source");
		json_put_text(a, source, "repository", s->repository);
		json_put_text(a, source, "ref", s->ref);
	}
	if (s->revision.n) {
		dependency = json_new_object(a);
		json_add(a, put_array(a, build, "resolvedDependencies"), dependency);
		json_put_text(a, dependency, "uri",
			      s->repository.n ? str_fmt(a, "git+%.*s", STR_ARG(s->repository))
					      : STR("git+file:."));
		json_put_text(a, put_object(a, dependency, "digest"), "gitCommit", s->revision);
	}
	json_put_text(a, put_object(a, put_object(a, v, "runDetails"), "builder"), "id",
		      s->builder);
	return v;
}

struct str statement_predicate(struct arena *a, const struct statement *s)
{
	return json_dump(a, predicate_json(a, s));
}

struct str statement_payload(struct arena *a, const struct statement *s)
{
	struct json *v = json_new_object(a), *list = put_array(a, v, "subject");

	json_put_text(a, v, "_type", STR(STATEMENT_TYPE));
	json_put_text(a, v, "predicateType", STR(PREDICATE_TYPE));
	json_put(a, v, STR("predicate"), predicate_json(a, s));
	for (size_t i = 0; i < s->subjects.n; i++) {
		struct json *subject = json_new_object(a);

		json_put_text(a, subject, "name", s->subjects.v[i].name);
		json_put_text(a, put_object(a, subject, "digest"), "sha256",
			      str_skip(digest_oci(a, &s->subjects.v[i].digest), 7));
		json_add(a, list, subject);
	}
	return json_dump(a, v);
}

struct str statement_to_sign(struct arena *a, struct str payload)
{
	struct buf b = {0};
	struct str out;

	buf_printf(&b, "DSSEv1 %zu %s %zu ", sizeof PAYLOAD_TYPE - 1, PAYLOAD_TYPE, payload.n);
	buf_adds(&b, payload);
	out = str_dup(a, buf_str(&b));
	buf_fini(&b);
	return out;
}

struct str statement_envelope(struct arena *a, struct str payload, struct str signature,
			      const struct digest *key)
{
	struct json *v = json_new_object(a), *sig = json_new_object(a);

	json_put_text(a, v, "payloadType", STR(PAYLOAD_TYPE));
	json_put_text(a, v, "payload", base64_encode(a, payload));
	json_add(a, put_array(a, v, "signatures"), sig);
	json_put_text(a, sig, "sig", base64_encode(a, signature));
	if (key)
		json_put_text(a, sig, "keyid", digest_oci(a, key));
	return json_dump(a, v);
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool is_bad(const char *place, struct err *e)
{
	e->code = ERR_VERIFY;
	return err_wrap(e, "reading the statement %s", place);
}

static bool want_type(struct str is, const char *want, const char *what, const char *place,
		      struct err *e)
{
	if (str_eqc(is, want))
		return true;
	err_at(e, ERR_VERIFY, place, 0, 0, "is a statement with %s '%.*s'", what, STR_ARG(is));
	return err_fix(e, "it must be '%s'; `cbuild sign` writes such a one", want);
}

static bool read_subjects(struct arena *a, const struct json *v, const char *place,
			  struct statement *out, struct err *e)
{
	const struct json *list;

	if (!json_need_array(v, "subject", &list, place, e))
		return is_bad(place, e);
	for (size_t i = 0; i < list->n; i++) {
		struct statement_subject s = {.name = json_text(list->items[i], "name")};

		if (digest_parse_hex(json_text(json_get(list->items[i], "digest"), "sha256"),
				     &s.digest))
			*vec_push(a, &out->subjects) = s;
	}
	return true;
}

bool statement_read(struct arena *a, struct str payload, const char *place, struct statement *out,
		    struct err *e)
{
	const struct json *build, *params, *source, *dependencies;
	struct json *v;
	struct str type;

	*out = (struct statement){0};
	if (!json_parse(a, payload, place, &v, e))
		return is_bad(place, e);
	type = json_text(v, "_type");
	build = json_get(json_get(v, "predicate"), "buildDefinition");
	if (!str_eqc(type, STATEMENT_TYPE_OLD) &&
	    !want_type(type, STATEMENT_TYPE, "the type", place, e))
		return false;
	if (!want_type(json_text(v, "predicateType"), PREDICATE_TYPE, "a predicate of type", place,
		       e) ||
	    !want_type(json_text(build, "buildType"), BUILD_TYPE, "the build type", place, e) ||
	    !read_subjects(a, v, place, out, e))
		return false;
	params = json_get(build, "externalParameters");
	source = json_get(params, "source");
	dependencies = json_get(build, "resolvedDependencies");
	out->module = json_text(params, "module");
	out->repository = json_text(source, "repository");
	out->ref = json_text(source, "ref");
	if (dependencies && dependencies->kind == JSON_KIND_ARRAY && dependencies->n)
		out->revision = json_text(json_get(dependencies->items[0], "digest"), "gitCommit");
	out->builder =
	    json_text(json_get(json_get(json_get(v, "predicate"), "runDetails"), "builder"), "id");
	return true;
}

/* Why no signature holds, as far as the key's name tells. */
static bool not_signed(struct arena *a, const struct json *signatures, struct str key_pem,
		       const char *place, struct err *e)
{
	struct digest key, other;
	struct str mine, said = {0};

	if (!ecdsa_key(key_pem, "the key", &key, e))
		return false;
	mine = digest_oci(a, &key);
	for (size_t i = 0; i < signatures->n; i++) {
		struct str id = json_text(signatures->items[i], "keyid");

		if (!said.n && str_startsc(id, "sha256:") &&
		    digest_parse_hex(str_skip(id, 7), &other))
			said = id;
	}
	if (said.n && str_eq(said, mine))
		err_at(e, ERR_VERIFY, place, 0, 0, "was changed after it was signed");
	else if (said.n)
		err_at(e, ERR_VERIFY, place, 0, 0, "is signed by the key %.*s, not by %.*s",
		       STR_ARG(said), STR_ARG(mine));
	else
		err_at(e, ERR_VERIFY, place, 0, 0,
		       "has no signature by the key %.*s, or was changed since", STR_ARG(mine));
	return err_fix(e, "have the release signed by whom this place trusts: `cbuild sign`");
}

bool statement_open(struct arena *a, struct str envelope, struct str key_pem, const char *place,
		    struct statement *out, struct err *e)
{
	const struct json *signatures;
	struct str payload, sig, bytes;
	struct json *v;

	if (envelope.n > STATEMENT_MAX_BYTES)
		return err_at(e, ERR_VERIFY, place, 0, 0, "is too large for a statement");
	if (!json_parse(a, envelope, place, &v, e) ||
	    !json_need_array(v, "signatures", &signatures, place, e))
		return is_bad(place, e);
	if (!want_type(json_text(v, "payloadType"), PAYLOAD_TYPE, "a payload of type", place, e))
		return false;
	if (signatures->n > STATEMENT_MAX_SIGNATURES ||
	    !base64_decode(a, json_text(v, "payload"), &payload))
		return err_at(e, ERR_VERIFY, place, 0, 0, "is no DSSE envelope");
	bytes = statement_to_sign(a, payload);
	for (size_t i = 0; i < signatures->n; i++) {
		if (!base64_decode(a, json_text(signatures->items[i], "sig"), &sig))
			continue;
		if (ecdsa_verify(bytes, sig, key_pem, "the key", e))
			return statement_read(a, payload, place, out, e);
		if (e->code != ERR_VERIFY)
			return false;
	}
	return not_signed(a, signatures, key_pem, place, e);
}

bool statement_names(const struct statement *s, const struct digest *d)
{
	for (size_t i = 0; i < s->subjects.n; i++)
		if (memcmp(s->subjects.v[i].digest.sha256, d->sha256, DIGEST_BYTES) == 0)
			return true;
	return false;
}
