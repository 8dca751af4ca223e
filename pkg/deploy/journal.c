/*
 * The journal: one JSON object a line, canonical, each synced before what it announces is done.
 *
 *     {"by":"ana@web1","change":3,"digest":"sha256:9f86...","do":"deploy","from":"generations/6-2c26b46b68ff",
 *      "record":"sha256:...","size":412,"to":7,"when":"2026-11-27T02:00:00Z"}
 *     {"attempts":2,"body":"...","change":3,"end":"failed","log":"...","status":500,"switched":false,
 *      "when":"...","why":"..."}
 *     {"by":"ana@web1","change":4,"do":"deploy",...,"verify":{"branch":["main"],"key":"-----BEGIN PUB..."}}
 *     {"change":4,"end":"ok","switched":true,"verified":4,"when":"..."}
 *     {"by":"ana@web1","change":5,"do":"pin","to":6,"when":"..."}
 *     {"by":"ana@web1","change":6,"do":"gc","removed":["1-...","2-..."],"when":"..."}
 *
 * Everything that is known about generations follows from it, so there is nothing it could disagree with;
 * whether a generation's files are there is asked of the folder. A write that was cut short leaves a last
 * line that is no object: it announced nothing that was done, and goes when the next command writes.
 *
 * `verify` is what is demanded of releases once that change has switched; `verified`, in each end from then on, is the
 * change that said so. An end that names one which is not there tells that its line was lost, and what was demanded
 * with it: nothing is switched to then until somebody says it anew.
 */
#include "deploy/deploy_impl.h"
#include "sys/clock.h"

static const char *const kinds[] = {"deploy", "rollback", "pin", "unpin", "gc"};
static const char *const outcomes[] = {"none", "ok", "failed", "error", "interrupted"};

const char *change_kind_name(enum change_kind k)
{
	return kinds[k];
}

const char *change_outcome_name(enum change_outcome o)
{
	return outcomes[o];
}

static bool find_name(const char *const *names, size_t n, struct str s, unsigned *out)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eqc(s, names[i])) {
			*out = (unsigned)i;
			return true;
		}
	}
	return false;
}

/* --- what the lines add up to --- */

static int64_t int_of(const struct json *v, const char *key)
{
	const struct json *m = json_get(v, key);

	return m && m->kind == JSON_KIND_INT && m->num >= 0 ? m->num : 0;
}

static bool digest_of_text(struct str s, struct digest *out)
{
	return str_startsc(s, "sha256:") && digest_parse_hex(str_skip(s, 7), out);
}

static struct generation *need_generation(struct place *p, const struct change *c)
{
	struct generation *g = generation_find(p, c->to);

	if (!g) {
		g = vec_push(p->arena, &p->view.generations);
		*g = (struct generation){.number = c->to,
					 .digest = c->digest,
					 .record = c->record,
					 .name = generation_name(p->arena, c->to, &c->digest)};
	}
	return g;
}

/* A change begins: from now on its generation may be the current one, unchecked. */
static void apply_begin(struct place *p, const struct change *c)
{
	struct generation *g;

	*vec_push(p->arena, &p->view.changes) = *c;
	if (c->kind == CHANGE_PIN || c->kind == CHANGE_UNPIN) {
		g = generation_find(p, c->to);
		if (g)
			g->pinned = c->kind == CHANGE_PIN;
	} else if (c->kind != CHANGE_GC) {
		g = need_generation(p, c);
		g->last_change = c->id;
	}
}

/* What is demanded once c has ended. */
static uint64_t verify_after(const struct place *p, const struct change *c)
{
	if (!c->verify || !c->switched)
		return p->view.verify_change;
	return c->verify->pem.n ? c->id : 0;
}

