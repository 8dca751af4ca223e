/*
 * Readers of the archives in source: a pattern of URLs for all versions, and a table of versions
 * whose digests, and perhaps URLs, are known.
 */
#include <string.h>

#include "manifest/manifest_impl.h"

enum { SHA256_HEX = 64, STRIP_MAX = 16, URLS_MAX = 16 };

/* What stands in URLs (RFC 3986) beside letters and digits; no userinfo, no fragment. */
#define URL_BYTES "-._~:/?&=+%,;!$()*'[]"

static void each_url(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	static const char *const schemes[] = {"https://", "http://", "file:///"};
	const char *fix = "write an https://, http:// or file:/// URL";
	struct str_vec *out = str_vec;

	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (str_startsc(v->text, schemes[i]))
			fix = placeholder_remedy(v->text, URL_BYTES,
						 "write other bytes as %XX; no user name, no #");
	if (fix)
		mistake(r, v, fix, "malformed URL '%.*s'", STR_ARG(v->text));
	else if (out->n == URLS_MAX)
		mistake(r, v, "remove some", "more than %d URLs for one archive", (int)URLS_MAX);
	else
		keep_word(r, v, out);
}

void read_urls(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	read_each(r, v, each_url, str_vec);
}

void read_sha256(struct reader *r, const struct yaml_node *v, void *str)
{
	bool ok = want_text(r, v);

	if (!ok)
		return;
	ok = v->text.n == SHA256_HEX;
	for (size_t i = 0; ok && i < v->text.n; i++)
		ok = strchr("0123456789abcdef", v->text.p[i]) != NULL;
	if (ok)
		*(struct str *)str = v->text;
	else
		mistake(r, v, "write the archive's SHA-256: 64 lower-case hex digits",
			"malformed digest '%.*s'", STR_ARG(v->text));
}

void read_parts(struct reader *r, const struct yaml_node *v, void *archive_spec)
{
	struct archive_spec *s = archive_spec;

	s->strip =
	    want_number(r, v, 0, STRIP_MAX, "write how many leading folders to drop, mostly 1");
	s->has_strip = true;
}

void read_archive_versions(struct reader *r, const struct yaml_node *v, void *source_spec)
{
	struct source_spec *s = source_spec;

	for (size_t i = 0; want_map(r, v) && i < v->pairs.n; i++) {
		const struct yaml_pair *p = &v->pairs.v[i];
		struct archive_spec a = {0};

		r->key = p->key->text;
		read_version(r, p->key, &a.version);
		if (p->value->kind == YAML_MAP)
			read_map(r, p->value, "archive", &a);
		else
			read_sha256(r, p->value, &a.sha256);
		if (a.version.n)
			*vec_push(r->a, &s->versions) = a;
	}
}

void finish_source(struct reader *r, const struct yaml_node *v, struct source_spec *s)
{
	for (size_t i = 0; i < s->versions.n; i++) {
		struct archive_spec *a = &s->versions.v[i];

		if (!a->urls.n)
			a->urls = s->archive.urls;
		if (!a->has_strip)
			a->strip = s->archive.strip;
		if (!a->urls.n)
			mistake(r, v, "give it an 'archive', or source: one for all versions",
				"version %.*s has no URL", STR_ARG(a->version));
	}
}
