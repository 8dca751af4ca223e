/*
 * Mbed TLS does the work; 2.28 (Debian's) and 3.6 (the static build's) differ in how a private key is read and
 * a signature is written. Only P-256 passes: one kind of key is what every tool here has, and a weak one cannot
 * slip in.
 */
#include "format/ecdsa.h"

#include <mbedtls/base64.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/version.h>
#include <string.h>

static bool is_p256(mbedtls_pk_context *pk)
{
	if (mbedtls_pk_get_type(pk) != MBEDTLS_PK_ECKEY)
		return false;
#if MBEDTLS_VERSION_NUMBER >= 0x03060000
	return mbedtls_ecp_keypair_get_group_id(mbedtls_pk_ec(*pk)) == MBEDTLS_ECP_DP_SECP256R1;
#else
	return mbedtls_pk_ec(*pk)->grp.id == MBEDTLS_ECP_DP_SECP256R1;
#endif
}

/* PEM as the library wants it: the NUL behind it counts. */
static bool copy_pem(struct str pem, unsigned char out[ECDSA_KEY_MAX_BYTES + 1])
{
	if (!pem.n || pem.n > ECDSA_KEY_MAX_BYTES || memchr(pem.p, '\0', pem.n) ||
	    !str_containsc(pem, "-----BEGIN "))
		return false;
	memcpy(out, pem.p, pem.n);
	out[pem.n] = '\0';
	return true;
}

static bool fingerprint(mbedtls_pk_context *pk, struct digest *out)
{
	unsigned char der[256]; /* 91 bytes are enough; written at its end */
	int n = mbedtls_pk_write_pubkey_der(pk, der, sizeof der);

	if (n <= 0)
		return false;
	*out = digest_of(der + sizeof der - n, (size_t)n);
	return true;
}

static bool read_public(mbedtls_pk_context *pk, struct str pem, const char *place, struct err *e)
{
	unsigned char text[ECDSA_KEY_MAX_BYTES + 1];

	if (copy_pem(pem, text) && mbedtls_pk_parse_public_key(pk, text, pem.n + 1) == 0 &&
	    is_p256(pk))
		return true;
	err_at(e, ERR_INPUT, place, 0, 0, "holds no public key of ECDSA P-256 in PEM");
	return err_fix(e, "`openssl pkey -in KEY.pem -pubout` or `cosign public-key` writes one");
}

bool ecdsa_key(struct str key_pem, const char *place, struct digest *out, struct err *e)
{
	mbedtls_pk_context pk;
	bool ok;

	mbedtls_pk_init(&pk);
	ok = read_public(&pk, key_pem, place, e) &&
	     (fingerprint(&pk, out) ||
	      err_at(e, ERR_INPUT, place, 0, 0, "holds a key that cannot be written"));
	mbedtls_pk_free(&pk);
	return ok;
}

bool ecdsa_verify(struct str bytes, struct str signature, struct str key_pem, const char *place,
		  struct err *e)
{
	struct digest d = digest_str(bytes);
	mbedtls_pk_context pk;
	bool ok;

	mbedtls_pk_init(&pk);
	ok = read_public(&pk, key_pem, place, e);
	if (ok && mbedtls_pk_verify(&pk, MBEDTLS_MD_SHA256, d.sha256, DIGEST_BYTES,
				    (const unsigned char *)signature.p, signature.n) != 0)
		ok = err_set(e, ERR_VERIFY, "the signature does not hold");
	mbedtls_pk_free(&pk);
	return ok;
}

/* --- signing ---------------------------------------------------------------------------------- */

enum { SIGNATURE_MAX_BYTES = 80 }; /* DER of two numbers of 32 bytes: 72 at most */

struct random {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context drbg;
};

