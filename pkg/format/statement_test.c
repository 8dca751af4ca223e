/*
 * Statements made here; a key and an envelope of OpenSSL's are in ecdsa_test.c and testdata/script/deploy_signed.txt.
 */
#include "cbuild/test.h"
#include "format/ecdsa.h"
#include "format/statement.h"

static const char *const key = "-----BEGIN PRIVATE KEY-----\n"
			       "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmSBsuWH4hOlRlCDA\n"
			       "QXlt29DjFsRze2ZXepgsETrMfOChRANCAAQzejINpPKFezPjCXLfbba7RX6Qsjii\n"
			       "JytugWXtEmo0J44iAMuFREe4bhzqMRnRHV/eJXpewe5TwjWG+5RtTIDZ\n"
			       "-----END PRIVATE KEY-----\n";
static const char *const pub = "-----BEGIN PUBLIC KEY-----\n"
			       "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEM3oyDaTyhXsz4wly3222u0V+kLI4\n"
			       "oicrboFl7RJqNCeOIgDLhURHuG4c6jEZ0R1f3iV6XsHuU8I1hvuUbUyA2Q==\n"
			       "-----END PUBLIC KEY-----\n";

/* An envelope of any payload. */
static struct str sign(struct test *t, struct arena *a, struct str payload)
{
	struct digest d;
	struct str sig;
	struct err e = {0};

	T_OK(t, ecdsa_sign(a, statement_to_sign(a, payload), str_of(key), "k", &sig, &d, &e));
	return statement_envelope(a, payload, sig, &d);
}

void TestStatementRoundTrip(struct test *t)
{
	struct digest one = digest_str(STR("one")), two = digest_str(STR("two"));
	struct statement st = {.module = STR("example.com/kv"),
			       .builder = STR("https://ci/x"),
			       .repository = STR("https://example.com/kv.git"),
			       .ref = STR("refs/heads/main"),
			       .revision = STR("0123abc")},
			 got;
	struct arena a = {0};
	struct err e = {0};
	struct str payload;

	*vec_push(&a, &st.subjects) = (struct statement_subject){STR("kv"), one};
	payload = statement_payload(&a, &st);
	T_EQ_STR(
	    t, payload.p,
	    "{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{\"buildDefinition\":{"
	    "\"buildType\":\"https://github.com/cbuild/cbuild/release/v1\","
	    "\"externalParameters\":{\"module\":\"example.com/kv\",\"source\":{\"ref\":\"refs/"
	    "heads/main\",\"repository\":\"https://example.com/kv.git\"}},"
	    "\"resolvedDependencies\":[{\"digest\":{\"gitCommit\":\"0123abc\"},\"uri\":\"git+"
	    "https://example.com/kv.git\"}]},\"runDetails\":{\"builder\":{\"id\":\"https://ci/"
	    "x\"}}},\"predicateType\":\"https://slsa.dev/provenance/v1\",\"subject\":[{"
	    "\"digest\":{\"sha256\":"
	    "\"7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed\"},\"name\":"
	    "\"kv\"}]}");
	/* The example of DSSE's protocol.md has the same form. */
	T_EQ_STR(t, statement_to_sign(&a, STR("hello world")).p,
		 "DSSEv1 28 application/vnd.in-toto+json 11 hello world");
	T_CHECK(t, statement_open(&a, sign(t, &a, payload), str_of(pub), "x", &got, &e), "%s",
		e.msg);
	T_EQ_STR(t, statement_payload(&a, &got).p, payload.p);
	T_OK(t, statement_names(&got, &one) && !statement_names(&got, &two));
	T_EQ_STR(t, got.revision.p, "0123abc");
	arena_fini(&a);
}