static void apply_end(struct place *p, const struct change *c)
{
	struct generation *g = generation_find(p, c->to);

	p->view.verify_change = verify_after(p, c);
	if (c->verify && c->switched) {
		p->view.verify = *c->verify;
		p->view.verify_lost = false;
	}
	if (!g)
		return;
	switch (c->outcome) {
	case OUTCOME_OK:
		g->state = GENERATION_GOOD;
		break;
	case OUTCOME_FAILED:
		g->state = GENERATION_FAILED;
		break;
	case OUTCOME_INTERRUPTED:
		if (c->switched)
			g->state = GENERATION_OPEN;
		break;
	case OUTCOME_NONE:
	case OUTCOME_ERROR:
		break;
	}
}

static uint64_t last_id(const struct place *p)
{
	size_t n = p->view.changes.n;

	return n ? p->view.changes.v[n - 1].id : 0;
}

/* An end follows its begin closely: from the last one on. */
static struct change *find_change(const struct place *p, uint64_t id)
{
	for (size_t i = p->view.changes.n; i-- > 0;)
		if (p->view.changes.v[i].id == id)
			return &p->view.changes.v[i];
	return NULL;
}

static bool read_begin(struct place *p, const struct json *v, struct str kind)
{
	struct change c = {
	    .id = (uint64_t)int_of(v, "change"),
	    .to = (uint64_t)int_of(v, "to"),
	    .from = json_text(v, "from"),
	    .by = json_text(v, "by"),
	    .when = json_text(v, "when"),
	};
	unsigned which;
	const struct json *verify = json_get(v, "verify");
	struct verify_spec *spec;
	bool switches;

	if (!find_name(kinds, sizeof kinds / sizeof kinds[0], kind, &which) || c.id <= last_id(p))
		return false;
	c.kind = (enum change_kind)which;
	switches = c.kind == CHANGE_DEPLOY || c.kind == CHANGE_ROLLBACK;
	c.outcome = switches ? OUTCOME_NONE : OUTCOME_OK;
	c.digest.size_bytes = (uint64_t)int_of(v, "size");
	if (switches && (!c.to || !digest_of_text(json_text(v, "digest"), &c.digest) ||
			 !digest_of_text(json_text(v, "record"), &c.record)))
		return false;
	if (verify) {
		spec = arena_new(p->arena, struct verify_spec);
		verify_read(p->arena, verify, spec);
		c.verify = spec;
	}
	apply_begin(p, &c);
	return true;
}

static bool read_end(struct place *p, const struct json *v, struct str outcome)
{
	struct change *c = find_change(p, (uint64_t)int_of(v, "change"));
	uint64_t verified = (uint64_t)int_of(v, "verified");
	unsigned which;

	if (!c && verified != p->view.verify_change)
		p->view.verify_lost = true;
	if (!c || !find_name(outcomes, sizeof outcomes / sizeof outcomes[0], outcome, &which))
		return false;
	c->outcome = (enum change_outcome)which;
	c->switched = json_get(v, "switched") && json_get(v, "switched")->truth;
	c->ended = json_text(v, "when");
	c->why = json_text(v, "why");
	c->body = json_text(v, "body");
	c->log = json_text(v, "log");
	c->status = int_of(v, "status");
	c->attempts = int_of(v, "attempts");
	apply_end(p, c);
	if (verified != p->view.verify_change)
		p->view.verify_lost = true;
	return true;
}

static bool read_line(struct place *p, struct str line)
{
	struct err ignored = {0};
	struct json *v;

	if (!json_parse(p->arena, line, "journal", &v, &ignored))
		return false;
	if (json_text(v, "end").n)
		return read_end(p, v, json_text(v, "end"));
	return read_begin(p, v, json_text(v, "do"));
}

size_t journal_parse(struct place *p, struct str text)
{
	struct str rest = text;
	size_t whole = 0, torn = 0;

	while (str_find(rest, '\n') < rest.n) {
		struct str line = str_from(rest.p, str_find(rest, '\n'));

		rest = str_skip(rest, line.n + 1);
		if (!read_line(p, line)) {
			torn++;
			continue;
		}
		whole = (size_t)(rest.p - text.p);
		p->view.damaged_lines += torn;
		torn = 0;
	}
	return whole;
}

