/*
 * What templates ask for; what compilers and linkers answer is in testdata/script.
 */
#include <string.h>

#include "load/fixture_test.h"

void TestInferChecks(struct test *t)
{
	static const char template[] =
	    "/* Define to 1 if you have the `strlcpy' function. */\n#undef HAVE_STRLCPY\n\n"
	    "/* Define to 1 if you have the <sys/random.h> header file. */\n#undef HAVE_R\n\n"
	    "/* Define to 1 if you have the declaration of `strerror_r', and to 0 if you\n"
	    "   don't. */\n#undef HAVE_DECL_STRERROR_R\n\n"
	    "/* Define to 1 if 'st_mtim' is a member of 'struct stat'. */\n#undef HAVE_M\n\n"
	    "/* The size of 'void *', as computed by sizeof. */\n#undef SIZEOF_VOID_P\n\n"
	    "/* Define to 1 if the system has the type `ssize_t'. */\n#undef HAVE_T\n\n"
	    "/* Define to 1 if you have the `evil(); int x' function. */\n#undef EVIL\n\n"
	    "/* Name of package */\n#undef PACKAGE\n\n"
	    "#cmakedefine HAVE_NETINET_TCP_H 1\n#cmakedefine HAVE_GETPID 1\n"
	    "#cmakedefine01 HAVE_OFF_T\n#cmakedefine SIZEOF_LONG_LONG ${SIZEOF_LONG_LONG}\n"
	    "#undef HAVE_STRLCPY\n#undef SIZEOF_SIZE_T\n"
	    "/* Define to 1 if all of the C89 standard headers exist (not just the ones\n"
	    "   required in a freestanding environment). */\n#undef STDC_HEADERS\n";
	static const struct {
		const char *name, *subject;
		enum check_kind kind;
	} want[] = {
	    {"HAVE_STRLCPY", "strlcpy", CHECK_FUNCTION},
	    {"HAVE_R", "sys/random.h", CHECK_HEADER},
	    {"HAVE_DECL_STRERROR_R", "strerror_r", CHECK_DECL},
	    {"HAVE_M", "struct stat.st_mtim", CHECK_MEMBER},
	    {"SIZEOF_VOID_P", "void *", CHECK_SIZEOF},
	    {"HAVE_T", "ssize_t", CHECK_TYPE},
	    {"HAVE_NETINET_TCP_H", "netinet/tcp.h", CHECK_HEADER},
	    {"HAVE_GETPID", "getpid", CHECK_FUNCTION},
	    {"HAVE_OFF_T", "off_t", CHECK_TYPE},
	    {"SIZEOF_LONG_LONG", "long long", CHECK_SIZEOF},
	    {"SIZEOF_SIZE_T", "size_t", CHECK_SIZEOF},
	    {"STDC_HEADERS", "limits.h", CHECK_HEADER},
	};
	struct arena a = {0};
	struct check_vec got = {0};
	struct str_vec unknown = {0};

	infer_checks(&a, str_of(template), &got, &unknown);
	for (size_t i = 0; i < got.n && i < sizeof want / sizeof want[0]; i++) {
		struct str subject =
		    got.v[i].kind == CHECK_HEADER ? got.v[i].headers.v[0] : got.v[i].subject;

		T_EQ_STR(t, str_c(&a, got.v[i].name), want[i].name);
		T_EQ_STR(t, str_c(&a, subject), want[i].subject);
		T_EQ_INT(t, got.v[i].kind, want[i].kind);
	}
	T_EQ_INT(t, got.n, sizeof want / sizeof want[0]);
	T_EQ_INT(t, unknown.n, 2); /* EVIL, PACKAGE */
	arena_fini(&a);
}

