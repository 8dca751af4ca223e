/*
 * The memo of a graph: with it everything is as without it, whatever was edited, damaged or removed meanwhile.
 * Modules are written straight into the cache.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/path.h"
#include "cbuild/test.h"
#include "mod/facts_impl.h"

struct world {
	struct arena a;
	struct test *t;
	struct str root;
	struct mod_opts o;
	struct map sums; /* "PATH VERSION" -> struct str */
};

static void world_init(struct world *w, struct test *t)
{
	struct err e;

	*w = (struct world){.t = t};
	T_MUST(t, path_real(&w->a, test_tmpdir(t), &w->root, &e));
	w->o = (struct mod_opts){.cache_dir = path_join(&w->a, w->root, STR("cache")),
				 .project_dir = path_join(&w->a, w->root, STR("proj")),
				 .program = STR("1.0"),
				 .offline = true,
				 .brief = true};
	T_MUST(t, folder_make(w->o.project_dir.p, &e));
}

static void put(struct world *w, struct str path, struct str text)
{
	struct err e;

	T_MUST(w->t, folder_make_for(path.p, &e) && file_write_fast(path.p, text, 0644, &e));
}

static struct str in_cache(struct world *w, const char *kind, const char *path, const char *version)
{
	return str_fmt(&w->a, "%.*s/mod%s/%s@%s", STR_ARG(w->o.cache_dir), kind, path, version);
}

/* Puts a version into the cache, and its sum into the world. */
static void publish_as(struct world *w, const char *path, const char *version, const char *name,
		       const char *rest)
{
	struct str dir = in_cache(w, "", path, version), *sum = arena_new(&w->a, struct str);
	struct err e;

	T_MUST(w->t, folder_remove(dir.p, &e));
	put(w, path_join(&w->a, dir, STR("cbuild.yaml")),
	    str_fmt(&w->a, "module: %s\n%s", name, rest));
	T_MUST(w->t, tree_hash(&w->a, dir, sum, &e));
	put(w, in_cache(w, "/.sum", path, version), *sum);
	map_put(&w->a, &w->sums, str_fmt(&w->a, "%s %s", path, version), NULL)->ptr = sum;
}

static void publish(struct world *w, const char *path, const char *version, const char *rest)
{
	publish_as(w, path, version, path, rest);
}

static void write_sums(struct world *w)
{
	struct buf b = {0};

	for (size_t i = 0; i < w->sums.n; i++)
		buf_printf(&b, "%.*s %.*s\n", STR_ARG(w->sums.items[i].key),
			   STR_ARG(*(struct str *)w->sums.items[i].ptr));
	put(w, path_join(&w->a, w->o.project_dir, STR("cbuild.sum")), buf_str(&b));
	buf_fini(&b);
}

static void add_module(struct buf *b, const struct module *m)
{
	buf_printf(b, "%.*s %.*s by %.*s %.*s in %.*s (%.*s) %.*s %d %d %.*s, %.*s:%d:",
		   STR_ARG(m->path), STR_ARG(m->version), STR_ARG(m->by_path),
		   STR_ARG(m->by_version), STR_ARG(m->dir), STR_ARG(m->cache_name), STR_ARG(m->sum),
		   m->from_port, m->replaced, STR_ARG(m->manifest->licence),
		   STR_ARG(m->manifest->file), m->manifest->module_pos.line);
	for (size_t i = 0; i < m->requires.n; i++)
		buf_printf(b, " %u", m->requires.v[i]);
	for (size_t i = 0; i < m->shows.n; i++)
		buf_printf(b, " +%u", m->shows.v[i]);
	for (size_t i = 0; i < m->options.n; i++)
		buf_printf(b, " %.*s=%.*s by '%.*s'", STR_ARG(m->options.v[i].name),
			   STR_ARG(m->options.v[i].value), STR_ARG(m->option_by.v[i]));
	buf_addc(b, "\n");
}

/* All that is told about the build list and the graph, or the error. */
static struct str told(struct world *w, const char *main, const struct mod_opts *o)
{
	struct manifest *m = arena_new(&w->a, struct manifest);
	struct build_list list = {0};
	struct mod_edges edges = {0};
	struct buf b = {0};
	struct err e = {0};
	struct str out;

