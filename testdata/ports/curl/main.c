/* curl: a connection refused, a protocol that it does not speak. */
#include <curl/curl.h>

static int curl_refused(void)
{
	const curl_version_info_data *v;
	CURL *c;
	int ok;

	curl_global_init(CURL_GLOBAL_ALL);
	v = curl_version_info(CURLVERSION_NOW);
	c = curl_easy_init();
	ok = c && (v->features & CURL_VERSION_SSL) && (v->features & CURL_VERSION_LIBZ) &&
	     curl_easy_setopt(c, CURLOPT_URL, "https://127.0.0.1:1/") == CURLE_OK &&
	     curl_easy_perform(c) == CURLE_COULDNT_CONNECT &&
	     curl_easy_setopt(c, CURLOPT_URL, "ftp://127.0.0.1:1/") == CURLE_OK &&
	     curl_easy_perform(c) == CURLE_UNSUPPORTED_PROTOCOL;
	curl_easy_cleanup(c);
	curl_global_cleanup();
	return ok;
}

int main(void)
{
	return curl_refused() ? 0 : 1;
}