bool journal_read(struct place *p, struct err *e)
{
	const char *path = place_path(p, "journal");
	struct str text;

	if (file_kind(path) == FILE_ABSENT)
		return true;
	if (!file_read(p->arena, path, JOURNAL_MAX_BYTES, &text, e))
		return false;
	p->journal_bytes = journal_parse(p, text);
	if (!p->write || p->journal_bytes == text.n)
		return true;
	return file_cut(path, p->journal_bytes, e) && file_sync(path, e);
}

/* --- writing --- */

static struct str now_text(struct arena *a)
{
	return time_rfc3339(a, clock_real_ns() / 1000000000);
}

static void put_int(struct arena *a, struct json *o, const char *key, uint64_t n)
{
	if (n)
		json_put(a, o, str_of(key), json_new_int(a, (int64_t)n));
}

/* What could not be written whole is taken back, so that no line ever follows half a line. */
static bool append(struct place *p, const struct json *v, struct err *e)
{
	const char *path = place_path(p, "journal");
	struct str line = str_fmt(p->arena, "%.*s\n", STR_ARG(json_dump(p->arena, v)));
	struct err ignored = {0};

	if (file_append(path, line, 0644, e) && file_sync(path, e)) {
		p->journal_bytes += line.n;
		return true;
	}
	if (!file_cut(path, p->journal_bytes, &ignored))
		err_wrap(e, "taking back half a line (%s)", ignored.msg);
	return err_wrap(e, "writing the journal");
}

static struct json *begin_json(struct place *p, const struct change *c)
{
	struct arena *a = p->arena;
	struct json *v = json_new_object(a);

	put_int(a, v, "change", c->id);
	json_put_text(a, v, "do", str_of(kinds[c->kind]));
	json_put_text(a, v, "by", c->by);
	json_put_text(a, v, "when", c->when);
	json_put_text(a, v, "from", c->from);
	put_int(a, v, "to", c->to);
	return v;
}

static void stamp(struct place *p, struct change *c)
{
	c->id = last_id(p) + 1;
	c->by = p->by;
	c->when = now_text(p->arena);
}

bool journal_begin(struct place *p, struct change *c, struct err *e)
{
	struct arena *a = p->arena;
	struct json *v;

	stamp(p, c);
	v = begin_json(p, c);
	json_put_text(a, v, "digest", digest_oci(a, &c->digest));
	json_put_text(a, v, "record", digest_oci(a, &c->record));
	put_int(a, v, "size", c->digest.size_bytes);
	if (c->verify)
		json_put(a, v, STR("verify"), verify_json(a, c->verify));
	if (!append(p, v, e))
		return false;
	apply_begin(p, c);
	return true;
}

bool journal_end(struct place *p, struct change *c, struct err *e)
{
	struct arena *a = p->arena;
	struct json *v = json_new_object(a);
	struct change *mine = find_change(p, c->id);

	c->ended = now_text(a);
	put_int(a, v, "change", c->id);
	json_put_text(a, v, "end", str_of(outcomes[c->outcome]));
	json_put(a, v, STR("switched"), json_new_bool(a, c->switched));
	json_put_text(a, v, "when", c->ended);
	json_put_text(a, v, "why", c->why);
	json_put_text(a, v, "body", c->body);
	json_put_text(a, v, "log", c->log);
	put_int(a, v, "status", (uint64_t)c->status);
	put_int(a, v, "attempts", (uint64_t)c->attempts);
	put_int(a, v, "verified", verify_after(p, c));
	if (!append(p, v, e))
		return false;
	*mine = *c;
	apply_end(p, c);
	return true;
}

bool journal_note(struct place *p, struct change *c, const struct str_vec *removed, struct err *e)
{
	struct arena *a = p->arena;
	struct json *v, *names;

	stamp(p, c);
	c->outcome = OUTCOME_OK;
	v = begin_json(p, c);
	if (removed) {
		names = json_new_array(a);
		for (size_t i = 0; i < removed->n; i++)
			json_add(a, names, json_new_text(a, removed->v[i]));
		json_put(a, v, STR("removed"), names);
	}
	if (!append(p, v, e))
		return false;
	apply_begin(p, c);
	return true;
}
