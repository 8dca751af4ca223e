/*
 * The include scan: each file is read once; a source's closure is a walk over resolved includes in the
 * order of its package's search path. Resolution looks in folders' listings, so an absent file costs a
 * look-up and a new file earlier on the path changes the answer at the next run.
 *
 * Computed includes (#include MACRO) mean what the package defines the macro to be, or what any file of
 * the closure defines; when neither says, the compiler's depfile does (exec's discovered inputs).
 */
#include "load/load_impl.h"

#include <string.h>

#include "base/path.h"
#include "sys/watch.h"

enum { SOURCE_BYTES_MAX = 64 << 20 };

struct walk {
	struct loader *l;
	struct source *s;
	struct search_path *path;
	uint32_t mark;
	VEC(struct node *) todo;
	VEC(struct node *) data; /* what assembler reads: files of nobody's interface */
	VEC(struct ctok_include) computed;
	VEC(struct str) computed_from;
	VEC(struct ctok_define) defines;
	const struct node *torn; /* includes what two modules have ... */
	const struct ctok_include *torn_by;
};

struct mod_tree *scan_module_of(struct loader *l, struct str path)
{
	const struct made *made = make_at(l, path);
	struct mod_tree *best = NULL;

	for (size_t i = 0; i < l->module_count; i++) {
		struct mod_tree *t = &l->modules[i];

		if (made && t->module == made->maker->module)
			return t;
		if (path_within(t->root, path) &&
		    (!best || t->root.n > best->root.n || str_eqc(best->root, ".")))
			best = t;
	}
	return best;
}

static unsigned what_to_scan(struct str path)
{
	unsigned what = CTOK_MAIN;

	if (str_endsc(path, ".S") || str_endsc(path, ".s"))
		what |= CTOK_ASM;
	if (tree_is_test(path))
		what |= CTOK_TESTS;
	return what;
}

static void add_counted(struct buf *b, struct str s)
{
	buf_add(b, &s.n, sizeof s.n);
	buf_adds(b, s);
}

static void add_flag(struct buf *b, bool flag)
{
	buf_add_byte(b, flag ? '1' : '0');
}

static void add_words(struct buf *b, const struct str_vec *v)
{
	buf_add(b, &v->n, sizeof v->n);
	for (size_t i = 0; i < v->n; i++)
		add_counted(b, v->v[i]);
}

/* Everything that this room reads in the facts; where in the file they stand decides nothing. */
static struct digest facts_digest(const struct ctok_facts *f, bool scanned)
{
	struct buf b = {0};
	struct digest d;

	for (size_t i = 0; i < f->includes.n; i++) {
		buf_printf(&b, "include %d %d %d%d%d ", (int)f->includes.v[i].form,
			   (int)f->includes.v[i].verb, f->includes.v[i].dead,
			   f->includes.v[i].conditional, f->includes.v[i].depth > 0);
		add_counted(&b, f->includes.v[i].name);
	}
	for (size_t i = 0; i < f->defines.n; i++) {
		buf_printf(&b, "define %d ", (int)f->defines.v[i].form);
		add_counted(&b, f->defines.v[i].name);
		add_counted(&b, f->defines.v[i].value);
	}
	add_flag(&b, scanned);
	add_flag(&b, f->has_main);
	add_flag(&b, f->main_conditional);
	add_flag(&b, f->main_by_default);
	add_flag(&b, f->asm_unknown);
	add_words(&b, &f->asm_reads);
	add_words(&b, &f->main_guards);
	add_words(&b, &f->tests);
	d = digest_str(buf_str(&b));
	buf_fini(&b);
	return d;
}

struct digest load_facts(struct str path, struct str bytes)
{
	struct arena scratch = {0};
	struct ctok_facts f = {0};
	bool scanned = ctok_scan(&scratch, bytes, what_to_scan(path), &f);
	struct digest d = facts_digest(&f, scanned);

	arena_fini(&scratch);
	return d;
}

void scan_bytes(struct loader *l, struct node *n, struct str bytes)
{
	n->scanned = ctok_scan(l->a, bytes, what_to_scan(n->path), &n->facts);
}

