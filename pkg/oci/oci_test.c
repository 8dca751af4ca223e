/*
 * Images made by calling the steps as exec does, over a cache in the test's folder. What is read
 * back is garbled on purpose: each row of `hostile` changes one document and says what the error
 * must name.
 */
#include "oci/oci.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cbuild/test.h"
#include "format/gzip.h"
#include "format/json.h"
#include "sys/file.h"

enum { MTIME = 1700000000, MAX_IN = 8 };
/* A tar ends with a block of content and two closing ones. */
static const size_t LAST_BLOCKS = 1536;

/* One test's cache and folder. */
struct fixture {
	struct test *t;
	struct arena arena;
	struct cas *cas;
	struct str dir;
	unsigned files; /* made so far: names must be fresh */
	struct err e;
};

#define MUST(f, cond)                                                                              \
	((cond) ? (void)0                                                                          \
		: test_fatal((f)->t, __FILE__, __LINE__, "%s: %s: %s", #cond, (f)->e.place,        \
			     (f)->e.msg))

static void open_fixture(struct fixture *f, struct test *t)
{
	memset(f, 0, sizeof *f);
	f->t = t;
	MUST(f, path_real(&f->arena, test_tmpdir(t), &f->dir, &f->e));
	MUST(f, cas_open(&f->arena, str_fmt(&f->arena, "%.*s/cache", STR_ARG(f->dir)), &f->cas,
			 &f->e));
}

static void close_fixture(struct fixture *f)
{
	cas_close(f->cas);
	arena_fini(&f->arena);
}

static const char *fresh(struct fixture *f, const char *name)
{
	return str_fmt(&f->arena, "%.*s/%u-%s", STR_ARG(f->dir), f->files++, name).p;
}

static struct digest put_blob(struct fixture *f, struct str bytes)
{
	struct digest d;

	MUST(f, cas_put(f->cas, bytes, false, &d, &f->e));
	return d;
}

/* Runs a step over blobs, stores its outputs and gives their digests. */
static void run_step(struct fixture *f, const struct step *step, struct str params,
		     const struct digest *in, size_t in_n, struct digest *out, size_t out_n)
{
	const char *in_paths[MAX_IN], *out_paths[MAX_IN];
	struct buf words = {0};
	struct step_io io = {.scratch = &f->arena,
			     .in = in_paths,
			     .in_digest = in,
			     .in_count = in_n,
			     .out = out_paths,
			     .out_count = out_n,
			     .params = params,
			     .words = &words};

	for (size_t i = 0; i < in_n; i++)
		in_paths[i] = cas_path(&f->arena, f->cas, &in[i]).p;
	for (size_t i = 0; i < out_n; i++)
		out_paths[i] = fresh(f, "out");
	MUST(f, step->run(&io, &f->e));
	for (size_t i = 0; i < out_n; i++)
		MUST(f, cas_put_file(f->cas, out_paths[i], CAS_COPY, false, &out[i], &f->e));
	buf_fini(&words);
}

static const struct layer_entry sample[] = {
    {.path = {"/kv", 3}, .kind = LAYER_FILE, .mode = 0755, .input = 0},
    {.path = {"/etc/passwd", 11}, .kind = LAYER_BYTES, .mode = 0644, .text = {"root:x:0:0\n", 11}},
    {.path = {"/data", 5}, .kind = LAYER_FOLDER, .mode = 0700, .uid = 65532, .gid = 65532},
    {.path = {"/bin/kv", 7}, .kind = LAYER_LINK, .mode = 0777, .text = {"../kv", 5}},
};
enum { SAMPLE_COUNT = sizeof sample / sizeof sample[0] };

static void make_layer(struct fixture *f, struct str program, struct digest out[2])
{
	struct digest in = put_blob(f, program);
	struct str params;

	MUST(f, oci_layer_params(&f->arena, sample, SAMPLE_COUNT, MTIME, &params, &f->e));
	run_step(f, &oci_layer_step, params, &in, 1, out, 2);
}

