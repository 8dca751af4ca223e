/*
 * Units for systemd (systemd.exec(5), systemd.socket(5)): a service that may do nothing but serve, and a socket
 * that outlives it, so that connections wait while it is replaced. `systemd-analyze security` calls the
 * service OK; what a service needs beyond it, its owner adds by a drop-in.
 */
#include "base/path.h"
#include "deploy/deploy_impl.h"

static const char hardening[] = "DynamicUser=yes\n"
				"UMask=0077\n"
				"CapabilityBoundingSet=\n"
				"AmbientCapabilities=\n"
				"NoNewPrivileges=yes\n"
				"LockPersonality=yes\n"
				"MemoryDenyWriteExecute=yes\n"
				"PrivateDevices=yes\n"
				"PrivateTmp=yes\n"
				"PrivateUsers=yes\n"
				"ProcSubset=pid\n"
				"ProtectClock=yes\n"
				"ProtectControlGroups=yes\n"
				"ProtectHome=yes\n"
				"ProtectHostname=yes\n"
				"ProtectKernelLogs=yes\n"
				"ProtectKernelModules=yes\n"
				"ProtectKernelTunables=yes\n"
				"ProtectProc=invisible\n"
				"ProtectSystem=strict\n"
				"RemoveIPC=yes\n"
				"RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX\n"
				"RestrictNamespaces=yes\n"
				"RestrictRealtime=yes\n"
				"RestrictSUIDSGID=yes\n"
				"SystemCallArchitectures=native\n"
				"SystemCallFilter=@system-service\n"
				"SystemCallFilter=~@privileged @resources\n";

/* In quotes, so that no blank, quote, $ or % means anything; ${...} of systemd's own stays. */
static void add_word(struct buf *b, struct str s)
{
	buf_add_byte(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '"' || c == '\\')
			buf_add_byte(b, '\\');
		if (c == '%' || (c == '$' && !str_startsc(str_skip(s, i), "${")))
			buf_add_byte(b, c);
		buf_add_byte(b, c);
	}
	buf_add_byte(b, '"');
}

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20)
			return false;
	return s.n > 0;
}

static bool write_unit(const struct unit_spec *u, struct arena *a, const char *ending,
		       const struct buf *text, struct err *e)
{
	const char *path = str_fmt(a, "%.*s/%.*s%s", STR_ARG(u->dir), STR_ARG(u->name), ending).p;

	return folder_make_for(path, e) && file_write_if_changed(path, buf_str(text), 0644, e);
}

static void service_text(const struct unit_spec *u, struct str place, struct buf *b)
{
	buf_printf(b, "[Unit]\nDescription=%.*s, deployed by cbuild\nAfter=network.target\n",
		   STR_ARG(u->name));
	if (u->listen.n)
		buf_printf(b, "Requires=%.*s.socket\nAfter=%.*s.socket\n", STR_ARG(u->name),
			   STR_ARG(u->name));
	buf_addc(b, "\n[Service]\nExecStart=");
	for (size_t i = 0; i < u->run.n; i++) {
		struct buf word = {0};

		if (!i)
			buf_printf(&word, "%.*s/current/", STR_ARG(place));
		else
			buf_add_byte(b, ' ');
		buf_adds(&word, u->run.v[i]);
		add_word(b, buf_str(&word));
		buf_fini(&word);
	}
	buf_printf(b,
		   "\nExecReload=kill -HUP $MAINPID\nRestart=always\nRestartSec=100ms\n"
		   "TimeoutStopSec=30s\nKillMode=mixed\nStateDirectory=%.*s\n%s",
		   STR_ARG(u->name), hardening);
	buf_addc(b, "\n[Install]\nWantedBy=multi-user.target\n");
}

bool deploy_units(const struct place *p, const struct unit_spec *u, struct err *e)
{
	struct buf text = {0};
	struct str real;
	bool ok = is_plain(u->name) && path_is_local(u->name) &&
		  str_find(u->name, '/') == u->name.n && u->run.n && path_is_local(u->run.v[0]) &&
		  (!u->listen.n || is_plain(u->listen));

	for (size_t i = 0; ok && i < u->run.n; i++)
		ok = is_plain(u->run.v[i]);
	if (!ok) {
		err_set(e, ERR_USAGE, "these are no words for a unit");
		return err_fix(e,
			       "--systemd DIR --run PROGRAM --run ARGUMENT, PROGRAM as `current` "
			       "has it; no line ends");
	}
	if (p->layout.n || !path_real(p->arena, str_c(p->arena, p->dir), &real, e))
		return err_set(e, ERR_USAGE, "only a folder's programs can be a unit's");
	service_text(u, real, &text);
	ok = write_unit(u, p->arena, ".service", &text, e);
	buf_clear(&text);
	if (ok && u->listen.n) {
		buf_printf(&text,
			   "[Unit]\nDescription=%.*s's socket\n\n[Socket]\nListenStream=%.*s\n"
			   "Backlog=4096\nNoDelay=yes\n\n[Install]\nWantedBy=sockets.target\n",
			   STR_ARG(u->name), STR_ARG(u->listen));
		ok = write_unit(u, p->arena, ".socket", &text, e);
	}
	buf_fini(&text);
	return ok || err_wrap(e, "writing units to %.*s", STR_ARG(u->dir));
}
