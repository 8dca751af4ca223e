/*
 * The libraries that move and unpack things: archives, git, HTTPS. Each returns whether it worked.
 */
#ifndef TRANSFER_H
#define TRANSFER_H

/* A tar archive written through every filter and read again. */
int archive_filters(void);
/* A commit in a new repository, read again. */
int git_commit_round(void);
/* HTTPS to a port where nobody listens, and a protocol that is left out, fail in the right way. */
int curl_refused(void);
int pcre2_match_words(void);
int jansson_round(void);
int deflate_round(void);

#endif
