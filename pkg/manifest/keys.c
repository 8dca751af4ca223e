/*
 * The tables of keys. docs/cbuild.schema.json says the same for editors; a test compares the two.
 */
#include <assert.h>
#include <stddef.h>

#include "base/path.h"
#include "manifest/manifest_impl.h"

/* Rows of what may be set wherever flags may be: at is the struct, f its member of type struct
 * flags. */
#define DEFINES(at, f)                                                                             \
	{                                                                                          \
		"defines", read_defines, offsetof(struct at, f.defines), "object null"             \
	}
#define CFLAGS(at, f)                                                                              \
	{                                                                                          \
		"cflags", read_cflags, offsetof(struct at, f.cflags), "string array null"          \
	}
#define LDFLAGS(at, f)                                                                             \
	{                                                                                          \
		"ldflags", read_ldflags, offsetof(struct at, f.ldflags), "string array null"       \
	}
#define LIBS(at, f)                                                                                \
	{                                                                                          \
		"libs", read_libs, offsetof(struct at, f.libs), "string array null"                \
	}
#define FLAGS(at, f) DEFINES(at, f), CFLAGS(at, f), LDFLAGS(at, f), LIBS(at, f)
#define LATER(name)                                                                                \
	{                                                                                          \
		name, NULL, 0, ""                                                                  \
	}

static void read_profiles(struct reader *r, const struct yaml_node *v, void *manifest);
static void read_packages(struct reader *r, const struct yaml_node *v, void *manifest);
static void read_image(struct reader *r, const struct yaml_node *v, void *manifest);
static void read_deploy(struct reader *r, const struct yaml_node *v, void *manifest);
static void read_health(struct reader *r, const struct yaml_node *v, void *health);
static void read_canary(struct reader *r, const struct yaml_node *v, void *deploy);
static void read_verify(struct reader *r, const struct yaml_node *v, void *verify);
static void read_source(struct reader *r, const struct yaml_node *v, void *manifest);
static void read_provides(struct reader *r, const struct yaml_node *v, void *manifest);
static void read_sources(struct reader *r, const struct yaml_node *v, void *package);
static void read_export(struct reader *r, const struct yaml_node *v, void *package);
static void read_when(struct reader *r, const struct yaml_node *v, void *package);
static void read_requirement_when(struct reader *r, const struct yaml_node *v, void *condition);

static const struct key manifest_keys[] = {
    {"module", read_module, 0, "string"},
    {"require", read_require, 0, "object null"},
    {"replace", read_replace, 0, "object null"},
    {"exclude", read_exclude, 0, "object null"},
    {"ports", read_port_modules, 0, "object null"},
    {"retract", read_retract, 0, "object null"},
    {"targets", read_targets, 0, "string array null"},
    {"std", read_std, offsetof(struct manifest, std), "string"},
    FLAGS(manifest, flags),
    {"profiles", read_profiles, 0, "object null"},
    {"packages", read_packages, 0, "object null"},
    {"image", read_image, 0, "object null"},
    {"licence", read_licence, offsetof(struct manifest, licence), "string"},
    {"contains", read_contains, offsetof(struct manifest, contains), "object null"},
    {"source", read_source, 0, "object null"},
    {"paths", read_globs, offsetof(struct manifest, paths), "string array null"},
    {"patches", read_patches, 0, "string array null"},
    {"revision", read_revision, 0, "integer"},
    {"provides", read_provides, 0, "object null"},
    {"config", read_configs, 0, "object null"},
    {"options", read_options, 0, "object null"},
    {"generate", read_generate, 0, "array object null"},
    {"embed", read_embed, 0, "object null"},
    {"foreign", read_module_foreign, 0, "object"},
    {"deploy", read_deploy, 0, "object null"},
};

static const struct key package_keys[] = {
    {"sources", read_sources, 0, "string array null"},
    {"include", read_folders, offsetof(struct package_spec, include), "string array null"},
    {"export", read_export, 0, "object null"},
    {"when", read_when, 0, "object array null"},
    FLAGS(package_spec, flags),
    {"std", read_std, offsetof(struct package_spec, std), "string"},
    {"program", read_name, offsetof(struct package_spec, program), "string"},
    {"uses", read_names, offsetof(struct package_spec, uses), "string array null"},
    {"foreign", read_foreign, 0, "object"},
    LATER("options"),
    LATER("config"),
};

