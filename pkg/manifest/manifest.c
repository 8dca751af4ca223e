/*
 * YAML tree -> struct manifest: keys.c has the tables and walks the maps, values.c and image.c read
 * and check the values, check.c knows what is well formed, edit.c changes text. All mistakes are
 * gathered.
 */
#include "manifest/manifest.h"

#include <stdarg.h>
#include <stdio.h>

#include "manifest/manifest_impl.h"
#include "sys/file.h"

enum {
	IMAGE_USER = 65532,
	INLINE_FIX_MAX =
	    110, /* bytes of a remedy in brackets, so that ten lines fit into struct err */
};

/* With several mistakes each line carries its own remedy in brackets; a long one stays in e->fix.
 */
static void inline_first_fix(struct err *e)
{
	struct str fix = str_of(e->fix), msg = str_of(e->msg);

	if (!fix.n || fix.n > INLINE_FIX_MAX)
		return;
	(void)snprintf(e->msg + msg.n, sizeof e->msg - msg.n, " (%s)", e->fix);
	e->fix[0] = '\0';
}

void mistake(struct reader *r, const struct yaml_node *n, const char *fix, const char *fmt, ...)
{
	va_list ap;
	char text[256];

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (r->mistakes++ == 0) {
		err_at(r->e, ERR_INPUT, r->file, n->line, n->col, "%s", text);
		err_fix(r->e, "%s", fix);
		return;
	}
	if (r->mistakes == 2)
		inline_first_fix(r->e);
	if (str_of(fix).n <= INLINE_FIX_MAX) {
		err_also(r->e, r->file, n->line, n->col, "%s (%s)", text, fix);
		return;
	}
	err_also(r->e, r->file, n->line, n->col, "%s", text);
	if (!r->e->fix[0])
		err_fix(r->e, "%s", fix);
}

/* What no single value shows. */
static void check_whole(struct reader *r, const struct yaml_node *root, const struct manifest *m)
{
	if (m->is_port && !m->module.n && !r->mistakes)
		mistake(r, root, "add 'module: HOST/PATH', the path that others require",
			"a port without 'module'");
	for (size_t i = 0; m->module.n && i < m->require.n; i++) {
		const struct requirement *q = &m->require.v[i];
		struct yaml_node at = {.line = q->pos.line, .col = q->pos.col};

		if (str_eq(q->path, m->module))
			mistake(r, &at, "remove it from 'require'", "the module requires itself");
	}
}

bool manifest_parse(struct arena *a, struct str file, struct str bytes, struct manifest *out,
		    struct err *e)
{
	struct reader r = {.a = a, .file = str_c(a, file), .e = e};
	struct yaml_node *root;

	*out = (struct manifest){.file = str_dup(a, file), .image = {.user = IMAGE_USER}};
	if (!yaml_parse(a, file, bytes, &root, e))
		return err_wrap(e, "reading manifest");
	read_map(&r, root, "manifest", out);
	check_whole(&r, root, out);
	finish_foreign(&r, out);
	finish_options(&r, out);
	return r.mistakes == 0 || err_wrap(e, "reading manifest");
}

bool manifest_read(struct arena *a, const char *path, struct manifest *out, struct err *e)
{
	struct str bytes;

	if (!file_read(a, path, YAML_MAX_BYTES, &bytes, e))
		return err_wrap(e, "reading manifest");
	return manifest_parse(a, str_of(path), bytes, out, e);
}
