/*
 * Finds the scripts, makes each a test of the test runtime (so -run, -j, -v, -timeout, a process and a
 * fresh folder each come from there), unpacks its files and walks its lines.
 *
 *     script-test [-run RE] [-v] [-j N]      from the repository's root
 *
 * Each script has a home, a cache and a temporary folder of its own below $WORK; only the cache's
 * toolchain/ is shared between scripts (build/script-cache), since a compiler's sysroot takes a while.
 */
#include "script-test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "sys/file.h"
#include "sys/spawn.h"

#define SCRIPTS "testdata/script"

static struct str root; /* the repository, absolute */

/* Splits "-- name --"; false when the line is not one. */
static bool section_name(struct str line, struct str *name)
{
	line = str_trim(line);
	if (!str_startsc(line, "-- ") || !str_endsc(line, " --") || line.n < 7)
		return false;
	*name = str_trim((struct str){line.p + 3, line.n - 6});
	return name->n != 0;
}

static void must(struct script *s, bool ok, struct err *e)
{
	struct buf b = {0};

	if (ok)
		return;
	err_render(e, &b);
	script_fail(s, "%s", b.p);
}

/* Cuts text before its first section; unpacks the sections below $WORK. */
static struct str unpack(struct script *s, struct str text)
{
	struct str rest = text, line, commands = text, name = {NULL, 0}, body = {NULL, 0};
	struct err e;

	for (bool more = true; more;) {
		struct str next = {NULL, 0};
		const char *at = rest.p;

		more = str_line(&rest, &line);
		if (more && !section_name(line, &next))
			continue;
		if (!body.p) {
			commands.n = more ? (size_t)(at - text.p) : text.n;
		} else {
			const char *end = more ? at : text.p + text.n;
			struct str path = path_join(&s->a, s->work, name);

			body.n = (size_t)(end - body.p);
			must(s,
			     folder_make_for(path.p, &e) && file_write_fast(path.p, body, 0644, &e),
			     &e);
		}
		name = next;
		body = (struct str){rest.p ? rest.p : text.p + text.n, 0};
	}
	return commands;
}

static void add_var(struct script *s, struct buf *word, struct str *rest)
{
	bool brace = rest->n && rest->p[0] == '{';
	struct str name;
	size_t n = 0;

	if (brace)
		*rest = str_skip(*rest, 1);
	while (n < rest->n && (rest->p[n] == '_' || (rest->p[n] >= 'A' && rest->p[n] <= 'Z') ||
			       (rest->p[n] >= 'a' && rest->p[n] <= 'z') ||
			       (rest->p[n] >= '0' && rest->p[n] <= '9')))
		n++;
	name = (struct str){rest->p, n};
	*rest = str_skip(*rest, brace ? n + 1 : n);
	buf_adds(word, script_env(s, name));
}

/* The next word: '...' is literal ('' inside is one quote), $VAR and ${VAR} are expanded elsewhere. */
static bool next_word(struct script *s, struct str *rest, struct str *out)
{
	struct buf word = {0};
	bool quoted = false;

	*rest = str_trim(*rest);
	if (!rest->n || rest->p[0] == '#')
		return false;
	while (rest->n && (quoted || (rest->p[0] != ' ' && rest->p[0] != '\t'))) {
		char c = rest->p[0];

		*rest = str_skip(*rest, 1);
		if (c == '\'' && quoted && rest->n && rest->p[0] == '\'') {
			buf_add_byte(&word, c);
			*rest = str_skip(*rest, 1);
		} else if (c == '\'') {
			quoted = !quoted;
		} else if (c == '$' && !quoted) {
			add_var(s, &word, rest);
		} else {
			buf_add_byte(&word, c);
		}
	}
	if (quoted)
		script_fail(s, "a quote is not closed");
	*out = str_dup(&s->a, buf_str(&word));
	buf_fini(&word);
	return true;
}

/* Runs one line: conditions in [], then an optional !, then the command. */
static void run_line(struct script *s, struct str line)
{
	struct words w = {0};
	struct str rest = line, word;

	while (next_word(s, &rest, &word)) {
		if (w.v.n == 0 && word.n > 2 && word.p[0] == '[' && word.p[word.n - 1] == ']') {
			bool not = word.p[1] == '!';
			struct str cond = {word.p + 1 + not, word.n - 2 - not };

			if (script_condition(s, cond) == not )
				return;
		} else if (w.v.n == 0 && str_eqc(word, "!")) {
			w.negated = true;
		} else {
			*vec_push(&s->a, &w.v) = word;
		}
	}
	if (!w.v.n)
		return;
	buf_printf(&s->log, "> %.*s\n", STR_ARG(line));
	script_command(s, &w);
}