/* Dependency files of compilers cannot say a line end or a tab, and no terminal should be told an escape. */
static bool is_sayable(struct str path, struct err *e)
{
	struct buf shown = {0};
	size_t controls = 0;

	for (size_t i = 0; i < path.n; i++) {
		bool control = (unsigned char)path.p[i] < ' ' || path.p[i] == 127;

		buf_add_byte(&shown, control ? '?' : path.p[i]);
		controls += control;
	}
	if (controls) {
		err_at(e, ERR_INPUT, buf_str(&shown).p, 0, 0,
		       "the name holds a control character (shown as ?), which compilers cannot "
		       "report");
		err_fix(e, "rename the file or folder");
	}
	buf_fini(&shown);
	return !controls;
}

struct node *scan_node(struct loader *l, struct mod_tree *t, struct str path, struct err *e)
{
	bool added;
	struct map_item *item;
	struct node *n;
	struct arena scratch = {0};
	struct digest facts;
	struct str bytes;
	bool ok;

	if (!is_sayable(path, e))
		return NULL;
	item = map_put(l->a, &l->nodes, path, &added);
	if (!added)
		return item->ptr;
	n = item->ptr = arena_new(l->a, struct node);
	n->path = path;
	n->module = t;
	n->made = make_at(l, path);
	if (n->made)
		return n;
	watch_pause();
	ok = file_read(&scratch, str_c(&scratch, path), SOURCE_BYTES_MAX, &bytes, e);
	watch_resume();
	if (ok) {
		scan_bytes(l, n, bytes);
		facts = facts_digest(&n->facts, n->scanned);
		watch_scanned(path, &facts);
	} else {
		watch_note(path, WATCH_FILE);
	}
	arena_fini(&scratch);
	if (!ok)
		return NULL;
	return n;
}

static bool defines(const struct package *p, struct str name)
{
	for (size_t i = 0; i < p->flags.defines.n; i++)
		if (str_eq(p->flags.defines.v[i].name, name))
			return true;
	return str_vec_has(&p->flag_defines, name);
}

bool scan_has_main(const struct package *p, const struct ctok_facts *f)
{
	bool guard_defined = false;

	if (!f->has_main || !f->main_conditional)
		return f->has_main;
	for (size_t i = 0; i < f->main_guards.n; i++)
		guard_defined = guard_defined || defines(p, f->main_guards.v[i]);
	return guard_defined != f->main_by_default;
}

struct node *scan_file(struct loader *l, struct str path)
{
	struct node *n = map_ptr(&l->nodes, path);
	struct mod_tree *t;
	struct err e;

	if (n)
		return n;
	if (!tree_has_file(l, path))
		return NULL;
	t = scan_module_of(l, path);
	if (!t)
		return NULL;
	n = scan_node(l, t, path, &e);
	if (n)
		return n;
	tree_unseen(l, path, &e);
	/* Too large or not readable: read all the same. */
	return map_ptr(&l->nodes, path);
}

static void reach(struct walk *w, struct node *n)
{
	if (n && w->todo.n && n == w->todo.v[0])
		w->s->includes_itself = true;
	if (!n || n->mark == w->mark)
		return;
	n->mark = w->mark;
	*vec_push(w->l->a, &w->todo) = n;
}

/* What the folders that flags add have for an include, beyond what it means without them. */
static void reach_flagged(struct walk *w, struct str name)
{
	const struct str_vec *more = &w->s->package->flag_include;

	for (size_t i = 0; i < more->n && name.n && !path_is_abs(name); i++)
		reach(w, scan_file(w->l, path_join(w->l->a, more->v[i], name)));
}

static void reach_include(struct walk *w, struct str from, struct str name, enum ctok_form form,
			  enum ctok_verb verb)
{
	reach(w, resolve_include(w->l, w->path, from, name, form, verb));
	reach_flagged(w, name);
}

static bool reach_data(struct walk *w, struct str path)
{
	struct node *n = scan_file(w->l, path);

	if (n && n->mark != w->mark) {
		n->mark = w->mark;
		*vec_push(w->l->a, &w->data) = n;
	}
	return n != NULL;
}

/* Assemblers look in the working folder and in the include folders; some beside the file that reads. */
static void reach_asm(struct walk *w, struct str from, struct str name)
{
	const struct package *p = w->s->package;
	const struct str_vec *dirs[] = {&p->include, &p->flag_include, &p->system_include};
	bool found = !path_is_abs(name) && reach_data(w, path_clean(w->l->a, name));

	found |= reach_data(w, path_join(w->l->a, path_dir(from), name));
	for (size_t k = 0; k < sizeof dirs / sizeof dirs[0]; k++)
		for (size_t i = 0; i < dirs[k]->n; i++)
			found |= reach_data(w, path_join(w->l->a, dirs[k]->v[i], name));
	w->s->unknown_reads |= !found;
}

