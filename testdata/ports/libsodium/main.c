/* libsodium: a box opened and a tampered one refused, a signature, a password's hash, and its version. */
#include <string.h>

#include <sodium.h>

static int boxed(void)
{
	unsigned char key[crypto_secretbox_KEYBYTES], nonce[crypto_secretbox_NONCEBYTES] = {0};
	unsigned char box[5 + crypto_secretbox_MACBYTES], plain[5];

	crypto_secretbox_keygen(key);
	crypto_secretbox_easy(box, (const unsigned char *)"hello", 5, nonce, key);
	if (crypto_secretbox_open_easy(plain, box, sizeof box, nonce, key) != 0 || memcmp(plain, "hello", 5) != 0)
		return 0;
	box[3] ^= 1;
	return crypto_secretbox_open_easy(plain, box, sizeof box, nonce, key) != 0;
}

static int signed_(void)
{
	unsigned char pk[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES], sig[crypto_sign_BYTES];

	return crypto_sign_keypair(pk, sk) == 0 &&
	       crypto_sign_detached(sig, NULL, (const unsigned char *)"hello", 5, sk) == 0 &&
	       crypto_sign_verify_detached(sig, (const unsigned char *)"hello", 5, pk) == 0 &&
	       crypto_sign_verify_detached(sig, (const unsigned char *)"hellO", 5, pk) != 0;
}

int main(void)
{
	static const unsigned char want[4] = {0x32, 0x4d, 0xcf, 0x02};
	unsigned char hash[32];
	char text[crypto_pwhash_STRBYTES];

	if (sodium_init() < 0)
		return 1;
	crypto_generichash(hash, sizeof hash, (const unsigned char *)"hello", 5, NULL, 0);
	return memcmp(hash, want, sizeof want) == 0 && boxed() && signed_() &&
			       crypto_pwhash_str(text, "secret", 6, crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN) == 0 &&
			       crypto_pwhash_str_verify(text, "secret", 6) == 0 &&
			       strcmp(sodium_version_string(), SODIUM_VERSION_STRING) == 0 &&
			       sodium_library_version_minor() == SODIUM_LIBRARY_VERSION_MINOR
		       ? 0
		       : 1;
}