static bool read_private(mbedtls_pk_context *pk, struct str pem, struct random *r)
{
	unsigned char text[ECDSA_KEY_MAX_BYTES + 1];
	bool ok = copy_pem(pem, text);

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
	ok = ok && mbedtls_pk_parse_key(pk, text, pem.n + 1, NULL, 0, mbedtls_ctr_drbg_random,
					&r->drbg) == 0;
#else
	(void)r;
	ok = ok && mbedtls_pk_parse_key(pk, text, pem.n + 1, NULL, 0) == 0;
#endif
	mbedtls_platform_zeroize(text, sizeof text);
	return ok;
}

static bool write_signature(mbedtls_pk_context *pk, const struct digest *d,
			    unsigned char out[SIGNATURE_MAX_BYTES], size_t *n, struct random *r)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
	return mbedtls_pk_sign(pk, MBEDTLS_MD_SHA256, d->sha256, DIGEST_BYTES, out,
			       SIGNATURE_MAX_BYTES, n, mbedtls_ctr_drbg_random, &r->drbg) == 0;
#else
	return mbedtls_pk_sign(pk, MBEDTLS_MD_SHA256, d->sha256, DIGEST_BYTES, out, n,
			       mbedtls_ctr_drbg_random, &r->drbg) == 0;
#endif
}

static bool sign(mbedtls_pk_context *pk, struct random *r, struct str bytes, struct str pem,
		 const char *place, unsigned char out[SIGNATURE_MAX_BYTES], size_t *n,
		 struct digest *key, struct err *e)
{
	struct digest d = digest_str(bytes);

	if (mbedtls_ctr_drbg_seed(&r->drbg, mbedtls_entropy_func, &r->entropy, NULL, 0) != 0)
		return err_set(e, ERR_IO, "the system gives no random numbers");
	if (!read_private(pk, pem, r) || !is_p256(pk) || !fingerprint(pk, key)) {
		err_at(e, ERR_INPUT, place, 0, 0,
		       "holds no private key of ECDSA P-256 in PEM without a password");
		return err_fix(e, "`openssl ecparam -name prime256v1 -genkey -noout` makes one");
	}
	return write_signature(pk, &d, out, n, r) ||
	       err_at(e, ERR_INPUT, place, 0, 0, "cannot sign");
}

bool ecdsa_sign(struct arena *a, struct str bytes, struct str key_pem, const char *place,
		struct str *signature, struct digest *key, struct err *e)
{
	unsigned char out[SIGNATURE_MAX_BYTES];
	mbedtls_pk_context pk;
	struct random r;
	size_t n = 0;
	bool ok;

	mbedtls_pk_init(&pk);
	mbedtls_entropy_init(&r.entropy);
	mbedtls_ctr_drbg_init(&r.drbg);
	ok = sign(&pk, &r, bytes, key_pem, place, out, &n, key, e);
	if (ok)
		*signature = str_dup(a, str_from((const char *)out, n));
	mbedtls_ctr_drbg_free(&r.drbg);
	mbedtls_entropy_free(&r.entropy);
	mbedtls_pk_free(&pk);
	return ok;
}

/* --- base64 ----------------------------------------------------------------------------------- */

struct str base64_encode(struct arena *a, struct str bytes)
{
	size_t cap = (bytes.n + 2) / 3 * 4 + 1, n = 0;
	unsigned char *out = arena_array(a, unsigned char, cap);

	if (mbedtls_base64_encode(out, cap, &n, (const unsigned char *)bytes.p, bytes.n) != 0)
		return STR("");
	return str_from((const char *)out, n);
}

bool base64_decode(struct arena *a, struct str text, struct str *out)
{
	unsigned char *bytes = arena_array(a, unsigned char, text.n + 1);
	unsigned char *plain = arena_array(a, unsigned char, text.n + 1);
	size_t n = 0, len = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c != '\n' && c != '\r')
			plain[len++] = c == '-' ? '+' : c == '_' ? '/' : (unsigned char)c;
	}
	if (len % 4 != 0 || mbedtls_base64_decode(bytes, text.n + 1, &n, plain, len) != 0)
		return false;
	*out = str_from((const char *)bytes, n);
	return true;
}
