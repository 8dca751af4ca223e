/*
 * Textual path arithmetic; see path.h.
 */
#include "base/path.h"

#include <string.h>

#include "base/map.h"

bool path_is_abs(struct str path)
{
	return path.n && path.p[0] == '/';
}

struct str path_clean(struct arena *a, struct str path)
{
	char *out = arena_alloc(a, path.n + 2, 1);
	size_t n = 0, floor = 0; /* floor: what ".." cannot remove */
	struct str rest = path;

	if (path_is_abs(path))
		out[n++] = '/', floor = 1;
	while (rest.p) {
		struct str part = str_cut(&rest, '/');

		if (part.n == 0 || str_eqc(part, "."))
			continue;
		if (str_eqc(part, "..") && n > floor) {
			while (n > floor && out[n - 1] != '/')
				n--;
			if (n > floor)
				n--;
			continue;
		}
		if (str_eqc(part, "..") && path_is_abs(path))
			continue;
		if (n && out[n - 1] != '/')
			out[n++] = '/';
		memcpy(out + n, part.p, part.n);
		n += part.n;
		if (str_eqc(part, ".."))
			floor = n;
	}
	if (n == 0)
		out[n++] = '.';
	out[n] = '\0';
	return (struct str){out, n};
}

struct str path_join(struct arena *a, struct str dir, struct str name)
{
	if (path_is_abs(name) || dir.n == 0 || str_eqc(dir, "."))
		return path_clean(a, name);
	return path_clean(a, str_fmt(a, "%.*s/%.*s", STR_ARG(dir), STR_ARG(name)));
}

struct str path_dir(struct str path)
{
	size_t i = str_rfind(path, '/');

	if (i == path.n)
		return STR(".");
	return i == 0 ? STR("/") : (struct str){path.p, i};
}

struct str path_base(struct str path)
{
	size_t i = str_rfind(path, '/');

	return i == path.n ? path : str_skip(path, i + 1);
}

struct str path_ext(struct str path)
{
	struct str base = path_base(path);
	size_t i = str_rfind(base, '.');

	return i == base.n ? (struct str){NULL, 0} : str_skip(base, i + 1);
}

struct str path_stem(struct str path)
{
	struct str base = path_base(path);

	return (struct str){base.p, str_rfind(base, '.')};
}

bool path_within(struct str dir, struct str path)
{
	if (str_eqc(dir, "."))
		return !path_is_abs(path) && !str_eqc(path, "..") && !str_startsc(path, "../");
	if (!str_starts(path, dir))
		return false;
	return path.n == dir.n || dir.p[dir.n - 1] == '/' || path.p[dir.n] == '/';
}

struct str path_rel(struct arena *a, struct str base, struct str path)
{
	struct buf b = {0};
	struct str up = base, out;

	while (!path_within(up, path)) {
		buf_addc(&b, b.n ? "/.." : "..");
		up = path_dir(up);
	}
	if (!str_eqc(up, "."))
		path = str_skip(path, up.n);
	while (path.n && path.p[0] == '/')
		path = str_skip(path, 1);
	if (path.n && b.n)
		buf_add_byte(&b, '/');
	buf_adds(&b, path);
	if (!b.n)
		buf_add_byte(&b, '.');
	out = str_dup(a, buf_str(&b));
	buf_fini(&b);
	return out;
}

bool path_is_local(struct str path)
{
	enum { PATH_BYTES_MAX = 4096 };
	struct str rest = path;

	if (path.n == 0 || path.n > PATH_BYTES_MAX)
		return false;
	for (size_t i = 0; i < path.n; i++)
		if ((unsigned char)path.p[i] < 0x20 || path.p[i] == 0x7f || path.p[i] == '\\')
			return false;
	while (rest.p) {
		struct str part = str_cut(&rest, '/');

		if (part.n == 0 || str_eqc(part, ".") || str_eqc(part, ".."))
			return false;
	}
	return true;
}

struct map_item *path_owner(const struct map *folders, struct str path)
{
	struct map_item *owner = NULL;

	while (!owner && !str_eqc(path, ".") && !str_eqc(path, "..") && !str_eqc(path, "/")) {
		path = path_dir(path);
		owner = map_get(folders, path);
	}
	return owner;
}
