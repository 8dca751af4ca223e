/*
 * cbuild image: the same walk as build with another goal; the outcome is one index digest.
 */
#include "cmd.h"

#include <stdio.h>

#include "base/path.h"
#include "mod/vcs.h"
#include "oci/oci.h"
#include "sys/clock.h"
#include "sys/file.h"

struct image_opts {
	struct build_opts build;
	struct str tag, out;
	bool load;
};

struct host_files VEC_BODY(struct define);

/* The distributions' places of the CA bundle; the file becomes an input by content. */
static bool add_ca_bundle(struct cmd *c, struct host_files *v, struct err *e)
{
	static const char *const places[] = {"/etc/ssl/certs/ca-certificates.crt",
					     "/etc/pki/tls/certs/ca-bundle.crt",
					     "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		if (file_kind(places[i]) == FILE_ABSENT)
			continue;
		*vec_push(&c->arena, v) =
		    (struct define){STR("/etc/ssl/certs/ca-certificates.crt"), str_of(places[i])};
		return true;
	}
	err_at(e, ERR_IO, "cbuild.yaml", c->manifest.image.pos.line, c->manifest.image.pos.col,
	       "image: ca-certs is true, but this machine has no bundle of CA certificates");
	return err_fix(e, "install it (Debian: ca-certificates)");
}

