#!/bin/sh
# Brotli's own two test scripts: old files still decompress, new ones survive the round trip.
set -eu
bin=$1
shift
mkdir -p bin/tmp
cp "$bin/brotli" bin/brotli
bash tests/compatibility_test.sh "$*"
bash tests/roundtrip_test.sh "$*"
