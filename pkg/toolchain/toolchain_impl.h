/*
 * Inside the toolchain room: a descriptor as read from YAML, what was found of it on this machine,
 * and the parts that toolchain.c calls in order: tc_desc_all, tc_find, (tc_zig_sysroot |
 * tc_debian_sysroot), tc_sysroot_read, tc_expand, tc_identify.
 */
#ifndef TOOLCHAIN_TOOLCHAIN_IMPL_H
#define TOOLCHAIN_TOOLCHAIN_IMPL_H

#include "toolchain/toolchain.h"

enum { TC_CAPTURE_LIMIT = 4 << 20, TC_DESC_LIMIT = 64 << 10 };

/* A named value of a descriptor: a scalar is a list of one that may stand inside a word. */
struct tc_var {
	struct str name;
	struct str_vec words;
	bool list;
};
struct tc_vars VEC_BODY(struct tc_var);

enum tc_kind {
	TC_ZIG,	   /* zig's own clang, lld and libc sources; sysroots made by its driver */
	TC_DEBIAN, /* the system's clang and lld; sysroots unpacked from Debian packages */
	TC_SYSTEM, /* everything is installed on this machine already */
};

struct tc_target {
	struct target target;
	struct tc_vars vars; /* every key of the entry */
};

/* One way to get a release on one kind of host. */
struct tc_archive {
	struct target host;
	struct str url;	    /* official archive, or empty */
	struct str package; /* pip package, or empty */
	struct str release; /* its version in the package index */
	struct digest want; /* SHA-256 of the archive (size unknown: 0) */
};

struct tc_release {
	struct str version;
	VEC(struct tc_archive) archives; /* tried in order */
};

/* From version on (of the compiler, major number), the variable name has these words. */
struct tc_since {
	uint64_t major;
	struct str name;
	struct str_vec words;
};

struct tc_desc {
	struct str name, about, file;
	enum tc_kind kind;
	uint64_t order; /* lower first; 0: never chosen unless named */
	bool is_static, static_pie, link_is_linker;
	struct str_vec compiler, linker; /* programs to look for; linker may use {suffix} */
	struct str_vec cc, link, link_pre, link_post, env, trusted;
	struct tc_vars probe;  /* variable: command that prints it */
	struct tc_vars search; /* variable: folders, the first that exists */
	struct tc_vars links;  /* name in the root: absolute path it links to */
	VEC(struct tc_since) since;
	VEC(struct toolchain_lto) lto; /* words with variables */
	struct str_vec headers;	       /* folders whose content is part of the compile identity */
	struct str_vec compile_files;  /* further programs and files of the compile identity */
	struct str_vec link_files;     /* ditto, link identity */
	struct str_vec libraries; /* loaded libraries with these in their names are part of both */
	struct str_vec default_libs;	 /* empty archives for -lX of what libc.a holds already */
	VEC(struct tc_release) releases; /* first: the default */
	VEC(struct tc_target) targets;
};

/* A descriptor's instance on this machine. */
struct tc_found {
	const struct tc_desc *desc;
	struct str version;
	struct str root;	/* absolute; may be empty */
	struct str mount_name;	/* link name below the mount folder */
	struct str cc;		/* the compiler's executable, absolute */
	struct str_vec linkers; /* those that run, absolute, best first; may be empty */
	struct str sysroots;	/* folder below root that holds one folder a target */
	struct tc_vars vars;
};
struct tc_found_vec VEC_BODY(struct tc_found);

/* vars.c */
const struct tc_var *tc_var_get(const struct tc_vars *vars, struct str name);
/* The scalar value of name, or empty. */
struct str tc_var_str(const struct tc_vars *vars, struct str name);
void tc_var_set(struct arena *a, struct tc_vars *vars, struct str name, struct str value);
/*
 * Appends template's words to out. "{x}" inside a word is replaced by the scalar x; a word with a
 * list variable is repeated once an item, so it vanishes for an empty list. sets are searched in
 * order. ERR_INPUT names an unknown variable.
 */
bool tc_expand(struct arena *a, const struct str_vec *template, const struct tc_vars *const *sets,
	       size_t set_count, struct str_vec *out, struct err *e) ATTR_MUST_USE;

/* desc.c: all embedded descriptors, by order; and one from bytes (file is for messages). */
bool tc_desc_all(struct arena *a, struct tc_desc **out, size_t *n, struct err *e) ATTR_MUST_USE;
bool tc_desc_parse(struct arena *a, struct str file, struct str bytes, struct tc_desc *out,
		   struct err *e) ATTR_MUST_USE;
