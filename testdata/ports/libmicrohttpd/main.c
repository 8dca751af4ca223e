/* libmicrohttpd: a request over a socket, first without and then with the password. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

static enum MHD_Result on_request(void *data, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *upload, size_t *n, void **state)
{
	char *password = NULL, *user = MHD_basic_auth_get_username_password(c, &password);
	struct MHD_Response *r = MHD_create_response_from_buffer(strlen(data), data, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result done;

	(void)url, (void)method, (void)version, (void)upload, (void)n, (void)state;
	if (user && password && strcmp(user, "u") == 0 && strcmp(password, "p") == 0)
		done = MHD_queue_response(c, MHD_HTTP_OK, r);
	else
		done = MHD_queue_basic_auth_fail_response(c, "smoke", r);
	MHD_destroy_response(r);
	MHD_free(user);
	MHD_free(password);
	return done;
}

static int ask(unsigned short port, const char *header, const char *want)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
	char text[2048];
	size_t n = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.0\r\nHost: x\r\n%s\r\n", header);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ssize_t got;

	if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0 || write(fd, text, n) != (ssize_t)n)
		return 0;
	for (n = 0; (got = read(fd, text + n, sizeof text - 1 - n)) > 0;)
		n += (size_t)got;
	text[n] = '\0';
	close(fd);
	return strstr(text, want) != NULL;
}

int main(void)
{
	char hello[] = "hello";
	struct MHD_Daemon *d = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, hello, MHD_OPTION_END);
	const union MHD_DaemonInfo *info = d ? MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT) : NULL;
	int ok = info && ask(info->port, "", "401 Unauthorized") &&
		 ask(info->port, "Authorization: Basic dTpw\r\n", "\r\n\r\nhello") &&
		 MHD_is_feature_supported(MHD_FEATURE_DIGEST_AUTH) == MHD_YES;

	if (d)
		MHD_stop_daemon(d);
	return ok ? 0 : 1;
}
