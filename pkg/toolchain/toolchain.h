/*
 * toolchain: finds or installs a C compiler for a target and says how to call it.
 *
 *     struct toolchain_opts o = {.cache_dir = ..., .wanted = getenv("CBUILD_TOOLCHAIN"), .mount =
 * "build/.x/tc"}; toolchain_open(&arena, &target, &o, &tc, &e); compile: tc->cc... FLAGS -MD -MF
 * DEP -c -o OUT SRC link:    tc->link_head... -o OUT tc->link_pre... OBJECTS -lX...
 * tc->link_post...
 *
 * Descriptors are data: toolchain/NAME.yaml, embedded in the binary (base/embed.h).
 *
 * Paths. A toolchain whose files lie in the cache has a root (absolute). The caller makes it
 * visible below the execution root as a symbolic link MOUNT/MOUNT_NAME -> root, and every path in
 * the argv lists is already spelled through it (build/.x/tc/zig-0.15.1/lib/...), relative; so
 * commands, keys and debug information hold no home folder. System tools are absolute
 * (/usr/bin/clang-16).
 *
 * Reproducibility. Commands run with PWD=/proc/self/cwd in their environment and with
 * -ffile-prefix-map=/proc/self/cwd=. so that the compilation folder in debug information is "."
 * wherever the checkout lies; source paths on the command line are relative already.
 */
#ifndef TOOLCHAIN_TOOLCHAIN_H
#define TOOLCHAIN_TOOLCHAIN_H

#include <stdbool.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/event.h"
#include "base/target.h"
#include "base/vec.h"

/* What `lto: NAME` of a profile adds to each compile and link. */
struct toolchain_lto {
	struct str name; /* "thin" or "full" */
	struct str_vec cc, link;
};

struct toolchain {
	struct str name;    /* "zig", "clang-musl", "musl-gcc", "gcc" */
	struct str version; /* "0.15.1" */
	struct target target;
	struct str root;       /* absolute folder to mount, or empty */
	struct str mount_name; /* name of the link below the mount folder, or empty */
	struct str_vec
	    cc; /* argv[0] and all target, sysroot and safety flags (-fPIE, sections...) */
	struct str_vec link_head; /* argv[0] and flags before -o OUT */
	struct str_vec link_pre;  /* crt objects before the program's objects */
	struct str_vec link_post; /* libc, runtime, crt objects behind them */
	bool link_is_linker;	  /* link_head is ld.lld itself: -Wl,a,b must be given as a b */
	struct str linker;	  /* which one links: "lld", "mold", "bfd" */
	/* Programs that can stand for link_head's argv[0], the default first; empty: no choice. */
	struct str_vec linkers;
	VEC(struct toolchain_lto) lto; /* what of it this toolchain can do */
	bool is_static;		       /* programs come out static (musl); false for glibc gcc */
	bool static_pie;	       /* programs come out ET_DYN static-pie */
	struct str ar;		       /* argv[0] of an ar that knows D, or empty */
	struct str_vec env;	  /* "K=V" every command needs (caches in private folders...) */
	struct digest compile_id; /* compiler executable + its headers: part of compile keys */
	struct digest link_id;	  /* linker + libc + crt: part of link keys */
	struct str_vec
	    trusted_prefixes; /* folders (as spelled in depfiles) whose headers compile_id covers */
};

struct toolchain_opts {
	struct str cache_dir; /* absolute; toolchains lie in CACHE/toolchain */
	struct str wanted;    /* a name, "name-version" or empty: choose in the documented order */
	struct str mount;     /* relative folder under which roots are linked */
	/* relative folder for what tools keep for themselves (cas_tool_sweep): "build/.x/tool" */
	struct str tool_cache;
	bool no_install;	 /* never fetch or generate anything that needs the network */
	struct event_sink *sink; /* notes and progress (sysroots take seconds) */
};

/*
 * Finds the toolchain for target in the stated order (docs/toolchains.md), preparing its sysroot
 * once. ERR_IO with the remedy (`cbuild toolchain install zig`, or the packages to install) when
 * none can.
 */
bool toolchain_open(struct arena *a, const struct target *target, const struct toolchain_opts *o,
		    struct toolchain **out, struct err *e) ATTR_MUST_USE;

/* One line of `cbuild toolchain list`. */
struct toolchain_info {
	struct str name, version, where; /* where: path, or why it is not usable */
	bool usable, chosen_for_host;
	VEC(struct target) targets; /* that it can build for now */
};
bool toolchain_list(struct arena *a, const struct toolchain_opts *o, struct toolchain_info **out,
		    size_t *n, struct err *e) ATTR_MUST_USE;
/*
 * Installs NAME or NAME@VERSION ("zig", "clang-musl") into the cache and prepares it for the
 * targets given; others are prepared when first asked for, so 0 targets fetch a release and no
 * more.
 */
bool toolchain_install(struct arena *a, struct str what, const struct target *targets,
		       size_t target_count, const struct toolchain_opts *o,
		       struct err *e) ATTR_MUST_USE;
/* Remembers NAME as this user's choice (a file in the cache folder); empty forgets it. */
bool toolchain_use(struct str what, const struct toolchain_opts *o, struct err *e) ATTR_MUST_USE;

#endif
