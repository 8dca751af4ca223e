/*
 * Minimal version selection as research.swtch.com/vgo-mvs has it and Go's cmd/go does it. A node is a
 * version of a module; what it requires is asked once. The build list is a breadth-first walk that keeps
 * the greatest version a path: every version reached is walked, not the selected ones only, which is what
 * makes the outcome independent of the order, and cycles end because a node is entered once.
 */
#include <stdlib.h>

#include "mod/mvs_impl.h"

static const uint32_t NONE = UINT32_MAX;

struct node {
	struct mod_version v;
	uint32_t path, next; /* the next node of that path */
	bool loaded;
	VEC(uint32_t) requires;
	uint32_t walk, from;  /* the last walk that came here, and by which node; itself: a root */
	bool added, excluded; /* of the downgrade at hand */
	VEC(uint32_t) users;  /* ... who required it so far */
};

struct path {
	struct str name;
	uint32_t first; /* node */
	uint32_t walk, best;
	struct str limit; /* of the downgrade at hand; empty, or "none" */
	bool limited;
};

struct mvs {
	struct arena *a;
	const struct mvs_reqs *reqs;
	VEC(struct node) nodes;
	VEC(struct path) paths;
	struct map by_path;
	uint32_t walks;
	struct mod_versions direct; /* of the node at hand; kept for its room */
};

struct node_list VEC_BODY(uint32_t);

struct mvs *mvs_new(struct arena *a, const struct mvs_reqs *reqs)
{
	struct mvs *m = arena_new(a, struct mvs);

	m->a = a;
	m->reqs = reqs;
	return m;
}

static uint32_t path_of(struct mvs *m, struct str name)
{
	bool added;
	struct map_item *it = map_put(m->a, &m->by_path, name, &added);

	if (added) {
		it->num = m->paths.n;
		*vec_push(m->a, &m->paths) = (struct path){.name = name, .first = NONE};
	}
	return (uint32_t)it->num;
}

static uint32_t node_of(struct mvs *m, const struct mod_version *v)
{
	uint32_t path = path_of(m, v->path), i;

	for (i = m->paths.v[path].first; i != NONE; i = m->nodes.v[i].next)
		if (str_eq(m->nodes.v[i].v.version, v->version))
			return i;
	i = (uint32_t)m->nodes.n;
	*vec_push(m->a, &m->nodes) =
	    (struct node){.v = *v, .path = path, .next = m->paths.v[path].first};
	m->paths.v[path].first = i;
	return i;
}

/* Asks what node i requires. Nodes move when others are added: go by index. */
static bool load_node(struct mvs *m, uint32_t i, struct err *e)
{
	struct mod_versions direct = m->direct;
	struct mod_version v = m->nodes.v[i].v;

	if (m->nodes.v[i].loaded)
		return true;
	direct.n = 0;
	if (!m->reqs->required(m->reqs->ctx, &v, &direct, e))
		return false;
	m->nodes.v[i].loaded = true;
	m->direct = direct;
	for (size_t k = 0; k < direct.n; k++) {
		uint32_t to = node_of(m, &direct.v[k]);

		*vec_push(m->a, &m->nodes.v[i].requires) = to;
	}
	return true;
}

/* ---- the build list ---- */

static void consider(struct mvs *m, struct node_list *queue, uint32_t i, uint32_t from)
{
	struct node *n = &m->nodes.v[i];
	struct path *p = &m->paths.v[n->path];

	if (n->walk == m->walks)
		return;
	n->walk = m->walks;
	n->from = from;
	*vec_push(m->a, queue) = i;
	if (p->walk == m->walks &&
	    semver_cmp_total(m->nodes.v[p->best].v.version, n->v.version) >= 0)
		return;
	p->walk = m->walks;
	p->best = i;
}

