#!/bin/sh
# Round trips in three formats, two of them from required modules; gzip is the judge of one. Then zstd's own
# tests/playTests.sh, a minute and a half; emulated it would be a quarter of an hour and is left out.
set -eu
bin=$1
shift
"$@" "$bin/datagen" -g3000000 >out.data
"$@" "$bin/zstd" --format=gzip -q -c out.data | gzip -dc | cmp - out.data
gzip -c out.data | "$@" "$bin/zstd" -dqc | cmp - out.data
"$@" "$bin/zstd" --format=lz4 -q -c out.data | "$@" "$bin/zstd" -dqc | cmp - out.data
"$@" "$bin/zstd" -q -19 -T2 -c out.data | "$@" "$bin/zstd" -dqc | cmp - out.data
"$@" "$bin/zstd" -q --train -o out.dict tests/*.c lib/*/*.c programs/*.c
"$@" "$bin/zstd" -q -D out.dict -c tests/fuzzer.c | "$@" "$bin/zstd" -dqc -D out.dict | cmp - tests/fuzzer.c
[ $# -gt 0 ] || (cd tests && ZSTD_BIN=$bin/zstd DATAGEN_BIN=$bin/datagen exec sh playTests.sh </dev/null)