static void make_env(struct script *s)
{
	static const char *const kept[] = {"CBUILD_TEST_MIRROR", "CBUILD_TEST_UPDATE",
					   "ASAN_OPTIONS", "LSAN_OPTIONS", NULL};
	const char *bin = getenv("CBUILD_TEST_BIN");
	struct str shared = path_join(&s->a, root, STR("build/script-cache/toolchain"));
	struct err e;

	script_setenv(s, STR("WORK"), s->work);
	script_setenv(s, STR("ROOT"), root);
	script_setenv(s, STR("HOME"), path_join(&s->a, s->work, STR(".home")));
	script_setenv(s, STR("TMPDIR"), path_join(&s->a, s->work, STR(".tmp")));
	script_setenv(s, STR("CBUILD_CACHE"), path_join(&s->a, s->work, STR(".cache")));
	script_setenv(
	    s, STR("PATH"),
	    str_fmt(&s->a, "%.*s/%s:%s", STR_ARG(root), bin ? bin : "build/bin", getenv("PATH")));
	script_setenv(s, STR("LC_ALL"), STR("C"));
	script_setenv(s, STR("NO_COLOR"), STR("1"));
	script_setenv(s, STR("GIT_CONFIG_NOSYSTEM"), STR("1"));
	script_setenv(s, STR("GIT_AUTHOR_NAME"), STR("Test"));
	script_setenv(s, STR("GIT_AUTHOR_EMAIL"), STR("test@example.com"));
	script_setenv(s, STR("GIT_COMMITTER_NAME"), STR("Test"));
	script_setenv(s, STR("GIT_COMMITTER_EMAIL"), STR("test@example.com"));
	for (size_t i = 0; kept[i]; i++)
		if (getenv(kept[i]))
			script_setenv(s, str_of(kept[i]), str_of(getenv(kept[i])));
	if (getenv("CBUILD_TEST_MIRROR"))
		script_setenv(s, STR("GIT_CONFIG_GLOBAL"),
			      str_fmt(&s->a, "%s/gitconfig", getenv("CBUILD_TEST_MIRROR")));
	must(s, folder_make(script_env(s, STR("HOME")).p, &e), &e);
	must(s, folder_make(script_env(s, STR("TMPDIR")).p, &e), &e);
	must(s, folder_make(script_env(s, STR("CBUILD_CACHE")).p, &e), &e);
	must(s, folder_make(shared.p, &e), &e);
	must(s, file_symlink(shared.p, str_fmt(&s->a, "%s/.cache/toolchain", s->work.p).p, &e), &e);
}

static void run_script(struct test *t)
{
	struct script s = {.t = t};
	struct str text, line;
	struct err e;

	s.file = str_fmt(&s.a, SCRIPTS "/%s.txt", test_name(t)).p;
	must(&s, file_read(&s.a, s.file, 0, &text, &e), &e);
	must(&s, path_real(&s.a, test_tmpdir(t), &s.work, &e), &e);
	s.dir = s.work;
	make_env(&s);
	text = unpack(&s, text);
	while (str_line(&text, &line)) {
		s.line++;
		run_line(&s, line);
	}
	fwrite(s.log.p ? s.log.p : "", 1, s.log.n, stderr); /* for -v */
	buf_fini(&s.log);
	arena_fini(&s.a);
}

int main(int argc, char **argv)
{
	struct arena a = {0};
	VEC(struct test_case) cases = {0};
	struct folder_entry *entries;
	struct err e;
	struct buf b = {0};
	size_t n;
	int status;

	if (!path_cwd(&a, &root, &e) || !folder_list(&a, SCRIPTS, &entries, &n, &e)) {
		err_render(&e, &b);
		fputs(b.p, stderr);
		return 3;
	}
	for (size_t i = 0; i < n; i++)
		if (str_endsc(entries[i].name, ".txt"))
			*vec_push(&a, &cases) = (struct test_case){
			    str_dup(&a, path_stem(entries[i].name)).p, run_script};
	status = test_main(cases.v, cases.n, argc, argv);
	arena_fini(&a);
	return status;
}
