/* Expat: elements, attributes and text of a document that comes in pieces, with an entity; a wrong one refused. */
#include <string.h>

#include <expat.h>

struct seen {
	int elements, attributes;
	char text[64];
	size_t n;
};

static void XMLCALL on_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
	struct seen *s = data;

	s->elements += name != NULL;
	for (; *attributes; attributes += 2)
		s->attributes++;
}

static void XMLCALL on_text(void *data, const XML_Char *text, int n)
{
	struct seen *s = data;

	if (s->n + (size_t)n < sizeof s->text) {
		memcpy(s->text + s->n, text, (size_t)n);
		s->n += (size_t)n;
	}
}

static enum XML_Status parse(const char *doc, struct seen *s)
{
	XML_Parser p = XML_ParserCreate(NULL);
	enum XML_Status status = XML_STATUS_OK;
	size_t n = strlen(doc), half = n / 2;

	XML_SetUserData(p, s);
	XML_SetElementHandler(p, on_start, NULL);
	XML_SetCharacterDataHandler(p, on_text);
	status = XML_Parse(p, doc, (int)half, 0);
	if (status == XML_STATUS_OK)
		status = XML_Parse(p, doc + half, (int)(n - half), 1);
	XML_ParserFree(p);
	return status;
}

int main(void)
{
	static const char good[] = "<?xml version='1.0' encoding='ISO-8859-1'?>"
				   "<!DOCTYPE a [<!ENTITY who 'world'>]><a x='1' y='2'>hello <b z='3'>&who;</b> \xe9</a>";
	struct seen s = {0}, none = {0};

	return parse(good, &s) == XML_STATUS_OK && s.elements == 2 && s.attributes == 3 &&
			       strcmp(s.text, "hello world \xc3\xa9") == 0 && parse("<a><b></a>", &none) == XML_STATUS_ERROR
		       ? 0
		       : 1;
}
