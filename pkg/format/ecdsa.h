/*
 * ecdsa: signatures of bytes by ECDSA over NIST P-256 with SHA-256 (FIPS 186-5 section 6), the kind that
 * `openssl dgst -sha256 -sign` and `cosign sign-blob` make.
 *
 *     if (!ecdsa_verify(bytes, signature, key_pem, "web.pub", &e)) ...
 *
 * Keys are PEM (RFC 7468): public ones SubjectPublicKeyInfo, private ones PKCS #8 or SEC 1, not encrypted.
 * Signatures are DER (RFC 3279 section 2.2.3); base64 of them is RFC 4648 section 4. All of it may be hostile.
 * Hides Mbed TLS.
 */
#ifndef FORMAT_ECDSA_H
#define FORMAT_ECDSA_H

#include "base/digest.h"
#include "base/err.h"

/* Beyond it a key is ERR_INPUT. */
enum { ECDSA_KEY_MAX_BYTES = 16 << 10 };

/*
 * The fingerprint of a public key: SHA-256 of its DER form, as `openssl pkey -pubin -outform der | sha256sum`.
 * ERR_INPUT with a remedy at place when it is no public key of P-256.
 */
bool ecdsa_key(struct str key_pem, const char *place, struct digest *out,
	       struct err *e) ATTR_MUST_USE;
/* ERR_VERIFY when signature is none of these bytes by that key; ERR_INPUT for a key, as ecdsa_key. */
bool ecdsa_verify(struct str bytes, struct str signature, struct str key_pem, const char *place,
		  struct err *e) ATTR_MUST_USE;
/*
 * The signature, in arena a, and its key's fingerprint. The same bytes and key give the same signature
 * (RFC 6979). ERR_INPUT at place when it is no private key of P-256.
 */
bool ecdsa_sign(struct arena *a, struct str bytes, struct str key_pem, const char *place,
		struct str *signature, struct digest *key, struct err *e) ATTR_MUST_USE;

struct str base64_encode(struct arena *a, struct str bytes);
/* Newlines and the URL-safe alphabet (RFC 4648 section 5) are taken too; false when it is no base64. */
bool base64_decode(struct arena *a, struct str text, struct str *out) ATTR_MUST_USE;

#endif
