/*
 * The commands of a script. Children are started by fork, not by sys/spawn, so that they stay in the
 * test's process group: when the test's time is over the runtime kills them all.
 */
#include "script-test.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "sys/file.h"

void script_fail(struct script *s, const char *fmt, ...)
{
	char why[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	if (s->log.n)
		fwrite(s->log.p, 1, s->log.n, stderr);
	test_fatal(s->t, s->file, s->line, "%s", why);
}

static void check(struct script *s, bool ok, const struct err *e)
{
	if (!ok)
		script_fail(s, "%s", e->msg);
}

struct str script_env(struct script *s, struct str name)
{
	for (size_t i = s->env.n; i-- > 0;) {
		struct str v = s->env.v[i];

		if (v.n > name.n && str_starts(v, name) && v.p[name.n] == '=')
			return str_skip(v, name.n + 1);
	}
	return STR("");
}

void script_setenv(struct script *s, struct str name, struct str value)
{
	struct str entry = str_fmt(&s->a, "%.*s=%.*s", STR_ARG(name), STR_ARG(value));

	for (size_t i = 0; i < s->env.n; i++)
		if (str_starts(s->env.v[i], (struct str){entry.p, name.n + 1})) {
			s->env.v[i] = entry;
			return;
		}
	*vec_push(&s->a, &s->env) = entry;
}

/* A word as a path: absolute, NUL-terminated. */
static const char *path_of(struct script *s, struct str word)
{
	return path_join(&s->a, s->dir, word).p;
}

/* What a word names: "stdout", "stderr", or a file's content. */
static struct str text_of(struct script *s, struct str word)
{
	struct str text;
	struct err e;

	if (str_eqc(word, "stdout"))
		return s->out;
	if (str_eqc(word, "stderr"))
		return s->err;
	check(s, file_read(&s->a, path_of(s, word), 0, &text, &e), &e);
	return text;
}

static void need(struct script *s, const struct words *w, size_t low, size_t high)
{
	if (w->v.n - 1 < low || w->v.n - 1 > high)
		script_fail(s, "wrong number of arguments");
}

static bool matches(struct script *s, struct str pattern, struct str text)
{
	regex_t re;
	bool hit;

	if (regcomp(&re, str_c(&s->a, pattern), REG_EXTENDED | REG_NOSUB | REG_NEWLINE) != 0)
		script_fail(s, "'%.*s' is not a regular expression", STR_ARG(pattern));
	hit = regexec(&re, str_c(&s->a, text), 0, NULL, 0) == 0;
	regfree(&re);
	return hit;
}

static void match(struct script *s, const struct words *w, struct str pattern, const char *what,
		  struct str text)
{
	if (matches(s, pattern, text) == w->negated)
		script_fail(s, "%s %s '%.*s':\n%.*s", what,
			    w->negated ? "must not match" : "does not match", STR_ARG(pattern),
			    STR_ARG(text));
}

/* Processes. */

static _Noreturn void child(struct script *s, char *const *argv, int in, int out, int err)
{
	char **env = calloc(s->env.n + 1, sizeof *env);

	for (size_t i = 0; env && i < s->env.n; i++)
		env[i] = arena_strdup(&s->a, s->env.v[i].p, s->env.v[i].n);
	if (!env || chdir(str_c(&s->a, s->dir)) != 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(err, 2) < 0)
		_exit(126);
	execve(argv[0], argv, env);
	_exit(127);
}

static char *find_program(struct script *s, struct str name)
{
	struct str rest = script_env(s, STR("PATH"));

	if (str_find(name, '/') < name.n)
		return arena_strdup(&s->a, path_of(s, name), strlen(path_of(s, name)));
	while (rest.p) {
		struct str path = path_join(&s->a, str_cut(&rest, ':'), name);

		if (access(path.p, X_OK) == 0)
			return arena_strdup(&s->a, path.p, path.n);
	}
	return NULL;
}

static int open_capture(struct script *s, const char *name)
{
	int fd = open(str_fmt(&s->a, "%s/.tmp/%s", s->work.p, name).p,
		      O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		script_fail(s, "cannot capture output: %s", strerror(errno));
	return fd;
}

static int open_input(struct script *s)
{
	struct str name = str_fmt(&s->a, "%s/.tmp/.stdin", s->work.p);
	struct err e;

	if (!s->input.p)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	check(s, file_write_fast(name.p, s->input, 0600, &e), &e);
	s->input = (struct str){NULL, 0};
	return open(name.p, O_RDONLY | O_CLOEXEC);
}

static pid_t start(struct script *s, const struct words *w, size_t count, const char *out,
		   const char *err)
{
	char **argv = arena_array(&s->a, char *, count + 1);
	int in = open_input(s), o = open_capture(s, out), e = open_capture(s, err);
	pid_t pid;

	for (size_t i = 0; i < count; i++)
		argv[i] = arena_strdup(&s->a, w->v.v[i + 1].p, w->v.v[i + 1].n);
	argv[0] = find_program(s, w->v.v[1]);
	if (!argv[0])
		script_fail(s, "%.*s: no such program in PATH", STR_ARG(w->v.v[1]));
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		child(s, argv, in, o, e);
	close(in);
	close(o);
	close(e);
	if (pid < 0)
		script_fail(s, "fork: %s", strerror(errno));
	return pid;
}

static struct str captured(struct script *s, const char *name)
{
	struct str text;
	struct err e;

	check(s, file_read(&s->a, str_fmt(&s->a, "%s/.tmp/%s", s->work.p, name).p, 0, &text, &e),
	      &e);
	return text;
}

/* exec PROGRAM ARG...; with & at the end it stays in the background until the script ends. */
static void cmd_exec(struct script *s, struct words *w)
{
	int status = 0;
	pid_t pid;

	need(s, w, 1, SIZE_MAX - 1);
	if (str_eqc(w->v.v[w->v.n - 1], "&")) {
		start(s, w, w->v.n - 2, ".background-out", ".background-err");
		return;
	}
	pid = start(s, w, w->v.n - 1, ".stdout", ".stderr");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	s->out = captured(s, ".stdout");
	s->err = captured(s, ".stderr");
	buf_adds(&s->log, s->out);
	buf_adds(&s->log, s->err);
	if (WIFSIGNALED(status) && !(w->negated && WTERMSIG(status) == SIGKILL))
		script_fail(s, "killed by signal %d", WTERMSIG(status));
	script_setenv(s, STR("status"),
		      str_fmt(&s->a, "%d", WIFEXITED(status) ? WEXITSTATUS(status) : 137));
	if ((status == 0) == w->negated)
		script_fail(s, w->negated ? "succeeded, but should fail" : "exit status %d",
			    WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

/* status N: the exit status of the last exec. */
static void cmd_status(struct script *s, struct words *w)
{
	need(s, w, 1, 1);
	if (str_eq(script_env(s, STR("status")), w->v.v[1]) == w->negated)
		script_fail(s, "the last exit status is %s", script_env(s, STR("status")).p);
}

static void cmd_stdin(struct script *s, struct words *w)
{
	need(s, w, 1, 1);
	s->input = text_of(s, w->v.v[1]);
}

static void cmd_stdout(struct script *s, struct words *w)
{
	need(s, w, 1, 1);
	match(s, w, w->v.v[1], "stdout", s->out);
}

static void cmd_stderr(struct script *s, struct words *w)
{
	need(s, w, 1, 1);
	match(s, w, w->v.v[1], "stderr", s->err);
}

static void cmd_grep(struct script *s, struct words *w)
{
	need(s, w, 2, 2);
	match(s, w, w->v.v[1], str_c(&s->a, w->v.v[2]), text_of(s, w->v.v[2]));
}

/* With CBUILD_TEST_UPDATE=1, puts what was got into the script's own section of the wanted file. */
static bool update(struct script *s, struct str name, struct str got)
{
	struct str text, rest, line, head = str_fmt(&s->a, "-- %.*s --", STR_ARG(name));
	struct buf b = {0};
	struct err e;
	bool inside = false, found = false;

	check(s, file_read(&s->a, s->file, 0, &text, &e), &e);
	for (rest = text; str_line(&rest, &line);) {
		if (str_startsc(line, "-- ") && str_endsc(line, " --"))
			inside = false;
		if (!inside)
			buf_printf(&b, "%.*s\n", STR_ARG(line));
		if (str_eq(line, head)) {
			inside = found = true;
			buf_adds(&b, got);
		}
	}
	check(s, !found || file_write_atomic(s->file, buf_str(&b), 0644, &e), &e);
	buf_fini(&b);
	return found;
}

/* cmp GOT WANT: equal bytes. */
static void cmd_cmp(struct script *s, struct words *w)
{
	struct str got, want;

	need(s, w, 2, 2);
	got = text_of(s, w->v.v[1]);
	want = text_of(s, w->v.v[2]);
	if (str_eq(got, want) != w->negated)
		return;
	if (!w->negated && str_eqc(script_env(s, STR("CBUILD_TEST_UPDATE")), "1") &&
	    update(s, w->v.v[2], got))
		return;
	if (w->negated)
		script_fail(s, "the files are equal");
	if (got.n < 2000 && want.n < 2000)
		script_fail(s, "got:\n%.*swant:\n%.*s", STR_ARG(got), STR_ARG(want));
	script_fail(s, "%zu bytes and %zu bytes differ", got.n, want.n);
}

static void cmd_exists(struct script *s, struct words *w)
{
	need(s, w, 1, SIZE_MAX - 1);
	for (size_t i = 1; i < w->v.n; i++) {
		bool there = file_kind(path_of(s, w->v.v[i])) != FILE_ABSENT;

		if (there == w->negated)
			script_fail(s, "%s %s", str_c(&s->a, w->v.v[i]),
				    there ? "exists" : "does not exist");
	}
}

/* env NAME=VALUE... */
static void cmd_env(struct script *s, struct words *w)
{
	for (size_t i = 1; i < w->v.n; i++) {
		struct str rest = w->v.v[i], name = str_cut(&rest, '=');

		script_setenv(s, name, rest.p ? rest : STR(""));
	}
}

static void cmd_mkdir(struct script *s, struct words *w)
{
	struct err e;

	need(s, w, 1, SIZE_MAX - 1);
	for (size_t i = 1; i < w->v.n; i++)
		check(s, folder_make(path_of(s, w->v.v[i]), &e), &e);
}

static void cmd_rm(struct script *s, struct words *w)
{
	struct err e;

	need(s, w, 1, SIZE_MAX - 1);
	for (size_t i = 1; i < w->v.n; i++) {
		const char *path = path_of(s, w->v.v[i]);

		check(s,
		      file_kind(path) == FILE_FOLDER ? folder_remove(path, &e)
						     : file_remove(path, &e),
		      &e);
	}
}

/* cp FROM TO: a file (or stdout, stderr) to a file or into a folder. */
static void cmd_cp(struct script *s, struct words *w)
{
	struct file_sig sig = {.mode = 0644};
	struct str to;
	struct err e;

	need(s, w, 2, 2);
	to = path_join(&s->a, s->dir, w->v.v[2]);
	if (file_kind(to.p) == FILE_FOLDER)
		to = path_join(&s->a, to, path_base(w->v.v[1]));
	if (!str_eqc(w->v.v[1], "stdout") && !str_eqc(w->v.v[1], "stderr"))
		check(s, file_stat(path_of(s, w->v.v[1]), &sig, &e), &e);
	check(s, folder_make_for(to.p, &e), &e);
	check(s, file_write_fast(to.p, text_of(s, w->v.v[1]), sig.mode & 0777, &e), &e);
}

static void cmd_mv(struct script *s, struct words *w)
{
	struct err e;

	need(s, w, 2, 2);
	check(s, file_move(path_of(s, w->v.v[1]), path_of(s, w->v.v[2]), &e), &e);
}

/* chmod OCTAL FILE... */
static void cmd_chmod(struct script *s, struct words *w)
{
	need(s, w, 2, SIZE_MAX - 1);
	for (size_t i = 2; i < w->v.n; i++)
		if (chmod(path_of(s, w->v.v[i]),
			  (mode_t)strtoul(str_c(&s->a, w->v.v[1]), NULL, 8)) != 0)
			script_fail(s, "chmod %s: %s", path_of(s, w->v.v[i]), strerror(errno));
}

/* symlink NAME -> TARGET */
static void cmd_symlink(struct script *s, struct words *w)
{
	struct err e;

	need(s, w, 3, 3);
	check(s, file_symlink(str_c(&s->a, w->v.v[3]), path_of(s, w->v.v[1]), &e), &e);
}

/* append FILE TEXT: a line more at its end. */
static void cmd_append(struct script *s, struct words *w)
{
	struct str text;
	struct err e;

	need(s, w, 2, 2);
	text = str_fmt(&s->a, "%.*s%.*s\n", STR_ARG(text_of(s, w->v.v[1])), STR_ARG(w->v.v[2]));
	check(s, file_write_fast(path_of(s, w->v.v[1]), text, 0644, &e), &e);
}

static void cmd_cd(struct script *s, struct words *w)
{
	need(s, w, 1, 1);
	s->dir = path_join(&s->a, s->dir, w->v.v[1]);
	if (file_kind(s->dir.p) == FILE_ABSENT)
		script_fail(s, "no such folder: %s", s->dir.p);
}

static void cmd_skip(struct script *s, struct words *w)
{
	struct buf why = {0};

	for (size_t i = 1; i < w->v.n; i++)
		buf_printf(&why, "%s%.*s", i > 1 ? " " : "", STR_ARG(w->v.v[i]));
	test_skip(s->t, "%s", why.n ? why.p : "not here");
}

void script_command(struct script *s, struct words *w)
{
	static const struct {
		const char *name;
		void (*run)(struct script *s, struct words *w);
	} commands[] = {
	    {"exec", cmd_exec},	    {"status", cmd_status}, {"stdin", cmd_stdin},
	    {"stdout", cmd_stdout}, {"stderr", cmd_stderr}, {"grep", cmd_grep},
	    {"cmp", cmd_cmp},	    {"exists", cmd_exists}, {"env", cmd_env},
	    {"mkdir", cmd_mkdir},   {"rm", cmd_rm},	    {"cp", cmd_cp},
	    {"mv", cmd_mv},	    {"chmod", cmd_chmod},   {"symlink", cmd_symlink},
	    {"append", cmd_append}, {"cd", cmd_cd},	    {"skip", cmd_skip},
	};

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (str_eqc(w->v.v[0], commands[i].name)) {
			commands[i].run(s, w);
			return;
		}
	script_fail(s, "unknown command '%.*s'", STR_ARG(w->v.v[0]));
}

/* root; exec:NAME (a program in PATH); exists:PATH; env:NAME (set and not empty); mirror. */
bool script_condition(struct script *s, struct str cond)
{
	struct str rest = cond, kind = str_cut(&rest, ':');

	if (str_eqc(cond, "root"))
		return geteuid() == 0;
	if (str_eqc(cond, "mirror"))
		return script_env(s, STR("CBUILD_TEST_MIRROR")).n > 0;
	if (str_eqc(kind, "exec"))
		return find_program(s, rest) != NULL;
	if (str_eqc(kind, "exists"))
		return file_kind(path_of(s, rest)) != FILE_ABSENT;
	if (str_eqc(kind, "env"))
		return script_env(s, rest).n > 0;
	script_fail(s, "unknown condition [%.*s]", STR_ARG(cond));
}
