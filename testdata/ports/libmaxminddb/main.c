/* libmaxminddb: a database of one network, 0.0.0.0/1, made here after the format's specification, version 2.0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <maxminddb.h>

/* One node of 24-bit records (left: data at 0, behind 16 bytes of separator; right: nothing), data {"cc": "XY"}. */
static const char db[] = "\0\0\x11\0\0\x01"
			 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
			 "\xe1"
			 "\x42" "cc" "\x42" "XY"
			 "\xab\xcd\xef" "MaxMind.com"
			 "\xe9"
			 "\x4a" "node_count" "\xc1\x01"
			 "\x4b" "record_size" "\xa1\x18"
			 "\x4a" "ip_version" "\xa1\x04"
			 "\x4d" "database_type" "\x44" "test"
			 "\x49" "languages" "\0\x04"
			 "\x5b" "binary_format_major_version" "\xa1\x02"
			 "\x5b" "binary_format_minor_version" "\xa0"
			 "\x4b" "build_epoch" "\x01\x02\x05"
			 "\x4b" "description" "\xe0";

int main(void)
{
	char path[] = "/tmp/smoke-mmdb-XXXXXX";
	MMDB_lookup_result_s hit, miss;
	MMDB_entry_data_s cc = {0};
	int fd = mkstemp(path), gai = 0, status = 0, ok;
	MMDB_s m;

	if (fd < 0 || write(fd, db, sizeof db - 1) != (ssize_t)sizeof db - 1 || MMDB_open(path, MMDB_MODE_MMAP, &m) != 0)
		return 1;
	hit = MMDB_lookup_string(&m, "10.1.2.3", &gai, &status);
	ok = status == 0 && hit.found_entry && MMDB_get_value(&hit.entry, &cc, "cc", NULL) == 0 && cc.has_data &&
	     cc.data_size == 2 && memcmp(cc.utf8_string, "XY", 2) == 0;
	miss = MMDB_lookup_string(&m, "192.0.2.1", &gai, &status);
	ok = ok && !miss.found_entry && *MMDB_lib_version() == '1';
	MMDB_close(&m);
	close(fd);
	unlink(path);
	return ok ? 0 : 1;
}