	T_MUST(w->t, manifest_parse(&w->a, STR("cbuild.yaml"), str_of(main), m, &e));
	if (!mod_load(&w->a, m, o, &list, &e) || !mod_graph(&w->a, m, o, &edges, &e)) {
		err_render(&e, &b);
	} else {
		for (size_t i = 0; i < list.modules.n; i++)
			add_module(&b, &list.modules.v[i]);
		for (size_t i = 0; i < edges.n; i++)
			buf_printf(&b, "%.*s %.*s -> %.*s %.*s\n", STR_ARG(edges.v[i].from.path),
				   STR_ARG(edges.v[i].from.version), STR_ARG(edges.v[i].to.path),
				   STR_ARG(edges.v[i].to.version));
	}
	out = str_dup(&w->a, buf_str(&b));
	buf_fini(&b);
	return out;
}

static struct str memo_file(struct world *w, const struct mod_opts *o, const char *main)
{
	struct manifest *m = arena_new(&w->a, struct manifest);
	struct facts f;
	struct err e;

	T_MUST(w->t, manifest_parse(&w->a, STR("cbuild.yaml"), str_of(main), m, &e));
	facts_open(&f, &w->a, o, m);
	return f.file;
}

/* As if there had never been a memo: another program's, removed first. */
static struct str told_anew(struct world *w, const char *main)
{
	struct mod_opts o = w->o;
	struct err e;

	o.program = STR("never");
	T_MUST(w->t, file_remove(memo_file(w, &o, main).p, &e));
	return told(w, main, &o);
}

static struct str must_match(struct world *w, const char *main, const char *when)
{
	struct str got = told(w, main, &w->o), want = told_anew(w, main);

	T_CHECK(w->t, str_eq(got, want), "%s\ngot:\n%swant:\n%s", when, got.p, want.p);
	return got;
}

static const char app[] = "module: m.org/app\nrequire: {m.org/a: v1.0.0, m.org/b: v1.0.0}\n";

/* a 1.0 and b 1.0 require c; b's is chosen. b switches on an option of c, by which c requires d. */
static void publish_some(struct world *w)
{
	publish(w, "m.org/a", "v1.0.0", "licence: MIT\nrequire: {m.org/c: v1.0.0}\n");
	publish(w, "m.org/b", "v1.0.0",
		"require: {m.org/c: {version: v1.1.0, private: true}}\n"
		"options: {m.org/c: {tls: true}}\n");
	publish(w, "m.org/c", "v1.0.0", "packages: {c: {sources: [c.c]}}\n");
	publish(w, "m.org/c", "v1.1.0",
		"contains: {zlib: Zlib}\n"
		"options: {tls: {default: false, help: by TLS}}\n"
		"require: {m.org/d: {version: v1.0.0, when: {option: tls}}}\n");
	publish(w, "m.org/d", "v1.0.0", "provides: {native: d}\n");
	write_sums(w);
}

/* Hits: what is only looked at is not read again; what is chosen must be there. */
void TestFactsSpareManifests(struct test *t)
{
	struct world w;
	struct str first, got;
	struct err e;

	world_init(&w, t);
	publish_some(&w);
	first = must_match(&w, app, "first");
	T_OK(t, str_containsc(first, "tls=true by 'm.org/b'") && str_containsc(first, "m.org/d"));
	must_match(&w, app, "by the memo");
	put(&w, path_join(&w.a, in_cache(&w, "", "m.org/c", "v1.0.0"), STR("cbuild.yaml")),
	    STR("nonsense: ["));
	put(&w, path_join(&w.a, in_cache(&w, "", "m.org/c", "v1.1.0"), STR("cbuild.yaml")),
	    STR("nonsense: ["));
	T_OK(t, str_eq(told(&w, app, &w.o), first));
	T_MUST(t, folder_remove(in_cache(&w, "", "m.org/c", "v1.0.0").p, &e));
	T_OK(t, str_eq(told(&w, app, &w.o), first));
	T_MUST(t, folder_remove(in_cache(&w, "", "m.org/c", "v1.1.0").p, &e));
	got = told(&w, app, &w.o);
	T_CHECK(t,
		str_containsc(got, "CBUILD_OFFLINE") &&
		    str_containsc(got, "loading module m.org/c v1.1.0") &&
		    str_containsc(got, "required by m.org/b v1.0.0"),
		"%s", got.p);
	arena_fini(&w.a);
}

