/*
 * Results of test programs, kept in the cache as Go's test cache keeps them: a program that passed is not
 * run again while nothing changed that it may see. That is the program itself, its arguments, the
 * environment, the project's folder, and all files of the project that no compile reads (those count
 * through the program). What lies in folders whose names begin with a dot, in build/ and in the cache, and
 * all outside the project (time, network, the system) is not looked at; --count=1 runs anyway.
 */
#ifndef CMD_TEST_CACHE_H
#define CMD_TEST_CACHE_H

#include "cmd.h"

/*
 * Digest of the files of the project that tests may read; after the packages are loaded, under the watch
 * of the walk, so that the short way knows that it stands. Zero: there are too many, or one cannot be
 * read; then no result may be kept.
 */
struct digest test_data_digest(struct build *b);
/* The key of one program's run; words are its arguments. */
struct digest test_cache_key(struct cmd *c, const struct digest *program, const struct digest *data,
			     struct str dir, const struct str_vec *words);
/* The transcript of a run that went well; false: none is kept. */
bool test_cache_get(struct cmd *c, const struct digest *key, struct str *transcript);
/* Keeps it; when that fails, the next run is a run. */
void test_cache_put(struct cmd *c, const struct digest *key, struct str transcript,
		    uint64_t wall_ms);

#endif
