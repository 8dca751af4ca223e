/*
 * The documents above the layers: config (image-spec config.md), manifest, index. The image step's
 * parameters are the config itself without what the layers say (rootfs, history), so what a user
 * can choose about an image is in the key as he will read it.
 */
#include "oci/oci_impl.h"
#include "sys/clock.h"
#include "sys/file.h"

enum { IN_LAYER, IN_FACTS, IN_PER_LAYER };
enum { OUT_CONFIG, OUT_MANIFEST, OUT_DESC, OUT_IMAGE_COUNT };

static struct json *ports_json(struct arena *a, const struct image_config *c)
{
	struct json *v = json_new_object(a);

	for (size_t i = 0; i < c->port_count; i++)
		json_put(a, v, str_fmt(a, "%u/tcp", c->ports[i]), json_new_object(a));
	return v;
}

static void put_texts(struct arena *a, struct json *v, const char *key, const struct str_vec *texts)
{
	if (texts->n)
		json_put(a, v, str_of(key), oci_texts(a, texts));
}

static struct json *process_json(struct arena *a, const struct image_config *c)
{
	struct json *v = json_new_object(a);

	oci_put_text(a, v, "User", str_fmt(a, "%u:%u", c->user, c->user));
	put_texts(a, v, "Entrypoint", &c->entrypoint);
	put_texts(a, v, "Cmd", &c->cmd);
	put_texts(a, v, "Env", &c->env);
	if (c->workdir.n)
		oci_put_text(a, v, "WorkingDir", c->workdir);
	if (c->port_count)
		json_put(a, v, STR("ExposedPorts"), ports_json(a, c));
	if (c->labels.n)
		json_put(a, v, STR("Labels"), oci_pairs(a, &c->labels));
	return v;
}

static void put_platform(struct arena *a, struct json *v, struct str os, struct str arch,
			 struct str variant)
{
	oci_put_text(a, v, "os", os);
	oci_put_text(a, v, "architecture", arch);
	if (variant.n)
		oci_put_text(a, v, "variant", variant);
}

struct str oci_image_params(struct arena *a, const struct image_config *c)
{
	struct json *v = json_new_object(a);

	put_platform(a, v, c->target.os, c->target.arch, c->target.variant);
	oci_put_text(a, v, "created", time_rfc3339(a, c->created_s));
	json_put(a, v, STR("config"), process_json(a, c));
	return json_dump(a, v);
}

struct str oci_index_params(struct arena *a, const struct str_vec *annotations)
{
	return json_dump(a, oci_pairs(a, annotations));
}

static bool read_json(const struct step_io *io, size_t input, struct json **out, struct err *e)
{
	struct str text;

	return file_read(io->scratch, io->in[input], OCI_MAX_DOCUMENT_BYTES, &text, e) &&
	       json_parse(io->scratch, text, io->in[input], out, e);
}

/* Adds each layer's uncompressed digest and one line of history a layer to the config. */
static bool put_rootfs(const struct step_io *io, struct json *config, struct err *e)
{
	struct arena *a = io->scratch;
	struct json *rootfs = json_new_object(a), *ids = json_new_array(a),
		    *history = json_new_array(a);
	struct str created;

	if (!json_need_str(config, "created", &created, "image parameters", e))
		return false;
	for (size_t i = 0; i < io->in_count; i += IN_PER_LAYER) {
		struct json *facts, *line = json_new_object(a);
		struct digest diffid;
		struct str text;

		if (!read_json(io, i + IN_FACTS, &facts, e) ||
		    !json_need_str(facts, "diffid", &text, io->in[i + IN_FACTS], e) ||
		    !oci_read_digest(text, io->in[i + IN_FACTS], &diffid, e))
			return false;
		json_add(a, ids, json_new_text(a, text));
		oci_put_text(a, line, "created", created);
		oci_put_text(a, line, "created_by", STR("cbuild image"));
		json_add(a, history, line);
	}
	oci_put_text(a, rootfs, "type", STR("layers"));
	json_put(a, rootfs, STR("diff_ids"), ids);
	json_put(a, config, STR("rootfs"), rootfs);
	json_put(a, config, STR("history"), history);
	return true;
}

