/*
 * oci: deterministic images (OCI image-spec 1.1): layers, config, manifest, index; image layout as
 * a folder or a tar; loading into podman or docker.
 *
 * The pieces are steps for exec's graph (oci_layer_step ...), so layers and configs cache as
 * compiles do; params are canonical JSON (format/json.h) made by the oci_*_params functions.
 *
 *     layer:    inputs = files; params = entries (image path, mode, uid, gid; input index, folder
 * or link) outputs: layer.tar.gz, layer.json {"diffid": "sha256:...", "size": n}, both of the tar
 * itself image:    inputs = layer blobs, each followed by its layer.json; params = config (user,
 * entrypoint, ..., created) outputs: config.json, manifest.json, desc.json (descriptor of the
 * manifest with platform) index:    inputs = desc.json of each platform; outputs: index.json (an
 * OCI image index)
 *
 * Determinism: entries sorted by path, parents before children, mtime from params, numeric owners,
 * no names, no xattrs, PAX only where needed; gzip header without name, time 0, OS byte 255.
 */
#ifndef OCI_OCI_H
#define OCI_OCI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/target.h"
#include "base/vec.h"
#include "cas/cas.h"
#include "exec/exec.h"

enum layer_kind { LAYER_FILE, LAYER_FOLDER, LAYER_LINK, LAYER_BYTES };

struct layer_entry {
	struct str path; /* absolute in the image: "/kv", "/etc/ssl/certs/ca-certificates.crt" */
	enum layer_kind kind;
	uint32_t mode, uid, gid;
	uint32_t input;	 /* LAYER_FILE: index of the action's input */
	struct str text; /* LAYER_LINK: its target; LAYER_BYTES: the content */
};

struct image_config {
	struct target target;
	uint32_t user;
	struct str_vec entrypoint, cmd, env;
	struct str workdir;
	uint32_t *ports;
	size_t port_count;
	struct str_vec labels; /* "K=V" */
	int64_t created_s;     /* seconds since 1970 */
};

extern const struct step oci_layer_step, oci_image_step, oci_index_step;

/*
 * Canonical params of the three steps, in arena a. Entries may come in any order; missing folders
 * above them are added (root, 0755); a path that is there twice, is not absolute and clean, is not
 * UTF-8, or lies below something that is no folder is ERR_INPUT. mtime_s: of every entry, 0 or
 * more.
 */
bool oci_layer_params(struct arena *a, const struct layer_entry *v, size_t n, int64_t mtime_s,
		      struct str *out, struct err *e) ATTR_MUST_USE;
struct str oci_image_params(struct arena *a, const struct image_config *c);
/* annotations: "K=V" lines (org.opencontainers.image.* and the like), on the index. */
struct str oci_index_params(struct arena *a, const struct str_vec *annotations);

/* One member of an index. */
struct oci_platform {
	struct target target;
	struct digest manifest, config;
	VEC(struct digest) layers; /* in order, base first */
};

/* What an image consists of: every blob is in the CAS. */
struct oci_image {
	struct digest index;	  /* the index blob */
	VEC(struct digest) blobs; /* all blobs reachable from it, the index first, no duplicates */
	VEC(struct oci_platform) platforms; /* in the index's order, no target twice */
};

/*
 * Walks index -> manifests -> configs and layers in the CAS. Everything is hostile: each blob's
 * size and hash, media types, platforms, counts and depth are checked (ERR_INPUT), and that each
 * blob is there whole (ERR_VERIFY when not). Layers are not unpacked.
 */
bool oci_collect(struct arena *a, struct cas *c, const struct digest *index, struct oci_image *out,
		 struct err *e) ATTR_MUST_USE;
/*
 * True when ref may name an image in a layout (org.opencontainers.image.ref.name) and in podman and
 * docker: NAME, NAME:TAG or HOST/NAME:TAG of [A-Za-z0-9._-]. Else ERR_USAGE.
 */
bool oci_check_ref(struct str ref, struct err *e) ATTR_MUST_USE;
/*
 * Writes (adds to) an image layout folder at dir: blobs/sha256/..., oci-layout, index.json whose
 * entry for tag (org.opencontainers.image.ref.name) names the image's index; other tags stay.
 * Atomic: blobs first, index.json by rename, under a lock (dir/.lock). tag: TAG, NAME:TAG or
 * HOST/NAME:TAG of [A-Za-z0-9._-]; anything else is ERR_USAGE, as is a dir that holds other things. An
 * index.json that is there is read as hostile.
 */
bool oci_write_layout(struct arena *a, struct cas *c, const struct oci_image *img, struct str tag,
		      const char *dir, struct err *e) ATTR_MUST_USE;
/* Whether a layout is at dir, or may be made there; a folder of other things is somebody's own: ERR_USAGE. */
bool oci_layout_check(struct arena *a, const char *dir, struct err *e) ATTR_MUST_USE;
/* The path of a blob in a layout; it need not be there. */
struct str oci_layout_blob(struct arena *a, const char *dir, const struct digest *d);
/* As oci_collect, but of the layout at dir, hashing every blob. */
bool oci_collect_layout(struct arena *a, const char *dir, const struct digest *index,
			struct oci_image *out, struct err *e) ATTR_MUST_USE;
/* What tag names in the layout at dir; a zero digest: nothing. */
bool oci_layout_tag(struct arena *a, const char *dir, struct str tag, struct digest *out,
		    struct err *e) ATTR_MUST_USE;
/* Copies an image's blobs from one layout to another, made when absent; they last. No tag changes. */
bool oci_layout_copy(struct arena *a, const struct oci_image *img, const char *from, const char *to,
		     struct err *e) ATTR_MUST_USE;
/* Moves tag to d (NULL: removes it): atomically, and it lasts. Its blobs must be there already. */
bool oci_layout_retag(struct arena *a, const char *dir, struct str tag, const struct digest *d,
		      struct err *e) ATTR_MUST_USE;
/*
 * The same layout as one deterministic tar file, written to a temporary and renamed. It is a docker
 * archive too (manifest.json, for engines before 25, which names linux/amd64 or else the first
 * platform, and as RepoTags the tag when that is NAME:TAG). Made in memory: twice the image's size
 * for a moment.
 */
bool oci_write_tar(struct arena *a, struct cas *c, const struct oci_image *img, struct str tag,
		   const char *path, struct err *e) ATTR_MUST_USE;
/*
 * Loads the image into the local podman (containers-storage, through `podman load` of a tar) or
 * docker: whichever is installed, podman first; name is "kv:latest". Only one platform goes in:
 * this machine's, or the first when the image is not for this machine. ERR_IO with what to install
 * when neither is there; ERR_TOOL with its words when it refuses. *where says "podman" or "docker".
 */
bool oci_load(struct arena *a, struct cas *c, const struct oci_image *img, struct str name,
	      struct str *where, struct err *e) ATTR_MUST_USE;

#endif
