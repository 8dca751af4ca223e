/*
 * Ports: manifests for modules that have none of their own. The project's ports/ folder comes
 * first, so that a user can mend or add one, then those of the port repositories (repos.c), then those embedded in
 * the binary. Finding the port of a path parses only files that contain it as text; finding that of a header, all.
 *
 * A port's source.tag turns versions into tags and back: "v{version}", "{version}",
 * "curl-{major}_{minor}_{patch}".
 */
#include <string.h>
#include <sys/stat.h>

#include "base/embed.h"
#include "base/path.h"
#include "mod/source_impl.h"

enum { PORT_BYTES_MAX = 1 << 20 };

/* Of what path leads to; 0: nothing. */
static uint32_t mode_of(const char *path)
{
	struct file_sig sig;
	struct err ignored;

	return file_kind(path) != FILE_ABSENT && file_stat(path, &sig, &ignored) ? sig.mode : 0;
}

bool port_folder_there(const char *path)
{
	return S_ISDIR(mode_of(path));
}

bool port_file_there(const char *path)
{
	return S_ISREG(mode_of(path));
}

static bool each_in_folder(struct arena *a, const struct port_place *at, port_visit visit,
			   void *ctx, bool *stop, struct err *e)
{
	struct folder_entry *list;
	struct str dir = at->dir;
	size_t n;

	if (!port_folder_there(str_c(a, dir)))
		return true;
	if (!folder_list(a, str_c(a, dir), &list, &n, e))
		return false;
	for (size_t i = 0; i < n && !*stop; i++) {
		struct str path = path_join(a, dir, list[i].name);
		struct port_file f = {.at = at};

		if (list[i].kind == FILE_FOLDER || !str_endsc(list[i].name, ".yaml"))
			continue;
		f.shown = str_fmt(a, "%.*s/%.*s", STR_ARG(at->shown), STR_ARG(list[i].name));
		if (!file_read(a, path.p, PORT_BYTES_MAX, &f.bytes, e) ||
		    !visit(ctx, a, &f, stop, e))
			return false;
	}
	return true;
}

static bool each_embedded(struct arena *a, port_visit visit, void *ctx, bool *stop, struct err *e)
{
	const struct port_place at = {STR("ports"), STR("(built in)/ports"), true};

	for (size_t i = 0; i < embed_count() && !*stop; i++) {
		struct embed_file f = embed_at(i);
		struct port_file port = {.at = &at, .bytes = f.data};

		if (!str_startsc(f.name, "ports/") || !str_endsc(f.name, ".yaml"))
			continue;
		port.shown = str_fmt(a, "%.*s/%.*s", STR_ARG(at.shown), STR_ARG(path_base(f.name)));
		if (!visit(ctx, a, &port, stop, e))
			return false;
	}
	return true;
}

/* What a module of ports is called in messages: as the user writes it. */
static struct str repo_shown(struct arena *a, const struct module *m)
{
	return m->version.n ? str_fmt(a, "%.*s@%.*s/ports", STR_ARG(m->path), STR_ARG(m->version))
			    : str_fmt(a, "%.*s/ports", STR_ARG(m->dir));
}

bool port_each(struct arena *a, const struct mod_opts *o, port_visit visit, void *ctx,
	       struct err *e)
{
	bool stop = false;

	if (o->project_dir.n) {
		struct port_place own = {path_join(a, o->project_dir, STR("ports")), STR("ports"),
					 false};

		if (!each_in_folder(a, &own, visit, ctx, &stop, e))
			return false;
	}
	for (size_t i = 0; o->ports && i < o->ports->n && !stop; i++) {
		const struct module *m = &o->ports->v[i];
		struct port_place repo = {path_join(a, m->dir, STR("ports")), repo_shown(a, m),
					  false};

		if (!each_in_folder(a, &repo, visit, ctx, &stop, e))
			return false;
	}
	return stop || each_embedded(a, visit, ctx, &stop, e);
}

struct port_search {
	struct str want; /* module path, or header */
	bool by_header;
	struct manifest *found;
};

bool port_provides(const struct manifest *m, struct str header)
{
	for (size_t i = 0; i < m->provides_headers.n; i++)
		if (str_glob(m->provides_headers.v[i], header))
			return true;
	return false;
}

