/*
 * What is demanded of a release before a place switches to it, and whether it is so: a statement that the key which
 * the place keeps has signed, about this very digest, by an allowed builder, of an allowed module and branch. The
 * place decides, not what comes with the release: what a manifest demands counts at first, when nothing is kept yet.
 */
#include "base/path.h"
#include "deploy/deploy_impl.h"
#include "format/ecdsa.h"
#include "format/statement.h"
#include "oci/oci.h"

#define ENDING ".intoto.jsonl"

/* --- what is demanded ------------------------------------------------------------------------- */

static struct str key_name(struct arena *a, const struct verify_spec *v)
{
	struct err ignored = {0};
	struct digest d;

	return ecdsa_key(v->pem, "the key", &d, &ignored)
		   ? str_from(digest_oci(a, &d).p, sizeof "sha256:" - 1 + 12)
		   : STR("that is damaged");
}

static void add_words(struct buf *b, const char *what, const struct str_vec *words)
{
	for (size_t i = 0; i < words->n; i++)
		buf_printf(b, "%s%.*s", i ? " or " : what, STR_ARG(words->v[i]));
}

struct str verify_text(struct arena *a, const struct verify_spec *v)
{
	struct buf b = {0};
	struct str out;

	if (!v->pem.n)
		return STR("nothing");
	buf_printf(&b, "key %.*s", STR_ARG(key_name(a, v)));
	if (v->module.n)
		buf_printf(&b, ", module %.*s", STR_ARG(v->module));
	add_words(&b, ", builder ", &v->builders);
	add_words(&b, ", branch ", &v->branches);
	out = str_dup(a, buf_str(&b));
	buf_fini(&b);
	return out;
}

static bool is_same(struct arena *a, const struct verify_spec *x, const struct verify_spec *y)
{
	struct err ignored = {0};
	struct verify_spec one = *x, two = *y;
	struct digest d, other;

	/* One key may be written in several ways. */
	if (!ecdsa_key(x->pem, "the key", &d, &ignored) ||
	    !ecdsa_key(y->pem, "the key", &other, &ignored) || !digest_eq(&d, &other))
		return false;
	one.pem = two.pem = STR("");
	return str_eq(json_dump(a, verify_json(a, &one)), json_dump(a, verify_json(a, &two)));
}

static bool say_lost(const struct place *p, struct err *e)
{
	err_at(e, ERR_VERIFY, place_path(p, "journal"), 0, 0,
	       "the line that says which key releases must be signed by is damaged");
	return err_fix(e,
		       "deploy with --change-verify and a manifest that has deploy: {verify: ...}");
}

bool verify_choose(const struct place *p, const struct deploy_opts *o, struct verify_spec *out,
		   bool *changed, struct err *e)
{
	const struct verify_spec *kept = &p->view.verify, *said = &o->spec->verify;
	struct digest ignored;

	*out = *kept;
	*changed = false;
	if (said->pem.n && !ecdsa_key(said->pem, str_c(p->arena, said->key), &ignored, e))
		return false;
	if (p->view.verify_lost && !o->change_verify)
		return say_lost(p, e);
	if (!p->view.verify_lost && (kept->pem.n ? is_same(p->arena, kept, said) : !said->pem.n))
		return true;
	if (kept->pem.n && !o->change_verify) {
		if (!said->pem.n)
			return true;
		err_at(e, ERR_VERIFY, p->dest.p, 0, 0,
		       "demands %.*s, and the manifest demands %.*s",
		       STR_ARG(verify_text(p->arena, kept)), STR_ARG(verify_text(p->arena, said)));
		return err_fix(e, "--change-verify has the place demand what the manifest does; a "
				  "manifest without verify: leaves it to the place");
	}
	*out = *said;
	*changed = true;
	return true;
}

/* --- whether it is so ------------------------------------------------------------------------- */

static bool is_branch(struct arena *a, struct str pattern, struct str ref)
{
	if (!str_startsc(pattern, "refs/"))
		pattern = str_fmt(a, "refs/heads/%.*s", STR_ARG(pattern));
	return str_glob(pattern, ref);
}

/* is must be one of the words, of which none is all. */
static bool check_words(struct arena *a, const struct str_vec *words, struct str is, bool branch,
			struct str at, struct err *e)
{
	const char *what = branch ? "branch" : "builder";
	struct buf b = {0};

	for (size_t i = 0; i < words->n; i++)
		if (branch ? is_branch(a, words->v[i], is) : str_eq(words->v[i], is))
			return true;
	if (!words->n)
		return true;
	add_words(&b, "", words);
	if (is.n)
		err_at(e, ERR_VERIFY, at.p, 0, 0, "says %s %.*s, and only %s is allowed", what,
		       STR_ARG(is), b.p);
	else
		err_at(e, ERR_VERIFY, at.p, 0, 0, "says no %s, and only %s is allowed", what, b.p);
	buf_fini(&b);
	return err_fix(e, "deploy what was built there, or allow it: --change-verify");
}

static bool check_subject(const struct place *p, const struct statement *s, struct str at,
			  const struct digest *d, struct err *e)
{
	struct str is = s->subjects.n ? digest_oci(p->arena, &s->subjects.v[0].digest)
				      : STR("no release at all");

	if (statement_names(s, d))
		return true;
	err_at(e, ERR_VERIFY, at.p, 0, 0, "is about %.*s, not about this release, %.*s",
	       STR_ARG(is), STR_ARG(digest_oci(p->arena, d)));
	return err_fix(e, "`cbuild sign` states the digest of a release in the form in which it is "
			  "deployed, --strip included");
}

