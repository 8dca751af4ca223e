/*
 * Well-known macros that neither autoheader's sentences nor their names explain: what must compile and link for
 * a yes. Found by comparing with the configure scripts of curl, gawk, libarchive, libevent, libxml2, OpenSSH,
 * sudo, wget, xz and others. Only what means the same in all projects belongs here, and a yes must be true:
 * a missing one is seen and said in the manifest, a wrong one breaks at run time. So what a function is called
 * with is checked against its declaration: naming it first makes an implicit one an error everywhere.
 */
#include "load/load_impl.h"

#include <string.h>

#define HAS(type, member)    "(void)sizeof(((" type " *)0)->" member ");"
#define TYPE(type)	     "(void)sizeof(" type ");"
#define IS_MACRO(name)	     "\n#ifndef " name "\n#error\n#endif\n"
#define IS(expression, type) "(void)_Generic((" expression "), " type ": 1);"
#define LINUX		     "\n#ifndef __linux__\n#error\n#endif\n"
#define ALWAYS		     ""

static const struct {
	const char *macro, *headers; /* "a.h b.h" */
	const char *body;	     /* in main; NULL: the headers alone */
	const char *yes;	     /* the value; NULL: 1 */
} table[] = {
    /* the compiler */
    {"HAVE_ATOMIC", NULL, "_Atomic int i = 0; i++;", NULL},
    {"HAVE_BOOL_T", "stdbool.h", "bool b = true; (void)b;", NULL},
    {"HAVE__BOOL", NULL, TYPE("_Bool"), NULL},
    {"HAVE_LONGLONG", NULL, TYPE("long long"), NULL},
    {"HAVE_LONG_LONG", NULL, TYPE("long long"), NULL},
    {"HAVE_LONG_LONG_INT", NULL, TYPE("long long int"), NULL},
    {"HAVE_UNSIGNED_LONG_LONG", NULL, TYPE("unsigned long long"), NULL},
    {"HAVE_UNSIGNED_LONG_LONG_INT", NULL, TYPE("unsigned long long int"), NULL},
    {"HAVE_LONG_DOUBLE", NULL, TYPE("long double"), NULL},
    {"HAVE___FUNCTION__", NULL, "(void)__FUNCTION__;", NULL},
    {"HAVE___func__", NULL, "(void)__func__;", NULL},
    {"HAVE___FUNC__", NULL, "(void)__func__;", NULL},
    {"HAVE_FUNC", NULL, "(void)__func__;", NULL},
    {"HAVE_INLINE", NULL, "extern inline int f(int);", NULL},
    {"HAVE___INLINE", NULL, "extern __inline int f(int);", NULL},
    {"HAVE_TYPEOF", NULL, "__typeof__(1) i; (void)i;", "__typeof__"},
    {"HAVE_STRINGIZE", NULL, ALWAYS, NULL},
    {"HAVE_C_VARARRAYS", NULL, "volatile int n = 1; char v[n]; v[0] = 0;", NULL},
    {"HAVE_VARIABLE_LENGTH_ARRAYS", NULL, "volatile int n = 1; char v[n]; v[0] = 0;", NULL},
    {"VARIABLE_LENGTH_ARRAYS", NULL, "volatile int n = 1; char v[n]; v[0] = 0;", NULL},
    {"VARIABLE_DECLARATION_AFTER_CODE", NULL, ";int i; (void)i;", NULL},
    {"FLEXIBLE_ARRAY_MEMBER", NULL, "struct s { int n; char v[]; }; (void)sizeof(struct s);", ""},
    {"HAVE_VARIADIC_MACROS_C99", NULL, "\n#define F(...) (__VA_ARGS__)\n(void)F(1);", NULL},
    {"HAVE_VARIADIC_MACROS_GCC", NULL, "\n#define F(x...) (x)\n(void)F(1);", NULL},
    {"HAVE___ATTRIBUTE__", NULL, "extern int f(void) __attribute__((noreturn));", NULL},
    {"HAVE_FALLTHROUGH_ATTRIBUTE", NULL, "\n#if !__has_attribute(fallthrough)\n#error\n#endif\n",
     NULL},
    {"HAVE_VISIBILITY", NULL, "extern int i __attribute__((visibility(\"hidden\")));", NULL},
    {"HAVE_DSO_VISIBILITY", NULL, "extern int i __attribute__((visibility(\"hidden\")));", NULL},
    {"HAVE___BUILTIN_BSWAPXX", NULL, "(void)__builtin_bswap64(__builtin_bswap32(1));", NULL},
    {"HAVE__MM_MOVEMASK_EPI8", "immintrin.h",
     "__m128i v = _mm_setzero_si128(); (void)_mm_movemask_epi8(v);", NULL},
    {"HAVE_VA_COPY", "stdarg.h", IS_MACRO("va_copy"), NULL},
    {"HAVE___VA_COPY", "stdarg.h", IS_MACRO("__va_copy"), NULL},
    /* An array, a pointer and a structure: &v[0] has another type than v, the same, and is none. */
    {"VA_LIST_IS_ARRAY", "stdarg.h",
     "va_list v; _Static_assert(!__builtin_types_compatible_p(__typeof__(v), __typeof__(&v[0])), "
     "\"\");",
     NULL},
    {"WORDS_BIGENDIAN", NULL, "\n#if __BYTE_ORDER__ != __ORDER_BIG_ENDIAN__\n#error\n#endif\n",
     NULL},
    {"BYTEORDER", NULL, "(void)__BYTE_ORDER__;", "__BYTE_ORDER__"},

    /* what AC_USE_SYSTEM_EXTENSIONS defines everywhere, and AC_SYS_LARGEFILE where off_t is small */
    {"_ALL_SOURCE", NULL, ALWAYS, NULL},
    {"_DARWIN_C_SOURCE", NULL, ALWAYS, NULL},
    {"_GNU_SOURCE", NULL, ALWAYS, NULL},
    {"_HPUX_ALT_XOPEN_SOCKET_API", NULL, ALWAYS, NULL},
    {"_NETBSD_SOURCE", NULL, ALWAYS, NULL},
    {"_OPENBSD_SOURCE", NULL, ALWAYS, NULL},
    {"_POSIX_PTHREAD_SEMANTICS", NULL, ALWAYS, NULL},
    {"_TANDEM_SOURCE", NULL, ALWAYS, NULL},
    {"__EXTENSIONS__", NULL, ALWAYS, NULL},
    {"__STDC_WANT_DEC_FP__", NULL, ALWAYS, NULL},
    {"__STDC_WANT_IEC_60559_ATTRIBS_EXT__", NULL, ALWAYS, NULL},
    {"__STDC_WANT_IEC_60559_BFP_EXT__", NULL, ALWAYS, NULL},
    {"__STDC_WANT_IEC_60559_DFP_EXT__", NULL, ALWAYS, NULL},
    {"__STDC_WANT_IEC_60559_EXT__", NULL, ALWAYS, NULL},
    {"__STDC_WANT_IEC_60559_FUNCS_EXT__", NULL, ALWAYS, NULL},
    {"__STDC_WANT_IEC_60559_TYPES_EXT__", NULL, ALWAYS, NULL},
    {"__STDC_WANT_LIB_EXT2__", NULL, ALWAYS, NULL},
    {"__STDC_WANT_MATH_SPEC_FUNCS__", NULL, ALWAYS, NULL},
    {"_FILE_OFFSET_BITS", "sys/types.h", "_Static_assert(sizeof(off_t) < 8, \"\");", "64"},

    /* headers */
    {"STDC_HEADERS", "limits.h errno.h float.h stdarg.h stddef.h stdlib.h string.h", NULL, NULL},
    {"TIME_WITH_SYS_TIME", "sys/time.h time.h", NULL, NULL},
    {"HAVE_STDINT_H_WITH_UINTMAX", "sys/types.h stdint.h", TYPE("uintmax_t"), NULL},
    {"HAVE_INTTYPES_H_WITH_UINTMAX", "sys/types.h inttypes.h", TYPE("uintmax_t"), NULL},
    {"MAJOR_IN_SYSMACROS", "sys/types.h sys/sysmacros.h",
     "(void)major(0); (void)minor(0); (void)makedev(0, 0);", NULL},
    {"HAVE_LC_MESSAGES", "locale.h", "(void)LC_MESSAGES;", NULL},
    {"HAVE_LANGINFO_CODESET", "langinfo.h", "(void)nl_langinfo; nl_langinfo(CODESET);", NULL},
    {"HAVE_ENVIRON_DECL", "unistd.h", "(void)environ;", NULL},

    /* time */
    {"HAVE_CLOCK_GETTIME_MONOTONIC", "time.h",
     "struct timespec t; (void)clock_gettime; clock_gettime(CLOCK_MONOTONIC, &t);", NULL},
    {"HAVE_CLOCK_GETTIME_MONOTONIC_RAW", "time.h",
     "struct timespec t; (void)clock_gettime; clock_gettime(CLOCK_MONOTONIC_RAW, &t);", NULL},
    {"HAVE_CLOCK_MONOTONIC", "time.h", "(void)CLOCK_MONOTONIC;", NULL},
    {"HAVE_TM_GMTOFF", "time.h", HAS("struct tm", "tm_gmtoff"), NULL},
    {"HAVE_TM_ZONE", "time.h", HAS("struct tm", "tm_zone"), NULL},

    /* text and errors */
    {"HAVE_GLIBC_STRERROR_R", "string.h", IS("strerror_r(0, (char *)0, 0)", "char *"), NULL},
    {"HAVE_POSIX_STRERROR_R", "string.h",
     "(void)strerror_r; " IS("strerror_r(0, (char *)0, 0)", "int"), NULL},
    {"STRERROR_R_CHAR_P", "string.h", IS("strerror_r(0, (char *)0, 0)", "char *"), NULL},
    {"ICONV_CONST", "stddef.h iconv.h",
     "_Static_assert(__builtin_types_compatible_p(__typeof__(iconv), size_t(iconv_t, char **, "
     "size_t *, char **, size_t *)), \"\");",
     ""},
    {"HAVE_EILSEQ", "errno.h", "(void)EILSEQ;", NULL},

    /* files */
    {"HAVE_FCNTL_O_NONBLOCK", "fcntl.h", "(void)fcntl; fcntl(0, F_SETFL, O_NONBLOCK);", NULL},
    {"HAVE_O_NONBLOCK", "fcntl.h", "(void)O_NONBLOCK;", NULL},
    {"HAVE_FSETXATTR_5", "sys/types.h sys/xattr.h", "(void)fsetxattr; fsetxattr(0, 0, 0, 0, 0);",
     NULL},
    {"HAVE_FSETXATTR_6", "sys/types.h sys/xattr.h", "(void)fsetxattr; fsetxattr(0, 0, 0, 0, 0, 0);",
     NULL},
    {"HAVE_MAP_ANONYMOUS", "sys/mman.h", "(void)MAP_ANONYMOUS;", NULL},
    {"HAVE_WORKING_FS_IOC_GETFLAGS", "sys/ioctl.h linux/fs.h",
     "int i; (void)ioctl; ioctl(0, FS_IOC_GETFLAGS, &i);", NULL},
    {"HAVE_ST_MTIM", "sys/stat.h", HAS("struct stat", "st_mtim"), NULL},
    {"D_INO_IN_DIRENT", "sys/types.h dirent.h", HAS("struct dirent", "d_ino"), NULL},
    /* The kernel's doing. */
    {"LSTAT_FOLLOWS_SLASHED_SYMLINK", NULL, LINUX, NULL},

    /* processes and memory */
    {"HAVE_SIGSETJMP", "setjmp.h", "sigjmp_buf b; (void)sigsetjmp(b, 1);", NULL},
    {"RETSIGTYPE", NULL, ALWAYS, "void"},
    {"GETPGRP_VOID", "unistd.h", "(void)getpgrp; getpgrp();", NULL},
    {"GETGROUPS_T", "sys/types.h unistd.h",
     "_Static_assert(__builtin_types_compatible_p(__typeof__(getgroups), int(int, gid_t *)), "
     "\"\");",
     "gid_t"},
    {"HAVE_WORKING_FORK", "unistd.h", "(void)fork; fork();", NULL},
    {"HAVE_WORKING_VFORK", "unistd.h", "(void)vfork; vfork();", NULL},
    {"HAVE_ALLOCA", "stdlib.h", "(void)alloca; char *p = (char *)alloca(1); *p = 0;", NULL},
    {"HAVE_WRITABLE_ARGV", NULL, LINUX, NULL},
    {"HAVE_PTHREADS", "pthread.h", "(void)pthread_create; pthread_create(0, 0, 0, 0);", NULL},
    {"HAVE_PTHREAD", "pthread.h", "(void)pthread_create; pthread_create(0, 0, 0, 0);", NULL},
    {"HAVE_PTHREAD_PRIO_INHERIT", "pthread.h", "int i = PTHREAD_PRIO_INHERIT; (void)i;", NULL},
    {"HAVE_PTHREAD_MUTEX_RECURSIVE", "pthread.h", "int i = PTHREAD_MUTEX_RECURSIVE; (void)i;",
     NULL},
    {"HAVE_PTHREAD_RWLOCK", "pthread.h", TYPE("pthread_rwlock_t"), NULL},
    {"HAVE_SYSCALL_GETRANDOM", "unistd.h sys/syscall.h",
     "char b; (void)syscall; syscall(SYS_getrandom, &b, 1, 0);", NULL},
    {"HAVE_EPOLL", "sys/epoll.h", "(void)epoll_create; epoll_create(1);", NULL},

    /* the network */
    {"GETHOSTNAME_TYPE_ARG2", "unistd.h",
     "_Static_assert(__builtin_types_compatible_p(__typeof__(gethostname), int(char *, "
     "__SIZE_TYPE__)), \"\");",
     "size_t"},
    {"HAVE_GETADDRINFO_THREADSAFE", "netdb.h", LINUX "(void)getaddrinfo;", NULL},
    {"HAVE_GETHOSTBYNAME_R_3", "netdb.h", "(void)gethostbyname_r; gethostbyname_r(0, 0, 0);", NULL},
    {"HAVE_GETHOSTBYNAME_R_5", "netdb.h", "(void)gethostbyname_r; gethostbyname_r(0, 0, 0, 0, 0);",
     NULL},
    {"HAVE_GETHOSTBYNAME_R_6", "netdb.h",
     "(void)gethostbyname_r; gethostbyname_r(0, 0, 0, 0, 0, 0);", NULL},
    {"HAVE_IOCTL_FIONBIO", "sys/ioctl.h", "int i = 0; (void)ioctl; ioctl(0, FIONBIO, &i);", NULL},
    {"HAVE_IOCTL_SIOCGIFADDR", "sys/ioctl.h sys/socket.h net/if.h",
     "struct ifreq r; (void)ioctl; ioctl(0, SIOCGIFADDR, &r);", NULL},
    {"HAVE_MSG_NOSIGNAL", "sys/types.h sys/socket.h", "(void)MSG_NOSIGNAL;", NULL},
    {"HAVE_SO_PEERCRED", "sys/types.h sys/socket.h", "(void)SO_PEERCRED;", NULL},
    {"HAVE_SOCKADDR_STORAGE", "sys/types.h sys/socket.h", TYPE("struct sockaddr_storage"), NULL},
    {"HAVE_SOCKADDR_IN6_SIN6_SCOPE_ID", "sys/types.h sys/socket.h netinet/in.h",
     HAS("struct sockaddr_in6", "sin6_scope_id"), NULL},
    {"HAVE_SOCKADDR_IN6_SCOPE_ID", "sys/types.h sys/socket.h netinet/in.h",
     HAS("struct sockaddr_in6", "sin6_scope_id"), NULL},
    {"HAVE_SS_FAMILY_IN_SS", "sys/types.h sys/socket.h",
     HAS("struct sockaddr_storage", "ss_family"), NULL},
    {"HAVE_CONTROL_IN_MSGHDR", "sys/types.h sys/socket.h", HAS("struct msghdr", "msg_control"),
     NULL},

    /* integers under old names */
    {"HAVE_INTXX_T", "stdint.h", TYPE("int32_t"), NULL},
    {"HAVE_UINTXX_T", "stdint.h", TYPE("uint32_t"), NULL},
    {"HAVE_U_INTXX_T", "sys/types.h", TYPE("u_int32_t"), NULL},
    {"HAVE_U_INT", "sys/types.h", TYPE("u_int"), NULL},
    {"HAVE_U_CHAR", "sys/types.h", TYPE("u_char"), NULL},
};

