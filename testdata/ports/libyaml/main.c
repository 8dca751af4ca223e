/* libyaml: events of a document. */
#include <string.h>

#include <yaml.h>

static int yaml_events(void)
{
	static const char doc[] = "a: [1, 2]\nb: {c: d}\n";
	yaml_parser_t p;
	yaml_event_t ev;
	int scalars = 0, done = 0;

	yaml_parser_initialize(&p);
	yaml_parser_set_input_string(&p, (const unsigned char *)doc, strlen(doc));
	while (!done && yaml_parser_parse(&p, &ev)) {
		scalars += ev.type == YAML_SCALAR_EVENT;
		done = ev.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&ev);
	}
	yaml_parser_delete(&p);
	return done && scalars == 6;
}

int main(void)
{
	return yaml_events() ? 0 : 1;
}
