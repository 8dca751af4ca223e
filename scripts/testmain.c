/*
 * Bootstraps the unit tests: prints the main that lists the tests of the *_test.c files named on the
 * command line. `cbuild test` does the same with the same two functions.
 */
#include <stdio.h>

#include "test/test.h"

static bool read_all(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rb");
	char chunk[16384];
	size_t n;

	if (!f)
		return false;
	while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
		buf_add(out, chunk, n);
	return !ferror(f) && fclose(f) == 0;
}

int main(int argc, char **argv)
{
	struct arena a = {0};
	struct str_vec names = {0};
	struct str source;

	for (int i = 1; i < argc; i++) {
		struct buf text = {0};

		if (!read_all(argv[i], &text)) {
			perror(argv[i]);
			return 3;
		}
		if (!test_scan(&a, buf_str(&text), &names)) {
			fprintf(stderr, "%s: too many includes\n", argv[i]);
			return 1;
		}
		buf_fini(&text);
	}
	source = test_main_source(&a, &names);
	fwrite(source.p, 1, source.n, stdout);
	arena_fini(&a);
	return fflush(stdout) == 0 ? 0 : 3;
}
