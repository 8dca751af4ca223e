/* Listening sockets. Addresses are numbers: a scratch image has no resolver to ask. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/server.h"

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool parse_port(struct str s, uint16_t *port)
{
	uint64_t v;

	if (!str_to_u64(s, &v) || v > 65535)
		return false;
	*port = (uint16_t)v;
	return true;
}

/* Cuts "[v6]:port" or "v4:port" or ":port" in two. */
static bool split(struct str text, char host[64], uint16_t *port)
{
	size_t colon = text.n;
	struct str h;

	while (colon > 0 && text.p[colon - 1] != ':')
		colon--;
	if (colon == 0 || !parse_port(str_from(text, colon), port))
		return false;
	h = (struct str){text.p, colon - 1};
	if (h.n >= 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
		h = (struct str){h.p + 1, h.n - 2};
	if (h.n >= 64)
		return false;
	memcpy(host, h.p, h.n);
	host[h.n] = '\0';
	return true;
}

static bool resolve(const char *host, uint16_t port, union address *a)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons(port);
		return true;
	}
	a->v6.sin6_family = AF_INET6;
	a->v6.sin6_port = htons(port);
	a->v6.sin6_addr = in6addr_any;
	return host[0] == '\0' || inet_pton(AF_INET6, host, &a->v6.sin6_addr) == 1;
}

static int open_socket(const union address *a, int backlog)
{
	socklen_t n = a->any.sa_family == AF_INET ? sizeof(a->v4) : sizeof(a->v6);
	int fd = socket(a->any.sa_family, SOCK_STREAM, 0);
	int yes = 1, no = 0, saved;

	if (fd < 0)
		return -1;
	if (a->any.sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
	    bind(fd, &a->any, n) == 0 && listen(fd, backlog) == 0)
		return fd;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

bool server_listen(const char *address, int backlog, int *fd, struct err *e)
{
	union address a;
	uint16_t port;
	char host[64];

	if (!split(str_of(address), host, &port) || !resolve(host, port, &a))
		return err_set(e, "%s: not an address; write 127.0.0.1:8080, [::1]:8080 or :8080",
			       address);
	*fd = open_socket(&a, backlog);
	if (*fd < 0 && host[0] == '\0' && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL) &&
	    resolve("0.0.0.0", port, &a))
		*fd = open_socket(&a, backlog); /* a system without IPv6 */
	if (*fd < 0)
		return err_set(e, "%s: cannot listen: %s", address, strerror(errno));
	return true;
}
