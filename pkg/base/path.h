/*
 * Paths are bytes with '/' between parts. Cleaned once at entry, they are compared as text afterwards.
 * Purely textual: nothing here touches the file system or follows links.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>

#include "base/str.h"

/* Without "." parts, doubled or trailing slashes, and with "x/.." resolved; "" becomes ".". */
struct str path_clean(struct arena *a, struct str path);
/* Cleaned dir/name; name alone when it is absolute; dir "" or "." adds nothing. */
struct str path_join(struct arena *a, struct str dir, struct str name);
/* The part before the last slash ("." when there is none, "/" for the root); a view or a literal. */
struct str path_dir(struct str path);
/* The part behind the last slash; a view. */
struct str path_base(struct str path);
/* Behind the last '.' of the base name, without the dot; empty when there is none. */
struct str path_ext(struct str path);
/* The base name without its last extension. */
struct str path_stem(struct str path);
/* path relative to base (both cleaned, both absolute or both relative), with ".." where needed. */
struct str path_rel(struct arena *a, struct str base, struct str path);
/* True when path is dir itself or lies below it (both cleaned). dir "." holds every relative path. */
bool path_within(struct str dir, struct str path);
struct map;
/* The item of the nearest folder above path (cleaned) that is a key of folders ("." counts); NULL: none is. */
struct map_item *path_owner(const struct map *folders, struct str path);
/*
 * True when an untrusted relative path stays inside: not absolute, no "..", no empty or "." part, no
 * NUL, no backslash, no control byte, not longer than 4,096 bytes. The one check for archives,
 * manifests and registries.
 */
bool path_is_local(struct str path);
bool path_is_abs(struct str path);

#endif
