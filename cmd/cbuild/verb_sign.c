/*
 * cbuild sign: a statement of where a release comes from, signed here or by another tool.
 */
#include "place.h"

#include <stdio.h>

#include "format/ecdsa.h"
#include "format/statement.h"
#include "sys/file.h"

struct sign_flags {
	struct str key, signature, print, branch, out;
	struct statement st;
	unsigned strip;
};

/* The manifest's module, where there is one; and a branch's full name. */
static bool fill_in(struct cmd *c, struct sign_flags *f, struct err *e)
{
	struct manifest m;

	if (f->branch.n)
		f->st.ref = str_startsc(f->branch, "refs/")
				? f->branch
				: str_fmt(&c->arena, "refs/heads/%.*s", STR_ARG(f->branch));
	if (f->st.module.n || file_kind("cbuild.yaml") != FILE_REGULAR)
		return true;
	if (!manifest_read(&c->arena, "cbuild.yaml", &m, e))
		return false;
	f->st.module = m.module;
	return true;
}

/* DER begins with a byte that base64 has too, but holds others. */
static bool read_signature(struct cmd *c, struct str file, struct str *out, struct err *e)
{
	struct str text;

	if (!file_read(&c->arena, str_c(&c->arena, file), ECDSA_KEY_MAX_BYTES, &text, e))
		return false;
	if (!base64_decode(&c->arena, text, out))
		*out = text;
	return true;
}

static bool write_envelope(struct cmd *c, struct sign_flags *f, const struct release_source *src,
			   struct str payload, struct err *e)
{
	struct str to_sign = statement_to_sign(&c->arena, payload), signature, pem, text;
	struct arena *a = &c->arena;
	struct digest key;

	if (f->signature.n && !read_signature(c, f->signature, &signature, e))
		return false;
	if (!f->signature.n &&
	    (!file_read(a, str_c(a, f->key), ECDSA_KEY_MAX_BYTES, &pem, e) ||
	     !ecdsa_sign(a, to_sign, pem, str_c(a, f->key), &signature, &key, e)))
		return false;
	text = statement_envelope(a, payload, signature, f->signature.n ? NULL : &key);
	if ((!f->out.n && !release_statement_path(a, src, &f->out, e)) ||
	    !file_write_to(str_c(a, f->out), str_fmt(a, "%.*s\n", STR_ARG(text)), 0644, e))
		return false;
	ui_clear(c->ui);
	if (!str_eqc(f->out, "/dev/stdout"))
		printf("%.*s\n", STR_ARG(f->out));
	return true;
}

static bool print_part(struct sign_flags *f, struct arena *a, struct str payload,
		       struct str subject, struct err *e)
{
	struct str text;

	if (str_eqc(f->print, "to-sign"))
		text = statement_to_sign(a, payload);
	else if (str_eqc(f->print, "predicate"))
		text = statement_predicate(a, &f->st);
	else if (str_eqc(f->print, "subject"))
		text = subject;
	else
		return err_set(e, ERR_USAGE, "--print takes to-sign, predicate or subject");
	return fwrite(text.p, 1, text.n, stdout) == text.n || err_errno(e, "writing");
}

bool verb_sign(struct cmd *c, struct str_vec *args, struct err *e)
{
	struct sign_flags f = {0};
	const struct opt opts[] = {{"--key", OPT_STR, &f.key},
				   {"--signature", OPT_STR, &f.signature},
				   {"--print", OPT_STR, &f.print},
				   {"--builder", OPT_STR, &f.st.builder},
				   {"--module", OPT_STR, &f.st.module},
				   {"--repository", OPT_STR, &f.st.repository},
				   {"--branch", OPT_STR, &f.branch},
				   {"--revision", OPT_STR, &f.st.revision},
				   {"--strip", OPT_UINT, &f.strip},
				   {"-o", OPT_STR, &f.out},
				   {0}};
	struct release_source src;
	struct str subject, payload;

	if (!opt_parse(c, args, opts, false, e) || !place_operands(c, args, 1, 1, e))
		return false;
	if (!f.key.n + !f.signature.n + !f.print.n != 2) {
		err_set(e, ERR_USAGE, "sign wants one of --key, --signature and --print");
		return err_fix(e, "`openssl ecparam -name prime256v1 -genkey -noout -out KEY.pem` "
				  "makes a key");
	}
	if (!release_source(&c->arena, args->v[0], &src, e))
		return false;
	src.strip = f.strip;
	if (!fill_in(c, &f, e) || !release_subjects(&c->arena, &src, &f.st, &subject, e))
		return err_wrap(e, "signing %.*s", STR_ARG(args->v[0]));
	payload = statement_payload(&c->arena, &f.st);
	return f.print.n ? print_part(&f, &c->arena, payload, subject, e)
			 : write_envelope(c, &f, &src, payload, e);
}
