/*
 * What the files of the oci room share: media types (image-spec 1.1, media-types.md), descriptors
 * (descriptor.md), and limits on what is read back.
 */
#ifndef OCI_OCI_IMPL_H
#define OCI_OCI_IMPL_H

#include "format/json.h"
#include "oci/oci.h"

#define MEDIA_INDEX	 "application/vnd.oci.image.index.v1+json"
#define MEDIA_MANIFEST	 "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_CONFIG	 "application/vnd.oci.image.config.v1+json"
#define MEDIA_LAYER_TAR	 "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define MEDIA_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define ANNOTATION_REF	 "org.opencontainers.image.ref.name"
#define LAYOUT_FILE	 "{\"imageLayoutVersion\":\"1.0.0\"}"

/* Registries take 4 MiB manifests at most; no image here needs more platforms or layers. */
enum {
	OCI_MAX_DOCUMENT_BYTES = 4 << 20,
	OCI_MAX_PLATFORMS = 64,
	OCI_MAX_LAYERS = 128,
	OCI_MAX_TAGS = 4096
};

struct descriptor {
	struct str media_type;
	struct digest digest;
	const struct json *platform; /* NULL when there is none */
};

/* {"digest": "sha256:...", "mediaType": ..., "size": n} */
struct json *oci_descriptor(struct arena *a, const char *media_type, const struct digest *d);
/* The same, named ref: an entry of a layout's index.json. */
struct json *oci_tag_entry(struct arena *a, const char *media_type, const struct digest *d,
			   struct str ref);
/* Reads a descriptor; ERR_INPUT for another algorithm than sha256, a bad digest, a size below 0. */
bool oci_read_descriptor(const struct json *v, const char *place, struct descriptor *out,
			 struct err *e) ATTR_MUST_USE;
/* Reads "sha256:HEX" into out's hash. */
bool oci_read_digest(struct str text, const char *place, struct digest *out,
		     struct err *e) ATTR_MUST_USE;

/* Conveniences over format/json.h: the value is not copied. */
void oci_put_text(struct arena *a, struct json *object, const char *key, struct str value);
struct json *oci_texts(struct arena *a, const struct str_vec *v);
/* {"K": "V"} of "K=V" lines; a repeated key takes its last value. */
struct json *oci_pairs(struct arena *a, const struct str_vec *v);

/*
 * One image as a tar: the layout whose index.json names entry as ref, and docker's manifest.json,
 * which can name one platform only. Written by temporary and rename.
 */
struct oci_archive {
	struct json *entry; /* descriptor */
	struct str ref;
	const struct digest *blobs;
	size_t blob_count;
	const struct oci_platform *docker;
};
bool oci_archive_write(struct arena *a, struct cas *c, const struct oci_archive *x,
		       const char *path, struct err *e) ATTR_MUST_USE;

#endif