static struct image_config config_for(struct fixture *f, const char *target)
{
	static uint32_t ports[] = {8080};
	struct image_config c = {.user = 65532,
				 .workdir = STR("/"),
				 .ports = ports,
				 .port_count = 1,
				 .created_s = MTIME};

	MUST(f, target_parse(str_of(target), &c.target, &f->e));
	*vec_push(&f->arena, &c.entrypoint) = STR("/kv");
	*vec_push(&f->arena, &c.cmd) = STR("-v");
	*vec_push(&f->arena, &c.env) = STR("A=1=2");
	*vec_push(&f->arena, &c.labels) = STR("org.opencontainers.image.version=v1");
	*vec_push(&f->arena, &c.labels) = STR("a=b");
	return c;
}

/* out: config, manifest, descriptor. */
static void make_platform(struct fixture *f, const char *target, struct digest out[3])
{
	struct image_config c = config_for(f, target);
	struct digest layer[2];

	make_layer(f, str_fmt(&f->arena, "program for %s", target), layer);
	run_step(f, &oci_image_step, oci_image_params(&f->arena, &c), layer, 2, out, 3);
}

static struct digest make_image(struct fixture *f, const char *const *targets, size_t n)
{
	struct digest images[MAX_IN], parts[3], index;
	struct str_vec annotations = {0};

	*vec_push(&f->arena, &annotations) =
	    STR("org.opencontainers.image.source=https://example.com/kv");
	for (size_t i = 0; i < n; i++) {
		make_platform(f, targets[i], parts);
		images[i] = parts[2];
	}
	run_step(f, &oci_index_step, oci_index_params(&f->arena, &annotations), images, n, &index,
		 1);
	return index;
}

static const char *const all_targets[] = {"linux/amd64", "linux/arm64", "linux/arm/v7"};

static struct str blob_text(struct fixture *f, const struct digest *d)
{
	struct str text = {0};

	MUST(f, cas_get(f->cas, d, &f->arena, &text, &f->e) == CAS_HIT);
	return text;
}

/* --- layer --- */

void TestOciLayerParams(struct test *t)
{
	struct arena a = {0};
	struct json *v;
	const struct json *entries;
	struct str params, path;
	struct err e;
	static const char *const want[] = {"bin", "bin/kv", "data", "etc", "etc/passwd", "kv"};

	T_MUST(t, oci_layer_params(&a, sample, SAMPLE_COUNT, MTIME, &params, &e));
	T_MUST(t, json_parse(&a, params, "params", &v, &e));
	T_MUST(t, json_need_array(v, "entries", &entries, "params", &e));
	T_EQ_INT(t, entries->n, 6);
	for (size_t i = 0; i < entries->n && i < 6; i++) {
		T_MUST(t, json_need_str(entries->items[i], "path", &path, "params", &e));
		T_EQ_STR(t, path.p, want[i]);
	}
	arena_fini(&a);
}

static const struct {
	const char *path, *other, *want;
	enum layer_kind kind;
} refused[] = {
    {"kv", NULL, "clean absolute", LAYER_BYTES},
    {"/", NULL, "clean absolute", LAYER_FOLDER},
    {"/a/", NULL, "clean absolute", LAYER_FOLDER},
    {"/a//b", NULL, "clean absolute", LAYER_BYTES},
    {"/a/../b", NULL, "clean absolute", LAYER_BYTES},
    {"/./b", NULL, "clean absolute", LAYER_BYTES},
    {"/a\nb", NULL, "clean absolute", LAYER_BYTES},
    {"/caf\xe9", NULL, "UTF-8", LAYER_BYTES},
    {"/ln", NULL, "link target", LAYER_LINK},
    {"/a", "/a", "twice", LAYER_BYTES},
    {"/a", "/a/b", "no folder", LAYER_BYTES},
    {"/a/b/c", "/a", "no folder", LAYER_BYTES},
};

