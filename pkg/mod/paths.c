/*
 * Which files of a tree are kept, and which links may be. Pure text.
 */
#include <string.h>

#include "base/path.h"
#include "mod/mod_impl.h"

bool paths_keep(const struct str_vec *globs, struct str path)
{
	bool any = false, kept = false;

	for (size_t i = 0; i < globs->n; i++) {
		struct str g = globs->v[i];

		if (g.n && g.p[0] == '!') {
			if (str_glob(str_skip(g, 1), path))
				return false;
			continue;
		}
		any = true;
		kept = kept || str_glob(g, path);
	}
	return kept || !any;
}

/*
 * Leading ".." parts climb real folders; behind a name the part before could itself be a link, so
 * that
 * ".." there could leave the tree by a detour. Such targets are refused though most would be
 * harmless.
 */
bool link_stays_inside(struct str path, struct str target)
{
	size_t depth = 0, up = 0;
	struct str rest = target;

	for (size_t i = 0; i < path.n; i++)
		depth += path.p[i] == '/';
	while (str_startsc(rest, "../") || str_eqc(rest, "..")) {
		rest = str_skip(rest, 3);
		up++;
	}
	return up <= depth && target.n && (rest.n == 0 || path_is_local(rest));
}
