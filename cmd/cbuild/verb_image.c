/*
 * cbuild image: the same walk as build with another goal; the outcome is one index digest.
 */
#include "cmd.h"

#include <stdio.h>

#include "base/path.h"
#include "mod/vcs.h"
#include "net/net.h"
#include "oci/oci.h"
#include "sys/clock.h"
#include "sys/file.h"

struct image_opts {
	struct build_opts build;
	struct str tag, out;
	bool load;
};

struct host_files VEC_BODY(struct define);

/* This machine's CA bundle; the file becomes an input by content. */
static bool add_ca_bundle(struct cmd *c, struct host_files *v, struct err *e)
{
	const char *bundle = net_ca_bundle();

	if (bundle) {
		*vec_push(&c->arena, v) =
		    (struct define){STR("/etc/ssl/certs/ca-certificates.crt"), str_of(bundle)};
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

/* The image's index, beside the layout; its digest is the image's. */
static struct str index_path(struct cmd *c, struct str program)
{
	return str_fmt(&c->arena, "build/image/%.*s.index.json", STR_ARG(program));
}

/* Plans the images of the program that name means, and their index, which is put at build/image. */
static bool plan_images(struct build *b, struct str name, int64_t created_s,
			const struct program **prog, struct err *e)
{
	struct cmd *c = b->c;
	struct host_files files = {0};
	struct str_vec annotations = {0};
	VEC(struct action *) images = {0};
	struct action *index;
	struct plan_image o = {.spec = &c->manifest.image};

	o.created_s = created_s;
	if (!host_files(c, &files, e))
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
	index = plan_index(&c->arena, &b->graph, images.v, images.n, &annotations);
	build_goal(b, index);
	*vec_push(&c->arena, &b->placed) = (struct state_product){
	    .action = index, .path = index_path(c, (*prog)->name), .mode = 0644};
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

/* q->note becomes the program's name. */
static bool full_walk(struct build *b, struct cmd *c, const struct build_opts *o, struct str name,
		      int64_t created_s, struct quick *q, struct err *e)
{
	const struct program *prog = NULL;

	if (!session_manifest(c, e) || !build_open(b, c, o, e) ||
	    !plan_images(b, name, created_s, &prog, e) || !build_run(b, e))
		return false;
	q->note = prog->name;
	return true;
}

/* ERR_VERIFY: the cache lost what belongs to the image. */
static bool collect(struct cmd *c, const struct quick *q, struct oci_image *img, struct err *e)
{
	const struct digest *index = quick_made(q, index_path(c, q->note));

	return session_cas(c, e) &&
	       (index ? oci_collect(&c->arena, c->cas, index, img, e)
		      : err_set(e, ERR_VERIFY, "the last image's index is not known"));
}

/* The image as far as the last run knows it; false: the full walk is needed. */
static bool quick_image(struct cmd *c, const struct build_opts *o, const struct str_vec *args,
			struct quick *q, struct oci_image *img, bool *ok, struct err *e)
{
	if (!quick_build(c, o, args, q, ok, e))
		return false;
	if (!*ok || collect(c, q, img, e))
		return true;
	*e = (struct err){0};
	q->made = (struct state_made_vec){0};
	quick_again(c);
	return false;
}

bool verb_image(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct image_opts o = {.build.profile = STR("release")};
	const struct opt opts[] = {{"--tag", OPT_STR, &o.tag},
				   {"-o", OPT_STR, &o.out},
				   {"--load", OPT_FLAG, &o.load},
				   BUILD_OPTS(o.build),
				   {0}};
	struct quick q = {0};
	struct oci_image img;
	struct build b = {0};
	int64_t created_s;
	bool ok;

	if (!opt_parse(c, args, opts, false, e) || (o.tag.n && !oci_check_ref(o.tag, e)) ||
	    !session_find(c, e) || !created_time(c, &created_s, e))
		return false;
	if (args->n > 1)
		return err_set(e, ERR_USAGE, "one image at a time: name one program");
	q.key = str_fmt(&c->arena, "%lld", (long long)created_s);
	if (!quick_image(c, &o.build, args, &q, &img, &ok, e)) {
		ok = full_walk(&b, c, &o.build, args->n ? args->v[0] : STR(""), created_s, &q, e);
		quick_record(&q, &b, ok);
		ok = ok && (o.build.dry_run || collect(c, &q, &img, e));
	}
	if (!ok || o.build.dry_run)
		return ok;
	if (!deliver(c, &o, &img, q.note, e))
		return err_wrap(e, "writing the image of %.*s", STR_ARG(q.note));
	print_image(c, &img);
	return true;
}