void TestOciLayerParamsRefused(struct test *t)
{
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct arena a = {0};
		struct layer_entry v[2] = {
		    {.path = str_of(refused[i].path), .kind = refused[i].kind},
		    {.path = str_of(refused[i].other), .kind = LAYER_BYTES}};
		struct str params;
		struct err e = {0};

		T_CHECK(t, !oci_layer_params(&a, v, refused[i].other ? 2 : 1, 0, &params, &e), "%s",
			refused[i].path);
		T_CHECK(t, strstr(e.msg, refused[i].want) && e.fix[0], "%s: %s", refused[i].path,
			e.msg);
		arena_fini(&a);
	}
}

void TestOciLayerOrderFree(struct test *t)
{
	struct arena a = {0};
	struct layer_entry turned[SAMPLE_COUNT];
	struct str params, again;
	struct err e;

	for (size_t i = 0; i < SAMPLE_COUNT; i++)
		turned[i] = sample[SAMPLE_COUNT - 1 - i];
	T_MUST(t, oci_layer_params(&a, sample, SAMPLE_COUNT, 0, &params, &e));
	T_MUST(t, oci_layer_params(&a, turned, SAMPLE_COUNT, 0, &again, &e));
	T_EQ_STR(t, params.p, again.p);
	arena_fini(&a);
}

void TestOciLayerStep(struct test *t)
{
	struct fixture f;
	struct digest first[2], second[2], diffid;
	struct buf tar = {0};
	struct json *facts;
	struct str text;

	open_fixture(&f, t);
	make_layer(&f, STR("a program"), first);
	umask(077);
	make_layer(&f, STR("a program"), second);
	T_OK(t, digest_eq(&first[0], &second[0]) && digest_eq(&first[1], &second[1]));
	MUST(&f, gzip_decompress(blob_text(&f, &first[0]), 1 << 20, &tar, &f.e));
	diffid = digest_str(buf_str(&tar));
	MUST(&f, json_parse(&f.arena, blob_text(&f, &first[1]), "layer.json", &facts, &f.e));
	MUST(&f, json_need_str(facts, "diffid", &text, "layer.json", &f.e));
	T_EQ_STR(t, text.p, digest_oci(&f.arena, &diffid).p);
	buf_fini(&tar);
	close_fixture(&f);
}

/* Names outside ASCII and contents of any bytes come through. */
void TestOciLayerOddNames(struct test *t)
{
	struct fixture f;
	struct layer_entry v = {.path = STR("/caf\xc3\xa9"),
				.kind = LAYER_BYTES,
				.mode = 0644,
				.text = STR("\0\xff\n")};
	struct digest out[2];
	struct str params;
	struct buf tar = {0};

	open_fixture(&f, t);
	MUST(&f, oci_layer_params(&f.arena, &v, 1, 0, &params, &f.e));
	run_step(&f, &oci_layer_step, params, NULL, 0, out, 2);
	MUST(&f, gzip_decompress(blob_text(&f, &out[0]), 1 << 20, &tar, &f.e));
	T_EQ_INT(t, tar.n % 512, 0);
	T_MUST(t, tar.n >= LAST_BLOCKS);
	T_EQ_MEM(t, tar.p + tar.n - LAST_BLOCKS, 4, "\0\xff\n\0", 4);
	buf_fini(&tar);
	close_fixture(&f);
}

