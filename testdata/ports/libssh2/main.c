/*
 * libssh2: what it offers to a server that hangs up after its greeting; with SSH_PORT a whole session with the sshd
 * there (SSH_USER; the files of a key in SSH_KEY and SSH_PUB), which scripts do not need.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libssh2.h>

static int session(int fd)
{
	LIBSSH2_SESSION *s = libssh2_session_init();
	LIBSSH2_CHANNEL *c;
	char out[16] = "";
	int ok = libssh2_session_handshake(s, fd) == 0 &&
		 libssh2_userauth_publickey_fromfile(s, getenv("SSH_USER"), getenv("SSH_PUB"), getenv("SSH_KEY"), NULL) == 0 &&
		 (c = libssh2_channel_open_session(s)) && libssh2_channel_exec(c, "echo hello") == 0 &&
		 libssh2_channel_read(c, out, sizeof out - 1) == 6 && strcmp(out, "hello\n") == 0;

	printf("%s\n", libssh2_session_methods(s, LIBSSH2_METHOD_KEX));
	libssh2_session_disconnect(s, "bye");
	libssh2_session_free(s);
	return ok;
}

/* The client speaks first: SSH's version exchange, then its list of algorithms. */
static int refused(void)
{
	static const char greeting[] = "SSH-2.0-smoke\r\n";
	LIBSSH2_SESSION *s = libssh2_session_init();
	static char said[8192];
	const char *banner;
	int ends[2], ok;
	ssize_t n;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 || write(ends[1], greeting, strlen(greeting)) < 0)
		return 0;
	shutdown(ends[1], SHUT_WR);
	ok = libssh2_session_handshake(s, ends[0]) != 0 && (banner = libssh2_session_banner_get(s)) &&
	     strcmp(banner, "SSH-2.0-smoke") == 0;
	n = read(ends[1], said, sizeof said - 1);
	ok = ok && n > 500 && strncmp(said, "SSH-2.0-libssh2_", 16) == 0 && memmem(said, (size_t)n, "aes256-ctr", 10) &&
	     memmem(said, (size_t)n, "diffie-hellman-group-exchange-sha256", 36);
	libssh2_session_free(s);
	close(ends[0]);
	close(ends[1]);
	return ok;
}

int main(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	const char *port = getenv("SSH_PORT");
	int fd, ok;

	if (libssh2_init(0) != 0)
		return 1;
	ok = refused();
	if (ok && port) {
		at.sin_port = htons((unsigned short)atoi(port));
		at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		fd = socket(AF_INET, SOCK_STREAM, 0);
		ok = connect(fd, (struct sockaddr *)&at, sizeof at) == 0 && session(fd);
		close(fd);
	}
	libssh2_exit();
	return ok ? 0 : 1;
}