/* A build gets whole manifests of what is chosen, and their errors. */
void TestFactsWholeForBuilds(struct test *t)
{
	struct world w;
	struct build_list list = {0};
	struct manifest m;
	struct str got;
	struct err e = {0};

	world_init(&w, t);
	publish_some(&w);
	publish(&w, "m.org/d", "v1.0.0", "packages: {d: {sources: [d.c]}}\n");
	write_sums(&w);
	told(&w, app, &w.o);
	w.o.brief = false;
	T_MUST(t, manifest_parse(&w.a, STR("cbuild.yaml"), str_of(app), &m, &e));
	T_MUST(t, mod_load(&w.a, &m, &w.o, &list, &e));
	for (size_t i = 0; i < list.modules.n; i++)
		T_OK(t, !list.modules.v[i].brief);
	T_EQ_INT(t, list.modules.v[4].manifest->packages.n, 1);
	put(&w, path_join(&w.a, in_cache(&w, "", "m.org/d", "v1.0.0"), STR("cbuild.yaml")),
	    STR("nonsense: 1\n"));
	got = told(&w, app, &w.o);
	T_CHECK(t,
		str_containsc(got, "unknown key 'nonsense'") &&
		    str_containsc(got, "required by m.org/c v1.1.0"),
		"%s", got.p);
	must_match(&w, app, "a damaged manifest");
	arena_fini(&w.a);
}

/* Another sum is another tree, whatever is known of the first. */
void TestFactsFollowTheSum(struct test *t)
{
	struct world w;
	struct str got;

	world_init(&w, t);
	publish_some(&w);
	must_match(&w, app, "first");
	must_match(&w, app, "second");
	/* cbuild.sum still has the old one */
	publish(&w, "m.org/c", "v1.1.0", "licence: ISC\noptions: {tls: {default: false}}\n");
	got = must_match(&w, app, "a moved tag");
	T_CHECK(t, str_containsc(got, "does not have the content that was recorded"), "%s", got.p);
	write_sums(&w);
	got = must_match(&w, app, "a new sum");
	T_CHECK(t, str_containsc(got, "ISC") && !str_containsc(got, "m.org/d"), "%s", got.p);
	publish(&w, "m.org/c", "v1.1.0",
		"options: {tls: {default: false}}\nrequire: {m.org/e: v1.0.0}\n");
	write_sums(&w);
	got = must_match(&w, app, "no sum");
	T_CHECK(t, str_containsc(got, "no sum for m.org/e"), "%s", got.p);
	arena_fini(&w.a);
}

/* A fork that kept the name may stand for what it is a fork of; required itself it is refused. */
void TestFactsCheckNames(struct test *t)
{
	struct world w;
	struct str got;

	world_init(&w, t);
	publish_some(&w);
	publish_as(&w, "m.org/fork", "v1.0.0", "m.org/a", "licence: ISC\n");
	write_sums(&w);
	for (int n = 0; n < 2; n++) {
		got = must_match(&w,
				 "module: m.org/app\n"
				 "require: {m.org/a: v1.0.0}\n"
				 "replace: {m.org/a: m.org/fork@v1.0.0}\n",
				 "replaced");
		T_CHECK(t, str_containsc(got, "by m.org/fork v1.0.0"), "%s", got.p);
		got = must_match(&w, "module: m.org/app\nrequire: {m.org/fork: v1.0.0}\n",
				 "required");
		T_CHECK(t, str_containsc(got, "this module calls itself 'm.org/a'"), "%s", got.p);
	}
	arena_fini(&w.a);
}