static const struct key requirement_keys[] = {
    {"version", read_version, offsetof(struct requirement, version), "string"},
    {"private", read_bool, offsetof(struct requirement, private), "boolean"},
    {"when", read_requirement_when, offsetof(struct requirement, when), "object"},
};

/* Of a requirement's `when`. */
static const struct key choice_keys[] = {
    {"option", read_option_condition, 0, "string array object null"},
};

static const struct key option_keys[] = {
    {"default", read_line, offsetof(struct option_spec, value), "string boolean"},
    {"choose", read_choices, offsetof(struct option_spec, choices), "string array"},
    {"help", read_line, offsetof(struct option_spec, help), "string"},
};

static const struct key generate_keys[] = {
    {"run", read_run, offsetof(struct generate_spec, run), "string array"},
    {"in", read_globs, offsetof(struct generate_spec, in), "string array null"},
    {"out", read_made, offsetof(struct generate_spec, out), "string array"},
};

static const struct key foreign_keys[] = {
    {"system", read_system, offsetof(struct foreign_spec, system), "string"},
    {"folder", read_folder, offsetof(struct foreign_spec, folder), "string"},
    {"args", read_words, offsetof(struct foreign_spec, args), "string array null"},
    {"targets", read_words, offsetof(struct foreign_spec, targets), "string array null"},
    {"libs", read_made, offsetof(struct foreign_spec, libs), "string array null"},
    {"include", read_made, offsetof(struct foreign_spec, include), "string array null"},
    {"headers", read_globs, offsetof(struct foreign_spec, headers), "string array null"},
    {"tools", read_programs, offsetof(struct foreign_spec, tools), "string array null"},
};

static const struct key export_keys[] = {
    {"include", read_folders, offsetof(struct package_spec, export_include), "string array null"},
    FLAGS(package_spec, export_flags),
};

static const struct key condition_keys[] = {
    {"os", read_os, offsetof(struct condition, os), "string array null"},
    {"arch", read_arch, offsetof(struct condition, arch), "string integer array null"},
    {"option", read_option_condition, 0, "string array object null"},
};

static const struct key addition_keys[] = {
    {"os", read_os, offsetof(struct addition, when.os), "string array null"},
    {"arch", read_arch, offsetof(struct addition, when.arch), "string integer array null"},
    {"sources", read_globs, offsetof(struct addition, sources), "string array null"},
    {"include", read_folders, offsetof(struct addition, include), "string array null"},
    {"option", read_option_condition, offsetof(struct addition, when), "string array object null"},
    FLAGS(addition, flags),
};

static const struct key profile_keys[] = {
    FLAGS(profile, flags),
    {"lto", read_lto, offsetof(struct profile, lto), "string"},
    {"strip", read_strip, 0, "boolean"},
};

static const struct key image_keys[] = {
    {"user", read_user, offsetof(struct image_spec, user), "integer"},
    {"entrypoint", read_entrypoint, offsetof(struct image_spec, entrypoint), "string array null"},
    {"cmd", read_words, offsetof(struct image_spec, cmd), "string array null"},
    {"env", read_env, offsetof(struct image_spec, env), "string array object null"},
    {"ports", read_ports, 0, "integer array null"},
    {"workdir", read_abs, offsetof(struct image_spec, workdir), "string"},
    {"ca-certs", read_bool, offsetof(struct image_spec, ca_certs), "boolean"},
    {"tzdata", read_bool, offsetof(struct image_spec, tzdata), "boolean"},
    {"labels", read_labels, offsetof(struct image_spec, labels), "object null"},
    {"folders", read_abs_list, offsetof(struct image_spec, folders), "string array null"},
    {"files", read_files, offsetof(struct image_spec, files), "object null"},
};

static const struct key deploy_keys[] = {
    {"keep", read_keep, offsetof(struct deploy_spec, keep), "integer"},
    {"health", read_health, offsetof(struct deploy_spec, health), "object"},
    {"reload", read_argv, offsetof(struct deploy_spec, reload), "string array null"},
    {"signal", read_signal, offsetof(struct deploy_spec, signal), "string"},
    {"log", read_argv, offsetof(struct deploy_spec, log), "string array null"},
    {"canary", read_canary, 0, "object"},
    {"verify", read_verify, offsetof(struct deploy_spec, verify), "object"},
};

