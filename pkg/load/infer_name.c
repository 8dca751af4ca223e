/*
 * What a macro's name says, where no comment does, which is always so in CMake's templates: HAVE_SYS_RANDOM_H,
 * SIZEOF_LONG, HAVE_STRLCPY, HAVE_SSIZE_T, HAVE_DECL_X, HAVE_STRUCT_TIMEVAL, HAVE_STRUCT_STAT_ST_MTIM.
 */
#include "load/load_impl.h"

#include <string.h>

#define IF_THERE(header) "#if __has_include(<" header ">)\n#include <" header ">\n#endif\n"

/*
 * What declares most of what is asked for without a header. Not those of which people ask whether they alone
 * declare it: libgen.h and sys/sysmacros.h.
 */
static const char everything[] = IF_THERE("sys/types.h") IF_THERE("sys/stat.h") IF_THERE("stdio.h")
    IF_THERE("stdlib.h") IF_THERE("stddef.h") IF_THERE("string.h") IF_THERE("strings.h")
	IF_THERE("inttypes.h") IF_THERE("unistd.h") IF_THERE("limits.h") IF_THERE("errno.h")
	    IF_THERE("ctype.h") IF_THERE("wchar.h") IF_THERE("wctype.h") IF_THERE("fcntl.h")
		IF_THERE("signal.h") IF_THERE("time.h") IF_THERE("sys/time.h")
		    IF_THERE("sys/socket.h") IF_THERE("netinet/in.h") IF_THERE("arpa/inet.h")
			IF_THERE("netdb.h") IF_THERE("sys/un.h") IF_THERE("net/if.h")
			    IF_THERE("sys/uio.h") IF_THERE("sys/ioctl.h") IF_THERE("sys/select.h")
				IF_THERE("poll.h") IF_THERE("sys/wait.h") IF_THERE("sys/resource.h")
				    IF_THERE("sys/param.h") IF_THERE("sys/mman.h")
					IF_THERE("sys/statvfs.h") IF_THERE("sys/vfs.h")
					    IF_THERE("dirent.h") IF_THERE("glob.h")
						IF_THERE("pwd.h") IF_THERE("grp.h")
						    IF_THERE("utmp.h") IF_THERE("utmpx.h")
							IF_THERE("pthread.h") IF_THERE("sched.h")
							    IF_THERE("spawn.h");

void infer_everything(struct check_spec *c)
{
	c->prelude = STR(everything);
}

void infer_type(struct check_spec *c)
{
	static const char *const own[] = {"char", "short", "int",      "long",	"signed",
					  "*",	  "void",  "unsigned", "float", "double"};
	struct str rest = c->subject;

	while (rest.n) {
		struct str word = str_cut(&rest, ' ');
		size_t i = 0;

		while (i < sizeof own / sizeof own[0] && !str_eqc(word, own[i]))
			i++;
		if (i == sizeof own / sizeof own[0]) {
			infer_everything(c);
			return;
		}
	}
}

/* Lower case; from and to: one byte that becomes another. */
static struct str lower(struct arena *a, struct str s, char from, char to)
{
	char *p = arena_strdup(a, s.p, s.n);

	for (size_t i = 0; i < s.n; i++)
		p[i] = p[i] == from ? to : (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i]);
	return str_from(p, s.n);
}

/* SYS_RANDOM is sys/random.h, SYS_TYPES too, but DLFCN dlfcn.h and SECURITY_PAM_APPL stays unknown. */
static struct str header_name(struct arena *a, struct str s)
{
	static const char *const folders[] = {"SYS_",	"NET_", "NETINET_", "ARPA_",
					      "LINUX_", "ASM_", "MACH_"};

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		size_t n = strlen(folders[i]);

		if (str_startsc(s, folders[i]))
			return str_fmt(a, "%.*s/%.*s.h",
				       STR_ARG(lower(a, str_from(s.p, n - 1), 0, 0)),
				       STR_ARG(lower(a, str_skip(s, n), 0, 0)));
	}
	return str_fmt(a, "%.*s.h", STR_ARG(lower(a, s, 0, 0)));
}

/* LONG_LONG is "long long", VOID_P "void *", SIZE_T size_t. */
static struct str type_name(struct arena *a, struct str s)
{
	bool pointer = str_endsc(s, "_P");

	if (pointer)
		s.n -= 2;
	s = lower(a, s, str_endsc(s, "_T") ? 0 : '_', ' ');
	return pointer ? str_fmt(a, "%.*s *", STR_ARG(s)) : s;
}