/* "x.h" that lies beside the includer is looked for nowhere else. */
static bool is_beside(struct loader *l, const struct node *n, const struct ctok_include *inc,
		      const struct node *found)
{
	return inc->form == CTOK_QUOTE &&
	       str_eq(path_join(l->a, path_dir(n->path), inc->name), found->path);
}

/* An include below an #if may be one that nothing takes. */
static void notice_twins(struct walk *w, const struct node *n)
{
	for (size_t i = 0; w->path->twins.n && !w->torn && i < n->facts.includes.n; i++) {
		const struct ctok_include *inc = &n->facts.includes.v[i];

		if (inc->dead || inc->depth || !n->resolved[i] ||
		    !map_get(&w->path->twins, inc->name) ||
		    map_ptr(&w->path->headers, inc->name) != n->resolved[i] ||
		    is_beside(w->l, n, inc, n->resolved[i]))
			continue;
		w->torn = n;
		w->torn_by = inc;
	}
}

static bool is_torn(const struct walk *w, struct err *e)
{
	const struct node *one, *other;

	if (!w->torn)
		return false;
	one = map_ptr(&w->path->headers, w->torn_by->name);
	other = map_ptr(&w->path->twins, w->torn_by->name);
	err_at(e, ERR_INPUT, str_c(w->l->a, w->torn->path), w->torn_by->line, 0,
	       "'%.*s' is a header of %.*s and of %.*s", STR_ARG(w->torn_by->name),
	       STR_ARG(one->module->module->path), STR_ARG(other->module->module->path));
	err_fix(e, "do without one of the two (cbuild mod graph shows who requires it), or "
		   "`replace` one by a folder that does not export that header");
	return true;
}

static void visit(struct walk *w, struct node *n)
{
	resolve_all(w->l, w->path, n);
	notice_twins(w, n);
	for (size_t i = 0; i < n->facts.asm_reads.n; i++)
		reach_asm(w, n->path, n->facts.asm_reads.v[i]);
	w->s->unknown_reads |= n->facts.asm_unknown;
	for (size_t i = 0; i < n->facts.includes.n; i++) {
		const struct ctok_include *inc = &n->facts.includes.v[i];

		if (inc->dead)
			continue;
		if (inc->form == CTOK_MACRO) {
			*vec_push(w->l->a, &w->computed) = *inc;
			*vec_push(w->l->a, &w->computed_from) = n->path;
		} else {
			reach(w, n->resolved[i]);
			reach_flagged(w, inc->name);
		}
	}
	for (size_t i = 0; i < n->facts.defines.n; i++)
		*vec_push(w->l->a, &w->defines) = n->facts.defines.v[i];
}

/* -DCONFIG_H=<x.h> or "x.h", with the backslashes that a shell would have needed. */
static bool header_value(struct arena *a, struct str value, struct ctok_define *out)
{
	char *text = arena_strdup(a, value.p, value.n);
	size_t n = 0;

	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] != '\\')
			text[n++] = value.p[i];
	if (n < 3)
		return false;
	out->value = str_from(text + 1, n - 2);
	out->form = text[0] == '<' ? CTOK_ANGLE : CTOK_QUOTE;
	return (text[0] == '<' && text[n - 1] == '>') || (text[0] == '"' && text[n - 1] == '"');
}

/* False when nothing says what the macro is. */
static bool visit_computed(struct walk *w, const struct ctok_include *inc, struct str from)
{
	const struct package *p = w->s->package;
	struct str macro = str_trim(inc->name);
	struct ctok_define d;
	bool known = false;

	for (size_t i = 0; i < p->flags.defines.n; i++)
		if (str_eq(p->flags.defines.v[i].name, macro) &&
		    header_value(w->l->a, p->flags.defines.v[i].value, &d)) {
			reach_include(w, from, d.value, d.form, inc->verb);
			known = true;
		}
	for (size_t i = 0; i < w->defines.n; i++)
		if (str_eq(w->defines.v[i].name, macro)) {
			reach_include(w, from, w->defines.v[i].value, w->defines.v[i].form,
				      inc->verb);
			known = true;
		}
	return known;
}

static bool has_owner(const struct node *n, const struct package *p)
{
	for (size_t i = 0; i < n->owners.n; i++)
		if (n->owners.v[i] == p)
			return true;
	return false;
}