/* Adds "required by" lines from node i up to the main module. */
static bool wrap_chain(const struct mvs *m, uint32_t i, struct err *e)
{
	enum { CHAIN_MAX = 8 };

	for (int n = 0; m->nodes.v[i].from != i && n < CHAIN_MAX; n++) {
		i = m->nodes.v[i].from;
		err_wrap(e, "required by %.*s %.*s", STR_ARG(m->nodes.v[i].v.path),
			 STR_ARG(m->nodes.v[i].v.version));
	}
	return false;
}

/* The edge from a version to the one that it shall be. */
static bool follow_upgrade(struct mvs *m, struct node_list *queue, uint32_t at, mvs_change upgrade,
			   struct err *e)
{
	struct mod_version v = m->nodes.v[at].v;
	struct str to = v.version;

	if (!upgrade(m->reqs->ctx, &v, &to, e))
		return false;
	if (!str_eq(to, v.version))
		consider(m, queue, node_of(m, &(struct mod_version){v.path, to}), at);
	return true;
}

/* Walks all that roots reach into queue; paths' best are the selection. */
static bool walk(struct mvs *m, const struct mod_versions *roots, mvs_change upgrade,
		 struct node_list *queue, struct err *e)
{
	m->walks++;
	for (size_t i = 0; i < roots->n; i++) {
		uint32_t at = node_of(m, &roots->v[i]);

		consider(m, queue, at, at);
	}
	for (size_t i = 0; i < queue->n; i++) {
		uint32_t at = queue->v[i];

		if (!load_node(m, at, e))
			return wrap_chain(m, at, e);
		for (size_t k = 0; k < m->nodes.v[at].requires.n; k++)
			consider(m, queue, m->nodes.v[at].requires.v[k], at);
		if (upgrade && !follow_upgrade(m, queue, at, upgrade, e))
			return wrap_chain(m, at, e);
	}
	return true;
}

static int cmp_version(const void *x, const void *y)
{
	const struct mod_version *a = x, *b = y;
	int c = str_cmp(a->path, b->path);

	return c ? c : semver_cmp_total(a->version, b->version);
}

void mvs_sort(struct mod_versions *v)
{
	if (v->n)
		qsort(v->v, v->n, sizeof *v->v, cmp_version);
}

static void collect(struct mvs *m, const struct node_list *queue, struct mod_versions *selected,
		    struct mod_versions *reached)
{
	for (size_t i = 0; i < m->paths.n; i++)
		if (m->paths.v[i].walk == m->walks)
			*vec_push(m->a, selected) = m->nodes.v[m->paths.v[i].best].v;
	mvs_sort(selected);
	for (size_t i = 0; reached && i < queue->n; i++)
		*vec_push(m->a, reached) = m->nodes.v[queue->v[i]].v;
	if (reached)
		mvs_sort(reached);
}

bool mvs_select(struct mvs *m, const struct mod_versions *roots, struct mod_versions *selected,
		struct mod_versions *reached, struct err *e)
{
	struct node_list queue = {0};

	if (!walk(m, roots, NULL, &queue, e))
		return false;
	collect(m, &queue, selected, reached);
	return true;
}

bool mvs_upgrade_all(struct mvs *m, const struct mod_versions *roots, mvs_change upgrade,
		     struct mod_versions *selected, struct err *e)
{
	struct node_list queue = {0};

	if (!walk(m, roots, upgrade, &queue, e))
		return false;
	collect(m, &queue, selected, NULL);
	return true;
}

/* ---- the least requirements for a build list ---- */

struct postorder {
	struct node_list order;
	bool *seen;
};

