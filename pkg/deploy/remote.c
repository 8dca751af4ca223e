/*
 * Places on other hosts, by the user's own ssh: what their configuration, agent and jump hosts do for a login they
 * do for a deploy, and no second implementation of that protocol has to be trusted. At the host the same
 * cbuild does what it would do for somebody who sits there.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deploy/deploy_impl.h"
#include "sys/spawn.h"

enum { SSH_FAILED = 255 };

struct parcel {
	struct arena *arena;
	struct str dir; /* holds the files, below "files", and what is sent */
	struct json *head;
	const struct json *files;
};

bool remote_parse(struct arena *a, struct str dest, struct remote *out)
{
	size_t colon = str_find(dest, ':');
	struct str hosts = str_from(dest.p, colon);

	*out = (struct remote){.path = str_skip(dest, colon + 1)};
	if (colon == dest.n || !colon || str_find(hosts, '/') < hosts.n || str_eqc(hosts, "oci") ||
	    !out->path.n)
		return false;
	while (hosts.p)
		*vec_push(a, &out->hosts) = str_cut(&hosts, ',');
	return true;
}

/* ssh joins its words and gives them to the login shell there. */
static bool ssh_argv(struct arena *a, struct str host, const struct str_vec *words,
		     const char *const **out, struct err *e)
{
	const char *program = getenv("CBUILD_DEPLOY_PROGRAM"); /* cbuild's path at the hosts */
	const char **argv = arena_array(a, const char *, 5);
	struct buf line = {0};

	if (!host.n || host.p[0] == '-') {
		err_set(e, ERR_USAGE, "'%.*s' is no host's name", STR_ARG(host));
		return err_fix(e, "write HOST:PATH");
	}
	buf_add_shell(&line, program && *program ? str_of(program) : STR("cbuild"));
	for (size_t i = 0; i < words->n; i++) {
		buf_add_byte(&line, ' ');
		buf_add_shell(&line, words->v[i]);
	}
	argv[0] = "ssh";
	argv[1] = "--";
	argv[2] = str_c(a, host);
	argv[3] = str_dup(a, buf_str(&line)).p;
	buf_fini(&line);
	*out = argv;
	return true;
}

/* What cbuild's exit status there means here; it has spoken already. */
static bool check_status(struct str host, int status, struct str said, struct err *e)
{
	enum err_code code = status == 2 ? ERR_USAGE : status == 3 ? ERR_IO : ERR_INPUT;

	if (!status)
		return true;
	if (status == SSH_FAILED)
		return err_set(e, ERR_NET, "ssh to %.*s failed: %.*s", STR_ARG(host),
			       STR_ARG(said.n ? said : STR("see above")));
	if (status == 127) {
		err_set(e, ERR_IO, "%.*s has no cbuild", STR_ARG(host));
		return err_fix(e, "copy the static cbuild there, into PATH, or say where it is in "
				  "CBUILD_DEPLOY_PROGRAM");
	}
	return err_set(e, code, "%.*s: %.*s", STR_ARG(host),
		       STR_ARG(said.n ? said : STR("it failed there, see above")));
}

bool remote_run(struct arena *a, struct str host, const struct str_vec *words, struct err *e)
{
	struct spawn_result r = {0};
	struct spawn cmd = {0};

	return ssh_argv(a, host, words, &cmd.argv, e) && spawn_run(&cmd, true, &r, e) &&
	       check_status(host, r.exit_status, STR(""), e);
}

/* The same with a file as standard input, and what it says on standard output. */
static bool run_with(struct parcel *x, struct str host, const struct str_vec *words,
		     const char *input, struct event_sink *sink, struct str *said, struct err *e)
{
	struct spawn cmd = {.stdin_fd = open(input, O_RDONLY | O_CLOEXEC)};
	struct spawn_result r = {0};
	struct str words_there, line;
	bool ok;

	if (cmd.stdin_fd < 0)
		return err_errno(e, "opening %s", input);
	ok = ssh_argv(x->arena, host, words, &cmd.argv, e) && spawn_run(&cmd, false, &r, e);
	close(cmd.stdin_fd);
	*said = str_trim(str_dup(x->arena, buf_str(&r.out)));
	words_there = str_trim(str_dup(x->arena, buf_str(&r.err)));
	buf_fini(&r.out);
	buf_fini(&r.err);
	ok = ok && check_status(host, r.exit_status, words_there, e);
	while (ok && str_line(&words_there, &line))
		event_note(sink, "%.*s: %.*s", STR_ARG(host), STR_ARG(line));
	return ok;
}

