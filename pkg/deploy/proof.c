/*
 * Who answers? A status of 200 says nothing about which release gave it: the one before may still listen. So
 * the listening socket is looked up in /proc/net/tcp{,6}, the processes that hold it in /proc/PID/fd, and what
 * they run in /proc/PID/exe: the new release must be among them, another one must not. Whoever else holds it
 * (systemd, which passes it on) does not count.
 *
 * Formats: proc(5).
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "deploy/deploy_impl.h"
#include "format/elf.h"

enum { SOCKETS_MAX = 64, PROC_FILE_MAX = 64 << 20, PROGRAM_MAX = 1 << 30 };

struct prover {
	const struct place *p;
	struct arena scratch;
	const struct json *record;
	struct str generations, own; /* real folders, of all and of the one that is to be proved */
	struct str_vec sockets;	     /* "socket:[123]" */
	bool is_new, is_other, is_unseen;
	struct str who; /* the program that holds the socket, in the place's arena */
};

/* The n-th word of a line, from 0. */
static struct str word(struct str line, unsigned n)
{
	for (;;) {
		struct str w;

		line = str_trim(line);
		w = str_from(line.p, str_find(line, ' '));
		if (!n-- || !w.n)
			return w;
		line = str_skip(line, w.n);
	}
}

/* "  0: 0100007F:1F90 00000000:0000 0A ... INODE ..." */
static void find_sockets(struct prover *v, const char *table, unsigned port)
{
	enum { LOCAL = 1, STATE = 3, INODE = 9 };
	struct str text, line, suffix = str_fmt(&v->scratch, ":%04X", port);
	struct err ignored = {0};

	if (!file_read(&v->scratch, table, PROC_FILE_MAX, &text, &ignored))
		return;
	while (str_line(&text, &line) && v->sockets.n < SOCKETS_MAX)
		if (str_endsc(word(line, LOCAL), suffix.p) && str_eqc(word(line, STATE), "0A"))
			*vec_push(&v->scratch, &v->sockets) =
			    str_fmt(&v->scratch, "socket:[%.*s]", STR_ARG(word(line, INODE)));
}

/* Is what pid runs the release? By its place; of a copy elsewhere, by its content. */
static void judge(struct prover *v, struct str pid)
{
	const char *path = str_fmt(&v->scratch, "/proc/%.*s/exe", STR_ARG(pid)).p;
	struct err ignored = {0};
	struct digest d;
	struct str exe;
	char hex[DIGEST_HEX + 1];

	if (!link_read(&v->scratch, path, &exe, &ignored)) {
		v->is_unseen = true;
		return;
	}
	v->who = str_fmt(v->p->arena, "%.*s, process %.*s", STR_ARG(exe), STR_ARG(pid));
	if (path_within(v->generations, exe)) {
		if (path_within(v->own, exe))
			v->is_new = true;
		else
			v->is_other = true;
	} else if (file_digest(path, &d, &ignored)) {
		digest_hex(&d, hex);
		v->is_new |= release_has_digest(v->record, hex);
	}
}

static void look_at_process(struct prover *v, struct str pid)
{
	struct arena *a = &v->scratch;
	struct str dir = str_fmt(a, "/proc/%.*s/fd", STR_ARG(pid)), link;
	struct err ignored = {0};
	struct folder_entry *fds;
	size_t n;

	if (!folder_list(a, dir.p, &fds, &n, &ignored)) {
		v->is_unseen |= ignored.os_errno != ENOENT;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (link_read(a, str_fmt(a, "%s/%s", dir.p, fds[i].name.p).p, &link, &ignored) &&
		    str_vec_has(&v->sockets, link)) {
			judge(v, pid);
			return;
		}
	}
}

typedef void (*process_fn)(struct prover *v, struct str pid);

static void each_process(struct prover *v, process_fn look)
{
	struct err ignored = {0};
	struct folder_entry *entries;
	uint64_t number;
	size_t n;

	if (!folder_list(&v->scratch, "/proc", &entries, &n, &ignored))
		n = 0;
	for (size_t i = 0; i < n; i++)
		if (str_u64(entries[i].name, &number))
			look(v, entries[i].name);
}

