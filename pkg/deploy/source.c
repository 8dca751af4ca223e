/* What the user's words for a release mean. */
#include "deploy/deploy_impl.h"
#include "oci/oci.h"

static bool is_archive(struct str name)
{
	static const char *const endings[] = {".tar",	  ".tar.gz",  ".tgz", ".tar.xz",
					      ".tar.zst", ".tar.bz2", ".zip"};

	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
		if (str_endsc(name, endings[i]))
			return true;
	return false;
}

bool source_image(struct arena *a, struct str text, struct str *layout, struct str *tag,
		  struct err *e)
{
	struct str rest = str_skip(text, 4);
	size_t colon = str_rfind(rest, ':');

	*layout = str_dup(a, str_from(rest.p, colon));
	*tag = str_dup(a, str_skip(rest, colon + 1));
	if (colon < rest.n && layout->n && tag->n)
		return oci_check_ref(*tag, e);
	err_set(e, ERR_USAGE, "'%.*s' names no tag of an image layout", STR_ARG(text));
	return err_fix(e, "write oci:FOLDER:TAG");
}

bool source_index(struct arena *a, const struct release_source *src, struct digest *out,
		  struct err *e)
{
	if (!oci_layout_tag(a, src->path.p, src->tag, out, e))
		return false;
	return !digest_is_zero(out) ||
	       err_at(e, ERR_INPUT, src->path.p, 0, 0, "has no image '%s'", src->tag.p);
}

bool release_source(struct arena *a, struct str text, struct release_source *out, struct err *e)
{
	struct file_sig sig;

	*out = (struct release_source){.path = str_dup(a, text), .note = text};
	if (str_startsc(text, "oci:")) {
		out->kind = RELEASE_IMAGE;
		return source_image(a, text, &out->path, &out->tag, e);
	}
	if (!file_stat(out->path.p, &sig, e))
		return err_wrap(e, "looking for the release");
	if ((sig.mode & 0170000) == 0040000)
		out->kind = RELEASE_TREE;
	else
		out->kind = is_archive(text) ? RELEASE_ARCHIVE : RELEASE_FILE;
	return true;
}
