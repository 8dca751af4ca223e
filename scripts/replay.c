/*
 * Replays a fuzz corpus without a fuzzer: every file named on the command line (or in the folders named),
 * whole, cut short at many places, and with single bytes changed. Linked with one *_fuzz.c.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { CUTS = 64, FLIPS = 256 };

static size_t inputs;

/* An allocation of exactly n bytes, so that a sanitizer sees the first byte read behind them. */
static void run(const uint8_t *data, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);

	if (!exact)
		exit(3);
	if (n)
		memcpy(exact, data, n);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	inputs++;
}

static void run_all(uint8_t *data, size_t n)
{
	run(data, n);
	for (size_t i = 0; i < CUTS && n; i++)
		run(data, n * i / CUTS);
	for (size_t i = 0; i < FLIPS && n; i++) {
		size_t at = (i * 2654435761u) % n;
		uint8_t old = data[at];

		data[at] = (uint8_t)(i * 37 + 1);
		run(data, n);
		data[at] = old;
	}
}

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t n = 0, got;

	if (!f) {
		perror(path);
		return 3;
	}
	do {
		data = realloc(data, n + 65536);
		if (!data)
			exit(3);
		got = fread(data + n, 1, 65536, f);
		n += got;
	} while (got);
	fclose(f);
	run_all(data, n);
	free(data);
	return 0;
}

static int replay_folder(const char *path, DIR *dir)
{
	struct dirent *entry;
	char name[4096];
	int status = 0;

	while (status == 0 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		status = replay_file(name);
	}
	closedir(dir);
	return status;
}

int main(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc && status == 0; i++) {
		DIR *dir = opendir(argv[i]);

		status = dir ? replay_folder(argv[i], dir) : replay_file(argv[i]);
	}
	printf("%zu inputs\n", inputs);
	return status;
}