const struct tc_target *tc_desc_target(const struct tc_desc *d, const struct target *t);

/* toolchain.c: the name asked for: opts.wanted, else what `use` wrote, else empty. */
struct str tc_wanted(struct arena *a, const struct toolchain_opts *o);

/* find.c: instances of d on this machine, best first; none is no error (why says what is missing).
 */
bool tc_find(struct arena *a, const struct tc_desc *d, const struct toolchain_opts *o,
	     struct tc_found_vec *out, struct str *why, struct err *e) ATTR_MUST_USE;
/* "lld" of "ld.lld-19"; empty for a plain "ld". */
struct str tc_linker_name(struct str base);
/*
 * A fresh folder "PREFIX..." below parent. Call it under parent's lock: what an interrupted run
 * left with that prefix is removed first.
 */
bool tc_work_folder(struct arena *a, struct str parent, const char *prefix, struct str *out,
		    struct err *e) ATTR_MUST_USE;
/* CACHE/toolchain/x */
struct str tc_home(struct arena *a, const struct toolchain_opts *o, struct str x);
/* Compares dotted versions by number; for qsort-like use. */
int tc_version_cmp(struct str x, struct str y);

/* run.c: runs argv (env added to this process's own, cwd may be NULL); fails unless it exits 0. */
bool tc_run(struct arena *a, const struct str_vec *argv, const struct str_vec *env, const char *cwd,
	    struct str *out, struct str *err_text, struct err *e) ATTR_MUST_USE;
/* As tc_run's trimmed standard output, remembered in the cache while argv[0]'s file is unchanged.
 */
bool tc_run_memo(struct arena *a, const struct toolchain_opts *o, const struct str_vec *argv,
		 const struct str_vec *env, struct str *out, struct err *e) ATTR_MUST_USE;

/* memo.c: a value remembered under key while every watched path keeps its stat signature. */
bool tc_memo_get(struct arena *a, const struct toolchain_opts *o, struct str key,
		 struct str *value);
void tc_memo_put(struct arena *a, const struct toolchain_opts *o, struct str key,
		 const struct str_vec *watch, struct str value);

/* sysroot.c: a target's prepared folder; its link.list says what to link, in order. */
struct str tc_sysroot_folder(struct arena *a, const struct tc_found *f, const struct target *t);
bool tc_sysroot_ready(struct arena *a, const struct tc_found *f, const struct target *t);
/* Appends paths below base (the folder as spelled in commands) to pre and post. */
bool tc_sysroot_read(struct arena *a, const struct tc_found *f, const struct target *t,
		     struct str base, struct str_vec *pre, struct str_vec *post,
		     struct err *e) ATTR_MUST_USE;
/* Writes link.list and the empty archives into folder. */
bool tc_sysroot_write(struct arena *a, const struct tc_desc *d, struct str folder,
		      const struct str_vec *pre, const struct str_vec *post,
		      struct err *e) ATTR_MUST_USE;
/* Rewrites an ar archive at path without names, times and owners; refuses LLVM bitcode members. */
bool tc_archive_normalise(struct arena *a, const char *path, struct err *e) ATTR_MUST_USE;
/*
 * Takes the debug information of the object or ar archive at path out of the linker's sight: that of a newer
 * compiler can hold relocations that an older lld does not know (riscv64 of Debian 13, lld 14).
 */
bool tc_drop_debug(struct arena *a, const char *path, struct err *e) ATTR_MUST_USE;

/* zig.c, debian.c: make the sysroot of t below f->root under a lock; nothing when it is there. */
bool tc_zig_sysroot(struct arena *a, const struct tc_found *f, const struct tc_target *t,
		    const struct toolchain_opts *o, struct err *e) ATTR_MUST_USE;
bool tc_debian_sysroot(struct arena *a, const struct tc_found *f, const struct tc_target *t,
		       const struct toolchain_opts *o, struct err *e) ATTR_MUST_USE;

/* install.c: fetches release (empty: the default) of d into the cache. */
bool tc_install_release(struct arena *a, const struct tc_desc *d, struct str version,
			const struct toolchain_opts *o, struct err *e) ATTR_MUST_USE;

/* identity.c: fills compile_id and link_id of tc, whose command lists are final. */
bool tc_identify(struct arena *a, const struct tc_found *f, const struct tc_vars *const *sets,
		 size_t set_count, const struct toolchain_opts *o, struct toolchain *tc,
		 struct err *e) ATTR_MUST_USE;

#endif
