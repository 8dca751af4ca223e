/* Mbed TLS: a digest and an authenticated cipher, by its generic interfaces. */
#include <string.h>

#include <mbedtls/gcm.h>
#include <mbedtls/md.h>

static int sha256_abc(void)
{
	static const unsigned char want[4] = {0xba, 0x78, 0x16, 0xbf};
	unsigned char got[32];

	return mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), (const unsigned char *)"abc", 3, got) == 0 &&
	       memcmp(got, want, sizeof want) == 0;
}

/* NIST's test case 2 of GCM: zeros throughout. */
static int gcm_zeros(void)
{
	static const unsigned char want[4] = {0x03, 0x88, 0xda, 0xce}, want_tag[4] = {0xab, 0x6e, 0x47, 0xd4};
	unsigned char zeros[16] = {0}, out[16], tag[16];
	mbedtls_gcm_context gcm;
	int ok;

	mbedtls_gcm_init(&gcm);
	ok = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, zeros, 128) == 0 &&
	     mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, 16, zeros, 12, NULL, 0, zeros, out, 16, tag) == 0;
	mbedtls_gcm_free(&gcm);
	return ok && memcmp(out, want, sizeof want) == 0 && memcmp(tag, want_tag, sizeof want_tag) == 0;
}

int main(void)
{
	return sha256_abc() && gcm_zeros() ? 0 : 1;
}