static const struct key health_keys[] = {
    {"cmd", read_health_cmd, 0, "string array"},
    {"tcp", read_health_tcp, 0, "string"},
    {"http", read_health_http, 0, "string"},
    {"timeout", read_duration, offsetof(struct health_spec, timeout_ms), "string"},
    {"interval", read_duration, offsetof(struct health_spec, interval_ms), "string"},
    {"tries", read_tries, offsetof(struct health_spec, tries), "integer"},
    {"proof", read_proof, offsetof(struct health_spec, proof), "string"},
};

static const struct key canary_keys[] = {
    {"run", read_argv, offsetof(struct deploy_spec, canary), "string array"},
    {"health", read_health, offsetof(struct deploy_spec, canary_health), "object"},
};

static const struct key verify_keys[] = {
    {"key", read_line, offsetof(struct verify_spec, key), "string"},
    {"module", read_line, offsetof(struct verify_spec, module), "string"},
    {"builder", read_words, offsetof(struct verify_spec, builders), "string array null"},
    {"branch", read_words, offsetof(struct verify_spec, branches), "string array null"},
};

static const struct key config_keys[] = {
    {"from", read_from, 0, "string"},
    {"values", read_values, offsetof(struct config_spec, values), "object null"},
    {"checks", read_checks, 0, "object null"},
    {"when", read_config_when, 0, "array null"},
    {"export", read_bool, offsetof(struct config_spec, exported), "boolean"},
};

static const struct key config_addition_keys[] = {
    {"os", read_os, offsetof(struct config_addition, when.os), "string array null"},
    {"arch", read_arch, offsetof(struct config_addition, when.arch), "string integer array null"},
    {"option", read_option_condition, offsetof(struct config_addition, when),
     "string array object null"},
    {"values", read_values, offsetof(struct config_addition, values), "object null"},
};

static const struct key check_keys[] = {
    {"header", read_headers, offsetof(struct check_spec, headers), "string array null"},
    {"function", read_subject, 0, "string"},
    {"decl", read_subject, 0, "string"},
    {"type", read_subject, 0, "string"},
    {"sizeof", read_subject, 0, "string"},
    {"member", read_subject, 0, "string"},
    {"flag", read_subject, 0, "string"},
    {"snippet", read_subject, 0, "string"},
    {"libs", read_libs, offsetof(struct check_spec, libs), "string array null"},
};

static const struct key source_keys[] = {
    {"git", read_git, offsetof(struct source_spec, git), "string"},
    {"tag", read_tag, offsetof(struct source_spec, tag), "string"},
    {"archive", read_urls, offsetof(struct source_spec, archive.urls), "string array null"},
    {"strip", read_parts, offsetof(struct source_spec, archive), "integer"},
    {"versions", read_archive_versions, 0, "object null"},
};

static const struct key archive_keys[] = {
    {"archive", read_urls, offsetof(struct archive_spec, urls), "string array null"},
    {"sha256", read_sha256, offsetof(struct archive_spec, sha256), "string"},
    {"strip", read_parts, 0, "integer"},
};

static const struct key patch_keys[] = {
    {"file", read_patch_file, 0, "string"},
    {"strip", read_patch_strip, 0, "integer"},
    {"versions", read_bounds, 0, "string array"},
};

static const struct key provides_keys[] = {
    {"headers", read_globs, offsetof(struct manifest, provides_headers), "string array null"},
    {"native", read_name, offsetof(struct manifest, provides_native), "string"},
};

#define TABLE(name)                                                                                \
	{                                                                                          \
#name, name##_keys, sizeof name##_keys / sizeof name##_keys[0]                     \
	}

const struct key_table manifest_tables[] = {
    TABLE(manifest), TABLE(package), TABLE(export),	     TABLE(condition), TABLE(addition),
    TABLE(profile),  TABLE(image),   TABLE(source),	     TABLE(provides),  TABLE(generate),
    TABLE(foreign),  TABLE(config),  TABLE(config_addition), TABLE(check),     TABLE(requirement),
    TABLE(archive),  TABLE(choice),  TABLE(option),	     TABLE(deploy),    TABLE(health),
    TABLE(canary),   TABLE(verify),  TABLE(patch),
};
const size_t manifest_table_count = sizeof manifest_tables / sizeof manifest_tables[0];

