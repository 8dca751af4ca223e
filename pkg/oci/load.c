/*
 * Handing an image to the engine on this machine. The tar that it reads names one manifest, not an
 * index: engines differ in what they make of an index, and only one platform can run anyway.
 */
#include <stdlib.h>

#include "oci/oci_impl.h"
#include "sys/file.h"
#include "sys/spawn.h"

static bool find_engine(struct arena *a, struct str *program, struct str *where, struct err *e)
{
	static const char *const engines[] = {"podman", "docker"};

	for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
		if (!path_search(a, engines[i], program))
			continue;
		*where = str_of(engines[i]);
		return true;
	}
	err_set(e, ERR_IO, "neither podman nor docker is installed");
	return err_fix(e,
		       "install one (Debian: apt-get install podman), or write the image with -o");
}

static const struct oci_platform *choose_platform(const struct oci_image *img)
{
	struct target host = target_host();

	for (size_t i = 0; i < img->platforms.n; i++)
		if (target_eq(&img->platforms.v[i].target, &host))
			return &img->platforms.v[i];
	return &img->platforms.v[0];
}

static bool write_for_engine(struct arena *a, struct cas *c, const struct oci_platform *p,
			     struct str name, const char *path, struct err *e)
{
	VEC(struct digest) blobs = {0};
	struct oci_archive x = {.entry = oci_tag_entry(a, MEDIA_MANIFEST, &p->manifest, name),
				.ref = name,
				.docker = p};

	*vec_push(a, &blobs) = p->manifest;
	*vec_push(a, &blobs) = p->config;
	for (size_t i = 0; i < p->layers.n; i++)
		*vec_push(a, &blobs) = p->layers.v[i];
	x.blobs = blobs.v;
	x.blob_count = blobs.n;
	return oci_archive_write(a, c, &x, path, e);
}

static bool run_load(const char *program, struct str where, const char *path, struct err *e)
{
	const char *argv[] = {program, "load", "-i", path, NULL};
	struct spawn cmd = {.argv = argv};
	struct spawn_result result = {0};
	struct str words;
	bool ok;

	if (!spawn_run(&cmd, false, &result, e))
		return err_wrap(e, "loading the image into %.*s", STR_ARG(where));
	words = str_trim(buf_str(&result.err));
	ok = result.exit_status == 0;
	if (!ok) {
		err_set(e, ERR_TOOL, "%.*s load failed: %.*s", STR_ARG(where), STR_ARG(words));
		err_fix(e, "see whether '%.*s info' works for this user", STR_ARG(where));
	}
	buf_fini(&result.out);
	buf_fini(&result.err);
	return ok;
}

bool oci_load(struct arena *a, struct cas *c, const struct oci_image *img, struct str name,
	      struct str *where, struct err *e)
{
	struct str program, temp;
	struct err removing;
	bool ok;

	if (!oci_check_ref(name, e) || !find_engine(a, &program, where, e))
		return false;
	temp = cas_temp(a, c, "tar");
	ok = write_for_engine(a, c, choose_platform(img), name, temp.p, e) &&
	     run_load(program.p, *where, temp.p, e);
	if (!file_remove(temp.p, ok ? e : &removing))
		ok = false;
	return ok;
}
