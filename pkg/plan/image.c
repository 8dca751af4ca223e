/*
 * Image goals: link -> layer -> image -> index, steps of the same graph as the compiles.
 */
#include "plan/plan_impl.h"

#include "base/path.h"

struct contents {
	VEC(struct layer_entry) entries;
	struct action *layer;
	struct arena *a;
};

static void add_file(struct contents *c, struct str path, uint32_t input, uint32_t mode)
{
	*vec_push(c->a, &c->entries) =
	    (struct layer_entry){.path = path, .kind = LAYER_FILE, .mode = mode, .input = input};
}

static void add_host_file(struct contents *c, struct str image_path, struct str host_path)
{
	add_file(c, image_path, action_input_file(c->a, c->layer, host_path), 0644);
}

/* A user the spec names gets a passwd and group line: programs without NSS still look there. */
static void add_accounts(struct contents *c, uint32_t user)
{
	struct str passwd = STR("root:x:0:0:root:/:/sbin/nologin\n");
	struct str group = STR("root:x:0:\n");

	if (user) {
		passwd = str_fmt(c->a, "%.*snonroot:x:%u:%u:nonroot:/:/sbin/nologin\n",
				 STR_ARG(passwd), user, user);
		group = str_fmt(c->a, "%.*snonroot:x:%u:\n", STR_ARG(group), user);
	}
	*vec_push(c->a, &c->entries) = (struct layer_entry){
	    .path = STR("/etc/passwd"), .kind = LAYER_BYTES, .mode = 0644, .text = passwd};
	*vec_push(c->a, &c->entries) = (struct layer_entry){
	    .path = STR("/etc/group"), .kind = LAYER_BYTES, .mode = 0644, .text = group};
}

static void add_contents(struct contents *c, const struct plan_image *o)
{
	const struct image_spec *spec = o->spec;

	add_accounts(c, spec->user);
	for (size_t i = 0; i < o->host_file_count; i++)
		add_host_file(c, o->host_files[i].name, o->host_files[i].value);
	for (size_t i = 0; i < spec->folders.n; i++)
		*vec_push(c->a, &c->entries) = (struct layer_entry){.path = spec->folders.v[i],
								    .kind = LAYER_FOLDER,
								    .mode = 0755,
								    .uid = spec->user,
								    .gid = spec->user};
	for (size_t i = 0; i < spec->files.n; i++)
		add_host_file(c, spec->files.v[i].name, path_clean(c->a, spec->files.v[i].value));
}

static struct image_config config_of(struct plan *p, const struct plan_image *o)
{
	const struct image_spec *spec = o->spec;
	struct image_config c = {
	    .target = p->opts.target,
	    .user = spec->user,
	    .entrypoint = spec->entrypoint,
	    .cmd = spec->cmd,
	    .env = spec->env,
	    .workdir = spec->workdir,
	    .ports = spec->ports.v,
	    .port_count = spec->ports.n,
	    .created_s = o->created_s,
	};

	if (!c.entrypoint.n)
		*vec_push(p->arena, &c.entrypoint) =
		    str_fmt(p->arena, "/%.*s", STR_ARG(o->program));
	for (size_t i = 0; i < spec->labels.n; i++)
		*vec_push(p->arena, &c.labels) =
		    str_fmt(p->arena, "%.*s=%.*s", STR_ARG(spec->labels.v[i].name),
			    STR_ARG(spec->labels.v[i].value));
	return c;
}

bool plan_image(struct plan *p, struct action *exe, struct action *policy,
		const struct plan_image *o, struct action **out, struct err *e)
{
	struct arena *a = p->arena;
	struct contents c = {.a = a};
	struct str folder = str_fmt(a, "%.*s/image/%.*s", STR_ARG(p->prefix), STR_ARG(o->program));
	struct image_config config = config_of(p, o);
	struct action *image;

	c.layer = plan_new_action(p, str_fmt(a, "layer %.*s", STR_ARG(o->program)));
	c.layer->step = &oci_layer_step;
	add_file(&c, str_fmt(a, "/%.*s", STR_ARG(o->program)),
		 action_input_from(a, c.layer, exe, 0), 0755);
	action_input_from(a, c.layer, policy,
			  0); /* no image of a program that the policy refuses */
	add_contents(&c, o);
	if (!oci_layer_params(a, c.entries.v, c.entries.n, o->created_s, &c.layer->step_params, e))
		return err_wrap(e, "laying out the image of %.*s", STR_ARG(o->program));
	action_output(a, c.layer, str_fmt(a, "%.*s/layer.tar.gz", STR_ARG(folder)), false);
	action_output(a, c.layer, str_fmt(a, "%.*s/layer.json", STR_ARG(folder)), false);

	image = plan_new_action(p, str_fmt(a, "image %.*s", STR_ARG(o->program)));
	image->step = &oci_image_step;
	image->step_params = oci_image_params(a, &config);
	action_input_from(a, image, c.layer, 0);
	action_input_from(a, image, c.layer, 1);
	action_output(a, image, str_fmt(a, "%.*s/config.json", STR_ARG(folder)), false);
	action_output(a, image, str_fmt(a, "%.*s/manifest.json", STR_ARG(folder)), false);
	action_output(a, image, str_fmt(a, "%.*s/desc.json", STR_ARG(folder)), false);
	*out = image;
	return true;
}

struct action *plan_index(struct arena *a, struct graph *g, struct action *const *images, size_t n,
			  const struct str_vec *annotations)
{
	struct action *x = graph_add(a, g);

	x->title = STR("image index");
	x->step = &oci_index_step;
	x->step_params = oci_index_params(a, annotations);
	for (size_t i = 0; i < n; i++)
		action_input_from(a, x, images[i], 2);
	action_output(a, x, STR("build/image/index.json"), false);
	return x;
}
