/*
 * Opening a place: what kind it is, whether it can be one, the lock, and recovery. Recovery is bookkeeping:
 * a change that was begun and not ended is noted as interrupted, with what `current` says now; half-made
 * generations and temporaries go. Whoever comes next decides anew from that state.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "deploy/deploy_impl.h"
#include "oci/oci.h"

const char *place_path(const struct place *p, const char *fmt, ...)
{
	struct buf b = {0};
	struct str out;
	va_list ap;

	buf_printf(&b, "%.*s/", STR_ARG(p->dir));
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	out = str_dup(p->arena, buf_str(&b));
	buf_fini(&b);
	return out.p;
}

const char *generation_path(const struct place *p, const struct generation *g, const char *file)
{
	return place_path(p, "generations/%.*s%s%s", STR_ARG(g->name), *file ? "/" : "", file);
}

struct generation *generation_find(const struct place *p, uint64_t number)
{
	for (size_t i = 0; i < p->view.generations.n; i++)
		if (p->view.generations.v[i].number == number)
			return &p->view.generations.v[i];
	return NULL;
}

struct generation *generation_named(const struct place *p, struct str name)
{
	for (size_t i = p->view.generations.n; i-- > 0;)
		if (str_eq(p->ops->target((struct place *)(uintptr_t)p, &p->view.generations.v[i]),
			   name))
			return &p->view.generations.v[i];
	return NULL;
}

static bool is_good(const struct generation *g)
{
	return g && g->present && g->state == GENERATION_GOOD;
}

static struct generation *used_last(const struct place *p)
{
	struct generation *best = NULL;

	for (size_t i = 0; i < p->view.generations.n; i++) {
		struct generation *g = &p->view.generations.v[i];

		if (g->number != p->view.current_number && is_good(g) &&
		    (!best || g->last_change > best->last_change))
			best = g;
	}
	return best;
}

struct generation *generation_back(const struct place *p)
{
	struct generation *g = generation_find(p, p->view.current_number);
	uint64_t at = p->view.current_number;

	if (!is_good(g))
		return used_last(p);
	for (size_t i = p->view.changes.n; i-- > 0;) {
		const struct change *c = &p->view.changes.v[i];

		if (c->kind != CHANGE_DEPLOY || c->to != at || !c->switched)
			continue;
		g = generation_named(p, c->from);
		if (!g || (g->number != p->view.current_number && is_good(g)))
			return g;
		at = g->number;
	}
	return NULL;
}

struct str generation_name(struct arena *a, uint64_t number, const struct digest *d)
{
	char hex[DIGEST_HEX + 1];

	digest_hex(d, hex);
	return str_fmt(a, "%llu-%.12s", (unsigned long long)number, hex);
}

const char *generation_state_name(enum generation_state s)
{
	static const char *const names[] = {"never switched to", "not checked", "good", "failed"};

	return names[s];
}

const struct place_view *place_view(const struct place *p)
{
	return &p->view;
}

bool place_record(const struct place *p, const struct generation *g, struct json **out,
		  struct err *e)
{
	const char *path = generation_path(p, g, "release.json");
	struct digest d;
	struct str text;

	if (!file_read(p->arena, path, RECORD_MAX_BYTES, &text, e))
		return false;
	d = digest_str(text);
	d.size_bytes = g->record.size_bytes;
	if (!digest_eq(&d, &g->record))
		return err_at(e, ERR_VERIFY, path, 0, 0,
			      "is not what the journal says it was when it was written");
	return json_parse(p->arena, text, path, out, e);
}

bool place_verify(const struct place *p, const struct generation *g, struct err *e)
{
	return generation_verify(p, g, &p->view.verify, e);
}

/* --- opening ---------------------------------------------------------------------------------- */

/* Who is at it, for the history only. */
static struct str who(struct arena *a)
{
	static const char *const names[] = {"SUDO_USER", "LOGNAME", "USER"};
	struct str user = {0};
	char host[256] = "";

	for (size_t i = 0; i < sizeof names / sizeof names[0] && !user.n; i++)
		user = str_of(getenv(names[i]));
	if (!user.n)
		user = str_fmt(a, "uid %u", (unsigned)getuid());
	if (gethostname(host, sizeof host - 1) != 0)
		host[0] = '\0';
	return str_fmt(a, "%.*s@%s", STR_ARG(user), host);
}

static bool in_the_way(const struct place *p, const char *name, const char *what, struct err *e)
{
	err_at(e, ERR_USAGE, place_path(p, "%s", name), 0, 0, "%s", what);
	return err_fix(e, "move it away, or deploy to another folder");
}

/* Other things may lie beside; what cbuild needs must be what it makes. */
static bool check_names(const struct place *p, struct err *e)
{
	static const struct {
		const char *name, *what;
		enum file_kind kind;
	} names[] = {
	    {"current", "is no symbolic link: a switch would go into it, not replace it",
	     FILE_LINK},
	    {"generations", "is no folder", FILE_FOLDER},
	    {"journal", "is no file", FILE_REGULAR},
	    {"lock", "is no file", FILE_REGULAR},
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		enum file_kind kind = file_kind(place_path(p, "%s", names[i].name));

		if (kind != FILE_ABSENT && kind != names[i].kind)
			return in_the_way(p, names[i].name, names[i].what, e);
	}
	return true;
}

