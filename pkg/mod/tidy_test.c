/*
 * mod tidy, with a look at sources that there are not.
 */
#include "mod/world_test.h"

#include "base/path.h"

/* What a test says of the sources, by what is required. */
struct told {
	struct arena *a;
	struct tidy_facts facts; /* missing: only what no line provides */
	const char *provided[4]; /* module, header, ..., NULL */
	unsigned rounds;
};

static bool requires(const struct manifest *m, const char *path)
{
	for (size_t i = 0; i < m->require.n; i++)
		if (str_eqc(m->require.v[i].path, path))
			return true;
	return false;
}

static bool tell(void *ctx, struct manifest *main, const struct mod_versions *selected,
		 struct tidy_facts *out, struct err *e)
{
	struct told *told = ctx;

	(void)selected;
	(void)e;
	told->rounds++;
	for (size_t i = 0; i < told->facts.absent.n; i++)
		if (requires(main, told->facts.absent.v[i].module.p))
			*vec_push(told->a, &out->absent) = told->facts.absent.v[i];
	out->used = told->facts.used;
	out->direct = told->facts.direct;
	for (size_t i = 0; i < told->facts.missing.n; i++) {
		struct tidy_header h = told->facts.missing.v[i];
		bool there = false;

		for (size_t k = 0; k < 4 && told->provided[k]; k += 2)
			there = there || (str_eqc(h.name, told->provided[k + 1]) &&
					  requires(main, told->provided[k]));
		if (!there)
			*vec_push(told->a, &out->missing) = h;
	}
	return true;
}

void TestModTidyAdds(struct test *t)
{
	struct world w;
	struct told told = {.a = &w.a, .provided = {"example.com/z", "z.h"}};
	struct tidy_opts opts = {.look = tell, .ctx = &told};
	struct buf diff = {0};
	struct err e;

	world_init(&w, t);
	tag_diamond(&w);
	tag_z(&w);
	put_file(&w, "proj/cbuild.yaml",
		 "# mine\nmodule: example.com/main\nrequire:\n  example.com/b: v1.0.0 # b\n");
	*vec_push(&w.a, &told.facts.used) = STR("example.com/b");
	*vec_push(&w.a, &told.facts.used) = STR("example.com/d");
	*vec_push(&w.a, &told.facts.used) = STR("example.com/z");
	*vec_push(&w.a, &told.facts.direct) = STR("example.com/d");
	*vec_push(&w.a, &told.facts.direct) = STR("example.com/not-reached");
	*vec_push(&w.a, &told.facts.missing) = (struct tidy_header){STR("z.h"), STR("a.c")};
	*vec_push(&w.a, &told.facts.missing) = (struct tidy_header){STR("nobody.h"), STR("a.c")};
	opts.diff = &diff;
	T_CHECK(t, mod_tidy(&w.a, &opts, &w.o, &e), "%s", e.msg);
	T_OK(t, str_containsc(buf_str(&diff), "+  example.com/z: v1.3.0\n"));
	T_OK(t, !str_containsc(get_file(&w, "proj/cbuild.yaml"), "example.com/z"));
	opts.diff = NULL;
	told.rounds = 0;
	T_CHECK(t, mod_tidy(&w.a, &opts, &w.o, &e), "%s", e.msg);
	T_EQ_INT(t, told.rounds, 2);
	T_CHECK(t,
		str_startsc(get_file(&w, "proj/cbuild.yaml"),
			    "# mine\nmodule: example.com/main\nrequire:\n  example.com/b: v1.0.0 "
			    "# b\n"),
		"%s", get_file(&w, "proj/cbuild.yaml").p);
	T_OK(t, str_containsc(get_file(&w, "proj/cbuild.yaml"), "example.com/d: v1."));
	T_OK(t, str_containsc(get_file(&w, "proj/cbuild.yaml"), "example.com/z: v1.3.0\n"));
	T_OK(t, str_containsc(get_file(&w, "proj/cbuild.sum"), "example.com/z v1.3.0 h1:"));
	buf_clear(&diff);
	opts.diff = &diff;
	T_CHECK(t, mod_tidy(&w.a, &opts, &w.o, &e), "%s", e.msg);
	T_EQ_INT(t, diff.n, 0);
	buf_fini(&diff);
	world_fini(&w);
}

static bool tidy(struct world *w, const struct tidy_opts *opts)
{
	struct err e;
	bool ok = mod_tidy(&w->a, opts, &w->o, &e);

	T_CHECK(w->t, ok, "%s", e.msg);
	return ok;
}

/* A line for a header that the module has not is taken back, so that the next run does not drop it; the user's stays. */
void TestModTidyAbsent(struct test *t)
{
	struct world w;
	struct told told = {.a = &w.a, .provided = {"example.com/z", "z.h"}};
	struct tidy_opts opts = {.look = tell, .ctx = &told};
	const char *text = "module: example.com/main # mine";
	const char *with = "module: example.com/main\nrequire:\n  example.com/z: v1.2.3\n";

	world_init(&w, t);
	tag_z(&w);
	put_file(&w, "proj/cbuild.yaml", text);
	*vec_push(&w.a, &told.facts.missing) = (struct tidy_header){STR("z.h"), STR("a.c")};
	*vec_push(&w.a, &told.facts.absent) =
	    (struct tidy_absent){{STR("z.h"), STR("a.c")}, STR("example.com/z")};
	T_MUST(t, tidy(&w, &opts));
	T_EQ_INT(t, told.rounds, 2);
	T_EQ_STR(t, get_file(&w, "proj/cbuild.yaml").p, text);
	put_file(&w, "proj/cbuild.yaml", with);
	T_MUST(t, tidy(&w, &opts));
	T_EQ_STR(t, get_file(&w, "proj/cbuild.yaml").p, with);
	/* its own module's header */
	put_file(&w, "proj/cbuild.yaml", "module: example.com/z\n");
	told.provided[0] = NULL;
	T_MUST(t, tidy(&w, &opts));
	T_EQ_STR(t, get_file(&w, "proj/cbuild.yaml").p, "module: example.com/z\n");
	world_fini(&w);
}