static bool start(struct prover *v, const struct place *p, const struct generation *g)
{
	struct err ignored = {0};
	struct json *record;

	*v = (struct prover){.p = p};
	if (!path_real(&v->scratch, place_path(p, "generations"), &v->generations, &ignored))
		return false;
	if (g) {
		v->own = path_join(&v->scratch, v->generations, g->name);
		if (!place_record(p, g, &record, &ignored))
			return false;
		v->record = record;
	}
	return true;
}

enum proof_result proof_listener(const struct place *p, const struct generation *g, unsigned port,
				 struct str *who)
{
	enum proof_result r = LISTENER_OTHER;
	struct prover v;

	*who = STR("nobody listens");
	if (start(&v, p, g)) {
		find_sockets(&v, "/proc/net/tcp", port);
		find_sockets(&v, "/proc/net/tcp6", port);
		if (v.sockets.n)
			each_process(&v, look_at_process);
		if (v.is_new && !v.is_other)
			r = LISTENER_NEW;
		else if (v.sockets.n && !v.who.n)
			r = LISTENER_UNSEEN;
		if (v.who.n)
			*who = v.who;
	}
	arena_fini(&v.scratch);
	return r;
}

/* --- answers ---------------------------------------------------------------------------------- */

static struct str hex_of(struct arena *a, struct str bytes)
{
	struct buf b = {0};
	struct str out;

	for (size_t i = 0; i < bytes.n; i++)
		buf_printf(&b, "%02x", (unsigned)(unsigned char)bytes.p[i]);
	out = str_dup(a, buf_str(&b));
	buf_fini(&b);
	return out;
}

static bool has_build_id(struct arena *a, const char *program, struct str text)
{
	struct err ignored = {0};
	struct elf_facts f;
	struct str bytes;

	return file_read(a, program, PROGRAM_MAX, &bytes, &ignored) && elf_is(bytes) &&
	       elf_read(a, bytes, &f, &ignored) && f.build_id.n &&
	       str_containsc(text, hex_of(a, f.build_id).p);
}

bool proof_answer(const struct place *p, const struct generation *g, struct str text)
{
	struct arena scratch = {0};
	char hex[DIGEST_HEX + 1];
	const struct json *files;
	struct err ignored = {0};
	struct json *record;
	bool ok;

	digest_hex(&g->digest, hex);
	ok = str_containsc(text, hex);
	if (!ok && place_record(p, g, &record, &ignored) &&
	    json_need_array(record, "files", &files, "release.json", &ignored)) {
		for (size_t i = 0; !ok && i < files->n; i++) {
			const struct json *d = json_get(files->items[i], "digest");

			ok = d &&
			     (str_containsc(text, str_skip(d->text, strlen("sha256:")).p) ||
			      (json_get(files->items[i], "run") &&
			       has_build_id(
				   &scratch,
				   generation_path(p, g, json_get(files->items[i], "path")->text.p),
				   text)));
		}
	}
	arena_fini(&scratch);
	return ok;
}

/* --- signals ---------------------------------------------------------------------------------- */

struct signaller {
	struct prover v;
	int signal;
	size_t sent;
};

static bool is_ours(struct prover *v, struct str pid)
{
	struct err ignored = {0};
	struct str exe;

	return link_read(&v->scratch, str_fmt(&v->scratch, "/proc/%.*s/exe", STR_ARG(pid)).p, &exe,
			 &ignored) &&
	       path_within(v->generations, exe);
}

/* Field 4 of /proc/PID/stat; the name before it may hold anything, but ends at the last ')'. */
static struct str parent_of(struct prover *v, struct str pid)
{
	struct err ignored = {0};
	struct str text;

	if (!file_read(&v->scratch, str_fmt(&v->scratch, "/proc/%.*s/stat", STR_ARG(pid)).p,
		       1 << 16, &text, &ignored))
		return STR("0");
	return word(str_skip(text, str_rfind(text, ')') + 1), 1);
}

static void signal_process(struct prover *v, struct str pid)
{
	struct signaller *s = (struct signaller *)(void *)v;
	uint64_t number;

	if (is_ours(v, pid) && !is_ours(v, parent_of(v, pid)) && str_u64(pid, &number))
		s->sent += kill((pid_t)number, s->signal) == 0;
}

size_t proof_signal(const struct place *p, int signal)
{
	struct signaller s = {.signal = signal};

	if (start(&s.v, p, NULL))
		each_process(&s.v, signal_process);
	arena_fini(&s.v.scratch);
	return s.sent;
}
