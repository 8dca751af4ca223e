/*
 * What vec.h cannot do as macros.
 */
#include "base/vec.h"

#include <stdlib.h>

void str_vec_sort_unique(struct str_vec *v)
{
	size_t n = 0;

	if (v->n)
		qsort(v->v, v->n, sizeof v->v[0], str_cmp_ptr);
	for (size_t i = 0; i < v->n; i++)
		if (n == 0 || !str_eq(v->v[n - 1], v->v[i]))
			v->v[n++] = v->v[i];
	v->n = n;
}

bool str_vec_has(const struct str_vec *v, struct str s)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_eq(v->v[i], s))
			return true;
	return false;
}