static bool not_deployed(const struct place *p, struct err *e)
{
	err_at(e, ERR_INPUT, p->dest.p, 0, 0, "nothing was deployed there");
	return err_fix(e, "`cbuild deploy %.*s` is the first step", STR_ARG(p->dest));
}

/* oci:LAYOUT:TAG */
static bool layout_place(struct place *p, struct err *e)
{
	struct buf name = {0};

	if (!source_image(p->arena, p->dest, &p->layout, &p->tag, e))
		return false;
	for (size_t i = 0; i < p->tag.n; i++)
		buf_add(&name, p->tag.p[i] == '/' ? "+" : &p->tag.p[i], 1);
	p->dir = str_fmt(p->arena, "%.*s/.cbuild/%s", STR_ARG(p->layout), name.p);
	p->ops = &place_layout;
	buf_fini(&name);
	return oci_layout_check(p->arena, p->layout.p, e);
}

static bool choose_kind(struct place *p, struct err *e)
{
	if (str_startsc(p->dest, "oci:"))
		return layout_place(p, e);
	if (!p->dest.n)
		return err_set(e, ERR_USAGE, "an empty name is no place to deploy to");
	p->ops = &place_folder;
	p->dir = path_clean(p->arena, p->dest);
	return true;
}

/* The names last before anything is written under them. */
static bool make_names(struct place *p, struct err *e)
{
	const char *journal = place_path(p, "journal");

	if (file_kind(journal) != FILE_ABSENT)
		return true;
	return folder_make(place_path(p, "generations"), e) &&
	       file_set_mode(place_path(p, "generations"), 0755, e) &&
	       file_append(journal, STR(""), 0644, e) && file_sync(str_c(p->arena, p->dir), e) &&
	       file_sync(str_c(p->arena, path_dir(p->dir)), e);
}

static bool lock_place(struct place *p, const struct place_opts *o, struct err *e)
{
	const char *path = place_path(p, "lock");
	bool got;

	if (!folder_make(str_c(p->arena, p->dir), e) ||
	    !lock_acquire(&p->lock, path, false, false, &got, e))
		return false;
	if (got)
		return true;
	if (o->no_wait) {
		err_at(e, ERR_IO, p->dest.p, 0, 0, "another command is at work there");
		return err_fix(e, "wait for it, or leave --no-wait away to have it waited for");
	}
	event_note(p->sink, "another command is at work in %.*s: waiting for it", STR_ARG(p->dest));
	return lock_acquire(&p->lock, path, false, true, &got, e);
}

static void note_present(struct place *p)
{
	for (size_t i = 0; i < p->view.generations.n; i++) {
		struct generation *g = &p->view.generations.v[i];

		g->present = file_kind(generation_path(p, g, "release.json")) == FILE_REGULAR;
	}
}

static bool note_current(struct place *p, struct err *e)
{
	struct generation *g;

	if (!p->ops->current(p, &p->view.current, e))
		return false;
	g = p->view.current.n ? generation_named(p, p->view.current) : NULL;
	p->view.current_number = g ? g->number : 0;
	return true;
}

/* Changes that nobody ended: their command is dead, for we hold the lock. */
static bool end_interrupted(struct place *p, struct err *e)
{
	for (size_t i = 0; i < p->view.changes.n; i++) {
		struct change c = p->view.changes.v[i];

		if (c.outcome != OUTCOME_NONE)
			continue;
		c.outcome = OUTCOME_INTERRUPTED;
		c.switched = p->view.current_number == c.to;
		c.why = c.switched ? STR("the command ended after the switch, before the check")
				   : STR("the command ended before the switch");
		event_note(p->sink, "%s of generation %llu was interrupted: %.*s",
			   change_kind_name(c.kind), (unsigned long long)c.to, STR_ARG(c.why));
		if (!journal_end(p, &c, e))
			return false;
	}
	return true;
}

static bool read_state(struct place *p, struct err *e)
{
	if (!journal_read(p, e))
		return false;
	note_present(p);
	if (!note_current(p, e))
		return false;
	if (p->view.damaged_lines)
		event_warn(p->sink, "%s: %zu damaged lines are left out", place_path(p, "journal"),
			   p->view.damaged_lines);
	return true;
}

/*
 * A switch whose folder was not synced may be undone by a power cut that follows, and what is done next
 * relies on it: so it is made to last first.
 */
static bool recover(struct place *p, struct err *e)
{
	return p->ops->sync(p, e) && end_interrupted(p, e) && gc_leftovers(p, e);
}

static bool open_place(struct place *p, const struct place_opts *o, struct err *e)
{
	bool there;

	if (!choose_kind(p, e) || !check_names(p, e))
		return false;
	there = file_kind(place_path(p, "journal")) != FILE_ABSENT;
	if (o->must_exist && !there)
		return not_deployed(p, e);
	if (!o->write)
		return read_state(p, e);
	p->by = who(p->arena);
	return lock_place(p, o, e) && make_names(p, e) && read_state(p, e) && recover(p, e);
}

bool place_open(struct arena *a, struct str dest, const struct place_opts *o, struct place **out,
		struct err *e)
{
	struct place *p = arena_new(a, struct place);

	*p = (struct place){
	    .arena = a, .sink = o->sink, .dest = str_dup(a, dest), .write = o->write, .lock = {-1}};
	if (!open_place(p, o, e)) {
		lock_release(&p->lock);
		return err_wrap(e, "opening %.*s", STR_ARG(dest));
	}
	*out = p;
	return true;
}

void place_close(struct place *p)
{
	if (p)
		lock_release(&p->lock);
}