static bool visit_port(void *ctx, struct arena *a, const struct port_file *f, bool *stop,
		       struct err *e)
{
	struct port_search *s = ctx;
	struct manifest *m;

	if (!s->by_header && !str_containsc(f->bytes, str_c(a, s->want)))
		return true;
	m = arena_new(a, struct manifest);
	if (!manifest_parse(a, f->shown, f->bytes, m, e))
		return false;
	m->folder = f->at->dir;
	m->embedded = f->at->embedded;
	if (s->by_header ? !port_provides(m, s->want) : !str_eq(m->module, s->want))
		return true;
	s->found = m;
	*stop = true;
	return true;
}

static bool search(struct arena *a, const struct mod_opts *o, struct port_search *s,
		   struct manifest **out, struct err *e)
{
	*out = NULL;
	if (!port_each(a, o, visit_port, s, e))
		return false;
	*out = s->found;
	return true;
}

bool port_find(struct arena *a, const struct mod_opts *o, struct str path, struct manifest **out,
	       struct err *e)
{
	struct port_search s = {.want = path};

	return search(a, o, &s, out, e);
}

/* The path that a port's file is about, by its line `module:`; empty: only parsing tells. */
static struct str module_line(struct str bytes)
{
	struct str line;

	while (str_line(&bytes, &line)) {
		if (!str_startsc(line, "module:"))
			continue;
		line = str_trim(str_skip(line, strlen("module:")));
		line.n = str_find(line, ' ');
		if (line.n > 2 && (line.p[0] == '"' || line.p[0] == '\''))
			line = (struct str){line.p + 1, line.n - 2};
		return line;
	}
	return STR("");
}

static bool note_port(void *ctx, struct arena *a, const struct port_file *f, bool *stop,
		      struct err *e)
{
	struct map *paths = ctx;
	struct str path = module_line(f->bytes);
	struct manifest m;

	(void)stop;
	if (!path.n) {
		if (!manifest_parse(a, f->shown, f->bytes, &m, e))
			return false;
		path = m.module;
	}
	map_put(a, paths, path, NULL);
	return true;
}

bool port_paths(struct arena *a, const struct mod_opts *o, struct map *out, struct err *e)
{
	return port_each(a, o, note_port, out, e);
}

bool mod_port_for_header(struct arena *a, struct str header, const struct mod_opts *o,
			 struct manifest **out, struct err *e)
{
	struct port_search s = {.want = header, .by_header = true};

	return search(a, o, &s, out, e);
}

struct str port_url(struct arena *a, const struct manifest *port, struct str path)
{
	if (port && port->source.git.n)
		return port->source.git;
	return str_fmt(a, "https://%.*s", STR_ARG(path));
}

static struct str tag_pattern(const struct manifest *port)
{
	return port && port->source.tag.n ? port->source.tag : STR("v{version}");
}

bool port_source_is_usual(struct arena *a, const struct manifest *port, struct str path)
{
	return !source_has_archive(port) &&
	       str_eq(port_url(a, port, path), port_url(a, NULL, path)) &&
	       str_eq(tag_pattern(port), tag_pattern(NULL));
}

struct str port_source_text(struct arena *a, const struct manifest *port,
			    const struct mod_version *v)
{
	struct archive_spec spec;
	struct str url = port_url(a, port, v->path), pattern = tag_pattern(port), text;

	if (!source_has_archive(port) || !source_find_archive(a, port, v->version, &spec))
		return str_fmt(a, "git %.*s %.*s", STR_ARG(url), STR_ARG(pattern));
	text = str_fmt(a, "archive %u %.*s", (unsigned)spec.strip, STR_ARG(spec.sha256));
	/* By its digest it is the same wherever it lies. */
	for (size_t i = 0; i < spec.urls.n && !spec.sha256.n; i++)
		text = str_fmt(a, "%.*s %.*s", STR_ARG(text), STR_ARG(spec.urls.v[i]));
	return text;
}

/* ---- versions to tags ---- */

/* The value of the placeholder that *pattern starts with, which is skipped; false when it starts
 * with none. */
static bool placeholder(struct str *pattern, const char *name)
{
	size_t n = strlen(name);

	if (!str_startsc(*pattern, name))
		return false;
	*pattern = str_skip(*pattern, n);
	return true;
}

