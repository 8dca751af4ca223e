/*
 * Descriptors: toolchain/NAME.yaml, embedded in the binary, into struct tc_desc. A table says for
 * each key what it holds and where it goes; an unknown key is an error, so a typo cannot pass
 * unseen.
 */
#include "toolchain/toolchain_impl.h"

#include <stdlib.h>

#include "base/embed.h"
#include "format/yaml.h"

enum field_type {
	F_STR,
	F_WORDS,
	F_BOOL,
	F_NUMBER,
	F_VARS,
	F_KIND,
	F_SINCE,
	F_LTO,
	F_RELEASES,
	F_TARGETS
};

struct field {
	const char *key;
	enum field_type type;
	size_t at; /* offset in struct tc_desc */
};

static const struct field FIELDS[] = {
    {"name", F_STR, offsetof(struct tc_desc, name)},
    {"about", F_STR, offsetof(struct tc_desc, about)},
    {"kind", F_KIND, offsetof(struct tc_desc, kind)},
    {"order", F_NUMBER, offsetof(struct tc_desc, order)},
    {"static", F_BOOL, offsetof(struct tc_desc, is_static)},
    {"static-pie", F_BOOL, offsetof(struct tc_desc, static_pie)},
    {"linker", F_BOOL, offsetof(struct tc_desc, link_is_linker)},
    {"compiler", F_WORDS, offsetof(struct tc_desc, compiler)},
    {"link-program", F_WORDS, offsetof(struct tc_desc, linker)},
    {"cc", F_WORDS, offsetof(struct tc_desc, cc)},
    {"link", F_WORDS, offsetof(struct tc_desc, link)},
    {"link-pre", F_WORDS, offsetof(struct tc_desc, link_pre)},
    {"link-post", F_WORDS, offsetof(struct tc_desc, link_post)},
    {"env", F_WORDS, offsetof(struct tc_desc, env)},
    {"trusted", F_WORDS, offsetof(struct tc_desc, trusted)},
    {"headers", F_WORDS, offsetof(struct tc_desc, headers)},
    {"compile-files", F_WORDS, offsetof(struct tc_desc, compile_files)},
    {"link-files", F_WORDS, offsetof(struct tc_desc, link_files)},
    {"libraries", F_WORDS, offsetof(struct tc_desc, libraries)},
    {"default-libs", F_WORDS, offsetof(struct tc_desc, default_libs)},
    {"probe", F_VARS, offsetof(struct tc_desc, probe)},
    {"search", F_VARS, offsetof(struct tc_desc, search)},
    {"links", F_VARS, offsetof(struct tc_desc, links)},
    {"lto", F_LTO, offsetof(struct tc_desc, lto)},
    {"since", F_SINCE, offsetof(struct tc_desc, since)},
    {"releases", F_RELEASES, offsetof(struct tc_desc, releases)},
    {"targets", F_TARGETS, offsetof(struct tc_desc, targets)},
};

struct reader {
	struct arena *a;
	struct tc_desc *d;
	struct err *e;
};

static bool wrong(struct reader *r, const struct yaml_node *n, const char *want)
{
	return err_at(r->e, ERR_INPUT, str_c(r->a, r->d->file), n->line, n->col, "expected %s",
		      want);
}

static bool read_str(struct reader *r, const struct yaml_node *n, struct str *out)
{
	if (n->kind != YAML_TEXT)
		return wrong(r, n, "a single value");
	*out = n->text;
	return true;
}

static bool read_words(struct reader *r, const struct yaml_node *n, struct str_vec *out)
{
	if (n->kind != YAML_LIST)
		return wrong(r, n, "a list of words");
	for (size_t i = 0; i < n->items.n; i++) {
		if (!read_str(r, n->items.v[i], vec_push(r->a, out)))
			return false;
	}
	return true;
}

static bool read_bool(struct reader *r, const struct yaml_node *n, bool *out)
{
	*out = n->kind == YAML_TEXT && str_eqc(n->text, "true");
	return *out || (n->kind == YAML_TEXT && str_eqc(n->text, "false")) ||
	       wrong(r, n, "true or false");
}

static bool read_number(struct reader *r, const struct yaml_node *n, uint64_t *out)
{
	return (n->kind == YAML_TEXT && str_u64(n->text, out)) || wrong(r, n, "a number");
}