static struct json *document(struct arena *a, const char *media_type)
{
	struct json *v = json_new_object(a);

	json_put(a, v, STR("schemaVersion"), json_new_int(a, 2));
	oci_put_text(a, v, "mediaType", str_of(media_type));
	return v;
}

static struct str manifest_of(const struct step_io *io, const struct digest *config)
{
	struct arena *a = io->scratch;
	struct json *v = document(a, MEDIA_MANIFEST), *layers = json_new_array(a);

	for (size_t i = 0; i < io->in_count; i += IN_PER_LAYER)
		json_add(a, layers,
			 oci_descriptor(a, MEDIA_LAYER_GZIP, &io->in_digest[i + IN_LAYER]));
	json_put(a, v, STR("config"), oci_descriptor(a, MEDIA_CONFIG, config));
	json_put(a, v, STR("layers"), layers);
	return json_dump(a, v);
}

static bool describe(struct arena *a, const struct json *config, struct str manifest,
		     struct str *out, struct err *e)
{
	static const char place[] = "image parameters";
	struct digest d = digest_str(manifest);
	struct json *v = oci_descriptor(a, MEDIA_MANIFEST, &d), *platform = json_new_object(a);
	const struct json *variant = json_get(config, "variant");
	struct str os, arch;

	if (!json_need_str(config, "os", &os, place, e) ||
	    !json_need_str(config, "architecture", &arch, place, e))
		return false;
	put_platform(a, platform, os, arch, variant ? variant->text : STR(""));
	json_put(a, v, STR("platform"), platform);
	*out = json_dump(a, v);
	return true;
}

static bool run_image(const struct step_io *io, struct err *e)
{
	struct json *config;
	struct str config_text, manifest, desc;
	struct digest config_digest;

	if (io->out_count != OUT_IMAGE_COUNT || io->in_count % IN_PER_LAYER)
		return err_set(e, ERR_INPUT, "an image has three outputs and two inputs a layer");
	if (!json_parse(io->scratch, io->params, "image parameters", &config, e) ||
	    !put_rootfs(io, config, e))
		return false;
	config_text = json_dump(io->scratch, config);
	config_digest = digest_str(config_text);
	manifest = manifest_of(io, &config_digest);
	return describe(io->scratch, config, manifest, &desc, e) &&
	       file_write_fast(io->out[OUT_CONFIG], config_text, 0644, e) &&
	       file_write_fast(io->out[OUT_MANIFEST], manifest, 0644, e) &&
	       file_write_fast(io->out[OUT_DESC], desc, 0644, e);
}

static bool run_index(const struct step_io *io, struct err *e)
{
	struct arena *a = io->scratch;
	struct json *v = document(a, MEDIA_INDEX), *manifests = json_new_array(a), *annotations;

	if (io->out_count != 1 || !io->in_count)
		return err_set(e, ERR_INPUT, "an index has one output and at least one image");
	if (!json_parse(a, io->params, "index parameters", &annotations, e))
		return false;
	for (size_t i = 0; i < io->in_count; i++) {
		struct json *desc;
		struct descriptor checked;

		if (!read_json(io, i, &desc, e) ||
		    !oci_read_descriptor(desc, io->in[i], &checked, e))
			return false;
		json_add(a, manifests, desc);
	}
	json_put(a, v, STR("manifests"), manifests);
	if (annotations->n)
		json_put(a, v, STR("annotations"), annotations);
	return file_write_fast(io->out[0], json_dump(a, v), 0644, e);
}

const struct step oci_image_step = {.name = "oci-image", .version = "1", .run = run_image};
const struct step oci_index_step = {.name = "oci-index", .version = "1", .run = run_index};
