/* nghttp2: a client's request, read by a server in the same program, and its answer. */
#include <string.h>

#include <nghttp2/nghttp2.h>

static char path[32], status[8];

#define HEADER(n, v) {(uint8_t *)(n), (uint8_t *)(v), sizeof(n) - 1, sizeof(v) - 1, NGHTTP2_NV_FLAG_NONE}

static int on_header(nghttp2_session *s, const nghttp2_frame *f, const uint8_t *name, size_t n, const uint8_t *value,
		     size_t m, uint8_t flags, void *data)
{
	(void)s, (void)f, (void)flags, (void)data;
	if (n == 5 && memcmp(name, ":path", n) == 0 && m < sizeof path)
		memcpy(path, value, m);
	if (n == 7 && memcmp(name, ":status", n) == 0 && m < sizeof status)
		memcpy(status, value, m);
	return 0;
}

/* Hands over what one end has to say. */
static int pump(nghttp2_session *from, nghttp2_session *to)
{
	const uint8_t *bytes;
	ssize_t n;

	while ((n = nghttp2_session_mem_send(from, &bytes)) > 0)
		if (nghttp2_session_mem_recv(to, bytes, (size_t)n) != n)
			return 0;
	return n == 0;
}

int main(void)
{
	nghttp2_nv request[] = {HEADER(":method", "GET"), HEADER(":scheme", "http"), HEADER(":authority", "x"),
				HEADER(":path", "/hello")};
	nghttp2_nv answer[] = {HEADER(":status", "204")};
	nghttp2_session_callbacks *calls;
	nghttp2_session *client, *server;
	int id, ok;

	nghttp2_session_callbacks_new(&calls);
	nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
	nghttp2_session_client_new(&client, calls, NULL);
	nghttp2_session_server_new(&server, calls, NULL);
	nghttp2_submit_settings(client, NGHTTP2_FLAG_NONE, NULL, 0);
	nghttp2_submit_settings(server, NGHTTP2_FLAG_NONE, NULL, 0);
	id = nghttp2_submit_request(client, NULL, request, 4, NULL, NULL);
	ok = id > 0 && pump(client, server) && strcmp(path, "/hello") == 0 &&
	     nghttp2_submit_response(server, id, answer, 1, NULL) == 0 && pump(server, client) &&
	     strcmp(status, "204") == 0 && nghttp2_version(NGHTTP2_VERSION_NUM) != NULL &&
	     strcmp(nghttp2_version(0)->version_str, NGHTTP2_VERSION) == 0;
	nghttp2_session_del(client);
	nghttp2_session_del(server);
	nghttp2_session_callbacks_del(calls);
	return ok ? 0 : 1;
}
