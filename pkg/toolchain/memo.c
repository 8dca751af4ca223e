/*
 * A memo is a small file, CACHE/toolchain/memo/SHA256-OF-KEY:
 *
 *     cbuild toolchain memo 1
 *     watch DEV INO SIZE MTIME_NS CTIME_NS PATH          one line a watched path
 *     value N                                            and then N bytes
 *
 * It is a cache of what could be found out again, so anything wrong with it is a miss and a failure
 * to write it is nothing. Files that changed within the last two seconds are not remembered: their
 * next change may keep the signature.
 */
#include "toolchain/toolchain_impl.h"

#include <inttypes.h>

#include "sys/clock.h"
#include "sys/file.h"

static const char MAGIC[] = "cbuild toolchain memo 1\n";
static const int64_t RACY_NS = 2000000000;

static const char *memo_path(struct arena *a, const struct toolchain_opts *o, struct str key)
{
	struct digest d = digest_str(key);
	char hex[DIGEST_HEX + 1];

	digest_hex(&d, hex);
	return str_c(a, tc_home(a, o, str_fmt(a, "memo/%s", hex)));
}

static bool watch_line(struct arena *a, struct str path, struct str *out, int64_t *newest_ns)
{
	struct file_sig sig;
	struct err ignored;

	if (!file_stat(str_c(a, path), &sig, &ignored))
		return false;
	*newest_ns = sig.ctime_ns > *newest_ns ? sig.ctime_ns : *newest_ns;
	*out = str_fmt(a, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %.*s",
		       sig.dev, sig.ino, sig.size_bytes, sig.mtime_ns, sig.ctime_ns, STR_ARG(path));
	return true;
}

/* The path behind the five numbers of a watch line. */
static struct str watched_path(struct str line)
{
	for (int i = 0; i < 5; i++)
		str_cut(&line, ' ');
	return line;
}

static bool still_true(struct arena *a, struct str line)
{
	struct str now;
	int64_t newest = 0;

	return watch_line(a, watched_path(line), &now, &newest) && str_eq(now, line);
}

bool tc_memo_get(struct arena *a, const struct toolchain_opts *o, struct str key, struct str *value)
{
	struct str rest, line;
	struct err ignored;
	uint64_t n;

	if (!file_read(a, memo_path(a, o, key), TC_CAPTURE_LIMIT, &rest, &ignored) ||
	    !str_startsc(rest, MAGIC))
		return false;
	rest = str_skip(rest, sizeof MAGIC - 1);
	while (str_line(&rest, &line) && str_startsc(line, "watch ")) {
		if (!still_true(a, str_skip(line, 6)))
			return false;
	}
	if (!str_startsc(line, "value ") || !str_u64(str_skip(line, 6), &n) || rest.n != n)
		return false;
	*value = rest;
	return true;
}

void tc_memo_put(struct arena *a, const struct toolchain_opts *o, struct str key,
		 const struct str_vec *watch, struct str value)
{
	const char *path = memo_path(a, o, key);
	struct buf b = {0};
	struct err ignored;
	int64_t newest = 0;
	bool ok = true;

	buf_addc(&b, MAGIC);
	for (size_t i = 0; i < watch->n && ok; i++) {
		struct str line = {0};

		ok = watch_line(a, watch->v[i], &line, &newest);
		buf_printf(&b, "watch %.*s\n", STR_ARG(line));
	}
	buf_printf(&b, "value %zu\n", value.n);
	buf_adds(&b, value);
	ok = ok && clock_real_ns() - newest > RACY_NS && folder_make_for(path, &ignored) &&
	     file_write_fast(path, buf_str(&b), 0644, &ignored);
	buf_fini(&b);
	(void)ok; /*/* what is not remembered is found out again */
}