/* What stands at the memo's place, and the folders of others, change nothing. */
void TestFactsDamaged(struct test *t)
{
	struct world w;
	struct str want, good, file;
	struct err e;
	char *bad;

	world_init(&w, t);
	publish_some(&w);
	want = told_anew(&w, app);
	told(&w, app, &w.o);
	told(&w, app, &w.o);
	file = memo_file(&w, &w.o, app);
	T_MUST(t, file_read(&w.a, file.p, 0, &good, &e));
	bad = arena_strdup(&w.a, good.p, good.n);
	for (size_t i = 0; i < good.n; i++) {
		struct arena scratch = {0};
		struct facts f = {.a = &scratch};

		bad[i] ^= (char)(1 << i % 8);
		T_CHECK(t, !facts_parse(&f, str_from(bad, good.n)) && !f.by_key.n, "byte %zu", i);
		T_CHECK(t, !facts_parse(&f, str_from(good.p, i)) && !f.by_key.n, "cut at %zu", i);
		if (i % 16 == 0) {
			put(&w, file, str_from(bad, good.n));
			T_CHECK(t, str_eq(told(&w, app, &w.o), want), "byte %zu", i);
			put(&w, file, str_from(good.p, i));
			T_CHECK(t, str_eq(told(&w, app, &w.o), want), "cut at %zu", i);
		}
		bad[i] = good.p[i];
		arena_fini(&scratch);
	}
	T_MUST(t, folder_remove(path_dir(file).n ? str_c(&w.a, path_dir(file)) : "", &e));
	put(&w, str_dup(&w.a, path_dir(file)), STR("no folder"));
	T_OK(t, str_eq(told(&w, app, &w.o), want));
	arena_fini(&w.a);
}

/* Nothing is read of another cbuild's. */
void TestFactsOfAnotherProgram(struct test *t)
{
	struct world w;
	struct mod_opts other;
	struct str file, bytes;
	struct err e;
	struct facts f;

	world_init(&w, t);
	other = w.o;
	other.program = STR("2.0");
	file = memo_file(&w, &w.o, app);
	T_OK(t, !str_eq(file, memo_file(&w, &other, app)));
	T_OK(t, !str_eq(file, memo_file(&w, &w.o, "module: m.org/app2\n")));
	publish_some(&w);
	told(&w, app, &w.o);
	T_MUST(t, file_read(&w.a, file.p, 0, &bytes, &e));
	f = (struct facts){.a = &w.a};
	T_OK(t, facts_parse(&f, bytes) && f.by_key.n == 5);
	T_EQ_MEM(t, bytes.p, 16, "cbuild-facts 1\n", 16);
	arena_fini(&w.a);
}

/* The file is written when it would change, and only then; what is no more asked for leaves it one day. */
void TestFactsWrittenOnce(struct test *t)
{
	struct world w;
	struct file_sig before, after;
	struct str file;
	struct facts f;
	struct str text;
	struct err e;

	world_init(&w, t);
	publish_some(&w);
	file = memo_file(&w, &w.o, app);
	T_OK(t, file_kind(file.p) == FILE_ABSENT);
	told(&w, app, &w.o);
	T_MUST(t, file_stat(file.p, &before, &e));
	told(&w, app, &w.o);
	w.o.brief = false;
	told(&w, app, &w.o);
	T_MUST(t, file_stat(file.p, &after, &e));
	T_OK(t, file_sig_eq(&before, &after));

	f = (struct facts){.a = &w.a};
	for (int i = 0; i < 100; i++) {
		struct mod_version v = {str_fmt(&w.a, "m.org/old%d", i), STR("v1.0.0")};

		facts_put(&f, &v, STR("h1:"), &(struct manifest){0});
	}
	text = facts_text(&f);
	f = (struct facts){.a = &w.a};
	T_MUST(t, facts_parse(&f, text) && f.by_key.n == 100);
	for (int i = 0; i < 20; i++) {
		struct mod_version v = {str_fmt(&w.a, "m.org/new%d", i), STR("v1.0.0")};

		facts_put(&f, &v, STR("h1:"), &(struct manifest){0});
	}
	text = facts_text(&f);
	f = (struct facts){.a = &w.a};
	T_OK(t, facts_parse(&f, text) && f.by_key.n == 20);
	arena_fini(&w.a);
}

