/*
 * statement: who says, signed, where a release comes from: an in-toto Statement v1 with SLSA provenance v1 in a
 * DSSE envelope v1.
 *
 *     {"payload":"BASE64","payloadType":"application/vnd.in-toto+json",
 *      "signatures":[{"keyid":"sha256:...","sig":"BASE64"}]}
 *
 * the payload being
 *
 *     {"_type":"https://in-toto.io/Statement/v1",
 *      "predicate":{
 *       "buildDefinition":{
 *        "buildType":"https://github.com/cbuild/cbuild/release/v1",
 *        "externalParameters":{"module":"example.com/kv",
 *                              "source":{"ref":"refs/heads/main","repository":"https://example.com/kv.git"}},
 *        "resolvedDependencies":[{"digest":{"gitCommit":"..."},"uri":"git+https://example.com/kv.git"}]},
 *       "runDetails":{"builder":{"id":"https://ci.example.com/release"}}},
 *      "predicateType":"https://slsa.dev/provenance/v1",
 *      "subject":[{"digest":{"sha256":"..."},"name":"kv.tar.gz"}]}
 *
 *     if (!statement_open(&arena, text, key_pem, "kv.tar.gz.intoto.jsonl", &st, &e)) ...
 *     if (!statement_names(&st, &digest)) ...
 *
 * Sources: github.com/secure-systems-lab/dsse protocol.md and envelope.md v1.0.2; in-toto attestation framework
 * v1.0; slsa.dev/spec/v1.0/provenance. All is hostile until the signature holds, and has its limits after that.
 */
#ifndef FORMAT_STATEMENT_H
#define FORMAT_STATEMENT_H

#include "base/digest.h"
#include "base/err.h"
#include "base/vec.h"
#include "format/json.h"

/* Of an envelope; beyond them ERR_VERIFY. */
enum { STATEMENT_MAX_BYTES = 1 << 20, STATEMENT_MAX_SIGNATURES = 16 };

struct statement_subject {
	struct str name;
	struct digest digest; /* its size is not said */
};

struct statement {
	VEC(struct statement_subject) subjects;
	struct str module, builder;	      /* may be empty, as what follows */
	struct str repository, ref, revision; /* "refs/heads/main"; a commit's hash */
};

/* The predicate alone, as `cosign attest-blob --predicate` takes it; and the whole payload. Canonical JSON. */
struct str statement_predicate(struct arena *a, const struct statement *s);
struct str statement_payload(struct arena *a, const struct statement *s);
/* What is signed: DSSE's pre-authentication encoding of a payload. */
struct str statement_to_sign(struct arena *a, struct str payload);
/* One line, without newline. key: the signing key's fingerprint; NULL: not said. */
struct str statement_envelope(struct arena *a, struct str payload, struct str signature,
			      const struct digest *key);

/*
 * Reads an envelope that has a signature by that public key (PEM). Else ERR_VERIFY at place, with a remedy;
 * ERR_INPUT when the key is none.
 */
bool statement_open(struct arena *a, struct str envelope, struct str key_pem, const char *place,
		    struct statement *out, struct err *e) ATTR_MUST_USE;
/* A payload, its signature apart; ERR_VERIFY. */
bool statement_read(struct arena *a, struct str payload, const char *place, struct statement *out,
		    struct err *e) ATTR_MUST_USE;
/* Whether one of its subjects is d. */
bool statement_names(const struct statement *s, const struct digest *d);

#endif