void TestOciLayerBadParams(struct test *t)
{
	static const char *const bad[] = {
	    "",
	    "[]",
	    "{\"entries\":[]}",
	    "{\"entries\":[1],\"mtime\":0}",
	    "{\"entries\":[{\"gid\":0,\"input\":1,\"kind\":\"file\",\"mode\":0,\"path\":\"x\","
	    "\"uid\":0}],\"mtime\":0}",
	    "{\"entries\":[{\"gid\":0,\"hex\":\"zz\",\"kind\":\"bytes\",\"mode\":0,\"path\":\"x\","
	    "\"uid\":0}],\"mtime\":0}",
	    "{\"entries\":[{\"gid\":0,\"kind\":\"link\",\"mode\":0,\"path\":\"x\",\"uid\":0}],"
	    "\"mtime\":0}",
	};
	struct arena a = {0};
	const char *out[2] = {"/nonexistent/a", "/nonexistent/b"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct step_io io = {
		    .scratch = &a, .out = out, .out_count = 2, .params = str_of(bad[i])};
		struct err e = {0};

		T_CHECK(t, !oci_layer_step.run(&io, &e) && e.code == ERR_INPUT, "%s: %s", bad[i],
			e.msg);
	}
	arena_fini(&a);
}

/* --- documents --- */

void TestOciConfigGolden(struct test *t)
{
	struct fixture f;
	struct digest out[3];

	open_fixture(&f, t);
	make_platform(&f, "linux/arm/v7", out);
	T_EQ_STR(
	    t, blob_text(&f, &out[0]).p,
	    "{\"architecture\":\"arm\",\"config\":{\"Cmd\":[\"-v\"],\"Entrypoint\":[\"/"
	    "kv\"],\"Env\":[\"A=1=2\"],"
	    "\"ExposedPorts\":{\"8080/"
	    "tcp\":{}},\"Labels\":{\"a\":\"b\",\"org.opencontainers.image.version\":\"v1\"},"
	    "\"User\":\"65532:65532\",\"WorkingDir\":\"/\"},\"created\":\"2023-11-14T22:13:20Z\","
	    "\"history\":[{\"created\":\"2023-11-14T22:13:20Z\",\"created_by\":\"cbuild "
	    "image\"}],\"os\":\"linux\","
	    "\"rootfs\":{\"diff_ids\":[\"sha256:"
	    "3dc262d545dd347993b8203598dd6a3f66f4859bc332dce829b3fee2049ff71b\"],\"type\":"
	    "\"layers\"},\"variant\":\"v7\"}");
	close_fixture(&f);
}

void TestOciCollect(struct test *t)
{
	struct fixture f;
	struct oci_image img = {0};
	struct digest index;

	open_fixture(&f, t);
	index = make_image(&f, all_targets, 3);
	MUST(&f, oci_collect(&f.arena, f.cas, &index, &img, &f.e));
	T_MUST(t, img.platforms.n == 3);
	T_EQ_INT(t, img.blobs.n, 1 + 3 * 3);
	T_OK(t, digest_eq(&img.blobs.v[0], &index) && digest_eq(&img.index, &index));
	for (size_t i = 0; i < img.platforms.n; i++) {
		T_EQ_STR(t, target_name(&f.arena, &img.platforms.v[i].target).p, all_targets[i]);
		T_EQ_INT(t, img.platforms.v[i].layers.n, 1);
	}
	close_fixture(&f);
}

/* Replaces every occurrence; the document must hold from. */
static struct str replace(struct fixture *f, struct str text, const char *from, const char *to)
{
	struct buf b = {0};
	struct str out;
	size_t n = strlen(from), hits = 0;

	for (size_t i = 0; i < text.n;) {
		if (i + n <= text.n && memcmp(text.p + i, from, n) == 0) {
			buf_addc(&b, to);
			i += n;
			hits++;
		} else {
			buf_add_byte(&b, text.p[i++]);
		}
	}
	T_CHECK(f->t, hits, "'%s' is not in the document", from);
	out = str_dup(&f->arena, buf_str(&b));
	buf_fini(&b);
	return out;
}

enum document { CONFIG, MANIFEST, INDEX };

