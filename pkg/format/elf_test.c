/*
 * Files are built here field by field in all four shapes, so that each fact has a known answer; the
 * running test program itself and a program made by the system's compiler are the real ones.
 */
#include "format/elf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cbuild/test.h"

struct shape {
	bool wide, big;
};

static const struct shape shapes[] = {{false, false}, {false, true}, {true, false}, {true, true}};

enum { FILE_BYTES = 2048, SEGMENT_COUNT = 6 };

struct image {
	struct shape shape;
	unsigned char bytes[FILE_BYTES];
};

static void put(struct image *m, size_t at, unsigned width, uint64_t v)
{
	for (unsigned i = 0; i < width; i++)
		m->bytes[at + (m->shape.big ? width - 1 - i : i)] = (unsigned char)(v >> (8 * i));
}

static unsigned word_bytes(const struct image *m)
{
	return m->shape.wide ? 8 : 4;
}

static void put_segment(struct image *m, size_t i, uint32_t type, uint32_t flags, uint64_t offset,
			uint64_t n)
{
	size_t at = 64 + i * (m->shape.wide ? 56 : 32);

	put(m, at, 4, type);
	put(m, at + (m->shape.wide ? 4 : 24), 4, flags);
	put(m, at + (m->shape.wide ? 8 : 4), word_bytes(m), offset);
	put(m, at + (m->shape.wide ? 16 : 8), word_bytes(m), 0x10000 + offset);
	put(m, at + (m->shape.wide ? 32 : 16), word_bytes(m), n);
	put(m, at + (m->shape.wide ? 48 : 28), word_bytes(m), 4);
}

static void put_dynamic(struct image *m, size_t i, uint64_t tag, uint64_t value)
{
	size_t at = 700 + i * 2 * word_bytes(m);

	put(m, at, word_bytes(m), tag);
	put(m, at + word_bytes(m), word_bytes(m), value);
}

static void put_note(struct image *m, size_t at, uint32_t type, const char *owner, const char *desc,
		     size_t n)
{
	put(m, at, 4, 4);
	put(m, at + 4, 4, n);
	put(m, at + 8, 4, type);
	memcpy(m->bytes + at + 12, owner, 4);
	memcpy(m->bytes + at + 16, desc, n);
}

/* A dynamic program: load, interp, dynamic, notes, stack. 700 dynamic, 900 names, 1000 interp, 1100
 * notes. */
static void make_dynamic(struct image *m, struct shape shape)
{
	memset(m, 0, sizeof *m);
	m->shape = shape;
	memcpy(m->bytes, "\177ELF", 4);
	m->bytes[4] = shape.wide ? ELF_CLASS_64 : ELF_CLASS_32;
	m->bytes[5] = shape.big ? ELF_BIG : ELF_LITTLE;
	put(m, 16, 2, ELF_DYN);
	put(m, 18, 2, 183);
	put(m, 24, word_bytes(m), 0x10040);
	put(m, shape.wide ? 32 : 28, word_bytes(m), 64);
	put(m, shape.wide ? 54 : 42, 2, shape.wide ? 56 : 32);
	put(m, shape.wide ? 56 : 44, 2, SEGMENT_COUNT);
	put_segment(m, 0, 1, 7, 0, FILE_BYTES);
	put_segment(m, 1, 3, 4, 1000, 10);
	put_segment(m, 2, 2, 6, 700, 200);
	put_segment(m, 3, 4, 4, 1100, 60);
	put_segment(m, 4, 0x6474e551, 7, 0, 0);
	put_segment(m, 5, 0x6474e552, 4, 0, 0);
	put_dynamic(m, 0, 1, 1);
	put_dynamic(m, 1, 1, 9);
	put_dynamic(m, 2, 5, 0x10000 + 900);
	put_dynamic(m, 3, 10, 40);
	put_dynamic(m, 4, 29, 17);
	put_dynamic(m, 5, 22, 0);
	put_dynamic(m, 6, 0x6ffffffb, 0x08000001);
	memcpy(m->bytes + 900, "\0libc.so\0libm.so\0/opt/lib\0", 27);
	memcpy(m->bytes + 1000, "/lib/ld.so", 10);
	m->bytes[1009] = '\0';
	put_note(m, 1100, 3, "GNU", "\1\2\3\4", 4);
	put_note(m, 1120, 0xcafe1a7e, "FDO", "{\"name\":\"kv\"}\0\0\0", 16);
}

