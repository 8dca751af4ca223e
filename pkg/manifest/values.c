/*
 * Readers of single values. Each checks what it keeps, so that later rooms may trust a manifest:
 * paths stay inside the module, names hold no surprises, flags cannot name programs of the
 * manifest's choice.
 */
#include "base/path.h"
#include "manifest/manifest_impl.h"

static const char *const standards[] = {"c89",	 "c90",	  "c99",   "c11",   "c17",   "c18",
					"c23",	 "c2x",	  "gnu89", "gnu90", "gnu99", "gnu11",
					"gnu17", "gnu18", "gnu23", "gnu2x", NULL};
static const char *const lto_names[] = {"off", "thin", "full", NULL};
static const char *const os_names[] = {"linux",	 "darwin",    "windows", "freebsd", "openbsd",
				       "netbsd", "dragonfly", "solaris", "wasi",    NULL};
static const char *const arch_names[] = {"amd64",   "386",    "arm64",	  "arm",     "riscv64",
					 "ppc64le", "ppc64",  "s390x",	  "loong64", "mips",
					 "mipsle",  "mips64", "mips64le", "wasm",    NULL};

bool want_map(struct reader *r, const struct yaml_node *v)
{
	if (v->kind == YAML_MAP || v->kind == YAML_NULL)
		return true;
	if (!r->key.n)
		mistake(r, v, "write 'key: value' lines", "a manifest is a map, not %s",
			yaml_kind_name(v));
	else
		mistake(r, v, "write 'name: value' lines below it, or {name: value}",
			"'%.*s' must be a map, not %s", STR_ARG(r->key), yaml_kind_name(v));
	return false;
}

bool want_text(struct reader *r, const struct yaml_node *v)
{
	if (v->kind == YAML_TEXT && v->text.n && str_find(v->text, '\n') == v->text.n)
		return true;
	if (v->kind == YAML_TEXT)
		mistake(r, v, "give it one line of text", "'%.*s' is %s", STR_ARG(r->key),
			v->text.n ? "several lines" : "empty");
	else
		mistake(r, v,
			v->kind == YAML_NULL ? "give it a value, or remove the key"
					     : "give it one value",
			"'%.*s' must be text, not %s", STR_ARG(r->key), yaml_kind_name(v));
	return false;
}

struct pos node_pos(const struct yaml_node *n)
{
	return (struct pos){n->line, n->col};
}

void read_each(struct reader *r, const struct yaml_node *v, each_fn each, void *out)
{
	if (v->kind == YAML_NULL)
		return;
	if (v->kind == YAML_MAP) {
		mistake(r, v, "write [a, b], or '- a' lines", "'%.*s' must be a list, not a map",
			STR_ARG(r->key));
		return;
	}
	if (v->kind == YAML_TEXT && want_text(r, v))
		each(r, v, out);
	for (size_t i = 0; i < v->items.n; i++)
		if (want_text(r, v->items.v[i]))
			each(r, v->items.v[i], out);
}

bool keep_word(struct reader *r, const struct yaml_node *v, struct str_vec *out)
{
	*vec_push(r->a, out) = v->text;
	return true;
}

static bool check_module_path(struct reader *r, const struct yaml_node *v)
{
	const char *fix = module_path_remedy(v->text);

	if (fix)
		mistake(r, v, fix, "malformed module path '%.*s'", STR_ARG(v->text));
	return !fix;
}

void read_version(struct reader *r, const struct yaml_node *v, void *str)
{
	const char *fix;

	if (!want_text(r, v))
		return;
	fix = version_remedy(v->text);
	if (fix)
		mistake(r, v, fix, "malformed version '%.*s'", STR_ARG(v->text));
	else
		*(struct str *)str = v->text;
}

void read_module(struct reader *r, const struct yaml_node *v, void *manifest)
{
	struct manifest *m = manifest;

	m->module_pos = node_pos(v);
	if (want_text(r, v) && check_module_path(r, v))
		m->module = v->text;
}

