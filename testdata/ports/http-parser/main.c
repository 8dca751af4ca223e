/* http-parser: a request in two pieces. */
#include <string.h>

#include <http_parser.h>

static int on_body(http_parser *p, const char *at, size_t n)
{
	*(size_t *)p->data += at ? n : 0;
	return 0;
}

int main(void)
{
	static const char head[] = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe", tail[] = "llo";
	http_parser_settings s;
	http_parser p;
	size_t body = 0;

	http_parser_settings_init(&s);
	s.on_body = on_body;
	http_parser_init(&p, HTTP_REQUEST);
	p.data = &body;
	return http_parser_execute(&p, &s, head, strlen(head)) == strlen(head) &&
			       http_parser_execute(&p, &s, tail, 3) == 3 && body == 5 && p.method == HTTP_POST
		       ? 0
		       : 1;
}