/* One macro below each comment; subject NULL: a snippet, "": nothing is asked, "?": nothing is known. */
void TestInferForms(struct test *t)
{
	static const struct {
		const char *comment, *macro, *subject;
		enum check_kind kind;
		const char *holds; /* somewhere in the text, or yes value */
	} table[] = {
	    {"", "HAVE_STRUCT_TIMEVAL", "struct timeval", CHECK_TYPE, "sys/time.h"},
	    {"define if you have struct timeval", "HAVE_STRUCT_TIMEVAL", "struct timeval",
	     CHECK_TYPE, ""},
	    {"", "HAVE_STRUCT_SOCKADDR_STORAGE", "struct sockaddr_storage", CHECK_TYPE,
	     "sys/socket.h"},
	    {"", "HAVE_STRUCT_SOCKADDR_UN", "struct sockaddr_un", CHECK_TYPE, "sys/un.h"},
	    {"", "HAVE_STRUCT_SOCKADDR_STORAGE_SS_FAMILY", "struct sockaddr_storage.ss_family",
	     CHECK_MEMBER, ""},
	    {"", "HAVE_STRUCT_STAT_ST_MTIM", "struct stat.st_mtim", CHECK_MEMBER, ""},
	    {"", "HAVE_STRUCT_STATX", "struct statx", CHECK_TYPE, ""},
	    {"", "HAVE_SA_FAMILY_T", "sa_family_t", CHECK_TYPE, "netinet/in.h"},
	    {"Define to 1 if you have the <dirent.h> header file, and it defines `DIR\'.",
	     "HAVE_DIRENT_H", "DIR *", CHECK_TYPE, ""},
	    {"Define to 1 if you have the <sys/dir.h> header file, and it defines `DIR\'.",
	     "HAVE_SYS_DIR_H", "DIR *", CHECK_TYPE, "__has_include(<dirent.h>)"},
	    {"Define to 1 if your `struct tm\' has `tm_zone\'.", "HAVE_X", "struct tm.tm_zone",
	     CHECK_MEMBER, ""},
	    {"Define if F_SETFD is defined in <fcntl.h>", "HAVE_SETFD", NULL, CHECK_SNIPPET,
	     "#ifndef F_SETFD\n"},
	    {"Define to 1 if 'CLOCK_MONOTONIC' is declared in <time.h>.", "HAVE_CM", NULL,
	     CHECK_SNIPPET, "#ifndef CLOCK_MONOTONIC\n"},
	    {"Define if evil() is defined in <fcntl.h>", "EVIL", "?", CHECK_HEADER, ""},
	    {"Define to 1 if you have the `z\' library (-lz).", "HAVE_LIBZ", "?", CHECK_HEADER, ""},
	    {"Define to 1 to enable DICT", "ENABLE_DICT", "?", CHECK_HEADER, ""},
	    {"", "_ALL_SOURCE", NULL, CHECK_SNIPPET, ""},
	    {"Define to 1 if OS is AIX.", "_ALL_SOURCE", "", CHECK_HEADER, ""},
	    {"Define to `int\' if <sys/types.h> does not define.", "mode_t", "", CHECK_HEADER, ""},
	    {"", "_UINT32_T", "", CHECK_HEADER, ""},
	    {"", "HAVE_GETHOSTBYNAME_R_6", NULL, CHECK_SNIPPET, "(0, 0, 0, 0, 0, 0)"},
	    {"", "GETHOSTNAME_TYPE_ARG2", NULL, CHECK_SNIPPET, "yes size_t"},
	    {"", "_FILE_OFFSET_BITS", NULL, CHECK_SNIPPET, "yes 64"},
	    {"", "ICONV_CONST", NULL, CHECK_SNIPPET, "yes \n"},
	    {"", "HAVE_RLIMIT_AS", NULL, CHECK_SNIPPET, "return RLIMIT_AS;"},
	    {"", "HAVE_FUNC_ATTRIBUTE_CONSTRUCTOR", NULL, CHECK_SNIPPET,
	     "__has_attribute(constructor)"},
	    {"", "HAVE_ATTRIBUTE__NONNULL__", NULL, CHECK_SNIPPET, "__has_attribute(nonnull)"},
	    {"", "HAVE___BUILTIN_EXPECT", NULL, CHECK_SNIPPET, "__has_builtin(__builtin_expect)"},
	    {"Define to 1 if you have the strdup function.", "HAVE_STRDUP", "strdup",
	     CHECK_FUNCTION, "no guess"},
	    {"", "HAVE_STRDUP", "strdup", CHECK_FUNCTION, "guess"},
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct arena a = {0};
		struct check_vec got = {0};
		struct str_vec unknown = {0};
		struct str template =
		    str_fmt(&a, "/* %s */\n#undef %s\n", table[i].comment, table[i].macro);
		const char *want = table[i].subject;
		struct str text;

		test_log(t, "%s %s", table[i].macro, table[i].comment);
		infer_checks(&a, template, &got, &unknown);
		T_EQ_INT(t, unknown.n, want && want[0] == '?');
		T_EQ_INT(t, got.n, !want || (want[0] && want[0] != '?'));
		if (got.n) {
			const struct check_spec *c = &got.v[0];

			text = str_fmt(&a, "%.*s%.*s\nyes %.*s\n%s", STR_ARG(c->prelude),
				       STR_ARG(c->subject), STR_ARG(c->yes),
				       c->guessed ? "guess" : "no guess");
			T_EQ_INT(t, c->kind, table[i].kind);
			T_OK(t, !want || str_eqc(c->subject, want));
			T_CHECK(t, str_containsc(text, table[i].holds), "%.*s", STR_ARG(text));
		}
		arena_fini(&a);
	}
}

/* What makes headers declare more is defined in a template's checks too; what nobody knows has a list. */
void TestInferFeatures(struct test *t)
{
	struct fixture f;
	const struct config_header *h;

	begin(t, &f);
	put(t, &f, "a.c", "#include \"config.h\"\nint main(void){return 0;}\n");
	put(t, &f, "config.h.in",
	    "# undef _GNU_SOURCE\n#undef HAVE_X\n#undef ONE\n#undef TWO\n#undef THREE\n");
	add_module(t, &f, "", ".",
		   "packages: {p: {sources: [a.c], include: [.]}}\n"
		   "config:\n  config.h:\n    from: config.h.in\n    values: {ONE: 1}\n"
		   "    when: [{arch: arm64, values: {TWO: 2}}]\n"
		   "    checks: {FLAG: {flag: -O2}}\n");
	T_MUST(t, load(t, &f));
	h = f.set.packages.v[0]->sources.v[0]->waits.v[0]->config;
	T_MUST(t, h->checks.n == 3 && h->unknown.n == 1);
	T_EQ_STR(t, str_c(&f.a, h->unknown.v[0]), "THREE");
	T_EQ_STR(t, str_c(&f.a, h->checks.v[0].prelude), ""); /* the flag */
	T_EQ_STR(t, str_c(&f.a, h->checks.v[1].prelude), ""); /* _GNU_SOURCE itself */
	T_EQ_STR(t, str_c(&f.a, h->checks.v[2].prelude),
		 "#ifndef _GNU_SOURCE\n#define _GNU_SOURCE 1\n#endif\n");
	arena_fini(&f.a);
}