/* The name is a literal of ours. */
static const struct key_table *find_table(const char *name)
{
	for (size_t i = 0; i < manifest_table_count; i++)
		if (str_eqc(str_of(manifest_tables[i].name), name))
			return &manifest_tables[i];
	assert(!"a table of that name");
	return &manifest_tables[0];
}

static const struct key *find_key(const struct key_table *t, struct str name)
{
	for (size_t i = 0; i < t->n; i++)
		if (str_eqc(name, t->keys[i].name))
			return &t->keys[i];
	return NULL;
}

static void unknown_key(struct reader *r, const struct key_table *t, const struct yaml_node *key)
{
	struct str_vec names = {0};
	struct str near, all = {0};

	for (size_t i = 0; i < t->n; i++) {
		if (!t->keys[i].read)
			continue;
		*vec_push(r->a, &names) = str_of(t->keys[i].name);
		all = str_fmt(r->a, "%.*s%s%s", STR_ARG(all), all.n ? ", " : "", t->keys[i].name);
	}
	near = str_nearest(key->text, names.v, names.n);
	if (near.n)
		near = str_fmt(r->a, "did you mean '%.*s'?", STR_ARG(near));
	else
		near = str_fmt(r->a, "known here: %.*s", STR_ARG(all));
	mistake(r, key, near.p, "unknown key '%.*s'", STR_ARG(key->text));
}

static void read_key(struct reader *r, const struct key_table *t, const struct yaml_pair *pair,
		     void *out)
{
	const struct key *k = find_key(t, pair->key->text);
	struct str outer = r->key;

	if (!k) {
		unknown_key(r, t, pair->key);
		return;
	}
	if (!k->read) {
		mistake(r, pair->key, "remove it, or use a version of cbuild that has it",
			"'%s' is not supported by this version of cbuild", k->name);
		return;
	}
	r->key = pair->key->text;
	k->read(r, pair->value, (char *)out + k->offset);
	r->key = outer;
}

void read_map(struct reader *r, const struct yaml_node *n, const char *table, void *out)
{
	const struct key_table *t = find_table(table);

	if (!want_map(r, n))
		return;
	for (size_t i = 0; i < n->pairs.n; i++)
		read_key(r, t, &n->pairs.v[i], out);
}

static void read_profiles(struct reader *r, const struct yaml_node *v, void *manifest)
{
	struct manifest *m = manifest;

	for (size_t i = 0; want_map(r, v) && i < v->pairs.n; i++) {
		const struct yaml_node *key = v->pairs.v[i].key;
		struct profile *p = vec_push(r->a, &m->profiles);

		r->key = p->name = key->text;
		if (!is_name(key->text, "_-"))
			mistake(r, key, "use letters, digits, - and _",
				"malformed profile name '%.*s'", STR_ARG(key->text));
		read_map(r, v->pairs.v[i].value, "profile", p);
	}
}

/* Package names are paths without wildcards, or "." for the module's root. */
static bool package_name_ok(struct str s)
{
	return str_eqc(s, ".") || (is_name(s, "._+-/") && path_is_local(s));
}

static void read_package(struct reader *r, const struct yaml_pair *pair, struct package_spec *p)
{
	size_t before = r->mistakes;

	r->key = p->name = pair->key->text;
	p->pos = node_pos(pair->key);
	if (!package_name_ok(p->name))
		mistake(r, pair->key,
			"a package is named as its folder would be, as in pkg/log or zlib",
			"malformed package name '%.*s'", STR_ARG(p->name));
	read_map(r, pair->value, "package", p);
	for (size_t i = 0; i < p->additions.n; i++)
		if (p->additions.v[i].sources.n)
			return;
	if (!p->sources.n && !p->export_include.n && !p->foreign.system.n && r->mistakes == before)
		mistake(
		    r, pair->key,
		    "give it 'sources', or 'export: {include: [FOLDER]}' when it is headers only",
		    "package '%.*s' has neither sources nor exported headers", STR_ARG(p->name));
}

