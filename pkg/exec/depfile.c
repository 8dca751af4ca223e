/*
 * Depfiles as gcc and clang write them with -MD: make rules "targets: prerequisites", lines
 * continued with a backslash, "\ " for a space, "\#" for a hash, "$$" for a dollar; a backslash
 * before anything else is itself. A rule's targets are skipped; -MP's rules without prerequisites
 * add nothing.
 */
#include "base/path.h"
#include "exec/exec_impl.h"

enum { DEPENDENCIES_MAX = 1000000 };

struct cursor {
	const char *p, *end;
};

/* Steps over white space and continued lines; false at the end of a rule or of the text. */
static bool next_word(struct cursor *c)
{
	while (c->p < c->end) {
		size_t left = (size_t)(c->end - c->p);

		if (left >= 2 && c->p[0] == '\\' && c->p[1] == '\n')
			c->p += 2;
		else if (left >= 3 && c->p[0] == '\\' && c->p[1] == '\r' && c->p[2] == '\n')
			c->p += 3;
		else if (*c->p == ' ' || *c->p == '\t' || *c->p == '\r')
			c->p++;
		else
			return *c->p != '\n';
	}
	return false;
}

static bool at_word_end(const struct cursor *c)
{
	if (c->p == c->end || *c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r')
		return true;
	return *c->p == '\\' && c->end - c->p >= 2 && (c->p[1] == '\n' || c->p[1] == '\r');
}

static bool is_escaped(char first, char second)
{
	if (first == '$')
		return second == '$';
	return first == '\\' && (second == ' ' || second == '#' || second == ':');
}

static void read_word(struct cursor *c, struct buf *word)
{
	buf_clear(word);
	while (!at_word_end(c)) {
		if (c->end - c->p >= 2 && is_escaped(c->p[0], c->p[1]))
			c->p++;
		buf_add_byte(word, *c->p++);
	}
}

/* Whether path, cleaned by its text alone, is another file than the one that word leads to. */
static bool leads_elsewhere(struct arena *a, struct str word, struct str path)
{
	struct file_sig there, here;
	struct err ignored;

	if (!str_containsc(word, "/../") || !file_stat(str_c(a, word), &there, &ignored))
		return false;
	return !file_stat(str_c(a, path), &here, &ignored) || there.dev != here.dev ||
	       there.ino != here.ino;
}

/*
 * "link/../x.h" is beside what the link leads to: then the path stays as the compiler wrote it. So does an
 * absolute one: the same command in another folder reads the same file, not its own.
 */
static struct str tidy(struct arena *a, struct str word)
{
	struct str path = path_clean(a, word);

	return leads_elsewhere(a, word, path) ? str_dup(a, word) : path;
}

/* Up to and with the colon that ends the targets. */
static bool skip_targets(struct cursor *c, struct buf *word)
{
	while (next_word(c)) {
		read_word(c, word);
		if (!word->n)
			return false;
		/* "target :" ends in the word ":". */
		if (word->p[word->n - 1] == ':')
			return true;
	}
	return false;
}

bool depfile_parse(struct arena *a, struct str text, struct str_vec *out, struct err *e)
{
	struct cursor c = {text.p, text.p + text.n};
	struct buf word = {0};
	bool ok = true;

	*out = (struct str_vec){0};
	while (ok && c.p < c.end) {
		if (!next_word(&c)) {
			c.p += c.p < c.end;
			continue;
		}
		ok = skip_targets(&c, &word);
		while (ok && next_word(&c)) {
			read_word(&c, &word);
			ok = word.n && out->n < DEPENDENCIES_MAX;
			if (ok)
				*vec_push(a, out) = tidy(a, buf_str(&word));
		}
	}
	buf_fini(&word);
	if (!ok)
		return err_set(e, ERR_TOOL,
			       "the dependency file that the compiler wrote is not one");
	str_vec_sort_unique(out);
	return true;
}
