/* Oniguruma: named groups in Ruby's syntax over UTF-8, a lookbehind, and EUC-JP. */
#include <string.h>

#include <oniguruma.h>

static int search(const char *pattern, const char *text, OnigEncoding enc, OnigRegion *region, regex_t **re)
{
	const OnigUChar *p = (const OnigUChar *)pattern, *s = (const OnigUChar *)text, *end = s + strlen(text);
	OnigErrorInfo info;

	if (onig_new(re, p, p + strlen(pattern), ONIG_OPTION_DEFAULT, enc, ONIG_SYNTAX_RUBY, &info) != ONIG_NORMAL)
		return -2;
	return onig_search(*re, s, end, s, end, region, ONIG_OPTION_NONE);
}

int main(void)
{
	static const char text[] = "d\xc3\xa9j\xc3\xa0 2024-05";
	OnigEncoding all[] = {ONIG_ENCODING_UTF8, ONIG_ENCODING_EUC_JP};
	OnigRegion *region = onig_region_new();
	const OnigUChar name[] = "year";
	regex_t *re = NULL;
	int group, ok;

	onig_initialize(all, 2);
	ok = search("(?<=\\p{L} )(?<year>\\d{4})-\\d+", text, ONIG_ENCODING_UTF8, region, &re) == 7;
	group = ok ? onig_name_to_backref_number(re, name, name + 4, region) : -1;
	ok = ok && group == 1 && region->beg[group] == 7 && region->end[group] == 11;
	onig_free(re);
	ok = ok && search("\xa4\xa2+", "x\xa4\xa2\xa4\xa2", ONIG_ENCODING_EUC_JP, region, &re) == 1 && region->end[0] == 5;
	onig_free(re);
	onig_region_free(region, 1);
	onig_end();
	return ok ? 0 : 1;
}