static bool visit_post(struct mvs *m, uint32_t at, struct postorder *p, struct err *e)
{
	struct frame {
		uint32_t at;
		size_t next;
	};
	VEC(struct frame) stack = {0};

	if (p->seen[at])
		return true;
	p->seen[at] = true;
	*vec_push(m->a, &stack) = (struct frame){at, 0};
	while (stack.n) {
		struct frame *f = &stack.v[stack.n - 1];
		uint32_t to;

		if (!load_node(m, f->at, e))
			return false;
		if (f->next == m->nodes.v[f->at].requires.n) {
			*vec_push(m->a, &p->order) = f->at;
			stack.n--;
			continue;
		}
		to = m->nodes.v[f->at].requires.v[f->next++];
		if (!p->seen[to]) {
			p->seen[to] = true;
			*vec_push(m->a, &stack) = (struct frame){to, 0};
		}
	}
	return true;
}

/* Marks all that node at brings with it. */
static void mark(struct mvs *m, uint32_t at, bool *have)
{
	struct node_list queue = {0};

	if (have[at])
		return;
	have[at] = true;
	*vec_push(m->a, &queue) = at;
	for (size_t i = 0; i < queue.n; i++) {
		const struct node *n = &m->nodes.v[queue.v[i]];

		for (size_t k = 0; k < n->requires.n; k++) {
			if (have[n->requires.v[k]])
				continue;
			have[n->requires.v[k]] = true;
			*vec_push(m->a, &queue) = n->requires.v[k];
		}
	}
}

bool mvs_minimal(struct mvs *m, const struct mod_versions *list, const struct str_vec *base,
		 struct mod_versions *out, struct err *e)
{
	struct node_list queue = {0};
	struct postorder p = {0};
	bool *have;

	/* Everything is loaded first, so that no node is added while the arrays are in use. */
	if (!walk(m, list, NULL, &queue, e))
		return false;
	p.seen = arena_array(m->a, bool, m->nodes.n);
	have = arena_array(m->a, bool, m->nodes.n);
	for (size_t i = 0; i < list->n; i++)
		if (!visit_post(m, node_of(m, &list->v[i]), &p, e))
			return false;
	for (size_t i = 0; i < list->n; i++) {
		if (!str_vec_has(base, list->v[i].path))
			continue;
		*vec_push(m->a, out) = list->v[i];
		mark(m, node_of(m, &list->v[i]), have);
	}
	for (size_t i = p.order.n; i-- > 0;) {
		const struct node *n = &m->nodes.v[p.order.v[i]];

		if (m->paths.v[n->path].best != p.order.v[i] || have[p.order.v[i]])
			continue;
		*vec_push(m->a, out) = n->v;
		mark(m, p.order.v[i], have);
	}
	mvs_sort(out);
	return true;
}

/* ---- downgrade ---- */

static void exclude(struct mvs *m, uint32_t i)
{
	struct node_list queue = {0};

	*vec_push(m->a, &queue) = i;
	for (size_t k = 0; k < queue.n; k++) {
		struct node *n = &m->nodes.v[queue.v[k]];

		if (n->excluded)
			continue;
		n->excluded = true;
		for (size_t u = 0; u < n->users.n; u++)
			*vec_push(m->a, &queue) = n->users.v[u];
	}
}

static bool above_limit(const struct mvs *m, const struct node *n)
{
	const struct path *p = &m->paths.v[n->path];

	return p->limited && (!p->limit.n || semver_cmp_total(n->v.version, p->limit) > 0);
}

/*
 * Adds node i and all that it requires, and excludes those that are above a limit or need such ones. A
 * version without a readable manifest cannot be taken either.
 */
static bool add(struct mvs *m, uint32_t i, struct err *e)
{
	struct node_list queue = {0};

	*vec_push(m->a, &queue) = i;
	for (size_t k = 0; k < queue.n; k++) {
		uint32_t at = queue.v[k];

		if (m->nodes.v[at].added)
			continue;
		m->nodes.v[at].added = true;
		if (above_limit(m, &m->nodes.v[at])) {
			exclude(m, at);
			continue;
		}
		if (!load_node(m, at, e)) {
			if (e->code != ERR_INPUT)
				return false;
			exclude(m, at);
			continue;
		}
		for (size_t r = 0; r < m->nodes.v[at].requires.n; r++) {
			uint32_t to = m->nodes.v[at].requires.v[r];

			if (m->nodes.v[to].excluded)
				exclude(m, at);
			*vec_push(m->a, &m->nodes.v[to].users) = at;
			*vec_push(m->a, &queue) = to;
		}
	}
	return true;
}

