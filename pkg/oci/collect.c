/*
 * Reading an image back from its index digest. Two levels and no recursion: an index of manifests,
 * each of one config and some layers. A blob that the cache does not hold whole is ERR_VERIFY; a
 * document that says something impossible is ERR_INPUT, named by its digest.
 */
#include <string.h>

#include "base/map.h"
#include "oci/oci_impl.h"
#include "sys/file.h"

struct walk {
	struct arena *arena;
	struct cas *cas;
	const char *layout; /* where the blobs are when there is no cas */
	struct oci_image *out;
	struct map seen; /* hash -> anything: blobs already listed */
	struct err *e;
};

/* What can be done about a blob or document that is not as it should be. */
static bool get_again(const struct walk *w)
{
	return err_fix(w->e, w->cas ? "make the image again with 'cbuild image'"
				    : "put the image into that layout again");
}

static bool missing(const struct walk *w, const struct digest *d)
{
	struct str name = digest_oci(w->arena, d);

	err_at(w->e, ERR_VERIFY, name.p, 0, 0, "%s does not hold this blob of %llu bytes whole",
	       w->cas ? "the cache" : w->layout, (unsigned long long)d->size_bytes);
	return get_again(w);
}

static bool wrong(const struct walk *w, const char *place, const char *what)
{
	err_at(w->e, ERR_INPUT, place, 0, 0, "%s", what);
	return get_again(w);
}

static void list_blob(struct walk *w, const struct digest *d)
{
	struct str key = str_dup(w->arena, (struct str){(const char *)d->sha256, DIGEST_BYTES});
	bool added;

	map_put(w->arena, &w->seen, key, &added);
	if (added)
		*vec_push(w->arena, &w->out->blobs) = *d;
}

static enum cas_result layout_has(const struct walk *w, const struct digest *d)
{
	const char *path = oci_layout_blob(w->arena, w->layout, d).p;
	struct digest have;

	if (file_kind(path) != FILE_REGULAR)
		return CAS_MISS;
	if (!file_digest(path, &have, w->e))
		return CAS_ERROR;
	return digest_eq(&have, d) ? CAS_HIT : CAS_MISS;
}

static enum cas_result layout_get(const struct walk *w, const struct digest *d, struct str *out)
{
	const char *path = oci_layout_blob(w->arena, w->layout, d).p;
	struct digest have;

	if (file_kind(path) != FILE_REGULAR)
		return CAS_MISS;
	if (!file_read(w->arena, path, OCI_MAX_DOCUMENT_BYTES, out, w->e))
		return CAS_ERROR;
	have = digest_str(*out);
	return digest_eq(&have, d) ? CAS_HIT : CAS_MISS;
}

static bool has_blob(struct walk *w, const struct digest *d)
{
	switch (w->cas ? cas_has(w->cas, d, w->e) : layout_has(w, d)) {
	case CAS_HIT:
		list_blob(w, d);
		return true;
	case CAS_MISS:
		return missing(w, d);
	case CAS_ERROR:
		break;
	}
	return false;
}

static bool read_document(struct walk *w, const struct digest *d, const char *place,
			  struct json **out)
{
	struct str text;

	if (d->size_bytes > OCI_MAX_DOCUMENT_BYTES)
		return wrong(w, place, "it is larger than 4 MiB");
	switch (w->cas ? cas_get(w->cas, d, w->arena, &text, w->e) : layout_get(w, d, &text)) {
	case CAS_HIT:
		list_blob(w, d);
		return json_parse(w->arena, text, place, out, w->e);
	case CAS_MISS:
		return missing(w, d);
	case CAS_ERROR:
		break;
	}
	return false;
}

/* An index's or manifest's own words about its version and kind; the kind may be left out. */
static bool check_kind(struct walk *w, const struct json *v, const char *place,
		       const char *media_type)
{
	const struct json *said = json_get(v, "mediaType");
	int64_t version;

	if (!json_need_int(v, "schemaVersion", &version, place, w->e))
		return false;
	if (version != 2)
		return wrong(w, place, "its schemaVersion is not 2");
	if (said && !(said->kind == JSON_KIND_TEXT && str_eqc(said->text, media_type)))
		return wrong(w, place, "its mediaType is not what refers to it says");
	return true;
}

static bool optional_text(struct walk *w, const struct json *v, const char *key, const char *place,
			  struct str *out)
{
	*out = STR("");
	return !json_get(v, key) || json_need_str(v, key, out, place, w->e);
}

static bool read_target(struct walk *w, const struct json *v, const char *place, struct target *out)
{
	struct target t = {0};
	struct str name;

	if (!json_need_str(v, "os", &t.os, place, w->e) ||
	    !json_need_str(v, "architecture", &t.arch, place, w->e) ||
	    !optional_text(w, v, "variant", place, &t.variant))
		return false;
	name = target_name(w->arena, &t);
	return target_parse(name, out, w->e) || wrong(w, place, "its platform is unknown");
}

