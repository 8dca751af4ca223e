#!/bin/sh
# Redis's own test suite (Tcl): server, client and benchmark at work. Emulated, the part without timeouts.
set -eu
bin=$1
shift
for p in redis-server redis-cli redis-benchmark; do
	rm -f "src/$p"
	printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$*" "$bin/$p" >"src/$p"
	chmod +x "src/$p"
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
exec ./runtest --clients 2 --no-latency "$@"