static bool add_tree(struct cmd *c, struct host_files *v, struct str host, struct str image,
		     unsigned depth, struct err *e)
{
	struct folder_entry *entries;
	size_t n;

	if (!folder_list(&c->arena, str_c(&c->arena, host), &entries, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct str from = path_join(&c->arena, host, entries[i].name);
		struct str to = path_join(&c->arena, image, entries[i].name);
		struct file_sig sig;

		if (entries[i].kind == FILE_FOLDER && depth < 8 &&
		    !add_tree(c, v, from, to, depth + 1, e))
			return false;
		if (entries[i].kind == FILE_FOLDER || !file_stat(str_c(&c->arena, from), &sig, e))
			continue;
		if ((sig.mode & 0170000) == 0100000)
			*vec_push(&c->arena, v) = (struct define){to, from};
	}
	return true;
}

static bool host_files(struct cmd *c, struct host_files *v, struct err *e)
{
	if (c->manifest.image.ca_certs && !add_ca_bundle(c, v, e))
		return false;
	if (!c->manifest.image.tzdata)
		return true;
	if (file_kind("/usr/share/zoneinfo") == FILE_FOLDER)
		return add_tree(c, v, STR("/usr/share/zoneinfo"), STR("/usr/share/zoneinfo"), 0, e);
	err_set(e, ERR_IO, "image: tzdata is true, but this machine has no /usr/share/zoneinfo");
	return err_fix(e, "install it (Debian: tzdata)");
}

/* SOURCE_DATE_EPOCH, else the time of the commit that is checked out, else 1970. */
static bool created_time(struct cmd *c, int64_t *seconds, struct err *e)
{
	bool set;

	*seconds = 0;
	if (!source_date_epoch(seconds, &set, e))
		return false;
	return set || vcs_commit_time(&c->arena, c->root, seconds, e);
}

static bool plan_images(struct build *b, struct str name, struct action **index,
			const struct program **prog, struct err *e)
{
	struct cmd *c = b->c;
	struct host_files files = {0};
	struct str_vec annotations = {0};
	VEC(struct action *) images = {0};
	struct plan_image o = {.spec = &c->manifest.image};

	if (!host_files(c, &files, e) || !created_time(c, &o.created_s, e))
		return false;
	o.host_files = files.v;
	o.host_file_count = files.n;
	for (size_t i = 0; i < b->target_count; i++) {
		struct action *policy, *link, *image;

		if (!build_one_program(b, &b->targets[i], name, prog, e))
			return false;
		o.program = (*prog)->name;
		link = plan_program(&b->targets[i].plan, *prog, &policy);
		if (!b->targets[i].tc->is_static) {
			err_set(e, ERR_VERIFY,
				"toolchain %.*s links dynamically: its programs do not run in an "
				"empty image",
				STR_ARG(b->targets[i].tc->name));
			return err_fix(e, "CBUILD_TOOLCHAIN or `cbuild toolchain use` asks for it: "
					  "take that back, or name zig, clang-musl or musl-gcc");
		}
		if (!plan_image(&b->targets[i].plan, link, policy, &o, &image, e))
			return false;
		*vec_push(&c->arena, &images) = image;
	}
	*index = plan_index(&c->arena, &b->graph, images.v, images.n, &annotations);
	build_goal(b, *index);
	return true;
}

static bool deliver(struct cmd *c, const struct image_opts *o, const struct oci_image *img,
		    struct str program, struct err *e)
{
	struct arena *a = &c->arena;
	struct str tag = o->tag.n ? o->tag : STR("latest"), where;
	/* Engines name what they load by NAME:TAG; a layout is the program's own, so its tags suffice. */
	struct str name = str_find(tag, ':') < tag.n
			      ? tag
			      : str_fmt(a, "%.*s:%.*s", STR_ARG(program), STR_ARG(tag));
	struct str out = o->out.n ? path_join(a, c->prefix, o->out)
				  : str_fmt(a, "build/image/%.*s", STR_ARG(program));

	if (o->load) {
		if (!oci_load(a, c->cas, img, name, &where, e))
			return false;
		event_note(ui_sink(c->ui), "loaded %.*s into %.*s", STR_ARG(name), STR_ARG(where));
		if (!o->out.n)
			return true;
	}
	if (!folder_make_for(str_c(a, out), e))
		return false;
	if (str_endsc(out, ".tar"))
		return oci_write_tar(a, c->cas, img, name, str_c(a, out), e);
	return oci_write_layout(a, c->cas, img, tag, str_c(a, out), e);
}

static void print_image(struct cmd *c, const struct oci_image *img)
{
	struct buf b = {0};
	struct str digest = digest_oci(&c->arena, &img->index);
	uint64_t total = 0;

	for (size_t i = 0; i < img->blobs.n; i++)
		total += img->blobs.v[i].size_bytes;
	if (c->json) {
		buf_printf(&b, "{\"digest\":\"%.*s\",\"size\":%llu,\"platforms\":[",
			   STR_ARG(digest), (unsigned long long)total);
		for (size_t i = 0; i < img->platforms.n; i++) {
			buf_addc(&b, i ? "," : "");
			buf_add_json(&b, target_name(&c->arena, &img->platforms.v[i].target));
		}
		buf_addc(&b, "]}");
	} else {
		buf_adds(&b, digest);
	}
	printf("%s\n", b.p);
	buf_fini(&b);
}

bool verb_image(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct image_opts o = {.build.profile = STR("release")};
	const struct opt opts[] = {{"--tag", OPT_STR, &o.tag},
				   {"-o", OPT_STR, &o.out},
				   {"--load", OPT_FLAG, &o.load},
				   BUILD_OPTS(o.build),
				   {0}};
	const struct program *prog = NULL;
	struct action *index = NULL;
	struct oci_image img;
	struct build b;

	if (!opt_parse(c, args, opts, false, e) || (o.tag.n && !oci_check_ref(o.tag, e)) ||
	    !session_open(c, e) || !build_open(&b, c, &o.build, e))
		return false;
	if (args->n > 1)
		return err_set(e, ERR_USAGE, "one image at a time: name one program");
	if (!plan_images(&b, args->n ? args->v[0] : STR(""), &index, &prog, e) || !build_run(&b, e))
		return false;
	if (o.build.dry_run)
		return true;
	if (!oci_collect(&c->arena, c->cas, &index->result.outputs[0].digest, &img, e) ||
	    !deliver(c, &o, &img, prog->name, e))
		return err_wrap(e, "writing the image of %.*s", STR_ARG(prog->name));
	print_image(c, &img);
	return true;
}