static void read_requirement(struct reader *r, const struct yaml_pair *p, struct requirement *q)
{
	read_map(r, p->value, "requirement", q);
	if (!yaml_get(p->value, "version"))
		mistake(r, p->key, "write {version: v1.2.3, ...}", "'%.*s' has no 'version'",
			STR_ARG(p->key->text));
}

/* PATH: VERSION lines; maps: in place of VERSION more may be said. */
static void read_requirements(struct reader *r, const struct yaml_node *v, bool maps,
			      struct requirement_vec *out)
{
	for (size_t i = 0; want_map(r, v) && i < v->pairs.n; i++) {
		const struct yaml_pair *p = &v->pairs.v[i];
		struct requirement q = {.path = p->key->text, .pos = node_pos(p->key)};
		bool path_ok = check_module_path(r, p->key);

		r->key = p->key->text;
		if (maps && p->value->kind == YAML_MAP)
			read_requirement(r, p, &q);
		else
			read_version(r, p->value, &q.version);
		if (q.version.n && path_ok)
			*vec_push(r->a, out) = q;
	}
}

void read_require(struct reader *r, const struct yaml_node *v, void *manifest)
{
	read_requirements(r, v, true, &((struct manifest *)manifest)->require);
}

void read_port_modules(struct reader *r, const struct yaml_node *v, void *manifest)
{
	read_requirements(r, v, false, &((struct manifest *)manifest)->ports);
}

/* A folder, or MODULE@VERSION. */
static void read_replacement(struct reader *r, const struct yaml_node *v, struct replacement *p)
{
	struct str version, path;

	if (!want_text(r, v))
		return;
	if (!replaced_remedy(v->text, &path, &version) && version.p) {
		p->by_path = path;
		p->by_version = version;
	} else {
		p->folder = path_clean(r->a, v->text);
	}
}

void read_replace(struct reader *r, const struct yaml_node *v, void *manifest)
{
	struct manifest *m = manifest;

	for (size_t i = 0; want_map(r, v) && i < v->pairs.n; i++) {
		const struct yaml_pair *pair = &v->pairs.v[i];
		struct replacement p = {.pos = node_pos(pair->key)};
		const char *fix = replaced_remedy(pair->key->text, &p.path, &p.version);

		r->key = pair->key->text;
		if (fix)
			mistake(r, pair->key, fix, "malformed module path '%.*s'",
				STR_ARG(pair->key->text));
		read_replacement(r, pair->value, &p);
		if (!fix && (p.folder.n || p.by_path.n))
			*vec_push(r->a, &m->replace) = p;
	}
}

/* VERSION, or LOW..HIGH, both included. */
void read_retract(struct reader *r, const struct yaml_node *v, void *manifest)
{
	struct manifest *m = manifest;

	for (size_t i = 0; want_map(r, v) && i < v->pairs.n; i++) {
		const struct yaml_pair *pair = &v->pairs.v[i];
		struct retraction t = {.low = pair->key->text, .pos = node_pos(pair->key)};
		const char *fix;

		r->key = t.high = t.low;
		for (size_t k = 0; k + 1 < t.high.n; k++) {
			if (t.high.p[k] != '.' || t.high.p[k + 1] != '.')
				continue;
			t.low.n = k;
			t.high = str_skip(t.high, k + 2);
			break;
		}
		fix = version_remedy(t.low);
		if (!fix)
			fix = version_remedy(t.high);
		if (fix)
			mistake(r, pair->key, "write VERSION: REASON, or LOW..HIGH: REASON",
				"malformed version '%.*s'", STR_ARG(pair->key->text));
		if (pair->value->kind != YAML_NULL && want_text(r, pair->value))
			t.why = pair->value->text;
		if (!fix)
			*vec_push(r->a, &m->retract) = t;
	}
}

struct exclusion_list {
	struct manifest *m;
	const struct yaml_node *path;
};