static bool check_module(const struct verify_spec *v, const struct statement *s, struct str at,
			 struct err *e)
{
	if (!v->module.n || str_eq(v->module, s->module))
		return true;
	err_at(e, ERR_VERIFY, at.p, 0, 0, "says module '%.*s', and only %.*s is allowed",
	       STR_ARG(s->module), STR_ARG(v->module));
	return err_fix(e, "deploy a release of that module, or allow this one: --change-verify");
}

bool verify_release(const struct place *p, const struct verify_spec *v, struct str statement,
		    struct str at, const struct digest *d, struct err *e)
{
	struct statement s;

	if (!v->pem.n)
		return true;
	if (!statement.n) {
		err_at(e, ERR_VERIFY, p->dest.p, 0, 0,
		       "takes only signed releases, and this one has no statement");
		return err_fix(e, "`cbuild sign RELEASE --key KEY.pem` writes RELEASE" ENDING
				  " beside it; --statement FILE names another");
	}
	return statement_open(p->arena, statement, v->pem, at.p, &s, e) &&
	       check_subject(p, &s, at, d, e) && check_module(v, &s, at, e) &&
	       check_words(p->arena, &v->builders, s.builder, false, at, e) &&
	       check_words(p->arena, &v->branches, s.ref, true, at, e);
}

bool generation_verify(const struct place *p, const struct generation *g,
		       const struct verify_spec *v, struct err *e)
{
	struct str at =
	    str_fmt(p->arena, "the statement in %s", generation_path(p, g, "release.json"));
	struct json *record = NULL;

	return ((!p->view.verify_lost || v != &p->view.verify || say_lost(p, e)) &&
		place_record(p, g, &record, e) && p->ops->verify(p, g, record, e) &&
		verify_release(p, v, json_text(record, "statement"), at, &g->digest, e)) ||
	       err_wrap(e, "verifying generation %llu", (unsigned long long)g->number);
}

/* --- where statements lie --------------------------------------------------------------------- */

static struct str image_statement(struct arena *a, struct str layout, const struct digest *d)
{
	char hex[DIGEST_HEX + 1];

	digest_hex(d, hex);
	return str_fmt(a, "%.*s/sha256-%s" ENDING, STR_ARG(layout), hex);
}

bool release_statement_path(struct arena *a, const struct release_source *s, struct str *out,
			    struct err *e)
{
	struct str path = s->path;
	struct digest d;

	if (s->files.n == 1) {
		path = s->files.v[0];
		(void)str_cut(&path, '=');
	}
	*out = str_fmt(a, "%.*s" ENDING, STR_ARG(path_clean(a, path)));
	if (s->kind != RELEASE_IMAGE)
		return true;
	if (!source_index(a, s, &d, e))
		return false;
	*out = image_statement(a, s->path, &d);
	return true;
}

bool release_statement(struct arena *a, struct release_source *s, struct str file, struct err *e)
{
	struct str path = str_dup(a, file);

	if (!path.n && s->files.n > 1)
		return true; /* several programs of a build: nothing lies beside all of them */
	if (!path.n && !release_statement_path(a, s, &path, e))
		return false;
	if (!file.n && file_kind(path.p) == FILE_ABSENT)
		return true;
	if (!file_read(a, path.p, STATEMENT_MAX_BYTES, &s->statement, e))
		return err_wrap(e, "reading the release's statement");
	s->statement_at = path;
	if (s->statement.n && json_can_hold(s->statement))
		return true;
	err_at(e, ERR_INPUT, path.p, 0, 0, "is no statement");
	return err_fix(e, "`cbuild sign` writes one");
}

bool statement_keep(struct place *p, const struct release_source *src, const struct digest *d,
		    struct err *e)
{
	return !p->layout.n || !src->statement.n ||
	       file_write_atomic(image_statement(p->arena, p->layout, d).p, src->statement, 0644,
				 e);
}

static void add_subject(struct arena *a, struct statement *out, struct str name,
			const struct digest *d)
{
	*vec_push(a, &out->subjects) = (struct statement_subject){name, *d};
}

bool release_subjects(struct arena *a, const struct release_source *s, struct statement *out,
		      struct str *bytes, struct err *e)
{
	struct str dir, name = path_base(path_clean(a, s->path));
	struct err tried = {0}, ignored = {0};
	struct staged staged;
	struct digest index;
	bool ok;

	if (!folder_scratch(a, &dir, e))
		return false;
	ok = folder_stage(a, s, dir, &staged, &tried);
	if (!folder_remove(dir.p, &ignored))
		err_wrap(&tried, "%s stays: %s", dir.p, ignored.msg);
	/* An image for other machines, or of several layers, has no files here; its index is enough. */
	if (!ok && (s->kind != RELEASE_IMAGE || tried.code != ERR_INPUT)) {
		*e = tried;
		return false;
	}
	if (s->kind != RELEASE_IMAGE) {
		*bytes = json_dump(a, staged.files);
		add_subject(a, out, name, &staged.digest);
		return true;
	}
	if (!source_index(a, s, &index, e) ||
	    !file_read(a, oci_layout_blob(a, s->path.p, &index).p, 0, bytes, e))
		return false;
	add_subject(a, out, s->tag, &index);
	if (ok)
		add_subject(a, out, str_fmt(a, "%.*s (files)", STR_ARG(s->tag)), &staged.digest);
	return true;
}