/* A signature that holds makes no other statement a good one. */
void TestStatementHostile(struct test *t)
{
#define HEAD                                                                                       \
	"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":"                        \
	"\"https://slsa.dev/provenance/v1\","
#define BUILD "\"buildDefinition\":{\"buildType\":\"https://github.com/cbuild/cbuild/release/v1\""
	static const struct {
		const char *payload, *want; /* NULL: it is read */
	} cases[] = {
	    {"", "not valid JSON"},
	    {"[]", "the type"},
	    {"{}", "the type"},
	    {"{\"_type\":\"https://in-toto.io/Statement/v9\"}", "Statement/v9"},
	    {"{\"_type\":\"https://in-toto.io/Statement/v1\"}", "a predicate of type"},
	    {HEAD "\"predicate\":{},\"subject\":[]}", "the build type"},
	    {HEAD "\"predicate\":7,\"subject\":[]}", "the build type"},
	    {HEAD "\"predicate\":{" BUILD "}}}", "subject"},
	    {HEAD "\"predicate\":{" BUILD "}},\"subject\":{}}", "subject"},
	    {HEAD "\"predicate\":{" BUILD "}},\"subject\":[],\"subject\":[]}", "duplicate"},
	    {HEAD "\"predicate\":{" BUILD
		  "}},\"subject\":[1,null,{},{\"digest\":{\"sha256\":\"x\"}},"
		  "{\"digest\":{\"sha512\":\"00\"}}]}",
	     NULL},
	    {HEAD "\"predicate\":{" BUILD
		  ",\"externalParameters\":[],\"resolvedDependencies\":[7]},"
		  "\"runDetails\":{\"builder\":\"x\"}},\"subject\":[]}",
	     NULL},
	};
	struct arena a = {0};
	struct statement st;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e = {0};
		bool ok = statement_open(&a, sign(t, &a, str_of(cases[i].payload)), str_of(pub),
					 "x", &st, &e);

		T_CHECK(t, ok == !cases[i].want, "%s: %s", cases[i].payload, e.msg);
		T_CHECK(t,
			ok || (e.code == ERR_VERIFY && str_containsc(str_of(e.msg), cases[i].want)),
			"%s: %d %s", cases[i].payload, (int)e.code, e.msg);
		T_OK(t, !ok || (!st.subjects.n && !st.module.n && !st.builder.n && !st.ref.n));
	}
	arena_fini(&a);
}

void TestStatementSignatures(struct test *t)
{
	struct arena a = {0};
	struct err e = {0};
	struct statement st = {0};
	struct json *v, *bad = json_new_object(&a), *sigs;
	struct str text = sign(t, &a, statement_payload(&a, &st));

	/* Several signatures: one that holds is enough, whatever stands before it; not too many. */
	T_OK(t, json_parse(&a, text, "x", &v, &e));
	json_put_text(&a, bad, "sig", STR("AAAA"));
	sigs = json_new_array(&a);
	json_add(&a, sigs, bad);
	json_add(&a, sigs, json_new_int(&a, 7));
	json_add(&a, sigs, json_get(v, "signatures")->items[0]);
	json_put(&a, v, STR("signatures"), sigs);
	T_OK(t, statement_open(&a, json_dump(&a, v), str_of(pub), "x", &st, &e));
	while (sigs->n <= STATEMENT_MAX_SIGNATURES)
		json_add(&a, sigs, bad);
	T_OK(t, !statement_open(&a, json_dump(&a, v), str_of(pub), "x", &st, &e));
	T_EQ_STR(t, e.msg, "is no DSSE envelope");
	sigs->n = 1;
	T_OK(t, !statement_open(&a, json_dump(&a, v), str_of(pub), "x", &st, &e));
	T_OK(t,
	     e.code == ERR_VERIFY && str_containsc(str_of(e.msg), "has no signature by the key"));
	sigs->n = 0;
	T_OK(t, !statement_open(&a, json_dump(&a, v), str_of(pub), "x", &st, &e));
	/* Another payload type is signed along. */
	T_OK(t, json_parse(&a, text, "x", &v, &e));
	json_put_text(&a, v, "payloadType", STR("text/plain"));
	T_OK(t, !statement_open(&a, json_dump(&a, v), str_of(pub), "x", &st, &e));
	T_OK(t, e.code == ERR_VERIFY && e.fix[0]);
	T_OK(t, !statement_open(&a, text, STR("no key"), "x", &st, &e));
	T_EQ_INT(t, e.code, ERR_INPUT);
	arena_fini(&a);
}
