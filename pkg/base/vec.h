/*
 * Growable arrays in an arena: `struct str_vec` and friends are plain {v, n, cap} structs.
 *
 *     VEC(int) numbers = {0};            or: struct name VEC_BODY(int);
 *     *vec_push(&arena, &numbers) = 4;
 *     for (size_t i = 0; i < numbers.n; i++) use(numbers.v[i]);
 *
 * Pushing may move v; keep indices, not pointers, while a vector still grows.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "base/arena.h"
#include "base/str.h"

#define VEC_BODY(type)                                                                             \
	{                                                                                          \
		type *v; /* NOLINT(bugprone-macro-parentheses) */                                  \
		size_t n;                                                                          \
		size_t cap;                                                                        \
	}
#define VEC(type) struct VEC_BODY(type)

/* Appends a zeroed item and gives a pointer to it. */
#define vec_push(a, vec)                                                                           \
	((vec)->n == (vec)->cap                                                                    \
	     ? ((vec)->v = arena_grow((a), (vec)->v, (vec)->cap, (vec)->cap ? (vec)->cap * 2 : 8,  \
				      sizeof *(vec)->v, 16),                                       \
		(vec)->cap = (vec)->cap ? (vec)->cap * 2 : 8, &(vec)->v[(vec)->n++])               \
	     : &(vec)->v[(vec)->n++])

struct str_vec VEC_BODY(struct str);

/* Sorts bytewise and drops equal neighbours. */
void str_vec_sort_unique(struct str_vec *v);
bool str_vec_has(const struct str_vec *v, struct str s); /* linear */

#endif