static void read_packages(struct reader *r, const struct yaml_node *v, void *manifest)
{
	struct manifest *m = manifest;

	for (size_t i = 0; want_map(r, v) && i < v->pairs.n; i++) {
		struct package_spec p = {0};

		read_package(r, &v->pairs.v[i], &p);
		*vec_push(r->a, &m->packages) = p;
	}
}

static void read_sources(struct reader *r, const struct yaml_node *v, void *package)
{
	struct package_spec *p = package;

	p->sources_pos = node_pos(v);
	read_globs(r, v, &p->sources);
}

static void read_export(struct reader *r, const struct yaml_node *v, void *package)
{
	read_map(r, v, "export", package);
}

static void read_addition(struct reader *r, const struct yaml_node *v, struct package_spec *p)
{
	struct addition add = {0};
	size_t before = r->mistakes;

	read_map(r, v, "addition", &add);
	if (condition_is_empty(&add.when) && r->mistakes == before)
		mistake(r, v, "add 'os', 'arch' or 'option', or move its keys to the package",
			"no condition in 'when'");
	*vec_push(r->a, &p->additions) = add;
}

/* A map: the package exists only there. A list: what the package has besides, there. */
static void read_when(struct reader *r, const struct yaml_node *v, void *package)
{
	struct package_spec *p = package;

	if (v->kind != YAML_LIST) {
		read_map(r, v, "condition", &p->when);
		return;
	}
	for (size_t i = 0; i < v->items.n; i++)
		read_addition(r, v->items.v[i], p);
}

static void read_requirement_when(struct reader *r, const struct yaml_node *v, void *condition)
{
	read_map(r, v, "choice", condition);
}

static void read_image(struct reader *r, const struct yaml_node *v, void *manifest)
{
	struct manifest *m = manifest;

	m->image.pos = node_pos(v);
	read_map(r, v, "image", &m->image);
}

/* What is checked, and one way of it. */
static void read_health(struct reader *r, const struct yaml_node *v, void *health)
{
	struct health_spec *h = health;
	size_t before = r->mistakes;

	read_map(r, v, "health", h);
	if (h->kind == HEALTH_NONE && r->mistakes == before)
		mistake(r, v, "add 'http: URL', 'tcp: HOST:PORT' or 'cmd: [PROGRAM, ARGUMENT]'",
			"'health' checks nothing");
	if (h->kind == HEALTH_TCP && h->proof == PROOF_ANSWER)
		mistake(r, v, "use http, or leave proof: process",
			"'proof: answer' of a connection that is answered by nothing");
}

static void read_canary(struct reader *r, const struct yaml_node *v, void *deploy)
{
	struct deploy_spec *s = deploy;
	size_t before = r->mistakes;

	read_map(r, v, "canary", s);
	if ((!s->canary.n || s->canary_health.kind == HEALTH_NONE) && r->mistakes == before)
		mistake(r, v, "write canary: {run: [./kv, -a, ':8081'], health: {...}}",
			"'canary' needs both 'run' and 'health'");
}

static void read_verify(struct reader *r, const struct yaml_node *v, void *verify)
{
	struct verify_spec *s = verify;
	size_t before = r->mistakes;

	read_map(r, v, "verify", s);
	if (!s->key.n && r->mistakes == before)
		mistake(r, v, "write verify: {key: release.pub}",
			"'verify' without a public key verifies nothing");
}

static void read_deploy(struct reader *r, const struct yaml_node *v, void *manifest)
{
	struct manifest *m = manifest;

	m->deploy.pos = node_pos(v);
	read_map(r, v, "deploy", &m->deploy);
	if (m->deploy.reload.n && m->deploy.signal.n)
		mistake(r, v, "keep one of them", "both 'reload' and 'signal' in 'deploy'");
}

static void read_source(struct reader *r, const struct yaml_node *v, void *manifest)
{
	struct manifest *m = manifest;

	m->source.pos = node_pos(v);
	m->is_port = true;
	read_map(r, v, "source", &m->source);
	finish_source(r, v, &m->source);
}

static void read_provides(struct reader *r, const struct yaml_node *v, void *manifest)
{
	struct manifest *m = manifest;

	m->is_port = true;
	read_map(r, v, "provides", m);
}
