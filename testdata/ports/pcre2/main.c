/* PCRE2: a match that needs Unicode tables, by the just-in-time compiler. */
#include <string.h>

#include <pcre2.h>

static const char text[] = "the quick brown fox jumps over the lazy dog, the quick brown fox";

static int pcre2_match_words(void)
{
	int code, ok;
	PCRE2_SIZE at;
	pcre2_code *re = pcre2_compile((PCRE2_SPTR)"(?i)\\b(\\p{L}\\w+) FOX", PCRE2_ZERO_TERMINATED,
				       PCRE2_UTF, &code, &at, NULL);
	pcre2_match_data *m = re ? pcre2_match_data_create_from_pattern(re, NULL) : NULL;

	ok = m && pcre2_jit_compile(re, PCRE2_JIT_COMPLETE) == 0 &&
	     pcre2_match(re, (PCRE2_SPTR)text, sizeof text - 1, 0, 0, m, NULL) == 2 &&
	     pcre2_get_ovector_pointer(m)[2] == 10 && pcre2_get_ovector_pointer(m)[3] == 15;
	pcre2_match_data_free(m);
	pcre2_code_free(re);
	return ok;
}

int main(void)
{
	return pcre2_match_words() ? 0 : 1;
}
