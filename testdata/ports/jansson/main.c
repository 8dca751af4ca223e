/* jansson: parsed and written again. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static int jansson_round(void)
{
	json_t *v = json_loads("{\"a\": [1, 2.5, \"x\"]}", 0, NULL);
	char *out = json_dumps(v, JSON_COMPACT);
	int ok = out && strcmp(out, "{\"a\":[1,2.5,\"x\"]}") == 0;

	free(out);
	json_decref(v);
	return ok;
}

int main(void)
{
	return jansson_round() ? 0 : 1;
}
