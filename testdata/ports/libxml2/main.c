/* libxml2: XPath over a document in Latin 2 (iconv), a schema that refuses another, HTML, and a document in a .gz. */
#include <string.h>
#include <unistd.h>

#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <libxml/xpath.h>

static int xpath(xmlDocPtr doc, const char *path, const char *want)
{
	xmlXPathContextPtr c = xmlXPathNewContext(doc);
	xmlXPathObjectPtr o = xmlXPathEvalExpression(BAD_CAST path, c);
	xmlChar *got = o ? xmlXPathCastToString(o) : NULL;
	int ok = got && strcmp((char *)got, want) == 0;

	xmlFree(got);
	xmlXPathFreeObject(o);
	xmlXPathFreeContext(c);
	return ok;
}

static int valid(const char *text)
{
	static const char xsd[] = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>"
				  "<xs:element name='n' type='xs:integer'/></xs:schema>";
	xmlSchemaParserCtxtPtr p = xmlSchemaNewMemParserCtxt(xsd, sizeof xsd - 1);
	xmlSchemaPtr schema = xmlSchemaParse(p);
	xmlSchemaValidCtxtPtr v = xmlSchemaNewValidCtxt(schema);
	xmlDocPtr doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL, 0);
	int rc;

	xmlSchemaSetValidErrors(v, NULL, NULL, NULL);
	rc = xmlSchemaValidateDoc(v, doc);
	xmlFreeDoc(doc);
	xmlSchemaFreeValidCtxt(v);
	xmlSchemaFree(schema);
	xmlSchemaFreeParserCtxt(p);
	return rc;
}

static int through_gzip(xmlDocPtr doc)
{
	static const char path[] = "/tmp/smoke-libxml2.xml.gz";
	xmlDocPtr again;
	int ok;

	xmlSetDocCompressMode(doc, 9);
	ok = xmlSaveFile(path, doc) > 0 && (again = xmlReadFile(path, NULL, 0));
	ok = ok && xpath(again, "string(/a/b[@x='2'])", "dv\xc4\x9b");
	if (ok)
		xmlFreeDoc(again);
	unlink(path);
	return ok;
}

static void silent(void *data, const char *format, ...)
{
	(void)data, (void)format;
}

int main(void)
{
	static const char text[] = "<?xml version='1.0' encoding='ISO-8859-2'?><a><b x='1'>one</b><b x='2'>dv\xec</b></a>";
	static const char page[] = "<p>one<p>two &amp; <b>three";
	xmlDocPtr doc, html;
	int ok;

	LIBXML_TEST_VERSION
	xmlSetGenericErrorFunc(NULL, silent);
	doc = xmlReadMemory(text, sizeof text - 1, NULL, NULL, 0);
	html = htmlReadMemory(page, sizeof page - 1, NULL, NULL, HTML_PARSE_NOERROR);
	ok = doc && html && xpath(doc, "string(/a/b[@x='2'])", "dv\xc4\x9b") && xpath(html, "string(//p[2])", "two & three") &&
	     valid("<n>42</n>") == 0 && valid("<n>x</n>") > 0 && through_gzip(doc);
	xmlFreeDoc(doc);
	xmlFreeDoc(html);
	xmlCleanupParser();
	return ok ? 0 : 1;
}