static bool type_check(struct check_spec *c, struct str type)
{
	c->kind = CHECK_TYPE;
	c->subject = type;
	infer_type(c);
	return true;
}

/* STAT_ST_MTIM is a member of struct stat, but SOCKADDR_STORAGE a type. */
static bool struct_check(struct arena *a, struct str name, struct check_spec *c)
{
	/* Longer names before those that they start with. */
	static const char *const types[] = {
	    "sockaddr_storage",
	    "sockaddr_in6",
	    "sockaddr_in",
	    "sockaddr_un",
	    "sockaddr",
	    "in6_addr",
	    "addrinfo",
	    "hostent",
	    "msghdr",
	    "cmsghdr",
	    "dirent",
	    "passwd",
	    "group",
	    "statvfs",
	    "statfs",
	    "stat",
	    "utmpx",
	    "utmp",
	    "sigaction",
	    "timespec",
	    "timeval",
	    "tm",
	    "pollfd",
	    "ifreq",
	    "rusage",
	};
	struct str low = lower(a, name, 0, 0);

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		size_t n = strlen(types[i]);

		if (!str_startsc(low, types[i]) || (low.n > n && low.p[n] != '_'))
			continue;
		type_check(c, str_fmt(a, "struct %s", types[i]));
		if (low.n == n)
			return true;
		c->kind = CHECK_MEMBER;
		c->subject = str_fmt(a, "struct %s.%.*s", types[i], STR_ARG(str_skip(low, n + 1)));
		return true;
	}
	return type_check(c, str_fmt(a, "struct %.*s", STR_ARG(low)));
}

/* asks: __has_attribute, __has_builtin. Compilers that do not know the word say no. */
static bool compiler_check(struct arena *a, const char *asks, const char *prefix, struct str name,
			   struct check_spec *c)
{
	struct str low = lower(a, name, 0, 0);

	c->kind = CHECK_SNIPPET;
	c->subject = str_fmt(a,
			     "#ifndef %s\n#error unknown\n#endif\n"
			     "#if !%s(%s%.*s)\n#error no\n#endif\nint main(void) { return 0; }",
			     asks, asks, prefix, STR_ARG(low));
	return infer_is_plain(low, "_");
}

static bool starts(struct str name, const char *prefix, struct str *rest)
{
	*rest = str_skip(name, strlen(prefix));
	return str_startsc(name, prefix) && rest->n;
}

/* RLIMIT_CORE, which need not be a macro. */
static bool limit_check(struct arena *a, struct str name, struct check_spec *c)
{
	c->kind = CHECK_SNIPPET;
	c->subject = str_fmt(
	    a, "#include <sys/time.h>\n#include <sys/resource.h>\nint main(void) { return %.*s; }",
	    STR_ARG(name));
	return infer_is_plain(name, "_");
}

static bool have_name(struct arena *a, struct str name, struct check_spec *c)
{
	struct str rest;

	if (str_endsc(name, "_H") && name.n > 2) {
		*vec_push(a, &c->headers) = header_name(a, str_from(name.p, name.n - 2));
		return true;
	}
	if (starts(name, "STRUCT_", &rest))
		return struct_check(a, rest, c);
	if (starts(name, "FUNC_ATTRIBUTE_", &rest) || starts(name, "ATTRIBUTE_", &rest)) {
		while (rest.n && rest.p[0] == '_')
			rest = str_skip(rest, 1);
		while (rest.n && rest.p[rest.n - 1] == '_')
			rest.n--;
		return compiler_check(a, "__has_attribute", "", rest, c);
	}
	if (starts(name, "BUILTIN_", &rest) || starts(name, "__BUILTIN_", &rest))
		return compiler_check(a, "__has_builtin", "__builtin_", rest, c);
	if (starts(name, "RLIMIT_", &rest))
		return limit_check(a, name, c);
	if (str_endsc(name, "_T"))
		return type_check(c, lower(a, name, 0, 0));
	c->kind = starts(name, "DECL_", &rest) ? CHECK_DECL : CHECK_FUNCTION;
	c->guessed = c->kind == CHECK_FUNCTION;
	if (c->kind == CHECK_DECL) {
		name = rest;
		infer_everything(c);
	}
	c->subject = lower(a, name, 0, 0);
	return infer_is_plain(c->subject, "_");
}

bool infer_name(struct arena *a, struct str name, struct check_spec *c)
{
	struct str rest;

	if (starts(name, "SIZEOF_", &rest)) {
		c->kind = CHECK_SIZEOF;
		c->subject = type_name(a, rest);
		infer_type(c);
		return true;
	}
	return starts(name, "HAVE_", &rest) && have_name(a, rest, c);
}
