/*
 * vendor: see vendor.c.
 */
#ifndef MOD_VENDOR_IMPL_H
#define MOD_VENDOR_IMPL_H

#include "mod/mod_impl.h"

/* Is there a vendor/modules.txt? */
bool vendor_present(struct arena *a, const struct mod_opts *o);
/* The build list out of vendor/, which must fit the manifest. */
bool vendor_load(struct arena *a, struct manifest *main, const struct mod_opts *o,
		 struct build_list *out, struct err *e) ATTR_MUST_USE;

#endif
