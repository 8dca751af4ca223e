/*
 * Keys and signatures made by OpenSSL 3.0: `openssl ecparam -name prime256v1 -genkey -noout`, `openssl pkcs8 -topk8
 * -nocrypt`, `openssl dgst -sha256 -sign`.
 */
#include "cbuild/test.h"
#include "format/ecdsa.h"

static const char *const key_sec1 =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEIJkgbLlh+ITpUZQgwEF5bdvQ4xbEc3tmV3qYLBE6zHzgoAoGCCqGSM49\n"
    "AwEHoUQDQgAEM3oyDaTyhXsz4wly3222u0V+kLI4oicrboFl7RJqNCeOIgDLhURH\n"
    "uG4c6jEZ0R1f3iV6XsHuU8I1hvuUbUyA2Q==\n"
    "-----END EC PRIVATE KEY-----\n";
static const char *const key_pkcs8 =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmSBsuWH4hOlRlCDA\n"
    "QXlt29DjFsRze2ZXepgsETrMfOChRANCAAQzejINpPKFezPjCXLfbba7RX6Qsjii\n"
    "JytugWXtEmo0J44iAMuFREe4bhzqMRnRHV/eJXpewe5TwjWG+5RtTIDZ\n"
    "-----END PRIVATE KEY-----\n";
static const char *const key_public =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEM3oyDaTyhXsz4wly3222u0V+kLI4\n"
    "oicrboFl7RJqNCeOIgDLhURHuG4c6jEZ0R1f3iV6XsHuU8I1hvuUbUyA2Q==\n"
    "-----END PUBLIC KEY-----\n";
static const char *const key_other =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEFjHzRgl4FDUlS7Zf85AZDPIw6ZCH\n"
    "V2UbSKALkP0cs0KRzqf1VLbKc8dPNseVtQf24MLkGLVfpJEjE9Bwa+bA8Q==\n"
    "-----END PUBLIC KEY-----\n";
/* secp256k1: as long, and another curve. */
static const char *const key_curve =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEXhM+mNlJafS5qGnjzfcAUeoz0hNXLk3Z\n"
    "fQwUz2H78slXtwIsywZp5YkNqh8p9MW4iAo8iLt7Eu03iBIejUAbNg==\n"
    "-----END PUBLIC KEY-----\n";
static const char *const message = "DSSEv1 hello";
static const char *const signature =
    "MEUCIGz3PV1x8igXpIq/oAW8nWEP2oZsNeTvN04QqUHmuCcDAiEAx53iodghLsVP0AH828WSUePPhSVA/"
    "hxV6MffPihVf8o=";

void TestEcdsaVerify(struct test *t)
{
	struct arena a = {0};
	struct err e = {0};
	struct str sig, changed;

	T_OK(t, base64_decode(&a, str_of(signature), &sig));
	T_CHECK(t, ecdsa_verify(str_of(message), sig, str_of(key_public), "k", &e), "%s", e.msg);
	T_OK(t, !ecdsa_verify(STR("DSSEv1 hellp"), sig, str_of(key_public), "k", &e));
	T_EQ_INT(t, e.code, ERR_VERIFY);
	T_OK(t, !ecdsa_verify(str_of(message), sig, str_of(key_other), "k", &e));
	T_EQ_INT(t, e.code, ERR_VERIFY);
	/* Each byte matters, and none may follow or lack. */
	for (size_t i = 0; i < sig.n; i++) {
		char *p = arena_array(&a, char, sig.n);

		for (size_t k = 0; k < sig.n; k++)
			p[k] = (char)(sig.p[k] ^ (k == i ? 1 : 0));
		changed = str_from(p, sig.n);
		T_CHECK(t, !ecdsa_verify(str_of(message), changed, str_of(key_public), "k", &e),
			"byte %zu", i);
		T_CHECK(
		    t,
		    !ecdsa_verify(str_of(message), str_from(sig.p, i), str_of(key_public), "k", &e),
		    "%zu bytes", i);
	}
	T_OK(t, !ecdsa_verify(str_of(message), str_fmt(&a, "%.*sx", STR_ARG(sig)),
			      str_of(key_public), "k", &e));
	arena_fini(&a);
}

void TestEcdsaKeys(struct test *t)
{
	const char *bad[] = {"",
			     "-----BEGIN PUBLIC KEY-----\n",
			     key_curve,
			     key_sec1,
			     "ssh-rsa AAAA",
			     "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"};
	struct arena a = {0};
	struct err e = {0};
	char hex[DIGEST_HEX + 1];
	struct digest d;
	char *huge = arena_array(&a, char, ECDSA_KEY_MAX_BYTES + 1);

	T_OK(t, ecdsa_key(str_of(key_public), "k", &d, &e));
	digest_hex(&d, hex);
	T_EQ_STR(t, hex, "1d8eee44635bf5f8565c788b770ad7694952cbb9a8455cd68689cb49b7013f3f");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		T_CHECK(t, !ecdsa_key(str_of(bad[i]), "k", &d, &e), "%zu", i);
		T_OK(t, e.code == ERR_INPUT && e.fix[0]);
	}
	for (size_t i = 0; i <= ECDSA_KEY_MAX_BYTES; i++)
		huge[i] = '-';
	T_OK(t, !ecdsa_key(str_from(huge, ECDSA_KEY_MAX_BYTES + 1), "k", &d, &e));
	T_OK(t, !ecdsa_key(str_from(key_public, 40), "k", &d, &e));
	T_OK(t, !ecdsa_key(str_from("-----BEGIN \0", 12), "k", &d, &e));
	arena_fini(&a);
}

void TestEcdsaSign(struct test *t)
{
	const char *keys[] = {key_sec1, key_pkcs8};
	struct arena a = {0};
	struct err e = {0};
	struct digest d;
	struct str sig, again;

	for (size_t i = 0; i < 2; i++) {
		T_OK(t, ecdsa_sign(&a, str_of(message), str_of(keys[i]), "k", &sig, &d, &e));
		T_OK(t, ecdsa_verify(str_of(message), sig, str_of(key_public), "k", &e));
		T_OK(t, ecdsa_sign(&a, str_of(message), str_of(keys[i]), "k", &again, &d, &e));
		T_OK(t, str_eq(sig, again));
	}
	T_OK(t, !ecdsa_sign(&a, str_of(message), str_of(key_public), "k", &sig, &d, &e));
	T_OK(t, e.code == ERR_INPUT && e.fix[0]);
	arena_fini(&a);
}

void TestBase64(struct test *t)
{
	/* RFC 4648 section 10; the URL-safe alphabet. */
	static const char *const cases[][2] = {
	    {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "+/8="}};
	static const char *const bad[] = {"Z", "Zg=", "Zg==Zg==", "Z$==", "=", "====", "Zm9v Yg"};
	struct arena a = {0};
	struct str out;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		T_EQ_STR(t, base64_encode(&a, str_of(cases[i][0])).p, cases[i][1]);
		T_OK(t, base64_decode(&a, str_of(cases[i][1]), &out) && str_eqc(out, cases[i][0]));
	}
	T_OK(t, base64_decode(&a, STR("-_\n8=\n"), &out) && str_eqc(out, "\xfb\xff"));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		T_CHECK(t, !base64_decode(&a, str_of(bad[i]), &out), "%s", bad[i]);
	arena_fini(&a);
}