static struct str bytes_of(const struct image *m)
{
	return (struct str){(const char *)m->bytes, sizeof m->bytes};
}

static void check_shape(struct test *t, struct shape shape)
{
	struct arena a = {0};
	struct image m;
	struct elf_facts f;
	struct err e;

	make_dynamic(&m, shape);
	if (!elf_read(&a, bytes_of(&m), &f, &e))
		test_fatal(t, __FILE__, __LINE__, "wide %d big %d: %s", shape.wide, shape.big,
			   e.msg);
	T_EQ_INT(t, f.elf_class, shape.wide ? ELF_CLASS_64 : ELF_CLASS_32);
	T_EQ_INT(t, f.data, shape.big ? ELF_BIG : ELF_LITTLE);
	T_EQ_INT(t, f.machine, 183);
	T_EQ_INT(t, f.type, ELF_DYN);
	T_EQ_INT(t, f.entry, 0x10040);
	T_EQ_STR(t, f.interp.p, "/lib/ld.s");
	T_EQ_INT(t, f.needed.n, 2);
	T_EQ_STR(t, f.needed.v[0].p, "libc.so");
	T_EQ_STR(t, f.needed.v[1].p, "libm.so");
	T_EQ_STR(t, f.runpath.p, "/opt/lib");
	T_OK(t, f.has_interp && f.has_dynamic && f.has_gnu_stack && f.exec_stack && f.has_rwx);
	T_OK(t, f.has_relro && f.is_pie && f.bind_now && f.has_textrel && f.has_load);
	T_OK(t, !f.has_sections && !f.has_symtab);
	T_EQ_MEM(t, f.build_id.p, f.build_id.n, "\1\2\3\4", 4);
	T_EQ_STR(t, f.package.p, "{\"name\":\"kv\"}");
	arena_fini(&a);
}

void TestElfShapes(struct test *t)
{
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
		check_shape(t, shapes[i]);
}

/* Each damage to the 64-bit little-endian image and the word that its error must hold. */
static const struct damage {
	size_t at;
	unsigned width;
	uint64_t value;
	const char *want;
} damages[] = {
    {0, 1, 'M', "magic"},
    {4, 1, 3, "class"},
    {5, 1, 0, "byte order"},
    {32, 8, UINT64_MAX - 8, "segment table"},
    {32, 8, FILE_BYTES - 10, "segment table"},
    {54, 2, 55, "segment table"},
    {56, 2, 2000, "1024 segments"},
    {40, 8, FILE_BYTES, "section table"},
    {40, 8, UINT64_MAX, "section table"},
    {64 + 8, 8, UINT64_MAX, "segment lies"},
    {64 + 32, 8, FILE_BYTES + 1, "segment lies"},
    {64 + 56 + 32, 8, 3, "loader"},
    {64 + 112 + 8, 8, FILE_BYTES - 10, "dynamic section lies"},
    {64 + 112, 4, 3, "two loaders"},
    {64 + 168 + 32, 8, FILE_BYTES, "notes lie"},
    {1100, 4, 0xfffffff0, "longer than its segment"},
    {1104, 4, 0xffffffff, "longer than its segment"},
    {708, 8, 0, NULL},
    {700 + 8, 8, 39, NULL},
    {700 + 8, 8, 40, "string table"},
    {700 + 8, 8, UINT64_MAX, "string table"},
    {732 + 8, 8, 0, "string table"},
    {748 + 8, 8, 0, "string table"},
};

