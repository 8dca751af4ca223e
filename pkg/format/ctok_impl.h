/*
 * Arithmetic of conditions and the search for assembler's reads, shared by the files of ctok.
 */
#ifndef FORMAT_CTOK_IMPL_H
#define FORMAT_CTOK_IMPL_H

#include "format/ctok.h"

/* Three-valued not and and (Kleene's strong logic); the defaults follow ordinary logic. */
struct ctok_value ctok_not(struct ctok_value v);
struct ctok_value ctok_and(struct ctok_value x, struct ctok_value y);

/* Adds what src reads by .incbin and .include to out->asm_reads and asm_unknown. */
void ctok_asm(struct arena *a, struct str src, bool assembler, struct ctok_facts *out);

#endif