/* A folder that did not change is not hashed or asked for its sum again; one that did is. */
void TestFactsKnowFolders(struct test *t)
{
	struct world w;
	struct str want, note;

	world_init(&w, t);
	publish_some(&w);
	note = in_cache(&w, "/.sum", "m.org/c", "v1.1.0");
	want = told(&w, app, &w.o);
	nanosleep(&(struct timespec){.tv_sec = 2, .tv_nsec = 100000000}, NULL);
	T_OK(t, str_eq(told(&w, app, &w.o), want)); /* notes the folders */
	put(&w, note, STR("h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"));
	T_OK(t, str_eq(told(&w, app, &w.o), want));
	put(&w, path_join(&w.a, in_cache(&w, "", "m.org/c", "v1.1.0"), STR("more")), STR(""));
	T_OK(t, !str_eq(must_match(&w, app, "a changed folder"), want));
	arena_fini(&w.a);
}

/* ---- the encoding ---- */

static const char rich[] =
    "module: m.org/rich\n"
    "licence: MIT OR Apache-2.0\n"
    "contains: {zlib: Zlib, xz: 0BSD}\n"
    "provides: {native: rich}\n"
    "ports: {m.org/ports: v1.4.0}\n"
    "require:\n"
    "  m.org/a: v1.0.0\n"
    "  m.org/b: {version: v2.0.0-rc.1, private: true}\n"
    "  m.org/c: {version: v0.1.0, when: {option: [tls, fast]}}\n"
    "  m.org/d: {version: v0.2.0, private: true, when: {option: {backend: [x, y], tls: true}}}\n"
    "options:\n"
    "  tls: {default: true, help: with TLS}\n"
    "  fast: {default: false}\n"
    "  backend: {choose: [x, y, z], default: y}\n"
    "  m.org/a: {quick: true, how: slow}\n";

/*
 * Who adds a member to one of these adds it to facts_code.c; who changes what is written raises the number in
 * MAGIC, facts_impl.h and here: a memo of the old kind must not be read as one of the new.
 */
void TestFactsFormat(struct test *t)
{
	struct arena a = {0};
	struct manifest m, back = {0};
	struct buf one = {0}, two = {0};
	struct digest d;
	struct err e;
	char hex[DIGEST_HEX + 1];

	if (sizeof(void *) == 8) {
		T_EQ_INT(t, sizeof(struct requirement), 128);
		T_EQ_INT(t, sizeof(struct condition), 80);
		T_EQ_INT(t, sizeof(struct option_test), 48);
		T_EQ_INT(t, sizeof(struct option_spec), 80);
		T_EQ_INT(t, sizeof(struct option_setting), 56);
		T_EQ_INT(t, sizeof(struct define), 32);
		T_EQ_INT(t, sizeof(struct pos), 8);
	}
	T_MUST(t, manifest_parse(&a, STR("m.org/rich@v1.0.0/cbuild.yaml"), str_of(rich), &m, &e));
	facts_encode(&one, &m);
	T_MUST(t, facts_decode(&a, buf_str(&one), &back));
	facts_encode(&two, &back);
	T_EQ_MEM(t, two.p, two.n, one.p, one.n);
	T_EQ_INT(t, back.require.n, 4);
	T_MUST(t, back.ports.n == 1);
	T_EQ_STR(t, back.ports.v[0].path.p, "m.org/ports");
	T_EQ_INT(t, back.require.v[3].when.options.n, 2);
	T_OK(t, back.require.v[3].private && back.require.v[3].when.all_options);
	T_EQ_INT(t, back.options.n, 3);
	T_EQ_STR(t, back.options.v[2].choices.v[1].p, "y");
	T_EQ_INT(t, back.settings.n, 2);
	T_EQ_STR(t, back.contains.v[1].value.p, "0BSD");
	T_EQ_STR(t, back.provides_native.p, "rich");
	T_EQ_STR(t, back.licence.p, "MIT OR Apache-2.0");
	for (size_t n = 0; n < one.n; n++) {
		back = (struct manifest){0};
		T_CHECK(t, !facts_decode(&a, str_from(one.p, n), &back), "cut at %zu", n);
	}
	d = digest_str(buf_str(&one));
	digest_hex(&d, hex);
	T_EQ_STR(t, hex, "95a000b78d8f8d9b75792fed7d0cb1c255c0f9efe0482a5990cfe2de1ed39ad1");
	buf_fini(&one);
	buf_fini(&two);
	arena_fini(&a);
}

