#include "load/fixture_test.h"

static const char *joined(struct fixture *f, const struct str_vec *v)
{
	struct buf b = {0};
	const char *text;

	for (size_t i = 0; i < v->n; i++)
		buf_printf(&b, "%s%.*s", i ? " " : "", STR_ARG(v->v[i]));
	text = str_c(&f->a, buf_str(&b));
	buf_fini(&b);
	return text;
}

static struct load_needs needs_of(struct fixture *f, const char *package)
{
	struct load_needs n;

	load_needs(&f->a, &f->set, find(f, package)->sources.v[0], &n);
	return n;
}

/* Every branch that may be taken counts; questions do not, nor what other modules' files include. */
void TestLoadNeeds(struct test *t)
{
	struct fixture f;
	struct load_needs n;

	begin(t, &f);
	put(t, &f, "cmd/a/main.c",
	    "#include <zlib.h>\n#include <lib.h>\n#include \"log/log.h\"\n"
	    "#if __has_include(<asked.h>)\n#endif\n#ifdef _WIN32\n#include <windows.h>\n#endif\n"
	    "#ifdef HAVE_MAY\n#include <may.h>\n#endif\nint main(void) { return 0; }\n");
	put(t, &f, "pkg/log/log.h", "#include <zlib.h>\n#include \"sub/deep.h\"\n");
	put(t, &f, "pkg/log/log.c", "#include \"log.h\"\n");
	put(t, &f, "pkg/word/word.c", "#include WORD\n");
	put(t, &f, "lib/lib.h", "#include <inner.h>\n#include <theirs.h>\n");
	put(t, &f, "inner/inner.h", "\n");
	add_module(t, &f, "", ".", "");
	add_module(t, &f, "example.com/lib", "lib",
		   "packages: {lib: {sources: [], export: {include: [.]}}}\n");
	add_module(t, &f, "example.com/inner", "inner",
		   "packages: {inner: {sources: [], export: {include: [.]}}}\n");
	T_MUST(t, load(t, &f));
	n = needs_of(&f, "cmd/a");
	T_EQ_STR(t, joined(&f, &n.missing), "zlib.h may.h sub/deep.h");
	T_EQ_STR(t, joined(&f, &n.by), "cmd/a/main.c cmd/a/main.c pkg/log/log.h");
	T_MUST(t, n.direct.n == 1);
	T_EQ_STR(t, str_c(&f.a, n.direct.v[0]->path), "example.com/lib");
	T_OK(t, load_seen(&f.set, STR("example.com/lib")) == n.direct.v[0]);
	T_OK(t, !n.unknown);
	T_OK(t, needs_of(&f, "pkg/word").unknown);
	arena_fini(&f.a);
}

void TestLoadExporter(struct test *t)
{
	struct fixture f;
	const struct module *m;

	begin(t, &f);
	put(t, &f, "main.c", "int main(void) { return 0; }\n");
	put(t, &f, "third/own.h", "\n");
	put(t, &f, "third/deep/own.h", "\n");
	put(t, &f, "lib/include/sub/lib.h", "\n");
	put(t, &f, "lib/private.h", "\n");
	add_module(t, &f, "", ".", "packages: {x: {sources: [main.c]}}\n");
	add_module(t, &f, "example.com/lib", "lib",
		   "packages: {lib: {sources: [], export: {include: [include]}}}\n");
	f.list.modules.v[0].requires.n = 0;
	T_MUST(t, load(t, &f));
	m = load_exporter(&f.set, STR("sub/lib.h"));
	T_MUST(t, m != NULL);
	T_EQ_STR(t, str_c(&f.a, m->path), "example.com/lib");
	T_OK(t, !load_seen(&f.set, m->path));
	T_OK(t, !load_exporter(&f.set, STR("private.h")));
	T_OK(t, !load_exporter(&f.set, STR("../private.h")));
	T_EQ_STR(t, str_c(&f.a, load_lies_at(&f.set, STR("own.h"))), "third/own.h");
	T_EQ_INT(t, load_lies_at(&f.set, STR("wn.h")).n, 0);
	arena_fini(&f.a);
}

static bool has_header(const struct package *p, const char *path)
{
	for (size_t i = 0; i < p->headers.n; i++)
		if (str_eqc(p->headers.v[i]->path, path))
			return true;
	return false;
}

/* Headers below exported folders that no source reads, and what these need. */
void TestLoadExported(struct test *t)
{
	struct fixture f;
	struct load_needs n;
	struct package *p;

	begin(t, &f);
	put(t, &f, "inc/pub.h", "#include <lib.h>\n#include <nobody.h>\n#include \"torn.h\"\n");
	put(t, &f, "inc/torn.h", "#include <twice.h>\n");
	put(t, &f, "inc/read.h", "\n");
	put(t, &f, "own/private.h", "#include <lib.h>\n");
	put(t, &f, "l.c", "#include \"inc/read.h\"\n");
	put(t, &f, "lib/lib.h", "\n");
	add_module(t, &f, "", ".",
		   "packages: {l: {sources: [l.c], include: [own], export: {include: [inc]}}}\n");
	add_module(t, &f, "example.com/lib", "lib",
		   "packages: {lib: {sources: [], export: {include: [.]}}}\n");
	f.headers = true;
	T_MUST(t, load(t, &f));
	p = find(&f, "l");
	T_EQ_INT(t, p->headers.n, 2);
	T_OK(t, has_header(p, "inc/pub.h") && has_header(p, "inc/torn.h"));
	T_EQ_INT(t, p->headers.v[0]->owners.n, 1);
	T_EQ_STR(t, str_c(&f.a, p->headers.v[0]->owners.v[0]->module->path), "example.com/lib");
	load_needs(&f.a, &f.set, p->headers.v[0], &n);
	T_EQ_STR(t, joined(&f, &n.missing), "nobody.h twice.h");
	f.headers = false;
	T_MUST(t, load(t, &f));
	T_EQ_INT(t, find(&f, "l")->headers.n, 0);
	arena_fini(&f.a);
}

/* Convention exports include/, pkg/, src/ and the root; what others include lies there without any source, too. */
void TestLoadExportedByConvention(struct test *t)
{
	struct fixture f;
	struct package *p;

	begin(t, &f);
	put(t, &f, "include/only.h", "#include <x.h>\n");
	put(t, &f, "vendor/zlib/zlib.h", "\n");
	put(t, &f, "_old/old.h", "\n");
	add_module(t, &f, "", ".", "");
	f.headers = true;
	T_MUST(t, load(t, &f));
	p = find(&f, "include");
	T_EQ_INT(t, p->headers.n, 1);
	T_OK(t, has_header(p, "include/only.h"));
	arena_fini(&f.a);
}
