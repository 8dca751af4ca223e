#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/map.h"
#include "base/sha256.h"
#include "base/target.h"
#include "base/vec.h"
#include "cbuild/test.h"

void TestArenaAlignmentAndZero(struct test *t)
{
	struct arena a = {0};

	for (size_t n = 0; n < 300; n++) {
		size_t align = (size_t)1 << (n % 5);
		unsigned char *p = arena_alloc(&a, n, align);

		T_CHECK(t, (uintptr_t)p % align == 0, "%zu bytes aligned to %zu", n, align);
		for (size_t i = 0; i < n; i++)
			T_MUST(t, p[i] == 0);
		memset(p, 0xff, n);
	}
	arena_fini(&a);
	T_OK(t, a.total_bytes == 0);
	T_OK(t, arena_alloc(&a, 1 << 20, 16) != NULL);
	arena_fini(&a);
}

void TestArenaGrowKeepsAndZeroes(struct test *t)
{
	struct arena a = {0};
	int *v = NULL;

	for (size_t n = 0; n < 1000; n++) {
		v = arena_grow(&a, v, n, n + 1, sizeof *v, _Alignof(int));
		T_MUST(t, v[n] == 0);
		v[n] = (int)n;
		if (n % 7 == 0)
			arena_alloc(&a, 3, 1);
	}
	for (int n = 0; n < 1000; n++)
		T_MUST(t, v[n] == n);
	arena_fini(&a);
}

void TestMapManyKeys(struct test *t)
{
	struct arena a = {0};
	struct map m = {0};
	bool added;

	T_OK(t, !map_get(&m, STR("x")));
	for (uint64_t i = 0; i < 5000; i++) {
		map_put(&a, &m, str_fmt(&a, "key%d", (int)i), &added)->num = i;
		T_MUST(t, added);
	}
	T_EQ_INT(t, m.n, 5000);
	for (uint64_t i = 0; i < 5000; i++) {
		struct map_item *item = map_get(&m, str_fmt(&a, "key%d", (int)i));

		T_MUST(t, item && item->num == i && item == &m.items[i]);
	}
	map_put(&a, &m, STR("key7"), &added);
	T_OK(t, !added && !map_get(&m, STR("key")) && !map_ptr(&m, STR("none")));
	arena_fini(&a);
}

/* With room for fewer, as many or more, and in a map that has some already. */
void TestMapReserve(struct test *t)
{
	for (size_t room = 0; room < 70; room++) {
		struct arena a = {0};
		struct map m = {0};

		map_reserve(&a, &m, room / 2);
		for (uint64_t i = 0; i < 40; i++) {
			if (i == 20)
				map_reserve(&a, &m, room);
			map_put(&a, &m, str_fmt(&a, "key%d", (int)i), NULL)->num = i;
		}
		for (uint64_t i = 0; i < 40; i++) {
			struct map_item *item = map_get(&m, str_fmt(&a, "key%d", (int)i));

			T_MUST(t, item && item == &m.items[i]);
			T_EQ_INT(t, item->num, i);
		}
		T_OK(t, m.n == 40 && !map_get(&m, STR("key")));
		arena_fini(&a);
	}
}

static void check_render(struct test *t, const struct err *e, const char *want)
{
	struct buf b = {0};

	err_render(e, &b);
	T_EQ_STR(t, b.p, want);
	buf_fini(&b);
}

void TestErrRender(struct test *t)
{
	struct err e = {0};

	T_OK(t, !err_at(&e, ERR_INPUT, "cbuild.yaml", 4, 1, "unknown key '%s'", "requires"));
	T_OK(t, !err_wrap(&e, "reading manifest"));
	T_OK(t, !err_fix(&e, "did you mean '%s'?", "require"));
	check_render(t, &e,
		     "cbuild.yaml:4:1: unknown key 'requires'\n"
		     "  while: reading manifest\n"
		     "  fix: did you mean 'require'?\n");
	err_set(&e, ERR_NET, "no answer");
	check_render(t, &e, "cbuild: no answer\n");
	err_set(&e, ERR_INPUT, "a\033[31mb\tc\r");
	check_render(t, &e, "cbuild: a?[31mb\tc?\n");
}

void TestErrSetFromOwnText(struct test *t)
{
	struct err e = {0};

	err_at(&e, ERR_INPUT, "f", 1, 2, "inner");
	err_at(&e, ERR_VERIFY, e.place, 3, 4, "outer of %s", e.msg);
	check_render(t, &e, "f:3:4: outer of inner\n");
}

void TestErrErrno(struct test *t)
{
	struct err e = {0};

	errno = ENOSPC;
	T_OK(t, !err_errno(&e, "writing %s", "x"));
	T_EQ_INT(t, e.code, ERR_IO);
	T_EQ_INT(t, e.os_errno, ENOSPC);
	T_OK(t, strstr(e.msg, "writing x: ") == e.msg);
	T_OK(t, strstr(e.fix, "CBUILD_CACHE") != NULL);
}

