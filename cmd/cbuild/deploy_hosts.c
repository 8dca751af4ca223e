/*
 * cbuild deploy to other hosts: one after the other, so that a release that is no good reaches one of them.
 */
#include "place.h"

#include <stdio.h>

static void add_flag(struct cmd *c, struct str_vec *v, const char *name, struct str value)
{
	if (!value.n)
		return;
	*vec_push(&c->arena, v) = str_of(name);
	*vec_push(&c->arena, v) = value;
}

/* What the host applies itself. */
static struct str_vec host_flags(struct cmd *c, const struct deploy_flags *f)
{
	struct str_vec v = {0};

	if (f->keep)
		add_flag(c, &v, "--keep", str_fmt(&c->arena, "%u", f->keep));
	add_flag(c, &v, "--health", f->health);
	add_flag(c, &v, "--proof", f->proof);
	add_flag(c, &v, "--signal", f->signal);
	add_flag(c, &v, "--force", f->opts.force);
	if (f->opts.change_verify)
		*vec_push(&c->arena, &v) = STR("--change-verify");
	if (f->opts.canary)
		*vec_push(&c->arena, &v) = STR("--canary");
	if (f->opts.no_check)
		*vec_push(&c->arena, &v) = STR("--no-check");
	if (f->no_wait)
		*vec_push(&c->arena, &v) = STR("--no-wait");
	return v;
}

/* The hosts that were switched, the last one first; each is tried. */
static void roll_back(struct cmd *c, const struct remote *r, const bool *switched, size_t n)
{
	struct str_vec words = {0};

	*vec_push(&c->arena, &words) = STR("rollback");
	*vec_push(&c->arena, &words) = r->path;
	while (n-- > 0) {
		struct err e = {0};

		if (!switched[n])
			continue;
		event_note(ui_sink(c->ui), "rolling back %.*s", STR_ARG(r->hosts.v[n]));
		if (!remote_run(&c->arena, r->hosts.v[n], &words, &e))
			event_warn(ui_sink(c->ui), "%.*s is not rolled back: %s",
				   STR_ARG(r->hosts.v[n]), e.msg);
	}
}

/* One after the other, up to the first that fails. */
static bool roll(struct cmd *c, struct deploy_flags *f, const struct remote *r, struct parcel *x,
		 struct err *e)
{
	bool *switched = arena_array(&c->arena, bool, r->hosts.n);
	struct str_vec flags = host_flags(c, f);
	struct str said;

	for (size_t i = 0; i < r->hosts.n; i++) {
		struct str host = r->hosts.v[i];

		if (!remote_send(x, host, r->path, &flags, ui_sink(c->ui), &said, e)) {
			if (f->all_or_none)
				roll_back(c, r, switched, i);
			else if (r->hosts.n - i > 1)
				event_note(ui_sink(c->ui),
					   "%zu hosts behind it are left as they were",
					   r->hosts.n - i - 1);
			return err_wrap(e, "deploying to host %zu of %zu", i + 1, r->hosts.n);
		}
		switched[i] = !str_endsc(said, " already");
		ui_clear(c->ui);
		printf("%.*s: %.*s\n", STR_ARG(host), STR_ARG(said));
		(void)fflush(stdout);
	}
	return true;
}

bool deploy_hosts(struct cmd *c, struct deploy_flags *f, const struct remote *r,
		  const struct release_source *src, struct err *e)
{
	struct parcel *x;
	bool ok;

	if (f->unit.dir.n)
		return err_set(e, ERR_USAGE, "--systemd writes units for this machine only");
	if (!parcel_open(&c->arena, src, f->has_spec ? &f->spec : NULL, &x, e))
		return false;
	ok = roll(c, f, r, x, e);
	parcel_close(x);
	return ok;
}