static struct str fill(struct arena *a, struct str pattern, struct str version,
		       const struct semver *s)
{
	struct buf b = {0};
	struct str out;

	while (pattern.n) {
		if (placeholder(&pattern, "{version}"))
			buf_adds(&b, version);
		else if (placeholder(&pattern, "{major}"))
			buf_adds(&b, s->major);
		else if (placeholder(&pattern, "{minor}"))
			buf_adds(&b, s->minor);
		else if (placeholder(&pattern, "{patch}"))
			buf_adds(&b, s->patch);
		else {
			buf_add_byte(&b, pattern.p[0]);
			pattern = str_skip(pattern, 1);
		}
	}
	out = str_dup(a, buf_str(&b));
	buf_fini(&b);
	return out;
}

struct str mod_fill_version(struct arena *a, struct str text, struct str version)
{
	struct semver s;

	if (!semver_parse(version, &s))
		(void)semver_parse(version = STR("v0.0.0"), &s);
	return fill(a, text, str_skip(version, 1), &s);
}

static void add_tag(struct arena *a, struct str_vec *out, struct str tag)
{
	if (!str_vec_has(out, tag))
		*vec_push(a, out) = tag;
}

void port_tags(struct arena *a, const struct manifest *port, struct str version,
	       struct str_vec *out)
{
	struct semver s;
	struct str pattern = tag_pattern(port), shorter;

	if (!semver_parse(version, &s))
		return;
	add_tag(a, out, fill(a, pattern, str_skip(version, 1), &s));
	if (!port)
		return;
	/* Upstreams like zlib tag a first release "v1.3". */
	shorter = str_fmt(a, "%.*s.%.*s", STR_ARG(s.major), STR_ARG(s.minor));
	if (str_eqc(s.patch, "0") && !s.pre.n && str_containsc(pattern, "{version}"))
		add_tag(a, out, fill(a, pattern, shorter, &s));
	add_tag(a, out, version);
}

/* ---- tags to versions ---- */

static struct str take_number(struct str *text)
{
	struct str n = {text->p, 0};

	while (n.n < text->n && text->p[n.n] >= '0' && text->p[n.n] <= '9')
		n.n++;
	*text = str_skip(*text, n.n);
	return n;
}

struct tag_parts {
	struct str version, major, minor, patch;
};

/* Matches text against pattern; {version} takes all but what the rest of the pattern needs
 * literally. */
static bool match_tag(struct str pattern, struct str text, struct tag_parts *p)
{
	while (pattern.n) {
		if (placeholder(&pattern, "{version}")) {
			if (text.n < pattern.n)
				return false;
			p->version = (struct str){text.p, text.n - pattern.n};
			text = str_skip(text, p->version.n);
		} else if (placeholder(&pattern, "{major}")) {
			p->major = take_number(&text);
		} else if (placeholder(&pattern, "{minor}")) {
			p->minor = take_number(&text);
		} else if (placeholder(&pattern, "{patch}")) {
			p->patch = take_number(&text);
		} else {
			if (text.n == 0 || text.p[0] != pattern.p[0])
				return false;
			pattern = str_skip(pattern, 1);
			text = str_skip(text, 1);
		}
	}
	return text.n == 0;
}

static struct str or_zero(struct str s)
{
	return s.n ? s : STR("0");
}

bool port_version(struct arena *a, const struct manifest *port, struct str tag, struct str *version)
{
	struct tag_parts p = {0};
	struct str minor, patch;

	if (memchr(tag.p, '\0', tag.n) || !match_tag(tag_pattern(port), tag, &p))
		return false;
	minor = or_zero(p.minor);
	patch = or_zero(p.patch);
	if (p.version.n)
		*version = str_fmt(a, "v%.*s", STR_ARG(p.version));
	else
		*version =
		    str_fmt(a, "v%.*s.%.*s.%.*s", STR_ARG(p.major), STR_ARG(minor), STR_ARG(patch));
	if (port && semver_is_prefix(*version) && str_find(*version, '.') < version->n)
		*version = str_fmt(a, "%.*s.0", STR_ARG(*version));
	return semver_valid(*version);
}

bool port_one_tag(const struct manifest *port, struct str version)
{
	struct semver s;

	return semver_parse(version, &s) &&
	       (!port || !str_eqc(s.patch, "0") || !str_containsc(tag_pattern(port), "{version}"));
}
