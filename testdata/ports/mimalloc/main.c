/* mimalloc: four threads allocate and free, also what others allocated. */
#include <pthread.h>
#include <string.h>

#include <mimalloc.h>

enum { THREADS = 4, BLOCKS = 2000 };

static void *shared[THREADS][BLOCKS];

static void *work(void *arg)
{
	void **mine = arg;

	for (size_t i = 0; i < BLOCKS; i++) {
		size_t n = 1 + i * 37 % 5000;

		if (!(mine[i] = mi_malloc(n)) || mi_usable_size(mine[i]) < n)
			return NULL;
		memset(mine[i], (int)i, n);
		if (i % 3 == 0) {
			mi_free(mine[i]);
			mine[i] = NULL;
		}
	}
	return arg;
}

int main(void)
{
	pthread_t threads[THREADS];
	void *done;
	int ok = 1;

	for (size_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, shared[i]) != 0)
			return 1;
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &done);
		ok = ok && done;
	}
	for (size_t i = 0; i < THREADS; i++)
		for (size_t k = 0; k < BLOCKS; k++) {
			ok = ok && (!shared[i][k] || *(unsigned char *)shared[i][k] == (unsigned char)k);
			mi_free(shared[i][k]);
		}
	done = mi_aligned_alloc(4096, 8192);
	ok = ok && done && ((uintptr_t)done & 4095) == 0;
	mi_free(done);
	return ok ? 0 : 1;
}