void TestElfDamage(struct test *t)
{
	for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
		const struct damage *d = &damages[i];
		struct arena a = {0};
		struct image m;
		struct elf_facts f;
		struct err e = {0};
		bool ok;

		make_dynamic(&m, (struct shape){.wide = true});
		put(&m, d->at, d->width, d->value);
		ok = elf_read(&a, bytes_of(&m), &f, &e);
		T_CHECK(t, ok == !d->want, "damage %zu: %s", i, e.msg);
		T_CHECK(t, !d->want || strstr(e.msg, d->want), "damage %zu: got %s, want %s", i,
			e.msg, d->want);
		arena_fini(&a);
	}
}

/* Every prefix, on memory of exactly that size so that ASan sees one byte too many. */
static size_t read_prefixes(struct str whole, size_t step)
{
	size_t accepted = 0;

	for (size_t n = 0; n < whole.n; n += step) {
		char *copy = malloc(n ? n : 1);
		struct arena a = {0};
		struct elf_facts f;
		struct err e;

		memcpy(copy, whole.p, n);
		accepted += elf_read(&a, (struct str){copy, n}, &f, &e);
		arena_fini(&a);
		free(copy);
	}
	return accepted;
}

void TestElfTruncated(struct test *t)
{
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
		struct image m;

		make_dynamic(&m, shapes[i]);
		T_EQ_INT(t, read_prefixes(bytes_of(&m), 1), 0);
	}
}

/* Garbled copies: any answer is fine, a fault is not. */
static void garble(struct str whole, unsigned rounds)
{
	uint64_t seed = 88172645463325252u;
	char *copy = malloc(whole.n);

	for (unsigned i = 0; i < rounds; i++) {
		struct arena a = {0};
		struct elf_facts f;
		struct err e;

		memcpy(copy, whole.p, whole.n);
		for (unsigned k = 0; k < 8; k++) {
			size_t at;

			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			at = (size_t)(k & 1 ? seed >> 8 : (seed >> 8) % 1200) % whole.n;
			copy[at] = (char)seed;
		}
		if (!elf_read(&a, (struct str){copy, whole.n}, &f, &e))
			arena_alloc(&a, 1, 1);
		arena_fini(&a);
	}
	free(copy);
}

void TestElfGarbled(struct test *t)
{
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
		struct image m;

		make_dynamic(&m, shapes[i]);
		garble(bytes_of(&m), 20000);
	}
	test_log(t, "80000 garbled files read");
}

static struct str slurp(struct arena *a, const char *path)
{
	FILE *f = fopen(path, "rb");
	struct buf b = {0};
	char chunk[65536];
	struct str s;