static bool read_kind(struct reader *r, const struct yaml_node *n, enum tc_kind *out)
{
	static const char *const names[] = {
	    [TC_ZIG] = "zig", [TC_DEBIAN] = "debian", [TC_SYSTEM] = "system"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (n->kind == YAML_TEXT && str_eqc(n->text, names[i])) {
			*out = (enum tc_kind)i;
			return true;
		}
	}
	return wrong(r, n, "zig, debian or system");
}

static bool read_vars(struct reader *r, const struct yaml_node *n, struct tc_vars *out)
{
	if (n->kind != YAML_MAP)
		return wrong(r, n, "a map");
	for (size_t i = 0; i < n->pairs.n; i++) {
		const struct yaml_node *value = n->pairs.v[i].value;
		struct tc_var *v = vec_push(r->a, out);

		v->name = n->pairs.v[i].key->text;
		v->list = value->kind == YAML_LIST;
		if (v->list ? !read_words(r, value, &v->words)
			    : !read_str(r, value, vec_push(r->a, &v->words)))
			return false;
	}
	return true;
}

static bool read_target(struct reader *r, const struct yaml_node *n, struct target *out)
{
	return n->kind == YAML_TEXT ? target_parse(n->text, out, r->e) : wrong(r, n, "a target");
}

static bool read_since(struct reader *r, const struct yaml_node *n, struct tc_desc *d)
{
	if (n->kind != YAML_LIST)
		return wrong(r, n, "a list");
	for (size_t i = 0; i < n->items.n; i++) {
		struct tc_since *s = vec_push(r->a, &d->since);
		const struct yaml_node *x = n->items.v[i];
		const struct yaml_node *version = yaml_get(x, "version"),
				       *name = yaml_get(x, "name");
		const struct yaml_node *words = yaml_get(x, "words");

		if (!version || !name || !words)
			return wrong(r, x, "version, name and words");
		if (!read_number(r, version, &s->major) || !read_str(r, name, &s->name) ||
		    !read_words(r, words, &s->words))
			return false;
	}
	return true;
}

static bool read_lto(struct reader *r, const struct yaml_node *n, struct tc_desc *d)
{
	if (n->kind != YAML_MAP)
		return wrong(r, n, "a map");
	for (size_t i = 0; i < n->pairs.n; i++) {
		struct toolchain_lto *x = vec_push(r->a, &d->lto);
		const struct yaml_node *cc = yaml_get(n->pairs.v[i].value, "cc");
		const struct yaml_node *link = yaml_get(n->pairs.v[i].value, "link");

		x->name = n->pairs.v[i].key->text;
		if (!cc || !link)
			return wrong(r, n->pairs.v[i].key, "cc and link");
		if (!read_words(r, cc, &x->cc) || !read_words(r, link, &x->link))
			return false;
	}
	return true;
}

static bool read_archive(struct reader *r, const struct yaml_node *n, struct tc_archive *x)
{
	const struct yaml_node *host = yaml_get(n, "host"), *sha256 = yaml_get(n, "sha256");
	const struct yaml_node *url = yaml_get(n, "url"), *pip = yaml_get(n, "pip");
	const struct yaml_node *release = yaml_get(n, "release");

	if (!host || !sha256 || !url == !pip || !pip != !release)
		return wrong(r, n, "host, sha256 and url, or pip and release");
	if (sha256->kind != YAML_TEXT || !digest_parse_hex(sha256->text, &x->want))
		return wrong(r, sha256, "64 lower-case hex digits");
	return read_target(r, host, &x->host) && (!url || read_str(r, url, &x->url)) &&
	       (!pip || read_str(r, pip, &x->package)) &&
	       (!release || read_str(r, release, &x->release));
}

static bool read_releases(struct reader *r, const struct yaml_node *n, struct tc_desc *d)
{
	if (n->kind != YAML_LIST)
		return wrong(r, n, "a list");
	for (size_t i = 0; i < n->items.n; i++) {
		struct tc_release *x = vec_push(r->a, &d->releases);
		const struct yaml_node *version = yaml_get(n->items.v[i], "version");
		const struct yaml_node *archives = yaml_get(n->items.v[i], "archives");

		if (!version || !archives || archives->kind != YAML_LIST)
			return wrong(r, n->items.v[i], "version and archives");
		if (!read_str(r, version, &x->version))
			return false;
		for (size_t k = 0; k < archives->items.n; k++) {
			if (!read_archive(r, archives->items.v[k], vec_push(r->a, &x->archives)))
				return false;
		}
	}
	return true;
}