static void each_exclusion(struct reader *r, const struct yaml_node *v, void *out)
{
	struct exclusion_list *l = out;
	struct exclusion x = {.path = l->path->text, .pos = node_pos(v)};

	read_version(r, v, &x.version);
	if (x.version.n)
		*vec_push(r->a, &l->m->exclude) = x;
}

void read_exclude(struct reader *r, const struct yaml_node *v, void *manifest)
{
	for (size_t i = 0; want_map(r, v) && i < v->pairs.n; i++) {
		struct exclusion_list l = {manifest, v->pairs.v[i].key};

		r->key = l.path->text;
		if (check_module_path(r, l.path))
			read_each(r, v->pairs.v[i].value, each_exclusion, &l);
	}
}

static void each_target(struct reader *r, const struct yaml_node *v, void *manifest)
{
	struct manifest *m = manifest;
	struct target t;
	struct err e;

	if (!target_parse(v->text, &t, &e)) {
		mistake(r, v, e.fix, "%s", e.msg);
		return;
	}
	for (size_t i = 0; i < m->targets.n; i++)
		if (target_eq(&m->targets.v[i], &t))
			mistake(r, v, "remove one of them", "target '%.*s' is given twice",
				STR_ARG(v->text));
	*vec_push(r->a, &m->targets) = t;
}

void read_targets(struct reader *r, const struct yaml_node *v, void *manifest)
{
	read_each(r, v, each_target, manifest);
}

void read_known(struct reader *r, const struct yaml_node *v, const char *const *names,
		struct str *out)
{
	struct str fix;

	if (!want_text(r, v))
		return;
	*out = v->text;
	if (is_known(v->text, names))
		return;
	fix = str_fmt(r->a, "known: %s", join_names(r->a, names));
	mistake(r, v, fix.p, "unknown '%.*s' '%.*s'", STR_ARG(r->key), STR_ARG(v->text));
}

void read_std(struct reader *r, const struct yaml_node *v, void *str)
{
	read_known(r, v, standards, str);
}

void read_lto(struct reader *r, const struct yaml_node *v, void *str)
{
	read_known(r, v, lto_names, str);
}

static void each_known(struct reader *r, const struct yaml_node *v, const char *const *names,
		       const char *hint, struct str_vec *out)
{
	struct str s = v->text, fix;

	if (s.p[0] == '!')
		s = str_skip(s, 1);
	if (is_known(s, names)) {
		*vec_push(r->a, out) = v->text;
		return;
	}
	fix = str_fmt(r->a, "known: %s (%s)", join_names(r->a, names), hint);
	mistake(r, v, fix.p, "unknown '%.*s' '%.*s'", STR_ARG(r->key), STR_ARG(s));
}

static void each_os(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	each_known(r, v, os_names, "macOS is darwin", str_vec);
}

void read_os(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	read_each(r, v, each_os, str_vec);
}

static void each_arch(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	each_known(r, v, arch_names, "x86_64 is amd64, aarch64 is arm64, i686 is 386", str_vec);
}

void read_arch(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	read_each(r, v, each_arch, str_vec);
}

/* true: -DNAME, false: not at all, text: -DNAME=text. */
static void read_define(struct reader *r, const struct yaml_pair *p, struct define_vec *out)
{
	struct define d = {.name = p->key->text, .value = p->value->text};

	if (!is_identifier(d.name)) {
		mistake(r, p->key, "use letters, digits and _; give -D'F(x)=y' under cflags",
			"malformed macro name '%.*s'", STR_ARG(d.name));
		return;
	}
	if (p->value->kind != YAML_TEXT || str_find(d.value, '\n') < d.value.n) {
		mistake(r, p->value, "write true for -DNAME, false for none, or one line of text",
			"macro '%.*s' cannot be %s", STR_ARG(d.name),
			p->value->kind == YAML_TEXT ? "several lines" : yaml_kind_name(p->value));
		return;
	}
	if (p->value->plain && str_eqc(d.value, "false"))
		return;
	if (p->value->plain && str_eqc(d.value, "true"))
		d.value = (struct str){NULL, 0};
	*vec_push(r->a, out) = d;
}

