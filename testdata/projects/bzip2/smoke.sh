#!/bin/sh
# The target `test` of bzip2's Makefile: three files packed and unpacked, compared byte by byte.
set -eu
bin=$1
shift
for i in 1 2 3; do
	"$@" "$bin/bzip2" -$i <sample$i.ref >out.rb2
	cmp sample$i.bz2 out.rb2
	s=$([ $i != 3 ] || echo s)
	"$@" "$bin/bzip2" -d"$s" <sample$i.bz2 >out.tst
	cmp out.tst sample$i.ref
done
