/*
 * What world_test.h promises; no tests here.
 */
#include "cas/world_test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void store_must(struct world *w, bool ok, const char *what)
{
	struct buf text = {0};

	if (ok)
		return;
	err_render(&w->e, &text);
	test_fatal(w->t, __FILE__, __LINE__, "%s: %s", what, text.p);
}

void open_store(struct world *w, struct test *t)
{
	*w = (struct world){.t = t};
	w->dir = str_fmt(&w->a, "%s/cache", test_tmpdir(t));
	store_must(w, cas_open(&w->a, w->dir, &w->c, &w->e), "cas_open");
}

/* As another process would see it: nothing remembered. */
void reopen_store(struct world *w)
{
	cas_close(w->c);
	store_must(w, cas_open(&w->a, w->dir, &w->c, &w->e), "cas_open");
}

void close_store(struct world *w)
{
	cas_close(w->c);
	arena_fini(&w->a);
}

struct digest put(struct world *w, const char *text)
{
	struct digest d;

	store_must(w, cas_put(w->c, str_of(text), false, &d, &w->e), "cas_put");
	return d;
}

const char *in_tmp(struct world *w, const char *name)
{
	return str_fmt(&w->a, "%s/%s", test_tmpdir(w->t), name).p;
}

uint32_t mode_of(struct world *w, const char *path)
{
	struct file_sig sig;

	store_must(w, file_stat(path, &sig, &w->e), path);
	return sig.mode & 07777;
}

size_t count_temps(struct world *w)
{
	struct folder_entry *entries;
	size_t n = 0;

	store_must(w, folder_list(&w->a, str_fmt(&w->a, "%s/tmp", w->dir.p).p, &entries, &n, &w->e),
		   "list");
	return n;
}

struct action_result sample(struct world *w)
{
	struct action_result r = {.wall_ms = 431, .cpu_ms = 402, .peak_bytes = 18350080};

	r.outputs = arena_array(&w->a, struct cas_output, 2);
	r.output_count = 2;
	r.outputs[0] = (struct cas_output){
	    .path = STR("build/bin/shop"), .digest = put(w, "elf"), .executable = true};
	r.outputs[1] = (struct cas_output){.path = STR("a file"), .digest = put(w, "data")};
	r.stderr_digest = put(w, "warning: x\n");
	return r;
}

const struct digest KEY = {.sha256 = {1, 2, 3}, .size_bytes = 9};

/* What can happen to a file, by hand. */
void damage(struct world *w, const char *path, int how)
{
	struct str text;

	store_must(w, file_read(&w->a, path, 0, &text, &w->e), path);
	switch (how) {
	case 0:
		store_must(w, file_remove(path, &w->e), path);
		break;
	case 1: /* cut in half */
		text.n /= 2;
		break;
	case 2: /* one bit, same size */
		text = str_dup(&w->a, text);
		((char *)(uintptr_t)text.p)[text.n / 2] ^= 1;
		break;
	case 3: /* longer */
		text = str_fmt(&w->a, "%.*sx", STR_ARG(text));
		break;
	case 4:
		text.n = 0;
		break;
	case 5:
		store_must(w, file_remove(path, &w->e) && folder_make(path, &w->e), path);
		return;
	default:
		store_must(w, file_remove(path, &w->e), path);
		T_MUST(w->t, mkfifo(path, 0644) == 0);
		return;
	}
	if (how)
		store_must(w, file_write_fast(path, text, 0444, &w->e), path);
}

void set_age(struct world *w, const char *path, int seconds)
{
	struct timespec at[2] = {{.tv_sec = time(NULL) - seconds},
				 {.tv_sec = time(NULL) - seconds}};

	T_MUST(w->t, utimensat(AT_FDCWD, path, at, 0) == 0);
}

void rewrite_quietly(struct world *w, const char *path)
{
	struct stat st;
	struct timespec times[2];
	int fd;

	T_MUST(w->t, chmod(path, 0644) == 0 && (fd = open(path, O_WRONLY | O_CLOEXEC)) >= 0);
	T_MUST(w->t, fstat(fd, &st) == 0 && pwrite(fd, "?", 1, 0) == 1);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	times[1].tv_sec -= 60; /* as one who comes a minute later */
	T_MUST(w->t, futimens(fd, times) == 0 && close(fd) == 0);
}
