/* cJSON: a document parsed and written again, and a pointer into it. */
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>
#include <cJSON_Utils.h>

int main(void)
{
	static const char doc[] = "{\"a\":[1,2,3.5]}";
	cJSON *c = cJSON_Parse(doc);
	char *out = c ? cJSON_PrintUnformatted(c) : NULL;
	int ok = out && strcmp(out, doc) == 0 && cJSONUtils_GetPointer(c, "/a/2")->valuedouble == 3.5;

	free(out);
	cJSON_Delete(c);
	return ok ? 0 : 1;
}