void read_defines(struct reader *r, const struct yaml_node *v, void *define_vec)
{
	for (size_t i = 0; want_map(r, v) && i < v->pairs.n; i++)
		read_define(r, &v->pairs.v[i], define_vec);
}

/* Flags that would load code, redirect output or hide an input from cbuild. */
static const struct {
	const char *prefix, *fix;
} refused_flags[] = {
    {"@", "write the flags themselves"},
    {"-fplugin", "remove it: compiler plugins are not supported"},
    {"-wrapper", "remove it: wrappers are not supported"},
    {"-specs", "remove it: spec files are not supported"},
    {"--specs", "remove it: spec files are not supported"},
    {"-Xclang", "give options of the compiler's driver only"},
    {"-load", "remove it: compiler plugins are not supported"},
    {"-Wl,-plugin", "remove it: linker plugins are not supported"},
    {"-Wl,--plugin", "remove it: linker plugins are not supported"},
    {"-B", "remove it: CBUILD_TOOLCHAIN chooses the tools"},
    {"-fuse-ld", "remove it: CBUILD_TOOLCHAIN chooses the tools"},
    {"--target", "use 'targets'"},
    {"-target", "use 'targets'"},
    {"-std=", "use 'std'"},
    {"-o", "cbuild names the outputs"},
    {"-I", "use 'include'"},
    {"-l", "use 'libs'"},
    {"-shared", "remove it: programs are linked statically"},
    {"-rdynamic", "remove it: programs are linked statically"},
};

static void each_flag(struct reader *r, const struct yaml_node *v, void *out)
{
	for (size_t i = 0; i < sizeof refused_flags / sizeof refused_flags[0]; i++) {
		if (!str_startsc(v->text, refused_flags[i].prefix))
			continue;
		mistake(r, v, refused_flags[i].fix, "flag '%.*s' is not allowed in '%.*s'",
			STR_ARG(v->text), STR_ARG(r->key));
		return;
	}
	if (v->text.p[0] == '-' && str_find(v->text, ' ') < v->text.n &&
	    str_containsc(v->text, " -")) {
		mistake(r, v, "make each flag an item of its own: [-a, -b]",
			"several flags in one text '%.*s'", STR_ARG(v->text));
		return;
	}
	keep_word(r, v, out);
}

void read_cflags(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	read_each(r, v, each_flag, str_vec);
}

void read_ldflags(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	read_each(r, v, each_flag, str_vec);
}

static void each_lib(struct reader *r, const struct yaml_node *v, void *out)
{
	if (is_name(v->text, "_.+-"))
		keep_word(r, v, out);
	else
		mistake(r, v, "write the name alone, 'm' for -lm", "malformed library name '%.*s'",
			STR_ARG(v->text));
}

void read_libs(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	read_each(r, v, each_lib, str_vec);
}

bool want_local_path(struct reader *r, const struct yaml_node *v, struct str text, struct str *out)
{
	*out = path_clean(r->a, text);
	if (text.n && (str_eqc(*out, ".") || path_is_local(*out)))
		return true;
	mistake(r, v, "name it relative to the manifest's folder; it cannot leave that",
		"path '%.*s' is not inside the module", STR_ARG(v->text));
	return false;
}

static void each_glob(struct reader *r, const struct yaml_node *v, void *out)
{
	bool not = v->text.p[0] == '!';
	struct str path;

	if (want_local_path(r, v, str_skip(v->text, not ), &path))
		*vec_push(r->a, (struct str_vec *)out) =
		    not ? str_fmt(r->a, "!%.*s", STR_ARG(path)) : path;
}

void read_globs(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	read_each(r, v, each_glob, str_vec);
}

static void each_folder(struct reader *r, const struct yaml_node *v, void *out)
{
	struct str path;

	if (want_local_path(r, v, v->text, &path))
		*vec_push(r->a, (struct str_vec *)out) = path;
}

void read_folders(struct reader *r, const struct yaml_node *v, void *str_vec)
{
	read_each(r, v, each_folder, str_vec);
}