static const struct {
	enum document which;
	const char *from, *to, *want;
} hostile[] = {
    {INDEX, "\"schemaVersion\":2", "\"schemaVersion\":1", "schemaVersion"},
    {INDEX, "\"schemaVersion\":2", "\"schemaVersion\":\"2\"", "not an integer"},
    {INDEX, "image.index.v1+json", "image.manifest.v1+json", "mediaType"},
    {INDEX, "\"manifests\":[", "\"manifests\":[],\"x\":[", "no platform"},
    {INDEX, "\"manifests\":[", "\"manifests\":[7,", "descriptor"},
    {INDEX, "image.manifest.v1", "image.index.v1", "no image manifest"},
    {INDEX, "sha256:", "sha512:", "no sha256 digest"},
    {INDEX, "sha256:", "sha256:../", "no sha256 digest"},
    {INDEX, "\"size\":", "\"size\":-", "below 0"},
    {INDEX, "\"size\":", "\"size\":1", "does not hold"},
    {INDEX, "\"size\":", "\"size\":99999", "larger than 4 MiB"},
    {INDEX, "\"amd64\"", "\"arm64\"", "not the one that the index says"},
    {INDEX, "\"amd64\"", "\"vax\"", "platform is unknown"},
    {INDEX, "\"platform\":", "\"platfrom\":", "'os' is missing"},
    {MANIFEST, "\"layers\":[", "\"layers\":7,\"x\":[", "not an array"},
    {MANIFEST, "\"layers\":[", "\"layers\":[],\"x\":[", "does not fit"},
    {MANIFEST, "tar+gzip", "tar+exe", "media type"},
    {MANIFEST, "image.config.v1", "image.confid.v1", "media type"},
    {MANIFEST, "\"config\":", "\"confid\":", "descriptor is missing"},
    {CONFIG, "\"rootfs\":", "\"rootsf\":", "'type' is missing"},
    {CONFIG, "\"type\":\"layers\"", "\"type\":\"files\"", "does not fit"},
    {CONFIG, "\"diff_ids\":[", "\"diff_ids\":[7,", "does not fit"},
    {CONFIG, "\"diff_ids\":[\"sha256:", "\"diff_ids\":[\"sha256:0", "no sha256 digest"},
    {CONFIG, "\"os\":\"linux\"", "\"os\":\"linux", "not valid JSON"},
    {CONFIG, "\"amd64\"", "\"arm64\"", "not the one that the index says"},
};

/* Changes one document and, above it, the references to it, so that only the change itself is
 * wrong. */
static struct digest garbled_image(struct fixture *f, size_t row)
{
	struct digest parts[3], docs[3], changed;
	struct str text;

	make_platform(f, "linux/amd64", parts);
	docs[CONFIG] = parts[0];
	docs[MANIFEST] = parts[1];
	docs[INDEX] = make_image(f, all_targets, 1);
	text =
	    replace(f, blob_text(f, &docs[hostile[row].which]), hostile[row].from, hostile[row].to);
	changed = put_blob(f, text);
	for (int i = (int)hostile[row].which + 1; i <= INDEX; i++) {
		text = blob_text(f, &docs[i]);
		text = replace(f, text, digest_oci(&f->arena, &docs[i - 1]).p,
			       digest_oci(&f->arena, &changed).p);
		text = replace(
		    f, text,
		    str_fmt(&f->arena, "\"size\":%llu", (unsigned long long)docs[i - 1].size_bytes)
			.p,
		    str_fmt(&f->arena, "\"size\":%llu", (unsigned long long)changed.size_bytes).p);
		changed = put_blob(f, text);
	}
	return changed;
}

void TestOciCollectHostile(struct test *t)
{
	struct fixture f;

	open_fixture(&f, t);
	for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
		struct digest index = garbled_image(&f, i);
		struct oci_image img;
		struct err e = {0};
		bool ok = oci_collect(&f.arena, f.cas, &index, &img, &e);

		T_CHECK(t, !ok && strstr(e.msg, hostile[i].want) && e.place[0],
			"%s -> %s: got '%s', want '%s'", hostile[i].from, hostile[i].to,
			ok ? "no error" : e.msg, hostile[i].want);
	}
	close_fixture(&f);
}