/* Asked for on other systems or with other compilers, and rightly undefined here. */
static const char *const elsewhere[] = {
    "AC_APPLE_UNIVERSAL_BUILD",
    "CRAY_STACKSEG_END",
    "C_ALLOCA",
    "MAJOR_IN_MKDEV",
    "STACK_DIRECTION",
    "_LARGE_FILES",
    "_MINIX",
    "_POSIX_1_SOURCE",
    "_POSIX_SOURCE",
    "_UINT16_T",
    "_UINT32_T",
    "_UINT64_T",
    "_UINT8_T",
    "__CHAR_UNSIGNED__",
};

enum idiom infer_idiom(struct arena *a, struct str name, struct check_spec *c)
{
	size_t i = 0;
	struct str headers;

	for (size_t k = 0; k < sizeof elsewhere / sizeof elsewhere[0]; k++)
		if (str_eqc(name, elsewhere[k]))
			return IDIOM_ELSEWHERE;
	while (i < sizeof table / sizeof table[0] && !str_eqc(name, table[i].macro))
		i++;
	if (i == sizeof table / sizeof table[0])
		return IDIOM_NONE;
	headers = str_of(table[i].headers);
	while (headers.n)
		*vec_push(a, &c->headers) = str_cut(&headers, ' ');
	if (table[i].yes)
		c->yes = str_of(table[i].yes);
	if (!table[i].body)
		return IDIOM_CHECK;
	c->kind = CHECK_SNIPPET;
	c->subject = str_fmt(a, "int main(void)\n{\n\t%s\n\treturn 0;\n}", table[i].body);
	return IDIOM_CHECK;
}