void TestErrAlsoListsTen(struct test *t)
{
	struct err e = {0};
	int lines = 1;

	err_at(&e, ERR_INPUT, "f", 1, 1, "first");
	for (int i = 2; i < 40; i++)
		err_also(&e, "f", i, 1, "more");
	for (const char *p = e.msg; *p; p++)
		lines += *p == '\n';
	T_EQ_INT(t, lines, 11);
	T_OK(t, strstr(e.msg, "\nf:10:1: more\n...") != NULL);
}

void TestErrCutsLongText(struct test *t)
{
	struct err e = {0};
	char text[8000];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	err_at(&e, ERR_INPUT, text, 1, 1, "%s", text);
	for (int i = 0; i < 50; i++)
		err_wrap(&e, "%s", text);
	err_fix(&e, "%s", text);
	T_EQ_INT(t, strlen(e.place), sizeof e.place - 1);
	T_EQ_INT(t, strlen(e.msg), sizeof e.msg - 1);
	T_OK(t, strlen(e.chain) < sizeof e.chain && strlen(e.fix) < sizeof e.fix);
}

void TestErrExitStatus(struct test *t)
{
	T_EQ_INT(t, err_exit_status(ERR_NONE), 0);
	T_EQ_INT(t, err_exit_status(ERR_TOOL), 1);
	T_EQ_INT(t, err_exit_status(ERR_USAGE), 2);
	T_EQ_INT(t, err_exit_status(ERR_NET), 3);
	T_EQ_INT(t, err_exit_status(ERR_CANCEL), 130);
}

/* FIPS 180-4 examples, as published with SHA-256 by NIST. */
void TestDigestVectors(struct test *t)
{
	static const struct {
		const char *text, *hex;
	} cases[] = {
	    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};
	char hex[DIGEST_HEX + 1];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct digest d = digest_str(str_of(cases[i].text)),
			      back = {.size_bytes = d.size_bytes};

		digest_hex(&d, hex);
		T_EQ_STR(t, hex, cases[i].hex);
		T_EQ_INT(t, d.size_bytes, strlen(cases[i].text));
		T_OK(t, digest_parse_hex(str_of(hex), &back) && digest_eq(&d, &back));
	}
}

void TestDigestStreaming(struct test *t)
{
	char data[1000];
	struct digest whole;

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (char)(i * 7);
	whole = digest_of(data, sizeof data);
	for (size_t cut = 0; cut <= sizeof data; cut += 37) {
		struct digest_ctx c;
		struct digest d;

		digest_init(&c);
		digest_update(&c, data, cut);
		digest_update(&c, data + cut, sizeof data - cut);
		d = digest_final(&c);
		T_CHECK(t, digest_eq(&d, &whole), "cut at %zu", cut);
	}
}

/* What the processor's instructions make of blocks is what plain C does; a million a's is NIST's long example. */
void TestDigestNative(struct test *t)
{
	static unsigned char data[1000000];
	sha256_blocks native = sha256_blocks_native();
	char hex[DIGEST_HEX + 1];
	struct digest d;

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (unsigned char)(i * 2654435761u >> 16);
	for (size_t n = 0; native && n < 40; n++) {
		uint32_t x[8] = {1, 2, 3, 4, 5, 6, 7, 0xffffffff}, y[8];

		memcpy(y, x, sizeof x);
		sha256_blocks_plain(x, data + n, n);
		native(y, data + n, n);
		T_CHECK(t, memcmp(x, y, sizeof x) == 0, "%zu blocks", n);
	}
	memset(data, 'a', sizeof data);
	d = digest_of(data, sizeof data);
	digest_hex(&d, hex);
	T_EQ_STR(t, hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

void TestDigestForms(struct test *t)
{
	struct arena a = {0};
	struct digest d = digest_str(STR("abc")), zero = {0};

	T_EQ_STR(t, digest_oci(&a, &d).p,
		 "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	T_EQ_STR(t, digest_base64(&a, &d).p, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
	T_OK(t, digest_is_zero(&zero) && !digest_is_zero(&d) && digest_cmp(&zero, &d) < 0);
	T_OK(t,
	     !digest_parse_hex(
		 STR("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"), &zero));
	T_OK(t, !digest_parse_hex(STR("ba78"), &zero));
	arena_fini(&a);
}

void TestTargetParse(struct test *t)
{
	static const char *const cases[][2] = {
	    {"linux/amd64", "linux/amd64"},
	    {"linux/arm", "linux/arm/v7"},
	    {"linux/arm/v6", "linux/arm/v6"},
	    {"linux/arm64/v8", "linux/arm64"},
	    {"linux/386", "linux/386"},
	    {"linux/riscv64", "linux/riscv64"},
	    {"linux", NULL},
	    {"linux/x86_64", NULL},
	    {"", NULL},
	    {"linux/amd64/", NULL},
	    {"plan9/amd64", NULL},
	};
	struct arena a = {0};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct target target;
		struct err e = {0};
		bool ok = target_parse(str_of(cases[i][0]), &target, &e);

		T_CHECK(t, ok == (cases[i][1] != NULL), "input '%s'", cases[i][0]);
		if (ok && cases[i][1])
			T_EQ_STR(t, target_name(&a, &target).p, cases[i][1]);
		else if (!ok)
			T_CHECK(t, e.code == ERR_USAGE && e.fix[0], "input '%s': %s", cases[i][0],
				e.msg);
	}
	arena_fini(&a);
}