/* The config must be of the platform that the index promised, and know as many layers as the
 * manifest. */
static bool check_config(struct walk *w, const struct digest *d, const struct oci_platform *p)
{
	struct str place = digest_oci(w->arena, d), id;
	const struct json *rootfs, *ids;
	struct json *config = NULL;
	struct target target;
	struct digest diffid;

	if (!read_document(w, d, place.p, &config) || !read_target(w, config, place.p, &target))
		return false;
	if (!target_eq(&target, &p->target))
		return wrong(w, place.p, "its platform is not the one that the index says");
	rootfs = json_get(config, "rootfs");
	if (!json_need_str(rootfs, "type", &id, place.p, w->e) ||
	    !json_need_array(rootfs, "diff_ids", &ids, place.p, w->e))
		return false;
	if (!str_eqc(id, "layers") || ids->n != p->layers.n)
		return wrong(w, place.p, "its rootfs does not fit the manifest's layers");
	for (size_t i = 0; i < ids->n; i++)
		if (!oci_read_digest(ids->items[i]->text, place.p, &diffid, w->e))
			return false;
	return true;
}

static bool is_layer(struct str media_type)
{
	return str_eqc(media_type, MEDIA_LAYER_GZIP) || str_eqc(media_type, MEDIA_LAYER_TAR) ||
	       str_eqc(media_type, MEDIA_LAYER_ZSTD);
}

static bool walk_layers(struct walk *w, const struct json *layers, const char *place,
			struct oci_platform *p)
{
	if (layers->n > OCI_MAX_LAYERS)
		return wrong(w, place, "it has more than 128 layers");
	for (size_t i = 0; i < layers->n; i++) {
		struct descriptor d;

		if (!oci_read_descriptor(layers->items[i], place, &d, w->e))
			return false;
		if (!is_layer(d.media_type))
			return wrong(w, place, "a layer's media type is unknown");
		if (!has_blob(w, &d.digest))
			return false;
		*vec_push(w->arena, &p->layers) = d.digest;
	}
	return true;
}

static bool walk_manifest(struct walk *w, struct oci_platform *p)
{
	struct str place = digest_oci(w->arena, &p->manifest);
	const struct json *layers;
	struct descriptor config;
	struct json *v = NULL;

	if (!read_document(w, &p->manifest, place.p, &v) ||
	    !check_kind(w, v, place.p, MEDIA_MANIFEST) ||
	    !oci_read_descriptor(json_get(v, "config"), place.p, &config, w->e) ||
	    !json_need_array(v, "layers", &layers, place.p, w->e) ||
	    !walk_layers(w, layers, place.p, p))
		return false;
	if (!str_eqc(config.media_type, MEDIA_CONFIG))
		return wrong(w, place.p, "its config's media type is unknown");
	p->config = config.digest;
	return check_config(w, &config.digest, p);
}

static bool add_platform(struct walk *w, const struct json *v, const char *place)
{
	struct oci_platform p = {0};
	struct descriptor d;

	if (!oci_read_descriptor(v, place, &d, w->e))
		return false;
	if (!str_eqc(d.media_type, MEDIA_MANIFEST))
		return wrong(w, place, "a member is no image manifest");
	if (!read_target(w, d.platform, place, &p.target))
		return false;
	for (size_t i = 0; i < w->out->platforms.n; i++)
		if (target_eq(&w->out->platforms.v[i].target, &p.target))
			return wrong(w, place, "a platform is there twice");
	p.manifest = d.digest;
	if (!walk_manifest(w, &p))
		return false;
	*vec_push(w->arena, &w->out->platforms) = p;
	return true;
}

static bool collect(struct walk *w, const struct digest *index)
{
	struct str place = digest_oci(w->arena, index);
	const struct json *manifests;
	struct json *v = NULL;

	memset(w->out, 0, sizeof *w->out);
	w->out->index = *index;
	if (!read_document(w, index, place.p, &v) || !check_kind(w, v, place.p, MEDIA_INDEX) ||
	    !json_need_array(v, "manifests", &manifests, place.p, w->e))
		return false;
	if (!manifests->n || manifests->n > OCI_MAX_PLATFORMS)
		return wrong(w, place.p, "it has no platform, or more than 64");
	for (size_t i = 0; i < manifests->n; i++)
		if (!add_platform(w, manifests->items[i], place.p))
			return false;
	return true;
}

bool oci_collect(struct arena *a, struct cas *c, const struct digest *index, struct oci_image *out,
		 struct err *e)
{
	struct walk w = {.arena = a, .cas = c, .out = out, .e = e};

	return collect(&w, index);
}

bool oci_collect_layout(struct arena *a, const char *dir, const struct digest *index,
			struct oci_image *out, struct err *e)
{
	struct walk w = {.arena = a, .layout = dir, .out = out, .e = e};

	return collect(&w, index);
}
