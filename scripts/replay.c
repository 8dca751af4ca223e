/*
 * Replays a fuzz corpus without a fuzzer: every file named on the command line (or in the folders named),
 * whole, cut short at many places, and with single bytes changed. Linked with one *_fuzz.c.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { CUTS = 64, FLIPS = 256 };

static size_t inputs;

/* The input that is running, for the handler. */
static const uint8_t *current;
static size_t current_n;

/* Leaves the input that made the target abort where the developer can find it. */
static void on_abort(int sig)
{
	static const char text[] = "the input is in build/replay.crash\n";
	int fd = open("build/replay.crash", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd >= 0 && write(fd, current, current_n) >= 0 && write(2, text, sizeof text - 1) > 0)
		close(fd);
	signal(sig, SIG_DFL);
	raise(sig);
}

/* An allocation of exactly n bytes, so that a sanitizer sees the first byte read behind them. */
static void run(const uint8_t *data, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);

	if (!exact)
		exit(3);
	if (n)
		memcpy(exact, data, n);
	current = exact;
	current_n = n;
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

	signal(SIGABRT, on_abort);
	for (int i = 1; i < argc && status == 0; i++) {
		DIR *dir = opendir(argv[i]);

		status = dir ? replay_folder(argv[i], dir) : replay_file(argv[i]);
	}
	printf("%zu inputs\n", inputs);
	return status;
}
