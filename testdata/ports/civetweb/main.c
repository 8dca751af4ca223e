/* CivetWeb: a handler answers a request that the library's own client sends. */
#include <stdio.h>
#include <string.h>

#include <civetweb.h>

static int on_hello(struct mg_connection *c, void *data)
{
	mg_send_http_ok(c, "text/plain", (long long)strlen(data));
	mg_write(c, data, strlen(data));
	return 200;
}

int main(void)
{
	const char *options[] = {"listening_ports", "127.0.0.1:0", "num_threads", "2", NULL};
	char text[] = "hello", error[128], body[16] = "";
	struct mg_server_port port;
	struct mg_connection *c;
	struct mg_context *server;
	int ok;

	mg_init_library(0);
	server = mg_start(NULL, NULL, options);
	if (!server || mg_get_server_ports(server, 1, &port) != 1)
		return 1;
	mg_set_request_handler(server, "/hello", on_hello, text);
	c = mg_download("127.0.0.1", port.port, 0, error, sizeof error, "GET /hello HTTP/1.0\r\n\r\n");
	ok = c && mg_get_response_info(c)->status_code == 200 && mg_read(c, body, sizeof body - 1) == 5 &&
	     strcmp(body, text) == 0;
	mg_close_connection(c);
	mg_stop(server);
	mg_exit_library();
	return ok ? 0 : 1;
}
