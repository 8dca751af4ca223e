/* yyjson: a document parsed and written again. */
#include <stdlib.h>
#include <string.h>

#include <yyjson.h>

int main(void)
{
	static const char doc[] = "{\"a\":[1,2,3.5]}";
	yyjson_doc *y = yyjson_read(doc, strlen(doc), 0);
	char *out = y ? yyjson_write(y, 0, NULL) : NULL;
	int ok = out && strcmp(out, doc) == 0 && yyjson_arr_size(yyjson_obj_get(yyjson_doc_get_root(y), "a")) == 3;

	free(out);
	yyjson_doc_free(y);
	return ok ? 0 : 1;
}
