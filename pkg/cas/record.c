/*
 * The text form of an action result. The same bytes for the same result: fields in one order, one
 * space between words, decimal without leading zeros, lower-case hex. The last line is the hash of the
 * action key and of what is above it, so a record that was cut, altered or put under another key's
 * name is never believed.
 */
#include <inttypes.h>
#include <string.h>

#include "cas/cas_impl.h"

static const char MAGIC[] = "cbuild-ac 1\n";

enum { OUTPUTS_MAX = 1000000, SUM_LINE = 4 + DIGEST_HEX + 1 };

static bool path_fits(struct str path, struct err *e)
{
	if (path.n && str_find(path, '\n') == path.n && str_find(path, '\0') == path.n)
		return true;
	err_set(e, ERR_INPUT, "a file name with a newline in it cannot be recorded: '%.*s'",
		STR_ARG(path));
	return err_fix(e, "rename the file");
}

/* A zero digest stands for no bytes at all. */
static void add_words_line(struct buf *out, const char *name, const struct digest *d)
{
	struct digest none = digest_of("", 0);
	char hex[DIGEST_HEX + 1];

	digest_hex(digest_is_zero(d) ? &none : d, hex);
	buf_printf(out, "%s %" PRIu64 " %s\n", name, d->size_bytes, hex);
}

struct digest record_sum(const struct digest *key, struct str body)
{
	struct digest_ctx c;

	digest_init(&c);
	digest_update(&c, key->sha256, DIGEST_BYTES);
	digest_update(&c, body.p, body.n);
	return digest_final(&c);
}

bool record_write(const struct digest *key, const struct action_result *r, struct buf *out,
		  struct err *e)
{
	size_t start = out->n;
	char hex[DIGEST_HEX + 1];
	struct digest sum;

	buf_addc(out, MAGIC);
	buf_printf(out, "exit %d\n", r->exit_status);
	for (size_t i = 0; i < r->output_count; i++) {
		const struct cas_output *o = &r->outputs[i];

		if (!path_fits(o->path, e))
			return false;
		digest_hex(&o->digest, hex);
		buf_printf(out, "out %c %" PRIu64 " %s %.*s\n", o->executable ? 'x' : '-',
			   o->digest.size_bytes, hex, STR_ARG(o->path));
	}
	add_words_line(out, "stdout", &r->stdout_digest);
	add_words_line(out, "stderr", &r->stderr_digest);
	buf_printf(out, "time %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", r->wall_ms, r->cpu_ms,
		   r->peak_bytes);
	for (size_t i = 0; i < r->more_inputs.n; i++) {
		if (!path_fits(r->more_inputs.v[i], e))
			return false;
		buf_printf(out, "more %.*s\n", STR_ARG(r->more_inputs.v[i]));
	}
	sum = record_sum(key, str_from(out->p + start, out->n - start));
	digest_hex(&sum, hex);
	buf_printf(out, "sum %s\n", hex);
	return true;
}

/* Cuts the last line off *text when it is the right sum of what is above it. */
static bool check_sum(const struct digest *key, struct str *text)
{
	struct digest want, got;
	struct str body, line;

	if (text->n < SUM_LINE || text->p[text->n - 1] != '\n')
		return false;
	body = str_from(text->p, text->n - SUM_LINE);
	line = str_from(text->p + body.n, SUM_LINE - 1);
	if (!str_startsc(line, "sum ") || !digest_parse_hex(str_skip(line, 4), &want))
		return false;
	got = record_sum(key, body);
	*text = body;
	return memcmp(got.sha256, want.sha256, DIGEST_BYTES) == 0;
}

/* "SIZE HEX", then the end or a space; *rest is what follows. */
static bool parse_digest(struct str *rest, struct digest *d)
{
	struct str size = str_cut(rest, ' ');

	*d = (struct digest){0};
	return rest->p && str_u64(size, &d->size_bytes) && digest_parse_hex(str_cut(rest, ' '), d);
}

static bool parse_words(struct str line, struct digest *d)
{
	if (!parse_digest(&line, d) || line.p)
		return false;
	if (!d->size_bytes)
		*d = (struct digest){0};
	return true;
}

static bool parse_out(struct arena *a, struct str line, struct cas_output *o)
{
	struct str mark = str_cut(&line, ' ');

	if (mark.n != 1 || (mark.p[0] != 'x' && mark.p[0] != '-') || !line.p)
		return false;
	o->executable = mark.p[0] == 'x';
	if (!parse_digest(&line, &o->digest) || !line.p || !line.n)
		return false;
	o->path = str_dup(a, line);
	return true;
}

static bool parse_time(struct str line, struct action_result *r)
{
	struct str wall = str_cut(&line, ' '), cpu = str_cut(&line, ' ');

	return str_u64(wall, &r->wall_ms) && str_u64(cpu, &r->cpu_ms) &&
	       str_u64(line, &r->peak_bytes);
}

/* True and *rest behind the word when line is "WORD ...". */
static bool is_line(struct str line, const char *word, struct str *rest)
{
	size_t n = strlen(word);

	if (!str_startsc(line, word) || line.n <= n || line.p[n] != ' ')
		return false;
	*rest = str_skip(line, n + 1);
	return true;
}

static bool parse_line(struct arena *a, struct str line, struct action_result *r,
		       struct cas_output *outs)
{
	struct str rest;

	if (is_line(line, "out", &rest))
		return parse_out(a, rest, &outs[r->output_count++]);
	if (is_line(line, "stdout", &rest))
		return parse_words(rest, &r->stdout_digest);
	if (is_line(line, "stderr", &rest))
		return parse_words(rest, &r->stderr_digest);
	if (is_line(line, "time", &rest))
		return parse_time(rest, r);
	if (!is_line(line, "more", &rest) || !rest.n)
		return false;
	*vec_push(a, &r->more_inputs) = str_dup(a, rest);
	return true;
}

static size_t count_outs(struct str text)
{
	struct str line;
	size_t n = 0;

	while (str_line(&text, &line))
		n += str_startsc(line, "out ");
	return n;
}

bool record_read(struct arena *a, const struct digest *key, struct str text,
		 struct action_result *out)
{
	struct str line;
	size_t n;

	*out = (struct action_result){0};
	if (text.n > RECORD_LIMIT_BYTES || !check_sum(key, &text) || !str_startsc(text, MAGIC))
		return false;
	text = str_skip(text, sizeof MAGIC - 1);
	if (!str_line(&text, &line) || !str_eqc(line, "exit 0"))
		return false;
	n = count_outs(text);
	if (n > OUTPUTS_MAX)
		return false;
	out->outputs = n ? arena_array(a, struct cas_output, n) : NULL;
	while (str_line(&text, &line)) {
		if (!parse_line(a, line, out, out->outputs))
			return false;
	}
	return true;
}
