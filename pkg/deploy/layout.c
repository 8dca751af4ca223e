/*
 * A tag of an image layout as a place: the blobs stay where they are, and the tag moves between indexes. Of a
 * generation only the record lies below LAYOUT/.cbuild/TAG/generations. Blobs are never removed here: other
 * tags, or tools, may need them.
 */
#include <string.h>

#include "deploy/deploy_impl.h"
#include "oci/oci.h"

static bool current(struct place *p, struct str *out, struct err *e)
{
	struct digest d;

	*out = STR("");
	if (!oci_layout_tag(p->arena, p->layout.p, p->tag, &d, e))
		return false;
	if (!digest_is_zero(&d))
		*out = str_fmt(p->arena, "%.*s %llu", STR_ARG(digest_oci(p->arena, &d)),
			       (unsigned long long)d.size_bytes);
	return true;
}

/* "sha256:HEX SIZE": a descriptor has both. */
static struct str target(struct place *p, const struct generation *g)
{
	return str_fmt(p->arena, "%.*s %llu", STR_ARG(digest_oci(p->arena, &g->digest)),
		       (unsigned long long)g->digest.size_bytes);
}

static bool point(struct place *p, struct str to, struct err *e)
{
	struct str size = to, hex = str_cut(&size, ' ');
	struct digest d = {0};

	if (!to.n)
		return oci_layout_retag(p->arena, p->layout.p, p->tag, NULL, e);
	if (!digest_parse_hex(str_skip(hex, strlen("sha256:")), &d) ||
	    !str_u64(size, &d.size_bytes))
		return err_set(e, ERR_INPUT, "'%.*s' is no descriptor", STR_ARG(to));
	return oci_layout_retag(p->arena, p->layout.p, p->tag, &d, e);
}

/* `point` lasts already. */
static bool sync(struct place *p, struct err *e)
{
	(void)p;
	(void)e;
	return true;
}

static bool stage(struct place *p, const struct release_source *src, struct staged *s,
		  struct err *e)
{
	struct oci_image img;

	if (src->kind != RELEASE_IMAGE) {
		err_set(e, ERR_USAGE, "%.*s is no image", STR_ARG(src->path));
		return err_fix(e, "an image layout takes images: --release oci:FOLDER:TAG");
	}
	return source_index(p->arena, src, &s->digest, e) &&
	       oci_collect_layout(p->arena, src->path.p, &s->digest, &img, e) &&
	       oci_layout_copy(p->arena, &img, src->path.p, p->layout.p, e);
}

static bool verify(const struct place *p, const struct generation *g, const struct json *record,
		   struct err *e)
{
	struct oci_image img;

	(void)record;
	return oci_collect_layout(p->arena, p->layout.p, &g->digest, &img, e);
}

const struct place_ops place_layout = {current, target, point, sync, stage, verify};
