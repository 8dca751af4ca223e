#!/bin/sh
# Redis's own test suite (Tcl): server, client, benchmark and file checkers at work. Emulated, a part of it.
set -eu
bin=$1
shift
# The server is the file checkers too, under their names.
for p in redis-server redis-cli redis-benchmark redis-check-aof redis-check-rdb; do
	file=$bin/$p
	[ -e "$file" ] || file=$bin/redis-server
	rm -f "src/$p"
	if [ $# -eq 0 ]; then
		ln -s "$file" "src/$p"
	else
		# shellcheck disable=SC2016 # for the script that is written
		printf '#!/bin/sh\nexec %s -0 "$0" "%s" "$@"\n' "$*" "$file" >"src/$p"
		chmod +x "src/$p"
	fi
done
if [ $# -eq 0 ]; then
	set -- unit/type/string unit/type/list unit/type/hash unit/type/set unit/type/zset unit/type/stream \
		unit/scripting unit/functions unit/multi unit/pubsub unit/geo unit/hyperloglog unit/bitops \
		integration/aof integration/rdb integration/redis-cli integration/redis-benchmark
else
	set -- unit/protocol unit/type/hash unit/type/set unit/multi unit/geo unit/functions
fi
for unit; do
	set -- "$@" --single "$unit"
	shift
done
exec ./runtest --clients 2 "$@"