/* --- parcels ---------------------------------------------------------------------------------- */

static bool fill_parcel(struct parcel *x, const struct release_source *src,
			const struct deploy_spec *spec, struct err *e)
{
	struct arena *a = x->arena;
	struct staged s;

	if (!folder_stage(a, src, str_fmt(a, "%.*s/files", STR_ARG(x->dir)), &s, e))
		return false;
	x->files = s.files;
	json_put_text(a, x->head, "digest", digest_oci(a, &s.digest));
	json_put_text(a, x->head, "version", src->version);
	json_put_text(a, x->head, "from", src->note.n ? src->note : src->path);
	json_put(a, x->head, STR("files"), s.files);
	json_put_text(a, x->head, "statement", src->statement);
	if (spec)
		json_put(a, x->head, STR("policy"), policy_json(a, spec));
	if (spec && spec->verify.pem.n)
		json_put(a, x->head, STR("verify"), verify_json(a, &spec->verify));
	return true;
}

bool parcel_open(struct arena *a, const struct release_source *src, const struct deploy_spec *spec,
		 struct parcel **out, struct err *e)
{
	struct parcel *x = arena_new(a, struct parcel);

	*x = (struct parcel){.arena = a, .head = json_new_object(a)};
	*out = x;
	if (folder_scratch(a, &x->dir, e) && fill_parcel(x, src, spec, e))
		return true;
	parcel_close(x);
	*out = NULL;
	return err_wrap(e, "preparing the release");
}

void parcel_close(struct parcel *x)
{
	struct err ignored = {0};

	if (x && x->dir.n && !folder_remove(x->dir.p, &ignored))
		return; /* a temporary folder that whoever tidies up there will find */
}

/* Head and bytes of the files that send numbers, in a file of that name. */
static bool write_parcel(struct parcel *x, struct json *send, const char *path, struct err *e)
{
	struct arena *a = x->arena;
	struct str bytes, name;
	bool ok;

	json_put(a, x->head, STR("send"), send);
	ok = file_write_fast(path, str_fmt(a, "%s\n", json_dump(a, x->head).p), 0600, e);
	for (size_t i = 0; ok && i < send->n; i++) {
		struct arena scratch = {0};

		if (send->items[i]->kind != JSON_KIND_INT || send->items[i]->num < 0 ||
		    (size_t)send->items[i]->num >= x->files->n)
			return err_set(e, ERR_INPUT, "it asks for a file that is not there");
		name = json_get(x->files->items[send->items[i]->num], "path")->text;
		ok = file_read(&scratch,
			       str_fmt(a, "%.*s/files/%.*s", STR_ARG(x->dir), STR_ARG(name)).p, 0,
			       &bytes, e) &&
		     file_append(path, bytes, 0600, e);
		arena_fini(&scratch);
	}
	return ok;
}

bool remote_send(struct parcel *x, struct str host, struct str path, const struct str_vec *flags,
		 struct event_sink *sink, struct str *said, struct err *e)
{
	struct arena *a = x->arena;
	const char *file = str_fmt(a, "%.*s/parcel", STR_ARG(x->dir)).p;
	struct str_vec words = {0};
	struct json *lacks;

	*vec_push(a, &words) = STR("deploy");
	*vec_push(a, &words) = path;
	*vec_push(a, &words) = STR("--lacks");
	if (!write_parcel(x, json_new_array(a), file, e) ||
	    !run_with(x, host, &words, file, sink, said, e) ||
	    !json_parse(a, *said, str_c(a, host), &lacks, e))
		return false;
	if (lacks->kind != JSON_KIND_ARRAY || !write_parcel(x, lacks, file, e))
		return err_wrap(e, "sending the release to %.*s", STR_ARG(host));
	words.v[2] = STR("--release");
	*vec_push(a, &words) = STR("-");
	for (size_t i = 0; i < flags->n; i++)
		*vec_push(a, &words) = flags->v[i];
	return run_with(x, host, &words, file, sink, said, e);
}
