/*
 * The second half of cbuild deploy: a release that is there goes to a place here, or to hosts.
 */
#include "place.h"

#include <stdio.h>

#include "base/path.h"
#include "format/ecdsa.h"
#include "sys/file.h"

/*
 * What the flags say goes before what the manifest says, whose times stay. They are read as the manifest would
 * be.
 */
static bool apply_flags(struct cmd *c, struct deploy_flags *f, struct deploy_spec *spec,
			struct err *e)
{
	struct buf text = {0};
	struct manifest m;
	bool ok;

	buf_addc(&text, "deploy: {");
	if (f->signal.n) {
		buf_addc(&text, "signal: ");
		buf_add_json(&text, f->signal);
		buf_addc(&text, ", ");
	}
	if (f->proof.n && !f->health.n)
		f->health = spec->health.address;
	if (f->health.n && !str_eqc(f->health, "none")) {
		buf_printf(&text,
			   "health: {%s: ", str_containsc(f->health, "://") ? "http" : "tcp");
		buf_add_json(&text, f->health);
		if (f->proof.n) {
			buf_addc(&text, ", proof: ");
			buf_add_json(&text, f->proof);
		}
		buf_addc(&text, "}");
	}
	buf_addc(&text, "}");
	ok = manifest_parse(&c->arena, STR("options"), buf_str(&text), &m, e);
	buf_fini(&text);
	if (!ok)
		return false;
	if (f->keep)
		spec->keep = f->keep;
	if (f->health.n) {
		spec->health.kind = m.deploy.health.kind;
		spec->health.address = m.deploy.health.address;
	}
	if (f->proof.n)
		spec->health.proof = m.deploy.health.proof;
	if (f->signal.n) {
		spec->signal = m.deploy.signal;
		spec->reload.n = 0;
	}
	return true;
}

/* A file's policy goes before the manifest's. */
static bool read_policy(struct cmd *c, struct deploy_flags *f, struct err *e)
{
	struct manifest m;

	if (!f->policy.n)
		return true;
	if (!manifest_read(&c->arena, str_c(&c->arena, f->policy), &m, e))
		return false;
	f->spec = m.deploy;
	f->spec_dir = path_dir(f->policy);
	f->has_spec = true;
	return true;
}

/* The public key that the manifest names. */
static bool read_key(struct cmd *c, struct deploy_flags *f, struct err *e)
{
	struct verify_spec *v = &f->spec.verify;

	if (f->opts.change_verify && !f->has_spec) {
		err_set(e, ERR_USAGE, "--change-verify wants to know what the place shall demand");
		return err_fix(e, "--policy FILE names a manifest with deploy: {verify: ...}");
	}
	if (!v->key.n)
		return true;
	v->key = path_join(&c->arena, f->spec_dir, v->key);
	return file_read(&c->arena, str_c(&c->arena, v->key), ECDSA_KEY_MAX_BYTES, &v->pem, e) ||
	       err_wrap(e, "reading the key that releases must be signed by");
}

/* A release that brings no policy is checked as the one that it replaces. */
static bool inherit_policy(struct deploy_flags *f, struct place *p, struct err *e)
{
	return f->has_spec || place_policy(p, &f->spec, e) ||
	       err_fix(e, "--policy FILE says how this release is checked");
}

static bool release_at(struct cmd *c, struct deploy_flags *f, struct place *p,
		       const struct release_source *src, struct err *e)
{
	struct deploy_outcome out;

	f->opts.spec = &f->spec;
	if (f->unit.run.n)
		f->unit.name = path_base(f->unit.run.v[0]);
	if ((f->unit.dir.n && !deploy_units(p, &f->unit, e)) || !inherit_policy(f, p, e) ||
	    !apply_flags(c, f, &f->spec, e) || !deploy_release(p, src, &f->opts, &out, e))
		return false;
	place_print_outcome(c, &out);
	return true;
}

bool deploy_stream(struct cmd *c, struct deploy_flags *f, struct str dest, struct err *e)
{
	struct place_opts po = {.write = !f->lacks, .no_wait = f->no_wait, .sink = ui_sink(c->ui)};
	struct release_source src;
	struct place *p;
	struct str lacks;
	bool ok;

	if (!place_open(&c->arena, dest, &po, &p, e))
		return false;
	if (f->lacks) {
		ok = place_lacks(p, &lacks, e);
		if (ok)
			printf("%.*s\n", STR_ARG(lacks));
	} else {
		ok = stream_source(p, &src, &f->spec, &f->has_spec, e) &&
		     release_at(c, f, p, &src, e);
	}
	place_close(p);
	return ok;
}

static bool deploy_here(struct cmd *c, struct deploy_flags *f, struct str dest,
			const struct release_source *src, struct err *e)
{
	struct place_opts po = {.write = true, .no_wait = f->no_wait, .sink = ui_sink(c->ui)};
	struct place *p;
	bool ok;

	if (!place_open(&c->arena, dest, &po, &p, e))
		return false;
	ok = release_at(c, f, p, src, e);
	place_close(p);
	return ok;
}

bool deploy_to(struct cmd *c, struct deploy_flags *f, struct str dest, struct release_source *src,
	       struct err *e)
{
	struct remote r;

	src->strip = f->strip;
	src->version = f->version;
	if (!read_policy(c, f, e) || !read_key(c, f, e) ||
	    !release_statement(&c->arena, src, f->statement, e))
		return false;
	return remote_parse(&c->arena, dest, &r) ? deploy_hosts(c, f, &r, src, e)
						 : deploy_here(c, f, dest, src, e);
}
