/*
 * Fuzz target: any bytes as a netrc file, as a credential helper's answer, and as the URL of a repository
 * behind ssh. What is taken for a place holds nothing that ssh could read as an option.
 */
#include <stdlib.h>
#include <string.h>

#include "mod/mod_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena a = {0};
	struct str text = {(const char *)data, n};
	struct login login;
	struct ssh_place place;

	(void)netrc_find(&a, text, STR("example.com"), STR(""), &login);
	(void)helper_answer(&a, text, &login);
	(void)url_covers(text, STR("https://example.com/x"));
	if (ssh_is_url(text) && ssh_parse(&a, text, &place) &&
	    (place.host.p[0] == '-' || place.path.p[0] == '-' || !place.host.n))
		abort();
	arena_fini(&a);
	return 0;
}