void TestOciCollectTwicePlatform(struct test *t)
{
	static const char *const twice[] = {"linux/amd64", "linux/amd64"};
	struct fixture f;
	struct oci_image img;
	struct digest index;

	open_fixture(&f, t);
	index = make_image(&f, twice, 2);
	T_OK(t, !oci_collect(&f.arena, f.cas, &index, &img, &f.e));
	T_CHECK(t, strstr(f.e.msg, "twice"), "%s", f.e.msg);
	close_fixture(&f);
}

/* Each blob in turn is cut short on disk: a fresh process must not call the image whole. */
void TestOciCollectDamagedBlob(struct test *t)
{
	struct fixture f;
	struct oci_image img, again;
	struct digest index;

	open_fixture(&f, t);
	index = make_image(&f, all_targets, 1);
	MUST(&f, oci_collect(&f.arena, f.cas, &index, &img, &f.e));
	for (size_t i = 0; i < img.blobs.n; i++) {
		struct str path = cas_path(&f.arena, f.cas, &img.blobs.v[i]),
			   whole = blob_text(&f, &img.blobs.v[i]);
		struct cas *second;
		struct digest back;

		MUST(&f, file_write_fast(path.p, (struct str){whole.p, whole.n - 1}, 0444, &f.e));
		MUST(&f, cas_open(&f.arena, str_fmt(&f.arena, "%.*s/cache", STR_ARG(f.dir)),
				  &second, &f.e));
		T_CHECK(t, !oci_collect(&f.arena, second, &index, &again, &f.e), "blob %zu", i);
		T_EQ_INT(t, f.e.code, ERR_VERIFY);
		cas_close(second);
		MUST(&f, cas_put(f.cas, whole, false, &back, &f.e));
	}
	close_fixture(&f);
}

/* --- layout --- */

static struct str read_at(struct fixture *f, const char *dir, const char *name)
{
	struct str text = {0};

	MUST(f, file_read(&f->arena, str_fmt(&f->arena, "%s/%s", dir, name).p, 0, &text, &f->e));
	return text;
}

void TestOciLayoutTags(struct test *t)
{
	struct fixture f;
	struct oci_image img, other;
	struct digest index, second;
	const char *dir;
	struct str text;

	open_fixture(&f, t);
	index = make_image(&f, all_targets, 3);
	second = make_image(&f, all_targets, 2);
	MUST(&f, oci_collect(&f.arena, f.cas, &index, &img, &f.e));
	MUST(&f, oci_collect(&f.arena, f.cas, &second, &other, &f.e));
	dir = fresh(&f, "layout");
	MUST(&f, oci_write_layout(&f.arena, f.cas, &img, STR("v1"), dir, &f.e));
	MUST(&f, oci_write_layout(&f.arena, f.cas, &img, STR("latest"), dir, &f.e));
	MUST(&f, oci_write_layout(&f.arena, f.cas, &other, STR("v1"), dir, &f.e));
	text = read_at(&f, dir, "index.json");
	T_CHECK(t, str_containsc(text, digest_oci(&f.arena, &index).p), "%s", text.p);
	T_CHECK(t, str_containsc(text, digest_oci(&f.arena, &second).p), "%s", text.p);
	T_CHECK(t, str_containsc(text, "\"latest\"") && str_containsc(text, "\"v1\""), "%s",
		text.p);
	T_EQ_STR(t, read_at(&f, dir, "oci-layout").p, "{\"imageLayoutVersion\":\"1.0.0\"}");
	for (size_t i = 0; i < img.blobs.n; i++) {
		struct str hex = str_skip(digest_oci(&f.arena, &img.blobs.v[i]), 7);
		struct digest d;

		MUST(&f, file_digest(str_fmt(&f.arena, "%s/blobs/sha256/%.*s", dir, STR_ARG(hex)).p,
				     &d, &f.e));
		T_OK(t, digest_eq(&d, &img.blobs.v[i]));
	}
	close_fixture(&f);
}

