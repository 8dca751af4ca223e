/*
 * OpenSSL: a known SHA-256, a TLS context, and how fast the hash is. The time is the process's
 * own, for the machine may be busy.
 */
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* FIPS 180-4, SHA-256 of "abc". */
static const char want[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static unsigned char block[1 << 20];

static double seconds(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0
		   ? (double)now.tv_sec + (double)now.tv_nsec / 1e9
		   : 0;
}

int main(void)
{
	enum { BLOCKS = 256 };
	unsigned char md[SHA256_DIGEST_LENGTH];
	char hex[2 * sizeof md + 1];
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SHA256_CTX c;
	double begun, took;

	SHA256_Init(&c);
	SHA256_Update(&c, "abc", 3);
	SHA256_Final(md, &c);
	for (size_t i = 0; i < sizeof md; i++)
		snprintf(hex + 2 * i, 3, "%02x", md[i]);
	begun = seconds();
	SHA256_Init(&c);
	for (int i = 0; i < BLOCKS; i++)
		SHA256_Update(&c, block, sizeof block);
	SHA256_Final(md, &c);
	took = seconds() - begun;
	printf("%s, %s, SHA-256 %s, TLS context %s, %.0f MB/s\n", OpenSSL_version(OPENSSL_VERSION),
	       OpenSSL_version(OPENSSL_CPU_INFO), strcmp(hex, want) == 0 ? "ok" : "WRONG",
	       ctx ? "ok" : "MISSING", BLOCKS * 1.048576 / took);
	SSL_CTX_free(ctx);
	return !ctx || strcmp(hex, want) != 0;
}