/* From v down to the first version that is not excluded; *out empty: there is none. */
static bool step_down(struct mvs *m, struct mod_version v, struct mod_version *out, struct err *e)
{
	for (;;) {
		uint32_t at = node_of(m, &v);
		const struct path *p;
		struct str lower = {0};

		if (!add(m, at, e))
			return false;
		*out = v;
		if (!m->nodes.v[at].excluded)
			return true;
		if (!m->reqs->previous(m->reqs->ctx, &v, &lower, e))
			return false;
		p = &m->paths.v[m->nodes.v[at].path];
		/* A limit that previous does not list, a pseudo-version say, comes in its place. */
		if (p->limited && p->limit.n && semver_cmp_total(p->limit, v.version) < 0 &&
		    (!lower.n || semver_cmp_total(lower, p->limit) < 0))
			lower = p->limit;
		*out = (struct mod_version){v.path, lower};
		if (!lower.n)
			return true;
		v = *out;
	}
}

/* Each selected version is its path's limit, and each of limits that is less. */
static void set_limits(struct mvs *m, const struct mod_versions *list,
		       const struct mod_versions *limits)
{
	for (size_t i = 0; i < m->nodes.n; i++) {
		struct node *n = &m->nodes.v[i];

		n->added = n->excluded = false;
		n->users.n = 0;
	}
	for (size_t i = 0; i < m->paths.n; i++)
		m->paths.v[i].limited = false;
	for (size_t i = 0; i < list->n; i++) {
		uint32_t at = path_of(m, list->v[i].path);
		struct path *p = &m->paths.v[at];

		p->limited = true;
		p->limit = list->v[i].version;
	}
	for (size_t i = 0; i < limits->n; i++) {
		uint32_t at = path_of(m, limits->v[i].path);
		struct path *p = &m->paths.v[at];

		if (!p->limited || !limits->v[i].version.n ||
		    (p->limit.n && semver_cmp_total(p->limit, limits->v[i].version) > 0))
			p->limit = limits->v[i].version;
		p->limited = true;
	}
}

/* Of list's paths those that are selected, with the version selected. */
static void keep_selected(struct mvs *m, const struct mod_versions *list,
			  const struct mod_versions *selected, struct mod_versions *out)
{
	size_t k = 0;

	for (size_t i = 0; i < list->n; i++) {
		while (k < selected->n && str_cmp(selected->v[k].path, list->v[i].path) < 0)
			k++;
		if (k < selected->n && str_eq(selected->v[k].path, list->v[i].path))
			*vec_push(m->a, out) = selected->v[k];
	}
}

bool mvs_downgrade(struct mvs *m, const struct mod_versions *roots,
		   const struct mod_versions *limits, struct mod_versions *out, struct err *e)
{
	struct mod_versions list = {0}, lowered = {0}, actual = {0}, kept = {0};

	if (!mvs_select(m, roots, &list, NULL, e))
		return false;
	set_limits(m, &list, limits);
	for (size_t i = 0; i < list.n; i++) {
		struct mod_version to;

		if (!step_down(m, list.v[i], &to, e))
			return false;
		if (to.version.n)
			*vec_push(m->a, &lowered) = to;
	}
	/*
	 * What previous does not list can still be required, and pulls a version up again; what was
	 * only there for the lower one must not stay. So select twice.
	 */
	if (!mvs_select(m, &lowered, &actual, NULL, e))
		return false;
	keep_selected(m, &list, &actual, &kept);
	return mvs_select(m, &kept, out, NULL, e);
}
