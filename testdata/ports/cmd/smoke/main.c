/*
 * One program on every library that has a port: it links them all, calls each for real, and prints what
 * it saw. scripts/ports builds and runs it for several targets.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transfer.h"

#include <cJSON.h>
#include <hiredis.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <lz4.h>
#include <mbedtls/sha256.h>
#include <sqlite3.h>
#include <uv.h>
#include <yaml.h>
#include <yyjson.h>
#include <zlib.h>
#include <zstd.h>

static int failures;

static void check(const char *what, int ok)
{
	printf("%-8s %s\n", what, ok ? "ok" : "FAILED");
	failures += !ok;
}

static const char text[] = "the quick brown fox jumps over the lazy dog, the quick brown fox";

static int zlib_round(void)
{
	unsigned char packed[256], plain[256];
	uLongf n = sizeof packed, m = sizeof plain;

	return compress(packed, &n, (const unsigned char *)text, sizeof text) == Z_OK && n < sizeof text &&
	       uncompress(plain, &m, packed, n) == Z_OK && m == sizeof text && memcmp(plain, text, m) == 0;
}

static int zstd_round(void)
{
	char packed[256], plain[256];
	size_t n = ZSTD_compress(packed, sizeof packed, text, sizeof text, 19);

	return !ZSTD_isError(n) && ZSTD_decompress(plain, sizeof plain, packed, n) == sizeof text &&
	       memcmp(plain, text, sizeof text) == 0;
}

static int lz4_round(void)
{
	char packed[256], plain[256];
	int n = LZ4_compress_default(text, packed, sizeof text, sizeof packed);

	return n > 0 && LZ4_decompress_safe(packed, plain, n, sizeof plain) == (int)sizeof text;
}

static int lua_sum(void)
{
	lua_State *l = luaL_newstate();
	int ok;

	luaL_openlibs(l);
	ok = luaL_dostring(l, "local s = 0 for i = 1, 10 do s = s + i end return s, string.format('%.1f', 1/4)") == 0 &&
	     lua_tointeger(l, -2) == 55 && strcmp(lua_tostring(l, -1), "0.2") == 0;
	lua_close(l);
	return ok;
}

static int sqlite_query(void)
{
	sqlite3 *db;
	sqlite3_stmt *q;
	int ok = sqlite3_open(":memory:", &db) == SQLITE_OK &&
		 sqlite3_exec(db, "create table t(a); insert into t values (40), (2)", NULL, NULL, NULL) == SQLITE_OK &&
		 sqlite3_prepare_v2(db, "select sum(a) from t", -1, &q, NULL) == SQLITE_OK;

	ok = ok && sqlite3_step(q) == SQLITE_ROW && sqlite3_column_int(q, 0) == 42;
	if (ok)
		sqlite3_finalize(q);
	sqlite3_close(db);
	return ok;
}

static void on_timer(uv_timer_t *t)
{
	++*(int *)t->data;
	uv_close((uv_handle_t *)t, NULL);
}

static void on_work(uv_work_t *w)
{
	*(int *)w->data = 7;
}

static int uv_turn(void)
{
	uv_timer_t timer;
	uv_work_t work;
	int fired = 0, worked = 0;

	timer.data = &fired;
	work.data = &worked;
	uv_timer_init(uv_default_loop(), &timer);
	uv_timer_start(&timer, on_timer, 5, 0);
	uv_queue_work(uv_default_loop(), &work, on_work, NULL);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	return fired == 1 && worked == 7;
}

static int json_both(void)
{
	static const char doc[] = "{\"a\":[1,2,3.5]}";
	yyjson_doc *y = yyjson_read(doc, strlen(doc), 0);
	cJSON *c = cJSON_Parse(doc);
	int ok = y && c && yyjson_arr_size(yyjson_obj_get(yyjson_doc_get_root(y), "a")) == 3 &&
		 cJSON_GetArraySize(cJSON_GetObjectItem(c, "a")) == 3;
	yyjson_doc_free(y);
	cJSON_Delete(c);
	return ok;
}

static int yaml_events(void)
{
	static const char doc[] = "a: [1, 2]\nb: {c: d}\n";
	yaml_parser_t p;
	yaml_event_t ev;
	int scalars = 0, done = 0;

	yaml_parser_initialize(&p);
	yaml_parser_set_input_string(&p, (const unsigned char *)doc, strlen(doc));
	while (!done && yaml_parser_parse(&p, &ev)) {
		scalars += ev.type == YAML_SCALAR_EVENT;
		done = ev.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&ev);
	}
	yaml_parser_delete(&p);
	return done && scalars == 6;
}

static int sha256_abc(void)
{
	static const unsigned char want[4] = {0xba, 0x78, 0x16, 0xbf};
	unsigned char got[32];

	return mbedtls_sha256_ret((const unsigned char *)"abc", 3, got, 0) == 0 && memcmp(got, want, 4) == 0;
}

static int redis_format(void)
{
	char *cmd;
	int n = redisFormatCommand(&cmd, "SET %s %d", "k", 42);
	int ok = n > 0 && strcmp(cmd, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n42\r\n") == 0;

	redisFreeCommand(cmd);
	return ok;
}

int main(void)
{
	check("zlib", zlib_round());
	check("zstd", zstd_round());
	check("lz4", lz4_round());
	check("lua", lua_sum());
	check("sqlite", sqlite_query());
	check("libuv", uv_turn());
	check("json", json_both());
	check("yaml", yaml_events());
	check("mbedtls", sha256_abc());
	check("hiredis", redis_format());
	check("archive", archive_filters());
	check("libgit2", git_commit_round());
	check("curl", curl_refused());
	check("pcre2", pcre2_match_words());
	check("jansson", jansson_round());
	check("deflate", deflate_round());
	return failures != 0;
}
