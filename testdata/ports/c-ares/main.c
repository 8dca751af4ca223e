/* c-ares: a name looked up at a server of this program's own, and an address that needs none. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ares.h>

static char found[INET_ADDRSTRLEN];

static void on_host(void *arg, int status, int timeouts, struct hostent *h)
{
	(void)timeouts;
	*(int *)arg = status == ARES_SUCCESS ? 1 : -1;
	if (h)
		inet_ntop(AF_INET, h->h_addr_list[0], found, sizeof found);
}

/* Answers one question with 192.0.2.7: the question again, and a record that points to it. */
static void serve(int fd)
{
	static const unsigned char record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7};
	unsigned char m[512];
	struct sockaddr_in from;
	socklen_t n = sizeof from;
	ssize_t got = recvfrom(fd, m, sizeof m - sizeof record, 0, (struct sockaddr *)&from, &n);
	size_t end = 12;

	if (got < 17)
		return;
	while (m[end])
		end += m[end] + 1u;
	end += 5;
	m[2] = 0x81;
	m[3] = 0x80;
	memset(m + 6, 0, 6);
	m[7] = 1;
	memcpy(m + end, record, sizeof record);
	sendto(fd, m, end + sizeof record, 0, (struct sockaddr *)&from, n);
}

static void turn(ares_channel ch, int server)
{
	struct timeval soon = {1, 0};
	fd_set in, out;
	int n;

	FD_ZERO(&in);
	FD_ZERO(&out);
	n = ares_fds(ch, &in, &out);
	FD_SET(server, &in);
	if (select((n > server + 1 ? n : server + 1), &in, &out, NULL, &soon) > 0 && FD_ISSET(server, &in)) {
		serve(server);
		FD_CLR(server, &in);
	}
	ares_process(ch, &in, &out);
}

int main(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int server = socket(AF_INET, SOCK_DGRAM, 0), done = 0, ok;
	struct ares_addr_port_node node = {.family = AF_INET};
	socklen_t n = sizeof at;
	ares_channel ch;

	if (bind(server, (struct sockaddr *)&at, sizeof at) != 0 || getsockname(server, (struct sockaddr *)&at, &n) != 0 ||
	    ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS || ares_init(&ch) != ARES_SUCCESS)
		return 1;
	node.addr.addr4 = at.sin_addr;
	node.udp_port = ntohs(at.sin_port);
	ok = ares_set_servers_ports(ch, &node) == ARES_SUCCESS;
	ares_gethostbyname(ch, "host.example.", AF_INET, on_host, &done);
	for (int i = 0; ok && i < 20 && !done; i++)
		turn(ch, server);
	ok = ok && done == 1 && strcmp(found, "192.0.2.7") == 0;
	ares_gethostbyname(ch, "198.51.100.1", AF_INET, on_host, &done);
	ok = ok && done == 1 && strcmp(found, "198.51.100.1") == 0;
	ares_destroy(ch);
	ares_library_cleanup();
	close(server);
	return ok ? 0 : 1;
}
