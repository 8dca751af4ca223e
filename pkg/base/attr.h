/*
 * Compiler attributes behind names of our own, so that no other header spells __attribute__.
 */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#if defined(__GNUC__) || defined(__clang__)
#define ATTR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define ATTR_MUST_USE	       __attribute__((warn_unused_result))
#define ATTR_NORETURN	       __attribute__((noreturn))
#define ATTR_UNUSED	       __attribute__((unused))
#define ATTR_RETURNS_NONNULL   __attribute__((returns_nonnull))
#else
#define ATTR_PRINTF(fmt, args)
#define ATTR_MUST_USE
#define ATTR_NORETURN
#define ATTR_UNUSED
#define ATTR_RETURNS_NONNULL
#endif

#endif
