/*
 * Targets are OCI platforms (image-spec 1.1, "platform"): os/arch[/variant], as in linux/arm/v7.
 */
#ifndef BASE_TARGET_H
#define BASE_TARGET_H

#include <stdbool.h>

#include "base/err.h"

struct target {
	struct str os;	    /* "linux" */
	struct str arch;    /* GOARCH names: amd64 386 arm64 arm riscv64 ppc64le s390x loong64 */
	struct str variant; /* "v7", "v6" for arm; else empty */
};

/*
 * Parses "linux/arm/v7". "linux/arm" means v7; "linux/arm64/v8" means linux/arm64. Unknown names are
 * ERR_USAGE with the list of known targets as the remedy. The strs are literals: they live for ever.
 */
bool target_parse(struct str text, struct target *out, struct err *e) ATTR_MUST_USE;
/* The machine this process was compiled for. */
struct target target_host(void);
bool target_eq(const struct target *a, const struct target *b);
/* "linux/arm/v7" and, for folders, "linux-arm-v7"; in arena a. */
struct str target_name(struct arena *a, const struct target *t);
struct str target_folder(struct arena *a, const struct target *t);
/* The qemu-user program that runs it ("qemu-aarch64-static"), empty for the host's own kind. */
struct str target_qemu(const struct target *t);
/* ELF e_machine and class (1: 32 bit, 2: 64 bit) that a program of this target must have. */
int target_elf_machine(const struct target *t);
int target_elf_class(const struct target *t);

#endif