void packages_group_add(struct arena *a, struct package_groups *to, struct package_group g)
{
	for (size_t i = 0; i < to->n; i++)
		if (to->v[i].n == g.n &&
		    memcmp(to->v[i].v, g.v, g.n * sizeof(struct package *)) == 0)
			return;
	*vec_push(a, to) = g;
}

/* A private header that several packages of one module share belongs to whoever asks. */
static void add_owners(struct walk *w, struct node *n)
{
	struct source *s = w->s;

	if (!n->owners_known)
		packages_own(w->l, n);
	if (!n->owners.n || has_owner(n, s->package))
		return;
	if (n->owners.n > 1) {
		packages_group_add(w->l->a, &s->choices,
				   (struct package_group){n->owners.v, n->owners.n});
		return;
	}
	for (size_t k = 0; k < s->owners.n; k++)
		if (s->owners.v[k] == n->owners.v[0])
			return;
	*vec_push(w->l->a, &s->owners) = n->owners.v[0];
}

/* Digest of the names of a module's files. */
static struct str names_of(struct loader *l, struct mod_tree *t)
{
	struct digest_ctx c;
	struct digest d;
	char hex[DIGEST_HEX + 1];

	if (t->names.n)
		return t->names;
	digest_init(&c);
	for (size_t i = 0; i < t->files.n; i++) {
		digest_update(&c, t->files.v[i].p, t->files.v[i].n);
		digest_update(&c, "", 1);
	}
	d = digest_final(&c);
	digest_hex(&d, hex);
	t->names = str_dup(l->a, str_of(hex));
	return t->names;
}

/* Follows all includes until nothing new turns up. Whether every computed one is known. */
static bool follow_all(struct walk *w)
{
	size_t done = 0, data = 0, defines_seen;
	bool known;

	do {
		for (; done < w->todo.n; done++)
			visit(w, w->todo.v[done]);
		for (; data < w->data.n; data++)
			visit(w, w->data.v[data]);
		/* A new definition may answer an older computed include. */
		known = true;
		defines_seen = w->defines.n;
		for (size_t i = 0; i < w->computed.n; i++)
			known &= visit_computed(w, &w->computed.v[i], w->computed_from.v[i]);
	} while (done < w->todo.n || data < w->data.n || defines_seen != w->defines.n);
	return known;
}

static void keep_node(struct walk *w, const struct node *n)
{
	if (n->made)
		make_wait(w->l, w->s, n->made->maker);
	else
		*vec_push(w->l->a, &w->s->closure) = n->path;
}

/* What a made file includes is not known. */
static bool reads_anything(const struct walk *w)
{
	for (size_t i = 0; i < w->todo.n; i++)
		if (w->todo.v[i]->made && w->todo.v[i]->made->maker->kind == MAKER_RUN)
			return true;
	return false;
}

static void keep_closure(struct walk *w)
{
	struct str_vec *closure = &w->s->closure;

	closure->cap = w->todo.n + w->data.n;
	closure->v = arena_array(w->l->a, struct str, closure->cap);
	for (size_t i = 1; i < w->todo.n; i++) {
		keep_node(w, w->todo.v[i]);
		add_owners(w, w->todo.v[i]);
	}
	for (size_t i = 0; i < w->data.n; i++)
		keep_node(w, w->data.v[i]);
	str_vec_sort_unique(closure);
}

bool scan_closure(struct loader *l, struct source *s, struct err *e)
{
	struct walk w = {.l = l, .s = s, .path = search_path_of(l, s), .mark = ++l->mark};
	struct node *first = scan_node(l, scan_module_of(l, s->path), s->path, e);
	const struct str_vec *forced = &s->package->forced;
	bool known;

	if (!first)
		return err_wrap(e, "scanning the includes of %.*s", STR_ARG(s->path));
	reach(&w, first);
	/* Compilers look for a forced header from the working folder. */
	for (size_t i = 0; i < forced->n && s->kind != SOURCE_ASM; i++)
		reach_include(&w, STR("x.c"), forced->v[i], CTOK_QUOTE, CTOK_INCLUDE);
	known = follow_all(&w);
	if (is_torn(&w, e))
		return false;
	if (!known && (first->module->module->main || first->module->module->replaced))
		s->names = names_of(l, first->module);
	keep_closure(&w);
	if (s->made && s->made->maker->kind == MAKER_ASSEMBLY)
		s->closure = s->made->maker->in;
	else if (!known || reads_anything(&w))
		*vec_push(l->a, &l->waiting) = s;
	return true;
}