void TestOciLayoutRefused(struct test *t)
{
	static const char *const bad_refs[] = {"",   "a b", "../x",	 "-x",	    "a:b:c",
					       "a/", "/a",  "a:b/c:d:e", "\xc3\xa9"};
	struct fixture f;
	struct oci_image img;
	struct digest index;
	const char *dir;

	open_fixture(&f, t);
	index = make_image(&f, all_targets, 1);
	MUST(&f, oci_collect(&f.arena, f.cas, &index, &img, &f.e));
	dir = fresh(&f, "layout");
	for (size_t i = 0; i < sizeof bad_refs / sizeof bad_refs[0]; i++)
		T_CHECK(t,
			!oci_write_layout(&f.arena, f.cas, &img, str_of(bad_refs[i]), dir, &f.e) &&
			    f.e.code == ERR_USAGE,
			"'%s'", bad_refs[i]);
	MUST(&f,
	     oci_write_layout(&f.arena, f.cas, &img, STR("localhost:5000/a/kv:v1.0"), dir, &f.e));
	MUST(&f, file_write_fast(str_fmt(&f.arena, "%s/index.json", dir).p,
				 STR("{\"manifests\":[{}]}"), 0644, &f.e));
	T_OK(t, !oci_write_layout(&f.arena, f.cas, &img, STR("v1"), dir, &f.e));
	T_CHECK(t, f.e.fix[0] && f.e.place[0] && f.e.code == ERR_INPUT, "%s", f.e.msg);
	close_fixture(&f);
}

void TestOciTarDeterministic(struct test *t)
{
	struct fixture f;
	struct oci_image img;
	struct digest index, one, two;
	const char *first, *second;

	open_fixture(&f, t);
	index = make_image(&f, all_targets, 3);
	MUST(&f, oci_collect(&f.arena, f.cas, &index, &img, &f.e));
	first = fresh(&f, "a.tar");
	second = fresh(&f, "b.tar");
	MUST(&f, oci_write_tar(&f.arena, f.cas, &img, STR("kv:v1"), first, &f.e));
	umask(0);
	MUST(&f, oci_write_tar(&f.arena, f.cas, &img, STR("kv:v1"), second, &f.e));
	MUST(&f, file_digest(first, &one, &f.e) && file_digest(second, &two, &f.e));
	T_OK(t, digest_eq(&one, &two));
	close_fixture(&f);
}

/* A blob that vanishes between collecting and writing leaves no tar and no tag behind. */
void TestOciWriteMissingBlob(struct test *t)
{
	struct fixture f;
	struct oci_image img;
	struct digest index;
	const char *tar, *dir;

	open_fixture(&f, t);
	index = make_image(&f, all_targets, 1);
	MUST(&f, oci_collect(&f.arena, f.cas, &index, &img, &f.e));
	MUST(&f, file_remove(cas_path(&f.arena, f.cas, &img.platforms.v[0].config).p, &f.e));
	tar = fresh(&f, "a.tar");
	dir = fresh(&f, "layout");
	T_OK(t, !oci_write_tar(&f.arena, f.cas, &img, STR("kv:v1"), tar, &f.e) &&
		    f.e.code == ERR_VERIFY);
	T_EQ_INT(t, file_kind(tar), FILE_ABSENT);
	T_OK(t, !oci_write_layout(&f.arena, f.cas, &img, STR("v1"), dir, &f.e) &&
		    f.e.code == ERR_VERIFY);
	T_EQ_INT(t, file_kind(str_fmt(&f.arena, "%s/index.json", dir).p), FILE_ABSENT);
	close_fixture(&f);
}