/* Three ranks of ports. */
void TestModPortRanks(struct test *t)
{
	struct world w;
	struct module repo = {.path = STR("example.com/ports"), .version = STR("v1.0.0")};
	struct module_vec ports = {0};
	struct str_vec headers = {0}, by[1];
	struct err e;

	world_init(&w, t);
	put_file(&w, "repo/ports/y.yaml", "module: example.com/y\nprovides: {headers: [zlib.h]}\n");
	put_file(&w, "proj/cbuild.yaml", "");
	repo.dir = path_join(&w.a, path_dir(w.o.project_dir), STR("repo"));
	*vec_push(&w.a, &ports) = repo;
	w.o.ports = &ports;
	*vec_push(&w.a, &headers) = STR("zlib.h");
	T_CHECK(t, mod_ports_for_headers(&w.a, &headers, &w.o, by, &e), "%s", e.msg);
	T_EQ_INT(t, by[0].n, 1);
	T_EQ_STR(t, str_c(&w.a, by[0].v[0]), "example.com/y");
	put_file(&w, "proj/ports/x.yaml", "module: example.com/x\nprovides: {headers: [zlib.h]}\n");
	T_CHECK(t, mod_ports_for_headers(&w.a, &headers, &w.o, by, &e), "%s", e.msg);
	T_EQ_INT(t, by[0].n, 1);
	T_EQ_STR(t, str_c(&w.a, by[0].v[0]), "example.com/x");
	world_fini(&w);
}

/* The project's own ports come before built-in ones; among themselves the user chooses. */
void TestModTidySeveral(struct test *t)
{
	struct world w;
	struct told told = {.a = &w.a, .provided = {"example.com/z", "zlib.h"}};
	struct tidy_opts opts = {.look = tell, .ctx = &told};
	struct str_vec headers = {0}, by[2];
	struct err e;

	world_init(&w, t);
	tag_z(&w);
	put_file(&w, "proj/cbuild.yaml", "module: example.com/main\n");
	put_file(&w, "proj/ports/y.yaml",
		 "module: example.com/y\nprovides: {headers: [zlib.h, y.h]}\n");
	*vec_push(&w.a, &headers) = STR("zlib.h");
	*vec_push(&w.a, &headers) = STR("zconf.h");
	T_CHECK(t, mod_ports_for_headers(&w.a, &headers, &w.o, by, &e), "%s", e.msg);
	T_EQ_INT(t, by[0].n, 1);
	T_EQ_STR(t, str_c(&w.a, by[0].v[0]), "example.com/y");
	T_EQ_INT(t, by[1].n, 1);
	T_EQ_STR(t, str_c(&w.a, by[1].v[0]), "github.com/madler/zlib");
	put_file(&w, "proj/ports/x.yaml", "module: example.com/x\nprovides: {headers: [zlib.h]}\n");
	*vec_push(&w.a, &told.facts.missing) = (struct tidy_header){STR("zlib.h"), STR("a.c")};
	T_OK(t, !mod_tidy(&w.a, &opts, &w.o, &e));
	T_EQ_INT(t, e.code, ERR_INPUT);
	T_EQ_STR(t, e.msg,
		 "zlib.h, which a.c includes, is a header of example.com/x and of example.com/y");
	T_EQ_STR(t, e.fix, "choose: cbuild get example.com/x, or cbuild get example.com/y");
	T_EQ_STR(t, get_file(&w, "proj/cbuild.yaml").p, "module: example.com/main\n");
	world_fini(&w);
}

void TestModTidy(struct test *t)
{
	struct world w;
	struct build_list list;
	struct told told = {.a = &w.a};
	struct tidy_opts opts = {.look = tell, .ctx = &told};
	struct err e;

	world_init(&w, t);
	tag_diamond(&w);
	tag_z(&w);
	put_file(
	    &w, "proj/cbuild.yaml",
	    "module: example.com/main\nrequire:\n  example.com/b: v1.0.0\n  example.com/c: v1.3.0 "
	    "# raised\n"
	    "  example.com/z: v1.2.3\n  example.com/d: v1.0.0\n");
	put_file(&w, "proj/cbuild.sum",
		 "example.com/old v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
	*vec_push(&w.a, &told.facts.used) = STR("example.com/b");
	T_CHECK(t, mod_tidy(&w.a, &opts, &w.o, &e), "%s", e.msg);
	T_EQ_STR(t, get_file(&w, "proj/cbuild.yaml").p,
		 "module: example.com/main\nrequire:\n  example.com/b: v1.0.0\n  example.com/c: "
		 "v1.3.0 # raised\n");
	T_OK(t, !str_containsc(get_file(&w, "proj/cbuild.sum"), "example.com/old"));
	T_OK(t, !str_containsc(get_file(&w, "proj/cbuild.sum"), "example.com/z"));
	must_load(&w, false, &list);
	world_fini(&w);
}
