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