/* ---- random graphs and edits ---- */

enum { PATHS = 5, VERSIONS = 3 };

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static bool one_in(uint64_t *x, unsigned n)
{
	return next_random(x) % n == 0;
}

static void add_requirements(struct buf *b, uint64_t *x, int self, bool options)
{
	buf_addc(b, "require: {");
	for (int p = 0; p < PATHS; p++) {
		int v = (int)(next_random(x) % VERSIONS);

		if (p == self || one_in(x, 2))
			continue;
		buf_printf(b, "m.org/p%d: {version: v1.%d.0, private: %s", p, v,
			   one_in(x, 3) ? "true" : "false");
		buf_addc(b, options && one_in(x, 3) ? ", when: {option: o}}, " : "}, ");
	}
	buf_addc(b, "}\noptions: {");
	if (options)
		buf_addc(b, "o: {default: false}, ");
	for (int p = 0; p < PATHS; p++)
		if (p != self && one_in(x, 4))
			buf_printf(b, "m.org/p%d: {o: %s}, ", p, one_in(x, 2) ? "true" : "false");
	buf_addc(b, "}\n");
}

static void publish_random(struct world *w, uint64_t *x, int p, int v)
{
	struct buf b = {0};

	add_requirements(&b, x, p, !one_in(x, 8));
	if (one_in(x, 12))
		buf_addc(&b, "provides: {native: same}\n");
	publish(w, str_fmt(&w->a, "m.org/p%d", p).p, str_fmt(&w->a, "v1.%d.0", v).p, b.p);
	buf_fini(&b);
}

static void random_main(struct buf *b, uint64_t *x)
{
	int p = (int)(next_random(x) % PATHS), v = (int)(next_random(x) % VERSIONS);

	buf_addc(b, "module: m.org/main\n");
	add_requirements(b, x, -1, one_in(x, 2));
	if (one_in(x, 3))
		buf_printf(b, "exclude: {m.org/p%d: [v1.%d.0]}\n", p, v);
	if (one_in(x, 4))
		buf_printf(b, "replace: {m.org/p%d: m.org/p%d@v1.%d.0}\n", p, (p + 1) % PATHS, v);
	else if (one_in(x, 4))
		buf_printf(b, "replace: {m.org/p%d: ../folder}\n", p);
}

void TestFactsPropertySameAsWithout(struct test *t)
{
	int lists = 0;

	for (uint64_t seed = 1; seed <= 12; seed++) {
		uint64_t x = seed * 0x9e3779b97f4a7c15U;
		struct str got;
		struct world w;

		world_init(&w, t);
		w.root = path_join(&w.a, w.root, str_fmt(&w.a, "%llu", (unsigned long long)seed));
		w.o.cache_dir = path_join(&w.a, w.root, STR("cache"));
		w.o.project_dir = path_join(&w.a, w.root, STR("proj"));
		put(&w, path_join(&w.a, w.root, STR("folder/cbuild.yaml")),
		    STR("require: {m.org/p1: v1.1.0}\n"));
		for (int p = 0; p < PATHS; p++)
			for (int v = 0; v < VERSIONS; v++)
				publish_random(&w, &x, p, v);
		write_sums(&w);
		for (int n = 0; n < 25; n++) {
			struct buf main = {0};
			int path;

			random_main(&main, &x);
			w.o.brief = !one_in(&x, 4);
			got = must_match(&w, main.p, main.p);
			lists += str_startsc(got, "m.org/main");
			buf_fini(&main);
			if (!one_in(&x, 3))
				continue;
			path = (int)(next_random(&x) % PATHS);
			publish_random(&w, &x, path, (int)(next_random(&x) % VERSIONS));
			write_sums(&w);
		}
		arena_fini(&w.a);
	}
	/* The draws within one call come in the compiler's order: not the same lists everywhere. */
	T_CHECK(t, lists > 50, "only %d of 300 were lists, not errors", lists);
}