static bool read_targets(struct reader *r, const struct yaml_node *n, struct tc_desc *d)
{
	if (n->kind != YAML_MAP)
		return wrong(r, n, "a map of targets");
	for (size_t i = 0; i < n->pairs.n; i++) {
		struct tc_target *t = vec_push(r->a, &d->targets);

		if (!read_target(r, n->pairs.v[i].key, &t->target) ||
		    !read_vars(r, n->pairs.v[i].value, &t->vars))
			return false;
	}
	return true;
}

static bool read_field(struct reader *r, const struct field *f, const struct yaml_node *n)
{
	void *at = (char *)r->d + f->at;

	switch (f->type) {
	case F_STR:
		return read_str(r, n, at);
	case F_WORDS:
		return read_words(r, n, at);
	case F_BOOL:
		return read_bool(r, n, at);
	case F_NUMBER:
		return read_number(r, n, at);
	case F_VARS:
		return read_vars(r, n, at);
	case F_KIND:
		return read_kind(r, n, at);
	case F_SINCE:
		return read_since(r, n, r->d);
	case F_LTO:
		return read_lto(r, n, r->d);
	case F_RELEASES:
		return read_releases(r, n, r->d);
	case F_TARGETS:
		return read_targets(r, n, r->d);
	}
	return false;
}

static const struct field *find_field(struct str key)
{
	for (size_t i = 0; i < sizeof FIELDS / sizeof *FIELDS; i++) {
		if (str_eqc(key, FIELDS[i].key))
			return &FIELDS[i];
	}
	return NULL;
}

bool tc_desc_parse(struct arena *a, struct str file, struct str bytes, struct tc_desc *out,
		   struct err *e)
{
	struct reader r = {.a = a, .d = out, .e = e};
	struct yaml_node *root;

	*out = (struct tc_desc){.file = file};
	if (bytes.n > TC_DESC_LIMIT || !yaml_parse(a, file, bytes, &root, e))
		return err_wrap(e, "reading toolchain descriptor");
	if (root->kind != YAML_MAP)
		return wrong(&r, root, "a map");
	for (size_t i = 0; i < root->pairs.n; i++) {
		const struct yaml_node *key = root->pairs.v[i].key;
		const struct field *f = find_field(key->text);

		if (!f)
			return err_at(e, ERR_INPUT, str_c(a, file), key->line, key->col,
				      "unknown key '%.*s'", STR_ARG(key->text));
		if (!read_field(&r, f, root->pairs.v[i].value))
			return err_wrap(e, "reading toolchain descriptor");
	}
	if (out->name.n == 0 || out->cc.n == 0 || out->targets.n == 0)
		return err_at(e, ERR_INPUT, str_c(a, file), 0, 0,
			      "a descriptor needs name, cc and targets");
	return true;
}

const struct tc_target *tc_desc_target(const struct tc_desc *d, const struct target *t)
{
	for (size_t i = 0; i < d->targets.n; i++) {
		if (target_eq(&d->targets.v[i].target, t))
			return &d->targets.v[i];
	}
	return NULL;
}

/* Never-chosen ones (order 0) last; names break ties. */
static int by_order(const void *x, const void *y)
{
	const struct tc_desc *p = x, *q = y;
	uint64_t m = p->order ? p->order : UINT64_MAX, n = q->order ? q->order : UINT64_MAX;

	return m != n ? (m < n ? -1 : 1) : str_cmp(p->name, q->name);
}

bool tc_desc_all(struct arena *a, struct tc_desc **out, size_t *n, struct err *e)
{
	VEC(struct tc_desc) all = {0};

	for (size_t i = 0; i < embed_count(); i++) {
		struct embed_file f = embed_at(i);

		if (!str_startsc(f.name, "toolchain/") || !str_endsc(f.name, ".yaml"))
			continue;
		if (!tc_desc_parse(a, f.name, f.data, vec_push(a, &all), e))
			return false;
	}
	if (all.n > 0)
		qsort(all.v, all.n, sizeof *all.v, by_order);
	*out = all.v;
	*n = all.n;
	return true;
}