	for (size_t n; f && (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
		buf_add(&b, chunk, n);
	if (f)
		(void)fclose(f);
	s = str_dup(a, (struct str){b.p, b.n});
	buf_fini(&b);
	return s;
}

void TestElfSelf(struct test *t)
{
	struct arena a = {0};
	struct str self = slurp(&a, "/proc/self/exe");
	struct elf_facts f;
	struct err e;

	if (!elf_read(&a, self, &f, &e))
		test_fatal(t, __FILE__, __LINE__, "%s", e.msg);
	T_EQ_INT(t, f.elf_class, sizeof(void *) == 8 ? ELF_CLASS_64 : ELF_CLASS_32);
	T_OK(t, f.type == ELF_DYN || f.type == ELF_EXEC);
	T_OK(t, f.has_load && f.has_gnu_stack && !f.exec_stack && !f.has_rwx);
	T_EQ_INT(t, read_prefixes((struct str){self.p, self.n < 70000 ? self.n : 70000}, 97), 0);
	arena_fini(&a);
}

static bool run_cc(const char *out, const char *source, char *const *more)
{
	const char *argv[16] = {"cc", "-o", out, source};
	size_t n = 4;
	pid_t pid;
	int status;

	while (*more && n < 15)
		argv[n++] = *more++;
	pid = fork();
	if (pid == 0) {
		union {
			const char **in;
			char *const *out;
		} v = {argv};

		execvp("cc", v.out);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

/* Compiles a one-line program with the given flags and reads it. */
static struct elf_facts facts_of(struct test *t, struct arena *a, char *const *flags)
{
	struct str dir = str_of(test_tmpdir(t));
	struct str source = str_fmt(a, "%.*s/x.c", STR_ARG(dir)),
		   out = str_fmt(a, "%.*s/x", STR_ARG(dir));
	FILE *f = fopen(source.p, "w");
	struct elf_facts facts;
	struct err e;

	T_MUST(t, f);
	(void)fputs("int main(void) { return 0; }\n", f);
	T_MUST(t, fclose(f) == 0);
	if (!run_cc(out.p, source.p, flags))
		test_skip(t, "no system compiler that accepts %s", flags[0]);
	if (!elf_read(a, slurp(a, out.p), &facts, &e))
		test_fatal(t, __FILE__, __LINE__, "%s: %s", flags[0], e.msg);
	return facts;
}

void TestElfRealDynamic(struct test *t)
{
	char now[] = "-Wl,-z,now", id[] = "-Wl,--build-id=sha1", rpath[] = "-Wl,-rpath,/nowhere",
	     debug[] = "-g";
	char *flags[] = {now, id, rpath, debug, NULL};
	struct arena a = {0};
	struct elf_facts f = facts_of(t, &a, flags);

	T_OK(t, f.has_interp && f.interp.n && f.has_dynamic && f.bind_now && f.has_symtab &&
		    f.has_debug);
	T_MUST(t, f.needed.n >= 1);
	T_OK(t, str_startsc(f.needed.v[0], "libc"));
	T_EQ_INT(t, f.build_id.n, 20);
	T_OK(t, str_eqc(f.runpath, "/nowhere") || str_eqc(f.rpath, "/nowhere"));
	arena_fini(&a);
}

void TestElfRealStatic(struct test *t)
{
	char is_static[] = "-static", strip[] = "-s", stack[] = "-Wl,-z,execstack";
	char *flags[] = {is_static, strip, stack, NULL};
	struct arena a = {0};
	struct elf_facts f = facts_of(t, &a, flags);

	T_OK(t, !f.has_interp && !f.needed.n && f.has_load && !f.has_symtab && f.exec_stack);
	arena_fini(&a);
}

void TestElfRealObject(struct test *t)
{
	char compile[] = "-c";
	char *flags[] = {compile, NULL};
	struct arena a = {0};
	struct elf_facts f = facts_of(t, &a, flags);

	T_EQ_INT(t, f.type, ELF_OBJECT);
	T_OK(t, !f.has_load && f.has_symtab && f.has_gnu_stack && !f.exec_stack);
	arena_fini(&a);
}

void TestElfDropDebug(struct test *t)
{
	char compile[] = "-c", debug[] = "-g";
	char *flags[] = {compile, debug, NULL};
	struct arena a = {0};
	struct elf_facts f = facts_of(t, &a, flags);
	struct str object = slurp(&a, str_fmt(&a, "%s/x", test_tmpdir(t)).p);
	char *copy = arena_strdup(&a, object.p, object.n);
	struct err e;

	T_OK(t, f.has_debug);
	elf_drop_debug(copy, object.n);
	T_MUST(t, elf_read(&a, str_from(copy, object.n), &f, &e));
	T_OK(t, f.has_symtab && f.has_gnu_stack);
	for (size_t cut = 0; cut < object.n; cut += 61) {
		copy = arena_strdup(&a, object.p, cut);
		elf_drop_debug(copy, cut);
		T_EQ_MEM(t, copy, cut, object.p, cut);
	}
	arena_fini(&a);
}

void TestElfSymbols(struct test *t)
{
	struct arena a = {0};
	/* This test program itself: it contains this function and needs libc's. */
	struct str self = slurp(&a, "/proc/self/exe");

	T_OK(t, elf_has_symbol(self, STR("TestElfSymbols"), true));
	T_OK(t, !elf_has_symbol(self, STR("TestElfSymbols"), false));
	T_OK(t, !elf_has_symbol(self, STR("TestElfSymbol"), true));
	for (size_t cut = 0; cut < 4096; cut += 61)
		T_OK(t, !elf_has_symbol(str_from(self.p, cut), STR("TestElfSymbols"), true));
	arena_fini(&a);
}
