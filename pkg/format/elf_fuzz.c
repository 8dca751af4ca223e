/* Fuzz target: any bytes; elf_read must not fault, and what it accepts must be readable to the end.
 */
#include "format/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena a = {0};
	struct elf_facts f;
	struct err e;
	uint64_t sum = 0;

	if (elf_read(&a, (struct str){(const char *)data, n}, &f, &e)) {
		for (size_t i = 0; i < f.needed.n; i++)
			sum += str_hash(f.needed.v[i]);
		sum += str_hash(f.interp) + str_hash(f.package) + str_hash(f.build_id);
	}
	sum += elf_has_symbol((struct str){(const char *)data, n}, STR("main"), true);
	arena_fini(&a);
	return sum == 1 ? 1 : 0;
}
